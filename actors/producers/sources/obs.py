"""OBS over obs-websocket 5: scene, stream, recording, replay buffer, and which sources are in the program output."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final

from msgspec import Meta

from actors.adapters import generic, obs_view
from actors.adapters.obs_view import View
from actors.core.contract.payload import Name, Payload
from actors.core.contract.types.desk import Obs
from actors.core.secrecy import shown_url
from actors.core.sources import obs
from actors.errors import BadInput, ConfigError, Refused
from actors.producers.spec import SourceMessage, SourceSettings, Spec
from actors.section import Url

OVERLAY: Final = "Framewire"
HEAL_LOOK_S: Final = 10.0
MAX_LOOKS: Final = 5  # then the changes that were reported meanwhile are applied to the last answers
_CONNECTED: Final = b"connected"  # the saved position: an event that OBS is connected was sent

SceneName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,32}\Z")]


class ObsSettings(SourceSettings, frozen=True, kw_only=True):
    """The WebSocket server of OBS. The secret is its password; none is needed if OBS requires none.

    sources  names of sources in OBS whose visibility is reported
    overlay  name of the browser source that shows the overlay, for `heal`
    heal     set the token of that browser source, and reload it when it has stopped working
    scenes   for names of scenes in OBS, the scene of the overlay's layout; all other scenes show the layout itself
    """

    url: Url = "ws://127.0.0.1:4455"
    sources: Annotated[list[Name], Meta(max_length=64)] = []
    overlay: Name = OVERLAY
    heal: bool = False
    scenes: Annotated[dict[str, SceneName], Meta(max_length=100)] = {}


SPEC: Final = Spec(
    ObsSettings,
    "OBS: its scene, stream, recording, replay buffer, and which sources are in the program output.",
    redelivers=False,
    loss="No lasting state: the state of OBS is read again. A change that was undone meanwhile is not reported.",
    written={"heal": True},
)


def check(settings: ObsSettings) -> None:
    """Raise BadInput unless the address is valid."""
    if not settings.url.startswith(("ws://", "wss://")):
        raise BadInput(f"url is {shown_url(settings.url)}, expected ws://ADDRESS:4455")


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Follow OBS until it is closed; then report that once."""
    from contextlib import aclosing

    try:
        async with aclosing(_watch(session)) as messages:
            async for message in messages:
                yield message
    except (OSError, Refused):
        if session.cursor == _CONNECTED:
            yield _message(session.name, "obs", Obs(session.name, connected=False), b"")
        raise


async def _watch(session: Any) -> AsyncGenerator[SourceMessage, None]:
    from actors.producers.obs_link import link

    own: ObsSettings = session.settings
    view = View(session.name, own.sources, own.scenes)
    wanted = obs_view.subscriptions(bool(own.sources))
    async with link(own.url, session.secret, own.secret or session.name, wanted) as found:
        for payload in await _look(found, view):
            yield _message(session.name, *payload, _CONNECTED)
        session.live()
        heal = _healing(session, found)
        while True:
            await heal()
            try:
                event = await found.event(HEAL_LOOK_S if own.heal else None)
                told = await _take(session, found, view, event) if event else []
            except BadInput as error:
                session.reject(str(error), b"")
                continue
            session.alive()
            for payload in told:
                yield _message(session.name, *payload)


async def _nothing() -> None:
    """`heal` is off."""


def _healing(session: Any, found: Any) -> Callable[[], Awaitable[None]]:
    """Return a function that checks the overlay, at most every HEAL_LOOK_S."""
    if not session.settings.heal:
        return _nothing
    from actors.producers.obs_link import RequestFailed
    from actors.producers.obs_overlay import PAUSE_S, Healer

    # The last connection may have reloaded it just before its end.
    healer = Healer(session.run_dir, session.settings.overlay, not_before_s=time.monotonic() + PAUSE_S)
    next_s = 0.0

    async def heal() -> None:
        nonlocal next_s
        if time.monotonic() >= next_s:
            next_s = time.monotonic() + HEAL_LOOK_S
            try:
                done = await healer.look(found)
            except (RequestFailed, ConfigError) as error:  # the settings and tokens are read again at the next look
                done = f"nothing: {error}"
            if done:
                session.log.warning("healed what=%r", done)

    return heal


async def _take(session: Any, found: Any, view: View, event: obs.ObsEvent) -> list[tuple[str, Payload]]:
    """Return the messages of an event."""
    if event.event_type in obs_view.ANEW:
        return await _look(found, view)
    if event.event_type in obs_view.INPUTS:
        return [payload for one in view.looks(event) for payload in view.saw(one, await _visible(found, one))]
    told = view.apply(event)
    if told is None:
        session.count("ignored")
    return list(told or ())


async def _look(found: Any, view: View) -> list[tuple[str, Payload]]:
    """Request the whole state of OBS.

    A change that is reported during the requests may be older or newer than their answers. They are repeated then, so
    that no older state is shown first.
    """
    for _ in range(MAX_LOOKS):
        found.discard(obs_view.CHANGES)
        scene = await _asked(found, "GetCurrentProgramScene")
        outputs = [await _asked(found, f"Get{output}Status") for output in ("Stream", "Record", "ReplayBuffer")]
        if not found.kept(obs_view.CHANGES):
            break
    told = list(view.begin(scene, *outputs))
    for source in view.sources:
        told += view.saw(source, await _visible(found, source))
    return told


async def _visible(found: Any, source: str) -> bool:
    return (await _asked(found, "GetSourceActive", sourceName=source)).video_active


async def _asked(found: Any, type_: str, **data: str) -> obs.ObsFacts:
    """Return an answer; no facts when OBS has none: the replay buffer is not set up, the source does not exist."""
    from actors.producers.obs_link import RequestFailed

    try:
        answer: obs.ObsFacts = await found.request(type_, obs.ObsFacts, **data)
    except RequestFailed as error:
        if error.status in obs.NONE:
            return obs.ObsFacts()
        raise
    return answer


def _message(name: str, type_: str, payload: Payload, cursor: bytes | None = None) -> SourceMessage:
    return SourceMessage(generic.packed(type_, payload, name), "event", cursor=cursor)
