"""Wrong tokens that one process received: their number in the last minute, and which of them are logged."""

from __future__ import annotations

from collections import deque
from typing import Final

from actors.core.delivery.clients import Bucket

KEEP_S: Final = 60.0
STEP_S: Final = 1.0


class AuthFailures:
    """Counts wrong tokens. Times are monotonic seconds, passed in."""

    def __init__(self, now_s: float) -> None:
        self.total = 0
        self._lines = Bucket(rate=0.1, burst=3.0, now_s=now_s)
        self._history: deque[tuple[float, int]] = deque([(now_s, 0)])  # the total at the end of each second

    def add(self, now_s: float) -> bool:
        """Count one; return whether to log it: a flood of them must not fill the log."""
        self.total += 1
        return self._lines.take(now_s)

    def last_minute(self, now_s: float) -> int:
        """Return how many came in the last minute."""
        if now_s - self._history[-1][0] >= STEP_S:
            self._history.append((now_s, self.total))
        while len(self._history) > 1 and self._history[1][0] <= now_s - KEEP_S:
            self._history.popleft()
        return self.total - self._history[0][1]
