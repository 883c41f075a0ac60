"""A layout: a user's changes to the positions of widgets (docs/layout.md), from a file or an editor.

    defaults of the widgets' modules ◀── widgets (upright) ◀── scenes.NAME.widgets (upright)

The defaults are in the page, so a layout has only the differences. Names of widgets are not checked, because widgets
may be added and removed. The unit is the pixel of a stage of 1920 × 1080, or of 1080 × 1920 for `upright`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput, TooLarge

MAX_BYTES: Final = 64 << 10
Kind = TypeVar("Kind")

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z")]  # of a layout: the name of its file
WidgetName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
SceneName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}\Z")]
Edge = Annotated[float, Meta(ge=-3840, le=3840)]
Length = Annotated[float, Meta(ge=8, le=3840)]
Scale = Annotated[float, Meta(ge=0.25, le=4)]
Order = Annotated[int, Meta(ge=-100, le=1000)]
Anchor = Literal[
    "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right",
]  # fmt: skip


class BoxChange(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The differences from the default box of a widget; None is the default."""

    x: Edge | None = None
    y: Edge | None = None
    width: Length | None = None
    height: Length | None = None
    anchor: Anchor | None = None
    scale: Scale | None = None
    order: Order | None = None
    visible: bool | None = None


class LayoutScene(Struct, frozen=True, omit_defaults=True):
    widgets: dict[str, BoxChange] = {}
    upright: dict[str, BoxChange] = {}


class Layout(Struct, frozen=True, omit_defaults=True):
    version: int
    name: str = ""
    widgets: dict[str, BoxChange] = {}
    upright: dict[str, BoxChange] = {}
    scenes: dict[str, LayoutScene] = {}


Table = Annotated[dict[WidgetName, msgspec.Raw], Meta(max_length=64)]


class _Scene(Struct, frozen=True, forbid_unknown_fields=True):
    widgets: Table = {}
    upright: Table = {}


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    name: Annotated[str, Meta(max_length=64)] = ""
    widgets: Table = {}
    upright: Table = {}
    scenes: Annotated[dict[SceneName, msgspec.Raw], Meta(max_length=16)] = {}


def is_id(name: str) -> bool:
    """Return whether this is a valid name of a layout."""
    return _fits(name, Id)


def is_widget_name(name: str) -> bool:
    """Return whether this is a valid name of a widget."""
    return _fits(name, WidgetName)


def _fits(name: str, kind: Any) -> bool:
    try:
        msgspec.convert(name, kind)
    except msgspec.ValidationError:
        return False
    return True


def parse(data: bytes) -> Layout:
    """Return the layout of the JSON text `data`.

    Raises:
        TooLarge: it has more than MAX_BYTES.
        BadInput: it is invalid; the text has the expected value, the actual one and the path.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a layout of {len(data)} bytes, expected at most {MAX_BYTES}")
    document = _decode(data, _Document, "$")
    return Layout(
        document.version,
        document.name,
        _changes(document.widgets, "$.widgets"),
        _changes(document.upright, "$.upright"),
        {name: _scene(raw, f"$.scenes.{name}") for name, raw in document.scenes.items()},
    )


def encode(layout: Layout) -> bytes:
    """Return a layout as the readable text of a file."""
    return msgspec.json.format(msgspec.json.encode(layout), indent=2) + b"\n"


def _scene(raw: msgspec.Raw, path: str) -> LayoutScene:
    scene = _decode(raw, _Scene, path)
    return LayoutScene(_changes(scene.widgets, f"{path}.widgets"), _changes(scene.upright, f"{path}.upright"))


def _changes(table: dict[str, msgspec.Raw], path: str) -> dict[str, BoxChange]:
    return {name: _decode(raw, BoxChange, f"{path}.{name}") for name, raw in table.items()}


def _decode(data: bytes | msgspec.Raw, kind: type[Kind], path: str) -> Kind:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        # msgspec reports the path within `data`, without the keys of tables.
        text, at, inner = str(error).partition(" - at ")
        raise BadInput(f"{text} - at {inner.replace('$', path, 1)}" if at else f"{text} - at `{path}`") from error
    except UNREADABLE as error:
        raise BadInput(f"{error} - in `{path}`") from error
