"""A producer's link on real sockets, and the queue-manager's shell on a real log, without the processes around them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import zmq

from actors import config, wire
from actors.core.book import Entry
from actors.core.event import Greeting, Mark, Marks
from actors.producers import link as link_module
from actors.producers.link import Link
from actors.queue_manager import QueueManager
from actors.stores import log as log_store
from actors.stores import outbox as outbox_store
from actors.stores.log import Log, LogReader
from actors.stores.outbox import OutboxReader
from tests.core.make import event
from tests.support import SLOWNESS

encode = msgspec.msgpack.encode


async def soon(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10 * SLOWNESS):
        while not condition():
            await asyncio.sleep(0.01)


class Opposite:
    """What a link talks to: a queue-manager whose words the test chooses."""

    def __init__(self, run_dir: Path) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.bus = wire.Bus(run_dir, self.context)
        self.marks = self.bus.bind(zmq.PUB, wire.MARKS)
        self.link = Link(config.Settings(), run_dir, "source", logging.getLogger("test"))

    async def say(self, watermark: int, until: Callable[[], object]) -> None:
        """Repeat marks, as a queue-manager does, until `until()`."""

        def again() -> object:
            self.marks.send(encode(Marks("e1", 7, [Mark(self.link.producer, watermark)])))
            return until()

        await soon(again)

    def close(self) -> None:
        self.link.close()
        for socket in (self.link._critical, self.link._rest, self.link._inbox):
            socket.close(0)
        self.context.destroy(0)


def test_a_greeting_that_found_the_door_closed_goes_with_the_next_marks(tmp_path: Path) -> None:
    async def story() -> None:
        opposite = Opposite(tmp_path)
        await opposite.say(0, lambda: opposite.link._window.epoch == "e1")  # heard, and nobody to greet
        inbox = opposite.bus.bind(zmq.PULL, wire.INBOX)
        await opposite.say(0, lambda: inbox.poll(0))
        assert msgspec.msgpack.decode(inbox.recv(), type=Greeting).producer == opposite.link.producer
        opposite.close()

    asyncio.run(story())


def test_an_outbox_forgets_as_fast_as_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_store, "TRIM_ROWS", 10)
    monkeypatch.setattr(link_module, "TRIM_S", 0.5)

    async def story() -> None:
        opposite = Opposite(tmp_path)
        await opposite.link.deliver([("event", b"x")] * 500, time.time() * 1000 - 1_000_000)
        reader = OutboxReader(tmp_path, "source")
        await opposite.say(500, lambda: not reader.rows(0, 1))
        reader.close()
        opposite.close()

    asyncio.run(story())


def test_a_log_is_trimmed_until_it_keeps_its_limits_though_commits_never_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "TRIM_ROWS", 10)
    queue = config.Queue(log_keep_s=1.0)
    log = Log(tmp_path, queue.log_keep_s, queue.log_max_bytes, queue.identity_s, queue.quarantine_rows)
    log.commit([Entry(events=[event("death", f"e{n}", position=n, ts_queued_ms=1.0) for n in range(1, 101)])])
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    reader = LogReader(tmp_path)
    waiting: list[tuple[Entry, Callable[[bool], None]]] = []
    manager = QueueManager(queue, wire.Bus(tmp_path, context), log, reader, lambda *job: waiting.append(job))
    manager.turn(time.monotonic())
    manager._start_commit(Entry(watermarks={}))  # a commit is under way when the timer rings
    manager.trim()
    for _ in range(1_000):
        manager.turn(time.monotonic() + 1.0)
        if not waiting:
            break
        entry, then = waiting.pop()
        then(log.commit([entry])[0])
    assert reader.head().oldest == 101
    context.destroy(0)
    log.close()
