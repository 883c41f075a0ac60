"""Test events are valid, unique, and marked as tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.adapters import generic
from actors.core.contract import samples
from actors.core.contract.taxonomy import TAXONOMY

PERSONS = {"user", "gifted_by", "recipients"}


def leaves(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return every text of a payload with the name of its field; `player.name` for the name of a player."""
    if isinstance(value, dict):
        player = "id" in value
        return [leaf for key, part in value.items() for leaf in leaves(part, f"player.{key}" if player else key)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part, name)]
    return [(name, value)] if isinstance(value, str) else []


@pytest.mark.parametrize("type_", TAXONOMY)
def test_a_sample_is_valid_and_its_names_are_marked(type_: str) -> None:
    made = samples.sample(type_, 7)
    assert generic.parse(json.dumps(made).encode())
    assert made["source"] == samples.SOURCE
    for name, text in leaves(made["payload"]):
        if name in PERSONS or name == "player.name":
            assert text.endswith(samples.MARK), name
        if name in ("player.id", "user_id", "channel", "alert"):
            assert text.startswith("test-"), name


def test_a_storm_is_bounded_valid_and_has_no_message_twice() -> None:
    storm = samples.storm(100)
    assert len(storm) == samples.STORM_EVENTS
    assert generic.parse(json.dumps(storm).encode())
    messages = [one["payload"]["message_id"] for one in storm if one["type"] == "chat"]
    assert len(set(messages)) == len(messages) > 0


def test_types_with_lasting_effects_are_never_picked_at_random() -> None:
    picked = {samples.pick(n / 500) for n in range(500)}
    assert picked == set(TAXONOMY) - samples.NOT_AT_RANDOM
