"""PlanetSide 2: events from frames, as tables from real frames; deduplication; waiting for names and medals."""

import json
import logging
from contextlib import suppress
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import planetside2
from actors.adapters import planetside2_facts as facts
from actors.adapters.planetside2_scene import CensusBody, Known
from actors.core.contract.event import Category, RawItem
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput, ConfigError
from actors.producers import spec
from actors.producers.planetside2_frames import CensusFrame, Merger, decode
from actors.producers.planetside2_hold import MAX_HELD, Held, Hold
from actors.producers.planetside2_links import ConnectPace, StreamConnection, Wish
from actors.producers.planetside2_names import known_of, wanted
from actors.producers.planetside2_watch import Watch
from actors.producers.sources import planetside2 as source
from tests.sources.planetside2_peer import OTHER, OWN, alert, death, experience
from tests.support import run_async

NAMES = {
    f"character/{OWN}": Known("Ada", "VS"),
    f"character/{OTHER}": Known("Bo", "NC"),
    "item/26003": Known("Beamer VS3", "3"),
    "item/50": Known("Claymore", "18"),
    "item/51": Known("Proximity Mine", "18"),
    "item/52": Known("Carver", "2"),
    "item/53": Known("Minerva", "6"),
    "facility/3400": Known("Peris"),
    "metagame_event/2": Known("Cold War", "Capture Esamir within the time limit"),
}
ARRIVED_MS = 1_800_000_000_000.0


def told(payload, own=(OWN,), extras=(), faction="VS"):
    """Return types and payloads of the events of a frame; players as NAME/TEAM[/CLASS][/VEHICLE]."""
    body = CensusBody(payload, list(own), NAMES, faction, list(extras), "id")
    data = msgspec.json.encode(body)
    events = planetside2.normalize(RawItem(1, 1, "planetside2", data, ARRIVED_MS), "ps2", 1)
    lane = planetside2.category(data)
    assert {event.category for event in events} == ({lane} if events else set())
    found = []
    for event in events:
        msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)
        fields = msgspec.msgpack.decode(event.payload)
        for name in ("attacker", "victim", "player", "owner", "medic", "revived", "target"):
            if isinstance(fields.get(name), dict):
                one = fields[name]
                parts = (one["name"], one.get("team", ""), one.get("loadout", ""), one.get("vehicle", ""))
                fields[name] = "/".join(parts).rstrip("/")
        found.append((event.type, fields))
    return found


WHERE = {"world": "10", "zone": "2"}
ADA, BO = "Ada/VS/medic", "Bo/NC/heavy"
KILL = {
    "attacker": ADA,
    "victim": BO,
    "weapon": "Beamer VS3",
    "weapon_id": "26003",
    "weapon_category": "pistol",
    **WHERE,
}
DIED = {"attacker": "Bo/NC/heavy", "victim": "Ada/VS/medic", "weapon": "Beamer VS3", "weapon_id": "26003",
        "weapon_category": "pistol", **WHERE}  # fmt: skip
BY_BO = {"attacker_character_id": OTHER, "attacker_loadout_id": "6", "attacker_team_id": "2",
         "character_loadout_id": "18", "team_id": "1"}  # fmt: skip


def without(payload, *names):
    return {name: value for name, value in payload.items() if name not in names}


DEATHS = [
    (death(), [("kill", KILL)]),
    (death(is_headshot="1"), [("kill", KILL | {"headshot": True})]),
    (death(OWN, **BY_BO), [("kill", DIED), ("death", {"victim": ADA, "cause": "Beamer VS3"})]),
    (death(OWN, **BY_BO, is_headshot="1"),
     [("kill", DIED | {"headshot": True}), ("death", {"victim": ADA, "cause": "headshot"})]),
    (death(OWN, **BY_BO | {"attacker_team_id": "1"}),
     [("kill", DIED | {"attacker": "Bo/VS/heavy", "team_kill": True}),
      ("death", {"victim": ADA, "cause": "team_kill"})]),
    (death(OWN, **BY_BO, attacker_weapon_id="0", attacker_vehicle_id="12"),
     [("kill", without(DIED, "weapon_id") | {"attacker": "Bo/NC/heavy/harasser", "weapon": "harasser",
                                             "weapon_category": "roadkill"}),
      ("death", {"victim": ADA, "cause": "roadkill"})]),
    (death(team_id="1"), [("kill", KILL | {"victim": "Bo/VS/heavy", "team_kill": True})]),
    (death(OWN, character_loadout_id="18", team_id="1"), [("death", {"victim": ADA, "cause": "suicide"})]),
    (death(OWN, "0", character_loadout_id="18", team_id="1"), [("death", {"victim": ADA, "cause": "world"})]),
    (death(OTHER, "5429381134408439601"), []),
    *((death(character_loadout_id=loadout, team_id="2"), [("kill", KILL | {"victim": f"Bo/NC/{class_}"})])
      for loadout, class_ in (("1", "infiltrator"), ("3", "light_assault"), ("4", "medic"), ("5", "engineer"),
                              ("7", "max"), ("45", "max"), ("28", "infiltrator"))),
    *((death(attacker_weapon_id=weapon),
       [("kill", KILL | {"weapon": NAMES[f"item/{weapon}"].name, "weapon_id": weapon, "weapon_category": category})])
      for weapon, category in (("50", "mine"), ("51", "mine"), ("52", "knife"), ("53", "lmg"))),
    (death(attacker_weapon_id="99"), [("kill", without(KILL, "weapon", "weapon_category") | {"weapon_id": "99"})]),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "expected"), DEATHS, ids=lambda value: str(value)[:40])
def test_a_death_becomes_the_expected_event(payload, expected):
    assert told(payload) == expected


@pytest.mark.parametrize(
    ("extras", "more"),
    [
        (("10",), {"medal": "domination"}),
        (("11",), {"medal": "revenge"}),
        (("38",), {"medal": "streak_stop"}),
        (("11", "10", "593"), {"medal": "bounty"}),
        (("26",), {"weapon_category": "roadkill"}),
    ],
)
def test_experience_adds_fields_to_its_kill(extras, more):
    assert told(death(), extras=extras) == [("kill", KILL | more)]


GAINS = [
    ("7", "revive", {"medic": ADA, "revived": "Bo/NC"}),
    ("53", "revive", {"medic": ADA, "revived": "Bo/NC"}),
    ("4", "heal", {"player": ADA, "target": "Bo/NC"}),
    ("51", "heal", {"player": ADA, "target": "Bo/NC"}),
    ("34", "resupply", {"player": ADA, "target": "Bo/NC"}),
    ("6", "repair", {"player": ADA, "target": "Bo/NC", "vehicle": "max"}),
    ("99", "repair", {"player": ADA, "target": "Bo/NC", "vehicle": "sunderer"}),
    ("140", "repair", {"player": ADA, "target": "Bo/NC", "vehicle": "sunderer"}),
    ("2", "assist", {"player": ADA, "victim": "Bo/NC"}),
    ("555", "assist", {"player": ADA, "victim": "Bo/NC", "kind": "flash"}),
    ("10", "objective", {"action": "domination", "player": ADA, "target": "Bo", "team": "VS"}),
    ("146", "kill", {"attacker": ADA, "victim": "Bo/NC", "gunner": True, **WHERE}),
    ("373", "kill", {"attacker": ADA, "victim": "Bo/NC", "gunner": True, **WHERE}),
    ("160", "vehicle_destroyed", {"attacker": ADA, "vehicle": "sunderer", "gunner": True, **WHERE}),
    ("604", "objective", {"action": "construction_destroyed", "player": ADA, "team": "VS"}),
    ("56", "spawn", {"player": ADA, "kind": "squad"}),
    ("233", "spawn", {"player": ADA, "kind": "sunderer"}),
    ("355", "spawn", {"player": ADA}),
    ("30", "transport", {"player": ADA}),
    ("201", "transport", {"player": ADA, "vehicle": "galaxy"}),
    ("272", "capture", {"kind": "point", "team": "VS", "player": ADA, **WHERE}),
    ("556", "capture", {"kind": "point", "team": "VS", "player": ADA, "defended": True, **WHERE}),
    ("19", "capture", {"kind": "base", "team": "VS", "player": ADA, **WHERE}),
    ("598", "capture", {"kind": "continent", "target": "Indar", "team": "VS", "player": ADA, **WHERE}),
    *((ignored, None, None) for ignored in ("1", "26", "36", "37", "291", "99999", "x", "")),
]


@pytest.mark.parametrize(("id_", "type_", "fields"), GAINS)
def test_experience_becomes_the_expected_event(id_, type_, fields):
    assert told(experience(id_)) == ([(type_, fields)] if type_ else [])
    revived = [("revive_taken", {"medic": "Bo/NC/medic", "revived": "Ada/VS"})] if id_ in facts.REVIVES else []
    assert told(experience(id_, OWN, OTHER, team_id="2", loadout_id="4")) == revived
    assert told(experience(id_, OTHER, "5429381134408439601")) == []


def test_an_object_is_not_a_player():
    assert told(experience("140", "34360508066")) == [("repair", {"player": ADA, "vehicle": "sunderer"})]
    assert told(experience("7", "34360508066")) == []


DESTROYED = {
    "event_name": "VehicleDestroy", "attacker_character_id": OWN, "attacker_loadout_id": "18",
    "attacker_vehicle_id": "10", "attacker_weapon_id": "26003", "character_id": OTHER, "facility_id": "0",
    "faction_id": "2", "timestamp": "1521340406", "vehicle_id": "12", "world_id": "17", "zone_id": "4",
}  # fmt: skip
FACILITY = {
    "duration_held": "906", "event_name": "FacilityControl", "facility_id": "3400", "new_faction_id": "1",
    "old_faction_id": "3", "outfit_id": "0", "timestamp": "1611533115", "world_id": "10", "zone_id": "4",
}  # fmt: skip
LOCK = {
    "event_name": "ContinentLock", "metagame_event_id": "0", "nc_population": "39", "previous_faction": "0",
    "timestamp": "1488350511", "triggering_faction": "2", "world_id": "17", "zone_id": "2",
}  # fmt: skip
SCORES = {"VS": 49.41, "NC": 30.5, "TR": 20.0}
OTHERS = [
    (DESTROYED, [("vehicle_destroyed", {
        "attacker": "Ada/VS/medic/liberator", "vehicle": "harasser", "owner": "Bo/NC", "weapon": "Beamer VS3",
        "weapon_id": "26003", "world": "17", "zone": "4"})]),
    (DESTROYED | {"attacker_character_id": "0"}, []),
    (DESTROYED | {"character_id": OWN}, []),
    (DESTROYED | {"attacker_character_id": OTHER}, []),
    (DESTROYED | {"character_id": "0", "attacker_weapon_id": "0", "vehicle_id": "99"}, [("vehicle_destroyed", {
        "attacker": "Ada/VS/medic/liberator", "weapon": "liberator", "world": "17", "zone": "4"})]),
    ({"event_name": "PlayerLogin", "character_id": OWN, "timestamp": "1", "world_id": "1"},
     [("login", {"player": "Ada/VS", "world": "1"})]),
    ({"event_name": "PlayerLogout", "character_id": OWN, "timestamp": "1"}, [("player_leave", {"player": "Ada/VS"})]),
    ({"event_name": "PlayerLogin", "character_id": OTHER, "timestamp": "1"}, []),
    (FACILITY, [("capture", {"kind": "base", "target": "Peris", "team": "VS", "previous": "TR", "world": "10",
                             "zone": "4"})]),
    (FACILITY | {"facility_id": "7", "old_faction_id": "1"},
     [("capture", {"kind": "base", "target": "7", "team": "VS", "previous": "VS", "defended": True, "world": "10",
                   "zone": "4"})]),
    (LOCK, [("capture", {"kind": "continent", "target": "Indar", "team": "NC", "world": "17", "zone": "2"})]),
    (LOCK | {"zone_id": str((7 << 16) + 364)}, []),
    (LOCK | {"zone_id": str((7 << 16) + 2)},
     [("capture", {"kind": "continent", "target": "Indar", "team": "NC", "world": "17", "zone": "2"})]),
    *(({"event_name": f"PlayerFacility{kind}", "character_id": OWN, "facility_id": "3400", "timestamp": "1"},
       [("capture", {"kind": "base", "target": "Peris", "team": "VS", "player": "Ada/VS", **more})])
      for kind, more in (("Capture", {}), ("Defend", {"defended": True}))),
    (alert("135", metagame_event_id="2"), [("alert_start", {
        "alert": "10-20367", "title": "Cold War", "subtitle": "Capture Esamir within the time limit", **WHERE})]),
    (alert("136"), [("alert_start", {"alert": "10-20367", "title": "Alert on Indar", **WHERE})]),
    (alert("137"), [("alert_end", {"alert": "10-20367", "title": "Alert on Indar", "outcome": "canceled", **WHERE})]),
    (alert("138"), [("alert_end", {"alert": "10-20367", "title": "Alert on Indar", "outcome": "win", "winner": "VS",
                                   "scores": SCORES, **WHERE})]),
    (alert("138", faction_nc="60"), [("alert_end", {
        "alert": "10-20367", "title": "Alert on Indar", "outcome": "loss", "winner": "NC",
        "scores": SCORES | {"NC": 60.0}, **WHERE})]),
    (alert("138", faction_nc="49.411766"), [("alert_end", {
        "alert": "10-20367", "title": "Alert on Indar", "outcome": "draw",
        "scores": SCORES | {"NC": 49.41}, **WHERE})]),
    (without(alert("138", faction_tr="nan"), "zone_id"), [("alert_end", {
        "alert": "10-20367", "title": "Alert", "outcome": "win", "winner": "VS", "scores": SCORES | {"TR": 0.0},
        "world": "10"})]),
    (alert("139"), []),
    ({"event_name": "ItemAdded", "character_id": OWN, "timestamp": "1"}, []),
    ({"event_name": "FishScan", "character_id": OWN, "timestamp": "1"}, []),
    ({"timestamp": "1"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "expected"), OTHERS, ids=lambda value: str(value)[:40])
def test_other_events_become_the_expected_events(payload, expected):
    assert told(payload) == expected


def test_without_a_faction_an_alert_is_over():
    (end,) = told(alert("138"), faction="")
    assert "outcome" not in end[1]
    assert end[1]["winner"] == "VS"


def test_frames_without_teams_use_the_factions():
    old = without(death(attacker_loadout_id="17"), "attacker_team_id", "team_id", "is_critical")
    assert told(old)[0][1]["victim"] == BO
    (mate,) = told(old | {"character_loadout_id": "15"})
    assert mate[1]["team_kill"] is True
    robots = told(old | {"character_loadout_id": "28", "attacker_loadout_id": "29"})
    assert "team_kill" not in robots[0][1]


def test_several_kills_by_one_attacker_in_one_second_are_kept():
    """As recorded: an orbital strike kills three in one second."""
    merger = Merger()
    found = [merger.take(1, death(f"{5429000000000000000 + number}", timestamp="1709037290"), 0.0)
             for number in range(3)]  # fmt: skip
    assert len(set(found)) == 3
    assert all(found)


HEAL, KILLED, REVIVED = experience("4"), death(), experience("7")
MERGES = [
    ([(1, KILLED), (2, KILLED)], 1),
    ([(1, KILLED), (1, KILLED)], 1),
    ([(1, KILLED), (2, KILLED | {"attacker_fire_mode_id": "0"})], 1),
    ([(1, KILLED), (2, KILLED | {"timestamp": "1"})], 2),
    ([(1, KILLED), (2, KILLED | {"world_id": "1"})], 2),
    ([(1, REVIVED), (1, REVIVED), (2, REVIVED)], 1),
    ([(1, REVIVED), (2, dict(reversed(REVIVED.items())))], 1),
    ([(1, HEAL), (1, HEAL), (2, HEAL), (2, HEAL)], 2),
    ([(1, HEAL), (2, HEAL), (1, HEAL), (2, HEAL), (2, HEAL)], 3),
    ([(1, HEAL), (2, HEAL | {"amount": "8"})], 2),
    ([(1, experience("146")), (2, experience("373")), (1, experience("373"))], 1),
    ([(1, alert("135")), (2, alert("135", timestamp="1")), (1, alert("138"))], 2),
    ([(1, {}), (2, {})], 1),
]


@pytest.mark.parametrize(("arrivals", "events"), MERGES)
def test_repeated_arrivals_are_merged_into_one_event(arrivals, events):
    merger = Merger()
    assert sum(bool(merger.take(*arrival, number)) for number, arrival in enumerate(arrivals)) == events


def hold(*rows, lacks=lambda _: False, until_s=10.0):
    """Return the released events as (second, event or experience, extras)."""
    waiting, found, now_s, rest = Hold(), [], 0.0, list(rows)
    while now_s <= until_s:
        while rest and rest[0][0] <= now_s:
            at_s, payload = rest.pop(0)
            waiting.add(Held("", payload, at_s, ("character/1",), []))
        found += [(round(now_s, 1), held.payload.get("experience_id", held.payload["event_name"]), held.extras)
                  for held in waiting.due(now_s, lacks)]  # fmt: skip
        now_s += 0.1
    return found, waiting.take_ignored()


@pytest.mark.parametrize(
    ("rows", "lacks", "expected"),
    [
        ([(0, death())], False, [(0.3, "Death", [])]),
        ([(0, death())], True, [(0.8, "Death", [])]),
        ([(0, death()), (0, experience("7"))], False, [(0.3, "Death", []), (0.3, "7", [])]),
        ([(0, experience("7"))], False, [(0.0, "7", [])]),
        ([(0, death()), (0.1, experience("10"))], False, [(0.3, "Death", ["10"])]),
        ([(0, experience("10")), (2, death()), (2, experience("26"))], False, [(2.3, "Death", ["10", "26"])]),
        ([(0, experience("10", timestamp="1")), (0, death())], False, [(0.3, "Death", []), (5.0, "10", [])]),
        ([(0, experience("10", "5")), (0, death())], False, [(0.3, "Death", []), (5.0, "10", [])]),
        ([(0, death()), (1, experience("10"))], False, [(0.3, "Death", []), (6.0, "10", [])]),
    ],
)
def test_events_wait_for_names_and_kills_for_medals(rows, lacks, expected):
    found, _ = hold(*rows, lacks=lambda _: lacks)
    assert [(pytest.approx(at_s, abs=0.11), *rest) for at_s, *rest in expected] == found


def test_waiting_events_are_bounded():
    waiting = Hold()
    more = 50  # every experience is compared with every death
    for number in range(MAX_HELD + more):
        waiting.add(Held(f"{number}", death(), 0.0, (), []))
        waiting.add(Held(f"x{number}", experience("10", f"{number}"), 0.0, (), []))
    assert len(waiting.due(0.0, lambda _: True)) == 2 * more
    assert len(waiting.due(5.0, lambda _: True)) == 2 * MAX_HELD


def test_bases_transferred_by_a_continent_lock_are_ignored():
    flood = [(0, FACILITY | {"facility_id": str(number)}) for number in range(50)]
    found, ignored = hold((0, FACILITY | {"zone_id": "2"}), *flood, (0, LOCK))
    assert ([event for _, event, _ in found], ignored) == (["FacilityControl", "ContinentLock"], 50)


def test_a_base_captured_by_an_own_character_is_reported_once():
    own = {"event_name": "PlayerFacilityCapture", "character_id": OWN, "facility_id": "3400", "world_id": "10",
           "timestamp": FACILITY["timestamp"]}  # fmt: skip
    found, ignored = hold((0, FACILITY), (0.1, own))
    assert ([event for _, event, _ in found], ignored) == (["PlayerFacilityCapture"], 1)


def hear(watch, link, players, start_s, end_s, event="Death"):
    for second in range(start_s, end_s):
        for player in range(players):
            watch.heard(link, "10", event, f"p{player}", float(second))


def two_links():
    watch = Watch()
    for link in ("one", "two"):
        watch.opened(link, ["10"], 0.0)
    return watch


@pytest.mark.parametrize(
    ("players", "at_s", "expected"),
    [
        (300, 124, False),
        (300, 128, True),
        (150, 168, False),
        (150, 173, True),
        (60, 228, False),
        (60, 233, True),
        (10, 348, False),
        (10, 353, True),
    ],
)
def test_a_world_is_mute_when_only_the_other_server_sends(players, at_s, expected):
    watch = two_links()
    hear(watch, "one", players, 0, 100)
    hear(watch, "two", players, 0, at_s)
    assert bool(watch.silent("one", float(at_s))) is expected
    assert watch.silent("two", float(at_s)) == ""


def test_a_pause_of_both_servers_is_not_a_fault_of_one():
    """A death after a long pause reaches one connection first; the other has a moment to bring it, too."""
    watch = two_links()
    for link in ("one", "two"):
        hear(watch, link, 300, 0, 100)
    assert watch.silent("one", 10_000.0) == ""
    hear(watch, "two", 300, 10_000, 10_001)
    assert watch.silent("one", 10_001.0) == ""
    hear(watch, "one", 1, 10_001, 10_002)
    assert watch.silent("one", 10_100.0) == ""


def test_a_connection_without_events_of_a_world_is_detected_and_reset():
    watch = two_links()
    hear(watch, "two", 300, 0, 100)
    assert watch.silent("one", 59.0) == ""
    assert watch.silent("one", 100.0).startswith("no Death of world 10 for 89 s")
    watch.opened("one", ["10"], 100.0)
    assert watch.silent("one", 110.0) == ""


def test_connections_for_characters_are_not_checked_for_mute_worlds():
    watch = two_links()
    watch.opened("characters", [], 0.0)
    hear(watch, "two", 300, 0, 1_000)
    hear(watch, "characters", 1, 0, 1)
    assert watch.silent("characters", 1_000.0) == ""
    assert watch.silent("unknown", 1_000.0) == ""


@pytest.mark.parametrize(
    ("echo", "same"),
    [
        ({"characterCount": 1, "eventNames": ["B", "A"], "worlds": []}, True),
        ({"eventNames": ["A", "B"]}, True),
        ({}, True),
        ({"eventNames": ["A"]}, False),
        ({"eventNames": ["A", "B", "C"]}, False),
        ({"characterCount": 0, "eventNames": ["A", "B"]}, False),
        ({"characterCount": 1, "eventNames": ["A", "B"], "worlds": ["1"]}, False),
    ],
)
def test_an_altered_subscription_is_detected(echo, same):
    frame = decode(json.dumps({"subscription": echo}))
    assert (Wish(("A", "B"), characters=(OWN,)).differs(frame.subscription) == "") is same


@pytest.mark.parametrize(
    ("collection", "row", "key", "known"),
    [
        (
            "character",
            {"character_id": "5", "name": {"first": "Ada"}, "faction_id": "3"},
            "character/5",
            Known("Ada", "TR"),
        ),
        ("item", {"item_id": "5", "name": {"en": "Carver"}, "item_category_id": "2"}, "item/5", Known("Carver", "2")),
        ("facility", {"facility_id": "5", "facility_name": "Peris"}, "facility/5", Known("Peris")),
        ("item", {"item_id": 5, "name": "x", "item_category_id": None}, "item/", Known()),
        ("vehicle", {}, "vehicle/", Known()),
    ],
)
def test_names_are_read_from_answers_of_census(collection, row, key, known):
    assert known_of(collection, row) == (key, known)


def test_only_valid_ids_are_looked_up():
    assert wanted(death(attacker_vehicle_id="151")) == (
        f"character/{OTHER}", f"character/{OWN}", "item/26003", "vehicle/151"
    )  # fmt: skip
    assert wanted(death("34360508066", "../x", attacker_weapon_id="0", attacker_vehicle_id="12")) == ()


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({}, "characters and worlds are empty"),
        ({"characters": ["Ada"], "urls": ["https://x"]}, "expected ws://"),
        ({"characters": ["Ada"], "urls": []}, "urls"),
        ({"characters": ["Ada B"]}, "characters"),
        ({"characters": ["Ada"], "faction": "XX"}, "faction"),
        ({"worlds": ["all"]}, "worlds"),
        ({"worlds": ["10"], "api_url": "census"}, "expected https"),
        ({"characters": ["Ada"], "world": ["10"]}, "did you mean `worlds`"),
    ],
)
def test_invalid_settings_are_refused(tree, text):
    with pytest.raises(ConfigError, match=text):
        spec.settings_of("ps2", {"kind": "planetside2", **tree})


def test_a_saved_recording_can_be_tried():
    lines = "\n".join(json.dumps({"payload": one, "type": "serviceMessage"}) for one in (death(), alert()))
    messages = source.try_message(
        spec.settings_of("ps2", {"kind": "planetside2", "worlds": ["10"]}), "ps2", lines.encode()
    )
    assert [planetside2.category(message.body) for message in messages] == [Category.CRITICAL] * 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payload": 1}',
        b'{"payload": {"a": 1}}',
        b'{"payload": {"timestamp": "x"}}',
        b"\xff",
        b"[" * 9_999,
    ],
)
def test_a_malformed_body_is_refused(body):
    with pytest.raises(BadInput):
        planetside2.normalize(RawItem(1, 1, "planetside2", body, ARRIVED_MS), "ps2", 1)


names = st.sampled_from(sorted({*death(), *experience("4"), *alert(), *DESTROYED, *FACILITY, *LOCK})) | st.text(
    max_size=5
)
events = st.sampled_from(sorted(planetside2._READERS))
values = (
    st.sampled_from([OWN, OTHER, "0", "1", "2", "138", "nan", "-1", "1e400", *facts.MEDALS, *facts.POINTS])
    | st.text(max_size=80)
    | st.integers(min_value=0).map(str)
)


@given(events, st.dictionaries(names, values, max_size=24), st.lists(values, max_size=3))
@settings(max_examples=500, deadline=None)
def test_any_input_raises_only_bad_input(event, fields, extras):
    with suppress(BadInput):
        told({"timestamp": "1700000000", **fields, "event_name": event}, own=(OWN, "0"), extras=extras)
    merger, waiting = Merger(), Hold()
    merger.take(1, fields, 0.0)
    wanted(fields)
    waiting.add(Held("", fields, 0.0, (), []))
    waiting.due(1.0, lambda _: False)


@given(st.binary(max_size=60) | st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_frame_is_read_or_refused(data):
    with suppress(BadInput):
        assert isinstance(decode(data), CensusFrame)


class SentTexts:
    """A socket that keeps what is sent."""

    def __init__(self):
        self.texts = []

    async def send(self, text):
        self.texts.append(text)


def connection_to_world_1():
    wish = Wish(("Death", "GainExperience"), worlds=("1",))
    session, hub = SimpleNamespace(log=logging.getLogger("test")), SimpleNamespace(watch=Watch())
    return wish, hub.watch, StreamConnection("one", "wss://x", wish, ConnectPace(1e9, 1e9), session, hub)


def test_an_altered_subscription_is_sent_again_once():
    wish, _, connection = connection_to_world_1()
    socket = SentTexts()
    echo = decode(json.dumps({"subscription": {"eventNames": ["Death"]}})).subscription
    run_async(connection._compare(socket, echo))
    assert socket.texts == [wish.text()]
    with pytest.raises(spec.Disconnected, match="altered the subscription"):
        run_async(connection._compare(socket, echo))


def test_a_connection_that_is_silent_about_a_world_ends():
    _, watch, connection = connection_to_world_1()
    watch.opened("one", ("1",), 0.0)
    watch.opened("two", ("1",), 0.0)
    watch.heard("two", "1", "Death", "player", 50.0)
    connection._beat_s, connection._echo_due_s = 1_000.0, float("inf")
    with pytest.raises(spec.Disconnected, match="no Death of world 1"):
        run_async(connection._look(SentTexts(), 1_000.0))
