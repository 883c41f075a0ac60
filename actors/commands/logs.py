"""`logs`: what the processes wrote, by time, followed if wanted."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from actors import commands, logs
from actors.errors import BadInput, Refused

POLL_S: Final = 0.2
COLORS: Final = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@click.command("logs")
@click.argument("name", required=False, shell_complete=commands.complete_name)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option(
    "-n", "--lines", "count", default=50, show_default=True, type=click.IntRange(0), help="How many at first."
)
@click.option(
    "--level",
    default="info",
    show_default=True,
    type=click.Choice([level.lower() for level in logs.LEVELS], case_sensitive=False),
    help="Only what is at least so important.",
)
@commands.located
@commands.as_json
def command(
    name: str | None,
    follow: bool,
    count: int,
    level: str,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Print the log of NAME, for example ingest or supervisor, or of all processes, in the order of time."""
    run_dir = commands.run_dir_of(commands.settings_of(config_file, overrides))
    known = logs.names(run_dir)
    if not known:
        raise Refused(f"nothing was ever started with run_dir {run_dir}: there are no logs")
    if name is not None and name not in known:
        raise BadInput(f"there is no log of {name!r}; there are {', '.join(known)}")
    names = [name] if name else known
    followers = [logs.Follower(logs.path_of(run_dir, one)) for one in names] if follow else []
    show(logs.last(run_dir, names, level.upper(), count), json_output)
    while follow:
        if name is None:  # a process that is new since then
            followers += [
                logs.Follower(logs.path_of(run_dir, one), from_start=True)
                for one in logs.names(run_dir)
                if logs.path_of(run_dir, one) not in [follower.path for follower in followers]
            ]
        facts = [fact for follower in followers for fact in follower.facts() if fact.at_least(level.upper())]
        show(sorted(facts, key=lambda fact: fact.moment_s), json_output)
        time.sleep(POLL_S)


def show(facts: Iterable[logs.Fact], as_json: bool) -> None:
    for fact in facts:
        if as_json:
            commands.print_json(fact.fields())
        else:
            click.secho(fact.line(), fg=COLORS.get(fact.level))
