"""Checks whether a pipeline whose processes are killed loses, repeats or reorders critical events.

    python -m bench.rehearsal --srcds FILE --speed 20 --kill-every 2 [--browser] [--seed N] [--repeat N] --json

Starts the real product in its own directory, posts a game server's log to it like a server (_server.py), and kills a
random process, including the supervisor, with SIGKILL every few seconds. It keeps its own records (books.py): lines
that were answered with 200, the events that its own overlay applied (_overlay.py), the final content of log.db, and
with --browser the journal of the product's overlay page in Chromium.

Lines of one second are posted in one burst, which is harder than an even distribution (--rhythm spread). The rehearsal
replaces the service manager: it restarts the supervisor 0.1 s after a kill.

latency   from the time at which a critical line was due (open loop) until it was received or rendered
rendered  from ingest to rendering, by the journal of the page; its receipts report the last 512 of these times
stall     the longest delay that a kill caused for a critical line (books.stalls)

Exit code 0: at least one line was accepted, no event was lost, duplicated or reordered, and all accepted events were
received, and rendered with --browser. Otherwise 1.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

import click
import msgpack
import psutil
from playwright.async_api import Error as BrowserError
from playwright.async_api import Page

from actors.adapters import srcds
from bench import books
from bench._browser import journal, overlay_page
from bench._harness import RESTART_S, Times, report, until
from bench._overlay import Applied, Overlay
from bench._server import LATE_S, GameServer
from bench.books import Flow, Kill, Line, Sighting, Verdict
from bench.pipeline import Pipeline, compile_modules

SETTLE_S: Final = 20.0  # after the last line: the time for events in flight
ALIVE_S: Final = 10.0  # how long a kill waits for its victim to run
POLL_S: Final = 0.02
WRONG: Final = ("lost", "duplicated", "reordered", "strange", "refused_lines")  # all of these must be empty


class Killer:
    """Kills a random process every `every_s`, and restarts the supervisor like a service manager."""

    def __init__(self, running: Pipeline, every_s: float, seed: int) -> None:
        self._running, self._every_s = running, every_s
        self._random = random.Random(seed)
        self.names = ["supervisor", *sorted(running.children())]
        self.kills: list[Kill] = []
        self.missed = 0

    async def run(self) -> None:
        """Kill until cancelled."""
        begin_s = time.monotonic()
        turn = 0
        while True:
            turn += 1
            await until(begin_s + turn * self._every_s)
            await self._kill(self._random.choice(self.names))

    async def _kill(self, name: str) -> None:
        """Kill `name` as soon as it runs."""
        deadline_s = time.monotonic() + ALIVE_S
        while (victim := self._find(name)) is None:
            if time.monotonic() > deadline_s:
                self.missed += 1
                return
            await asyncio.sleep(POLL_S)
        with suppress(psutil.NoSuchProcess):
            victim.kill()
            self.kills.append(Kill(name, time.monotonic()))
        if name == "supervisor" and not self._running.guarded:
            await self._start_again()

    def _find(self, name: str) -> psutil.Process | None:
        return self._running.supervisor() if name == "supervisor" else self._running.children().get(name)

    async def _start_again(self) -> None:
        assert self._running.process is not None
        while self._running.process.poll() is None:
            await asyncio.sleep(POLL_S / 4)
        await asyncio.sleep(RESTART_S)
        self._running.start()

    async def mind(self) -> None:
        """Until cancelled, restart a supervisor that exited, and count this fault."""
        while True:
            process = self._running.process
            if process is not None and process.poll() is not None and process.returncode >= 0:
                self.missed += 1
                await self._start_again()
            await asyncio.sleep(POLL_S * 5)


class Rehearsal:
    """One run."""

    def __init__(
        self, running: Pipeline, bodies: Sequence[bytes], due_s: Sequence[float], late_s: float = LATE_S
    ) -> None:
        self.running = running
        self.lines = [line for number, body in enumerate(bodies) if (line := books.read_line(number, body))]
        self._due_s = due_s
        self.accepted_s: dict[int, float] = {}
        self.received: list[Sighting] = []
        self.received_rest = 0
        self.server = GameServer(running.ingest_port, running.token("ingest"), bodies, due_s, self._on_accepted, late_s)
        self.overlay = Overlay(running.ws_url(), running.token("display"), "rehearsal", self._on_applied)
        self.page: Page | None = None
        self.drawn: list[Sighting] | None = None
        self.rendered: dict[str, list[float]] = {}

    def _on_accepted(self, number: int) -> None:
        self.accepted_s[number] = time.monotonic()

    def _on_applied(self, event: Applied) -> None:
        if event.category != "critical":
            self.received_rest += event.merged
            return
        key = books.key_of(event.type, event.ts_source_ms, event.payload)
        self.received.append(Sighting(event.id, event.position, key, event.at_s))

    @property
    def expected(self) -> list[Line]:
        """The critical lines that were accepted and must become an event."""
        return [line for line in self.lines if line.key is not None and line.number in self.accepted_s]

    async def run(self, kill_every_s: float, seed: int, browser: bool) -> Killer:
        """Post all lines under kills; return when no event is in flight."""
        async with AsyncExitStack() as stack:
            following = asyncio.create_task(self.overlay.run())
            stack.callback(following.cancel)
            await asyncio.wait_for(self.overlay.live.wait(), SETTLE_S)
            if browser:
                self.page = await stack.enter_async_context(overlay_page(self.running, "rehearsal-page"))
                await self._page_is_live()
            killer = Killer(self.running, kill_every_s, seed)
            tasks = [asyncio.create_task(killer.mind())]
            if kill_every_s:
                tasks.append(asyncio.create_task(killer.run()))
            try:
                await self.server.run()
            finally:
                await stop_all(tasks)
            await self._settle()
            return killer

    async def _page_is_live(self) -> None:
        async with asyncio.timeout(SETTLE_S):
            while True:
                status = await asyncio.to_thread(self.running.gateway_status)
                if any(client["overlay_id"] == "rehearsal-page" and client["state"] == "live"
                       for client in status["clients"]):  # fmt: skip
                    return
                await asyncio.sleep(POLL_S)

    async def _settle(self) -> None:
        """Wait until all expected events are received and rendered, or there is no progress."""
        process = self.running.process
        if process is None or process.poll() is not None:
            self.running.start()
        deadline_s = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline_s:
            await asyncio.sleep(0.2)
            if self.page is not None:
                self.drawn = await self._drawn(self.page)
            seen = [self.received] + ([self.drawn] if self.drawn is not None else [])
            counts = [sum(not sighting.derived for sighting in sightings) for sightings in seen]
            if min(counts) >= len(self.expected):
                await asyncio.sleep(1.0)  # for a duplicate that would come
                break
        if self.page is not None:
            self.drawn = await self._drawn(self.page)

    async def _drawn(self, page: Page) -> list[Sighting]:
        """Return the page's journal; its lines have no payload, so their keys are looked up by id (see `result`)."""
        to_monotonic_s = time.monotonic() - time.time()
        try:
            lines = await journal(page)
        except BrowserError:
            return self.drawn or []
        self.rendered = {"critical": [], "rest": []}
        for line in lines:
            if not line["replay"]:
                kind = "critical" if line["position"] else "rest"
                self.rendered[kind].append((line["committed_ms"] - line["ts_ingest_ms"]) / 1000)
        return [
            Sighting(line["id"], line["position"], (), line["committed_ms"] / 1000 + to_monotonic_s)
            for line in lines
            if line["position"]
        ]

    def result(self, killer: Killer) -> dict[str, Any]:
        """Return the books as one flat table."""
        logged = read_log(self.running.run_dir / "log.db")
        keys = {sighting.id: sighting.key for sighting in logged}
        accepted = set(self.accepted_s)
        places = {"log": logged, "received": self.received}
        if self.drawn is not None:
            places["drawn"] = [seen._replace(key=keys.get(seen.id, ("unknown",))) for seen in self.drawn]
        verdicts = {place: books.judge(self.lines, accepted, seen) for place, seen in places.items()}
        unseen = {place: books.not_shown(logged, seen) for place, seen in places.items()}
        flows = self._flows(verdicts["received"])
        stalls = books.stalls(killer.kills, flows)
        return {
            "lines": len(self._due_s),
            "critical_lines": len(self.lines),
            "accepted": len(self.expected),
            "logged": len(verdicts["log"].arrived),
            "received": len(verdicts["received"].arrived),
            "drawn": len(verdicts["drawn"].arrived) if self.drawn is not None else None,
            "derived": verdicts["log"].derived,
            "received_rest": self.received_rest,
            "lost": len({number for verdict in verdicts.values() for number in verdict.lost})
            + len({id_ for ids in unseen.values() for id_ in ids if "+" in id_}),
            "duplicated": sum(len(verdict.duplicated) for verdict in verdicts.values()),
            "reordered": sum(len(verdict.reordered) for verdict in verdicts.values()),
            "strange": sum(len(verdict.strange) for verdict in verdicts.values()),
            "refused_lines": self.server.counts["refused_lines"],
            "quarantined": read_count(self.running.run_dir / "log.db", "quarantine"),
            "expected_quarantined": sum(line.rejected for line in self.lines if line.number in accepted),
            "kills": dict(Counter(kill.name for kill in killer.kills)),
            "kills_total": len(killer.kills),
            "kills_missed": killer.missed,
            "kills_met": len(stalls),
            "stall_ms": times(seconds for _, seconds in stalls),
            "stall_p50_ms_by_name": medians(stalls),
            "stall_max_ms_by_name": worst(stalls),
            "received_ms": times(flow.seen_s - flow.intended_s for flow in flows),
            "drawn_ms": times(flow.seen_s - flow.intended_s for flow in self._flows(verdicts["drawn"]))
            if "drawn" in verdicts else None,
            "rendered_ms": {kind: times(delays_s) for kind, delays_s in self.rendered.items()},
            "details": {place: details(verdict) for place, verdict in verdicts.items()},
        }  # fmt: skip

    def _flows(self, verdict: Verdict) -> list[Flow]:
        return [Flow(self.server.start_s + self._due_s[number], seen_s) for number, seen_s in verdict.arrived.items()]


def details(verdict: Verdict) -> dict[str, Any]:
    """Return the first few of everything that should not be."""
    return {
        "lost_lines": verdict.lost[:20],
        "duplicated": verdict.duplicated[:20],
        "reordered": verdict.reordered[:20],
        "strange": verdict.strange[:20],
    }


def times(seconds: Any) -> dict[str, float]:
    histogram = Times()
    for value in seconds:
        histogram.add(value)
    return histogram.summary_ms()


def medians(stalls: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the median stall of every name, in milliseconds."""
    names = sorted({name for name, _ in stalls})
    return {name: round(median(one_s for one, one_s in stalls if one == name) * 1000, 1) for name in names}


def worst(stalls: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the longest stall of every name, in milliseconds."""
    found: dict[str, float] = {}
    for name, seconds in stalls:
        found[name] = max(found.get(name, 0.0), round(seconds * 1000, 1))
    return dict(sorted(found.items()))


def read_log(path: Path) -> list[Sighting]:
    """Return all critical events of the log, in order, read without code of the product."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT position, id, body FROM events ORDER BY rowid").fetchall()
    found = []
    for position, id_, body in rows:
        event = msgpack.unpackb(body)
        found.append(Sighting(id_, position, books.key_of(event["y"], event.get("s"), event["b"])))
    return found


def read_count(path: Path, table: str) -> int:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def stop_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def passed(result: dict[str, Any]) -> bool:
    """Whether all accepted events arrived without a fault."""
    shown = result["received"] if result["drawn"] is None else result["drawn"]
    return bool(
        not any(result[name] for name in WRONG)
        and result["accepted"] > 0
        and result["accepted"] == result["logged"] == result["received"] == shown
        and result["quarantined"] == result["expected_quarantined"]
    )


def summary(result: dict[str, Any]) -> str:
    """Return a result as text."""
    kills = ", ".join(f"{name} {count}" for name, count in sorted(result["kills"].items())) or "none"
    lines = [
        f"{'PASSED' if result['passed'] else 'FAILED'}  seed {result['seed']}, {result['duration_s']} s",
        f"  lines {result['lines']}, critical {result['critical_lines']}, derived {result['derived']}",
        f"  accepted {result['accepted']} = logged {result['logged']} = received {result['received']}"
        + (f" = drawn {result['drawn']}" if result["drawn"] is not None else ""),
        "  " + ", ".join(f"{name} {result[name]}" for name in WRONG),
        f"  kills {result['kills_total']}: {kills}; met by a critical line: {result['kills_met']}",
        f"  stall ms        {spread(result['stall_ms'])}  worst {result['stall_max_ms_by_name']}",
        f"  to received ms  {spread(result['received_ms'])}",
    ]
    if result["drawn_ms"]:
        lines.append(f"  to drawn ms     {spread(result['drawn_ms'])}")
    if not result["passed"]:
        lines.append(f"  details {json.dumps(result['details'])}")
    return "\n".join(lines)


def spread(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {figures[name]:g}" for name in ("p50", "p99", "max") if name in figures) or "none"


def rehearse(
    bodies: Sequence[bytes], due_s: Sequence[float], kill_every_s: float, seed: int, browser: bool,
    overrides: Sequence[str], keep: bool, guarded: bool = False, late_s: float = LATE_S,
) -> dict[str, Any]:  # fmt: skip
    """Run once and return the result; `guarded`: the guardian restarts the supervisor, not the rehearsal."""
    begun_s = time.monotonic()
    running = Pipeline(overrides, keep=keep, guarded=guarded)
    try:
        running.start()
        ready_s = running.wait_ready()
        rehearsal = Rehearsal(running, bodies, due_s, late_s)
        killer = asyncio.run(rehearsal.run(kill_every_s, seed, browser))
        result = rehearsal.result(killer)
    finally:
        stopped_cleanly = running.end()
    result |= {
        "seed": seed,
        "ready_s": round(ready_s, 3),
        "duration_s": round(time.monotonic() - begun_s, 1),
        "stopped_cleanly": stopped_cleanly,
        "server": rehearsal.server.counts,
        "overlay": rehearsal.overlay.counts,
        "passed": passed(result),
    }
    if keep:
        click.echo(f"kept {running.run_dir}", err=True)
    return result


@click.command()
@click.option("--srcds", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
              help="A game server's log.")  # fmt: skip
@click.option("--speed", type=click.FloatRange(0.1), default=20.0, show_default=True, help="Times its own rhythm.")
@click.option("--kill-every", type=click.FloatRange(0), default=2.0, show_default=True, help="Seconds; 0: no kills.")
@click.option("--rhythm", type=click.Choice(["bursts", "spread"]), default="bursts", show_default=True,
              help="Distribution of the lines of one second.")  # fmt: skip
@click.option("--browser", is_flag=True, help="Draw in Chromium too, and read the page's journal.")
@click.option("--seed", type=int, default=1, show_default=True, help="Who is killed; each repetition adds one.")
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Passed on to the pipeline.")
@click.option("--keep", is_flag=True, help="Leave the run directory for reading.")
@click.option("--json", "json_output", is_flag=True, help="One JSON line per run on stdout.")
def main(
    file: Path, speed: float, kill_every: float, rhythm: Literal["bursts", "spread"], browser: bool, seed: int,
    repeat: int, overrides: tuple[str, ...], keep: bool, json_output: bool,
) -> None:  # fmt: skip
    """Post a server's log to a pipeline whose processes are killed, and check the result."""
    compile_modules()
    bodies = read_bodies(file)
    due_s = books.due_seconds(bodies, speed, rhythm)
    settings = {"lines": len(bodies), "speed": speed, "kill_every_s": kill_every, "rhythm": rhythm,
                "browser": browser, "overrides": list(overrides)}  # fmt: skip
    results = []
    for run in range(repeat):
        results.append(rehearse(bodies, due_s, kill_every, seed + run, browser, overrides, keep))
        click.echo(summary(results[-1]), err=True)
        if json_output:
            report("rehearsal", settings, results[-1])
    if repeat > 1:
        good = sum(result["passed"] for result in results)
        kills = sum(result["kills_total"] for result in results)
        click.echo(f"{good} of {repeat} runs passed, {kills} kills in all", err=True)
    sys.exit(0 if all(result["passed"] for result in results) else 1)


def read_bodies(path: Path) -> list[bytes]:
    return srcds.split(path.read_bytes())


if __name__ == "__main__":
    main()
