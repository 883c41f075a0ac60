"""What time it is when something is forgotten: what a clock jumped over has made nothing old."""

from __future__ import annotations

from actors.core.calendar import Calendar

HOUR_MS = 3_600_000.0


def test_time_that_passes_is_believed():
    assert Calendar(1_000.0, 50.0).now_ms(6_000.0, 55.0) == 6_000.0


def test_a_clock_that_is_set_forward_is_not_followed():
    assert Calendar(1_000.0, 50.0).now_ms(6_000.0 + HOUR_MS, 55.0) == 6_000.0


def test_a_clock_that_is_set_back_is_followed_because_then_things_are_kept_for_longer():
    assert Calendar(HOUR_MS, 50.0).now_ms(5_000.0, 55.0) == 5_000.0


def test_a_clock_that_is_corrected_again_is_where_it_was():
    calendar = Calendar(1_000.0, 50.0)
    assert calendar.now_ms(HOUR_MS, 51.0) == 2_000.0
    assert calendar.now_ms(3_000.0, 52.0) == 3_000.0
