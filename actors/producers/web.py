"""WebSocket connections to sources. Only this module uses the `websockets` library."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from actors.producers.peer import require_own
from actors.producers.spec import Disconnected, SourceNotRunning, SourceRefused

OPEN_S: Final = 10.0
MAX_BYTES: Final = 1 << 20  # of one message
MAX_UNREAD_BYTES: Final = 1 << 20
UNREAD_LOOK_S: Final = 1.0
MAX_QUEUE: Final = 64  # messages that are read ahead; beyond it TCP slows the sender down
PING_S: Final = 20.0

# HTTP statuses after which another attempt is useless.
_REFUSALS: Final = (400, 401, 403, 404, 410)


class _Direct(connect):
    """A connection to the server of the URL, and to no other: a redirect could lead to any program on this machine."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class WebSocket:
    """One open connection. Every method raises Disconnected when it has ended."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        """Return the next message."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise closed(error) from error

    async def send(self, text: str) -> None:
        """Send a text message."""
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise closed(error) from error

    def require_own(self, what: str) -> None:
        """Make sure that the peer is a program of this user; raises SourceRefused or Disconnected."""
        try:
            require_own(self._connection.transport.get_extra_info("socket"), what)
        except OSError as error:
            raise Disconnected("the connection was cut") from error

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()


@asynccontextmanager
async def websocket(
    url: str,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
    ping_s: float | None = PING_S,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[WebSocket]:
    """Open a connection; it is closed at the end of the block. `tls` replaces the usual context of a wss:// URL.

    Raises:
        Disconnected: it cannot be opened now.
        SourceRefused: the URL is wrong, or the server refuses the connection.
    """
    options: dict[str, Any] = {"open_timeout": OPEN_S, "close_timeout": 1.0, "max_size": MAX_BYTES}
    if tls is not None and url.startswith("wss:"):
        options["ssl"] = tls
    try:
        connection = await _Direct(
            url,
            additional_headers=headers,
            subprotocols=list(subprotocols) or None,  # type: ignore[arg-type]
            ping_interval=ping_s,
            max_queue=MAX_QUEUE,
            compression=None,
            proxy=None,
            user_agent_header="Framewire",
            **options,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if status in _REFUSALS:
            raise SourceRefused(f"{host_of(url)} answered {status}; check the URL and the secret") from error
        redirected = ", a redirect, which is not followed" if 300 <= status < 400 else ""
        raise Disconnected(f"{host_of(url)} answered {status}{redirected}") from error
    except (InvalidURI, ValueError) as error:  # ValueError: brackets, a port that is no number, a name that is none
        raise SourceRefused(f"{host_of(url)} is not a WebSocket URL (ws:// or wss://)") from error
    except (InvalidHandshake, TimeoutError, OSError) as error:
        raise Disconnected(f"cannot connect to {host_of(url)}: {error or type(error).__name__}") from error
    watching = asyncio.create_task(_end_unread(connection))
    try:
        yield WebSocket(connection)
    finally:
        watching.cancel()
        await connection.close()


async def _end_unread(connection: ClientConnection) -> None:
    """End a connection whose peer reads nothing: the library keeps the answers to its pings without a bound."""
    while True:
        await asyncio.sleep(UNREAD_LOOK_S)
        if connection.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            connection.transport.abort()
            return


@asynccontextmanager
async def program_socket(url: str, name: str) -> AsyncIterator[WebSocket]:
    """Open a connection to a program of the user, which may not run.

    Raises:
        SourceNotRunning: it cannot be opened now.
        SourceRefused: as `websocket` does, or a program of another user answers.
    """
    connecting = websocket(url)
    try:
        socket = await connecting.__aenter__()
    except Disconnected as error:
        raise SourceNotRunning(f"{name} is closed, or its WebSocket server is off: {error}") from error
    try:
        socket.require_own(name)
        yield socket
    finally:
        await connecting.__aexit__(None, None, None)


def closed(error: ConnectionClosed) -> Disconnected:
    """Return the end of a connection with its close code and reason, if it has them."""
    frame, own = error.rcvd, error.sent
    if frame is not None:
        gone = Disconnected(f"closed with {frame.code} {frame.reason}".strip())
        gone.code = frame.code
        return gone
    return Disconnected(f"given up: {own.code} {own.reason}".strip() if own else "the connection was cut")


def host_of(url: str) -> str:
    """Return scheme, host and port of a URL. User, path and query may contain a secret, and this text is logged."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:  # malformed brackets or port, for example because a password is not escaped
        return "the URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].removesuffix(port)}{port}"[:200]
