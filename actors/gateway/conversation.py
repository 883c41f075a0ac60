"""transport ──messages──▶ [conversation] ──▶ welcome, catch-up, receipts, commands

Carries out the decisions of core/delivery/conversation.py for one connection, over any transport. docs/wire.md
describes the messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from actors.core.contract import messages
from actors.core.contract.event import WIRE_VERSION, Receipt
from actors.core.contract.messages import ClientMessage, Command, Hello, Ping, RenderReceipt
from actors.core.delivery import conversation
from actors.core.delivery.conversation import Action, Ending, Input, OverlayState
from actors.core.delivery.cursor import Start, start
from actors.errors import BadInput, Refused
from actors.gateway.hub import Gateway
from actors.gateway.overlay import Overlay
from actors.gateway.transport import OverlayTransport

# One receipt costs 48 µs [measured]: ten per second from each of a thousand overlays would be half a core. So the pause
# grows with the number of overlays, and all together send about a thousand per second.
RECEIPT_MS: Final = 100
WELCOME_STATE_BYTES: Final = 16 << 10
INPUTS: Final[dict[type, Input]] = {
    Hello: Input.HELLO,
    RenderReceipt: Input.RECEIPT,
    Ping: Input.PING,
    Command: Input.COMMAND,
}


class Conversation:
    """One connection from its first byte to its last."""

    def __init__(self, gateway: Gateway, transport: OverlayTransport, address: str) -> None:
        self.gateway = gateway
        self.overlay = gateway.register(transport, address)

    @property
    def closed(self) -> bool:
        return self.overlay.state is OverlayState.CLOSED

    def receive(self, message: str | bytes) -> None:
        """Decode a message of the overlay and handle it."""
        overlay, now_s = self.overlay, time.monotonic()
        self.gateway.metrics.received_messages += 1
        if self.closed:
            return
        if not overlay.bucket.take(now_s):
            self._end(conversation.FLOOD)
            return
        try:
            decoded = messages.parse(message)
        except messages.WrongVersion as error:
            self._end(conversation.wrong_version(str(error)))
        except BadInput as error:
            self._end(conversation.garbled(str(error)))
        else:
            self.handle(decoded)

    def handle(self, message: ClientMessage) -> None:
        """Handle a decoded message."""
        happened = INPUTS[type(message)]
        if isinstance(message, Hello):
            objection = self.gateway.access.admission(message.token, message.role)
            if objection is None and not self.overlay.hellos.take(time.monotonic()):
                objection = conversation.HELLO_FLOOD
            if objection is None and not self.gateway.fanout.takes(messages.wanted_types(message.types)):
                objection = conversation.FILTERS
        elif self.overlay.state is OverlayState.HELLO:
            objection = None  # the table of the conversation refuses it
        else:
            objection = conversation.objection(happened, self.overlay.scope, self.overlay.role)
        if objection is not None:
            if isinstance(message, Hello) and self.overlay.state is OverlayState.HELLO:
                self.overlay.name, self.overlay.role = message.overlay_id, message.role
            self._end(objection)
            return
        self._step(happened, message)

    def page_closed(self) -> None:
        """Take note that the page was closed in order. The end of its stream may have been noticed before."""
        if not self.closed and self.overlay.group is not None:
            self._end(conversation.LEFT)
        else:
            self.gateway.attendance.absent.page_closed(self.overlay.number)

    def disconnected(self, closed: bool = False) -> None:
        """Handle the end of the connection; `closed`: by the page, in order."""
        self.gateway.disconnected(self.overlay, closed)

    def _end(self, ending: Ending) -> None:
        self.gateway.end(self.overlay, ending)

    def _step(self, happened: Input, argument: Any = None) -> None:
        for action in self.overlay.step(happened):
            ACTIONS[action](self, argument)

    # Actions

    def _leave(self, _: Any) -> None:
        self.gateway.leave(self.overlay)

    def _refuse(self, _: Any) -> None:
        self._end(conversation.HELLO_FIRST)

    def _greet(self, hello: Hello) -> None:
        overlay, gateway = self.overlay, self.gateway
        gateway.attendance.withdraw(overlay)
        overlay.token, overlay.holder = hello.token, gateway.access.holder_of(hello.token)
        overlay.role, overlay.name, overlay.build = hello.role, hello.overlay_id, hello.build
        overlay.obs, overlay.visible, overlay.positions = hello.obs, hello.visible, hello.positions
        overlay.hello = hello
        overlay.group = gateway.fanout.group(gateway.flags.key_of(overlay, hello))
        gateway.spawn(self._find_start(hello))

    async def _find_start(self, hello: Hello) -> None:
        """Determine the position at which the conversation starts, once the log is known."""
        gateway, overlay = self.gateway, self.overlay
        await gateway.followed.wait()
        asked, cursor = hello.resume, gateway.feed.cursor
        if asked is not None and asked.epoch == cursor.epoch and not _nearby(gateway, asked.position):
            try:
                await gateway.feed.look_up(asked.position)
            except Refused:
                gateway.metrics.log_refusals += 1  # the last known range of the log is used
        if not self.closed and overlay.hello is hello:  # no newer hello meanwhile
            cursor = gateway.feed.cursor
            oldest = min(gateway.feed.oldest, cursor.last + 1)
            begin = start(asked, cursor.epoch, oldest, max(cursor.last, cursor.top))
            if begin.mode == "snapshot":
                begin = Start("snapshot", cursor.last, begin.recovered, begin.missed)
            self._step(Input.READY, begin)

    def _welcome(self, begin: Start) -> None:
        gateway, overlay, group = self.gateway, self.overlay, self.overlay.group
        assert group is not None
        gateway.metrics.resumes += begin.mode == "resume"
        gateway.metrics.snapshots += begin.mode != "resume"
        gateway.metrics.unrecovered += not begin.recovered
        overlay.position = overlay.start_position = begin.position
        overlay.receipt_s = time.monotonic()
        gateway.attendance.present(overlay)
        # A large state follows in frames, which overlays of a group share; a small one needs no message of its own.
        retained = gateway.feed.retained
        state = retained.events() if retained.size_bytes <= WELCOME_STATE_BYTES else []
        overlay.state_version = retained.version if state else 0
        arranged = overlay.arranged = gateway.layouts.arranged(overlay.name)
        overlay.send_message(
            {
                "t": "welcome",
                "version": WIRE_VERSION,
                "epoch": gateway.feed.cursor.epoch,
                "top": gateway.feed.cursor.top,
                "position": begin.position,
                "mode": begin.mode,
                "recovered": begin.recovered,
                "missed": begin.missed,
                "heartbeat_ms": int((overlay.transport.heartbeat_s or gateway.settings.heartbeat_s) * 1000),
                "receipt_ms": max(RECEIPT_MS, len(gateway.overlays)),
                "server_ts_ms": time.time() * 1000,
                "build": gateway.build,
                "layout": arranged.layout,
                "layout_error": arranged.error,
                "flags": gateway.flags.of_page(overlay),
                "state": group.events(state),
            },
            f"{gateway.feed.cursor.epoch}:{begin.position}",
        )

    def _follow(self, _: Start) -> None:
        self.gateway.catchup.add(self.overlay)

    def _note(self, receipt: RenderReceipt) -> None:
        overlay, cursor = self.overlay, self.gateway.feed.cursor
        overlay.receipt, overlay.receipt_s = receipt, time.monotonic()
        if receipt.visible is not None:
            overlay.visible = receipt.visible
        overlay.active = receipt.active
        self.gateway.metrics.receipts += 1
        # Only positions that were sent can have been rendered. A larger one would hide a loss, and a display token
        # must not send receipts for other overlays.
        if overlay.receipted < receipt.position <= min(overlay.position, cursor.top):
            overlay.receipted = receipt.position
            self.gateway.receipts.add(overlay.number, _logged(overlay, receipt, cursor.epoch))

    def _answer(self, ping: Ping) -> None:
        self.overlay.send_message({"t": "pong", "client_ts_ms": ping.client_ts_ms, "server_ts_ms": time.time() * 1000})

    def _execute(self, command: Command) -> None:
        self.gateway.spawn(self._carry_out(command))

    async def _carry_out(self, command: Command) -> None:
        answer: dict[str, Any] = {"t": "result", "id": command.id, "ok": True}
        self.gateway.metrics.commands += 1
        try:
            answer |= await self.gateway.commands.carry_out(command)
        except (BadInput, Refused) as error:
            self.gateway.metrics.refused_commands += 1
            answer |= {"ok": False, "error": str(error)}
        if not self.closed:
            self.overlay.send_message(answer)


ACTIONS: Final[dict[Action, Callable[[Conversation, Any], None]]] = {
    Action.LEAVE: Conversation._leave,
    Action.GREET: Conversation._greet,
    Action.WELCOME: Conversation._welcome,
    Action.FOLLOW: Conversation._follow,
    Action.NOTE: Conversation._note,
    Action.ANSWER: Conversation._answer,
    Action.EXECUTE: Conversation._execute,
    Action.REFUSE: Conversation._refuse,
}


def _nearby(gateway: Gateway, position: int) -> bool:
    """Whether the ring can serve a resume at `position`, so that the range of the log need not be read."""
    return position == gateway.feed.cursor.last or gateway.feed.ring.covers(position)


def _logged(overlay: Overlay, receipt: RenderReceipt, epoch: str) -> Receipt:
    """Return what the log keeps of a receipt: positions of this conversation, and of no other."""
    types = overlay.group.key.types if overlay.group is not None else None
    since = overlay.start_position
    return Receipt(
        overlay.name,
        epoch,
        receipt.position,
        time.time() * 1000,
        since,
        None if types is None else tuple(sorted(types)),
        tuple((first, last) for first, last in receipt.unseen if since < first <= last <= receipt.position),
    )
