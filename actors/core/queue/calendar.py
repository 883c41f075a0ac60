"""The clock for retention: the wall clock without its jumps.

The wall clock jumps when a user sets it, when NTP corrects it, or when a machine without a hardware clock gets its
first network time. Stored data does not age by such a jump. So a jump ahead is subtracted for as long as the longest
retention; after that no data from before the jump is left. A clock that was set back is used as it is: data is then
kept longer, and nothing is lost.
"""

from __future__ import annotations

from typing import Final

import msgspec

STEP_MS: Final = 500.0  # above the slewing of NTP, and above the time between two reads of clocks


class Calendar:
    """`wall_ms` is the wall clock, `now_s` a clock that cannot be set (host.boottime_s).

    `ahead_ms` is the sum of jumps that the wall clock is ahead of the elapsed time.
    """

    def __init__(self, wall_ms: float, now_s: float, keep_s: float, ahead_ms: float = 0.0) -> None:
        self._keep_s = keep_s
        self._wall_ms, self._now_s = wall_ms, now_s
        self._trusted_from_s = now_s + keep_s
        self.ahead_ms = max(0.0, ahead_ms)

    @classmethod
    def recovered(cls, saved: bytes, wall_ms: float, now_s: float, keep_s: float) -> Calendar:
        """Return the calendar from `save` (b"": none), updated by what both clocks have counted since.

        After a boot `now_s` starts again. A jump then cannot be distinguished from a time in which the machine was off.
        """
        if not saved:
            return cls(wall_ms, now_s, keep_s)
        was_wall_ms, was_s, ahead_ms, trusted_from_s = msgspec.msgpack.decode(saved, type=tuple[float, ...])
        booted = now_s < was_s
        calendar = cls(wall_ms if booted else was_wall_ms, now_s if booted else was_s, keep_s, ahead_ms)
        calendar._trusted_from_s = trusted_from_s + (now_s - was_s if booted else 0.0)
        calendar.now_ms(wall_ms, now_s)
        return calendar

    def save(self) -> bytes:
        """Return the state for `recovered`."""
        return msgspec.msgpack.encode((self._wall_ms, self._now_s, self.ahead_ms, self._trusted_from_s))

    def now_ms(self, wall_ms: float, now_s: float) -> float:
        """Return the wall clock without its recent jumps ahead."""
        step_ms = wall_ms - self._wall_ms - (now_s - self._now_s) * 1000
        self._wall_ms, self._now_s = wall_ms, now_s
        if abs(step_ms) > STEP_MS:
            self.ahead_ms = max(0.0, self.ahead_ms + step_ms)
            self._trusted_from_s = now_s + self._keep_s
        elif now_s >= self._trusted_from_s:
            self.ahead_ms = 0.0
        return wall_ms - self.ahead_ms

    def future_ms(self) -> float:
        """Return from which time on a stamp is one of a clock that was ahead, and older than the retention.

        It is infinite until the clock has not jumped for that long.
        """
        steady = self._now_s >= self._trusted_from_s
        return self._wall_ms + self._keep_s * 1000 if steady else float("inf")
