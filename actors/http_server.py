"""The HTTP server of the ingest and of the gateway: its limit of connections, and the eviction of idle ones.

A connection is idle until it has sent a whole header, and again after each answer. A new one has `first_header_s` for
its header. At the limit of connections, the one that has been idle for the longest time is closed, so that silent
connections do not exclude others. When the system has no file left, accepting pauses: the listening socket stays
readable, and without a pause the loop would only retry.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from tornado import httputil
from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream

FIRST_HEADER_S: Final = 5.0
ACCEPTS_PER_TURN: Final = 128
PAUSE_S: Final = 0.1
RESERVED_FILES: Final = 64  # of a process: stores, sockets of the bus, logs, modules that are loaded later


class ServerMetrics(Protocol):
    """Metrics of refused connections."""

    refused_connections: int
    late_headers: int
    accept_failures: int


def allow_open_files(wanted: int) -> int:
    """Raise this process's limit of open files to `wanted` if permitted; return the number of possible connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited, wanted = hard == resource.RLIM_INFINITY, wanted + RESERVED_FILES
    soft = max(soft, wanted if unlimited else min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(soft, wanted) - RESERVED_FILES)


class _Request(httputil.HTTPMessageDelegate):
    """Passes one request on, and calls `headed` when its header is complete."""

    def __init__(self, delegate: httputil.HTTPMessageDelegate, headed: Callable[[], None]) -> None:
        self._headed = headed
        self._next = delegate.headers_received
        self.data_received = delegate.data_received  # type: ignore[method-assign]
        self.finish = delegate.finish  # type: ignore[method-assign]
        self.on_connection_close = delegate.on_connection_close  # type: ignore[method-assign]

    def headers_received(self, start_line: Any, headers: httputil.HTTPHeaders) -> Any:
        self._headed()
        return self._next(start_line, headers)


class BoundedHTTPServer(HTTPServer):
    """An HTTP server with bounds. `room()` is how many connections it may have at this moment."""

    def initialize(  # type: ignore[override]  # two arguments more
        self, *args: Any, room: Callable[[], int], metrics: ServerMetrics, **kwargs: Any
    ) -> None:
        super().initialize(*args, **kwargs)
        self._room, self._metrics = room, metrics
        self._idle: dict[HTTP1ServerConnection, None] = {}  # longest idle first
        self._headed: set[HTTP1ServerConnection] = set()

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        for listener in sockets:
            self._sockets[listener.fileno()] = listener
            self._handlers[listener.fileno()] = _Acceptor(listener, self._handle_connection, self._metrics).stop

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if len(self._connections) >= self._room():
            self._metrics.refused_connections += 1
            if not self._idle:
                stream.close()
                return
            self._close(next(iter(self._idle)))
        super().handle_stream(stream, address)

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._idle[server_conn] = None
        if server_conn not in self._headed:
            asyncio.get_running_loop().call_later(FIRST_HEADER_S, self._late, server_conn)
        return _Request(super().start_request(server_conn, request_conn), lambda: self._has_header(server_conn))

    def _has_header(self, connection: HTTP1ServerConnection) -> None:
        self._idle.pop(connection, None)
        self._headed.add(connection)

    def _late(self, connection: HTTP1ServerConnection) -> None:
        if connection in self._idle and connection not in self._headed:
            self._metrics.late_headers += 1
            self._close(connection)

    def _close(self, connection: HTTP1ServerConnection) -> None:
        """Close a connection now; what the loop still holds of it ends by itself."""
        self._idle.pop(connection, None)
        self._connections.discard(connection)
        connection.stream.close()

    def on_close(self, server_conn: object) -> None:
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._connections.discard(server_conn)
        self._idle.pop(server_conn, None)
        self._headed.discard(server_conn)


class _Acceptor:
    """Accepts connections of one listening socket, and rests when the system gives none."""

    def __init__(
        self, listener: socket.socket, accepted: Callable[[socket.socket, Any], None], metrics: ServerMetrics
    ) -> None:
        self._listener, self._accepted, self._metrics = listener, accepted, metrics
        self._loop = IOLoop.current()
        self._stopped = self._reading = False
        self._resume()

    def _resume(self) -> None:
        if not self._stopped:
            self._reading = True
            self._loop.add_handler(self._listener, self._accept, IOLoop.READ)

    def _accept(self, _listener: socket.socket, _events: int) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if self._stopped:
                return
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no file is left for this process or the system, no memory for a socket
                self._metrics.accept_failures += 1
                self._pause()
                self._loop.call_later(PAUSE_S, self._resume)
                return
            self._accepted(connection, address)

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_handler(self._listener)

    def stop(self) -> None:
        self._stopped = True
        self._pause()
