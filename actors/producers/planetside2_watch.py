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
MAX_PLAYERS: Final = 4_096
# A connection is not given up again sooner: an empty world is silent, too.
FIRST_S: Final = 60.0


class Watch:
    """What all connections hear of all worlds."""

    def __init__(self, worlds: Sequence[str]) -> None:
        self._worlds = worlds
        self._opened_s: dict[str, float] = {}
        self._heard_s: dict[tuple[str, str, str], float] = {}
        self._players: dict[str, OrderedDict[str, float]] = {world: OrderedDict() for world in worlds}

    def opened(self, link: str, now_s: float) -> None:
        """Note that a connection has begun."""
        self._opened_s[link] = now_s
        for key in [key for key in self._heard_s if key[0] == link]:
            del self._heard_s[key]

    def heard(self, link: str, world: str, event: str, player: str, now_s: float) -> None:
        """Note an event that a connection brought."""
        players = self._players.get(world)
        if players is None or event not in PAUSES_S:
            return
        self._heard_s[link, world, event] = now_s
        players.pop(player, None)
        players[player] = now_s
        while len(players) > MAX_PLAYERS or next(iter(players.values())) < now_s - COUNTED_S:
            players.popitem(last=False)

    def pause_s(self, world: str, event: str) -> float:
        """Return how long silence about a world is normal now."""
        count = len(self._players[world])
        return PAUSES_S[event] * next((factor for below, factor in FACTORS if count < below), 1.0)

    def silent(self, link: str, now_s: float) -> str:
        """Return what a connection is silent about while another is not, "" for nothing."""
        opened_s = self._opened_s.get(link, now_s)
        if now_s - opened_s < FIRST_S:
            return ""
        for world in self._worlds:
            for event in PAUSES_S:
                pause_s = self.pause_s(world, event)
                last_s = max(opened_s, self._heard_s.get((link, world, event), opened_s))
                others = (at_s for key, at_s in self._heard_s.items() if key[0] != link and key[1:] == (world, event))
                if now_s - last_s > pause_s and max(others, default=-pause_s) > last_s:
                    return f"no {event} of world {world} for {now_s - last_s:.0f} s"
        return ""
