"""A synthetic Minecraft world for `load minecraft-100` and its benchmark: what happens until a time, as messages of a
plugin host. Pure; equal seeds give equal messages.

All players join at the start and quit at the end. In between each walks on a circle of their own, and players die and
chat.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from msgspec import Struct

from actors.adapters.minecraft_wire import TYPES, packed

CAUSES: Final = ("fall", "lava", "drowning", "explosion")
TEXTS: Final = ("gg", "over here", "who has food?", "nice one", "diamonds ☀")
SPEED_RADIANS_S: Final = 0.4


class WorldRates(Struct, frozen=True):
    """How much happens. A chat message of a server is an event like a death, but not critical."""

    players: int = 100
    moves_hz: float = 5_000.0
    deaths_hz: float = 50.0
    chat_hz: float = 2.0


class Happening(Struct, frozen=True):
    """`type` is a name of minecraft_wire.TYPES, `payload` the message of this type."""

    type: str
    payload: bytes


class World:
    """`cause` returns the cause of a death that is due at a time; by default a random one.

    The messages of a type do not depend on how often `until` is called.
    """

    def __init__(
        self, seed: int, seconds: float, rates: WorldRates, cause: Callable[[float], str] | None = None
    ) -> None:
        random = Random(f"minecraft {seed}")
        self.seconds, self._rates = seconds, rates
        self._deaths, self._talk = Random(random.random()), Random(random.random())
        self._cause = cause or (lambda _at_s: self._deaths.choice(CAUSES))
        self._players = [
            packed([(1, f"8667ba71-b85a-4004-af54-{number:012d}"), (2, f"Player_{number}")])
            for number in range(rates.players)
        ]
        self._circles = [(random.uniform(20, 450), random.uniform(0, math.tau)) for _ in self._players]
        self._done = {"player_death": 0, "chat": 0, "player_move": 0}

    def expected(self) -> dict[str, int]:
        """Return how many events of each type of the taxonomy come of it, if none is dropped."""
        players, rates = self._rates.players, self._rates
        deaths, chat = int(self.seconds * rates.deaths_hz), int(self.seconds * rates.chat_hz)
        return {"player_join": players, "death": deaths, "chat": chat, "player_leave": players}

    def beginning(self) -> Iterator[Happening]:
        """Yield the joins."""
        yield from (Happening("player_join", player) for player in self._players)

    def until(self, passed_s: float) -> Iterator[Happening]:
        """Yield what is due since the last call, the events before the moves."""
        passed_s = min(passed_s, self.seconds)
        for at_s in self._due("player_death", self._rates.deaths_hz, passed_s):
            yield Happening(
                "player_death", self._deaths.choice(self._players) + packed([(3, packed([(1, self._cause(at_s))]))])
            )
        for _ in self._due("chat", self._rates.chat_hz, passed_s):
            yield Happening("chat", self._talk.choice(self._players) + packed([(3, self._talk.choice(TEXTS))]))
        for at_s in self._due("player_move", self._rates.moves_hz, passed_s):
            yield Happening("player_move", self._moved(self._done["player_move"] % len(self._players), at_s))

    def end(self) -> Iterator[Happening]:
        """Yield the quits."""
        yield from (Happening("player_quit", player) for player in self._players)

    def _due(self, type_: str, rate_hz: float, passed_s: float) -> Iterator[float]:
        while (number := self._done[type_]) < int(passed_s * rate_hz):
            yield (number + 1) / rate_hz  # the first is due after one interval
            self._done[type_] = number + 1

    def _moved(self, number: int, at_s: float) -> bytes:
        radius, phase = self._circles[number]
        angle = phase + at_s * SPEED_RADIANS_S
        place = struct.pack("<BdBdBd", 0x09, radius * math.cos(angle), 0x11, 64.0, 0x19, radius * math.sin(angle))
        turn = struct.pack("<BfBf", 0x0D, math.degrees(angle) % 360, 0x15, 0.0)
        return self._players[number] + packed([(3, "overworld"), (4, place), (5, turn)])


def event(plugin_id: str, number: int, happening: Happening) -> bytes:
    """Return the message of a host for one event."""
    type_ = TYPES[happening.type]
    return packed([(1, plugin_id), (20, packed([(1, str(number)), (2, type_), (type_, happening.payload)]))])


def shutdown(plugin_id: str, reason: str) -> bytes:
    """Return the last message of a host."""
    return packed([(1, plugin_id), (11, packed([(1, reason)]))])


def hello(plugin_id: str, boot_id: str) -> bytes:
    """Return the first message of a host."""
    return packed([(1, plugin_id), (10, packed([(1, "v1"), (2, boot_id)]))])
