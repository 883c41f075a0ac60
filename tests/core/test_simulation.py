"""The pipeline in memory under schedules of hypothesis: which process works, commits, or dies at which point.

After the last fault every message that a source has sent is in the log once, in the order of its outbox, at positions
without a gap. Derived events are those of a run without deaths. The reader has applied every position once, in order.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Event, Submission
from actors.core.contract.types.combat import Kill
from actors.core.queue.derive import Derivation
from actors.errors import Refused
from actors.interfaces import Delivery
from tests.memory.pipeline import PRODUCERS, SETTINGS, World, simulated

ACTIONS = ["accept"] * 4 + ["flow"] * 8 + ["turn"] * 8 + ["commit"] * 3
ACTIONS += ["fuse"] * 2 + ["start"] * 3 + ["room"] * 2 + ["kill", "wait", "lose"]

_kill = msgspec.msgpack.Decoder(Kill)
_submission = msgspec.msgpack.Decoder(Submission)


def weapon(event: Event) -> str:
    return _kill.decode(event.payload).weapon or ""


def check(world: World) -> None:
    log = list(world.disk.log_state().events.values())
    assert world.disk.log_state().epoch == world.epoch  # a new one would say that acknowledged events were lost
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    assert len({event.id for event in log}) == len(log)
    kills = [event for event in log if event.type == "kill"]
    for name in PRODUCERS:
        sent = {body for request in world.requests[name] for _, body in request.rows}
        stored = [item.body for item in world.disk.outboxes[name].rows.values()]
        assert len(stored) == len(sent)
        assert set(stored) == sent
        logged = [weapon(event) for event in kills if event.source == name]
        assert logged == [_kill.decode(_submission.decode(body).payload).weapon for body in stored]
    undisturbed = Derivation(SETTINGS.queue.multikill_window_ms)
    follows = [follow.id for kill in kills for follow in undisturbed.feed(kill)[1] if follow.type == "multikill"]
    assert [event.id for event in log if event.type == "multikill"] == follows
    assert [(event.position, event.id) for event in world.applied] == [(event.position, event.id) for event in log]


@given(steps=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1_000)), min_size=50, max_size=150))
@settings(max_examples=200, deadline=None)
def test_accepted_messages_are_logged_once_and_reach_a_reader_once(steps: list[tuple[str, int]]) -> None:
    with simulated() as world:
        for action, which in steps:
            world.step(action, which)
        world.calm()
        check(world)


def test_requests_and_entries_that_a_full_disk_refused_are_stored_when_it_has_room() -> None:
    with simulated() as world:
        world.accept("p", 2)
        world.flow(0.05)
        world.disk.full = True
        for _ in range(3):
            world.accept("q", 2)
            world.flow(0.05)
        assert not any(request.acknowledged for request in world.requests["q"])
        assert not world.disk.outboxes["q"].rows
        world.calm()
        assert all(request.acknowledged for request in world.requests["q"])
        check(world)


def test_requests_that_are_committed_together_do_not_exceed_the_outbox() -> None:
    half = [("event", bytes(SETTINGS.producer.max_bytes // 2 + 1))]
    with simulated() as world:
        process, link = world.processes["p"], world.processes["p"]._link
        link.store(Delivery(half, 0.0))
        assert link.has_room(1)
        link.store(Delivery(half, 0.0))
        assert not link.has_room(1)
        with pytest.raises(Refused, match="the outbox is full"):
            link.require_room(1)
        world.disk.full = True
        process.commit()
        process.turn()
        world.disk.full = False
        process.commit()
        assert link.has_room(1)  # refused ones take no room
        link.store(Delivery(half, 0.0))
        process.commit()
        process.turn()
        assert link.has_room(1)
        link.store(Delivery(half, 0.0))
        assert not link.has_room(1)


def test_a_calm_pipeline_delivers_at_once() -> None:
    with simulated() as world:
        for number in range(20):
            world.accept(PRODUCERS[number % 2], 3)
            world.flow(0.05)
        world.calm()
        assert len([event for event in world.applied if event.type == "kill"]) == 60
        check(world)
