"""Srcds: one line of a Source game server's log (CS2, CS:GO and their relatives).

    L 03/14/2026 - 20:15:09: "Ada<7><[U:1:42]><CT>" [10 -20 64] killed "Bo<9><BOT><T>" [30 5 64] with "ak47" (headshot)
    ╰──────── stamp ───────╯ ╰────── actor ───────╯ ╰─ place ─╯ ╰verb╯ ╰───────────────── tail ────────────────────────╯

Players choose their names and write what they like, so a line is read from its left: the first `<n><id><team>"`
ends the actor, the word right behind it is the verb, and nothing that comes later can change what kind of
line it is. A chat message that quotes a kill is chat.

`category` reads up to the verb. `normalize` goes by the same match, so that an event is always in the lane that
`category` announced. A line that breaks off before its verb is critical, for it may have been a kill: it is
rejected and kept, not ignored.

What is left out on purpose: purchases, grenades, buy zones; picking up and dropping the bomb, several times a round;
`connected`, which `entered the game` follows; leaving a team, which `disconnected` follows. A server stamps
its own local time and does not say which: it is read as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from actors.adapters.build import build
from actors.core.contract.event import Category, Event, RawItem
from actors.core.contract.payload import Payload, Player
from actors.core.contract.types.chat import Chat
from actors.core.contract.types.combat import Assist, Death, Hit, Kill
from actors.core.contract.types.match import Objective, Presence, Round, Score
from actors.errors import BadInput

# The engine's own buffer for a line is 1 KiB; what is longer than four of them is no line of a log.
MAX_LINE_BYTES: Final = 4096

_PLAYER: Final = (
    r'"(?>(?P<name>[^<]*(?:<[^<]*)*?)<\d{1,10}><(?P<account>[\w:\[\]]{0,40})>(?:<(?P<team>[\w ]{0,40})>)?")'
)
_PLACE: Final = r"(?: \[[^\]]*\])?"


def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


_HEAD: Final = _compile(
    r"(?:L )?(?:(?P<stamp>\d\d/\d\d/\d{4} - \d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,6}))?(?:: | - ))?"
    rf"(?:{_PLAYER}(?:{_PLACE} (?:"
    r"(?P<kill>killed (?!other ))"
    r"|(?P<hit>attacked )"
    r"|(?P<assist>(?P<flash>flash-)?assisted killing )"
    r"|(?P<chat>say(?P<team_only>_team)? )"
    r'|(?P<objective>triggered "(?P<action>Planted_The_Bomb|Begin_Bomb_Defuse_With(?:out)?_Kit|Defused_The_Bomb'
    r'|Rescued_A_Hostage)")'
    r"|(?P<suicide>committed suicide with )"
    r"|(?P<bombed>was killed by the bomb)"
    r"|(?P<enter>entered the game)"
    r"|(?P<switch>switched from team <[^>]*> to <(?!Unassigned>))"
    r"|(?P<leave>disconnected\b))"
    r'|(?P<torn>(?: \[[^\]]*\]?)? ?[a-z_ -]*(?:"\w*)?\Z))'
    r'|(?P<world>World triggered "(?P<phase>Match_Start|Round_Start|Round_End)")'
    r'|(?P<notice>(?:World|Team "(?P<winner>[^"]*)") triggered "(?:SFUI_Notice_)?(?P<reason>\w+)" \()'
    r'|(?P<score>Team "(?P<side>[^"]*)" scored )'
    r'|(?P<broken>(?:World|Team "[^"]*")(?: triggered)?(?: "\w*)?\Z)'
    r"|(?P<freeze>Starting Freeze period)"
    r"|(?P<over>Game Over: ))"
)

Match = re.Match[bytes]
Meaning = tuple[str, Payload] | None


def _text(raw: bytes, limit: int = 64) -> str:
    return raw.decode("utf-8", "replace")[:limit]


_ACCOUNT: Final = re.compile(rb"STEAM_\d:\d:\d+|\[\w:\d+:\d+[:\d]*\]|\d{17}")


def _player(match: Match, team: bytes | None = None) -> Player:
    """Return the player of a match. Bots and the console have no account: their name makes their id."""
    name, account, own_team = match.group("name", "account", "team")
    shown = _text(name) or "?"
    id_ = _text(account) if _ACCOUNT.fullmatch(account) else f"{_text(account)}:{shown}"[:64]
    return Player(id_, shown, _text(team or own_team or b""))


def _kill(head: Match, tail: Match) -> Meaning:
    attacker, victim, weapon = _player(head), _player(tail), _text(tail["weapon"])
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


def _hit(head: Match, tail: Match) -> Meaning:
    damage, damage_armor, health, armor = map(int, tail.group("damage", "damage_armor", "health", "armor"))
    weapon, hitgroup = _text(tail["weapon"]), _text(tail["hitgroup"] or b"")
    return "hit", Hit(_player(head), _player(tail), weapon, damage, damage_armor, health, armor, hitgroup)


def _assist(head: Match, tail: Match) -> Meaning:
    return "assist", Assist(_player(head), _player(tail), "flash" if head["flash"] else "damage")


def _chat(head: Match, tail: Match) -> Meaning:
    text = _text(tail["text"], 500)
    if not text.strip():
        return None
    user = _player(head)
    return "chat", Chat(user.name, text, user.id, channel="game", team_only=head["team_only"] is not None)


_ACTIONS: Final = {
    b"Planted_The_Bomb": "planted",
    b"Begin_Bomb_Defuse_With_Kit": "defusing",
    b"Begin_Bomb_Defuse_Without_Kit": "defusing",
    b"Defused_The_Bomb": "defused",
    b"Rescued_A_Hostage": "rescued",
}


def _objective(head: Match, tail: Match) -> Meaning:
    return "objective", Objective(_ACTIONS[head["action"]], _player(head), _text(tail["site"] or b""))


def _suicide(head: Match, tail: Match) -> Meaning:
    return "death", Death(_player(head), _text(tail["weapon"]))


def _bombed(head: Match, _: Match) -> Meaning:
    return "death", Death(_player(head), "bomb")


def _enter(head: Match, _: Match) -> Meaning:
    return "player_join", Presence(_player(head))


def _switch(head: Match, tail: Match) -> Meaning:
    return "player_join", Presence(_player(head, tail["to"]))


def _leave(head: Match, _: Match) -> Meaning:
    return "player_leave", Presence(_player(head))


_PHASES: Final[dict[bytes, Literal["match_start", "start", "end"]]] = {
    b"Match_Start": "match_start",
    b"Round_Start": "start",
    b"Round_End": "end",
}


def _world(head: Match, _: Match) -> Meaning:
    return "round", Round(_PHASES[head["phase"]])


def _notice(head: Match, tail: Match) -> Meaning:
    return "round", Round("end", _text(head["winner"] or b""), _text(head["reason"]), _scores(tail))


def _freeze(_: Match, __: Match) -> Meaning:
    return "round", Round("freeze")


def _over(_: Match, tail: Match) -> Meaning:
    scores = _scores(tail)
    best = max(scores.values())
    leaders = [team for team, points in scores.items() if points == best]
    return "round", Round("match_end", leaders[0] if len(leaders) == 1 else "", scores=scores)


def _scores(tail: Match) -> dict[str, int]:
    return {"CT": int(tail["ct"]), "TERRORIST": int(tail["t"])}


def _score(head: Match, tail: Match) -> Meaning:
    return "score", Score({_text(head["side"]): int(tail["points"])})


def _torn(head: Match, _: Match) -> Meaning:
    raise BadInput(f"Cut line, expected a player and what they did, got `{_text(head[0], 200)}`")


class _Kind(Struct, frozen=True):
    """A kind of line: the lane of what it means, the shape of its tail, and the reading of both parts."""

    lane: Category
    tail: re.Pattern[bytes]
    read: Callable[[Match, Match], Meaning]


_ANY: Final = _compile(r".*")
_VICTIM: Final = _PLAYER + _PLACE
_KINDS: Final[dict[str | None, _Kind]] = {
    "kill": _Kind(
        Category.CRITICAL,
        _compile(rf'{_VICTIM} with "(?P<weapon>[^"]*)"(?P<how>(?: \([^)]*\))*)\s*'),
        _kill,
    ),
    "hit": _Kind(
        Category.COSMETIC,
        _compile(
            rf'{_VICTIM} with "(?P<weapon>[^"]*)" \(damage "(?P<damage>\d{{1,9}})"\)'
            r' \(damage_armor "(?P<damage_armor>\d{1,9})"\) \(health "(?P<health>-?\d{1,9})"\)'
            r' \(armor "(?P<armor>-?\d{1,9})"\)(?: \(hitgroup "(?P<hitgroup>[^"]*)"\))?\s*'
        ),
        _hit,
    ),
    "assist": _Kind(Category.NORMAL, _compile(rf"{_VICTIM}\s*"), _assist),
    "chat": _Kind(Category.NORMAL, _compile(r'"(?P<text>.*)"(?: \(dead\))?\s*'), _chat),
    "objective": _Kind(Category.CRITICAL, _compile(r"(?: at bombsite (?P<site>\w+))?.*"), _objective),
    "suicide": _Kind(Category.CRITICAL, _compile(r'"(?P<weapon>[^"]*)".*'), _suicide),
    "bombed": _Kind(Category.CRITICAL, _ANY, _bombed),
    "enter": _Kind(Category.NORMAL, _ANY, _enter),
    "switch": _Kind(Category.NORMAL, _compile(r"(?P<to>[\w ]+)>\s*"), _switch),
    "leave": _Kind(Category.NORMAL, _ANY, _leave),
    "world": _Kind(Category.CRITICAL, _ANY, _world),
    "notice": _Kind(Category.CRITICAL, _compile(r'CT "(?P<ct>\d{1,9})"\) \(T "(?P<t>\d{1,9})"\)\s*'), _notice),
    "score": _Kind(Category.STATE, _compile(r'"(?P<points>\d{1,9})" with "\d+" players\s*'), _score),
    "freeze": _Kind(Category.CRITICAL, _ANY, _freeze),
    "over": _Kind(Category.CRITICAL, _compile(r".*score (?P<ct>\d{1,9}):(?P<t>\d{1,9}) after .*"), _over),
    "torn": _Kind(Category.CRITICAL, _ANY, _torn),
    "broken": _Kind(Category.CRITICAL, _ANY, _torn),
}


def category(body: bytes) -> Category | None:
    """Return the lane of a line; None for the many lines that no viewer cares about."""
    head = _HEAD.match(body)
    return None if head is None else _KINDS[head.lastgroup].lane


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the event that a line means, or none."""
    head = _HEAD.match(item.body)
    if head is None:
        return []
    kind = _KINDS[head.lastgroup]
    tail = kind.tail.fullmatch(item.body, head.end())
    if tail is None:
        rest = _text(item.body[head.end() :], 120)
        raise BadInput(f"Cut or malformed {head.lastgroup} line, got `{rest}` behind the verb")
    meaning = kind.read(head, tail)
    if meaning is None:
        return []
    type_, payload = meaning
    key = f"score:{next(iter(payload.scores))}" if isinstance(payload, Score) else None
    return [build(item, producer, pgen, type_, payload, source="srcds", ts_source_ms=_stamp_ms(head), coalesce_key=key)]


def _stamp_ms(head: Match) -> float | None:
    stamp, fraction = head.group("stamp", "fraction")
    if stamp is None:
        return None
    return _second_ms(stamp) + (float(b"0." + fraction) * 1_000 if fraction else 0.0)


@lru_cache(maxsize=64)
def _second_ms(stamp: bytes) -> float:
    try:
        moment = datetime.strptime(stamp.decode(), "%m/%d/%Y - %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput(f"Malformed time stamp, expected MM/DD/YYYY - HH:MM:SS, got `{stamp.decode()}`") from error
    return moment.timestamp() * 1_000


_BREAK: Final = re.compile(rb"[\r\n\0]+")


def split(body: bytes) -> list[bytes]:
    """Return the lines of an HTTP body, each cut to MAX_LINE_BYTES (a cut line is rejected by name, not lost)."""
    return [line[:MAX_LINE_BYTES] for part in _BREAK.split(body) if (line := part.strip())]
