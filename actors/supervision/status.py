"""The rows of the status: plain data in base units, None for unknown values."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from actors import program
from actors.config import Settings, SettingsSource
from actors.core.sources.state import SourceReport, SourceState
from actors.core.supervision.children import ChildState, Lifecycle
from actors.core.supervision.health import Alert
from actors.supervision.child import Incarnation

_COMMAND: Final = re.compile(
    rf"{re.escape(program.NAME)} (login [a-z]+ --source|secret set|gsi install --name) [a-z0-9][a-z0-9._-]*[a-z0-9]"
)
REASON_CHARACTERS: Final = 300  # the part of a child's last message that a reason repeats


def process_row(lifecycle: Lifecycle, incarnation: Incarnation | None, now_s: float) -> dict[str, Any]:
    """Return the row of a process; `incarnation` None: it does not run."""
    row: dict[str, Any] = {
        "name": lifecycle.child.name,
        "kind": lifecycle.child.kind,
        "state": lifecycle.state,
        "pid": lifecycle.pid,
        "uptime_s": round(now_s - lifecycle.since_s, 3) if incarnation else None,
        "restarts": lifecycle.restarts,
        "last_reason": lifecycle.last_reason,
        "heartbeat_age_s": round(now_s - lifecycle.heartbeat_s, 3) if incarnation else None,
        "degraded": lifecycle.degraded(now_s),
        "silent": lifecycle.silent,
    }
    return row | (incarnation.readings() if incarnation else {})


def source_rows(
    lifecycle: Lifecycle, incarnation: Incarnation | None, settings: Settings, options: str
) -> list[dict[str, Any]]:
    """Return the sources of a process as it reports them, or the reason why there is no process.

    `options` select this pipeline in a command: `command` is the one that the reason names for it, ready to paste.
    """
    reports = incarnation.sources if incarnation else []
    if lifecycle.child.kind == "source" and not reports:
        name = lifecycle.child.name
        kind = settings.all_sources().get(name, {}).get("kind", "")
        state = SourceState.REFUSED if lifecycle.state is ChildState.FAILED else SourceState.CONNECTING
        reports = [SourceReport(name, kind, state, detail=lifecycle.last_reason[:REASON_CHARACTERS])]
    per_s = incarnation.received_per_s if incarnation else {}
    return [
        msgspec.to_builtins(report)
        | {"events_per_s": per_s.get(report.name), "command": named_command(report.detail, options)}
        for report in reports
    ]


def named_command(detail: str, options: str) -> str:
    """Return the command for a login, a secret or a token that the reason of a source names; "" when it names none."""
    found = _COMMAND.search(detail)
    return f"{found[0]}{options}" if found else ""


def alert_row(alert: Alert, for_s: float, command: str) -> dict[str, Any]:
    """Return the row of an alert that has been active for `for_s`."""
    return alert._asdict() | {"level": alert.level, "for_s": round(for_s, 3), "do": alert.do, "command": command}


def command_of(alert: Alert, source: SettingsSource, run_dir: str) -> str:
    """Return the command of an alert with the options that select this pipeline, ready to paste."""
    # A start needs every option; other commands need only those that select the pipeline.
    options = source.options(run_dir, every=alert.command.startswith("start"))
    return f"{program.NAME} {alert.command}{options}"
