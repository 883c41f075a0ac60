"""The players of one map: each has a number, and its last place. Moves are merged per player until they are sent.

A number is given again only when all others were used since, so that late positions of a player who left move no other.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from msgspec import Struct

from actors.core.contract.positions import MAX_PLAYERS, Place


class Tracked(Struct):
    """One player on the map."""

    id: str
    name: str
    number: int
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0


class Roster:
    """At most MAX_PLAYERS players, by their id.

    merged  moves that a later one replaced before they were sent
    """

    def __init__(self) -> None:
        self.players: OrderedDict[str, Tracked] = OrderedDict()
        self.moved: dict[str, Tracked] = {}
        self.merged = 0
        self._free = deque(range(1, MAX_PLAYERS + 1))

    def add(self, player: str, name: str) -> Tracked | None:
        """Return a new player, or None when the map is full or has the player."""
        if player in self.players or not self._free:
            return None
        tracked = self.players[player] = Tracked(player, name, self._free.popleft())
        return tracked

    def remove(self, player: str) -> Tracked | None:
        """Return the player who left, None if unknown."""
        tracked = self.players.pop(player, None)
        if tracked is not None:
            self.moved.pop(player, None)
            self._free.append(tracked.number)
        return tracked

    def move(self, tracked: Tracked, x: float, y: float, z: float, yaw: float) -> None:
        """Note where a player is now."""
        tracked.x, tracked.y, tracked.z, tracked.yaw = x, y, z, yaw
        self.merged += tracked.id in self.moved
        self.moved[tracked.id] = tracked

    def take(self) -> list[Place]:
        """Return the places of the players that moved since the last call."""
        places = [(one.number, one.x, one.y, one.z, one.yaw) for one in self.moved.values()]
        self.moved.clear()
        return places

    def next_in_turn(self) -> Tracked | None:
        """Return the player who was returned the longest ago."""
        if not self.players:
            return None
        player = next(iter(self.players))
        self.players.move_to_end(player)
        return self.players[player]
