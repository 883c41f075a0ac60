"""The websockets library and its broadcast(): `python -m bench.peers.websockets_broadcast PORT HZ TEMPLATE CLIENTS`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.peers.frames import next_tick, stamped

CLIENTS: set[ServerConnection] = set()


async def follow(socket: ServerConnection) -> None:
    CLIENTS.add(socket)
    try:
        await socket.wait_closed()
    finally:
        CLIENTS.discard(socket)


async def main(port: int, hz: float, template: bytes, clients: int) -> None:
    async with serve(follow, "127.0.0.1", port, compression=None, ping_interval=None):
        print("ready", flush=True)
        while len(CLIENTS) < clients:
            await asyncio.sleep(0.05)
        due_s = time.monotonic()
        while True:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            broadcast(CLIENTS, stamped(template))
            due_s = next_tick(due_s, hz)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]).read_bytes(), int(sys.argv[4])))
