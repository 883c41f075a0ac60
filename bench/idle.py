"""What does an idle pipeline cost, and how long does a start take?

    python -m bench.idle [--seconds 30] [--starts 5]

CPU is the time of all processes in percent of one core. Memory is the sum over all processes: resident (shared pages
counted once per process) and unique (USS: the memory that would be free after their end). One overlay is connected. A
start lasts from the command until gateway and ingest answer. The supervisor with eight children is also measured alone.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import click
import psutil

from bench._harness import Times, report
from bench._overlay import Overlay
from bench.pipeline import Pipeline, compile_modules, pipeline

WARM_UP_S = 5.0


def cost(processes: dict[str, psutil.Process]) -> dict[str, dict[str, float]]:
    """Return CPU seconds so far and memory of every process."""
    table = {}
    for name, process in processes.items():
        times, memory = process.cpu_times(), process.memory_full_info()
        table[name] = {"cpu_s": times.user + times.system, "rss_mb": memory.rss / 1e6, "uss_mb": memory.uss / 1e6}
    return table


async def watch(running: Pipeline, seconds: float) -> dict[str, Any]:
    """Return the use of CPU and memory within `seconds`."""
    overlay = Overlay(running.ws_url(), running.token("display"), "idle", lambda _: None)
    following = asyncio.create_task(overlay.run())
    await asyncio.wait_for(overlay.live.wait(), 10.0)
    await asyncio.sleep(WARM_UP_S)
    assert running.process is not None
    processes = running.children() | {"supervisor": psutil.Process(running.process.pid)}
    before, begin_s = cost(processes), time.monotonic()
    await asyncio.sleep(seconds)
    after, passed_s = cost(processes), time.monotonic() - begin_s
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    by_name = {
        name: {
            "cpu_pct": round(100 * (after[name]["cpu_s"] - before[name]["cpu_s"]) / passed_s, 3),
            "rss_mb": round(after[name]["rss_mb"], 1),
            "uss_mb": round(after[name]["uss_mb"], 1),
        }
        for name in sorted(processes)
    }
    totals = {key: round(sum(row[key] for row in by_name.values()), 2) for key in ("cpu_pct", "rss_mb", "uss_mb")}
    return totals | {"by_process": by_name}


def start_times(starts: int) -> dict[str, float]:
    """Return the times from the command to ready, each in a new directory."""
    times = Times()
    for _ in range(starts):
        running = Pipeline()
        try:
            running.start()
            times.add(running.wait_ready())
        finally:
            running.end()
    return times.summary_ms()


@click.command()
@click.option("--seconds", type=float, default=30.0, show_default=True)
@click.option("--starts", type=int, default=5, show_default=True)
def main(seconds: float, starts: int) -> None:
    """Measure idle cost and start time."""
    compile_modules()
    ready_ms = start_times(starts)
    with pipeline() as running:
        idle = asyncio.run(watch(running, seconds))
    with pipeline(["gateway.processes=2", "normalizer.processes=2", "demo=true"]) as running:
        eight = asyncio.run(watch(running, seconds))["by_process"]
    facts = {"idle": idle, "ready_ms": ready_ms, "supervisor_of_eight": eight["supervisor"], "children": len(eight) - 1}
    report("idle", {"seconds": seconds, "starts": starts}, facts)


if __name__ == "__main__":
    main()
