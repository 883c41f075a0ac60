"""Hype trains, polls, predictions, goals."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from actors.core.contract.payload import Count, Name, Number, Payload, Points, Text, Word
from actors.core.contract.row import Look, OldName, Row, state


class HypeTrain(Payload, frozen=True):
    """`progress` of `goal` points in this `level`; `total` points in all. `ts_ends_ms` is 0 when unknown.

    `canceled`: it is removed at once, without its result.
    """

    phase: Literal["begin", "progress", "end", "canceled"]
    train: Word = ""
    level: Count = 0
    progress: Points = 0
    goal: Points = 0
    total: Points = 0
    ts_ends_ms: Number = 0


class Choice(Payload, frozen=True):
    """An answer of a poll or an outcome of a prediction. `votes` are votes, or points; `users` is 0 when unknown."""

    title: Text
    votes: Points = 0
    users: Count = 0


class Poll(Payload, frozen=True):
    phase: Literal["begin", "progress", "end", "canceled"]
    title: Text
    poll: Word = ""
    choices: Annotated[list[Choice], Meta(max_length=10)] = []
    ts_ends_ms: Number = 0


class Prediction(Payload, frozen=True):
    """`winner` is the title of the winning outcome, once it is known."""

    phase: Literal["begin", "progress", "lock", "end", "canceled"]
    title: Text
    prediction: Word = ""
    outcomes: Annotated[list[Choice], Meta(max_length=10)] = []
    winner: Text = ""
    ts_ends_ms: Number = 0


class Goal(Payload, frozen=True):
    """`goal` identifies the goal from start to end; `kind` is the counted event, such as `follow` or `subscription`.

    `canceled`: it is removed at once.
    """

    goal: Name
    phase: Literal["begin", "progress", "end", "canceled"]
    current: Number
    target: Count
    kind: Word = ""
    title: Text = ""


TYPES: Final[dict[str, Row]] = {
    "hype_train": state(
        6,
        HypeTrain("progress", "t-3", 2, 700, 1_800, 2_500, 1_763_690_300_000),
        "a hype train begins, changes or ends",
        Look("Hype train", "flame", "social"),
        OldName("Hype Train Begin", {"phase": "begin"}),
        OldName("Hype Train Progress", {"phase": "progress"}),
        OldName("Hype Train End", {"phase": "end"}),
        OldName("Hype Train Canceled", {"phase": "canceled"}),
        coalesce="hype_train",
    ),
    "poll": state(
        6,
        Poll("progress", "Next map?", "p-8", [Choice("Nuke", 31), Choice("Mirage", 12)]),
        "a poll begins, changes or ends",
        Look("Poll", "people", "social"),
        OldName("Poll Begin", {"phase": "begin"}),
        OldName("Poll Progress", {"phase": "progress"}),
        OldName("Poll End", {"phase": "end"}),
        OldName("Poll Canceled", {"phase": "canceled"}),
        coalesce="poll",
    ),
    "prediction": state(
        6,
        Prediction(
            "lock",
            "Do we win?",
            "r-2",
            [Choice("Yes", 41_000, 57), Choice("No", 12_500, 20)],
            ts_ends_ms=1_763_690_300_000,
        ),
        "a prediction begins, changes or ends",
        Look("Prediction", "gem", "social"),
        OldName("Prediction Begin", {"phase": "begin"}),
        OldName("Prediction Progress", {"phase": "progress"}),
        OldName("Prediction Lock", {"phase": "lock"}),
        OldName("Prediction End", {"phase": "end"}),
        OldName("Prediction Canceled", {"phase": "canceled"}),
        coalesce="prediction",
    ),
    "goal": state(
        5,
        Goal("followers", "progress", 1_874, 2_000, "follow", "2,000 followers"),
        "a goal of the channel and its progress",
        Look("Goal", "target", "social"),
        OldName("Goal Begin", {"phase": "begin"}),
        OldName("Goal Progress", {"phase": "progress"}),
        OldName("Goal End", {"phase": "end"}),
        OldName("Goal Canceled", {"phase": "canceled"}),
        coalesce="goal:{goal}",
    ),
}
