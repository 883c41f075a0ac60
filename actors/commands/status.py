"""`status`: all alerts, and one line per process; 80 columns, and more numbers on a wide terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from actors import commands, control, logs
from actors import tokens as secrets
from actors.errors import ConfigError

WIDTH: Final = 80  # of output that is not a terminal
COLORS: Final = {
    "running": "green",
    "failed": "red",
    "critical": "red",
    "backoff": "yellow",
    "starting": "yellow",
    "stopping": "yellow",
    "degraded": "yellow",
    "silent": "yellow",
    "warn": "yellow",
}
MARKS: Final = {"critical": "!!", "warn": "! "}
ADVICE: Final = "   → "

Row = dict[str, Any]


@click.command("status")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Show all alerts, and every process: state, CPU, memory, queue, events per second, restarts and their reason.

    A wide terminal shows more. Exit code 1 when a process is not running or a critical alert is active, 3 when no
    pipeline is running.
    """
    run_dir = commands.place_of(config_file, overrides)
    answer = control.request(run_dir, "status")
    with suppress(ConfigError):  # a damaged file of tokens must not hide the status
        answer["tokens"] = secrets.listed(run_dir, secrets.load(run_dir))
    if json_output:
        commands.print_json(answer)
    else:
        width = shutil.get_terminal_size((WIDTH, 24)).columns
        alerts = [line for alert in answer["alerts"] for line in advice(alert, width)]
        for line in [headline(answer), *alerts, StatusLine(""), *table(answer, width)]:
            click.echo(styled(line))
    sys.exit(exit_code(answer))


def exit_code(answer: Row) -> int:
    """Return the exit code for scripts that monitor the pipeline."""
    critical = any(alert["level"] == "critical" for alert in answer["alerts"])
    return commands.FAILED if critical or answer["state"] == "degraded" else commands.DONE


# What is wrong with an overlay; the metrics of a gateway have the names: `stalled_overlays`, `lost_overlays`.
TROUBLES: Final = ("stalled", "lost")


class StatusLine(NamedTuple):
    """One line of text. The `length` characters at `at` have the color of `tone`; `name`: the process of a row."""

    text: str
    tone: str = ""
    length: int = 0
    at: int = 0
    name: str = ""


class Column(NamedTuple):
    title: str
    width: int
    text: Callable[[Row], str]
    left: bool = False


def headline(answer: Row) -> StatusLine:
    """Return the summary line; its color is that of the most severe alert."""
    rows, alerts = answer["processes"], answer["alerts"]
    memory = total(
        [answer["memory_bytes"], answer["guardian_memory_bytes"], *(row.get("memory_bytes") for row in rows)]
    )
    kind = "memory" if answer["memory_kind"] == "proportional" else f"{answer['memory_kind']} memory"
    cpu = total([answer["cpu_pct"], *(row.get("cpu_pct") for row in rows)])
    many = f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}, " if alerts else ""
    tone = alerts[0]["level"] if alerts else answer["state"]  # critical ones come first
    return StatusLine(
        f"{answer['state']}, up {duration(answer['uptime_s'])}, {many}CPU {percent(cpu)}, {kind} {size(memory)}, "
        f"pid {answer['pid']}",
        tone,
        len(answer["state"]),
    )


# States of a source that need no attention.
WORKING: Final = ("live", "waiting")


def advice(alert: Row, width: int) -> list[StatusLine]:
    """Return the lines of one alert: the text, its duration, and the advice."""
    about = f"{alert['key']} {alert['name']}: {alert['text']}, for {duration(alert['for_s'])}"
    first, *more = textwrap.wrap(logs.printable(about), max(20, width - 3), break_on_hyphens=False) or [""]
    text = [f"{MARKS[alert['level']]} {first}", *(f"   {line}" for line in more)]
    advised = [f"{ADVICE}{alert['do']} {alert['command']}"]
    if len(advised[0]) > width:  # a command to paste is not wrapped; it moves to its own line
        advised = [f"{ADVICE}{alert['do']}", f"     {alert['command']}"]
    return [*(StatusLine(line, alert["level"], len(line)) for line in text), *map(StatusLine, advised)]


def table(answer: Row, width: int) -> list[StatusLine]:
    """Return a line for every process, followed by the reason of its last restart."""
    columns: list[Column] = []
    for column in COLUMNS:
        if sum(one.width for one in columns) + column.width <= width:
            columns.append(column)
    found = [StatusLine("".join(cell(column.title, column) for column in columns))]
    for row in answer["processes"]:
        text, word = "".join(cell(column.text(row), column) for column in columns), state(row)
        found.append(StatusLine(text, word, len(word), COLUMNS[0].width, row["name"]))
        if row["last_reason"]:
            found.append(StatusLine(_cut(f"  last: {row['last_reason']}", width)))
    return found + sources(answer, width) + overlays(answer, width) + expired(answer, width)


def sources(answer: Row, width: int) -> list[StatusLine]:
    """Return a line for every source that does not work: its state and the reason."""
    found = []
    for row in answer.get("sources", []):
        if row["state"] in WORKING:
            continue
        attempts = f", {row['reconnects']} reconnects" if row["reconnects"] else ""
        reason = f": {row['detail']}" if row["detail"] else ""
        text = _cut(f"source {row['name']} is {row['state']}{attempts}{reason}", width)
        found.append(StatusLine(text, "warn", len(text)))
    return [StatusLine(""), *found] if found else []


def overlays(answer: Row, width: int) -> list[StatusLine]:
    """Return a line about the overlays of all gateways: how many there are, and the names of those that need help."""
    gateways = [stats for stats in answer.get("actors", {}).values() if "stalled_overlays" in stats]
    if not gateways:
        return []
    names = {
        trouble: sorted({name for stats in gateways for name in stats[f"{trouble}_overlays"]}) for trouble in TROUBLES
    }
    connected = sum(int(sum(stats["overlays"].values())) for stats in gateways)
    parts = [f"{connected} connected", *(f"{trouble}: {', '.join(found)}" for trouble, found in names.items() if found)]
    text = _cut(f"overlays: {'; '.join(parts)}", width)
    return [StatusLine(""), StatusLine(text, "warn" if any(names.values()) else "", len(text))]


def expired(answer: Row, width: int) -> list[StatusLine]:
    """Return a line with the names of the added tokens that have expired."""
    names = [one["name"] for one in answer.get("tokens", []) if one["expired"]]
    text = _cut(f"expired tokens: {', '.join(names)} (token list)", width)
    return [StatusLine(""), StatusLine(text, "warn", len(text))] if names else []


def _cut(text: str, width: int) -> str:
    """Return a line of at most `width` characters; one that was cut ends with "…"."""
    text = logs.printable(text)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def cell(text: str, column: Column) -> str:
    """Return a text cut or padded to the width of its column."""
    width = column.width - 1  # one blank is between any two columns
    return f"{text[:width]:<{width}} " if column.left else f" {text[-width:]:>{width}}"


def styled(line: StatusLine) -> str:
    """Return a line with the color of its tone."""
    end = line.at + line.length
    return f"{line.text[: line.at]}{click.style(line.text[line.at : end], fg=COLORS.get(line.tone))}{line.text[end:]}"


def state(row: Row) -> str:
    """Return the most important state of a process in one word."""
    if row["state"] != "running":
        return str(row["state"])
    return "silent" if row["silent"] else "degraded" if row["degraded"] else "running"


def total(numbers: list[float | None]) -> float | None:
    """Return the sum of the known values, None when all are unknown."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def duration(seconds: float | None) -> str:
    """Return a duration in at most six characters."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return f"{minutes:.0f} m"
    return f"{hours:.0f} h" if days < 2 else f"{days:.0f} d"


def percent(number: float | None) -> str:
    return "-" if number is None else f"{number:.1f} %" if number < 99.95 else f"{number:.0f} %"


def size(number: float | None) -> str:
    """Return bytes in at most eight characters."""
    if number is None:
        return "-"
    if number < 99_999.5e6:
        return f"{number / 1e6:.1f} MB" if number < 999.95e6 else f"{number / 1e6:.0f} MB"
    return f"{number / 1e9:.0f} GB"


def count(number: float | None) -> str:
    """Return a number in at most six characters."""
    if number is None:
        return "-"
    for unit, factor in (("", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9)):
        if number < 9_999.5 * factor or unit == "G":
            return f"{number / factor:.0f}{unit}"
    raise AssertionError("G is the last")


def milliseconds(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f}" if number < 10 else f"{number:.0f}"


# In the order of importance; the columns up to RESTARTS fill 80 characters.
# BUSY: the share of the time in which the loop was not waiting.
COLUMNS: Final = (
    Column("NAME", 15, lambda row: row["name"], left=True),
    Column("STATE", 9, state, left=True),
    Column("PID", 8, lambda row: str(row["pid"] or "-")),
    Column("UP", 7, lambda row: duration(row["uptime_s"])),
    Column("CPU", 7, lambda row: percent(row.get("cpu_pct"))),
    Column("MEMORY", 9, lambda row: size(row.get("memory_bytes"))),
    Column("QUEUE", 7, lambda row: count(row.get("queue"))),
    Column("EVENTS/S", 9, lambda row: count(row.get("events_per_s"))),
    Column("RESTARTS", 9, lambda row: count(row["restarts"])),
    Column("BUSY", 8, lambda row: percent(row["busy_share"] * 100) if row.get("busy_share") is not None else "-"),
    Column("TICK MS", 9, lambda row: milliseconds(row.get("tick_avg_ms"))),
    Column("MAX MS", 9, lambda row: milliseconds(row.get("tick_max_ms"))),
    Column("UNIQUE", 9, lambda row: size(row.get("uss_bytes"))),
    Column("FILES", 7, lambda row: count(row.get("open_files"))),
    Column("THREADS", 9, lambda row: count(row.get("threads"))),
    Column("SWITCHES", 10, lambda row: count(row.get("ctx_switches"))),
)
