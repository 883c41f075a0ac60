"""`status`: the process tree as a table of 80 columns, or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from actors import commands, control

WIDTH: Final = 80
COLORS: Final = {"running": "green", "failed": "red", "backoff": "yellow", "starting": "yellow", "degraded": "yellow"}


@click.command("status")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Show every process: state, restarts and why, CPU, memory. Exit code 3 when nothing runs."""
    run_dir = commands.run_dir_of(commands.settings_of(config_file, overrides))
    answer = control.ask(run_dir, "status")
    if json_output:
        commands.print_json(answer)
        return
    for line in lines(answer):
        click.echo(line)


def lines(answer: dict[str, Any]) -> list[str]:
    """Return the table of a status answer."""
    state = click.style(answer["state"], fg=COLORS.get(answer["state"]))
    rows = answer["processes"]
    memory = total([answer["rss_bytes"], answer["guardian_rss_bytes"], *(row["rss_bytes"] for row in rows)])
    cpu = total([answer["cpu_pct"], *(row["cpu_pct"] for row in rows)])
    return [
        f"{state} for {duration(answer['uptime_s'])}, CPU {percent(cpu)}, memory {size(memory)}, pid {answer['pid']}",
        "",
        f"{'NAME':<16}{'STATE':<10}{'PID':>8}{'UP':>9}{'CPU':>9}{'MEMORY':>11}{'RESTARTS':>10}",
        *(line for row in rows for line in row_lines(row)),
    ]


def row_lines(row: dict[str, Any]) -> list[str]:
    """Return one process: its numbers, and below them why it was restarted the last time."""
    word = "degraded" if row["degraded"] and row["state"] == "running" else row["state"]
    line = (
        f"{row['name']:<16}{click.style(f'{word:<10}', fg=COLORS.get(word))}{row['pid'] or '-':>8}"
        f"{duration(row['uptime_s']):>9}{percent(row['cpu_pct']):>9}{size(row['rss_bytes']):>11}{row['restarts']:>10}"
    )
    return [line, *([f"  last: {row['last_reason']}"[:WIDTH]] if row["last_reason"] else [])]


def total(numbers: list[float | None]) -> float | None:
    """Return the sum of what is known, None when nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def duration(seconds: float | None) -> str:
    """Return seconds as people say them, in at most seven characters."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if hours < 1:
        return f"{minutes:.0f} m"
    return f"{hours:.0f} h" if days < 2 else f"{days:.0f} d"


def percent(number: float | None) -> str:
    return "-" if number is None else f"{number:.1f} %"


def size(number: float | None) -> str:
    return "-" if number is None else f"{number / 1e6:.1f} MB"
