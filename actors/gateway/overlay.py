"""One connected overlay: its position, the bytes given to its socket, the bytes that wait.

A frame is written directly to the socket while the kernel takes all of it. Otherwise the transport takes the rest of
that frame, and the frames after it wait here as references to bytes that all overlays of the group share. So a slow
overlay costs little memory. `position` advances only when a frame is written, so waiting frames can be dropped exactly.
"""

from __future__ import annotations

import time
from asyncio import Future
from collections import deque
from collections.abc import Callable
from typing import Any

from tornado.iostream import StreamClosedError

from actors.core.contract.messages import Hello, RenderReceipt
from actors.core.delivery import conversation
from actors.core.delivery.clients import Bucket
from actors.core.delivery.conversation import Action, Ending, Input, OverlayState
from actors.core.delivery.presence import Facts, Pace
from actors.gateway.encoding import Encoding
from actors.gateway.layouts import OverlayLayout
from actors.gateway.transport import OverlayTransport
from actors.tokens import Holder


class Overlay:
    """The server's side of one conversation.

    position    the last critical position that was written to the socket
    blocked     the socket is full: writes wait here
    pending     bytes that the kernel has not taken
    """

    __slots__ = (
        "active",
        "address",
        "arranged",
        "blocked",
        "blocked_since_s",
        "bucket",
        "build",
        "connected_s",
        "dropped_frames",
        "ending",
        "group",
        "hello",
        "hellos",
        "holder",
        "left_at_frame",
        "name",
        "number",
        "obs",
        "on_drained",
        "pace",
        "pending",
        "pinged",
        "position",
        "positions",
        "progress_s",
        "receipt",
        "receipt_s",
        "receipted",
        "rest_until_s",
        "role",
        "send",
        "slow_since_s",
        "start_position",
        "state",
        "state_version",
        "times_slow",
        "token",
        "transport",
        "visible",
        "waiting",
        "writing",
    )

    def __init__(self, number: int, transport: OverlayTransport, address: str) -> None:
        now_s = time.monotonic()
        self.number = number
        self.transport = transport
        self.send = transport.send
        self.writing = transport.writing
        self.address = address
        self.name = ""
        self.build = ""
        self.role = "overlay"
        self.token = ""
        self.holder: Holder | None = None  # the rights of its token, None before its hello
        self.state = OverlayState.HELLO
        self.hello: Hello | None = None
        self.group: Encoding | None = None
        self.position = 0
        self.start_position = 0
        self.positions = False  # it wants packed positions
        self.state_version = 0
        self.blocked = False
        self.blocked_since_s = 0.0
        self.progress_s = now_s
        self.pending = 0
        self.waiting: deque[tuple[bytes, int]] = deque()
        self.on_drained: Callable[[Overlay], None] = lambda _: None
        self.times_slow = 0
        self.slow_since_s = 0.0
        self.rest_until_s = 0.0
        self.dropped_frames = 0
        self.left_at_frame = 0
        self.connected_s = now_s
        self.pinged = False
        self.bucket = Bucket(now_s=now_s)
        self.hellos = Bucket(0.5, 5, now_s)  # a welcome costs a thousand times the work of a hello
        self.receipted = 0
        self.receipt_s = now_s  # when the last receipt came, or the conversation began
        self.visible: bool | None = None
        self.active: bool | None = None  # OBS has it in what is on air; None when the page does not know
        self.obs = ""
        self.pace = Pace()
        self.ending: Ending | None = None  # why the gateway ended it
        self.receipt: RenderReceipt | None = None
        self.arranged: OverlayLayout | None = None  # the layout that it has received, None before its welcome

    @property
    def scope(self) -> str:
        return self.holder.scope if self.holder is not None else ""

    def step(self, happened: Input) -> tuple[Action, ...]:
        """Make a step of the conversation, and return its actions."""
        self.state, actions = conversation.step(self.state, happened)
        return actions

    def facts(self, frame_s: float) -> Facts:
        """Return what its receipts say; `frame_s` is when the last frame was sent to its group."""
        return Facts(
            self.state,
            max(self.position, self.start_position),
            max(self.receipted, self.start_position),
            frame_s if frame_s > self.connected_s else 0.0,
            self.receipt_s,
            self.receipt is not None,
            self.visible,
        )

    def send_message(self, fields: dict[str, Any], place: str = "") -> None:
        """Send a small message in the overlay's format."""
        assert self.group is not None
        data = self.group.message(fields, place)
        if data:
            self.write(data)

    def write(self, data: bytes, position: int = 0) -> None:
        """Send framed bytes, now or after what waits; `position` is the last critical one in them, 0 for none."""
        if self.blocked:
            self.wait(data, position)
        else:
            self._hand_on(data, position)

    def wait(self, data: bytes, position: int) -> None:
        self.waiting.append((data, position))
        self.pending += len(data)

    def forget(self) -> None:
        """Drop waiting frames; a frame that is partly written is completed."""
        self.pending -= sum(len(data) for data, _ in self.waiting)
        self.dropped_frames += len(self.waiting)
        self.waiting.clear()

    def block(self, data: bytes, sent: int) -> None:
        """Give the rest of a frame to the transport; nothing else is written until it is sent."""
        if not self.blocked:
            self.blocked = True
            self.blocked_since_s = self.progress_s = time.monotonic()
        rest = memoryview(data)[sent:]
        self.pending += len(rest)
        try:
            future = self.transport.write(rest)
        except StreamClosedError:
            return  # its close callback follows
        size = len(rest)
        future.add_done_callback(lambda done: self._gone(done, size))

    def _hand_on(self, data: bytes, position: int) -> None:
        if position:
            self.position = position
        # Bytes that the transport still has to send come first.
        sent = 0
        if not self.writing():
            try:
                sent = self.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.transport.abort()
                return
        if sent != len(data):
            self.block(data, sent)

    def _gone(self, done: Future[Any], size: int) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        self.pending -= size
        self.progress_s = time.monotonic()
        self.blocked = False
        while self.waiting and not self.blocked:
            data, position = self.waiting.popleft()
            self.pending -= len(data)
            since_s = self.blocked_since_s
            self._hand_on(data, position)
            if self.blocked:
                self.blocked_since_s = since_s  # full without interruption
        if not self.blocked:
            self.blocked_since_s = 0.0
            self.on_drained(self)
