"""PlanetSide 2: one event of the Census stream → events.

The stream reports deaths, experience, vehicles, alerts and facilities as numbers (planetside2_facts.py). The source
adds the ids of the streamer's characters, names, and the experience that belongs to a death. Only messages about the
streamer's characters or the world itself become events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from actors.adapters import bounds, planetside2_experience
from actors.adapters import planetside2_facts as facts
from actors.adapters.build import build
from actors.adapters.planetside2_scene import CensusBody, EventReader, Told
from actors.core.contract.event import UNREADABLE, Category, Event, RawItem
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.combat import Death, Kill, VehicleDestroyed
from actors.core.contract.types.match import AlertEnd, AlertStart, Capture, Login, Presence
from actors.errors import BadInput

_body = msgspec.json.Decoder(CensusBody)


def category(body: bytes) -> Category | None:
    """Return the lane of an event. A malformed one is normal: the normalizer rejects it."""
    try:
        told = meaning(_body.decode(body))
    except UNREADABLE:
        return Category.NORMAL
    return TAXONOMY[told[0][0]].category if told else None


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the events of one message of the stream, or none."""
    try:
        body = _body.decode(item.body)
    except UNREADABLE as error:
        raise BadInput(str(error)) from error
    told = meaning(body)
    # Time stamps are whole seconds, and sometimes in the future.
    ts_ms = min(stamp_ms(body.payload), item.ts_ingest_ms)
    several = len(told) > 1
    return [
        build(item, producer, pgen, type_, payload, source="planetside2", index=index, ts_source_ms=ts_ms,
              identity=f"{body.identity}#{index}" if several and body.identity else body.identity or None)
        for index, (type_, payload) in enumerate(told)
    ]  # fmt: skip


def stamp_ms(payload: dict[str, str]) -> float:
    """Return when an event happened.

    Raises:
        BadInput: its timestamp is not a number of seconds.
    """
    stamp = payload.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise BadInput(f"timestamp is {stamp[:40]!r}, expected seconds since 1970 - at `$.payload.timestamp`")
    return int(stamp) * 1000.0


def meaning(body: CensusBody) -> list[Told]:
    """Return (type, payload, identity) of each event, all in one lane; [] if no own character is concerned."""
    read = _READERS.get(body.payload.get("event_name", ""))
    return [] if read is None else read(EventReader(body))


def _death(scene: EventReader) -> list[Told]:
    attacker_id, victim_id = scene.field("attacker_character_id"), scene.field("character_id")
    if not (scene.is_own(attacker_id) or scene.is_own(victim_id)):
        return []
    victim = scene.victim()
    if attacker_id in ("0", victim_id):
        return [("death", Death(victim, "suicide" if attacker_id == victim_id else "world"))]
    attacker = scene.attacker()
    kill = Kill(
        attacker,
        victim,
        weapon=scene.weapon(),
        headshot=scene.field("is_headshot") == "1",
        weapon_id=bounds.word(scene.known_id("attacker_weapon_id")),
        weapon_category=scene.weapon_category(),
        medal=next((name for id_, name in facts.MEDALS.items() if id_ in scene.extras), ""),
        team_kill=_same_side(scene),
        world=scene.world(),
        zone=scene.zone(),
    )
    told: list[Told] = [("kill", kill)]
    if scene.is_own(victim_id):
        told.append(("death", Death(victim, _cause(kill))))
    return told


def _same_side(scene: EventReader) -> bool:
    """Whether the victim was a team mate. Old frames have no teams; the loadout of a robot (NSO) implies none."""
    attacker, victim = scene.field("attacker_team_id"), scene.field("team_id")
    if attacker == "0" and victim == "0":
        sides = [facts.LOADOUTS.get(scene.field(name), ("", ""))[0]
                 for name in ("attacker_loadout_id", "character_loadout_id")]  # fmt: skip
        return sides[0] == sides[1] and sides[0] not in ("", "NSO")
    return attacker == victim


def _cause(kill: Kill) -> str:
    if kill.team_kill:
        return "team_kill"
    if kill.weapon_category == "roadkill":
        return "roadkill"
    return "headshot" if kill.headshot else kill.weapon


def _vehicle(scene: EventReader) -> list[Told]:
    attacker_id, owner_id = scene.field("attacker_character_id"), scene.field("character_id")
    if attacker_id in ("0", owner_id) or not (scene.is_own(attacker_id) or scene.is_own(owner_id)):
        return []
    owner = None
    if facts.is_player(owner_id):
        owner = scene.player(owner_id, faction=facts.FACTIONS.get(scene.field("faction_id"), ""))
    destroyed = VehicleDestroyed(
        scene.attacker(),
        scene.vehicle("vehicle_id"),
        owner,
        scene.weapon(),
        bounds.word(scene.known_id("attacker_weapon_id")),
        world=scene.world(),
        zone=scene.zone(),
    )
    return [("vehicle_destroyed", destroyed)]


def _login(scene: EventReader) -> list[Told]:
    id_ = scene.field("character_id")
    return [("login", Login(scene.player(id_), scene.world()))] if scene.is_own(id_) else []


def _logout(scene: EventReader) -> list[Told]:
    id_ = scene.field("character_id")
    return [("player_leave", Presence(scene.player(id_)))] if scene.is_own(id_) else []


def _metagame(scene: EventReader) -> list[Told]:
    world, zone, state = scene.world(), scene.zone(), scene.field("metagame_event_state")
    alert = bounds.name(f"{world}-{scene.field('instance_id')}")
    known = scene.known("metagame_event", scene.field("metagame_event_id"))
    where = facts.ZONES.get(zone, "")
    title = bounds.text(known.name) or (f"Alert on {where}" if where else "Alert")
    if state in facts.ALERT_STARTED:
        return [("alert_start", AlertStart(alert, title, bounds.text(known.detail), world, zone))]
    if state == facts.ALERT_CANCELED:
        return [("alert_end", AlertEnd(alert, "canceled", title, world=world, zone=zone))]
    if state != facts.ALERT_ENDED:
        return []
    scores = {team: scene.number(f"faction_{team.lower()}") for team in ("VS", "NC", "TR")}
    best = max(scores.values())
    leaders = [team for team, score in scores.items() if score == best]
    winner = leaders[0] if len(leaders) == 1 else ""
    end = AlertEnd(alert, "over", title, world=world, zone=zone, scores=scores, winner=winner)
    if not winner:
        return [("alert_end", msgspec.structs.replace(end, outcome="draw"))]
    if scene.faction in scores:
        end = msgspec.structs.replace(end, outcome="win" if winner == scene.faction else "loss")
    return [("alert_end", end)]


def _continent(scene: EventReader) -> list[Told]:
    zone = scene.zone()
    if zone not in facts.ZONES:
        return []
    team, previous = (facts.FACTIONS.get(scene.field(name), "") for name in ("triggering_faction", "previous_faction"))
    return [("capture", Capture("continent", facts.ZONES[zone], team, previous, world=scene.world(), zone=zone))]


def _facility(scene: EventReader) -> list[Told]:
    new, old = scene.field("new_faction_id"), scene.field("old_faction_id")
    team, previous = facts.FACTIONS.get(new, ""), facts.FACTIONS.get(old, "")
    base = Capture("base", scene.facility(), team, previous, new == old, world=scene.world(), zone=scene.zone())
    return [("capture", base)]


def _own_facility(scene: EventReader) -> list[Told]:
    id_ = scene.field("character_id")
    if not scene.is_own(id_):
        return []
    player = scene.player(id_)
    defended = scene.field("event_name") == "PlayerFacilityDefend"
    base = Capture("base", scene.facility(), player.team, "", defended, player, scene.world(), scene.zone())
    return [("capture", base)]


_READERS: Final[dict[str, Callable[[EventReader], list[Told]]]] = {
    "Death": _death,
    "VehicleDestroy": _vehicle,
    "GainExperience": planetside2_experience.told,
    "PlayerLogin": _login,
    "PlayerLogout": _logout,
    "MetagameEvent": _metagame,
    "ContinentLock": _continent,
    "FacilityControl": _facility,
    "PlayerFacilityCapture": _own_facility,
    "PlayerFacilityDefend": _own_facility,
}
