"""The window of a producer as tables of histories: sent, acknowledged, missing and repeated rows."""

from __future__ import annotations

from actors.core.contract.event import Mark, Marks, RawItem
from actors.core.delivery.window import BATCH_ROWS, RETRY_MAX_S, MarksEffect, Window


def item(pseq: int, size: int = 10) -> RawItem:
    return RawItem(pseq, 0, "event", b"x" * size, 0.0)


def marks(watermark: int, missing: int = 0, gen: int = 1, epoch: str = "e1", producer: str = "p") -> Marks:
    return Marks(epoch, gen, [Mark(producer, watermark, missing)])


def window(acked: int = 0, epoch: str = "e1", rows: int = 512, size_bytes: int = 1 << 20) -> Window:
    return Window("p", acked, epoch, rows, size_bytes, retry_s=0.25)


def met(acked: int = 0) -> Window:
    """A window that has met generation 1."""
    one = window(acked)
    one.on_marks(marks(acked), 10, 0.0)
    return one


def sent(one: Window, now_s: float = 0.0) -> list[int]:
    return [row.pseq for row in one.take(now_s)]


def test_rows_are_sent_once_and_in_order() -> None:
    one = met()
    for pseq in (1, 2, 3):
        one.add(item(pseq))
    assert sent(one) == [1, 2, 3]
    assert sent(one) == []


def test_the_watermark_frees_space() -> None:
    one = window(rows=2)
    one.on_marks(marks(0), 2, 0.0)
    one.add(item(1))
    one.add(item(2))
    assert not one.room
    one.on_marks(marks(1), 2, 0.0)
    assert one.room
    assert (len(one), one.acked, one.acked_bytes) == (1, 1, 10)


def test_the_window_is_bounded_in_bytes() -> None:
    one = window(size_bytes=1_000)
    one.add(item(1, 2_000))
    assert not one.room


def test_all_rows_from_a_missing_number_are_sent_again() -> None:
    one = met()
    for pseq in (1, 2, 3):
        one.add(item(pseq))
    sent(one)
    one.on_marks(marks(0, missing=2), 3, 0.0)
    assert sent(one) == [2, 3]
    assert one.resent == 2


def test_without_progress_all_rows_are_sent_again_with_backoff() -> None:
    one = met()
    one.add(item(1))
    one.add(item(2))
    sent(one, 0.0)
    one.silence(0.24)
    assert sent(one) == []
    now_s, waits = 0.0, []
    for _ in range(5):
        due_s = one.due_s()
        assert due_s is not None
        waits.append(due_s - now_s)
        now_s = due_s
        one.silence(now_s)
        assert sent(one, now_s) == [1, 2]
    assert waits == [0.25, 0.5, RETRY_MAX_S, RETRY_MAX_S, RETRY_MAX_S]
    one.on_marks(marks(1), 2, now_s)
    assert one.due_s() == now_s + 0.25
    one.on_marks(marks(2), 2, now_s)
    assert one.due_s() is None


def test_all_rows_are_sent_again_when_a_normalizer_came_or_went() -> None:
    one = met()
    for pseq in (1, 2):
        one.add(item(pseq))
    assert sent(one) == [1, 2]
    one.add(item(3))
    one.peers_changed()
    assert sent(one) == [1, 2, 3]


def test_a_new_generation_receives_a_hello_and_all_rows_again() -> None:
    one = met()
    one.add(item(1))
    sent(one)
    assert one.on_marks(marks(0, gen=2), 1, 0.0) == MarksEffect(greet=True)
    assert sent(one) == [1]
    assert one.on_marks(marks(0, gen=2), 1, 0.0) == MarksEffect()
    assert one.on_marks(marks(1, gen=1), 1, 0.0) == MarksEffect(), "an older generation is not believed"
    assert one.acked == 0


def test_a_rolled_back_log_receives_all_kept_rows() -> None:
    one = met(acked=9)
    one.add(item(10))
    assert one.on_marks(marks(4, gen=2, epoch="e2"), 10, 0.0) == MarksEffect(greet=True, rewound=4)
    assert (one.acked, one.newest, len(one)) == (4, 4, 0)


def test_a_first_log_is_not_a_rollback() -> None:
    one = window(epoch="")
    one.add(item(1))
    assert one.on_marks(marks(0), 1, 0.0) == MarksEffect(greet=True)
    assert sent(one) == [1]


def test_a_log_ahead_of_the_outbox_reveals_a_rolled_back_outbox() -> None:
    assert met().on_marks(marks(20), 10, 0.0).ahead
    assert not met().on_marks(marks(10), 10, 0.0).ahead


def test_marks_of_other_producers_are_ignored() -> None:
    one = met()
    one.add(item(1))
    one.on_marks(marks(7, producer="q"), 1, 0.0)
    assert one.acked == 0


def test_an_unsent_row_is_sent_next() -> None:
    one = met()
    for pseq in (1, 2):
        one.add(item(pseq))
    batch = one.take(0.0)
    one.give_back(batch)
    one.add(item(3))
    assert sent(one) == [1, 2, 3]


def test_a_batch_is_bounded() -> None:
    one = met()
    for pseq in range(1, BATCH_ROWS + 3):
        one.add(item(pseq))
    assert len(sent(one)) == BATCH_ROWS
    assert sent(one) == [BATCH_ROWS + 1, BATCH_ROWS + 2]
