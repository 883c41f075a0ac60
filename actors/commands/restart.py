"""`restart NAME`: restarts one process, or all of a kind, through the supervisor."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, control, program
from actors.core.supervision.children import ChildState
from actors.errors import FramewireError

READY_S: Final = 20.0  # drain_s, the kill, and the start of an actor


@click.command("restart")
@click.argument("name", shell_complete=commands.complete_name)
@commands.located
@commands.as_json
def command(name: str, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Restart the process NAME, for example queue-manager, or all of a kind, for example gateway."""
    run_dir = commands.place_of(config_file, overrides)
    started_s = time.monotonic()
    with control.connect(run_dir) as supervisor:
        old = {process["name"]: process["pid"] for process in supervisor.request("restart", name=name)["processes"]}
        wait_until_running(supervisor, old)
    seconds = time.monotonic() - started_s
    if json_output:
        commands.print_json({"restarted": sorted(old), "seconds": round(seconds, 3)})
    else:
        click.echo(f"restarted {', '.join(sorted(old))} in {seconds:.1f} s")


def wait_until_running(supervisor: control.Connection, old: dict[str, int | None]) -> None:
    """Wait until every process in `old` is running with another pid.

    Raises:
        FramewireError: a process refuses its configuration, or is not running in time.
    """
    waiting, deadline_s = set(old), time.monotonic() + READY_S
    while waiting:
        if time.monotonic() >= deadline_s:
            raise FramewireError(
                f"not running after {READY_S:.0f} s: {', '.join(sorted(waiting))}; see {program.NAME} status"
            )
        time.sleep(0.02)
        rows = [row for row in supervisor.request("status")["processes"] if row["name"] in waiting]
        waiting &= {row["name"] for row in rows}  # another reload may have removed some
        for row in rows:
            if row["state"] == ChildState.FAILED:
                raise FramewireError(f"{row['name']} does not start: {row['last_reason']}")
        waiting -= {row["name"] for row in rows if is_new(row, old)}


def is_new(row: dict[str, Any], old: dict[str, int | None]) -> bool:
    """Return whether a process of the status is running with another pid than before."""
    return bool(row["state"] == ChildState.RUNNING and row["pid"] != old[row["name"]])
