"""World ──▶ [host] ══gRPC══▶ the source `minecraft`: a synthetic Dragonfly server with its plugin service.

It speaks as much HTTP/2 and gRPC as one plugin needs, so that it costs little beside what it loads. Like the real host
it drops a message when 256 of them wait for the plugin, and keeps none for a plugin that is away.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from actors.core.sources.grpc import DATA, END_HEADERS, HEADERS, PREFACE, SETTINGS, STREAM, frame, literal
from actors.errors import BadInput, Refused
from actors.producers import minecraft_world
from actors.producers.minecraft_world import Happening, World

QUEUE: Final = 256
TICK_S: Final = 0.002
CONNECT_S: Final = 60.0
LINGER_S: Final = 1.0  # after the last event, so that it is read before the connection ends

Progress = Callable[[float], None]


class MinecraftHost:
    """One server with one plugin. `counts` are messages by what became of them: sent, dropped, away."""

    def __init__(self, world: World, plugin_id: str) -> None:
        self.counts: dict[str, Counter[str]] = {"sent": Counter(), "dropped": Counter(), "away": Counter()}
        self.start_s = 0.0
        self.connected = asyncio.Event()
        self._world, self._plugin_id = world, plugin_id
        self._number = 0
        self._boot_id = os.urandom(4).hex()
        self._writer: asyncio.StreamWriter | None = None
        self._ended = asyncio.Event()
        self._ended.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the plugin ends it."""
        with suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(PREFACE)) != PREFACE:
                return
            head = frame(HEADERS, END_HEADERS, STREAM, b"\x88" + literal(b"content-type", "application/grpc"))
            writer.write(frame(SETTINGS, 0, 0) + head + _data(minecraft_world.hello(self._plugin_id, self._boot_id)))
            self._writer = writer
            self._ended.clear()
            self.connected.set()
            while await reader.read(65_536):
                pass
        writer.close()
        if self._writer is writer:
            self._writer = None
            self._ended.set()

    async def run(self, progress: Progress = lambda _passed_s: None) -> None:
        """Send everything that happens in the world."""
        self.start_s = time.monotonic()
        await self._offer_all(self._world.beginning())
        passed_s = 0.0
        while passed_s < self._world.seconds:
            await asyncio.sleep(TICK_S)
            passed_s = time.monotonic() - self.start_s
            for happening in self._world.until(passed_s):
                self._offer(happening)
            progress(passed_s)
        await self._offer_all(self._world.end())
        if self._writer is not None:
            self._writer.write(_data(minecraft_world.shutdown(self._plugin_id, "the synthetic load is over")))
        await asyncio.sleep(LINGER_S)
        if self._writer is not None:
            self._writer.close()
        await self._ended.wait()

    async def _offer_all(self, happenings: Iterable[Happening]) -> None:
        """Offer messages as fast as they are read."""
        for happening in happenings:
            if self._writer is not None:
                with suppress(OSError):
                    await self._writer.drain()
            self._offer(happening)

    def _offer(self, happening: Happening) -> None:
        self._number += 1
        if self._writer is None or self._writer.is_closing():
            self.counts["away"][happening.type] += 1
            return
        data = _data(minecraft_world.event(self._plugin_id, self._number, happening))
        if self._writer.transport.get_write_buffer_size() > QUEUE * len(data):
            self.counts["dropped"][happening.type] += 1
            return
        self._writer.write(data)
        self.counts["sent"][happening.type] += 1


async def play(world: World, address: str, plugin_id: str, progress: Progress) -> dict[str, Any]:
    """Listen at the address of a source, wait for it, and play the world; return what was sent.

    Raises:
        BadInput: nothing can listen there.
        Refused: the source has not connected within CONNECT_S.
    """
    host = MinecraftHost(world, plugin_id)
    server = await _listen(host, address)
    try:
        await asyncio.wait_for(host.connected.wait(), CONNECT_S)
        await host.run(progress)
    except TimeoutError as error:
        raise Refused(f"no source has connected to {address} within {CONNECT_S:g} s") from error
    finally:
        server.close()
    return {name: dict(counts) for name, counts in host.counts.items()}


async def _listen(host: MinecraftHost, address: str) -> asyncio.Server:
    try:
        if address.startswith("unix:"):
            return await asyncio.start_unix_server(host.serve, address.removeprefix("unix:"))
        name, _, port = address.rpartition(":")
        return await asyncio.start_server(host.serve, name.strip("[]"), int(port))
    except OSError as error:
        raise BadInput(
            f"cannot listen at {address}: {error.strerror}; if your Minecraft server runs there, stop it first"
        ) from error


def _data(message: bytes) -> bytes:
    return frame(DATA, 0, STREAM, b"\0" + len(message).to_bytes(4, "big") + message)
