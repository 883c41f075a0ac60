"""Legacy: the free strings of earlier overlays ("Revive Taken", "Kill Medic") ↔ types, in one table.

The table is made of the old names in the rows of the taxonomy (row.py); words.py has the parameters of the names.
Reading uses the row whose template matches. Writing uses the most specific row of the type: a kill of a medic is
`Kill Medic`, not `Kill`. A type without an old name is written and read under its own name.

No name is refused: an unknown name becomes a `custom` event of this name.

Old senders often sent only the name. A required field without a value is then filled with an unknown player, or with
the name, so that the event can be shown.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import Event
from actors.core.contract.payload import Player
from actors.core.contract.taxonomy import TAXONOMY

NAME_LENGTH: Final = 64
_UNKNOWN: Final = {"id": "unknown", "name": "?"}


class LegacyName(Struct, frozen=True):
    """One old name: its `template`, its `type`, and the part of the payload that it determines (`told`)."""

    template: str
    type: str
    told: dict[str, Any] = {}


def _names(type_: str) -> list[LegacyName]:
    named = [LegacyName(old.template, type_, old.told) for old in TAXONOMY[type_].old]
    return named if any(not row.told for row in named) else [*named, LegacyName(type_, type_)]


LEGACY: Final = [name for type_ in TAXONOMY for name in _names(type_)]

_FIELD: Final = re.compile(r" \{(\w+)\}$")
_NUMBER: Final = re.compile(r" (\d{1,9})$")

_READ: Final = {row.template.casefold(): row for row in LEGACY}


def _leaves(told: dict[str, Any]) -> int:
    return sum(_leaves(part) if isinstance(part, dict) else 1 for part in told.values())


# By type; the most specific name is the first.
_WRITE: Final = {
    type_: sorted((row for row in LEGACY if row.type == type_), key=lambda row: -_leaves(row.told))
    for type_ in TAXONOMY
}


# Reading the fields of all payloads takes 12 ms, which every start would pay; few starts see an old name.
@cache
def _players(type_: str) -> list[str]:
    """Return the fields of a payload that hold a player."""
    fields = msgspec.structs.fields(TAXONOMY[type_].payload)
    return [field.encode_name for field in fields if Player in (field.type, *getattr(field.type, "__args__", ()))]


def _blank(kind: msgspec.inspect.Type, name: str) -> Any:
    """Return the value of a required field that an old sender omitted."""
    match kind:
        case msgspec.inspect.StructType():
            return {}
        case msgspec.inspect.StrType():
            return name
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.DictType():
            return {}
        case msgspec.inspect.LiteralType(values=values):
            return values[0]
    return 0


@cache
def _required(type_: str) -> dict[str, msgspec.inspect.Type]:
    """Return the required fields of a payload and their types."""
    fields = msgspec.structs.fields(TAXONOMY[type_].payload)
    return {field.encode_name: msgspec.inspect.type_info(field.type) for field in fields if field.required}


_payload = msgspec.msgpack.Decoder(dict[str, Any])


def is_known(name: str) -> bool:
    """Whether a row of the table has this name."""
    return _row(name)[0] is not None


def from_legacy(name: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the type and the payload of an old name and its data; values of `data` override those of the name.

    Raises:
        ValueError: the name is empty
    """
    if not name:
        raise ValueError("Expected a name of 1 character or more, got none")
    row, number = _row(name)
    if row is None:
        return "custom", {"name": name[:NAME_LENGTH], "data": data}
    blanks = {field: _blank(kind, name[:NAME_LENGTH]) for field, kind in _required(row.type).items()}
    payload = _merged(_merged(_merged(blanks, row.told), number), data)
    for field in _players(row.type):
        if isinstance(player := payload.get(field), dict):
            payload[field] = _UNKNOWN | player
    return row.type, payload


def _row(name: str) -> tuple[LegacyName | None, dict[str, Any]]:
    """Return the row of a name, and the values in the name."""
    row = _READ.get(name.casefold())
    number = _NUMBER.search(name)
    if row is not None or number is None:
        return row, {}
    folded = name[: number.start()].casefold() + " {"
    row = next((row for row in LEGACY if row.template.casefold().startswith(folded)), None)
    return row, {} if row is None else {_FIELD.findall(row.template)[0]: int(number[1])}


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `over`; objects that both have are merged."""
    merged = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            merged[key] = _merged(base[key], over[key])
    return merged


def to_legacy(event: Event) -> dict[str, Any]:
    """Return the event in the old shape: `{"event": name, "timestamp": whole milliseconds, "data": payload}`."""
    payload = _payload.decode(event.payload)
    row = next(row for row in _WRITE[event.type] if _tells(row, payload))
    stamp = event.ts_ingest_ms if event.ts_source_ms is None else event.ts_source_ms
    return {"event": row.template.format_map(payload), "timestamp": int(stamp), "data": payload}


def _tells(row: LegacyName, payload: dict[str, Any]) -> bool:
    """Whether the payload matches this name."""
    return _holds(payload, row.told) and all(field in payload for field in _FIELD.findall(row.template))


def _holds(payload: Any, told: dict[str, Any]) -> bool:
    if not isinstance(payload, dict):
        return False
    return all(
        _holds(payload.get(field), value) if isinstance(value, dict) else payload.get(field) == value
        for field, value in told.items()
    )


class NameCounts:
    """Counts names; those beyond the bound are counted together."""

    def __init__(self, bound: int = 64) -> None:
        self._bound = bound
        self.counts: dict[str, int] = {}

    def count(self, name: str) -> None:
        """Count a name, under a key that is valid as a label of a metric."""
        key = re.sub(r"[^a-z0-9]+", "_", name[:NAME_LENGTH].casefold())
        if key not in self.counts and len(self.counts) >= self._bound:
            key = "others"
        self.counts[key] = self.counts.get(key, 0) + 1


__all__ = ["LEGACY", "LegacyName", "NameCounts", "from_legacy", "is_known", "to_legacy"]
