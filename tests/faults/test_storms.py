"""Many deaths in a short time: several at once (T3), one process repeatedly (T4), all a thousand times (T12)."""

from __future__ import annotations

import itertools
import os
import re
import signal
import time

import psutil
import pytest

from tests.faults import figures
from tests.faults.tree import Tree
from tests.faults.witness import ACTORS, WAIT_S, Viewer, Witness
from tests.support import SLOWNESS, TEMPLATES, eventually

LOG_BYTES = 12 << 20  # of one process: two files of 5 MiB (logs.MAX_BYTES), and the lines between two checks
FULL = pytest.mark.faults


# T3: several at once


@pytest.mark.parametrize("times", [10, pytest.param(100, marks=[FULL, pytest.mark.timeout(600)])])
def test_two_and_three_simultaneous_kills_lose_no_event(times: int) -> None:
    within_s = []
    with Witness() as witness:
        witness.post()
        for number in range(times):
            witness.grows(10)
            eventually(witness.running, WAIT_S)
            names = [ACTORS[(number + step) % 5] for step in range(2 + number % 2)]
            within_s.append(witness.kill(*names))
        counted = witness.check()
    figures.note("T3", f"{times} times two or three within {max(within_s) * 1000:.1f} ms; {counted}")


# T4: one again and again


def storm(witness: Witness, name: str, seconds: float, every_s: float) -> int:
    """SIGKILL a child at every interval at which it runs; return the number of kills."""
    killed: set[int] = set()  # the supervisor may report a process that it has not reaped yet
    begin_s = time.monotonic()
    for beat in range(round(seconds / every_s)):
        time.sleep(max(0.0, begin_s + beat * every_s - time.monotonic()))  # the storm's own rhythm
        pid = witness.rows()[name]["pid"]
        if pid is not None and pid not in killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    return len(killed)


def restarts_of_others(witness: Witness) -> dict[str, int]:
    """Return the restarts without those of the first gateway, and of the template, which may answer it too late."""
    return {name: row["restarts"] for name, row in witness.rows().items() if name not in ("gateway-1", *TEMPLATES)}


def waits_s(witness: Witness, name: str) -> list[float]:
    """Return how long each restart of a child was put off."""
    return [
        float(wait)
        for wait in re.findall(rf"child died name={name} .*restart_in_s=([\d.]+)", witness.said("supervisor"))
    ]


@pytest.mark.parametrize("seconds", [6.0, pytest.param(60.0, marks=[FULL, pytest.mark.timeout(300)])])
def test_restarts_of_a_dying_gateway_back_off_and_others_are_unaffected(seconds: float) -> None:
    """Of two gateways one dies every 300 ms; the viewers of the other one must not see it."""
    full = seconds == 60.0
    # The full form uses the default policy. In the short form no death is forgiven and no wait bounded, so that waits
    # grow at any speed of the machine.
    limits = ("backoff_max_s=5.0", "healthy_s=60.0") if full else ("backoff_max_s=60.0", "healthy_s=600.0")
    policy = [f"supervisor.{limit}" for limit in ("backoff_first_s=0.2", *limits)]
    with Witness(*policy, "gateway.processes=2") as witness:
        witness.post()
        witness.grows(20)
        # Viewers of the first gateway reconnect to the second, which is then alone on the port.
        witness.restart("gateway-1")
        viewer = Viewer(witness.pipeline, "other")
        viewer.start()
        eventually(viewer.overlay.live.is_set, WAIT_S)
        while True:
            connects = [one.overlay.counts["connects"] for one in (witness.viewer, viewer)]
            witness.restart("gateway-1")
            if connects == [one.overlay.counts["connects"] for one in (witness.viewer, viewer)]:
                break
        others = restarts_of_others(witness)
        began = len(waits_s(witness, "gateway-1"))
        began_ns = time.monotonic_ns()
        kills = storm(witness, "gateway-1", seconds, every_s=0.3)
        ended_ns = time.monotonic_ns()
        degraded = [alert["name"] for alert in witness.status()["alerts"] if alert["key"] == "process.degraded"]
        eventually(lambda: len(waits_s(witness, "gateway-1")) == began + kills, WAIT_S)
        eventually(witness.running, WAIT_S)
        recovered_s = (time.monotonic_ns() - ended_ns) / 1e9
        put_off_s = waits_s(witness, "gateway-1")[began if full else 0 :]
        assert put_off_s == sorted(put_off_s)
        assert put_off_s[-1] > put_off_s[0]
        assert restarts_of_others(witness) == others
        assert connects == [one.overlay.counts["connects"] for one in (witness.viewer, viewer)]
        counted = witness.check()
        viewer.stop()
        moments = [began_ns, *(ns for ns in witness.viewer.seen_ns if began_ns < ns < ended_ns), ended_ns]
        gaps_s = [(after - before) / 1e9 for before, after in itertools.pairwise(moments)]
    figures.note(
        "T4",
        f"{kills} deaths in {seconds:g} s put off by {', '.join(f'{wait:g}' for wait in put_off_s)} s; longest gap of "
        f"the other gateway's viewer {max(gaps_s) * 1000:.0f} ms; recovered {recovered_s:.1f} s after; {counted}",
    )
    if full:
        assert max(put_off_s) == 5.0
        assert degraded == ["gateway-1"]
        assert max(gaps_s) < max(put_off_s)  # most outages of the dying gateway last at least that long


# T12: all in turn


def footprint(pid: int) -> tuple[int, int, int]:
    """Return open files, threads and resident bytes."""
    process = psutil.Process(pid)
    return process.num_fds(), process.num_threads(), process.memory_info().rss


def flat(pid: int, before: tuple[int, int, int]) -> tuple[int, int, int]:
    """Wait until open files and threads are what they were; return the growth of all three."""
    eventually(lambda: abs(footprint(pid)[0] - before[0]) <= 2 and footprint(pid)[1] == before[1], 10)
    files, threads, rss_bytes = (after - was for after, was in zip(footprint(pid), before, strict=True))
    return files, threads, rss_bytes


def test_sixty_restarts_leak_no_file_and_no_thread(tree: Tree) -> None:
    process = tree.start()
    names = sorted(tree.pids())

    def restart_all() -> None:
        before = sum(row["restarts"] for row in tree.status()["processes"])
        for name in names:
            tree.kill(name)
        eventually(lambda: sum(row["restarts"] for row in tree.status()["processes"]) >= before + len(names), 30)
        eventually(lambda: all(row["state"] == "running" for row in tree.status()["processes"]), 30)

    restart_all()
    before = footprint(process.pid)
    for _ in range(60 // len(names)):
        restart_all()
    print(flat(process.pid, before))


@FULL
@pytest.mark.timeout(1_200 * SLOWNESS)
def test_a_thousand_restarts_leak_no_file_thread_or_memory() -> None:
    with Witness() as witness:
        for source in witness.sources:
            source.slow_down(0.1)
        witness.post()
        assert witness.pipeline.process is not None
        pid = witness.pipeline.process.pid

        def deaths() -> int:
            return sum(row["restarts"] for row in witness.rows().values())

        def kill_until(count: int) -> None:
            for name in itertools.cycle(ACTORS):
                if deaths() >= count:
                    return
                eventually(lambda name=name: witness.rows()[name]["state"] == "running", WAIT_S)
                witness.kill(name)

        kill_until(50)
        eventually(witness.running, WAIT_S)
        before = footprint(pid)
        kill_until(1_050)
        eventually(witness.running, WAIT_S)
        files, threads, rss_bytes = flat(pid, before)
        logs = {file.name: file.stat().st_size for file in (witness.run_dir / "log").iterdir()}
        restarts, counted = deaths(), witness.check()
    figures.note(
        "T12",
        f"{restarts} restarts: files {files:+d}, threads {threads:+d}, resident {rss_bytes / 2**20:+.1f} MiB, logs "
        f"{sum(logs.values()) / 2**20:.1f} MiB in {len(logs)} files; {counted}",
    )
    assert rss_bytes < 5 << 20
    assert sum(logs.values()) < LOG_BYTES * (len(ACTORS) + 1)
