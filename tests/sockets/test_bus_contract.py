"""The contract of every bus (actors/interfaces.py): the same tests over ZeroMQ and over links in memory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import host, wire
from actors.interfaces import (
    HIGH_WATER_BEST_EFFORT_MESSAGES,
    HIGH_WATER_MESSAGES,
    LANES,
    Bus,
    Exchange,
    Inlet,
    high_water,
    queue_link,
)  # fmt: skip
from tests.memory.bus import MemoryBus, Network
from tests.support import eventually, run_async

LARGE = b"x" * (16 << 10)  # so that the buffers of the kernel hold few messages
NAME = "queue.best_effort"


class Buses:
    """Makes one bus for each process of a test."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: list[Any] = []

    def bus(self) -> Bus:
        self._made.append(self._make())
        bus: Bus = self._made[-1]
        return bus

    def die(self, bus: Any) -> None:
        """Close a bus without sending what is pending."""
        if isinstance(bus, wire.Bus):
            bus.context.destroy(0)
        else:
            bus.close()

    def close(self) -> None:
        for bus in self._made:
            self.die(bus)


CONNECT = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except PermissionError:
    sys.exit(3)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_of_this_machine_cannot_reach_the_bus(run_dir: Path) -> None:
    bus = wire.Bus(run_dir)
    inlet = bus.pull(NAME)
    socket_file = host.endpoint(run_dir, NAME).removeprefix("ipc://")

    def connected() -> bool:
        done = subprocess.run([sys.executable, "-c", CONNECT, socket_file], check=False, stderr=subprocess.PIPE)
        assert done.returncode in (0, 3), done.stderr
        return done.returncode == 0

    assert not connected()
    Path(socket_file).chmod(0o777)
    run_dir.chmod(0o755)  # so it is the mode that kept the other user out
    assert connected()
    assert inlet.receive() is None
    bus.context.destroy(0)


@pytest.fixture(params=["zeromq", "memory"])
def buses(request: pytest.FixtureRequest, run_dir: Path) -> Iterator[Buses]:
    network = Network()
    made = Buses((lambda: wire.Bus(run_dir)) if request.param == "zeromq" else (lambda: MemoryBus(network)))
    yield made
    made.close()


def take(inlet: Inlet, count: int) -> list[bytes]:
    """Return the next messages, as soon as they have arrived."""
    messages: list[bytes] = []

    def arrived() -> bool:
        while len(messages) < count and (message := inlet.receive()) is not None:
            messages.append(message)
        return len(messages) == count

    eventually(arrived, 10)
    return messages


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def test_an_empty_link_has_no_message(buses: Buses) -> None:
    assert buses.bus().pull("queue.critical").receive() is None


def test_pushed_messages_arrive_in_order(buses: Buses) -> None:
    inlet, outlet = buses.bus().pull("queue.critical"), buses.bus().push("queue.critical")
    eventually(outlet.writable)
    assert all(outlet.offer(message) for message in numbers(100))
    assert take(inlet, 100) == numbers(100)
    assert inlet.receive() is None


def test_without_a_consumer_nothing_is_accepted(buses: Buses) -> None:
    outlet = buses.bus().push("queue.critical")
    assert not outlet.writable()
    assert not outlet.offer(b"lost")
    inlet = buses.bus().pull("queue.critical")
    eventually(outlet.writable)
    assert outlet.offer(b"kept")
    assert take(inlet, 1) == [b"kept"]


def test_a_full_link_refuses_and_accepts_again_when_the_consumer_reads(buses: Buses) -> None:
    inlet, outlet = buses.bus().pull(NAME), buses.bus().push(NAME)
    eventually(outlet.writable)
    accepted = 0
    while accepted < 10 * high_water(NAME) and outlet.offer(b"%d " % accepted + LARGE):
        accepted += 1
    # Two ends may hold the limit each, and the kernel some more.
    assert high_water(NAME) <= accepted <= 5 * high_water(NAME)
    eventually(lambda: not outlet.writable() or outlet.offer(b"") is None)
    received = [int(message.split(b" ")[0]) for message in take(inlet, accepted)]
    assert received == list(range(accepted))
    eventually(outlet.writable)
    assert outlet.offer(b"again")
    eventually(lambda: inlet.receive() == b"again")  # after the empty messages that filled the link


def test_a_flood_of_one_lane_does_not_fill_the_other(buses: Buses) -> None:
    consumer, producer = buses.bus(), buses.bus()
    inlets = {lane: consumer.pull(queue_link(lane)) for lane in LANES}
    outlets = {lane: producer.push(queue_link(lane)) for lane in LANES}
    eventually(lambda: all(outlet.writable() for outlet in outlets.values()))
    for _ in range(10 * HIGH_WATER_BEST_EFFORT_MESSAGES):
        outlets["best_effort"].offer(LARGE)
    assert outlets["critical"].offer(b"kill")
    assert take(inlets["critical"], 1) == [b"kill"]


def test_the_critical_lane_holds_more() -> None:
    assert [high_water(queue_link(lane)) for lane in LANES] == [HIGH_WATER_MESSAGES, HIGH_WATER_BEST_EFFORT_MESSAGES]


def test_messages_at_a_consumer_that_dies_are_lost_and_the_next_one_gets_the_rest(buses: Buses) -> None:
    first, outlet = buses.bus(), buses.bus().push("queue.critical")
    inlet = first.pull("queue.critical")
    eventually(outlet.writable)
    assert outlet.offer(b"read")
    assert take(inlet, 1) == [b"read"]
    assert outlet.offer(b"lost")
    buses.die(first)
    second = buses.bus().pull("queue.critical")
    eventually(lambda: outlet.offer(b"next") and second.receive() == b"next")


def test_a_producer_learns_that_a_consumer_came_or_went(buses: Buses) -> None:
    names = ("normalizer-1.critical", "normalizer-2.critical")
    producer, consumers = buses.bus(), [buses.bus() for _ in names]
    changes = producer.changes(producer.push(*names))
    assert changes.receive() is None
    inlets = []
    for name, consumer in zip(names, consumers, strict=True):
        inlets.append(consumer.pull(name))
        eventually(lambda: changes.receive() is not None)
        eventually(lambda: changes.receive() is None)
    buses.die(consumers[0])
    eventually(lambda: changes.receive() is not None)
    changes.close()
    buses.die(consumers[1])  # its report has no receiver


def test_a_consumer_that_does_not_read_does_not_stop_the_other_one(buses: Buses) -> None:
    names = ("normalizer-1.best_effort", "normalizer-2.best_effort")
    consumer = buses.bus()
    first, second = (consumer.pull(name) for name in names)
    outlet = buses.bus().push(*names)
    joined: set[str] = set()

    def both() -> bool:
        outlet.offer(b"begin")
        joined.update(name for name, inlet in zip(names, (first, second), strict=True) if inlet.receive())
        return len(joined) == 2

    eventually(both)
    sent = 8 * HIGH_WATER_BEST_EFFORT_MESSAGES
    got: dict[str, list[int]] = {"first": [], "second": []}

    def read(name: str, inlet: Inlet) -> None:
        while (message := inlet.receive()) is not None:
            if message != b"begin":
                got[name].append(int(message.split(b" ")[0]))

    for number in range(sent):
        message = b"%d " % number + LARGE
        eventually(lambda message=message: read("second", second) or outlet.offer(message))
    eventually(lambda: [read("first", first), read("second", second)] and sum(map(len, got.values())) == sent, 10)
    assert sorted(got["first"] + got["second"]) == list(range(sent))
    assert all(numbers == sorted(numbers) for numbers in got.values())
    assert 0 < len(got["first"]) < len(got["second"])


def test_every_subscriber_receives_published_messages(buses: Buses) -> None:
    publisher = buses.bus().publish("frames.critical")
    subscribers = [buses.bus().subscribe("frames.critical") for _ in range(2)]

    def joined() -> bool:
        publisher.offer(b"hello")
        return all(inlet.receive() is not None for inlet in subscribers)

    eventually(joined)
    for message in numbers(50):
        assert publisher.offer(message)
    for inlet in subscribers:
        got: list[bytes] = []

        def last(inlet: Inlet = inlet, got: list[bytes] = got) -> bool:
            while (message := inlet.receive()) is not None:
                got.append(message)
            return got[-1:] == [b"49"]

        eventually(last)
        assert [message for message in got if message != b"hello"] == numbers(50)


def test_a_publisher_never_waits_for_a_subscriber_that_does_not_read(buses: Buses) -> None:
    publisher, slow = buses.bus().publish("frames.best_effort"), buses.bus().subscribe("frames.best_effort")
    eventually(lambda: publisher.offer(b"hello") and slow.receive() is not None)
    sent = 20 * HIGH_WATER_BEST_EFFORT_MESSAGES
    assert all(publisher.offer(b"%d " % number + LARGE) for number in range(sent))
    got: list[int] = []

    def drained() -> bool:
        while (message := slow.receive()) is not None:
            if message.strip(b"helo"):
                got.append(int(message.split(b" ")[0]))
        publisher.offer(b"-1 end")
        return got[-1:] == [-1]

    eventually(drained)
    kept = [number for number in got if number >= 0]
    assert kept == sorted(set(kept))
    assert HIGH_WATER_BEST_EFFORT_MESSAGES // 2 <= len(kept) < sent


def answering(exchange: Exchange, stop: threading.Event) -> None:
    while not stop.wait(0.001):
        if (question := exchange.receive()) is not None:
            exchange.offer(b"answer to " + question)


def test_a_question_gets_its_answer(buses: Buses) -> None:
    stop = threading.Event()
    exchange = buses.bus().answer("ask")
    thread = threading.Thread(target=answering, args=(exchange, stop))
    thread.start()
    try:
        asker = buses.bus()
        assert [asker.ask("ask", question, 5.0, 5.0) for question in numbers(3)] == [
            b"answer to " + question for question in numbers(3)
        ]
    finally:
        stop.set()
        thread.join()


def test_a_question_without_an_answerer_ends_with_a_timeout(buses: Buses) -> None:
    with pytest.raises(TimeoutError, match="ask does not answer"):
        buses.bus().ask("ask", b"?", 0.05, 5.0)


def test_a_question_without_an_answer_ends_with_a_timeout_and_the_next_one_can_be_answered(buses: Buses) -> None:
    exchange, asker = buses.bus().answer("ask"), buses.bus()
    with pytest.raises(TimeoutError, match="ask does not answer"):
        asker.ask("ask", b"unanswered", 5.0, 0.05)
    assert take(exchange, 1) == [b"unanswered"]
    exchange.offer(b"too late")
    stop = threading.Event()
    thread = threading.Thread(target=answering, args=(exchange, stop))
    thread.start()
    try:
        assert asker.ask("ask", b"next", 5.0, 5.0) == b"answer to next"
    finally:
        stop.set()
        thread.join()


def test_an_asyncio_loop_follows_links(buses: Buses) -> None:
    async def story() -> list[bytes]:
        consumer, producer = buses.bus(), buses.bus()
        inlets = [consumer.pull(queue_link(lane)) for lane in LANES]
        outlets = [producer.push(queue_link(lane)) for lane in LANES]
        eventually(lambda: all(outlet.writable() for outlet in outlets))
        got: list[bytes] = []
        done = asyncio.Event()

        def on_messages(messages: list[bytes]) -> None:
            got.extend(messages)
            if len(got) >= 2 + 3 * len(numbers(300)):
                done.set()

        for lane, outlet in zip(LANES, outlets, strict=True):
            assert outlet.offer(lane.encode())
        # What came before is read at once; what comes later, when it comes.
        following = consumer.follow(inlets, on_messages)
        for message in numbers(300):
            for copy in (message, message, message):
                while not outlets[0].offer(copy):
                    await asyncio.sleep(0)
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await done.wait()
        following.close()
        return got

    got = run_async(story())
    assert [message for message in got if message not in (b"critical", b"best_effort")] == [
        copy for message in numbers(300) for copy in (message, message, message)
    ]
    assert got.count(b"critical") == got.count(b"best_effort") == 1
