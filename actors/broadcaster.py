"""queue-manager ══PUSH══▶ [broadcaster] ══PUB══▶ gateways

Packed positions (core/contract/positions.py) come from the sources directly, and are published on a link of their own.

Publishes every frame unchanged to any number of gateways. PUB drops frames for a gateway that is too slow; that gateway
detects the gap and reads the log. Frames of a generation older than the newest one come from a queue-manager that was
replaced, and are dropped.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from actors import faults, heartbeat, wire
from actors.config import Settings
from actors.core.contract.event import UNREADABLE, WIRE_VERSION
from actors.core.contract.positions import count_of
from actors.core.metrics import BroadcasterMetrics
from actors.errors import BadInput
from actors.interfaces import POSITIONS, Bus, Loop, Outlet, broadcaster_link, frames_link
from actors.reactor import Reactor


class Stamp(
    msgspec.Struct, frozen=True, tag="frame", tag_field="t", rename={"gen": "g", "version": "v", "events": "b"}
):
    """The part of a frame that the broadcaster reads."""

    gen: int
    version: int = WIRE_VERSION
    events: list[msgspec.Raw] = []  # only counted


_stamp = msgspec.msgpack.Decoder(Stamp)


class Broadcaster:
    """The shell: two links in, two out."""

    def __init__(self, bus: Bus) -> None:
        self.critical_in = bus.pull(broadcaster_link("critical"))
        self.best_effort_in = bus.pull(broadcaster_link("best_effort"))
        self._critical_out = bus.publish(frames_link("critical"))
        self._best_effort_out = bus.publish(frames_link("best_effort"))
        # Sources send packed positions here directly: they are not events, and no step before this one needs them.
        self.positions_in = bus.pull(broadcaster_link(POSITIONS))
        self._positions_out = bus.publish(frames_link(POSITIONS))
        self._gen = 0
        self.metrics = BroadcasterMetrics()

    def join(self, loop: Loop) -> None:
        """Let `loop` call this actor."""
        loop.reads(self.critical_in, self.on_critical)
        loop.reads(self.best_effort_in, self.on_best_effort)
        loop.reads(self.positions_in, self.on_positions)

    def on_critical(self, message: bytes) -> None:
        self._forward(message, self._critical_out)

    def on_best_effort(self, message: bytes) -> None:
        self._forward(message, self._best_effort_out)

    def on_positions(self, message: bytes) -> None:
        try:
            self.metrics.positions += count_of(message)
        except BadInput:
            self.metrics.bad_messages += 1
            return
        self._positions_out.offer(message)

    def _forward(self, message: bytes, out: Outlet) -> None:
        faults.point("broadcaster.received")
        try:
            stamp = _stamp.decode(message)
        except UNREADABLE:
            self.metrics.bad_messages += 1
            return
        if stamp.gen < self._gen or stamp.version != WIRE_VERSION:
            self.metrics.stale_frames += 1
            return
        self._gen = stamp.gen
        out.offer(message)
        self.metrics.frames += 1
        self.metrics.events += len(stamp.events)
        self.metrics.bytes += len(message)
        faults.point("broadcaster.sent")


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until a stop is requested."""
    del settings, index
    bus = wire.Bus(run_dir)
    reactor = Reactor(bus.context)
    broadcaster = Broadcaster(bus)
    heart = heartbeat.Heartbeat(name, lambda: [broadcaster.metrics], reactor.ticks)
    heart.start(reactor.wake)
    broadcaster.join(reactor)
    reactor.every(heartbeat.HEARTBEAT_S, heart.beat)
    heart.ready()
    reactor.run(lambda: heart.stopping)
    bus.close()
    return 0
