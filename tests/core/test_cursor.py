"""Cursors as tables of histories: frames, and the events that a reader passes on."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Event
from actors.core.contract.frame import Frame
from actors.core.delivery.cursor import TAIL_LOSS_S, Cursor, Head, Numbers, Resume, Start, merged, start
from tests.core.make import event

E, G = "epoch", 3


def critical(position: int) -> Event:
    return event("kill", f"k{position}", position=position)


def frame(first: int = 0, last: int = 0, top: int = 0, loose: int = 0, **fields: Any) -> Frame:
    events = [critical(n) for n in range(first, last + 1)] if first else []
    events += [event("hit", f"h{n}") for n in range(loose)]
    values: dict[str, Any] = {"gen": G, "epoch": E, "seq": 1, "tick_ts_ms": 0.0, "top": max(top, last)}
    return Frame(**(values | {"first": first, "last": last, "events": events} | fields))


def positions(passed: Frame | None) -> list[int]:
    return [one.position for one in passed.events if one.position] if passed else []


def loose_count(passed: Frame | None) -> int:
    return sum(not one.position for one in passed.events) if passed else 0


# (case, frame, passed positions, passed loose events, position afterwards); all start at 10.
MEANINGS = [
    ("the next in line", frame(11, 13, loose=1), [11, 12, 13], 1, 13),
    ("nothing critical", frame(loose=2), [], 2, 10),
    ("a heartbeat", frame(top=10), [], 0, 10),
    ("partly known", frame(9, 12, loose=1), [11, 12], 1, 12),
    ("known, with something new beside it", frame(8, 10, loose=1), [], 1, 10),
    ("known altogether", frame(8, 10), [], 0, 10),
    ("a gap, with something beside it", frame(12, 13, loose=1), [], 1, 10),
    ("a gap", frame(12, 13), [], 0, 10),
    ("an older generation", frame(11, 11, loose=1, gen=G - 1), [], 0, 10),
    ("a newer generation", frame(11, 11, gen=G + 1), [11], 0, 11),
    ("another log", frame(11, 11, loose=1, epoch="other"), [], 0, 10),
]


@pytest.mark.parametrize(("what", "came", "passed_positions", "passed_loose", "last"), MEANINGS)
def test_a_frame_is_compared_with_the_position(what, came, passed_positions, passed_loose, last):
    cursor = Cursor(E, G, 10)
    passed = cursor.take(came, 0.0)
    assert (positions(passed), loose_count(passed), cursor.last) == (passed_positions, passed_loose, last)
    if passed is not None and passed.first:
        assert (passed.first, passed.last) == (passed_positions[0], passed_positions[-1])


def test_the_next_frame_in_line_is_passed_on_as_it_is():
    came = frame(11, 12, loose=1)
    assert Cursor(E, G, 10).take(came, 0.0) is came


def test_after_a_newer_generation_the_older_one_is_stale():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(11, 11, gen=G + 1), 0.0)
    assert cursor.take(frame(12, 12), 0.0) is None
    assert cursor.counts.stale == 1


def test_a_gap_is_read_from_the_log_at_once():
    cursor = Cursor(E, G, 10)
    assert cursor.repair_in_s(0.0) is None
    cursor.take(frame(12, 13), 0.0)
    assert cursor.repair_in_s(0.0) == 0.0


def test_a_lost_tail_is_read_from_the_log_after_a_delay():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(top=12), 5.0)
    assert cursor.repair_in_s(5.0) == TAIL_LOSS_S
    assert cursor.repair_in_s(6.0) == 0.0
    cursor.take(frame(11, 12), 6.0)
    assert cursor.repair_in_s(6.0) is None


def test_a_page_of_the_log_closes_the_gap():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(14, 14), 0.0)
    assert cursor.ask() == 10
    passed = cursor.mend(Head(E, G, 14, 1), [critical(n) for n in range(11, 15)], 0.0, 0.0)
    assert positions(passed) == [11, 12, 13, 14]
    assert passed is not None
    assert passed.replay
    assert (cursor.last, cursor.repair_in_s(0.0), cursor.counts.repaired) == (14, None, 4)


def test_events_that_arrived_during_a_log_read_are_not_repeated():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(top=12), 0.0)
    cursor.ask()
    cursor.take(frame(11, 12), 0.1)
    assert cursor.mend(Head(E, G, 12, 1), [critical(11), critical(12)], 0.0, 0.1) is None


def test_positions_that_the_log_lost_are_skipped_and_counted():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(20, 20), 0.0)
    cursor.ask()
    passed = cursor.mend(Head(E, G, 20, 15), [critical(n) for n in range(15, 21)], 0.0, 0.0)
    assert passed is not None
    assert (passed.first, passed.last, cursor.counts.skipped) == (15, 20, 4)


def test_an_empty_log_is_not_read_again_without_end():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(20, 20), 0.0)
    cursor.ask()
    assert cursor.mend(Head(E, G, 20, 21), [], 0.0, 0.0) is None
    assert (cursor.last, cursor.repair_in_s(9.0), cursor.counts.skipped) == (20, None, 10)


def test_a_top_that_the_log_never_reaches_is_dropped():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(top=99), 0.0)
    cursor.ask()
    assert cursor.mend(Head(E, G, 10, 1), [], 0.0, 0.0) is None
    assert (cursor.top, cursor.repair_in_s(9.0)) == (10, None)


def test_a_top_announced_during_a_log_read_is_kept():
    cursor = Cursor(E, G, 10)
    cursor.take(frame(top=11), 0.0)
    cursor.ask()
    cursor.take(frame(13, 13), 0.0)
    cursor.mend(Head(E, G, 10, 1), [], 0.0, 0.0)
    assert cursor.repair_in_s(0.0) == 0.0


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 1 << 32), size=st.integers(1, 60), loss=st.floats(0, 0.6), trim=st.booleans())
def test_each_position_is_passed_on_once_and_in_order_despite_loss_and_repetition(seed, size, loss, trim):
    """The bus loses, repeats and swaps frames of several generations; the log is read with any delay."""
    chance = random.Random(seed)
    log: list[Event] = []
    cursor = Cursor(E, 1, 0)
    passed: list[int] = []
    on_the_way: list[Frame] = []
    gen, oldest, reading = 1, 1, None

    def take(came: Frame | None) -> None:
        passed.extend(positions(came))

    def mend() -> None:
        nonlocal reading
        if reading is not None:
            take(cursor.mend(*reading, 0.0, 0.0))
            reading = None
        elif cursor.repair_in_s(1e9) is not None:
            after = cursor.ask()
            head = Head(E, gen, len(log), oldest)
            page = [one for one in log[oldest - 1 :] if one.position > after][: chance.randint(1, 9)]
            reading = (head, page)

    for _ in range(size):
        first = len(log) + 1
        log.extend(critical(first + n) for n in range(chance.randint(0, 3)))
        gen += chance.random() < 0.05
        made = frame(first if len(log) >= first else 0, len(log) if len(log) >= first else 0, len(log), gen=gen)
        on_the_way += [made] * (chance.random() >= loss) + [made] * (chance.random() < 0.1)
        if chance.random() < 0.3:
            on_the_way.append(frame(top=len(log), gen=chance.randint(1, gen), epoch=chance.choice([E, E, "other"])))
        if chance.random() < 0.3:
            chance.shuffle(on_the_way)
        while on_the_way and chance.random() < 0.7:
            take(cursor.take(on_the_way.pop(0), 0.0))
        if chance.random() < 0.5:
            mend()
        if trim and chance.random() < 0.1:
            oldest = min(len(log) + 1, oldest + chance.randint(0, 5))
    take(cursor.take(frame(top=len(log), gen=gen), 0.0))
    for _ in range(200):
        mend()
    assert cursor.last == len(log)
    assert passed == sorted(set(passed))
    missing = set(range(1, len(log) + 1)) - set(passed)
    assert len(missing) == cursor.counts.skipped
    assert not missing or (trim and max(missing) < oldest)


def test_waiting_frames_are_merged():
    one = merged([frame(loose=1), frame(11, 12, loose=1), frame(top=12, loose=2), frame(13, 13, top=14, seq=9)])
    assert (one.first, one.last, one.top, one.seq) == (11, 13, 14, 9)
    assert [event.position for event in one.events] == [11, 12, 13, 0, 0, 0, 0]


def test_frames_without_a_range_make_one_without_a_range():
    one = merged([frame(loose=1), frame(loose=1)])
    assert (one.first, one.last, len(one.events)) == (0, 0, 2)


def test_a_single_frame_is_unchanged():
    alone = frame(11, 11)
    assert merged([alone]) is alone


# (case, request, start of the conversation); the log keeps 20..30.
STARTS = [
    ("a newcomer", None, Start("snapshot", 30)),
    ("nothing missed", Resume(E, 30), Start("resume", 30)),
    ("away for a while", Resume(E, 25), Start("resume", 25)),
    ("everything that is kept", Resume(E, 19), Start("resume", 19)),
    ("one more than is kept", Resume(E, 18), Start("resume", 19, False, (19, 19))),
    ("away for too long", Resume(E, 3), Start("resume", 19, False, (4, 19))),
    ("another log", Resume("other", 25), Start("snapshot", 30, False)),
    ("a position of the future", Resume(E, 31), Start("snapshot", 30, False)),
]


@pytest.mark.parametrize(("what", "asked", "expected"), STARTS)
def test_the_start_of_a_conversation_follows_from_the_hello(what, asked, expected):
    assert start(asked, E, 20, 30) == expected


@pytest.mark.parametrize("asked", [None, Resume(E, 0), Resume("other", 0)])
def test_a_conversation_can_start_with_an_empty_log(asked):
    assert start(asked, E, 1, 0).position == 0


def test_a_trimmed_log_reports_all_positions_as_missed():
    assert start(Resume(E, 5), E, 31, 30) == Start("resume", 30, False, (6, 30))


# (case, sequence numbers between calls of lost(), result of each call)
NUMBERS = [
    ("nothing lost", [[1, 2, 3], [4], []], [0, 0, 0]),
    ("one lost is given up at the second look", [[1, 3], [4], []], [0, 1, 0]),
    ("one that was only late", [[1, 3], [2], []], [0, 0, 0]),
    ("two losses, reported once each", [[1, 3], [5], [], []], [0, 1, 1, 0]),
    ("numbers need not start at 1", [[71, 72], []], [0, 0]),
    ("frames before the first one are ignored", [[71, 70, 72], []], [0, 0]),
]


@pytest.mark.parametrize(("what", "came", "told"), NUMBERS)
def test_missing_frames_are_counted(what, came, told):
    numbers = Numbers()
    said = []
    for seqs in came:
        for seq in seqs:
            numbers.saw(1, seq)
        said.append(numbers.lost())
    assert said == told


def test_a_new_generation_restarts_the_count():
    numbers = Numbers()
    for seq in (1, 2, 9):
        numbers.saw(1, seq)
    numbers.saw(2, 1)
    numbers.saw(1, 50)
    assert [numbers.lost(), numbers.lost()] == [0, 0]


def test_a_frame_survives_the_wire():
    came = frame(11, 13, loose=2)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(came), type=Frame) == came
