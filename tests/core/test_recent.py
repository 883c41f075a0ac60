"""The recent events of a gateway."""

from __future__ import annotations

import pytest

from actors.core.delivery.recent import Ring, cut, pages_of, weight
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


def test_pages_hold_all_events_in_order():
    events = criticals(1, 5)
    assert [len(page) for page in pages_of(events, 2 * weight(events[0]))] == [2, 2, 1]
    assert list(pages_of([], 10)) == []
