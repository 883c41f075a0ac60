"""The policy for slow and unresponsive overlays: catch-up, ping, close.

    live ──more than client_buffer_bytes wait, or any for SLOW_S──▶ catchup
    any ──no progress for lag_close_s──▶ closed with 4008

All overlays that are behind use the same catch-up: critical events from the ring or the log, page by page at the speed
of the socket, then the state, then live again. Best-effort events of the meantime are skipped and counted. An overlay
that is slow again soon stays in catch-up for a while, so that a link too slow for the cosmetic events still carries the
critical ones.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct

from actors.core.delivery.conversation import OverlayState


class Verdict(Enum):
    KEEP = 0
    CATCH_UP = 1
    CLOSE = 2
    PING = 3
    GONE = 4


# A socket that is full for a second is 60 frames behind: a guess.
SLOW_S: Final = 1.0
# Twitch and Centrifugo ping every 10 to 30 s; a dead peer is closed after GONE_S.
PING_S: Final = 10.0
GONE_S: Final = 20.0
REST_MAX_S: Final = 30.0


class Lag(Struct, frozen=True):
    """The state of an overlay's socket. Times are durations in seconds, 0 for "not".

    pending_bytes  waiting data, without the kernel's buffer
    blocked_s      how long data has been waiting without interruption
    stalled_s      how long no data was sent
    silent_s       how long no message was received
    pinged         whether a ping was sent since the last message
    """

    state: OverlayState
    pending_bytes: int = 0
    blocked_s: float = 0.0
    stalled_s: float = 0.0
    silent_s: float = 0.0
    pinged: bool = False


def judge(lag: Lag, buffer_bytes: int, lag_close_s: float) -> Verdict:
    """Return the verdict for one overlay; the most severe one wins."""
    if lag.blocked_s and lag.stalled_s >= lag_close_s:
        return Verdict.CLOSE
    if not lag.blocked_s and lag.silent_s >= GONE_S:
        return Verdict.GONE
    if lag.state is OverlayState.LIVE and (lag.pending_bytes > buffer_bytes or lag.blocked_s >= SLOW_S):
        return Verdict.CATCH_UP
    if not lag.blocked_s and lag.silent_s >= PING_S and not lag.pinged:
        return Verdict.PING
    return Verdict.KEEP


def rest_s(times_slow: int) -> float:
    """Return how long an overlay stays in catch-up the n-th time: 0 the first time, then 1, 2, 4 ... 30 s."""
    return 0.0 if times_slow <= 1 else min(REST_MAX_S, 2.0 ** (times_slow - 2))


class Bucket:
    """A token bucket: `rate` per second, `burst` at once."""

    __slots__ = ("_burst", "_left", "_rate", "_then_s")

    def __init__(self, rate: float = 20.0, burst: float = 40.0, now_s: float = 0.0) -> None:
        self._rate, self._burst, self._left, self._then_s = rate, burst, burst, now_s

    def take(self, now_s: float) -> bool:
        """Take one token; return False when the bucket is empty."""
        self._left = min(self._burst, self._left + (now_s - self._then_s) * self._rate)
        self._then_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
