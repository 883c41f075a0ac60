"""`restart NAME`: one process, or all of a kind, by way of the supervisor."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, program
from actors.core.supervision.children import State
from actors.errors import FramewireError
from actors.supervision import control

READY_S: Final = 20.0  # drain_s, the kill, and what an actor may take to start


@click.command("restart")
@click.argument("name", shell_complete=commands.complete_name)
@commands.located
@commands.as_json
def command(name: str, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Restart the process NAME, for example queue-manager, or all of a kind, for example gateway."""
    run_dir = commands.place_of(config_file, overrides)
    started_s = time.monotonic()
    with control.line(run_dir) as talk:
        old = {process["name"]: process["pid"] for process in talk.ask("restart", name=name)["processes"]}
        wait_until_back(talk, old)
    seconds = time.monotonic() - started_s
    if json_output:
        commands.print_json({"restarted": sorted(old), "seconds": round(seconds, 3)})
    else:
        click.echo(f"restarted {', '.join(sorted(old))} in {seconds:.1f} s")


def wait_until_back(talk: control.Line, old: dict[str, int | None]) -> None:
    """Wait until every process that `old` names has another pid than there, and works.

    Raises:
        FramewireError: one refuses its configuration, or does not come back in time.
    """
    waiting, deadline_s = set(old), time.monotonic() + READY_S
    while waiting:
        if time.monotonic() >= deadline_s:
            raise FramewireError(
                f"{', '.join(sorted(waiting))} is not back after {READY_S:.0f} s; see {program.NAME} status"
            )
        time.sleep(0.02)
        rows = [row for row in talk.ask("status")["processes"] if row["name"] in waiting]
        waiting &= {row["name"] for row in rows}  # another reload has taken the others out
        for row in rows:
            if row["state"] == State.FAILED:
                raise FramewireError(f"{row['name']} does not start: {row['last_reason']}")
        waiting -= {row["name"] for row in rows if back(row, old)}


def back(row: dict[str, Any], old: dict[str, int | None]) -> bool:
    """Tell whether a process of the status is another one than before, and works."""
    return bool(row["state"] == State.RUNNING and row["pid"] != old[row["name"]])
