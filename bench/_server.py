"""A simulated game server: posts log lines over HTTP, in order, and repeats each until it receives 200.

It uses one keep-alive connection with one request at a time. A body has one line. Lines that are due for more than
`late_s` during a request are sent together in the next body, so that the order is kept and one slow answer does not
delay the rest of the log. A body without an answer is sent again unchanged, with the headers by which CS:GO servers
mark a repetition.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

from bench._harness import Pauses, until

LATE_S: Final = 0.05
MAX_BODY_LINES: Final = 256
ANSWER_S: Final = 2.0  # a guess: the time that a server waits for an answer
BUSY_S: Final = 0.25  # after a 503


class GameServer:
    """Posts `bodies` when they are due (seconds after `run`); reports every accepted line."""

    def __init__(
        self,
        port: int,
        token: str,
        bodies: Sequence[bytes],
        due_s: Sequence[float],
        on_accepted: Callable[[int], None],
        late_s: float = LATE_S,
    ) -> None:
        self._late_s = late_s
        self._port, self._path = port, f"/srcds/{token}"
        self._bodies, self._due_s = bodies, due_s
        self._on_accepted = on_accepted
        self._instance = secrets.token_hex(8)
        self._offset = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.start_s = 0.0
        self.counts = dict.fromkeys(("posts", "answered", "repeats", "refused_lines", "busy", "connects"), 0)

    async def run(self) -> None:
        """Post all lines; return when the last one is answered."""
        self.start_s = time.monotonic() + 0.1
        number = 0
        while number < len(self._bodies):
            await until(self.start_s + self._due_s[number])
            end = self._late(number)
            await self._deliver(range(number, end))
            number = end
        self._hang_up()

    def _late(self, number: int) -> int:
        """Return the end of the next body: one line, and the late lines after it."""
        late_s = time.monotonic() - self._late_s - self.start_s
        end = number + 1
        while end < min(len(self._bodies), number + MAX_BODY_LINES) and self._due_s[end] <= late_s:
            end += 1
        return end

    async def _deliver(self, numbers: range) -> None:
        body = b"".join(self._bodies[number] + b"\n" for number in numbers)
        headers = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: text/plain\r\n"
            f"X-Server-Instance-Token: {self._instance}\r\nX-Logbytes-Beginoffset: {self._offset}\r\n"
            f"X-Logbytes-Endoffset: {self._offset + len(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        pauses = Pauses()
        while (status := await self._post(headers + body)) is None or status >= 500:
            self.counts["repeats"] += 1
            self.counts["busy"] += status is not None
            if status is None:
                await pauses.wait()
            else:
                await asyncio.sleep(BUSY_S)
        self._offset += len(body)
        if status == 200:
            self.counts["answered"] += 1
            for number in numbers:
                self._on_accepted(number)
        else:
            self.counts["refused_lines"] += len(numbers)

    async def _post(self, message: bytes) -> int | None:
        """Return the status, None without an answer."""
        self.counts["posts"] += 1
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                    self.counts["connects"] += 1
                return await exchange(*self._streams, message)
        except (OSError, TimeoutError, EOFError, ValueError):
            self._hang_up()
            return None

    def _hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> int:
    """Send one HTTP/1.1 request and return the status of its answer, read to its end."""
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").split("\r\n")
    length = next((int(field.partition(":")[2]) for field in fields if field.lower().startswith("content-length")), 0)
    await reader.readexactly(length)
    return int(status_line.split(" ")[1])
