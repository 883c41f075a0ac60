"""The HTTP server of the ingest and of the gateway: its limits of connections and bodies, and what they close.

A connection is idle until it has sent a whole header, and again after each answer. A new one has `first_header_s` for
its header. At the limit of connections, the one that has been idle for the longest time is closed; without an idle one,
one that does not read its answer; without such a one, the one whose body has been on its way for the longest time. So
silent and slow connections do not exclude others. An idle one whose last request had a right token (`trust`) is closed
last, so that a sender does not lose its connection to strangers. The bodies that are on their way have a limit in bytes
together, for most of them are not authenticated yet. When the system has no file left, accepting pauses: the listening
socket stays readable, and without a pause the loop would only retry.

In one turn of the loop PER_TURN requests begin, whatever the number of connections. The others wait, so that a flood of
requests does not hold up frames and heartbeats; a connection with one request after the other waits behind new ones. A
request begins before its header is parsed, which takes as long as the rest. In the same way BODIES_PER_TURN bodies are
handled in one turn, or fewer large ones, those of requests with a right token first, and of these the small ones, and
CHUNKS_PER_TURN chunks of chunked bodies are read, because tornado limits them only for each connection.
"""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final, Protocol

from tornado import httputil, netutil
from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError

FIRST_HEADER_S: Final = 5.0
UNHEADED: Final = 1_024  # connections without a whole header, of 30 KB each; that of others comes within two turns
ACCEPTS_PER_TURN: Final = 128
PAUSE_S: Final = 0.1
INCOMPLETE_BYTES: Final = 32 << 20  # of bodies that are on their way, together; a single one may be larger
SEND_BUFFER_BYTES: Final = 16 << 10  # of the kernel, for each connection; Linux would use 4 MB
UNREAD_BYTES: Final = 32 << 20  # of answers that their clients have not read, beside these buffers
HEADER_LINES: Final = 128  # 16 KiB hold 5,000, which take 20 ms
PER_TURN: Final = 32  # of requests, which take 0.1 to 1 ms each
BODIES_PER_TURN: Final = 8  # of requests that have a body, which take 0.3 to 3 ms each
BODY_PLACE_BYTES: Final = 128 << 10  # a body of 1 MiB, which may take 50 ms, has a turn for itself
CHUNKS_PER_TURN: Final = 128  # of chunked bodies; each takes 30 µs or more, however small it is
NO_FORMS: Final = httputil.ParseBodyConfig(multipart=httputil.ParseMultipartConfig(enabled=False))
CONNECT_S: Final = 0.5  # to an address of this machine
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


def bind(host: str, port: int, backlog: int, shared: bool = False) -> list[socket.socket]:
    """Return the sockets that listen on an address; `shared`: other processes of this user listen there, too.

    Raises:
        OSError: it is in use, or not an address of this machine.
    """
    try:
        return netutil.bind_sockets(port, host, backlog=backlog, reuse_port=shared)
    except OSError as error:
        if shared or error.errno != errno.EADDRINUSE or not _is_silent(host, port):
            raise
    # The supervisor holds the port (supervision/ports.py). If it is not of this user, this fails as well.
    return netutil.bind_sockets(port, host, backlog=backlog, reuse_port=True)


def _is_silent(host: str, port: int) -> bool:
    """Whether no program answers on a port of this machine. A connection to a wildcard address reaches this machine."""
    try:
        socket.create_connection((host or "localhost", port), CONNECT_S).close()
    except OSError:  # refused; a firewall may also drop it
        return True
    return False


class _Waiting:
    """Work that waits for a turn.

    Half of the places are for that of the least size class, so that a body of some hundred bytes does not wait for
    thirty of a megabyte. The others are for what has waited the longest, so that a flood of small ones does not exclude
    larger ones.
    """

    CLASSES = 7  # below 32 KiB, which most webhooks are, 64 KiB, 128 KiB, … and the rest

    def __init__(self) -> None:
        self._by_class: tuple[deque[tuple[int, asyncio.Future[None], int]], ...] = tuple(
            deque() for _ in range(self.CLASSES)
        )
        self._added = self._size = 0
        self._lead = 0  # places that small ones have taken, less those of the ones that had waited the longest

    def __bool__(self) -> bool:
        return self._size > 0

    def add(self, begin: asyncio.Future[None], size_bytes: int) -> None:
        self._added += 1
        self._size += 1
        number = min((size_bytes >> 15).bit_length(), self.CLASSES - 1)
        self._by_class[number].append((self._added, begin, size_bytes))

    def take(self) -> tuple[asyncio.Future[None], int]:
        """Return the next one and its size in bytes."""
        self._size -= 1
        filled = [queue for queue in self._by_class if queue]
        smallest, oldest = filled[0], min(filled, key=lambda queue: queue[0][0])
        queue = oldest if self._lead > 0 else smallest
        _, begin, size_bytes = queue.popleft()
        if smallest is not oldest:
            self._lead += _places(size_bytes) if queue is smallest else -_places(size_bytes)
        return begin, size_bytes


class Turns:
    """Lets `per_turn` pieces of work begin in each turn of the loop, those that are `first` before the others.

    A quarter of the places is for the others, so that an endless flood of first ones does not exclude them. A large
    piece takes several places; the last one of a turn may take more than are left.
    """

    OWED = 3  # places of first ones for each of the others
    MOST_OWED = 32  # in either direction, after large pieces

    def __init__(self, per_turn: int) -> None:
        self._per_turn = self._left = per_turn
        self._counting = False
        self._balance = 0  # places that first ones have taken, less three for each of the others
        self._first, self._later = _Waiting(), _Waiting()

    def take(self, first: bool, size_bytes: int = 0) -> asyncio.Future[None] | None:
        """Return what the work must await before it begins; None: it may begin now."""
        loop = asyncio.get_running_loop()
        if not self._counting:
            self._counting = True
            loop.call_soon(self._next)
        if self._left > 0 and not self._first and (first or not self._later):
            self._left -= _places(size_bytes)
            return None
        begin = loop.create_future()
        (self._first if first else self._later).add(begin, size_bytes)
        return begin

    def _next(self) -> None:
        self._left, self._counting = self._per_turn, bool(self._first or self._later)
        if self._counting:
            asyncio.get_running_loop().call_soon(self._next)
        while self._left > 0 and (self._first or self._later):
            first = bool(self._first) and not (self._later and self._balance >= self.OWED)
            begin, size_bytes = (self._first if first else self._later).take()
            if not begin.done():  # its connection may have been closed
                places = _places(size_bytes)
                self._left -= places
                taken = self._balance + (places if first else -self.OWED * places)
                self._balance = max(-self.MOST_OWED, min(self.MOST_OWED, taken))
                begin.set_result(None)


def _places(size_bytes: int) -> int:
    """Return how many places of a turn a piece of work takes."""
    return 1 + size_bytes // BODY_PLACE_BYTES


class _Request(httputil.HTTPMessageDelegate):
    """Passes one request on, and tells the server how far it has come. A body waits for its turn."""

    def __init__(
        self, delegate: httputil.HTTPMessageDelegate, server: BoundedHTTPServer, connection: HTTP1ServerConnection
    ) -> None:
        self._next, self._server, self._connection = delegate, server, connection
        self._body_bytes = 0
        self.headers_received = delegate.headers_received  # type: ignore[method-assign]
        self.on_connection_close = delegate.on_connection_close  # type: ignore[method-assign]

    def data_received(self, chunk: bytes) -> Any:
        if self._connection.stream.closed():
            return None  # tornado reads on what has arrived, although the handler has ended
        self._body_bytes += len(chunk)
        self._server.receives(self._connection, len(chunk))
        return self._next.data_received(chunk)

    def finish(self) -> None:
        begin = None
        if self._body_bytes:
            begin = self._server.body_turns.take(_stream(self._connection).trusted, self._body_bytes)
        if begin is None:
            self._finish()
        else:
            begin.add_done_callback(lambda _: self._finish())

    def _finish(self) -> None:
        if not self._connection.stream.closed():
            self._server.has_request(self._connection)
            self._next.finish()


class _Stream(IOStream):
    """The stream of one connection. A request, and each chunk of a chunked body, waits for its turn."""

    trusted = False
    # Called for each header; whether it is the first of this connection. None: the server reads no more of them.
    has_header: Callable[[], bool] | None = None
    has_unread: Callable[[int], None]  # called with the bytes that wait for the client to read

    def __init__(self, connection: socket.socket, requests: Turns, chunks: Turns, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self._requests, self._chunks = requests, chunks

    def drop(self) -> None:
        """Free what has arrived. tornado keeps it, and a request that waits for its turn keeps the stream."""
        self._read_buffer.clear()
        self._read_buffer_size = 0

    def write(self, data: bytes | memoryview) -> asyncio.Future[None]:
        written = super().write(data)
        if self.writing():
            self.has_unread(len(self._write_buffer))
        return written

    def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Read a header: tornado's server uses this method for nothing else."""
        header: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        super().read_until_regex(regex, max_bytes).add_done_callback(partial(self._wait, header))  # type: ignore[attr-defined]
        return header

    def _wait(self, header: asyncio.Future[bytes], arrived: asyncio.Future[bytes]) -> None:
        if (error := arrived.exception()) is not None:
            header.set_exception(error)
            return
        if self.has_header is None:
            return
        first = self.has_header() or self.trusted
        if arrived.result().count(b"\n") > HEADER_LINES:
            header.set_exception(httputil.HTTPInputError(f"the header has more than {HEADER_LINES} lines"))
        elif (begin := self._requests.take(first)) is None:
            header.set_result(arrived.result())
        else:
            begin.add_done_callback(lambda _: header.set_result(arrived.result()))

    def read_until(self, delimiter: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """Read the size of a chunk: tornado's server uses this method for nothing else."""
        begin = self._chunks.take(first=False)
        return super().read_until(delimiter, max_bytes) if begin is None else self._later(begin, delimiter, max_bytes)

    async def _later(self, begin: asyncio.Future[None], delimiter: bytes, max_bytes: int | None) -> bytes:
        await begin
        if self.closed():
            raise StreamClosedError(self.error)
        return await super().read_until(delimiter, max_bytes)


def trust(request: httputil.HTTPServerRequest) -> None:
    """Handle this request, and the next ones of its connection, before those of strangers: its token is right."""
    _stream(request.server_connection).trusted = True


def _stream(connection: object) -> _Stream:
    assert isinstance(connection, HTTP1ServerConnection)
    assert isinstance(connection.stream, _Stream)
    return connection.stream


class BoundedHTTPServer(HTTPServer):
    """An HTTP server with bounds. `room()` is how many connections it may have at this moment."""

    def initialize(  # type: ignore[override]  # two arguments more
        self, *args: Any, room: Callable[[], int], metrics: ServerMetrics, **kwargs: Any
    ) -> None:
        super().initialize(*args, **kwargs)
        httputil.set_parse_body_config(NO_FORMS)  # no page reads one, and one of 64 KiB takes 20 ms
        self._room, self._metrics = room, metrics
        self._turns = Turns(PER_TURN)
        self.body_turns = Turns(BODIES_PER_TURN)
        self._chunk_turns = Turns(CHUNKS_PER_TURN)
        self._idle: dict[HTTP1ServerConnection, None] = {}  # longest idle first
        self._headed: set[HTTP1ServerConnection] = set()
        # With the end of their time, longest open first. A timer that is not cancelled keeps a closed connection.
        self._unheaded: dict[HTTP1ServerConnection, asyncio.TimerHandle] = {}
        self._incomplete: dict[HTTP1ServerConnection, int] = {}  # bytes of the body so far; longest on its way first
        self._incomplete_bytes = 0
        self._answered: dict[HTTP1ServerConnection, None] = {}  # the whole request has come; the longest time first
        self._unread: dict[HTTP1ServerConnection, int] = {}  # bytes after the last write; longest unread first
        self._unread_bytes = 0

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        for listener in sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # its connections inherit it
            self._sockets[listener.fileno()] = listener
            self._handlers[listener.fileno()] = _Acceptor(listener, self._handle_connection, self._metrics).stop

    def _handle_connection(self, connection: socket.socket, address: Any) -> None:
        limits = {"max_buffer_size": self.max_buffer_size, "read_chunk_size": self.read_chunk_size}
        self.handle_stream(_Stream(connection, self._turns, self._chunk_turns, **limits), address)

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if len(self._connections) >= self._room():
            self._metrics.refused_connections += 1
            excess = (
                self._idle_stranger() or self._unreading() or next(iter(self._incomplete), next(iter(self._idle), None))
            )
            if excess is None:
                stream.close()
                return
            self._close(excess)
        elif len(self._unheaded) >= UNHEADED:
            self._metrics.refused_connections += 1
            self._close(next(iter(self._unheaded)))
        super().handle_stream(stream, address)

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        assert isinstance(server_conn, HTTP1ServerConnection)
        _stream(server_conn).has_header = partial(self._has_header, server_conn)
        _stream(server_conn).has_unread = partial(self._has_unread, server_conn)
        self._answered.pop(server_conn, None)
        self._idle[server_conn] = None
        if server_conn not in self._headed:
            late = asyncio.get_running_loop().call_later(FIRST_HEADER_S, self._late, server_conn)
            self._unheaded[server_conn] = late
        return _Request(super().start_request(server_conn, request_conn), self, server_conn)

    def _has_header(self, connection: HTTP1ServerConnection) -> bool:
        """Record that a whole header has come, and that its body is on its way; return whether it is the first."""
        first = connection not in self._headed
        self._idle.pop(connection, None)
        self._end_wait(connection)
        self._headed.add(connection)
        self._incomplete[connection] = 0
        return first

    def receives(self, connection: HTTP1ServerConnection, size_bytes: int) -> None:
        """Record a part of a body. Above the limit, the bodies that have been on their way for the longest time end."""
        if connection not in self._incomplete:
            return  # it was just closed
        self._incomplete[connection] += size_bytes
        self._incomplete_bytes += size_bytes
        while self._incomplete_bytes > INCOMPLETE_BYTES and len(self._incomplete) > 1:
            self._metrics.refused_connections += 1
            self._close(next(iter(self._incomplete)))

    def has_request(self, connection: HTTP1ServerConnection) -> None:
        """Record that a whole request has come."""
        if connection in self._incomplete:
            self._incomplete_bytes -= self._incomplete.pop(connection)
            self._answered[connection] = None

    def _has_unread(self, connection: HTTP1ServerConnection, size_bytes: int) -> None:
        """Record what an answer still has to send. Above the limit, those that have waited the longest end."""
        if connection not in self._connections:
            return  # a WebSocket or an event stream by now, which has its own limit
        self._unread_bytes += size_bytes - self._unread.pop(connection, 0)
        self._unread[connection] = size_bytes
        while self._unread_bytes > UNREAD_BYTES and len(self._unread) > 1:
            oldest = next(iter(self._unread))
            self._unread_bytes -= self._unread.pop(oldest)
            if oldest.stream.writing():  # otherwise it has been read meanwhile
                self._metrics.refused_connections += 1
                self._close(oldest)

    async def close_all_connections(self) -> None:
        """Close all connections at once; tornado closes one after the other, and meanwhile handles the requests."""
        for connection in list(self._connections):
            connection.stream.close()
        await super().close_all_connections()

    def _idle_stranger(self) -> HTTP1ServerConnection | None:
        """Return the connection that has been idle for the longest time, of those that have shown no right token."""
        return next((one for one in self._idle if not _stream(one).trusted), None)

    def _unreading(self) -> HTTP1ServerConnection | None:
        """Return the connection that has kept an answer waiting for the longest time, because it does not read it."""
        return next((one for one in self._answered if one.stream.writing()), None)

    def _late(self, connection: HTTP1ServerConnection) -> None:
        self._metrics.late_headers += 1
        self._close(connection)

    def _end_wait(self, connection: HTTP1ServerConnection) -> None:
        if (late := self._unheaded.pop(connection, None)) is not None:
            late.cancel()

    def _close(self, connection: HTTP1ServerConnection) -> None:
        """Close a connection now; what the loop still holds of it ends by itself."""
        self._forget(connection)
        connection.stream.close()
        _stream(connection).drop()

    def on_close(self, server_conn: object) -> None:
        assert isinstance(server_conn, HTTP1ServerConnection)
        self._forget(server_conn)
        self._headed.discard(server_conn)
        if server_conn.stream.closed():  # otherwise it is a WebSocket now
            _stream(server_conn).drop()
        _stream(server_conn).has_header = None  # it is a cycle, and the collector of cycles runs rarely

    def _forget(self, connection: HTTP1ServerConnection) -> None:
        self._connections.discard(connection)
        self._idle.pop(connection, None)
        self._end_wait(connection)
        self._incomplete_bytes -= self._incomplete.pop(connection, 0)
        self._answered.pop(connection, None)
        self._unread_bytes -= self._unread.pop(connection, 0)


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
