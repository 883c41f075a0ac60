"""Holds events of the Census stream for a short time, for the experience of a kill and for names. Pure.

Events leave in the order in which they came, each at most MAX_WAIT_S after it came. Times are monotonic seconds, passed
in.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import Final

from msgspec import Struct

from actors.adapters import planetside2_facts as facts
from actors.producers.planetside2_frames import Payload

MAX_WAIT_S: Final = 0.8
JOIN_S: Final = 0.3  # a death and its experience arrive within this time
LOOSE_S: Final = 5.0  # how long experience waits for a late death
STAMPS_APART_S: Final = 2
# More captures on one continent in one second are made by the game, when it locks the continent.
MAX_BASES: Final = 3
MAX_HELD: Final = 2_048
MAX_PLACES: Final = 1_024

Place = tuple[str, str, str]

_JOINED: Final = facts.MEDALS.keys() | {facts.ROADKILL}
_OWN_BASE: Final = ("PlayerFacilityCapture", "PlayerFacilityDefend")


class Held(Struct):
    """A waiting event. `wants` are the ids whose names it needs, as `COLLECTION/ID`."""

    identity: str
    payload: Payload
    came_s: float
    wants: tuple[str, ...] = ()
    extras: list[str] = []


class Hold:
    """The waiting events."""

    def __init__(self) -> None:
        self._ignored = 0
        self._queue: deque[Held] = deque()
        self._loose: deque[Held] = deque()
        self._bases: Counter[Place] = Counter()
        self._own_bases: set[Place] = set()

    def add(self, held: Held) -> None:
        """Add an event."""
        self._note_base(held.payload)
        if held.payload.get("experience_id") in _JOINED:
            if not any(_join(death, held) for death in self._queue):
                self._loose.append(held)
            return
        for experience in [loose for loose in self._loose if _join(held, loose)]:
            self._loose.remove(experience)
        self._queue.append(held)

    def due(self, now_s: float, lacks: Callable[[Collection[str]], bool]) -> list[Held]:
        """Return the events that need not wait longer; `lacks` returns whether names are still being looked up."""
        while self._loose and (now_s - self._loose[0].came_s >= LOOSE_S or len(self._loose) > MAX_HELD):
            self._queue.appendleft(self._loose.popleft())
        ready: list[Held] = []
        while self._queue and (len(self._queue) > MAX_HELD or _is_ready(self._queue[0], now_s, lacks)):
            held = self._queue.popleft()
            if self._is_told(held.payload):
                self._ignored += 1
            else:
                ready.append(held)
        return ready

    def take_ignored(self) -> int:
        """Return the number of events left out since the last call, because other events contain them."""
        count, self._ignored = self._ignored, 0
        return count

    def empty(self) -> bool:
        return not (self._queue or self._loose)

    def flush(self) -> list[Held]:
        """Return all waiting events."""
        rest = [*self._queue, *self._loose]
        self._queue.clear()
        self._loose.clear()
        return rest

    def _note_base(self, payload: Payload) -> None:
        event = payload.get("event_name")
        if event not in ("FacilityControl", *_OWN_BASE):
            return
        if len(self._bases) + len(self._own_bases) > MAX_PLACES:
            self._bases.clear()
            self._own_bases.clear()
        if event == "FacilityControl":
            self._bases[_place(payload, "zone_id")] += 1
        else:
            self._own_bases.add(_place(payload, "facility_id"))

    def _is_told(self, payload: Payload) -> bool:
        """Whether a capture is also an own one, or one of many that the game makes."""
        return payload.get("event_name") == "FacilityControl" and (
            self._bases[_place(payload, "zone_id")] > MAX_BASES or _place(payload, "facility_id") in self._own_bases
        )


def _place(payload: Payload, where: str) -> Place:
    return payload.get("world_id", ""), payload.get("timestamp", ""), payload.get(where, "")


def _is_ready(held: Held, now_s: float, lacks: Callable[[Collection[str]], bool]) -> bool:
    waited_s = now_s - held.came_s
    if waited_s >= MAX_WAIT_S:
        return True
    event = held.payload.get("event_name")
    return (waited_s >= JOIN_S or event not in ("Death", "FacilityControl")) and not lacks(held.wants)


def _join(death: Held, experience: Held) -> bool:
    """Add an experience to its death; return False if it belongs to another."""
    of, gained = death.payload, experience.payload
    if of.get("event_name") != "Death" or experience.payload.get("event_name") != "GainExperience":
        return False
    same = of.get("attacker_character_id") == gained.get("character_id") and of.get("character_id") == gained.get(
        "other_id"
    )
    if not same or abs(_stamp_s(of) - _stamp_s(gained)) > STAMPS_APART_S:
        return False
    death.extras.append(gained["experience_id"])
    return True


def _stamp_s(payload: Payload) -> int:
    stamp = payload.get("timestamp", "")
    return int(stamp[:18]) if stamp.isascii() and stamp.isdigit() else 0
