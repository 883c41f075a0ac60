"""Detects worlds whose events are missing on a connection to the Census stream although its heartbeats arrive. Pure.

The normal length of a pause depends on the number of players in a world. Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

# The longest pause between two events of a world with many players.
PAUSES_S: Final = {"Death": 15.0, "GainExperience": 30.0}
# (players, factor): with fewer players, pauses are longer by this factor.
FACTORS: Final = ((50, 16.0), (100, 8.0), (200, 4.0))
COUNTED_S: Final = 900.0  # a player without an event for this time is no longer counted
COPY_S: Final = 10.0  # two servers send the same event within this time
MAX_PLAYERS: Final = 4_096
PLAYER_CHARACTERS: Final = 32
# The minimum time before a connection is closed for silence, because an empty world is also silent.
FIRST_S: Final = 60.0


class Watch:
    """Compares the events of worlds on all connections."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[Sequence[str], float]] = {}
        self._players: dict[str, OrderedDict[str, float]] = {}
        self._heard_s: dict[tuple[str, str, str], float] = {}
        # Since when another connection receives (world, event), and this one does not.
        self._missing_s: dict[tuple[str, str, str], float] = {}

    def opened(self, link: str, worlds: Sequence[str], now_s: float) -> None:
        """Record a new connection with all events of these worlds."""
        self._links[link] = worlds, now_s
        for world in worlds:
            self._players.setdefault(world, OrderedDict())
        for times in (self._heard_s, self._missing_s):
            for key in [key for key in times if key[0] == link]:
                del times[key]

    def heard(self, link: str, world: str, event: str, player: str, now_s: float) -> None:
        """Record an event of a connection."""
        if event not in PAUSES_S or world not in self._links.get(link, ((), 0.0))[0]:
            return
        self._missing_s.pop((link, world, event), None)
        self._heard_s[link, world, event] = now_s
        for other, (worlds, opened_s) in self._links.items():
            if other == link or world not in worlds:
                continue
            if now_s - self._heard_s.get((other, world, event), opened_s) > COPY_S:  # else it may be the same event
                self._missing_s.setdefault((other, world, event), now_s)
        players = self._players[world]
        players.pop(player[:PLAYER_CHARACTERS], None)
        players[player[:PLAYER_CHARACTERS]] = now_s
        while len(players) > MAX_PLAYERS or next(iter(players.values())) < now_s - COUNTED_S:
            players.popitem(last=False)

    def pause_s(self, world: str, event: str) -> float:
        """Return the normal length of a pause of a world now."""
        count = len(self._players[world])
        return PAUSES_S[event] * next((factor for below, factor in FACTORS if count < below), 1.0)

    def silent(self, link: str, now_s: float) -> str:
        """Return the events that a connection misses and another receives, "" for none."""
        worlds, opened_s = self._links.get(link, ((), now_s))
        if now_s - opened_s < FIRST_S:
            return ""
        for world in worlds:
            for event in PAUSES_S:
                for_s = now_s - self._missing_s.get((link, world, event), now_s)
                if for_s > self.pause_s(world, event):
                    return f"no {event} of world {world} for {for_s:.0f} s, while another server sends some"
        return ""
