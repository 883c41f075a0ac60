"""The root of the command line; the commands are in actors/commands/."""

from __future__ import annotations

import click

from actors import __version__, commands


@click.group(
    cls=commands.CommandLine,
    epilog="Exit codes: 0 success, 1 failure, 2 wrong configuration or usage, 3 not running or already running.",
)
@click.version_option(__version__, prog_name="framewire")
def main() -> None:
    """Deliver live events from games and platforms to stream overlays, without losing critical events."""
