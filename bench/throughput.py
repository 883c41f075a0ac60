"""How many events a second can one normalizer and one queue-manager process, from a producer to frames?

    python -m bench.throughput [--events 300000]

A separate producer process (the product's trace replay, as fast as the pipeline accepts) sends generated messages; an
overlay of the benchmark counts the events in frames. Five loads, one line each:

    hits       log lines → cosmetic events, which coalesce by attacker
    heals      generic events → cosmetic events
    customs    generic events → normal events, which are not merged
    kills      log lines → critical events, each on disk twice before it is shown
    follows    generic events → critical events

`events_per_s` counts a merged event as the number of events that it represents, from the first to the last arrival;
`frame_events_per_s` counts it once. The ledger has the outcome of the other events.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click
import msgpack
import msgspec
import psutil

from actors.core.contract.event import Submission
from bench import traffic
from bench._harness import report
from bench._overlay import Applied, Overlay
from bench.pipeline import ROOT, Pipeline, pipeline

QUIET_S: Final = 2.0  # without an arrival for this time the run ends
LIMIT_S: Final = 180.0
REPLAY: Final = """
import asyncio, sys
from pathlib import Path
from actors import config, logs
from actors.producers import trace
run_dir = Path(sys.argv[1])
logs.start(None, terminal=True)
messages = trace.read(Path(sys.argv[2]))
print(trace.main(config.of_run_dir(run_dir), run_dir, messages, None, lambda done, total: None))
"""

Message = tuple[str, bytes]


def hits(count: int) -> Iterator[Message]:
    for number in range(count):
        yield "srcds", traffic.hit(number, number / 1000)


def kills(count: int) -> Iterator[Message]:
    for number in range(count):
        yield "srcds", traffic.kill(number, number / 1000)


def customs(count: int) -> Iterator[Message]:
    for number in range(count):
        yield "event", _submission("custom", {"name": "n", "data": {"n": number}})


def heals(count: int) -> Iterator[Message]:
    for number in range(count):
        yield "event", _submission("heal", {"player": {"id": f"p{number % 20}", "name": "p"}, "amount": number})


def follows(count: int) -> Iterator[Message]:
    for number in range(count):
        yield "event", _submission("follow", {"user": f"user{number}"})


def _submission(type_: str, payload: dict[str, Any]) -> bytes:
    return msgspec.msgpack.encode(Submission(type_, msgspec.Raw(msgspec.msgpack.encode(payload))))


# name: (messages, their type, the share of --events)
QUESTIONS: Final[dict[str, tuple[Callable[[int], Iterator[Message]], str, float]]] = {
    "hits": (hits, "hit", 1.0),
    "heals": (heals, "heal", 1.0),
    "customs": (customs, "custom", 1.0),
    "kills": (kills, "kill", 0.2),
    "follows": (follows, "follow", 0.2),
}


class Counter:
    """Counts arrivals of one type."""

    def __init__(self, type_: str) -> None:
        self._type = type_
        self.distinct = self.merged = 0
        self.first_s = self.last_s = 0.0

    def add(self, event: Applied) -> None:
        if event.type == self._type:
            self.first_s = self.first_s or event.at_s
            self.last_s = event.at_s
            self.distinct += 1
            self.merged += event.merged


async def measure(running: Pipeline, type_: str, file: Path) -> tuple[Counter, dict[str, Any], dict[str, float], str]:
    """Return the arrivals, the overlay's counters, and the CPU use of every process."""
    counter = Counter(type_)
    overlay = Overlay(running.ws_url(), running.token("display"), "throughput", counter.add)
    following = asyncio.create_task(overlay.run())
    await asyncio.wait_for(overlay.live.wait(), 10.0)
    processes = running.children()
    cpu_s = {name: -_cpu_s(process) for name, process in processes.items()}
    command = [sys.executable, "-c", REPLAY, str(running.run_dir), str(file)]
    producer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        deadline_s = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline_s:
            await asyncio.sleep(0.1)
            if producer.poll() is not None and time.monotonic() - counter.last_s > QUIET_S:
                break
    finally:
        producer.kill()
        said, _ = producer.communicate()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    busy = {name: round(cpu_s[name] + _cpu_s(process), 2) for name, process in processes.items()}
    return counter, overlay.counts, busy, said.strip()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def ask(name: str, events: int) -> None:
    """Measure one load and print its line."""
    make, type_, share = QUESTIONS[name]
    count = int(events * share)
    with pipeline() as running:
        file = running.run_dir / "bench.msgpack"
        with file.open("wb") as out:
            for kind, body in make(count):
                out.write(msgpack.packb({"t_ms": 0.0, "source": "bench", "kind": kind, "raw": body}))
        counter, counts, busy_s, said = asyncio.run(measure(running, type_, file))
        ledger = running.gateway_status()["ledger"]
    seconds = max(1e-9, counter.last_s - counter.first_s)
    results = {
        "events_per_s": round(counter.merged / seconds),
        "frame_events_per_s": round(counter.distinct / seconds),
        "seconds": round(seconds, 2),
        "cpu_s": busy_s,
    }
    counters = {
        "sent": count, "arrived": counter.merged, "arrived_in_frames": counter.distinct, "producer": said,
        "overlay": counts, "ledger": ledger,
    }  # fmt: skip
    report(f"throughput.{name}", {"events": count}, results, counters)


@click.command()
@click.option("--events", type=int, default=300_000, show_default=True)
@click.option("--only", type=click.Choice(list(QUESTIONS)))
def main(events: int, only: str | None) -> None:
    """Measure producer → frames."""
    for name in QUESTIONS:
        if only in (None, name):
            ask(name, events)


if __name__ == "__main__":
    main()
