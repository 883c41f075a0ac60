"""What runs beside the game: OBS and connected applications."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from actors.core.contract.payload import Name, Payload, Text, Word
from actors.core.contract.row import Look, Row, state


class Obs(Payload, frozen=True):
    """`name` tells several OBS apart; `scene` is the one on program."""

    name: Name
    scene: Text = ""
    streaming: bool = False
    recording: bool = False


class Application(Payload, frozen=True):
    """`status` is one word, such as `ready`, `listening`, `speaking`, `gone`; `commands` are what it can be told."""

    application: Name
    status: Word
    title: Text = ""
    detail: Text = ""
    commands: Annotated[list[Name], Meta(max_length=32)] = []


TYPES: Final[dict[str, Row]] = {
    "obs": state(
        4,
        Obs("main", "Gameplay", streaming=True),
        "the scene of OBS, and whether it streams and records",
        Look("OBS", "equal"),
        "OBS",
        coalesce="obs:{name}",
    ),
    "application": state(
        4,
        Application("speech", "listening", "Speech to text", commands=["toggle_monitoring", "stop_speech"]),
        "what a connected application does",
        Look("Application", "bell"),
        "Application",
        coalesce="application:{application}",
    ),
}
