"""Do 5,000 moves per second delay the critical events of the same source?

    python -m bench.minecraft [--seconds 60] [--players 100] [--moves 5000] [--critical 50]

A server of its own process, that of `load minecraft-100`, sends moves and deaths as events of a Dragonfly plugin host;
the pipeline reads them with the source `minecraft`; an overlay of the benchmark receives frames and packed positions.
A death is measured from the instant at which it was due. `radar_hz` are messages of positions per second, and
`bytes_per_move` is their size with the frame of the WebSocket, for each place in them. `age_ms` is the delay of a
message of positions from its making in the source to the socket of the overlay.
"""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any, Final

import click

from bench._harness import Times, report
from bench._overlay import Applied, Overlay
from bench.pipeline import ROOT, Pipeline, pipeline

SETTLE_S: Final = 10.0
WEBSOCKET_HEAD_BYTES: Final = 4
WARM_UP_S: Final = 2.0


class Run:
    """What the overlay received."""

    def __init__(self, running: Pipeline) -> None:
        self.delay, self.age = Times(), Times()
        self.received: set[str] = set()
        self.twice = 0
        self.messages = self.places = self.bytes = 0
        self.first_s = self.last_s = self.first_death_s = 0.0
        self.overlay = Overlay(
            running.ws_url(), running.token("display"), "minecraft", self._on_applied, on_positions=self._on_positions
        )

    def _on_applied(self, event: Applied) -> None:
        if event.type != "death":
            return
        self.twice += event.id in self.received
        if not self.received:
            self.first_death_s = event.at_s
        self.received.add(event.id)
        if event.at_s - self.first_death_s > WARM_UP_S:
            self.delay.add(event.at_s - float(event.payload["cause"]))

    def _on_positions(self, message: bytes) -> None:
        now_s = time.monotonic()
        self.first_s, self.last_s = self.first_s or now_s, now_s
        self.messages += 1
        self.places += int.from_bytes(message[10:12], "little")
        self.bytes += len(message) + WEBSOCKET_HEAD_BYTES
        self.age.add(max(0.0, time.time() - _stamp_s(message)))


def _stamp_s(message: bytes) -> float:
    return float(struct.unpack_from("<d", message, 2)[0]) / 1000


Memory = list[dict[str, float]]


async def follow(running: Pipeline, host: subprocess.Popen[str], seconds: float) -> tuple[Run, dict[str, Any], Memory]:
    """Receive until the host has sent everything; return the run, the host's counts, memory over time."""
    run = Run(running)
    following = asyncio.create_task(run.overlay.run())
    await asyncio.wait_for(run.overlay.live.wait(), SETTLE_S)
    memory: Memory = []
    print("go", file=host.stdin, flush=True)
    ending = asyncio.get_running_loop().run_in_executor(None, host.stdout.readline)  # type: ignore[union-attr]
    while not ending.done():
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ending), max(2.0, seconds / 20))
        memory.append(_memory_mb(running))
    await asyncio.sleep(1.0)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    return run, json.loads(await ending), memory


def _memory_mb(running: Pipeline) -> dict[str, float]:
    return {name: round(process.memory_info().rss / 1e6, 1) for name, process in running.children().items()}


@click.command()
@click.option("--seconds", type=float, default=60.0, show_default=True)
@click.option("--players", type=int, default=100, show_default=True)
@click.option("--moves", type=float, default=5_000.0, show_default=True)
@click.option("--critical", type=float, default=50.0, show_default=True)
def main(seconds: float, players: int, moves: float, critical: float) -> None:
    """Measure critical events and the radar beside moves."""
    command = [sys.executable, "-m", "bench.peers.dragonfly", str(players), str(moves), str(critical), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        try:
            port = int(host.stdout.readline())  # type: ignore[union-attr]
            sources = ("sources.mc.kind=minecraft", f"sources.mc.address=127.0.0.1:{port}")
            with pipeline(sources) as running:
                run, sent, memory = asyncio.run(follow(running, host, seconds))
                source = next(row for row in running.gateway_status()["sources"] if row["name"] == "mc")
        finally:
            host.kill()
    passed_s = max(1e-9, run.last_s - run.first_s)
    results = {
        "critical_lost": sent["sent"]["player_death"] - len(run.received),
        "critical_twice": run.twice,
        "critical_ms": run.delay.summary_ms(),
        "radar_hz": round(run.messages / passed_s, 1),
        "moves_per_s": round(sent["sent"]["player_move"] * 1000 / sent["ms"]),
        "places_per_s": round(run.places / passed_s),
        "bytes_per_move": round(run.bytes / max(1, run.places), 2),
        "age_ms": run.age.summary_ms(),
        "memory_mb_first": memory[0],
        "memory_mb_last": memory[-1],
    }
    kept = ("received", "accepted", "positions", "positions_dropped", "rejected", "reconnects")
    settings = {"seconds": seconds, "players": players, "moves_hz": moves, "critical_hz": critical}
    report("minecraft", settings, results, {"host": sent, "source": {name: source[name] for name in kept}})


if __name__ == "__main__":
    main()
