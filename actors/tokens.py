"""The four secrets of a pipeline, created at its first start and stored in RUN_DIR/tokens.json (mode 0600).

display   for overlays: receives events. It is in OBS scenes and on streamers' screens, so it permits nothing else
control   for the dashboard and commands: emits events, reads status and histories
ingest    for game servers, in their URL: sends events
view      for a read-only dashboard: reads status, events and histories

They are separate because they leak in different ways. `token rotate SCOPE` replaces one of them in a running pipeline.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec
from msgspec import Struct

from actors import host
from actors.errors import ConfigError

FILE: Final = "tokens.json"
TOKEN_BYTES: Final = 24  # 192 bits: more than the sufficient 128, and 32 characters in a URL

Scope = Literal["display", "control", "ingest", "view"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class Tokens(Struct, frozen=True, forbid_unknown_fields=True):
    display: str
    control: str
    ingest: str
    view: str

    def __repr__(self) -> str:
        return "Tokens(…)"  # a token must never reach a log or a traceback


def load(run_dir: Path) -> Tokens:
    """Return the tokens of `run_dir`.

    Raises:
        ConfigError: the file is missing or malformed.
    """
    path = run_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tokens)
    except FileNotFoundError as error:
        raise ConfigError(f"there are no tokens in {run_dir}: no pipeline was started with this run_dir") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error} (delete it and start again to get new tokens)") from error


def load_or_create(run_dir: Path) -> Tokens:
    """Return the tokens of `run_dir`; create missing ones (at the first start, or a new scope after an upgrade).

    Raises:
        ConfigError: the file cannot be read.
    """
    path = run_dir / FILE
    known: dict[str, str] = {}
    if path.exists():
        try:
            known = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return load(run_dir)  # raises ConfigError with the reason
    missing = {scope: _fresh() for scope in SCOPES if scope not in known}
    if missing and set(known) <= set(SCOPES):
        _save(run_dir, Tokens(**(known | missing)))
    return load(run_dir)


def rotate(run_dir: Path, scope: Scope) -> str:
    """Replace the token of `scope` and return the new one; clients with the old one lose access."""
    fresh = _fresh()
    _save(run_dir, msgspec.structs.replace(load(run_dir), **{scope: fresh}))
    return fresh


def scope_of(tokens: Tokens, text: str) -> Scope | None:
    """Return the scope of the token `text`, None if it is unknown. Constant-time comparison."""
    import hmac  # loads OpenSSL, 4 MB that the supervisor does not need

    offered = text.encode()
    # All are compared: an early return would reveal which one matched.
    fits = [hmac.compare_digest(getattr(tokens, scope).encode(), offered) for scope in SCOPES]
    return next((scope for scope, fit in zip(SCOPES, fits, strict=True) if fit), None)


class Reader:
    """The current tokens, also after `token rotate`; one stat(2) per query."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._stamp = (0, 0)
        self._tokens = self.current()

    def current(self) -> Tokens:
        """Return the current tokens."""
        status = (self._run_dir / FILE).stat()
        stamp = (status.st_mtime_ns, status.st_ino)  # a replaced file has another inode
        if stamp != self._stamp:
            self._tokens, self._stamp = load(self._run_dir), stamp
        return self._tokens


def _fresh() -> str:
    return base64.urlsafe_b64encode(os.urandom(TOKEN_BYTES)).decode()


def _save(run_dir: Path, tokens: Tokens) -> None:
    host.write_private(run_dir / FILE, msgspec.json.format(msgspec.json.encode(tokens), indent=1))
