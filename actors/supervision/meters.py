"""What a process uses, as the system counts it. The only home of psutil; imported where it is used, because it is 4 MB
that a command need not carry.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psutil

LEFTOVER_S: Final = 3.0  # an orphan leaves by itself after at most 2 s (heartbeat.ORPHAN_GRACE_S)
SAME_START_S: Final = 2.0  # psutil reckons with the time of the boot in whole seconds, looked up anew each time

READINGS: Final = ("cpu_pct", "rss_bytes", "uss_bytes", "open_files", "threads", "ctx_switches")


class Meter:
    """One process; one psutil handle per incarnation, because percentages are differences."""

    def __init__(self, pid: int) -> None:
        self.readings: dict[str, float | None] = dict.fromkeys(READINGS)
        self.created_s = 0.0
        try:
            self._handle: psutil.Process | None = psutil.Process(pid)
            self.created_s = created_s(pid)
            self._handle.cpu_percent(None)  # the first call only starts the measurement
        except (psutil.Error, OSError):  # gone already, or no file descriptor is left: its numbers are not known
            self._handle = None

    def sample(self) -> None:
        """Measure CPU, since the last call, and resident memory: what budgets are held against."""
        if self._handle is None:
            return
        with self._measuring(), self._handle.oneshot():
            self.readings["cpu_pct"] = self._handle.cpu_percent(None)
            self.readings["rss_bytes"] = self._handle.memory_info().rss

    def sample_dear(self) -> None:
        """Measure the rest, which costs many times as much: for people, who look now and then.

        Unique memory is what nobody shares, and what ending the process would free.
        """
        handle = self._handle
        if handle is None:
            return
        with self._measuring():
            switches = handle.num_ctx_switches()
            self.readings |= {
                "uss_bytes": handle.memory_full_info().uss,
                "open_files": handle.num_fds(),
                "threads": handle.num_threads(),
                "ctx_switches": switches.voluntary + switches.involuntary,
            }

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """What cannot be measured is not known; a process that is gone is not asked again."""
        try:
            yield
        except psutil.Error:
            self._handle, self.readings = None, dict.fromkeys(READINGS)
        except OSError:  # no file descriptor, no memory; the next time there may be
            self.readings = dict.fromkeys(READINGS)


def created_s(pid: int) -> float:
    """Return when a process was started, on a clock that nobody sets.

    Linux counts it from the boot, to which psutil adds when that was, by a wall clock that may have been set since.
    Elsewhere it is noted once by the wall clock, and stays.
    """
    boot_s = psutil.boot_time() if sys.platform == "linux" else 0.0
    return psutil.Process(pid).create_time() - boot_s


def end_leftovers(rows: list[tuple[str, int, float]]) -> list[tuple[str, int]]:
    """SIGKILL the processes of these (name, pid, create time), and wait for their end.

    Whoever has such a pid and another create time is a stranger. Returns who was killed.
    """
    killed, victims = [], []
    for name, pid, was_created_s in rows:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(created_s(pid) - was_created_s) < SAME_START_S:
                process.kill()
                victims.append(process)
                killed.append((name, pid))
    deadline_s = time.monotonic() + LEFTOVER_S
    while any(_runs(victim) for victim in victims) and time.monotonic() < deadline_s:
        time.sleep(0.002)
    return killed


def _runs(process: Any) -> bool:
    """Tell whether it still holds anything; what is dead and not reaped (in a container, by nobody ever) does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
