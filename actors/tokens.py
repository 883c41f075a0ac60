"""The secrets of a pipeline, stored in RUN_DIR/tokens.json (mode 0600).

Four standing tokens are created at the first start:

display   for overlays: receives events. It is in OBS scenes and on streamers' screens, so it permits nothing else
control   for the dashboard and commands: emits events, reads status and histories
ingest    for game servers, in their URL: sends events
view      for a read-only dashboard: reads status, events and histories

They are separate because they leak in different ways. `token rotate SCOPE` replaces one of them in a running pipeline.
They are stored readable, because the dashboard and `token show` print the URLs again.

`token add` adds a token with a name, a scope and an expiry, for one overlay or one person. It is printed once; only its
SHA-256 is stored, which suffices for 192 random bits. `token revoke` removes it.
"""

from __future__ import annotations

import base64
import os
import re
import time
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import Struct

from actors import host
from actors.errors import BadInput, ConfigError, Refused

FILE: Final = "tokens.json"
USES: Final = "token_uses"  # one empty file per added token; its modification time is the last use
TOKEN_BYTES: Final = 24  # 192 bits: more than the sufficient 128, and 32 characters in a URL
MOST_ADDED: Final = 64  # each is compared with every offered token
USE_S: Final = 60.0  # the resolution of the last use
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")

Scope = Literal["display", "control", "ingest", "view"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class AddedToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token of `token add`. `expires_ms` None: it does not expire."""

    name: str
    scope: Scope
    sha256: str
    created_ms: float
    expires_ms: float | None = None


class Tokens(Struct, frozen=True, forbid_unknown_fields=True):
    display: str
    control: str
    ingest: str
    view: str
    added: tuple[AddedToken, ...] = ()

    def __repr__(self) -> str:
        return "Tokens(…)"  # a token must never reach a log or a traceback


_tokens = msgspec.json.Decoder(Tokens)


class Holder(Struct, frozen=True):
    """The rights of an offered token. `name` "": a standing token."""

    scope: Scope
    name: str = ""
    expires_ms: float | None = None

    def expired(self, now_ms: float) -> bool:
        return self.expires_ms is not None and now_ms >= self.expires_ms


def load(run_dir: Path) -> Tokens:
    """Return the tokens of `run_dir`.

    Raises:
        ConfigError: the file is missing or malformed.
    """
    path = run_dir / FILE
    try:
        return _tokens.decode(path.read_bytes())
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
    with host.alone_in(run_dir):
        known: dict[str, Any] = {}
        if path.exists():
            try:
                known = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return load(run_dir)  # raises ConfigError with the reason
        missing = {scope: _fresh() for scope in SCOPES if scope not in known}
        if missing and set(known) <= set(Tokens.__struct_fields__):
            host.write_private(path, msgspec.json.format(msgspec.json.encode(known | missing), indent=1))
        return load(run_dir)


def rotate(run_dir: Path, scope: Scope) -> str:
    """Replace the standing token of `scope` and return the new one; clients with the old one lose access."""
    fresh = _fresh()
    with host.alone_in(run_dir):
        _save(run_dir, msgspec.structs.replace(load(run_dir), **{scope: fresh}))
    return fresh


def add(run_dir: Path, name: str, scope: Scope, expires_ms: float | None) -> str:
    """Add a token and return it; it cannot be shown again.

    Raises:
        BadInput: the name is malformed, or in use.
        Refused: there are MOST_ADDED.
    """
    import hashlib  # loads OpenSSL

    if not NAME.fullmatch(name) or name in SCOPES:
        raise BadInput(f"the name is {name[:40]!r}, expected 1 to 32 letters, digits, dots, - and _, and no scope")
    fresh = _fresh()
    with host.alone_in(run_dir):
        known = load(run_dir)
        if any(one.name == name for one in known.added):
            raise BadInput(f"there is a token {name}; revoke it first, or choose another name")
        if len(known.added) >= MOST_ADDED:
            raise Refused(f"there are {MOST_ADDED} added tokens, which is the most there may be; revoke one first")
        one = AddedToken(name, scope, hashlib.sha256(fresh.encode()).hexdigest(), time.time() * 1000, expires_ms)
        folder = host.private_folder(run_dir / USES)
        host.write_private(folder / name, b"", durable=False)
        os.utime(folder / name, (0, 0))
        _save(run_dir, msgspec.structs.replace(known, added=(*known.added, one)))
    return fresh


def revoke(run_dir: Path, name: str) -> None:
    """Remove an added token; its connections are closed.

    Raises:
        BadInput: there is no token of this name.
    """
    with host.alone_in(run_dir):
        known = load(run_dir)
        left = tuple(one for one in known.added if one.name != name)
        if len(left) == len(known.added):
            raise BadInput(f"there is no added token {name[:40]!r}; `token list` has all of them")
        _save(run_dir, msgspec.structs.replace(known, added=left))
        (run_dir / USES / name).unlink(missing_ok=True)


def listed(run_dir: Path, known: Tokens) -> list[dict[str, Any]]:
    """Return the added tokens for display: name, scope, times, and nothing secret."""
    now_ms = time.time() * 1000
    return [
        {
            "name": one.name,
            "scope": one.scope,
            "created_ms": one.created_ms,
            "expires_ms": one.expires_ms,
            "expired": one.expires_ms is not None and now_ms >= one.expires_ms,
            "used_ms": _used_ms(run_dir, one.name),
        }
        for one in known.added
    ]


def holder_of(tokens: Tokens, text: str) -> Holder | None:
    """Return the rights of the token `text`, None if it is unknown. Constant-time comparison."""
    import hashlib  # both load OpenSSL, 4 MB that the supervisor does not need
    import hmac

    offered = text.encode()
    # All are compared: an early return would reveal which one matched.
    fits = [hmac.compare_digest(getattr(tokens, scope).encode(), offered) for scope in SCOPES]
    holders = [Holder(scope) for scope, fit in zip(SCOPES, fits, strict=True) if fit]
    if tokens.added:
        digest = hashlib.sha256(offered).hexdigest()
        same = [hmac.compare_digest(one.sha256.encode(), digest.encode()) for one in tokens.added]
        holders += [
            Holder(one.scope, one.name, one.expires_ms) for one, fit in zip(tokens.added, same, strict=True) if fit
        ]
    return holders[0] if holders else None


class Reader:
    """The current tokens, also after a command has changed them; one stat(2) per query."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._stamp = (0, 0)
        self._noted_s: dict[str, float] = {}
        self._tokens = self.current()

    def current(self) -> Tokens:
        """Return the current tokens."""
        status = (self._run_dir / FILE).stat()
        stamp = (status.st_mtime_ns, status.st_ino)  # a replaced file has another inode
        if stamp != self._stamp:
            self._tokens, self._stamp = load(self._run_dir), stamp
            self._noted_s = {}
        return self._tokens

    def used(self, name: str, now_s: float) -> None:
        """Record the use of an added token, at most once per USE_S; "" is a standing one, which has no record."""
        if not name or now_s - self._noted_s.get(name, float("-inf")) < USE_S:
            return
        self._noted_s[name] = now_s
        try:
            os.utime(self._run_dir / USES / name)
        except OSError:
            return  # revoked just now, or a disk that takes nothing: only the time of the last use is missing


def _used_ms(run_dir: Path, name: str) -> float | None:
    try:
        return (run_dir / USES / name).stat().st_mtime * 1000 or None
    except OSError:
        return None


def _fresh() -> str:
    token = base64.urlsafe_b64encode(os.urandom(TOKEN_BYTES)).decode()
    return _fresh() if token.startswith("-") else token  # an argument of a command must not look like an option


def _save(run_dir: Path, tokens: Tokens) -> None:
    host.write_private(run_dir / FILE, msgspec.json.format(msgspec.json.encode(tokens), indent=1))
