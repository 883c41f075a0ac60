"""Removes a person, or everything older than a time, from the stores of a stopped pipeline.

A critical event keeps its position, because overlays count positions without gaps: an event of the person becomes a
`custom` event of the name "purged". The files are rewritten afterwards, so that no removed text remains in free pages.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import host
from actors.core.contract.event import UNREADABLE, Event, Raw
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import Refused
from actors.stores.database import LOG_FILE, connect, named, transaction
from actors.stores.log import DAMAGED, LOCK_FILE, decoded, decoded_state

_encode = msgspec.msgpack.Encoder().encode
_NO_LOG: Final = (errno.ELOOP, errno.EINVAL, errno.EISDIR)  # a link, a pipe, a folder
_purged: Final = Raw(_encode({"name": "purged"}))


def pattern_of(person: str) -> re.Pattern[str]:
    """Return what finds a name or an id as a whole word, in upper or lower case."""
    return re.compile(rf"(?<!\w){re.escape(person)}(?!\w)", re.IGNORECASE)


def purge(run_dir: Path, before_ms: float | None, person: str | None) -> dict[str, int]:
    """Remove what is older than `before_ms`, and what names `person`; return how many rows of each kind.

    Raises:
        Refused: the pipeline runs, so that another process holds a store.
    """
    found: dict[str, int] = {}
    if (run_dir / LOG_FILE).exists():
        with _opened(run_dir / LOG_FILE, run_dir / LOCK_FILE) as db:
            if before_ms is not None:
                _count(found, _forget_old(db, before_ms))
            if person is not None:
                _count(found, _forget_person(db, pattern_of(person)))
    for path in sorted(run_dir.glob("outbox-*.db")):
        name = path.stem.removeprefix("outbox-")
        with _opened(path, run_dir / f"{name}.lock") as db:
            _count(found, _clean_outbox(db, before_ms, None if person is None else pattern_of(person)))
    if person is not None:
        found["lines of logs"] = sum(_clean_log(path, pattern_of(person)) for path in (run_dir / "log").glob("*"))
    return found


@contextmanager
def _opened(path: Path, lock: Path) -> Iterator[sqlite3.Connection]:
    try:
        held = host.lock(lock, "purge")
    except Refused as error:
        raise Refused(f"the pipeline is running: {lock.name} is held; stop it first") from error
    with held, named(path):
        db = connect(path)
        try:
            db.execute("PRAGMA secure_delete = ON")
            with transaction(db):
                yield db
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError as error:
            raise Refused(
                f"{path.name} cannot be rewritten: {error}. VACUUM needs as much free space as the file; purge again"
            ) from error
        finally:
            db.close()


def _forget_old(db: sqlite3.Connection, before_ms: float) -> dict[str, int]:
    # Up to the first row that is kept, as the retention does: positions have no gap.
    events = db.execute(
        "DELETE FROM events WHERE position < (SELECT coalesce("
        "(SELECT min(position) FROM events WHERE ts_ms >= ?), (SELECT max(position) + 1 FROM events)))",
        (before_ms,),
    ).rowcount
    db.execute("DELETE FROM meta WHERE key IN ('event_bytes', 'identities')")
    old = [
        (key,)
        for key, body in db.execute("SELECT key, CAST(body AS BLOB) FROM retained_states")
        if (state := decoded_state(body)) is None or state.ts_ingest_ms < before_ms
    ]
    db.executemany("DELETE FROM retained_states WHERE key = ?", old)
    quarantine = db.execute("DELETE FROM quarantine WHERE ts_ms < ?", (before_ms,)).rowcount
    identities = db.execute("DELETE FROM identities WHERE ts_ms < ?", (before_ms,)).rowcount
    return {"events": events, "states": len(old), "rejected messages": quarantine, "identities": identities}


def _forget_person(db: sqlite3.Connection, pattern: re.Pattern[str]) -> dict[str, int]:
    events, ids = [], set()
    for position, body in db.execute("SELECT position, CAST(body AS BLOB) FROM events"):
        event = decoded(position, body)
        if event.payload == DAMAGED or _names(pattern, event):  # what a damaged row says is not known
            ids.add(event.id)
            events.append((f"purged-{position}", _encode(_blank(event)), position))
    db.executemany("UPDATE events SET id = ?, body = ? WHERE position = ?", events)
    states = [
        (key,)
        for key, body in db.execute("SELECT key, CAST(body AS BLOB) FROM retained_states")
        if pattern.search(key) or (state := decoded_state(body)) is None or _names(pattern, state)
    ]
    db.executemany("DELETE FROM retained_states WHERE key = ?", states)
    derived = [
        (key,)
        for key, body in db.execute("SELECT key, CAST(body AS BLOB) FROM derived")
        if pattern.search(key) or _mentions(pattern, body)
    ]
    db.executemany("DELETE FROM derived WHERE key = ?", derived)
    identities = [
        (key,) for key, id_ in db.execute("SELECT key, id FROM identities") if pattern.search(key) or id_ in ids
    ]
    db.executemany("DELETE FROM identities WHERE key = ?", identities)
    rejected = [
        (row[0],)
        for row in db.execute("SELECT n, id, reason, excerpt FROM quarantine")
        if any(pattern.search(str(text)) for text in row[1:])
    ]
    db.executemany("DELETE FROM quarantine WHERE n = ?", rejected)
    # The ledger remembers recent ids.
    db.execute("DELETE FROM meta WHERE key IN ('event_bytes', 'identities', 'ledger')")
    return {
        "events": len(events),
        "states": len(states) + len(derived),
        "rejected messages": len(rejected),
        "identities": len(identities),
    }


def _clean_outbox(db: sqlite3.Connection, before_ms: float | None, pattern: re.Pattern[str] | None) -> dict[str, int]:
    """Remove messages that the log has; the others are still to be delivered, and are counted as waiting.

    The older messages go with them: a number that is missing between others would stop the producer, if it has to send
    again to a log that was restored from an older state.
    """
    (acked,) = db.execute("SELECT value FROM meta WHERE key = 'acked'").fetchone()
    rows = [
        int(pseq)
        for pseq, body, ts_ms in db.execute("SELECT pseq, CAST(body AS BLOB), ts_ingest_ms FROM rows")
        if (before_ms is not None and ts_ms < before_ms) or (pattern is not None and _mentions(pattern, body))
    ]
    done = [pseq for pseq in rows if pseq <= acked]
    removed = db.execute("DELETE FROM rows WHERE pseq <= ?", (max(done, default=0),)).rowcount
    cursors = [
        (source,)
        for source, body in db.execute("SELECT source, CAST(body AS BLOB) FROM cursors")
        if pattern is not None and _mentions(pattern, body)
    ]
    db.executemany("DELETE FROM cursors WHERE source = ?", cursors)
    return {"messages": removed, "waiting messages": len(rows) - len(done)}


def _clean_log(path: Path, pattern: re.Pattern[str]) -> int:
    try:
        text = host.read_file(path, -1, follow=False)
    except OSError as error:
        if error.errno in _NO_LOG:  # purge as root would give the file behind a link to the owner of the folder
            return 0
        raise
    lines = text.decode(errors="replace").splitlines(keepends=True)
    kept = [line for line in lines if not pattern.search(line)]
    if len(kept) != len(lines):
        host.write_private(path, "".join(kept).encode())
    return len(lines) - len(kept)


def _blank(event: Event) -> Event:
    row = TAXONOMY["custom"]
    return Event(
        id=f"purged-{event.position}",
        type="custom",
        category=event.category,  # critical: it has a position
        priority=row.priority,
        ts_ingest_ms=event.ts_ingest_ms,
        ttl_ms=event.ttl_ms,
        source="purge",
        payload=_purged,
        ts_queued_ms=event.ts_queued_ms,
        position=event.position,
    )


def _names(pattern: re.Pattern[str], event: Event) -> bool:
    texts = (event.id, event.source, event.dedupe_key or "", event.coalesce_key or "")
    return any(pattern.search(text) for text in texts) or _says(pattern, msgspec.msgpack.decode(event.payload))


def _says(pattern: re.Pattern[str], value: Any) -> bool:
    if isinstance(value, str):
        return pattern.search(value) is not None
    if isinstance(value, bytes):
        return _mentions(pattern, value)
    if isinstance(value, dict):
        return any(_says(pattern, part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_says(pattern, part) for part in value)


def _mentions(pattern: re.Pattern[str], body: bytes) -> bool:
    """Whether bytes of any form name the person: as MessagePack, as text, and as JSON with escapes."""
    with suppress(*UNREADABLE):  # first, because in its bytes a length or a number may look like a letter
        if _says(pattern, msgspec.msgpack.decode(body)):
            return True
    text = body.decode(errors="replace")
    return bool(pattern.search(text) or pattern.search(re.sub(r"\\u([0-9a-fA-F]{4})", _unescape, text)))


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16))


def _count(found: dict[str, int], more: dict[str, int]) -> None:
    for name, number in more.items():
        found[name] = found.get(name, 0) + number
