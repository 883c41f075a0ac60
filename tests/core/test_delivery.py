"""The delivery protocol in a simulation: real window and sequencer, a network that loses, repeats and reorders, and
crashes of either side at any moment. Only what is "on disk" survives a crash.

After the last fault every accepted row is in the log exactly once, in the order of its producer, at positions without
a gap. Derived events are those of a run without crashes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Envelope, EnvelopeBatch, Event, Greeting, Marks, RawItem
from actors.core.delivery.window import Window
from actors.core.queue.derive import Derivation
from actors.core.queue.ledger import Ledger
from actors.core.queue.sequencer import Entry, Sequencer
from tests.core.make import kill

PRODUCERS = ("p", "q")


class Disk:
    """The file of the log: all committed rows."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.watermarks: dict[str, int] = {}
        self.derived: dict[str, bytes] = {}
        self.epoch, self.gen = "e1", 0

    def commit(self, entry: Entry) -> None:
        self.events += entry.events
        self.watermarks |= entry.watermarks
        for key, body in entry.derived.items():
            self.derived.pop(key, None)
            if body is not None:
                self.derived[key] = body


class Producer:
    def __init__(self, name: str) -> None:
        self.name, self.rows, self.saved_acked, self.saved_epoch = name, [], 0, ""
        self.start()

    def start(self) -> None:
        self.window = Window(self.name, self.saved_acked, self.saved_epoch, rows=4, size_bytes=1 << 20, retry_s=0.25)
        self.fill()

    def accept(self, attacker: str, victim: str) -> None:
        number = len(self.rows) + 1
        self.rows.append(RawItem(number, 0, "x", f"{attacker}{victim}".encode(), 0.0))
        self.fill()

    def fill(self) -> None:
        while self.window.room and self.window.newest < len(self.rows):
            self.window.add(self.rows[self.window.newest])


class World:
    def __init__(self) -> None:
        self.disk, self.now_s = Disk(), 0.0
        self.producers = {name: Producer(name) for name in PRODUCERS}
        self.network: list[Callable[[], None]] = []
        self.in_commit: Entry | None = None
        self.start_queue_manager()
        self.publish()  # met at once, for a first meeting repeats everything and would hide what is not repeated
        while self.network:
            self.network.pop(0)()

    def start_queue_manager(self) -> None:
        disk = self.disk
        disk.gen += 1
        self.in_commit = None
        derivation = Derivation(5_000, dict(disk.derived))
        top = len(disk.events)
        self.sequencer = Sequencer(disk.epoch, top, dict(disk.watermarks), derivation, Ledger(), lambda _: None)

    def send(self, name: str) -> None:
        for items in iter(lambda: self.producers[name].window.take(self.now_s), []):
            batch = EnvelopeBatch(name, 1, True, [Envelope(i.pseq, i.attempt, [self.event(name, i)]) for i in items])
            self.network.append(lambda batch=batch: self.sequencer.admit(batch, self.now_s, 0.0))

    @staticmethod
    def event(name: str, item: RawItem) -> Event:
        attacker, victim = item.body.decode()
        return kill(attacker, victim, f"{name}/{item.pseq}", at_s=0.0)

    def commit_start(self) -> None:
        if self.in_commit is None:
            self.in_commit = self.sequencer.take()

    def commit_end(self) -> None:
        if self.in_commit is not None:
            entry, self.in_commit = self.in_commit, None
            self.disk.commit(entry)
            self.sequencer.committed(entry)

    def publish(self) -> None:
        marks = Marks(self.disk.epoch, self.disk.gen, self.sequencer.marks(self.now_s))
        for producer in self.producers.values():
            self.network.append(lambda producer=producer: self.hear(producer, marks))

    def hear(self, producer: Producer, marks: Marks) -> None:
        verdict = producer.window.on_marks(marks, len(producer.rows), self.now_s)
        assert not verdict.ahead
        assert verdict.rewound is None
        if verdict.greet:
            window = producer.window
            greeting = Greeting(producer.name, 1, window.acked, 1, window.epoch)
            self.network.append(lambda: self.sequencer.greet(greeting, "e2", self.now_s, 0.0))
        producer.fill()

    def step(self, action: str, which: int) -> None:
        name = PRODUCERS[which % 2]
        producer = self.producers[name]
        slot = which % len(self.network) if self.network else None
        match action:
            case "accept":
                producer.accept("abc"[which % 3], "abc"[(which // 3) % 3])
            case "send":
                self.send(name)
            case "deliver" if slot is not None:
                self.network.pop(slot)()
            case "repeat" if slot is not None:
                self.network[slot]()
            case "lose" if slot is not None:
                self.network.pop(slot)
            case "commit":
                self.commit_start()
            case "committed":
                self.commit_end()
            case "publish":
                self.publish()
            case "save":
                producer.saved_acked, producer.saved_epoch = producer.window.acked, producer.window.epoch
            case "crash producer":
                producer.start()
            case "crash queue-manager":
                if which % 2 and self.in_commit is not None:
                    self.disk.commit(self.in_commit)  # the commit got through, the acknowledgement did not
                self.start_queue_manager()
            case "wait":
                self.now_s += 0.3
                for one in self.producers.values():
                    one.window.silence(self.now_s)

    def calm(self) -> None:
        for _ in range(200):
            self.now_s += 0.3
            for name, producer in self.producers.items():
                producer.window.silence(self.now_s)
                self.send(name)
            self.publish()
            while self.network:
                self.network.pop(0)()
            self.commit_start()
            self.commit_end()
        assert self.sequencer.epoch == "e1"


ACTIONS = ["accept"] * 4 + ["send"] * 3 + ["deliver"] * 4 + ["commit", "committed"] * 2
ACTIONS += ["repeat", "lose", "publish", "save", "crash producer", "crash queue-manager", "wait"]


@given(steps=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1_000)), max_size=120))
@example(steps=[("accept", 0), ("send", 0), ("lose", 0)])  # random histories without a crash after it are rare
@settings(max_examples=500, deadline=None)
def test_accepted_messages_are_logged_once_and_in_order_after_any_failure(steps: list[tuple[str, int]]) -> None:
    world = World()
    for action, which in steps:
        world.step(action, which)
    world.calm()
    assert [event.position for event in world.disk.events] == list(range(1, len(world.disk.events) + 1))
    for name, producer in world.producers.items():
        logged = [event.id for event in world.disk.events if event.id.startswith(name) and event.type == "kill"]
        assert logged == [f"{name}/{row.pseq}" for row in producer.rows]
    undisturbed = Derivation(5_000)
    kills = [event for event in world.disk.events if event.type == "kill"]
    follows = [
        follow.id for one in copy.copy(kills) for follow in undisturbed.feed(one)[1] if follow.type == "multikill"
    ]
    assert [event.id for event in world.disk.events if event.type == "multikill"] == follows
