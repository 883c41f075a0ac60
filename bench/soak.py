"""Does the overlay grow while it runs for long?

    python -m bench.soak [--minutes 30] [--query worker=1]

The page as in overlay.py, with 300 events/s: 30 kills, 260 hits, 10 chat messages. Each minute, after a garbage
collection of the main thread: its heap, its nodes and event listeners, the resident memory of the page's process with
all its threads, and what the page says of itself. `per_10_min` is the growth by linear regression, without the first
sixth.
"""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

import click
import psutil
from playwright.sync_api import CDPSession, Page, sync_playwright

from actors.core.contract.event import Event
from bench._browser import ARGUMENTS, chromium, renderers, wait_live
from bench._harness import report
from tests.web.gate import Gate

TICK_S: Final = 0.1
EVERY_S: Final = 60.0
MIB: Final = 1 << 20
COUNTS: Final = {"heap_mib": "JSHeapUsedSize", "nodes": "Nodes", "listeners": "JSEventListeners"}


def tick(gate: Gate, number: int) -> list[Event]:
    """Return the events of one tick of 10 Hz."""
    events = []
    for place in range(3):
        attacker = {"id": f"a{(number + place) % 20}", "name": f"Player{(number + place) % 20}", "team": "CT"}
        victim = {"id": f"v{number % 10}", "name": f"Victim{number % 10}", "team": "TERRORIST"}
        events.append(gate.event("kill", {"attacker": attacker, "victim": victim, "weapon": "ak47"}))
    hit = {"attacker": attacker, "victim": victim, "hitgroup": "chest"}
    events += [gate.event("hit", hit, coalesce_key=f"hit:{place}") for place in range(26)]
    return [*events, gate.event("chat", {"user": f"viewer{number % 50}", "text": "clean " * (1 + number % 5)})]


def sample(page: Page, session: CDPSession, renderer: psutil.Process) -> dict[str, Any]:
    """Return the present size of the page."""
    session.send("HeapProfiler.collectGarbage")
    metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    status = page.evaluate("framewire.status()")
    sizes = {name: metrics[key] for name, key in COUNTS.items()} | {"rss_mib": renderer.memory_info().rss / MIB}
    sizes["heap_mib"] /= MIB
    told = {
        key: status[key] for key in ("thread", "fps", "latency_p50_ms", "latency_p95_ms", "queue", "dropped", "drawn")
    }
    return sizes | told | {"level": status["quality"]["level"], "problems": len(status["problems"])}


def growth(samples: list[dict[str, Any]]) -> dict[str, float]:
    """Return the growth of every size per ten minutes."""
    minutes = list(range(len(samples)))
    return {
        name: round(10 * statistics.linear_regression(minutes, [one[name] for one in samples]).slope, 3)
        for name in (*COUNTS, "rss_mib")
    }


def run(page: Page, gate: Gate, minutes: float) -> list[dict[str, Any]]:
    """Send the load; return a sample per minute."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    renderer = max(renderers(), key=lambda process: process.memory_info().rss)
    begin_s = time.monotonic()
    samples: list[dict[str, Any]] = []
    number = 0
    while time.monotonic() < begin_s + 60 * minutes:
        gate.send(*tick(gate, number))
        gate.heard.clear()
        number += 1
        if time.monotonic() >= begin_s + EVERY_S * (len(samples) + 1):
            samples.append(sample(page, session, renderer))
            click.echo(samples[-1], err=True)
        page.wait_for_timeout(max(0.0, 1_000 * (begin_s + number * TICK_S - time.monotonic())))
    return samples


@click.command()
@click.option("--minutes", type=click.FloatRange(min=2), default=30.0, show_default=True)
@click.option("--query", default="worker=1", show_default=True, help="Address parameters of the page.")
def main(minutes: float, query: str) -> None:
    """Measure the growth of the page."""
    executable = chromium()
    gate = Gate()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(gate.page(f"motion=full&{query}"))
        wait_live(page)
        samples = run(page, gate, minutes)
        browser.close()
    sent = len(gate.log)
    gate.stop()
    settled = samples[len(samples) // 6 :]
    results = {"first": settled[0], "last": settled[-1], "per_10_min": growth(settled), "critical_sent": sent}
    report("soak", {"minutes": minutes, "query": query, "per_s": {"kill": 30, "hit": 260, "chat": 10}}, results)


if __name__ == "__main__":
    main()
