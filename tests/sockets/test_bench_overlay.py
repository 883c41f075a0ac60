"""The overlay of the benchmarks follows docs/wire.md: a frame between its hello and the welcome is not applied."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from bench._overlay import Applied, Overlay
from tests.support import run_async

TIMEOUT_S = 20.0


def welcome(top: int) -> str:
    return json.dumps({"t": "welcome", "epoch": "e", "position": 0, "top": top, "missed": None})


def frame(first: int, last: int) -> str:
    common = {"type": "kill", "category": "critical", "ts_ingest_ms": 0.0, "payload": {}}
    events = [common | {"id": f"kill-{position}", "position": position} for position in range(first, last + 1)]
    span = {"epoch": "e", "first": first, "last": last, "top": last, "tick_ts_ms": 0.0}
    return json.dumps({"t": "frame", **span, "events": events})


async def follow(gateway: Any, last: int) -> list[int]:
    """Return the positions that an overlay of `gateway` applied until it had `last`."""
    positions: list[int] = []
    done = asyncio.Event()

    def on_applied(event: Applied) -> None:
        positions.append(event.position)
        if event.position == last:
            done.set()

    async with serve(gateway, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        overlay = Overlay(f"ws://127.0.0.1:{port}", "token", "test", on_applied, "json")
        following = asyncio.create_task(overlay.run())
        try:
            await asyncio.wait_for(done.wait(), TIMEOUT_S)
        finally:
            following.cancel()
    return positions


def test_a_frame_between_a_hello_and_its_welcome_is_not_applied_twice() -> None:
    async def gateway(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(welcome(0))
        await socket.send(json.dumps({"t": "heartbeat", "top": 3}))
        await socket.recv()  # the second hello, because positions 1 to 3 did not come
        for message in (frame(1, 3), welcome(3), frame(1, 3), frame(4, 4)):
            await socket.send(message)
        await socket.wait_closed()

    assert run_async(follow(gateway, last=4)) == [1, 2, 3, 4]


def test_a_gap_is_asked_for_and_no_event_behind_it_is_applied_before() -> None:
    async def gateway(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(welcome(0))
        again = asyncio.create_task(socket.recv())
        while not again.done():  # the overlay sends a hello at most every 250 ms
            await socket.send(frame(2, 2))
            await asyncio.sleep(0.01)
        assert json.loads(again.result())["resume"] == {"epoch": "e", "position": 0}
        for message in (frame(3, 3), welcome(3), frame(1, 3)):
            await socket.send(message)
        await socket.wait_closed()

    assert run_async(follow(gateway, last=3)) == [1, 2, 3]
