"""GET /ws: every message of the conversation is one WebSocket message (RFC 6455)."""

from __future__ import annotations

import struct
import time
import zlib
from asyncio import Future
from typing import Any, Final

import tornado.websocket
from tornado.iostream import IOStream, StreamClosedError

from actors import host
from actors.config import Compression
from actors.core import origins
from actors.core.contract.messages import Hello
from actors.core.delivery import conversation
from actors.gateway.conversation import Conversation
from actors.gateway.hub import Gateway
from actors.gateway.pages import BaseHandler
from actors.websocket_server import EXTENSIONS, BoundedSocket

TEXT: Final = 0x81
BINARY: Final = 0x82
COMPRESSED: Final = 0x40  # RFC 7692, 6
CLOSED_IN_ORDER: Final = (1000, 1001)
REASON_BYTES: Final = 120  # a close frame holds 123 (RFC 6455, 5.5)

# Batches of more than 1 KiB become four to five times smaller. Level 3 and a window of 4 KiB take 40 to 90 µs, once for
# all overlays; higher levels and larger windows save less than 2 % more.
COMPRESS_BYTES: Final = 1024
COMPRESS_LEVEL: Final = 3
WINDOW_BITS: Final = 12
WINDOWS: Final = ("12", "13", "14", "15")  # the bits that an overlay may ask for; 15 if it asks for none
OFFERS_CHARS: Final = 1_000
DEFLATE: Final = "permessage-deflate"
# The offer that tornado accepts instead of the overlay's own, because it would accept a smaller window.
ACCEPTED: Final = f"{DEFLATE}; server_max_window_bits={WINDOW_BITS}"


def compresses(setting: Compression, address: str, offers: str) -> bool:
    """Return whether messages to this address are compressed. `offers` is its header Sec-WebSocket-Extensions."""
    if setting == "off" or (setting == "remote" and origins.is_loopback(address)):
        return False
    return any(_fits(offer) for offer in offers.split(","))


def _fits(offer: str) -> bool:
    name, *parameters = (part.strip().partition("=") for part in offer.lower().split(";"))
    window = next((value.strip('"') for key, _, value in parameters if key == "server_max_window_bits"), "15")
    return name[0] == DEFLATE and window in WINDOWS


def deflated(payload: bytes, text: bool, place: str = "") -> bytes:
    """Return a message as one frame, compressed if it is large and becomes smaller (RFC 7692, 7.2.1)."""
    if len(payload) >= COMPRESS_BYTES:
        packer = zlib.compressobj(COMPRESS_LEVEL, zlib.DEFLATED, -WINDOW_BITS)
        packed = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
        if len(packed) < len(payload):
            return _frame(COMPRESSED | (TEXT if text else BINARY), packed[:-4])
    return framed(payload, text, place)


def framed(payload: bytes, text: bool, _place: str = "") -> bytes:
    """Return a message as one unmasked WebSocket frame (RFC 6455, 5.2)."""
    return _frame(TEXT if text else BINARY, payload)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
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

    def __init__(self, handler: OverlaySocket, stream: IOStream) -> None:
        self.framing = deflated if handler.compressed else framed
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
        self.compressed = False

    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            refusal = self.gateway.connections.refusal_for(str(self.request.remote_ip))
            if refusal:
                self.refuse(503, refusal)
        offers = ",".join(self.request.headers.get_list(EXTENSIONS))[:OFFERS_CHARS]
        self.compressed = compresses(self.gateway.settings.compression, str(self.request.remote_ip), offers)
        if self.compressed:
            self.request.headers[EXTENSIONS] = ACCEPTED

    def get_compression_options(self) -> dict[str, Any] | None:
        """Let tornado accept the offer that `prepare` left, and decompress what the overlay sends."""
        return {} if self.compressed else None

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
