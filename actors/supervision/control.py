"""The control socket, over which commands and the gateway talk to the supervisor: server and client.

    {"command":"status"}\\n  ──▶  {"ok":true,"pid":…,"processes":[…]}\\n

One JSON line asks, one JSON line answers, in order, as often as the client likes. The supervisor's loop serves it, so
nothing here may wait: sockets do not block, a client that does not read gets no further answers, one that sends no
line end within 64 KiB is told so and closed, and when too many are connected the oldest gives way.
"""

from __future__ import annotations

import errno
import json
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from actors import host
from actors.errors import BadInput, FramewireError, Refused

MAX_REQUEST_BYTES: Final = 64 << 10
MAX_CLIENTS: Final = 32
READ_BYTES: Final = 16 << 10

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class NotRunning(Refused):
    """Nobody listens on the control socket."""


class Server:
    """The supervisor's end. Every registered socket carries the callback of its own events as the selector's data."""

    def __init__(self, run_dir: Path, selector: selectors.BaseSelector, answer: Answer) -> None:
        self._selector = selector
        self._answer = answer
        self._clients: list[_Client] = []
        self._listener = host.control_listener(run_dir)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Serve nobody any more; connections stay open until `hang_up`."""
        for registered in (self._listener, *(client.connection for client in self._clients)):
            self._selector.unregister(registered)
        self._listener.close()

    def hang_up(self) -> None:
        """Close all connections; a client that waits for the end reads it now."""
        for client in self._clients:
            client.connection.close()

    def _accept(self, _events: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and self._clients:
                self._drop(self._longest_idle())  # or the listener would stay readable, and this loop would spin
            return  # else it has hung up already
        if not host.is_ours(connection):
            connection.close()
            return
        if len(self._clients) >= MAX_CLIENTS:
            # Whoever asked for the end waits for it on its connection, and would take its loss for the end.
            self._drop(self._longest_idle())
        connection.setblocking(False)
        client = _Client(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, lambda events: self._serve(client, events))

    def _serve(self, client: _Client, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                client.receive()
            client.send()
            self._reply(client)
        except OSError:
            client.ended = True
            client.output.clear()
        if client.ended and not client.output:
            self._drop(client)
            return
        wanted = selectors.EVENT_WRITE if client.output else selectors.EVENT_READ
        self._selector.modify(client.connection, wanted, lambda events: self._serve(client, events))

    def _reply(self, client: _Client) -> None:
        while not client.output and (line := client.next_line()) is not None:
            try:
                request = self._request(line)
                client.waits = request["command"] == "stop"
                result = self._answer(request)
            except FramewireError as error:
                result = {"ok": False, "error": str(error), "bad_input": isinstance(error, BadInput)}
            client.output += json.dumps(result, separators=(",", ":")).encode() + b"\n"
            client.send()
        if len(client.input) > MAX_REQUEST_BYTES and not client.output:
            client.output += b'{"ok":false,"error":"the request is longer than %d bytes"}\n' % MAX_REQUEST_BYTES
            client.input.clear()
            client.ended = True
            client.send()

    def _request(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput("a request is one line of JSON") from error
        if not isinstance(request, dict) or not isinstance(request.get("command"), str):
            raise BadInput('a request is an object with a "command", for example {"command":"status"}')
        return request

    def _longest_idle(self) -> _Client:
        return next((client for client in self._clients if not client.waits), self._clients[0])

    def _drop(self, client: _Client) -> None:
        self._clients.remove(client)
        self._selector.unregister(client.connection)
        client.connection.close()


class _Client:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.input = bytearray()
        self.output = bytearray()
        self.ended = False
        self.waits = False

    def receive(self) -> None:
        data = self.connection.recv(READ_BYTES)
        self.input += data
        self.ended = self.ended or not data

    def next_line(self) -> bytes | None:
        end = self.input.find(b"\n")
        if end < 0:
            return None
        line = bytes(self.input[:end])
        del self.input[: end + 1]
        return line

    def send(self) -> None:
        if not self.output:
            return
        try:
            sent = self.connection.send(self.output)
        except BlockingIOError:
            return
        del self.output[:sent]


class Line:
    """The commands' end: asks and waits for the answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Return the supervisor's answer.

        Raises:
            BadInput: it does not understand; the message says what it expects.
            Refused: it will not, or does not answer.
            NotRunning: it ended before it answered.
        """
        try:
            self._connection.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            line = self._file.readline()
        except TimeoutError as error:
            raise Refused("the supervisor does not answer: is it stopped, or the machine overloaded?") from error
        except OSError as error:
            raise NotRunning(f"the supervisor hung up: {error.strerror}") from error
        if not line.endswith(b"\n"):
            raise NotRunning("the supervisor ended before it answered")
        answer: dict[str, Any] = json.loads(line)
        if not answer.get("ok"):
            raise (BadInput if answer.get("bad_input") else Refused)(answer.get("error", "the supervisor refused"))
        return answer

    def wait_for_end(self, timeout_s: float) -> bool:
        """Wait until the supervisor is gone; False when it still is there after `timeout_s`."""
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
def line(run_dir: Path, timeout_s: float = 5.0) -> Iterator[Line]:
    """Connect to the supervisor of `run_dir`.

    Raises:
        NotRunning: there is none.
    """
    try:
        connection = host.control_connection(run_dir, timeout_s)
    except OSError as error:
        raise NotRunning(f"no pipeline is running with run_dir {run_dir}") from error
    talk = Line(connection)
    try:
        yield talk
    finally:
        talk.close()


def ask(run_dir: Path, command: str, timeout_s: float = 5.0, **arguments: Any) -> dict[str, Any]:
    """Ask one question; see Line.ask."""
    with line(run_dir, timeout_s) as talk:
        return talk.ask(command, **arguments)
