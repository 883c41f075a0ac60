"""`source list|kinds|test|try|add`: shows the sources of the configuration, tests one, and adds one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from actors import commands, control
from actors.adapters import adapter_of
from actors.commands import source_add, source_test
from actors.core.contract.event import REFUSED, RawItem, refusal_parts
from actors.errors import BadInput
from actors.producers import spec
from actors.producers.spec import SourceMessage

MAX_FILE_BYTES: Final = 16 << 20  # more than any message, or a recording of some matches

_payload = msgspec.msgpack.Decoder()


@click.group("source")
def command() -> None:
    """Show the sources of the configuration and their state; test one with a recorded message; add one."""


command.add_command(source_add.add)
command.add_command(source_test.test)


@command.command("kinds")
@commands.as_json
def kinds(json_output: bool) -> None:
    """Print every kind of source that can be configured."""
    found = {kind: spec.spec_of(kind).summary for kind in spec.KINDS}
    if json_output:
        commands.print_json(found)
        return
    width = max(map(len, found))
    for kind, summary in found.items():
        click.echo(f"{kind:{width}}  {summary}")


@command.command("list")
@commands.located
@commands.as_json
def list_(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Print every source: its state, rate, counters, what it can lose, and its error."""
    _, run_dir = commands.running(config_file, overrides)
    rows = control.request(run_dir, "status")["sources"]
    if json_output:
        commands.print_json(rows)
        return
    if not rows:
        click.echo("No source is configured. docs/sources/ describes every kind; `source kinds` lists them.")
    for row in rows:
        rate = row["events_per_s"]
        age_s = row["message_age_s"]
        facts = [
            f"{row['name']:16} {row['kind']:14} {row['state']:10}",
            f"{'-' if rate is None else f'{rate:.1f}'}/s".rjust(8),
            ("never" if age_s is None else f"{age_s:.0f} s ago").rjust(10),
            f"  {row['received']} received, {row['accepted']} accepted, {row['sent']} sent",
            f"{row['duplicate']} duplicate, {row['late']} late, {row['future']} future, {row['ignored']} ignored",
            f"{row['rejected']} rejected, {row['reconnects']} reconnects",
        ]
        click.echo(" ".join(facts[:3]) + ", ".join(facts[3:]))
        click.echo(f"  {source_test.delivery(row)}")
        if row["detail"]:
            click.echo(f"  {commands.text_of(row['detail'])}")


@command.command("try")
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@commands.located
@commands.as_json
def try_(name: str, file: Any, config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Print the events that the source NAME makes of the message in FILE (- is standard input)."""
    settings = commands.current(config_file, overrides)
    if name not in settings.all_sources():
        raise BadInput(f"Unknown source {name!r}. Sources: {', '.join(settings.all_sources()) or 'none'}")
    own = settings.source(name)
    module = spec.module_of(own.kind)
    if not hasattr(module, "try_message"):
        raise BadInput(f"A source of kind {own.kind} cannot be tested with a file")
    data = file.read(MAX_FILE_BYTES + 1)  # a recording may come from a stranger
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"The file has more than {MAX_FILE_BYTES >> 20} MiB")
    rows = [row for message in module.try_message(own, name, data) for row in _events(name, message)]
    for row in rows:
        click.echo(commands.json_of(row) if json_output else _line(row))
    if not rows and not json_output:
        click.echo("No event: no rule applies to this message, or its type is ignored.")


def _events(name: str, message: SourceMessage) -> list[dict[str, Any]]:
    if message.kind == REFUSED:
        return [{"rejected": refusal_parts(message.body)[0]}]
    adapter = adapter_of(message.kind)
    category = adapter.category(message.body)
    if category is None:
        return []
    try:
        events = adapter.normalize(RawItem(1, 1, message.kind, message.body, 0.0), name, 1)
    except BadInput as error:
        return [{"rejected": str(error)}]
    return [
        {"type": event.type, "id": event.id, "category": event.category, "payload": _payload.decode(event.payload)}
        for event in events
    ]


def _line(row: dict[str, Any]) -> str:
    if "rejected" in row:
        return f"rejected: {commands.text_of(row['rejected'])}"
    return f"{row['type']} ({row['category']}) id={commands.text_of(row['id'])} {commands.json_of(row['payload'])}"
