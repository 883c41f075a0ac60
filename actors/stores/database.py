"""Functions for all SQLite files: opening, and errors that name the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors import program
from actors.errors import ConfigError


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn the error of a damaged file into a ConfigError that names it, instead of endless restarts.

    Raises:
        ConfigError: the file is damaged, or is not a SQLite file.
    """
    try:
        yield
    except sqlite3.OperationalError:
        raise  # locked, full or no permission: may be temporary
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
