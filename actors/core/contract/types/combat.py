"""Fights: who killed, hit or helped whom, and what follows from it."""

from __future__ import annotations

from typing import Final, Literal

from actors.core.contract.payload import Count, Number, Payload, Player, Word
from actors.core.contract.row import Look, Row, cosmetic, critical, normal, state

ADA: Final = Player("ada", "Ada", "CT")
BO: Final = Player("bo", "Bo", "TERRORIST")


class Kill(Payload, frozen=True):
    """Without `victim` when the source reports only the attacker's own figures."""

    attacker: Player
    victim: Player | None = None
    weapon: Word = ""
    headshot: bool = False
    penetrated: bool = False


class Death(Payload, frozen=True):
    """`cause` is empty when the source does not tell it."""

    victim: Player
    cause: Word = ""


class Headshot(Payload, frozen=True):
    attacker: Player
    victim: Player | None = None
    weapon: Word = ""


class Assist(Payload, frozen=True):
    player: Player
    victim: Player | None = None
    kind: Literal["damage", "flash"] = "damage"


class Hit(Payload, frozen=True):
    attacker: Player
    victim: Player
    weapon: Word = ""
    damage: Count = 0
    damage_armor: Count = 0
    health: Number = 0
    armor: Number = 0
    hitgroup: Word = ""


class Streak(Payload, frozen=True):
    player: Player
    kills: Count


class Multikill(Payload, frozen=True):
    player: Player
    kills: Count
    window_ms: Count


TYPES: Final[dict[str, Row]] = {
    "kill": critical(
        9,
        Kill(ADA, BO, "ak47", headshot=True),
        "one player killed another",
        Look("Kill", "skull", "bad"),
        "Kill",
    ),
    "death": critical(
        8,
        Death(BO, "bomb"),
        "a player died by a bomb, a fall or their own hand, or the source does not tell by whom",
        Look("Death", "skull", "bad"),
        "Death",
    ),
    "headshot": critical(
        9,
        Headshot(ADA, BO, "ak47"),
        "a kill by a shot to the head, where a source reports it apart from the kill",
        Look("Headshot", "headshot", "bad"),
        "Headshot",
    ),
    "multikill": critical(
        9,
        Multikill(ADA, 3, 4_200),
        "several kills by one player within a short time (derived from kills)",
        Look("Multikill", "flame", "warm"),
        "Multikill",
        "Multikill {kills}",
    ),
    "assist": normal(
        4,
        Assist(ADA, BO, "flash"),
        "a player helped with a kill",
        Look("Assist", "people"),
        "Assist",
    ),
    "hit": cosmetic(
        5,
        Hit(ADA, BO, "ak47", 27, 3, 73, 96, "chest"),
        "a shot hit a player",
        Look("Hit", "target"),
        "Hitmarker",
        "Hitmarker {damage}",
        coalesce="hit:{attacker.id}",
    ),
    "streak": state(
        5,
        Streak(ADA, 5),
        "kills of a player since their last death (derived from kills)",
        Look("Streak", "flame", "warm"),
        "Killstreak",
        "Killstreak {kills}",
        coalesce="streak:{player.id}",
    ),
}
