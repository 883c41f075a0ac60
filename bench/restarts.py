"""How long do viewers wait for a killed process that is started by exec, and for one that a template forks?

    python -m bench.restarts [--seconds 100] [--kill-every 0.5] [--starts 5]

Both ways in turn: starts, memory, and a rehearsal (bench/rehearsal.py) with 2,000 lines per second, 200 of them kills,
in which a random process is killed repeatedly, the supervisor and the template included. PSS is memory in which a page
that several processes share counts once in all.
"""

from __future__ import annotations

from typing import Any, Final

import click
import psutil

from bench import rehearsal, traffic
from bench._harness import Pipeline, Times, pipeline, report

WAYS: Final = ("exec", "template")
RATE: Final = 2_000
CRITICAL: Final = 200
BOOKS: Final = ("accepted", "lost", "duplicated", "reordered", "kills_total", "kills_met")
STALLS: Final = ("stall_ms", "stall_max_ms_by_name")


def start_ms(overrides: list[str]) -> float:
    """Return how long one start takes from the command until gateway and ingest answer."""
    running = Pipeline(overrides)
    try:
        running.start()
        return running.wait_ready() * 1000
    finally:
        running.stop()


def memory_mb(overrides: list[str]) -> dict[str, float]:
    """Return the proportional and the resident memory of all processes after a start."""
    with pipeline(overrides) as running:
        assert running.process is not None
        processes = [*running.children().values(), psutil.Process(running.process.pid)]
        found = [process.memory_full_info() for process in processes]
        return {key: round(sum(getattr(one, key) for one in found) / 1e6, 1) for key in ("pss", "rss")}


def killed(overrides: list[str], seconds: float, kill_every_s: float) -> dict[str, Any]:
    """Return the books and the stalls of one rehearsal."""
    lines = list(traffic.lines(seconds, RATE, CRITICAL))
    bodies, due_s = [line for _, line in lines], [at_s for at_s, _ in lines]
    result = rehearsal.rehearse(bodies, due_s, kill_every_s, 1, browser=False, overrides=overrides, keep=False)
    return {key: result[key] for key in (*BOOKS, *STALLS)}


@click.command()
@click.option("--seconds", type=float, default=100.0, show_default=True, help="Of each rehearsal.")
@click.option("--kill-every", "kill_every_s", type=float, default=0.5, show_default=True)
@click.option("--starts", type=int, default=5, show_default=True)
def main(seconds: float, kill_every_s: float, starts: int) -> None:
    """Measure restarts by exec and by a template."""
    times = {way: Times() for way in WAYS}
    facts: dict[str, dict[str, Any]] = {way: {} for way in WAYS}
    for _ in range(starts):
        for way in WAYS:
            times[way].add(start_ms([f"supervisor.spawn={way}"]) / 1000)
    for way in WAYS:
        overrides = [f"supervisor.spawn={way}", "supervisor.healthy_s=1.0"]  # restarts at once, however many
        facts[way] = {"ready_ms": times[way].summary_ms(), "memory_mb": memory_mb(overrides)}
        facts[way] |= killed(overrides, seconds, kill_every_s)
    report("restarts", {"seconds": seconds, "kill_every_s": kill_every_s, "starts": starts}, facts)


if __name__ == "__main__":
    main()
