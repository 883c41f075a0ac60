"""Restart policy as tables: backoff, degraded state, and restarts by the guardian."""

import pytest

from actors.core.supervision.restarts import Policy, Restarts, should_restart

POLICY = Policy(first_s=0.2, max_s=5.0, healthy_s=60.0)


def waits(*deaths: tuple[float, float], policy: Policy = POLICY) -> list[float]:
    """Return the wait after each of the deaths, given as (now_s, healthy_for_s)."""
    restarts = Restarts(policy)
    return [restarts.died(now_s, healthy_for_s) for now_s, healthy_for_s in deaths]


def test_the_first_restart_is_immediate_and_the_next_ones_double_up_to_the_maximum():
    assert waits(*[(0.0, 0.0)] * 9) == [0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_sixty_healthy_seconds_forgive_all_deaths():
    assert waits((0, 0), (1, 0), (2, 0), (70, 60.0), (71, 0)) == [0.0, 0.2, 0.4, 0.0, 0.2]


def test_a_healthy_second_forgives_a_death():
    deaths = [(0, 0.0), (0, 0.0), (0, 0.0), (0, 1.0), (0, 2.0), (0, 2.9), (0, 0.9)]
    assert waits(*deaths) == [0.0, 0.2, 0.4, 0.4, 0.2, 0.0, 0.2]


def test_remembered_deaths_are_bounded_by_sixty_seconds():
    assert waits(*[(0.0, 0.0)] * 100, (0.0, 59.9))[-1] == 0.2


def test_restarts_are_unlimited_and_the_backoff_does_not_overflow():
    assert waits(*[(0.0, 0.0)] * 5_000)[-1] == 5.0


@pytest.mark.parametrize(
    ("deaths", "now_s", "degraded"),
    [
        ([], 0.0, False),
        ([float(second) for second in range(10)], 9.0, False),
        ([float(second) for second in range(11)], 10.0, True),
        ([float(second) for second in range(11)], 60.0, True),
        ([float(second) for second in range(11)], 60.1, False),
        ([float(7 * number) for number in range(50)], 343.0, False),
        ([0.0] * 500, 0.0, True),
    ],
)
def test_more_than_ten_restarts_in_a_minute_are_degraded(deaths, now_s, degraded):
    restarts = Restarts(POLICY)
    for death_s in deaths:
        restarts.died(death_s, 0.0)
    assert restarts.degraded(now_s) is degraded


@pytest.mark.parametrize(
    ("code", "ran_s", "was_ready", "back"),
    [
        (-9, 0.1, False, True),  # killed
        (-11, 100.0, True, True),
        (0, 100.0, True, False),  # asked to leave
        (0, 0.1, False, False),
        (2, 100.0, False, False),  # the configuration is wrong
        (3, 100.0, False, False),  # a pipeline is running already
        (1, 0.1, False, False),  # a bug right at the start would only repeat its traceback
        (1, 60.0, False, True),  # a bug after a healthy run is worth another try
        (1, 0.1, True, True),  # it has worked, and may again: a file was broken, a disk is full
        (2, 0.1, True, True),
        (3, 0.1, True, True),
    ],
)
def test_the_guardian_restarts_a_killed_or_once_ready_supervisor_and_no_exited_one(code, ran_s, was_ready, back):
    assert should_restart(code, ran_s, POLICY, was_ready) is back
