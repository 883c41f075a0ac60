"""How long do viewers wait for a killed process that is started by exec, and for one that a template forks?

    python -m bench.restarts [--seconds 100] [--kill-every 0.5] [--starts 5] [--rounds 8]

Both ways in turn: starts, memory with one overlay, the steps of a restart (SIGKILL → noticed → ready; each process in
turn, idle; the supervisor is ready when all are), and a rehearsal (bench/rehearsal.py) with 2,000 lines per second, 200
of them kills, in which a random process is killed repeatedly, the supervisor and the template included. A guardian runs
always. PSS is memory in which a page that several processes share counts once in all.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import psutil

from bench import rehearsal, traffic
from bench._harness import Times, report
from bench._overlay import Overlay
from bench.pipeline import Pipeline, compile_modules, pipeline

WAYS: Final = ("exec", "template")
RATE: Final = 2_000
CRITICAL: Final = 200
BOOKS: Final = ("accepted", "lost", "duplicated", "reordered", "kills_total", "kills_met")
WARM_UP_S: Final = 5.0
PAUSE_S: Final = 0.2
# 2,000 bodies a second are more than one connection carries: with the default the sender itself is 50 ms late, which is
# then a part of every stall.
LATE_S: Final = 0.002
ACTORS: Final = ("broadcaster", "gateway-1", "queue-manager", "normalizer-1", "ingest")
STALLS: Final = ("stall_ms", "stall_p50_ms_by_name", "stall_max_ms_by_name")


def start_ms(overrides: list[str]) -> float:
    """Return how long one start takes from the command until gateway and ingest answer."""
    running = Pipeline(overrides, guarded=True)
    try:
        running.start()
        return running.wait_ready() * 1000
    finally:
        running.end()


async def memory_mb(overrides: list[str]) -> dict[str, float]:
    """Return the proportional and the resident memory of all processes of an idle pipeline with one overlay."""
    with pipeline(overrides, guarded=True) as running:
        assert running.process is not None
        overlay = Overlay(running.ws_url(), running.token("display"), "idle", lambda _: None)
        following = asyncio.create_task(overlay.run())
        await asyncio.wait_for(overlay.live.wait(), 10.0)
        await asyncio.sleep(WARM_UP_S)
        guardian = psutil.Process(running.process.pid)
        processes = [guardian, *guardian.children(recursive=True)]
        found = [process.memory_full_info() for process in processes]
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        return {key: round(sum(getattr(one, key) for one in found) / 1e6, 1) for key in ("pss", "rss", "uss")}


def reported_s(run_dir: Path, name: str) -> dict[str, list[float]]:
    """Return when the log of the supervisor says that the process `name` died, and that it was ready.

    The supervisor is ready when all processes are.
    """
    lines = {"died": rf"supervisor child died name={name} ", "ready": rf"supervisor child ready name={name} "}
    if name == "supervisor":
        lines = {"died": "guardian supervisor died ", "ready": "supervisor ready "}
    found: dict[str, list[float]] = {"died": [], "ready": []}
    for line in (run_dir / "log" / "supervisor.log").read_text().splitlines():
        at, _, fact = line.partition(" ")
        for step, start in lines.items():
            if fact.partition(" ")[2].startswith(start):
                found[step].append(datetime.fromisoformat(at).timestamp())
    return found


def steps_ms(overrides: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Return the medians of the steps of a restart, for each process, in a pipeline without events."""
    waits: dict[str, dict[str, list[float]]] = {}
    with pipeline(overrides, guarded=True) as running:
        for name in (*ACTORS, "supervisor"):
            for _ in range(rounds):
                ready = len(reported_s(running.run_dir, name)["ready"])
                victim = running.supervisor() if name == "supervisor" else running.children()[name]
                assert victim is not None
                killed_s = time.time()
                victim.kill()
                while len(reported_s(running.run_dir, name)["ready"]) == ready:
                    time.sleep(0.01)
                for step, times_s in reported_s(running.run_dir, name).items():
                    waits.setdefault(name, {}).setdefault(step, []).append((times_s[-1] - killed_s) * 1000)
                time.sleep(PAUSE_S)  # healthy for long enough that the next restart is immediate, too
    return {name: {step: round(statistics.median(ms), 1) for step, ms in row.items()} for name, row in waits.items()}


def killed(overrides: list[str], seconds: float, kill_every_s: float) -> dict[str, Any]:
    """Return the books and the stalls of one rehearsal."""
    lines = list(traffic.lines(seconds, RATE, CRITICAL))
    bodies, due_s = [line for _, line in lines], [at_s for at_s, _ in lines]
    result = rehearsal.rehearse(
        bodies, due_s, kill_every_s, 1, browser=False, overrides=overrides, keep=False, guarded=True, late_s=LATE_S
    )
    return {key: result[key] for key in (*BOOKS, *STALLS)}


@click.command()
@click.option("--seconds", type=float, default=100.0, show_default=True, help="Of each rehearsal; 0: none.")
@click.option("--kill-every", "kill_every_s", type=float, default=0.5, show_default=True)
@click.option("--starts", type=int, default=5, show_default=True)
@click.option("--rounds", type=int, default=8, show_default=True, help="Restarts of each actor, for the steps.")
def main(seconds: float, kill_every_s: float, starts: int, rounds: int) -> None:
    """Measure restarts by exec and by a template."""
    compile_modules()
    times = {way: Times() for way in WAYS}
    facts: dict[str, dict[str, Any]] = {way: {} for way in WAYS}
    for _ in range(starts):
        for way in WAYS:
            times[way].add(start_ms([f"supervisor.spawn={way}"]) / 1000)
    for way in WAYS:
        overrides = [f"supervisor.spawn={way}", "supervisor.healthy_s=1.0"]  # restarts at once, however many
        facts[way] = {"ready_ms": times[way].summary_ms(), "memory_mb": asyncio.run(memory_mb(overrides))}
        facts[way] |= {"steps_ms": steps_ms(overrides, rounds)}
        if seconds:
            facts[way] |= killed(overrides, seconds, kill_every_s)
    settings = {"seconds": seconds, "kill_every_s": kill_every_s, "starts": starts, "rounds": rounds}
    report("restarts", settings, facts)


if __name__ == "__main__":
    main()
