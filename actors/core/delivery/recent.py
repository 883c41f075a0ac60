"""The last critical events, in the memory of a gateway.

Most overlays that reconnect were disconnected for seconds. The ring serves them without a read of the log, and a
thousand of them at the same time with the same pages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from actors.core.contract.event import Event

RING_EVENTS: Final = 1_000
RING_BYTES: Final = 4 << 20  # a guess: a thousand large alerts fit, a thousand megabytes do not

# The approximate memory of an event without its payload: the limit is on memory, not on the wire.
EVENT_OVERHEAD_BYTES: Final = 200


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
