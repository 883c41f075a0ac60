"""What does one frame of the overlay cost, under a load of kills, hits and chat?

    python -m bench.overlay [--against TREE | --threads] [--seconds 10] [--rounds 3]

The page in Chromium, headless, 1920 × 1080, software rendering, behind the gateway of tests/web: 122 kills/s,
305 hits/s, 10 chat messages/s, in frames of 61 Hz. `script` and `main` are CPU time per rendered frame, in windows
of 0.2 s, to reduce the influence of other processes. `--against` measures the pages of another checkout in alternating
runs; `ratio` is the ratio of the medians, ours divided by theirs.

`full` is the same with 1,200 events/s (120 kills, 1,070 hits, 10 chat messages). `dropped_pct` is the share of frames
that Chromium's compositor dropped, by its own trace; `missed_pct` the share of the page's frames that began more than
1.5 intervals of 60 Hz after the one before. `received_drawn` is the delay of an event from its arrival on the page to
the commit of its frame (the way to the page is in `bench.drawn --load page`), and `renderer_pct` the CPU time of all
threads of the page's process, in percent of a core. `idle_main_ms` is the CPU time of the main thread per interval of
60 Hz after the load. `hop` is the time of a message from the worker to the main thread, `hop_alone` without the part
in which the main thread rendered a frame: what arrives then is drawn in the next frame in any case. `hop_waited_pct`
is the share of such messages. `hop_undrawn` is the hop in a page that draws none of these events.

`--threads` measures the connection of the page in a worker and in the main thread in alternating runs; `ratio` is the
worker's figures divided by those of the main thread.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import msgspec
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from actors.core.contract.event import Event
from actors.gateway import pages
from bench._browser import ARGUMENTS, chromium, renderers, wait_live
from bench._harness import report
from bench.pipeline import ROOT
from tests.web.gate import Gate, now_ms

TICK_S: Final = 1 / 61  # not 60: so the ticks meet every phase of the screen's frames
WINDOW_S: Final = 0.2
WARM_UP_S: Final = 3.0
SETTLE_S: Final = 8.0  # the rows of the load have left
HITS: Final = 5  # per tick: 300 hits/s
FULL_HITS: Final = 18
FRAME_TRACE: Final = "disabled-by-default-devtools.timeline.frame"
LATE_MS: Final = 1.5 * 1_000 / 60
DELAYS: Final = """(begin_ms) => framewire.journal.filter((line) => line.ts_ingest_ms >= begin_ms)
  .map((line) => line.committed_ms - line.received_ms)"""
STAMP: Final = """const send = postMessage;
globalThis.postMessage = (message, transfer) => {
  send({ sent_ms: performance.timeOrigin + performance.now() });
  send(message, transfer);
};
"""
NOTE_STAMPS: Final = """(() => {
  const hops = (globalThis.hops = []);
  const now = () => performance.timeOrigin + performance.now();
  let rendered_ms = 0; // the end of the last frame: a message of this channel is taken after it
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => (rendered_ms = now());
  const frame = () => {
    port2.postMessage(null);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const Plain = Worker;
  globalThis.Worker = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (event.data.sent_ms === undefined) return;
        const [at_ms, { sent_ms }] = [now(), event.data];
        hops.push([at_ms - sent_ms, at_ms - Math.max(sent_ms, rendered_ms)]);
        event.stopImmediatePropagation();
      });
    }
  };
})();"""
PARTS: Final = {
    "script": "ScriptDuration",
    "main": "TaskDuration",
    "style": "RecalcStyleDuration",
    "layout": "LayoutDuration",
}


def tick(gate: Gate, number: int, hits: int) -> list[Event]:
    """Return the events of one tick of 60 Hz."""
    events = []
    for _ in range(2):
        gate.made += 1
        attacker = {"id": f"a{gate.made % 20}", "name": f"Player{gate.made % 20}", "team": "CT"}
        victim = {"id": f"v{gate.made}", "name": f"Victim{gate.made}", "team": "TERRORIST"}
        kill = {"attacker": attacker, "victim": victim, "weapon": "ak47", "headshot": gate.made % 3 == 0}
        events.append(gate.event("kill", kill))
    events += [
        gate.event("hit", {"attacker": attacker, "victim": victim, "hitgroup": "chest"}, coalesce_key=f"hit:{n}")
        for n in range(hits)
    ]
    if number % 6 == 0:
        events.append(
            gate.event("chat", {"user": f"viewer{number % 50}", "text": "that was clean " * (1 + number % 4)})
        )
    return events


def sample(session: CDPSession, page: Page) -> dict[str, float]:
    """Return the seconds of every part and the frames so far."""
    metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    return {part: metrics[name] for part, name in PARTS.items()} | {
        "frames": page.evaluate("framewire.status().frames")
    }


def storm(gate: Gate, session: CDPSession, page: Page, seconds: float, hits: int = HITS) -> list[dict[str, float]]:
    """Send the load for `seconds`; return the cost per frame of each window, in ms."""
    begin_s = time.monotonic()
    windows, before, number = [], sample(session, page), 0
    next_s = begin_s + WINDOW_S
    while time.monotonic() < begin_s + seconds:
        gate.send(*tick(gate, number, hits))
        number += 1
        if time.monotonic() >= next_s:
            now = sample(session, page)
            frames = now["frames"] - before["frames"]
            if frames > 0:
                windows.append(
                    {part: 1_000 * (now[part] - before[part]) / frames for part in PARTS} | {"frames": frames}
                )
            before, next_s = now, next_s + WINDOW_S
        time.sleep(max(0.0, begin_s + number * TICK_S - time.monotonic()))
    return windows


def full(browser: Browser, gate: Gate, session: CDPSession, page: Page, seconds: float) -> dict[str, float]:
    """Return the share of dropped and of missed frames at 1,200 events/s."""
    page.evaluate(
        """() => { const begun = globalThis.begun = [];
          const note = (t) => { if (globalThis.begun === begun) { begun.push(t); requestAnimationFrame(note); } };
          requestAnimationFrame(note); }"""
    )
    browser.start_tracing(page=page, categories=[FRAME_TRACE])
    begin_ms, cpu_s = now_ms(), renderer_s()
    windows = storm(gate, session, page, seconds, FULL_HITS)
    cpu_s = renderer_s() - cpu_s
    received = page.evaluate(DELAYS, begin_ms)
    trace = msgspec.json.decode(browser.stop_tracing())["traceEvents"]
    begun = page.evaluate("() => { const { begun } = globalThis; globalThis.begun = null; return begun; }")
    gaps = [after - before for before, after in pairwise(begun)]
    names = [entry["name"] for entry in trace]
    drawn, dropped = names.count("DrawFrame"), names.count("DroppedFrame")
    return {
        "drawn": drawn,
        "dropped_pct": round(100 * dropped / max(1, drawn + dropped), 2),
        "missed_pct": round(100 * sum(gap > LATE_MS for gap in gaps) / max(1, len(gaps)), 2),
        "interval_mean_ms": round(statistics.mean(gaps), 2),
        "main_p50_ms": spread([window["main"] for window in windows])["p50"],
        "script_p50_ms": spread([window["script"] for window in windows])["p50"],
        "received_drawn_p50_ms": spread(received)["p50"],
        "received_drawn_p95_ms": round(statistics.quantiles(received, n=20)[-1], 3),
        "renderer_pct": round(100 * cpu_s / seconds, 1),
    }


def idle_main_ms(session: CDPSession, page: Page, seconds: float) -> float:
    """Return the CPU time of the main thread per interval of 60 Hz, without events."""
    page.wait_for_timeout(SETTLE_S * 1_000)
    before = sample(session, page)
    page.wait_for_timeout(seconds * 1_000)
    return round(1_000 * (sample(session, page)["main"] - before["main"]) / (60 * seconds), 3)


def hop(browser: Browser, tree: Path, seconds: float) -> dict[str, float]:
    """Return how long a message takes from the worker to the main thread at 1,200 events/s.

    `tree` is a checkout whose worker sends the present time before each message.
    """
    whole, alone = hop_times(browser, tree, "", seconds)
    idle, _ = hop_times(browser, tree, "&widgets=crosshair", seconds)
    return {
        "hop_p50_ms": spread(whole)["p50"],
        "hop_p95_ms": round(statistics.quantiles(whole, n=20)[-1], 3),
        "hop_alone_p50_ms": spread(alone)["p50"],
        "hop_alone_p95_ms": round(statistics.quantiles(alone, n=20)[-1], 3),
        "hop_waited_pct": round(
            100 * sum(one > other for one, other in zip(whole, alone, strict=True)) / len(whole), 1
        ),
        "hop_undrawn_p50_ms": spread(idle)["p50"],
        "hop_undrawn_p95_ms": round(statistics.quantiles(idle, n=20)[-1], 3),
    }


def hop_times(browser: Browser, tree: Path, query: str, seconds: float) -> tuple[Sequence[float], Sequence[float]]:
    """Return the times of all messages from the worker, and the same without what a frame took that was rendered."""
    with shown(browser, tree, f"&worker=1{query}", NOTE_STAMPS) as (gate, session, page):
        storm(gate, session, page, seconds, FULL_HITS)
        whole, alone = zip(*page.evaluate("globalThis.hops"), strict=True)
    return whole, alone


def stamping(copy: Path) -> Path:
    """Make a copy of the pages whose worker sends the present time before each message."""
    shutil.copytree(ROOT / "web_overlay", copy / "web_overlay")
    worker = copy / "web_overlay" / "js" / "worker.mjs"
    worker.write_text(STAMP + worker.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def renderer_s() -> float:
    """Return the CPU time of all renderers of the browser, which show no other page."""
    times = [process.cpu_times() for process in renderers()]
    return sum(each.user + each.system for each in times)


@contextmanager
def shown(browser: Browser, tree: Path, query: str, script: str = "") -> Iterator[tuple[Gate, CDPSession, Page]]:
    """Show the pages of `tree` behind a gateway, after `script`."""
    pages.WEB_ROOT = tree / "web_overlay"  # type: ignore[misc]
    gate = Gate()
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    try:
        page.add_init_script(script)
        page.goto(gate.page(f"motion=full&journal=1{query}"))
        wait_live(page)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        yield gate, session, page
    finally:
        page.close()
        gate.stop()
        pages.WEB_ROOT = ROOT / "web_overlay"  # type: ignore[misc]


def measure(browser: Browser, tree: Path, query: str, seconds: float) -> dict[str, Any]:
    """Return percentiles of one run of the pages of `tree`."""
    with shown(browser, tree, query) as (gate, session, page):
        storm(gate, session, page, WARM_UP_S)
        windows = storm(gate, session, page, seconds)
        busy = full(browser, gate, session, page, seconds)
        busy["idle_main_ms"] = idle_main_ms(session, page, seconds)
    found: dict[str, Any] = {part: spread([window[part] for window in windows]) for part in PARTS}
    return found | {"fps": round(sum(window["frames"] for window in windows) / seconds, 1), "full": busy}


def spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    at = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)  # noqa: E731
    return {"p50": at(0.5), "p99": at(0.99), "max": round(ordered[-1], 3)}


def median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of the runs for every figure."""
    return {
        key: median([run[key] for run in runs])
        if isinstance(value, dict)
        else statistics.median(run[key] for run in runs)
        for key, value in runs[0].items()
    }


@click.command()
@click.option("--against", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another checkout.")
@click.option("--threads", is_flag=True, help="Compare a worker with the main thread.")
@click.option("--seconds", type=float, default=10.0, show_default=True)
@click.option("--rounds", type=int, default=3, show_default=True)
def main(against: Path | None, threads: bool, seconds: float, rounds: int) -> None:
    """Measure the cost of a frame."""
    executable = chromium()
    variants = {"ours": (ROOT, "")}
    if against is not None:
        variants["theirs"] = (against.resolve(), "")
    elif threads:
        variants = {"worker": (ROOT, "&worker=1"), "main": (ROOT, "&worker=0")}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in variants}
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        for _ in range(rounds):
            for name, (tree, query) in variants.items():
                runs[name].append(measure(browser, tree, query, seconds))
        stamped = stamping(Path(folder))
        hops = [hop(browser, stamped, seconds) for _ in range(rounds)]
        version = browser.version
        browser.close()
    results: dict[str, Any] = {name: median(each) for name, each in runs.items()}
    results |= median(hops)
    if len(variants) > 1:
        first, second = (results[name] for name in variants)
        results["ratio"] = {part: round(first[part]["p50"] / second[part]["p50"], 2) for part in PARTS}
    load = {"seconds": seconds, "rounds": rounds, "per_s": {"kill": 122, "hit": 305, "chat": 10}}
    report("overlay", load | {"chromium": version}, results)


if __name__ == "__main__":
    main()
