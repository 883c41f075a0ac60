"""The memory of a gateway: the last critical events, and the last value of every retained state.

Most overlays that reconnect were disconnected for seconds. The ring serves them without a read of the log, and a
thousand of them at the same time with the same pages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from actors.core.contract.event import Event
from actors.core.contract.taxonomy import TAXONOMY

RING_EVENTS: Final = 1_000
RING_BYTES: Final = 4 << 20  # a guess: a thousand large alerts fit, a thousand megabytes do not

# The approximate memory of an event without its payload: the limit is on memory, not on the wire.
EVENT_OVERHEAD_BYTES: Final = 200

# The retained state, which an overlay receives at its start. It is limited so that a page can read it quickly.
# A match has under 100 keys.
RETAINED_KEYS: Final = 4_096
RETAINED_BYTES: Final = 1 << 20
OVER_KEYS: Final = 256


def weight(event: Event) -> int:
    """Return the approximate size of an event in bytes."""
    return EVENT_OVERHEAD_BYTES + len(event.payload)


class Ring:
    """The last critical events, contiguous, limited in events and bytes."""

    def __init__(self, max_events: int = RING_EVENTS, max_bytes: int = RING_BYTES) -> None:
        self._events: deque[Event] = deque()
        self._max_events, self._max_bytes = max_events, max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, events: Iterable[Event]) -> None:
        """Append critical events; after a gap the ring starts again with the new event."""
        for event in events:
            if self._events and event.position != self._events[-1].position + 1:
                self.clear()
            self._events.append(event)
            self._bytes += weight(event)
            while len(self._events) > self._max_events or (self._bytes > self._max_bytes and len(self._events) > 1):
                self._bytes -= weight(self._events.popleft())

    def clear(self) -> None:
        self._events.clear()
        self._bytes = 0

    def covers(self, position: int) -> bool:
        """Whether the ring has the event after `position` and all later ones."""
        return bool(self._events) and self._events[0].position <= position + 1 <= self._events[-1].position

    def page(self, position: int, max_events: int, max_bytes: int) -> list[Event]:
        """Return events after `position` in order, within the limits, but at least one if there is one."""
        if not self.covers(position):
            return []
        begin = position + 1 - self._events[0].position
        return cut(list(islice(self._events, begin, begin + max_events)), max_bytes)


def cut(events: list[Event], max_bytes: int) -> list[Event]:
    """Return the longest prefix of at most `max_bytes`, and at least one event."""
    total = 0
    for count, event in enumerate(events):
        total += weight(event)
        if count and total > max_bytes:
            return events[:count]
    return events


def pages_of(events: list[Event], max_bytes: int) -> Iterator[list[Event]]:
    """Yield all events in order, in pages of at most `max_bytes` or of one event."""
    while events:
        page = cut(events, max_bytes)
        yield page
        events = events[len(page) :]


class Retained:
    """The last value of every retained state, in the order of the changes; `version` grows with every change.

    The order matters where two keys describe one thing (`score` and `score:CT`). A page that applies a snapshot in this
    order shows the same as a page that was connected all the time.

    Keys and bytes are limited, because keys come from outside. The key that has not changed for the longest time is
    evicted first. Of ended values (a streak of 0) only the last OVER_KEYS stay, for overlays that missed the change.
    """

    def __init__(
        self, events: Iterable[Event] = (), max_keys: int = RETAINED_KEYS, max_bytes: int = RETAINED_BYTES
    ) -> None:
        self._last: dict[str, Event] = {}
        self._over: dict[str, None] = {}
        self.version = 1
        self._max_keys, self._max_bytes = max_keys, max_bytes
        self.size_bytes = 0
        self.evicted = 0
        for event in events:
            self.put(event)

    def __len__(self) -> int:
        return len(self._last)

    @property
    def full(self) -> bool:
        """Whether keys were evicted, and the next new key would evict another one."""
        return self.evicted > 0 and (len(self) >= self._max_keys or self.size_bytes > self._max_bytes * 0.9)

    def see(self, events: Iterable[Event]) -> None:
        """Store the retained states among `events`."""
        for event in events:
            if not event.position and event.type in RETAINED_TYPES:
                self.put(event)

    def events(self) -> list[Event]:
        return list(self._last.values())

    def outdated(self, event: Event) -> bool:
        """Whether a later value of the same state is known."""
        known = None if event.position else self._last.get(_key(event))
        return known is not None and known.ts_queued_ms > event.ts_queued_ms

    def newer(self, events: Iterable[Event]) -> list[Event]:
        """Store and return those of `events` that are newer than the stored values.

        Values of the same types that changed later are returned again, so that the order is that of the changes.
        """
        fresh = {
            _key(event): event
            for event in events
            if (known := self._last.get(_key(event))) is None or event.ts_queued_ms > known.ts_queued_ms
        }
        if not fresh:
            return []
        types = {event.type for event in fresh.values()}
        first_ms = min(event.ts_queued_ms for event in fresh.values())
        later = [event for event in self._last.values() if event.type in types and event.ts_queued_ms > first_ms]
        changed = [*fresh.values(), *(event for event in later if _key(event) not in fresh)]
        changed.sort(key=_queued_ms)
        for event in changed:
            self.put(event)
        return changed

    def put(self, event: Event) -> list[str]:
        """Store a value and return the keys that were evicted for it."""
        key = _key(event)
        if (before := self._last.pop(key, None)) is not None:
            self.size_bytes -= _retained_bytes(key, before)
            self._over.pop(key, None)
        self._last[key] = event
        self.size_bytes += _retained_bytes(key, event)
        self.version += 1
        evicted: list[str] = []
        if event.type in _ENDS and _is_over(event):
            self._over[key] = None
            if len(self._over) > OVER_KEYS:
                evicted.append(self._drop(next(iter(self._over))))
        while len(self._last) > 1 and (len(self._last) > self._max_keys or self.size_bytes > self._max_bytes):
            oldest = next(iter(self._over), None) or next(iter(self._last))
            self.evicted += oldest not in self._over
            evicted.append(self._drop(oldest))
        return evicted

    def _drop(self, key: str) -> str:
        self.size_bytes -= _retained_bytes(key, self._last.pop(key))
        self._over.pop(key, None)
        return key


RETAINED_TYPES: Final = frozenset(name for name, row in TAXONOMY.items() if row.retain == "last")


class _End(NamedTuple):
    """The value of a field that means that the subject of a state has ended, and a decoder of that field alone."""

    field: str
    value: Any
    decode: Callable[[msgspec.Raw], Any]


def _end(field: str, value: Any) -> _End:
    # Not the type of the payload: a log of an earlier version may contain payloads of an earlier form.
    return _End(field, value, msgspec.msgpack.Decoder(msgspec.defstruct("End", [(field, Any, None)])).decode)


_ENDS: Final = {name: _end(*row.over) for name, row in TAXONOMY.items() if row.over}


def _retained_bytes(key: str, event: Event) -> int:
    return weight(event) + 2 * len(key)  # the key is in the event and in the table


def _is_over(event: Event) -> bool:
    """Return whether a value of a type in _ENDS means that its subject has ended."""
    field, value, decode = _ENDS[event.type]
    return bool(getattr(decode(event.payload), field) == value)


def _queued_ms(event: Event) -> float:
    return event.ts_queued_ms


def _key(event: Event) -> str:
    return event.coalesce_key or event.type
