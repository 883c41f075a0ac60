"""overlay ◀──WebSocket──▶ [this handler] ──▶ catch-up, live

Reads messages (core/contract/messages.py), decides by token, and answers. docs/wire.md describes the conversation.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import tornado.websocket
from tornado.iostream import StreamClosedError

from actors import host
from actors.core.contract import messages
from actors.core.contract.event import WIRE_VERSION, Receipt
from actors.core.contract.messages import Command, Hello, Ping, RenderReceipt
from actors.core.delivery.clients import Close, State
from actors.core.delivery.cursor import Start, start
from actors.errors import BadInput, Refused
from actors.gateway.fanout import Key
from actors.gateway.overlay import Overlay
from actors.gateway.pages import BaseHandler

if TYPE_CHECKING:
    from actors.gateway.hub import Gateway

# One receipt costs 48 µs [measured]: ten per second from each of a thousand overlays would be half a core. So the pause
# grows with their number, and all together send about a thousand per second.
RECEIPT_MS: Final = 100
# Which roles a token may take. Only an overlay of the stream counts as "drawn by", so a token to look cannot be one.
ROLES: Final = {"display": ("overlay",), "control": ("overlay", "dashboard"), "view": ("dashboard",)}
REASON_BYTES: Final = 120  # a close frame holds 123 (RFC 6455, 5.5)


class OverlaySocket(BaseHandler, tornado.websocket.WebSocketHandler):
    """One connection. `gateway` knows everybody else."""

    gateway: Gateway
    overlay: Overlay

    def initialize(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.closed = False

    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            refusal = self.gateway.no_room(str(self.request.remote_ip))
            if refusal:
                self.refuse(503, refusal)

    def check_origin(self, _origin: str) -> bool:
        """The doors have checked it already, more strictly than tornado."""
        return True

    def open(self) -> None:
        stream = self.ws_connection.stream if self.ws_connection else None
        assert stream is not None
        stream.set_nodelay(True)
        host.small_send_buffer(stream.socket, self.gateway.settings.socket_buffer_bytes)
        self.overlay = self.gateway.welcome_in(self, stream, str(self.request.remote_ip))
        if self.gateway.settings.legacy_ws_payload:
            # Overlays of that time say nothing; the one place where a token may stand in the URL.
            token = self.get_query_argument("token", "")
            if token:
                self._enter(Hello(token=token, overlay_id=f"legacy-{self.overlay.number}"))

    def on_message(self, message: str | bytes) -> None:
        overlay, metrics = self.overlay, self.gateway.metrics
        now_s = time.monotonic()
        overlay.heard_s, overlay.pinged = now_s, False
        metrics.received_messages += 1
        if self.closed:
            return
        if not overlay.bucket.take(now_s):
            metrics.floods += 1
            self.end(Close.FLOOD, "more than 20 messages per second")
            return
        try:
            said = messages.parse(message)
        except messages.WrongVersion as error:
            self.end(Close.VERSION, str(error))
        except BadInput as error:
            metrics.bad_messages += 1
            self.end(Close.GARBLED, str(error))
        else:
            self._hear(said)

    def on_pong(self, _data: bytes) -> None:
        self.overlay.heard_s, self.overlay.pinged = time.monotonic(), False

    def on_close(self) -> None:
        self.closed = True
        if hasattr(self, "overlay"):
            self.gateway.gone(self.overlay, disconnected=True)

    def end(self, code: Close, reason: str) -> None:
        """Close with a code of the protocol; what waits is dropped."""
        self.closed = True
        self.gateway.gone(self.overlay)
        self.gateway.closes[int(code)] += 1
        self.close(int(code), reason.encode()[:REASON_BYTES].decode(errors="ignore"))

    def say(self, fields: dict[str, Any]) -> None:
        """Send a small message in the overlay's format."""
        overlay = self.overlay
        assert overlay.group is not None
        data = overlay.group.message(fields)
        if data:
            overlay.write(data)

    # What an overlay says

    def _hear(self, said: messages.Said) -> None:
        if isinstance(said, Hello):
            self._enter(said)
        elif self.overlay.group is None:
            self.end(Close.GARBLED, "expected a hello first")
        elif isinstance(said, RenderReceipt):
            self._receipt(said)
        elif isinstance(said, Ping):
            self.say({"t": "pong", "client_ts_ms": said.client_ts_ms, "server_ts_ms": time.time() * 1000})
        else:
            self._command(said)

    def _enter(self, hello: Hello) -> None:
        scope = self.gateway.scope_of(hello.token)
        if scope is None or scope == "ingest":
            self.gateway.metrics.auth_failures += 1
            self.end(Close.TOKEN, "the token is wrong or was revoked")
            return
        if hello.role not in ROLES[scope]:
            self._forbid(f"a {scope} token may not connect as {hello.role}")
            return
        overlay = self.overlay
        overlay.role = hello.role
        self.gateway.leave(overlay)
        overlay.token, overlay.scope, overlay.name, overlay.build = hello.token, scope, hello.overlay_id, hello.build
        key = Key(hello.format, messages.wanted_types(hello.types), self.gateway.settings.legacy_ws_payload)
        overlay.group = self.gateway.fanout.group(key)
        overlay.state, overlay.hello = State.HELLO, hello
        self.gateway.spawn(self._begin(hello))

    async def _begin(self, hello: Hello) -> None:
        """Say welcome and start to follow, once the log is known."""
        gateway, overlay = self.gateway, self.overlay
        await gateway.followed.wait()
        asked, cursor = hello.resume, gateway.feed.cursor
        if asked is not None and asked.epoch == cursor.epoch and not _nearby(gateway, asked.position):
            try:
                await gateway.feed.look_up(asked.position)
            except Refused:
                gateway.metrics.log_refusals += 1  # then what was known last has to do
        if self.closed or overlay.hello is not hello:
            return  # gone, or said hello again meanwhile
        cursor = gateway.feed.cursor
        oldest = min(gateway.feed.oldest, cursor.last + 1)
        begin = start(asked, cursor.epoch, oldest, max(cursor.last, cursor.top))
        if begin.mode == "snapshot":
            begin = Start("snapshot", cursor.last, begin.recovered, begin.missed)
        gateway.metrics.resumes += begin.mode == "resume"
        gateway.metrics.snapshots += begin.mode != "resume"
        gateway.metrics.unrecovered += not begin.recovered
        overlay.position = overlay.start_position = begin.position
        overlay.state_version = gateway.feed.retained.version
        self._welcome(begin)
        gateway.catchup.add(overlay)

    def _welcome(self, begin: Start) -> None:
        gateway, group = self.gateway, self.overlay.group
        assert group is not None
        arranged = self.overlay.arranged = gateway.layouts.arranged(self.overlay.name)
        self.say(
            {
                "t": "welcome",
                "version": WIRE_VERSION,
                "epoch": gateway.feed.cursor.epoch,
                "top": gateway.feed.cursor.top,
                "position": begin.position,
                "mode": begin.mode,
                "recovered": begin.recovered,
                "missed": begin.missed,
                "heartbeat_ms": int(gateway.settings.heartbeat_s * 1000),
                "receipt_ms": max(RECEIPT_MS, len(gateway.overlays)),
                "server_ts_ms": time.time() * 1000,
                "layout": arranged.layout,
                "layout_error": arranged.error,
                "state": group.events(gateway.feed.retained.events()),
            }
        )

    def _receipt(self, drawn: RenderReceipt) -> None:
        overlay, cursor = self.overlay, self.gateway.feed.cursor
        if overlay.role == "dashboard":
            self._forbid("a dashboard draws nothing that a receipt could be for")
            return
        overlay.drawn = drawn
        self.gateway.metrics.receipts += 1
        # Nobody has drawn what was never sent; a position of the future would hide a loss.
        # Nobody has drawn what they were not sent: a display token must not speak for others.
        if overlay.receipted < drawn.position <= min(overlay.position, cursor.top):
            overlay.receipted = drawn.position
            self.gateway.receipts.add(Receipt(overlay.name, cursor.epoch, drawn.position, time.time() * 1000))

    def _command(self, command: Command) -> None:
        if self.overlay.scope != "control":
            self._forbid(f"a {self.overlay.scope} token may not send commands")
            return
        self.gateway.spawn(self._obey(command))

    def _forbid(self, reason: str) -> None:
        self.gateway.metrics.forbidden += 1
        self.end(Close.FORBIDDEN, reason)

    async def _obey(self, command: Command) -> None:
        answer: dict[str, Any] = {"t": "result", "id": command.id, "ok": True}
        self.gateway.metrics.commands += 1
        try:
            answer |= await self.gateway.commands.obey(command)
        except (BadInput, Refused) as error:
            self.gateway.metrics.refused_commands += 1
            answer |= {"ok": False, "error": str(error)}
        if not self.closed:
            self.say(answer)

    def ask_pong(self) -> None:
        """Ping an overlay that has been silent."""
        self.overlay.pinged = True
        try:
            self.ping()
        except (tornado.websocket.WebSocketClosedError, StreamClosedError):
            self.overlay.stream.close()


def _nearby(gateway: Gateway, position: int) -> bool:
    """Whether the ring answers a resume at `position`, so that the log need not be asked what it keeps."""
    return position == gateway.feed.cursor.last or gateway.feed.ring.covers(position)
