"""How late is an event, from the time at which it was due until an overlay's socket has it?

    python -m bench.latency [--load idle|busy] [--seconds 30]

idle  one kill at a time, about 20 a second at random instants
busy  5,000 log lines a second, 200 of them kills, in 200 HTTP bodies a second, like a game server

Open loop: bodies are sent when they are due, over as many connections as necessary, and a late answer does not delay
others. A merged event (one hit for several) is measured from its newest line. `posted_late_ms` is the delay of the
benchmark itself, which every figure includes. `stages_ms` are differences of the time stamps in a kill; the last stage
ends at the clock of the overlay.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

import click

from bench import traffic
from bench._harness import Times, report, until
from bench._overlay import Applied, Overlay
from bench._server import exchange
from bench.pipeline import Pipeline, pipeline

IDLE_HZ: Final = 20.0
BUSY_BODIES_HZ: Final = 200
BUSY_RATE: Final = 5_000
BUSY_CRITICAL: Final = 200
WARM_UP_S: Final = 3.0
SETTLE_S: Final = 5.0
ANSWER_S: Final = 10.0

Plan = list[tuple[float, list[bytes]]]


def idle_plan(seconds: float) -> Plan:
    """Return (instant, lines) of single kills at random times."""
    draw = random.Random(1)
    plan: Plan = []
    at_s = 0.0
    while at_s < seconds:
        plan.append((at_s, [traffic.kill(len(plan) + 1, at_s)]))
        at_s += draw.uniform(0.5, 1.5) / IDLE_HZ
    return plan


def busy_plan(seconds: float, rate: int = BUSY_RATE, critical: int = BUSY_CRITICAL) -> Plan:
    """Return (instant, lines) of 200 bodies a second, with `rate` lines a second, `critical` of them kills."""
    plan: Plan = []
    for at_s, line in traffic.lines(seconds, rate, critical):
        due_s = int(at_s * BUSY_BODIES_HZ) / BUSY_BODIES_HZ
        if not plan or plan[-1][0] != due_s:
            plan.append((due_s, []))
        plan[-1][1].append(line)
    return plan


class Run:
    """One run of a plan: times of posting and of arrival."""

    def __init__(self, running: Pipeline, plan: Plan, precise: bool = False) -> None:
        self._port, self._path = running.ingest_port, f"/srcds/{running.token('ingest')}"
        self._plan, self._precise = plan, precise
        self._late = Times()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._intended_s: dict[str, float] = {}
        for at_s, lines in plan:
            for line in lines:
                self._intended_s[_name_of(line)] = at_s
        self.start_s = 0.0
        self.arrivals: list[tuple[float, Applied]] = []
        self.counts = {"bodies": 0, "answered": 0, "failed": 0, "connections": 0}
        self.overlay = Overlay(running.ws_url(), running.token("display"), "latency", self._on_applied)

    async def run(self) -> None:
        following = asyncio.create_task(self.overlay.run())
        await asyncio.wait_for(self.overlay.live.wait(), SETTLE_S)
        gc.disable()  # a garbage collection would count as a delay of events
        self.start_s = time.monotonic() + 0.2
        async with asyncio.TaskGroup() as posts:
            for at_s, lines in self._plan:
                await until(self.start_s + at_s, self._precise)
                self._late.add(time.monotonic() - self.start_s - at_s)
                posts.create_task(self._post(b"\n".join(lines) + b"\n"))
        await asyncio.sleep(1.0)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    async def _post(self, body: bytes) -> None:
        self.counts["bodies"] += 1
        head = f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._idle:
                    streams = self._idle.pop()
                else:
                    streams = await asyncio.open_connection("127.0.0.1", self._port)
                    self.counts["connections"] += 1
                status = await exchange(*streams, head + body)
        except (OSError, TimeoutError, EOFError, ValueError):
            self.counts["failed"] += 1
            return
        self.counts["answered"] += status == 200
        self._idle.append(streams)

    def _on_applied(self, event: Applied) -> None:
        self.arrivals.append((event.at_s, event))

    def intended_of(self, event: Applied) -> float | None:
        """Return when the newest line of the event was due, None without one."""
        return self._intended_s.get(event.payload["victim"]["name"]) if event.type in ("kill", "hit") else None

    def results(self) -> dict[str, Any]:
        """Return the delays of kills and of best-effort events, and the stages of kills."""
        critical, rest = Times(), Times()
        stages = {name: Times() for name in ("accept", "normalize", "queue", "commit_and_frame", "deliver")}
        wall_s = time.time() - time.monotonic()
        for at_s, event in self.arrivals:
            intended_s = self.intended_of(event)
            if intended_s is None or intended_s < WARM_UP_S:
                continue
            intended_s += self.start_s
            (critical if event.position else rest).add(at_s - intended_s)
            if event.position:
                marks = [(intended_s + wall_s) * 1000, *event.stamps_ms, event.tick_ts_ms, event.wall_ms]
                for times, (begin_ms, end_ms) in zip(stages.values(), pairwise(marks), strict=True):
                    times.add((end_ms - begin_ms) / 1000)
        return {
            "critical_ms": critical.summary_ms(),
            "rest_ms": rest.summary_ms(),
            "posted_late_ms": self._late.summary_ms(),
            "stages_ms": {name: times.summary_ms() for name, times in stages.items()},
        }

    def counters(self) -> dict[str, Any]:
        applied = [event for _, event in self.arrivals]
        return self.counts | self.overlay.counts | {
            "kills_posted": sum(name.startswith("k") for name in self._intended_s),
            "kills_received": sum(event.type == "kill" for event in applied),
            "hits_posted": sum(name.startswith("h") for name in self._intended_s),
            "hits_received": sum(event.type == "hit" for event in applied),
            "hits_received_with_merged": sum(event.merged for event in applied if event.type == "hit"),
        }  # fmt: skip


def _name_of(line: bytes) -> str:
    """Return the victim's name."""
    return line.split(b'"')[3].partition(b"<")[0].decode()


@click.command()
@click.option("--load", type=click.Choice(["idle", "busy", "both"]), default="both", show_default=True)
@click.option("--seconds", type=float, default=30.0, show_default=True)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Passed to the pipeline.")
def main(load: str, seconds: float, overrides: tuple[str, ...]) -> None:
    """Measure ingest → socket."""
    for kind, make in (("idle", idle_plan), ("busy", busy_plan)):
        if load not in (kind, "both"):
            continue
        with pipeline(overrides) as running:
            run = Run(running, make(WARM_UP_S + seconds), precise=kind == "idle")
            asyncio.run(run.run())
        settings = {"load": kind, "seconds": seconds, "overrides": list(overrides)}
        report(f"latency.{kind}", settings, run.results(), run.counters())


if __name__ == "__main__":
    main()
