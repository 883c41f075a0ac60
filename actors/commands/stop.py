"""`stop`: requests the supervisor to drain and exit, and waits for its exit."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import click

from actors import commands, control

MARGIN_S: Final = 5.0  # beyond drain_s: the minimum time of later stages, and a disk that flushes
RESTARTED_S: Final = 7.0  # a killed supervisor is restarted after at most backoff_max_s


@click.command("stop")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Stop the pipeline: sources first, so that accepted events are delivered."""
    settings, run_dir = commands.running(config_file, overrides)
    started_s = time.monotonic()
    with connected(run_dir) as supervisor:
        pid = supervisor.request("stop")["pid"]
        if not supervisor.wait_for_end(settings.supervisor.drain_s + MARGIN_S):
            click.echo(f"error: the supervisor (pid {pid}) does not exit; end it with kill -9 {pid}", err=True)
            sys.exit(commands.FAILED)
    seconds = time.monotonic() - started_s
    if json_output:
        commands.print_json({"stopped": True, "pid": pid, "seconds": round(seconds, 3)})
    else:
        click.echo(f"stopped in {seconds:.1f} s")


def connected(run_dir: Path) -> AbstractContextManager[control.Connection]:
    """Connect to the supervisor. If it was just killed, wait for its restart by the guardian."""
    deadline_s = time.monotonic() + RESTARTED_S
    while (run_dir / "children.json").exists() and time.monotonic() < deadline_s:
        try:
            control.request(run_dir, "status")
        except control.NotRunning:
            time.sleep(0.1)
        else:
            break
    return control.connect(run_dir)
