"""The critical lane: order, identity, positions, and the content of one transaction of the log.

Producers number their critical messages without gaps, and may send any of them again at any time. The sequencer admits
each number once and in order. Early numbers are held back, and missing numbers are named, so that their producer sends
them at once. Events get their positions here; a position is valid when the log has committed its entry.

    admit(batch)   skips repeated numbers, holds back early ones, and adds the others to the open entry
    take()         closes the open entry, for one transaction
    committed(e)   the entry is on disk: watermarks may be published, and its events may be shown
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import Category, Envelope, EnvelopeBatch, Event, Greeting, Mark, Receipt, Reject
from actors.core.delivery.cursor import Head
from actors.core.delivery.retained import Retained, is_kept
from actors.core.queue.derive import READS, Derivation
from actors.core.queue.ledger import Ledger
from actors.core.suspicion import Suspicion, Work, dead_letter

# A producer has at most `producer.window_rows` (1,024 by default) in flight; numbers beyond this limit are sent again.
HOLD_BACK: Final = 4_096
# Normalizers overtake each other by less than this time; a number that arrives later counts as missing. It is named
# again after the same time.
GAP_S: Final = 0.02
# The limit of the open entry while the disk is slow; beyond it no batch is admitted, and producers wait.
MAX_OPEN_EVENTS: Final = 4_096
# The limit of what best-effort events add to the open entry: names of states and of players, which come from outside.
# One second has fewer; the limit is reached only while nothing can be written. Then best-effort batches wait, too.
MAX_OPEN_NAMES: Final = 65_536


class Entry(Struct):
    """The content of one transaction.

    `loose` are best-effort events that enter the lanes after the commit. A retained state of None is removed. `work`
    names the critical messages that it has.
    """

    events: list[Event] = []
    watermarks: dict[str, int] = {}
    derived: dict[str, bytes | None] = {}
    retained: dict[str, Event | None] = {}
    identities: list[tuple[str, str, float]] = []
    rejects: list[Reject] = []
    receipts: list[Receipt] = []
    loose: list[Event] = []
    ledger: bytes = b""
    calendar: bytes = b""
    new_epoch: str = ""
    trim_ms: float = 0.0
    work: list[Work] = []

    @property
    def empty(self) -> bool:
        return not (
            self.events
            or self.watermarks
            or self.derived
            or self.retained
            or self.rejects
            or self.receipts
            or self.new_epoch
            or self.trim_ms
        )


class Recovered(Struct, frozen=True):
    """The state that a writer reads when it opens the log."""

    head: Head
    watermarks: dict[str, int]
    derived: dict[str, bytes]
    retained: dict[str, Event]
    ledger: bytes
    calendar: bytes


class _Progress(Struct):
    """The progress of one producer.

    incoming       the highest number that came
    admitted       the last number of the open entry, or before it
    taken          the last number of the entries that were taken
    committed      the last number on disk
    held           envelopes after a gap, by number
    gap_due_s      when the first number of the gap is to be named as missing
    """

    incoming: int = 0
    admitted: int = 0
    taken: int = 0
    committed: int = 0
    held: dict[int, Envelope] = {}
    gap_due_s: float | None = None


class Sequencer:
    """The pure part of the critical lane. `known` returns the id of the event in the log with an identity, or None."""

    def __init__(
        self,
        epoch: str,
        top: int,
        watermarks: dict[str, int],
        derivation: Derivation,
        ledger: Ledger,
        known: Callable[[str], str | None],
        retained: dict[str, Event] | None = None,
        suspicion: Suspicion | None = None,
        gap_s: float = GAP_S,
    ) -> None:
        """`gap_s`: how long a gap may last before its numbers count as missing; 0 if no message overtakes another."""
        self._gap_s = gap_s
        self.epoch = self.committed_epoch = epoch
        self.top = top
        self.committed_top = top
        self._derivation = derivation
        self._ledger = ledger
        self._account = ledger.accounts[Category.CRITICAL]
        self._known = known
        self._lines = {producer: _Progress(mark, mark, mark, mark) for producer, mark in watermarks.items()}
        self._suspicion = suspicion or Suspicion()
        self._open = Entry()
        self._alone: deque[Entry] = deque()  # of one suspect each, before the open entry
        self.dead = 0
        self.retained = Retained()
        for kept, event in (retained or {}).items():
            for key in self.retained.put(event) if is_kept(event) else [kept]:
                self._open.retained[key] = None  # a previous version kept more
        self._recent: dict[str, str] = {}

    @property
    def full(self) -> bool:
        """Whether the open entry is at its limit; then nothing is read from the critical link."""
        return len(self._open.events) + len(self._alone) >= MAX_OPEN_EVENTS

    @property
    def crowded(self) -> bool:
        """Whether best-effort events have filled the open entry; then nothing is read from their link."""
        entry = self._open
        names = len(entry.retained) + len(entry.loose) + len(entry.events) + self._derivation.touched
        return names >= MAX_OPEN_NAMES

    @property
    def waiting(self) -> int:
        """The number of events and envelopes that are not yet passed to the log."""
        return len(self._open.events) + sum(len(line.held) for line in self._lines.values())

    def admit(self, batch: EnvelopeBatch, now_s: float, now_ms: float) -> None:
        """Process a batch of critical envelopes; those that are in order become part of the open entry."""
        line = self._lines.setdefault(batch.producer, _Progress())
        if batch.envelopes:
            line.incoming = max(line.incoming, batch.envelopes[-1].pseq)
        self._begin(batch.producer, line)
        for envelope in batch.envelopes:
            if envelope.pseq <= line.admitted or envelope.pseq in line.held:
                self._ledger.raw.redelivered += 1
            elif envelope.pseq == line.admitted + 1:
                self._enter(batch.producer, envelope, now_ms)
                line.admitted += 1
            elif len(line.held) < HOLD_BACK:
                line.held[envelope.pseq] = envelope
        self._release(batch.producer, line, now_s, now_ms)
        self._suspicion.end()

    def greet(self, greeting: Greeting, new_epoch: str, now_s: float, now_ms: float) -> None:
        """Process the greeting of a producer.

        If it knows a higher watermark than this log, the log was restored from an older state: start a new epoch.
        """
        line = self._lines.setdefault(greeting.producer, _Progress())
        if greeting.epoch == self.epoch and greeting.acked > line.admitted:
            self.epoch = self._open.new_epoch = new_epoch
        if greeting.oldest > line.admitted + 1:
            # No producer can send these numbers again: they were acknowledged by a log that no longer exists.
            line.admitted = greeting.oldest - 1
            line.held = {pseq: envelope for pseq, envelope in line.held.items() if pseq > line.admitted}
            self._open.watermarks[greeting.producer] = line.admitted
            self._begin(greeting.producer, line)
            self._release(greeting.producer, line, now_s, now_ms)
            self._suspicion.end()

    def retain(self, event: Event) -> None:
        """Keep the last value of a state event for snapshots."""
        if is_kept(event) and event.coalesce_key is not None:
            self._open.retained.pop(event.coalesce_key, None)  # the order is that of the changes
            self._open.retained[event.coalesce_key] = event
            for key in self.retained.put(event):
                self._open.retained[key] = None

    def reject(self, reject: Reject) -> None:
        """Quarantine a raw message. While nothing can be written, only the last ones are kept."""
        self._open.rejects.append(reject)
        del self._open.rejects[:-MAX_OPEN_EVENTS]

    def receipt(self, receipt: Receipt) -> None:
        """Record the position up to which an overlay has rendered."""
        if receipt.epoch == self.epoch:
            self._open.receipts.append(receipt)
            del self._open.receipts[:-MAX_OPEN_EVENTS]

    @property
    def urgent(self) -> bool:
        """Whether the open entry has an event to show or a number to acknowledge."""
        return bool(self._open.events or self._open.watermarks or self._open.new_epoch or self._alone)

    def has_suspects(self, producer: str) -> bool:
        """Whether messages of this producer that are still to come were in work at a death."""
        last = self._suspicion.last(producer)
        return last > self.admitted(producer)

    def admitted(self, producer: str) -> int:
        """Return the last number of this producer that is admitted."""
        return self._lines[producer].admitted if producer in self._lines else 0

    def take_suspects(self) -> list[Entry]:
        """Return the entries of suspects, which have one message each. They are committed before the open entry."""
        entries = list(self._alone)
        self._alone.clear()
        return entries

    def take(self, trim_ms: float = 0.0, even_empty: bool = False) -> Entry | None:
        """Close and return the open entry, or None when there is nothing to write.

        `trim_ms` trims the log as of this time. `even_empty` writes the ledger even if nothing else has changed.
        """
        self._open.trim_ms = trim_ms
        if self._open.empty and not even_empty:
            return None
        return self._close()

    def _close(self) -> Entry:
        entry, self._open = self._open, Entry()
        for producer, last in entry.watermarks.items():
            line = self._lines[producer]
            entry.work.append(Work(producer, line.taken + 1, last))
            line.taken = last
        self._suspicion.begin(entry.work)
        entry.derived = self._derivation.take_changes()
        entry.ledger = self._ledger.save()
        self._suspicion.end()
        return entry

    def committed(self, entry: Entry) -> None:
        """Record that an entry is on disk."""
        for producer, watermark in entry.watermarks.items():
            self._lines[producer].committed = watermark
        if entry.events:
            self.committed_top = entry.events[-1].position
        if entry.new_epoch:
            self.committed_epoch = entry.new_epoch
        for key, _, _ in entry.identities:
            self._recent.pop(key, None)

    def marks(self, now_s: float) -> list[Mark]:
        """Return all watermarks, each with the first number that counts as missing (0: none)."""
        return [
            Mark(producer, line.committed, line.admitted + 1 if self._is_late(line, now_s) else 0)
            for producer, line in self._lines.items()
        ]

    def gap_due_s(self) -> float | None:
        """Return when the next number counts as missing, or None."""
        return min((line.gap_due_s for line in self._lines.values() if line.gap_due_s is not None), default=None)

    def named(self, now_s: float) -> None:
        """Record that gaps were named now; they are named again after GAP_S."""
        for line in self._lines.values():
            if self._is_late(line, now_s):
                line.gap_due_s = now_s + GAP_S

    @staticmethod
    def _is_late(line: _Progress, now_s: float) -> bool:
        return line.gap_due_s is not None and now_s >= line.gap_due_s

    def _begin(self, producer: str, line: _Progress, done: int = 0) -> None:
        """Mark the messages that are admitted now as in work."""
        first = max(line.admitted, done) + 1
        self._suspicion.begin([Work(producer, first, line.incoming)] if first <= line.incoming else [])

    def _release(self, producer: str, line: _Progress, now_s: float, now_ms: float) -> None:
        while (envelope := line.held.pop(line.admitted + 1, None)) is not None:
            self._enter(producer, envelope, now_ms)
            line.admitted += 1
            line.gap_due_s = None
        if not line.held:
            line.gap_due_s = None
        elif line.gap_due_s is None:
            line.gap_due_s = now_s + self._gap_s

    def _enter(self, producer: str, envelope: Envelope, now_ms: float) -> None:
        if envelope.pseq <= self._suspicion.last(producer):
            self._enter_alone(producer, envelope, now_ms)
        else:
            self._enter_open(producer, envelope, now_ms)

    def _enter_alone(self, producer: str, envelope: Envelope, now_ms: float) -> None:
        """Enter a suspect as the only message of an entry, or dead-letter it."""
        if not self._open.empty:
            self._alone.append(self._close())
        pseq = envelope.pseq
        if self._suspicion.is_poison(producer, pseq):
            envelope = dead_letter(producer, envelope)
            self.dead += 1
        self._suspicion.begin((Work(producer, pseq, pseq),))
        self._enter_open(producer, envelope, now_ms)
        self._alone.append(self._close())
        self._begin(producer, self._lines[producer], pseq)

    def _enter_open(self, producer: str, envelope: Envelope, now_ms: float) -> None:
        raw = self._ledger.raw
        raw.numbered += 1
        self._open.watermarks[producer] = envelope.pseq
        if envelope.reject is not None:
            raw.rejected += 1
            self.reject(envelope.reject)
        elif envelope.events:
            raw.mapped += 1
        else:
            raw.empty += 1
        for event in envelope.events:
            if event.category is Category.CRITICAL:
                self._log(event, now_ms)
            else:
                self._open.loose.append(event)

    def _log(self, event: Event, now_ms: float) -> None:
        self._account.received += 1
        if event.dedupe_key is not None:
            key = f"{len(event.source)}:{event.source}:{event.dedupe_key}"  # unambiguous for any pair
            earlier = self._recent.get(key) or self._known(key)
            if earlier is not None:
                self._account.duplicate += 1
                self._ledger.record(event.id, "duplicate", earlier)
                return
            self._recent[key] = event.id
            self._open.identities.append((key, event.id, now_ms))
        event = self._placed(event, now_ms)
        follows: list[Event] = []
        if event.type in READS:
            event, follows = self._derivation.feed(event)
        self._open.events.append(event)
        self._follow(follows, now_ms)

    def supported(self, event: Event, now_ms: float) -> None:
        """Read a best-effort event of a type in LOOSE; what is derived from it is logged like all derived events."""
        _, follows = self._derivation.feed(event)
        if follows:
            self._follow(follows, now_ms)

    def _follow(self, follows: list[Event], now_ms: float) -> None:
        for derived in follows:
            if derived.category is Category.CRITICAL:
                self._account.received += 1
                self._open.events.append(self._placed(derived, now_ms))
            else:
                self.retain(derived)
                self._open.loose.append(derived)

    def _placed(self, event: Event, now_ms: float) -> Event:
        """Return `event` with the next position; it is to be added to the open entry at once."""
        self.top += 1
        self._account.sent += 1
        return msgspec.structs.replace(event, position=self.top, ts_queued_ms=now_ms)
