"""Srcds: one line of the log of a Source game server (CS2, CS:GO and their relatives) → its event.

srcds_lines.py reads the line; this module maps each kind of line to an event and a lane. `category` and `normalize`
agree on which lines are critical: both read the whole line, except that `category` recognizes hits by a few words.

Left out on purpose: purchases, grenades, buy zones; picking up and dropping the bomb, which happens several times a
round; `connected`, because `entered the game` follows; leaving a team, because `disconnected` follows. Time stamps are
the local time of the server without a zone; they are read as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec import Struct

from actors.adapters import bounds, cs_maps
from actors.adapters.build import build
from actors.adapters.srcds_lines import LogLine, Match, parse, split
from actors.core.contract.event import Category, Event, RawItem
from actors.core.contract.payload import Payload, Player
from actors.core.contract.types.chat import Chat
from actors.core.contract.types.combat import Assist, Death, Hit, Kill
from actors.core.contract.types.match import Objective, Presence, Round, Score, Side
from actors.errors import BadInput

__all__ = ["category", "normalize", "split"]

Meaning = tuple[str, Payload] | None


def _text(raw: bytes, limit: int = 64) -> str:
    return raw.decode("utf-8", "replace")[:limit]


# The weapons and body parts of a game are few.
@lru_cache(maxsize=256)
def _word(raw: bytes) -> str:
    return _text(raw)


_UNIQUE: Final = re.compile(rb"STEAM_\d:\d:\d+|\[\w:\d+:\d+[:\d]*\]|\d{17}")


# The players of a match are in thousands of its lines.
@lru_cache(maxsize=256)
def _player(name: bytes, account: bytes, team: bytes | None) -> Player:
    """Return a player. Bots and the console have no account: their id is made of their name."""
    shown = _text(name) or "?"
    id_ = _text(account) if _UNIQUE.fullmatch(account) else f"{_text(account)}:{shown}"[:64]
    return Player(id_, shown, _text(team or b""))


def _actor(line: LogLine) -> Player:
    assert line.end is not None, "lines of players have one"
    return _player(line.name, *line.end.group("account", "team"))


def _kill(line: LogLine, tail: Match) -> Meaning:
    attacker, victim = _actor(line), _player(*tail.group("kill_name", "kill_account", "kill_team"))
    weapon = _word(tail["kill_weapon"])
    if attacker.id == victim.id or weapon == "world":
        return "death", Death(victim, weapon)
    how = tail["how"]
    kill = Kill(
        attacker,
        victim,
        weapon,
        headshot=b"headshot" in how,
        penetrated=b"penetrated" in how,
        noscope=b"noscope" in how,
        through_smoke=b"throughsmoke" in how,
    )
    return "kill", kill


_HIT_GROUPS: Final = (
    *("hit_name", "hit_account", "hit_team", "hit_weapon"),
    *("damage", "damage_armor", "health", "armor", "hitgroup"),
)


def _hit(line: LogLine, tail: Match) -> Meaning:
    name, account, team, weapon, damage, damage_armor, health, armor, hitgroup = tail.group(*_HIT_GROUPS)
    victim = _player(name, account, team)
    numbers = int(damage), int(damage_armor), int(health), int(armor)
    return "hit", Hit(_actor(line), victim, _word(weapon), *numbers, _word(hitgroup or b""))


def _assist(line: LogLine, tail: Match) -> Meaning:
    victim = _player(*tail.group("assist_name", "assist_account", "assist_team"))
    return "assist", Assist(_actor(line), victim, "flash" if tail["flash"] else "damage")


def _chat(line: LogLine, tail: Match) -> Meaning:
    text = _text(tail["text"], 500)
    if not text.strip():
        return None
    user = _actor(line)
    return "chat", Chat(user.name, text, user.id, channel="game", team_only=tail["team_only"] is not None)


_ACTIONS: Final = {
    b"Planted_The_Bomb": "planted",
    b"Begin_Bomb_Defuse_With_Kit": "defusing",
    b"Begin_Bomb_Defuse_Without_Kit": "defusing",
    b"Defused_The_Bomb": "defused",
    b"Rescued_A_Hostage": "rescued",
}


def _objective(line: LogLine, tail: Match) -> Meaning:
    return "objective", Objective(_ACTIONS[tail["action"]], _actor(line), _text(tail["site"] or b""))


def _suicide(line: LogLine, tail: Match) -> Meaning:
    return "death", Death(_actor(line), _word(tail["suicide_weapon"]))


def _bombed(line: LogLine, _: Match) -> Meaning:
    return "death", Death(_actor(line), "bomb")


def _enter(line: LogLine, _: Match) -> Meaning:
    return "player_join", Presence(_actor(line))


def _switch(line: LogLine, tail: Match) -> Meaning:
    return "player_join", Presence(msgspec.structs.replace(_actor(line), team=_text(tail["to"])))


def _leave(line: LogLine, _: Match) -> Meaning:
    return "player_leave", Presence(_actor(line))


_PHASES: Final[dict[bytes, Literal["match_start", "start", "end"]]] = {
    b"Match_Start": "match_start",
    b"Round_Start": "start",
    b"Round_End": "end",
}


def _world(_: LogLine, tail: Match) -> Meaning:
    return "round", Round(_PHASES[tail["phase"]])


def _notice(_: LogLine, tail: Match) -> Meaning:
    return "round", Round("end", _text(tail["winner"] or b""), _text(tail["reason"]), _scores(tail, "notice"))


def _freeze(_: LogLine, __: Match) -> Meaning:
    return "round", Round("freeze")


def _over(_: LogLine, tail: Match) -> Meaning:
    scores = _scores(tail, "over")
    best = max(scores.values())
    leaders = [team for team, points in scores.items() if points == best]
    return "round", Round("match_end", leaders[0] if len(leaders) == 1 else "", scores=scores)


def _scores(tail: Match, kind: str) -> dict[str, int]:
    return {"CT": int(tail[f"{kind}_ct"]), "TERRORIST": int(tail[f"{kind}_t"])}


# Known words of teams are sides at the same time.
_SIDES: Final[dict[str, dict[str, Side]]] = {team: {team: side} for team, side in cs_maps.SIDES.items()}


def _score(_: LogLine, tail: Match) -> Meaning:
    team = _text(tail["side"])
    return "score", Score({team: int(tail["points"])}, sides=_SIDES.get(team, {}))


def _names(_: LogLine, tail: Match) -> Meaning:
    return "score", Score({}, {_text(tail["named"]): bounds.name(_text(tail["text"]))})


def _map(_: LogLine, tail: Match) -> Meaning:
    return "score", Score({}, map_name=cs_maps.title(_text(tail["loaded"])))


def _standing(_: LogLine, tail: Match) -> Meaning:
    title = cs_maps.title(_text(tail["standing_map"]))
    return "score", Score(_scores(tail, "standing"), sides=cs_maps.SIDES, map_name=title)


class _LineKind(Struct, frozen=True):
    """A kind of line: the lane of its event, and the function that reads it."""

    lane: Category
    read: Callable[[LogLine, Match], Meaning]


_KINDS: Final[dict[str, _LineKind]] = {
    "kill": _LineKind(Category.CRITICAL, _kill),
    "hit": _LineKind(Category.COSMETIC, _hit),
    "assist": _LineKind(Category.NORMAL, _assist),
    "chat": _LineKind(Category.NORMAL, _chat),
    "objective": _LineKind(Category.CRITICAL, _objective),
    "suicide": _LineKind(Category.CRITICAL, _suicide),
    "bombed": _LineKind(Category.CRITICAL, _bombed),
    "enter": _LineKind(Category.NORMAL, _enter),
    "switch": _LineKind(Category.NORMAL, _switch),
    "leave": _LineKind(Category.NORMAL, _leave),
    "world": _LineKind(Category.CRITICAL, _world),
    "notice": _LineKind(Category.CRITICAL, _notice),
    "score": _LineKind(Category.STATE, _score),
    "names": _LineKind(Category.STATE, _names),
    "map": _LineKind(Category.STATE, _map),
    "standing": _LineKind(Category.STATE, _standing),
    "freeze": _LineKind(Category.CRITICAL, _freeze),
    "over": _LineKind(Category.CRITICAL, _over),
}
# Malformed lines are critical, because they may have been kills.
_UNREAD: Final = {
    "torn": "Cut line, expected a player and an action",
    "broken": "Cut line, expected an action",
    "unclear": "Ambiguous line: a name or a message in it looks like a line of its own",
}


_HIT_END_BYTES: Final = 80  # from the health to the end of a hit


def _is_hit(body: bytes) -> bool:
    """Return whether a line can be a hit and cannot be critical.

    Hits are the most frequent events of a log, and reading a line costs twice as much as these comparisons. No
    name stands at the end of a line, so the end tells what the server wrote: only hits have a health there. A kill
    with such an end, as an extension of a server may write it, has its verb.
    """
    return (
        body.endswith(b'")')
        and body.find(b'") (health "', -_HIT_END_BYTES) != -1
        and b' attacked "' in body
        and b' killed "' not in body
    )


def category(body: bytes) -> Category | None:
    """Return the lane of a line; None for the many lines that become no event."""
    if _is_hit(body):
        return Category.COSMETIC
    line = parse(body)
    if line is None:
        return None
    return Category.CRITICAL if line.kind in _UNREAD else _KINDS[line.kind].lane


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the event of a line, or none."""
    line = parse(item.body)
    if line is None:
        return []
    if line.kind in _UNREAD:
        raise BadInput(f"{_UNREAD[line.kind]}, got `{_text(item.body, 200)}`")
    if line.tail is None:
        rest = _text(item.body[line.rest :], 120)
        raise BadInput(f"Cut or malformed {line.kind} line, got `{rest}` behind the verb")
    meaning = _KINDS[line.kind].read(line, line.tail)
    if meaning is None:
        return []
    type_, payload = meaning
    key = _score_key(payload) if isinstance(payload, Score) else None
    stamp_ms = _stamp_ms(line.stamp)
    return [build(item, producer, pgen, type_, payload, source="srcds", ts_source_ms=stamp_ms, coalesce_key=key)]


def _score_key(score: Score) -> str:
    """Return the key of a part of the score: a server reports one side at a time, and names and map by themselves."""
    if score.scores:
        return f"score:{next(iter(score.scores))}" if len(score.scores) == 1 else "score"
    return f"score:name:{next(iter(score.names))}" if score.names else "score:map"


# Of the last digit of a fraction of a second, by the number of its digits.
_UNIT_MS: Final = tuple(1_000 / 10**digits for digits in range(7))


def _stamp_ms(head: Match) -> float | None:
    stamp, fraction = head.group("stamp", "fraction")
    if stamp is None:
        return None
    return _second_ms(stamp) + (int(fraction) * _UNIT_MS[len(fraction)] if fraction else 0.0)


@lru_cache(maxsize=64)
def _second_ms(stamp: bytes) -> float:
    try:
        moment = datetime.strptime(stamp.decode(), "%m/%d/%Y - %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput(f"Malformed time stamp, expected MM/DD/YYYY - HH:MM:SS, got `{stamp.decode()}`") from error
    return moment.timestamp() * 1_000
