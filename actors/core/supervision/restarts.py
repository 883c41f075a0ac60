"""The restart policy for processes that died.

Kubernetes waits 10 s before the second restart, and OTP stops restarting after a number of deaths. A stream can afford
neither. The first restart is immediate, the next ones wait 0.2 s, doubling to 5 s, without a limit on their number. A
process that dies repeatedly is marked as degraded, which raises an alert. A healthy second forgives one death, and
sixty healthy seconds forgive all, so that old deaths do not delay the restart of a process that has worked since.

Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

DEGRADED_RESTARTS: Final = 10  # more than these within the window raise an alert
DEGRADED_WINDOW_S: Final = 60.0

ASKED: Final = 0  # the exit codes of all processes
BAD_CONFIG: Final = 2
REFUSED: Final = 3
FORGIVEN: Final = 60  # the number of deaths that `healthy_s` forgives, in equal parts


class Policy(NamedTuple):
    """first_s is the wait before the second restart, doubled up to max_s; healthy_s without a failure resets it."""

    first_s: float = 0.2
    max_s: float = 5.0
    healthy_s: float = 60.0


class Restarts:
    """The deaths of one process, and the resulting backoff."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._in_a_row = 0
        self._deaths: deque[float] = deque(maxlen=DEGRADED_RESTARTS + 1)

    def died(self, now_s: float, healthy_for_s: float) -> float:
        """Return how many seconds to wait before the restart.

        Args:
            healthy_for_s: how long it had been ready; 0 when it never was.
        """
        if healthy_for_s >= self.policy.healthy_s:
            self._in_a_row = 0
        forgiven = int(healthy_for_s * FORGIVEN / self.policy.healthy_s)
        self._in_a_row = max(0, min(self._in_a_row, FORGIVEN) - forgiven) + 1
        self._deaths.append(now_s)
        if self._in_a_row == 1:
            return 0.0
        doublings = min(self._in_a_row - 2, 30)  # 2**30 is far beyond any max_s; unbounded it would overflow
        return min(self.policy.first_s * 2.0**doublings, self.policy.max_s)

    def degraded(self, now_s: float) -> bool:
        """Return whether it died more than ten times within the last minute."""
        return len(self._deaths) > DEGRADED_RESTARTS and now_s - self._deaths[0] <= DEGRADED_WINDOW_S


def should_restart(exit_code: int, ran_s: float, policy: Policy, was_ready: bool) -> bool:
    """Return whether the guardian restarts the supervisor.

    After a requested stop: never. After a kill by a signal (a negative code): always. A supervisor that was ready once
    is always restarted, because the cause of its exit, for example a damaged file, may be repaired. Before it was
    ready, a wrong configuration or a refusal is reported to the caller instead, and another failure is retried only
    after a healthy run.
    """
    if exit_code == ASKED:
        return False
    if exit_code < 0 or was_ready:
        return True
    return exit_code not in (BAD_CONFIG, REFUSED) and ran_s >= policy.healthy_s
