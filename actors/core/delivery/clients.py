"""Slow and silent overlays: when one is switched to catch-up, pinged, or closed.

    live ──more waits than client_buffer_bytes, or for SLOW_S──▶ catchup
    any ──nothing was read for lag_close_s──▶ closed with 4008

Catching up is one path for all who are behind, however they came to it: critical events from the ring or the log, page
by page at the pace of the socket, then the state, then live again. Cosmetic events that passed meanwhile are gone, and
counted. Who is slow again soon after rests in catch-up for a while, so that a link too thin for the cosmetic flood
still carries what is critical.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct

from actors.core.delivery.conversation import State


class Verdict(Enum):
    KEEP = 0
    CATCH_UP = 1
    CLOSE = 2
    PING = 3
    GONE = 4


# A socket that is full for a second is 60 frames behind: guess.
SLOW_S: Final = 1.0
# Twitch and Centrifugo ping every 10 to 30 s; a dead peer is gone after both.
PING_S: Final = 10.0
GONE_S: Final = 20.0
REST_MAX_S: Final = 30.0


class Lag(Struct, frozen=True):
    """How an overlay's socket stands. Times are ages in seconds, 0 for "not".

    pending_bytes  what waits for the socket, beside the kernel's buffer
    blocked_s      how long something has been waiting without a break
    stalled_s      how long nothing at all has left
    silent_s       how long nothing has come from it
    pinged         a ping was sent since
    """

    state: State
    pending_bytes: int = 0
    blocked_s: float = 0.0
    stalled_s: float = 0.0
    silent_s: float = 0.0
    pinged: bool = False


def judge(lag: Lag, buffer_bytes: int, lag_close_s: float) -> Verdict:
    """Decide about one overlay; the most severe verdict wins."""
    if lag.blocked_s and lag.stalled_s >= lag_close_s:
        return Verdict.CLOSE
    if not lag.blocked_s and lag.silent_s >= GONE_S:
        return Verdict.GONE
    if lag.state is State.LIVE and (lag.pending_bytes > buffer_bytes or lag.blocked_s >= SLOW_S):
        return Verdict.CATCH_UP
    if not lag.blocked_s and lag.silent_s >= PING_S and not lag.pinged:
        return Verdict.PING
    return Verdict.KEEP


def rest_s(times_slow: int) -> float:
    """Return how long an overlay rests in catch-up the n-th time: not at all at first, then 1, 2, 4 ... 30 s."""
    return 0.0 if times_slow <= 1 else min(REST_MAX_S, 2.0 ** (times_slow - 2))


class Bucket:
    """A token bucket: `rate` per second, `burst` at once."""

    __slots__ = ("_burst", "_left", "_rate", "_then_s")

    def __init__(self, rate: float = 20.0, burst: float = 40.0, now_s: float = 0.0) -> None:
        self._rate, self._burst, self._left, self._then_s = rate, burst, burst, now_s

    def take(self, now_s: float) -> bool:
        """Take one; False when the bucket is empty."""
        self._left = min(self._burst, self._left + (now_s - self._then_s) * self._rate)
        self._then_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
