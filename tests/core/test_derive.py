"""Streaks and multikills as tables of histories, and their survival of a crash at any point."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Event
from actors.core.contract.payload import Payload
from actors.core.contract.types.combat import Death, Kill, Multikill, Streak
from actors.core.contract.types.match import Presence, Round
from actors.core.contract.types.support import Revive, Support, SupportStreak
from actors.core.queue.derive import MAX_RUNS, Derivation
from tests.core.make import event, kill, player

WINDOW_MS = 5_000


def told(events: list[Event]) -> list[str]:
    lines = []
    for one in events:
        if one.type == "streak":
            streak = msgspec.msgpack.decode(one.payload, type=Streak)
            lines.append(f"{streak.player.name} streak {streak.kills}")
        elif one.type == "support_streak":
            support = msgspec.msgpack.decode(one.payload, type=SupportStreak)
            lines.append(f"{support.player.name} {support.kind} {support.count}")
        else:
            multi = msgspec.msgpack.decode(one.payload, type=Multikill)
            lines.append(f"{multi.player.name} multi {multi.kills}")
    return lines


HISTORIES = {
    "each kill lengthens the streak": (
        [kill("a", "b", at_s=0), kill("a", "c", at_s=20)],
        ["a streak 1", "a streak 2"],
    ),
    "a death ends the victim's streak": (
        [kill("a", "b", at_s=0), kill("c", "a", at_s=20)],
        ["a streak 1", "a streak 0", "c streak 1"],
    ),
    "kills within the window are a multikill, each longer than the last": (
        [kill("a", "b", at_s=0), kill("a", "c", at_s=5), kill("a", "d", at_s=10)],
        ["a streak 1", "a streak 2", "a multi 2", "a streak 3", "a multi 3"],
    ),
    "a player who leaves ends a streak": (
        [kill("a", "b", at_s=0), event("player_leave", "l", Presence(player("a", "red")))],
        ["a streak 1", "a streak 0"],
    ),
    "a pause longer than the window starts a new multikill": (
        [kill("a", "b", at_s=0), kill("a", "c", at_s=5.001)],
        ["a streak 1", "a streak 2"],
    ),
    "a team kill is not counted but ends the victim's streak": (
        [kill("a", "b", at_s=0), event("kill", "t", Kill(player("c", "red"), player("a", "red")))],
        ["a streak 1", "a streak 0"],
    ),
    "a kill without a victim is counted": (
        [event("kill", "u", Kill(player("a", "red"))), event("kill", "v", Kill(player("a", "red")))],
        ["a streak 1", "a streak 2", "a multi 2"],
    ),
    "a suicide ends the streak": (
        [kill("b", "c", at_s=0), event("death")],
        ["b streak 1", "b streak 0"],
    ),
    "a match that starts ends all streaks": (
        [kill("a", "b", at_s=0), event("round", payload=Round("match_start")), kill("a", "b", at_s=1)],
        ["a streak 1", "a streak 0", "a streak 1"],
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_an_input_history_gives_the_expected_events(name: str) -> None:
    history, expected = HISTORIES[name]
    derivation = Derivation(WINDOW_MS)
    assert [line for one in history for line in told(derivation.feed(one)[1])] == expected


def test_ids_of_derived_events_are_unique_and_name_their_cause() -> None:
    derivation = Derivation(WINDOW_MS)
    ids = [one.id for number in range(4) for one in derivation.feed(kill("a", "b", f"k{number}", at_s=number))[1]]
    assert len(set(ids)) == len(ids)
    assert all(id_.startswith("k") and "+" in id_ for id_ in ids)


def streak_of(event: Event) -> int:
    return msgspec.msgpack.decode(event.payload, type=Kill).streak


def test_a_kill_carries_its_own_streak_and_keeps_its_identity() -> None:
    derivation = Derivation(WINDOW_MS)
    team_kill = Kill(player("a", "red"), player("d", "blue"), team_kill=True, streak=7)
    history = [
        kill("a", "b", "1"),
        kill("a", "c", "2"),
        kill("b", "a", "3"),
        kill("a", "b", "4"),
        event("kill", "5", team_kill),
    ]
    carried = [derivation.feed(one)[0] for one in history]
    assert [streak_of(one) for one in carried] == [1, 2, 1, 1, 0]
    blank = history[0].payload
    assert [msgspec.structs.replace(one, payload=blank) for one in carried] == [
        msgspec.structs.replace(one, payload=blank) for one in history
    ]


def test_supports_are_counted_in_steps_and_reset_by_a_death() -> None:
    derivation = Derivation(WINDOW_MS)

    def feed(kind: str, payload: Payload, times: int, **fields: object) -> list[str]:
        made = [event(kind, f"{kind}{n}", payload, **fields) for n in range(times)]
        return [line for one in made for line in told(derivation.feed(one)[1])]

    assert feed("heal", Support(player("b")), 49) == []
    assert feed("revive", Revive(player("b"), player("c")), 5) == ["b revive 5"]
    assert feed("heal", Support(player("b")), 1) == ["b heal 50"]
    assert feed("heal", Support(player("b")), 1, count=450) == ["b heal 250", "b heal 500"], "merged on the way"
    assert feed("death", Death(player("b")), 1) == [], "there were no kills, so no streak of kills ended"
    assert feed("heal", Support(player("b")), 50) == ["b heal 50"]


steps = st.lists(st.tuples(st.sampled_from("abcdh"), st.sampled_from("abcd"), st.integers(0, 4)), max_size=30)


@given(steps=steps, crash_at=st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_a_crash_at_any_point_neither_repeats_nor_loses_a_derived_event(steps: list, crash_at: int) -> None:
    def run(crash: int | None) -> list[str]:
        derivation, saved, lines, at_s = Derivation(WINDOW_MS), {}, [], 0.0
        for number, (who, whom, wait_s) in enumerate(steps):
            at_s += wait_s
            if number == crash:
                derivation = Derivation(WINDOW_MS, saved)
            heals = event("heal", f"h{number}", Support(player(whom)), count=30)
            one, derived = derivation.feed(heals if who == "h" else kill(who, whom, f"k{number}", at_s))
            lines += [*told(derived), f"streak {streak_of(one)}"] if who != "h" else told(derived)
            for key, body in derivation.take_changes().items():
                saved.pop(key, None)
                if body is not None:
                    saved[key] = body
        return lines

    assert run(crash_at) == run(None)


def test_inactive_players_are_removed() -> None:
    derivation = Derivation(WINDOW_MS)
    for number in range(MAX_RUNS + 1):
        derivation.feed(kill(f"p{number}", "victim", str(number)))
    changes = derivation.take_changes()
    assert changes["game:p0"] is None
    assert sum(body is not None for body in changes.values()) == MAX_RUNS


def test_time_stamps_of_any_size_are_accepted():
    derivation = Derivation(WINDOW_MS)
    for number, at_s in enumerate((1e300, -1e300, 0.0)):
        derivation.feed(kill("a", "b", f"k{number}", at_s))
