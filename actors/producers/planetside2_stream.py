"""One run of a PlanetSide 2 source: the streamer's characters, all connections, and their events as messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from actors.adapters import planetside2_facts as facts
from actors.adapters.planetside2 import meaning, stamp_ms
from actors.adapters.planetside2_scene import CensusBody, Known
from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput
from actors.producers.planetside2_frames import Merger, is_tick
from actors.producers.planetside2_hold import Held, Hold
from actors.producers.planetside2_links import Arrival, ConnectPace, Hub, StreamConnection, Wish
from actors.producers.planetside2_names import Census, Names, own_characters, wanted
from actors.producers.spec import Disconnected, SourceMessage, SourceRefused
from actors.producers.tls import with_rsa_key_exchange

POLL_S: Final = 0.05  # the period of checks of waiting events
IDLE_S: Final = 1.0
LEARN_FIRST_S: Final = 5.0
LEARN_MAX_S: Final = 60.0
TEAMS: Final = ("VS", "NC", "TR")

_encode = msgspec.json.Encoder().encode


class Own(Struct, frozen=True):
    """The streamer: ids of the characters, their worlds, and the faction for which an alert is won."""

    ids: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()
    faction: str = ""
    why: str = ""


class SavedNames(Struct, frozen=True, array_like=True):
    """The cursor of the source: the characters, for a start at which Census does not answer."""

    asked: tuple[str, ...] = ()
    found: tuple[tuple[str, Known, str], ...] = ()


_encode_saved = msgspec.msgpack.Encoder().encode
_saved = msgspec.msgpack.Decoder(SavedNames)


class CensusStream:
    """All connections of a source, and the events that wait."""

    def __init__(self, session: Any, service_id: str) -> None:
        self._session, self._settings = session, session.settings
        self._service_id = service_id
        self._tls = with_rsa_key_exchange()  # one for all: each holds the certificates of all authorities
        self._census = Census(self._settings.api_url, service_id, f"{self._settings.environment}:v2", self._tls)
        self._names = Names(self._census, self._settings.resolve_names)
        self._own = Own()
        self._merger, self._hold = Merger(), Hold()
        self._links: list[StreamConnection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._is_live = False
        self._cursor: bytes | None = None  # saved with the next message

    async def open(self, character_events: Sequence[str], world_events: Sequence[str]) -> None:
        """Look up the streamer's characters, and begin to connect.

        Raises:
            SourceRefused: a character does not exist.
            Disconnected: a character is given by name, and Census does not answer.
        """
        self._own, is_fresh = await self._who()
        self._hub = Hub(self._session, frozenset(self._own.ids), self._tls)
        if self._own.ids:
            self._connect("characters", Wish(tuple(character_events), characters=self._own.ids))
        if self._own.worlds:
            self._connect("worlds", Wish(tuple(world_events), worlds=self._own.worlds))
        self._start(self._names.run())
        if not is_fresh:
            self._start(self._learn(tuple(world_events)))

    def _connect(self, about: str, wish: Wish) -> None:
        settings = self._settings
        pace = ConnectPace(settings.heartbeat_s, settings.subscribe_s)
        for url in settings.urls:
            sign = "&" if "?" in url else "?"
            full = f"{url}{sign}environment={settings.environment}&service-id={self._service_id}"
            host = urlsplit(url).netloc.rpartition("@")[2]
            link = StreamConnection(f"{host} ({about})", full, wish, pace, self._session, self._hub)
            self._links.append(link)
            self._start(link.run())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _learn(self, world_events: tuple[str, ...]) -> None:
        """Look up the characters until Census answers; then subscribe to their worlds, if none were known."""
        pause_s = LEARN_FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(LEARN_MAX_S, pause_s * 2)
            try:
                before, self._own = self._own, await self._ask()
            except SourceRefused as error:  # renamed while it is known by its id
                self._own = msgspec.structs.replace(self._own, why=str(error))
                return
            except (OSError, BadInput):
                continue
            if self._own.worlds and not before.worlds:
                self._connect("worlds", Wish(world_events, worlds=self._own.worlds))
            return

    async def step(self) -> list[SourceMessage]:
        """Wait for the next event; return the messages that need not wait longer.

        Raises:
            Disconnected: no connection is left.
            SourceRefused: all servers refuse the connection.
        """
        arrival = await self._next()
        now_s = time.monotonic()
        if arrival is not None:
            self._take(arrival, now_s)
        ready = [self._message(held) for held in self._hold.due(now_s, self._names.lack)]
        self._session.count("ignored", self._hold.take_ignored())
        for task in self._tasks:
            if task.done():
                task.result()  # an unexpected exception ends the process
        self._report()
        if not ready and self._hub.queue.empty() and all(link.why and link.tried for link in self._links):
            ready = [self._message(held) for held in self._hold.flush()]
            if not ready:
                self._end_all()
        return ready

    async def end(self) -> None:
        """Close all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._census.close()

    async def _next(self) -> Arrival | None:
        try:
            async with asyncio.timeout(IDLE_S if self._hold.empty() else POLL_S):
                return await self._hub.queue.get()
        except TimeoutError:
            return None

    def _take(self, arrival: Arrival, now_s: float) -> None:
        connection, payload = arrival
        identity = self._merger.take(connection, payload, now_s)
        if not identity:
            self._session.count("duplicate")
            return
        is_roadkill = payload.get("experience_id") == facts.ROADKILL  # means something with its death
        if not is_roadkill and not meaning(CensusBody(dict(payload), list(self._own.ids))):
            self._session.count("ignored")
            return
        wants = () if is_tick(payload) else wanted(payload)
        self._names.ask(wants)
        self._hold.add(Held(identity, payload, now_s, wants, []))

    def _message(self, held: Held) -> SourceMessage:
        payload, own = dict(held.payload), self._own
        names = self._names.of(wanted(payload))
        body = CensusBody(payload, list(own.ids), names, own.faction, held.extras, held.identity)
        try:
            stamp = stamp_ms(payload)
        except BadInput:
            stamp = None  # the adapter rejects it with the reason
        cursor, self._cursor = self._cursor, None
        return SourceMessage(_encode(body), "planetside2", held.identity, stamp, cursor)

    def _report(self) -> None:
        down = [f"{link.name}: {link.why}" for link in self._links if link.why]
        if len(down) == len(self._links):
            return
        if not self._is_live:
            self._is_live = True
            self._session.live()
        whys = [*down, self._own.why, self._names.why()]
        self._session.degraded("; ".join(why for why in whys if why))

    def _end_all(self) -> None:
        refusals = [link.refusal for link in self._links if link.refusal is not None]
        if len(refusals) == len(self._links):
            raise refusals[0]
        raise Disconnected("; ".join(f"{link.name}: {link.why}" for link in self._links))

    async def _who(self) -> tuple[Own, bool]:
        """Return the streamer, and whether the data are current."""
        settings = self._settings
        if not settings.characters:
            return Own((), tuple(settings.worlds or ()), settings.faction), True
        try:
            saved = _saved.decode(self._session.cursor)
        except UNREADABLE:
            saved = SavedNames()  # none yet, or of an older version
        if saved.asked == self._asked():
            return self._known(saved.found), False
        try:
            return await self._ask(), True
        except (OSError, BadInput) as error:
            if not all(one.isdigit() for one in settings.characters):
                raise Disconnected(f"cannot look up the characters: {error}; ids would need no look-up") from error
            why = f"the characters are not known: {error}"
            if settings.worlds is None:
                why += "; no world is subscribed to yet"
            return Own(tuple(settings.characters), tuple(settings.worlds or ()), settings.faction, why), False

    def _asked(self) -> tuple[str, ...]:
        return self._settings.environment, *self._settings.characters

    async def _ask(self) -> Own:
        found = tuple(await asyncio.to_thread(own_characters, self._census, self._settings.characters))
        own = self._known(found)
        self._cursor = _encode_saved(SavedNames(self._asked(), found))
        return own

    def _known(self, found: Sequence[tuple[str, Known, str]]) -> Own:
        settings = self._settings
        worlds = tuple(settings.worlds or ())
        ids = dict.fromkeys(one for one in settings.characters if one.isdigit())
        by_name = {known.name.lower(): id_ for id_, known, _ in found}
        for one in settings.characters:
            if not one.isdigit():
                if one.lower() not in by_name:
                    raise SourceRefused(f"There is no character {one!r} in {settings.environment}; check the name")
                ids[by_name[one.lower()]] = None
        for id_, known, _ in found:
            self._names.add(f"character/{id_}", known)
        if settings.worlds is None:
            worlds = tuple(dict.fromkeys(world for _, _, world in found if world))
        factions = {id_: known.detail for id_, known, _ in found if known.detail in TEAMS}
        faction = settings.faction or next((factions[id_] for id_ in ids if id_ in factions), "")
        return Own(tuple(ids), worlds, faction)
