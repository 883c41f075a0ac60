"""Legacy names, read and written."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from actors.adapters import generic
from actors.core.contract.event import Event
from actors.core.contract.legacy import LEGACY, NameCounts, from_legacy, to_legacy
from actors.core.contract.taxonomy import TAXONOMY

UNKNOWN = {"id": "unknown", "name": "?"}
ADA = {"id": "ada", "name": "Ada"}


def event(type_, payload, **fields):
    row = TAXONOMY[type_]
    encoded = Raw(msgspec.msgpack.encode(payload))
    return Event("e1", type_, row.category, row.priority, 1_763_690_000_123.75, row.ttl_ms, "test", encoded, **fields)


@pytest.mark.parametrize(
    ("name", "data", "type_", "payload"),
    [
        ("Kill", {"attacker": ADA, "victim": UNKNOWN}, "kill", {"attacker": ADA, "victim": UNKNOWN}),
        ("Kill", {}, "kill", {"attacker": UNKNOWN}),
        ("Death", {"victim": ADA}, "death", {"victim": ADA}),
        ("Headshot", {}, "headshot", {"attacker": UNKNOWN}),
        ("Revive Taken", {}, "revive_taken", {"medic": UNKNOWN, "revived": UNKNOWN}),
        ("revive taken", {}, "revive_taken", {"medic": UNKNOWN, "revived": UNKNOWN}),
        ("Hitmarker", {}, "hit", {"attacker": UNKNOWN, "victim": UNKNOWN}),
        ("Hitmarker 27", {}, "hit", {"attacker": UNKNOWN, "victim": UNKNOWN, "damage": 27}),
        ("Heal 100", {}, "support_streak", {"player": UNKNOWN, "kind": "heal", "count": 100}),
        ("Heal 100", {"count": 90}, "support_streak", {"player": UNKNOWN, "kind": "heal", "count": 90}),
        ("Kill Medic", {}, "kill", {"attacker": UNKNOWN, "victim": UNKNOWN | {"loadout": "medic"}}),
        ("Kill Medic", {"victim": ADA}, "kill", {"attacker": UNKNOWN, "victim": ADA | {"loadout": "medic"}}),
        ("Login TR", {}, "login", {"player": UNKNOWN | {"faction": "TR"}}),
        ("Kill 5", {}, "custom", {"name": "Kill 5", "data": {}}),
        ("Alert Wim", {"a": [1]}, "custom", {"name": "Alert Wim", "data": {"a": [1]}}),
        ("x" * 70, {}, "custom", {"name": "x" * 64, "data": {}}),
        ("Heal", {"player": ADA}, "heal", {"player": ADA}),
        ("Killstreak", {"player": ADA, "kills": 4}, "streak", {"player": ADA, "kills": 4}),
        ("Killstreak 5", {}, "streak", {"player": UNKNOWN, "kills": 5}),
        ("Alert Start", {}, "alert_start", {"alert": "Alert Start", "title": "Alert Start"}),
        ("Alert Win", {}, "alert_end", {"alert": "Alert Win", "outcome": "win"}),
        ("Alert Lose", {}, "alert_end", {"alert": "Alert Lose", "outcome": "loss"}),
        ("Alert Draw", {}, "alert_end", {"alert": "Alert Draw", "outcome": "draw"}),
        ("Alert Canceled", {}, "alert_end", {"alert": "Alert Canceled", "outcome": "canceled"}),
        ("Alert End", {}, "alert_end", {"alert": "Alert End"}),
        ("Round End", {"winner": "CT"}, "round", {"phase": "end", "winner": "CT"}),
        ("Toggle", {"name": "map", "on": False}, "toggle", {"name": "map", "on": False}),
    ],
)
def test_every_old_name_maps_to_a_type_and_a_valid_payload(name, data, type_, payload):
    assert from_legacy(name, data) == (type_, payload)
    msgspec.convert(payload, TAXONOMY[type_].payload)


@pytest.mark.parametrize("row", LEGACY, ids=lambda row: row.template)
def test_every_old_name_is_valid_without_data(row):
    type_, payload = from_legacy(re.sub(r"\{.*", "7", row.template), {})
    msgspec.convert(payload, TAXONOMY[type_].payload)
    assert type_ == row.type


def test_an_empty_name_is_refused():
    with pytest.raises(ValueError, match="Expected a name"):
        from_legacy("", {})


@pytest.mark.parametrize(
    ("type_", "payload", "name"),
    [
        ("alert_end", {"alert": "a", "outcome": "win"}, "Alert Win"),
        ("alert_end", {"alert": "a", "outcome": "loss"}, "Alert Lose"),
        ("alert_end", {"alert": "a"}, "Alert End"),
        ("heal", {"player": ADA, "amount": 100}, "Heal"),
        ("support_streak", {"player": ADA, "kind": "repair", "count": 50}, "Repair 50"),
        ("kill", {"attacker": ADA, "victim": UNKNOWN, "headshot": True}, "Kill"),
        ("kill", {"attacker": ADA, "victim": UNKNOWN | {"loadout": "pilot"}}, "Kill"),
        ("kill", {"attacker": ADA, "victim": None}, "Kill"),
        ("vehicle_destroyed", {"attacker": ADA, "vehicle": "lightning", "gunner": True}, "Gunner Kill Lightning"),
        ("multikill", {"player": ADA, "kills": 8, "window_ms": 1}, "Multikill"),
        ("streak", {"player": ADA, "kills": 4}, "Killstreak"),
        ("hit", {"attacker": ADA, "victim": UNKNOWN, "damage": 27}, "Hitmarker"),
        ("round", {"phase": "match_end"}, "Match End"),
        ("revive_taken", {"medic": ADA, "revived": UNKNOWN}, "Revive Taken"),
    ],
)
def test_an_event_is_written_under_its_old_name(type_, payload, name):
    assert to_legacy(event(type_, payload)) == {"event": name, "timestamp": 1_763_690_000_123, "data": payload}


def test_the_old_timestamp_is_that_of_the_source_where_there_is_one():
    assert to_legacy(event("follow", {"user": "Ada"}, ts_source_ms=12.9))["timestamp"] == 12


@pytest.mark.parametrize("type_", TAXONOMY)
def test_a_written_legacy_event_is_read_as_the_same_event(type_):
    written = to_legacy(event(type_, TAXONOMY[type_].example))
    assert from_legacy(written["event"], written["data"]) == (type_, msgspec.to_builtins(TAXONOMY[type_].example))


@pytest.mark.parametrize("phase", ["match_start", "freeze", "start", "end", "match_end"])
def test_every_phase_of_a_round_has_an_old_name(phase):
    assert from_legacy(to_legacy(event("round", {"phase": phase}))["event"], {}) == ("round", {"phase": phase})


CLASSES = ["Infil", "Light Assault", "Medic", "Engineer", "Heavy", "MAX"]
VEHICLES = [
    *("Flash", "Sunderer", "Lightning", "Magrider", "Vanguard", "Prowler", "Scythe", "Reaver", "Mosquito", "Liberator"),
    *("Galaxy", "Valkyrie", "Harasser", "Ant", "Colossus", "Javelin", "Dervish", "Chimera", "Corsair"),
]
# Names with pictures and sounds in an overlay for PlanetSide 2, and their events.
VOCABULARY = {
    **dict.fromkeys(["Kill", "Team Kill", "Gunner Kill", *(f"Kill {name}" for name in CLASSES)], "kill"),
    **dict.fromkeys(["Nade Kill", "Knife Kill", "RoadKill", "Spitfire Kill", "Mine Kill"], "kill"),
    **dict.fromkeys(["Bounty Kill", "Domination", "Revenge", "Killstreak Stop"], "kill"),
    "Headshot": "headshot",
    "Assist": "assist",
    **dict.fromkeys(["Death", "Suicide", "Team Kill Victim", "Headshot Death", "Get RoadKilled"], "death"),
    **dict.fromkeys(["Hitmarker", "Headshot Hitmarker"], "hit"),
    **dict.fromkeys(["Vehicle Destruction", "Gunner Vehicle Destruction"], "vehicle_destroyed"),
    **dict.fromkeys([f"{by}Kill {name}" for by in ("", "Gunner ") for name in VEHICLES], "vehicle_destroyed"),
    **dict.fromkeys(["Squad Wiper", "Double Squad Wipe", "Squad Lead's Nightmare", "One Man Platoon"], "streak"),
    **dict.fromkeys(["Double Kill", "Multi Kill", "Mega Kill", "Ultra Kill", "Monster Kill"], "multikill"),
    **dict.fromkeys(["Ludacris Kill", "Holy Shit"], "multikill"),
    "Heal": "heal",
    "Resupply": "resupply",
    "Repair": "repair",
    "Revive Given": "revive",
    **dict.fromkeys([f"Heal {n}" for n in (50, 250, 500, 1000, 5000)], "support_streak"),
    **dict.fromkeys([f"Resupply {n}" for n in (50, 100, 250, 500, 1000)], "support_streak"),
    **dict.fromkeys([f"Repair {n}" for n in (50, 250, 500, 1000, 5000)], "support_streak"),
    **dict.fromkeys([f"Revive Given {n}" for n in (5, 10, 25, 50, 100, 500)], "support_streak"),
    "Revive Taken": "revive_taken",
    "Break Construction": "objective",
    **dict.fromkeys(["Squad Spawn", "Sunderer Spawn"], "spawn"),
    "Transport Assist": "transport",
    **dict.fromkeys(["Point Control", "Base Capture"], "capture"),
    **dict.fromkeys(["Alert End", "Alert Win"], "alert_end"),
    **dict.fromkeys(["Login TR", "Login NC", "Login VS", "Login NSO"], "login"),
}


@pytest.mark.parametrize(("name", "type_"), VOCABULARY.items())
def test_all_old_names_are_read_and_written(name, type_):
    type_read, fields = from_legacy(name, {})
    assert type_read == type_
    payload = msgspec.convert(fields, TAXONOMY[type_].payload)
    written = to_legacy(event(type_, payload))
    assert written["event"] == name
    assert from_legacy(name, written["data"]) == (type_, written["data"])


@pytest.mark.parametrize("name", [*VOCABULARY, "Some Name Of A Friend", "Kill 5"])
def test_no_name_is_refused(name):
    unknown = []
    body = msgspec.json.encode({"event": name, "timestamp": 1_763_690_000_000})
    (submission,) = generic.parse(body, unknown.append)
    assert unknown == ([] if name in VOCABULARY else [name])
    assert (submission.type == "custom") == (name not in VOCABULARY)


def test_no_two_rows_have_the_same_name():
    names = [row.template.casefold() for row in LEGACY]
    assert len(set(names)) == len(names)


def test_unknown_names_are_counted_up_to_a_bound():
    counts = NameCounts(2)
    for name in ("Kill 5", "kill-5", "B", "C", "D", "C", ""):
        counts.count(name)
    assert counts.counts == {"kill_5": 2, "b": 1, "others": 4}


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"(Heal|Kill|Killstreak|Alert) [\d ]{0,12}", fullmatch=True))
def test_every_old_name_has_a_type(name):
    if not name:
        return
    type_, payload = from_legacy(name, {})
    msgspec.convert(payload, TAXONOMY[type_].payload)
