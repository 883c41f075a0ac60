"""What every SQLite file has in common: how it is opened, and how its errors name it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors import program
from actors.errors import ConfigError


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Say which file it is that SQLite cannot read, and what to do, instead of failing over and over.

    Raises:
        ConfigError: the file is damaged, or none of SQLite's.
    """
    try:
        yield
    except sqlite3.OperationalError:
        raise  # locked, full, no rights: those pass
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"{path} is damaged ({error}); put {path.name}* aside, or a backup in its place "
            f"({program.page('operations')})"
        ) from error


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """Open a store's file; transactions are begun and ended by hand."""
    mode = "ro" if read_only else "rw"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
