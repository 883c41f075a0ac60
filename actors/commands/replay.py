"""`replay FILE`: plays a recorded trace into the running pipeline, at its recorded speed or another one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from actors import commands, control, host
from actors.producers import trace


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


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--speed", metavar="N|max", callback=factor, default="1", show_default=True, help="Factor of the recorded speed."
)
@commands.located
@commands.as_json
def command(
    file: Path, speed: float | None, config_file: Path | None, overrides: tuple[str, ...], json_output: bool
) -> None:
    """Play FILE (.log of a game server, .ndjson, .msgpack). Returns when all critical events are in the log."""
    settings, run_dir = commands.running(config_file, overrides)
    host.private_directory(run_dir)  # the outbox stays there; one that belongs to root would lock out the owner
    control.request(run_dir, "status")  # fail at once if no pipeline is running, not after the timeout of the drain
    quiet = json_output or not sys.stderr.isatty()
    with click.progressbar(length=0, label=file.name, file=sys.stderr, hidden=quiet) as bar:

        def progress(sent: int, total: int) -> None:
            bar.length = total
            bar.update(sent - bar.pos)

        result = trace.main(settings, run_dir, file, speed, progress)
    if json_output:
        commands.print_json(result)
    else:
        click.echo("  ".join(f"{key} {commands.text_of(value)}" for key, value in result.items()))
