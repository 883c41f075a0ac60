"""`why ID`: the story of one event, from the log and from what the queue-manager remembers."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from actors import commands, tokens
from actors.commands import loopback


@click.command("why")
@click.argument("event_id", metavar="ID")
@commands.located
@commands.as_json
def command(event_id: str, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Tell what became of the event ID: shown, merged into another, a duplicate, expired, dropped or refused."""
    settings, run_dir = commands.running(config_file, overrides)
    with loopback.peer(settings.gateway, tokens.load(run_dir).control) as gateway:
        _, answer = gateway.ask(f"/api/why?id={quote(event_id, safe='')}")
    if json_output:
        commands.print_json(answer)
    else:
        for line in lines(event_id, answer):
            click.echo(line)
    sys.exit(commands.DONE if answer.get("story") else commands.FAILED)


def lines(event_id: str, answer: dict[str, Any]) -> list[str]:
    """Return the story as lines of `fact  value`."""
    story = answer.get("story")
    incomplete = [f"not asked: {reason}" for reason in answer.get("reasons", [])]
    if not story:
        return [f"{event_id}: nothing is known; it never came, or it was forgotten since", *incomplete]
    facts = {_name(key): _fact(key, value) for key, value in story.items() if value is not None}
    width = max(map(len, facts))
    return [*(f"{name:<{width}}  {fact}" for name, fact in facts.items()), *incomplete]


def _name(key: str) -> str:
    return key.removeprefix("ts_").removesuffix("_ms").replace("_", " ")


def _fact(key: str, value: Any) -> str:
    if key.startswith("ts_") and isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000).astimezone().isoformat(sep=" ", timespec="milliseconds")
    if key == "drawn_by":
        # A receipt is for everything up to a position: who began later counts as being past it.
        return ", ".join(commands.text_of(row["overlay_id"]) for row in value) or "nobody yet"
    return commands.text_of(value)
