"""The connection of a source to a gRPC server: one stream (core/sources/grpc.py) over TCP or a unix socket.

Every message is handed to `on_message` while the bytes of the socket are read: nothing is awaited between two messages,
so that the server's queue stays empty.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from hpack import Decoder, HPACKError

from actors.core.sources.grpc import GrpcStream, Headers
from actors.errors import BadInput
from actors.producers.spec import Disconnected, SourceNotRunning

OPEN_S: Final = 10.0
MAX_UNREAD_BYTES: Final = 1 << 20
KEEPALIVE: Final = (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))


class GrpcConnection(asyncio.Protocol):
    """One open stream. `closed` is done when it has ended; `reason` and `status` then have why."""

    def __init__(self, authority: str, path: str, on_message: Callable[[bytes], None]) -> None:
        self.stream = GrpcStream(_headers_of())
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.reason = "the connection was cut"
        self.received_s = 0.0  # when the bytes that are handled now came
        self._authority, self._path, self._on_message = authority, path, on_message
        self._transport: asyncio.Transport | None = None

    @property
    def status(self) -> int | None:
        """The status of the trailers; None before them."""
        return self.stream.status

    def send(self, message: bytes) -> bool:
        """Send a message; return False if it waits for the server to read."""
        self.stream.send(message)
        self._flush()
        return not self.stream.blocked

    def pause(self, on: bool) -> None:
        """Stop or continue to read."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.pause_reading if on else self._transport.resume_reading)()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the call."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        found = transport.get_extra_info("socket")
        if found is not None and found.family != getattr(socket, "AF_UNIX", None):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE:
                if hasattr(socket, name):
                    found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self.stream.opening(self._authority, self._path)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Hand on the messages in `data`."""
        self.received_s = time.monotonic()
        try:
            messages = self.stream.receive(data)
        except (BadInput, HPACKError) as error:
            self._end(f"the server's answer is not valid gRPC: {error}")
            return
        for message in messages:
            self._on_message(message)
        self._flush()
        if self.stream.ended:
            self._end(self.stream.detail or "the server ended the stream")

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end of the connection."""
        self._end(f"the connection was cut: {error}" if error else self.reason)

    def _flush(self) -> None:
        if self._transport is not None and self.stream.outgoing and not self._transport.is_closing():
            self._transport.write(bytes(self.stream.outgoing))
        self.stream.outgoing.clear()
        unread_bytes = self._transport.get_write_buffer_size() if self._transport is not None else 0
        if unread_bytes + self.stream.unsent_bytes > MAX_UNREAD_BYTES:  # for example answers to its pings
            self._end("the server reads nothing of what is sent to it")

    def _end(self, reason: str) -> None:
        if not self.closed.done():
            self.reason = reason[:300]
            self.closed.set_result(None)
        self.close()


@asynccontextmanager
async def grpc_stream(address: str, path: str, on_message: Callable[[bytes], None]) -> AsyncIterator[GrpcConnection]:
    """Open the stream of a method; it is closed at the end of the block. `address` is `HOST:PORT` or `unix:PATH`.

    Raises:
        SourceNotRunning: no program listens there.
        Disconnected: the server cannot be reached.
    """
    loop = asyncio.get_running_loop()

    def make() -> GrpcConnection:
        return GrpcConnection("localhost" if address.startswith("unix:") else address, path, on_message)

    try:
        async with asyncio.timeout(OPEN_S):
            _, connection = await (
                loop.create_unix_connection(make, _unix_path(address))
                if address.startswith("unix:")
                else loop.create_connection(make, *_host_and_port(address))
            )
    except (ConnectionRefusedError, FileNotFoundError) as error:
        raise SourceNotRunning(f"no server listens on {address}") from error
    except (TimeoutError, OSError) as error:
        raise Disconnected(f"cannot connect to {address}: {error or type(error).__name__}") from error
    try:
        yield connection
    finally:
        connection.close()


def _unix_path(address: str) -> str:
    return "/" + address.removeprefix("unix:").lstrip("/")


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _headers_of() -> Callable[[bytes], Headers]:
    decoder = Decoder(max_header_list_size=16_384)  # one per connection: it has the table of earlier headers
    return lambda block: [(str(name), str(value)) for name, value in decoder.decode(block)]
