"""Fitting: values that a rule has found → values that fit the fields of a payload.

Rules read what platforms send, and a donor chooses name and message. A program that posts an event learns from the
answer that a text is too long, and corrects it. A platform does not, and the tip would be lost. So texts are cut here,
as an adapter does with bounds.py. What is wrong in another way, such as a text instead of a list, is refused later.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from msgspec import inspect

from actors.adapters import bounds
from actors.core.contract.payload import Decimal
from actors.core.contract.taxonomy import TAXONOMY

_DECIMAL: Final = inspect.type_info(Decimal)


def fitted(type_: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a payload with texts that fit; of an unknown type as they are."""
    return _fields(payload, _kind(type_)) if type_ in TAXONOMY else payload


@cache
def _kind(type_: str) -> inspect.Type:
    return inspect.type_info(TAXONOMY[type_].payload)


def _fields(values: dict[str, Any], kind: inspect.Type) -> dict[str, Any]:
    kinds = {field.encode_name: field.type for field in kind.fields} if isinstance(kind, inspect.StructType) else {}
    return {name: _value(value, kinds[name]) if name in kinds else value for name, value in values.items()}


def _value(value: Any, kind: inspect.Type) -> Any:
    match kind:
        case inspect.StrType() if isinstance(value, str | int | float) and not isinstance(value, bool):
            return _text(str(value), kind)  # many senders write amounts and ids as numbers
        case inspect.ListType() if isinstance(value, list):
            return [_value(part, kind.item_type) for part in value]
        case inspect.StructType() if isinstance(value, dict):
            return _fields(value, kind)
        case inspect.UnionType():
            return _value(value, next(part for part in kind.types if not isinstance(part, inspect.NoneType)))
    return value


def _text(value: str, kind: inspect.StrType) -> str:
    if kind == _DECIMAL:
        return bounds.amount(value)
    if kind.pattern is not None or kind.max_length is None:
        return value
    return value.encode(errors="replace").decode()[: kind.max_length]  # JSON can have half of a pair
