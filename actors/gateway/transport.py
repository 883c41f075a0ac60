"""What a transport is to the gateway: it frames, sends, reports its backlog and its silence, and closes.

The conversation (core/delivery/conversation.py) is the same over every transport. A new transport is one module in
transports/ and its routes in server.py.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from typing import Any, Protocol

# (payload, whether it is text, "EPOCH:POSITION" of the last critical event in it or "") → bytes for `send`. It is a
# function of the module, never a bound method: overlays with one framing share their bytes.
Framing = Callable[[bytes, bool, str], bytes]


class Transport(Protocol):
    """One connection. All calls come from the loop, and none waits."""

    name: str
    json_only: bool  # it carries text alone
    # How long an overlay may hear nothing before a heartbeat is due; 0 for gateway.heartbeat_s.
    heartbeat_s: float

    @property
    def framing(self) -> Framing:
        """Return how a message is framed."""

    @property
    def send(self) -> Callable[[bytes], int]:
        """Take framed bytes and return how many; the rest goes to `write`.

        An attribute and not a method, so that it can be the socket's own `send`: the fan-out loop calls it directly.

        Raises:
            BlockingIOError: none are taken now.
            OSError: the connection is broken.
        """

    @property
    def writing(self) -> Callable[[], bool]:
        """Return whether something of `write`, or of the transport's own, has not left yet."""

    def write(self, data: memoryview) -> Future[Any]:
        """Keep the rest of a message until it can leave; the future is done then.

        Raises:
            StreamClosedError: the connection is closed.
        """

    def silent_s(self, now_s: float) -> float:
        """Return for how long the overlay has given no sign of life, 0 where the transport itself detects its end."""

    def probe(self) -> None:
        """Ask for a sign of life, where the transport has a way to."""

    def close(self, code: int, reason: str) -> None:
        """Close in order, with a code of the protocol."""

    def abort(self) -> None:
        """Close at once, after an error."""
