"""What time it is when something is old enough to be forgotten.

The wall clock jumps: somebody sets it, NTP corrects it, a machine without a clock of its own is years behind until it
has a network. What was jumped over was not lived through, and nothing grew old by it. So between two looks the time
here advances by no more than the monotonic clock; a clock that was set back is believed, because then things are
kept for longer, which loses nothing.
"""

from __future__ import annotations


class Calendar:
    """Begins at `wall_ms`; `now_s` is monotonic."""

    def __init__(self, wall_ms: float, now_s: float) -> None:
        self._began_ms, self._began_s = wall_ms, now_s

    def now_ms(self, wall_ms: float, now_s: float) -> float:
        """Return the wall clock, or what it would show had it not been set forward since the beginning."""
        return min(wall_ms, self._began_ms + (now_s - self._began_s) * 1000)
