"""GET /sse: messages as server-sent events (text/event-stream, JSON), the other direction by POST /say.

`id:` is EPOCH:POSITION, so that a browser's EventSource resumes by itself with Last-Event-ID. The bytes are written
directly to the socket, as for a WebSocket; a slow reader is detected and isolated in the same way.
"""

from __future__ import annotations

import asyncio
import json
import re
from asyncio import Future
from typing import Any, Final

import msgspec
from tornado.iostream import IOStream, StreamClosedError

from actors import host, http_server
from actors.core.contract import messages
from actors.core.contract.messages import Hello
from actors.core.delivery import conversation
from actors.core.delivery.clients import GONE_S
from actors.core.delivery.conversation import CloseCode
from actors.core.delivery.cursor import Resume
from actors.errors import BadInput
from actors.gateway.conversation import Conversation
from actors.gateway.pages import HEADERS
from actors.gateway.transports.sessions import SessionHandler

HEAD: Final = "\r\n".join(
    (
        "HTTP/1.1 200 OK",
        *(f"{name}: {value}" for name, value in HEADERS.items() if name != "Cache-Control"),
        "Content-Type: text/event-stream",
        "Cache-Control: no-store",
        "X-Accel-Buffering: no",  # otherwise nginx buffers the stream
        "Connection: close",
        "\r\n",
    )
).encode()
CLOSE_S: Final = 1.0
LAST_EVENT_ID: Final = re.compile(r"([^:]{1,64}):([0-9]{1,15})")


def framed(payload: bytes, _text: bool, place: str) -> bytes:
    """Return a message as one event. Encoded JSON has no line breaks, so it fits into one `data:` line."""
    return (b"id: %s\ndata: %s\n\n" % (place.encode(), payload)) if place else b"data: %s\n\n" % payload


class SseTransport:
    """A response without an end. TCP detects a lost peer: heartbeats to it remain unacknowledged."""

    name = "sse"
    heartbeat_s = 0.0
    json_only = True
    framing = staticmethod(framed)

    def __init__(self, stream: IOStream) -> None:
        self.send = stream.socket.send
        self.writing = stream.writing
        self._stream = stream

    def write(self, data: memoryview) -> Future[Any]:
        return self._stream.write(data)

    def silent_s(self, _now_s: float) -> float:
        return 0.0

    def probe(self) -> None:
        """Do nothing: SSE has no ping."""

    def close(self, code: int, reason: str) -> None:
        event = b"event: close\ndata: %s\n\n" % json.dumps({"code": code, "reason": reason}).encode()
        if self._stream.writing():
            self._stream.close()  # a reason would wait behind the unsent message without end
            return
        try:
            self._stream.write(event).add_done_callback(lambda _: self._stream.close())
        except StreamClosedError:
            return
        asyncio.get_running_loop().call_later(CLOSE_S, self._stream.close)

    def abort(self) -> None:
        self._stream.close()

    def told(self) -> bool:
        return True


class SseHandler(SessionHandler):
    """POST opens a session, GET is its stream."""

    def post(self) -> None:
        if len(self.request.body) > messages.MESSAGE_BYTES:
            self.refuse(413, f"a hello has at most {messages.MESSAGE_BYTES} bytes")
            return
        try:
            hello = messages.parse(self.request.body.decode())
        except (BadInput, UnicodeDecodeError) as error:
            self.gateway.metrics.bad_messages += 1
            code = CloseCode.VERSION if isinstance(error, messages.WrongVersion) else CloseCode.GARBLED
            self._deny(400, code, str(error))
            return
        if not isinstance(hello, Hello):
            self._deny(400, CloseCode.GARBLED, conversation.HELLO_FIRST.reason)
            return
        ending = self.gateway.access.admission(hello.token, hello.role)
        if ending is not None:
            address = str(self.request.remote_ip)
            self.gateway.count(ending, address)
            if hello.role == "overlay":
                self.gateway.attendance.refused(address, hello.overlay_id, int(ending.code), ending.reason)
            self._deny(403, ending.code, ending.reason)
            return
        http_server.trust(self.request)
        session = self.sessions.open(hello)
        self.answer({"session": session.name})

    def _deny(self, status: int, code: CloseCode, reason: str) -> None:
        self.set_status(status)
        self.answer({"error": reason, "close": {"code": int(code), "reason": reason}})

    def get(self) -> None:
        session = self.sessions.find(self.get_query_argument("session", ""))
        if session is None or session.hello is None:
            self.refuse(404, "unknown session; POST a hello to /sse first")
            return
        hello, last = session.hello, self.request.headers.get("Last-Event-ID", "")
        if last:
            if (place := LAST_EVENT_ID.fullmatch(last)) is None:
                self.refuse(400, f"Last-Event-ID is {last[:40]!r}, expected EPOCH:POSITION")
                return
            hello = msgspec.structs.replace(hello, resume=Resume(place[1], int(place[2])))
        if not self.room():
            return
        if session.talk is not None and not session.talk.closed:
            self.gateway.end(session.talk.overlay, conversation.REPLACED)
        stream = self.detach()
        if stream.closed():
            return
        stream.set_nodelay(True)
        host.small_send_buffer(stream.socket, self.gateway.settings.socket_buffer_bytes)
        host.end_unanswered(stream.socket, GONE_S)
        stream.write(HEAD)
        talk = Conversation(self.gateway, SseTransport(stream), str(self.request.remote_ip))
        self.sessions.use(session, talk)

        def gone() -> None:
            talk.disconnected()
            if session.talk is talk:
                self.sessions.release(session)

        stream.set_close_callback(gone)
        talk.handle(hello)
