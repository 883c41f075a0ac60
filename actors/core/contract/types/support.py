"""Support: what a player does for others."""

from __future__ import annotations

from typing import Final

from actors.core.contract.payload import Count, Payload, Player
from actors.core.contract.row import Look, Row, cosmetic, critical
from actors.core.contract.types.combat import ADA, BO


class Revive(Payload, frozen=True):
    medic: Player
    revived: Player


class Heal(Payload, frozen=True):
    player: Player
    amount: Count = 0


TYPES: Final[dict[str, Row]] = {
    "revive": critical(8, Revive(ADA, BO), "a medic revived a player", Look("Revive", "cross", "good"), "Revive"),
    "revive_taken": critical(
        9, Revive(ADA, BO), "the streamer was revived", Look("Revived", "cross", "good"), "Revive Taken"
    ),
    "heal": cosmetic(
        3,
        Heal(ADA, 100),
        "a player healed another",
        Look("Heal", "cross", "good"),
        "Heal {amount}",
        "Heal",
        coalesce="heal:{player.id}",
    ),
}
