"""The overlay itself: its elements, commands to it, and custom events."""

from __future__ import annotations

from typing import Any, Final, Literal

from actors.core.contract.payload import Color, Name, Payload, Word
from actors.core.contract.row import Look, OldName, Row, normal, state


class Show(Payload, frozen=True):
    """A command to the queue of a widget of every overlay; without `widget`, to all queues."""

    action: Literal["skip", "pause", "resume", "clear", "replay", "mute", "unmute"]
    widget: Word = ""


class Toggle(Payload, frozen=True):
    """An element of the overlay that is shown or hidden by name."""

    name: Name
    on: bool


class Scene(Payload, frozen=True):
    """The scene of a layout (docs/layout.md); empty selects the layout without a scene."""

    name: Word = ""


class Crosshair(Payload, frozen=True):
    on: bool = True
    style: Word = ""
    color: Color = ""


class Custom(Payload, frozen=True):
    """Data for your own overlay; `name` is the kind of the event."""

    name: Name
    data: dict[str, Any] = {}


TYPES: Final[dict[str, Row]] = {
    "show": normal(
        9,
        Show("skip", "social"),
        "a command of the operator to a queue of the overlay",
        Look("Command", "equal"),
        OldName("Show Skip", {"action": "skip"}),
        OldName("Show Pause", {"action": "pause"}),
        OldName("Show Resume", {"action": "resume"}),
        OldName("Show Clear", {"action": "clear"}),
        OldName("Show Replay", {"action": "replay"}),
        OldName("Show Mute", {"action": "mute"}),
        OldName("Show Unmute", {"action": "unmute"}),
        ttl_ms=5_000,
        dedupe_ms=120,
    ),
    "toggle": state(
        6,
        Toggle("scoreboard", True),
        "an element of the overlay is shown or hidden",
        Look("Toggle", "equal"),
        "Toggle",
        coalesce="toggle:{name}",
    ),
    "scene": state(
        6,
        Scene("break"),
        "the scene of the layout that overlays show",
        Look("Scene", "flag"),
        "Scene",
        coalesce="scene",
    ),
    "crosshair": state(
        6,
        Crosshair(True, "dot", "#50fa7b"),
        "shape, size and colour of the crosshair",
        Look("Crosshair", "target"),
        "Crosshair",
        coalesce="crosshair",
    ),
    "custom": normal(
        5,
        Custom("poll", {"question": "Who wins?", "yes": 61, "no": 39}),
        "a custom event",
        Look("Custom", "star"),
        "Custom",
    ),
}
