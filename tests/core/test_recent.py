"""The recent events and retained states of a gateway."""

from __future__ import annotations

import pytest

from actors.core.contract.payload import Player
from actors.core.contract.types.combat import Streak
from actors.core.contract.types.match import Score
from actors.core.contract.types.stage import Toggle
from actors.core.delivery.recent import OVER_KEYS, Retained, Ring, cut, pages_of, weight
from tests.core.make import event


def criticals(first: int, last: int) -> list:
    return [event("kill", f"k{n}", position=n) for n in range(first, last + 1)]


def test_the_ring_returns_pages_of_its_events():
    ring = Ring()
    ring.add(criticals(5, 20))
    assert [one.position for one in ring.page(9, 3, 1 << 20)] == [10, 11, 12]
    assert [one.position for one in ring.page(18, 9, 1 << 20)] == [19, 20]
    assert ring.page(20, 9, 1 << 20) == []


@pytest.mark.parametrize(("position", "covered"), [(3, False), (4, True), (19, True), (20, False), (99, False)])
def test_the_ring_reports_the_range_that_it_covers(position, covered):
    ring = Ring()
    ring.add(criticals(5, 20))
    assert ring.covers(position) is covered


def test_the_ring_drops_the_oldest_event():
    ring = Ring(max_events=4)
    ring.add(criticals(1, 9))
    assert (len(ring), ring.covers(4), ring.covers(5)) == (4, False, True)


def test_the_ring_is_bounded_in_bytes_and_keeps_at_least_one():
    one = weight(criticals(1, 1)[0])
    ring = Ring(max_bytes=3 * one)
    ring.add(criticals(1, 9))
    assert len(ring) == 3
    small = Ring(max_bytes=1)
    small.add(criticals(1, 9))
    assert small.covers(8)


def test_a_gap_empties_the_ring():
    ring = Ring()
    ring.add(criticals(1, 3))
    ring.add(criticals(7, 8))
    assert (len(ring), ring.covers(2), ring.covers(6)) == (2, False, True)


def test_a_page_is_cut_by_bytes_but_never_empty():
    events = criticals(1, 5)
    assert len(cut(events, 2 * weight(events[0]))) == 2
    assert len(cut(events, 1)) == 1
    assert cut([], 1) == []


def toggle(name: str, on: bool, at_ms: float) -> object:
    return event("toggle", f"{name}{at_ms}", Toggle(name, on), coalesce_key=f"toggle:{name}", ts_queued_ms=at_ms)


def test_the_last_value_of_each_state_is_kept():
    retained = Retained()
    retained.see([toggle("a", True, 1), toggle("b", True, 1), toggle("a", False, 2), event("hit"), *criticals(1, 1)])
    assert {one.coalesce_key: one.ts_queued_ms for one in retained.events()} == {"toggle:a": 2, "toggle:b": 1}


def test_states_are_in_the_order_of_their_changes():
    retained = Retained([toggle("a", True, 1), toggle("b", True, 2)])
    retained.see([toggle("a", False, 3)])
    assert [one.coalesce_key for one in retained.events()] == ["toggle:b", "toggle:a"]


def test_every_change_increases_the_version():
    retained = Retained([event("score", "s", Score({"a": 1}), coalesce_key="score")])
    before = retained.version
    retained.see([event("hit")])
    assert retained.version == before
    retained.see([toggle("a", True, 1)])
    assert retained.version > before


def test_a_saved_value_counts_only_when_it_is_newer():
    retained = Retained([toggle("a", True, 5), toggle("b", True, 5)])
    saved = [toggle("a", False, 4), toggle("b", False, 6), toggle("c", True, 1)]
    told = retained.newer(saved)
    assert [(one.coalesce_key, one.ts_queued_ms) for one in told] == [("toggle:c", 1), ("toggle:a", 5), ("toggle:b", 6)]
    assert retained.events() == told, "what changed after the oldest of them follows again"
    assert retained.newer(saved) == []


def test_a_value_with_a_newer_successor_is_outdated():
    retained = Retained([toggle("a", True, 5)])
    assert retained.outdated(toggle("a", False, 4))
    assert not retained.outdated(toggle("a", False, 5))
    assert not retained.outdated(toggle("new", False, 1))
    assert not retained.outdated(event("hit"))


def test_retained_states_are_bounded_in_keys_and_the_oldest_change_is_dropped():
    retained = Retained(max_keys=2)
    for name in ("a", "b", "a", "c"):
        retained.see([toggle(name, True, 1)])
    assert [one.coalesce_key for one in retained.events()] == ["toggle:a", "toggle:c"]
    assert (retained.evicted, retained.full) == (1, True)


def test_retained_states_are_bounded_in_bytes_and_their_size_is_exact():
    one = toggle("a", True, 1)
    retained = Retained([one])
    size = retained.size_bytes
    bounded = Retained(max_bytes=3 * size)
    for number in range(50):
        bounded.see([toggle("abcdefgh"[number % 8], bool(number % 2), number)])
    assert len(bounded) == 3
    assert bounded.size_bytes == sum(Retained([kept]).size_bytes for kept in bounded.events()) <= 3 * size


def streak(number: int, kills: int) -> object:
    payload = Streak(Player(f"p{number}", "P"), kills)
    return event("streak", f"s{number}", payload, coalesce_key=f"streak:p{number}", ts_queued_ms=1)


def test_only_the_latest_ended_streaks_are_kept():
    retained = Retained()
    retained.see([streak(number, 3) for number in range(1_000)])
    retained.see([streak(number, 0) for number in range(10, 1_000)])
    assert len(retained) == 10 + OVER_KEYS
    assert retained.evicted == 0, "nothing that means something gave way"
    retained.see([streak(999, 4)])
    retained.see([streak(number, 0) for number in range(1_000, 2_000)])
    assert len(retained) == 11 + OVER_KEYS, "a streak that has begun again is none that has ended"


def test_pages_hold_all_events_in_order():
    events = criticals(1, 5)
    assert [len(page) for page in pages_of(events, 2 * weight(events[0]))] == [2, 2, 1]
    assert list(pages_of([], 10)) == []
