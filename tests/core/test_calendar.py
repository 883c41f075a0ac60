"""The clock of the retention: a jump of the wall clock does not age stored data."""

from __future__ import annotations

from actors.core.queue.calendar import Calendar

HOUR_MS = 3_600_000.0


def calendar(ahead_ms: float = 0.0) -> Calendar:
    return Calendar(HOUR_MS, 50.0, keep_s=100.0, ahead_ms=ahead_ms)


def test_elapsed_time_is_accepted():
    assert calendar().now_ms(HOUR_MS + 5_000.0, 55.0) == HOUR_MS + 5_000.0


def test_a_clock_set_ahead_is_not_followed_before_all_earlier_data_has_expired():
    clock = calendar()
    assert clock.now_ms(2 * HOUR_MS + 5_000.0, 55.0) == HOUR_MS + 5_000.0
    assert clock.now_ms(2 * HOUR_MS + 104_000.0, 154.0) == HOUR_MS + 104_000.0
    assert clock.now_ms(2 * HOUR_MS + 105_000.0, 155.0) == 2 * HOUR_MS + 105_000.0


def test_a_clock_set_back_is_followed_because_data_is_then_kept_longer():
    assert calendar().now_ms(5_000.0, 55.0) == 5_000.0


def test_a_corrected_clock_has_no_offset():
    clock = calendar()
    assert clock.now_ms(2 * HOUR_MS, 51.0) == HOUR_MS + 1_000.0
    assert clock.now_ms(HOUR_MS + 2_000.0, 52.0) == HOUR_MS + 2_000.0
    assert clock.ahead_ms == 0.0


def test_the_offset_of_an_earlier_process_is_subtracted_during_the_retention():
    clock = calendar(ahead_ms=HOUR_MS)
    assert clock.now_ms(HOUR_MS + 99_000.0, 149.0) == 99_000.0
    assert clock.now_ms(HOUR_MS + 100_000.0, 150.0) == HOUR_MS + 100_000.0


def recovered(saved: bytes, wall_ms: float, now_s: float) -> Calendar:
    return Calendar.recovered(saved, wall_ms, now_s, keep_s=100.0)


def test_a_clock_change_between_two_processes_is_detected_by_the_second():
    clock = recovered(calendar().save(), 2 * HOUR_MS + 5_000.0, 55.0)
    assert clock.now_ms(2 * HOUR_MS + 6_000.0, 56.0) == HOUR_MS + 6_000.0
    assert recovered(clock.save(), HOUR_MS + 7_000.0, 57.0).ahead_ms == 0.0


def test_repeated_restarts_do_not_extend_the_correction_of_a_clock():
    clock = recovered(calendar().save(), 2 * HOUR_MS, 50.0)
    for now_s in (80.0, 110.0, 149.0):
        clock = recovered(clock.save(), 2 * HOUR_MS + (now_s - 50.0) * 1000, now_s)
        assert clock.ahead_ms == HOUR_MS
    assert recovered(clock.save(), 2 * HOUR_MS + 100_000.0, 150.0).ahead_ms == 0.0


def test_time_without_power_is_not_a_jump_and_an_earlier_jump_is_kept():
    assert recovered(calendar().save(), 9 * HOUR_MS, 5.0).now_ms(9 * HOUR_MS, 5.0) == 9 * HOUR_MS
    jumped = recovered(calendar().save(), 2 * HOUR_MS, 50.0)
    clock = recovered(jumped.save(), 9 * HOUR_MS, 5.0)
    assert clock.now_ms(9 * HOUR_MS + 99_000.0, 104.0) == 8 * HOUR_MS + 99_000.0
    assert clock.now_ms(9 * HOUR_MS + 100_000.0, 105.0) == 9 * HOUR_MS + 100_000.0


def test_without_a_saved_state_the_clock_is_accepted():
    assert recovered(b"", 9 * HOUR_MS, 5.0).ahead_ms == 0.0


def test_a_stamp_of_the_future_is_old_when_the_clock_was_steady_for_the_retention():
    clock = calendar()
    clock.now_ms(10_000.0, 60.0)  # set back by an hour
    assert clock.future_ms() == float("inf")
    clock.now_ms(109_000.0, 159.0)
    assert clock.future_ms() == float("inf")
    clock.now_ms(110_000.0, 160.0)
    assert clock.future_ms() == 210_000.0
