"""normalizer ══PUSH══▶ [queue-manager] ══PUSH══▶ broadcaster, and PUB marks ──▶ producers

Connects the pure parts: sequencer.py (critical events: order, positions, transactions), lanes.py (best-effort events),
cadence.py (when a frame is sent), and the log on its own thread. Commit first, then acknowledge, then show.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import faults, flags, heartbeat, host, interfaces, wire
from actors.committer import Committer
from actors.config import FlagMode, QueueSection, Settings
from actors.core.contract.event import UNREADABLE, EnvelopeBatch, Event, Greeting, Marks, Receipt
from actors.core.contract.frame import Frame, Stream
from actors.core.delivery.retained import is_kept
from actors.core.metrics import Metrics, QueueMetrics
from actors.core.queue.cadence import Cadence
from actors.core.queue.calendar import Calendar
from actors.core.queue.derive import LOOSE, Derivation
from actors.core.queue.lanes import FRAME_BYTES, FRAME_EVENTS, Lanes
from actors.core.queue.ledger import Ledger
from actors.core.queue.sequencer import GAP_S, Entry, Sequencer
from actors.core.queue.unpacking import NumberedBatch, Unpacker, numbers
from actors.core.suspicion import Suspicion
from actors.errors import Fenced, Refused
from actors.interfaces import ASK, INBOX, MARKS, Bus, Loop, Outlet, broadcaster_link, queue_link
from actors.reactor import Reactor
from actors.stores.log import Log, LogReader
from actors.stores.suspects import WorkMark, suspicion

BEAT_S: Final = 0.25  # marks and `top`: a lost acknowledgement or a lost last frame is detected within this time
# After a start the links to this process open one after the other, and what was sent before is lost.
FIRST_BEATS_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16)
SAVE_S: Final = 1.0  # retained state, receipts, counts
TRIM_S: Final = 60.0
TRIM_AGAIN_S: Final = 0.05  # when one trim was not enough: 40,000 rows/s, twice the maximum of writes
RETRY_S: Final = 0.02  # when the broadcaster does not accept a frame
BEST_EFFORT_BATCHES: Final = 4  # of up to 256 events per turn, about 3 ms: a flood must not delay critical events
SHOWN_EVENTS: Final = 10_000  # the limit of events that wait for the broadcaster; gateways read the others from the log

_encode = msgspec.msgpack.Encoder().encode
_batch = msgspec.msgpack.Decoder(EnvelopeBatch)
_inbox = msgspec.msgpack.Decoder(Greeting | Receipt)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query of a page or a command: `ledger`, or `why` with an id."""

    ask: str
    id: str = ""


_question = msgspec.msgpack.Decoder(Question)


class QueueManager:
    """The shell. All methods run in the loop; only `committer` uses the log's thread."""

    def __init__(
        self,
        settings: QueueSection,
        bus: Bus,
        log: interfaces.Log,
        reader: interfaces.LogReader,
        commit: Callable[[Entry, Callable[[bool], None]], None],
        suspicion: Suspicion | None = None,
        gap_s: float = GAP_S,
    ) -> None:
        recovered = log.recovered
        self.gen = recovered.head.gen
        self.ledger = Ledger(recovered.ledger)
        self.lanes = Lanes(settings.max_events, settings.max_bytes, self.ledger)
        self.sequencer = Sequencer(
            recovered.head.epoch,
            recovered.head.top,
            recovered.watermarks,
            Derivation(settings.multikill_window_ms, recovered.derived),
            self.ledger,
            reader.identity,
            recovered.retained,
            suspicion,
            gap_s,
        )
        self._suspicion = suspicion or Suspicion()
        self._unpacker = Unpacker(self._suspicion, partial(faults.poisoned, "decoder"))
        self._waiting: deque[tuple[NumberedBatch, bytes]] = deque()
        self.cadence = Cadence(settings.flush_hz, settings.busy_hz, settings.busy_events, settings.critical_gap_ms)
        # While event_pipeline_v2 is "canary": copies for the other overlays, which the ledger does not count again.
        self._plain = Lanes(settings.max_events, settings.max_bytes, Ledger())
        self._plain.merging = False
        self._split = False
        self._commit = commit
        self._reader = reader
        self._committing = 0  # the number of entries
        self._alone = False  # suspects are among them
        self._trim_due_s: float | None = None
        keep_s = max(settings.log_keep_s, settings.identity_s)
        self._calendar = Calendar.recovered(recovered.calendar, time.time() * 1000, host.boottime_s(), keep_s)
        self._shown: deque[Event] = deque()
        self._frame = 0
        self._counted = 0.0
        self.metrics = QueueMetrics()
        self.critical_in = bus.pull(queue_link("critical"))
        self.best_effort_in = bus.pull(queue_link("best_effort"))
        self.inbox = bus.pull(INBOX)
        self.ask = bus.answer(ASK)
        self._marks = bus.publish(MARKS)
        self._critical_out = bus.push(broadcaster_link("critical"))
        self._best_effort_out = bus.push(broadcaster_link("best_effort"))

    def join(self, loop: Loop) -> None:
        """Let `loop` call this actor, except `turn`, which follows the results of commits."""
        loop.reads(self.critical_in, self.on_critical, when=lambda: not (self.sequencer.full or self._waiting))
        loop.reads(self.inbox, self.on_inbox)
        loop.reads(self.ask, self.on_ask)
        loop.reads(
            self.best_effort_in,
            self.on_best_effort,
            when=lambda: not self.sequencer.crowded,
            per_turn=BEST_EFFORT_BATCHES,
        )
        loop.every(BEAT_S, self.beat)
        loop.every(SAVE_S, self.save)
        loop.every(TRIM_S, self.trim)

    def switch(self, mode: FlagMode) -> None:
        """Apply `event_pipeline_v2`. Events that wait now are sent with the next frame."""
        self.lanes.merging = self.cadence.paced = mode != "off"
        self._split = mode == "canary"

    # Input

    def on_critical(self, message: bytes) -> None:
        faults.point("queue.received")
        try:
            numbered = numbers(message)
        except UNREADABLE:
            self.metrics.bad_messages += 1
            return
        self.metrics.envelopes += len(numbered.envelopes)
        self._waiting.append((numbered, message))
        self._admit()

    def _admit(self) -> None:
        """Admit the batches that came. Suspects are alone in work, so that a death is due to one message only."""
        while self._waiting:
            suspects = self.sequencer.has_suspects(self._waiting[0][0].producer)
            if (suspects or self._alone) and self._committing:
                return
            with self._blameless():
                if (batch := self._unpack(*self._waiting.popleft(), apart=suspects)) is not None:
                    self.sequencer.admit(batch, time.monotonic(), time.time() * 1000)

    @contextmanager
    def _blameless(self) -> Iterator[None]:
        """A failure of the disk or the machine counts against no message that is in work."""
        try:
            yield
        except (Refused, MemoryError):
            self._suspicion.end()
            raise

    def _unpack(self, numbered: NumberedBatch, message: bytes, apart: bool) -> EnvelopeBatch | None:
        try:
            return self._unpacker.batch(numbered, message, apart, self.sequencer.admitted(numbered.producer))
        except UNREADABLE:
            self.metrics.bad_messages += 1
            self._suspicion.end()
            return None

    def on_best_effort(self, message: bytes) -> None:
        batch = self._decode(_batch, message)
        if batch is None:
            return
        self.metrics.envelopes += len(batch.envelopes)
        self.ledger.arrived(batch)
        now_s, now_ms = time.monotonic(), time.time() * 1000
        for envelope in batch.envelopes:
            if envelope.reject is not None:
                self.sequencer.reject(envelope.reject)
            for event in envelope.events:
                if is_kept(event):
                    self.sequencer.retain(msgspec.structs.replace(event, ts_queued_ms=now_ms))
                if self._enqueue(event, now_s, now_ms) and event.type in LOOSE:
                    self.sequencer.supported(event, now_ms)

    def on_inbox(self, message: bytes) -> None:
        decoded = self._decode(_inbox, message)
        if isinstance(decoded, Greeting):
            with self._blameless():
                self.sequencer.greet(decoded, os.urandom(16).hex(), time.monotonic(), time.time() * 1000)
            self.publish_marks()
        elif isinstance(decoded, Receipt):
            self.sequencer.receipt(decoded)

    def on_ask(self, message: bytes) -> None:
        """Answer a query. Every message needs an answer, because a REP socket blocks without one."""
        answer: dict[str, Any]
        question = self._decode(_question, message)
        if question is None:
            answer = {"error": "expected a map {ask: 'ledger'} or {ask: 'why', id: …}"}
        elif question.ask == "ledger":
            answer = {"ledger": self.ledger.snapshot()}
        elif question.ask == "why":
            answer = {"history": self.ledger.history(question.id) or self.lanes.history(question.id)}
        else:
            answer = {"error": f"ask is {question.ask!r}, expected 'ledger' or 'why'"}
        self.ask.offer(_encode(answer))

    def _decode(self, decoder: msgspec.msgpack.Decoder[Any], message: bytes) -> Any:
        try:
            return decoder.decode(message)
        except UNREADABLE:
            self.metrics.bad_messages += 1
            return None

    def _enqueue(self, event: Event, now_s: float, now_ms: float) -> bool:
        if self._split:
            self._plain.receive(event, now_s, now_ms)
        return self.lanes.receive(event, now_s, now_ms)

    # Output

    def turn(self, now_s: float) -> float | None:
        """Start a commit and send a frame if they are due; return the next deadline."""
        self._admit()
        trim = self._trim_due_s is not None and self._trim_due_s <= now_s
        if (self.sequencer.urgent or trim) and not self._committing:
            self._trim_due_s = None if trim else self._trim_due_s
            self._start_commit(self.sequencer.take(trim_ms=self._calendar_ms() if trim else 0.0), dated=trim)
        if len(self._plain) and self._best_effort_out.writable():
            self._offer(self._best_effort_out, [], self._plain.take(now_s, self._frame + 1), "plain")
        due_s = self.cadence.due_s(len(self.lanes) > 0, bool(self._shown))
        if due_s is not None and due_s <= now_s:
            due_s = self._send_frame(now_s)
        gap_s = self.sequencer.gap_due_s()
        if gap_s is not None and gap_s <= now_s:
            self.publish_marks()
            gap_s = self.sequencer.gap_due_s()
        trim_s = None if self._committing else self._trim_due_s  # the end of a commit wakes the loop anyway
        return min((moment for moment in (due_s, gap_s, trim_s) if moment is not None), default=None)

    def save(self) -> None:
        """Write data without urgency: retained state, receipts, the ledger."""
        if not self._committing:
            counted, self._counted = self._counted, self.metrics.envelopes
            self._calendar_ms()
            self._start_commit(self.sequencer.take(even_empty=counted != self._counted), dated=True)

    def _calendar_ms(self) -> float:
        return self._calendar.now_ms(time.time() * 1000, host.boottime_s())

    def trim(self) -> None:
        """Make the next commit remove events beyond the retention of the log."""
        self._trim_due_s = time.monotonic()

    def beat(self) -> None:
        """Repeat the watermarks and the top, so that their loss is detected within 250 ms.

        Raises:
            Fenced: another queue-manager has opened the log; messages of this one are no longer valid.
        """
        if (gen := self._reader.head().gen) != self.gen:
            raise Fenced(f"the log is at generation {gen}, this queue-manager is {self.gen}")
        self.publish_marks()
        self._critical_out.offer(_encode(self._make_frame([], [], 0)))

    def publish_marks(self) -> None:
        now_s = time.monotonic()
        self._marks.offer(_encode(Marks(self.sequencer.committed_epoch, self.gen, self.sequencer.marks(now_s))))
        self.sequencer.named(now_s)
        faults.point("queue.acked")

    def _start_commit(self, entry: Entry | None, dated: bool = False) -> None:
        """Commit an entry; `dated`: with the calendar, so that the next queue-manager detects a clock that was set."""
        suspects = self.sequencer.take_suspects()
        self._alone = bool(suspects)
        for one in suspects if entry is None else [*suspects, entry]:
            self._committing += 1
            one.calendar = self._calendar.save() if dated else b""
            self._commit(one, partial(self._on_committed, one))

    def _on_committed(self, entry: Entry, more_to_trim: bool) -> None:
        self._committing -= 1
        self.sequencer.committed(entry)
        if more_to_trim:
            self._trim_due_s = time.monotonic() + TRIM_AGAIN_S
        self.metrics.commits += 1
        self.metrics.committed_events += len(entry.events)
        if entry.watermarks or entry.new_epoch:
            self.publish_marks()
        self._shown.extend(entry.events)
        while len(self._shown) > SHOWN_EVENTS:
            self._shown.popleft()
        now_s, now_ms = time.monotonic(), time.time() * 1000
        for event in entry.loose:
            self._enqueue(event, now_s, now_ms)

    def _send_frame(self, now_s: float) -> float | None:
        """Send one frame; return when the next one is due."""
        out = self._critical_out if self._shown else self._best_effort_out
        if not out.writable():
            self.metrics.unsent_frames += 1
            return now_s + RETRY_S
        critical: list[Event] = []
        room_bytes = FRAME_BYTES
        while self._shown and room_bytes > 0 and len(critical) < FRAME_EVENTS:
            critical.append(self._shown.popleft())
            room_bytes -= len(critical[-1].payload) + 200
        rest = self.lanes.take(now_s, self._frame + 1)
        if self._split and critical:
            self._offer(out, critical, [], "")
            self._offer(out, [], rest, "v2")
        else:
            self._offer(out, critical, rest, "v2" if self._split else "")
        if critical or rest:
            self.cadence.sent(now_s, len(critical) + len(rest))
        return self.cadence.due_s(len(self.lanes) > 0, bool(self._shown))

    def _offer(self, out: Outlet, critical: list[Event], rest: list[Event], stream: Stream) -> None:
        if not (critical or rest):
            return
        self._frame += 1  # without gaps: a gateway counts a missing number as a lost frame
        out.offer(_encode(self._make_frame(critical, rest, self._frame, stream)))
        self.metrics.frames += 1
        self.metrics.frame_events += len(critical) + len(rest)
        faults.point("queue.framed")

    def _make_frame(self, critical: list[Event], rest: list[Event], seq: int, stream: Stream = "") -> Frame:
        return Frame(
            gen=self.gen,
            epoch=self.sequencer.committed_epoch,
            seq=seq,
            tick_ts_ms=time.time() * 1000,
            top=self.sequencer.committed_top,
            first=critical[0].position if critical else 0,
            last=critical[-1].position if critical else 0,
            events=critical + rest,
            stream=stream,
        )

    # Stopping, counting

    def idle(self) -> bool:
        """Whether all received events are committed and sent."""
        waiting = len(self.lanes) + len(self._plain) + len(self._waiting)
        return not (self._committing or self.sequencer.urgent or self._shown or waiting)

    def measure(self) -> QueueMetrics:
        """Return the current metrics."""
        metrics = self.metrics
        metrics.dead = self.sequencer.dead
        metrics.gen, metrics.top = self.gen, self.sequencer.committed_top
        metrics.lanes_events, metrics.lanes_bytes = len(self.lanes), self.lanes.size_bytes
        metrics.lanes_peak_events = self.lanes.peak
        retained = self.sequencer.retained
        metrics.retained_states, metrics.retained_bytes = len(retained), retained.size_bytes
        metrics.retained_evicted, metrics.retained_full = retained.evicted, float(retained.full)
        metrics.shown_waiting = len(self._shown)
        metrics.queue = len(self.lanes) + len(self._shown) + self.sequencer.waiting
        metrics.events = metrics.frame_events
        metrics.busy = float(self.cadence.busy)
        return metrics


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until a stop is requested; then commit and send the events that are here."""
    del index
    queue = settings.queue
    bus = wire.Bus(run_dir)
    reactor = Reactor(bus.context)
    logs: list[Log] = []

    def open_log() -> Log:
        bounds = (queue.log_keep_s, queue.log_max_bytes, queue.identity_s, queue.quarantine_rows)
        logs.append(Log(run_dir, *bounds, starting=True))
        return logs[0]

    committer = Committer(open_log, reactor.wake)
    committer.start()
    mark = WorkMark(run_dir / f"{name}.mark")
    suspected = suspicion(run_dir, mark, logs[0].mark, logs[0].recovered.watermarks)
    gap_s = GAP_S if settings.normalizer.processes > 1 else 0.0  # one normalizer keeps the order
    manager = QueueManager(queue, bus, logs[0], LogReader(run_dir), committer.submit, suspected, gap_s)
    logs[0].started()

    def measure() -> list[Metrics]:
        metrics = manager.measure()
        metrics.log_full = float(logs[0].full)
        metrics.dead += logs[0].set_aside
        return [metrics, committer.measure()]

    reader = flags.FlagReader(run_dir, settings.flags)
    manager.switch(settings.flags.event_pipeline_v2)

    def follow_flags() -> None:
        if reader.refresh():
            manager.switch(reader.current.event_pipeline_v2)

    heart = heartbeat.Heartbeat(name, measure, reactor.ticks)
    heart.start(reactor.wake)
    manager.join(reactor)
    reactor.every(BEAT_S, follow_flags)
    reactor.every(heartbeat.HEARTBEAT_S, heart.beat)

    began_s = time.monotonic()
    beats_s = deque(began_s + after_s for after_s in FIRST_BEATS_S)

    def turn(now_s: float) -> float | None:
        committer.collect()
        if beats_s and now_s >= beats_s[0]:
            beats_s.popleft()
            manager.beat()
        due_s = manager.turn(now_s)
        return min(beats_s[0], due_s or beats_s[0]) if beats_s else due_s

    reactor.each_turn(turn)
    manager.beat()
    heart.ready()
    reactor.run(lambda: heart.stopping)
    drained_by_s = time.monotonic() + 1.0
    reactor.run(lambda: manager.idle() or time.monotonic() > drained_by_s)
    manager.save()
    committer.stop()
    bus.close()
    return 0
