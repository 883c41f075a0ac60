"""The connections of a PlanetSide 2 source: each subscribes, is monitored, and reconnects by itself.

connect ─▶ subscribe ─echo as wanted▶ live ─every subscribe_s▶ subscribe again, compare the echo
   ▲                                    │ no heartbeat, another echo twice, silent about a world, cut
   └──────────── wait, longer each time ┘
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any, Final

from msgspec import Struct

from actors.core.sources.state import BACKOFF_FIRST_S, BACKOFF_MAX_S, RETRY_REFUSED_S
from actors.errors import BadInput, Refused
from actors.producers import planetside2_frames as frames
from actors.producers.planetside2_watch import Watch
from actors.producers.spec import Disconnected

LOOK_S: Final = 1.0
ECHO_S: Final = 20.0
QUEUE: Final = 1_024

_SERVICE: Final = {"service": "event"}

Arrival = tuple[int, Mapping[str, str]]


class Wish(Struct, frozen=True):
    """The subscription of a connection: events of characters, or of worlds; with both it would be their union."""

    events: tuple[str, ...]
    characters: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the subscription message."""
        to = {"characters": list(self.characters)} if self.characters else {"worlds": list(self.worlds)}
        return json.dumps({**_SERVICE, "action": "subscribe", "eventNames": list(self.events), **to})

    def differs(self, echo: frames.CensusSubscription) -> str:
        """Return how the server's echo differs from the request, "" if it does not."""
        if echo.event_names is not None and set(echo.event_names) != set(self.events):
            return f"events {sorted(echo.event_names)[:12]}"
        if echo.worlds is not None and set(echo.worlds) != set(self.worlds):
            return f"worlds {sorted(echo.worlds)[:12]}"
        if echo.character_count is not None and echo.character_count != len(self.characters):
            return f"{echo.character_count} characters"
        return ""


class ConnectPace(Struct, frozen=True):
    """The maximum silence of a connection, and the period of its repeated subscriptions."""

    heartbeat_s: float
    subscribe_s: float


class StreamConnection:
    """One connection, which reconnects until `run` ends. `why` is the reason why it is not live, "" if it is."""

    _numbers = 0

    def __init__(self, name: str, url: str, wish: Wish, pace: ConnectPace, session: Any, hub: Hub) -> None:
        self.name, self.why, self.tried = name, "connecting", False
        self.refusal: Refused | None = None
        self._url, self._wish, self._pace, self._session, self._hub = url, wish, pace, session, hub
        self._failures = 0
        self._differences = 0
        self._beat_s = self._subscribed_s = self._echo_due_s = 0.0
        self._number = 0

    async def run(self) -> None:
        """Connect, and reconnect until cancelled."""
        while True:
            self.refusal = None
            try:
                await self._converse()
            except Refused as error:
                self.refusal, why, wait_s = error, str(error), RETRY_REFUSED_S
            except OSError as error:
                why, wait_s = str(error) or type(error).__name__, self._backoff_s()
            self.why, self.tried = why, True
            self._session.log.warning("link=%s down reason=%r retry_in_s=%.1f", self.name, why, wait_s)
            await asyncio.sleep(wait_s)

    def _backoff_s(self) -> float:
        self._failures += 1
        longest_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(16, self._failures - 1))
        return longest_s * (0.5 + random.random() / 2)

    async def _converse(self) -> None:
        from actors.producers.web import websocket

        async with websocket(self._url, tls=self._hub.tls) as socket:
            StreamConnection._numbers += 1
            self._number = StreamConnection._numbers
            self._differences = 0
            self._beat_s = time.monotonic()
            self._hub.watch.opened(self.name, self._wish.worlds, self._beat_s)
            await self._subscribe(socket)
            while True:
                try:
                    async with asyncio.timeout(LOOK_S):
                        data = await socket.receive()
                except TimeoutError:
                    data = ""
                if data:
                    await self._take(socket, data)
                await self._look(socket, time.monotonic())

    async def _subscribe(self, socket: Any) -> None:
        await socket.send(self._wish.text())
        self._subscribed_s = time.monotonic()
        self._echo_due_s = self._subscribed_s + ECHO_S

    async def _look(self, socket: Any, now_s: float) -> None:
        """Detect missing heartbeats and events."""
        if now_s - self._beat_s > self._pace.heartbeat_s:
            raise Disconnected(f"no heartbeat for {self._pace.heartbeat_s:g} s")
        if now_s > self._echo_due_s:
            raise Disconnected(f"the subscription was not confirmed within {ECHO_S:g} s")
        silent = self._hub.watch.silent(self.name, now_s)
        if silent:
            raise Disconnected(silent)
        if now_s - self._subscribed_s > self._pace.subscribe_s:
            await self._subscribe(socket)

    async def _take(self, socket: Any, data: str | bytes) -> None:
        try:
            frame = frames.decode(data)
        except BadInput as error:
            self._session.reject(str(error), data.encode() if isinstance(data, str) else data)
            return
        if frame.subscription is not None:
            await self._compare(socket, frame.subscription)
        elif frame.payload is not None:
            began_s = time.monotonic()
            await self._hub.put(self.name, self._number, frame.payload)
            held_s = time.monotonic() - began_s  # waiting for a full queue is not silence of the server
            self._beat_s += held_s
            self._echo_due_s += held_s
        elif frame.type == "heartbeat":
            self._beat_s = time.monotonic()
            self._failures = 0
            self._session.alive()

    async def _compare(self, socket: Any, echo: frames.CensusSubscription) -> None:
        difference = self._wish.differs(echo)
        if not difference:
            self._differences, self._echo_due_s = 0, float("inf")
            if self.why:
                self.why = ""
                self._session.log.info("link=%s live", self.name)
            return
        self._differences += 1
        if self._differences > 1:
            raise Disconnected(f"the server altered the subscription: {difference}")
        self._session.log.warning("link=%s altered=%r", self.name, difference)
        await self._subscribe(socket)  # restores a subscription that the server has lost


class Hub:
    """The bounded queue of the events of all connections. When it is full, the servers are read more slowly."""

    def __init__(self, session: Any, own: frozenset[str], tls: SSLContext) -> None:
        self.watch = Watch()
        self.queue: asyncio.Queue[Arrival] = asyncio.Queue(QUEUE)
        self.tls = tls
        self._session, self._own = session, own

    async def put(self, link: str, connection: int, payload: Mapping[str, str]) -> None:
        player = payload.get("character_id", "")
        event = payload.get("event_name", "")
        self.watch.heard(link, payload.get("world_id", ""), event, player, time.monotonic())
        if frames.concerns(payload, self._own):
            await self.queue.put((connection, payload))
        else:
            self._session.count("ignored")
