"""Support: actions of a player that help others."""

from __future__ import annotations

from typing import Final, Literal

from actors.core.contract.payload import Count, Payload, Player, Word
from actors.core.contract.row import Look, OldName, Row, cosmetic, critical
from actors.core.contract.types.combat import ADA, BO
from actors.core.contract.words import SUPPORTS


class Revive(Payload, frozen=True):
    medic: Player
    revived: Player


class Support(Payload, frozen=True):
    """`target` is the helped player, `vehicle` the repaired or resupplied vehicle; `amount` may be unknown."""

    player: Player
    amount: Count = 0
    target: Player | None = None
    vehicle: Word = ""


class Spawn(Payload, frozen=True):
    """`player` provided the spawn point; `kind` is its kind."""

    player: Player
    kind: Literal["squad", "sunderer", "other"] = "other"


class Transport(Payload, frozen=True):
    """`player` drove or flew other players, who then fought."""

    player: Player
    vehicle: Word = ""


class SupportStreak(Payload, frozen=True):
    """`count` is the number of supports of this kind since the player's last death."""

    player: Player
    kind: Literal["heal", "resupply", "repair", "revive"]
    count: Count


TYPES: Final[dict[str, Row]] = {
    "revive": critical(
        8, Revive(ADA, BO), "a medic revived a player", Look("Revive", "cross", "good"), "Revive Given", "Revive"
    ),
    "revive_taken": critical(
        9, Revive(ADA, BO), "the streamer was revived", Look("Revived", "cross", "good"), "Revive Taken"
    ),
    "heal": cosmetic(
        3,
        Support(ADA, 100),
        "a player healed another",
        Look("Heal", "cross", "good"),
        "Heal",
        coalesce="heal:{player.id}",
    ),
    "resupply": cosmetic(
        3,
        Support(ADA, target=BO),
        "a player gave ammunition to another or to a vehicle",
        Look("Resupply", "cross", "good"),
        "Resupply",
        coalesce="resupply:{player.id}",
    ),
    "repair": cosmetic(
        3,
        Support(ADA, vehicle="sunderer"),
        "a player repaired an armour or a vehicle",
        Look("Repair", "cross", "good"),
        "Repair",
        coalesce="repair:{player.id}",
    ),
    "spawn": cosmetic(
        3,
        Spawn(ADA, "sunderer"),
        "players spawned at a spawn point of another player",
        Look("Spawn", "people", "good"),
        OldName("Squad Spawn", {"kind": "squad"}),
        OldName("Sunderer Spawn", {"kind": "sunderer"}),
        "Spawn",
        coalesce="spawn:{player.id}",
    ),
    "transport": cosmetic(
        3,
        Transport(ADA, "galaxy"),
        "a player brought others to the fight",
        Look("Transport", "people", "good"),
        "Transport Assist",
        coalesce="transport:{player.id}",
    ),
    "support_streak": critical(
        6,
        SupportStreak(ADA, "heal", 50),
        "supports of a player since their last death reached a number (derived from heal, resupply, repair, revive)",
        Look("Support", "cross", "good"),
        *(OldName(f"{name} {{count}}", {"kind": kind}) for name, kind in SUPPORTS.items()),
        "Support Streak",
    ),
}
