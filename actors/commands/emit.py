"""`emit TYPE`: sends an event with POST /events, exactly as a program of the user would."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints
from urllib.parse import quote

import click
import msgspec

from actors import commands, program, tokens
from actors.commands import loopback
from actors.config import Settings
from actors.core.contract.event import Category
from actors.core.contract.payload import Payload, Player
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.nearest import nearest
from actors.errors import BadInput, Refused

DUPLICATE: Final = ", a duplicate: position {} of the log has the same id and source, so it is not shown again"
SAME_ID: Final = "; position {} of the log has the same id from the source {}. Ids belong to sources, so both are shown"
SHOWN_SCENES: Final = 16
BATCH: Final = 500  # events per request; the ingest takes 1,000 and 1 MiB


class TypeName(click.Choice):  # type: ignore[type-arg]
    """The name of an event type. An unknown one is refused with the nearest, not with all of them."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in TAXONOMY:
            near = nearest(value[:64], TAXONOMY, 2)
            hint = f"did you mean {' or '.join(near)}?" if near else "docs/events.md has all types."
            self.fail(f"unknown type {value[:64]!r}; {hint}", param, ctx)
        return value


@click.command("emit")
@click.argument("type_", metavar="TYPE", type=TypeName(sorted(TAXONOMY)))
@click.argument("fields", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--payload", help="The payload as JSON. Without this and KEY=VALUE: the example.")
@click.option("--id", "event_id", help="Your id of the event; equal ids are shown once. With --count: ID-1, ID-2 ….")
@click.option("--source", default="emit", show_default=True, help="Name of the source.")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 10_000_000), help="Number of events.")
@click.option(
    "--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="Append to a recording; send nothing."
)
@commands.located
@commands.as_json
def command(
    type_: str,
    fields: tuple[str, ...],
    payload: str | None,
    event_id: str | None,
    source: str,
    count: int,
    file: Path | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Send an event of TYPE, for example: emit follow user=ada, or emit kill attacker.name=Ada victim.name=Bo.

    Required fields that are missing have the values of the example. The command returns when the pipeline has accepted
    the event; a critical event is on the disk then.
    """
    template: dict[str, Any] = {"type": type_, "payload": payload_of(type_, fields, payload), "source": source}
    if file is not None:
        record(
            file, [template | ({"id": id_of(event_id, number, count)} if event_id else {}) for number in range(count)]
        )
        return
    settings, run_dir = commands.running(config_file, overrides)
    if type_ == "scene" and (hint := unknown_scene(settings, run_dir, template["payload"].get("name", ""))):
        click.echo(hint, err=True)
    earlier = earlier_positions(settings, run_dir, type_, event_id) if event_id and count == 1 else {}
    ids: list[str] = []
    with loopback.peer(settings.ingest, tokens.load(run_dir).ingest, run_dir) as ingest:
        started_s = time.monotonic()
        for first in range(0, count, BATCH):
            numbers = range(first, min(first + BATCH, count))
            batch = [template | ({"id": id_of(event_id, number, count)} if event_id else {}) for number in numbers]
            ids += ingest.request("/events", batch)[1]["ids"]
    seconds = time.monotonic() - started_s
    if json_output:
        facts = {"accepted": len(ids), "ids": ids, "seconds": round(seconds, 4)}
        commands.print_json(facts | ({"duplicate_of_position": earlier[source]} if source in earlier else {}))
    elif count == 1:
        click.echo(f"accepted {ids[0]} in {seconds * 1000:.1f} ms{remark(earlier, source)}")
    else:
        click.echo(f"accepted {len(ids)} in {seconds:.2f} s ({len(ids) / seconds:,.0f}/s), {ids[0]} to {ids[-1]}")


def record(file: Path, events: list[dict[str, Any]]) -> None:
    """Append events to a recording (docs/operations.md), with the present time."""
    from actors.producers import recording

    now_ms = time.time() * 1000
    lines = [
        recording.line(recording.read({"t_ms": now_ms, "source": event["source"], "raw": event})) for event in events
    ]
    try:
        with file.open("ab") as opened:
            opened.writelines(lines)
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
    click.echo(f"recorded {len(lines)} in {file}")


def earlier_positions(settings: Settings, run_dir: Path, type_: str, event_id: str) -> dict[str, int]:
    """Return the position of the critical event with this id that is already in the log, by source."""
    if TAXONOMY[type_].category is not Category.CRITICAL:
        return {}
    with suppress(Refused), loopback.peer(settings.gateway, tokens.load(run_dir).control, run_dir) as gateway:
        history = gateway.request(f"/api/why?id={quote(event_id, safe='', errors='replace')}")[1].get("history") or {}
        found = [history, *history.get("same_id", [])] if history.get("position") else []
        return {row["source"]: row["position"] for row in found}
    return {}  # the gateway does not answer; the event can be sent nevertheless


def unknown_scene(settings: Settings, run_dir: Path, name: str) -> str:
    """Return a warning if no layout has a scene of this name, "" otherwise."""
    if not name:
        return ""  # the end of a scene
    with suppress(Refused), loopback.peer(settings.gateway, tokens.load(run_dir).control, run_dir) as gateway:
        scenes = gateway.request("/api/status")[1]["scenes"]
        if name not in scenes:
            known = ", ".join(scenes[:SHOWN_SCENES]) + (" …" if len(scenes) > SHOWN_SCENES else "")
            return (
                f"warning: no layout has the scene {commands.text_of(name)}; scenes of the layouts: {known or 'none'}"
            )
    return ""  # there is one, or the gateway does not answer


def remark(earlier: dict[str, int], source: str) -> str:
    """Return what the log already has with the id of an event; `earlier`: positions by source."""
    if source in earlier:
        return DUPLICATE.format(earlier[source])
    return next((SAME_ID.format(position, commands.text_of(other)) for other, position in earlier.items()), "")


def id_of(event_id: str, number: int, count: int) -> str:
    return event_id if count == 1 else f"{event_id}-{number + 1}"


def payload_of(type_: str, fields: tuple[str, ...], text: str | None) -> dict[str, Any]:
    """Return the payload that the command line describes, validated against the type.

    Raises:
        BadInput: it does not fit the type; the message has the path.
    """
    if text is not None and fields:
        raise BadInput("expected --payload or KEY=VALUE, got both")
    if text is None and not fields:
        return builtins_of(TAXONOMY[type_].example)
    tree: dict[str, Any] = {}
    try:
        if text is not None:
            tree = json.loads(text)
        for field in fields:
            put(tree, field)
        fill(tree, TAXONOMY[type_].payload, builtins_of(TAXONOMY[type_].example))
        # Not strict: a command line has only strings, and the type defines which of them are numbers.
        return builtins_of(msgspec.convert(tree, TAXONOMY[type_].payload, strict=text is not None))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"--payload is not JSON: {error}") from error
    except msgspec.ValidationError as error:
        expected = f"expected {fields_of(type_)} ({program.page('events')})"
        raise BadInput(f"the payload of {type_} does not fit: {error}; {expected}") from error


def fill(tree: dict[str, Any], struct: type[Payload], example: dict[str, Any]) -> None:
    """Fill missing required fields with the example's values; a player's id and name default to each other."""
    if struct is Player and tree.keys() & {"id", "name"}:
        tree.setdefault("id", tree.get("name"))
        tree.setdefault("name", tree["id"])
    hints = get_type_hints(struct)
    for field in msgspec.structs.fields(struct):
        name, kind = field.encode_name, hints[field.name]
        if field.required and name in example:
            tree.setdefault(name, example[name])
        for part in (kind, *get_args(kind)):  # a Struct, or a Struct or None
            if isinstance(part, type) and issubclass(part, Payload) and isinstance(tree.get(name), dict):
                fill(tree[name], part, example.get(name, {}))


def fields_of(type_: str) -> str:
    """Return the fields of a payload for display, optional ones in brackets."""
    fields = msgspec.structs.fields(TAXONOMY[type_].payload)
    return ", ".join(field.encode_name if field.required else f"[{field.encode_name}]" for field in fields)


def put(tree: dict[str, Any], field: str) -> None:
    """Insert `a.b=value` into the tree; a value that begins with { or [ is JSON."""
    key, sign, value = field.partition("=")
    if not sign:
        raise BadInput(f"{field!r}: expected KEY=VALUE, for example attacker.name=Ada")
    *parents, leaf = key.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise BadInput(f"{field!r}: {parent!r} already has a value")
    tree[leaf] = json.loads(value) if value[:1] in ("{", "[") else value


def builtins_of(payload: Any) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(payload)
    return built
