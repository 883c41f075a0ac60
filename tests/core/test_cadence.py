"""When frames are sent, as tables of histories."""

from __future__ import annotations

import pytest

from actors.core.queue.cadence import BUSY_AFTER_FRAMES, CALM_AFTER_FRAMES, Cadence


def cadence() -> Cadence:
    return Cadence(flush_hz=50, busy_hz=25, busy_events=100, critical_gap_ms=8)


def test_no_frame_is_sent_while_no_event_waits() -> None:
    assert cadence().due_s(waiting=False, critical=False) is None


def test_the_first_event_after_a_pause_is_sent_at_once() -> None:
    assert cadence().due_s(waiting=True, critical=False) < 0
    calm = cadence()
    calm.sent(10.0, 1)
    assert calm.due_s(waiting=True, critical=False) == 10.02


def test_a_critical_event_waits_only_for_the_minimum_gap_and_restarts_the_tick() -> None:
    calm = cadence()
    calm.sent(10.0, 1)
    assert calm.due_s(waiting=True, critical=True) == 10.008
    calm.sent(10.008, 2)
    assert calm.due_s(waiting=True, critical=False) == pytest.approx(10.028)


def test_load_halves_the_frame_rate_and_low_load_restores_it_with_hysteresis() -> None:
    busy = cadence()
    for _ in range(BUSY_AFTER_FRAMES - 1):
        busy.sent(0.0, 101)
    assert not busy.busy
    busy.sent(0.0, 101)
    assert busy.busy
    assert busy.due_s(waiting=True, critical=False) == 0.04
    for _ in range(CALM_AFTER_FRAMES - 1):
        busy.sent(0.0, 50)
    busy.sent(0.0, 75)  # in between: neither loaded nor calm, the count starts again
    for _ in range(CALM_AFTER_FRAMES - 1):
        busy.sent(0.0, 50)
    assert busy.busy
    busy.sent(0.0, 50)
    assert not busy.busy


def test_without_a_pace_every_event_is_due_at_once() -> None:
    free = cadence()
    free.paced = False
    free.sent(10.0, 1)
    due = [free.due_s(waiting=True, critical=False), free.due_s(waiting=False, critical=True)]
    assert [free.due_s(waiting=False, critical=False), *due] == [None, 10.0, 10.0]
