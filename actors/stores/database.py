"""Functions for all SQLite files: opening, and errors that name the file."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from actors import program
from actors.errors import ConfigError, DiskFull, Refused

LOG_FILE: Final = "log.db"

# With no space, a quota, or a limit of the file size, nothing of the transaction is on disk, and nothing that was is
# lost. A failed fsync is none of them: afterwards the content of the file is unknown.
# SQLite reports a quota and a limit as it reports a defective disk (EIO); its error has no number of the system.
_UNCLEAR: Final = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# No statement that reaches `transaction` with its error breaks a constraint of a sound file.
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT)
# Another program holds the file, or its owner or mode was changed.
_UNAVAILABLE: Final = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM
)  # fmt: skip
_TRIAL: Final = ".room"
_TRIAL_BYTES: Final = 4 << 20  # more than most transactions


def is_full(error: sqlite3.Error, path: Path) -> bool:
    """Whether a write to the store `path` failed because the disk has no room for it."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code == sqlite3.SQLITE_FULL or (code in _UNCLEAR and _has_no_room(path))


def is_damaged(error: sqlite3.DatabaseError) -> bool:
    """Whether SQLite found that the file is damaged, or is none of its own, or Python that a text is not UTF-8."""
    if isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode"):
        return True  # SQLite itself does not check texts
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def number(value: Any) -> Any:
    """Return a number of a column without a type.

    Raises:
        sqlite3.DatabaseError: it is none, because the file is damaged.
    """
    if not isinstance(value, int | float):
        raise sqlite3.DatabaseError(f"{value!r} instead of a number")
    return value


def _has_no_room(path: Path) -> bool:
    """Try whether the file system takes data where the files of the store end; False if it does, or is defective."""
    sizes = [one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists()]
    trial = path.with_name(f"{_TRIAL}-{path.name}")
    try:
        with open(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", buffering=0) as file:
            file.seek(max(sizes, default=0))
            file.write(bytes(_TRIAL_BYTES))
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno in _NO_ROOM
    finally:
        trial.unlink(missing_ok=True)
    return False


def _path_of(db: sqlite3.Connection) -> Path:
    return Path(db.execute("PRAGMA database_list").fetchone()[2])


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what is written inside.

    Raises:
        DiskFull: there is no room; the transaction is rolled back.
        ConfigError: the file is damaged; the transaction is rolled back.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        damaged = is_damaged(error)
        if not damaged and not (isinstance(error, sqlite3.OperationalError) and is_full(error, _path_of(db))):
            raise
        if db.in_transaction:
            db.execute("ROLLBACK")
        if damaged:
            raise ConfigError(_advice(_path_of(db), error)) from error
        raise DiskFull(f"the disk is full: {error}") from error


def create(db: sqlite3.Connection, schema: str) -> None:
    """Create the tables and indexes of `schema` that are missing, in one transaction: each waits for the disk."""
    db.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")


def close(db: sqlite3.Connection) -> None:
    """Close a store; without room for a checkpoint, the next start continues from the WAL."""
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        if not is_full(error, _path_of(db)):
            raise
    db.close()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn the error of a damaged file into a ConfigError that names it, instead of endless restarts.

    Raises:
        ConfigError: the file is damaged, or is not a SQLite file.
        DiskFull: there is no room to open it.
        Refused: it is locked, or there is no permission, which may be temporary.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if is_full(error, path):
            raise DiskFull(f"the disk is full, {path.name} cannot be opened: {error}") from error
        if is_damaged(error):
            raise ConfigError(_advice(path, error)) from error
        if error.sqlite_errorcode & 0xFF in _UNAVAILABLE:
            raise Refused(f"{path} cannot be opened for writing: {error}") from error
        raise
    except sqlite3.DatabaseError as error:
        raise ConfigError(_advice(path, error)) from error
    except PermissionError as error:
        raise Refused(f"{path} cannot be opened for writing: {error.strerror}") from error


def _advice(path: Path, error: sqlite3.Error) -> str:
    return (
        f"{path} is damaged ({error}). Move {path.name}* away, or replace it by a backup ({program.page('operations')})"
    )


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """Open a store's file, with explicit transactions."""
    mode = "ro" if read_only else "rw"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
