"""Wrong tokens of the last minute, and the lines of the log about them."""

from actors.core.intruders import AuthFailures


def test_wrong_tokens_of_the_last_minute_are_counted_and_a_flood_writes_few_lines() -> None:
    failures = AuthFailures(0.0)
    logged = [failures.add(1.0) for _ in range(100)]
    assert sum(logged) == 3
    assert failures.last_minute(1.0) == 100
    assert failures.add(30.0)
    assert failures.last_minute(30.0) == 101
    assert failures.last_minute(62.0) == 1
    assert failures.last_minute(91.0) == 0
    assert failures.total == 101


def test_the_history_is_bounded_for_any_number_of_requests() -> None:
    failures = AuthFailures(0.0)
    for tick in range(100_000):
        failures.last_minute(tick / 100)
    assert len(failures._history) <= 62
