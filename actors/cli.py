"""The command line. In a checkout `./supervisor.py` calls it, an installed Framewire has it as `framewire`."""

from __future__ import annotations

import click

from actors import __version__, commands, interpreter, program


@click.group(
    cls=commands.CommandLine,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong configuration or usage, 3 not running or already running.",
)
@click.version_option(__version__, prog_name="framewire")
def main() -> None:
    """Live events from games and platforms to stream overlays; critical ones are never lost."""


def run() -> None:
    """Run the command that the process's arguments name; the console script."""
    interpreter.open_streams()
    main(prog_name=program.NAME.removeprefix("./"))


if __name__ == "__main__":
    run()
