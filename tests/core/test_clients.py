"""Rules for overlays that are slow, silent, or send too many messages."""

from __future__ import annotations

import pytest

from actors.core.delivery.clients import Bucket, Lag, Verdict, judge, rest_s
from actors.core.delivery.conversation import CloseCode, OverlayState

LIVE, CATCHUP, HELLO = OverlayState.LIVE, OverlayState.CATCHUP, OverlayState.HELLO

VERDICTS = [
    ("all is well", Lag(LIVE), Verdict.KEEP),
    ("a short jam", Lag(LIVE, 500_000, 0.5, 0.5), Verdict.KEEP),
    ("too many bytes wait", Lag(LIVE, 1_100_000, 0.1, 0.1), Verdict.CATCH_UP),
    ("jammed for a second", Lag(LIVE, 10, 1.0, 0.1), Verdict.CATCH_UP),
    ("catching up already", Lag(CATCHUP, 1_100_000, 5.0, 5.0), Verdict.KEEP),
    ("slow, and making progress", Lag(CATCHUP, 10_000, 900.0, 29.0), Verdict.KEEP),
    ("no progress for too long", Lag(CATCHUP, 10_000, 900.0, 30.0), Verdict.CLOSE),
    ("no progress, live", Lag(LIVE, 10_000, 30.0, 30.0), Verdict.CLOSE),
    ("silent for a while", Lag(LIVE, silent_s=10.0), Verdict.PING),
    ("silent, and asked already", Lag(LIVE, silent_s=15.0, pinged=True), Verdict.KEEP),
    ("never answered", Lag(LIVE, silent_s=20.0, pinged=True), Verdict.GONE),
    ("never answered, while catching up", Lag(CATCHUP, silent_s=20.0, pinged=True), Verdict.GONE),
    ("silent because it is jammed", Lag(CATCHUP, 10, 25.0, 25.0, 25.0, True), Verdict.KEEP),
    ("no message at all", Lag(HELLO, silent_s=10.0), Verdict.PING),
]


@pytest.mark.parametrize(("what", "lag", "verdict"), VERDICTS)
def test_a_client_is_judged_by_its_backlog_and_progress(what, lag, verdict):
    assert judge(lag, buffer_bytes=1 << 20, lag_close_s=30.0) is verdict


def test_repeated_slowness_doubles_the_pause():
    assert [rest_s(n) for n in range(8)] == [0, 0, 1, 2, 4, 8, 16, 30]


def test_a_burst_is_accepted_and_a_flood_is_refused():
    bucket = Bucket(rate=20, burst=40, now_s=5.0)
    assert all(bucket.take(5.0) for _ in range(40))
    assert not bucket.take(5.0)
    assert bucket.take(5.06)
    assert not bucket.take(5.06)
    assert sum(bucket.take(100.0) for _ in range(99)) == 40


def test_close_codes_state_whether_to_reconnect():
    back = {CloseCode.STOPPING, CloseCode.SLOW, CloseCode.NO_HELLO, CloseCode.FLOOD}
    for code in CloseCode:
        assert (4000 <= code <= 4499) is (code in back)
