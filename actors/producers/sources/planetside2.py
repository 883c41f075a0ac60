"""PlanetSide 2: events of the streamer's characters and worlds, from the Census event stream and its mirror together.

    Census ──▶ StreamConnection ─┐                                experience of a kill, names
    NSS    ──▶ StreamConnection ─┴▶ queue ─▶ Merger (duplicates) ─▶ Hold (0.8 s at most) ─▶ SourceMessage

Neither server repeats events or gives them identities. Two servers lose less than one: an event of either is passed on,
once.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from actors.adapters.planetside2_scene import CensusBody
from actors.core.secrecy import shown_url
from actors.errors import BadInput
from actors.producers.planetside2_frames import decode
from actors.producers.spec import SourceMessage, SourceRefused, SourceSettings, Spec, refused
from actors.secrets import MissingSecret
from actors.section import Seconds, Url

TRIAL: Final = "s:example"

_CHARACTER_EVENTS: Final = (
    "Death", "VehicleDestroy", "GainExperience", "PlayerLogin", "PlayerLogout", "PlayerFacilityCapture",
    "PlayerFacilityDefend",
)  # fmt: skip
# Census sends a revive only to the medic; the events of the world also have those of revived players. Deaths prove that
# events of the world arrive.
_WORLD_EVENTS: Final = ("Death", "GainExperience_experience_id_7", "GainExperience_experience_id_53")
_SERVICE_ID: Final = re.compile(r"s:[A-Za-z0-9_-]{1,64}\Z")

_encode = msgspec.json.Encoder().encode

WorldEvent = Literal["MetagameEvent", "ContinentLock", "FacilityControl"]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,5}\Z")]


class PlanetSide2Settings(SourceSettings, frozen=True, kw_only=True):
    """The settings. The secret is your service id; without one, `s:example` is used.

    characters     ids or names of your own characters
    worlds         ids of worlds; omitted: those of your characters
    world_events   the types of events of these worlds
    faction        the faction for which an alert is won; "" is that of your first character
    urls           servers of the event stream, all connected at once
    resolve_names  look up the names of other players, weapons and places
    heartbeat_s    a connection without a heartbeat for this time is replaced
    subscribe_s    pause between two confirmations of the subscription
    """

    characters: Annotated[list[Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{2,32}\Z")]], Meta(max_length=50)] = []
    worlds: Annotated[list[Digits], Meta(max_length=16)] | None = None
    world_events: tuple[WorldEvent, ...] = ("MetagameEvent", "ContinentLock", "FacilityControl")
    faction: Literal["", "VS", "NC", "TR"] = ""
    environment: Literal["ps2", "ps2ps4us", "ps2ps4eu"] = "ps2"
    urls: Annotated[tuple[Url, ...], Meta(min_length=1, max_length=4)] = (
        "wss://push.planetside2.com/streaming",
        "wss://push.nanite-systems.net/streaming",
    )
    api_url: Url = "https://census.daybreakgames.com"
    resolve_names: bool = True
    heartbeat_s: Seconds = 60.0
    subscribe_s: Seconds = 60.0


SPEC: Final = Spec(
    PlanetSide2Settings,
    "PlanetSide 2: kills, deaths, revives, support, vehicles, alerts and bases, from Census and its mirror at once.",
    redelivers=False,
    loss="What happens while the process restarts (a second or two), or while no server is connected.",
    silence_s=120.0,
)


def check(settings: PlanetSide2Settings) -> None:
    """Raise BadInput unless there is something to subscribe to, at valid addresses."""
    for url in settings.urls:
        if not url.startswith(("ws://", "wss://")):
            raise BadInput(f"urls has {shown_url(url)}, expected ws://… or wss://…")
    if not settings.api_url.startswith(("http://", "https://")):
        raise BadInput(f"api_url is {shown_url(settings.api_url)}, expected https://…")
    if not settings.characters and not settings.worlds:
        raise BadInput("characters and worlds are empty; name at least one of your characters, or one world")


def try_message(settings: PlanetSide2Settings, _name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of frames, one in each line, as if the first character of each were yours."""
    found = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            frame = decode(line) if line.strip() else None
        except BadInput as error:
            found.append(refused(f"line {number}: {error}", line))
            continue
        if frame is not None and frame.payload is not None:
            own = [one for one in settings.characters if one.isdigit()] or [_first(frame.payload)]
            body = CensusBody(frame.payload, own, faction=settings.faction)
            found.append(SourceMessage(_encode(body), "planetside2"))
    return found


def _first(payload: dict[str, str]) -> str:
    return payload.get("attacker_character_id") or payload.get("character_id", "")


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Keep all connections until none is left, and yield each of their events once."""
    from actors.producers.planetside2_stream import CensusStream

    stream = CensusStream(session, _service_id(session))
    try:
        await stream.open(_CHARACTER_EVENTS, (*session.settings.world_events, *_WORLD_EVENTS))
        while True:
            for message in await stream.step():
                yield message
    finally:
        await stream.end()


def _service_id(session: Any) -> str:
    try:
        found: str = session.secret().strip()
    except MissingSecret:
        return TRIAL
    if not _SERVICE_ID.match(found):
        raise SourceRefused("The secret is no service id, expected s: and letters or digits, such as s:example")
    return found
