"""Reads the messages of a Dragonfly server: answers at once, moves into the roster, everything else into a queue.

    bytes ─▶ take ─┬─ expects an answer ─▶ the server, before anything else
                   ├─ move ─▶ roster ─ at most `hz` times a second ─▶ packed positions
                   └─ event ─▶ queue ─▶ the generator of sources/minecraft.py

The server drops messages of any type while 64 to 256 of them wait for us, so nothing is awaited here.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from typing import Any, Final

from actors.adapters import bounds, minecraft_wire
from actors.adapters.generic import packed
from actors.adapters.minecraft_events import details, payload_of
from actors.adapters.minecraft_wire import MOVE, TYPES, HostEvent
from actors.core.contract.payload import Payload, Player
from actors.core.contract.positions import is_place, pack
from actors.core.contract.types.stage import Radar, RadarPlayer
from actors.core.sources.answers import Answers
from actors.core.sources.roster import Roster, Tracked
from actors.errors import BadInput
from actors.producers.grpc_link import GrpcConnection
from actors.producers.spec import SourceMessage

ANSWER_WITHIN_S: Final = 0.25  # the server waits for so long
MAX_QUEUED: Final = 4_096  # events; beyond it the server is not read
# A page that is opened later, or over a transport without positions, learns the places of players who stand still.
REFRESH_S: Final = 0.3
JOIN, QUIT = TYPES["player_join"], TYPES["player_quit"]


class MinecraftReader:
    """What one connection has said. `ready` is set when the queue has events, or the connection has ended."""

    def __init__(self, session: Any) -> None:
        self.queue: deque[SourceMessage] = deque()
        self.ready = asyncio.Event()
        self.greeted = False
        self.goodbye = ""
        self.connection: GrpcConnection | None = None
        self._session = session
        self.settings = session.settings
        self._events = {TYPES[name] for name in self.settings.events}
        self._only = {name.casefold() for name in self.settings.players}
        self._teams = {name: team for team, names in self.settings.teams.items() for name in names}
        self._answers = Answers(self.settings.answer)
        self._roster = Roster()
        self._boot = self._run = secrets.token_hex(4)  # replaced by the server's own, if it has one
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._refreshed_s = asyncio.get_running_loop().time()
        self._paused = False

    def take(self, message: bytes) -> None:
        """Handle one message of the server."""
        try:
            host = minecraft_wire.host_message(message)
            if host.kind == "event":
                self._on_event(minecraft_wire.host_event(host.body))
            elif host.kind == "hello":
                hello = minecraft_wire.read(host.body, minecraft_wire.HELLO)
                self._boot = hello.get("boot_id", "")[:40] or self._boot
                self.greeted = True
                self.ready.set()
            elif host.kind == "shutdown":
                self.goodbye = minecraft_wire.read(host.body, minecraft_wire.SHUTDOWN).get("reason", "")[:200]
        except BadInput as error:
            self._session.reject(str(error), message)

    def next(self) -> SourceMessage | None:
        """Return the next event, None when there is none now."""
        if self._paused and len(self.queue) <= MAX_QUEUED // 2:
            self._pause(False)
        if self.queue:
            return self.queue.popleft()
        self.ready.clear()
        return None

    def radar(self, on: bool) -> SourceMessage:
        """Return the event that shows or removes the map."""
        radar = self.settings.radar
        edges = (radar.left, radar.top, radar.right, radar.bottom)
        return self._message("radar", Radar(self._session.name, bounds.word(radar.title), *edges, self._run, on))

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _on_event(self, event: HostEvent) -> None:
        if event.type == MOVE:
            if self.settings.positions_hz:
                self._on_move(minecraft_wire.move(event.payload))
            if not event.expects:
                return
        try:
            found = details(event)
        except BadInput:
            self._answer(event, {})
            raise
        self._answer(event, found)
        self._presence(event, found)
        if event.type not in self._events or not self._wants(found.get("name", "")):
            self._session.count("ignored")
            return
        type_, payload = payload_of(event, found, self._team)
        identity = f"{self._boot}/{event.id}" if event.id else ""
        self._put(self._message(type_, payload, identity))

    def _presence(self, event: HostEvent, found: dict[str, Any]) -> None:
        if not self.settings.positions_hz or event.type not in (JOIN, QUIT):
            return
        # A player who joins is shown by the first move: before it the place is unknown.
        gone = self._roster.remove(bounds.word(found.get("player_uuid")))
        if gone is not None:
            self._put(self._player(gone, on=False))

    def _answer(self, event: HostEvent, found: dict[str, Any]) -> None:
        if not event.expects or self.connection is None:
            return
        given = self._answers.of(minecraft_wire.NAMES.get(event.type, ""), found)
        message = minecraft_wire.answer(self.settings.plugin_id, event.id, given.cancel, given.text)
        sent = self.connection.send(message)
        self._session.count("answered")
        if not sent or time.monotonic() - self.connection.received_s > ANSWER_WITHIN_S:
            self._session.count("late_answers")

    def _on_move(self, move: minecraft_wire.Move) -> None:
        id_ = bounds.word(move.player)
        tracked = self._roster.players.get(id_)
        radar = self.settings.radar
        if not is_place(move.x, move.y, move.z, move.yaw) or not move.player:
            raise BadInput(f"a move of {move.player[:40]!r} to {move.x}, {move.y}, {move.z}, expected coordinates")
        if (radar.world and move.world != radar.world) or not self._wants(move.name):
            if tracked is not None and self._roster.remove(id_):
                self._put(self._player(tracked, on=False))
            return
        if tracked is None:
            tracked = self._roster.add(id_, bounds.name(move.name, move.player))
            if tracked is None:
                self._session.count("ignored")
                return
            self._roster.move(tracked, move.x, move.y, move.z, move.yaw)
            self._put(self._player(tracked))
        else:
            self._roster.move(tracked, move.x, move.y, move.z, move.yaw)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            # From one due time to the next: from one sending to the next, each delay of the loop would lower the rate.
            self._due_s = max(loop.time(), self._due_s + 1 / self.settings.positions_hz)
            self._timer = loop.call_at(self._due_s, self._send)

    def _send(self) -> None:
        """Send the places of those who moved."""
        self._timer = None
        self._session.alive()
        places = self._roster.take()
        if places:
            self._session.send_positions(pack(self._session.name, time.time() * 1000, places), len(places))
        if self._due_s - self._refreshed_s >= REFRESH_S and (tracked := self._roster.next_in_turn()):
            self._refreshed_s = self._due_s
            self._put(self._player(tracked))

    def _player(self, tracked: Tracked, on: bool = True) -> SourceMessage:
        team = self._team(tracked.name)
        colors = self.settings.colors
        payload = RadarPlayer(
            self._session.name,
            tracked.number,
            Player(tracked.id, tracked.name, team),
            round(tracked.x, 2),
            round(tracked.z, 2),
            round(tracked.y, 2),
            round(tracked.yaw % 360, 1) % 360,
            bounds.color(colors.get(tracked.name, colors.get(team, ""))),
            self._run,
            on,
        )
        return self._message("radar_player", payload)

    def _message(self, type_: str, payload: Payload, identity: str = "") -> SourceMessage:
        return SourceMessage(packed(type_, payload, self._session.name, identity or None), "event", identity)

    def _put(self, message: SourceMessage) -> None:
        self.queue.append(message)
        self.ready.set()
        if len(self.queue) >= MAX_QUEUED and not self._paused:
            self._pause(True)

    def _pause(self, on: bool) -> None:
        self._paused = on
        if self.connection is not None:
            self.connection.pause(on)
        self._session.degraded("events wait to be stored; the server is not read" if on else "")

    def _team(self, name: str) -> str:
        return str(self._teams.get(name, ""))

    def _wants(self, name: str) -> bool:
        return not self._only or name.casefold() in self._only
