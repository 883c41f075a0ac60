"""The WebSocket `/app` of the ingest: one connection per program. docs/applications.md describes the conversation.

A malformed message is answered with an error, and the connection stays. A program that sends too much or reads too
slowly is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from enum import IntEnum
from typing import Any, Final, Protocol

import msgspec
import tornado.web
import tornado.websocket
from tornado.iostream import IOStream, StreamClosedError

from actors import host
from actors.core import origins
from actors.core.contract import applications
from actors.core.contract.applications import (
    OLDER_COMMANDS,
    AppAnswer,
    AppCommand,
    AppCommands,
    AppEvent,
    AppHello,
    AppReport,
    AppState,
)
from actors.core.delivery.clients import Bucket
from actors.core.metrics import IngestMetrics
from actors.errors import BadInput, Refused
from actors.producers.applications import AppConnection, Applications
from actors.websocket_server import BoundedSocket

SOCKETS: Final = 80  # including those without a hello
HELLO_S: Final = 3.0
TOKEN_CHECK_S: Final = 1.0
MESSAGE_BYTES: Final = 64 << 10  # an event's payload has at most 32 KiB
MESSAGES_PER_S: Final = 100.0
MESSAGES_BURST: Final = 200.0
UNSENT_BYTES: Final = 64 << 10
SEND_BUFFER_BYTES: Final = 64 << 10  # of the kernel
RELAYED: Final = 16  # commands of one program to others that wait for answers
PING_S: Final = 15.0  # a program that does not answer a ping within this time is closed
REASON_BYTES: Final = 120  # a close frame holds 123 (RFC 6455, 5.5)


class AppCloseCode(IntEnum):
    """The close codes. After 4500 and above, a reconnect is useless."""

    STOPPING = 4000
    SLOW = 4008
    FLOOD = 4029
    FULL = 4030
    TOKEN = 4500
    NO_HELLO = 4501
    GARBLED = 4502
    REPLACED = 4505


class AppServer(Protocol):
    """The part of the ingest that a connection uses (ingest.py)."""

    applications: Applications
    sockets: set[AppSocket]
    metrics: IngestMetrics
    log: logging.Logger

    def wrong_token(self, address: str) -> None: ...
    def objection(self, token: str) -> str: ...

    def knows_host(self, header: str | None) -> bool: ...

    async def take_events(self, body: bytes) -> list[str]: ...


class AppSocket(BoundedSocket):
    """One connection. `program` is None until the hello."""

    FRAMES_PER_S = 1.5 * MESSAGES_PER_S
    FRAMES_BURST = 1.5 * MESSAGES_BURST

    ingest: AppServer
    _stream: IOStream  # from `open` on; tornado's own reference ends with `close`

    def initialize(self, ingest: AppServer) -> None:
        self.ingest = ingest
        self.program: AppConnection | None = None
        self.since_s = time.monotonic()
        self._ended = False
        self._token = ""
        self._unsent_bytes = 0
        self._bucket = Bucket(MESSAGES_PER_S, MESSAGES_BURST, time.monotonic())
        self._relays: set[asyncio.Task[None]] = set()
        self._metrics = ingest.applications.metrics

    max_message_size = MESSAGE_BYTES
    ping_interval = PING_S
    ping_timeout = PING_S

    def prepare(self) -> None:
        self.ingest.metrics.requests += 1
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        self._token = token.strip() if scheme.lower() == "bearer" else ""
        if not self.ingest.knows_host(self.request.headers.get("Host")):
            self.ingest.metrics.foreign_hosts += 1
            self._refuse(421, origins.foreign_host(self.request.headers.get("Host")))
        elif len(self.ingest.sockets) >= SOCKETS and not self._shed():
            self._refuse(503, f"{SOCKETS} programs are connected, which is the most there may be")
        elif self._token and (objection := self._objection()):
            self._refuse(401, objection)

    def _shed(self) -> bool:
        """Close the oldest connection without a hello, if there is one."""
        unmet = [one for one in self.ingest.sockets if one.program is None]
        if not unmet:
            return False
        oldest = min(unmet, key=lambda one: one.since_s)
        self.ingest.sockets.discard(oldest)
        oldest.end(AppCloseCode.FLOOD, "too many connections have not said hello")
        oldest._stream.close()  # tornado would wait for a peer that does not answer, also if it was ended before
        return True

    def _refuse(self, status: int, error: str) -> None:
        self.ingest.metrics.status_4xx += status < 500
        self.ingest.metrics.status_5xx += status >= 500
        if status == 401:
            self.ingest.wrong_token(str(self.request.remote_ip))
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode({"error": error}))

    def open(self) -> None:
        stream = self.ws_connection.stream if self.ws_connection is not None else None
        if stream is None or stream.closed():
            return  # it was closed during the handshake
        self._stream = stream
        self.ingest.sockets.add(self)
        asyncio.get_running_loop().call_later(TOKEN_CHECK_S, self._check_token)
        self.set_nodelay(True)
        host.small_send_buffer(stream.socket, SEND_BUFFER_BYTES)
        name = self.get_query_argument("name", "")
        if name and self._token:  # a client of the older shapes sends no hello
            try:
                self._join(AppState(applications.parse_name(name), commands=OLDER_COMMANDS), answers=False)
            except BadInput as error:
                self.end(AppCloseCode.GARBLED, str(error))
        else:
            asyncio.get_running_loop().call_later(HELLO_S, self._no_hello)

    def on_flood(self) -> None:
        self._metrics.application_closed_flood += 1
        self.end(AppCloseCode.FLOOD, f"more than {self.FRAMES_PER_S:g} frames per second")

    def _no_hello(self) -> None:
        if self.program is None:
            self.end(AppCloseCode.NO_HELLO, f"no valid hello came within {HELLO_S:g} s")

    def on_close(self) -> None:
        self.ingest.sockets.discard(self)
        for relay in self._relays:
            relay.cancel()
        self._forget()

    def _forget(self) -> None:
        if not self._ended and self.program is not None:
            self.ingest.applications.leave(self.program)
        self._ended = True

    def end(self, code: AppCloseCode, reason: str) -> None:
        """Close with a code of the protocol."""
        if not self._ended:
            self._forget()
            self.close(int(code), reason.encode()[:REASON_BYTES].decode(errors="ignore"))

    def say(self, message: dict[str, Any]) -> None:
        """Send a message; a program that does not read is closed."""
        if self._ended:
            return
        data = msgspec.json.encode(message)
        if self._unsent_bytes + len(data) > UNSENT_BYTES:
            self._metrics.application_closed_slow += 1
            self._forget()
            self._stream.close()  # a close frame would wait behind what is not read
            return
        self._unsent_bytes += len(data)
        try:
            sent = self.write_message(data.decode())
        except tornado.websocket.WebSocketClosedError:
            return
        sent.add_done_callback(lambda done: self._sent(done, len(data)))

    def _sent(self, done: asyncio.Future[None], size_bytes: int) -> None:
        self._unsent_bytes -= size_bytes
        if not done.cancelled():
            done.exception()  # the connection was closed: on_close follows

    # Messages of the program

    async def on_message(self, message: str | bytes) -> None:
        if self._ended:
            return
        self._metrics.application_messages += 1
        if not self._bucket.take(time.monotonic()):
            self._metrics.application_closed_flood += 1
            self.end(AppCloseCode.FLOOD, f"more than {MESSAGES_PER_S:g} messages per second")
            return
        try:
            await self._hear(applications.parse(message))
        except (BadInput, Refused) as error:
            self._metrics.application_bad_messages += 1
            if self.program is None:
                self.end(AppCloseCode.GARBLED, str(error))
            else:
                self.say({"type": "error", "error": str(error)})

    async def _hear(self, said: applications.Said) -> None:
        if self.program is None:
            if not isinstance(said, AppHello):
                raise BadInput(f"got {type(said).__struct_config__.tag}, expected a hello first")
            self._greet(said)
        elif objection := self._objection():
            self.end(AppCloseCode.TOKEN, objection)
        elif isinstance(said, AppReport):
            self.ingest.applications.report(self.program, said.data)
        elif isinstance(said, AppCommands):
            self.ingest.applications.announce(self.program, said.commands)
        elif isinstance(said, AppEvent):
            await self._publish(said)
        elif isinstance(said, AppAnswer):
            self._answer(self.program, said)
        elif isinstance(said, AppCommand):
            self._relay(self.program, said)
        else:
            raise BadInput("got a second hello; expected it once per connection")

    def _greet(self, hello: AppHello) -> None:
        self._token = self._token or hello.token
        if objection := self._objection():
            self.ingest.wrong_token(str(self.request.remote_ip))
            self.end(AppCloseCode.TOKEN, objection)
        else:
            self._join(AppState(hello.name, hello.title, tuple(hello.commands)), answers=True)

    def _join(self, standing: AppState, answers: bool) -> None:
        application = AppConnection(standing, self.say, self._replaced, answers)
        try:
            self.ingest.applications.join(application)
        except Refused as error:
            self.end(AppCloseCode.FULL, str(error))
        else:
            self.program = application
            self.say({"type": "welcome", "name": standing.name})

    def _replaced(self) -> None:
        self.end(AppCloseCode.REPLACED, "another connection has this name now")

    async def _publish(self, said: AppEvent) -> None:
        result: dict[str, Any] = {"type": "result", "ref": said.ref}
        self._metrics.application_events += 1
        try:
            if bytes(said.event).lstrip()[:1] != b"{":
                raise BadInput("expected one object - at `$.event`")
            ids = await self.ingest.take_events(bytes(said.event))
        except (BadInput, Refused) as error:
            self._metrics.application_events_refused += 1
            self.say(result | {"ok": False, "error": str(error), "again": isinstance(error, Refused)})
        else:
            self.say(result | {"ok": True, "id": ids[0]})

    def _answer(self, application: AppConnection, said: AppAnswer) -> None:
        pending = application.pending.get(said.id)
        if pending is None:
            raise BadInput(f"no command {said.id!r} waits for an answer; its deadline may have passed")
        if not pending.done():
            pending.set_result(said)

    def _relay(self, application: AppConnection, said: AppCommand) -> None:
        if len(self._relays) >= RELAYED:
            raise Refused(f"{RELAYED} commands of this program are under way")
        relay = asyncio.get_running_loop().create_task(self._order(application, said))
        self._relays.add(relay)
        relay.add_done_callback(self._relays.discard)

    async def _order(self, application: AppConnection, said: AppCommand) -> None:
        everyone, result = self.ingest.applications, {"type": "result", "ref": said.ref}
        try:
            name = said.application or everyone.accepting(said.command, application)
            request = applications.CommandRequest(said.command, said.args, by=application.standing.name)
            answer = await everyone.order(name, request)
        except (BadInput, Refused) as error:
            self.say(result | {"ok": False, "error": str(error)})
        else:
            self.say(result | answer)

    def _objection(self) -> str:
        try:
            return self.ingest.objection(self._token)
        except Refused as error:
            return str(error)

    def _check_token(self) -> None:
        """Close the connection when its token was revoked or has expired, although the program says nothing."""
        if self._ended:
            return
        try:
            objection = self.ingest.objection(self._token)
        except Refused:
            objection = ""  # the file cannot be read now
        if self.program is not None and objection:
            self.end(AppCloseCode.TOKEN, objection)
        else:
            asyncio.get_running_loop().call_later(TOKEN_CHECK_S, self._check_token)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log failures of ours with their traceback; a closed connection is none."""
        if not isinstance(value, StreamClosedError | tornado.websocket.WebSocketClosedError | tornado.web.HTTPError):
            self.ingest.log.error("application failed", exc_info=(typ, value, tb))
