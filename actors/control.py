"""The clients' end of the control socket of a supervisor (supervision/control.py), for commands and gateways."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actors import host
from actors.errors import BadInput, Refused


class NotRunning(Refused):
    """No supervisor listens on the control socket."""


class Connection:
    """The commands' end: sends a request and waits for the answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Return the supervisor's answer.

        Raises:
            BadInput: the request is invalid; the message has what was expected.
            Refused: the supervisor refused, or does not answer.
            NotRunning: it exited before it answered.
        """
        try:
            self._connection.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            line = self._file.readline()
        except TimeoutError as error:
            raise Refused("the supervisor does not answer; it may be stopped, or the machine overloaded") from error
        except OSError as error:
            raise NotRunning(f"the supervisor closed the connection: {error.strerror}") from error
        if not line.endswith(b"\n"):
            raise NotRunning("the supervisor exited before it answered")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise Refused(f"the supervisor's answer is not JSON: {error}") from error
        if not answer.get("ok"):
            raise (BadInput if answer.get("bad_input") else Refused)(answer.get("error", "the supervisor refused"))
        return answer

    def wait_for_end(self, timeout_s: float) -> bool:
        """Wait until the supervisor has exited; return False when it still runs after `timeout_s`."""
        self._connection.settimeout(timeout_s)
        try:
            while self._file.read(1):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        self._file.close()
        self._connection.close()


@contextmanager
def connect(run_dir: Path, timeout_s: float = 5.0) -> Iterator[Connection]:
    """Connect to the supervisor of `run_dir`.

    Raises:
        NotRunning: there is none.
    """
    try:
        connection = host.control_connection(run_dir, timeout_s)
    except OSError as error:
        raise NotRunning(f"no pipeline is running with run_dir {run_dir}") from error
    client = Connection(connection)
    try:
        yield client
    finally:
        client.close()


def request(run_dir: Path, command: str, timeout_s: float = 5.0, **arguments: Any) -> dict[str, Any]:
    """Send one request; see Connection.request."""
    with connect(run_dir, timeout_s) as client:
        return client.request(command, **arguments)
