"""`replay FILE...`: plays recordings into the running pipeline, at its recorded speed or another one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from actors import commands, control, host
from actors.config import Settings
from actors.producers import trace
from actors.producers.recording import Recorded


def factor(_ctx: click.Context, _param: click.Parameter, value: str) -> float | None:
    """Return --speed as a number, None for max."""
    if value == "max":
        return None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1e6:
        raise click.BadParameter(f"got {value!r}, expected max or a factor above 0, for example 2.5")
    return speed


speed_option = click.option(
    "--speed", metavar="N|max", callback=factor, default="1", show_default=True, help="Factor of the recorded speed."
)


@click.command("replay")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@speed_option
@commands.located
@commands.as_json
def command(
    files: tuple[Path, ...],
    speed: float | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Play recordings: .ndjson, .msgpack, or the .log of a game server. Several files are merged by their times.

    Returns when all critical events are in the log.
    """
    messages = trace.read(*files)
    settings, run_dir = ready(config_file, overrides)
    play(settings, run_dir, messages, speed, json_output)


def ready(config_file: Path | None, overrides: tuple[str, ...]) -> tuple[Settings, Path]:
    """Return the settings and run directory of the pipeline that runs; fail at once if none does."""
    settings, run_dir = commands.running(config_file, overrides)
    host.private_directory(run_dir)  # the outbox stays there; one that belongs to root would lock out the owner
    control.request(run_dir, "status")
    return settings, run_dir


def play(
    settings: Settings,
    run_dir: Path,
    messages: list[Recorded],
    speed: float | None,
    json_output: bool,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Replay messages with a progress bar; print what was sent, and `facts`."""
    quiet = json_output or not sys.stderr.isatty()
    with click.progressbar(length=0, label="replay", file=sys.stderr, hidden=quiet) as bar:

        def progress(sent: int, total: int) -> None:
            bar.length = total
            bar.update(sent - bar.pos)

        result = {**trace.main(settings, run_dir, messages, speed, progress), **facts}
    if json_output:
        commands.print_json(result)
    else:
        click.echo("  ".join(f"{key} {commands.text_of(value)}" for key, value in result.items()))
