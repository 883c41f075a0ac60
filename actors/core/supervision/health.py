"""What a process may use, what is said when it uses more, and every alert of the house.

A gauge raises after five samples in a row above its limit and clears after five in a row below nine tenths of it: one
spike is no news, and what hovers around a limit does not flicker. What follows is the budget's choice: a line in the
log, an alert, or a restart (drained, so nothing is lost; at most one a minute, because a limit that is always exceeded
must not become a restart loop).

Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from actors.core.sources.state import Report, State

IN_A_ROW: Final = 5
CLEAR_SHARE: Final = 0.9
RESTART_EVERY_S: Final = 60.0
SLOW_STORE_S: Final = 1.0  # a commit takes 0.2 ms on an SSD and 30 ms on a disk; after a second the disk is in trouble


class Action(StrEnum):
    """What follows when a budget is exceeded."""

    LOG = "log"
    ALERT = "alert"
    RESTART = "restart"


class Level(StrEnum):
    WARN = "warn"  # it works; look at it today
    CRITICAL = "critical"  # something does not work now


class Meaning(NamedTuple):
    """One kind of alert, as docs/operations.md explains it too: what to do, which the command helps with."""

    level: Level
    do: str
    command: str  # after the program's name; NAME: of the process that the alert is about


ALERTS: Final[dict[str, Meaning]] = {
    "process.failed": Meaning(Level.CRITICAL, "correct what it says, then:", "reload"),
    "process.degraded": Meaning(Level.CRITICAL, "it dies again and again; why:", "logs"),
    "process.silent": Meaning(Level.WARN, "where it hangs, unless it is stopped:", "logs NAME"),
    "memory.warn": Meaning(Level.WARN, "see whether it grows:", "top"),
    "memory.critical": Meaning(Level.CRITICAL, "raise its budget, or free memory:", "restart NAME"),
    "cpu.high": Meaning(Level.WARN, "it will be late soon, give it less to do; see:", "top"),
    "store.slow": Meaning(Level.CRITICAL, "critical events wait for the disk; see:", "doctor"),
    "log.full": Meaning(Level.WARN, "raise queue.log_max_bytes, then", "reload"),
    "state.full": Meaning(Level.WARN, "a source sends too many names; see:", "source list"),
    "outbox.full": Meaning(Level.CRITICAL, "what keeps the log from taking it:", "logs queue-manager"),
    "source.refused": Meaning(Level.CRITICAL, "correct what it says; then see:", "source list"),
    "source.degraded": Meaning(Level.WARN, "a part of the source is missing; see:", "source list"),
    "source.silent": Meaning(Level.WARN, "check the game or platform; see:", "source list"),
    "list.unwritten": Meaning(Level.WARN, "make room, or correct its permissions; see:", "doctor"),
    "guardian.gone": Meaning(Level.WARN, "nobody would restart it; stop it, then:", "start --detach"),
}


class Alert(NamedTuple):
    """Something that an operator should know now. `name` is the process it is about."""

    key: str
    name: str
    text: str

    @property
    def level(self) -> Level:
        return ALERTS[self.key].level

    @property
    def do(self) -> str:
        return ALERTS[self.key].do

    @property
    def command(self) -> str:
        return ALERTS[self.key].command.replace("NAME", self.name)


class Rule(NamedTuple):
    """One limit: which alert it raises, on which reading, and what follows. The limit has the reading's unit."""

    alert: str
    reading: str  # rss_bytes or cpu_pct
    limit: float
    action: Action


class Gauge:
    """One limit of one process over time."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.raised = False
        self.value = 0.0
        self._in_a_row = 0

    def sample(self, value: float) -> bool:
        """Take one reading; True when it raises or clears now."""
        self.value = value
        crosses = value < self.rule.limit * CLEAR_SHARE if self.raised else value > self.rule.limit
        self._in_a_row = self._in_a_row + 1 if crosses else 0
        if self._in_a_row < IN_A_ROW:
            return False
        self.raised, self._in_a_row = not self.raised, 0
        return True

    @property
    def exceeded(self) -> bool:
        return self.raised and self.value > self.rule.limit

    def text(self) -> str:
        """Return the reading and its limit in words."""
        if self.rule.reading == "rss_bytes":
            return f"{self.value / 1e6:.1f} MB of memory, budget {self.rule.limit / 1e6:.1f} MB"
        return f"{self.value:.0f} % of a core, budget {self.rule.limit:.0f} %"


class Verdict(NamedTuple):
    """A limit that was just crossed, in either direction, or that calls for a restart."""

    alert: str
    raised: bool
    restart: bool
    text: str


class Health:
    """All limits of one child."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._gauges = [Gauge(rule) for rule in rules]
        self._restarted_s: float | None = None

    def sample(self, now_s: float, readings: Mapping[str, float | None]) -> list[Verdict]:
        """Take the readings of one moment (None: not known); return what follows."""
        verdicts = []
        for gauge in self._gauges:
            value = readings.get(gauge.rule.reading)
            if value is None:
                continue
            crossed = gauge.sample(value)
            restart = gauge.exceeded and gauge.rule.action is Action.RESTART and self._may_restart(now_s)
            if crossed or restart:
                verdicts.append(Verdict(gauge.rule.alert, gauge.raised, restart, gauge.text()))
        return verdicts

    def _may_restart(self, now_s: float) -> bool:
        if self._restarted_s is not None and now_s - self._restarted_s < RESTART_EVERY_S:
            return False
        self._restarted_s = now_s
        return True

    def follow(self, rules: Iterable[Rule]) -> None:
        """Take other limits; one that is as before keeps what it has seen, and the minute between restarts goes on."""
        known = {gauge.rule: gauge for gauge in self._gauges}
        self._gauges = [known.get(rule) or Gauge(rule) for rule in rules]

    def reborn(self) -> None:
        """Another incarnation begins, and nobody has seen yet what it uses."""
        self._gauges = [Gauge(gauge.rule) for gauge in self._gauges]

    def alerts(self, name: str) -> list[Alert]:
        """Return what is above its limit and more than a line in the log; of one reading, only the highest limit."""
        raised = [gauge for gauge in self._gauges if gauge.raised and gauge.rule.action is not Action.LOG]
        highest = {gauge.rule.reading: gauge for gauge in sorted(raised, key=lambda gauge: gauge.rule.limit)}
        return [Alert(gauge.rule.alert, name, gauge.text()) for gauge in highest.values()]


def of_stats(name: str, stats: Mapping[str, Any]) -> list[Alert]:
    """Return what an actor's own numbers say is wrong."""
    found = []
    stuck_s = stats.get("store_stuck_s", 0.0)
    if stuck_s > SLOW_STORE_S:
        found.append(Alert("store.slow", name, f"a commit has been under way for {stuck_s:.1f} s"))
    if stats.get("log_full"):
        found.append(Alert("log.full", name, "events younger than queue.log_keep_s are removed: the log is full"))
    if stats.get("retained_full"):
        found.append(Alert("state.full", name, "there are too many retained states: the oldest give way to new ones"))
    if stats.get("outbox_full"):
        found.append(Alert("outbox.full", name, "the outbox is full, sources are answered 503"))
    return found


_SOURCE_ALERTS: Final = {
    State.REFUSED: "source.refused",
    State.DEGRADED: "source.degraded",
    State.SILENT: "source.silent",
}


def of_sources(reports: Iterable[Report]) -> list[Alert]:
    """Return what the states of sources say is wrong."""
    return [
        Alert(_SOURCE_ALERTS[report.state], report.name, report.detail)
        for report in reports
        if report.state in _SOURCE_ALERTS
    ]


class Board:
    """The alerts that stand now, and since when."""

    def __init__(self) -> None:
        self._since_s: dict[tuple[str, str], float] = {}
        self.standing: list[Alert] = []

    def update(self, now_s: float, alerts: Iterable[Alert]) -> tuple[list[Alert], list[Alert]]:
        """Take all that stand now; return what is new and what has gone, critical ones first."""
        order = {Level.CRITICAL: 0, Level.WARN: 1}
        before = {alert[:2]: alert for alert in self.standing}
        self.standing = sorted(alerts, key=lambda alert: (order[alert.level], alert.key, alert.name))
        now = {alert[:2] for alert in self.standing}
        self._since_s = {key: self._since_s.get(key, now_s) for key in now}
        return (
            [alert for alert in self.standing if alert[:2] not in before],
            [alert for key, alert in before.items() if key not in now],
        )

    def since_s(self, alert: Alert) -> float:
        return self._since_s[alert[:2]]
