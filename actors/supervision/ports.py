"""The ports of the servers, held while the processes that listen on them restart.

Otherwise a program of another user could take a port in the milliseconds of a restart, and would receive the tokens of
overlays, dashboards and game servers, which connect again.

A held port is bound, and does not listen. Linux lets only sockets of the same user share a port (SO_REUSEPORT), so
that `http_server.bind` shares it, and other users are refused. Elsewhere nothing is held.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from typing import Final

Address = tuple[str, int]

SHARED: Final = sys.platform.startswith("linux")


class Ports:
    """The ports that the supervisor holds."""

    def __init__(self) -> None:
        self._held: dict[Address, list[socket.socket]] = {}

    def hold(self, addresses: Iterable[Address]) -> None:
        """Hold the ports of these addresses. One that is in use is left out; the next call tries it again."""
        for address in addresses if SHARED else ():
            if not self._held.get(address):
                self._held[address] = _bound(*address)

    def close(self) -> None:
        """Release all ports."""
        for sockets in self._held.values():
            _close(sockets)
        self._held.clear()


def _bound(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of `host`, [] if another program has one of them."""
    sockets: list[socket.socket] = []
    try:
        for family, kind, _, _, target in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            sockets.append(socket.socket(family, kind))
            if family == socket.AF_INET6:
                sockets[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT counts as free
            sockets[-1].bind(target)
            # Both after `bind`: it must fail when any other socket has the port, and this one must not be passed over.
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:  # also gaierror; the process that is to listen reports the reason
        _close(sockets)
        return []
    return sockets


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
