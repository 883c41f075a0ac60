"""Srcds lines: one line of a Source game server's log → its kind and its parts.

    L 03/14/2026 - 20:15:09: "Ada<7><[U:1:42]><CT>" [10 -20 64] killed "Bo<9><BOT><T>" [30 5 64] with "ak47" (headshot)
    ╰──────── stamp ───────╯ ╰────── actor ───────╯ ╰─ place ─╯ ╰verb╯ ╰───────────────── tail ────────────────────────╯

Names and chat are free text: a name may contain quotes, verbs, and text like the end of a player
(`Ada<1><BOT>" say "`). So a line is read from both ends:

* A player ends with `<number><account><team>"`, where the account has a known form.
* The actor has the first of these ends that is followed by a verb and its whole tail, up to the end of the line.
* A later end belongs to the actor only if the text before it can be a name: at most MAX_NAME characters.
* Chat matches any tail. So a chat line with a further end near its beginning is `unclear`: the text may be the message,
  or part of the name of a player. It is quarantined, so that no forged event is shown.
* A victim's name, too, may contain the end of a player and a verb. If the text before that end can be the name of the
  actor, the line is `unclear` as well: a name and a message together can look like a kill by another
  player (`Ada<1><BOT>" killed "` says `<9><BOT>" with "awp`).

A line that ends before its verb may have been a kill: it is `torn`, not unknown.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

from actors.errors import TooLarge

# The engine's buffer for a line has 1 KiB; four times that is more than any line of a log.
MAX_LINE_BYTES: Final = 4096
MAX_NAME: Final = 32  # Steam's limit, in characters
MAX_ENDS: Final = 8  # of players in one line

# Optional parts are written `(?:...|)`: for a `?` behind a group, `re` allocates a context for repeats.
_ACCOUNT: Final = r"BOT|Console|STEAM_[\w:]{1,32}|\[[A-Za-z]:\d+:\d+(?::\d+)?\]|\d{17}"
_END: Final = rf'<\d{{1,10}}><(?P<account>{_ACCOUNT})>(?:<(?P<team>[\w ]{{0,40}})>|)"'
# Numbers alone: a name that ends with a bracket would otherwise make a place of all up to the next one, its account
# included. With a limit: each end of a player would otherwise look for the bracket through the whole line.
_PLACE: Final = r"(?: \[[\d. -]{0,64}\]|)"
_NAME: Final = r"[^<]*+(?:|(?:<[^<]*+)+?)"  # as short as possible


def _victim(kind: str) -> str:
    end = _END.replace("(?P<", f"(?P<{kind}_")
    return rf'"(?P<{kind}_name>{_NAME}){end}{_PLACE}'


# The verbs of players, each with its tail. Groups have the kind as a prefix where several kinds have them.
_ACTIONS: Final = {
    "kill": (
        "killed (?!other )",
        rf'{_victim("kill")} with "(?P<kill_weapon>[^"]*)"(?P<how>(?: \([^()]*\))*)\s*',
    ),
    "hit": (
        "attacked ",
        (
            rf'{_victim("hit")} with "(?P<hit_weapon>[^"]*)" \(damage "(?P<damage>\d{{1,9}})"\)'
            r' \(damage_armor "(?P<damage_armor>\d{1,9})"\) \(health "(?P<health>-?\d{1,9})"\)'
            r' \(armor "(?P<armor>-?\d{1,9})"\)'
            r'(?: \(hitgroup "(?P<hitgroup>[^"]*)"\)|)\s*'
        ),
    ),
    "assist": ("(?P<flash>flash-)?assisted killing ", rf"{_victim('assist')}\s*"),
    "chat": ("say(?P<team_only>_team)? ", r'"(?P<text>.*)"(?: \(dead\))?\s*'),
    "objective": (
        (
            'triggered "(?P<action>Planted_The_Bomb|Begin_Bomb_Defuse_With(?:out)?_Kit|Defused_The_Bomb'
            '|Rescued_A_Hostage)"'
        ),
        r"(?: at bombsite (?P<site>\w+))?\s*",
    ),
    "suicide": ("committed suicide with ", r'"(?P<suicide_weapon>[^"]*)"(?: \([^()]*\))*\s*'),
    "bombed": ("was killed by the bomb", r"\.?\s*"),
    "enter": ("entered the game", r"\s*"),
    "switch": ("switched from team <[^>]*> to <(?!Unassigned>)", r"(?P<to>[\w ]+)>\s*"),
    "leave": (r"disconnected\b", r'(?: \(reason "[^"]*"\))?\s*'),
}
_TORN: Final = r'(?P<torn>(?: \[[\d. -]*\]?)? ?[a-z_ -]*+(?:"\w*+)?\Z)'

# Anything but the end of a hit, by which srcds.py recognizes one before it reads a line.
_REST: Final = r'(?!.*"\) \(health ").*'

# The lines of the world, each with its tail.
_NEWS: Final = {
    "world": ('World triggered "(?P<phase>Match_Start|Round_Start|Round_End)"', _REST),
    "notice": (
        r'(?:World|Team "(?P<winner>[^"]*)") triggered "(?:SFUI_Notice_)?(?P<reason>\w+)" \(',
        r'CT "(?P<notice_ct>\d{1,9})"\) \(T "(?P<notice_t>\d{1,9})"\)\s*',
    ),
    "score": ('Team "(?P<side>[^"]*)" scored ', r'"(?P<points>\d{1,9})" with "\d+" players\s*'),
    "names": ('(?:MatchStatus: )?Team playing "(?P<named>CT|TERRORIST)": ', "(?P<text>.*)"),
    "map": ('Started map "(?P<loaded>[^"]*)"', ".*"),
    "standing": (
        "MatchStatus: Score: ",
        r'(?P<standing_ct>\d{1,9}):(?P<standing_t>\d{1,9}) on map "(?P<standing_map>[^"]*)" RoundsPlayed: .*',
    ),
    "freeze": ("Starting Freeze period", _REST),
    "over": ("Game Over: ", r".*score (?P<over_ct>\d{1,9}):(?P<over_t>\d{1,9}) after " + _REST),
}
_BROKEN: Final = r'(?P<broken>(?:World|Team "[^"]*")(?: triggered)?(?: "\w*)?\Z)'


def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


def _whole(kinds: dict[str, tuple[str, str]]) -> str:
    return "(?:" + "|".join(rf"(?P<{kind}>{verb}{tail})" for kind, (verb, tail) in kinds.items()) + r")\Z"


def _begun(kinds: dict[str, tuple[str, str]]) -> str:
    return "(?:" + "|".join(f"(?P<{kind}>{verb})" for kind, (verb, _) in kinds.items()) + ")"


_STAMP: Final = r"(?:L |)(?:(?P<stamp>\d\d/\d\d/\d{4} - \d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,6})|)(?:: | - )|)"
_ACTION: Final = f"{_PLACE} {_whole(_ACTIONS)}"
# The stamp; for a line of a player also the first end of a player, and what follows if it is a verb and its whole tail.
_HEAD: Final = _compile(rf'{_STAMP}(?:"(?P<name>{_NAME})(?P<end>{_END})(?:{_ACTION}|)|)')
_FURTHER_END: Final = _compile(_END)
_FURTHER_ACTION: Final = _compile(_ACTION)
_VERB: Final = _compile(f"{_PLACE} {_begun(_ACTIONS)}|{_TORN}")
_WORLD: Final = _compile(_whole(_NEWS))
_WORLD_VERB: Final = _compile(f"{_begun(_NEWS)}|{_BROKEN}")

# The group of the name of the victim, by the kind of line.
_VICTIMS: Final = {kind: f"{kind}_name" for kind in ("kill", "hit", "assist")}
_CERTAIN: Final = frozenset(_ACTIONS) - {"chat"}

Match = re.Match[bytes]


class LogLine(Struct, frozen=True, gc=False):
    """A line of a known kind.

    kind    its name in the tables above, `torn`, `broken` or `unclear`
    stamp   the match of the beginning of the line
    tail    the match of the verb and the rest; None if the line is cut or `unclear`
    name    the name of the actor; b"" for lines of the world
    end     the match of the end of the actor
    rest    of a line without a tail: the position behind the verb
    """

    kind: str
    stamp: Match
    tail: Match | None
    name: bytes = b""
    end: Match | None = None
    rest: int = 0


def parse(body: bytes) -> LogLine | None:
    """Return the line; None for the many kinds that become no event."""
    head = _HEAD.match(body)
    assert head is not None, "the pattern matches an empty text"
    if head.lastgroup in _CERTAIN:
        match _doubt(body, head.start("name"), head):
            case None:
                return LogLine(head.lastgroup, head, head, head["name"], head)
            case "unclear":
                return LogLine("unclear", head, None)
    return _of_world(body, head) if head["end"] is None else _of_player(body, head)


def _of_world(body: bytes, head: Match) -> LogLine | None:
    line = _WORLD.match(body, head.end())
    if line is not None:
        return LogLine(line.lastgroup or "", head, line)
    verb = _WORLD_VERB.match(body, head.end())
    return None if verb is None else LogLine(verb.lastgroup or "", head, None, rest=verb.end())


def _of_player(body: bytes, head: Match) -> LogLine | None:
    """Return the line of a player whose first end is not followed by a verb with its tail, except chat."""
    said: LogLine | None = None
    cut: LogLine | None = None
    if head.lastgroup == "chat":
        said = LogLine("chat", head, head, head["name"], head)
    else:
        cut = _cut(body, head, head["name"], head, head.end("end"))
    for number, end in enumerate(_FURTHER_END.finditer(body, head.end("end")), start=1):
        name = body[head.start("name") : end.start()]
        if number == MAX_ENDS or _is_too_long(name):
            break
        if said is not None:  # a message or a part of a name: both are possible
            return LogLine("unclear", head, None)
        action = _FURTHER_ACTION.match(body, end.end())
        doubt = "impossible" if action is None else _doubt(body, head.start("name"), action)
        if doubt == "unclear":
            return LogLine("unclear", head, None)
        if action is None or doubt is not None:
            cut = cut or _cut(body, head, name, end, end.end())
            continue
        line = LogLine(action.lastgroup or "", head, action, name, end)
        if line.kind != "chat":
            return line
        said = line
    return said or cut


def _cut(body: bytes, head: Match, name: bytes, end: Match, position: int) -> LogLine | None:
    """Return the line with the verb at `position`, whose tail does not match."""
    verb = _VERB.match(body, position)
    return None if verb is None else LogLine(verb.lastgroup or "", head, None, name, end, verb.end())


def _doubt(body: bytes, start: int, action: Match) -> Literal["impossible", "unclear"] | None:
    """Return why an action may not be that of the line, None if it is; `start` is that of the actor's name.

    impossible  the name of the victim is too long, and has the end of a player in it
    unclear     the name of the victim has an end in it that may be that of the actor
    """
    group = _VICTIMS.get(action.lastgroup or "")
    if group is None or b'>"' not in (victim := action[group]):
        return None
    for end in _FURTHER_END.finditer(victim):
        if _is_too_long(victim):
            return "impossible"
        first = action.start(group)
        if not _is_too_long(body[start : first + end.start()]) and _FURTHER_ACTION.match(body, first + end.end()):
            return "unclear"
    return None


def _is_too_long(name: bytes) -> bool:
    return len(name) > MAX_NAME and len(name.decode("utf-8", "replace")) > MAX_NAME


_BREAK: Final = re.compile(rb"[\r\n\0]+")


def split(body: bytes, max_lines: int = 0) -> list[bytes]:
    """Return the lines of an HTTP body, each cut to MAX_LINE_BYTES (a cut line is rejected with a reason, not lost).

    Raises:
        TooLarge: it has more than `max_lines`; 0 is any number.
    """
    parts = _BREAK.split(body, max_lines)
    if len(parts) > max_lines > 0 and parts[-1]:
        raise TooLarge(f"Expected at most {max_lines} lines")
    return [line[:MAX_LINE_BYTES] for part in parts if (line := part.strip())]
