"""What does an idle connected application cost, compared with overlays that poll for its status?

    python -m bench.applications [--seconds 15] [--overlays 4]

Push: one application is connected with a WebSocket and sends nothing; OVERLAYS overlays receive its status on their own
connections. Poll: OVERLAYS clients request a status every 50 ms over HTTP, each on its own keep-alive connection. They
request `/healthz` of the ingest, its cheapest answer, so the figure is a lower bound. CPU is the use of ingest and
gateway, in percent of one core; HTTP requests are counted by the clients.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import Any, Final

import click
from tornado.iostream import IOStream
from tornado.tcpclient import TCPClient
from websockets.asyncio.client import connect

from bench._harness import report, until
from bench._overlay import Overlay
from bench.pipeline import Pipeline, pipeline

POLL_S: Final = 0.05
WARM_UP_S: Final = 3.0
PROCESSES: Final = ("ingest", "gateway-1")


class Poller:
    """Sends a request at fixed times and waits for each answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.requests = 0

    async def run(self) -> None:
        stream: IOStream = await TCPClient().connect("127.0.0.1", self._port)
        due_s = time.monotonic()
        try:
            while True:
                await stream.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                head = await stream.read_until(b"\r\n\r\n")
                length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                await stream.read_bytes(int(length.partition(b":")[2]))
                self.requests += 1
                due_s += POLL_S
                await until(due_s)
        finally:
            stream.close()


async def cpu(running: Pipeline, seconds: float) -> dict[str, float]:
    """Return the CPU use of the processes within `seconds`, in percent of one core."""
    await asyncio.sleep(WARM_UP_S)
    children = running.children()

    def used() -> dict[str, float]:
        return {name: sum(children[name].cpu_times()[:2]) for name in PROCESSES}

    before, begin_s = used(), time.monotonic()
    await asyncio.sleep(seconds)
    after, passed_s = used(), time.monotonic() - begin_s
    shares = {name: round(100 * (after[name] - before[name]) / passed_s, 2) for name in PROCESSES}
    return shares | {"both": round(sum(shares.values()), 2)}


async def push(running: Pipeline, seconds: float) -> dict[str, Any]:
    hello = {"type": "hello", "token": running.token("ingest"), "name": "assistant", "commands": ["stop_tts"]}
    async with connect(f"ws://127.0.0.1:{running.ingest_port}/app") as socket:
        await socket.send(json.dumps(hello))
        await socket.recv()
        return {"cpu_pct": await cpu(running, seconds), "requests_per_min": 0}


async def poll(running: Pipeline, seconds: float, count: int) -> dict[str, Any]:
    pollers = [Poller(running.ingest_port) for _ in range(count)]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    begin_s = time.monotonic()
    shares = await cpu(running, seconds)
    requests = sum(poller.requests for poller in pollers)
    passed_s = time.monotonic() - begin_s
    await ended(tasks)
    return {"cpu_pct": shares, "requests_per_min": round(60 * requests / passed_s)}


async def ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def compare(running: Pipeline, seconds: float, count: int) -> dict[str, Any]:
    overlays = [
        Overlay(running.ws_url(), running.token("display"), f"rest-{number}", lambda _: None) for number in range(count)
    ]
    tasks = [asyncio.create_task(overlay.run()) for overlay in overlays]
    for overlay in overlays:
        await asyncio.wait_for(overlay.live.wait(), 10.0)
    facts = {
        "rest": {"cpu_pct": await cpu(running, seconds)},
        "push": await push(running, seconds),
        "poll": await poll(running, seconds, count),
    }
    await ended(tasks)
    return facts


@click.command()
@click.option("--seconds", type=float, default=15.0, show_default=True)
@click.option("--overlays", type=int, default=4, show_default=True)
def main(seconds: float, overlays: int) -> None:
    """Measure an idle application."""
    with pipeline() as running:
        facts = asyncio.run(compare(running, seconds, overlays))
    report("applications", {"seconds": seconds, "overlays": overlays, "poll_ms": 1_000 * POLL_S}, facts)


if __name__ == "__main__":
    main()
