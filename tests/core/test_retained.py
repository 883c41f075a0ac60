"""The retained states of the queue-manager and of a gateway."""

from __future__ import annotations

import msgspec
import pytest

from actors.core.contract.payload import Player
from actors.core.contract.types.combat import Streak
from actors.core.contract.types.match import Score
from actors.core.contract.types.stage import Radar, RadarPlayer, Toggle
from actors.core.delivery.retained import OVER_KEYS, Retained
from tests.core.make import event


def toggle(name: str, on: bool, at_ms: float) -> object:
    return event("toggle", f"{name}{at_ms}", Toggle(name, on), coalesce_key=f"toggle:{name}", ts_queued_ms=at_ms)


def test_the_last_value_of_each_state_is_kept():
    retained = Retained()
    retained.see(
        [toggle("a", True, 1), toggle("b", True, 1), toggle("a", False, 2), event("hit"), event("kill", position=1)]
    )
    assert {one.coalesce_key: one.ts_queued_ms for one in retained.events()} == {"toggle:a": 2, "toggle:b": 1}


def test_states_are_in_the_order_of_their_changes():
    retained = Retained([toggle("a", True, 1), toggle("b", True, 2)])
    retained.see([toggle("a", False, 3)])
    assert [one.coalesce_key for one in retained.events()] == ["toggle:b", "toggle:a"]


def test_every_change_increases_the_version():
    retained = Retained([event("score", "s", Score({"a": 1}), coalesce_key="score")])
    before = retained.version
    retained.see([event("hit")])
    assert retained.version == before
    retained.see([toggle("a", True, 1)])
    assert retained.version > before


def test_a_saved_value_counts_only_when_it_is_newer():
    retained = Retained([toggle("a", True, 5), toggle("b", True, 5)])
    saved = [toggle("a", False, 4), toggle("b", False, 6), toggle("c", True, 1)]
    told = retained.newer(saved)
    assert [(one.coalesce_key, one.ts_queued_ms) for one in told] == [("toggle:c", 1), ("toggle:a", 5), ("toggle:b", 6)]
    assert retained.events() == told, "what changed after the oldest of them follows again"
    assert retained.newer(saved) == []


def test_a_value_with_a_newer_successor_is_outdated():
    retained = Retained([toggle("a", True, 5)])
    assert retained.outdated(toggle("a", False, 4))
    assert not retained.outdated(toggle("a", False, 5))
    assert not retained.outdated(toggle("new", False, 1))
    assert not retained.outdated(event("hit"))


def test_retained_states_are_bounded_in_keys_and_the_oldest_change_is_dropped():
    retained = Retained(max_keys=2)
    for name in ("a", "b", "a", "c"):
        retained.see([toggle(name, True, 1)])
    assert [one.coalesce_key for one in retained.events()] == ["toggle:a", "toggle:c"]
    assert (retained.evicted, retained.full) == (1, True)


def test_retained_states_are_bounded_in_bytes_and_their_size_is_exact():
    one = toggle("a", True, 1)
    retained = Retained([one])
    size = retained.size_bytes
    bounded = Retained(max_bytes=3 * size)
    for number in range(50):
        bounded.see([toggle("abcdefgh"[number % 8], bool(number % 2), number)])
    assert len(bounded) == 3
    assert bounded.size_bytes == sum(Retained([kept]).size_bytes for kept in bounded.events()) <= 3 * size


def streak(number: int, kills: int) -> object:
    payload = Streak(Player(f"p{number}", "P"), kills)
    return event("streak", f"s{number}", payload, coalesce_key=f"streak:p{number}", ts_queued_ms=1)


def test_only_the_latest_ended_streaks_are_kept():
    retained = Retained()
    retained.see([streak(number, 3) for number in range(1_000)])
    retained.see([streak(number, 0) for number in range(10, 1_000)])
    assert len(retained) == 10 + OVER_KEYS
    assert retained.evicted == 0, "nothing that means something gave way"
    retained.see([streak(999, 4)])
    retained.see([streak(number, 0) for number in range(1_000, 2_000)])
    assert len(retained) == 11 + OVER_KEYS, "a streak that has begun again is none that has ended"


def radar(run: str, at_ms: float = 1, on: bool = True, map_: str = "w") -> object:
    return event("radar", run, Radar(map_, run=run, on=on), coalesce_key=f"radar:{map_}", ts_queued_ms=at_ms)


def placed(name: str, run: str, at_ms: float = 1, on: bool = True, map_: str = "w") -> object:
    payload = RadarPlayer(map_, 1, Player(name, name), run=run, on=on)
    return event("radar_player", name, payload, coalesce_key=f"radar_player:{map_}:{name}", ts_queued_ms=at_ms)


HISTORIES = {
    "players of one run stay": ([radar("1"), placed("a", "1"), placed("b", "1"), radar("1")], "a b radar"),
    "the next run removes them": ([radar("1"), placed("a", "1"), placed("b", "1"), radar("2")], "radar"),
    "also those that have left": ([radar("1"), placed("a", "1", on=False), radar("2")], "radar"),
    "a player of the next run stays": ([radar("1"), placed("a", "1"), placed("a", "2"), radar("2")], "a radar"),
    "the end of the map removes all": ([radar("1"), placed("a", "1"), placed("b", "0"), radar("1", on=False)], "radar"),
    "another map removes nothing": ([radar("1"), placed("a", "1"), radar("2", map_="v")], "radar a radar"),
    "nor does its end": ([radar("1"), placed("a", "1"), radar("1", on=False, map_="v")], "radar a radar"),
    "a late player of the run before": ([radar("1", 1), radar("2", 3), placed("a", "1", 2)], "radar"),
    "a player that came before the map": ([placed("a", "1", 1), radar("1", 2)], "a radar"),
    "a player that came at the same time": ([radar("1", 1), placed("a", "2", 1), radar("2", 2)], "a radar"),
    "a player after the end of the map": ([radar("1", 1, on=False), placed("a", "2", 0)], "radar a"),
    "a program without runs": ([radar(""), placed("a", ""), radar(""), placed("b", "")], "a radar b"),
    "a program that begins with runs": ([radar(""), placed("a", ""), radar("1")], "radar"),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_players_end_with_their_map_or_its_run(history):
    events, expected = HISTORIES[history]
    retained = Retained()
    removed = [key for one in events for key in retained.put(one)]
    names = [one.id if one.type == "radar_player" else "radar" for one in retained.events()]
    assert " ".join(names) == expected
    assert {one.coalesce_key for one in events} == {one.coalesce_key for one in retained.events()} | set(removed)
    assert retained.size_bytes == Retained(retained.events()).size_bytes
    assert retained.evicted == 0, "nothing that means something gave way"


def test_a_log_of_an_earlier_version_is_cleared_at_its_start():
    kept = Retained([*(placed(f"p{number}", "1") for number in range(50)), radar("2", 2), placed("a", "2", 3)])
    assert [one.id for one in kept.events()] == ["2", "a"]


def test_evicted_players_leave_nothing_behind():
    retained = Retained(max_keys=3)
    for number in range(100):
        retained.put(placed(f"p{number}", f"{number % 5}"))
    assert retained.put(radar("9", 2)) == ["radar_player:w:p97", "radar_player:w:p98", "radar_player:w:p99"]
    assert len(retained) == 1


def test_a_test_does_not_replace_the_last_real_value():
    real, shown = toggle("a", True, 1), msgspec.structs.replace(toggle("a", False, 2), source="test")
    retained = Retained([real])
    retained.see([shown, msgspec.structs.replace(toggle("b", True, 3), source="test")])
    assert retained.events() == [real]
    assert Retained([shown, real]).events() == [real]  # of a log of a previous version
