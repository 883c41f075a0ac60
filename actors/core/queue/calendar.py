"""What time it is when something is old enough to be forgotten.

The wall clock jumps: somebody sets it, NTP corrects it, a machine without a clock of its own is years behind until it
has a network. What was jumped over was not lived through, and nothing grew old by it. So a jump ahead is taken off
until as much has been lived through as anything is kept for; from then on nothing is left that it would make older
than it is. A clock that was set back is believed, because then things are kept for longer, which loses nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

STEP_MS: Final = 500.0  # NTP moves a clock by less without a step, and two clocks are not read in the same moment


class Calendar:
    """`wall_ms` is the wall clock, `now_s` one that nobody sets (host.lived_s).

    `ahead_ms` is what the wall clock is ahead of what was lived through.
    """

    def __init__(self, wall_ms: float, now_s: float, keep_s: float, ahead_ms: float = 0.0) -> None:
        self._keep_s = keep_s
        self._wall_ms, self._now_s = wall_ms, now_s
        self._believed_from_s = now_s + keep_s
        self.ahead_ms = max(0.0, ahead_ms)

    @classmethod
    def recovered(cls, saved: bytes, wall_ms: float, now_s: float, keep_s: float) -> Calendar:
        """Return the calendar that `save` has saved (b"": none), having seen what both clocks did since.

        After a boot `now_s` has begun anew: then nothing tells a jump from a night that the machine was off.
        """
        if not saved:
            return cls(wall_ms, now_s, keep_s)
        was_wall_ms, was_s, ahead_ms, believed_from_s = msgspec.msgpack.decode(saved, type=tuple[float, ...])
        booted = now_s < was_s
        calendar = cls(wall_ms if booted else was_wall_ms, now_s if booted else was_s, keep_s, ahead_ms)
        calendar._believed_from_s = believed_from_s + (now_s - was_s if booted else 0.0)
        calendar.now_ms(wall_ms, now_s)
        return calendar

    def save(self) -> bytes:
        """Return what `recovered` needs."""
        return msgspec.msgpack.encode((self._wall_ms, self._now_s, self.ahead_ms, self._believed_from_s))

    def now_ms(self, wall_ms: float, now_s: float) -> float:
        """Return the wall clock without what it has jumped over of late."""
        step_ms = wall_ms - self._wall_ms - (now_s - self._now_s) * 1000
        self._wall_ms, self._now_s = wall_ms, now_s
        if abs(step_ms) > STEP_MS:
            self.ahead_ms = max(0.0, self.ahead_ms + step_ms)
            self._believed_from_s = now_s + self._keep_s
        elif now_s >= self._believed_from_s:
            self.ahead_ms = 0.0
        return wall_ms - self.ahead_ms
