"""Sessions: conversations over more than one HTTP request. A session has a name that cannot be guessed.

    POST /sse {hello}  ──▶ {"session": NAME}   then GET /sse?session=NAME
    POST /poll {"messages": [hello]}           the answer holds the session
    POST /say {"session": NAME, "messages": [receipt, …]}
    POST /say {"session": NAME, "leaving": true}   the page is closed; its stream cannot say so

The token itself is never part of an address. A name expires KEEP_S after its conversation has ended.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from tornado.httputil import HTTPServerRequest

from actors import http_server
from actors.core.contract.messages import Hello
from actors.gateway.conversation import Conversation
from actors.gateway.hub import Gateway
from actors.gateway.pages import BaseHandler

KEEP_S: Final = 60.0
MOST_UNUSED: Final = 1_024  # sessions, of at most BODY_BYTES each
BODY_BYTES: Final = 8 << 10
MESSAGES: Final = 16

T = TypeVar("T")


class Posted(Struct, frozen=True):
    """The body of POST /poll and POST /say. `leaving`: the page is being closed, in order."""

    session: str = ""
    messages: list[msgspec.Raw] = []
    leaving: bool = False


class Session:
    """One session: its name, its hello, and its conversation while there is one."""

    def __init__(self, name: str, hello: Hello | None = None) -> None:
        self.name = name
        self.hello = hello
        self.talk: Conversation | None = None
        self.expiry: asyncio.TimerHandle | None = None


class Sessions:
    """All sessions of one gateway process."""

    def __init__(self) -> None:
        self._by_name: dict[str, Session] = {}
        self._unused = 0

    def open(self, hello: Hello | None = None) -> Session:
        """Return a session with a new name. It expires after KEEP_S unless it is used."""
        if self._unused >= MOST_UNUSED:
            self._forget(next(session for session in self._by_name.values() if session.expiry is not None))
        session = Session(secrets.token_urlsafe(18), hello)
        self._by_name[session.name] = session
        self.release(session)
        return session

    def find(self, name: str) -> Session | None:
        return self._by_name.get(name)

    def use(self, session: Session, talk: Conversation) -> None:
        """Keep the session until `talk` ends."""
        if session.expiry is not None:
            session.expiry.cancel()
            session.expiry = None
            self._unused -= 1
        session.talk = talk

    def release(self, session: Session) -> None:
        """Remove the session after KEEP_S, unless it is used again."""
        if session.expiry is None and session.name in self._by_name:
            session.expiry = asyncio.get_running_loop().call_later(KEEP_S, self._forget, session)
            self._unused += 1

    def _forget(self, session: Session) -> None:
        if session.expiry is not None:
            session.expiry.cancel()
            session.expiry = None
            self._unused -= 1
        self._by_name.pop(session.name, None)


class SessionHandler(BaseHandler):
    """Base of the handlers that use sessions."""

    def initialize(self, gateway: Gateway, sessions: Sessions) -> None:
        self.gateway, self.sessions = gateway, sessions

    def body(self, kind: type[T]) -> T | None:
        """Return the decoded JSON body; None if it was refused, which is then answered."""
        if len(self.request.body) > BODY_BYTES:
            self.refuse(413, f"the body has {len(self.request.body)} bytes, expected at most {BODY_BYTES}")
            return None
        try:
            return msgspec.json.decode(self.request.body.decode(), type=kind)  # Raw parts are not checked
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.gateway.metrics.bad_messages += 1
            self.refuse(400, f"malformed body: {error}"[:300])
            return None

    def posted(self) -> Posted | None:
        """Return the messages of the body; None if they were refused, which is then answered."""
        posted = self.body(Posted)
        if posted is not None and len(posted.messages) > MESSAGES:
            self.refuse(400, f"{len(posted.messages)} messages, expected at most {MESSAGES} in one request")
            return None
        return posted

    def room(self) -> bool:
        """Return whether another connection is accepted; if not, the request is answered."""
        refusal = self.gateway.connections.refusal_for(str(self.request.remote_ip))
        if refusal:
            self.refuse(503, refusal)
        return not refusal


def receive_all(talk: Conversation, posted: Posted, request: HTTPServerRequest) -> None:
    for message in posted.messages:
        talk.receive(bytes(message).decode())
    if talk.overlay.holder is not None:
        http_server.trust(request)


class SayHandler(SessionHandler):
    """POST /say: messages of an overlay whose stream is another request."""

    def post(self) -> None:
        posted = self.posted()
        if posted is None:
            return
        session = self.sessions.find(posted.session)
        if posted.leaving and session is not None and session.talk is not None:
            session.talk.page_closed()
        elif session is None or session.talk is None or session.talk.closed:
            self.refuse(404, "unknown session; begin a new one")
            return
        else:
            receive_all(session.talk, posted, self.request)
        self.set_status(204)
        self.finish()
