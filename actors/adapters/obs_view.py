"""Answers and events of OBS → payloads of `obs`, `obs_source` and `scene`, each when it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from actors.adapters import bounds
from actors.core.contract.payload import Payload
from actors.core.contract.types.desk import Obs, ObsSource
from actors.core.contract.types.stage import Scene
from actors.core.sources.obs import ObsEvent, ObsFacts, read

# Bits of eventSubscriptions.
_GENERAL, _CONFIG, _SCENES, _INPUTS, _OUTPUTS, _ACTIVE_INPUTS = 1, 2, 4, 8, 64, 1 << 17


def subscriptions(watches_sources: bool) -> int:
    """Return the events that a View needs."""
    return _GENERAL | _CONFIG | _SCENES | _OUTPUTS | ((_INPUTS | _ACTIVE_INPUTS) if watches_sources else 0)


def _scene(state: Obs, facts: ObsFacts) -> Obs:
    return replace(state, scene=bounds.text(facts.scene_name))


def _renamed(state: Obs, facts: ObsFacts) -> Obs:
    return _scene(state, facts) if state.scene == bounds.text(facts.old_scene_name) else state


def _output(**by_state: dict[str, bool]) -> Callable[[Obs, ObsFacts], Obs]:
    """Return the effect of an output's event. Its `outputActive` is false in a pause, and is not read."""

    def applied(state: Obs, facts: ObsFacts) -> Obs:
        return replace(state, **by_state.get(facts.output_state.removeprefix("OBS_WEBSOCKET_OUTPUT_"), {}))

    return applied


# Starting and stopping change nothing yet.
_EVENTS: Final[Mapping[str, Callable[[Obs, ObsFacts], Obs]]] = {
    "CurrentProgramSceneChanged": _scene,
    "SceneNameChanged": _renamed,
    "StreamStateChanged": _output(
        STARTED={"streaming": True, "reconnecting": False},
        RECONNECTING={"streaming": True, "reconnecting": True},
        RECONNECTED={"streaming": True, "reconnecting": False},
        STOPPED={"streaming": False, "reconnecting": False},
    ),
    "RecordStateChanged": _output(
        STARTED={"recording": True, "recording_paused": False},
        PAUSED={"recording": True, "recording_paused": True},
        RESUMED={"recording": True, "recording_paused": False},
        STOPPED={"recording": False, "recording_paused": False},
    ),
    "ReplayBufferStateChanged": _output(STARTED={"replay_buffer": True}, STOPPED={"replay_buffer": False}),
}
# What these report is in the answers to requests that are sent after them.
CHANGES: Final = frozenset(_EVENTS)
# After these, the whole state is requested again.
ANEW: Final = ("CurrentSceneCollectionChanged", "CurrentProfileChanged")
# After these, the visibility of their source is requested: for a removed source OBS 29 sends a wrong value.
INPUTS: Final = ("InputActiveStateChanged", "InputCreated", "InputNameChanged")


class View:
    """The last known state of one OBS: returns a payload for each difference."""

    def __init__(self, name: str, sources: Sequence[str], scenes: Mapping[str, str]) -> None:
        self.sources = tuple(sources)
        self._name, self._scenes = name, scenes
        self._obs = Obs(name, connected=False)
        self._told: dict[str, Payload] = {}

    def begin(
        self, scene: ObsFacts, stream: ObsFacts, record: ObsFacts, replay: ObsFacts
    ) -> Iterator[tuple[str, Payload]]:
        """Take the answers to GetCurrentProgramScene, GetStreamStatus, GetRecordStatus and GetReplayBufferStatus."""
        yield from self._take(
            Obs(
                self._name,
                bounds.text(scene.current_program_scene_name),
                stream.output_active,
                record.output_active,
                stream.output_reconnecting,
                record.output_paused,
                replay.output_active,
            )
        )

    def apply(self, event: ObsEvent) -> Iterator[tuple[str, Payload]] | None:
        """Take an event; None if it is none of ours. Raises BadInput."""
        if event.event_type == "InputRemoved":  # a request would still return it as active
            name = read(ObsFacts, event.event_data).input_name
            return self.saw(name, False) if name in self.sources else iter(())
        effect = _EVENTS.get(event.event_type)
        return None if effect is None else self._take(effect(self._obs, read(ObsFacts, event.event_data)))

    def looks(self, event: ObsEvent) -> list[str]:
        """Return the sources whose visibility an event may have changed. Raises BadInput."""
        if event.event_type not in INPUTS:
            return []
        facts = read(ObsFacts, event.event_data)
        return [source for source in self.sources if source in (facts.input_name, facts.old_input_name)]

    def saw(self, source: str, visible: bool) -> Iterator[tuple[str, Payload]]:
        """Take whether a source is in the picture."""
        yield from self._tell("obs_source", ObsSource(self._name, bounds.name(source), visible), source)

    def _take(self, state: Obs) -> Iterator[tuple[str, Payload]]:
        self._obs = state
        yield from self._tell("obs", state)
        if self._scenes:
            yield from self._tell("scene", Scene(self._scenes.get(state.scene, "")))

    def _tell(self, type_: str, payload: Payload, key: str = "") -> Iterator[tuple[str, Payload]]:
        if self._told.get(f"{type_} {key}") != payload:
            self._told[f"{type_} {key}"] = payload
            yield type_, payload
