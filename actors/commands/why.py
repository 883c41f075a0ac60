"""`why ID`: the history of one event, from the log and from the memory of the queue-manager."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click

from actors import commands, tokens
from actors.commands import loopback

UNKNOWN: Final = "not known: the gateway has restarted since"
UNSEEN: Final = " (committed, but never visible: later events replaced it at once)"


@click.command("why")
@click.argument("event_id", metavar="ID")
@commands.located
@commands.as_json
def command(event_id: str, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Show the history of the event ID: shown, merged into another, a duplicate, expired, dropped or refused."""
    event_id = event_id.encode(errors="replace").decode()  # an argument may have any bytes
    settings, run_dir = commands.running(config_file, overrides)
    with loopback.peer(settings.gateway, tokens.load(run_dir).control, run_dir) as gateway:
        _, answer = gateway.request(f"/api/why?id={quote(event_id, safe='')}")
    if json_output:
        commands.print_json(answer)
    else:
        for line in lines(event_id, answer):
            click.echo(line)
    sys.exit(commands.DONE if answer.get("history") else commands.FAILED)


def lines(event_id: str, answer: dict[str, Any]) -> list[str]:
    """Return the history as lines of `fact  value`."""
    history = answer.get("history")
    incomplete = [f"incomplete: {reason}" for reason in answer.get("reasons", [])]
    if not history:
        return [f"{event_id}: unknown; it never arrived, or its history is no longer kept", *incomplete]
    facts = {_name(key): _fact(key, value) for key, value in history.items() if value is not None}
    if answer.get("earlier") and history.get("rendered_by") == []:
        facts[_name("rendered_by")] = UNKNOWN
    width = max(map(len, facts))
    return [*(f"{name:<{width}}  {fact}" for name, fact in facts.items()), *incomplete]


def _name(key: str) -> str:
    return key.removeprefix("ts_").removesuffix("_ms").replace("_", " ")


def _fact(key: str, value: Any) -> str:
    if key.startswith("ts_") and isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000).astimezone().isoformat(sep=" ", timespec="milliseconds")
    if key == "same_id":
        return ", ".join(f"position {row['position']} (source {commands.text_of(row['source'])})" for row in value)
    if key == "rendered_by":
        names = [commands.text_of(row["overlay_id"]) + ("" if row["seen"] else UNSEEN) for row in value]
        return ", ".join(names) or "no overlay yet"
    return commands.text_of(value)
