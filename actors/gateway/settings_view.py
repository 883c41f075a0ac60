"""The settings of the running pipeline for display: value, default, bounds, reason, and the effect of a change.

Secrets are not part of the settings (actors/secrets.py). Values that may hold one nevertheless are hidden
(actors/core/secrecy.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import Struct, inspect

from actors import config, reasons
from actors.config import Settings
from actors.core.secrecy import concealed
from actors.core.supervision.kinds import Child, reads
from actors.core.supervision.reload import REFUSED, longest

OMITTED: Final = ("faults", "sources")  # only tests use the first; the second follows with the keys of each kind


class SettingRow(Struct, frozen=True):
    """One setting.

    kind      the field that a page offers: "bool", "number", "text", "choice", "list", or "data", which the file alone
              can change
    expected  the bounds, in words
    restarts  the processes that a change restarts
    refused   why a change needs a stop and a start; "" if it does not
    """

    key: str
    kind: str
    value: Any
    default: Any
    expected: str
    options: list[str]
    reason: str
    restarts: list[str]
    refused: str


def rows(run_dir: Path) -> list[dict[str, Any]]:
    """Return every setting of the pipeline in `run_dir`.

    Raises:
        ConfigError: they cannot be read.
    """
    settings = config.of_run_dir(run_dir)
    found = [*_section("", settings), *_sources(settings)]
    children, why = settings.children(), reasons.by_key()
    for name in settings.sources:
        meanings = reasons.by_field(type(settings.source(name)))
        why |= {f"sources.{name}.{field}": meaning for field, meaning in meanings.items()}
    return [msgspec.to_builtins(_row(*one, children, why)) for one in found]


def _section(path: str, struct: Struct) -> Iterator[tuple[str, inspect.Type, Any, Any]]:
    """Yield (key, type, value, default) of every leaf below a Struct."""
    hints = get_type_hints(type(struct), include_extras=True)
    for field in msgspec.structs.fields(type(struct)):
        key, value = f"{path}{field.name}", getattr(struct, field.name)
        if key in OMITTED:
            continue
        if isinstance(value, Struct) and not path.startswith("sources."):
            yield from _section(f"{key}.", value)
        else:
            yield key, inspect.type_info(hints[field.name]), value, _default(field)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.required:
        return None
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def _sources(settings: Settings) -> Iterator[tuple[str, inspect.Type, Any, Any]]:
    for name in settings.sources:
        yield from _section(f"sources.{name}.", settings.source(name))


def _row(
    key: str, type_: inspect.Type, value: Any, default: Any, children: list[Child], why: dict[str, str]
) -> SettingRow:
    kind, expected, options = _field(type_)
    if key.startswith("sources.") and key.endswith(".kind"):
        kind = "data"
    plain = concealed(key, msgspec.to_builtins(value))
    return SettingRow(
        key,
        kind,
        plain,
        msgspec.to_builtins(default),
        expected,
        options,
        why.get(key, ""),
        [child.name for child in children if reads(child, key)],
        longest(REFUSED, key) or "",
    )


def _field(type_: inspect.Type) -> tuple[str, str, list[str]]:
    """Return the kind of field, the bounds in words, and the choices of a type."""
    match type_:
        case inspect.UnionType(types=types):
            return _field(next(one for one in types if not isinstance(one, inspect.NoneType)))
        case inspect.BoolType():
            return "bool", "", []
        case inspect.LiteralType(values=values):
            return "choice", "", [str(value) for value in values]
        case inspect.IntType(ge=low, le=high):
            return "number", f"whole number{_bounds(low, None, high)}", []
        case inspect.FloatType(ge=low, gt=over, le=high):
            return "number", f"number{_bounds(low, over, high)}", []
        case inspect.StrType(max_length=high):
            return "text", f"at most {high} characters" if high is not None else "", []
        case inspect.Metadata(extra={"in_file": True}):
            return "data", "", []
        case inspect.ListType(item_type=inspect.StrType() | inspect.LiteralType()):
            return "list", "one per line", []
        case inspect.VarTupleType(item_type=inspect.StrType()):
            return "list", "one per line", []
    return "data", "", []


def _bounds(low: float | None, over: float | None, high: float | None) -> str:
    if high is None or (low is None and over is None):
        return ""
    return f", {f'over {over:g}' if low is None else f'{low:,}'} to {high:,.0f}"
