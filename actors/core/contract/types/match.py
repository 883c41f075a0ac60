"""The course of a match: alerts, rounds, objectives, the score, players."""

from __future__ import annotations

from typing import Final, Literal

from actors.core.contract.payload import Name, Number, Payload, Player, Text, Word
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


class Score(Payload, frozen=True):
    """Points by team. A source may report one team at a time, so an overlay has to merge reports."""

    scores: dict[Word, Number]
    names: dict[Word, Word] = {}


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
        Score({"CT": 9, "TERRORIST": 10}, {"CT": "Copper Foxes", "TERRORIST": "Night Harbor"}),
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
