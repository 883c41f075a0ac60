"""The ports of the servers, held while the processes that listen on them restart.

Otherwise a program of another user could take a port in the milliseconds of a restart, and would receive the tokens of
overlays, dashboards and game servers, which connect again. After a death of the supervisor the next one holds the ports
before it ends the processes that are left, which still listen.

A held port is bound, and does not listen. Linux lets only sockets of the same user share a port (SO_REUSEPORT), so
that `http_server.bind` shares it, and other users are refused. Elsewhere nothing is held.
"""

from __future__ import annotations

import socket
import sys
from typing import Final

from actors.config import Settings

Address = tuple[str, int]

SHARED: Final = sys.platform.startswith("linux")


class Ports:
    """The ports that the supervisor holds."""

    def __init__(self) -> None:
        self._held: dict[Address, list[socket.socket]] = {}

    def hold(self, settings: Settings, beside: bool = False) -> None:
        """Hold the ports of the servers, release others. One that is in use is left out; the next call tries it again.

        Args:
            beside: also a port on which processes of this user listen
        """
        wanted = [(server.host, server.port) for server in (settings.gateway, settings.ingest)] if SHARED else []
        for address in self._held.keys() - wanted:
            _close(self._held.pop(address))
        for address in wanted:
            if not self._held.get(address):
                self._held[address] = _bound(*address, beside)

    def close(self) -> None:
        """Release all ports."""
        for sockets in self._held.values():
            _close(sockets)
        self._held.clear()


def _bound(host: str, port: int, beside: bool) -> list[socket.socket]:
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
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, beside)
            sockets[-1].bind(target)
            # From now on the port is shared with this user, and another user's SO_REUSEADDR does not pass over it.
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:  # also gaierror; the process that is to listen reports the reason
        _close(sockets)
        return []
    return sockets


def _close(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()
