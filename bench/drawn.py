"""How late is an event on the page, from the time at which it was due until Chromium has rendered it?

    python -m bench.drawn [--seconds 30] [--load idle|page|busy]

The product's overlay page, headless, 1920 × 1080, software rendering, 60 Hz. *Rendered* is the commit of the page's
frame according to its journal, without the delay of compositor and screen. Open loop as in latency.py. `page` is the
load of bench/overlay.py: 1,200 events a second, 120 of them kills.

`tick_to_drawn_ms` is the time from the making of the frame in the queue-manager to its commit on the page, and
`stages_ms` the parts of the way by the journal.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from itertools import pairwise
from typing import Any, Final

import click

from bench._browser import journal, overlay_page
from bench._harness import Times, report
from bench.latency import WARM_UP_S, Run, busy_plan, idle_plan
from bench.pipeline import Pipeline, pipeline

PAGE_RATE: Final = 1_200
PAGE_CRITICAL: Final = 120
MARKS: Final = ("ts_ingest_ms", "tick_ms", "received_ms", "committed_ms")
FRAME_MS: Final = """
new Promise((done) => {
  const at = [];
  const tick = (now) => {
    at.push(now);
    if (at.length < 181) requestAnimationFrame(tick);
    else done((at[180] - at[0]) / 180);
  };
  requestAnimationFrame(tick);
})
"""


async def measure(running: Pipeline, run: Run) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the mean time between frames of the page, and its journal."""
    async with overlay_page(running, "drawn") as page:
        frame_ms = await page.evaluate(FRAME_MS)
        await run.run()
        return {"page_frame_ms": round(frame_ms, 2)}, await journal(page)


def results(run: Run, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return delays to the page of critical and best-effort events."""
    received = {event.id: event for _, event in run.arrivals}
    wall_s = time.time() - time.monotonic()
    critical, rest, ticked = Times(), Times(), Times()
    stages = {name: Times() for name in ("ingest_to_tick", "tick_to_received", "received_to_drawn")}
    for line in lines:
        event = received.get(line["id"])
        intended_s = run.intended_of(event) if event is not None else None
        if intended_s is None or intended_s < WARM_UP_S:
            continue
        delay_s = line["committed_ms"] / 1000 - wall_s - run.start_s - intended_s
        (critical if line["position"] else rest).add(delay_s)
        ticked.add((line["committed_ms"] - line["tick_ms"]) / 1000)
        for times, (begin, end) in zip(stages.values(), pairwise(MARKS), strict=True):
            times.add((line[end] - line[begin]) / 1000)
    return {
        "critical_ms": critical.summary_ms(),
        "rest_ms": rest.summary_ms(),
        "tick_to_drawn_ms": ticked.summary_ms(),
        "stages_ms": {name: times.summary_ms() for name, times in stages.items()},
    }


@click.command()
@click.option("--load", type=click.Choice(["idle", "page", "busy", "all"]), default="idle", show_default=True)
@click.option("--seconds", type=float, default=30.0, show_default=True)
def main(load: str, seconds: float) -> None:
    """Measure ingest → rendered in Chromium."""
    page_plan = partial(busy_plan, rate=PAGE_RATE, critical=PAGE_CRITICAL)
    for kind, make in (("idle", idle_plan), ("page", page_plan), ("busy", busy_plan)):
        if load not in (kind, "all"):
            continue
        with pipeline() as running:
            run = Run(running, make(WARM_UP_S + seconds), precise=kind == "idle")
            page, lines = asyncio.run(measure(running, run))
        counters = run.counters() | page | {"drawn": len(lines)}
        report(f"drawn.{kind}", {"load": kind, "seconds": seconds}, results(run, lines), counters)


if __name__ == "__main__":
    main()
