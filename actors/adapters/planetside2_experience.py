"""PlanetSide 2: a gain of experience → events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from actors.adapters import planetside2_facts as facts
from actors.adapters.planetside2_scene import EventReader, Told
from actors.core.contract.types.combat import Assist, Kill, VehicleDestroyed
from actors.core.contract.types.match import Capture, Objective
from actors.core.contract.types.support import Revive, Spawn, Support, Transport


def told(scene: EventReader) -> list[Told]:
    """Return the events of one gain of experience."""
    experience = scene.field("experience_id")
    if experience in facts.REVIVES:
        return _revive(scene)
    if not scene.is_own(scene.field("character_id")):
        return []
    read = next((read for ids, read in _READERS if experience in ids), None)
    return [] if read is None else [read(scene, experience)]


def _revive(scene: EventReader) -> list[Told]:
    revived = scene.other()
    if revived is None:
        return []
    if scene.is_own(scene.field("character_id")):
        return [("revive", Revive(scene.gainer(), revived))]
    return [("revive_taken", Revive(scene.gainer(), revived))] if scene.is_own(scene.field("other_id")) else []


def _support(type_: str) -> Callable[[EventReader, str], Told]:
    def read(scene: EventReader, _experience: str) -> Told:
        return type_, Support(scene.gainer(), target=scene.other())

    return read


def _repair(scene: EventReader, experience: str) -> Told:
    return "repair", Support(scene.gainer(), target=scene.other(), vehicle=facts.REPAIRS[experience])


def _assist(scene: EventReader, experience: str) -> Told:
    return "assist", Assist(scene.gainer(), scene.other(), facts.ASSISTS[experience])


def _medal(scene: EventReader, experience: str) -> Told:
    """Return a medal whose Death did not arrive."""
    player, other = scene.gainer(), scene.other()
    return "objective", Objective(facts.MEDALS[experience], player, other.name if other else "", player.team)


def _gunner_kill(scene: EventReader, _experience: str) -> Told:
    return "kill", Kill(scene.gainer(), scene.other(), gunner=True, world=scene.world(), zone=scene.zone())


def _gunner_vehicle(scene: EventReader, experience: str) -> Told:
    vehicle = facts.GUNNER_VEHICLES[experience]
    destroyed = VehicleDestroyed(scene.gainer(), vehicle, gunner=True, world=scene.world(), zone=scene.zone())
    return "vehicle_destroyed", destroyed


def _construction(scene: EventReader, _experience: str) -> Told:
    player = scene.gainer()
    return "objective", Objective("construction_destroyed", player, team=player.team)


def _spawn(scene: EventReader, experience: str) -> Told:
    return "spawn", Spawn(scene.gainer(), facts.SPAWNS[experience])


def _transport(scene: EventReader, experience: str) -> Told:
    return "transport", Transport(scene.gainer(), facts.TRANSPORTS[experience])


def _point(scene: EventReader, experience: str) -> Told:
    player, defended = scene.gainer(), facts.POINTS[experience]
    return "capture", Capture(
        "point", "", player.team, defended=defended, player=player, world=scene.world(), zone=scene.zone()
    )


def _place(scene: EventReader, experience: str) -> Told:
    player, zone = scene.gainer(), scene.zone()
    target = "" if experience == facts.BASE else facts.ZONES.get(zone, "")
    kind: Literal["base", "continent"] = "base" if experience == facts.BASE else "continent"
    return "capture", Capture(kind, target, player.team, player=player, world=scene.world(), zone=zone)


_READERS: Final[tuple[tuple[frozenset[str], Callable[[EventReader, str], Told]], ...]] = (
    (facts.HEALS, _support("heal")),
    (facts.RESUPPLIES, _support("resupply")),
    (frozenset(facts.REPAIRS), _repair),
    (frozenset(facts.ASSISTS), _assist),
    (frozenset(facts.MEDALS), _medal),
    (facts.GUNNER_KILLS, _gunner_kill),
    (frozenset(facts.GUNNER_VEHICLES), _gunner_vehicle),
    (facts.CONSTRUCTIONS, _construction),
    (frozenset(facts.SPAWNS), _spawn),
    (frozenset(facts.TRANSPORTS), _transport),
    (frozenset(facts.POINTS), _point),
    (frozenset({facts.BASE, facts.CONTINENT}), _place),
)
