"""Gsi timer: the countdown of a post → the timer of the score.

Only observers get a countdown (`phase_countdowns`). Every post has the seconds that are left, so the end is computed
from each; it stays as it was reported until it moves by MOVED_MS, because posts take some time to arrive.
"""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct

from actors.core.contract.types.match import Timer

MOVED_MS: Final = 1_000
MOST_S: Final = 86_400.0

# The phases that have a timer on the screen. While the bomb is defused, its own time counts.
_SHOWN: Final = {
    "warmup": "warmup",
    "freezetime": "freeze",
    "live": "live",
    "bomb": "bomb",
    "timeout_ct": "timeout",
    "timeout_t": "timeout",
    "paused": "paused",
}


class GsiCountdown(Struct, frozen=True):
    """`phase_ends_in` is in seconds."""

    phase: str = ""
    phase_ends_in: float = 0.0


class GsiTimer(Struct, frozen=True, array_like=True):
    """The timer after the last post with a countdown; `phase` is the game's own word. `total_ms` is 0 if unknown."""

    phase: str
    ends_ms: float = 0.0
    remaining_ms: int = 0
    total_ms: int = 0


def follow(before: GsiTimer | None, countdown: GsiCountdown | None, now_ms: float) -> GsiTimer | None:
    """Return the timer after a post that arrived at `now_ms`; None if it has no countdown."""
    if countdown is None or not 0.0 <= countdown.phase_ends_in <= MOST_S:
        return None
    phase, left_s = countdown.phase[:64], countdown.phase_ends_in
    if phase == "defuse" and before is not None and before.phase == "bomb":
        return before
    whole_ms = math.ceil(left_s) * 1_000
    total_ms = 0
    if before is not None:
        # The whole time is what was left at the first post of a phase whose begin was seen.
        total_ms = before.total_ms if before.phase == phase else whole_ms
    if phase == "paused":
        after = GsiTimer(phase, 0.0, round(left_s * 1_000), total_ms)
    else:
        after = GsiTimer(phase, now_ms + left_s * 1_000, 0, max(total_ms, whole_ms) if total_ms else 0)
    return before if before is not None and _same(before, after) else after


def _same(before: GsiTimer, after: GsiTimer) -> bool:
    moved_ms = max(abs(after.ends_ms - before.ends_ms), abs(after.remaining_ms - before.remaining_ms))
    return before.phase == after.phase and moved_ms < MOVED_MS


def shown(timer: GsiTimer | None) -> Timer | None:
    """Return the timer of the score, None if there is none to show."""
    if timer is None or timer.phase not in _SHOWN:
        return None
    return Timer(_SHOWN[timer.phase], timer.ends_ms, timer.remaining_ms, timer.total_ms)
