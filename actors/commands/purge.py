"""`purge`: removes a person, or everything older than a duration, from the run directory of a stopped pipeline."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

import click

from actors import commands
from actors.stores import purge

UNITS_S: Final = {"m": 60, "h": 3_600, "d": 86_400}


def seconds_of(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    """Return a duration such as 30m, 12h or 7d in seconds."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    if match is None:
        raise click.BadParameter(f"got {text[:20]!r}, expected minutes, hours or days: 30m, 12h, 7d")
    return float(match[1]) * UNITS_S[match[2]]


@click.command("purge")
@click.option("--person", metavar="NAME", help="A name or an id, as it stands in events; whole words, any case.")
@click.option("--older-than", "older_s", metavar="DURATION", callback=seconds_of, help="30m, 12h or 7d.")
@commands.located
def command(person: str | None, older_s: float | None, config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Remove a person, or everything older than DURATION, from the run directory of a stopped pipeline.

    Covered are the event log, the outboxes and, for a person, the log files; not backups, and not open pages.
    """
    if not (person or "").strip() and older_s is None:
        raise click.UsageError("expected --person NAME, --older-than DURATION, or both")
    run_dir = commands.place_of(config_file, overrides)
    before_ms = None if older_s is None else (time.time() - older_s) * 1000
    found = purge.purge(run_dir, before_ms, (person or "").strip() or None)
    waiting = found.pop("waiting messages", 0)
    click.echo("removed: " + (", ".join(f"{number} {name}" for name, number in found.items()) or "nothing"))
    if waiting:
        click.echo(f"{waiting} accepted messages wait for the log: start, stop, and purge again", err=True)
        raise click.exceptions.Exit(commands.FAILED)
