"""The HTTP server: idle connections do not block others, and a lack of files causes no busy loop."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado import http1connection, httputil, netutil, web

from actors import http_server
from actors.core.metrics import IngestMetrics
from actors.websocket_server import BoundedSocket
from tests.sockets.actors import Actors
from tests.support import SLOWNESS, eventually, run_async

ROOT = Path(__file__).resolve().parents[2]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


class Page(web.RequestHandler):
    def get(self) -> None:
        self.finish("ok")

    def put(self) -> None:
        self.finish(bytes(8 << 20))  # more than the buffers of the system

    def post(self) -> None:
        self.finish(f"posted {len(self.request.body)}")


@asynccontextmanager
async def bounded(
    room: int, page: type[web.RequestHandler] = Page
) -> AsyncIterator[tuple[http_server.BoundedHTTPServer, int, IngestMetrics]]:
    metrics = IngestMetrics()
    server = http_server.BoundedHTTPServer(web.Application([("/", page)]), room=lambda: room, metrics=metrics)
    (listener,) = netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets([listener])
    yield server, listener.getsockname()[1], metrics
    server.stop()
    await server.close_all_connections()


@asynccontextmanager
async def serving(room: int, page: type[web.RequestHandler] = Page) -> AsyncIterator[tuple[int, IngestMetrics]]:
    async with bounded(room, page) as (_, port, metrics):
        yield port, metrics


class LoopTurns:
    """Counts the turns of the loop."""

    now = 0

    def begin(self) -> None:
        self.now += 1
        asyncio.get_running_loop().call_soon(self.begin)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20 * SLOWNESS):
        while not condition():
            await asyncio.sleep(0.005)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    return await reader.readuntil(b"ok")


def test_the_longest_idle_connection_is_closed_for_a_new_one():
    async def scenario() -> None:
        async with serving(room=3) as (port, metrics):
            first = await asyncio.open_connection("127.0.0.1", port)
            others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            await ask(*first)  # now the others have been idle for longer
            late = await asyncio.open_connection("127.0.0.1", port)
            assert b"200 OK" in await ask(*late)
            assert await others[0][0].read() == b""
            assert b"200 OK" in await ask(*first)
            assert metrics.refused_connections == 1
            for _, writer in (first, *others, late):
                writer.close()

    run_async(scenario())


def head(size_bytes: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size_bytes


def test_connections_without_a_header_are_bounded_for_themselves(monkeypatch):
    monkeypatch.setattr(http_server, "UNHEADED", 3)

    async def scenario() -> None:
        async with bounded(room=100) as (server, port, metrics):
            kept = await asyncio.open_connection("127.0.0.1", port)
            await ask(*kept)
            silent = []
            for number in range(1, 4):
                silent.append(await asyncio.open_connection("127.0.0.1", port))
                silent[-1][1].write(REQUEST[:-2])
                await until(lambda number=number: len(server._unheaded) == number)
            late = await asyncio.open_connection("127.0.0.1", port)
            assert b"200 OK" in await ask(*late)
            assert await silent[0][0].read() == b""
            assert b"200 OK" in await ask(*kept)
            assert metrics.refused_connections == 1
            for _, writer in (kept, *silent, late):
                writer.close()

    run_async(scenario())


def test_a_connection_that_is_closed_for_another_keeps_nothing_in_memory(monkeypatch):
    monkeypatch.setattr(http_server, "PER_TURN", 1)

    async def scenario() -> None:
        async with bounded(room=3) as (server, port, _):
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for _, writer in flood:
                writer.write(REQUEST * 1_000)
            await until(lambda: sum(bool(one.stream._read_buffer) for one in server._connections) == 3)
            streams = [connection.stream for connection in server._connections]
            for connection in list(server._connections):
                server._close(connection)
            assert not any(stream._read_buffer for stream in streams)
            for _, writer in flood:
                writer.close()

    run_async(scenario())


class Bodies:
    """A page that takes bodies, and connections to it whose bodies lack their last byte."""

    def __init__(self) -> None:
        self.turns = LoopTurns()
        self.handled: list[tuple[int, bool]] = []  # the turn, and whether the request was trusted
        bodies = self

        @web.stream_request_body
        class Counted(web.RequestHandler):
            def prepare(self) -> None:
                if "Authorization" in self.request.headers:
                    http_server.trust(self.request)

            def data_received(self, chunk: bytes) -> None:
                pass

            def post(self) -> None:
                bodies.handled.append((bodies.turns.now, "Authorization" in self.request.headers))
                self.finish("ok")

        self.page = Counted

    async def open(self, server: http_server.BoundedHTTPServer, port: int, *headers: bytes) -> list[Any]:
        self.turns.begin()
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in headers]
        for header, (_, writer) in zip(headers, opened, strict=True):
            writer.write(head(2)[:-2] + header + b"\r\nx")
        await until(lambda: server._incomplete_bytes == len(headers))
        return opened


PLACE = http_server.BODY_PLACE_BYTES
LARGE = 8 * PLACE  # takes nine places
TRUSTED = head(2)[:-2] + b"Authorization: Bearer right\r\n\r\n"


def test_slow_bodies_do_not_exclude_other_connections():
    async def scenario() -> None:
        async with bounded(room=3) as (server, port, metrics):
            slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for number, (_, writer) in enumerate(slow, 1):
                writer.write(head(10) + b"x")
                await until(lambda number=number: server._incomplete_bytes == number)
            late = await asyncio.open_connection("127.0.0.1", port)
            assert b"200 OK" in await ask(*late)
            assert await slow[0][0].read() == b""  # the one that is on its way for the longest time
            for reader, writer in slow[1:]:
                writer.write(b"x" * 9)
                assert b"posted 10" in await reader.readuntil(b"posted 10")
            assert (metrics.refused_connections, server._incomplete_bytes) == (1, 0)
            for _, writer in (*slow, late):
                writer.close()

    run_async(scenario())


def test_a_sender_with_a_right_token_does_not_lose_its_connection_to_strangers():
    bodies = Bodies()

    async def scenario() -> None:
        async with bounded(room=3, page=bodies.page) as (server, port, metrics):
            sender = await asyncio.open_connection("127.0.0.1", port)
            sender[1].write(TRUSTED + b"xx")
            assert b"200 OK" in await sender[0].readuntil(b"ok")
            slow = await bodies.open(server, port, b"", b"")
            late = await asyncio.open_connection("127.0.0.1", port)
            late[1].write(TRUSTED + b"xx")
            assert b"200 OK" in await late[0].readuntil(b"ok")
            sender[1].write(TRUSTED + b"xx")
            assert b"200 OK" in await sender[0].readuntil(b"ok")
            assert await slow[0][0].read() == b""
            assert metrics.refused_connections == 1
            for _, writer in (sender, *slow, late):
                writer.close()

    run_async(scenario())


def test_answers_that_are_not_read_do_not_exclude_other_connections():
    async def scenario() -> None:
        async with bounded(room=3) as (server, port, metrics):
            deaf = [await asyncio.open_connection("127.0.0.1", port, limit=1) for _ in range(2)]
            for number, (_, writer) in enumerate(deaf, 1):
                writer.write(head(0).replace(b"POST", b"PUT"))
                await until(lambda number=number: sum(one.stream.writing() for one in server._answered) == number)
            slow = await asyncio.open_connection("127.0.0.1", port)
            slow[1].write(head(10) + b"x")
            await until(lambda: server._incomplete_bytes == 1)
            late = await asyncio.open_connection("127.0.0.1", port)
            assert b"200 OK" in await ask(*late)
            slow[1].write(b"x" * 9)
            assert b"posted 10" in await slow[0].readuntil(b"posted 10")
            assert (metrics.refused_connections, len(server._answered)) == (1, 1)
            for _, writer in (*deaf, slow, late):
                writer.close()

    run_async(scenario())


def test_answers_that_are_not_read_are_bounded_together(monkeypatch):
    async def scenario() -> None:
        async with bounded(room=100) as (server, port, metrics):
            deaf, kept = [], []
            for number in range(1, 4):
                deaf.append(await asyncio.open_connection("127.0.0.1", port, limit=1))
                deaf[-1][1].write(head(0).replace(b"POST", b"PUT"))
                await until(lambda number=number: len(server._unread) == number)
                kept = list(server._unread)
            buffers = [one.stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) for one in kept]
            assert max(buffers) <= 2 * http_server.SEND_BUFFER_BYTES  # Linux counts its own part, too
            assert server._unread_bytes == sum(server._unread.values())
            monkeypatch.setattr(http_server, "UNREAD_BYTES", server._unread_bytes)
            deaf.append(await asyncio.open_connection("127.0.0.1", port, limit=1))
            deaf[-1][1].write(head(0).replace(b"POST", b"PUT"))
            await until(lambda: metrics.refused_connections == 1)
            assert [one.stream.closed() for one in kept] == [True, False, False]
            for _, writer in deaf:
                writer.transport.abort()
            await until(lambda: not server._connections)
            assert (server._unread, server._unread_bytes) == ({}, 0)

    run_async(scenario())


def test_a_flood_of_requests_does_not_hold_up_the_loop_or_new_connections(monkeypatch):
    monkeypatch.setattr(http_server, "PER_TURN", 2)
    turns, begun = LoopTurns(), []

    class Counted(web.RequestHandler):
        def get(self) -> None:
            begun.append(turns.now)
            self.finish("ok")

    async def scenario() -> None:
        async with serving(room=100, page=Counted) as (port, _):
            turns.begin()
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
            for _, writer in flood:
                writer.write(REQUEST * 50)
            await until(lambda: len(begun) > 100)
            late = await asyncio.open_connection("127.0.0.1", port)
            assert b"200 OK" in await ask(*late)
            assert len(begun) < 40 * 50  # it did not wait for all of them
            assert max(Counter(begun).values()) <= 4  # those that waited, and those that did not have to
            for _, writer in (*flood, late):
                writer.close()

    run_async(scenario())


def test_an_endless_flood_of_first_ones_does_not_exclude_the_others():
    async def scenario() -> None:
        turns = http_server.Turns(4)
        while turns.take(first=True) is None:
            pass
        other = turns.take(first=False)
        assert other is not None
        for _ in range(10):
            for _ in range(8):  # twice as many as can begin
                turns.take(first=True)
            await asyncio.sleep(0)
        assert other.done()

    run_async(scenario())


def test_a_large_body_takes_the_places_of_several():
    async def scenario() -> None:
        turns = http_server.Turns(4)
        assert turns.take(first=True) is None
        assert turns.take(first=True, size_bytes=LARGE) is None  # the last one of this turn
        large = [turns.take(first=True, size_bytes=LARGE) for _ in range(3)]
        begun = []
        while not large[-1].done():
            await asyncio.sleep(0)
            begun.append([one.done() for one in large].count(True))
        assert begun == [1, 2, 3]

    run_async(scenario())


def test_a_small_body_does_not_wait_for_large_ones_and_these_are_not_excluded():
    async def scenario() -> None:
        turns = http_server.Turns(4)
        large = [turns.take(first=True, size_bytes=LARGE) for _ in range(30)]
        small = turns.take(first=True, size_bytes=300)
        assert small is not None
        await asyncio.sleep(0)
        assert (small.done(), [one is not None and one.done() for one in large].count(True)) == (True, 1)
        for _ in range(200):
            for _ in range(8):  # twice as many as can begin
                turns.take(first=True, size_bytes=300)
            await asyncio.sleep(0)
        assert all(one is None or one.done() for one in large)

    run_async(scenario())


@pytest.mark.parametrize(("size_bytes", "share"), [(20_000, 1), (100_000, 2)])
def test_a_flood_of_small_bodies_delays_no_larger_one_for_long(size_bytes, share):
    async def scenario() -> None:
        turns = http_server.Turns(8)
        earlier = [turns.take(first=False, size_bytes=size_bytes) for _ in range(320)]
        own = turns.take(first=False, size_bytes=size_bytes)
        assert own is not None
        for _ in range(share * len(earlier) // 8 + 2):
            for _ in range(16):  # twice as many as can begin
                turns.take(first=False, size_bytes=300)
            await asyncio.sleep(0)
        assert own.done()

    run_async(scenario())


@pytest.mark.parametrize(("first", "other"), [(1, 9), (9, 1), (9, 9), (1, 1)])
def test_large_pieces_exclude_neither_the_first_nor_the_others(first, other):
    async def scenario() -> tuple[int, int]:
        turns = http_server.Turns(8)
        waiting = {kind: [turns.take(first=kind == "first", size_bytes=size) for _ in range(500)]
                   for kind, size in (("first", PLACE * (first - 1)), ("other", PLACE * (other - 1)))}  # fmt: skip
        for _ in range(200):
            await asyncio.sleep(0)
        done = [sum(one is None or one.done() for one in waiting[kind]) for kind in ("first", "other")]
        return first * done[0], other * done[1]

    places = run_async(scenario())
    assert min(places) >= 0.15 * sum(places)
    assert places[0] >= places[1] or first * 500 == places[0]


def test_headers_that_end_at_the_same_moment_are_parsed_in_turns(monkeypatch):
    monkeypatch.setattr(http_server, "PER_TURN", 2)
    turns, parsed, parse = LoopTurns(), [], httputil.HTTPHeaders.parse

    def counted(text: str, **options: Any) -> httputil.HTTPHeaders:
        parsed.append(turns.now)
        return parse(text, **options)

    monkeypatch.setattr(httputil.HTTPHeaders, "parse", counted)

    async def scenario() -> None:
        async with serving(room=100) as (port, _):
            turns.begin()
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
            for _, writer in flood:
                writer.write(REQUEST)
            for reader, writer in flood:
                assert b"200 OK" in await reader.readuntil(b"ok")
                writer.close()
            assert len(parsed) == 40
            assert max(Counter(parsed).values()) <= 4  # those that waited, and those that did not have to

    run_async(scenario())


def test_a_header_of_too_many_lines_is_refused():
    async def scenario() -> None:
        async with serving(room=100) as (port, _):
            for lines, status in ((100, b"200 OK"), (200, b"400 Bad Request")):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(REQUEST[:-2] + b"a:\r\n" * lines + b"Connection: close\r\n\r\n")
                assert status in await reader.read()
                writer.close()

    run_async(scenario())


def test_the_extensions_of_a_websocket_are_not_read(monkeypatch):
    class Socket(BoundedSocket):
        pass

    def unwanted(line: str) -> None:
        raise AssertionError(line)

    monkeypatch.setattr(httputil, "_parse_header", unwanted)

    async def scenario() -> None:
        async with serving(room=100, page=Socket) as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            key = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            writer.write(REQUEST[:-2] + upgrade + key + b"Sec-WebSocket-Extensions: a" + b";a" * 7_000 + b"\r\n\r\n")
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            writer.close()

    run_async(scenario())


def test_bodies_that_end_at_the_same_moment_do_not_hold_up_the_loop_or_those_with_a_token(monkeypatch):
    monkeypatch.setattr(http_server, "BODIES_PER_TURN", 2)
    bodies = Bodies()

    async def scenario() -> None:
        async with bounded(room=100, page=bodies.page) as (server, port, _):
            opened = await bodies.open(server, port, *[b""] * 40, b"Authorization: Bearer right\r\n")
            for _, writer in opened:
                writer.write(b"x")
            for reader, writer in opened:
                assert b"200 OK" in await reader.readuntil(b"ok")
                writer.close()

    run_async(scenario())
    assert len(bodies.handled) == 41
    assert max(Counter(turn for turn, _ in bodies.handled).values()) <= 4
    assert [trusted for _, trusted in bodies.handled].index(True) < 8


def test_a_server_that_closes_its_connections_handles_no_bodies_that_wait(monkeypatch):
    monkeypatch.setattr(http_server, "BODIES_PER_TURN", 2)
    bodies = Bodies()

    async def scenario() -> None:
        async with bounded(room=100, page=bodies.page) as (server, port, _):
            opened = await bodies.open(server, port, *[b""] * 40)
            for _, writer in opened:
                writer.write(b"x")
            while not bodies.handled:
                await asyncio.sleep(0)
            before = len(bodies.handled)
            assert before <= 4
            await server.close_all_connections()
            assert len(bodies.handled) - before <= 4
            for _, writer in opened:
                writer.close()

    run_async(scenario())


def test_a_header_that_arrives_while_the_server_ends_is_ignored():
    async def scenario() -> list[object]:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        async with bounded(room=3) as (server, port, _):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await until(lambda: server._connections != set())
            (connection,) = server._connections
            writer.write(REQUEST)
            connection._serving_future.cancel()  # as asyncio does with all tasks at the end of a process
            await until(lambda: connection not in server._connections)
            await until(lambda: len(connection.stream._read_buffer) == 0)
            for _ in range(10):
                await asyncio.sleep(0)
            writer.close()
        return failures

    assert run_async(scenario()) == []


def test_a_flood_of_tiny_chunks_does_not_hold_up_the_loop_or_other_requests(monkeypatch):
    monkeypatch.setattr(http_server, "CHUNKS_PER_TURN", 8)
    turns, read = LoopTurns(), []

    def size_of(text: str) -> int:
        read.append(turns.now)
        return int(text, 16)

    monkeypatch.setattr(http1connection, "parse_hex_int", size_of)

    async def scenario() -> None:
        async with serving(room=100) as (port, _):
            turns.begin()
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            for _, writer in flood:
                writer.write(CHUNKED + b"2\r\nxx\r\n" * 500)
            await until(lambda: len(read) > 200)
            late = await asyncio.open_connection("127.0.0.1", port)
            assert b"200 OK" in await ask(*late)
            assert len(read) < 20 * 500  # it did not wait for all of them
            assert max(Counter(read).values()) <= 16  # those that waited, and those that did not have to
            for reader, writer in flood:
                writer.write(b"0\r\n\r\n")
                assert b"posted 1000" in await reader.readuntil(b"posted 1000")
            for _, writer in (*flood, late):
                writer.close()

    run_async(scenario())


def test_chunks_that_wait_when_their_connection_is_closed_are_dropped(monkeypatch, caplog, recwarn):
    monkeypatch.setattr(http_server, "CHUNKS_PER_TURN", 1)

    async def scenario() -> None:
        async with bounded(room=100) as (server, port, _):
            server.conn_params.body_timeout = 0.05
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            for _, writer in flood:
                writer.write(CHUNKED + b"2\r\nxx\r\n" * 5_000)
            for reader, writer in flood:
                with suppress(ConnectionResetError):  # not all of it was read
                    assert await reader.read() == b""
                writer.close()
            await until(lambda: not server._connections)
            await until(lambda: not server._chunk_turns._later)

    run_async(scenario())
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert [text for text in (str(warning.message) for warning in recwarn) if "never awaited" in text] == []


def test_bodies_on_their_way_are_bounded_together(monkeypatch):
    monkeypatch.setattr(http_server, "INCOMPLETE_BYTES", 100_000)

    async def scenario() -> None:
        async with bounded(room=100) as (server, port, metrics):
            slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            for held, (_, writer) in zip((30_000, 60_000, 90_000, 90_000, 90_000), slow, strict=True):
                writer.write(head(31_000) + b"x" * 30_000)
                await until(lambda held=held: server._incomplete_bytes == held)
            assert [await reader.read() for reader, _ in slow[:2]] == [b"", b""]
            assert metrics.refused_connections == 2
            for reader, writer in slow[2:]:
                writer.write(b"x" * 1_000)
                assert b"posted 31000" in await reader.readuntil(b"posted 31000")
            alone = await asyncio.open_connection("127.0.0.1", port)
            alone[1].write(head(200_000) + b"x" * 200_000)  # a single one may be larger
            assert b"posted 200000" in await alone[0].readuntil(b"posted 200000")
            for _, writer in (*slow, alone):
                writer.close()

    run_async(scenario())


def test_a_connection_without_a_complete_header_is_closed_and_counted(monkeypatch):
    monkeypatch.setattr(http_server, "FIRST_HEADER_S", 0.05)

    async def scenario() -> None:
        async with serving(room=10) as (port, metrics):
            silent = await asyncio.open_connection("127.0.0.1", port)
            partial = await asyncio.open_connection("127.0.0.1", port)
            partial[1].write(REQUEST[:-2])
            assert await silent[0].read() == b""
            assert await partial[0].read() == b""
            assert metrics.late_headers == 2
            for _, writer in (silent, partial):
                writer.close()

    run_async(scenario())


def test_a_keep_alive_connection_may_wait_for_its_next_request(monkeypatch):
    monkeypatch.setattr(http_server, "FIRST_HEADER_S", 0.05)

    async def scenario() -> None:
        async with serving(room=10) as (port, metrics):
            kept = await asyncio.open_connection("127.0.0.1", port)
            await ask(*kept)
            silent = await asyncio.open_connection("127.0.0.1", port)
            assert await silent[0].read() == b""  # the time is over
            assert b"200 OK" in await ask(*kept)
            assert metrics.late_headers == 1
            for _, writer in (silent, kept):
                writer.close()

    run_async(scenario())


WITHOUT_FILES = """
import asyncio, os, resource, sys
from tornado import http1connection, netutil, web
from actors import http_server
from actors.core.metrics import IngestMetrics

class Page(web.RequestHandler):
    def get(self):
        self.finish("ok")

async def main():
    metrics = IngestMetrics()
    server = http_server.BoundedHTTPServer(web.Application([("/", Page)]), room=lambda: 10_000, metrics=metrics)
    (listener,) = netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets([listener])
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    print(listener.getsockname()[1], flush=True)
    while not metrics.accept_failures:
        await asyncio.sleep(0.01)
    before, cpu_s = metrics.accept_failures, sum(os.times()[:2])
    await asyncio.sleep(1)
    print(metrics.accept_failures - before, sum(os.times()[:2]) - cpu_s, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_without_free_files_the_server_pauses_and_continues_later():
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WITHOUT_FILES)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
        failures, cpu_s = process.stdout.readline().split()
        assert 1 <= int(failures) <= 20
        assert float(cpu_s) < 0.5
        for one in idle:
            one.close()
        with socket.create_connection(("127.0.0.1", port), timeout=10 * SLOWNESS) as caller:
            caller.sendall(REQUEST)
            assert b"200 OK" in caller.recv(1000)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def soft_limit(files: int) -> Iterator[None]:
    """Processes that are started meanwhile have this soft limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2_000, reason="the hard limit is low, too")
def test_idle_connections_above_the_soft_limit_of_files_do_not_stop_the_ingest():
    files = 100 + psutil.Process().num_fds()  # the limit is also that of this process, which may have many open
    with Actors() as actors:
        with soft_limit(files):
            actors.start("ingest")
        idle = [socket.create_connection(("127.0.0.1", actors.ingest_port)) for _ in range(files + 50)]
        assert actors.request("GET", "/healthz")[0] == 200
        eventually(lambda: actors.stats("ingest").get("late_headers", 0) >= files + 50, 15)
        for one in idle:
            one.close()
