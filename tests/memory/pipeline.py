"""The pipeline in one thread: the real actors over links and stores in memory, on a clock that the schedule moves.

    source ─▶ Link ══▶ Normalizer ══▶ QueueManager ══▶ Broadcaster ══▶ Feed ─▶ reader
              outbox                   log                              reads the log

Real: producers/link.py, normalizer.py, queue_manager.py, broadcaster.py, gateway/feed.py, and all that they decide
with. In memory: the links (tests/memory/bus.py), the stores, the store threads and the loops. Left out: HTTP before the
Link, and the conversation with overlays after the Feed; `Reader` stands for an overlay that keeps its position.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from actors import broadcaster, config, faults, host, normalizer, queue_manager
from actors.adapters import generic
from actors.core import suspicion as deaths
from actors.core.contract.event import Event
from actors.core.contract.frame import Frame
from actors.core.contract.payload import Player
from actors.core.contract.types.combat import Kill
from actors.core.queue.derive import Derivation
from actors.errors import DiskFull
from actors.gateway import feed
from actors.producers import link
from actors.stores.suspects import Suspects, WorkMark, suspicion
from tests.memory import stores
from tests.memory.bus import MemoryBus, Network
from tests.memory.loops import Clock, StepCommitter, StepLoop, VirtualLoop
from tests.memory.stores import Disk, MemoryLog, MemoryLogReader, MemoryOutbox

NORMALIZERS: Final = 2
PRODUCERS: Final = ("p", "q")
ROOM: Final = 3  # messages in a link, so that links are often full
SETTINGS: Final = config.Settings(
    producer=config.ProducerSection(window_rows=4), normalizer=config.NormalizerSection(processes=NORMALIZERS)
)
CALM_ROUNDS: Final = 400
CALM_STEP_S: Final = 0.05
RETRY_S: Final = 0.02  # of a source
COMMITTING: Final = ("queue-manager", *PRODUCERS)


class Died(SystemExit):
    """The death of a process at a point of faults.py. asyncio passes only such exceptions on."""


class Inline(Executor):
    """Threads that are done at once."""

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Request:
    """Messages that a source sends until they are acknowledged, and again after each death of the producer."""

    def __init__(self, number: int, bodies: list[bytes]) -> None:
        self.digest = b"%d" % number
        self.rows = [("event", body) for body in bodies]
        self.acknowledged = False


class ProducerProcess:
    def __init__(self, world: World, name: str) -> None:
        self._world, self.name = world, name
        self.bus = MemoryBus(world.network)
        self.loop = VirtualLoop(world.clock)
        self.outbox: MemoryOutbox | None = None
        self._link = self.loop.run_until_complete(self._open())
        self._committer = self._link._committer
        for request in world.requests[name]:
            if not request.acknowledged:
                self.take(request)

    async def _open(self) -> link.Link:
        return link.Link(SETTINGS, logging.getLogger(self.name), self.bus, self._open_outbox, StepCommitter)

    def _open_outbox(self) -> MemoryOutbox:
        self.outbox = MemoryOutbox(self._world.disk, self.name, SETTINGS.producer.keep_s)
        return self.outbox

    def take(self, request: Request) -> None:
        self.loop.create_task(self._deliver(request))

    async def _deliver(self, request: Request) -> None:
        """Send the request until it is acknowledged, as a source does that receives 503."""
        while not request.acknowledged:
            try:
                await self._link.deliver(request.rows, self._world.clock.time() * 1000, request.digest)
                request.acknowledged = True
            except DiskFull:
                await asyncio.sleep(RETRY_S)

    def turn(self) -> None:
        self.loop.turn()

    def commit(self) -> None:
        assert isinstance(self._committer, StepCommitter)
        self._committer.step()

    def end(self) -> None:
        if self.outbox is not None:
            self.outbox.close()
        end_loop(self.loop)


class NormalizerProcess:
    def __init__(self, world: World, index: int) -> None:
        self.bus = MemoryBus(world.network)
        self.actor = normalizer.Normalizer(self.bus, index, Suspects(world.run_dir, f"normalizer-{index}"))
        self._loop = StepLoop(world.clock)
        self.actor.join(self._loop)

    def turn(self) -> None:
        self._loop.turn()

    def commit(self) -> None:
        return

    def end(self) -> None:
        self.actor._suspects.close()


class MortalDerivation(Derivation):
    """A queue-manager can also die while it works on a message, which is then a suspect for the next one."""

    def feed(self, event: Event) -> tuple[Event, list[Event]]:
        faults.point("queue.derived")
        return super().feed(event)


class QueueProcess:
    def __init__(self, world: World) -> None:
        queue = SETTINGS.queue
        self.bus = MemoryBus(world.network)
        self.log = MemoryLog(world.disk, queue.log_keep_s, queue.log_max_bytes, queue.identity_s, queue.quarantine_rows)
        self._committer = StepCommitter(lambda: self.log, lambda: None)
        self._committer.start()
        reader = MemoryLogReader(world.disk)
        own, of_log = (WorkMark(world.run_dir / f"{name}.mark") for name in ("queue-manager", "log"))
        self._marks = (own, of_log)
        suspected = suspicion(world.run_dir, own, of_log, self.log.recovered.watermarks)
        commit = self._committer.submit
        self.actor = queue_manager.QueueManager(queue, self.bus, self.log, reader, commit, suspected)
        self._loop = StepLoop(world.clock)
        self.actor.join(self._loop)
        self._loop.each_turn(self._each_turn)
        self.actor.beat()

    def _each_turn(self, now_s: float) -> float | None:
        self._committer.collect()
        return self.actor.turn(now_s)

    def turn(self) -> None:
        self._loop.turn()

    def commit(self) -> None:
        self._committer.step()

    def end(self) -> None:
        for mark in self._marks:
            mark.close()
        self.log.close()


class BroadcasterProcess:
    def __init__(self, world: World) -> None:
        self.bus = MemoryBus(world.network)
        self._loop = StepLoop(world.clock)
        broadcaster.Broadcaster(self.bus).join(self._loop)

    def turn(self) -> None:
        self._loop.turn()

    def commit(self) -> None:
        return

    def end(self) -> None:
        return


class GatewayProcess:
    def __init__(self, world: World) -> None:
        self._world = world
        self.bus = MemoryBus(world.network)
        self.loop = VirtualLoop(world.clock)
        self._live = False
        reads = feed.LogThreads(partial(MemoryLogReader, world.disk))
        self._feed = self.loop.run_until_complete(self._open(reads))
        self._start = self.loop.create_task(self._follow())

    async def _open(self, reads: feed.LogThreads) -> feed.Feed:
        return feed.Feed(self.bus, reads, SETTINGS.gateway.page_rows, self._emit, self._new_log)

    async def _follow(self) -> None:
        """Follow the log, and let the reader catch up from it, like an overlay that reconnects."""
        await self._feed.start()
        applied = self._world.applied
        missed = MemoryLogReader(self._world.disk).page(len(applied), 1_000_000)
        applied += [event for event in missed if event.position <= self._feed.cursor.last]
        self._live = True

    def _emit(self, frame: Frame, _message: bytes | None) -> None:
        if self._live:
            critical = [event for event in frame.events if event.position]
            assert all(event.position <= self._world.disk.log_state().top for event in critical), (
                "shown before its commit"
            )
            self._world.applied += critical

    def _new_log(self) -> None:
        raise AssertionError("the log was not replaced")

    def turn(self) -> None:
        self.loop.turn()

    def commit(self) -> None:
        return

    def end(self) -> None:
        end_loop(self.loop)


def end_loop(loop: VirtualLoop) -> None:
    """End a loop whose links and stores are closed."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
    with patch.object(faults, "point", lambda _: None), suppress(Died):  # the task of a death has it as its result
        loop.turn()
    loop.close()


class World:
    """All processes, what survives their deaths, and what the sources and the reader have seen."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.clock, self.disk = Clock(), Disk()
        self.network = Network(room=lambda _: ROOM)
        self.requests: dict[str, list[Request]] = {name: [] for name in PRODUCERS}
        self.applied: list[Event] = []
        self.kinds: dict[str, Callable[[], Any]] = {
            "queue-manager": partial(QueueProcess, self),  # first, for gateways read its log
            "gateway": partial(GatewayProcess, self),
            "broadcaster": partial(BroadcasterProcess, self),
        }
        self.kinds |= {f"normalizer-{n}": partial(NormalizerProcess, self, n) for n in range(1, NORMALIZERS + 1)}
        self.kinds |= {name: partial(ProducerProcess, self, name) for name in PRODUCERS}
        self.processes: dict[str, Any] = {}
        self.fuses: dict[str, int] = {}
        self._current = ""
        self._sent = 0
        self.epoch = ""

    def point(self, _name: str) -> None:
        """Stand in for faults.point: let a process die at the point that its fuse chose."""
        if self._current in self.fuses:
            self.fuses[self._current] -= 1
            if self.fuses[self._current] <= 0:
                del self.fuses[self._current]
                raise Died

    def call(self, name: str, work: Callable[[Any], object]) -> None:
        """Let a process work; it may die of it."""
        if name not in self.processes:
            return
        self._current = name
        try:
            work(self.processes[name])
        except Died:
            self.kill(name)
            return
        finally:
            self._current = ""
        failures = getattr(getattr(self.processes[name], "loop", None), "failures", [])
        assert not failures, failures

    def start(self, name: str) -> None:
        if name not in self.processes:
            self.processes[name] = self.kinds[name]()

    def start_all(self) -> None:
        for name in self.kinds:
            if not (self.disk.full and name in COMMITTING):  # a store that has no room for its start does not open
                self.start(name)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name, None)
        if process is not None:
            process.bus.close()
            process.end()

    def accept(self, name: str, count: int) -> None:
        """Let a source send `count` kills in one request."""
        bodies = []
        for _ in range(count):
            self._sent += 1
            attacker, victim = "abc"[self._sent % 3], "abc"[self._sent % 2]
            kill = Kill(Player(attacker, attacker, "red"), Player(victim, victim, "blue"), weapon=f"w{self._sent}")
            bodies.append(generic.packed("kill", kill, name, ts_source_ms=self.clock.START_MS))
        request = Request(self._sent, bodies)
        self.requests[name].append(request)
        self.call(name, lambda process: process.take(request))

    def step(self, action: str, which: int) -> None:
        names = list(self.kinds)
        name = names[which % len(names)]
        match action:
            case "accept":
                self.accept(PRODUCERS[which % len(PRODUCERS)], 1 + which % 3)
            case "flow":
                self.flow(0.001 * (which % 20))
            case "turn":
                self.call(name, lambda process: process.turn())
            case "commit":
                self.call(COMMITTING[which % len(COMMITTING)], lambda process: process.commit())
            case "room":
                self.disk.full = which % 2 == 0
            case "kill":
                self.kill(name)
            case "fuse":
                self.fuses[name] = 1 + which % 4
            case "start":
                self.start_all()
            case "wait":
                self.clock.now_s += 0.001 * (which % 300)
            case "lose":  # what a publisher sends is lost for a subscriber that is too slow
                inlets = [inlet for inlets in self.network.subscribers.values() for inlet in inlets if inlet.messages]
                if inlets:
                    inlets[which % len(inlets)].receive()

    def flow(self, step_s: float) -> None:
        """Let time pass, and every process work once, consumers last."""
        self.clock.now_s += step_s
        for name in reversed(self.kinds):
            self.call(name, lambda process: process.turn())
            self.call(name, lambda process: process.commit())

    def calm(self) -> None:
        """Let everything work without deaths until nothing changes any more."""
        self.fuses.clear()
        self.disk.full = False
        self.start_all()
        for _ in range(CALM_ROUNDS):
            self.flow(CALM_STEP_S)
            if self.settled():
                break
        for _ in range(10):  # what comes now comes twice
            self.flow(CALM_STEP_S)

    def settled(self) -> bool:
        requests = [request for requests in self.requests.values() for request in requests]
        top = 0 if self.disk.log is None else self.disk.log.top
        acked = all(state.acked == state.newest for state in self.disk.outboxes.values())
        return all(request.acknowledged for request in requests) and acked and len(self.applied) >= top


@contextmanager
def simulated() -> Iterator[World]:
    """A world whose modules read its clock, and die at the points that it chooses."""
    run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
    world = World(run_dir)
    clocked = (queue_manager, normalizer, feed, stores)
    patches: list[Any] = [patch.object(module, "time", world.clock) for module in clocked]
    patches += [patch.object(host, "boottime_s", world.clock.monotonic), patch.object(faults, "point", world.point)]
    patches.append(patch.object(feed, "ThreadPoolExecutor", Inline))
    patches.append(patch.object(deaths, "MAX_DEATHS", 1_000))  # the deaths come from outside: no message is poison
    patches.append(patch.object(queue_manager, "Derivation", MortalDerivation))
    try:
        for one in patches:
            one.start()
        world.start_all()
        world.epoch = world.disk.log_state().epoch
        yield world
    finally:
        for name in list(world.processes):
            world.kill(name)
        for one in patches:
            one.stop()
        shutil.rmtree(run_dir)
