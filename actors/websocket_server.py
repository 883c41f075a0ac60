"""The base of the WebSockets that this program serves: a bound of their frames.

Limits of messages do not count pings and fragments, which cost as much, and a connection may send them before it has
said who it is. Some hundred connections that do so would stop the loop for a minute. So every frame is counted. Above
the limit a connection is closed, and what it still sends is not read. In one turn of the loop FRAMES_PER_TURN
frames are handled besides one of each connection; those of connections that have sent little recently come first.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from tornado.websocket import WebSocketHandler, WebSocketProtocol, WebSocketProtocol13

from actors.core.delivery.clients import Bucket
from actors.http_server import Turns

EXTENSIONS: Final = "Sec-WebSocket-Extensions"
CLOSE_S: Final = 0.5  # for the close code to arrive
FRAMES_PER_TURN: Final = 64
TURNS: Final = "frame_turns"  # in the settings of the application, because all its connections share them


class BoundedSocket(WebSocketHandler):
    """A WebSocket that may send FRAMES_BURST frames at once, and FRAMES_PER_S in the long run."""

    FRAMES_PER_S = 40.0
    FRAMES_BURST = 80.0

    def on_flood(self) -> None:
        """End the conversation with a close code."""
        raise NotImplementedError

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        usual = super().get_websocket_protocol()
        if not isinstance(usual, WebSocketProtocol13):
            return usual  # an unknown version, which is refused
        if self.get_compression_options() is None:
            self.request.headers.pop(EXTENSIONS, None)  # none is used; tornado takes 14 ms to read 16 KiB
        return _BoundedProtocol(self, usual.params, self.settings.setdefault(TURNS, Turns(FRAMES_PER_TURN)))


class _BoundedProtocol(WebSocketProtocol13):
    def __init__(self, handler: BoundedSocket, params: Any, turns: Turns) -> None:
        super().__init__(handler, False, params)
        self._socket, self._turns = handler, turns
        now_s = time.monotonic()
        self._frames = Bucket(handler.FRAMES_PER_S, handler.FRAMES_BURST, now_s)
        self._few = Bucket(handler.FRAMES_PER_S, handler.FRAMES_BURST / 4, now_s)
        self._flooded = False

    def _create_compressors(self, side: str, agreed_parameters: dict[str, Any], *options: Any) -> None:
        """Let each message stand for itself, so that a connection with compression keeps no window of 32 KiB or more.

        tornado overlooks these two parameters in an offer, because they have no value (RFC 7692, 7.1.1).
        """
        agreed_parameters.update(client_no_context_takeover=None, server_no_context_takeover=None)
        super()._create_compressors(side, agreed_parameters, *options)

    async def _receive_frame(self) -> None:
        if self._flooded:
            await asyncio.sleep(CLOSE_S)
            self._abort()
            return
        await super()._receive_frame()
        now_s = time.monotonic()
        if not self._frames.take(now_s):
            self._flooded = True
            self._socket.on_flood()
        elif (begin := self._turns.take(first=self._few.take(now_s))) is not None:
            await begin
