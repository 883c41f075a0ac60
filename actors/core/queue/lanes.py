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
from typing import Any, Final

import msgspec

from actors.core.contract.event import Category, Event
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.queue.ledger import Account, Ledger

# The memory of an event without its payload: measured as the mean growth of a process that holds 100,000 of them.
EVENT_BYTES: Final = 600
# Frames stay far below an overlay's buffer (gateway.client_buffer_bytes); other events wait for the next frame.
FRAME_BYTES: Final = 256 << 10
FRAME_EVENTS: Final = 4_000
# Old dedupe keys are removed each time this number of keys was added.
PRUNE_KEYS: Final = 4_096

_WINDOWS_S: Final = {name: row.dedupe_ms / 1000 for name, row in TAXONOMY.items() if row.dedupe_ms}

DROP_ORDER: Final = (Category.COSMETIC, Category.NORMAL, Category.STATE)


class _Slot:
    __slots__ = ("count", "event", "queued_ms", "queued_s", "size_bytes")

    def __init__(self, event: Event, queued_s: float, queued_ms: float, size_bytes: int) -> None:
        self.event = event
        self.count = event.count
        self.queued_s = queued_s
        self.queued_ms = queued_ms
        self.size_bytes = size_bytes

    def has_expired(self, now_s: float) -> bool:
        """Return whether the event is older than its TTL.

        A clock that is set back must not extend the life of events. One that is set ahead expires only the events in
        flight at that moment, because from the queue on the time is monotonic.
        """
        event = self.event
        age_ms = max(0.0, self.queued_ms - event.ts_ingest_ms)
        return event.ttl_ms > 0 and self.queued_s + (event.ttl_ms - age_ms) / 1000 < now_s


class _Lane:
    """The slots of one category, in the order of their turn, and its account."""

    __slots__ = ("account", "last_wins", "slots")

    def __init__(self, category: Category, account: Account) -> None:
        self.slots: OrderedDict[str | int, _Slot] = OrderedDict()
        self.account = account
        self.last_wins = category is Category.STATE


class Lanes:
    """The best-effort events that wait for the next frame, at most `max_events` and `max_bytes`."""

    def __init__(self, max_events: int, max_bytes: int, ledger: Ledger) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._ledger = ledger
        self._lanes = {category: _Lane(category, ledger.accounts[category]) for category in DROP_ORDER}
        self._length = 0
        self._unmerged = 0  # the key of an event without a coalesce key
        self._seen: dict[str, tuple[float, str]] = {}
        self.merging = True  # False: each event stays one, in the order of arrival
        self.size_bytes = 0
        self.peak = 0

    def __len__(self) -> int:
        return self._length

    def receive(self, event: Event, now_s: float, now_ms: float) -> bool:
        """Queue an event, merge it, or drop it; return False for a duplicate.

        `now_s` is monotonic, `now_ms` the wall clock.
        """
        lane = self._lanes[event.category]
        lane.account.received += 1
        if event.dedupe_key is not None and self._is_duplicate(event.dedupe_key, event, now_s):
            lane.account.duplicate += 1
            self._ledger.record(event.id, "duplicate", self._seen[event.dedupe_key][1])
            return False
        size_bytes = EVENT_BYTES + len(event.payload)
        key: str | int | None = event.coalesce_key
        if key is None or not self.merging:
            self._unmerged += 1
            key = self._unmerged
        slot = lane.slots.get(key)
        if slot is None:
            lane.slots[key] = _Slot(event, now_s, now_ms, size_bytes)
            self.size_bytes += size_bytes
            self._length += 1
            self.peak = max(self.peak, self._length)
        else:
            lane.account.coalesced += 1
            self._ledger.coalesced(slot.event.id, event.id)
            self.size_bytes += size_bytes - slot.size_bytes
            slot.event, slot.queued_s, slot.queued_ms, slot.size_bytes = event, now_s, now_ms, size_bytes
            if lane.last_wins:
                slot.count = event.count
                lane.slots.move_to_end(key)
            else:
                slot.count += event.count
        if self._length > self._max_events or self.size_bytes > self._max_bytes:
            self._drop_excess()
        return True

    def history(self, event_id: str) -> dict[str, Any] | None:
        """Return the history of an event that waits here, None for others."""
        waiting = (slot.event.id for lane in self._lanes.values() for slot in lane.slots.values())
        return {"id": event_id, "outcome": "pending", "detail": None} if event_id in waiting else None

    def take(self, now_s: float, frame: int) -> list[Event]:
        """Return the events for frame number `frame`, by priority and then in the order of arrival."""
        taken: list[Event] = []
        room_bytes = FRAME_BYTES
        for category in (Category.STATE, Category.NORMAL, Category.COSMETIC):
            lane = self._lanes[category]
            while lane.slots and room_bytes > 0 and len(taken) < FRAME_EVENTS:
                slot = self._pop(lane)
                if slot.has_expired(now_s):
                    lane.account.expired += 1
                    self._ledger.record(slot.event.id, "expired")
                    continue
                event = msgspec.structs.replace(slot.event, count=slot.count, ts_queued_ms=slot.queued_ms)
                taken.append(event)
                room_bytes -= slot.size_bytes
                lane.account.sent += 1
                self._ledger.sent(event.id, frame)
        taken.sort(key=_by_priority if self.merging else _by_arrival)
        return taken

    def _pop(self, lane: _Lane) -> _Slot:
        _, slot = lane.slots.popitem(last=False)
        self.size_bytes -= slot.size_bytes
        self._length -= 1
        return slot

    def _is_duplicate(self, key: str, event: Event, now_s: float) -> bool:
        seen = self._seen.get(key)
        if seen is not None and now_s < seen[0]:
            return True
        window_s = _WINDOWS_S.get(event.type)
        if window_s is not None:
            self._seen[key] = (now_s + window_s, event.id)
            if len(self._seen) % PRUNE_KEYS == 0:
                self._seen = {key: seen for key, seen in self._seen.items() if now_s < seen[0]}
        return False

    def _drop_excess(self) -> None:
        for category in DROP_ORDER:
            lane = self._lanes[category]
            while lane.slots and (self._length > self._max_events or self.size_bytes > self._max_bytes):
                lane.account.drop("queue full")
                self._ledger.record(self._pop(lane).event.id, "dropped", "queue full")


def _by_priority(event: Event) -> int:
    return -event.priority


def _by_arrival(event: Event) -> float:
    return event.ts_queued_ms
