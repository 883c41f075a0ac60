"""The queue policy as tables of histories, and the conservation of events in any history."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Category, Event
from actors.core.queue.lanes import FRAME_EVENTS, Lanes
from actors.core.queue.ledger import Ledger
from tests.core.make import event


def lanes(max_events: int = 100, max_bytes: int = 1 << 30) -> tuple[Lanes, Ledger]:
    ledger = Ledger()
    return Lanes(max_events, max_bytes, ledger), ledger


def play(history: list[tuple[float, str, str, str]], **bounds: int) -> tuple[list[str], dict[str, str]]:
    """Receive (at_s, type, id, "dedupe|coalesce" keys) and take once after the last; return sent ids and outcomes."""
    queue, ledger = lanes(**bounds)
    for at_s, kind, id_, keys in history:
        dedupe, _, coalesce = keys.partition("|")
        queue.receive(event(kind, id_, dedupe_key=dedupe or None, coalesce_key=coalesce or None), at_s, at_s * 1000)
    taken = queue.take(history[-1][0], frame=1)
    found = {id_: ledger.history(id_) or queue.history(id_) for _, _, id_, _ in history}
    told = {id_: one["outcome"] for id_, one in found.items() if one}
    return [f"{one.id}x{one.count}" for one in taken], told


def test_an_event_is_pending_until_a_frame_takes_it() -> None:
    queue, ledger = lanes()
    queue.receive(event("hit", "1", coalesce_key="hit:a"), 0.0, 0.0)
    queue.receive(event("hit", "2", coalesce_key="hit:a"), 0.0, 0.0)
    assert (queue.history("1"), ledger.history("2")) == (None, None)
    assert queue.history("2") == {"id": "2", "outcome": "pending", "detail": None}
    assert ledger.history("1") == {"id": "1", "outcome": "coalesced", "detail": "2"}
    queue.take(0.0, frame=7)
    assert queue.history("2") is None
    assert ledger.history("2") == {"id": "2", "outcome": "sent", "detail": 7}


HISTORIES = {
    "equal dedupe keys within the window are one event": (
        [(0.0, "chat", "1", "m1|"), (0.2, "chat", "2", "m1|")],
        ["1x1"],
        {"1": "sent", "2": "duplicate"},
    ),
    "equal dedupe keys after the window are two events": (
        [(0.0, "chat", "1", "m1|"), (0.251, "chat", "2", "m1|")],
        ["1x1", "2x1"],
        {"1": "sent", "2": "sent"},
    ),
    "equal content without a key is two events": (
        [(0.0, "chat", "1", "|"), (0.0, "chat", "2", "|")],
        ["1x1", "2x1"],
        {"1": "sent", "2": "sent"},
    ),
    "hits on one key are merged and carry their count": (
        [(0.0, "hit", "1", "|hit:a"), (0.1, "hit", "2", "|hit:a"), (0.2, "hit", "3", "|hit:b")],
        ["2x2", "3x1"],
        {"1": "coalesced", "2": "sent", "3": "sent"},
    ),
    "the last value of a state wins and counts as one": (
        [(0.0, "score", "1", "|score"), (0.0, "score", "2", "|score")],
        ["2x1"],
        {"1": "coalesced", "2": "sent"},
    ),
    "states of two keys are in the order of their changes": (
        [(0.0, "score", "1", "|score"), (0.0, "score", "2", "|score:CT"), (0.0, "score", "3", "|score")],
        ["2x1", "3x1"],
        {"1": "coalesced", "2": "sent", "3": "sent"},
    ),
    "an event older than its time to live has expired": (
        [(0.0, "hit", "1", "|"), (1.5, "chat", "2", "|")],
        ["2x1"],
        {"1": "expired", "2": "sent"},
    ),
    "priority decides the order in a frame, then arrival": (
        [(0.0, "chat", "1", "|"), (0.0, "hit", "2", "|"), (0.0, "chat", "3", "|"), (0.0, "score", "4", "|score")],
        ["2x1", "4x1", "1x1", "3x1"],
        {"1": "sent", "2": "sent", "3": "sent", "4": "sent"},
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_an_input_history_gives_the_expected_events(name: str) -> None:
    history, sent, outcomes = HISTORIES[name]
    assert play(history) == (sent, outcomes)


def test_at_the_bound_the_oldest_cosmetic_event_is_dropped_first_then_normal_then_state() -> None:
    queue, ledger = lanes(max_events=3)
    for number, kind in enumerate(["score", "chat", "hit", "hit", "hit", "chat", "chat", "chat"]):
        queue.receive(event(kind, str(number), coalesce_key="score" if kind == "score" else None), 0.0, 0.0)
    assert [one.id for one in queue.take(0.0, 1)] == ["0", "6", "7"]
    dropped = [id_ for id_ in "01234567" if ledger.history(id_)["outcome"] == "dropped"]
    assert dropped == ["1", "2", "3", "4", "5"]
    assert ledger.accounts[Category.COSMETIC].dropped == {"queue full": 3}


def test_the_number_of_bytes_is_bounded() -> None:
    queue, ledger = lanes(max_bytes=10_000)
    for number in range(100):
        queue.receive(event("hit", str(number)), 0.0, 0.0)
        assert queue.size_bytes <= 10_000
    assert ledger.accounts[Category.COSMETIC].dropped["queue full"] == 100 - len(queue)


def test_a_frame_has_bounded_events_and_the_others_are_in_the_next_frame() -> None:
    queue, _ = lanes(max_events=100_000)
    for number in range(FRAME_EVENTS + 5):
        queue.receive(event("chat", str(number)), 0.0, 0.0)
    taken: list[str] = []
    while batch := queue.take(0.0, 1):
        assert len(batch) <= FRAME_EVENTS
        taken += [one.id for one in batch]
    assert taken == [str(number) for number in range(FRAME_EVENTS + 5)]


def test_a_clock_that_jumps_back_neither_expires_events_nor_keeps_them_without_end() -> None:
    queue, _ = lanes()
    queue.receive(event("hit", "1", ts_ingest_ms=10_000_000.0), 0.0, 0.0)
    assert [one.id for one in queue.take(0.9, 1)] == ["1"]
    queue.receive(event("hit", "2", ts_ingest_ms=10_000_000.0), 1.0, 0.0)
    assert queue.take(2.1, 1) == []


def test_two_events_of_one_id_are_two_events() -> None:
    queue, ledger = lanes()
    queue.receive(event("chat", "same"), 0.0, 0.0)
    queue.receive(event("chat", "same"), 0.0, 0.0)
    assert len(queue.take(0.0, 1)) == 2
    assert ledger.accounts[Category.NORMAL].sent == 2


steps = st.lists(
    st.tuples(
        st.sampled_from(["hit", "chat", "score", "heal", "toggle", "take"]),
        st.sampled_from(["", "d1", "d2"]),
        st.sampled_from(["", "c1", "c2", "c3"]),
        st.floats(0, 3),
        st.integers(1, 3),
    ),
    max_size=60,
)


def represented_by(events: list[Event]) -> int:
    """Return the number of events that these represent; a state replaces the earlier one and counts once."""
    return sum(one.count for one in events if one.category is not Category.STATE)


@given(steps=steps, max_events=st.integers(1, 8))
@settings(max_examples=300, deadline=None)
def test_every_event_ends_in_exactly_one_bucket(steps: list, max_events: int) -> None:
    queue, ledger = lanes(max_events=max_events, max_bytes=6_000)
    now_s, number, counted, represented = 0.0, 0, 0, 0
    for kind, dedupe, coalesce, wait_s, count in steps:
        now_s += wait_s
        if kind == "take":
            represented += represented_by(queue.take(now_s, 1))
            continue
        number += 1
        one = event(
            "hit" if kind == "heal" else "score" if kind == "toggle" else kind,
            str(number),
            dedupe_key=dedupe or None,
            coalesce_key=coalesce or None,
            ts_ingest_ms=now_s * 1000,
            count=count,
        )
        counted += represented_by([one])
        queue.receive(one, now_s, now_s * 1000)
        assert len(queue) <= max_events
    received = ended = 0
    for account in ledger.accounts.values():
        received += account.received
        ended += account.ended
    assert received == number
    assert received == ended + len(queue)
    pending = [str(one) for one in range(1, number + 1) if queue.history(str(one)) is not None]
    assert len(pending) == len(queue)
    assert all((str(one) in pending) != (ledger.history(str(one)) is not None) for one in range(1, number + 1))
    while batch := queue.take(now_s, 1):
        represented += represented_by(batch)
    others = [account for category, account in ledger.accounts.items() if category is not Category.STATE]
    lost = sum(account.duplicate + account.expired + sum(account.dropped.values()) for account in others)
    assert represented == counted if lost == 0 else represented < counted


@given(steps=steps)
@settings(max_examples=50, deadline=None)
def test_the_same_input_at_the_same_times_gives_the_same_output(steps: list) -> None:
    def run() -> list:
        queue, ledger = lanes(max_events=4)
        now_s, output = 0.0, []
        for number, (kind, dedupe, coalesce, wait_s, count) in enumerate(steps):
            now_s += wait_s
            if kind in ("take", "heal", "toggle"):
                output.append(queue.take(now_s, number))
            else:
                keys = {"dedupe_key": dedupe or None, "coalesce_key": coalesce or None, "count": count}
                queue.receive(event(kind, str(number), **keys), now_s, now_s * 1000)
        return [*output, ledger.save()]

    assert run() == run()


def test_without_merging_each_event_stays_one_in_the_order_of_arrival() -> None:
    queue, _ = lanes()
    queue.merging = False
    for at_ms, (kind, id_, key) in enumerate([("hit", "1", "hit:a"), ("chat", "2", None), ("hit", "3", "hit:a")]):
        queue.receive(event(kind, id_, coalesce_key=key), 0.0, float(at_ms))
    assert [(one.id, one.count) for one in queue.take(0.1, frame=1)] == [("1", 1), ("2", 1), ("3", 1)]
