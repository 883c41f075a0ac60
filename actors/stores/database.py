"""Functions for all SQLite files: opening, and errors that name the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from actors import program
from actors.errors import ConfigError, DiskFull

# No space, a quota, or a limit of the file size: nothing of the transaction is on disk, and nothing that was is lost.
# A failed fsync is none of them: afterwards the content of the file is unknown.
_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def is_full(error: sqlite3.Error) -> bool:
    """Whether a write failed because the disk has no room for it."""
    return getattr(error, "sqlite_errorcode", 0) in _FULL


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what is written inside.

    Raises:
        DiskFull: there is no room; the transaction is rolled back.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if not is_full(error):
            raise
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise DiskFull(f"the disk is full: {error}") from error


def close(db: sqlite3.Connection) -> None:
    """Close a store; without room for a checkpoint, the next start continues from the WAL."""
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        if not is_full(error):
            raise
    db.close()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn the error of a damaged file into a ConfigError that names it, instead of endless restarts.

    Raises:
        ConfigError: the file is damaged, or is not a SQLite file.
        DiskFull: there is no room to open it.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if is_full(error):
            raise DiskFull(f"the disk is full, {path.name} cannot be opened: {error}") from error
        raise  # locked or no permission: may be temporary
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"{path} is damaged ({error}). Move {path.name}* away, or replace it by a backup "
            f"({program.page('operations')})"
        ) from error


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """Open a store's file, with explicit transactions."""
    mode = "ro" if read_only else "rw"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
