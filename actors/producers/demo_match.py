"""Demo: an invented match, so that an overlay shows something before a game is connected.

Five minutes, nine rounds, one seed. Combat has the profile of recorded professional matches: combat lines per
second in which there is combat, p50 3, p90 6, p99 11, at most 15. The counts come from a deck with exactly these
percentiles; a script of kills is then divided into hits until every card is used. So the same seed gives
the same match, and every seed has the same load.

The first event is shown within two seconds, and no pause is longer than MAX_SILENCE_S.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from actors.core.contract.event import Submission

DURATION_S: Final = 300.0
MAX_SILENCE_S: Final = 8.0


class Beat(Struct, frozen=True):
    """One raw message of the match: its time, adapter and body (a log line has no time stamp yet)."""

    offset_s: float
    kind: str
    body: bytes


class _Actor(Struct, frozen=True):
    token: str
    side: str


class _Kill(Struct, frozen=True):
    """One kill of the script and the player who assists."""

    attacker: _Actor
    victim: _Actor
    helper: _Actor


_ROUNDS: Final = 9
_ROUND_S: Final = 33
_FREEZE_S: Final = 4
_ACE_ROUND: Final = 4
_FIGHT_S: Final = range(6, 29)  # seconds of a round in which there may be combat

# Combat lines of one second with combat: [(lines, how many such seconds)], 153 in all, 17 a round.
_DECK: Final = [(15, 1), (11, 2), (9, 1), (8, 2), (7, 3), (6, 10), (5, 12), (4, 16), (3, 34), (2, 38), (1, 34)]

_NAMES: Final = {
    "CT": ["Marlow", "quiet_ox", "Żubr", "lamplight", "Piko"],
    "TERRORIST": ["Vesper", "no scope nan", "Tidewater", "雪兎", "Rusty"],
}
_WEAPONS: Final = {"CT": ["m4a1", "m4a1_silencer", "awp", "usp_silencer"], "TERRORIST": ["ak47", "galilar", "awp"]}
_HITGROUPS: Final = ["chest", "stomach", "left arm", "right arm", "left leg", "right leg"]
# The end of each round: the winner and the reason.
_ENDINGS: Final = [
    ("TERRORIST", "Terrorists_Win"),
    ("CT", "Bomb_Defused"),
    ("TERRORIST", "Target_Bombed"),
    ("CT", "CTs_Win"),
    ("TERRORIST", "Terrorists_Win"),
    ("CT", "CTs_Win"),
    ("TERRORIST", "Target_Bombed"),
    ("CT", "Bomb_Defused"),
    ("CT", "CTs_Win"),
]
_SAID: Final = ["nice", "one left", "he is low", "gg", "rotate B", "eco next", "careful mid", "nt", "good half", "glhf"]
_CROWD: Final = ["LET'S GO", "what a shot", "nt", "gg", "clip it", "no way", "so clean", "hello from Brno ☀", "xD"]
_VIEWERS: Final = [("ottoline", "#e06c75"), ("bitbadger", "#98c379"), ("neon_fern", "#61afef"), ("Ulf", "#c678dd")]

# Events beside the match: (second, type, payload).
_PLATFORM: Final[list[tuple[float, str, dict[str, Any]]]] = [
    (0.1, "alert_start", {"alert": "final", "title": "Grand final", "subtitle": "Copper Foxes vs Night Harbor"}),
    (0.2, "crosshair", {"on": True, "style": "dot", "color": "#50fa7b"}),
    (0.3, "toggle", {"name": "scoreboard", "on": True}),
    (
        0.4,
        "score",
        {
            "scores": {"CT": 0, "TERRORIST": 0},
            "names": {"CT": "Copper Foxes", "TERRORIST": "Night Harbor"},
            "sides": {"CT": "ct", "TERRORIST": "t"},
            "map_name": "Lantern",
            "maps_won": {"CT": 1, "TERRORIST": 1},
            "best_of": 3,
        },
    ),
    (1.6, "follow", {"user": "ottoline"}),
    (41.0, "cheer", {"user": "bitbadger", "bits": 300, "text": "for the comeback"}),
    (74.0, "subscription", {"user": "neon_fern", "tier": "1000", "months": 7, "text": "seven already"}),
    (103.0, "chat", {"user": "spam_o_matic", "user_id": "v9", "text": "FREE SKINS", "message_id": "spam-1"}),
    (105.5, "chat_delete", {"message_id": "spam-1"}),
    (137.0, "raid", {"user": "Kettlehead", "viewers": 412}),
    (170.0, "follow", {"user": "Ulf"}),
    (204.0, "subscription", {"user": "Ulf", "tier": "1000", "gifted_by": "ottoline"}),
    (238.0, "cheer", {"user": "neon_fern", "bits": 1_000}),
    (271.0, "custom", {"name": "poll", "data": {"question": "Who wins?", "foxes": 61, "harbor": 39}}),
    (298.6, "alert_end", {"alert": "final", "outcome": "win", "title": "Copper Foxes win the grand final"}),
]

_encode = msgspec.msgpack.Encoder().encode


def match(seed: int = 1) -> list[Beat]:
    """Return the match, ordered by offset; the same seed gives the same bytes."""
    random = Random(seed)
    teams = _teams()
    beats = [_submission(*row) for row in _PLATFORM]
    beats += [_line(0.5, 'World triggered "Match_Start" on "de_lantern"')]
    beats += [_line(0.6 + 0.05 * n, f"{actor.token} entered the game") for n, actor in enumerate(teams["CT"])]
    beats += [_line(1.0 + 0.05 * n, f"{actor.token} entered the game") for n, actor in enumerate(teams["TERRORIST"])]
    scores = {"CT": 0, "TERRORIST": 0}
    for number, hand in enumerate(_hands(random)):
        beats += _round(random, number, hand, teams, scores)
    beats += [_line(297.0, f"Game Over: competitive de_lantern score {scores['CT']}:{scores['TERRORIST']} after 5 min")]
    beats += _crowd(random)
    beats.sort(key=lambda beat: beat.offset_s)
    return sorted([*beats, *_fillers(random, beats, teams)], key=lambda beat: beat.offset_s)


def stamp(line: bytes, epoch_s: float) -> bytes:
    """Return the line as a server writes it at `epoch_s`, seconds since 1970, to the millisecond."""
    whole_s, ms = divmod(int(epoch_s * 1_000), 1_000)
    moment = datetime.fromtimestamp(whole_s, UTC)
    return f"{moment:%m/%d/%Y - %H:%M:%S}.{ms:03d} - ".encode() + line


def _line(offset_s: float, text: str) -> Beat:
    return Beat(offset_s, "srcds", text.encode())


def _submission(offset_s: float, type_: str, payload: dict[str, Any]) -> Beat:
    # The server's log continues the score; a score of another source would begin without these names.
    source = "srcds" if type_ == "score" else "demo"
    return Beat(offset_s, "event", _encode(Submission(type_, Raw(_encode(payload)), source=source)))


def _teams() -> dict[str, list[_Actor]]:
    """Return both teams; the last player is a bot."""
    accounts = {name: f"[U:1:{4_100 + n}]" for n, name in enumerate(_NAMES["CT"] + _NAMES["TERRORIST"])}
    accounts["Rusty"] = "BOT"
    slots = {name: n + 2 for n, name in enumerate(accounts)}
    return {
        side: [_Actor(f'"{name}<{slots[name]}><{accounts[name]}><{side}>"', side) for name in names]
        for side, names in _NAMES.items()
    }


def _hands(random: Random) -> list[list[int]]:
    """Deal the deck so that every round has the same number of seconds and nearly the same load.

    The round of the ace gets the hand with the highest card, rising, so that its kills come fast.
    """
    deck = [lines for lines, seconds in _DECK for _ in range(seconds)]
    hands = [deck[number::_ROUNDS] for number in range(_ROUNDS)]
    for hand in hands:
        random.shuffle(hand)
    hands[0], hands[_ACE_ROUND] = hands[_ACE_ROUND], sorted(hands[0])
    return hands


def _round(
    random: Random, number: int, hand: list[int], teams: dict[str, list[_Actor]], scores: dict[str, int]
) -> Iterator[Beat]:
    start_s = float(number * _ROUND_S)
    winner, reason = _ENDINGS[number]
    loser = "TERRORIST" if winner == "CT" else "CT"
    script = _script(random, number, teams[winner], teams[loser], bombed=reason == "Target_Bombed")
    fallen = {kill.victim.token for kill in script}
    carrier = next((actor for actor in teams["TERRORIST"] if actor.token not in fallen), _last(script, "TERRORIST"))

    yield _line(start_s + 0.9, "Starting Freeze period")
    yield _line(start_s + _FREEZE_S, 'World triggered "Round_Start"')
    seconds = _FIGHT_S[-len(hand) :] if number == _ACE_ROUND else sorted(random.sample(_FIGHT_S, len(hand)))
    yield from _fight(random, [start_s + second for second in seconds], hand, script)
    if reason in ("Target_Bombed", "Bomb_Defused"):
        yield _line(start_s + 17.5, f'{carrier.token} triggered "Planted_The_Bomb" at bombsite {"AB"[number % 2]}')
    if reason == "Bomb_Defused":
        defuser = next(actor for actor in teams["CT"] if actor.token not in fallen)
        yield _line(start_s + 24.2, f'{defuser.token} triggered "Begin_Bomb_Defuse_With_Kit"')
        yield _line(start_s + 29.2, f'{defuser.token} triggered "Defused_The_Bomb"')
    if reason == "Target_Bombed":
        caught = next(actor for actor in teams["CT"] if actor.token not in fallen)
        yield _line(start_s + 29.4, f"{caught.token} [311 -40 12] was killed by the bomb.")
    scores[winner] += 1
    tally = f'(CT "{scores["CT"]}") (T "{scores["TERRORIST"]}")'
    yield _line(start_s + 29.6, f'Team "{winner}" triggered "SFUI_Notice_{reason}" {tally}')
    for side, points in scores.items():
        yield _line(start_s + 29.7, f'Team "{side}" scored "{points}" with "5" players')
    yield _line(start_s + 29.8, 'World triggered "Round_End"')


def _last(script: list[_Kill], side: str) -> _Actor:
    return [kill.victim for kill in script if kill.victim.side == side][-1]


def _script(random: Random, number: int, winners: list[_Actor], losers: list[_Actor], *, bombed: bool) -> list[_Kill]:
    """Return the kills of a round in order: all losers, except one whom the bomb kills."""
    alive, doomed = list(winners), list(losers)
    random.shuffle(alive)
    random.shuffle(doomed)
    losses = random.randint(1, 3)
    hero = alive[-1]  # is never killed; has all kills in the round of the ace
    turns = [True] * (len(doomed) - bombed - 1) + [False] * losses
    if number == _ACE_ROUND:
        turns.sort()
    else:
        random.shuffle(turns)
    script = []
    for winners_turn in [*turns, True]:
        if winners_turn:
            attacker = hero if number == _ACE_ROUND or random.random() < 0.35 else random.choice(alive)
            script.append(_Kill(attacker, doomed.pop(), random.choice(alive)))
        else:
            script.append(_Kill(random.choice(doomed), alive.pop(0), random.choice(doomed)))
    return script


def _fight(random: Random, seconds: list[float], hand: list[int], script: list[_Kill]) -> Iterator[Beat]:
    """Yield the script as combat lines; the hand has the number of lines of each second."""
    offsets = [
        round(second_s + ms / 1_000, 3)
        for second_s, lines in zip(seconds, hand, strict=True)
        for ms in sorted(random.sample(range(1_000), lines))
    ]
    combat = _combat(random, len(offsets), script)
    return (_line(offset_s, line) for offset_s, line in zip(offsets, combat, strict=True))


def _combat(random: Random, total: int, script: list[_Kill]) -> list[str]:
    """Return exactly `total` lines: for every kill its hits, the kill itself and sometimes an assist."""
    helped = [kill.helper is not kill.attacker and random.random() < 0.5 for kill in script]
    spare = total - len(script) - sum(helped)
    hits = [spare // len(script) + (n < spare % len(script)) for n in range(len(script))]
    lines: list[str] = []
    for kill, count, help_ in zip(script, hits, helped, strict=True):
        weapon = random.choice(_WEAPONS[kill.attacker.side])
        headshot = random.random() < 0.4
        lines += _hits(random, kill, count, weapon, headshot=headshot)
        how = " (headshot)" if headshot else " (penetrated)" if random.random() < 0.1 else ""
        lines.append(
            f'{kill.attacker.token} {_place(random)} killed {kill.victim.token} {_place(random)} with "{weapon}"{how}'
        )
        if help_:
            lines.append(f"{kill.helper.token} assisted killing {kill.victim.token}")
    return lines


def _hits(random: Random, kill: _Kill, count: int, weapon: str, *, headshot: bool) -> Iterator[str]:
    """Yield `count` hits that take the victim from 100 to 0."""
    healths = [*sorted(random.sample(range(1, 100), count - 1), reverse=True), 0]
    before, armor = 100, 100
    for health in healths:
        group = "head" if headshot and health == 0 else random.choice(_HITGROUPS)
        spent = min(armor, random.randint(0, 9))
        armor -= spent
        yield (
            f'{kill.attacker.token} {_place(random)} attacked {kill.victim.token} {_place(random)} with "{weapon}"'
            f' (damage "{before - health}") (damage_armor "{spent}") (health "{health}") (armor "{armor}")'
            f' (hitgroup "{group}")'
        )
        before = health


def _place(random: Random) -> str:
    return f"[{random.randint(-2_000, 2_000)} {random.randint(-2_000, 2_000)} {random.randint(-64, 320)}]"


def _crowd(random: Random) -> Iterator[Beat]:
    """Yield the chat of the stream, which is active at the end of every round."""
    for number in range(_ROUNDS):
        for _ in range(random.randint(3, 7)):
            user, color = random.choice(_VIEWERS)
            offset_s = number * _ROUND_S + 30.0 + round(random.random() * 4, 3)
            payload = {"user": user, "text": random.choice(_CROWD), "channel": "demo", "color": color}
            yield _submission(min(offset_s, DURATION_S - 0.1), "chat", payload)


def _fillers(random: Random, beats: list[Beat], teams: dict[str, list[_Actor]]) -> Iterator[Beat]:
    """Yield a chat line of the game in every pause that would be too long."""
    offsets = [beat.offset_s for beat in beats]
    for before_s, after_s in zip(offsets, [*offsets[1:], DURATION_S], strict=True):
        while after_s - before_s > MAX_SILENCE_S / 2:
            before_s += MAX_SILENCE_S / 2 - random.random()
            speaker = random.choice(teams[random.choice(["CT", "TERRORIST"])])
            yield _line(before_s, f'{speaker.token} say "{random.choice(_SAID)}"')
