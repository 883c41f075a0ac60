"""`stop`: ask the supervisor to drain and leave, and wait until it has."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import click

from actors import commands
from actors.supervision import control

MARGIN_S: Final = 5.0  # beyond drain_s: stages that get their grace, and a disk that flushes
COME_BACK_S: Final = 7.0  # a killed supervisor is back after at most backoff_max_s


@click.command("stop")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Stop the pipeline: sources first, so that what was accepted is delivered."""
    settings, run_dir = commands.running(config_file, overrides)
    started_s = time.monotonic()
    with connected(run_dir) as talk:
        pid = talk.ask("stop")["pid"]
        if not talk.wait_for_end(settings.supervisor.drain_s + MARGIN_S):
            click.echo(f"error: the supervisor (pid {pid}) does not leave; kill -9 {pid} ends it", err=True)
            sys.exit(commands.FAILED)
    seconds = time.monotonic() - started_s
    if json_output:
        commands.print_json({"stopped": True, "pid": pid, "seconds": round(seconds, 3)})
    else:
        click.echo(f"stopped in {seconds:.1f} s")


def connected(run_dir: Path) -> AbstractContextManager[control.Line]:
    """Connect; a supervisor that was killed a moment ago is waited for, because its guardian brings it back."""
    deadline_s = time.monotonic() + COME_BACK_S
    while (run_dir / "children.json").exists() and time.monotonic() < deadline_s:
        try:
            control.ask(run_dir, "status")
        except control.NotRunning:
            time.sleep(0.1)
        else:
            break
    return control.line(run_dir)
