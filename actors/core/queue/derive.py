"""Derived events: streaks of kills and of supports, and multikills.

A reducer reads committed events in order. Its state is plain values, which the log commits in the transaction of the
events that it has read. So a restart neither repeats nor loses a streak, and equal input gives equal derived events.

Times are those of the source if it stamps its events, otherwise those of the ingest. So a log that is replayed at
twenty times its speed has the multikills of the original match.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

from actors.core.contract.event import Event
from actors.core.contract.payload import Payload, Player
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.combat import Death, Kill, Multikill, Streak
from actors.core.contract.types.match import Presence, Round
from actors.core.contract.types.support import Revive, Support, SupportStreak

# The types that count as a support, with their kind.
Kind = Literal["heal", "resupply", "repair", "revive"]
SUPPORTS: Final[dict[str, Kind]] = {
    "heal": "heal",
    "resupply": "resupply",
    "repair": "repair",
    "revive": "revive",
    "revive_taken": "revive",
}
LOOSE: Final = frozenset({"player_leave", *SUPPORTS})  # need not be critical
READS: Final = frozenset({"kill", "death", "round", *LOOSE})
# Counts of supports since the last death that lead to an event.
SUPPORT_STEPS: Final[dict[Kind, tuple[int, ...]]] = {
    "heal": (50, 250, 500, 1_000, 5_000),
    "resupply": (50, 100, 250, 500, 1_000),
    "repair": (50, 250, 500, 1_000, 5_000),
    "revive": (5, 10, 25, 50, 100, 500),
}


class Run(Struct, array_like=True):
    """The counts of one player since the last death.

    kills      the streak
    multi      number of kills in the current multikill
    first_ms   time of its first kill
    last_ms    time of its last kill
    supports   number of supports of each kind
    """

    player: Player
    kills: int = 0
    multi: int = 0
    first_ms: float = 0.0
    last_ms: float = 0.0
    supports: dict[str, int] = {}


# A server that runs for weeks has many players; the least recently active ones are dropped.
MAX_RUNS: Final = 4_096
# Timestamps of sources may be wrong; the duration of a multikill is limited to a day.
MAX_SPAN_MS: Final = 86_400_000.0

_kill = msgspec.msgpack.Decoder(Kill)
_death = msgspec.msgpack.Decoder(Death)
_round = msgspec.msgpack.Decoder(Round)
_leave = msgspec.msgpack.Decoder(Presence)
_support = msgspec.msgpack.Decoder(Support)
_medic = msgspec.msgpack.Decoder(Revive)
_encode = msgspec.msgpack.Encoder().encode
_run = msgspec.msgpack.Decoder(Run)


class Derivation:
    """Derives streaks and multikills from kills, deaths, rounds and supports.

    A multikill is two or more kills by one player, each at most `window_ms` after the previous one. Each further kill
    leads to another event with the new count. The kill of a team mate does not count. A death ends the streak, and so
    does leaving or the start of a match. A kill carries the streak that it makes. Supports are counted like kills, and
    reaching one of SUPPORT_STEPS is an event. Cosmetic supports are not stored one by one: after a crash the counts
    continue from the last commit, which is at most a second old, and no step is reported twice.
    """

    def __init__(self, window_ms: int, saved: dict[str, bytes] | None = None) -> None:
        self._window_ms = window_ms
        self._runs = {key: _run.decode(body) for key, body in (saved or {}).items()}
        self._touched: set[str] = set()

    @property
    def touched(self) -> int:
        """The number of players whose state has changed since `take_changes`."""
        return len(self._touched)

    def feed(self, event: Event) -> tuple[Event, list[Event]]:
        """Return `event` (a kill with its streak) and the events that follow from it, which have no position yet."""
        if (kind := SUPPORTS.get(event.type)) is not None:
            return event, self._supported(event, kind)
        if event.type == "kill":
            return self._killed(event, _kill.decode(event.payload))
        return event, self._follows(event)

    def _follows(self, event: Event) -> list[Event]:
        if event.type == "death":
            return self._died(event, _death.decode(event.payload).victim)
        if event.type == "player_leave":
            return self._died(event, _leave.decode(event.payload).player)
        if event.type == "round" and _round.decode(event.payload).phase == "match_start":
            return self._reset(event)
        return []

    def take_changes(self) -> dict[str, bytes | None]:
        """Return the state that changed since the last call, by key, encoded; None for removed keys."""
        changes = {key: _encode(self._runs[key]) if key in self._runs else None for key in self._touched}
        self._touched.clear()
        return changes

    def _killed(self, event: Event, kill: Kill) -> tuple[Event, list[Event]]:
        attacker, victim = kill.attacker, kill.victim
        derived = [] if victim is None else self._died(event, victim)
        if kill.team_kill or (victim is not None and _on_one_side(attacker, victim)):
            return _with_streak(event, kill, 0), derived
        run = self._open_run(event, attacker)
        at_ms = event.ts_ingest_ms if event.ts_source_ms is None else event.ts_source_ms
        run.kills += 1
        in_time = run.multi > 0 and at_ms - run.last_ms <= self._window_ms
        run.multi = run.multi + 1 if in_time else 1
        run.first_ms = run.first_ms if in_time else at_ms
        run.last_ms = at_ms
        derived.append(_derived(event, "streak", Streak(attacker, run.kills), attacker))
        if run.multi >= 2:
            multikill = Multikill(attacker, run.multi, round(min(max(0.0, at_ms - run.first_ms), MAX_SPAN_MS)))
            derived.append(_derived(event, "multikill", multikill, attacker))
        return _with_streak(event, kill, run.kills), derived

    def _supported(self, event: Event, kind: Kind) -> list[Event]:
        player = _medic.decode(event.payload).medic if kind == "revive" else _support.decode(event.payload).player
        run = self._open_run(event, player)
        before = run.supports.get(kind, 0)
        run.supports[kind] = now = before + event.count
        steps = SUPPORT_STEPS[kind]
        first = bisect_right(steps, before)
        if first == len(steps) or steps[first] > now:
            return []
        return [
            _derived(event, "support_streak", SupportStreak(player, kind, step), player, f"{step}")
            for step in steps[first : bisect_right(steps, now)]
        ]

    def _died(self, event: Event, player: Player) -> list[Event]:
        key = _key(event, player)
        run = self._runs.pop(key, None)
        if run is None:
            return []
        self._touched.add(key)
        return [_derived(event, "streak", Streak(player, 0), player)] if run.kills else []

    def _reset(self, event: Event) -> list[Event]:
        """End every streak of a source, because a match begins."""
        ended = [key for key in self._runs if key.startswith(f"{event.source}:")]
        self._touched.update(ended)
        runs = [self._runs.pop(key) for key in ended]
        return [_derived(event, "streak", Streak(run.player, 0), run.player) for run in runs if run.kills]

    def _open_run(self, event: Event, player: Player) -> Run:
        key = _key(event, player)
        run = self._runs.pop(key, None) or Run(player)
        self._runs[key] = run  # at the end: the first one is the least recently active
        self._touched.add(key)
        if len(self._runs) > MAX_RUNS:
            dropped = next(iter(self._runs))
            del self._runs[dropped]
            self._touched.add(dropped)
        return run


def _key(event: Event, player: Player) -> str:
    return f"{event.source}:{player.id}"


def _on_one_side(attacker: Player, victim: Player) -> bool:
    return attacker.id == victim.id or attacker.team == victim.team != ""


def _with_streak(event: Event, kill: Kill, streak: int) -> Event:
    if kill.streak == streak:
        return event
    return msgspec.structs.replace(event, payload=Raw(_encode(msgspec.structs.replace(kill, streak=streak))))


def _derived(cause: Event, kind: str, payload: Payload, player: Player, step: str = "") -> Event:
    row = TAXONOMY[kind]
    return Event(
        id=f"{cause.id}+{kind}{step}:{player.id}",
        type=kind,
        category=row.category,
        priority=row.priority,
        ts_source_ms=cause.ts_source_ms,
        ts_ingest_ms=cause.ts_ingest_ms,
        ts_normalized_ms=cause.ts_normalized_ms,
        ts_queued_ms=cause.ts_queued_ms,
        ttl_ms=row.ttl_ms,
        source=cause.source,
        payload=Raw(_encode(payload)),
        coalesce_key=row.coalesce.replace("{player.id}", player.id) or None,
    )
