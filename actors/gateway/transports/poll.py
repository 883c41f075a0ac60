"""POST /poll: a request is answered when there are messages, or after WAIT_S; then the overlay sends the next request.

Between two requests messages wait as they do for a full socket: the bound and the switch to catch-up are the same.
When an answer is lost, the overlay's next hello resumes before it.
"""

from __future__ import annotations

import asyncio
import json
import time
from asyncio import Future
from collections import deque
from typing import Final

from actors.core.delivery.conversation import CloseCode
from actors.gateway.conversation import Conversation
from actors.gateway.hub import Gateway
from actors.gateway.transports.sessions import Posted, Session, SessionHandler, Sessions, receive_all

WAIT_S: Final = 25.0
# Messages of one turn of the loop are sent in one answer: the welcome and what follows it, both lanes of a tick.
TOGETHER_S: Final = 0.005
ANSWER_BYTES: Final = 256 << 10


def framed(payload: bytes, _text: bool, _place: str) -> bytes:
    """Return a message as an element of a JSON list."""
    return payload + b","


class PollTransport:
    """Takes messages while a request is open. A message is taken whole or not at all."""

    name = "poll"
    json_only = True
    heartbeat_s = 20.0  # less than WAIT_S, so that an answer is seldom empty
    framing = staticmethod(framed)

    def __init__(self, session: Session, sessions: Sessions) -> None:
        self.talk: Conversation | None = None
        self.ended: tuple[int, str] | None = None
        self._session, self._sessions = session, sessions
        self._request: PollHandler | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._stuck: deque[tuple[memoryview, Future[None]]] = deque()  # no copies: overlays of a group share the bytes
        self._timer: asyncio.TimerHandle | None = None
        self._asked_s = time.monotonic()
        self._told = False

    def send(self, data: bytes) -> int:
        if self._request is None or self._size >= ANSWER_BYTES:
            raise BlockingIOError
        self._take(data)
        return len(data)

    def writing(self) -> bool:
        return bool(self._stuck)

    def write(self, data: memoryview) -> Future[None]:
        future: Future[None] = asyncio.get_running_loop().create_future()
        self._stuck.append((data, future))
        return future

    def silent_s(self, now_s: float) -> float:
        return 0.0 if self._request is not None else now_s - self._asked_s

    def probe(self) -> None:
        """The gateway has no open direction on which it could send a ping."""

    def close(self, code: int, reason: str) -> None:
        self.ended = (code, reason)
        self._stuck.clear()
        self._leave()
        self.answer()

    def abort(self) -> None:
        """Do nothing: `close` has answered the open request, and between two requests there is no connection."""

    def told(self) -> bool:
        return self._told

    def attach(self, request: PollHandler) -> None:
        """Answer `request` with the next messages, or with those that wait."""
        self.answer()  # an older open request: the overlay has abandoned it
        self._request = request
        if self.ended is not None:
            self.answer()
            return
        self._wake_in(WAIT_S)
        if self._stuck:
            data, future = self._stuck.popleft()
            self._take(bytes(data))
            future.set_result(None)

    def detach(self, request: PollHandler) -> None:
        """End the conversation if `request` is open: with its connection, the messages taken for it are lost."""
        if self._request is request:
            self._request = None
            self.ended = (CloseCode.STOPPING, "the connection was closed")
            self._told = True
            self._leave()

    def answer(self) -> None:
        """Answer the open request with all messages that were taken."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        request, self._request = self._request, None
        if request is None:
            return
        close = self.ended and {"code": int(self.ended[0]), "reason": self.ended[1]}
        body = b"".join(self._parts)[:-1]
        self._parts.clear()
        self._size = 0
        self._asked_s = time.monotonic()
        self._told = self.ended is not None
        name = self._session.name.encode()
        request.done(b'{"session":"%s","messages":[%s],"close":%s}' % (name, body, json.dumps(close).encode()))

    def _leave(self) -> None:
        if self.talk is not None:
            self.talk.disconnected()
        self._sessions.release(self._session)

    def _take(self, data: bytes) -> None:
        if not self._parts:
            self._wake_in(TOGETHER_S)
        self._parts.append(data)
        self._size += len(data)

    def _wake_in(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.answer)


class PollHandler(SessionHandler):
    def initialize(self, gateway: Gateway, sessions: Sessions) -> None:
        super().initialize(gateway, sessions)
        self._answered: Future[None] = asyncio.get_running_loop().create_future()
        self._transport: PollTransport | None = None

    async def post(self) -> None:
        posted = self.posted()
        if posted is None or (transport := self._found(posted)) is None:
            return
        self._transport = transport
        transport.attach(self)
        if transport.talk is not None:
            receive_all(transport.talk, posted, self.request)
        await self._answered

    def _found(self, posted: Posted) -> PollTransport | None:
        """Return the transport of the named session, or of a new one; None if the request was answered."""
        if posted.session:
            session = self.sessions.find(posted.session)
            talk = session.talk if session is not None else None
            transport = talk.overlay.transport if talk is not None else None
            if isinstance(transport, PollTransport):
                return transport
            self.answer(
                {
                    "session": "",
                    "messages": [],
                    "close": {"code": int(CloseCode.STOPPING), "reason": "unknown session"},
                }
            )
            return None
        if not self.room():
            return None
        session = self.sessions.open()
        transport = PollTransport(session, self.sessions)
        transport.talk = Conversation(self.gateway, transport, str(self.request.remote_ip))
        self.sessions.use(session, transport.talk)
        return transport

    def done(self, body: bytes) -> None:
        """Answer immediately, because the gateway may be about to stop."""
        if not self._finished:
            self.set_header("Content-Type", "application/json")
            self.set_header("Cache-Control", "no-store")
            self.finish(body)
        if not self._answered.done():
            self._answered.set_result(None)

    def on_connection_close(self) -> None:
        if self._transport is not None:
            self._transport.detach(self)
        if not self._answered.done():
            self._answered.set_result(None)
