"""Resource budgets of processes, and the table of all alerts.

A gauge raises after five samples in a row above its limit and clears after five in a row below nine tenths of it. So a
single spike is ignored, and a value near the limit does not flap. The budget chooses the consequence: a line in the
log, an alert, or a restart. The process drains before a restart, so nothing is lost. There is at most one restart per
minute, so that a limit that is always exceeded does not become a restart loop.

Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from actors.core.sources.state import SourceReport, SourceState

IN_A_ROW: Final = 5
CLEAR_SHARE: Final = 0.9
MAX_DECIMALS: Final = 6
RESTART_EVERY_S: Final = 60.0
DISK_FULL_BYTES: Final = 64 << 20  # a WAL and a log per process, with room to act before the stores fail
SLOW_STORE_S: Final = (
    1.0  # a commit takes 0.2 ms on an SSD and 30 ms on a disk; a second means that the disk has a fault
)
AUTH_FAILURES: Final = 10  # in a minute; an overlay with an old token tries once


class Consequence(StrEnum):
    """The consequence of an exceeded budget."""

    LOG = "log"
    ALERT = "alert"
    RESTART = "restart"


class Level(StrEnum):
    WARN = "warn"  # the pipeline works; check it today
    CRITICAL = "critical"  # a part of the pipeline does not work


class Meaning(NamedTuple):
    """One kind of alert: its level, the advice, and the command that helps. docs/operations.md has the same table."""

    level: Level
    do: str
    command: str  # without the program's name; NAME stands for the process that the alert is about


ALERTS: Final[dict[str, Meaning]] = {
    "process.failed": Meaning(Level.CRITICAL, "correct the configuration, then:", "reload"),
    "process.degraded": Meaning(Level.CRITICAL, "find the cause in the logs:", "logs"),
    "process.silent": Meaning(Level.WARN, "find where it hangs in its log:", "logs NAME"),
    "memory.warn": Meaning(Level.WARN, "check whether it grows:", "top"),
    "memory.critical": Meaning(Level.CRITICAL, "raise its budget, or free memory:", "restart NAME"),
    "cpu.high": Meaning(Level.WARN, "reduce its load before it falls behind; see:", "top"),
    "store.slow": Meaning(Level.CRITICAL, "critical events wait for the disk; see:", "doctor"),
    "log.full": Meaning(Level.WARN, "raise queue.log_max_bytes, then:", "reload"),
    "store.damaged": Meaning(Level.WARN, "check the disk; its log names the file:", "logs NAME"),
    "state.full": Meaning(Level.WARN, "a source sends too many names; see:", "source list"),
    "outbox.full": Meaning(Level.CRITICAL, "find why events are not logged:", "logs queue-manager"),
    "message.dead": Meaning(Level.CRITICAL, "see Rejected in the dashboard, then:", "restart NAME"),
    "source.refused": Meaning(Level.CRITICAL, "correct the source's settings or login; see:", "source list"),
    "source.degraded": Meaning(Level.WARN, "a part of the source is missing; see:", "source list"),
    "source.silent": Meaning(Level.WARN, "check the game or platform; see:", "source list"),
    "disk.full": Meaning(Level.CRITICAL, "free disk space; what uses it:", "doctor"),
    "overlay.stalled": Meaning(Level.WARN, "refresh its browser source in OBS; see the load:", "top"),
    "overlay.lost": Meaning(Level.WARN, "check OBS, and the network of its computer:", "doctor"),
    "rules.invalid": Meaning(Level.WARN, "correct overlays/alerts.toml; all its problems:", "doctor"),
    "auth.failed": Meaning(Level.WARN, "an old URL or an attack; see:", "logs NAME"),
    "list.unwritten": Meaning(Level.WARN, "free disk space, or correct the permissions; see:", "doctor"),
    "guardian.gone": Meaning(Level.WARN, "no restart after a crash; stop it, then:", "start --detach"),
}


class Alert(NamedTuple):
    """One active alert. `name` is the process or source that it is about."""

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


class BudgetRule(NamedTuple):
    """One limit: the alert that it raises, the reading, and the consequence. The limit has the reading's unit."""

    alert: str
    reading: str  # rss_bytes or cpu_pct
    limit: float
    action: Consequence


class Gauge:
    """One limit of one process over time."""

    def __init__(self, rule: BudgetRule) -> None:
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
        """Return the reading and its limit as text."""
        if self.rule.reading == "rss_bytes":
            value, limit = told_apart(self.value / 1e6, self.rule.limit / 1e6, 1)
            return f"{value} MB of resident memory, budget {limit} MB"
        value, limit = told_apart(self.value, self.rule.limit, 0)
        return f"{value} % of a core, budget {limit} %"


def told_apart(value: float, limit: float, decimals: int) -> tuple[str, str]:
    """Return two numbers as text, with more decimals if different ones would look equal otherwise."""
    while value != limit and f"{value:.{decimals}f}" == f"{limit:.{decimals}f}" and decimals < MAX_DECIMALS:
        decimals += 1
    return f"{value:.{decimals}f}", f"{limit:.{decimals}f}"


class Crossing(NamedTuple):
    """A limit that was just crossed, in either direction, or that requires a restart."""

    alert: str
    raised: bool
    restart: bool
    text: str


class ProcessHealth:
    """All limits of one child."""

    def __init__(self, rules: Iterable[BudgetRule]) -> None:
        self._gauges = [Gauge(rule) for rule in rules]
        self._restarted_s: float | None = None

    def sample(self, now_s: float, readings: Mapping[str, float | None]) -> list[Crossing]:
        """Process the readings of one moment (None: unknown); return the limits that were crossed."""
        crossings = []
        for gauge in self._gauges:
            value = readings.get(gauge.rule.reading)
            if value is None:
                continue
            crossed = gauge.sample(value)
            restart = gauge.exceeded and gauge.rule.action is Consequence.RESTART and self._may_restart(now_s)
            if crossed or restart:
                crossings.append(Crossing(gauge.rule.alert, gauge.raised, restart, gauge.text()))
        return crossings

    def _may_restart(self, now_s: float) -> bool:
        if self._restarted_s is not None and now_s - self._restarted_s < RESTART_EVERY_S:
            return False
        self._restarted_s = now_s
        return True

    def follow(self, rules: Iterable[BudgetRule]) -> None:
        """Apply other limits. An unchanged limit keeps its samples, and the minute between restarts continues."""
        known = {gauge.rule: gauge for gauge in self._gauges}
        self._gauges = [known.get(rule) or Gauge(rule) for rule in rules]

    def reset(self) -> None:
        """Discard all samples: another incarnation begins."""
        self._gauges = [Gauge(gauge.rule) for gauge in self._gauges]

    def alerts(self, name: str) -> list[Alert]:
        """Return the alerts of exceeded limits; for each reading, only that of the highest limit."""
        raised = [gauge for gauge in self._gauges if gauge.raised and gauge.rule.action is not Consequence.LOG]
        highest = {gauge.rule.reading: gauge for gauge in sorted(raised, key=lambda gauge: gauge.rule.limit)}
        return [Alert(gauge.rule.alert, name, gauge.text()) for gauge in highest.values()]


def of_stats(name: str, stats: Mapping[str, Any]) -> list[Alert]:
    """Return the alerts that follow from an actor's own counters."""
    found = []
    stuck_s = stats.get("store_stuck_s", 0.0)
    if stuck_s > SLOW_STORE_S:
        found.append(Alert("store.slow", name, f"a commit has been running for {stuck_s:.1f} s"))
    if stats.get("store_full"):
        found.append(Alert("disk.full", name, "the disk has no room; critical events are refused until it has"))
    if stats.get("log_full"):
        found.append(Alert("log.full", name, "events younger than queue.log_keep_s are removed: the log is full"))
    if stats.get("store_damaged"):
        found.append(Alert("store.damaged", name, "its file is damaged: old rows are not removed, new ones are stored"))
    if stats.get("retained_full"):
        found.append(Alert("state.full", name, "there are too many retained states: new ones replace the oldest"))
    if stats.get("outbox_full"):
        found.append(Alert("outbox.full", name, "the outbox is full, and sources receive 503"))
    if dead := stats.get("dead", 0):
        noun = "message" if dead == 1 else "messages"
        found.append(
            Alert("message.dead", name, f"{dead:g} {noun} killed this process three times, and will not be shown")
        )
    if (failures := stats.get("auth_failures_recent", 0)) >= AUTH_FAILURES:
        found.append(Alert("auth.failed", name, f"{failures} wrong tokens in the last minute"))
    for problem, count in stats.get("alert_problems", {}).items():
        more = f"; and {count - 1} more" if count > 1 else ""
        found.append(Alert("rules.invalid", "alerts.toml", f"{problem.removeprefix('alerts.toml: ')}{more}"))
    for overlay_id in stats.get("stalled_overlays", ()):
        found.append(Alert("overlay.stalled", overlay_id, "this overlay is visible, and renders nothing"))
    for overlay_id in stats.get("lost_overlays", ()):
        found.append(Alert("overlay.lost", overlay_id, "the connection of this overlay broke"))
    return found


def of_disk(free_bytes: int | None) -> list[Alert]:
    """Return the alert of too little free space on the file system of the run directory."""
    if free_bytes is None or free_bytes >= DISK_FULL_BYTES:
        return []
    text = f"{free_bytes / 1e6:.1f} MB are left for the run directory; without space, sources are refused"
    return [Alert("disk.full", "supervisor", text)]


_SOURCE_ALERTS: Final = {
    SourceState.REFUSED: "source.refused",
    SourceState.DEGRADED: "source.degraded",
    SourceState.SILENT: "source.silent",
}


def of_sources(reports: Iterable[SourceReport]) -> list[Alert]:
    """Return the alerts that follow from the states of sources."""
    return [
        Alert(_SOURCE_ALERTS[report.state], report.name, report.detail)
        for report in reports
        if report.state in _SOURCE_ALERTS
    ]


class Board:
    """The active alerts, and since when."""

    def __init__(self) -> None:
        self._since_s: dict[tuple[str, str], float] = {}
        self.active: list[Alert] = []

    def update(self, now_s: float, alerts: Iterable[Alert]) -> tuple[list[Alert], list[Alert]]:
        """Replace the active alerts; return those that are new and those that have cleared, critical ones first."""
        order = {Level.CRITICAL: 0, Level.WARN: 1}
        before = {alert[:2]: alert for alert in self.active}
        one_each = {alert[:2]: alert for alert in alerts}.values()  # each gateway reports the rules of alerts
        self.active = sorted(one_each, key=lambda alert: (order[alert.level], alert.key, alert.name))
        now = {alert[:2] for alert in self.active}
        self._since_s = {key: self._since_s.get(key, now_s) for key in now}
        return (
            [alert for alert in self.active if alert[:2] not in before],
            [alert for key, alert in before.items() if key not in now],
        )

    def since_s(self, alert: Alert) -> float:
        return self._since_s[alert[:2]]
