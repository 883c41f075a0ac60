"""Legacy: the free strings of earlier overlays ("Revive Taken", "Heal 100") ↔ types, in one table.

Each row is a template of the old name, the type it means, and the payload fields that the name itself
tells. A field in the template is a number inside the name. Reading takes the row whose template fits;
writing takes the first row of the type whose fields the payload has.

Old senders often gave nothing but the name. What the type requires and the name does not tell is then
filled with an unknown player, or with the name, so that something can be shown.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import Event
from actors.core.contract.taxonomy import TAXONOMY


class LegacyName(Struct, frozen=True):
    """One old name: `template` as it was written, `type` it means, `told` what the name says of the payload."""

    template: str
    type: str
    told: dict[str, Any] = {}


LEGACY: Final = [LegacyName(old.template, type_, old.told) for type_, row in TAXONOMY.items() for old in row.old]

_FIELD: Final = re.compile(r" \{(\w+)\}$")
_NUMBER: Final = re.compile(r" (\d{1,9})$")

_READ: Final = {row.template.casefold(): row for row in LEGACY}


def _blank(kind: msgspec.inspect.Type, name: str) -> Any:
    """Return what a required field holds when an old sender left it out."""
    match kind:
        case msgspec.inspect.StructType():
            return {"id": "unknown", "name": "?"}
        case msgspec.inspect.StrType():
            return name
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.DictType():
            return {}
    return 0


_REQUIRED: Final = {
    type_: {
        field.encode_name: msgspec.inspect.type_info(field.type)
        for field in msgspec.structs.fields(row.payload)
        if field.required
    }
    for type_, row in TAXONOMY.items()
}

_payload = msgspec.msgpack.Decoder(dict[str, Any])


def from_legacy(name: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the type and the payload that an old name and its data mean; `data` wins over the name.

    Raises:
        ValueError: no row of the table has this name
    """
    told: dict[str, Any] = {}
    row = _READ.get(name.casefold())
    number = _NUMBER.search(name)
    if row is None and number is not None:
        row = _numbered(name[: number.start()])
        if row is not None:
            told = {_FIELD.findall(row.template)[0]: int(number[1])}
    if row is None:
        raise ValueError(f"Unknown legacy event `{name[:64]}`{_near(name)}")
    blanks = {field: _blank(kind, name) for field, kind in _REQUIRED[row.type].items()}
    return row.type, {**blanks, **row.told, **told, **data}


def _numbered(base: str) -> LegacyName | None:
    folded = base.casefold() + " {"
    return next((row for row in LEGACY if row.template.casefold().startswith(folded)), None)


def _near(name: str) -> str:
    near = get_close_matches(name, [row.template for row in LEGACY], n=1)
    return f", did you mean `{near[0]}`?" if near else ""


def to_legacy(event: Event) -> dict[str, Any]:
    """Return the event in the old shape: `{"event": name, "timestamp": whole milliseconds, "data": payload}`."""
    payload = _payload.decode(event.payload)
    row = next(row for row in LEGACY if row.type == event.type and _tells(row, payload))
    stamp = event.ts_ingest_ms if event.ts_source_ms is None else event.ts_source_ms
    return {"event": row.template.format_map(payload), "timestamp": int(stamp), "data": payload}


def _tells(row: LegacyName, payload: dict[str, Any]) -> bool:
    """Tell whether this payload could have been written under this name."""
    return row.told.items() <= payload.items() and all(field in payload for field in _FIELD.findall(row.template))


__all__ = ["LEGACY", "LegacyName", "from_legacy", "to_legacy"]
