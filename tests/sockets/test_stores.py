"""The two stores on a real disk: their content after any end of a process, and what they refuse."""

from __future__ import annotations

import errno
import sqlite3
import time
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from actors.core.contract.event import Event, RawItem, Receipt, Reject
from actors.core.contract.frame import json_event
from actors.core.contract.payload import Player
from actors.core.contract.types.match import Score
from actors.core.contract.types.stage import Custom
from actors.core.delivery.retained import Retained
from actors.core.queue.calendar import Calendar
from actors.core.queue.derive import Derivation, Run
from actors.core.queue.ledger import Ledger
from actors.core.queue.sequencer import Entry, Sequencer
from actors.core.suspicion import Suspicion, Work
from actors.errors import ConfigError, Fenced, Refused
from actors.stores import database, recovery
from actors.stores import log as log_store
from actors.stores import outbox as outbox_store
from actors.stores.log import Log, LogReader
from actors.stores.outbox import Delivery, Forget, Outbox, OutboxReader, Progress
from actors.stores.purge import purge
from actors.stores.suspects import QUEUE_LIST_FILE, Suspects, WorkMark, suspicion
from tests.core.make import event

DAY_S = 86_400.0


def open_log(
    run_dir: Path, keep_s: float = DAY_S, max_bytes: int = 1 << 30, quarantine_rows: int = 100, starting: bool = False
) -> Log:
    return Log(run_dir, keep_s, max_bytes, 7 * DAY_S, quarantine_rows, starting)


def entry(*positions: int, ts_ms: float = 0.0, **fields: object) -> Entry:
    events = [event("death", f"e{position}", position=position, ts_queued_ms=ts_ms) for position in positions]
    return Entry(events=events, **fields)


def sized(position: int, size: int, ts_ms: float) -> Event:
    return event("custom", "e", Custom("x" * size), position=position, ts_queued_ms=ts_ms)


def test_a_reader_finds_no_log_before_its_writer_created_it(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no log"):
        LogReader(tmp_path)


def test_an_incomplete_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / database.LOG_FILE).touch()
    with pytest.raises(Refused, match="ready yet"):
        LogReader(tmp_path).head()
    with sqlite3.connect(tmp_path / database.LOG_FILE) as half:
        half.executescript(log_store.SCHEMA)
    with pytest.raises(Refused, match="ready yet"):
        LogReader(tmp_path).head()


def test_a_schema_is_created_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with pytest.raises(sqlite3.OperationalError):
        database.create(database.connect(path), "CREATE TABLE first (key); CREATE TABLE second;")
    assert database.connect(path).execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_states_are_returned_in_the_order_of_their_changes(tmp_path: Path) -> None:
    def score(key: str, points: int, at_ms: float) -> Event:
        return event("score", f"s{at_ms}", Score({"CT": points}), coalesce_key=key, ts_queued_ms=at_ms)

    sequencer = Sequencer("e", 0, {}, Derivation(5_000), Ledger(), lambda _: None)
    writer = open_log(tmp_path)
    live = [score("score", 1, 1.0), score("score:CT", 2, 2.0), score("score", 3, 3.0), score("score:CT", 4, 4.0)]
    for changes in (live[:3], live[3:], [score("score", 5, 5.0), score("score:CT", 6, 6.0), score("score", 7, 7.0)]):
        for change in changes:
            sequencer.retain(change)
        entry = sequencer.take()
        assert entry is not None
        writer.commit([entry])
    told = Retained(LogReader(tmp_path).snapshot()).events()
    assert [(one.coalesce_key, one.ts_queued_ms) for one in told] == [("score:CT", 6.0), ("score", 7.0)]


def test_committed_events_are_visible_to_readers_beside_the_writer(tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    reader = LogReader(tmp_path)
    writer.commit([entry(1, 2, watermarks={"p": 7}), entry(3)])
    head = reader.head()
    assert (head.top, head.oldest) == (3, 1)
    assert [one.id for one in reader.page(1, 10)] == ["e2", "e3"]
    assert [one.id for one in reader.page(0, 2)] == ["e1", "e2"]
    writer.close()
    assert reader.head().top == 3
    again = open_log(tmp_path)
    assert again.recovered.watermarks == {"p": 7}
    assert again.recovered.head.top == 3
    again.close()


def test_a_second_writer_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    with pytest.raises(Refused, match="queue-manager pid="):
        open_log(tmp_path)
    writer.close()


def test_an_older_generation_is_fenced_off(tmp_path: Path) -> None:
    old = open_log(tmp_path)
    (tmp_path / log_store.LOCK_FILE).unlink()
    new = open_log(tmp_path)
    new.commit([entry(1)])
    with pytest.raises(Fenced, match="generation"):
        old.commit([entry(1)])
    assert [one.id for one in LogReader(tmp_path).page(0, 10)] == ["e1"]


def test_generations_increase_after_a_restored_backup(tmp_path: Path) -> None:
    first = open_log(tmp_path)
    first.close()
    backup = (tmp_path / database.LOG_FILE).read_bytes()
    second = open_log(tmp_path)
    second.close()
    (tmp_path / database.LOG_FILE).write_bytes(backup)
    third = open_log(tmp_path)
    assert first.recovered.head.gen < second.recovered.head.gen < third.recovered.head.gen
    third.close()


def test_trimming_removes_the_oldest_and_positions_continue(tmp_path: Path) -> None:
    writer = open_log(tmp_path, keep_s=100.0, quarantine_rows=2)
    rejects = [Reject(f"r{number}", "event", "why", "", 0.0) for number in range(5)]
    writer.commit([entry(1, 2, ts_ms=0.0), entry(3, ts_ms=60_000.0, rejects=rejects)])
    writer.commit([Entry(trim_ms=150_000.0)])
    reader = LogReader(tmp_path)
    assert (reader.head().top, reader.head().oldest) == (3, 3)
    assert [row["id"] for row in reader.quarantine(10)] == ["r4", "r3"]
    writer.commit([Entry(trim_ms=500_000.0)])
    assert (reader.head().top, reader.head().oldest) == (3, 4)
    writer.close()
    again = open_log(tmp_path)
    assert again.recovered.head.top == 3
    again.close()


def test_a_clock_that_was_set_back_makes_no_hole_in_a_log(tmp_path: Path) -> None:
    writer = open_log(tmp_path, keep_s=100.0)
    writer.commit([entry(1, ts_ms=0.0), entry(2, ts_ms=90_000.0), entry(3, ts_ms=1_000.0), entry(4, ts_ms=80_000.0)])
    writer.commit([Entry(trim_ms=150_000.0)])
    assert [one.position for one in LogReader(tmp_path).page(0, 10)] == [2, 3, 4]
    writer.close()


def test_a_full_log_removes_its_oldest_rows_after_a_clock_set_back(tmp_path: Path) -> None:
    writer = open_log(tmp_path, max_bytes=1_000)
    writer.commit([entry(*range(1, 11), ts_ms=3_600_000.0)])
    writer.commit([Entry(trim_ms=1_000.0)])
    assert LogReader(tmp_path).head().oldest == 11
    writer.close()


def test_a_clock_that_was_set_back_makes_no_hole_in_an_outbox(tmp_path: Path) -> None:
    box = outbox(tmp_path, keep_s=100.0)
    now_ms = time.time() * 1000
    for age_s in (200.0, 0.0, 300.0, 10.0):
        box.commit([Delivery(rows(b"x"), now_ms - age_s * 1000)])
    box.commit([Progress(4, "e1", trim=True)])
    assert [item.pseq for item in OutboxReader(tmp_path, "source").rows(0, 10)] == [2, 3, 4]
    box.close()


def test_a_clock_set_forward_between_two_processes_expires_no_row(tmp_path: Path) -> None:
    an_hour_ago_ms = (time.time() - 3_600.0) * 1000
    box = outbox(tmp_path, keep_s=100.0)
    box.commit([Delivery(rows(b"x"), an_hour_ago_ms, b"digest")])
    box.close()
    again = outbox(tmp_path, keep_s=100.0)
    again.commit([Progress(1, "e1", trim=True)])
    assert [item.pseq for item in OutboxReader(tmp_path, "source").rows(0, 10)] == [1]
    [stored] = again.commit([Delivery(rows(b"x"), an_hour_ago_ms + 1.0, b"digest")])
    assert stored.repeated
    again.close()


def test_a_clock_set_back_and_then_forward_between_two_processes_forgets_no_delivery(tmp_path: Path) -> None:
    """A clock that is ahead at each boot, until the network corrects it: a repeated request was taken again."""
    now_ms = time.time() * 1000
    box = outbox(tmp_path, keep_s=100.0)
    box.commit([Delivery(rows(b"x"), now_ms, b"ahead")])
    box.commit([Delivery(rows(b"y"), now_ms - 3_600_000.0, b"digest")])
    box.close()
    again = outbox(tmp_path, keep_s=100.0)
    again.commit([Progress(2, "e1", trim=True)])
    [stored] = again.commit([Delivery(rows(b"y"), now_ms, b"digest")])
    assert stored.repeated
    again.close()


def test_rows_of_a_clock_that_was_ahead_keep_no_later_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outbox grew for as long as the clock had been ahead."""
    box = outbox(tmp_path, keep_s=100.0)
    now_ms = time.time() * 1000
    box.commit([Delivery(rows(b"x"), now_ms + 365 * DAY_S * 1000, b"digest")])
    box.commit([Delivery(rows(b"y"), now_ms), Delivery(rows(b"z"), now_ms + 150_000.0)])
    box.commit([Progress(3, "e1", trim=True)])
    reader = OutboxReader(tmp_path, "source")
    assert reader.oldest() == 1  # the clock may have been set back just now
    monkeypatch.setattr(outbox_store.time, "time", lambda: now_ms / 1000 + 150.0)
    later_s = outbox_store.host.boottime_s() + 150.0
    monkeypatch.setattr(outbox_store.host, "boottime_s", lambda: later_s)
    box.commit([Progress(3, "e1", trim=True)])
    assert reader.oldest() == 3
    assert not box.commit([Delivery(rows(b"x"), now_ms + 150_000.0, b"digest")])[0].repeated
    box.close()


def test_a_clock_jump_is_known_to_the_next_writer(tmp_path: Path) -> None:
    box = outbox(tmp_path, keep_s=100.0)
    an_hour_ago_ms = (time.time() - 3_600.0) * 1000
    box.commit([Delivery(rows(b"x"), an_hour_ago_ms)])
    box.close()
    for _ in range(2):  # the second one finds a row that came after the jump
        box = outbox(tmp_path, keep_s=100.0)
        box.commit([Delivery(rows(b"y"), time.time() * 1000), Progress(1, "e1", trim=True)])
        assert OutboxReader(tmp_path, "source").oldest() == 1
        box.close()


def test_a_log_reports_when_one_trim_is_not_enough(tmp_path: Path) -> None:
    writer = open_log(tmp_path, keep_s=100.0)
    writer.commit([entry(*range(1, log_store.TRIM_ROWS + 11), ts_ms=1.0)])
    trim = Entry(trim_ms=500_000.0)
    assert [writer.commit([trim]), writer.commit([trim])] == [[True], [False]]
    assert writer.commit([entry(log_store.TRIM_ROWS + 11)]) == [False]
    assert LogReader(tmp_path).head().oldest == log_store.TRIM_ROWS + 11
    writer.close()


@pytest.mark.parametrize(
    ("sizes", "stamps", "removed"),
    [
        ([], "", 0),
        ([1, 1, 1, 1, 1, 1], "111111", 5),
        ([60, 60, 60, 60], "1111", 2),  # the row that reaches 100 bytes is the last
        ([100, 1], "11", 1),
        ([5_000, 1, 1], "111", 1),  # a row of any size is removed
        ([1, 60, 60, 1], "1999", 1),  # up to the first that is kept
        ([1, 60, 60], "191", 1),  # a clock that was set back
        ([1, 1], "99", 0),
    ],
)
def test_one_trim_is_limited_in_rows_and_bytes(
    sizes: list[int], stamps: str, removed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "TRIM_ROWS", 5)
    monkeypatch.setattr(log_store, "TRIM_BYTES", 100)
    rows = [(n, float(at), size) for n, (size, at) in enumerate(zip(sizes, stamps, strict=True), 1)]
    assert log_store.trimmed(rows, before_ms=5.0) == rows[:removed]


def test_a_log_of_large_rows_is_trimmed_in_parts(tmp_path: Path) -> None:
    writer, reader = open_log(tmp_path, max_bytes=5_000_000), LogReader(tmp_path)
    for start in range(1, 401, 50):
        writer.commit([Entry(events=[sized(n, 20_000, 1_000.0) for n in range(start, start + 50)])])
    oldest = [1]
    while writer.commit([Entry(trim_ms=2_000.0)])[0]:
        oldest.append(reader.head().oldest)
    parts = [after - before for before, after in pairwise(oldest)]
    assert parts == [105, 105]  # 2 MiB each, until it is below its size
    assert (reader.head().oldest, writer.full) == (oldest[-1], True)
    assert LogReader(tmp_path).page(0, 1_000)[0].position == oldest[-1]
    writer.close()


def test_trimming_reads_no_more_rows_than_it_may_remove(tmp_path: Path) -> None:
    writer, box = open_log(tmp_path), outbox(tmp_path)
    writer.commit([entry(*range(1, 30_001), ts_ms=900_000.0)])
    box.commit([Delivery(rows(*[b"x"] * 30_000), time.time() * 1000)])
    steps = {"log": 0, "outbox": 0}
    for name, db in (("log", writer._db), ("outbox", box._db)):
        db.set_progress_handler(lambda name=name: steps.__setitem__(name, steps[name] + 1), 1_000)
    writer.commit([Entry(trim_ms=950_000.0)])
    box.commit([Progress(30_000, "e1", trim=True)])
    assert steps["log"] < 60  # thousands of SQLite's virtual instructions; a scan of all rows takes hundreds
    assert steps["outbox"] < 200
    writer.close()
    box.close()


def test_an_outbox_reports_when_one_trim_is_not_enough(tmp_path: Path) -> None:
    box = outbox(tmp_path, keep_s=0.0)
    box.commit([Delivery(rows(*[b"a"] * (outbox_store.TRIM_ROWS + 1)), 1.0)])
    done = Progress(outbox_store.TRIM_ROWS + 1, "e1", trim=True)
    assert [box.commit([done]), box.commit([done])] == [[True], [False]]
    assert OutboxReader(tmp_path, "source").rows(0, 10) == []
    box.close()


def test_a_log_above_its_size_removes_recent_rows(tmp_path: Path) -> None:
    writer = open_log(tmp_path, max_bytes=64 << 10)
    for start in range(1, 2_001, 100):
        writer.commit([entry(*range(start, start + 100), ts_ms=1.0)])
    writer.commit([Entry(trim_ms=2.0)])
    assert LogReader(tmp_path).head().oldest > 1
    writer.close()


def test_only_the_size_of_events_counts_for_the_retention(tmp_path: Path) -> None:
    """Refused bodies and identities once filled the log, so that every new event was removed at the next trim."""
    writer = open_log(tmp_path, max_bytes=1 << 20)
    writer.commit([entry(*range(1, 501), ts_ms=1.0)])
    big = "x" * 1_000_000
    for n in range(30):
        reject = Reject(f"r{n}", "event", big, big[:500], 5.0)
        identities = [(f"source\0{n}-{i}-{'k' * 150}", "e1", 5.0) for i in range(500)]
        writer.commit([Entry(rejects=[reject], identities=identities)])
    for _ in range(3):
        writer.commit([Entry(trim_ms=6.0)])
    assert LogReader(tmp_path).head().oldest == 1
    assert not writer.full
    assert max(len(row["reason"]) for row in LogReader(tmp_path).quarantine(100)) <= 300
    writer.close()


def test_a_log_reports_that_it_removes_events_early(tmp_path: Path) -> None:
    writer = open_log(tmp_path, max_bytes=64 << 10)
    writer.commit([entry(*range(1, 2_001), ts_ms=1.0)])
    assert writer.commit([Entry(trim_ms=2.0)]) == [True]
    assert writer.full
    assert writer.commit([Entry(trim_ms=2.0)]) == [False]
    assert writer.full  # the second part of the same trim, 50 ms later: an alert that ends now is not seen
    writer.commit([Entry(trim_ms=2.0)])
    assert not writer.full
    writer.close()


def test_the_size_of_the_events_survives_a_restart(tmp_path: Path) -> None:
    writer = open_log(tmp_path, max_bytes=64 << 10)
    writer.commit([entry(*range(1, 1_001), ts_ms=1.0)])
    writer.close()
    again = open_log(tmp_path, max_bytes=64 << 10)
    again.commit([Entry(trim_ms=2.0)])
    assert again.full
    assert LogReader(tmp_path).head().oldest > 1
    again.close()


def test_overlays_that_come_and_go_leave_a_bounded_number_of_receipts(tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    writer.commit(
        [entry(1, receipts=[Receipt(f"o-{n}", "e", 1, float(n)) for n in range(log_store.MAX_RECEIPTS + 500)])]
    )
    writer.commit([Entry(trim_ms=2.0)])
    reader = LogReader(tmp_path)
    assert [reader.cursor(f"o-{n}") for n in (0, 499, 500)] == [None, None, 1]
    writer.close()


def test_a_history_has_the_position_the_overlays_and_the_reasons(tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    reject = Reject("bad", "srcds", "Cut line", "L 03/", 5.0, dead=True)
    writer.commit(
        [entry(1, 2, receipts=[Receipt("main", "e", 1, 9.0)], rejects=[reject], identities=[("s\0k", "e1", 0.0)])]
    )
    reader = LogReader(tmp_path)
    first, second, bad = reader.history("e1"), reader.history("e2"), reader.history("bad")
    assert first is not None
    assert second is not None
    assert bad is not None
    assert first["rendered_by"] == [{"overlay_id": "main", "by_ts_ms": 9.0, "seen": True}]
    assert second["rendered_by"] == []
    assert (bad["outcome"], bad["reason"]) == ("dead-lettered", "Cut line")
    assert reader.history("unknown") is None
    assert reader.identity("s\0k") == "e1"
    assert reader.cursor("main") == 1
    writer.close()


def outbox(run_dir: Path, keep_s: float = 300.0) -> Outbox:
    return Outbox(run_dir, "source", keep_s)


def rows(*bodies: bytes) -> list[tuple[str, bytes]]:
    return [("event", body) for body in bodies]


def test_outbox_numbers_have_no_gap_and_continue_after_a_restart(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    first, second = box.commit([Delivery(rows(b"a", b"b"), 1.0), Delivery(rows(b"c"), 2.0)])
    assert [item.pseq for item in first.items + second.items] == [1, 2, 3]
    producer, generation = box.producer, box.pgen
    box.close()
    box = outbox(tmp_path)
    assert (box.producer, box.pgen, box.newest, box.waiting_bytes) == (producer, generation + 1, 3, 3)
    assert [item.body for item in OutboxReader(tmp_path, "source").rows(1, 10)] == [b"b", b"c"]
    box.close()


def test_a_delivery_that_is_repeated_is_stored_once(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    once, again, other = box.commit([Delivery(rows(b"a"), 1.0, digest) for digest in (b"x", b"x", b"y")])
    assert (len(once.items), once.repeated) == (1, False)
    assert (len(again.items), again.repeated) == (0, True)
    assert [item.pseq for item in other.items] == [2]
    box.close()


def test_numbers_are_not_reused_when_all_rows_were_trimmed(tmp_path: Path) -> None:
    box = outbox(tmp_path, keep_s=0.0)
    box.commit([Delivery(rows(b"a", b"b"), 1.0)])
    box.commit([Progress(2, "e1", trim=True)])
    reader = OutboxReader(tmp_path, "source")
    assert reader.oldest() == 3
    box.close()
    box = outbox(tmp_path)
    assert (box.newest, box.acked, box.epoch) == (2, 2, "e1")
    [stored] = box.commit([Delivery(rows(b"c"), 1.0)])
    assert stored.items[0].pseq == 3
    box.close()


def test_a_row_stored_during_a_read_of_the_oldest_is_not_counted_as_removed(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    reader = OutboxReader(tmp_path, "source")
    pending = [Delivery(rows(b"a"), 1.0)]

    def between_two_statements(statement: str) -> None:
        if "sqlite_sequence" in statement and pending:
            box.commit([pending.pop()])

    reader._db.set_trace_callback(between_two_statements)
    assert reader.oldest() == 1
    assert not pending
    box.close()


def test_rows_are_kept_for_keep_s_after_they_are_logged(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.commit([Delivery(rows(b"a"), time.time() * 1000)])
    box.commit([Progress(1, "e1", trim=True)])
    assert OutboxReader(tmp_path, "source").oldest() == 1
    box.close()


def test_a_restored_outbox_continues_under_a_new_name(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    name = box.producer
    box.commit([Forget()])
    box.close()
    box = outbox(tmp_path)
    assert box.producer != name
    assert box.producer.startswith("source-")
    box.close()


def test_a_new_outbox_is_a_new_producer(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    boxes = outbox(tmp_path / "one"), outbox(tmp_path / "two")
    assert boxes[0].producer != boxes[1].producer
    for box in boxes:
        box.close()


def test_stores_are_readable_only_by_their_owner(tmp_path: Path) -> None:
    boxes = outbox(tmp_path), open_log(tmp_path)
    for name in ("outbox-source.db", "log.db"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    for box in boxes:
        box.close()


def test_a_mark_left_by_a_killed_normalizer_counts_as_a_death_for_all(tmp_path: Path) -> None:
    first = Suspects(tmp_path, "normalizer-1")
    first.touch(b"p/7")
    first.close()  # as a SIGKILL does
    second = Suspects(tmp_path, "normalizer-1")
    assert second.deaths[b"p/7"] == 1
    second.touch(b"p/8")
    second.clear()
    second.close()
    assert Suspects(tmp_path, "normalizer-1").deaths == {b"p/7": 1}
    assert Suspects(tmp_path, "normalizer-2").deaths == {b"p/7": 1}


def test_a_death_counts_for_what_the_queue_manager_had_in_work(tmp_path: Path) -> None:
    def start(watermark: int = 0) -> Suspicion:
        mark, log_mark = (WorkMark(tmp_path / f"{name}.mark") for name in ("queue-manager", "log"))
        return suspicion(tmp_path, mark, log_mark, {"p": watermark})

    start().begin([Work("p", 5, 9)])  # and a SIGKILL
    assert (start().last("p"), start().deaths("p", 5)) == (9, 1)
    one = start()
    one.begin([Work("p", 5, 5)])
    assert (start().deaths("p", 5), start().deaths("p", 6)) == (2, 1)
    one.begin([Work("p", 6, 6)])
    one.end()
    assert (start().deaths("p", 5), start().deaths("p", 6)) == (2, 1)
    assert start(watermark=9).last("p") == 0
    (tmp_path / QUEUE_LIST_FILE).write_bytes(b'[["p",1,\n[["p",7,7]]\n\xff\n')
    assert (start().deaths("p", 7), start().deaths("p", 1)) == (1, 0)


ROWS_AT_START = {
    "a retained state": "INSERT INTO retained_states VALUES ('score', 1, ?)",
    "a streak": "INSERT INTO derived VALUES ('a:b', ?)",
    "the ledger": "INSERT OR REPLACE INTO meta VALUES ('ledger', ?)",
    "the calendar": "INSERT OR REPLACE INTO meta VALUES ('calendar', ?)",
}


@pytest.mark.parametrize("value", ["?", "CAST(? AS TEXT)"], ids=["bytes", "text"])  # one bit in the file
@pytest.mark.parametrize("row", ROWS_AT_START)
def test_a_row_that_kills_queue_managers_at_their_start_is_set_aside_alone(
    tmp_path: Path, row: str, value: str
) -> None:
    def start() -> Log:
        """Decode what a queue-manager decodes; an exception is a death of it."""
        log = open_log(tmp_path, starting=True)
        read = log.recovered
        Derivation(5_000, read.derived)
        Ledger(read.ledger)
        Calendar.recovered(read.calendar, 0.0, 0.0, 0.0)
        log.started()
        return log

    first = start()
    score = event("score", "s1", Score({"CT": 1}), coalesce_key="score:CT")
    first.commit([Entry(retained={"score:CT": score}, derived={"a:c": msgspec.msgpack.encode(Run(Player("c", "C")))})])
    first.close()
    with sqlite3.connect(tmp_path / database.LOG_FILE) as db:
        db.execute(ROWS_AT_START[row].replace("?", value), (b"\xc1 poison",))
    starts: list[Log | None] = []
    while not (starts and starts[-1]) and len(starts) < 9:
        starts.append(None)
        with suppress(msgspec.DecodeError):
            starts[-1] = start()
    last = starts[-1]
    assert last is not None
    assert (len(starts) - 1, last.set_aside) == (3, 1)
    assert (list(last.recovered.retained), list(last.recovered.derived)) == (["score:CT"], ["a:c"])
    [letter] = LogReader(tmp_path).quarantine(5)
    assert (letter["dead"], "poison" in letter["excerpt"]) == (True, True)
    assert "died while they read it at their start" in letter["reason"]
    last.close()
    again = start()
    assert again.set_aside == 0
    again.close()


def test_deaths_at_different_rows_of_a_start_do_not_add_up(tmp_path: Path) -> None:
    """A queue-manager that is killed from outside, each time while it reads another row."""
    open_log(tmp_path).close()
    scores = {f"score:{n}": event("score", f"s{n}", Score({"CT": n}), coalesce_key=f"score:{n}") for n in range(5)}
    first = open_log(tmp_path)
    first.commit([Entry(retained=dict(scores))])
    first.close()
    for key in scores:
        mark = WorkMark(tmp_path / "start.mark")
        with sqlite3.connect(tmp_path / database.LOG_FILE) as db:
            (body,) = db.execute("SELECT body FROM retained_states WHERE key = ?", (key,)).fetchone()
        mark.touch(b"%b 1" % recovery.digest_of("retained_states", key, body))
        mark.close()
        log = open_log(tmp_path, starting=True)
        assert (log.set_aside, len(log.recovered.retained)) == (0, 5)
        log.close()


def test_a_disk_that_fails_while_the_log_writes_counts_against_no_message(tmp_path: Path) -> None:
    work = [Work("p", 1, 1)]
    log = open_log(tmp_path)
    log.commit([entry(1, work=work)])
    assert WorkMark(tmp_path / "log.mark").last == b""
    with pytest.raises(UnicodeEncodeError):
        log.commit([entry(2, work=work, identities=[("half a pair: \ud800", "e", 0.0)])])  # a fault of the message
    assert WorkMark(tmp_path / "log.mark").last == b'[["p",1,1,false]]'
    log._db.execute("ROLLBACK")
    log._db.execute("DROP TABLE events")
    with pytest.raises(sqlite3.OperationalError):
        log.commit([entry(2, work=work)])  # a fault of the disk
    assert WorkMark(tmp_path / "log.mark").last == b""


def test_identities_are_counted_as_they_come_and_go_not_at_a_start(tmp_path: Path) -> None:
    """A million of them on a cold disk would delay the first event after a kill by seconds."""
    log = open_log(tmp_path)
    log.commit([Entry(identities=[("k1", "e1", 0.0), ("k2", "e2", 9e15)])])
    log.commit([Entry(identities=[("k2", "e3", 9e15)])])  # a known one is no second one
    log.commit([Entry(trim_ms=1e15)])
    log.close()
    with closing(sqlite3.connect(tmp_path / database.LOG_FILE)) as db, db:
        assert db.execute("SELECT value FROM meta WHERE key = 'identities'").fetchone() == (1,)
        db.execute("UPDATE meta SET value = 7 WHERE key = 'identities'")
    log = open_log(tmp_path)
    assert log._identities == 7
    log.close()
    purge(tmp_path, None, "k2")
    assert open_log(tmp_path)._identities == 0


def test_a_damaged_page_of_the_log_counts_against_no_message(tmp_path: Path) -> None:
    work = [Work("p", 2, 2)]
    log = open_log(tmp_path)
    log.commit([entry(1)])
    ((root,), (size_bytes,)) = (
        log._db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_by_id'").fetchone(),
        log._db.execute("PRAGMA page_size").fetchone(),
    )
    log.close()
    with (tmp_path / database.LOG_FILE).open("r+b") as file:
        file.seek((root - 1) * size_bytes)
        file.write(b"\xff" * size_bytes)
    log = open_log(tmp_path)
    with pytest.raises(ConfigError, match=r"log\.db is damaged .* Move"):
        log.commit([entry(2, work=work)])
    assert WorkMark(tmp_path / "log.mark").last == b""


@pytest.mark.parametrize(
    "change", ["UPDATE meta SET value = 1 WHERE key = 'top'", "DELETE FROM meta WHERE key = 'top'"]
)
def test_a_top_below_the_last_event_is_corrected_at_a_start(change: str, tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    writer.commit([entry(1, 2, 3)])
    writer.close()
    with closing(sqlite3.connect(tmp_path / database.LOG_FILE)) as db:
        db.execute(change)
        db.commit()
    again = open_log(tmp_path)
    assert again.recovered.head.top == 3
    again.close()


def test_a_position_that_is_taken_counts_against_no_message(tmp_path: Path) -> None:
    """Three deaths of it, and the messages in work were dead letters."""
    log = open_log(tmp_path)
    log.commit([entry(1)])
    with pytest.raises(ConfigError, match=r"log\.db is damaged"):
        log.commit([entry(1, work=[Work("p", 1, 1)])])
    assert WorkMark(tmp_path / "log.mark").last == b""


def test_a_machine_without_memory_counts_against_no_message(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    needed_bytes = 64 << 20
    before = log._db.execute("PRAGMA hard_heap_limit").fetchone()
    log._db.execute(f"PRAGMA hard_heap_limit = {needed_bytes}")
    try:
        with pytest.raises(MemoryError):
            log.commit([entry(1, work=[Work("p", 1, 1)], derived={"large": bytes(needed_bytes)})])
    finally:
        log._db.execute(f"PRAGMA hard_heap_limit = {before[0]}")
    assert WorkMark(tmp_path / "log.mark").last == b""


def test_a_damaged_log_is_refused_to_readers_without_a_crash(tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    writer.commit([entry(1)])
    writer.close()
    path = tmp_path / database.LOG_FILE
    path.write_bytes(b"no database at all" * 1_000)
    reader = LogReader(tmp_path)
    for question in (reader.head, reader.snapshot, lambda: reader.page(0, 10), lambda: reader.history("e1")):
        with pytest.raises(Refused, match="cannot be read"):
            question()


def _broken(body: bytes, how: str) -> object:
    event = msgspec.msgpack.decode(body)
    match how:
        case "cut":
            return body[: len(body) // 2]
        case "zeros":
            return bytes(len(body))
        case "text":
            return "no bytes"
        case "no UTF-8":
            return b"\xff"
        case "other position":
            event["g"] = 9
        case "payload is no map":
            event["b"] = [1, 2]
        case "payload is no text":
            return body.replace(b"damage-me", b"\xff" * 9)
        case "payload is no JSON":
            event["b"] = {"name": msgspec.msgpack.Ext(5, b"x")}
    return msgspec.msgpack.encode(event)


@pytest.mark.parametrize(
    "how",
    [
        "cut",
        "zeros",
        "text",
        "no UTF-8",
        "other position",
        "payload is no map",
        "payload is no text",
        "payload is no JSON",
    ],
)
def test_a_damaged_row_ends_no_reader_and_keeps_its_position(how: str, tmp_path: Path) -> None:
    writer, reader = open_log(tmp_path), LogReader(tmp_path)
    state = event("score", "s", position=0)
    middle = event("custom", "e2", Custom("damage-me"), position=2)
    retained = {"score": state, "custom:damage-me": msgspec.structs.replace(middle, position=0)}
    events = [*entry(1).events, middle, *entry(3).events]
    writer.commit([Entry(events=events, retained=retained)])
    writer.close()
    with closing(sqlite3.connect(tmp_path / database.LOG_FILE)) as db:
        for table, row in (("events", "position = 2"), ("retained_states", "key = 'custom:damage-me'")):
            (body,) = db.execute(f"SELECT body FROM {table} WHERE {row}").fetchone()
            value = "CAST(? AS TEXT)" if how == "no UTF-8" else "?"
            db.execute(f"UPDATE {table} SET body = {value} WHERE {row}", (_broken(body, how),))
        db.commit()
    page = reader.page(0, 10)
    assert [one.position for one in page] == [1, 2, 3]
    assert [one.id for one in page] == ["e1", "damaged-2", "e3"]
    assert json_event(page[1])["payload"] == {"name": "damaged"}
    assert (found := reader.history("e2")) is not None
    assert (found["id"], found["position"]) == ("damaged-2", 2)
    states = [one.id for one in reader.snapshot()]
    assert states == (["s", "e2"] if how == "other position" else ["s"])
    purge(tmp_path, None, "absent")
    assert [one.id for one in reader.page(0, 10)] == ["e1", "purged-2", "e3"]
    assert [one.id for one in reader.snapshot()][:1] == ["s"]
    reader.close()


def test_a_damaged_page_of_events_hides_no_other_event(tmp_path: Path) -> None:
    """A gateway that started beside it never became ready, and one with a gap there showed nothing any more."""
    writer, reader = open_log(tmp_path), LogReader(tmp_path)
    writer.commit([entry(*range(1, 401))])
    writer.close()
    path = tmp_path / database.LOG_FILE
    with closing(sqlite3.connect(path)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    (body,) = sqlite3.connect(path).execute("SELECT body FROM events WHERE position = 200").fetchone()
    page = content.index(body) // size * size
    content[page : page + size] = b"\xff" * size
    path.write_bytes(content)
    events = reader.page(100, 200)
    assert [one.position for one in events] == list(range(101, 301))
    lost = [one.position for one in events if one.id != f"e{one.position}"]
    assert 200 in lost
    assert len(lost) < 60  # the rows of that page alone
    assert {one.type for one in events if one.position in lost} == {"custom"}
    assert [one.id for one in reader.page(395, 10)] == ["e396", "e397", "e398", "e399", "e400"]
    reader.close()


def test_old_events_that_are_damaged_end_no_commit(tmp_path: Path) -> None:
    """Each trim ended the queue-manager, once in a minute, without an alert; nothing was removed any more."""
    writer = open_log(tmp_path, keep_s=100.0)
    writer.commit([entry(*range(1, 401), ts_ms=1.0)])
    writer.close()
    path = tmp_path / database.LOG_FILE
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (body,) = db.execute("SELECT body FROM events WHERE position = 200").fetchone()
    page = content.index(body) // size * size
    content[page : page + size] = b"\xff" * size
    path.write_bytes(content)
    writer = open_log(tmp_path, keep_s=100.0)
    counted = writer._event_bytes
    assert writer.commit([Entry(events=entry(401).events, trim_ms=1e9)]) == [False]
    assert writer.damaged
    assert writer._event_bytes > counted
    assert [one.id for one in LogReader(tmp_path).page(400, 10)] == ["e401"]
    assert writer.commit([entry(402)]) == [False]
    writer.close()


def test_old_rows_of_an_outbox_that_are_damaged_end_no_commit(tmp_path: Path) -> None:
    """Each trim ended the source or the ingest, every 30 s, without an alert; requests at that moment failed."""
    an_hour_ago_ms = (time.time() - 3_600.0) * 1000
    box = outbox(tmp_path, keep_s=100.0)
    box.commit([Delivery(rows(*[b"row %6d " % number * 20 for number in range(400)]), an_hour_ago_ms)])
    box.commit([Delivery(rows(b"recent"), time.time() * 1000), Progress(401, "e")])
    box.close()
    path = tmp_path / "outbox-source.db"
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
    page = content.index(b"row %6d" % 200) // size * size
    content[page : page + size] = b"\xff" * size
    path.write_bytes(content)
    box = outbox(tmp_path, keep_s=100.0)
    stored, more = box.commit([Delivery(rows(b"new"), time.time() * 1000), Progress(401, "e", trim=True)])
    assert ([item.pseq for item in stored.items], more, box.damaged) == ([402], False, True)
    assert [item.body for item in OutboxReader(tmp_path, "source").rows(401, 10)] == [b"new"]
    assert box.commit([Delivery(rows(b"newer"), time.time() * 1000)])[0].items[0].pseq == 403
    box.close()


def test_a_damaged_page_of_retained_states_hides_no_event(tmp_path: Path) -> None:
    """A gateway that started beside it never became ready, while all processes were running."""
    writer, reader = open_log(tmp_path), LogReader(tmp_path)
    writer.commit([Entry(events=entry(1).events, retained={"score": event("score", "s", position=0)})])
    writer.close()
    path = tmp_path / database.LOG_FILE
    with closing(sqlite3.connect(path)) as db:
        ((root,), (size,)) = (
            db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'retained_states'").fetchone(),
            db.execute("PRAGMA page_size").fetchone(),
        )
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    assert reader.snapshot() == []
    assert [one.id for one in reader.page(0, 10)] == ["e1"]
    reader.close()


def test_the_rendered_position_never_decreases_within_an_epoch(tmp_path: Path) -> None:
    writer = open_log(tmp_path)
    reader = LogReader(tmp_path)
    writer.commit([entry(1, 2, receipts=[Receipt("main", "e", 2, 9.0)])])
    writer.commit([Entry(receipts=[Receipt("main", "e", 1, 10.0)])])
    assert reader.cursor("main") == 2
    writer.commit([Entry(new_epoch="another")])
    assert reader.cursor("main") is None
    writer.close()


@pytest.mark.parametrize("wreck", [b"x" * 30_000, None])
def test_a_damaged_file_is_named_with_advice(tmp_path, wreck):
    log, box = open_log(tmp_path), outbox(tmp_path)
    log.close()
    box.close()
    for path, again in ((tmp_path / "log.db", open_log), (next(tmp_path.glob("outbox-*.db")), outbox)):
        content = path.read_bytes()
        path.write_bytes(wreck or content[:100] + b"\xff" * (len(content) - 100))
        with pytest.raises(ConfigError, match=f"{path.name} is damaged .* Move {path.name}.* away"):
            again(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM rows WHERE pseq IN (3, 4)",
        "UPDATE rows SET kind = CAST(x'ff' AS TEXT) WHERE pseq IN (3, 4)",
        "UPDATE rows SET body = CAST(x'ff' AS TEXT) WHERE pseq IN (3, 4)",
        "UPDATE rows SET ts_ingest_ms = 'no number' WHERE pseq IN (3, 4)",
    ],
)
def test_damaged_and_missing_rows_of_an_outbox_keep_no_other_row_from_the_log(change: str, tmp_path: Path) -> None:
    """The rows behind them waited for ever, or their process was restarted again and again."""
    box = outbox(tmp_path)
    box.commit([Delivery(rows(b"1", b"2", b"3", b"4", b"5", b"6"), 1.0)])
    box.close()
    with closing(sqlite3.connect(tmp_path / "outbox-source.db")) as db, db:
        db.execute(change)
    reader = OutboxReader(tmp_path, "source")
    found = reader.rows(0, 10)
    assert [item.pseq for item in found] == [1, 2, 3, 4, 5, 6]
    assert [item.body for item in found if item.pseq not in (3, 4)] == [b"1", b"2", b"5", b"6"]
    decoder = msgspec.msgpack.Decoder(RawItem)
    assert [decoder.decode(msgspec.msgpack.encode(item)).pseq for item in found] == [1, 2, 3, 4, 5, 6]
    assert [item.pseq for item in reader.rows(2, 1)] == [3]
    assert [item.pseq for item in reader.rows(3, 2)] == [4, 5]
    reader.close()


def test_rows_that_were_removed_before_the_oldest_one_are_not_missing(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.commit([Delivery(rows(b"1", b"2"), 1.0), Progress(2, "e1", trim=True), Delivery(rows(b"3"), 1.0)])
    assert [item.pseq for item in OutboxReader(tmp_path, "source").rows(0, 10)] == [3]
    box.close()


_NO_TEXT = "CAST(x'ff' AS TEXT)"  # not UTF-8, which SQLite does not check


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = 'x' WHERE key = 'top'",
        "UPDATE meta SET value = 'x' WHERE key = 'event_bytes'",
        "UPDATE marks SET watermark = 'x'",
        f"UPDATE marks SET producer = {_NO_TEXT}",
        f"INSERT INTO derived VALUES ({_NO_TEXT}, x'00')",
        f"INSERT INTO retained_states VALUES ({_NO_TEXT}, 1, x'00')",
    ],
)
def test_a_damaged_value_of_the_log_is_named_with_advice(change: str, tmp_path: Path) -> None:
    """The queue-manager died of it at each start, without a reason that a user can understand."""
    log = open_log(tmp_path)
    log.commit([entry(1, watermarks={"p": 1})])
    log.close()
    with closing(sqlite3.connect(tmp_path / "log.db")) as db, db:
        db.execute(change)
    with pytest.raises(ConfigError, match=r"log\.db is damaged .* Move log\.db.* away"):
        open_log(tmp_path, starting=True)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = 'x' WHERE key = 'acked'",
        "INSERT INTO meta VALUES ('ahead_ms', 'x')",
        "INSERT INTO deliveries VALUES (x'00', 'x')",
        "UPDATE sqlite_sequence SET seq = 'x'",
        f"INSERT INTO cursors VALUES ({_NO_TEXT}, x'00')",
    ],
)
def test_a_damaged_value_of_an_outbox_is_named_with_advice(change: str, tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.commit([Delivery(rows(b"a"), 1.0)])
    box.close()
    with closing(sqlite3.connect(tmp_path / "outbox-source.db")) as db, db:
        db.execute(change)
    with pytest.raises(ConfigError, match=r"outbox-source\.db is damaged .* Move outbox-source\.db.* away"):
        outbox(tmp_path)


def test_an_outbox_whose_last_number_is_lost_continues_after_its_rows(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.commit([Delivery(rows(b"a", b"b"), 1.0)])
    box.close()
    with closing(sqlite3.connect(tmp_path / "outbox-source.db")) as db, db:
        db.execute("DELETE FROM sqlite_sequence")
    again = outbox(tmp_path)
    assert again.newest == 2
    again.close()


def test_a_store_that_is_locked_by_another_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leftover outbox that could not be opened ended the ingest again and again."""
    outbox(tmp_path).close()

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, timeout=0.0)

    with closing(connect(tmp_path / "outbox-source.db")) as other, monkeypatch.context() as patch:
        other.execute("BEGIN IMMEDIATE")
        patch.setattr(outbox_store, "connect", connect)  # which waits for 5 s
        with pytest.raises(Refused, match=r"outbox-source\.db cannot be opened for writing: database is locked"):
            outbox(tmp_path)
    outbox(tmp_path).close()


def test_a_store_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox-source.db"
    said = pytest.raises(Refused, match=r"outbox-source\.db cannot be opened for writing: Permission denied")
    with said, database.named(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))  # root has all permissions


def test_an_outbox_that_cannot_be_opened_keeps_neither_its_lock_nor_a_transaction(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.close()
    path = tmp_path / "outbox-source.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE rows RENAME COLUMN ts_ingest_ms TO other")
    with pytest.raises(sqlite3.Error) as refusal:
        outbox(tmp_path)
    with closing(sqlite3.connect(path, timeout=0.0)) as db:
        db.execute("ALTER TABLE rows RENAME COLUMN other TO ts_ingest_ms")
    outbox(tmp_path).close()
    assert refusal.value.__traceback__ is not None  # it still holds the frames of the refused one
