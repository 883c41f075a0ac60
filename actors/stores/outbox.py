"""A producer's outbox: accepted messages, on disk before the source receives the answer.

AUTOINCREMENT assigns a row's number (pseq) and never reuses it. Rows are kept for `keep_s` after the log has them, so
that they can be sent again to a log that was restored from an older state. The producer's name ends in random
characters that are stored here: a new outbox is a new producer, whose numbers start again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

from actors import faults, host
from actors.core.contract.event import REFUSED, RawItem, refusal
from actors.core.queue.calendar import Calendar
from actors.errors import ConfigError, DiskFull
from actors.interfaces import Delivery, Forget, Progress, StoredMessage
from actors.stores.database import LOG_FILE, close, connect, create, named, number, transaction

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    pseq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body BLOB NOT NULL, ts_ingest_ms REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (digest BLOB PRIMARY KEY, ts_ms REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (source TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""
TRIM_ROWS: Final = 5_000
_MISSING: Final = refusal("it is missing in the outbox, whose file was damaged", b"")
CACHE_KIB: Final = 256  # rows are written at the end and removed at the beginning; SQLite would keep 2 MB of pages

log = logging.getLogger("outbox")


class Outbox:
    """The writer, one per producer. It holds `NAME.lock` until its exit."""

    def __init__(self, run_dir: Path, name: str, keep_s: float) -> None:
        self._keep_s = keep_s
        self._run_dir, self._name = run_dir, name
        self.damaged = False  # a trim could not read what it had to remove
        path = outbox_path(run_dir, name)
        with ExitStack() as held:  # a process that goes on without this outbox keeps no other from it
            self._lock = held.enter_context(host.lock(run_dir / f"{name}.lock", name))
            with named(path):
                host.touch_private(path)
                self._db = held.enter_context(closing(connect(path)))
                self._begin(name)
            held.pop_all()

    def _begin(self, name: str) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA fullfsync = 1")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        create(db, SCHEMA)
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT OR IGNORE INTO meta VALUES ('producer', ?), ('pgen', 0), ('acked', 0), ('epoch', '')",
            (f"{name}-{os.urandom(3).hex()}",),
        )
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'pgen'")
        (newest,) = db.execute(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'rows'), 0), "
            "coalesce((SELECT max(pseq) FROM rows), 0))"
        ).fetchone()
        self.newest = int(number(newest))
        (self.producer,) = db.execute("SELECT value FROM meta WHERE key = 'producer'").fetchone()
        if (logged := _logged(self._run_dir, self.producer)) > self.newest:
            # Now, not when the marks say so: a message that is stored before them would get a number that is logged.
            log.error("outbox_went_back name=%s newest=%d logged=%d", name, self.newest, logged)
            self._forget(logged)
        db.execute("COMMIT")
        meta: dict[str, Any] = dict(db.execute("SELECT key, value FROM meta"))
        self.producer, self.pgen = str(meta["producer"]), int(number(meta["pgen"]))
        self.acked, self.epoch = int(number(meta["acked"])), str(meta["epoch"])
        (waiting_bytes,) = db.execute(
            "SELECT coalesce(sum(length(body)), 0) FROM rows WHERE pseq > ?", (self.acked,)
        ).fetchone()
        self.waiting_bytes = int(waiting_bytes)
        self.cursors: dict[str, bytes] = dict(db.execute("SELECT source, body FROM cursors"))
        # The time since the newest row may be real or due to a clock that was set; in both cases no row ages by it.
        # The last row tells more than the highest time, which may be of a clock that was set back afterwards.
        newest = db.execute(
            "SELECT max(ts_ms) FROM deliveries UNION ALL "
            "SELECT ts_ingest_ms FROM rows WHERE pseq = (SELECT max(pseq) FROM rows)"
        )
        newest_ms = min((number(ts_ms) for (ts_ms,) in newest if ts_ms is not None), default=None)
        wall_ms = time.time() * 1000
        away_ms = 0.0 if newest_ms is None else max(0.0, wall_ms - newest_ms)
        ahead_ms = number(meta.get("ahead_ms", 0.0)) + away_ms
        self._calendar = Calendar(wall_ms, host.boottime_s(), self._keep_s, ahead_ms)

    def commit(self, jobs: list[Any]) -> list[StoredMessage | bool]:
        """Apply deliveries and progress in one transaction and return when it is on disk.

        The result of a delivery is its stored rows, that of progress whether there is more to trim.

        Raises:
            DiskFull: there is no room; nothing of the jobs is stored.
            sqlite3.Error: the disk failed; nothing was accepted, the process must die.
        """
        faults.point("outbox.before_commit")
        with transaction(self._db):
            results = [self._apply(job) for job in jobs]
            faults.point("outbox.in_commit")
        faults.point("outbox.after_commit")
        for index, job in enumerate(jobs):
            if isinstance(job, Progress) and job.trim:
                results[index] = self._trim_apart(job.acked)
        return results

    def probe(self) -> None:
        with transaction(self._db):
            self._db.execute("UPDATE meta SET value = value WHERE key = 'pgen'")

    def reader(self) -> OutboxReader:
        return OutboxReader(self._run_dir, self._name)

    def close(self) -> None:
        close(self._db)
        self._lock.close()

    def _apply(self, job: Delivery | Progress | Forget) -> StoredMessage | bool:
        if isinstance(job, Delivery):
            return self._store(job)
        if isinstance(job, Forget):
            self._forget(0)
            return False
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'acked'", (job.acked,))
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (job.epoch,))
        self._calendar_ms()
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('ahead_ms', ?)", (self._calendar.ahead_ms,))
        return False

    def _trim_apart(self, acked: int) -> bool:
        """Trim in a transaction of its own, so that new rows are stored beside old ones that are damaged."""
        try:
            with transaction(self._db):
                return self._trim(acked)
        except (DiskFull, ConfigError) as error:
            log.error("not_trimmed reason=%r", str(error))
            self.damaged = isinstance(error, ConfigError)
            return False

    def _trim(self, acked: int) -> bool:
        """Remove a limited number of rows that the log has had for `keep_s`; return whether there are more."""
        kept_ms = (self._calendar_ms() - self._keep_s * 1000, self._calendar.future_ms())
        trimmed = self._db.execute(
            # Up to the first row that is kept: after a clock was set back, older stamps follow newer ones.
            "DELETE FROM rows WHERE pseq < "
            "(SELECT coalesce(min(CASE WHEN ts_ingest_ms BETWEEN ? AND ? THEN pseq END), max(pseq) + 1) FROM "
            "(SELECT pseq, ts_ingest_ms FROM rows WHERE pseq <= ? ORDER BY pseq LIMIT ?))",
            (*kept_ms, acked, TRIM_ROWS),
        )
        more = trimmed.rowcount == TRIM_ROWS
        if not more:
            self._db.execute("DELETE FROM deliveries WHERE ts_ms NOT BETWEEN ? AND ?", kept_ms)
        faults.point("outbox.trimmed")
        return more

    def _calendar_ms(self) -> float:
        return self._calendar.now_ms(time.time() * 1000, host.boottime_s())

    def _forget(self, logged: int) -> None:
        """Continue under a new name, without the rows up to number `logged`, which the log has under the old one."""
        name = self.producer.rpartition("-")[0]
        self._db.execute("UPDATE meta SET value = ? WHERE key = 'producer'", (f"{name}-{os.urandom(3).hex()}",))
        # Rows that were acknowledged under the old name are in the log; under the new name none are.
        self._db.execute(
            "DELETE FROM rows WHERE pseq <= max(?, (SELECT value FROM meta WHERE key = 'acked'))", (logged,)
        )
        self._db.execute("UPDATE meta SET value = 0 WHERE key = 'acked'")

    def _store(self, delivery: Delivery) -> StoredMessage:
        db = self._db
        if delivery.cursor is not None:
            db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", delivery.cursor)
        if delivery.digest:
            try:
                db.execute("INSERT INTO deliveries VALUES (?, ?)", (delivery.digest, delivery.ts_ingest_ms))
            except sqlite3.IntegrityError:
                return StoredMessage([], repeated=True)
        items = []
        for kind, body in delivery.rows:
            cursor = db.execute(
                "INSERT INTO rows (kind, body, ts_ingest_ms) VALUES (?, ?, ?)", (kind, body, delivery.ts_ingest_ms)
            )
            items.append(RawItem(int(cursor.lastrowid or 0), 0, kind, body, delivery.ts_ingest_ms))
        return StoredMessage(items)


class OutboxReader:
    """Reads rows: after a start, and when more rows wait than the window holds."""

    def __init__(self, run_dir: Path, name: str) -> None:
        self._db = connect(outbox_path(run_dir, name), read_only=True)

    def rows(self, after: int, limit: int, max_bytes: int = sys.maxsize) -> list[RawItem]:
        """Return up to `limit` rows after number `after`, in order; the one that reaches `max_bytes` is the last.

        A row that is missing between others is one that is refused: the log takes no later number before it.
        """
        items: list[RawItem] = []
        size_bytes = 0
        expected = max(after + 1, self.oldest())
        # A damaged value may have another type, or be no text.
        found = self._db.execute(
            "SELECT pseq, CAST(kind AS BLOB), CAST(body AS BLOB), CAST(ts_ingest_ms AS REAL) FROM rows "
            "WHERE pseq > ? ORDER BY pseq LIMIT ?",
            (after, limit),
        )
        for pseq, kind, body, ts_ms in found:
            missing = range(expected, min(pseq, expected + limit - len(items)))
            if missing:
                log.error("missing_rows first=%d last=%d", missing[0], missing[-1])
            items += [RawItem(number, 0, REFUSED, _MISSING, ts_ms) for number in missing]
            if len(items) == limit:
                break
            items.append(RawItem(pseq, 0, kind.decode(errors="replace"), body, ts_ms))
            expected = pseq + 1
            size_bytes += len(body)
            if size_bytes >= max_bytes:
                break
        found.close()  # an open one would keep the WAL from starting anew
        return items

    def oldest(self) -> int:
        """Return the first number that is kept; if there is none, one above the newest."""
        # One statement: a row that is stored between two statements would be missed.
        (oldest,) = self._db.execute(
            "SELECT coalesce((SELECT min(pseq) FROM rows), "
            "(SELECT seq FROM sqlite_sequence WHERE name = 'rows') + 1, 1)"
        ).fetchone()
        return int(oldest)

    def close(self) -> None:
        self._db.close()


def outbox_path(run_dir: Path, name: str) -> Path:
    return run_dir / f"outbox-{name}.db"


def _logged(run_dir: Path, producer: str) -> int:
    """Return the last number of a producer that the log has; 0 if it has none, or cannot be read."""
    try:
        with closing(connect(run_dir / LOG_FILE, read_only=True)) as db:
            row = db.execute("SELECT watermark FROM marks WHERE producer = ?", (producer,)).fetchone()
            return 0 if row is None else int(number(row[0]))
    except sqlite3.Error:
        return 0


def names(run_dir: Path) -> set[str]:
    """Return the names of all outboxes."""
    return set(host.names_in(run_dir, "outbox-", ".db"))


def has_waiting(run_dir: Path, name: str) -> bool:
    """Whether an outbox has rows that the log does not have, as far as the outbox knows; False if it is unreadable."""
    try:
        db = connect(outbox_path(run_dir, name), read_only=True)
        try:
            (waits,) = db.execute(
                "SELECT EXISTS (SELECT 1 FROM rows WHERE pseq > (SELECT value FROM meta WHERE key = 'acked'))"
            ).fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        return False
    return bool(waits)
