"""Events of a Dragonfly server → events of Framewire: one row per type; types without a row become `custom`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actors.adapters import bounds
from actors.adapters.minecraft_wire import NAMES, PAYLOADS, Fields, HostEvent, read
from actors.core.contract.payload import Payload, Player
from actors.core.contract.types.chat import Chat
from actors.core.contract.types.combat import Death, Hurt
from actors.core.contract.types.match import PlayerCommand, Presence
from actors.core.contract.types.stage import Custom

Teams = Callable[[str], str]
_PLAYER: Final[Fields] = {1: ("player_uuid", "text"), 2: ("name", "text")}


def details(event: HostEvent) -> dict[str, Any]:
    """Return the fields of an event's payload, for the events of which only the player is known, the player.

    Raises:
        BadInput: the payload is malformed.
    """
    return read(event.payload, PAYLOADS.get(NAMES.get(event.type, ""), _PLAYER))


def payload_of(event: HostEvent, found: dict[str, Any], team_of: Teams) -> tuple[str, Payload]:
    """Return type and payload of the event; `found` is from `details`, `team_of` returns the team of a name."""
    name = NAMES.get(event.type, f"type_{event.type}")
    build = _ROWS.get(name)
    player = _player(found, team_of)
    if build is None:
        return "custom", Custom(f"minecraft_{name}", {"player": player.name, "id": player.id})
    return build(player, found)


def _player(found: dict[str, Any], team_of: Teams) -> Player:
    name = bounds.name(found.get("name"), found.get("player_uuid"))
    return Player(bounds.name(found.get("player_uuid"), name), name, bounds.word(team_of(name)))


def _chat(player: Player, found: dict[str, Any]) -> tuple[str, Payload]:
    return "chat", Chat(player.name, bounds.text(found.get("message")), user_id=player.id)


def _hurt(player: Player, found: dict[str, Any]) -> tuple[str, Payload]:
    damage = found.get("damage", 0.0)
    # NaN fails both comparisons.
    damage = damage if 0 <= damage <= bounds.MAX_COUNT else 0.0
    return "hurt", Hurt(player, round(damage, 2), bounds.word(found.get("source", {}).get("type")))


def _death(player: Player, found: dict[str, Any]) -> tuple[str, Payload]:
    return "death", Death(player, bounds.word(found.get("source", {}).get("type")))


def _command(player: Player, found: dict[str, Any]) -> tuple[str, Payload]:
    return "player_command", PlayerCommand(player, bounds.name(found.get("command")), bounds.text(found.get("raw")))


_ROWS: Final[dict[str, Callable[[Player, dict[str, Any]], tuple[str, Payload]]]] = {
    "player_join": lambda player, _: ("player_join", Presence(player)),
    "player_quit": lambda player, _: ("player_leave", Presence(player)),
    "chat": _chat,
    "player_hurt": _hurt,
    "player_death": _death,
    "command": _command,
}
