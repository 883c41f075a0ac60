"""The input of the PlanetSide 2 adapter: an event of the stream with the additions of the source."""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct

from actors.adapters import bounds
from actors.adapters import planetside2_facts as facts
from actors.core.contract.payload import Payload, Player

Told = tuple[str, Payload]

NOTHING: Final = ("", "0")


class Known(Struct, frozen=True, omit_defaults=True):
    """The Census entry of an id.

    name    of a character, an item, a vehicle, a facility or an alert
    detail  a character's faction (VS), an item's category (7), an alert's description
    """

    name: str = ""
    detail: str = ""


class CensusBody(Struct, frozen=True, omit_defaults=True):
    """One event of the stream (`payload`) and the additions of the source.

    own       ids of the streamer's characters
    names     the Census entries of the ids in the payload, by `COLLECTION/ID`
    faction   the streamer's; it decides whether an alert was won
    extras    ids of the experience that belongs to a Death
    identity  the same for an event on all connections
    """

    payload: dict[str, str]
    own: list[str] = []
    names: dict[str, Known] = {}
    faction: str = ""
    extras: list[str] = []
    identity: str = ""


class EventReader:
    """Reads one event."""

    def __init__(self, body: CensusBody) -> None:
        self._body = body
        self.extras, self.faction = body.extras, body.faction

    def field(self, name: str) -> str:
        """Return a field; "0" (nothing) if it is absent, as in old frames."""
        return self._body.payload.get(name, "") or "0"

    def known_id(self, name: str) -> str:
        """Return the id in a field, "" for nothing."""
        id_ = self.field(name)
        return "" if id_ in NOTHING else id_

    def number(self, name: str) -> float:
        """Return a number rounded to two decimal places, 0 for any other text."""
        try:
            value = float(self.field(name)[:32])
        except ValueError:
            return 0.0
        return round(value, 2) if math.isfinite(value) and abs(value) < 1e9 else 0.0

    def is_own(self, id_: str) -> bool:
        return id_ in self._body.own

    def known(self, collection: str, id_: str) -> Known:
        return self._body.names.get(f"{collection}/{id_}", Known())

    def player(self, id_: str, loadout: str = "0", team: str = "0", vehicle: str = "", faction: str = "") -> Player:
        """Return a player. The team is `team`; if it is unknown, the character's faction. Robots (NSO) need `team`."""
        known = self.known("character", id_)
        of_loadout, class_ = facts.LOADOUTS.get(loadout, ("", ""))
        faction = known.detail or of_loadout or faction
        side = facts.FACTIONS.get(team, "") or faction
        shown = bounds.name(id_)
        return Player(shown, bounds.name(known.name, id_), bounds.word(side), bounds.word(faction), class_, vehicle)

    def attacker(self) -> Player:
        return self.player(
            self.field("attacker_character_id"),
            self.field("attacker_loadout_id"),
            self.field("attacker_team_id"),
            self.vehicle("attacker_vehicle_id"),
        )

    def victim(self) -> Player:
        return self.player(self.field("character_id"), self.field("character_loadout_id"), self.field("team_id"))

    def gainer(self, vehicle: str = "") -> Player:
        """Return the player who gained experience."""
        return self.player(self.field("character_id"), self.field("loadout_id"), self.field("team_id"), vehicle)

    def other(self) -> Player | None:
        """Return the other player of the experience; None if it is an object."""
        id_ = self.field("other_id")
        return self.player(id_) if facts.is_player(id_) else None

    def vehicle(self, name: str) -> str:
        """Return the word for the vehicle in a field."""
        id_ = self.field(name)
        known = self.known("vehicle", id_).name.lower().replace(" ", "_")
        return facts.VEHICLES.get(id_) or bounds.word(known)

    def weapon(self) -> str:
        """Return the name of the weapon; if there is none, that of the vehicle."""
        known = self.known("item", self.field("attacker_weapon_id"))
        return bounds.word(known.name) or self.vehicle("attacker_vehicle_id")

    def weapon_category(self) -> str:
        """Return the category of the weapon. A kill by a vehicle without a weapon is "roadkill"."""
        if facts.ROADKILL in self.extras:
            return "roadkill"
        if self.known_id("attacker_weapon_id") == "":
            return "roadkill" if self.field("attacker_vehicle_id") in facts.VEHICLES else ""
        known = self.known("item", self.field("attacker_weapon_id"))
        name = known.name.lower()
        of_name = next((category for part, category in facts.ITEM_NAMES.items() if part in name.split()), "")
        return of_name or facts.ITEM_CATEGORIES.get(known.detail, "")

    def world(self) -> str:
        return bounds.word(self.known_id("world_id"))

    def zone(self) -> str:
        id_ = self.known_id("zone_id")
        return facts.zone_of(id_) if id_ else ""

    def facility(self) -> str:
        """Return the name of a facility, or its id."""
        id_ = self.field("facility_id")
        return bounds.word(self.known("facility", id_).name or id_)
