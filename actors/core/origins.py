"""Who may talk to the gateway: the Host allowlist and the Origin check.

DNS rebinding lets a page of evil.test reach 127.0.0.1 with `Host: evil.test` and an Origin that matches it, and tornado
lets such a handshake pass (measured). So the Host is checked first, against names that cannot be rebound, and the
Origin against the Host. A missing Origin is no browser; it still needs a token. All is compared whole, never by suffix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
WILDCARD: Final = ("", "0.0.0.0", "::")


def reached(host: str) -> str:
    """Return the address by which this machine reaches what listens on `host`; tornado binds "::" to IPv6 alone."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def authority(host: str, port: int) -> str:
    """Return the same with its port, as URLs have it."""
    name = reached(host)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def hosts(host: str, port: int, allowed: Iterable[str]) -> frozenset[str]:
    """Return the Host headers that are ours: loopback, the configured host, and `allowed` (`name` or `name:port`)."""
    names = [*LOOPBACK]
    if host not in WILDCARD:
        names.append(f"[{host}]" if ":" in host else host)
    ours = {f"{name}:{port}" for name in names}
    if port == 80:
        ours.update(names)
    for name in allowed:
        ours.update((name, f"{name}:{port}"))
    return frozenset(name.lower() for name in ours)


def host_is_ours(header: str | None, ours: frozenset[str]) -> bool:
    return header is not None and header.lower() in ours


def origin_is_welcome(headers: Mapping[str, str], allowed: Iterable[str]) -> bool:
    """Whether a request, its Host accepted already, comes from our page, an allowed origin, or no browser at all."""
    origin = headers.get("Origin")
    if origin is None:
        return True
    host = headers.get("Host", "").lower()
    return origin.lower() in (f"http://{host}", f"https://{host}") or origin in allowed
