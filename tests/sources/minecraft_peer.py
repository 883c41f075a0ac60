"""A plugin host for tests: a real gRPC server (grpcio) that speaks the protocol of Dragonfly, faults included.

Messages are written here by hand from the protocol's field numbers, not with the code under test.
"""

from __future__ import annotations

import queue
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import grpc

Script = Callable[["Host", int], Iterator[bytes]]


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def chunk(number: int, data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return varint(number * 8 + 2) + varint(len(data)) + data


def double(number: int, value: float) -> bytes:
    return varint(number * 8 + 1) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    return varint(number * 8 + 5) + struct.pack("<f", value)


def hello(boot: str = "boot-1") -> bytes:
    return chunk(1, "framewire") + chunk(10, chunk(1, "v1") + chunk(2, boot))


def shutdown(reason: str) -> bytes:
    return chunk(1, "framewire") + chunk(11, chunk(1, reason))


def event(id_: str, type_: int, payload: bytes, expects: bool = False) -> bytes:
    envelope = chunk(1, id_) + varint(2 * 8) + varint(type_) + (varint(3 * 8) + b"\x01" if expects else b"")
    return chunk(1, "framewire") + chunk(20, envelope + chunk(type_, payload))


def player(name: str) -> bytes:
    return chunk(1, f"uuid-{name}") + chunk(2, name)


def moved(name: str, x: float, y: float, z: float, yaw: float, world: str = "overworld") -> bytes:
    place = double(1, x) + double(2, y) + double(3, z)
    return player(name) + chunk(3, world) + chunk(4, place) + chunk(5, single(1, yaw) + single(2, 10.0))


def parts(message: bytes) -> dict[int, list[Any]]:
    """Return the fields of a message of varints and byte strings, by number."""
    found: dict[int, list[Any]] = {}
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            at += 1
            value += (message[at - 1] % 128) << shift
            shift += 7
            if message[at - 1] < 128:
                return value

    while at < len(message):
        key = number()
        if key % 8 == 0:
            found.setdefault(key // 8, []).append(number())
        else:
            assert key % 8 == 2
            size = number()
            found.setdefault(key // 8, []).append(message[at : at + size])
            at += size
    return found


class Host:
    """Serves `script(host, number)` for every plugin that connects; `number` counts from 0."""

    def __init__(self, script: Script, known: str = "framewire") -> None:
        self.received: queue.Queue[bytes] = queue.Queue()
        self.connections = 0
        self._script, self._known = script, known
        self._over = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        method = grpc.stream_stream_rpc_method_handler(self._stream)
        service = grpc.method_handlers_generic_handler("df.plugin.Plugin", {"EventStream": method})
        self._server.add_generic_rpc_handlers((service,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def next(self) -> dict[int, list[Any]]:
        """Return the fields of the next message of the plugin."""
        return parts(self.received.get(timeout=60))

    def result(self) -> dict[int, list[Any]]:
        """Return the fields of the next answer to an event."""
        while True:
            if 40 in (found := self.next()):
                return parts(found[40][0])

    def wait(self) -> None:
        """Stay connected until the test is over."""
        self._over.wait()

    def stop(self) -> None:
        """Cut all connections."""
        self._over.set()
        self._server.stop(None).wait()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _stream(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        first = next(messages)
        id_ = parts(first)[1][0].decode()
        if id_ != self._known:
            context.abort(grpc.StatusCode.UNKNOWN, f"unknown plugin ID: {id_}")
        self.received.put(first)
        number, self.connections = self.connections, self.connections + 1
        threading.Thread(target=self._read, args=(messages,), daemon=True).start()
        yield from self._script(self, number)

    def _read(self, messages: Iterator[bytes]) -> None:
        try:
            for message in messages:
                self.received.put(message)
        except grpc.RpcError:
            return
