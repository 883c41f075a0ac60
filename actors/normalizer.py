"""producer ══PUSH══▶ [normalizer] ══PUSH══▶ queue-manager

Maps raw messages to events and keeps no state: after its death the producer sends again. A critical message that was in
work at three deaths is dead-lettered instead of processed a fourth time, so that later messages are not blocked.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import msgspec

from actors import faults, heartbeat, wire
from actors.adapters import KINDS, adapter_of
from actors.config import Settings
from actors.core.contract import replayed
from actors.core.contract.event import (
    REFUSED,
    UNREADABLE,
    Envelope,
    EnvelopeBatch,
    RawBatch,
    RawItem,
    Reject,
    refusal_parts,
)
from actors.core.metrics import NormalizerMetrics
from actors.core.suspicion import EXCERPT_CHARACTERS, MAX_DEATHS
from actors.errors import BadInput
from actors.interfaces import Bus, Loop, Outlet, normalizer_link, queue_link
from actors.reactor import Reactor
from actors.stores.suspects import Suspects

# Imported before the process is ready, so that the first message after a restart does not wait. The ingest takes these
# kinds without a source of the configuration.
PRELOADED: Final = ("event", "srcds")

BLOCKED_S: Final = 0.005  # the interval of checks while the queue-manager accepts no best-effort batches

_encode = msgspec.msgpack.Encoder().encode
_batch = msgspec.msgpack.Decoder(RawBatch)


class Normalizer:
    """The shell: two links in, two links out."""

    def __init__(self, bus: Bus, index: int, suspects: Suspects) -> None:
        self._suspects = suspects
        self.critical_in = bus.pull(normalizer_link("critical", index))
        self.best_effort_in = bus.pull(normalizer_link("best_effort", index))
        self._critical_out = bus.push(queue_link("critical"))
        self._best_effort_out = bus.push(queue_link("best_effort"))
        self.metrics = NormalizerMetrics()

    def join(self, loop: Loop) -> None:
        """Let `loop` call this actor."""
        loop.reads(self.critical_in, self.on_critical)
        # One best-effort batch at a time, and none while the queue-manager is busy: the backpressure reaches the
        # producers, and only they decide what is not sent.
        loop.reads(self.best_effort_in, self.on_best_effort, when=self.best_effort_has_room, per_turn=1)
        loop.each_turn(lambda now_s: None if self.best_effort_has_room() else now_s + BLOCKED_S)

    def on_critical(self, message: bytes) -> None:
        self._forward(message, self._critical_out)

    def on_best_effort(self, message: bytes) -> None:
        self._forward(message, self._best_effort_out)

    def best_effort_has_room(self) -> bool:
        return self._best_effort_out.writable()

    def _forward(self, message: bytes, out: Outlet) -> None:
        """Map one batch and forward it.

        If the queue-manager does not accept it, its producer sends it again (critical), or it is lost (best effort).
        """
        faults.point("normalizer.received")
        try:
            batch = _batch.decode(message)
        except UNREADABLE:
            self.metrics.bad_messages += 1
            return
        self.metrics.received += len(batch.items)
        for kind in {item.kind for item in batch.items}.intersection(KINDS):
            adapter_of(kind)  # before a message is marked: a kill during an import is not due to that message
        replay = replayed.name_of(batch.producer, batch.pgen)
        envelopes = [self._map(item, batch, replay) for item in batch.items]
        if batch.critical:
            self._suspects.clear()
        mapped = EnvelopeBatch(batch.producer, batch.pgen, batch.critical, envelopes)
        if not out.offer(_encode(mapped)):
            self.metrics.unsent_batches += 1
        faults.point("normalizer.sent")

    def _map(self, item: RawItem, batch: RawBatch, replay: str) -> Envelope:
        if batch.critical:
            name = f"{batch.producer}/{item.pseq}".encode()
            if self._suspects.deaths.get(name, 0) >= MAX_DEATHS:
                self.metrics.dead += 1
                reason = f"{MAX_DEATHS} normalizers died while they processed it"
                return Envelope(item.pseq, item.attempt, [], _reject(item, batch, reason, dead=True))
            self._suspects.touch(name)
        faults.poisoned("normalizer", item.body)
        try:
            if item.kind == REFUSED:
                raise BadInput(refusal_parts(item.body)[0])
            events = adapter_of(item.kind).normalize(item, batch.producer, batch.pgen)
        except BadInput as error:
            self.metrics.rejected += 1
            return Envelope(item.pseq, item.attempt, [], _reject(item, batch, str(error)))
        self.metrics.events += len(events)
        now_ms = time.time() * 1000
        if replay:
            events = [replayed.marked(event, batch.producer, replay, now_ms) for event in events]
        else:
            events = [msgspec.structs.replace(event, ts_normalized_ms=now_ms) for event in events]
        return Envelope(item.pseq, item.attempt, events)


def _reject(item: RawItem, batch: RawBatch, reason: str, dead: bool = False) -> Reject:
    name = f"{batch.producer}/{item.pseq}" if batch.critical else f"{batch.producer}/g{batch.pgen}/{item.pseq}"
    body = refusal_parts(item.body)[1] if item.kind == REFUSED else item.body
    excerpt = body.decode(errors="replace")[:EXCERPT_CHARACTERS]
    return Reject(f"{name}.0", item.kind, reason, excerpt, item.ts_ingest_ms, dead)


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until a stop is requested."""
    del settings
    bus = wire.Bus(run_dir)
    reactor = Reactor(bus.context)
    normalizer = Normalizer(bus, index, Suspects(run_dir, name))
    heart = heartbeat.Heartbeat(name, lambda: [normalizer.metrics], reactor.ticks)
    heart.start(reactor.wake)
    normalizer.join(reactor)
    for kind in PRELOADED:
        adapter_of(kind)
    reactor.every(heartbeat.HEARTBEAT_S, heart.beat)
    heart.ready()
    reactor.run(lambda: heart.stopping)
    bus.close()
    return 0
