"""GET /ws: every message of the conversation is one WebSocket message (RFC 6455)."""

from __future__ import annotations

import struct
import time
from asyncio import Future
from typing import Any, Final

import tornado.websocket
from tornado.iostream import IOStream, StreamClosedError

from actors import host
from actors.core.contract.messages import Hello
from actors.core.delivery import conversation
from actors.gateway.conversation import Conversation
from actors.gateway.hub import Gateway
from actors.gateway.pages import BaseHandler
from actors.websocket_server import BoundedSocket

TEXT: Final = 0x81
BINARY: Final = 0x82
CLOSED_IN_ORDER: Final = (1000, 1001)
REASON_BYTES: Final = 120  # a close frame holds 123 (RFC 6455, 5.5)


def framed(payload: bytes, text: bool, _place: str = "") -> bytes:
    """Return a message as one unmasked WebSocket frame (RFC 6455, 5.2)."""
    opcode, size = TEXT if text else BINARY, len(payload)
    if size < 126:
        return struct.pack("!BB", opcode, size) + payload
    if size <= 0xFFFF:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload


class WebSocketTransport:
    """Writes frames directly to the socket of tornado's handler while the kernel takes them."""

    name = "websocket"
    heartbeat_s = 0.0
    json_only = False
    framing = staticmethod(framed)

    def __init__(self, handler: OverlaySocket, stream: IOStream) -> None:
        self.send = stream.socket.send
        # A partly sent ping or pong of tornado may wait in the stream; a frame must not be written before its rest.
        self.writing = stream.writing
        self.received_s = time.monotonic()
        self._handler, self._stream = handler, stream

    def write(self, data: memoryview) -> Future[Any]:
        return self._stream.write(data)

    def silent_s(self, now_s: float) -> float:
        return now_s - self.received_s

    def probe(self) -> None:
        try:
            self._handler.ping()
        except (tornado.websocket.WebSocketClosedError, StreamClosedError):
            self._stream.close()

    def close(self, code: int, reason: str) -> None:
        self._handler.close(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))

    def abort(self) -> None:
        self._stream.close()

    def told(self) -> bool:
        return True


class OverlaySocket(BaseHandler, BoundedSocket):
    """One connection to /ws."""

    def initialize(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.talk: Conversation | None = None

    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            refusal = self.gateway.connections.refusal_for(str(self.request.remote_ip))
            if refusal:
                self.refuse(503, refusal)

    def refuse(self, status: int, error: str) -> None:
        self.gateway.attendance.refused(str(self.request.remote_ip), "", status, error)
        super().refuse(status, error)

    def check_origin(self, _origin: str) -> bool:
        """The origin was checked in `prepare`, more strictly than tornado does."""
        return True

    def open(self) -> None:
        stream = self.ws_connection.stream if self.ws_connection else None
        if stream is None or stream.closed():
            return  # it was closed during the handshake
        stream.set_nodelay(True)
        host.small_send_buffer(stream.socket, self.gateway.settings.socket_buffer_bytes)
        self._transport = WebSocketTransport(self, stream)
        self.talk = Conversation(self.gateway, self._transport, str(self.request.remote_ip))
        if self.gateway.settings.legacy_ws_payload:
            # Legacy overlays send no hello; only here may a token be part of the URL.
            token = self.get_query_argument("token", "")
            if token:
                self.talk.handle(Hello(token=token, overlay_id=f"legacy-{self.talk.overlay.number}"))

    def on_message(self, message: str | bytes) -> None:
        assert self.talk is not None
        self._received()
        self.talk.receive(message)

    def on_flood(self) -> None:
        if self.talk is not None:
            self.gateway.end(self.talk.overlay, conversation.FLOOD)

    def on_pong(self, _data: bytes) -> None:
        self._received()

    def on_close(self) -> None:
        if self.talk is not None:
            # 1001: the page was closed, or reloaded. A connection that broke has no code.
            self.talk.disconnected(closed=self.close_code in CLOSED_IN_ORDER)

    def _received(self) -> None:
        assert self.talk is not None
        self._transport.received_s, self.talk.overlay.pinged = time.monotonic(), False
