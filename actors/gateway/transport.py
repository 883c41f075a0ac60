"""The interface of a transport: it frames, sends, reports its backlog and its silence, and closes.

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


class OverlayTransport(Protocol):
    """One connection. All methods are called on the loop, and none blocks."""

    name: str
    json_only: bool  # it carries only text
    # A heartbeat is due when an overlay has received nothing for so long; 0 for gateway.heartbeat_s.
    heartbeat_s: float

    @property
    def framing(self) -> Framing:
        """Return the function that frames a message."""

    @property
    def send(self) -> Callable[[bytes], int]:
        """Take framed bytes and return how many were taken; the caller passes the rest to `write`.

        An attribute and not a method, so that it can be the socket's own `send`: the fan-out loop calls it directly.

        Raises:
            BlockingIOError: no byte can be taken now.
            OSError: the connection is broken.
        """

    @property
    def writing(self) -> Callable[[], bool]:
        """Return whether bytes of `write`, or of the transport itself, are still unsent."""

    def write(self, data: memoryview) -> Future[Any]:
        """Send the rest of a message when possible; the future is done when it is sent.

        Raises:
            StreamClosedError: the connection is closed.
        """

    def silent_s(self, now_s: float) -> float:
        """Return how long ago the overlay last sent anything, 0 if the transport itself detects a lost peer."""

    def probe(self) -> None:
        """Send a ping, if the transport has one."""

    def close(self, code: int, reason: str) -> None:
        """Close in order, with a code of the protocol."""

    def abort(self) -> None:
        """Close at once, after an error."""

    def told(self) -> bool:
        """Return whether the overlay was sent the code of `close`, or no longer can be."""
