"""The sockets of one EventSub session, read into one queue: while a session moves, there are two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from actors.errors import Refused
from actors.producers.spec import Disconnected

QUEUE: Final = 64  # frames that are read ahead; beyond it TCP slows Twitch down

Arrival = tuple[int, str | bytes | Exception]
Work = Callable[..., Coroutine[Any, Any, None]]


def same_domain(url: str, known: str) -> str:
    """Return `url`, to which the server at `known` moves the session.

    Raises:
        Disconnected: it is of another domain or scheme; it could lead to any program on this machine.
    """
    try:
        new, old = urlsplit(url), urlsplit(known)
    except ValueError as error:
        raise Disconnected("the session is moved to an address that is malformed") from error
    if new.scheme != old.scheme or _domain(new) != _domain(old):
        raise Disconnected(f"the session is moved to {(new.hostname or 'no host')[:80]!r}, which is not followed")
    return url


def _domain(parts: SplitResult) -> str:
    """Return the last two labels of a name, or the whole of an address."""
    *labels, last = (parts.hostname or "").split(".")
    return ".".join([*labels[-1:], last]) if last.isalpha() else parts.hostname or ""


class Sockets:
    """Reads several sockets into one queue, and runs background tasks. Failures are also put into the queue."""

    BACKGROUND: Final = 0

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Arrival] = asyncio.Queue(QUEUE)
        self._sockets: dict[int, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._newest = self.BACKGROUND

    def open(self, url: str) -> int:
        """Begin to open and read a socket; return its number."""
        self._newest += 1
        self._start(self._newest, self._read, self._newest, url)
        return self._newest

    def close(self, number: int) -> None:
        """Begin to close a socket. Frames that Twitch sent before its closing handshake still arrive."""
        socket = self._sockets.get(number)
        if socket is not None:
            self.start(socket.close)

    def start(self, work: Work, *arguments: Any) -> None:
        self._start(self.BACKGROUND, work, *arguments)

    async def next(self, until_s: float) -> Arrival:
        """Return the next item of the queue; raises TimeoutError at `until_s` of the loop's clock."""
        async with asyncio.timeout_at(until_s):
            return await self._queue.get()

    async def end(self) -> None:
        """Close all sockets and end all tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, number: int, work: Work, *arguments: Any) -> None:
        task = asyncio.create_task(self._guard(number, work, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, number: int, work: Work, *arguments: Any) -> None:
        try:
            await work(*arguments)
        except (OSError, Refused) as error:
            await self._queue.put((number, error))

    async def _read(self, number: int, url: str) -> None:
        from actors.producers.web import websocket

        async with websocket(url, ping_s=None) as socket:
            self._sockets[number] = socket
            try:
                while True:
                    await self._queue.put((number, await socket.receive()))
            finally:
                del self._sockets[number]
