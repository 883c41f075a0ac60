"""A Minecraft server on Dragonfly with the plugin service of df.plugin: events, and positions for the radar."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.adapters.minecraft_wire import METHOD, TYPES, plugin_hello, subscription
from actors.core.contract.payload import Color
from actors.core.contract.types.stage import Coordinate
from actors.core.sources.answers import AnswerRule
from actors.errors import BadInput
from actors.producers.spec import Disconnected, SourceMessage, SourceRefused, SourceSettings, Spec
from actors.section import IN_FILE, Section

HELLO_S: Final = 10.0
EVENTS: Final = ("player_join", "player_quit", "chat", "player_death", "player_hurt", "command")
KNOWN: Final = tuple(sorted(set(TYPES) - {"player_move"}))  # moves are no events: they go to the radar
PlayerNames = list[Annotated[str, Meta(min_length=1, max_length=64)]]

_ADDRESS: Final = re.compile(r"unix:/.+|[^\s/]+:[0-9]{1,5}")
# Of the trailers of gRPC: unknown (the host's own errors), permission denied, unimplemented, unauthenticated.
_UNKNOWN, _REFUSALS = 2, (7, 12, 16)


class RadarSection(Section, frozen=True, kw_only=True):
    """The map: its edges in coordinates of the game, x to the right and z downwards. `world` "" is every world."""

    title: Annotated[str, Meta(max_length=64)] = ""
    world: Annotated[str, Meta(max_length=64)] = ""
    left: Coordinate = -512.0
    top: Coordinate = -512.0
    right: Coordinate = 512.0
    bottom: Coordinate = 512.0


class MinecraftSettings(SourceSettings, frozen=True, kw_only=True):
    """A Dragonfly server.

    address       HOST:PORT or unix:PATH of its plugin service (`server_port` of plugins.yaml)
    plugin_id     the `id` of Framewire's entry in plugins.yaml
    events        the types that become events; the server sends no others
    players       only these players; empty is all
    positions_hz  how often the places of moving players are sent to the radar; 0 turns it off
    teams         players by team: {red = ["Ada"], blue = ["Bo"]}
    colors        colours on the radar by player or team: {Ada = "#ffcc00"}
    answer        rules for events that the server waits for (chat, commands, damage); the first that applies counts
    """

    address: Annotated[str, Meta(max_length=200), IN_FILE] = "127.0.0.1:50050"
    plugin_id: Annotated[str, Meta(min_length=1, max_length=64)] = "framewire"
    events: list[str] = msgspec.field(default_factory=lambda: list(EVENTS))
    players: PlayerNames = []
    positions_hz: Annotated[float, Meta(ge=0, le=60)] = 60.0
    radar: RadarSection = RadarSection()
    teams: dict[Annotated[str, Meta(max_length=64)], PlayerNames] = {}
    colors: dict[str, Color] = {}
    answer: list[AnswerRule] = []


SPEC: Final = Spec(
    MinecraftSettings,
    "A Minecraft server on Dragonfly, by its plugin service: players, chat, deaths, and a radar.",
    redelivers=False,
    loss="What the server sends while the process restarts (a few hundred milliseconds) or the connection is cut.",
)

# The process of a source has one connection; `closing` is called at its end.
_shown: list[SourceMessage] = []


def check(settings: MinecraftSettings) -> None:
    """Raise BadInput unless the address, the types and the map are valid."""
    _, _, port = settings.address.rpartition(":")
    if not _ADDRESS.fullmatch(settings.address) or (port.isdecimal() and int(port) > 65_535):
        raise BadInput(f"address is {settings.address!r}, expected HOST:PORT or unix:PATH")
    for name in [*settings.events, *(rule.event for rule in settings.answer)]:
        if name not in KNOWN:
            raise BadInput(f"unknown event {name[:64]!r}; expected some of {', '.join(KNOWN)}")
    radar = settings.radar
    if radar.left >= radar.right or radar.top >= radar.bottom:
        raise BadInput("radar: `left` must be less than `right`, and `top` less than `bottom`")


def wanted(settings: MinecraftSettings) -> list[int]:
    """Return the types to subscribe to: as few as possible, because the server waits for answers to many of them."""
    names = {*settings.events, *(rule.event for rule in settings.answer)}
    if settings.positions_hz:
        names |= {"player_move", "player_join", "player_quit"}
    return sorted(TYPES[name] for name in names)


def closing() -> list[SourceMessage]:
    """Return the event that removes the map from the radar."""
    return _shown


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Yield the events of one connection; if the first one fails, remove the map that a killed process has left."""
    from actors.producers.minecraft_reader import MinecraftReader

    reader = MinecraftReader(session)
    try:
        async with aclosing(_events(session, reader)) as messages:
            async for message in messages:
                yield message
    except OSError:
        if session.settings.positions_hz and not _shown:
            _shown[:] = [reader.radar(on=False)]
            yield _shown[0]
        raise


async def _events(session: Any, reader: Any) -> AsyncGenerator[SourceMessage, None]:
    """Say hello, subscribe, and yield the events; positions and answers take no part in this."""
    from actors.producers.grpc_link import grpc_stream

    settings: MinecraftSettings = session.settings
    async with grpc_stream(settings.address, METHOD, reader.take) as connection:
        reader.connection = connection
        connection.closed.add_done_callback(lambda _: reader.ready.set())
        try:
            connection.send(plugin_hello(settings.plugin_id))
            connection.send(subscription(settings.plugin_id, wanted(settings)))
            await _greeting(reader, connection)
            session.live()
            if settings.positions_hz:
                _shown[:] = [reader.radar(on=False)]
                yield reader.radar(on=True)
            while True:
                while (message := reader.next()) is not None:
                    yield message
                if connection.closed.done():
                    break
                await reader.ready.wait()
            if settings.positions_hz:
                yield reader.radar(on=False)
        finally:
            reader.close()
        raise _ending(connection, settings, reader.goodbye)


async def _greeting(reader: Any, connection: Any) -> None:
    """Wait for the host's hello."""
    import asyncio

    try:
        async with asyncio.timeout(HELLO_S):
            while not reader.greeted:
                await reader.ready.wait()
                if connection.closed.done() and not reader.greeted:
                    raise _ending(connection, reader.settings, "")
                reader.ready.clear()
    except TimeoutError as error:
        raise Disconnected(
            f"no hello within {HELLO_S:g} s; is this the plugin service of a Dragonfly server?"
        ) from error
    reader.ready.set()  # events may have come with it


def _ending(connection: Any, settings: MinecraftSettings, goodbye: str) -> Exception:
    """Return why the connection has ended."""
    if connection.status == _UNKNOWN and "unknown plugin" in connection.reason:
        return SourceRefused(
            f"the server has no plugin {settings.plugin_id!r}; add it to its plugins.yaml, and restart it"
        )
    if connection.status in _REFUSALS:
        return SourceRefused(f"the server refuses the plugin service: {connection.reason}; check the address")
    return Disconnected(f"the server shuts down: {goodbye}" if goodbye else connection.reason)
