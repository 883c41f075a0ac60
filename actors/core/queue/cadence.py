"""Decides when a frame is sent.

no event waits                   no frame
events wait, after a pause       at once (the leading edge), then at most `flush_hz` frames per second
under load                       at most `busy_hz`, until the load has been low for CALM_AFTER_FRAMES (hysteresis)
critical events are committed    at once, unless a frame was sent less than `critical_gap_ms` ago; the next tick counts
                                 from that frame
not `paced`                      all events at once
"""

from __future__ import annotations

from typing import Final

BUSY_AFTER_FRAMES: Final = 5
CALM_AFTER_FRAMES: Final = 30


class Cadence:
    """Decides when the next frame is due. Times are monotonic seconds."""

    def __init__(self, flush_hz: float, busy_hz: float, busy_events: int, critical_gap_ms: float) -> None:
        self._calm_s = 1 / flush_hz
        self._busy_s = 1 / busy_hz
        self._busy_events = busy_events
        self._gap_s = critical_gap_ms / 1000
        self._last_s = float("-inf")
        self._loaded = 0
        self._unloaded = 0
        self.busy = False
        self.paced = True

    def due_s(self, waiting: bool, critical: bool) -> float | None:
        """Return when the next frame is due, given the kinds of waiting events; None when no event waits."""
        if not (critical or waiting):
            return None
        if not self.paced:
            return self._last_s
        if critical:
            return self._last_s + self._gap_s
        return self._last_s + (self._busy_s if self.busy else self._calm_s)

    def sent(self, now_s: float, events: int) -> None:
        """Record that a frame with this number of events was sent."""
        self._last_s = now_s
        if events > self._busy_events:
            self._loaded += 1
            self._unloaded = 0
        elif events <= self._busy_events // 2:
            self._unloaded += 1
            self._loaded = 0
        else:
            self._loaded = self._unloaded = 0
        if self._loaded >= BUSY_AFTER_FRAMES:
            self.busy = True
        elif self._unloaded >= CALM_AFTER_FRAMES:
            self.busy = False
