"""Programs beside the game: OBS and connected applications."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from actors.core.contract.payload import Name, Payload, Text, Word
from actors.core.contract.row import Look, Row, state


class Obs(Payload, frozen=True):
    """`name` identifies one of several OBS; `scene` is the program scene."""

    name: Name
    scene: Text = ""
    streaming: bool = False
    recording: bool = False


class Application(Payload, frozen=True):
    """`status` is one word: `speaking`, `listening`, `wake_word` (it was heard), `ready`, `starting` or `gone`.

    `detail` is its own text, `commands` are the commands that it accepts. `monitoring`: it waits for its wake word all
    the time. `visible` false: overlays do not show it.
    """

    application: Name
    status: Word
    title: Text = ""
    detail: Text = ""
    commands: Annotated[list[Name], Meta(max_length=32)] = []
    connected: bool = True
    monitoring: bool = False
    visible: bool = True


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
        Application(
            "assistant", "listening", "Assistant", "Say a command", ["toggle_monitoring", "stop_tts"], monitoring=True
        ),
        "whether an application is connected, its state, and the commands that it accepts",
        Look("Application", "bell"),
        "Application",
        coalesce="application:{application}",
    ),
}
