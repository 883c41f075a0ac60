"""Programs beside the game: OBS and connected applications."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from actors.core.contract.payload import Name, Payload, Text, Word
from actors.core.contract.row import Look, Row, state


class Obs(Payload, frozen=True):
    """`name` identifies one of several OBS; `scene` is the program scene.

    `reconnecting`: OBS streams, and has no connection to the platform at the moment. `recording` stays true during a
    pause. `connected` false: OBS is closed or cannot be reached; then the other fields have their defaults.
    """

    name: Name
    scene: Text = ""
    streaming: bool = False
    recording: bool = False
    reconnecting: bool = False
    recording_paused: bool = False
    replay_buffer: bool = False
    connected: bool = True


class ObsSource(Payload, frozen=True):
    """`obs` is the `name` of the OBS, `source` a source of it; `visible`: it is part of the program output."""

    obs: Name
    source: Name
    visible: bool


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
        "the scene of OBS, and whether it streams, records and keeps a replay buffer",
        Look("OBS", "equal"),
        "OBS",
        coalesce="obs:{name}",
    ),
    "obs_source": state(
        4,
        ObsSource("main", "Webcam", True),
        "a source of OBS is shown or hidden in the program output",
        Look("OBS source", "equal"),
        coalesce="obs_source:{obs}:{source}",
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
