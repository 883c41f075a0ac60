"""The resource use of processes, as the system counts it. Only this module imports psutil. It is imported where it is
used, because psutil takes 4 MB that most commands do not need.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil

LEFTOVER_S: Final = 3.0  # an orphan exits by itself after at most 2 s (heartbeat.ORPHAN_GRACE_S)
SAME_START_S: Final = 2.0  # psutil reads the boot time at each call, in whole seconds

# What `memory_bytes` is. Proportional memory (PSS) counts a page that n processes share as 1/n in each, so the sum over
# all processes is what they use together. Resident memory (RSS) counts it as a whole in each.
MEMORY_KIND: Final = "proportional" if sys.platform == "linux" else "resident"

READINGS: Final = ("cpu_pct", "rss_bytes", "memory_bytes", "uss_bytes", "open_files", "threads", "ctx_switches")


class Meter:
    """Measures one process, with one psutil handle per incarnation, because percentages are differences."""

    def __init__(self, pid: int) -> None:
        self.readings: dict[str, float | None] = dict.fromkeys(READINGS)
        self.created_s = 0.0
        try:
            self._handle: psutil.Process | None = psutil.Process(pid)
            self.created_s = created_s(pid)
            self._handle.cpu_percent(None)  # the first call only starts the measurement
        except (psutil.Error, OSError):  # it has exited, or no file descriptor is left: its values are unknown
            self._handle = None

    def sample(self) -> None:
        """Measure CPU since the last call and resident memory, the values that budgets limit."""
        if self._handle is None:
            return
        with self._measuring(), self._handle.oneshot():
            self.readings["cpu_pct"] = self._handle.cpu_percent(None)
            self.readings["rss_bytes"] = self._handle.memory_info().rss

    @property
    def incomplete(self) -> bool:
        """Whether the other values were never measured."""
        return self._handle is not None and self.readings["memory_bytes"] is None

    def sample_expensive(self) -> None:
        """Measure the other values, which cost many times as much (1 ms) and are only displayed.

        Unique memory is not shared with other processes; ending the process would free it.
        """
        handle = self._handle
        if handle is None:
            return
        with self._measuring():
            switches, memory = handle.num_ctx_switches(), handle.memory_full_info()
            self.readings |= {
                "memory_bytes": memory.pss if MEMORY_KIND == "proportional" else memory.rss,
                "uss_bytes": memory.uss,
                "open_files": handle.num_fds(),
                "threads": handle.num_threads(),
                "ctx_switches": switches.voluntary + switches.involuntary,
            }

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """Set all values to unknown after an error; do not measure an exited process again."""
        try:
            yield
        except psutil.Error:
            self._handle, self.readings = None, dict.fromkeys(READINGS)
        except OSError:  # no file descriptor or memory: may be temporary
            self.readings = dict.fromkeys(READINGS)


def created_s(pid: int) -> float:
    """Return when a process was started, on a clock that cannot be set.

    Linux counts it from the boot. psutil adds the time of the boot by the wall clock, which may have been set since.
    Other systems store it once, by the wall clock.
    """
    boot_s = psutil.boot_time() if sys.platform == "linux" else 0.0
    return psutil.Process(pid).create_time() - boot_s


def addresses() -> list[str]:
    """Return the IPv4 addresses of this machine, without the loopback."""
    found = [one.address for interface in psutil.net_if_addrs().values() for one in interface]
    return sorted(one for one in found if one.count(".") == 3 and not one.startswith("127."))


def end_leftovers(rows: list[tuple[str, int, float]], run_dir: Path) -> list[tuple[str, int]]:
    """SIGKILL the processes of these (name, pid, create time), and wait for their end; return which were killed.

    The list may be wrong: a process with another create time or of another user, or one that was not started as this
    child of `run_dir`, is not killed.
    """
    killed, victims = [], []
    for name, pid, was_created_s in rows:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(created_s(pid) - was_created_s) < SAME_START_S and _is_child(process, name, run_dir):
                process.kill()
                victims.append(process)
                killed.append((name, pid))
    deadline_s = time.monotonic() + LEFTOVER_S
    while any(_runs(victim) for victim in victims) and time.monotonic() < deadline_s:
        time.sleep(0.002)
    return killed


def _is_child(process: psutil.Process, name: str, run_dir: Path) -> bool:
    """Return whether a process is of this user and was started as `PYTHON … NAME RUN_DIR` (supervision/child.py)."""
    if process.uids().real != os.getuid():
        return False
    command = process.cmdline()
    while command and not command[-1]:  # host.rename fills the rest with NUL
        command.pop()
    return (
        len(command) > 3
        and Path(command[0]).name.startswith("python")
        and command[-2] == name
        and os.path.realpath(command[-1]) == os.path.realpath(run_dir)
    )


def _runs(process: Any) -> bool:
    """Return whether it still holds resources. A zombie does not; in a container it may never be reaped."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
