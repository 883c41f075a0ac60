"""Messages that kill queue-managers: which one is dead-lettered, after how many deaths, and what happens to the others.

Each history is run like a pipeline: a sequencer dies of some messages, in its loop or while the log writes them. Its
successor knows the mark and what was committed, and its producers send the rest again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import pytest

from actors.core.contract.event import Envelope, Reject
from actors.core.queue.derive import Derivation
from actors.core.queue.ledger import Ledger
from actors.core.queue.sequencer import Entry, Sequencer
from actors.core.queue.unpacking import Unpacker, numbers
from actors.core.suspicion import Suspicion, Work, dead_letter
from tests.core.make import batch, envelope, event

Batches = list[tuple[str, list[int]]]

MAX_RUNS: Final = 30


class Died(Exception):
    """The death of a queue-manager."""


class Killer(NamedTuple):
    where: str  # decoder, loop or log
    producer: str
    pseq: int


class Rig:
    """A disk, a mark of each thread, and the deaths that were counted."""

    def __init__(self, batches: Batches, killers: Sequence[Killer]) -> None:
        self._batches, self._killers = batches, killers
        self._watermarks: dict[str, int] = {}
        self.logged: list[str] = []
        self.dead: list[str] = []
        self.deaths: list[Work] = []
        self._loop: list[Work] = []
        self._log: list[Work] = []
        self.runs = 0

    def run(self) -> None:
        """Start queue-managers until one has worked without a death."""
        while self.runs < MAX_RUNS:
            self.runs += 1
            try:
                self._live()
                return
            except Died:
                self.deaths += self._loop + self._log
                self._loop, self._log = [], []
        raise AssertionError("the deaths do not end")

    def _live(self) -> None:
        def mark(work: Sequence[Work]) -> None:
            self._loop = list(work)

        suspicion = Suspicion(self.deaths, self._watermarks, mark)
        top = len(self.logged)
        one = Sequencer("e", top, dict(self._watermarks), Derivation(5_000), Ledger(), self._known, suspicion=suspicion)
        unpacker = Unpacker(suspicion, self._decode)
        for producer, pseqs in self._batches:
            message = msgspec.msgpack.encode(
                batch(*(self._envelope(producer, pseq) for pseq in pseqs), producer=producer)
            )
            apart = one.has_suspects(producer)
            one.admit(unpacker.batch(numbers(message), message, apart, one.admitted(producer)), 0.0, 0.0)
            entries = one.take_suspects()
            if (last := one.take()) is not None:
                entries.append(last)
            self._commit(one, entries)
        assert self._loop == []

    @staticmethod
    def _envelope(producer: str, pseq: int) -> Envelope:
        name = f"{producer}{pseq}"
        return envelope(pseq, event("death", name, dedupe_key=name))

    def _decode(self, content: bytes) -> None:
        if any(f"{one.producer}{one.pseq}".encode() in content for one in self._killers if one.where == "decoder"):
            raise Died

    def _known(self, key: str) -> str | None:
        if any(key.endswith(f":{one.producer}{one.pseq}") for one in self._killers if one.where == "loop"):
            raise Died
        return None

    def _commit(self, one: Sequencer, entries: list[Entry]) -> None:
        for entry in entries:
            self._log = entry.work
            if {f"{one.producer}{one.pseq}" for one in self._killers if one.where == "log"} & {
                event.id for event in entry.events
            }:
                raise Died
        self._log = []
        for entry in entries:
            self._watermarks |= entry.watermarks
            self.logged += [event.id for event in entry.events]
            self.dead += [reject.id for reject in entry.rejects if reject.dead]
            one.committed(entry)


WAYS: dict[str, tuple[Batches, list[Killer], int]] = {
    "no death": ([("p", [1, 2, 3])], [], 0),
    "one message alone": ([("p", [1]), ("p", [2]), ("p", [3])], [Killer("loop", "p", 2)], 3),
    "one message of a batch": ([("p", [1, 2, 3, 4, 5])], [Killer("loop", "p", 3)], 3),
    "the first and the last of a batch": ([("p", [1, 2, 3])], [Killer("loop", "p", 1), Killer("loop", "p", 3)], 5),
    "neighbours": ([("p", [1, 2, 3, 4])], [Killer("loop", "p", 2), Killer("loop", "p", 3)], 5),
    "while the log writes it": ([("p", [1, 2, 3, 4, 5])], [Killer("log", "p", 3)], 3),
    "while it is decoded": ([("p", [1, 2, 3, 4, 5])], [Killer("decoder", "p", 3)], 3),
    "decoded behind a gap": ([("p", [3, 4, 5]), ("p", [1, 2])], [Killer("decoder", "p", 4)], 3),
    "decoded, and sent again": (
        [("p", [1, 2, 3]), ("p", [1, 2, 3]), ("p", [3, 4])],
        [Killer("decoder", "p", 2), Killer("decoder", "p", 3)],
        5,
    ),
    "decoded again and again": ([("p", [1, 2, 3])], [Killer("decoder", "p", 1), Killer("decoder", "p", 3)], 5),
    "everywhere": (
        [("p", [1, 2, 3, 4, 5])],
        [Killer("decoder", "p", 1), Killer("log", "p", 3), Killer("loop", "p", 5)],
        7,
    ),
    "both": ([("p", [1, 2, 3, 4, 5])], [Killer("log", "p", 2), Killer("loop", "p", 4)], 5),
    "behind a gap": ([("p", [3, 4, 5]), ("p", [1, 2])], [Killer("loop", "p", 4)], 3),
    "behind a gap, in the log": ([("p", [3, 4, 5]), ("p", [1, 2])], [Killer("log", "p", 4)], 3),
    "of two producers": ([("p", [1, 2]), ("q", [1, 2]), ("p", [3])], [Killer("loop", "q", 1)], 3),
    "later in the same stream": ([("p", [1, 2]), ("p", [3, 4])], [Killer("loop", "p", 1), Killer("log", "p", 4)], 6),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_message_is_dead_lettered_after_three_deaths_and_the_others_are_logged_once_in_order(name: str) -> None:
    batches, killers, deaths = WAYS[name]
    rig = Rig(batches, killers)
    rig.run()
    poison = {f"{one.producer}{one.pseq}" for one in killers}
    # One that cannot be decoded is named by its number, because its id is not known.
    named = [f"{one.producer}{f'/{one.pseq}.0' if one.where == 'decoder' else one.pseq}" for one in killers]
    assert sorted(rig.dead) == sorted(named)
    assert rig.runs - 1 == deaths
    for producer in {producer for producer, _ in batches}:
        sent = sorted({pseq for other, pseqs in batches if other == producer for pseq in pseqs})
        innocent = [f"{producer}{pseq}" for pseq in sent if f"{producer}{pseq}" not in poison]
        assert [id_ for id_ in rig.logged if id_.startswith(producer)] == innocent


def test_deaths_of_innocents_do_not_add_up() -> None:
    """A queue-manager that is killed from outside, each time at another message of the same range."""
    deaths = [Work("p", 1, 9), Work("p", 4, 4), Work("p", 5, 5), Work("p", 6, 6)]
    suspicion = Suspicion(deaths, {"p": 3})
    assert [suspicion.deaths("p", pseq) for pseq in range(4, 11)] == [2, 2, 2, 1, 1, 1, 0]
    assert (suspicion.last("p"), suspicion.last("q")) == (9, 0)


def test_committed_messages_are_not_suspected() -> None:
    assert Suspicion([Work("p", 1, 9)], {"p": 9}).last("p") == 0


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (envelope(7, event("raid", "follow-1")), ("follow-1", "raid")),
        (envelope(7), ("p/7.0", "")),
        (Envelope(7, 1, [], Reject("p/7.0", "srcds", "cut", "line", 5.0)), ("p/7.0", "srcds")),
    ],
)
def test_a_dead_letter_names_the_event_and_the_reason(read: Envelope, expected: tuple[str, str]) -> None:
    letter = dead_letter("p", read)
    assert letter.events == []
    assert letter.pseq == 7
    reject = letter.reject
    assert reject is not None
    assert (reject.id, reject.kind, reject.dead) == (*expected, True)
    assert "3 queue-managers died" in reject.reason
    assert reject.excerpt.isprintable()
