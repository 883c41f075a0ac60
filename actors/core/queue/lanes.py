"""The policy for best-effort events between two frames: which are merged, dropped or expired.

Policy: an overlay shows what is happening now. So under pressure new events are worth more than old ones, and merged
events are preferred to several. At the limit the oldest cosmetic event is dropped first, then the oldest normal one,
then the oldest state. Critical events are not here: they wait in the log (sequencer.py), and at their limit the
pipeline refuses the source instead.

    normal, cosmetic   equal dedupe keys within the type's window are one event (`duplicate`)
    cosmetic, others   equal coalesce keys are one event with the newest payload and the sum of the counts. It keeps the
                       position of the oldest in the queue, so that a steady stream cannot starve itself
    state              equal keys: the last value wins, and moves to the end, because two keys may describe one thing
    all                an event that is older than its TTL when its turn comes has expired

Every event ends in exactly one bucket of the ledger.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec

from actors.core.contract.event import Category, Event
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.queue.ledger import Ledger

# The memory of an event without its payload: measured as the mean growth of a process that holds 100,000 of them.
EVENT_BYTES: Final = 600
# Frames stay far below an overlay's buffer (gateway.client_buffer_bytes); other events wait for the next frame.
FRAME_BYTES: Final = 256 << 10
FRAME_EVENTS: Final = 4_000
# Old dedupe keys are removed each time this number of keys was added.
PRUNE_KEYS: Final = 4_096

DROP_ORDER: Final = (Category.COSMETIC, Category.NORMAL, Category.STATE)


class _Slot:
    __slots__ = ("count", "event", "expires_s", "queued_ms", "size_bytes")

    def __init__(self, event: Event, expires_s: float, queued_ms: float, size_bytes: int) -> None:
        self.event = event
        self.count = event.count
        self.expires_s = expires_s
        self.queued_ms = queued_ms
        self.size_bytes = size_bytes


class Lanes:
    """The best-effort events that wait for the next frame, at most `max_events` and `max_bytes`."""

    def __init__(self, max_events: int, max_bytes: int, ledger: Ledger) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._ledger = ledger
        self._slots: dict[Category, OrderedDict[str | int, _Slot]] = {
            category: OrderedDict() for category in DROP_ORDER
        }
        self._unmerged = 0  # the key of an event without a coalesce key
        self._seen: dict[str, tuple[float, str]] = {}
        self.merging = True  # False: each event stays one, in the order of arrival
        self.size_bytes = 0
        self.peak = 0

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))

    def receive(self, event: Event, now_s: float, now_ms: float) -> bool:
        """Queue an event, merge it, or drop it; return False for a duplicate.

        `now_s` is monotonic, `now_ms` the wall clock.
        """
        ledger = self._ledger
        account = ledger.accounts[event.category]
        account.received += 1
        if event.dedupe_key is not None and self._is_duplicate(event, now_s):
            account.duplicate += 1
            ledger.record(event.id, "duplicate", self._seen[event.dedupe_key][1])
            return False
        expires_s = float("inf")
        if event.ttl_ms:
            # A clock that is set back must not extend the life of events. One that is set ahead expires only the events
            # in flight at that moment, because from here on the time is monotonic.
            expires_s = now_s + (event.ttl_ms - max(0.0, now_ms - event.ts_ingest_ms)) / 1000
        slots = self._slots[event.category]
        size_bytes = EVENT_BYTES + len(event.payload)
        merged = event.coalesce_key is not None and self.merging
        self._unmerged += not merged
        key = event.coalesce_key if merged and event.coalesce_key is not None else self._unmerged
        slot = slots.get(key)
        if slot is None:
            slots[key] = _Slot(event, expires_s, now_ms, size_bytes)
            self.size_bytes += size_bytes
        else:
            account.coalesced += 1
            ledger.record(slot.event.id, "coalesced", event.id)
            self.size_bytes += size_bytes - slot.size_bytes
            slot.event, slot.expires_s, slot.queued_ms, slot.size_bytes = event, expires_s, now_ms, size_bytes
            if event.category is Category.STATE:
                slot.count = event.count
                slots.move_to_end(key)
            else:
                slot.count += event.count
        ledger.record(event.id, "pending")
        length = len(self)
        self.peak = max(self.peak, length)
        if length > self._max_events or self.size_bytes > self._max_bytes:
            self._drop_excess()
        return True

    def take(self, now_s: float, frame: int) -> list[Event]:
        """Return the events for frame number `frame`, by priority and then in the order of arrival."""
        taken: list[Event] = []
        room_bytes = FRAME_BYTES
        for category in (Category.STATE, Category.NORMAL, Category.COSMETIC):
            slots, account = self._slots[category], self._ledger.accounts[category]
            while slots and room_bytes > 0 and len(taken) < FRAME_EVENTS:
                _, slot = slots.popitem(last=False)
                self.size_bytes -= slot.size_bytes
                if slot.expires_s < now_s:
                    account.expired += 1
                    self._ledger.record(slot.event.id, "expired")
                    continue
                event = msgspec.structs.replace(slot.event, count=slot.count, ts_queued_ms=slot.queued_ms)
                taken.append(event)
                room_bytes -= slot.size_bytes
                account.sent += 1
                self._ledger.record(event.id, "sent", frame)
        taken.sort(key=_by_priority if self.merging else _by_arrival)
        return taken

    def _is_duplicate(self, event: Event, now_s: float) -> bool:
        key = event.dedupe_key
        assert key is not None
        seen = self._seen.get(key)
        if seen is not None and now_s < seen[0]:
            return True
        row = TAXONOMY.get(event.type)
        if row is not None and row.dedupe_ms:
            self._seen[key] = (now_s + row.dedupe_ms / 1000, event.id)
            if len(self._seen) % PRUNE_KEYS == 0:
                self._seen = {key: seen for key, seen in self._seen.items() if now_s < seen[0]}
        return False

    def _drop_excess(self) -> None:
        for category in DROP_ORDER:
            slots, account = self._slots[category], self._ledger.accounts[category]
            while slots and (len(self) > self._max_events or self.size_bytes > self._max_bytes):
                _, slot = slots.popitem(last=False)
                self.size_bytes -= slot.size_bytes
                account.drop("queue full")
                self._ledger.record(slot.event.id, "dropped", "queue full")


def _by_priority(event: Event) -> int:
    return -event.priority


def _by_arrival(event: Event) -> float:
    return event.ts_queued_ms
