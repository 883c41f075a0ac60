"""The supervisor's end of the control socket; the clients' end is actors/control.py.

    {"command":"status"}\\n  ──▶  {"ok":true,"pid":…,"processes":[…]}\\n

A request is one line of JSON, and so is its answer. Answers are sent in the order of requests; their number is not
limited. The supervisor's loop serves the socket, so nothing here blocks. A client that does not read receives no
further answers. A request of more than 64 KiB is answered with an error, and the connection is closed. When too many
clients are connected, the oldest connection is closed.
"""

from __future__ import annotations

import errno
import json
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from actors import host
from actors.errors import BadInput, FramewireError

MAX_REQUEST_BYTES: Final = 64 << 10
MAX_CLIENTS: Final = 32
READ_BYTES: Final = 16 << 10

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class ControlServer:
    """The supervisor's end. The selector's data of each registered socket is the callback for its events."""

    def __init__(self, run_dir: Path, selector: selectors.BaseSelector, answer: Answer) -> None:
        self._selector = selector
        self._answer = answer
        self._clients: list[_ControlClient] = []
        self._listener = host.control_listener(run_dir)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Stop serving; connections stay open until `close_connections`."""
        for registered in (self._listener, *(client.connection for client in self._clients)):
            self._selector.unregister(registered)
        self._listener.close()

    def close_connections(self) -> None:
        """Close all connections; clients that wait for the end of the supervisor return now."""
        for client in self._clients:
            client.connection.close()

    def _accept(self, _events: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and self._clients:
                self._drop(self._longest_idle())  # otherwise the listener stays readable, and the loop spins
            return  # otherwise the client has already closed the connection
        if not host.is_ours(connection):
            connection.close()
            return
        if len(self._clients) >= MAX_CLIENTS:
            # Not one that sent `stop`: it waits for its connection to close, as the sign of the supervisor's end.
            self._drop(self._longest_idle())
        connection.setblocking(False)
        client = _ControlClient(connection)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, lambda events: self._serve(client, events))

    def _serve(self, client: _ControlClient, events: int) -> None:
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

    def _reply(self, client: _ControlClient) -> None:
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
            raise BadInput("the request is not JSON, expected one line of JSON") from error
        if not isinstance(request, dict) or not isinstance(request.get("command"), str):
            raise BadInput('the request has no command, expected an object like {"command":"status"}')
        return request

    def _longest_idle(self) -> _ControlClient:
        return next((client for client in self._clients if not client.waits), self._clients[0])

    def _drop(self, client: _ControlClient) -> None:
        self._clients.remove(client)
        self._selector.unregister(client.connection)
        client.connection.close()


class _ControlClient:
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
