"""What time it is when something is forgotten: what a clock jumped over has made nothing old."""

from __future__ import annotations

from actors.core.queue.calendar import Calendar

HOUR_MS = 3_600_000.0


def calendar(ahead_ms: float = 0.0) -> Calendar:
    return Calendar(HOUR_MS, 50.0, keep_s=100.0, ahead_ms=ahead_ms)


def test_time_that_passes_is_believed():
    assert calendar().now_ms(HOUR_MS + 5_000.0, 55.0) == HOUR_MS + 5_000.0


def test_a_clock_that_is_set_ahead_is_not_followed_until_all_from_before_is_old():
    clock = calendar()
    assert clock.now_ms(2 * HOUR_MS + 5_000.0, 55.0) == HOUR_MS + 5_000.0
    assert clock.now_ms(2 * HOUR_MS + 104_000.0, 154.0) == HOUR_MS + 104_000.0
    assert clock.now_ms(2 * HOUR_MS + 105_000.0, 155.0) == 2 * HOUR_MS + 105_000.0


def test_a_clock_that_is_set_back_is_followed_because_then_things_are_kept_for_longer():
    assert calendar().now_ms(5_000.0, 55.0) == 5_000.0


def test_a_clock_that_is_corrected_again_is_where_it_was():
    clock = calendar()
    assert clock.now_ms(2 * HOUR_MS, 51.0) == HOUR_MS + 1_000.0
    assert clock.now_ms(HOUR_MS + 2_000.0, 52.0) == HOUR_MS + 2_000.0
    assert clock.ahead_ms == 0.0


def test_what_an_earlier_life_was_ahead_is_taken_off_for_as_long_as_anything_is_kept():
    clock = calendar(ahead_ms=HOUR_MS)
    assert clock.now_ms(HOUR_MS + 99_000.0, 149.0) == 99_000.0
    assert clock.now_ms(HOUR_MS + 100_000.0, 150.0) == HOUR_MS + 100_000.0


def recovered(saved: bytes, wall_ms: float, now_s: float) -> Calendar:
    return Calendar.recovered(saved, wall_ms, now_s, keep_s=100.0)


def test_a_clock_that_was_set_while_nobody_looked_is_found_by_the_next():
    clock = recovered(calendar().save(), 2 * HOUR_MS + 5_000.0, 55.0)
    assert clock.now_ms(2 * HOUR_MS + 6_000.0, 56.0) == HOUR_MS + 6_000.0
    assert recovered(clock.save(), HOUR_MS + 7_000.0, 57.0).ahead_ms == 0.0


def test_what_is_recovered_again_and_again_is_believed_as_soon_as_without():
    clock = recovered(calendar().save(), 2 * HOUR_MS, 50.0)
    for now_s in (80.0, 110.0, 149.0):
        clock = recovered(clock.save(), 2 * HOUR_MS + (now_s - 50.0) * 1000, now_s)
        assert clock.ahead_ms == HOUR_MS
    assert recovered(clock.save(), 2 * HOUR_MS + 100_000.0, 150.0).ahead_ms == 0.0


def test_a_night_without_power_is_no_jump_and_a_jump_from_before_it_is_remembered():
    assert recovered(calendar().save(), 9 * HOUR_MS, 5.0).now_ms(9 * HOUR_MS, 5.0) == 9 * HOUR_MS
    jumped = recovered(calendar().save(), 2 * HOUR_MS, 50.0)
    clock = recovered(jumped.save(), 9 * HOUR_MS, 5.0)
    assert clock.now_ms(9 * HOUR_MS + 99_000.0, 104.0) == 8 * HOUR_MS + 99_000.0
    assert clock.now_ms(9 * HOUR_MS + 100_000.0, 105.0) == 9 * HOUR_MS + 100_000.0


def test_without_anything_saved_the_clock_is_believed():
    assert recovered(b"", 9 * HOUR_MS, 5.0).ahead_ms == 0.0
