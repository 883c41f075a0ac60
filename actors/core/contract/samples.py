"""Test events: the example of each type, with names and ids that do not occur in a real match or channel.

    type ──row──▶ payload ──mark──▶ {"type", "payload", "source": "test"}

A test button may be pressed during a match. So every name of a person, team or title ends with MARK, and every id
begins with `test-`. A test event then cannot extend the streak of a player or delete the message of a viewer.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from actors.core.contract.event import Category
from actors.core.contract.taxonomy import TAXONOMY

SOURCE: Final = "test"
MARK: Final = " (test)"
STORM_EVENTS: Final = 200
PLAYERS_ON_RADAR: Final = 6

_NAMES: Final = frozenset(("user", "gifted_by", "title"))
_IDS: Final = frozenset(
    (
        "id",
        "user_id",
        "message_id",
        "channel",
        "alert",
        "group",
        "stream",
        "train",
        "poll",
        "prediction",
        "goal",
        "application",
        "map",
    )
)
# Half of a storm are types that come in bursts in a match; the other half competes with them for the screen.
_STORM: Final = ("hit", "kill", "hit", "chat", "kill", "hit", "headshot", "chat", "hit", "assist", "follow", "revive")
# The number of persons; with a single one a storm would be a streak of 60 kills.
_CAST: Final = 7
# Sent only by name: states stay on the screen, and the others control it or remove something from it.
NOT_AT_RANDOM: Final = frozenset(("chat_delete", "show", "custom", "stream")) | {
    name for name, row in TAXONOMY.items() if row.category is Category.STATE
}


def sample(type_: str, number: int, cast: str = "") -> dict[str, Any]:
    """Return one test event of a type in the form of `POST /events`.

    `number` makes its ids unique; `cast` distinguishes persons.
    """
    payload = msgspec.to_builtins(TAXONOMY[type_].example)
    if type_ == "radar_player":
        payload |= _walker(number)
    return {"type": type_, "source": SOURCE, "payload": _marked(payload, number, cast)}


def pick(fraction: float) -> str:
    """Return a random type for a test event; `fraction` is a random number from 0 to below 1."""
    types = [name for name in TAXONOMY if name not in NOT_AT_RANDOM]
    return types[int(fraction * len(types))]


def storm(number: int) -> list[dict[str, Any]]:
    """Return STORM_EVENTS test events, in the mixture of a busy moment; their numbers begin at `number`."""
    return [sample(_STORM[at % len(_STORM)], number + at, f" {at % _CAST + 1}") for at in range(STORM_EVENTS)]


def _walker(number: int) -> dict[str, Any]:
    """Return one of PLAYERS_ON_RADAR players on a circle around the middle of the map."""
    at = number % PLAYERS_ON_RADAR
    angle = 2 * math.pi * at / PLAYERS_ON_RADAR
    player = {"id": f"p{at}", "name": f"Player {at + 1}", "team": "red" if at % 2 else "blue"}
    x, z = round(300 * math.cos(angle), 1), round(300 * math.sin(angle), 1)
    return {"number": at, "player": player, "x": x, "z": z, "yaw": round(math.degrees(angle) + 90) % 360}


def _marked(value: Any, number: int, cast: str) -> Any:
    if isinstance(value, list):
        return [_marked(part, number, cast) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: _field(name, part, value, number, cast) for name, part in value.items()}


def _field(name: str, value: Any, siblings: dict[str, Any], number: int, cast: str) -> Any:
    if name == "names":
        return {team: text + MARK for team, text in value.items()}
    if name == "recipients":
        return [text + MARK for text in value]
    if not isinstance(value, str):
        return _marked(value, number, cast)
    if name == "message_id":
        return f"test-{value}-{number}"
    if name in _IDS:
        return f"test-{value}{cast.replace(' ', '-')}" if value else value
    # `name` belongs to a person only beside an `id`; elsewhere it names an element or a custom event.
    if (name in _NAMES and value) or (name == "name" and "id" in siblings):
        return value + cast + MARK
    return value
