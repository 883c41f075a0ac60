"""Generate the overlay's declarations and catalog of event types from the taxonomy.

web_overlay/js/core/events.d.ts   one interface per payload; `Event` is a union that narrows by `type`
web_overlay/js/core/catalog.mjs   title, icon, tone and an example of every type, for buttons, editors and banners
"""

from __future__ import annotations

import json
from typing import Any, Final, get_args, get_type_hints

import msgspec
from msgspec import inspect

from actors.core.contract.event import Category
from actors.core.contract.payload import Payload
from actors.core.contract.row import Tone
from actors.core.contract.taxonomy import TAXONOMY

DECLARATIONS: Final = "web_overlay/js/core/events.d.ts"
CATALOG: Final = "web_overlay/js/core/catalog.mjs"

_GENERATED: Final = (
    "// Generated from actors/core/contract/types/ by `python -m tools.docs`; a test fails when it is stale.\n"
)

_ENVELOPE: Final = """
/** An event (docs/wire.md), with long names in both formats. */
interface Carried<T extends EventType> {
  id: string;
  type: T;
  category: %s;
  /** 0 to 9 */
  priority: number;
  ts_source_ms: number | null;
  /** when Framewire received it, ms since 1970 by the server's clock */
  ts_ingest_ms: number;
  /** 0 is unlimited */
  ttl_ms: number;
  coalesce_key: string | null;
  source: string;
  /** validated by the server; texts are still untrusted */
  payload: Payloads[T];
  /** the number of events that it represents */
  count: number;
  /** position in the critical log; 0 if not logged */
  position: number;
}

export type EventType = keyof Payloads;
/** Events of some types, as a widget for these types receives them. */
export type EventOf<T extends EventType> = { [K in T]: Carried<K> }[T];
export type Event = EventOf<EventType>;

/** A row of catalog.mjs: a type of event with its default presentation and an example of its payload. */
export type Entry = { [T in EventType]: {
  type: T;
  category: Event["category"];
  title: string;
  /** a name of widgets/icons.mjs */
  icon: string;
  tone: %s;
  meaning: string;
  example: Payloads[T];
} }[EventType];
"""

_CATALOG: Final = """// @ts-check
%s
/** @typedef {import("./events.js").Entry} Entry */

/** @type {readonly Entry[]} */
export const CATALOG = [
%s];
"""


def structs() -> list[type[Payload]]:
    """Return the Struct of every payload and of every part of one, parts first."""
    found: dict[type[Payload], None] = {}
    for row in TAXONOMY.values():
        _visit(row.payload, found)
    return list(found)


def _visit(struct: type[Payload], found: dict[type[Payload], None]) -> None:
    for hint in get_type_hints(struct, include_extras=True).values():
        for part in _parts(inspect.type_info(hint)):
            _visit(part, found)
    found[struct] = None


def _parts(kind: inspect.Type) -> list[type[Any]]:
    match kind:
        case inspect.StructType(cls=cls):
            return [cls]
        case inspect.ListType(item_type=item):
            return _parts(item)
        case inspect.DictType(value_type=value):
            return _parts(value)
        case inspect.UnionType(types=types):
            return [part for kind in types for part in _parts(kind)]
    return []


def declarations() -> str:
    """Return events.d.ts."""
    interfaces = "\n".join(_interface(struct) for struct in structs())
    rows = "".join(f"  /** {row.meaning} */\n  {name}: {row.payload.__name__};\n" for name, row in TAXONOMY.items())
    categories = " | ".join(f'"{category}"' for category in Category)
    tones = " | ".join(f'"{tone}"' for tone in get_args(Tone))
    return (
        f"{_GENERATED}\n{interfaces}\n/** The payload of each type. */\nexport interface Payloads {{\n{rows}}}\n"
        + _ENVELOPE % (categories, tones)
    )


def _interface(struct: type[Payload]) -> str:
    hints = get_type_hints(struct, include_extras=True)
    prose = " ".join((struct.__doc__ or "").split()) if struct.__doc__ != Payload.__doc__ else ""
    fields = "".join(
        f"  {field.name}{'' if field.required else '?'}: {_type(inspect.type_info(hints[field.name]))};\n"
        for field in msgspec.structs.fields(struct)
    )
    comment = f"/** {prose} */\n" if prose else ""
    return f"{comment}export interface {struct.__name__} {{\n{fields}}}\n"


def _type(kind: inspect.Type) -> str:
    match kind:
        case inspect.StrType():
            return "string"
        case inspect.IntType() | inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "boolean"
        case inspect.NoneType():
            return "null"
        case inspect.AnyType():
            return "unknown"
        case inspect.LiteralType(values=values):
            return " | ".join(json.dumps(value) for value in values)
        case inspect.ListType(item_type=item):
            return f"Array<{_type(item)}>"
        case inspect.DictType(value_type=value):
            return f"Record<string, {_type(value)}>"
        case inspect.UnionType(types=types):
            return " | ".join(_type(part) for part in types)
        case inspect.StructType(cls=cls):
            return str(cls.__name__)
    raise TypeError(f"no TypeScript type for {kind}, add it here")


def catalog() -> str:
    """Return catalog.mjs."""
    return _CATALOG % (_GENERATED, "".join(f"  {_entry(name)},\n" for name in TAXONOMY))


def _entry(name: str) -> str:
    row = TAXONOMY[name]
    entry: dict[str, Any] = {
        "type": name,
        "category": row.category,
        "title": row.look.title,
        "icon": row.look.icon,
        "tone": row.look.tone,
        "meaning": row.meaning,
        "example": msgspec.to_builtins(row.example),
    }
    return json.dumps(entry, ensure_ascii=False)
