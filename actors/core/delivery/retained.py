"""The last value of every retained state, in the queue-manager and in the gateways."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from actors.core.contract.event import Event
from actors.core.contract.samples import SOURCE as TEST
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.delivery.recent import weight

# The retained state, which an overlay receives at its start. It is limited so that a page can read it quickly.
# A match has under 100 keys.
RETAINED_KEYS: Final = 4_096
RETAINED_BYTES: Final = 1 << 20
OVER_KEYS: Final = 256


class Retained:
    """The last value of every retained state, in the order of the changes; `version` grows with every change.

    The order matters where two keys describe one thing (`score` and `score:CT`). A page that applies a snapshot in this
    order shows the same as a page that was connected all the time.

    Keys and bytes are limited, because keys come from outside. The key that has not changed for the longest time is
    evicted first. Of ended values (a streak of 0) only the last OVER_KEYS stay, for overlays that missed the change.

    States of tests are not kept: a test is shown live, and the last real value stays the one that holds.

    A state can be a part of another one: a player is a part of a map. Parts are removed when the whole has ended, or is
    of another run, because a source that was killed could not end them. An overlay removes them by the same rule.
    """

    def __init__(
        self, events: Iterable[Event] = (), max_keys: int = RETAINED_KEYS, max_bytes: int = RETAINED_BYTES
    ) -> None:
        self._last: dict[str, Event] = {}
        self._over: dict[str, None] = {}
        self._parts: dict[str, dict[str, dict[str, None]]] = {}  # keys of parts by the key of their whole and by run
        self.version = 1
        self._max_keys, self._max_bytes = max_keys, max_bytes
        self.size_bytes = 0
        self.evicted = 0
        for event in events:
            if event.source != TEST:  # a previous version kept tests
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
            if not event.position and is_kept(event):
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
        """Store a value and return the keys that were removed for it."""
        key = _key(event)
        self.version += 1
        if key in self._last:
            self._drop(key)
        if self._is_late_part(event):
            return [key]
        self._last[key] = event
        self.size_bytes += _retained_bytes(key, event)
        if (place := _place(event)) is not None:
            self._parts.setdefault(place.whole, {}).setdefault(place.run, {})[key] = None
        evicted = self._end_parts(event)
        if event.type in _ENDS and _is_over(event):
            self._over[key] = None
            if len(self._over) > OVER_KEYS:
                evicted.append(self._drop(next(iter(self._over))))
        while len(self._last) > 1 and (len(self._last) > self._max_keys or self.size_bytes > self._max_bytes):
            oldest = next(iter(self._over), None) or next(iter(self._last))
            self.evicted += oldest not in self._over
            evicted.append(self._drop(oldest))
        return evicted

    def _is_late_part(self, event: Event) -> bool:
        """Whether a part is of an earlier run than its whole: a frame is sorted by priority, not by time."""
        place = _place(event)
        whole = None if place is None else self._last.get(place.whole)
        if place is None or whole is None or _is_over(whole):
            return False
        return whole.ts_queued_ms > event.ts_queued_ms and _run_of(whole) != place.run

    def _end_parts(self, whole: Event) -> list[str]:
        """Remove and return the parts of a whole that has ended, or those of its other runs."""
        runs = self._parts.get(_key(whole), {}) if whole.type in _RUNS else {}
        kept = None if not runs or _is_over(whole) else _run_of(whole)
        return [self._drop(key) for run in list(runs) if run != kept for key in list(runs[run])]

    def _drop(self, key: str) -> str:
        event = self._last.pop(key)
        self.size_bytes -= _retained_bytes(key, event)
        self._over.pop(key, None)
        if (place := _place(event)) is not None:
            runs = self._parts[place.whole]
            del runs[place.run][key]
            if not runs[place.run]:
                del runs[place.run]
            if not runs:
                del self._parts[place.whole]
        return key


RETAINED_TYPES: Final = frozenset(name for name, row in TAXONOMY.items() if row.retain == "last")


def is_kept(event: Event) -> bool:
    """Return whether the last value of a state is kept."""
    return event.type in RETAINED_TYPES and event.source != TEST


class _End(NamedTuple):
    """The value of a field that means that the subject of a state has ended, and a decoder of that field alone."""

    field: str
    value: Any
    decode: Callable[[msgspec.Raw], Any]


class _Place(NamedTuple):
    """The key of the whole that a state is a part of, and its run."""

    whole: str
    run: str


def _decode(*fields: str) -> Callable[[msgspec.Raw], Any]:
    """Return a decoder of some fields alone, None for those that a payload does not have."""
    # Not the type of the payload: a log of an earlier version may contain payloads of an earlier form.
    return msgspec.msgpack.Decoder(msgspec.defstruct("Fields", [(field, Any, None) for field in fields])).decode


_ENDS: Final = {name: _End(*row.over, _decode(row.over[0])) for name, row in TAXONOMY.items() if row.over}
_PARTS: Final = {name: (row.part_of, _decode("run", row.part_of[1])) for name, row in TAXONOMY.items() if row.part_of}
_RUNS: Final = {whole: _decode("run") for (whole, _), _ in _PARTS.values()}


def _retained_bytes(key: str, event: Event) -> int:
    return weight(event) + 2 * len(key)  # the key is in the event and in the table


def _is_over(event: Event) -> bool:
    """Return whether a value of a type in _ENDS means that its subject has ended."""
    field, value, decode = _ENDS[event.type]
    return bool(getattr(decode(event.payload), field) == value)


def _place(event: Event) -> _Place | None:
    """Return what a state is a part of, None if it is no part."""
    if event.type not in _PARTS:
        return None
    (whole, field), decode = _PARTS[event.type]
    found = decode(event.payload)
    return _Place(f"{whole}:{getattr(found, field)}", str(found.run or ""))


def _run_of(whole: Event) -> str:
    return str(_RUNS[whole.type](whole.payload).run or "")


def _queued_ms(event: Event) -> float:
    return event.ts_queued_ms


def _key(event: Event) -> str:
    return event.coalesce_key or event.type
