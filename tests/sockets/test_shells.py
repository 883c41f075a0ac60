"""Parts of actors on real sockets and stores, in the process of the test, which controls the time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest
import zmq

from actors import config, interfaces, wire
from actors.broadcaster import Broadcaster
from actors.core.contract.event import Category, Event, Greeting, Mark, Marks, RawBatch, RawItem
from actors.core.contract.frame import Frame
from actors.core.queue.sequencer import Entry
from actors.core.suspicion import Suspicion, Work
from actors.errors import Refused
from actors.producers import link as link_module
from actors.producers.link import open_link
from actors.queue_manager import QueueManager
from actors.stores import log as log_store
from actors.stores import outbox as outbox_store
from actors.stores.log import Log, LogReader
from actors.stores.outbox import OutboxReader
from tests.core.make import batch, envelope, event
from tests.support import SLOWNESS, eventually, run_async

encode = msgspec.msgpack.encode


async def soon(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10 * SLOWNESS):
        while not condition():
            await asyncio.sleep(0.01)


class Opposite:
    """The other end of a link: a queue-manager whose messages the test sets."""

    def __init__(self, run_dir: Path) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.bus = wire.Bus(run_dir, self.context)
        self.marks = self.bus.bind(zmq.PUB, interfaces.MARKS)
        self.link = open_link(config.Settings(), run_dir, "source", logging.getLogger("test"))

    async def say(self, watermark: int, until: Callable[[], object]) -> None:
        """Repeat marks, as a queue-manager does, until `until()`."""

        def again() -> object:
            self.marks.send(encode(Marks("e1", 7, [Mark(self.link.producer, watermark)])))
            return until()

        await soon(again)

    def close(self) -> None:
        self.link.close()
        for socket in (self.link._critical, self.link._best_effort, self.link._inbox):
            socket.close(0)
        self.context.destroy(0)


def test_a_greeting_without_a_connection_is_sent_after_the_next_marks(tmp_path: Path) -> None:
    async def story() -> None:
        opposite = Opposite(tmp_path)
        await opposite.say(0, lambda: opposite.link._window.epoch == "e1")  # there is no inbox for a greeting
        inbox = opposite.bus.bind(zmq.PULL, interfaces.INBOX)
        await opposite.say(0, lambda: inbox.poll(0))
        assert msgspec.msgpack.decode(inbox.recv(), type=Greeting).producer == opposite.link.producer
        opposite.close()

    run_async(story())


def test_the_last_message_is_sent_again_when_the_normalizer_that_had_it_dies(tmp_path: Path) -> None:
    settings = config.of_tree({"producer": {"retry_s": 3_600.0}})  # nothing else causes a repetition

    async def story() -> None:
        link = open_link(settings, tmp_path, "source", logging.getLogger("test"))
        await link.deliver([("event", b"last")], 0.0)
        for attempt in (1, 2, 3):
            normalizer = wire.Bus(tmp_path)
            inlet = normalizer.pull(interfaces.normalizer_link("critical", 1))
            await soon(lambda inlet=inlet: inlet.poll(0))  # type: ignore[misc]
            [item] = msgspec.msgpack.decode(inlet.recv(), type=RawBatch).items
            assert (item.body, item.attempt >= attempt) == (b"last", True)
            normalizer.context.destroy(0)
        link.close()

    run_async(story())


def test_an_outbox_is_trimmed_as_fast_as_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_store, "TRIM_ROWS", 10)
    monkeypatch.setattr(link_module, "TRIM_S", 0.5)

    async def story() -> None:
        opposite = Opposite(tmp_path)
        await opposite.link.deliver([("event", b"x")] * 500, time.time() * 1000 - 1_000_000)
        reader = OutboxReader(tmp_path, "source")
        await opposite.say(500, lambda: not reader.rows(0, 1))
        reader.close()
        opposite.close()

    run_async(story())


def test_a_backlog_of_large_rows_is_read_only_as_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers: list[int] = []
    original = OutboxReader.rows

    def rows(self: OutboxReader, *arguments: int) -> list[RawItem]:
        found = original(self, *arguments)
        numbers.extend(item.pseq for item in found)
        return found

    monkeypatch.setattr(OutboxReader, "rows", rows)

    async def story() -> None:
        opposite = Opposite(tmp_path)
        link = opposite.link
        await link.deliver([("event", bytes(32 << 10))] * 200, time.time() * 1000)
        for acked in range(10, 201, 10):
            await opposite.say(acked, lambda acked=acked: link._window.acked == acked)  # type: ignore[misc]
        opposite.close()

    run_async(story())
    assert len(numbers) < 250, "a row that does not fit into the window is read again each time"


def test_a_row_is_not_sent_before_the_loop_knows_that_it_is_stored(tmp_path: Path) -> None:
    """Otherwise the log may have its number first, and the outbox would seem to be an older copy of itself."""

    async def story() -> None:
        opposite = Opposite(tmp_path)
        link, sent = opposite.link, list[int]()
        normalizer = opposite.bus.bind(zmq.PULL, interfaces.normalizer_link("critical", 1))

        def take() -> list[int]:
            while normalizer.poll(0):
                sent.extend(item.pseq for item in msgspec.msgpack.decode(normalizer.recv(), type=RawBatch).items)
            return sent

        first = config.Settings().producer.window_rows + 1  # so that the last one is read from the outbox
        await link.deliver([("event", b"x")] * first, time.time() * 1000)
        collect, link._committer.collect = link._committer.collect, lambda: None  # type: ignore[method-assign]
        late = link.store(interfaces.Delivery([("event", b"late")], time.time() * 1000))
        reader = OutboxReader(tmp_path, "source")
        await soon(lambda: reader.rows(first, 1))
        await opposite.say(first - 1, lambda: first in take())
        assert max(take()) == first
        link._committer.collect = collect  # type: ignore[method-assign]
        collect()
        await late
        await opposite.say(first, lambda: first + 1 in take())
        reader.close()
        normalizer.close(0)
        opposite.close()

    run_async(story())


class Shell:
    """The queue-manager's shell between real sockets and a real log; `commit` is called by the test alone."""

    def __init__(self, run_dir: Path, log_keep_s: float = 86_400.0, suspicion: Suspicion | None = None) -> None:
        queue = config.QueueSection(log_keep_s=log_keep_s)
        self.log = Log(run_dir, queue.log_keep_s, queue.log_max_bytes, queue.identity_s, queue.quarantine_rows)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.bus = wire.Bus(run_dir, self.context)
        self.reader = LogReader(run_dir)
        self.waiting: list[tuple[Entry, Callable[[bool], None]]] = []
        self.frames = self.bus.bind(zmq.PULL, interfaces.broadcaster_link("critical"))
        self.other_frames = self.bus.bind(zmq.PULL, interfaces.broadcaster_link("best_effort"))
        self.manager = QueueManager(
            queue, self.bus, self.log, self.reader, lambda *job: self.waiting.append(job), suspicion
        )
        self.marks = self.bus.connect(zmq.SUB, interfaces.MARKS)
        self.heard: dict[str, int] = {}
        self.shown: list[Event] = []

    def listen(self) -> None:
        """Receive all messages of the shell; its heartbeat is the last one."""
        eventually(lambda: self.manager._critical_out.writable())

        def heard() -> bool:
            self.manager.publish_marks()
            while self.marks.poll(20):
                marks = msgspec.msgpack.decode(self.marks.recv(), type=Marks)
                self.heard |= {mark.producer: mark.watermark for mark in marks.marks}
                if not self.marks.poll(0):
                    return True
            return False

        eventually(heard)
        self.manager.beat()
        while self.frames.poll(2_000):
            frame = msgspec.msgpack.decode(self.frames.recv(), type=Frame)
            self.shown += frame.events
            if not frame.seq:
                break

    def commit(self) -> bool:
        """Let the log do one waiting task; False without one."""
        if not self.waiting:
            return False
        entry, then = self.waiting.pop(0)
        then(self.log.commit([entry])[0])
        return True

    def close(self) -> None:
        self.context.destroy(0)
        self.reader.close()
        self.log.close()


def test_no_message_is_acknowledged_or_shown_before_it_is_on_disk(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.manager.on_critical(encode(batch(envelope(1, event("death", "e1")))))
    shell.manager.turn(time.monotonic() + 1.0)
    shell.listen()
    assert (shell.heard, shell.shown) == ({"p": 0}, [])
    assert shell.commit()
    shell.manager.turn(time.monotonic() + 1.0)
    eventually(lambda: shell.listen() or shell.heard == {"p": 1})
    assert [one.id for one in shell.shown] == ["e1"]
    shell.close()


def test_a_log_that_cannot_be_read_counts_against_no_message(tmp_path: Path) -> None:
    marked: list[object] = []
    shell = Shell(tmp_path, suspicion=Suspicion(mark=marked.append))
    shell.manager.on_critical(encode(batch(envelope(2, event("death", "e2", dedupe_key="d")))))
    shell.reader.close()
    with pytest.raises(Refused):
        shell.manager.on_inbox(encode(Greeting("p", 1, acked=0, oldest=2, epoch="")))
    assert ([Work("p", 2, 2)] in marked, list(marked[-1])) == (True, [])
    shell.close()


def test_a_canary_of_the_pipeline_adds_a_stream_that_is_not_merged(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    eventually(lambda: shell.manager._best_effort_out.writable())
    for at_s, mode in enumerate(("canary", "off", "on"), start=1):
        shell.manager.switch(mode)
        hit = partial(event, "hit", coalesce_key="hit:a", ttl_ms=0)
        hits = [envelope(number, hit(f"{mode}{number}")) for number in (1, 2)]
        shell.manager.on_best_effort(encode(batch(*hits, critical=False)))
        shell.manager.turn(time.monotonic() + at_s)
    found: list[tuple[str, list[tuple[str, int]]]] = []
    while len(found) < 4 and shell.other_frames.poll(2_000 * SLOWNESS):
        frame = msgspec.msgpack.decode(shell.other_frames.recv(), type=Frame)
        found.append((frame.stream, [(one.id, one.count) for one in frame.events]))
    assert found == [
        ("plain", [("canary1", 1), ("canary2", 1)]),
        ("v2", [("canary2", 2)]),
        ("", [("off1", 1), ("off2", 1)]),
        ("", [("on2", 2)]),
    ]
    accounts = shell.manager.ledger.accounts[Category.COSMETIC]
    assert (accounts.received, accounts.ended) == (6, 6)
    shell.close()


def test_a_log_is_trimmed_to_its_limits_under_continuous_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "TRIM_ROWS", 10)
    shell = Shell(tmp_path, log_keep_s=1.0)
    shell.log.commit([Entry(events=[event("death", f"e{n}", position=n, ts_queued_ms=1.0) for n in range(1, 101)])])
    shell.manager._start_commit(Entry())  # under way when the timer rings
    shell.manager.trim()
    shell.manager.turn(time.monotonic() + 1.0)
    while shell.commit():
        shell.manager.turn(time.monotonic() + 1.0)
    assert shell.reader.head().oldest == 101
    shell.close()


def test_a_clock_change_expires_no_event_for_the_next_queue_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path)
    shell.manager.on_critical(encode(batch(envelope(1, event("death", "e1")))))
    shell.manager.turn(time.monotonic() + 1.0)
    assert shell.commit()
    shell.manager.on_critical(encode(batch(envelope(2, event("death", "e2")))))
    shell.manager.save()
    assert shell.commit()
    shell.close()
    wall_s = time.time
    monkeypatch.setattr(time, "time", lambda: wall_s() + 30 * 86_400.0)
    for _ in range(2):
        shell = Shell(tmp_path)
        shell.manager.trim()
        shell.manager.turn(time.monotonic() + 1.0)
        assert shell.commit()
        assert shell.reader.head().oldest == 1
        shell.close()


def test_a_broadcaster_drops_frames_of_a_replaced_queue_manager(tmp_path: Path) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    bus = wire.Bus(tmp_path, context)
    broadcaster = Broadcaster(bus)
    gateway = bus.connect(zmq.SUB, interfaces.frames_link("critical"))

    def frame(gen: int) -> bytes:
        return encode(Frame(gen=gen, epoch="e1", seq=1, tick_ts_ms=0.0, top=0))

    def passed() -> bool:
        broadcaster.on_critical(frame(2))
        return bool(gateway.poll(20))

    eventually(passed)
    broadcaster.on_critical(frame(1))
    broadcaster.on_critical(frame(3))
    gens = [2]
    while gens[-1] != 3 and gateway.poll(2_000):
        gens.append(msgspec.msgpack.decode(gateway.recv(), type=Frame).gen)
    assert 1 not in gens
    assert gens[-1] == 3
    assert broadcaster.metrics.stale_frames == 1
    context.destroy(0)
