"""Generate files from the code, or check that they are current.

taxonomy, legacy ──▶ docs/events.md           for people
                 ├─▶ docs/events.schema.json  for editors and validators: Event in its JSON form, Submission
                 ╰─▶ web_overlay/js/core/     declarations and catalog of the types (declarations.py)
configs/default.toml, Settings ──▶ docs/configuration.md
core/metrics.py ──▶ docs/metrics.md
web_overlay/themes/tokens.json ──▶ docs/tokens.md, web_overlay/css/tokens.css (tokens.py)

python -m tools.docs            writes them
python -m tools.docs --check    writes nothing; exits 1 when one is stale
"""

from __future__ import annotations

import itertools
import json
import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import inspect

from actors import program, reasons
from actors.config import Settings
from actors.core import metrics
from actors.core.contract.event import Event, Submission
from actors.core.contract.legacy import LEGACY
from actors.core.contract.payload import Payload
from actors.core.contract.row import Row
from actors.core.contract.taxonomy import TAXONOMY
from actors.producers import spec
from tools import declarations, tokens

_SETTINGS_INTRO = """# Configuration

Generated from `configs/default.toml` and `actors/config.py` by `python -m tools.docs`; a test fails when it
is stale.

`./supervisor.py start` reads `configs/default.toml`. `--config FILE` reads another file, which needs only the keys that
differ. `--set key=value` overrides one key; commands for a running pipeline have this option, too. Its right side is
TOML, or a bare word as a string:

```sh
./supervisor.py start --config my.toml --set gateway.port=7800 --set demo=false --set run_dir=second-run
```

`--set` refuses a value that may hold a secret (a URL with a password, a query or a fragment; `headers`; `subscribe`),
because other users of the machine can read command lines. Such a value belongs into a file, the secret itself into
`./supervisor.py secret set NAME`.

An unknown key or a wrong value is refused with its path and exit code 2. Units are in the names: `_s` seconds, `_ms`
milliseconds, `_bytes` bytes, `_hz` times per second.
"""

_SOURCES = """## [sources]

A table `[sources.NAME]` adds a source; `source add KIND` writes it. NAME is 1 to 32 of `a-z 0-9 -`, and
begins with a letter. These keys apply to every source; the page of its kind describes the others.

"""

_INTRO = """# Events

Generated from `actors/core/contract/types/` by `python -m tools.docs`; a test fails when it is stale. The same as
JSON Schema: [events.schema.json](events.schema.json). Messages of an overlay: [wire.md](wire.md).

Send one event, or a list of up to 1,000, to the ingest; a payload has at most 32 KiB:

```sh
printf 'Authorization: Bearer %s' "$(./supervisor.py token show ingest)" |
    curl -H @- -d '{"type":"follow","payload":{"user":"ottoline"},"id":"f-1"}' http://127.0.0.1:7701/events
```

A list is accepted as a whole. If one object is invalid, the whole list is refused.

An object with `event` instead of `type` (`{"event":"Heal 100","timestamp":…,"data":{…}}`) has the legacy format. All
names of the string-event overlays are accepted. An unknown name becomes the type `custom` and is counted by name
(`unknown_names` of the ingest in `/api/status` and `/metrics`).
"""

_COLUMNS: Final = {
    "category": "`critical` is logged before it is shown and never lost; `normal` and `cosmetic` may be dropped under "
    "pressure, cosmetic first; of `state` only the last value per key counts",
    "priority": "9 is rendered first among the events of one frame",
    "TTL": "how long after ingest the event is worth showing. Critical events are never dropped for age",
    "dedupe": "equal events within this window are one event. `identity`: only by the `id` from the source. Chat: by "
    "its `message_id` or `id`, never by its text",
    "coalesce": "events with the same key are merged into one event, with their number in `count`",
    "kept": "`log`: in the critical log, for overlays that reconnect. `last`: the last value per key, for overlays "
    "that connect",
    "legacy": "names of the [legacy payload](wire.md#the-legacy-payload): all are accepted, the most specific is sent",
}


def markdown() -> str:
    """Return docs/events.md."""
    parts = [_INTRO, _table()]
    payloads = {row.payload for row in TAXONOMY.values()}
    for part in declarations.structs():
        if part in payloads:
            continue
        parts += [f"## {part.__name__}\n", *_struct(part)]
    for name, row in TAXONOMY.items():
        parts += [
            f"## {name}\n",
            f"{row.meaning[0].upper()}{row.meaning[1:]}.\n",
            *_struct(row.payload),
            _example(name),
        ]
    return "\n".join(parts)


def _table() -> str:
    legend = [[column, meaning] for column, meaning in _COLUMNS.items()]
    rows = [_cells(name, row) for name, row in TAXONOMY.items()]
    return _grid(["column", "meaning"], legend) + "\n" + _grid(["type", *_COLUMNS], rows)


def _grid(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(name: str, row: Row) -> list[str]:
    old_names = [f"`{old.template}`" for old in LEGACY if old.type == name]
    return [
        f"[{name}](#{name})",
        row.category.value,
        str(row.priority),
        f"{row.ttl_ms / 1_000:g} s" if row.ttl_ms else "unlimited",
        f"{row.dedupe_ms} ms" if row.dedupe_ms else "identity" if row.category == "critical" else "",
        f"`{row.coalesce}`" if row.coalesce else "",
        "" if row.retain == "none" else row.retain,
        ", ".join(old_names),
    ]


def _struct(struct: type[Payload]) -> list[str]:
    prose = [f"{cleandoc(struct.__doc__)}\n"] if struct.__doc__ and struct.__doc__ != Payload.__doc__ else []
    hints = get_type_hints(struct, include_extras=True)
    rows = [
        [
            f"`{field.name}`",
            _type(inspect.type_info(hints[field.name])),
            "required" if field.required else f"`{json.dumps(_default(field))}`",
        ]
        for field in msgspec.structs.fields(struct)
    ]
    return [*prose, _grid(["field", "type", "default"], rows)]


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def _type(kind: inspect.Type) -> str:
    """Return the type of a field in words, with its bounds."""
    match kind:
        case inspect.Metadata(type=inner):
            return _type(inner)
        case inspect.StrType(pattern=str(pattern)):
            return f"text like `{pattern}`".replace("|", "\\|")
        case inspect.StrType(min_length=low, max_length=high):
            return f"text, {low or 0} to {high} characters" if high is not None else "text"
        case inspect.IntType(ge=low, le=high):
            return f"whole number, {low} to {high:,}" if low is not None and high is not None else "whole number"
        case inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.ListType(item_type=item, max_length=high):
            return f"list of{f' at most {high}' if high is not None else ''}: {_type(item)}"
        case inspect.DictType(key_type=key, value_type=value):
            return f"object: {_type(key)} → {_type(value)}"
        case inspect.UnionType(types=types):
            return " or ".join(_type(part) for part in types)
        case inspect.StructType(cls=cls):
            return f"[{cls.__name__}](#{cls.__name__.lower()})"
        case inspect.NoneType():
            return "`null`"
        case inspect.AnyType():
            return "anything"
    raise TypeError(f"no description for {kind}, add it here")


def _example(name: str) -> str:
    example = {"type": name, "payload": msgspec.to_builtins(TAXONOMY[name].example)}
    return f"```json\n{json.dumps(example, ensure_ascii=False)}\n```\n"


def schema() -> dict[str, Any]:
    """Return docs/events.schema.json."""
    structs = list(dict.fromkeys(row.payload for row in TAXONOMY.values()))
    _, components = msgspec.json.schema_components(
        [*structs, _long_named(Event), _long_named(Submission)], ref_template="#/$defs/{name}"
    )
    by_type = [
        {
            "if": {"properties": {"type": {"const": name}}},
            "then": {"properties": {"payload": {"$ref": f"#/$defs/{row.payload.__name__}"}}},
        }
        for name, row in TAXONOMY.items()
    ]
    for name in ("Event", "Submission"):
        components[name]["properties"]["type"] = {"enum": list(TAXONOMY)}
        components[name]["allOf"] = by_type
    for component in components.values():
        component.pop("description", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Framewire events: as overlays receive them in JSON (Event), and as callers send them (Submission)",
        "anyOf": [{"$ref": "#/$defs/Event"}, {"$ref": "#/$defs/Submission"}],
        "$defs": components,
    }


def _long_named(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the Struct with its JSON names, for the schema."""
    fields: list[Any] = [
        (field.name, field.type) if field.required else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(struct)
    ]
    return msgspec.defstruct(struct.__name__, fields, forbid_unknown_fields=True)


def configuration() -> str:
    """Return docs/configuration.md: the defaults with their reasons, and the bounds of the Structs."""
    parts = [_SETTINGS_INTRO]
    for section, keys in itertools.groupby(reasons.listed(), lambda row: row.section):
        rows = [
            [f"`{row.name}`", f"`{row.default}`", _bounds(section, row.name), row.reason or "as above"] for row in keys
        ]
        parts += [
            f"## [{section}]\n" if section else "## Top level\n",
            _grid(["key", "default", "bounds", "why"], rows),
            "",
        ]
    return "\n".join(parts) + "\n" + _sources()


def _sources() -> str:
    kinds = ", ".join(f"[`{kind}`](sources/{_page_of(kind)}.md)" for kind in spec.KINDS if kind != "demo")
    rows = [
        ["`kind`", "required", kinds],
        ["`secret`", "the name of the source", "the name of the secret that it uses (`secret set NAME`)"],
        ["`silence_s`", "that of the kind", "a longer pause between two messages raises the alert `source.silent`"],
    ]
    return _SOURCES + _grid(["key", "default", "meaning"], rows)


def _page_of(kind: str) -> str:
    """Return the name of the page of a kind of source: `twitch_chat` is on the page `twitch`."""
    return next(page for page in (kind, kind.partition("_")[0]) if (program.SHARE / f"docs/sources/{page}.md").exists())


def _bounds(section: str, key: str) -> str:
    struct: type[msgspec.Struct] = Settings
    if section:
        struct = next(field.type for field in msgspec.structs.fields(Settings) if field.name == section)
    kind = inspect.type_info(get_type_hints(struct, include_extras=True)[key])
    if isinstance(kind, inspect.FloatType):
        low = f"over {kind.gt:g}" if kind.gt is not None else f"{kind.ge:g}" if kind.ge is not None else ""
        return f"{low} to {kind.le:,.0f}" if kind.le is not None else "number"
    if isinstance(kind, inspect.DictType):
        return f"table: {_type(kind.key_type)} → any of the keys above"
    return _type(kind)


_METRICS = """# Metrics

Generated from `actors/core/metrics.py` by `python -m tools.docs`; a test fails when it is stale.

`http://127.0.0.1:7700/metrics` serves all of them for Prometheus, in base units. `/api/status` and `status --json` have
the same values under the names of the second column, in the unit of the name. Every process sends its metrics with its
heartbeat, once per second; a counter begins at 0 when its process starts.

"""

_OTHER_METRICS = """## Ledger, sources, alerts

| Prometheus | kind | meaning |
|---|---|---|
| `framewire_ledger_events_total{category,bucket}` | counter | events: received, sent, coalesced, duplicate, expired |
| `framewire_ledger_dropped_events_total{category,rule}` | counter | events dropped, by rule |
| `framewire_ledger_pending_events{category}` | gauge | waiting events |
| `framewire_ledger_raw_messages_total{bucket}` | counter | best-effort raw messages, by outcome |
| `framewire_source_state{source,state}` | gauge | 1 for the state of the source |
| `framewire_alert{key,name,level}` | gauge | 1 for each active alert ([operations.md](operations.md)) |
"""


def metrics_page() -> str:
    """Return docs/metrics.md."""
    owners: dict[type[metrics.Metrics], list[str]] = {}
    for kind, groups in metrics.GROUPS.items():
        for group in groups:
            owners.setdefault(group, []).append(kind)
    owners |= {metrics.ProcessMetrics: ["every process"], metrics.SourceMetrics: ["every source"]}
    parts = [_METRICS]
    for group, kinds in owners.items():
        doc = inspect_doc(group)
        parts.append(f"## {group.__name__.removesuffix('Metrics')}\n\n{doc}Applies to: {', '.join(kinds)}.\n")
        label = "source" if group is metrics.SourceMetrics else "process"
        rows = [_metric_row(group, name, field, label) for name, field in metrics.fields_of(group).items()]
        parts += [_grid(["Prometheus", "status", "kind", "meaning"], rows), ""]
    return "\n".join(parts) + _OTHER_METRICS


def inspect_doc(group: type[metrics.Metrics]) -> str:
    """Return the first line of a group's docstring, "" without one."""
    own = group.__dict__.get("__doc__") or ""
    return f"{own.splitlines()[0]} " if own else ""


def _metric_row(group: type[metrics.Metrics], name: str, field: metrics.Field, label: str) -> list[str]:
    exported, _ = metrics.exposed(group, name, field)
    labels = f"{label},{field.label}" if field.label else label
    total = "_total" if field.kind == "counter" else ""
    return [f"`{exported}{total}{{{labels}}}`", f"`{name}`", field.kind, field.help]


def pages() -> dict[str, str]:
    """Return every generated file by its path in the project."""
    return {
        "docs/configuration.md": configuration(),
        "docs/events.md": markdown(),
        "docs/metrics.md": metrics_page(),
        "docs/events.schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
        declarations.DECLARATIONS: declarations.declarations(),
        declarations.CATALOG: declarations.catalog(),
        **tokens.files(),
    }


def stale(root: Path) -> list[str]:
    """Return the paths of the files below `root` that are not what would be generated now."""
    return [
        name
        for name, text in pages().items()
        if not (root / name).exists() or (root / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name the stale ones; return the exit code."""
    if arguments not in ([], ["--check"]):
        print(f"got {' '.join(arguments)}, expected nothing or --check", file=sys.stderr)
        return 2
    names = stale(program.ROOT)
    if arguments:
        for name in names:
            print(f"{name} is stale: run python -m tools.docs", file=sys.stderr)
        return 1 if names else 0
    for name in names:
        (program.ROOT / name).write_text(pages()[name], encoding="utf-8")
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
