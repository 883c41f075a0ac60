"""`logs`: prints the logs of the processes in the order of time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from actors import commands, logs
from actors.errors import BadInput, Refused

POLL_S: Final = 0.2
COLORS: Final = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@click.command("logs")
@click.argument("name", required=False, shell_complete=lambda *asked: complete(*asked))
@click.option("-f", "--follow", is_flag=True, help="Continue with new lines until Ctrl-C.")
@click.option(
    "-n", "--lines", "count", default=50, show_default=True, type=click.IntRange(0), help="Number of earlier lines."
)
@click.option(
    "--level",
    default="info",
    show_default=True,
    type=click.Choice([level.lower() for level in logs.LEVELS], case_sensitive=False),
    help="Lowest level that is printed.",
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
    """Print the log of NAME, for example ingest or supervisor, or of all processes, in the order of time.

    NAME can be a kind: `gateway` selects all gateways.
    """
    run_dir = commands.place_of(config_file, overrides)
    known = logs.names(run_dir)
    if not known:
        raise Refused(f"there are no logs: no pipeline was ever started with run_dir {run_dir}")
    chosen = [one for one in known if meant(one, name)]
    if not chosen:
        raise BadInput(f"Unknown log {name!r}. Logs: {', '.join(known)}")
    followers = [logs.Follower(logs.path_of(run_dir, one), back=logs.READ_BYTES) for one in chosen]
    show(logs.last_of(followers, level.upper(), count), json_output)
    with suppress(KeyboardInterrupt):
        while follow:
            time.sleep(POLL_S)
            seen = {follower.path for follower in followers}
            paths = [logs.path_of(run_dir, one) for one in logs.names(run_dir) if meant(one, name)]
            followers += [logs.Follower(path, from_start=True) for path in paths if path not in seen]
            facts = [fact for follower in followers for fact in follower.facts() if fact.at_least(level.upper())]
            show(sorted(facts, key=lambda fact: fact.moment_s), json_output)


def meant(one: str, name: str | None) -> bool:
    """Return whether `name` selects the process `one`: by its name, by its kind (`gateway`: gateway-1 …), or None."""
    kind, _, number = one.rpartition("-")
    return name in (None, one) or (name == kind and number.isdecimal())


def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the completions of NAME: the processes and the supervisor."""
    own = ["supervisor"] if "supervisor".startswith(incomplete) else []
    return [*commands.complete_name(ctx, parameter, incomplete), *own]


def show(facts: Iterable[logs.Fact], as_json: bool) -> None:
    for fact in facts:
        if as_json:
            commands.print_json(fact.fields())
        else:
            click.secho(fact.line(), fg=COLORS.get(fact.level))
