"""Finds the row of the log that kills queue-managers while they start, and sets it aside.

A queue-manager marks that it starts, and clears the mark when it has decoded what it read. One that finds the mark set
first decodes each row alone, under a mark with the digest of the row and the number of deaths at it. One death during a
start and two more at the same row in turn make it a dead letter. The start then continues with the other rows.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.core.contract.event import Event
from actors.core.delivery.retained import Retained
from actors.core.queue.calendar import Calendar
from actors.core.queue.derive import Derivation
from actors.core.queue.ledger import Ledger
from actors.core.suspicion import MAX_DEATHS, printable
from actors.stores.database import transaction
from actors.stores.suspects import WorkMark

STARTING: Final = b"start"

_event = msgspec.msgpack.Decoder(Event)

# Every table whose rows are decoded at a start, its column, and how: by the code that decodes all of them later.
_TRIALS: Final[dict[str, tuple[str, Callable[[str, bytes], Any]]]] = {
    "retained_states": ("body", lambda _, body: Retained([_event.decode(body)])),
    "derived": ("body", lambda key, body: Derivation(0, {key: body})),
    "meta": ("value", lambda key, value: _META[key](value) if key in _META else None),
}
_META: Final[dict[str, Callable[[bytes], Any]]] = {
    "ledger": Ledger,
    "calendar": lambda saved: Calendar.recovered(saved, 0.0, 0.0, 0.0),
}


def begin(db: sqlite3.Connection, mark: WorkMark) -> int:
    """Mark that a queue-manager starts; return the number of rows that are set aside now.

    Raises:
        DiskFull: a row cannot be moved to the quarantine.
    """
    aside = _set_aside(db, mark) if mark.last else 0
    mark.touch(STARTING)
    return aside


def _set_aside(db: sqlite3.Connection, mark: WorkMark) -> int:
    aside = 0
    suspect, _, counted = mark.last.partition(b" ")
    for table, (column, trial) in _TRIALS.items():
        rows = db.execute(f"SELECT key, CAST({column} AS BLOB) FROM {table} ORDER BY key").fetchall()  # nosec B608: constants
        for key, body in rows:
            digest = digest_of(table, key, body)
            deaths = int(counted) if digest == suspect and counted.isdigit() else 0
            if deaths >= MAX_DEATHS - 1:
                _dead_letter(db, table, key, body)
                aside += 1
                continue
            mark.touch(b"%b %d" % (digest, deaths + 1))
            trial(key, body)
    return aside


def digest_of(table: str, key: str, body: bytes) -> bytes:
    """Return what names a row in the mark, whose size is bounded."""
    import hashlib  # 3 MB of OpenSSL, only after a death at a start

    return hashlib.blake2b(repr((table, key, body)).encode(), digest_size=16).hexdigest().encode()


def _dead_letter(db: sqlite3.Connection, table: str, key: str, body: bytes) -> None:
    reason = f"{MAX_DEATHS} queue-managers died while they read it at their start ({table})"
    letter = (time.time() * 1000, key, "", reason, printable(body), True)
    with transaction(db):
        db.execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # nosec B608: constants
        db.execute("INSERT INTO quarantine (ts_ms, id, kind, reason, excerpt, dead) VALUES (?, ?, ?, ?, ?, ?)", letter)
