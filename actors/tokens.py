"""The four secrets of a pipeline, made at its first start and kept in RUN_DIR/tokens.json (mode 0600).

display   sees events: the overlays. It is in OBS scenes and on streamers' screens, so it can do nothing else
control   emits events, reads status and stories: the dashboard and the commands
ingest    sends events: game servers have it in their URL
view      reads status, events and stories, and changes nothing: the dashboard on a producer's wall

They are separate because they leak in different ways; `token rotate SCOPE` replaces one of them while everything runs.
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
TOKEN_BYTES: Final = 24  # 192 bits: beyond guessing (128 would do), and 32 characters in a URL

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
        ConfigError: there are none, or the file is no such thing.
    """
    path = run_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tokens)
    except FileNotFoundError as error:
        raise ConfigError(f"there are no tokens in {run_dir}: no pipeline was started with this run_dir") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error} (delete it and start again to get new tokens)") from error


def load_or_create(run_dir: Path) -> Tokens:
    """Return the tokens of `run_dir`, making those that it lacks: all at the first start, a new scope after an upgrade.

    Raises:
        ConfigError: the file cannot be read.
    """
    path = run_dir / FILE
    known: dict[str, str] = {}
    if path.exists():
        try:
            known = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return load(run_dir)  # raises, and says what is wrong
    missing = {scope: _fresh() for scope in SCOPES if scope not in known}
    if missing and set(known) <= set(SCOPES):
        _save(run_dir, Tokens(**(known | missing)))
    return load(run_dir)


def rotate(run_dir: Path, scope: Scope) -> str:
    """Replace the token of `scope` and return the new one; whoever holds the old one is shut out."""
    fresh = _fresh()
    _save(run_dir, msgspec.structs.replace(load(run_dir), **{scope: fresh}))
    return fresh


def scope_of(tokens: Tokens, text: str) -> Scope | None:
    """Return what `text` entitles to, None if to nothing. Its duration tells nothing about the tokens."""
    import hmac  # brings OpenSSL, 4 MB that the supervisor need not carry

    offered = text.encode()
    # All are compared, whichever fits: an early return would tell which one came close.
    fits = [hmac.compare_digest(getattr(tokens, scope).encode(), offered) for scope in SCOPES]
    return next((scope for scope, fit in zip(SCOPES, fits, strict=True) if fit), None)


class Reader:
    """The current tokens, for a process that runs on while `token rotate` replaces them; one stat(2) per question."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._stamp = (0, 0)
        self._tokens = self.current()

    def current(self) -> Tokens:
        """Return the tokens as they are now."""
        status = (self._run_dir / FILE).stat()
        stamp = (status.st_mtime_ns, status.st_ino)  # a replaced file is another inode, whatever its clock says
        if stamp != self._stamp:
            self._tokens, self._stamp = load(self._run_dir), stamp
        return self._tokens


def _fresh() -> str:
    return base64.urlsafe_b64encode(os.urandom(TOKEN_BYTES)).decode()


def _save(run_dir: Path, tokens: Tokens) -> None:
    host.write_private(run_dir / FILE, msgspec.json.format(msgspec.json.encode(tokens), indent=1))
