"""The course of a match: alerts, rounds, objectives, the score, players."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from actors.core.contract.payload import Logo, Name, Number, Payload, Player, Span, Text, TimeStamp, Word
from actors.core.contract.row import Look, OldName, Row, critical, normal, state
from actors.core.contract.types.combat import ADA, BO
from actors.core.contract.words import FACTIONS


class AlertStart(Payload, frozen=True):
    """`alert` identifies the alert from start to end."""

    alert: Name
    title: Text
    subtitle: Text = ""
    world: Word = ""
    zone: Word = ""


class AlertEnd(Payload, frozen=True):
    """`scores` are shares or points by team, `winner` is a team; `outcome` is that of the streamer's team."""

    alert: Name
    outcome: Literal["win", "loss", "draw", "canceled", "over"] = "over"
    title: Text = ""
    subtitle: Text = ""
    world: Word = ""
    zone: Word = ""
    scores: dict[Word, float] = {}
    winner: Word = ""


class Round(Payload, frozen=True):
    phase: Literal["match_start", "freeze", "start", "end", "match_end"]
    winner: Word = ""
    reason: Word = ""
    scores: dict[Word, Number] = {}


class Objective(Payload, frozen=True):
    """`team` is the acting team; `stolen`: the other team had done most of the damage."""

    action: Word
    player: Player | None = None
    target: Word = ""
    team: Word = ""
    stolen: bool = False


class Capture(Payload, frozen=True):
    """`team` holds `target` now, `previous` held it before; `defended`: both are the same."""

    kind: Literal["point", "base", "continent"]
    target: Word = ""
    team: Word = ""
    previous: Word = ""
    defended: bool = False
    player: Player | None = None
    world: Word = ""
    zone: Word = ""


class Timer(Payload, frozen=True):
    """The time that is left of a round, a half or a break.

    `ts_ends_ms` is on the clock of the server, so that a page that loads later is right, too. A paused timer has
    `remaining_ms` instead; one without both is none. `total_ms` is the whole time, of which a line shows the rest.
    `phase` is shown as a word, except `live`, `freeze` and `bomb`: the time of a planted bomb has its icon.
    """

    phase: Word = ""
    ts_ends_ms: TimeStamp = 0.0
    remaining_ms: Span = 0
    total_ms: Span = 0


Side = Literal["attack", "defend", "ct", "t"]
Maps = Annotated[int, Meta(ge=0, le=99)]
MOST_TEAMS: Final = 16


class Score(Payload, frozen=True):
    """Points by team, and what else is known of the match, by team as well: name, logo, side, maps won.

    A source may report parts of a score under different keys, for example one team at a time. An overlay merges the
    last report of every key, in the order in which they changed: what a report does not name stays, and a report of two
    or more teams replaces the teams. An empty one clears the score. `logos` are files of `overlays/media`. In
    a series of `best_of` maps, `map_name` is played now.
    """

    scores: dict[Word, Number]
    names: dict[Word, Word] = {}
    logos: Annotated[dict[Word, Logo], Meta(max_length=MOST_TEAMS)] = {}
    sides: Annotated[dict[Word, Side], Meta(max_length=MOST_TEAMS)] = {}
    map_name: Word = ""
    maps_won: Annotated[dict[Word, Maps], Meta(max_length=MOST_TEAMS)] = {}
    best_of: Maps = 0
    timer: Timer | None = None


class Presence(Payload, frozen=True):
    player: Player


class Login(Payload, frozen=True):
    """`faction` of the player is the faction of the character."""

    player: Player
    world: Word = ""


class PlayerCommand(Payload, frozen=True):
    """`command` is the first word of `text`, without the slash."""

    player: Player
    command: Name
    text: Text = ""


class PlayerMove(Payload, frozen=True):
    player: Player
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0


TYPES: Final[dict[str, Row]] = {
    "alert_start": critical(
        9,
        AlertStart("indar-7", "Indar conquest", "90 minutes"),
        "an alert began: a contest for a continent, a final, a boss",
        Look("Alert", "bell", "warm"),
        "Alert Start",
    ),
    "alert_end": critical(
        9,
        AlertEnd("indar-7", "win", "Indar conquest"),
        "the alert ended, with its outcome",
        Look("Alert ended", "trophy", "good"),
        OldName("Alert Win", {"outcome": "win"}),
        OldName("Alert Lose", {"outcome": "loss"}),
        OldName("Alert Draw", {"outcome": "draw"}),
        OldName("Alert Canceled", {"outcome": "canceled"}),
        "Alert End",
        ttl_ms=60_000,
    ),
    "round": critical(
        7,
        Round("end", "CT", "Bomb_Defused", {"CT": 9, "TERRORIST": 10}),
        "a match or a round began or ended",
        Look("Round", "flag"),
        OldName("Match Start", {"phase": "match_start"}),
        OldName("Freeze Time", {"phase": "freeze"}),
        OldName("Round Start", {"phase": "start"}),
        OldName("Round End", {"phase": "end"}),
        OldName("Match End", {"phase": "match_end"}),
    ),
    "objective": critical(
        8,
        Objective("planted", BO, "B"),
        "a bomb planted or defused, a flag taken, a monster slain",
        Look("Objective", "target", "warm"),
        "Objective",
        OldName("Break Construction", {"action": "construction_destroyed"}),
    ),
    "capture": critical(
        8,
        Capture("base", "The Crown", "TR", "NC", world="10", zone="2"),
        "a point, a base or a continent was captured or defended",
        Look("Captured", "flag", "warm"),
        OldName("Point Control", {"kind": "point"}),
        OldName("Base Capture", {"kind": "base"}),
        OldName("Continent Capture", {"kind": "continent"}),
    ),
    "score": state(
        4,
        Score(
            {"CT": 9, "TERRORIST": 10},
            {"CT": "Copper Foxes", "TERRORIST": "Night Harbor"},
            sides={"CT": "ct", "TERRORIST": "t"},
            map_name="Nuke",
            maps_won={"CT": 1, "TERRORIST": 0},
            best_of=3,
            timer=Timer("live", remaining_ms=75_000, total_ms=115_000),
        ),
        "the score of a match",
        Look("Score", "equal"),
        "Score",
        coalesce="score",
    ),
    "login": normal(
        4,
        Login(Player("ada", "Ada", faction="TR"), "10"),
        "the streamer's character logged in",
        Look("Login", "people"),
        *(OldName(f"Login {faction}", {"player": {"faction": faction}}) for faction in FACTIONS),
        "Login",
    ),
    "player_join": normal(2, Presence(ADA), "a player joined", Look("Joined", "people"), "Player Join"),
    "player_leave": normal(2, Presence(ADA), "a player left", Look("Left", "people"), "Player Leave"),
    "player_command": normal(
        2,
        PlayerCommand(ADA, "spawn", "/spawn"),
        "a player entered a command of the game",
        Look("Command of a player", "equal"),
        "Player Command",
    ),
    "player_move": state(
        1,
        PlayerMove(ADA, 311.5, -40.0, 12.0, 90.0),
        "where a player is",
        Look("Position", "target"),
        "Player Move",
        coalesce="move:{player.id}",
        retain=False,
    ),
}
