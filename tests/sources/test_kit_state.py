"""The state of a source as histories: connections, silence, refusal, backoff; and the memory of identities."""

import pytest

from actors.core.sources.state import BACKOFF_MAX_S, REASON_CHARACTERS, Seen, SourceHealth, SourceState


def after(*steps):
    """Return the health of a source after (method, arguments) steps; it expects a message every 10 s."""
    health = SourceHealth(10.0, 0.0)
    for name, *arguments in steps:
        getattr(health, name)(*arguments)
    return health


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([], SourceState.CONNECTING),
        ([("live", 1.0)], SourceState.LIVE),
        ([("live", 1.0), ("tick", 10.9)], SourceState.LIVE),
        ([("live", 1.0), ("tick", 11.1)], SourceState.SILENT),
        ([("live", 1.0), ("tick", 11.1), ("alive", 12.0)], SourceState.LIVE),
        ([("live", 1.0), ("alive", 10.0), ("tick", 19.0)], SourceState.LIVE),
        ([("live", 1.0), ("degraded", "no follows")], SourceState.DEGRADED),
        ([("live", 1.0), ("degraded", "no follows"), ("alive", 2.0)], SourceState.DEGRADED),
        ([("live", 1.0), ("degraded", "no follows"), ("degraded", "")], SourceState.LIVE),
        ([("live", 1.0), ("degraded", "no follows"), ("tick", 12.0)], SourceState.SILENT),
        ([("live", 1.0), ("disconnected", "cut", 2.0, 0.5)], SourceState.CONNECTING),
        ([("live", 1.0), ("disconnected", "cut", 2.0, 0.5), ("tick", 99.0)], SourceState.CONNECTING),
        ([("waiting", "closed")], SourceState.WAITING),
        ([("live", 1.0), ("waiting", "closed"), ("tick", 99.0)], SourceState.WAITING),
        ([("live", 1.0), ("waiting", "closed"), ("live", 3.0)], SourceState.LIVE),
        ([("waiting", ""), ("denied", "wrong token")], SourceState.WAITING),
        ([("live", 1.0), ("denied", "wrong token")], SourceState.LIVE),
        ([("refused", "wrong token")], SourceState.REFUSED),
        ([("refused", "wrong token"), ("tick", 99.0)], SourceState.REFUSED),
        ([("refused", "wrong token"), ("live", 3.0)], SourceState.LIVE),
    ],
)
def test_the_state_of_a_source_follows_from_its_history(steps, state):
    assert after(*steps).state is state


def test_a_stranger_cannot_change_the_state_of_a_source_that_works():
    assert after(("waiting", ""), ("denied", "wrong token")).detail == "the last request was refused: wrong token"
    assert after(("live", 1.0), ("denied", "wrong token")).detail == ""
    assert after(("refused", "no secret"), ("denied", "wrong token")).detail == "no secret"


def test_a_source_without_silence_s_is_never_silent():
    health = SourceHealth(None, 0.0)
    health.live(0.0)
    health.tick(1e6)
    assert health.state is SourceState.LIVE


def test_reconnects_back_off_and_a_message_resets_them():
    health = SourceHealth(None, 0.0)
    waits = [health.disconnected("cut", 0.0, 1.0) for _ in range(8)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    health.alive(9.0)
    assert health.disconnected("cut", 9.0, 1.0) == 1
    assert health.reconnects == 9


@pytest.mark.parametrize("jitter", [0.0, 0.3, 1.0])
def test_jitter_takes_at_most_half(jitter):
    health = SourceHealth(None, 0.0)
    waits = [health.disconnected("cut", 0.0, jitter) for _ in range(10)]
    assert waits[0] == 0.5 + jitter / 2
    assert max(waits) <= BACKOFF_MAX_S


def test_a_reason_is_bounded():
    assert len(after(("refused", "x" * 10_000)).detail) == REASON_CHARACTERS


def test_an_identity_is_new_once_until_it_expires():
    seen = Seen(capacity=3, keep_s=10.0)
    assert [seen.add(name, 0.0) for name in "aab"] == [True, False, True]
    assert seen.add("a", 10.1)  # older than keep_s
    assert [seen.add(name, 11.0) for name in "cde"] == [True, True, True]
    assert seen.add("a", 11.0)  # more than capacity came after it


def test_a_long_identity_is_kept_as_a_hash():
    seen = Seen(capacity=3, keep_s=10.0)
    first, second = "a" * 1_000_000, "a" * 1_000_000 + "b"
    assert seen.add(first, 0.0)
    assert not seen.add(first, 0.0)
    assert seen.add(second, 0.0)
    assert sum(map(len, seen._since_s)) < 1_000
    seen.forget(first)
    assert seen.add(first, 0.0)
