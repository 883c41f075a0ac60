"""League of Legends events: the list of the live client → payloads.

    list, LolCursor ──unread──▶ new events, LolCursor ──meaning──▶ [(type, payload)]

Every answer of the game has the whole list of its events. An event is identified by its number and name, and a game by
the time of its start, which has microseconds. The cursor has the events that were reported, because the list is not
always in the order of the numbers, and two events may have one number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from actors.adapters import bounds
from actors.core.contract.event import UNREADABLE
from actors.core.contract.payload import Payload, Player
from actors.core.contract.types.combat import Assist, Death, Kill
from actors.core.contract.types.match import Objective, Round
from actors.errors import BadInput

MAX_EVENTS: Final = 2_000  # a long game has some hundred
KEY_BYTES: Final = 6
MAX_ASSISTERS: Final = 10
# Older events of a game that was not known are not reported.
FRESH_S: Final = 15.0

TEAMS: Final = {"T1": "ORDER", "T2": "CHAOS"}  # in names of structures: the owner
MULTIKILLS: Final = {2: "double_kill", 3: "triple_kill", 4: "quadra_kill", 5: "penta_kill"}
_KILLERS: Final = {"Turret": "turret", "Minion": "minion", "SRU": "monster", "Obelisk": "fountain"}
_MONSTERS: Final = {
    "DragonKill": "dragon_slain", "HeraldKill": "herald_slain", "BaronKill": "baron_slain",
    "HordeKill": "voidgrub_slain", "FirstBrick": "first_turret",
}  # fmt: skip

Seconds = Annotated[float, Meta(ge=0, le=1e6)]


class GameEvent(Struct, frozen=True, rename="pascal"):
    """An event of the list; its name determines its fields."""

    event_id: Annotated[int, Meta(ge=0, le=1_000_000)] = msgspec.field(name="EventID")
    event_name: str
    event_time: Seconds = 0.0
    killer_name: str = ""
    victim_name: str = ""
    assisters: list[str] = []
    recipient: str = ""
    kill_streak: int = 0
    acer: str = ""
    acing_team: str = ""
    turret_killed: str = ""
    inhib_killed: str = ""
    inhib_respawned: str = ""
    dragon_type: str = ""
    stolen: str | bool = ""
    result: str = ""


class _List(Struct, frozen=True):
    events: list[GameEvent] = msgspec.field(name="Events")


class LolCursor(Struct, frozen=True, array_like=True):
    """The game, the highest number of its reported events (-1: none), and the keys of all of them."""

    game: str = ""
    event_id: int = -1
    keys: bytes = b""

    def after(self, event: GameEvent) -> LolCursor:
        """Return the cursor when `event` was reported, too."""
        keys = (self.keys + key_of(event))[-MAX_EVENTS * KEY_BYTES :]  # a list has no more
        return LolCursor(self.game, max(self.event_id, event.event_id), keys)

    def unread(self, events: Iterable[GameEvent]) -> list[GameEvent]:
        """Return the events that were not reported."""
        known = {self.keys[at : at + KEY_BYTES] for at in range(0, len(self.keys), KEY_BYTES)}
        return [event for event in events if key_of(event) not in known]


_list = msgspec.json.Decoder(_List)
_cursor = msgspec.msgpack.Decoder(LolCursor)

Told = tuple[str, Payload]
Who = Callable[[str], Player]


def read(body: bytes) -> list[GameEvent]:
    """Return the events of a list, in the order of their numbers.

    Raises:
        BadInput: it is not a list of events; the text has the path.
    """
    try:
        events = _list.decode(body).events
    except UNREADABLE as error:
        raise BadInput(str(error)) from error
    if len(events) > MAX_EVENTS:
        raise BadInput(f"Expected at most {MAX_EVENTS} events, got {len(events)} - at `$.Events`")
    return sorted(events, key=lambda event: event.event_id)


def load(saved: bytes) -> LolCursor:
    """Return a saved cursor; an empty one if another version saved it."""
    try:
        return _cursor.decode(saved) if saved else LolCursor()
    except UNREADABLE:
        return LolCursor()


def key_of(event: GameEvent) -> bytes:
    """Return what identifies an event in its game."""
    return hashlib.blake2b(f"{event.event_id}.{event.event_name}".encode(), digest_size=KEY_BYTES).digest()


def game_of(events: list[GameEvent]) -> str:
    """Return the identity of a game."""
    first = next((event for event in events if event.event_name == "GameStart"), events[0])
    return hashlib.blake2b(f"{first.event_name}@{first.event_time!r}".encode(), digest_size=8).hexdigest()


def unread(events: list[GameEvent], cursor: LolCursor, game_time_s: float) -> tuple[list[GameEvent], LolCursor]:
    """Return the events that were not reported, and the cursor before them.

    Of an unknown game, only events of the last FRESH_S are returned.
    """
    if not events:
        return [], cursor
    game = game_of(events)
    if game != cursor.game or events[-1].event_id < cursor.event_id:
        cursor = LolCursor(game)
        for event in events:
            if event.event_time < game_time_s - FRESH_S:
                cursor = cursor.after(event)
    return cursor.unread(events), cursor


def meaning(event: GameEvent, who: Who, own_team: str) -> list[Told]:
    """Return (type, payload) of an event; `who` returns the player of a name, `own_team` is the streamer's team."""
    match event.event_name:
        case "GameStart":
            return [("round", Round("match_start"))]
        case "GameEnd":
            other = {"ORDER": "CHAOS", "CHAOS": "ORDER"}.get(own_team, "")
            winner = {"Win": own_team, "Lose": other}.get(event.result, "")
            return [("round", Round("match_end", winner, bounds.word(event.result)))]
        case "ChampionKill":
            return _kill(event, who)
        case "FirstBlood" if event.recipient:
            return [("objective", Objective("first_blood", who(event.recipient)))]
        case "Multikill" if event.kill_streak >= 2:
            return [_deed(event, who, MULTIKILLS[min(event.kill_streak, 5)])]
        case "Ace":
            acer = who(event.acer) if _is_person(event.acer) else None
            return [("objective", Objective("ace", acer, team=bounds.word(event.acing_team)))]
        case "TurretKilled":
            return [_structure(event, who, "turret_destroyed", event.turret_killed)]
        case "InhibKilled":
            return [_structure(event, who, "inhibitor_destroyed", event.inhib_killed)]
        case "InhibRespawned":
            return [("objective", Objective("inhibitor_respawned", target=bounds.word(event.inhib_respawned)))]
        case name if name in _MONSTERS:
            return [_deed(event, who, _MONSTERS[name], event.dragon_type)]
        case name if name.endswith("Kill") and name != "Kill":  # a monster that this table does not have
            return [_deed(event, who, f"{name.removesuffix('Kill').lower()}_slain")]
    return []


def _kill(event: GameEvent, who: Who) -> list[Told]:
    victim = who(event.victim_name)
    helpers = [who(name) for name in event.assisters[:MAX_ASSISTERS]]
    cause = _thing(event.killer_name)
    if cause is not None or not event.killer_name:
        return [("death", Death(victim, cause or ""))]
    kill = Kill(who(event.killer_name), victim, assister=helpers[0] if helpers else None)
    return [("kill", kill), *(("assist", Assist(helper, victim)) for helper in helpers)]


def _deed(event: GameEvent, who: Who, action: str, target: str = "") -> Told:
    killer = who(event.killer_name) if _is_person(event.killer_name) else None
    stolen = str(event.stolen) == "True"
    team = killer.team if killer else ""
    return "objective", Objective(bounds.word(action), killer, bounds.word(target), team, stolen)


def _is_person(name: str) -> bool:
    return name != "" and _thing(name) is None


def _thing(name: str) -> str | None:
    """Return what killed, None for a player: one may be named Minion, but not Minion_T200L1S01N0001."""
    kind, underscore, _ = name.partition("_")
    return _KILLERS.get(kind) if underscore else None


def _structure(event: GameEvent, who: Who, action: str, structure: str) -> Told:
    _, deed = _deed(event, who, action, structure)
    owner = next((TEAMS[part] for part in structure.split("_") if part in TEAMS), "")
    other = {"ORDER": "CHAOS", "CHAOS": "ORDER"}.get(owner, "")
    assert isinstance(deed, Objective)
    return "objective", msgspec.structs.replace(deed, team=deed.team or other)
