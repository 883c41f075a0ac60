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

A line that ends before its verb may have been a kill: it is `torn`, not unknown.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from actors.errors import TooLarge

# The engine's buffer for a line has 1 KiB; four times that is more than any line of a log.
MAX_LINE_BYTES: Final = 4096
MAX_NAME: Final = 32  # Steam's limit, in characters
MAX_ENDS: Final = 8  # of players in one line

_ACCOUNT: Final = r"BOT|Console|STEAM_[\w:]{1,32}|\[[A-Za-z]:\d+:\d+(?::\d+)?\]|\d{17}"
_END: Final = rf'<\d{{1,10}}><(?P<account>{_ACCOUNT})>(?:<(?P<team>[\w ]{{0,40}})>)?"'
# With a limit: each end of a player would otherwise look for the bracket through the whole line.
_PLACE: Final = r"(?: \[[^\]]{0,64}\])?"
_VICTIM: Final = rf'"(?P<name>.*?){_END}{_PLACE}'


def _compile(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


_STAMP: Final = r"(?:L )?(?:(?P<stamp>\d\d/\d\d/\d{4} - \d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,6}))?(?:: | - ))?"
_VERB: Final = (
    rf"(?:{_PLACE} (?:"
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
    r'|(?P<torn>(?: \[[^\]]*\]?)? ?[a-z_ -]*+(?:"\w*+)?\Z))'
)
# The stamp; for a line of a player also the first end of a player, and the verb behind it. Each part may be missing.
_HEAD: Final = _compile(rf'{_STAMP}(?:"(?P<name>[^<]*+(?:<[^<]*+)*?)(?P<end>{_END})(?:{_VERB})?)?')
_FURTHER_END: Final = _compile(_END)
_FURTHER_VERB: Final = _compile(_VERB)
_WORLD: Final = _compile(
    r'(?P<world>World triggered "(?P<phase>Match_Start|Round_Start|Round_End)")'
    r'|(?P<notice>(?:World|Team "(?P<winner>[^"]*)") triggered "(?:SFUI_Notice_)?(?P<reason>\w+)" \()'
    r'|(?P<score>Team "(?P<side>[^"]*)" scored )'
    r'|(?P<names>(?:MatchStatus: )?Team playing "(?P<named>CT|TERRORIST)": )'
    r'|(?P<broken>(?:World|Team "[^"]*")(?: triggered)?(?: "\w*)?\Z)'
    r"|(?P<freeze>Starting Freeze period)"
    r"|(?P<over>Game Over: )"
)
_TAILS: Final = {
    kind: _compile(pattern)
    for kind, pattern in {
        "kill": rf'{_VICTIM} with "(?P<weapon>[^"]*)"(?P<how>(?: \([^()]*\))*)\s*',
        "hit": rf'{_VICTIM} with "(?P<weapon>[^"]*)" \(damage "(?P<damage>\d{{1,9}})"\)'
        r' \(damage_armor "(?P<damage_armor>\d{1,9})"\) \(health "(?P<health>-?\d{1,9})"\)'
        r' \(armor "(?P<armor>-?\d{1,9})"\)(?: \(hitgroup "(?P<hitgroup>[^"]*)"\))?\s*',
        "assist": rf"{_VICTIM}\s*",
        "chat": r'"(?P<text>.*)"(?: \(dead\))?\s*',
        "objective": r"(?: at bombsite (?P<site>\w+))?\s*",
        "suicide": r'"(?P<weapon>[^"]*)"(?: \([^()]*\))*\s*',
        "bombed": r"\.?\s*",
        "enter": r"\s*",
        "switch": r"(?P<to>[\w ]+)>\s*",
        "leave": r'(?: \(reason "[^"]*"\))?\s*',
        "world": r".*",
        "notice": r'CT "(?P<ct>\d{1,9})"\) \(T "(?P<t>\d{1,9})"\)\s*',
        "score": r'"(?P<points>\d{1,9})" with "\d+" players\s*',
        "names": r"(?P<text>.*)",
        "freeze": r".*",
        "over": r".*score (?P<ct>\d{1,9}):(?P<t>\d{1,9}) after .*",
    }.items()
}

_OF_VICTIMS: Final = frozenset({"kill", "hit", "assist"})

Match = re.Match[bytes]


class LogLine(Struct, frozen=True):
    """A line of a known kind.

    name    the name of the actor; b"" for lines of the world
    end     the match of the end of the actor
    head    the match up to and including the verb
    tail    the match of the rest; None if the line is cut or `unclear`
    """

    kind: str
    stamp: Match
    head: Match
    tail: Match | None
    name: bytes = b""
    end: Match | None = None


def parse(body: bytes) -> LogLine | None:
    """Return the line; None for the many kinds that become no event."""
    head = _HEAD.match(body)
    assert head is not None, "the pattern matches an empty text"
    if head["end"] is None:
        world = _WORLD.match(body, head.end())
        return None if world is None else _line(body, head, world)
    line = None if head.lastgroup == "end" else _line(body, head, head, head["name"], head)
    if line is not None and line.tail is not None and line.kind != "chat":
        return line
    return _of_player(body, head, line)


def _of_player(body: bytes, head: Match, first: LogLine | None) -> LogLine | None:
    """Return the line of a player; `first` is the reading in which the actor has the first end, if there is one."""
    said = first if first is not None and first.tail is not None else None
    cut = first
    for number, end in enumerate(_FURTHER_END.finditer(body, head.end("end")), start=1):
        name = body[head.start("name") : end.start()]
        if number == MAX_ENDS or _is_too_long(name):
            break
        if said is not None:  # a message or a part of a name: both are possible
            return LogLine("unclear", head, said.head, None)
        verb = _FURTHER_VERB.match(body, end.end())
        if verb is None:
            continue
        line = _line(body, head, verb, name, end)
        if line.tail is not None and line.kind != "chat":
            return line
        said = line if line.tail is not None else None
        cut = cut or line
    return said or cut


def _line(body: bytes, stamp: Match, head: Match, name: bytes = b"", end: Match | None = None) -> LogLine:
    """Return the line with this verb; its tail is None if it does not match, or if the victim's name is too long."""
    kind = head.lastgroup or ""
    pattern = _TAILS.get(kind)
    tail = None if pattern is None else pattern.fullmatch(body, head.end())
    if tail is not None and kind in _OF_VICTIMS:
        victim = tail["name"]
        if _is_too_long(victim) and _FURTHER_END.search(victim):
            tail = None
    return LogLine(kind, stamp, head, tail, name, end)


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
