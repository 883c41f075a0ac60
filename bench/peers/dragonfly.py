"""A plugin host for bench.minecraft: python -m bench.peers.dragonfly PLAYERS MOVES_HZ CRITICAL_HZ SECONDS

The synthetic server of `load minecraft-100`. The cause of a death is the monotonic time at which it was due. Prints its
port, begins at a line on its input, and prints at the end a JSON line with what it sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from actors.producers.minecraft_host import MinecraftHost
from actors.producers.minecraft_world import World, WorldRates


async def main() -> None:
    players, moves_hz, critical_hz, seconds = (float(value) for value in sys.argv[1:5])
    rates = WorldRates(int(players), moves_hz, critical_hz, chat_hz=0.0)
    world = World(1, seconds, rates, cause=lambda at_s: f"{host.start_s + at_s:.6f}")
    host = MinecraftHost(world, "framewire")
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await host.connected.wait()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await host.run()
    print(json.dumps({**host.counts, "ms": round((time.monotonic() - host.start_s) * 1000)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
