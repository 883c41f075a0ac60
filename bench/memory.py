"""Does a process of the pipeline grow under load?

    python -m bench.memory [--minutes 60] [--rate 2000] [--critical 200]

Log lines, some of them kills, are posted over one connection in 50 bodies per second. One overlay is connected, and
the guardian runs. The memory of every process is measured idle, after one minute, and then every ten minutes:

pss_mb   a page that n processes share counts 1/n; other Python programs share pages, too, so it falls when they run
uss_mb   pages that no other process shares: what grows is here

`behind_s` is the longest delay of a body: it must be small.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any, Final

import click
import psutil

from bench import traffic
from bench._harness import report, until
from bench._overlay import Applied, Overlay
from bench._server import exchange
from bench.pipeline import Pipeline, compile_modules, pipeline

BODIES_HZ: Final = 50
MAX_TOGETHER: Final = 10  # bodies in one
IDLE_S: Final = 60.0
FIRST_MIN: Final = 1.0
EVERY_MIN: Final = 10.0
MB: Final = 1e6


def bodies(seconds: float, rate: int, critical: int) -> Iterator[tuple[float, bytes]]:
    """Yield (seconds after the start, body)."""
    timed = traffic.lines(seconds, rate, critical)
    for tick, lines in groupby(timed, key=lambda timed_line: int(timed_line[0] * BODIES_HZ)):
        yield tick / BODIES_HZ, b"".join(line + b"\n" for _, line in lines)


def memory(running: Pipeline) -> dict[str, dict[str, float]]:
    """Return `pss_mb` and `uss_mb` of every process, and their sums as `total`."""
    assert running.process is not None
    supervisor = running.supervisor()
    assert supervisor is not None
    processes = {"guardian": psutil.Process(running.process.pid), "supervisor": supervisor, **running.children()}
    found = {name: process.memory_full_info() for name, process in sorted(processes.items())}
    return {
        f"{kind}_mb": {
            "total": round(sum(getattr(one, kind) for one in found.values()) / MB, 1),
            **{name: round(getattr(one, kind) / MB, 2) for name, one in found.items()},
        }
        for kind in ("pss", "uss")
    }


class Run:
    """One run: the load, what the overlay received, and the samples."""

    def __init__(self, running: Pipeline, minutes: float, rate: int, critical: int) -> None:
        self._running, self._minutes = running, minutes
        self._bodies = bodies(60 * minutes, rate, critical)
        self._received: Counter[str] = Counter()
        self._overlay = Overlay(running.ws_url(), running.token("display"), "memory", self._on_applied)
        self.behind_s = 0.0
        self.lines = self.refused = 0
        self.samples: list[dict[str, Any]] = []

    async def run(self) -> None:
        following = asyncio.create_task(self._overlay.run())
        await asyncio.wait_for(self._overlay.live.wait(), 10.0)
        await asyncio.sleep(IDLE_S)
        self._sample(0.0)
        sampling = asyncio.create_task(self._sample_often())
        await self._post()
        for task in (sampling, following):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._sample(self._minutes)

    def _on_applied(self, event: Applied) -> None:
        self._received[event.type] += event.merged

    def _sample(self, minute: float) -> None:
        self.samples.append({"minute": minute} | memory(self._running))
        click.echo(self.samples[-1], err=True)

    async def _sample_often(self) -> None:
        start_s, minute = time.monotonic(), FIRST_MIN
        while minute < self._minutes:
            await until(start_s + 60 * minute)
            self._sample(minute)
            minute = minute + EVERY_MIN if minute >= EVERY_MIN else EVERY_MIN

    async def _post(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._running.ingest_port)
        start_s = time.monotonic()
        late: list[bytes] = []
        for at_s, body in self._bodies:
            await until(start_s + at_s)
            behind_s = time.monotonic() - start_s - at_s
            self.behind_s = max(self.behind_s, behind_s)
            late.append(body)
            # As a game server does: the bodies that are due are sent together, so that a slow answer delays no others.
            if behind_s < 1 / BODIES_HZ or len(late) == MAX_TOGETHER:
                await self._send(reader, writer, b"".join(late))
                late.clear()
        if late:
            await self._send(reader, writer, b"".join(late))
        writer.close()

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
        head = f"POST /srcds/{self._running.token('ingest')} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}"
        self.refused += await exchange(reader, writer, f"{head}\r\n\r\n".encode() + body) != 200
        self.lines += body.count(b"\n")

    def counters(self) -> dict[str, Any]:
        return {"lines": self.lines, "refused_bodies": self.refused, "behind_s": round(self.behind_s, 3),
                "received": dict(self._received), **self._overlay.counts}  # fmt: skip


@click.command()
@click.option("--minutes", type=click.FloatRange(min=1), default=60.0, show_default=True)
@click.option("--rate", type=int, default=2_000, show_default=True, help="Lines per second.")
@click.option("--critical", type=int, default=200, show_default=True, help="Kills per second among them.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Passed to the pipeline.")
def main(minutes: float, rate: int, critical: int, overrides: tuple[str, ...]) -> None:
    """Measure the memory of every process over time."""
    compile_modules()
    with pipeline(overrides, guarded=True) as running:
        run = Run(running, minutes, rate, critical)
        asyncio.run(run.run())
    settings = {"minutes": minutes, "rate": rate, "critical": critical, "overrides": list(overrides)}
    report("memory", settings, {"samples": run.samples}, run.counters())


if __name__ == "__main__":
    main()
