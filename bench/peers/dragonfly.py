"""A plugin host for bench.minecraft: python -m bench.peers.dragonfly PLAYERS MOVES_HZ CRITICAL_HZ SECONDS

Speaks just enough HTTP/2 and gRPC for one plugin, so that it costs little beside what is measured. Like the real host
it drops a message when 256 of them wait for the plugin. The cause of a death is the monotonic time at which it was
due. Prints its port, begins at a line on its input, and prints at the end a JSON line with what it sent.
"""

from __future__ import annotations

import asyncio
import json
import math
import struct
import sys
import time
from typing import Final

QUEUE: Final = 256
TICK_S: Final = 0.002
LEAD_S: Final = 1.0


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes((value & 127 | 128,)), value >> 7
    return out + bytes((value,))


def chunk(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def frame(kind: int, flags: int, stream: int, data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + data


def message(data: bytes) -> bytes:
    return frame(0, 0, 1, b"\0" + len(data).to_bytes(4, "big") + data)


def event(number: int, type_: int, payload: bytes) -> bytes:
    envelope = chunk(1, str(number).encode()) + b"\x10" + varint(type_) + chunk(type_, payload)
    return message(chunk(1, b"framewire") + chunk(20, envelope))


def player(number: int) -> bytes:
    return chunk(1, f"8667ba71-b85a-4004-af54-{number:012d}".encode()) + chunk(2, f"Player_{number}".encode())


def moved(number: int, at_s: float) -> bytes:
    angle, radius = at_s * 0.4 + number, 40 + 4.0 * number
    x, z = radius * math.cos(angle), radius * math.sin(angle)
    place = b"".join(
        bytes((field << 3 | 1,)) + struct.pack("<d", value) for field, value in ((1, x), (2, 64.0), (3, z))
    )
    turn = b"\x0d" + struct.pack("<f", math.degrees(angle) % 360) + b"\x15" + struct.pack("<f", 0.0)
    return player(number) + chunk(3, b"overworld") + chunk(4, place) + chunk(5, turn)


class Host:
    """One plugin connection."""

    def __init__(self, players: int, moves_hz: float, critical_hz: float, seconds: float) -> None:
        self.players = [player(number) for number in range(players)]
        self.moves_hz, self.critical_hz, self.seconds = moves_hz, critical_hz, seconds
        self.sent = dict.fromkeys(("moves", "critical", "dropped_moves", "dropped_critical"), 0)
        self.number = 0
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(24)
        drain = asyncio.create_task(self._swallow(reader))
        headers = frame(1, 4, 1, b"\x88" + b"\x00\x0ccontent-type\x10application/grpc")
        writer.write(frame(4, 0, 0, b"") + headers + message(chunk(1, b"framewire") + chunk(10, b"\x0a\x02v1")))
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        start_s, moves, critical = time.monotonic(), 0, 0
        total = int(self.seconds * self.critical_hz)
        while critical < total:
            await asyncio.sleep(TICK_S)
            passed_s = time.monotonic() - start_s
            while critical < min(total, passed_s * self.critical_hz):
                due_s = f"{start_s + critical / self.critical_hz:.6f}".encode()
                victim = self.players[critical % len(self.players)]
                self._offer(writer, "critical", 22, victim + chunk(3, chunk(1, due_s)))
                critical += 1
            while moves < passed_s * self.moves_hz:
                number = moves % len(self.players)
                self._offer(writer, "moves", 12, moved(number, passed_s))
                moves += 1
        self.sent["ms"] = round((time.monotonic() - start_s) * 1000)
        await asyncio.sleep(LEAD_S)
        drain.cancel()
        self.over.set()

    def _offer(self, writer: asyncio.StreamWriter, what: str, type_: int, payload: bytes) -> None:
        self.number += 1
        data = event(self.number, type_, payload)
        if writer.transport.get_write_buffer_size() > QUEUE * len(data):
            self.sent[f"dropped_{what}"] += 1
            return
        writer.write(data)
        self.sent[what] += 1

    @staticmethod
    async def _swallow(reader: asyncio.StreamReader) -> None:
        while await reader.read(65_536):
            pass


async def main() -> None:
    players, moves_hz, critical_hz, seconds = (float(value) for value in sys.argv[1:5])
    host = Host(int(players), moves_hz, critical_hz, seconds)
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await host.over.wait()
    print(json.dumps(host.sent), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
