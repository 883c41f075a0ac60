"""Test events: the example of each type, with names and ids that no real match or channel has.

    type ──row──▶ payload ──mark──▶ {"type", "payload", "source": "test"}

A streamer presses a test button while a match runs. So every name of a person, team or title ends with MARK, and every
id begins with `test-`: a test can neither join a player's streak nor delete a viewer's message.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actors.core.contract.event import Category
from actors.core.contract.taxonomy import TAXONOMY

SOURCE: Final = "test"
MARK: Final = " (test)"
STORM_EVENTS: Final = 200

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
    )
)
# Half of a storm is what comes in bursts in a match; the rest is what competes with it for the screen.
_STORM: Final = ("hit", "kill", "hit", "chat", "kill", "hit", "headshot", "chat", "hit", "assist", "follow", "revive")
# More persons than one multikill's window holds: a storm must not be one player's streak of 60.
_CAST: Final = 7
# States stay on the screen, and these control it or remove something from it: they are sent only by name.
NOT_AT_RANDOM: Final = frozenset(("chat_delete", "show", "custom", "stream")) | {
    name for name, row in TAXONOMY.items() if row.category is Category.STATE
}


def sample(type_: str, number: int, cast: str = "") -> dict[str, Any]:
    """Return one test event of a type as `POST /events` takes it.

    `number` makes its messages unique; persons with another `cast` are others.
    """
    payload = msgspec.to_builtins(TAXONOMY[type_].example)
    return {"type": type_, "source": SOURCE, "payload": _marked(payload, number, cast)}


def pick(fraction: float) -> str:
    """Return a type for a test event that was not asked for by name, by a random number from 0 to below 1."""
    types = [name for name in TAXONOMY if name not in NOT_AT_RANDOM]
    return types[int(fraction * len(types))]


def storm(number: int) -> list[dict[str, Any]]:
    """Return STORM_EVENTS test events, as a busy moment brings them; their numbers begin at `number`."""
    return [sample(_STORM[at % len(_STORM)], number + at, f" {at % _CAST + 1}") for at in range(STORM_EVENTS)]


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
    # `name` is a person's only beside an id: elsewhere it says which element or which custom event is meant.
    if (name in _NAMES and value) or (name == "name" and "id" in siblings):
        return value + cast + MARK
    return value
