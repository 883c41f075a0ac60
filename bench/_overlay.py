"""An independent overlay for benchmarks, written from docs/wire.md, with a journal of every applied event.

It shares no code with the product's overlay, so that one error cannot be in both.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from bench._harness import Pauses

BEHIND_S: Final = 0.5  # docs/wire.md: heartbeat
ASK_EVERY_S: Final = 0.25  # docs/wire.md: the shortest time between two hellos for a missing position
SILENT_S: Final = 5.0  # 2.5 × heartbeat_ms

_LONG: Final = {
    "i": "id", "y": "type", "c": "category", "s": "ts_source_ms", "n": "ts_ingest_ms", "m": "ts_normalized_ms",
    "q": "ts_queued_ms", "b": "payload", "x": "count", "g": "position",
}  # fmt: skip
_FRAME: Final = {"e": "epoch", "a": "first", "z": "last", "p": "top", "k": "tick_ts_ms", "r": "replay", "b": "events"}


class Applied(NamedTuple):
    """An event that this overlay applied. `at_s` is monotonic, `wall_ms` the wall clock."""

    id: str
    type: str
    category: str
    position: int
    merged: int
    ts_source_ms: float | None
    payload: dict[str, Any]
    at_s: float
    wall_ms: float
    tick_ts_ms: float
    stamps_ms: tuple[float, float, float]
    replay: bool


class Overlay:
    """Reconnects without limit, resumes, applies each critical position once.

    `on_read` is awaited after each message with its size in bytes; meanwhile this overlay reads nothing.
    """

    def __init__(
        self,
        url: str,
        token: str,
        name: str,
        on_applied: Callable[[Applied], None],
        format_: Literal["msgpack", "json"] = "msgpack",
        on_positions: Callable[[bytes], None] | None = None,
        on_read: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._url, self._token, self._name, self._format = url, token, name, format_
        self._on_applied, self._on_positions, self._on_read = on_applied, on_positions, on_read
        self.epoch, self.position, self.top = "", -1, 0
        self.live = asyncio.Event()
        self.counts = dict.fromkeys(
            ("connects", "frames", "frame_bytes", "hellos", "gaps", "repeats", "missed", "epochs"), 0
        )
        self._asked_s = float("-inf")
        self._asking = False  # a hello was sent; until its welcome, critical events are dropped
        self._behind_since_s: float | None = None

    async def run(self) -> None:
        """Follow until cancelled."""
        pauses = Pauses()
        while True:
            with suppress(OSError, TimeoutError, WebSocketException, InvalidHandshake):
                async with connect(
                    self._url, max_size=None, compression=None, open_timeout=3.0, close_timeout=0.2, ping_interval=None
                ) as socket:
                    self.counts["connects"] += 1
                    await self._talk(socket)
            await pauses.wait()

    async def _talk(self, socket: ClientConnection) -> None:
        await self._hello(socket)
        heard_s = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(BEHIND_S / 2):
                    message = await socket.recv()
            except TimeoutError:
                if time.monotonic() - heard_s > SILENT_S:
                    return
            else:
                await self._hear(socket, message)
                if self._on_read is not None:
                    await self._on_read(len(message))
                heard_s = time.monotonic()
            await self._mind_the_top(socket)

    async def _hello(self, socket: ClientConnection) -> None:
        self.counts["hellos"] += 1
        self._asked_s = time.monotonic()
        self._asking = True
        resume = {"epoch": self.epoch, "position": self.position} if self.epoch else None
        hello = {"t": "hello", "version": 2, "token": self._token, "overlay_id": self._name, "resume": resume,
                 "format": self._format, "types": None, "build": "bench",
                 "positions": self._on_positions is not None}  # fmt: skip
        await socket.send(json.dumps(hello))

    async def _hear(self, socket: ClientConnection, message: str | bytes) -> None:
        if self._on_positions is not None and message[:1] == b"\xc1":
            self._on_positions(bytes(message))  # type: ignore[arg-type]
            return
        said = json.loads(message) if isinstance(message, str) else msgpack.unpackb(message)
        kind = said.get("t")
        if kind == "frame":
            self.counts["frames"] += 1
            self.counts["frame_bytes"] += len(message)
            frame = said if isinstance(message, str) else {_FRAME.get(key, key): said[key] for key in said}
            if not self._apply(frame) and time.monotonic() - self._asked_s > ASK_EVERY_S:
                await self._hello(socket)
        elif kind == "welcome":
            self._welcome(said)
        elif kind == "heartbeat":
            self.top = max(self.top, said["top"])

    def _welcome(self, said: dict[str, Any]) -> None:
        if self.epoch and said["epoch"] != self.epoch:
            self.counts["epochs"] += 1
        if said["missed"]:
            self.counts["missed"] += said["missed"][1] - said["missed"][0] + 1
        self.epoch, self.position, self.top = said["epoch"], said["position"], said["top"]
        self._asking = False
        self._behind_since_s = None
        self.live.set()

    def _apply(self, frame: dict[str, Any]) -> bool:
        """Apply a frame; False when an earlier position is missing."""
        first, last = frame.get("first") or 0, frame.get("last") or 0
        whole = not first or (not self._asking and frame["epoch"] == self.epoch and first <= self.position + 1)
        at_s, wall_ms = time.monotonic(), time.time() * 1000
        for raw in frame.get("events", ()):
            event = raw if "id" in raw else {_LONG.get(key, key): raw[key] for key in raw}
            position = event.get("position", 0)
            if position and (not whole or position <= self.position):
                self.counts["repeats"] += not self._asking
                continue
            stamps = (event["ts_ingest_ms"], event.get("ts_normalized_ms", 0.0), event.get("ts_queued_ms", 0.0))
            self._on_applied(
                Applied(event["id"], event["type"], event["category"], position, event.get("count", 1),
                        event.get("ts_source_ms"), event["payload"], at_s, wall_ms, frame["tick_ts_ms"], stamps,
                        bool(frame.get("replay")))
            )  # fmt: skip
        if whole:
            self.position = max(self.position, last)
            self.top = max(self.top, frame.get("top") or 0)
        elif not self._asking:
            self.counts["gaps"] += 1
        return whole

    async def _mind_the_top(self, socket: ClientConnection) -> None:
        now_s = time.monotonic()
        if self.top <= self.position:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = now_s
        elif now_s - self._behind_since_s > BEHIND_S and now_s - self._asked_s > BEHIND_S:
            await self._hello(socket)
