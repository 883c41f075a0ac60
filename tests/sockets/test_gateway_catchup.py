"""Overlays of any speed, on sockets that take any number of bytes at any time: what arrives is exact.

The real overlay, fan-out and catch-up of the gateway run here over sockets and a log that the test plays, so that
hundreds of histories fit into seconds.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Event
from actors.core.contract.frame import Frame
from actors.core.delivery.conversation import OverlayState
from actors.core.delivery.cursor import Cursor
from actors.core.delivery.recent import Ring, weight
from actors.core.delivery.retained import Retained
from actors.gateway import catchup
from actors.gateway.catchup import CatchUp
from actors.gateway.encoding import Key
from actors.gateway.fanout import Fanout
from actors.gateway.overlay import Overlay
from actors.gateway.transports.websocket import BINARY, framed
from tests.sockets.gateway_rig import critical, loose
from tests.support import run_async

PING = b"\x89\x04ping"


class Pipe:
    """A kernel buffer of so many bytes, and the other end."""

    def __init__(self, room: int) -> None:
        self.room = self.size = room
        self.arrived = b""

    def send(self, data: bytes | memoryview) -> int:
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.arrived += taken
        self.room -= len(taken)
        return len(taken)

    def read(self, count: int) -> None:
        """The overlay takes bytes out of the buffer."""
        self.room = min(self.size, self.room + count)


class Stream:
    """A transport over a pipe, without a conversation."""

    name = "null"
    heartbeat_s = 0.0
    json_only = False

    def __init__(self, pipe: Pipe) -> None:
        self.socket = pipe
        self.send = pipe.send
        self.framing = framed
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []

    def writing(self) -> bool:
        return bool(self._waiting)

    def write(self, data: bytes | memoryview) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((bytes(data), future))
        self.flush()
        return future

    def flush(self) -> None:
        while self._waiting:
            data, future = self._waiting[0]
            try:
                sent = self.socket.send(data)
            except BlockingIOError:
                return
            if sent < len(data):
                self._waiting[0] = (data[sent:], future)
                return
            self._waiting.pop(0)
            future.set_result(None)

    def silent_s(self, now_s: float) -> float:
        return 0.0

    def probe(self) -> None:
        raise AssertionError("it is never silent")

    def close(self, code: int, reason: str) -> None:
        raise AssertionError("it is never closed")

    def abort(self) -> None:
        raise AssertionError("it is never broken")


class World:
    """A feed whose log and ring the test fills, and the real catch-up and fan-out behind it."""

    def __init__(self, buffer_bytes: int) -> None:
        self.cursor = Cursor("epoch", 1, 0)
        self.ring = Ring(max_events=7)
        self.retained = Retained()
        self.events: list[Event] = []
        self.log = self
        self.fanout = Fanout(buffer_bytes, lambda overlay: self.catchup.slow_down(overlay))
        self.catchup = CatchUp(self, self.fanout, page_rows=5)  # type: ignore[arg-type]

    async def read(self, question: Callable[[Any], Any]) -> Any:
        await asyncio.sleep(0)
        return question(self)

    def page(self, after: int, limit: int) -> list[Event]:
        return self.events[after : after + limit]

    def emit(self, count: int, others: int, state: bool) -> None:
        first = len(self.events) + 1
        fresh = [critical(first + number, size=5) for number in range(count)]
        self.events += fresh
        rest = [loose("h", size=40) for _ in range(others)]
        rest += [loose(f"s{first}", "state", "score", size=5, key="score")] if state else []
        last = len(self.events)
        frame = Frame(1, "epoch", 1, 0.0, last, first if count else 0, last if count else 0, fresh + rest)
        self.cursor.last = self.cursor.top = last
        self.ring.add(fresh)
        self.retained.see(frame.events)
        self.fanout.emit(frame, None)
        self.catchup.advanced()

    def overlay(self, number: int, room: int, position: int) -> Overlay:
        overlay = Overlay(number, Stream(Pipe(room)), "test")
        overlay.group = self.fanout.group(
            Key("msgpack", frozenset({"kill", "score"}) if number % 3 == 0 else None, False, framed)
        )
        overlay.state = OverlayState.CATCHUP
        overlay.position = position
        self.catchup.add(overlay)
        return overlay


def messages(data: bytes) -> list[tuple[int, bytes]]:
    """Cut a byte stream into WebSocket frames, which must fill it."""
    found, at = [], 0
    while at < len(data):
        opcode, size, at = data[at], data[at + 1], at + 2
        if size == 126:
            size, at = int.from_bytes(data[at : at + 2], "big"), at + 2
        elif size == 127:
            size, at = int.from_bytes(data[at : at + 8], "big"), at + 8
        found.append((opcode, data[at : at + size]))
        at += size
    assert at == len(data)
    return found


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_every_overlay_receives_every_position_once_and_in_order_at_any_speed(seed):
    run_async(history(random.Random(seed)))


async def history(chance: random.Random) -> None:
    world = World(buffer_bytes=chance.choice([200, 2_000, 50_000]))
    overlays: dict[Overlay, int] = {}
    for step in range(chance.randint(10, 60)):
        if chance.random() < 0.15:
            position = chance.randint(0, len(world.events))
            overlay = world.overlay(step, chance.choice([10, 300, 1 << 20]), position)
            overlays[overlay] = position
        if chance.random() < 0.7:
            world.emit(chance.randint(0, 3), chance.randint(0, 2), chance.random() < 0.2)
        for overlay in overlays:
            if chance.random() < 0.1:
                overlay.transport.write(PING)  # tornado's own control frames, in between
            if chance.random() < 0.4:
                pipe(overlay).read(chance.randint(1, 800))
            if chance.random() < 0.4:  # the loop detects free space later than the kernel
                overlay.transport.flush()  # type: ignore[attr-defined]
            assert overlay.state == "live" or not overlay.waiting
            if chance.random() < 0.05 and overlay in (world.fanout.groups[overlay.group.key].live):
                world.catchup.slow_down(overlay)
        for _ in range(chance.randint(0, 4)):
            await asyncio.sleep(0)
    await settle(world, list(overlays))
    for overlay, position in overlays.items():
        check(overlay, position, world)


def pipe(overlay: Overlay) -> Pipe:
    return overlay.transport.socket  # type: ignore[return-value]


async def settle(world: World, overlays: list[Overlay]) -> None:
    """Let all overlays read until they are live."""
    for _ in range(5_000):
        for overlay in overlays:
            pipe(overlay).read(1 << 20)
            overlay.transport.flush()  # type: ignore[attr-defined]
            overlay.rest_until_s = 0.0
        world.catchup.advanced()
        await asyncio.sleep(0)
        if all(overlay.state == "live" and not overlay.pending for overlay in overlays):
            return
    raise AssertionError([(overlay.state, overlay.position, overlay.pending) for overlay in overlays])


def check(overlay: Overlay, position: int, world: World) -> None:
    state = ""
    seen: list[int] = []
    for opcode, body in messages(pipe(overlay).arrived):
        if opcode != BINARY:
            continue
        frame = msgspec.msgpack.decode(body, type=Frame)
        ranked = [event.position for event in frame.events if event.position]
        assert not frame.first or frame.first == (seen[-1] if seen else position) + 1
        seen += range(frame.first, frame.last + 1) if frame.first else []
        assert ranked == (list(range(frame.first, frame.last + 1)) if frame.first else [])
        state = next((event.id for event in frame.events if event.type == "score"), state)
    assert seen == list(range(position + 1, len(world.events) + 1))
    assert overlay.position == len(world.events)
    last = [event.id for event in world.retained.events()]
    assert not last or state == last[0]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_catch_up_frames_have_the_original_ranges(size):
    assert messages(framed(b"x" * size, text=False) * 2) == [(BINARY, b"x" * size)] * 2


def test_waiting_frames_are_shared_between_overlays():
    """A thousand stuck overlays hold one frame."""

    async def stuck() -> None:
        world = World(buffer_bytes=1 << 20)
        overlays = [world.overlay(1, 0, 0) for _ in range(100)]
        await settle_state(world, overlays)
        for overlay in overlays:
            pipe(overlay).size = pipe(overlay).room = 0
        world.emit(1, 0, False)
        world.emit(1, 0, False)
        waiting = {id(data) for overlay in overlays for data, _ in overlay.waiting}
        assert [len(overlay.waiting) for overlay in overlays] == [1] * 100
        assert len(waiting) == 1

    run_async(stuck())


async def settle_state(world: World, overlays: list[Overlay]) -> None:
    deadline_s = time.monotonic() + 5
    while not all(overlay.state == "live" for overlay in overlays):
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0)


def test_blocks_of_large_events_that_are_kept_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catchup, "CACHED_BLOCK_BYTES", 100_000)

    async def story() -> None:
        world = World(buffer_bytes=1 << 20)
        world.events = [critical(position, size=5_000) for position in range(1, 61)]
        world.cursor.last = world.cursor.top = 60
        overlays = [world.overlay(number, 1 << 20, position) for number, position in enumerate(range(0, 60, 5))]
        while any(overlay.position < 60 for overlay in overlays):
            await asyncio.sleep(0)
        kept = [event for block in world.catchup._blocks.values() for event in block]
        assert 0 < sum(map(weight, kept)) <= 100_000
        world.catchup.forget_pages()
        assert world.catchup._block_bytes == 0

    run_async(story())
