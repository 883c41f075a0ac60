"""The critical log: one SQLite file, one writer (the queue-manager), any number of readers.

Committed events are durable; the producers still keep all others. Watermarks, derived state and retained state are
written in the transaction of their events, so that no crash can separate them.

There is one read-write connection in the whole system. SQLite before 3.51.3 can corrupt a WAL when two connections
write or checkpoint at the same time (sqlite.org/wal.html#walresetbug); with one writer that cannot happen. Readers open
`mode=ro` and keep no cursor open between pages.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import faults, host
from actors.core.contract.event import UNREADABLE, Category, Event, Receipt
from actors.core.delivery.cursor import Head
from actors.core.delivery.retained import Retained
from actors.core.queue.sequencer import Entry, Recovered
from actors.errors import ConfigError, DiskFull, Fenced, Refused
from actors.stores import recovery
from actors.stores.database import LOG_FILE, close, connect, create, is_damaged, named, number, transaction
from actors.stores.suspects import WorkMark

LOCK_FILE: Final = "log.lock"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, ts_ms REAL NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_id ON events (id);
CREATE TABLE IF NOT EXISTS identities (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, ts_ms REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identities_by_time ON identities (ts_ms);
CREATE TABLE IF NOT EXISTS marks (producer TEXT PRIMARY KEY, watermark INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS derived (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retained_states (
    key TEXT PRIMARY KEY, n INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS receipts (
    overlay_id TEXT NOT NULL, since INTEGER NOT NULL, position INTEGER NOT NULL, types TEXT NOT NULL,
    ts_ms REAL NOT NULL);
CREATE INDEX IF NOT EXISTS receipts_by_overlay ON receipts (overlay_id);
CREATE TABLE IF NOT EXISTS unseen (
    n INTEGER PRIMARY KEY AUTOINCREMENT, overlay_id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS quarantine (
    n INTEGER PRIMARY KEY AUTOINCREMENT, ts_ms REAL NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    reason TEXT NOT NULL, excerpt TEXT NOT NULL, dead INTEGER NOT NULL);
"""

# What one trim removes at most (the row that reaches the size is its last), so that the next commit waits only for
# milliseconds: 2,000 rows of 26 KB took 0.4 s [measured].
TRIM_ROWS: Final = 2_000
TRIM_BYTES: Final = 2 << 20
# The disk space of a row without its body: the row and the index of ids (measured: 60 to 90 bytes).
EVENT_OVERHEAD_BYTES: Final = 80
# Limits of other tables. Retention by size counts only events, so that other data cannot evict them.
MAX_IDENTITIES: Final = 1_000_000  # about 170 MB
MAX_RECEIPTS: Final = 1_000
MAX_UNSEEN: Final = 10_000
REASON_CHARACTERS: Final = 300
MAX_SAME_ID: Final = 10  # events of different sources with one id, in a history
CHECKPOINT_PAGES: Final = 1_000

_encode = msgspec.msgpack.Encoder().encode
_event = msgspec.msgpack.Decoder(Event)
_payload = msgspec.msgpack.Decoder(dict[str, Any])
_text = msgspec.json.Encoder().encode
DAMAGED: Final = msgspec.Raw(_encode({"name": "damaged"}))

log = logging.getLogger("log")


class Log:
    """The writer. It holds `log.lock` until its exit, and a generation that fences off every older writer.

    `starting`: what was recovered is decoded now (recovery.py); `started` is called after it.
    """

    def __init__(
        self,
        run_dir: Path,
        keep_s: float,
        max_bytes: int,
        identity_s: float,
        quarantine_rows: int,
        starting: bool = False,
    ) -> None:
        self._lock = host.lock(run_dir / LOCK_FILE, "queue-manager")
        self.mark = WorkMark(run_dir / "log.mark")
        self._start = WorkMark(run_dir / "start.mark")
        path = run_dir / LOG_FILE
        self._path = path
        self._keep_s, self._max_bytes = keep_s, max_bytes
        self._identity_s, self._quarantine_rows = identity_s, quarantine_rows
        with named(path):
            host.touch_private(path)
            self._db = connect(path)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA fullfsync = 1")  # macOS: fsync alone does not reach the disk
            self._db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            create(self._db, SCHEMA)
            self._gen = self._next_generation()
            self.set_aside = recovery.begin(self._db, self._start) if starting else 0
            self.recovered = self._recover()
            self._event_bytes = self._count_event_bytes()
            self._identities = self._count_identities()
            (self._changes,) = self._db.execute("SELECT coalesce(max(n), 0) FROM retained_states").fetchone()
        self.full = False  # the last trim, of several parts, had to remove events that are younger than keep_s
        self.damaged = False  # a trim could not read what it had to remove
        self._trim_goes_on = False

    def started(self) -> None:
        """Record that the queue-manager has decoded all that was recovered, so that no row is the reason of a death."""
        self._start.clear()

    def commit(self, jobs: list[Entry]) -> list[bool]:
        """Write all entries (`jobs`) in one transaction and return when it is on disk.

        The result of an entry is whether its trim left rows that should be trimmed, too.

        Raises:
            DiskFull: there is no room; nothing of the entries is in the log.
            Fenced: another queue-manager has opened the log since.
            ConfigError: the file is damaged; nothing of the entries is in the log.
            sqlite3.Error: the disk failed; nothing was acknowledged, the process must die.
        """
        faults.point("log.before_commit")
        counts = (self._event_bytes, self._identities)
        try:
            with transaction(self._db):
                self._still_mine()
                for entry in jobs:
                    self._write(entry)
                self.mark.clear()  # no message is the reason of a death in COMMIT
                faults.point("log.in_commit")
        except DiskFull:
            self.mark.clear()
            self._event_bytes, self._identities = counts
            raise
        except (sqlite3.OperationalError, MemoryError, ConfigError):
            self.mark.clear()  # nor of a defective disk, a machine without memory, or a damaged file
            raise
        faults.point("log.after_commit")
        return [self._trim_apart(entry.trim_ms) if entry.trim_ms else False for entry in jobs]

    def probe(self) -> None:
        with transaction(self._db):
            self._db.execute("UPDATE meta SET value = value WHERE key = 'gen'")

    def _write(self, entry: Entry) -> None:
        db = self._db
        if entry.work:
            self.mark.touch_all(entry.work)
        rows = [(event.position, event.ts_queued_ms, event.id, _encode(event)) for event in entry.events]
        faults.poisoned("log", *(row[3] for row in rows))
        db.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        if entry.events:
            db.execute("UPDATE meta SET value = ? WHERE key = 'top'", (entry.events[-1].position,))
            self._event_bytes += sum(len(body) + len(id_) + EVENT_OVERHEAD_BYTES for _, _, id_, body in rows)
            self._save_event_bytes()
        if entry.identities:
            added = db.executemany("INSERT OR IGNORE INTO identities VALUES (?, ?, ?)", entry.identities)
            self._identities += added.rowcount
            self._save_identities()
        db.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", entry.watermarks.items())
        for key, body in entry.derived.items():
            if body is None:
                db.execute("DELETE FROM derived WHERE key = ?", (key,))
            else:
                db.execute("INSERT OR REPLACE INTO derived VALUES (?, ?)", (key, body))
        for key, event in entry.retained.items():
            self._write_state(key, event)
        if entry.new_epoch:
            db.execute("DELETE FROM receipts")
            db.execute("DELETE FROM unseen")
        for receipt in entry.receipts:
            self._write_receipt(receipt)
        db.executemany(
            "INSERT INTO quarantine (ts_ms, id, kind, reason, excerpt, dead) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    reject.ts_ingest_ms,
                    reject.id,
                    reject.kind,
                    reject.reason[:REASON_CHARACTERS],
                    reject.excerpt,
                    reject.dead,
                )
                for reject in entry.rejects
            ],
        )
        if entry.ledger:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('ledger', ?)", (entry.ledger,))
        if entry.calendar:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('calendar', ?)", (entry.calendar,))
        if entry.new_epoch:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (entry.new_epoch,))

    def _write_state(self, key: str, event: Event | None) -> None:
        """Write the last value of a state, numbered in the order of the changes; None removes it.

        The number is counted here. A rowid and an index over `key` would cost three more pages in each commit, which
        took twice the time under load [measured].
        """
        if event is None:
            self._db.execute("DELETE FROM retained_states WHERE key = ?", (key,))
            return
        self._changes += 1
        row = (key, self._changes, _encode(event))
        self._db.execute("INSERT OR REPLACE INTO retained_states VALUES (?, ?, ?)", row)

    def _write_receipt(self, receipt: Receipt) -> None:
        """Extend the range of rendered positions that this conversation continues, or begin another one."""
        types = "" if receipt.types is None else f" {' '.join(receipt.types)} "
        extended = self._db.execute(
            "UPDATE receipts SET position = max(position, ?), ts_ms = ? "
            "WHERE overlay_id = ? AND types = ? AND since <= ? AND position >= ?",
            (receipt.position, receipt.ts_ms, receipt.overlay_id, types, receipt.since, receipt.since),
        ).rowcount
        if not extended and receipt.position > receipt.since:
            self._db.execute(
                "INSERT INTO receipts VALUES (?, ?, ?, ?, ?)",
                (receipt.overlay_id, receipt.since, receipt.position, types, receipt.ts_ms),
            )
        self._db.executemany(
            "INSERT INTO unseen (overlay_id, first, last) VALUES (?, ?, ?)",
            [(receipt.overlay_id, first, last) for first, last in receipt.unseen],
        )

    def _trim_apart(self, now_ms: float) -> bool:
        """Trim in a transaction of its own, so that new events are logged beside old ones that are damaged."""
        counts = (self._event_bytes, self._identities, self.full)
        try:
            with transaction(self._db):
                return self._trim(now_ms)
        except (DiskFull, ConfigError) as error:
            log.error("not_trimmed reason=%r", str(error))
            self.damaged = isinstance(error, ConfigError)
            self._event_bytes, self._identities, self.full = counts
            self._trim_goes_on = False
            return False

    def _trim(self, now_ms: float) -> bool:
        """Remove a limited number of rows beyond the retention, oldest first; return whether there are more."""
        db = self._db
        full = self._event_bytes > self._max_bytes
        # A full log removes its oldest rows at any time, because the clock may have been set back behind them.
        before_ms = float("inf") if full else now_ms - self._keep_s * 1000
        # Only the oldest rows are read, because a log without old rows must not be scanned.
        oldest = db.execute(
            "SELECT position, ts_ms, length(body) + length(id) FROM events ORDER BY position LIMIT ?", (TRIM_ROWS,)
        ).fetchall()
        removed = trimmed(oldest, before_ms)
        removed_bytes = sum(size for _, _, size in removed)
        if removed:
            db.execute("DELETE FROM events WHERE position <= ?", (removed[-1][0],))
            self._event_bytes -= removed_bytes + len(removed) * EVENT_OVERHEAD_BYTES
            self._save_event_bytes()
        early = any(ts_ms >= now_ms - self._keep_s * 1000 for _, ts_ms, _ in removed)
        self.full = early or (self.full and self._trim_goes_on)
        identities = self._trim_identities(now_ms)
        db.execute("DELETE FROM quarantine WHERE n <= (SELECT max(n) FROM quarantine) - ?", (self._quarantine_rows,))
        db.execute("DELETE FROM receipts WHERE ts_ms < ?", (now_ms - self._identity_s * 1000,))
        db.execute(
            "DELETE FROM receipts WHERE rowid IN (SELECT rowid FROM receipts ORDER BY ts_ms DESC LIMIT -1 OFFSET ?)",
            (MAX_RECEIPTS,),
        )
        db.execute("DELETE FROM unseen WHERE n <= (SELECT max(n) FROM unseen) - ?", (MAX_UNSEEN,))
        faults.point("log.trimmed")
        self._trim_goes_on = max(len(removed), identities) == TRIM_ROWS or removed_bytes >= TRIM_BYTES
        return self._trim_goes_on

    def _trim_identities(self, now_ms: float) -> int:
        """Remove identities that are too old or too many, oldest first; return the number of removed ones."""
        before_ms = float("inf") if self._identities > MAX_IDENTITIES else now_ms - self._identity_s * 1000
        removed = self._db.execute(
            "DELETE FROM identities WHERE key IN (SELECT key FROM identities WHERE ts_ms < ? ORDER BY ts_ms LIMIT ?)",
            (before_ms, TRIM_ROWS),
        ).rowcount
        if removed:
            self._identities -= removed
            self._save_identities()
        return removed

    def _save_event_bytes(self) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('event_bytes', ?)", (self._event_bytes,))

    def _count_event_bytes(self) -> int:
        """Return the size of all events, from the last commit, or counted in a log without this value."""
        known = self._db.execute("SELECT value FROM meta WHERE key = 'event_bytes'").fetchone()
        if known is None:
            known = self._db.execute(
                "SELECT coalesce(sum(length(body) + length(id) + ?), 0) FROM events", (EVENT_OVERHEAD_BYTES,)
            ).fetchone()
        return int(number(known[0]))

    def _save_identities(self) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('identities', ?)", (self._identities,))

    def _count_identities(self) -> int:
        """Return the number of identities, from the last commit: to count a million of a cold disk takes seconds."""
        known = self._db.execute("SELECT value FROM meta WHERE key = 'identities'").fetchone()
        return int(number((known or self._db.execute("SELECT count(*) FROM identities").fetchone())[0]))

    def close(self) -> None:
        """Checkpoint the WAL and release the lock."""
        close(self._db)
        faults.point("log.checkpointed")
        for mark in (self.mark, self._start):
            mark.close()
        self._lock.close()

    def _next_generation(self) -> int:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?), ('gen', 0), ('top', 0)", (os.urandom(16).hex(),))
        # The clock makes it larger than all generations since a backup that was restored now.
        now_ms = int(time.time() * 1000)
        db.execute("UPDATE meta SET value = max(value + 1, ?) WHERE key = 'gen'", (now_ms,))
        # A damaged top below the last event would give the next one a position that is taken.
        db.execute(
            "UPDATE meta SET value = max(value, (SELECT coalesce(max(position), 0) FROM events)) WHERE key = 'top'"
        )
        (gen,) = db.execute("SELECT value FROM meta WHERE key = 'gen'").fetchone()
        db.execute("COMMIT")
        return int(number(gen))

    def _still_mine(self) -> None:
        (gen,) = self._db.execute("SELECT value FROM meta WHERE key = 'gen'").fetchone()
        if gen != self._gen:
            raise Fenced(f"the log is at generation {gen}, this queue-manager is {self._gen}")

    def _recover(self) -> Recovered:
        db = self._db
        # Casts: a damaged body of another type is set aside like any other that cannot be decoded (recovery.py).
        ledger = db.execute("SELECT CAST(value AS BLOB) FROM meta WHERE key = 'ledger'").fetchone()
        calendar = db.execute("SELECT CAST(value AS BLOB) FROM meta WHERE key = 'calendar'").fetchone()
        return Recovered(
            head=_head(db),
            watermarks={name: int(number(mark)) for name, mark in db.execute("SELECT producer, watermark FROM marks")},
            derived=dict(db.execute("SELECT key, CAST(body AS BLOB) FROM derived")),
            retained={
                key: _event.decode(body)
                for key, body in db.execute("SELECT key, CAST(body AS BLOB) FROM retained_states ORDER BY n")
            },
            ledger=ledger[0] if ledger else b"",
            calendar=calendar[0] if calendar else b"",
        )


@contextmanager
def readable() -> Iterator[None]:
    """Turn SQLite's errors for a log that is not ready, is being replaced, or is damaged into Refused."""
    try:
        yield
    except sqlite3.Error as error:
        raise Refused(f"the log cannot be read (it may not be ready yet): {error}") from error


class LogReader:
    """A reader of the log for one thread. It does not depend on a running writer.

    Every method raises Refused when the log does not exist, is not ready yet, or cannot be read.
    """

    def __init__(self, run_dir: Path) -> None:
        path = run_dir / LOG_FILE
        if not path.exists():
            raise Refused(f"there is no log in {run_dir} yet: the queue-manager creates it at its first start")
        with readable():
            self._db = connect(path, read_only=True)

    @readable()
    def head(self) -> Head:
        """Return the extent of the log."""
        return _head(self._db)

    @readable()
    def page(self, after: int, limit: int) -> list[Event]:
        """Return up to `limit` critical events after position `after`, in order.

        A row that cannot be read or decoded is a `custom` event of the name "damaged": readers need every position.
        """
        try:
            rows = self._db.execute(
                "SELECT position, CAST(body AS BLOB) FROM events WHERE position > ? ORDER BY position LIMIT ?",
                (after, limit),
            ).fetchall()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            first, top = max(after + 1, _head(self._db).oldest), _head(self._db).top
            rows = [self._row(position) for position in range(first, min(top, first + limit - 1) + 1)]
        return [decoded(position, body) for position, body in rows]

    def _row(self, position: int) -> tuple[int, bytes]:
        """Read one row, without a body if its page is damaged: a range is not read beyond such a page."""
        try:
            row = self._db.execute("SELECT CAST(body AS BLOB) FROM events WHERE position = ?", (position,)).fetchone()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            row = None
        return position, row[0] if row else b""

    @readable()
    def snapshot(self) -> list[Event]:
        """Return the last value of every retained state, in the order of the changes, without damaged ones.

        There are none if a page of them is damaged: critical events are shown without them, too.
        """
        try:
            rows = self._db.execute("SELECT CAST(body AS BLOB) FROM retained_states ORDER BY n").fetchall()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            _head(self._db)  # refuses, if the file is no log at all
            log.error("damaged_states reason=%r", str(error))
            return []
        return [event for (body,) in rows if (event := decoded_state(body)) is not None]

    @readable()
    def quarantine(self, limit: int) -> list[dict[str, Any]]:
        """Return the last `limit` rejected raw messages, newest first."""
        names = ("n", "ts_ms", "id", "kind", "reason", "excerpt", "dead")
        query = f"SELECT {', '.join(names)} FROM quarantine ORDER BY n DESC LIMIT ?"  # nosec B608: constants
        rows = self._db.execute(query, (limit,)).fetchall()
        return [dict(zip(names, row, strict=True)) | {"dead": bool(row[-1])} for row in rows]

    @readable()
    def history(self, event_id: str) -> dict[str, Any] | None:
        """Return the history of an event: its position and the overlays that rendered it, or why it was rejected.

        The same id of another source is another event: then it is the history of the last one, and `same_id` has the
        others.
        """
        rows = self._db.execute(
            "SELECT position, CAST(body AS BLOB) FROM events WHERE id = ? ORDER BY position DESC LIMIT ?",
            (event_id, MAX_SAME_ID),
        ).fetchall()
        if rows:
            event, *others = [decoded(position, body) for position, body in rows]
            place = (event.position, event.position)
            rendered = self._db.execute(
                "SELECT overlay_id, max(ts_ms) FROM receipts WHERE since < ? AND position >= ? "
                "AND (types = '' OR instr(types, ?)) GROUP BY overlay_id ORDER BY overlay_id",
                (*place, f" {event.type} "),
            ).fetchall()
            unseen = {
                overlay_id
                for (overlay_id,) in self._db.execute(
                    "SELECT overlay_id FROM unseen WHERE first <= ? AND last >= ?", place
                )
            }
            return {
                "id": event.id,
                "type": event.type,
                "source": event.source,
                "outcome": "logged",
                "position": event.position,
                "ts_source_ms": event.ts_source_ms,
                "ts_ingest_ms": event.ts_ingest_ms,
                "ts_normalized_ms": event.ts_normalized_ms,
                "ts_queued_ms": event.ts_queued_ms,
                "rendered_by": [
                    {"overlay_id": overlay_id, "by_ts_ms": ts_ms, "seen": overlay_id not in unseen}
                    for overlay_id, ts_ms in rendered
                ],
            } | ({"same_id": [{"source": one.source, "position": one.position} for one in others]} if others else {})
        row = self._db.execute(
            "SELECT kind, reason, excerpt, dead, ts_ms FROM quarantine WHERE id = ? ORDER BY n DESC", (event_id,)
        ).fetchone()
        if row is None:
            return None
        kind, reason, excerpt, dead, ts_ms = row
        outcome = "dead-lettered" if dead else "rejected"
        return {
            "id": event_id,
            "outcome": outcome,
            "kind": kind,
            "reason": reason,
            "excerpt": excerpt,
            "ts_ingest_ms": ts_ms,
        }

    @readable()
    def identity(self, key: str) -> str | None:
        """Return the id of the logged event with the identity `key`, or None."""
        faults.poisoned("queue", key.encode())
        row = self._db.execute("SELECT id FROM identities WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    @readable()
    def cursor(self, overlay_id: str) -> int | None:
        """Return the last position that the overlay has rendered according to its receipts."""
        (position,) = self._db.execute(
            "SELECT max(position) FROM receipts WHERE overlay_id = ?", (overlay_id,)
        ).fetchone()
        return None if position is None else int(position)

    def close(self) -> None:
        self._db.close()


def trimmed(oldest: list[tuple[int, float, int]], before_ms: float) -> list[tuple[int, float, int]]:
    """Return which of the oldest rows (position, time, size), in order, one trim removes.

    It ends at the first row that is kept, because after a clock was set back older stamps follow newer ones.
    """
    removed, removed_bytes = [], 0
    for row in oldest[:TRIM_ROWS]:
        _, ts_ms, size = row
        if ts_ms >= before_ms or removed_bytes >= TRIM_BYTES:
            break
        removed.append(row)
        removed_bytes += size
    return removed


def decoded(position: int, body: bytes) -> Event:
    """Return the event of a row; the one of a damaged row is a `custom` event of the name "damaged"."""
    event = _decoded(body)
    if event is not None and event.position == position:
        return event
    log.error("damaged_row position=%d", position)
    return Event(f"damaged-{position}", "custom", Category.CRITICAL, 0, 0.0, 0, "log", DAMAGED, position=position)


def decoded_state(body: bytes) -> Event | None:
    """Return the value of a retained state, or None if its row is damaged."""
    event = _decoded(body)
    try:
        Retained([] if event is None else [event])
    except UNREADABLE:
        event = None
    if event is None:
        log.error("damaged_state")
    return event


def _decoded(body: bytes) -> Event | None:
    """Return what a row has, or None if overlays could not be sent it: SQLite detects no damage inside a value."""
    try:
        event = _event.decode(body)
        _text(_payload.decode(event.payload))
    except (*UNREADABLE, TypeError):
        return None
    return event


def _head(db: sqlite3.Connection) -> Head:
    meta = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('epoch', 'gen', 'top')"))
    if len(meta) < 3:
        raise Refused("the log is not ready yet: it has no generation")
    (first,) = db.execute("SELECT min(position) FROM events").fetchone()
    top = int(number(meta["top"]))
    return Head(epoch=meta["epoch"], gen=int(number(meta["gen"])), top=top, oldest=top + 1 if first is None else first)
