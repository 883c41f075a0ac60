"""The state of a source, and the time of its next connection. Times are monotonic seconds, passed in.

CONNECTING ─live▶ LIVE ─no message for silence_s▶ SILENT ─message▶ LIVE
    ▲               │ degraded(why): it works, but not fully (DEGRADED instead of LIVE)
    └──disconnected─┘
any ─waiting(why)▶ WAITING ─live▶ LIVE
any ─refused(why)▶ REFUSED ─a changed secret, or RETRY_REFUSED_S▶ CONNECTING
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import Final

from msgspec import Struct

from actors.core.contract.event import short_identity

# Twitch and Census require backoff; both accept an attempt every 30 s for hours.
BACKOFF_FIRST_S: Final = 1.0
BACKOFF_MAX_S: Final = 30.0
RETRY_REFUSED_S: Final = 300.0
LATE_MS: Final = 10_000.0
FUTURE_MS: Final = 3_000.0
REASON_CHARACTERS: Final = 300


class SourceState(StrEnum):
    CONNECTING = "connecting"
    WAITING = "waiting"  # no fault: no request has come yet, or the program of the source does not run
    LIVE = "live"
    SILENT = "silent"
    DEGRADED = "degraded"
    REFUSED = "refused"


class SourceReport(Struct, frozen=True):
    """A source as `status`, the dashboard and /metrics show it.

    message_age_s  since the last message, None before the first
    detail         why it is degraded, refused or disconnected; at most 300 characters
    redelivers     whether the source repeats what was not acknowledged, or is read from a saved position
    loss           what is lost when its process dies
    silence_s      the longest pause that is not reported as silence; None for any
    received       messages since the start of the process: accepted (critical, on disk), sent (best effort), ignored
                   (no event), rejected (malformed), duplicate. late and future count stamps of the source
    answered       answers to events that the source waits for; late_answers could not be sent in time
    positions      places of players sent to the radar; positions_dropped had no taker
    """

    name: str
    kind: str
    state: SourceState
    redelivers: bool = False
    detail: str = ""
    message_age_s: float | None = None
    received: int = 0
    accepted: int = 0
    sent: int = 0
    ignored: int = 0
    rejected: int = 0
    duplicate: int = 0
    late: int = 0
    future: int = 0
    reconnects: int = 0
    loss: str = ""
    silence_s: float | None = None
    answered: int = 0
    late_answers: int = 0
    positions: int = 0
    positions_dropped: int = 0


class SourceHealth:
    """The state of one source across its connections."""

    def __init__(self, silence_s: float | None, now_s: float, state: SourceState = SourceState.CONNECTING) -> None:
        self.state = state
        self.detail = ""
        self.reconnects = 0
        self._silence_s = silence_s
        self._heard_s = now_s
        self._failures = 0
        self._degraded = ""

    def live(self, now_s: float) -> None:
        """Record a completed handshake."""
        self._heard_s, self._degraded = now_s, ""
        self._work()

    def alive(self, now_s: float) -> None:
        """Record a message or a keepalive."""
        self._heard_s, self._failures = now_s, 0
        if self.state is not SourceState.REFUSED:
            self._work()

    def degraded(self, why: str) -> str:
        """Record that a part of the source does not work; "" means that all parts work again.

        Returns the text before.
        """
        before, self._degraded = self._degraded, why[:REASON_CHARACTERS]
        self._work()
        return before

    def disconnected(self, why: str, now_s: float, jitter: float) -> float:
        """Record the end of a connection; return the seconds to wait before the next one. `jitter` is in 0..1."""
        self._set(SourceState.CONNECTING, why)
        self.reconnects += 1
        self._failures += 1
        self._heard_s = now_s
        longest_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(16, self._failures - 1))
        return longest_s * (0.5 + jitter / 2)

    def waiting(self, why: str) -> None:
        """Record that the program of the source does not run."""
        self._set(SourceState.WAITING, why)
        self._failures = 0

    def denied(self, why: str) -> None:
        """Record a request without the secret of the source; after an accepted one it may be of a stranger."""
        if self.state is SourceState.WAITING:
            self._set(SourceState.WAITING, f"the last request was refused: {why}")

    def refused(self, why: str) -> None:
        """Record that the source does not accept the connection."""
        self._set(SourceState.REFUSED, why)

    def tick(self, now_s: float) -> None:
        """Detect silence."""
        if (
            self.state in (SourceState.LIVE, SourceState.DEGRADED)
            and self._silence_s
            and now_s - self._heard_s > self._silence_s
        ):
            self._set(SourceState.SILENT, f"no message for {self._silence_s:g} s")

    def _work(self) -> None:
        self._set(SourceState.DEGRADED if self._degraded else SourceState.LIVE, self._degraded)

    def _set(self, state: SourceState, detail: str) -> None:
        self.state, self.detail = state, detail[:REASON_CHARACTERS]


class Seen:
    """The identities of the last messages: at most `capacity`, each remembered for `keep_s`."""

    def __init__(self, capacity: int = 16_384, keep_s: float = 900.0) -> None:
        self._capacity, self._keep_s = capacity, keep_s
        self._since_s: OrderedDict[str, float] = OrderedDict()

    def add(self, identity: str, now_s: float) -> bool:
        """Store an identity; return False if it was already stored."""
        identity = short_identity(identity)
        while self._since_s and (
            len(self._since_s) >= self._capacity or next(iter(self._since_s.values())) < now_s - self._keep_s
        ):
            self._since_s.popitem(last=False)
        if identity in self._since_s:
            return False
        self._since_s[identity] = now_s
        return True

    def forget(self, identity: str) -> None:
        """Forget an identity: its message was not stored."""
        self._since_s.pop(short_identity(identity), None)
