"""Gsi changes: two posts of game state integration → the events between them.

    State, Post ──changes──▶ [(type, payload)], State

A post has no list of kills: kills, deaths and rounds are differences of counters. So no kill is lost with a post,
because the next one has the counter, and a repeated post has no differences.

* The first post is the base of the differences. It becomes no event except the score.
* The score is reported when a part of it changes: points, names, map, series, timer.
* A counter that falls was reset (end of warm-up, restart, a team kill) and becomes no event.
* Rounds are identified by number: `map.round` counts those that are over. An end that no post showed is reported late.
* A death is a rise of `deaths`, or health that fell to 0 (a bomb kills without counting); once per life.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from actors.adapters import bounds, cs_maps, gsi_timer
from actors.adapters.gsi_posts import SIDES, GsiMap, GsiPlayer, GsiPost
from actors.adapters.gsi_timer import GsiTimer
from actors.core.contract.event import UNREADABLE
from actors.core.contract.payload import Payload, Player
from actors.core.contract.types.combat import Assist, Death, Kill
from actors.core.contract.types.match import Objective, Round, Score

# Kills of one player between two posts are at most the five of a team. A larger difference is an error of the counters.
MAX_TOLD: Final = 32
# Of all players of a post. Each of 64 players can rise in four figures: a false post would be 8,000 events.
MAX_FIGHTS: Final = 256
MAX_REMEMBERED: Final = 256  # players of one match
MOST_WINS: Final = 50  # maps that win a series; a score has at most 99 maps
_BOMB: Final = {"planted": "", "defused": "Bomb_Defused", "exploded": "Target_Bombed"}

Told = tuple[str, Payload]


class GsiFigures(Struct, frozen=True, array_like=True):
    """The figures of one player. `owed` is 1 after a death that was detected by health, until `deaths` has risen."""

    kills: int
    assists: int
    deaths: int
    mvps: int
    headshots: int
    health: int
    owed: int = 0


class GsiState(Struct, frozen=True, array_like=True):
    """The state after the last post; saved with its events.

    match   provider, map and mode; "" outside of a match
    number  the current round, from 0
    over    the number of rounds that are over
    score   the score that was reported last
    """

    match: str = ""
    map_phase: str = ""
    phase: str = ""
    number: int = 0
    over: int = 0
    bomb: str = ""
    people: dict[str, GsiFigures] = {}
    timer: GsiTimer | None = None
    score: Score = Score({})


_state = msgspec.msgpack.Decoder(GsiState)
_encode = msgspec.msgpack.Encoder().encode


def load(saved: bytes) -> GsiState:
    """Return a saved state. One of another version is discarded: the next post is the new base."""
    try:
        return _state.decode(saved) if saved else GsiState()
    except UNREADABLE:
        return GsiState()


def save(state: GsiState) -> bytes:
    return _encode(state)


def changes(before: GsiState, post: GsiPost, now_ms: float) -> tuple[list[Told], GsiState]:
    """Return the events since the last post, in order, and the state after this one, which arrived at `now_ms`."""
    if post.map is None:
        return [], GsiState()
    match = f"{post.provider.steamid}/{post.map.name}/{post.map.mode}"[:200]
    known = before.match == match
    people = before.people if known and len(before.people) <= MAX_REMEMBERED else {}
    number = post.map.round - (post.round.phase == "over")
    timer = gsi_timer.follow(before.timer if known else None, post.phase_countdowns, now_ms)
    score = _score(post.map, timer)
    after = GsiState(
        match,
        post.map.phase,
        post.round.phase,
        number,
        post.map.round,
        post.round.bomb,
        {**people, **{id_: _figures(people.get(id_), one) for id_, one in post.watched().items()}},
        timer,
        score,
    )
    told: list[Told] = []
    if known:
        told += _beginning(before, after)
        told += _fights(people, post, same_round=before.number == number)
        told += _bomb(before, after)
        told += _round(before, after, post)
    if not known or before.score != score:
        told.append(("score", score))
    if known and after.map_phase == "gameover" != before.map_phase:
        told.append(("round", Round("match_end", _leader(score.scores), scores=score.scores)))
    return told, after


def _figures(before: GsiFigures | None, person: GsiPlayer) -> GsiFigures:
    """Return a player's figures after a post; missing values are unchanged."""
    stats, body = person.match_stats, person.state
    old = before or GsiFigures(0, 0, 0, 0, 0, 0)
    health = old.health if body is None else body.health
    headshots = old.headshots if body is None else body.round_killhs
    counts = (old.kills, old.assists, old.deaths, old.mvps)
    if stats is not None:
        counts = (stats.kills, stats.assists, stats.deaths, stats.mvps)
    owed = 0
    if before is not None and health <= 0:
        fell = old.health > 0 and counts[2] <= old.deaths
        owed = 1 if fell else old.owed * (counts[2] <= old.deaths)
    return GsiFigures(*counts, headshots, health, owed)


def _beginning(before: GsiState, after: GsiState) -> list[Told]:
    """Return the start of a match: warm-up is over, or the match was restarted."""
    restarted = before.phase == "live" and after.phase == "freezetime" and after.over == before.over
    reset = after.over == 0 < before.over
    ended = before.map_phase in ("warmup", "gameover")
    if after.map_phase == "live" and (ended or restarted or reset):
        return [("round", Round("match_start"))]
    return []


def _fights(before: dict[str, GsiFigures], post: GsiPost, same_round: bool) -> list[Told]:
    """Return kills, deaths, assists and MVPs of every watched player."""
    kills: list[Kill] = []
    deaths: list[Player] = []
    rest: list[Told] = []
    for id_, person in post.watched().items():
        old = before.get(id_)
        if old is None:
            continue
        new, player = _figures(old, person), person.player(id_)
        headshots = new.headshots - (old.headshots if same_round and new.headshots >= old.headshots else 0)
        for number in range(_rise(old.kills, new.kills)):
            kills.append(Kill(player, None, person.in_hand(), headshot=number < headshots))
        deaths += [player] * _deaths(old, new)
        rest += [("assist", Assist(player))] * _rise(old.assists, new.assists)
        rest += [("objective", Objective("mvp", player))] * _rise(old.mvps, new.mvps)
    if len(kills) == len(deaths) == 1 and kills[0].attacker.team != deaths[0].team:
        # An observer's post has both sides: one kill and one death of the other side between two posts are one kill.
        return [("kill", msgspec.structs.replace(kills[0], victim=deaths[0])), *rest]
    return [*(("kill", kill) for kill in kills), *(("death", Death(player)) for player in deaths), *rest][:MAX_FIGHTS]


def _deaths(old: GsiFigures, new: GsiFigures) -> int:
    counted = _rise(old.deaths, new.deaths)
    if counted:
        return counted - min(counted, old.owed)
    return int(old.health > 0 >= new.health)


def _rise(old: int, new: int) -> int:
    return min(max(0, new - old), MAX_TOLD)


def _bomb(before: GsiState, after: GsiState) -> list[Told]:
    if after.bomb not in _BOMB or (before.number, before.bomb) == (after.number, after.bomb):
        return []
    return [("objective", Objective(after.bomb))]


def _round(before: GsiState, after: GsiState, post: GsiPost) -> list[Told]:
    """Return the end of a round, even if no post showed it, and the freeze time or start of the next."""
    told: list[Told] = []
    if after.over > before.over:
        seen = after.phase == "over"
        winner = SIDES.get(post.round.win_team, post.round.win_team) if seen else _risen(before, after)
        reason = _BOMB.get(post.round.bomb, "") if seen else ""
        told.append(("round", Round("end", bounds.word(winner), reason, after.score.scores)))
    if (before.phase, before.number) != (after.phase, after.number):
        if after.phase == "freezetime":
            told.append(("round", Round("freeze")))
        elif after.phase == "live":
            told.append(("round", Round("start")))
    return told


def _risen(before: GsiState, after: GsiState) -> str:
    """Return the side whose score alone rose, "" if none or both: sides are swapped at half-time."""
    ct, t = (after.score.scores[side] - before.score.scores[side] for side in cs_maps.SIDES)
    if (ct, t) == (1, 0):
        return "CT"
    return "TERRORIST" if (ct, t) == (0, 1) else ""


def _leader(scores: dict[str, int]) -> str:
    ct, t = (scores[side] for side in cs_maps.SIDES)
    return "" if ct == t else "CT" if ct > t else "TERRORIST"


def _score(map_: GsiMap, timer: GsiTimer | None) -> Score:
    """Return the whole score. The game counts the maps that win a series: two of best of three."""
    wins = map_.num_matches_to_win_series
    won = {"CT": map_.team_ct.matches_won_this_series, "TERRORIST": map_.team_t.matches_won_this_series}
    series = 0 < wins <= MOST_WINS
    return Score(
        {"CT": map_.team_ct.score, "TERRORIST": map_.team_t.score},
        _names(map_),
        sides=cs_maps.SIDES,
        map_name=cs_maps.title(map_.name),
        maps_won={side: min(max(maps, 0), wins) for side, maps in won.items()} if series else {},
        best_of=2 * wins - 1 if series else 0,
        timer=gsi_timer.shown(timer),
    )


def _names(map_: GsiMap) -> dict[str, str]:
    names = {"CT": map_.team_ct.name, "TERRORIST": map_.team_t.name}
    return {side: bounds.word(name) for side, name in names.items() if name}
