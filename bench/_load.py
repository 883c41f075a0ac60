"""Many overlays in one process: raw sockets that count bytes and frames, and a few that decode frames.

Frames are counted on the sockets that decode, bytes on all. Bytes show whether the content arrived, also from a server
under load that merges several frames. On the other sockets the kernel discards the bytes (MSG_TRUNC, Linux), so that
120,000 messages a second are possible beside the measured server.
"""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import struct
import sys
import time
from multiprocessing.connection import Connection
from typing import Any, Final

from bench._harness import Times
from bench.peers.frames import MARK

SAMPLED: Final = 20  # sockets whose frames are read, for their age
READ_BYTES: Final = 256 << 10
DISCARD: Final = getattr(socket, "MSG_TRUNC", 0) if sys.platform == "linux" else 0


def connect(port: int, hello: dict[str, Any] | None) -> socket.socket:
    """Return a WebSocket connection after sending `hello`, if it is not empty."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10.0)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(4096)
        if not part:
            raise ConnectionError(f"the server hung up: {answer[:100]!r}")
        answer += part
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        raise ConnectionError(f"no upgrade: {answer[:200]!r}")
    if hello is not None:
        connection.sendall(_masked(json.dumps(hello).encode()))
    connection.setblocking(False)
    return connection


def _masked(payload: bytes) -> bytes:
    mask = os.urandom(4)
    size = len(payload)
    head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


class Herd:
    """All connections of this process."""

    def __init__(self, port: int, count: int, hello: dict[str, Any] | None) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._sampled: set[int] = set()
        self._buffer = bytearray(READ_BYTES)
        self.bytes = 0
        self.closed = 0
        self.ages = Times()
        for number in range(count):
            connection = connect(port, hello and hello | {"overlay_id": f"herd-{number}"})
            self._sockets[connection.fileno()] = connection
            if number % max(1, count // SAMPLED) == 0:
                self._sampled.add(connection.fileno())
            self._poll.register(connection.fileno(), select.EPOLLIN)

    def read_for(self, seconds: float) -> None:
        """Read all available data."""
        end_s = time.monotonic() + seconds
        sockets, buffer, sampled = self._sockets, self._buffer, self._sampled
        while (left_s := end_s - time.monotonic()) > 0:
            for handle, _ in self._poll.poll(left_s, 4096):
                try:
                    if handle in sampled:
                        size = sockets[handle].recv_into(buffer)
                        self._age(size)
                    else:
                        size = sockets[handle].recv_into(buffer, READ_BYTES, DISCARD)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    size = 0
                if size:
                    self.bytes += size
                else:
                    self._forget(handle)

    def _age(self, size: int) -> None:
        now_ms = time.time() * 1000
        place = self._buffer.find(MARK, 0, size)
        while 0 <= place <= size - 11:
            (tick_ms,) = struct.unpack_from("!d", self._buffer, place + 3)
            self.ages.add((now_ms - tick_ms) / 1000)
            place = self._buffer.find(MARK, place + 11, size)

    def _forget(self, handle: int) -> None:
        self.closed += 1
        self._poll.unregister(handle)
        self._sockets.pop(handle).close()

    @property
    def sampled(self) -> int:
        return len(self._sampled)

    def reset(self) -> None:
        self.bytes, self.ages = 0, Times()


def run(
    port: int, count: int, hello: dict[str, Any] | None, seconds: float, warm_up_s: float, pipe: Connection
) -> None:
    """Run as a load client: connect, print "connected", warm up, print "go", measure, send the figures."""
    try:
        herd = Herd(port, count, hello)
    except (OSError, ConnectionError) as error:
        pipe.send(f"cannot connect: {error}")
        return
    pipe.send("connected")
    herd.read_for(warm_up_s)
    herd.reset()
    pipe.send("go")
    begin_s, cpu_s = time.monotonic(), time.process_time()
    herd.read_for(seconds)
    passed_s = time.monotonic() - begin_s
    pipe.send({"bytes": herd.bytes, "seconds": passed_s, "closed": herd.closed,
               "frames_per_client": len(herd.ages) / max(1, herd.sampled), "age_ms": herd.ages.summary_ms(),
               "client_cpu_pct": 100 * (time.process_time() - cpu_s) / passed_s})  # fmt: skip
