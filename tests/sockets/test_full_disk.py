"""A disk without room: stores roll back, the committer refuses or repeats, and nothing that was accepted is lost."""

from __future__ import annotations

import asyncio
import logging
import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.committer import Committer
from actors.core.contract.applications import AppState
from actors.core.queue.sequencer import Entry
from actors.core.supervision import health
from actors.errors import DiskFull
from actors.interfaces import Delivery, Progress, StoredMessage
from actors.producers import applications
from actors.stores import database
from actors.stores.log import Log, LogReader
from actors.stores.outbox import Outbox
from actors.stores.suspects import LIST_FILE, Suspects
from tests.core.make import event
from tests.support import eventually, run_async

BIG = b"x" * 400_000


def limit(db: sqlite3.Connection, pages: int) -> None:
    """Give the file room for `pages` more pages; a negative number removes the limit."""
    (used,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {used + pages if pages >= 0 else 4_294_967_294}")


def delivery(body: bytes, digest: bytes = b"") -> Delivery:
    return Delivery([("event", body)], time.time() * 1000, digest)


def test_an_outbox_without_space_rolls_back_and_continues_later(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, "ingest", 300.0)
    first = outbox.commit([delivery(b"small", b"1" * 16)])[0]
    limit(outbox._db, 2)
    with pytest.raises(DiskFull):
        outbox.commit([delivery(b"small", b"2" * 16), delivery(BIG, b"3" * 16)])
    limit(outbox._db, -1)
    outbox.probe()
    # All or none: the small delivery of the same transaction is unknown, too, and its repetition is no duplicate.
    second = outbox.commit([delivery(b"small", b"2" * 16)])[0]
    assert (first.items[0].pseq, second.items[0].pseq, second.repeated) == (1, 2, False)
    outbox.close()


def test_a_log_without_room_rolls_back_with_its_counts(tmp_path: Path) -> None:
    log = Log(tmp_path, 86_400.0, 1 << 30, 86_400.0, 100)
    log.commit([Entry(events=[event("death", "e1", position=1)])])
    counts = (log._event_bytes, log._identities)
    limit(log._db, 2)
    with pytest.raises(DiskFull):
        log.commit([Entry(events=[event("death", "e2", position=2)], ledger=BIG, identities=[("k", "e2", 0.0)])])
    assert (log._event_bytes, log._identities) == counts
    limit(log._db, -1)
    log.commit([Entry(events=[event("death", "e2", position=2)])])
    assert [one.id for one in LogReader(tmp_path).page(0, 10)] == ["e1", "e2"]
    log.close()


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file grow beyond a page, as a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE])
def test_a_failed_write_is_a_full_disk_only_where_the_file_system_takes_no_data(tmp_path: Path, code: int) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(bytes(4096))
    failed = sqlite3.OperationalError("disk I/O error")
    failed.sqlite_errorcode = code
    with no_room():
        assert database.is_full(failed, path)
    assert not database.is_full(failed, path)  # a defective disk: the process must not repeat the write
    failed.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    with no_room():
        assert not database.is_full(failed, path)
    assert [one.name for one in tmp_path.iterdir()] == ["store.db"]


def test_names_of_applications_that_a_full_disk_refused_are_saved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applications, "SAVE_AGAIN_S", 0.0)
    saved: list[Delivery] = []

    class FullAtFirst:
        """The link's methods that applications use; the disk has room from the third attempt on."""

        cursors: dict[str, bytes] = {}

        def store(self, delivery: Delivery) -> asyncio.Future[StoredMessage]:
            done = asyncio.get_running_loop().create_future()
            saved.append(delivery)
            if len(saved) < 3:
                done.set_exception(DiskFull("no room"))
            else:
                done.set_result(StoredMessage([]))
            return done

        def send_best_effort(self, *_: Any) -> None:
            return

    async def run() -> None:
        known = applications.Applications(FullAtFirst(), logging.getLogger("test"))  # type: ignore[arg-type]
        known.join(applications.AppConnection(AppState("tts"), lambda _: None, lambda: None, True))
        while len(saved) < 3:
            await asyncio.sleep(0)
        known.close()

    run_async(asyncio.wait_for(run(), 10))
    assert [one.cursor for one in saved] == [(applications.CURSOR, b'["tts"]')] * 3


def open_log(run_dir: Path) -> Log:
    return Log(run_dir, 86_400.0, 1 << 30, 86_400.0, 100)


def open_outbox(run_dir: Path) -> Outbox:
    return Outbox(run_dir, "ingest", 300.0)


@pytest.mark.parametrize("opened", [open_log, open_outbox])
def test_a_store_that_is_opened_on_a_full_disk_says_so(tmp_path: Path, opened: Callable[[Path], Log | Outbox]) -> None:
    opened(tmp_path).close()
    committer = Committer(lambda: opened(tmp_path), lambda: None)
    with no_room(), pytest.raises(DiskFull, match="the disk is full"):
        committer.start()


def test_a_normalizer_starts_on_a_full_disk(tmp_path: Path) -> None:
    line = b"x" * 255 + b"\n"
    (tmp_path / LIST_FILE).write_bytes(line * 16)  # a page, which may not grow
    first = Suspects(tmp_path, "normalizer-1")
    first.touch(b"p/1")
    first.close()
    with no_room():
        second = Suspects(tmp_path, "normalizer-1")
    assert second.deaths == {line.strip(): 16}
    second.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[tuple[Committer, Callable[[int], None]]]:
    """A committer of an outbox, and the way to give its disk less or more room."""
    opened: list[Outbox] = []
    pages: list[int] = []

    class Limited(Outbox):
        def commit(self, jobs: list[Any]) -> list[Any]:
            self._limit()
            return super().commit(jobs)

        def probe(self) -> None:
            self._limit()
            super().probe()

        def _limit(self) -> None:
            while pages:
                limit(self._db, pages.pop(0))

    def make() -> Outbox:
        opened.append(Limited(tmp_path, "ingest", 300.0))
        return opened[0]

    wake = threading.Event()
    committer = Committer(make, wake.set)
    committer.start()
    yield committer, pages.append
    committer.stop()


def test_a_full_disk_refuses_refusable_deliveries_and_keeps_others_in_order(outbox: Any) -> None:
    committer, room = outbox
    stored: list[int] = []
    refused: list[str] = []

    def take(body: bytes, may_be_refused: bool) -> None:
        committer.submit(
            delivery(body),
            lambda result: stored.append(result.items[0].pseq),
            (lambda error: refused.append(str(error))) if may_be_refused else None,
        )

    def collected(condition: Callable[[], bool]) -> None:
        def again() -> bool:
            committer.collect()
            return condition()

        eventually(again)

    take(b"first", True)
    collected(lambda: stored == [1])
    room(2)
    take(BIG, True)
    collected(lambda: len(refused) == 1)
    assert committer.full
    assert "disk is full" in refused[0]
    assert committer.measure().store_full == 1
    assert committer.measure().store_stuck_s == 0
    eventually(lambda: not committer.full)  # a probe needs less room than the delivery did
    assert committer.measure().store_full == 1  # reported until nothing was refused for a while
    take(BIG, False)
    eventually(lambda: committer.full)
    take(b"third", False)
    room(-1)
    collected(lambda: stored == [1, 2, 3])
    assert not committer.full


def test_a_process_that_stops_while_the_disk_is_full_ends(tmp_path: Path) -> None:
    class Full(Outbox):
        def commit(self, jobs: list[Any]) -> list[Any]:
            raise DiskFull("no room")

    committer = Committer(lambda: Full(tmp_path, "ingest", 300.0), lambda: None)
    committer.start()
    committer.submit(delivery(b"held"), lambda _: None)
    committer.submit(Progress(0, "e"), lambda _: None, lambda _: None)
    eventually(lambda: committer.full)
    committer.stop()


def test_a_stop_on_a_full_disk_commits_nothing_after_what_it_drops(tmp_path: Path) -> None:
    class FullForTheFirst(Outbox):
        def commit(self, jobs: list[Any]) -> list[Any]:
            if any(job.cursor == ("source", b"1") for job in jobs):
                raise DiskFull("no room")
            return super().commit(jobs)

    def numbered(number: bytes) -> Delivery:
        return Delivery([("event", number)], time.time() * 1000, cursor=("source", number))

    committer = Committer(lambda: FullForTheFirst(tmp_path, "source", 300.0), lambda: None)
    committer.start()
    committer.submit(numbered(b"1"), lambda _: None)
    eventually(lambda: committer.full)
    committer.submit(numbered(b"2"), lambda _: None)
    committer.stop()
    assert Outbox(tmp_path, "source", 300.0).cursors == {}  # otherwise the source continues after message 1


def test_a_store_without_room_is_an_alert() -> None:
    assert [alert.key for alert in health.of_stats("ingest", {"store_full": 1.0})] == ["disk.full"]
