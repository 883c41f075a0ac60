"""`source test NAME`: whether a source of the running pipeline works, with the reason if it does not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, control, program
from actors.errors import BadInput

LOOK_S: Final = 0.25
# `waiting` is no fault: the program or stream of the source does not run now.
_WORKING: Final = ("live", "waiting")
_SETTLED: Final = (*_WORKING, "refused")


@click.command("test")
@click.argument("name")
@click.option("--timeout", "timeout_s", default=15.0, show_default=True, help="Seconds to wait for a connection.")
@commands.located
@commands.as_json
@click.pass_context
def test(
    ctx: click.Context,
    name: str,
    timeout_s: float,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Wait until the source NAME is connected, and print its state.

    Exit code 0: it works, or waits for its program; 1: it does not, or has rejected all messages.
    """
    _, run_dir = commands.running(config_file, overrides)
    deadline_s = time.monotonic() + timeout_s
    while (row := _row(run_dir, name))["state"] not in _SETTLED and time.monotonic() < deadline_s:
        time.sleep(LOOK_S)
    if json_output:
        commands.print_json(row)
    else:
        click.echo(f"{name} ({row['kind']}) is {row['state']}{_reason(row)}")
        click.echo(_arrivals(row))
        click.echo(delivery(row))
    if row["state"] not in _WORKING or _only_rejected(row):
        ctx.exit(commands.FAILED)


def _row(run_dir: Path, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = control.request(run_dir, "status")["sources"]
    for row in rows:
        if row["name"] == name:
            return row
    known = ", ".join(row["name"] for row in rows) or "none"
    raise BadInput(
        f"The running pipeline has no source {name!r}. Sources: {known}. A new one needs: {program.NAME} reload"
    )


def _reason(row: dict[str, Any]) -> str:
    return f": {commands.text_of(row['detail'])}" if row["detail"] else ""


def _only_rejected(row: dict[str, Any]) -> bool:
    return row["message_age_s"] is None and row["rejected"] > 0


def _arrivals(row: dict[str, Any]) -> str:
    if _only_rejected(row):
        return f"No message was accepted since its process started; {row['rejected']} rejected."
    if row["message_age_s"] is None:
        return "No message has arrived since its process started."
    return f"{row['received']} messages, the last one {row['message_age_s']:.0f} s ago; {row['rejected']} rejected."


def delivery(row: dict[str, Any]) -> str:
    """Return what can be lost, in one line; "" before the process of the source has reported."""
    if not row["loss"]:
        return ""
    again = "Redelivers." if row["redelivers"] else "Does not redeliver."
    silence = f" Reported as silent after {row['silence_s']:g} s." if row["silence_s"] else ""
    return f"{again}{silence} Lost if its process dies: {row['loss'][:1].lower()}{row['loss'][1:]}"
