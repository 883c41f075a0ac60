"""Secrets of third parties: passwords, tokens and signing keys that sources use.

A secret is a file of mode 0600 in RUN_DIR/secrets, set by the command `secret set NAME`. A systemd credential of
the same name ($CREDENTIALS_DIRECTORY) has priority and is never written. Values are not part of the settings, so that
no log, status, backup or answer of `reload` holds one.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from actors import host, program
from actors.errors import BadInput, Refused

FOLDER: Final = "secrets"
MAX_BYTES: Final = 64 << 10
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")

Stamp = tuple[int, int]


class MissingSecret(Refused):
    """The secret was never set, or is empty."""


class Secrets:
    """The secrets of one run directory."""

    def __init__(self, run_dir: Path) -> None:
        self._folder = run_dir / FOLDER
        credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
        self._credentials = Path(credentials) if credentials else None

    def get(self, name: str) -> str:
        """Return a secret.

        Raises:
            MissingSecret: it was never set, or is empty; the text has the command for it.
        """
        for path in self._paths(name):
            try:
                text = host.read_file(path, MAX_BYTES).decode().removesuffix("\n")
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise Refused(f"The secret {name!r} cannot be read: {error}") from error
            if not text.strip():  # any sender could sign with it, or leave the token out
                raise MissingSecret(f"The secret {name!r} is empty; set it: {program.NAME} secret set {name}")
            return text
        raise MissingSecret(f"The secret {name!r} is not set; set it: {program.NAME} secret set {name}")

    def set(self, name: str, value: str) -> None:
        """Replace a secret, atomically and durably.

        Raises:
            BadInput: it is empty, too long, or not UTF-8.
        """
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise BadInput("The secret is not UTF-8") from error
        if not 0 < len(data) <= MAX_BYTES:
            raise BadInput(f"The secret has {len(data)} bytes, expected 1 to {MAX_BYTES}")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host.write_private(self._folder / checked(name), data)

    def remove(self, name: str) -> bool:
        """Remove a secret; False when there was none."""
        try:
            (self._folder / checked(name)).unlink()
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        """Return the names of all secrets, sorted."""
        found = set()
        for folder in (self._folder, self._credentials):
            if folder is not None and folder.is_dir():
                found |= {path.name for path in folder.iterdir() if _NAME.match(path.name)}
        return sorted(found)

    def stamp(self, name: str) -> Stamp | None:
        """Return a value that changes with the secret; None when it is not set."""
        for path in self._paths(name):
            try:
                status = path.stat()
            except OSError:
                continue
            return status.st_mtime_ns, status.st_ino
        return None

    def _paths(self, name: str) -> list[Path]:
        own = self._folder / checked(name)
        return [own] if self._credentials is None else [self._credentials / name, own]


def checked(name: str) -> str:
    """Return `name`.

    Raises:
        BadInput: no secret can have this name.
    """
    if not _NAME.match(name):
        raise BadInput(
            f"Secret name {name[:80]!r}: expected 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit"
        )
    return name
