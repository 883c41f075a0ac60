"""Budgets as tables of samples, and the board of alerts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.core.supervision.health import (
    ALERTS,
    CLEAR_SHARE,
    IN_A_ROW,
    RESTART_EVERY_S,
    Alert,
    Board,
    BudgetRule,
    Consequence,
    Gauge,
    Level,
    ProcessHealth,
    of_disk,
    of_stats,
)  # fmt: skip

MEMORY = BudgetRule("memory.critical", "rss_bytes", 100.0, Consequence.ALERT)


def walk(values: list[float], rule: BudgetRule = MEMORY) -> list[bool]:
    gauge = Gauge(rule)
    found = []
    for value in values:
        gauge.sample(value)
        found.append(gauge.raised)
    return found


@pytest.mark.parametrize(("values", "raised"), [
    ([101] * 4, [False] * 4),
    ([101] * 5, [False] * 4 + [True]),
    ([101] * 4 + [100] + [101] * 4, [False] * 9),  # four and four are not five in a row
    ([100] * 9, [False] * 9),  # the limit itself is allowed
    ([101] * 5 + [95] * 9, [False] * 4 + [True] * 10),  # below the limit, not below nine tenths of it
    ([101] * 5 + [89] * 5, [False] * 4 + [True] * 5 + [False]),
    ([101] * 5 + [89] * 4 + [91] + [89] * 4, [False] * 4 + [True] * 10),
    ([101] * 5 + [89] * 5 + [101] * 5, [False] * 4 + [True] * 5 + [False] * 5 + [True]),
])  # fmt: skip
def test_a_budget_raises_after_five_above_and_clears_after_five_well_below(values, raised):
    assert walk(values)[: len(raised)] == raised


@given(st.lists(st.floats(0, 200)))
def test_a_budget_changes_only_after_five_equal_samples_in_a_row(values):
    before = False
    for place, raised in enumerate(walk(values)):
        if raised != before:
            window = values[place - IN_A_ROW + 1 : place + 1]
            assert len(window) == IN_A_ROW
            assert all(value > 100 if raised else value < 100 * CLEAR_SHARE for value in window)
        before = raised


def exceeding(action: Consequence, samples: int, every_s: float = 2.0) -> list[tuple[int, bool]]:
    """Return (place, restart) of every verdict while a limit is exceeded by each sample."""
    health = ProcessHealth([MEMORY._replace(action=action)])
    return [
        (place, verdict.restart)
        for place in range(samples)
        for verdict in health.sample(place * every_s, {"rss_bytes": 200.0})
    ]


def test_the_budget_sets_the_consequence():
    assert exceeding(Consequence.LOG, 40) == [(4, False)]
    assert exceeding(Consequence.ALERT, 40) == [(4, False)]
    # again when the minute is over, because the first restart did not help
    assert exceeding(Consequence.RESTART, 40) == [(4, True), (34, True)]
    assert RESTART_EVERY_S == 60.0


def test_a_budget_that_only_logs_raises_no_alert():
    for action, count in ((Consequence.LOG, 0), (Consequence.ALERT, 1), (Consequence.RESTART, 1)):
        health = ProcessHealth([MEMORY._replace(action=action)])
        for place in range(5):
            health.sample(float(place), {"rss_bytes": 600e6})
        assert len(health.alerts("ingest")) == count
    assert health.alerts("ingest")[0].text == "600.0 MB of resident memory, budget 0.0 MB"


@pytest.mark.parametrize(("value", "text"), [
    (100.4e6, "100.4 MB of resident memory, budget 100.0 MB"),
    (100_040_000.0, "100.04 MB of resident memory, budget 100.00 MB"),
    (100_000_001.0, "100.000001 MB of resident memory, budget 100.000000 MB"),
    (100e6, "100.0 MB of resident memory, budget 100.0 MB"),
])  # fmt: skip
def test_a_reading_above_its_budget_never_looks_equal_to_it(value, text):
    health = ProcessHealth([MEMORY._replace(limit=100e6, action=Consequence.ALERT)])
    for place in range(5):
        health.sample(float(place), {"rss_bytes": 200e6})
    health.sample(5.0, {"rss_bytes": value})
    assert health.alerts("ingest")[0].text == text


def test_unknown_samples_are_ignored_and_a_new_process_starts_from_zero():
    health = ProcessHealth([MEMORY])
    for value in (200.0, 200.0, 200.0, 200.0, None):
        assert health.sample(0.0, {"rss_bytes": value}) == []
    assert [verdict.raised for verdict in health.sample(0.0, {"rss_bytes": 200.0})] == [True]
    health.reset()
    assert health.alerts("ingest") == []
    assert health.sample(0.0, {"rss_bytes": 200.0}) == []


def test_of_two_limits_of_one_reading_only_the_higher_is_an_alert():
    warn = MEMORY._replace(alert="memory.warn", limit=50.0)
    cpu = BudgetRule("cpu.high", "cpu_pct", 90.0, Consequence.ALERT)
    health = ProcessHealth([warn, MEMORY, cpu])
    for value, keys in ((60.0, ["memory.warn"]), (200.0, ["memory.critical"])):
        for _ in range(IN_A_ROW):
            health.sample(0.0, {"rss_bytes": value, "cpu_pct": 0.0})
        assert [alert.key for alert in health.alerts("ingest")] == keys
    for _ in range(IN_A_ROW):
        health.sample(0.0, {"cpu_pct": 95.0})
    assert [alert.key for alert in health.alerts("ingest")] == ["memory.critical", "cpu.high"]


def test_changed_limits_reset_the_samples_and_equal_limits_do_not():
    restart = MEMORY._replace(action=Consequence.RESTART)
    health = ProcessHealth([restart])
    restarts = [verdict.restart for _ in range(IN_A_ROW) for verdict in health.sample(1.0, {"rss_bytes": 200.0})]
    health.follow([restart])
    assert (restarts, len(health.alerts("ingest"))) == ([True], 1)
    health.follow([restart._replace(limit=150.0)])
    assert health.alerts("ingest") == []
    verdicts = [one for place in range(9) for one in health.sample(2.0 + place, {"rss_bytes": 200.0})]
    assert [verdict.restart for verdict in verdicts] == [False]  # the minute is not over
    health.follow([restart._replace(limit=250.0)])
    assert health.alerts("ingest") == []


@pytest.mark.parametrize(("stats", "keys"), [
    ({}, []),
    ({"store_stuck_s": 0.9, "outbox_full": 0.0}, []),
    ({"store_stuck_s": 1.1}, ["store.slow"]),
    ({"store_stuck_s": 3.0, "outbox_full": 1.0}, ["store.slow", "outbox.full"]),
    ({"dead": 0}, []),
    ({"dead": 2}, ["message.dead"]),
    ({"log_full": 1.0}, ["log.full"]),
    ({"store_damaged": 1.0}, ["store.damaged"]),
])  # fmt: skip
def test_metrics_of_an_actor_raise_alerts(stats, keys):
    assert [alert.key for alert in of_stats("ingest", stats)] == keys


def test_the_board_reports_each_raised_and_cleared_alert_once_critical_first():
    board = Board()
    silent, failed = Alert("process.silent", "ingest", "2 s"), Alert("process.failed", "demo", "wrong")
    assert board.update(1.0, [silent]) == ([silent], [])
    later = silent._replace(text="3 s")
    assert board.update(2.0, [later, failed]) == ([failed], [])
    assert board.active == [failed, later]
    assert (board.since_s(later), board.since_s(failed)) == (1.0, 2.0)
    assert board.update(3.0, [failed]) == ([], [later])
    assert board.update(4.0, [silent, failed]) == ([silent], [])
    assert board.since_s(silent) == 4.0


def test_the_same_alert_of_two_gateways_is_shown_once():
    board = Board()
    stats = {"alert_problems": {"alerts.toml: wrong": 1}}
    board.update(1.0, [*of_stats("gateway-1", stats), *of_stats("gateway-2", stats)])
    assert [alert.text for alert in board.active] == ["wrong"]


def test_every_alert_has_advice():
    for key, level in itertools.product(ALERTS, Level):
        alert = Alert(key, "gateway-1", "")
        assert alert.do
        assert "NAME" not in alert.do
        assert (alert.level is level) == (ALERTS[key].level is level)


@pytest.mark.parametrize(("free_bytes", "keys"), [
    (None, []), (64 << 20, []), ((64 << 20) - 1, ["disk.full"]), (0, ["disk.full"]),
])  # fmt: skip
def test_little_disk_space_raises_an_alert(free_bytes, keys):
    assert [alert.key for alert in of_disk(free_bytes)] == keys
