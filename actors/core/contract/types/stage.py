"""The overlay itself: its elements, commands to it, and custom events."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from actors.core.contract.payload import Color, Name, Payload, Player, Word
from actors.core.contract.row import Look, OldName, Row, normal, state

Coordinate = Annotated[float, Meta(ge=-1e8, le=1e8)]


class Show(Payload, frozen=True):
    """A command to the queue of a widget of every overlay; without `widget`, to all queues.

    `end_test` is for all widgets: what came from the source `test` leaves them, and the last real states show again.
    """

    action: Literal["skip", "pause", "resume", "clear", "replay", "mute", "unmute", "end_test"]
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


class Radar(Payload, frozen=True):
    """A map of the radar. Its edges are coordinates of the game: left and right along x, top and bottom along z.

    `run` is new whenever the source has connected again: players of another `run` are no longer there.
    """

    map: Name
    title: Word = ""
    left: Coordinate = -512.0
    top: Coordinate = -512.0
    right: Coordinate = 512.0
    bottom: Coordinate = 512.0
    run: Word = ""
    on: bool = True


class RadarPlayer(Payload, frozen=True):
    """A player on the radar, and where they are. Packed positions name the player by `number` (docs/wire.md).

    `yaw` is in degrees: 0 looks along z, 90 against x. `color` replaces the colour of the player's team.
    """

    map: Name
    number: Annotated[int, Meta(ge=0, le=65_535)]
    player: Player
    x: Coordinate = 0.0
    z: Coordinate = 0.0
    y: Coordinate = 0.0
    yaw: Annotated[float, Meta(ge=-360, le=360)] = 0.0
    color: Color = ""
    run: Word = ""
    on: bool = True


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
    "radar": state(
        5,
        Radar("world", "Skyfall"),
        "a map of the radar is shown, changed or removed",
        Look("Radar", "target"),
        "Radar",
        coalesce="radar:{map}",
        over=("on", False),
    ),
    "radar_player": state(
        4,
        RadarPlayer("world", 1, Player("ada", "Ada", "red"), 120.0, -80.0, 64.0, 45.0),
        "a player on the radar: name, team, colour, and a place now and then",
        Look("Player on the radar", "people"),
        "Radar Player",
        coalesce="radar_player:{map}:{player.id}",
        over=("on", False),
        part_of=("radar", "map"),
    ),
    "custom": normal(
        5,
        Custom("poll", {"question": "Who wins?", "yes": 61, "no": 39}),
        "a custom event",
        Look("Custom", "star"),
        "Custom",
    ),
}
