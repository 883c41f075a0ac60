"""Which worlds a connection to the Census stream is silent about, though it says that all is well. Pure.

A world that mutes sends heartbeats, and nothing else. How long silence is normal depends on how many players there are.
Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

# The longest pause between two events of a world with many players.
PAUSES_S: Final = {"Death": 15.0, "GainExperience": 30.0}
# Of fewer players than this, pauses are so many times as long.
FACTORS: Final = ((50, 16.0), (100, 8.0), (200, 4.0))
COUNTED_S: Final = 900.0  # a player who was not heard of for so long is no longer counted
COPY_S: Final = 10.0  # two servers bring one event within this time
MAX_PLAYERS: Final = 4_096
PLAYER_CHARACTERS: Final = 32
# A connection is not given up again sooner: an empty world is silent, too.
FIRST_S: Final = 60.0


class Watch:
    """Compares what the connections hear of worlds."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[Sequence[str], float]] = {}
        self._players: dict[str, OrderedDict[str, float]] = {}
        self._heard_s: dict[tuple[str, str, str], float] = {}
        # Since when another connection hears of (world, event), and this one does not.
        self._missing_s: dict[tuple[str, str, str], float] = {}

    def opened(self, link: str, worlds: Sequence[str], now_s: float) -> None:
        """Note that a connection to all events of these worlds has begun."""
        self._links[link] = worlds, now_s
        for world in worlds:
            self._players.setdefault(world, OrderedDict())
        for times in (self._heard_s, self._missing_s):
            for key in [key for key in times if key[0] == link]:
                del times[key]

    def heard(self, link: str, world: str, event: str, player: str, now_s: float) -> None:
        """Note an event that a connection brought."""
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
        """Return how long silence about a world is normal now."""
        count = len(self._players[world])
        return PAUSES_S[event] * next((factor for below, factor in FACTORS if count < below), 1.0)

    def silent(self, link: str, now_s: float) -> str:
        """Return what a connection is silent about while another is not, "" for nothing."""
        worlds, opened_s = self._links.get(link, ((), now_s))
        if now_s - opened_s < FIRST_S:
            return ""
        for world in worlds:
            for event in PAUSES_S:
                for_s = now_s - self._missing_s.get((link, world, event), now_s)
                if for_s > self.pause_s(world, event):
                    return f"no {event} of world {world} for {for_s:.0f} s, while another server sends some"
        return ""
