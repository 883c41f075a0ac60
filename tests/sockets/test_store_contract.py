"""The contract of every store (actors/interfaces.py): the same tests over SQLite and over stores in memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from actors import faults, interfaces
from actors.core.contract.event import Receipt, Reject
from actors.core.contract.types.match import Score
from actors.core.queue.sequencer import Entry
from actors.errors import Fenced, Refused
from actors.interfaces import Delivery, Forget, Progress
from actors.stores.log import LOCK_FILE, Log, LogReader
from actors.stores.outbox import Outbox
from tests.core.make import event
from tests.memory.stores import Disk, MemoryLog, MemoryLogReader, MemoryOutbox

DAY_S = 86_400.0


class Death(Exception):
    """A process ends at a point of faults.py."""


class SqliteStores:
    """Stores in files; a death closes the connection without a commit, and frees the lock."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir

    def outbox(self, keep_s: float = DAY_S) -> interfaces.Outbox:
        return Outbox(self._run_dir, "source", keep_s)

    def log(self, keep_s: float = DAY_S, max_bytes: int = 1 << 30, quarantine_rows: int = 100) -> interfaces.Log:
        return Log(self._run_dir, keep_s, max_bytes, 7 * DAY_S, quarantine_rows)

    def reader(self) -> interfaces.LogReader:
        return LogReader(self._run_dir)

    def die(self, store: Any) -> None:
        store._db.close()
        store._lock.close()

    def lose_lock(self) -> None:
        (self._run_dir / LOCK_FILE).unlink()


class MemoryStores:
    """Stores on a disk in memory."""

    def __init__(self, _run_dir: Path) -> None:
        self._disk = Disk()

    def outbox(self, keep_s: float = DAY_S) -> interfaces.Outbox:
        return MemoryOutbox(self._disk, "source", keep_s)

    def log(self, keep_s: float = DAY_S, max_bytes: int = 1 << 30, quarantine_rows: int = 100) -> interfaces.Log:
        return MemoryLog(self._disk, keep_s, max_bytes, 7 * DAY_S, quarantine_rows)

    def reader(self) -> interfaces.LogReader:
        return MemoryLogReader(self._disk)

    def die(self, store: Any) -> None:
        store.close()

    def lose_lock(self) -> None:
        self._disk.held.clear()


Stores = SqliteStores | MemoryStores


@pytest.fixture(params=[SqliteStores, MemoryStores], ids=["sqlite", "memory"])
def stores(request: pytest.FixtureRequest, run_dir: Path) -> Stores:
    made: Stores = request.param(run_dir)
    return made


def rows(*bodies: bytes) -> list[tuple[str, bytes]]:
    return [("event", body) for body in bodies]


def entry(*positions: int, ts_ms: float = 0.0, **fields: Any) -> Entry:
    events = [event("death", f"e{position}", position=position, ts_queued_ms=ts_ms) for position in positions]
    return Entry(events=events, **fields)


def bodies(box: interfaces.Outbox, after: int = 0) -> list[bytes]:
    reader = box.reader()
    found = [item.body for item in reader.rows(after, 1_000)]
    reader.close()
    return found


def commit_and_die(store: interfaces.Store, jobs: list[Any], point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def passed(name: str) -> None:
        if name == point:
            raise Death

    with monkeypatch.context() as patched:
        patched.setattr(faults, "point", passed)
        store.commit(jobs)


# The outbox


def test_an_outbox_numbers_without_a_gap_over_restarts(stores: Stores) -> None:
    box = stores.outbox()
    first, second = box.commit([Delivery(rows(b"a", b"b"), 1.0), Delivery(rows(b"c"), 2.0)])
    assert [item.pseq for item in (*first.items, *second.items)] == [1, 2, 3]
    producer, generation = box.producer, box.pgen
    box.close()
    box = stores.outbox()
    assert (box.producer, box.pgen, box.newest, box.waiting_bytes) == (producer, generation + 1, 3, 3)
    assert bodies(box, after=1) == [b"b", b"c"]
    box.close()


def test_a_delivery_that_is_repeated_is_stored_once(stores: Stores) -> None:
    box = stores.outbox()
    once, again = box.commit([Delivery(rows(b"a"), 1.0, b"digest")] * 2)
    assert (len(once.items), once.repeated, len(again.items), again.repeated) == (1, False, 0, True)
    box.close()
    box = stores.outbox()
    [later] = box.commit([Delivery(rows(b"a"), 1.0, b"digest")])
    assert later.repeated
    assert bodies(box) == [b"a"]
    box.close()


@pytest.mark.parametrize(
    ("point", "kept"), [("outbox.before_commit", False), ("outbox.in_commit", False), ("outbox.after_commit", True)]
)
def test_a_transaction_of_an_outbox_is_there_as_a_whole_or_not_at_all(
    stores: Stores, point: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = stores.outbox()
    box.commit([Delivery(rows(b"a"), 1.0, cursor=("s", b"1"))])
    with pytest.raises(Death):
        commit_and_die(
            box, [Delivery(rows(b"b", b"c"), 2.0, b"digest", ("s", b"2")), Progress(1, "e1")], point, monkeypatch
        )
    stores.die(box)
    box = stores.outbox()
    assert bodies(box) == ([b"a", b"b", b"c"] if kept else [b"a"])
    assert (box.cursors, box.acked, box.epoch) == (({"s": b"2"}, 1, "e1") if kept else ({"s": b"1"}, 0, ""))
    [again] = box.commit([Delivery(rows(b"b", b"c"), 2.0, b"digest", ("s", b"2"))])
    assert again.repeated == kept
    assert bodies(box) == [b"a", b"b", b"c"]
    assert box.commit([Delivery(rows(b"d"), 3.0)])[0].items[0].pseq == 4
    box.close()


def test_a_death_in_a_transaction_of_an_outbox_leaves_no_part_of_it(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = stores.outbox(keep_s=0.0)
    box.commit([Delivery(rows(b"a"), 1.0)])
    with pytest.raises(Death):
        commit_and_die(
            box,
            [Delivery(rows(b"b"), 2.0, cursor=("s", b"1")), Progress(1, "e1", trim=True)],
            "outbox.in_commit",
            monkeypatch,
        )
    stores.die(box)
    box = stores.outbox()
    assert (bodies(box), box.cursors, box.acked) == ([b"a"], {}, 0)
    box.close()


def test_a_death_in_a_trim_of_an_outbox_removes_nothing(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    box = stores.outbox(keep_s=0.0)
    box.commit([Delivery(rows(b"a"), 1.0)])
    with pytest.raises(Death):
        commit_and_die(box, [Delivery(rows(b"b"), 2.0), Progress(1, "e1", trim=True)], "outbox.trimmed", monkeypatch)
    stores.die(box)
    box = stores.outbox()
    assert (bodies(box), box.acked) == ([b"a", b"b"], 1)
    box.close()


def test_large_rows_are_read_only_as_far_as_they_fit(stores: Stores) -> None:
    box = stores.outbox()
    box.commit([Delivery(rows(b"1" * 40, b"2" * 60, b"3" * 60), 0.0)])
    reader = box.reader()
    read = [[item.pseq for item in reader.rows(0, 10, max_bytes)] for max_bytes in (1, 40, 41, 100, 101)]
    assert read == [[1], [1], [1, 2], [1, 2], [1, 2, 3]]
    reader.close()
    box.close()


def test_rows_that_the_log_has_are_kept_for_a_while_then_trimmed_and_their_numbers_stay_taken(stores: Stores) -> None:
    box = stores.outbox(keep_s=100.0)
    now_ms = time.time() * 1000
    box.commit([Delivery(rows(b"old"), now_ms - 200_000.0), Delivery(rows(b"new", b"unacknowledged"), now_ms)])
    assert box.commit([Progress(2, "e1", trim=True)]) == [False]
    reader = box.reader()
    assert ([item.body for item in reader.rows(0, 10)], reader.oldest()) == ([b"new", b"unacknowledged"], 2)
    reader.close()
    box.close()
    box = stores.outbox(keep_s=0.0)
    box.commit([Progress(3, "e1", trim=True)])
    reader = box.reader()
    assert (reader.rows(0, 10), reader.oldest()) == ([], 4)
    reader.close()
    assert box.commit([Delivery(rows(b"next"), now_ms)])[0].items[0].pseq == 4
    box.close()


def test_an_outbox_that_is_older_than_the_log_continues_under_a_new_name(stores: Stores) -> None:
    box = stores.outbox()
    box.commit([Delivery(rows(b"a", b"b"), 1.0), Progress(1, "e1")])
    name = box.producer
    box.commit([Forget()])
    box.close()
    box = stores.outbox()
    assert box.producer != name
    assert (box.acked, bodies(box)) == (0, [b"b"])
    box.close()


def test_an_outbox_has_one_writer(stores: Stores) -> None:
    box = stores.outbox()
    with pytest.raises(Refused):
        stores.outbox()
    stores.die(box)
    stores.outbox().close()


# The log


def test_there_is_no_log_before_its_first_writer(stores: Stores) -> None:
    with pytest.raises(Refused):
        stores.reader()


def test_committed_entries_are_read_in_order_while_the_writer_lives_and_after_it(stores: Stores) -> None:
    log = stores.log()
    reader = stores.reader()
    assert log.commit([entry(1, 2, watermarks={"p": 7}), entry(3)]) == [False, False]
    assert (reader.head().top, reader.head().oldest, reader.head().gen) == (3, 1, log.recovered.head.gen)
    assert [one.id for one in reader.page(1, 10)] == ["e2", "e3"]
    assert [one.id for one in reader.page(0, 2)] == ["e1", "e2"]
    log.close()
    assert [one.id for one in reader.page(0, 10)] == ["e1", "e2", "e3"]
    reader.close()


def full_entry() -> Entry:
    return entry(
        2,
        watermarks={"p": 2},
        derived={"streak/a": b"2", "streak/b": None},
        retained={"score": event("score", "s2", Score({"CT": 2}), coalesce_key="score")},
        identities=[("source\0k", "e2", 5.0)],
        rejects=[Reject("bad", "srcds", "cut line", "L 03/", 5.0, dead=True)],
        receipts=[Receipt("main", "e", 2, 9.0)],
        ledger=b"ledger",
        calendar=b"calendar",
    )


@pytest.mark.parametrize(
    ("point", "kept"), [("log.before_commit", False), ("log.in_commit", False), ("log.after_commit", True)]
)
def test_a_transaction_of_a_log_is_there_as_a_whole_or_not_at_all(
    stores: Stores, point: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = stores.log()
    log.commit([entry(1, watermarks={"p": 1}, derived={"streak/b": b"1"}, receipts=[Receipt("main", "e", 1, 8.0)])])
    gen = log.recovered.head.gen
    with pytest.raises(Death):
        commit_and_die(log, [full_entry()], point, monkeypatch)
    stores.die(log)
    again, reader = stores.log(), stores.reader()
    found = again.recovered
    assert found.head.gen > gen
    assert found.head.top == (2 if kept else 1)
    assert found.watermarks == {"p": 2 if kept else 1}
    assert found.derived == ({"streak/a": b"2"} if kept else {"streak/b": b"1"})
    assert list(found.retained) == (["score"] if kept else [])
    assert (found.ledger, found.calendar) == ((b"ledger", b"calendar") if kept else (b"", b""))
    assert [one.id for one in reader.page(0, 10)] == (["e1", "e2"] if kept else ["e1"])
    assert reader.identity("source\0k") == ("e2" if kept else None)
    assert reader.cursor("main") == (2 if kept else 1)
    assert [row["id"] for row in reader.quarantine(10)] == (["bad"] if kept else [])
    reader.close()
    again.close()


def test_a_history_names_the_position_and_the_overlays_or_the_reason(stores: Stores) -> None:
    log = stores.log()
    log.commit([entry(1, receipts=[Receipt("main", "e", 2, 8.0), Receipt("other", "e", 1, 8.0)]), full_entry()])
    reader = stores.reader()
    second, bad = reader.history("e2"), reader.history("bad")
    assert second is not None
    assert bad is not None
    assert (second["outcome"], second["position"]) == ("logged", 2)
    assert second["rendered_by"] == [{"overlay_id": "main", "by_ts_ms": 9.0, "seen": True}]
    assert (bad["outcome"], bad["reason"], bad["kind"]) == ("dead-lettered", "cut line", "srcds")
    assert reader.history("unknown") is None
    reader.close()
    log.close()


def test_retained_states_are_in_the_order_of_their_changes(stores: Stores) -> None:
    log = stores.log()

    def change(key: str, at_ms: float) -> Entry:
        return Entry(retained={key: event("score", "s", Score({}), coalesce_key=key, ts_queued_ms=at_ms)})

    log.commit([change("score", 1.0), change("score:CT", 2.0)])
    log.commit([change("score", 3.0), change("gone", 4.0)])
    log.commit([Entry(retained={"gone": None})])
    reader = stores.reader()
    assert [(one.coalesce_key, one.ts_queued_ms) for one in reader.snapshot()] == [("score:CT", 2.0), ("score", 3.0)]
    reader.close()
    log.close()


def test_a_receipt_never_moves_back_and_ends_with_its_epoch(stores: Stores) -> None:
    log = stores.log()
    log.commit(
        [entry(1, 2, 3, receipts=[Receipt("main", "e", 3, 1.0)]), Entry(receipts=[Receipt("main", "e", 2, 2.0)])]
    )
    reader = stores.reader()
    assert reader.cursor("main") == 3
    log.commit([Entry(new_epoch="e2")])
    assert (reader.cursor("main"), reader.head().epoch, reader.head().top) == (None, "e2", 3)
    reader.close()
    log.close()


def test_a_trim_removes_the_oldest_and_positions_continue(stores: Stores) -> None:
    log = stores.log(keep_s=100.0, quarantine_rows=2)
    rejects = [Reject(f"r{number}", "event", "why", "", 0.0) for number in range(5)]
    log.commit([entry(1, 2, ts_ms=1.0), entry(3, ts_ms=60_000.0, rejects=rejects)])
    assert log.commit([Entry(trim_ms=150_000.0)]) == [False]
    reader = stores.reader()
    assert (reader.head().top, reader.head().oldest) == (3, 3)
    assert [row["id"] for row in reader.quarantine(10)] == ["r4", "r3"]
    log.commit([Entry(trim_ms=500_000.0)])
    assert (reader.head().top, reader.head().oldest, reader.page(0, 10)) == (3, 4, [])
    log.close()
    log = stores.log()
    assert log.recovered.head.top == 3
    reader.close()
    log.close()


def test_a_trim_is_limited_and_reports_remaining_rows(stores: Stores) -> None:
    log = stores.log(keep_s=100.0)
    log.commit([entry(*range(1, 2_011), ts_ms=1.0)])
    assert [log.commit([Entry(trim_ms=500_000.0)]) for _ in range(2)] == [[True], [False]]
    log.close()


def test_a_log_above_its_size_removes_recent_events_and_reports_it(stores: Stores) -> None:
    log = stores.log(max_bytes=1_000)
    log.commit([entry(*range(1, 51), ts_ms=1.0)])
    assert not log.full
    log.commit([Entry(trim_ms=2.0)])
    assert log.full
    reader = stores.reader()
    assert reader.head().oldest > 1
    reader.close()
    log.commit([Entry(trim_ms=2.0)])
    assert not log.full
    log.close()


def test_a_log_has_one_writer(stores: Stores) -> None:
    log = stores.log()
    with pytest.raises(Refused):
        stores.log()
    stores.die(log)
    stores.log().close()


def test_a_writer_of_an_older_generation_is_fenced_off(stores: Stores) -> None:
    old = stores.log()
    stores.lose_lock()
    new = stores.log()
    new.commit([entry(1)])
    with pytest.raises(Fenced, match="generation"):
        old.commit([entry(1, 2)])
    reader = stores.reader()
    assert [one.id for one in reader.page(0, 10)] == ["e1"]
    reader.close()
    stores.die(old)
    new.close()


# (what overlays reported, which overlays rendered the event at position 5, and whether it was visible there)
RENDERED = {
    "a receipt that covers it": ([Receipt("main", "e", 7, 1.0)], [("main", True)]),
    "a receipt that does not reach it": ([Receipt("main", "e", 4, 1.0)], []),
    "an overlay that joined later": ([Receipt("late", "e", 7, 1.0, since=5)], []),
    "an overlay that joined just before": ([Receipt("main", "e", 7, 1.0, since=4)], [("main", True)]),
    "one that left before it, and joined again after it": (
        [Receipt("main", "e", 4, 1.0), Receipt("main", "e", 9, 2.0, since=6)],
        [],
    ),
    "one that resumed where it had been": (
        [Receipt("main", "e", 4, 1.0), Receipt("main", "e", 9, 2.0, since=4)],
        [("main", True)],
    ),
    "two of one name: the older one has it": (
        [Receipt("main", "e", 9, 1.0, since=8), Receipt("main", "e", 6, 2.0)],
        [("main", True)],
    ),
    "a filter that withheld it": ([Receipt("main", "e", 7, 1.0, types=("chat", "deaths"))], []),
    "a filter that lets it through": ([Receipt("main", "e", 7, 1.0, types=("chat", "death"))], [("main", True)]),
    "pushed out by later ones": (
        [Receipt("main", "e", 7, 1.0, unseen=((3, 6),)), Receipt("side", "e", 7, 1.0, unseen=((1, 4), (6, 6)))],
        [("main", False), ("side", True)],
    ),
}


@pytest.mark.parametrize(("receipts", "rendered"), RENDERED.values(), ids=RENDERED)
def test_an_event_is_rendered_if_sent_in_the_conversation_and_covered_by_a_receipt(
    stores: Stores, receipts: list[Receipt], rendered: list[tuple[str, bool]]
) -> None:
    log, reader = stores.log(), stores.reader()
    log.commit([entry(*range(1, 10))])
    for receipt in receipts:
        log.commit([Entry(receipts=[receipt])])
    event_id = reader.page(4, 1)[0].id
    history = reader.history(event_id)
    assert history is not None
    assert [(row["overlay_id"], row["seen"]) for row in history["rendered_by"]] == rendered
