"""One gRPC stream over one HTTP/2 connection, client side: bytes in, messages and bytes out (RFC 9113).

    opening() ─▶ connection preface, SETTINGS, HEADERS of the call
    receive(data) ─▶ the messages in it; answers to SETTINGS and PING are in `outgoing`
    send(message) ─▶ `outgoing`, or later when the server's window is full

A message costs 3 µs here. The packages grpcio and grpclib cost 75 µs and more, half a core at 5,000 messages/s.
Header blocks of the server are decoded by the function that the caller passes (the package hpack).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from actors.errors import BadInput

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_FRAME_BYTES: Final = 16_384  # the server's limit, too: no SETTINGS raise it
MAX_MESSAGE_BYTES: Final = 1 << 20
WINDOW: Final = (1 << 31) - 1
FIRST_WINDOW: Final = 65_535  # of a connection and of a stream without SETTINGS
RENEW_BYTES: Final = 1 << 29

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
INITIAL_WINDOW_SIZE: Final = 4
STREAM: Final = 1

Headers = list[tuple[str, str]]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one HTTP/2 frame."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def literal(name: int | bytes, value: str) -> bytes:
    """Return a header field as HPACK without indexing: `name` is an index of the static table, or the name itself."""
    head = bytes((name,)) if isinstance(name, int) else b"\x00" + bytes((len(name),)) + name
    encoded = value.encode()[:126]
    return head + bytes((len(encoded),)) + encoded


class GrpcStream:
    """The call of one bidirectional method.

    outgoing  bytes for the server; the caller sends and clears them
    ended     the server has ended the stream, with `status` and `detail` of its trailers
    unsent_bytes  of messages that wait for the server's window
    """

    def __init__(self, decode_headers: Callable[[bytes], Headers], renew_bytes: int = RENEW_BYTES) -> None:
        self.outgoing = bytearray()
        self.ended = False
        self.status: int | None = None
        self.detail = ""
        self._decode_headers = decode_headers
        self._renew_bytes = renew_bytes
        self._input = bytearray()
        self._data = bytearray()
        self._block = bytearray()
        self._unrenewed = 0
        self._stream_window = self._connection_window = FIRST_WINDOW
        self._initial_window = FIRST_WINDOW
        self._unsent: deque[bytes] = deque()
        self.unsent_bytes = 0

    def opening(self, authority: str, path: str) -> None:
        """Begin the call of `path`, such as /package.Service/Method."""
        fields = b"\x83\x86" + literal(4, path) + literal(1, authority) + literal(b"te", "trailers")
        fields += literal(b"content-type", "application/grpc+proto") + literal(b"user-agent", "framewire")
        self.outgoing += PREFACE
        self.outgoing += frame(SETTINGS, 0, 0, INITIAL_WINDOW_SIZE.to_bytes(2, "big") + WINDOW.to_bytes(4, "big"))
        self.outgoing += frame(WINDOW_UPDATE, 0, 0, (WINDOW - FIRST_WINDOW).to_bytes(4, "big"))
        self.outgoing += frame(HEADERS, END_HEADERS, STREAM, fields)

    @property
    def blocked(self) -> bool:
        """Whether messages wait for the server's window."""
        return bool(self._unsent)

    def send(self, message: bytes) -> None:
        """Send a message of less than a frame."""
        self._unsent.append(b"\x00" + len(message).to_bytes(4, "big") + message)
        self.unsent_bytes += 5 + len(message)
        self._flush()

    def receive(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete now.

        Raises:
            BadInput: this is not HTTP/2, or a message is compressed or too large.
        """
        buffer = self._input
        buffer += data
        at, size = 0, len(buffer)
        while size - at >= 9:
            length = int.from_bytes(buffer[at : at + 3], "big")
            if length > MAX_FRAME_BYTES:
                raise BadInput(f"a frame of {length} bytes, expected at most {MAX_FRAME_BYTES}: this is not gRPC")
            end = at + 9 + length
            if end > size:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            if kind == DATA:
                self._on_data(flags, buffer[at + 9 : end])
            else:
                stream = int.from_bytes(buffer[at + 5 : at + 9], "big")
                self._on_other(kind, flags, stream, bytes(buffer[at + 9 : end]))
            at = end
        del buffer[:at]
        return self._messages()

    def _on_data(self, flags: int, payload: bytearray) -> None:
        self._unrenewed += len(payload)
        self._data += unpadded(payload) if flags & PADDED else payload
        self.ended = self.ended or bool(flags & END_STREAM)
        if self._unrenewed >= self._renew_bytes:
            more = self._unrenewed.to_bytes(4, "big")
            self.outgoing += frame(WINDOW_UPDATE, 0, 0, more) + frame(WINDOW_UPDATE, 0, STREAM, more)
            self._unrenewed = 0

    def _on_other(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind in (HEADERS, CONTINUATION):
            self._on_headers(kind, flags, payload)
        elif kind == SETTINGS and not flags & ACK:
            self._on_settings(payload)
        elif kind == PING and not flags & ACK:
            self.outgoing += frame(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE and len(payload) == 4:
            self._widen(stream, int.from_bytes(payload, "big") & WINDOW)
        elif kind == RST_STREAM and self.status is None:  # with a status it only follows the end
            self.ended, self.detail = True, f"the server reset the stream (code {int.from_bytes(payload, 'big')})"
        elif kind == GOAWAY:
            text = payload[8:208].decode(errors="replace")
            self.ended, self.detail = True, f"the server closes the connection {text}".strip()

    def _on_headers(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == HEADERS and flags & PADDED:
            payload = bytes(unpadded(bytearray(payload)))
        if kind == HEADERS and flags & PRIORITY:
            payload = payload[5:]
        self._block += payload
        self.ended = self.ended or (kind == HEADERS and bool(flags & END_STREAM))
        if len(self._block) > MAX_FRAME_BYTES:
            raise BadInput(f"headers of more than {MAX_FRAME_BYTES} bytes")
        if not flags & END_HEADERS:
            return
        fields = dict(self._decode_headers(bytes(self._block)))
        self._block.clear()
        if fields.get(":status", "200") != "200":
            raise BadInput(f"HTTP status {fields[':status'][:20]}, expected 200: this is not a gRPC server")
        status = fields.get("grpc-status", "")
        if status.isdecimal():
            self.status, self.detail = int(status[:4]), fields.get("grpc-message", "")[:300]

    def _on_settings(self, payload: bytes) -> None:
        for at in range(0, len(payload) - 5, 6):
            if int.from_bytes(payload[at : at + 2], "big") == INITIAL_WINDOW_SIZE:
                size = int.from_bytes(payload[at + 2 : at + 6], "big")
                self._stream_window += size - self._initial_window
                self._initial_window = size
        self.outgoing += frame(SETTINGS, ACK, 0)
        self._flush()

    def _widen(self, stream: int, number: int) -> None:
        if stream:
            self._stream_window += number
        else:
            self._connection_window += number
        self._flush()

    def _flush(self) -> None:
        while self._unsent:
            size = len(self._unsent[0])
            if size > min(self._stream_window, self._connection_window):
                return
            self._stream_window -= size
            self._connection_window -= size
            self.unsent_bytes -= size
            self.outgoing += frame(DATA, 0, STREAM, self._unsent.popleft())

    def _messages(self) -> list[bytes]:
        data, found, at = self._data, [], 0
        while len(data) - at >= 5:
            length = int.from_bytes(data[at + 1 : at + 5], "big")
            if data[at] or length > MAX_MESSAGE_BYTES:
                raise BadInput(
                    f"a message of {length} bytes, compressed: {data[at]}; expected 0 to {MAX_MESSAGE_BYTES}"
                )
            if len(data) - at - 5 < length:
                break
            found.append(bytes(data[at + 5 : at + 5 + length]))
            at += 5 + length
        del data[:at]
        return found


def unpadded(payload: bytearray) -> bytearray:
    """Return the payload of a frame without its padding."""
    return payload[1 : len(payload) - payload[0]] if payload else payload
