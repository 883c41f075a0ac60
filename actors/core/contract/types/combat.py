"""Combat: kills, deaths, hits, assists, and events that are derived from them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from actors.core.contract.payload import Count, Number, Payload, Player, Word
from actors.core.contract.row import Look, OldName, Row, cosmetic, critical, normal, state
from actors.core.contract.words import CLASSES, MEDALS, MULTIKILL_NAMES, STREAK_NAMES, VEHICLES, WEAPONS

ADA: Final = Player("ada", "Ada", "CT")
BO: Final = Player("bo", "Bo", "TERRORIST")


class Kill(Payload, frozen=True):
    """`victim` is left out when the source reports only the attacker's counters.

    `penetrated`: through a wall. `weapon_category` is the kind of weapon, such as `knife`, `grenade`, `mine`, or
    `roadkill` for a vehicle that ran over the victim. `medal` is added by the game: `bounty`, `domination`, `revenge`,
    `streak_stop`. `gunner`: a gunner in the attacker's vehicle made the kill. `world` and `zone` are the place.
    `streak` is how many players the attacker has killed since their last death, this kill included. Framewire counts
    it; it is 0 for a kill that counts for no streak, such as one of a team mate.
    """

    attacker: Player
    victim: Player | None = None
    weapon: Word = ""
    headshot: bool = False
    penetrated: bool = False
    noscope: bool = False
    through_smoke: bool = False
    attacker_blind: bool = False
    assister: Player | None = None
    weapon_id: Word = ""
    weapon_category: Word = ""
    medal: Word = ""
    team_kill: bool = False
    gunner: bool = False
    world: Word = ""
    zone: Word = ""
    streak: Count = 0


class Death(Payload, frozen=True):
    """`cause` is the name from the source, such as `bomb`, `suicide`, `headshot`, `roadkill`, `team_kill`, or empty."""

    victim: Player
    cause: Word = ""


class VehicleDestroyed(Payload, frozen=True):
    """`owner` is the owner of the vehicle. `gunner`: a gunner in the attacker's vehicle destroyed it."""

    attacker: Player
    vehicle: Word = ""
    owner: Player | None = None
    weapon: Word = ""
    weapon_id: Word = ""
    gunner: bool = False
    world: Word = ""
    zone: Word = ""


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


class Hurt(Payload, frozen=True):
    """For sources that do not name an attacker; `cause` is the name from the source, such as `fall` or `lava`."""

    player: Player
    damage: Annotated[float, Meta(ge=0, le=1_000_000_000)] = 0.0
    cause: Word = ""


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
        OldName("Team Kill", {"team_kill": True}),
        OldName("Gunner Kill", {"gunner": True}),
        *(OldName(f"Kill {name}", {"victim": {"loadout": loadout}}) for name, loadout in CLASSES.items()),
        *(OldName(name, {"weapon_category": category}) for name, category in WEAPONS.items()),
        *(OldName(name, {"medal": medal}) for name, medal in MEDALS.items()),
    ),
    "death": critical(
        8,
        Death(BO, "bomb"),
        "a player died by a bomb, a fall or suicide, or the source does not name the killer",
        Look("Death", "skull", "bad"),
        "Death",
        OldName("Suicide", {"cause": "suicide"}),
        OldName("Headshot Death", {"cause": "headshot"}),
        OldName("Get RoadKilled", {"cause": "roadkill"}),
        OldName("Team Kill Victim", {"cause": "team_kill"}),
    ),
    "vehicle_destroyed": critical(
        8,
        VehicleDestroyed(ADA, "lightning", BO, "decimator"),
        "a player destroyed a vehicle",
        Look("Vehicle destroyed", "target", "bad"),
        "Vehicle Destruction",
        OldName("Gunner Vehicle Destruction", {"gunner": True}),
        *(OldName(f"Kill {name}", {"vehicle": name.lower()}) for name in VEHICLES),
        *(OldName(f"Gunner Kill {name}", {"vehicle": name.lower(), "gunner": True}) for name in VEHICLES),
    ),
    "headshot": critical(
        9,
        Headshot(ADA, BO, "ak47"),
        "a kill by a shot to the head, for sources that report it separately from the kill",
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
        *(OldName(name, {"kills": kills}) for kills, name in MULTIKILL_NAMES.items()),
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
        OldName("Headshot Hitmarker", {"hitgroup": "head"}),
        coalesce="hit:{attacker.id}",
    ),
    "hurt": cosmetic(
        3,
        Hurt(ADA, 4.5, "fall"),
        "a player lost health; the source names no attacker",
        Look("Hurt", "target"),
        "Hurt",
        coalesce="hurt:{player.id}",
    ),
    "streak": state(
        5,
        Streak(ADA, 5),
        "kills of a player since their last death (derived from kills)",
        Look("Streak", "flame", "warm"),
        "Killstreak",
        "Killstreak {kills}",
        *(OldName(name, {"kills": kills}) for kills, name in STREAK_NAMES.items()),
        coalesce="streak:{player.id}",
        over=("kills", 0),
    ),
}
