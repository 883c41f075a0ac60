"""T30: the wall clock is set, by hours or by NTP's two seconds, and the machine sleeps and wakes.

The clock of the pipeline's processes is clockjump.c; the sources and the viewer use the real clock.
"""

from __future__ import annotations

import itertools
import mmap
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actors.supervision import meters
from tests.faults import figures, powercut
from tests.faults.witness import Server, Source, Witness
from tests.support import eventually

HOUR_S = 3_600.0
SOURCE = Path(__file__).with_name("clockjump.c")
FULL = pytest.mark.faults


class Clock:
    """The wall clock of all processes with its environment."""

    def __init__(self, directory: Path) -> None:
        file = directory / "clock"
        file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(powercut.compiled(SOURCE, directory)), "CLOCKJUMP": str(file)}
        with file.open("r+b") as handle:
            self._shift = mmap.mmap(handle.fileno(), 8)
        self.ahead_s = 0.0

    def jump(self, seconds: float) -> None:
        """Set it forward, or back."""
        self.ahead_s += seconds
        self._shift[:] = struct.pack("q", round(self.ahead_s * 1e9))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


def test_the_shim_sets_the_wall_clock_and_no_other(clock: Clock) -> None:
    clock.jump(HOUR_S)
    ask = "import time; print(time.time(), time.monotonic())"
    said = subprocess.run(
        [sys.executable, "-c", ask], env=os.environ | clock.environment, capture_output=True, text=True, check=True
    )
    wall_s, monotonic_s = map(float, said.stdout.split())
    assert abs(wall_s - time.time() - HOUR_S) < HOUR_S / 2
    assert abs(monotonic_s - time.monotonic()) < HOUR_S / 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a start is noted by the wall clock, once")
def test_the_start_time_of_a_process_counts_from_the_boot_not_from_the_clock() -> None:
    """A supervisor identifies orphans by it; a clock jump must not change it."""
    created_s = meters.created_s(os.getpid())
    assert 0.0 < created_s < time.clock_gettime(time.CLOCK_BOOTTIME) + meters.SAME_START_S
    assert abs(meters.Meter(os.getpid()).created_s - created_s) < meters.SAME_START_S


def longest_stall_s(witness: Witness, since_ns: int) -> float:
    """Return the longest time in which the viewer saw nothing."""
    moments = [since_ns, *(ns for ns in witness.viewer.seen_ns if ns > since_ns)]
    return max((after - before) / 1e9 for before, after in itertools.pairwise(moments))


def ask_again(witness: Witness) -> None:
    """Post accepted messages again: the first event of a source, and the first line of a server."""
    names = ("left", "right")
    for again in (*(Source(witness.pipeline, name, witness.seed) for name in names), Server(witness.pipeline)):
        again.once()
        assert again.refusals == []


JUMPS_S = [HOUR_S, -HOUR_S, -HOUR_S, HOUR_S, 2.0, -2.0]


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=[FULL, pytest.mark.timeout(600)])])
def test_clock_jumps_lose_repeat_and_reorder_no_event(times: int, clock: Clock) -> None:
    with Witness("queue.log_keep_s=1800.0", environment=clock.environment) as witness:
        witness.post()
        witness.grows(50)
        began_ns = time.monotonic_ns()
        for seconds in JUMPS_S * times:
            clock.jump(seconds)
            witness.grows(50)
            ask_again(witness)
        stall_s = longest_stall_s(witness, began_ns)
        assert all(row["restarts"] == 0 for row in witness.rows().values())
        counted = witness.check()
    figures.note("T30", f"{len(JUMPS_S) * times} jumps of ±1 h and ±2 s: longest stall {stall_s:.2f} s; {counted}")


@FULL
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seconds", [HOUR_S, -HOUR_S])
def test_a_clock_jump_removes_no_rows_of_log_and_outbox(seconds: float, clock: Clock) -> None:
    """An hour is more than the log and the outbox keep here; after two trims of both everything is still there."""
    with Witness("queue.log_keep_s=1800.0", environment=clock.environment) as witness:
        for source in witness.sources:
            source.slow_down(0.05)
        witness.post()
        witness.grows(100)
        clock.jump(seconds)
        witness.restart("queue-manager")  # a process that starts now knows only the new time
        until_s = time.monotonic() + 65.0  # queue_manager.TRIM_S is 60, link.TRIM_S 30
        eventually(lambda: time.monotonic() > until_s, 80.0)
        witness.restart("ingest")
        until_s = time.monotonic() + 35.0
        eventually(lambda: time.monotonic() > until_s, 80.0)
        ask_again(witness)
        assert witness.head().oldest == 1
        counted = witness.check()
    figures.note("T30", f"{seconds / HOUR_S:+g} h and the trims of two minutes: nothing forgotten; {counted}")


@pytest.mark.parametrize("asleep_s", [2.5, pytest.param(10.0, marks=FULL)])
def test_an_hour_of_suspension_loses_no_event(asleep_s: float, clock: Clock) -> None:
    with Witness(environment=clock.environment) as witness:
        witness.post()
        witness.grows(50)
        pids = {name: row["pid"] for name, row in witness.rows().items()}
        all_pids = [witness.status()["pid"], *pids.values()]
        for pid in all_pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(asleep_s)  # the fault itself
        clock.jump(HOUR_S)
        for pid in all_pids:
            os.kill(pid, signal.SIGCONT)
        woken_ns = time.monotonic_ns()
        witness.grows(50)
        stall_s = longest_stall_s(witness, woken_ns)
        assert {name: row["pid"] for name, row in witness.rows().items()} == pids
        counted = witness.check()
    figures.note("T30", f"asleep for {asleep_s:g} s: flowing {stall_s:.2f} s after; {counted}")
