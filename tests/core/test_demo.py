"""The demo match: reproducible, as busy as a real match, without long pauses."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from actors.adapters import adapter_of
from actors.core.contract.event import RawItem
from actors.core.queue.derive import Derivation
from actors.producers import demo_match as demo

SEEDS = [1, 2, 3, 99]
EPOCH_S = 1_773_519_309.0


def events(seed):
    """Return [(offset in seconds, event)] of a match played from EPOCH_S on."""
    played = []
    for number, beat in enumerate(demo.match(seed)):
        body = demo.stamp(beat.body, EPOCH_S + beat.offset_s) if beat.kind == "srcds" else beat.body
        item = RawItem(number, 1, beat.kind, body, 1_000 * (EPOCH_S + beat.offset_s))
        [event] = adapter_of(beat.kind).normalize(item, "demo", 1)
        played.append((beat.offset_s, event))
    return played


def test_equal_seeds_give_equal_matches():
    assert demo.match(1) == demo.match(1)
    assert demo.match(1) != demo.match(2)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_demo_has_bursts_of_combat_like_a_real_match(seed):
    combat = Counter(int(at_s) for at_s, event in events(seed) if event.type in ("hit", "kill", "assist"))
    ranked = sorted(combat.values())
    percentile = {p: ranked[-(-len(ranked) * p // 100) - 1] for p in (50, 90, 99, 100)}
    assert percentile == {50: 3, 90: 6, 99: 11, 100: 15}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_demo_has_an_event_within_two_seconds_and_no_pause_of_eight_seconds(seed):
    offsets = [at_s for at_s, _ in events(seed)]
    assert offsets == sorted(offsets)
    assert offsets[0] < 2.0
    assert max(after - before for before, after in pairwise(offsets)) <= demo.MAX_SILENCE_S
    assert demo.DURATION_S - demo.MAX_SILENCE_S < offsets[-1] < demo.DURATION_S


@pytest.mark.parametrize("seed", SEEDS)
def test_the_demo_has_events_for_every_widget(seed):
    types = Counter(event.type for _, event in events(seed))
    assert types.keys() >= {
        *("kill", "hit", "assist", "death", "round", "score", "objective", "chat", "chat_delete", "player_join"),
        *("follow", "subscription", "raid", "cheer", "alert_start", "alert_end", "toggle", "crosshair", "custom"),
    }
    assert types["kill"] > 45


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dead_player_has_no_more_events_in_the_round(seed):
    fallen = set()
    for _, event in events(seed):
        payload = msgspec.msgpack.decode(event.payload)
        if event.type == "round" and payload["phase"] == "freeze":
            fallen.clear()
        for role in ("attacker", "victim", "player"):
            if event.type in ("kill", "hit", "objective") and role in payload:
                assert payload[role]["id"] not in fallen
        if event.type in ("kill", "death"):
            fallen.add(payload["victim"]["id"])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_demo_has_an_ace(seed):
    derivation = Derivation(window_ms=5_000)
    derived = [new for _, event in events(seed) for new in derivation.feed(event)[1]]
    assert 5 in [msgspec.msgpack.decode(new.payload)["kills"] for new in derived if new.type == "multikill"]


def test_the_final_score_is_the_sum_of_the_rounds():
    ends = [msgspec.msgpack.decode(event.payload) for _, event in events(1) if event.type == "round"]
    won = Counter(end["winner"] for end in ends if end["phase"] == "end" and "winner" in end)
    assert ends[-1] == {"phase": "match_end", "winner": "CT", "scores": dict(won)}


def test_a_stamp_is_to_the_millisecond():
    assert (
        demo.stamp(b"Starting Freeze period", EPOCH_S + 0.25) == b"03/14/2026 - 20:15:09.250 - Starting Freeze period"
    )
