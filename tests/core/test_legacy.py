"""Old names, both ways."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from actors.core.contract.event import Event
from actors.core.contract.legacy import LEGACY, from_legacy, to_legacy
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
        ("Heal 100", {}, "heal", {"player": UNKNOWN, "amount": 100}),
        ("Heal 100", {"amount": 90}, "heal", {"player": UNKNOWN, "amount": 90}),
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
def test_an_old_name_means_a_type_and_a_valid_payload(name, data, type_, payload):
    assert from_legacy(name, data) == (type_, payload)
    msgspec.convert(payload, TAXONOMY[type_].payload)


@pytest.mark.parametrize("row", LEGACY, ids=lambda row: row.template)
def test_every_old_name_can_stand_alone(row):
    type_, payload = from_legacy(row.template.split(" {")[0], {})
    msgspec.convert(payload, TAXONOMY[type_].payload)
    assert type_ == row.type


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Alert Wim", "did you mean `Alert Win`"),
        ("Kill 5", "Unknown legacy event `Kill 5`"),
        ("", "Unknown legacy event ``"),
        ("Heal ", "did you mean `Heal`"),
    ],
)
def test_a_name_that_was_never_one_is_refused(name, text):
    with pytest.raises(ValueError, match=text):
        from_legacy(name, {})


@pytest.mark.parametrize(
    ("type_", "payload", "name"),
    [
        ("alert_end", {"alert": "a", "outcome": "win"}, "Alert Win"),
        ("alert_end", {"alert": "a", "outcome": "loss"}, "Alert Lose"),
        ("alert_end", {"alert": "a"}, "Alert End"),
        ("heal", {"player": ADA, "amount": 100}, "Heal 100"),
        ("heal", {"player": ADA}, "Heal"),
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
def test_what_was_written_is_read_again_as_the_same(type_):
    written = to_legacy(event(type_, TAXONOMY[type_].example))
    assert from_legacy(written["event"], written["data"]) == (type_, msgspec.to_builtins(TAXONOMY[type_].example))


@pytest.mark.parametrize("phase", ["match_start", "freeze", "start", "end", "match_end"])
def test_every_phase_of_a_round_has_an_old_name(phase):
    assert from_legacy(to_legacy(event("round", {"phase": phase}))["event"], {}) == ("round", {"phase": phase})


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"(Heal|Kill|Killstreak|Alert) [\d ]{0,12}", fullmatch=True))
def test_no_name_raises_anything_but_value_error(name):
    try:
        type_, payload = from_legacy(name, {})
    except ValueError:
        return
    msgspec.convert(payload, TAXONOMY[type_].payload)
