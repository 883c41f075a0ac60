"""Do slow overlays delay the others, and how soon are a thousand overlays back?

    python -m bench.isolation [--seconds 15] [--rounds 3] [--overlays 1000]

slow    5,000 log lines a second, 200 of them kills, as in bench.latency. In the first half one overlay is connected. In
        the second half there is one more that reads nothing, and one that reads 1 KB/s. `p99_growth_ms` is the
        difference of the p99 of critical events at the first overlay; `gateway_growth_mib` the growth of the
        gateway's own memory (USS) from the end of the first half to its highest value in the second, for each of the
        two. Then both read again: `complete_s` is the time until they have every critical position; `missing` and
        `repeated` count positions.
cut     --overlays connections from this process, and a SIGKILL of the gateway, with 20 kills a second: `back_s` is
        the time until each of them has every position again. This process needs most of it.

The medians of the rounds are reported.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import click

from bench._harness import Times, report
from bench._overlay import Applied, Overlay
from bench.latency import WARM_UP_S, Run, busy_plan, idle_plan
from bench.pipeline import Pipeline, pipeline

SLOW_BYTES_S: Final = 1_000
SETTLE_S: Final = 2.0  # after the slow overlays have connected
COMPLETE_S: Final = 30.0
POLL_S: Final = 0.02
MIB: Final = 1 << 20


class Positions:
    """An overlay, and the critical positions that it applied. Until `recovered` it reads `bytes_s`; None: no limit."""

    def __init__(self, running: Pipeline, name: str, bytes_s: float | None = None) -> None:
        self.applied: list[int] = []
        self.recovered = asyncio.Event()
        self._bytes_s = bytes_s
        slow = None if bytes_s is None else self._wait
        self.overlay = Overlay(running.ws_url(), running.token("display"), name, self._on_applied, on_read=slow)

    def _on_applied(self, event: Applied) -> None:
        if event.position:
            self.applied.append(event.position)

    async def _wait(self, size_bytes: int) -> None:
        if not self.overlay.live.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.recovered.wait(), size_bytes / self._bytes_s if self._bytes_s else None)

    def has(self, top: int) -> bool:
        return self.overlay.position >= top

    def faults(self) -> tuple[int, int]:
        """Return how many positions are missing, and how many were repeated, since the first one."""
        unique = set(self.applied)
        expected = self.overlay.position - min(unique) + 1 if unique else 0
        return expected - len(unique), len(self.applied) - len(unique)


class SlowRun(Run):
    """A run of which the second half has slow overlays beside the measured one."""

    def __init__(self, running: Pipeline, seconds: float) -> None:
        super().__init__(running, busy_plan(WARM_UP_S + 2 * seconds + SETTLE_S))
        self._middle_s = WARM_UP_S + seconds
        self._running = running
        self.slow = [Positions(running, "mute", 0.0), Positions(running, "trickle", SLOW_BYTES_S)]
        self.own_bytes: list[tuple[float, int]] = []  # (seconds since the start, USS of the gateway)

    async def beside(self) -> dict[str, Any]:
        """Run the plan and the slow overlays; return the figures."""
        plan = asyncio.create_task(self.run())
        while not self.start_s:
            await asyncio.sleep(POLL_S)
        watching = asyncio.create_task(self._watch())
        await asyncio.sleep(self.start_s + self._middle_s - time.monotonic())
        following = [asyncio.create_task(one.overlay.run()) for one in self.slow]
        await plan
        watching.cancel()
        top, begin_s = self.overlay.position, time.monotonic()
        for one in self.slow:
            one.recovered.set()
        await wait(lambda: all(one.has(top) for one in self.slow))
        complete_s = time.monotonic() - begin_s
        await end(following)
        faults = [one.faults() for one in self.slow]
        return self.halves() | {
            "complete_s": round(complete_s, 2),
            "missing": sum(missing for missing, _ in faults),
            "repeated": sum(repeated for _, repeated in faults),
        }

    async def _watch(self) -> None:
        gateway = next(process for name, process in self._running.children().items() if name.startswith("gateway"))
        while True:
            self.own_bytes.append((time.monotonic() - self.start_s, gateway.memory_full_info().uss))
            await asyncio.sleep(0.5)

    def halves(self) -> dict[str, float]:
        """Return the p99 of both halves, and the growth of the gateway."""
        times = {"before": Times(), "beside": Times()}
        for at_s, event in self.arrivals:
            due_s = self.intended_of(event)
            if event.position and due_s is not None and due_s >= WARM_UP_S:
                if due_s < self._middle_s:
                    times["before"].add(at_s - self.start_s - due_s)
                elif due_s >= self._middle_s + SETTLE_S:
                    times["beside"].add(at_s - self.start_s - due_s)
        p99_ms = {name: each.summary_ms()["p99"] for name, each in times.items()}
        before = [size for at_s, size in self.own_bytes if at_s < self._middle_s][-1]
        after = max(size for at_s, size in self.own_bytes if at_s >= self._middle_s)
        return {
            "p99_before_ms": p99_ms["before"],
            "p99_beside_ms": p99_ms["beside"],
            "p99_growth_ms": round(p99_ms["beside"] - p99_ms["before"], 3),
            "gateway_growth_mib": round((after - before) / MIB / len(self.slow), 2),
        }


async def cut(running: Pipeline, count: int) -> dict[str, Any]:
    """Kill the gateway of `count` overlays; return when all of them are back."""
    many = [Positions(running, f"o{number}") for number in range(count)]
    following = []
    for one in many:
        following.append(asyncio.create_task(one.overlay.run()))
        if len(following) % 50 == 0:
            await all_live(many[: len(following)])
    await all_live(many)
    load = Run(running, idle_plan(6.0))
    plan = asyncio.create_task(load.run())
    await asyncio.sleep(2.0)
    gateway = next(process for name, process in running.children().items() if name.startswith("gateway"))
    connects = sum(one.overlay.counts["connects"] for one in many)
    begin_s = time.monotonic()
    gateway.kill()
    await wait(lambda: sum(one.overlay.counts["connects"] for one in many) >= connects + count)
    top = load.overlay.position
    await wait(lambda: all(one.has(top) for one in many))
    back_s = time.monotonic() - begin_s
    await plan
    await wait(lambda: all(one.has(load.overlay.position) for one in many))
    await end(following)
    faults = [one.faults() for one in many]
    return {
        "back_s": round(back_s, 2),
        "missing": sum(missing for missing, _ in faults),
        "repeated": sum(repeated for _, repeated in faults),
    }


async def all_live(overlays: list[Positions]) -> None:
    """Wait until all of these overlays are live."""
    await wait(lambda: all(one.overlay.live.is_set() for one in overlays))


async def wait(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(COMPLETE_S):
        while not condition():
            await asyncio.sleep(POLL_S)


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def median(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


@click.command()
@click.option("--seconds", type=click.FloatRange(min=5), default=15.0, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--overlays", type=click.IntRange(min=1, max=3_000), default=1_000, show_default=True)
def main(seconds: float, rounds: int, overlays: int) -> None:
    """Measure the isolation of overlays from slow ones, and their return after a death of the gateway."""
    slow, back = [], []
    for _ in range(rounds):
        with pipeline() as running:
            slow.append(asyncio.run(SlowRun(running, seconds).beside()))
        with pipeline() as running:
            back.append(asyncio.run(cut(running, overlays)))
    settings = {"seconds": seconds, "rounds": rounds, "overlays": overlays}
    report("isolation", settings, {"slow": median(slow), "cut": median(back)}, {"rounds": slow + back})


if __name__ == "__main__":
    main()
