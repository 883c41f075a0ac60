"""The access rules of the HTTP servers: the Host allowlist and the Origin check.

DNS rebinding lets a page of evil.test reach 127.0.0.1 with `Host: evil.test` and an Origin that matches it, and tornado
lets such a handshake pass (measured). So the Host is checked first, against names that cannot be rebound, and the
Origin against the Host. A request without an Origin is not from a browser; it still needs a token. Names are compared
as a whole, never by suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
WILDCARD: Final = ("", "0.0.0.0", "::")
_ADDRESS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\]")
_NAME: Final = re.compile(r"[a-z0-9_.-]{1,80}")


def is_loopback(address: str) -> bool:
    """Return whether a peer's address is of this machine."""
    return address == "::1" or address.startswith(("127.", "::ffff:127."))


def reached(host: str) -> str:
    """Return the address for connections from this machine to a server on `host`; tornado binds "::" only to IPv6."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def authority(host: str, port: int) -> str:
    """Return `host:port` in the form of URLs, for connections from this machine."""
    name = reached(host)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def hosts(host: str, port: int, allowed: Iterable[str]) -> frozenset[str]:
    """Return the allowed Host headers: loopback, the configured host, and `allowed` (`name` or `name:port`)."""
    names = [*LOOPBACK]
    if host not in WILDCARD:
        names.append(f"[{host}]" if ":" in host else host)
    ours = {f"{name}:{port}" for name in names}
    if port == 80:
        ours.update(names)
    for name in allowed:
        ours.update((name, f"{name}:{port}"))
    return frozenset(name.lower() for name in ours)


def host_is_ours(header: str | None, ours: frozenset[str], open_port: int | None = None) -> bool:
    """Return whether the gateway accepts a Host; `open_port`: its port, if it listens on all addresses.

    Then every address is accepted, because an address cannot be rebound; a name must be allowed.
    """
    if header is None:
        return False
    name, port = _split(header)
    return header.lower() in ours or (open_port is not None and _is_address(name) and port == str(open_port))


def may_send(header: str | None, host: str, allowed: Iterable[str]) -> bool:
    """Return whether the ingest accepts a Host: none, an address, or an allowed name with any port.

    The port is that of the sender's view; a container may map it. A browser always sends a Host.
    """
    name = _split(header or "")[0]
    names = {"", "localhost", host.lower(), *(_split(one)[0] for one in allowed)}
    return name in names or _is_address(name)


def foreign_host(header: str | None) -> str:
    """Return the reason of a 421. It repeats the name only if it can be one."""
    name = _split(header or "")[0]
    if _NAME.fullmatch(name) is None or _is_address(name):
        return "this Host is not allowed; names of this machine are listed in gateway.allowed_hosts"
    return f'the Host {name} is not allowed; if it is a name of this machine: gateway.allowed_hosts = ["{name}"]'


def _split(header: str) -> tuple[str, str]:
    """Return (name, port) of a Host, in lower case."""
    name, colon, port = header.lower().rpartition(":")
    return (name, port) if colon and port.isdecimal() else (header.lower(), "")


def _is_address(name: str) -> bool:
    return name not in WILDCARD and _ADDRESS.fullmatch(name) is not None


def origin_is_welcome(headers: Mapping[str, str], allowed: Iterable[str], links: bool = True) -> bool:
    """Whether a request with an allowed Host is from the server's own page, an allowed origin, or not a browser.

    Browsers send no Origin with the requests for pictures, scripts and the like, but they say whether another site
    makes them. A page of another site may only link (`links`), and only to what is a page.
    """
    origin = headers.get("Origin")
    if origin is None:
        foreign = headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") or _is_speculative(headers)
        return not foreign or (links and headers.get("Sec-Fetch-Mode") == "navigate")
    host = headers.get("Host", "").lower()
    return origin.lower() in (f"http://{host}", f"https://{host}") or origin in allowed


def origin_is_proved(headers: Mapping[str, str]) -> bool:
    """Whether a request that `origin_is_welcome` accepts is beyond doubt not made by a page of another site.

    Browsers say who makes a request only to a server that they trust: of this machine, or with TLS. To other addresses
    they send only the Referer, which a page can leave out, but not replace by ours.
    """
    host = headers.get("Host", "").lower()
    own = headers.get("Referer", "").lower().startswith((f"http://{host}/", f"https://{host}/"))
    return own or "Sec-Fetch-Site" in headers or _split(host)[0] in LOOPBACK


def may_post(headers: Mapping[str, str], allowed: Iterable[str]) -> bool:
    """Whether a request to a server without pages, of any Host, is from an allowed origin, or not a browser.

    An Origin that equals the Host is that of a page whose name was rebound to this machine.
    """
    origin = headers.get("Origin")
    if origin is None:
        return headers.get("Sec-Fetch-Site", "none") == "none" and not _is_speculative(headers)
    return origin in allowed


def _is_speculative(headers: Mapping[str, str]) -> bool:
    """Whether a browser loads an address ahead, as rules of any page tell it; it then names no site."""
    return headers.get("Sec-Fetch-Site") == "none" and "Sec-Purpose" in headers
