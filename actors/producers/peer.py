"""Programs on this machine to which a source connects: while one is closed, another user could take its port."""

from __future__ import annotations

import socket

from actors import host
from actors.producers.spec import SourceRefused


def require_own(connection: socket.socket, what: str) -> None:
    """Make sure that the program that answers is one of this user, or of root, as far as the system knows.

    Raises:
        SourceRefused: it is one of another user.
        OSError: it has ended the connection.
    """
    if user := host.stranger(connection):
        raise SourceRefused(f"a program of the user {user} answers instead of {what}: end it")
