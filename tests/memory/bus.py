"""Links in memory: one Network for all, and a MemoryBus for each process. A closed bus is a process that died."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from actors.interfaces import Closing, Inlet, Outlet, high_water

End = TypeVar("End", bound=Closing)


class Network:
    """All links by name. `room` is how many messages the link of a name holds."""

    def __init__(self, room: Callable[[str], int] = high_water) -> None:
        self.room = room
        self.pulls: dict[str, MemoryInlet] = {}
        self.subscribers: dict[str, list[MemoryInlet]] = {}
        self.answers: dict[str, MemoryExchange] = {}
        self.bound = threading.Condition()
        self.watchers: dict[str, list[MemoryInlet]] = {}

    def changed(self, name: str) -> None:
        """Report that the consumer of a link came or went."""
        for watcher in self.watchers.get(name, []):
            watcher.put(b"")


class MemoryInlet:
    """The receiving end of a link."""

    def __init__(self, room: int, leave: Callable[[MemoryInlet], None]) -> None:
        self.messages: deque[bytes] = deque()
        self._room, self._leave = room, leave
        self.on_message: Callable[[], object] = lambda: None

    @property
    def full(self) -> bool:
        return len(self.messages) >= self._room

    def put(self, message: bytes) -> bool:
        if self.full:
            return False
        self.messages.append(message)
        self.on_message()
        return True

    def receive(self) -> bytes | None:
        return self.messages.popleft() if self.messages else None

    def close(self) -> None:
        self._leave(self)
        self.messages.clear()
        self.on_message = lambda: None


class MemoryPush:
    """Sends to the consumers in turn, without those that are full or not there."""

    def __init__(self, network: Network, names: Sequence[str]) -> None:
        self._network, self._names = network, deque(names)
        self.names = names
        self._open = True

    def writable(self) -> bool:
        inlets = (self._network.pulls.get(name) for name in self._names)
        return self._open and any(inlet is not None and not inlet.full for inlet in inlets)

    def offer(self, message: bytes) -> bool:
        for _ in range(len(self._names) if self._open else 0):
            inlet = self._network.pulls.get(self._names[0])
            self._names.rotate(-1)
            if inlet is not None and inlet.put(message):
                return True
        return False

    def close(self) -> None:
        self._open = False


class MemoryPublish:
    """Sends to all subscribers; one that is full misses the message."""

    def __init__(self, network: Network, name: str) -> None:
        self._network, self._name = network, name
        self._open = True

    def writable(self) -> bool:
        return self._open

    def offer(self, message: bytes) -> bool:
        for inlet in self._network.subscribers.get(self._name, []) if self._open else []:
            inlet.put(message)
        return self._open

    def close(self) -> None:
        self._open = False


class MemoryExchange:
    """The end that answers."""

    def __init__(self, leave: Callable[[MemoryExchange], None]) -> None:
        self.questions: deque[tuple[bytes, queue.SimpleQueue[bytes]]] = deque()
        self._leave = leave
        self._asker: queue.SimpleQueue[bytes] | None = None

    def receive(self) -> bytes | None:
        if not self.questions:
            return None
        question, self._asker = self.questions.popleft()
        return question

    def writable(self) -> bool:
        return self._asker is not None

    def offer(self, message: bytes) -> bool:
        if self._asker is None:
            return False
        self._asker.put(message)
        self._asker = None
        return True

    def close(self) -> None:
        self._leave(self)


class MemoryBus:
    """The links of one process."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._ends: list[Closing] = []

    def push(self, *names: str) -> MemoryPush:
        return self._own(MemoryPush(self._network, names))

    def pull(self, name: str) -> MemoryInlet:
        pulls = self._network.pulls

        def leave(inlet: MemoryInlet) -> None:
            if pulls.get(name) is inlet:
                del pulls[name]
                self._network.changed(name)

        pulls[name] = self._own(MemoryInlet(self._network.room(name), leave))
        self._network.changed(name)
        return pulls[name]

    def changes(self, outlet: Outlet) -> MemoryInlet:
        assert isinstance(outlet, MemoryPush)
        watchers = [self._network.watchers.setdefault(name, []) for name in outlet.names]

        def leave(inlet: MemoryInlet) -> None:
            for found in watchers:
                if inlet in found:
                    found.remove(inlet)

        inlet = self._own(MemoryInlet(high_water(""), leave))
        for found in watchers:
            found.append(inlet)
        return inlet

    def publish(self, name: str) -> MemoryPublish:
        return self._own(MemoryPublish(self._network, name))

    def subscribe(self, name: str) -> MemoryInlet:
        subscribers = self._network.subscribers.setdefault(name, [])

        def leave(inlet: MemoryInlet) -> None:
            if inlet in subscribers:
                subscribers.remove(inlet)

        subscribers.append(self._own(MemoryInlet(self._network.room(name), leave)))
        return subscribers[-1]

    def answer(self, name: str) -> MemoryExchange:
        answers = self._network.answers

        def leave(exchange: MemoryExchange) -> None:
            if answers.get(name) is exchange:
                del answers[name]

        with self._network.bound:
            answers[name] = self._own(MemoryExchange(leave))
            self._network.bound.notify_all()
        return answers[name]

    def ask(self, name: str, question: bytes, connect_s: float, answer_s: float) -> bytes:
        answer: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._network.bound:
            if not self._network.bound.wait_for(lambda: name in self._network.answers, connect_s):
                raise TimeoutError(f"{name} does not answer")
            self._network.answers[name].questions.append((question, answer))
        try:
            return answer.get(timeout=answer_s)
        except queue.Empty as error:
            raise TimeoutError(f"{name} does not answer") from error

    def follow(self, inlets: Sequence[Inlet], on_messages: Callable[[list[bytes]], None]) -> Follower:
        return Follower([inlet for inlet in inlets if isinstance(inlet, MemoryInlet)], on_messages)

    def close(self) -> None:
        for end in self._ends:
            end.close()

    def _own(self, end: End) -> End:
        self._ends.append(end)
        return end


class Follower:
    """Reads inlets in the asyncio loop in which it was made; the first inlet is drained first."""

    def __init__(self, inlets: list[MemoryInlet], on_messages: Callable[[list[bytes]], None]) -> None:
        self._inlets, self._on_messages = inlets, on_messages
        self._due: asyncio.Handle | None = None
        loop = asyncio.get_running_loop()

        def schedule() -> None:
            if self._due is None:
                self._due = loop.call_soon(self._drain)

        for inlet in inlets:
            inlet.on_message = schedule
        schedule()

    def close(self) -> None:
        if self._due is not None:
            self._due.cancel()
        for inlet in self._inlets:
            inlet.close()

    def _drain(self) -> None:
        self._due = None
        messages: list[bytes] = []
        for inlet in self._inlets:
            while (message := inlet.receive()) is not None:
                messages.append(message)
        if messages:
            self._on_messages(messages)
