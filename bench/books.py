"""The records of a rehearsal: accepted lines, and the events that follow from them. Pure.

A rehearsal uses no counter of the product. It parses the lines that it posts with its own code and gives each
critical one a *content key*: the expected fields of its event (type, time, players, weapon). All events that it
later receives, from the log, a socket or a page, are matched with lines by key:

    first event with a free line of its key     that line has arrived
    an id that was seen before                   a duplicate
    all lines of its key have arrived already   a duplicate (one line became two events)
    no line has its key                         strange

Keys are used instead of ids, because the product assigns the ids. An error that gives two ids to one line, or one id
to two lines, would not be detected by them. Equal keys (two equal lines within one second) are interchangeable for a
viewer; they are matched in order.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from actors.adapters import srcds
from actors.core.contract.event import Category, RawItem
from actors.errors import BadInput

ContentKey = tuple[Any, ...]

# Matches a kill from the left, so that a chat message that quotes a kill does not match. Players choose their names:
# the first `<n><account><team>"` ends a name.
_PLAYER = r'"(?P<{0}>.*?)<\d+><(?P<{0}_account>[^<>]*)><[^<>]*>"'
_KILL = re.compile(
    r"(?:L )?(?P<stamp>\d\d/\d\d/\d{4} - \d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?:: | - )"
    + _PLAYER.format("attacker")
    + r"(?: \[[^\]]*\])? killed "
    + _PLAYER.format("victim")
    + r'(?: \[[^\]]*\])? with "(?P<weapon>[^"]*)"(?P<how>.*)'
)


class Line(NamedTuple):
    """A critical line as it was posted. `key` is None if it becomes no event or is `rejected`."""

    number: int
    key: ContentKey | None
    rejected: bool = False


class Sighting(NamedTuple):
    """A critical event that was seen at a place, in the order of arrival."""

    id: str
    position: int
    key: ContentKey
    at_s: float = 0.0

    @property
    def derived(self) -> bool:
        """Whether it follows from other events (a multikill) and so has no line."""
        return "+" in self.id


class Verdict(NamedTuple):
    """The comparison of one place (log, socket, page) with the accepted lines. `lost` to `strange` must be empty."""

    arrived: dict[int, float]
    lost: list[int]
    duplicated: list[str]
    reordered: list[str]
    strange: list[str]
    derived: int


def read_line(number: int, body: bytes) -> Line | None:
    """Return the line if it is critical, None if it is not.

    Kills are parsed here; for all other lines the adapter of the product is called.
    """
    kill = _KILL.fullmatch(body.decode("utf-8", "replace"))
    if kill is not None and not _by_the_world(kill):
        return Line(number, key_of_kill(kill))
    if srcds.category(body) is not Category.CRITICAL:
        return None
    try:
        events = srcds.normalize(RawItem(number, 1, "srcds", body, 0.0), "rehearsal", 1)
    except BadInput:
        return Line(number, None, rejected=True)
    if not events:
        return Line(number, None)
    event = events[0]
    return Line(number, (event.type, event.ts_source_ms, _canonical(_decoded(event.payload))))


def key_of_kill(kill: re.Match[str]) -> ContentKey:
    moment = datetime.strptime(kill["stamp"], "%m/%d/%Y - %H:%M:%S").replace(tzinfo=UTC)
    ts_ms = moment.timestamp() * 1000 + float(f"0.{kill['fraction'] or 0}") * 1000
    return ("kill", ts_ms, kill["attacker"][:64], kill["victim"][:64], kill["weapon"][:64], "headshot" in kill["how"])


def _by_the_world(kill: re.Match[str]) -> bool:
    """A suicide or a kill by the world is a death in the taxonomy; the adapter returns its fields."""
    own = kill["attacker"] == kill["victim"] and kill["attacker_account"] == kill["victim_account"]
    return own or kill["weapon"] == "world"


def key_of(type_: str, ts_source_ms: float | None, payload: dict[str, Any]) -> ContentKey:
    """Return the content key of an event that was seen."""
    if type_ != "kill":
        return (type_, ts_source_ms, _canonical(payload))
    return (
        "kill",
        ts_source_ms,
        payload["attacker"]["name"],
        payload["victim"]["name"],
        payload.get("weapon", ""),
        payload.get("headshot", False),
    )


def judge(lines: Iterable[Line], accepted: set[int], seen: Sequence[Sighting]) -> Verdict:
    """Match seen events with the lines.

    Args:
        lines: all critical lines that were posted, in the order of posting.
        accepted: the numbers of those that were answered with 200. Only these can be lost.
    """
    waiting: dict[ContentKey, deque[int]] = defaultdict(deque)
    for line in lines:
        if line.key is not None:
            waiting[line.key].append(line.number)
    expected = {number for numbers in waiting.values() for number in numbers if number in accepted}
    arrived: dict[int, float] = {}
    duplicated, strange, order = [], [], []
    ids: set[str] = set()
    for sighting in seen:
        numbers = waiting.get(sighting.key)
        if sighting.id in ids:
            duplicated.append(sighting.id)
        elif sighting.derived:
            ids.add(sighting.id)
        elif numbers:
            ids.add(sighting.id)
            arrived[number := numbers.popleft()] = sighting.at_s
            order.append((number, sighting.id))
        elif numbers is not None:
            duplicated.append(sighting.id)
        else:
            strange.append(sighting.id)
    reordered = [*_inversions(order), *_inversions([(sighting.position, sighting.id) for sighting in seen])]
    derived = sum(sighting.derived for sighting in seen)
    return Verdict(arrived, sorted(expected - arrived.keys()), duplicated, reordered, strange, derived)


def _inversions(order: Sequence[tuple[int, str]]) -> list[str]:
    """Return the ids that arrived after a later one."""
    late, highest = [], float("-inf")
    for number, name in order:
        if number < highest:
            late.append(name)
        highest = max(highest, number)
    return late


def not_shown(log: Iterable[Sighting], seen: Iterable[Sighting]) -> list[str]:
    """Return the ids of the log that were not seen, derived events included."""
    ids = {sighting.id for sighting in seen}
    return [sighting.id for sighting in log if sighting.id not in ids]


class Kill(NamedTuple):
    """A SIGKILL of the rehearsal."""

    name: str
    at_s: float


class Flow(NamedTuple):
    """One critical line: when it was due, and when it was first seen."""

    intended_s: float
    seen_s: float


def stalls(kills: Sequence[Kill], flows: Sequence[Flow]) -> list[tuple[str, float]]:
    """Return (name, seconds) of every kill with critical lines in flight.

    The stall of a kill is the longest time that an event was kept waiting because of it: over all critical lines that
    were under way at the kill or meant to be posted before the next one, the time from the kill (or from the line's
    intended instant, if that is later) until it was seen. A kill that no line met shows nothing and is left out.
    """
    flows = sorted(flows)
    starts = [flow.intended_s for flow in flows]
    found = []
    for place, kill in enumerate(kills):
        until_s = kills[place + 1].at_s if place + 1 < len(kills) else float("inf")
        met = [
            flow.seen_s - max(kill.at_s, flow.intended_s)
            for flow in flows[: bisect_left(starts, until_s)]
            if flow.seen_s > kill.at_s
        ]
        if met:
            found.append((kill.name, max(met)))
    return found


def due_seconds(bodies: Sequence[bytes], speed: float, rhythm: Literal["bursts", "spread"]) -> list[float]:
    """Return when each line is due, in seconds after the first, by the stamps in the lines.

    Args:
        rhythm: "bursts" keeps lines of one instant together, as harsh as can be; "spread" lays them out evenly until
            the next instant, one second at most.
    """
    stamps: list[float] = []
    for body in bodies:
        stamps.append(_stamp_s(body, stamps[-1] if stamps else 0.0))
    if rhythm == "spread":
        stamps = _spread(stamps)
    return [max(0.0, stamp - stamps[0]) / speed for stamp in stamps]


_STAMP = re.compile(rb"(?:L )?(\d\d/\d\d/\d{4} - \d\d:\d\d:\d\d)(\.\d+)?")


def _stamp_s(body: bytes, before_s: float) -> float:
    stamp = _STAMP.match(body)
    if stamp is None:
        return before_s  # a line without a stamp has the time of the line before
    moment = datetime.strptime(stamp[1].decode(), "%m/%d/%Y - %H:%M:%S").replace(tzinfo=UTC)
    return max(before_s, moment.timestamp() + float(stamp[2] or 0))


def _spread(stamps: list[float]) -> list[float]:
    spread, begin = list(stamps), 0
    while begin < len(stamps):
        end = begin
        while end < len(stamps) and stamps[end] == stamps[begin]:
            end += 1
        width_s = min(1.0, stamps[end] - stamps[begin]) if end < len(stamps) else 1.0
        for place in range(begin, end):
            spread[place] += width_s * (place - begin) / (end - begin)
        begin = end
    return spread


def _decoded(payload: Any) -> dict[str, Any]:
    import msgpack

    decoded: dict[str, Any] = msgpack.unpackb(bytes(payload))
    return decoded


def _canonical(payload: dict[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, ensure_ascii=False)
