"""HTTP client of the commands for the pipeline: JSON in, JSON out, the token in a header."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from actors import control, host
from actors.core.origins import reached
from actors.errors import BadInput, FramewireError, Refused

TIMEOUT_S: Final = 10.0


class Address(Protocol):
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


class Peer:
    """One connection to the gateway or the ingest."""

    def __init__(self, connection: http.client.HTTPConnection, token: str) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def request(self, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Return (status, answer); with a body the request is a POST.

        Raises:
            NotRunning: no process answers there.
            BadInput: the status is 400 or 413; the message is that of the answer.
            Refused: the status is 401, 403, 421 or 503; the message is that of the answer.
        """
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            self._connection.request("GET" if data is None else "POST", path, data, self._headers)
            response = self._connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            where = f"{self._connection.host}:{self._connection.port}"
            raise control.NotRunning(f"no answer from {where}: {error}; is the pipeline running?") from error
        except ValueError as error:
            raise FramewireError(
                f"{path} answered {response.status} without JSON; another program may use this port"
            ) from error
        if response.status in (400, 413):
            raise BadInput(answer.get("error", response.reason))
        if response.status in (401, 403, 421, 503):
            raise Refused(answer.get("error", response.reason))
        return response.status, answer


@contextmanager
def peer(address: Address, token: str, run_dir: Path) -> Iterator[Peer]:
    """Connect to one of the HTTP servers of the pipeline in `run_dir`.

    Raises:
        NotRunning: no process answers there.
        Refused: a program of another user does; it receives no token.
    """
    connection = http.client.HTTPConnection(reached(address.host), address.port, timeout=TIMEOUT_S)
    connection.auto_open = 0  # another connection could be one to another program
    try:
        try:
            connection.connect()
            connected = connection.sock
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            require_own(connected, run_dir)
        except (OSError, http.client.HTTPException) as error:
            where = f"{connection.host}:{connection.port}"
            raise control.NotRunning(f"no answer from {where}: {error}; is the pipeline running?") from error
        yield Peer(connection, token)
    finally:
        connection.close()


def require_own(connection: socket.socket, run_dir: Path) -> None:
    """Make sure that a peer that has answered is a program of the pipeline's user, as far as the system knows.

    Raises:
        Refused: it is one of another user, who took the port while Framewire was not running.
        OSError: it has ended the connection.
    """
    if user := host.stranger(connection, run_dir.stat().st_uid):
        raise Refused(f"a program of the user {user} answers at the port of Framewire: end it; no token was sent")
