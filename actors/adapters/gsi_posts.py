"""Gsi posts: the messages of game state integration (GSI) of CS2 and CS:GO, and the players that they report.

A post is the whole state of the game, not a list of events. Only the fields that events are derived from are read;
money, weapons of others, positions, `previously` and `added` are skipped. Some versions write numbers as text.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from actors.adapters import bounds
from actors.adapters.gsi_timer import GsiCountdown
from actors.core.contract.event import UNREADABLE
from actors.core.contract.payload import Player
from actors.errors import BadInput

CS_APPS: Final = (0, 730)  # CS:GO and CS2 have the same number; 0 is unknown
MAX_PEOPLE: Final = 64
# The game writes T where its server log has TERRORIST. Events have the words of the log.
SIDES: Final = {"T": "TERRORIST"}

SteamId = Annotated[str, Meta(min_length=1, max_length=64)]
# Kills of team mates count as negative kills.
Figure = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]


class GsiProvider(Struct, frozen=True):
    """The sender: the account of the game's user, and its clock in whole seconds since 1970."""

    steamid: SteamId
    appid: int = 0
    timestamp: Annotated[int, Meta(ge=0, le=4_102_444_800)] = 0


class GsiSide(Struct, frozen=True):
    score: Figure = 0
    name: str = ""
    matches_won_this_series: Figure = 0


class GsiMap(Struct, frozen=True):
    name: str = ""
    mode: str = ""
    phase: str = ""
    round: Figure = 0
    team_ct: GsiSide = GsiSide()
    team_t: GsiSide = GsiSide()
    num_matches_to_win_series: Figure = 0


class GsiRound(Struct, frozen=True):
    phase: str = ""
    win_team: str = ""
    bomb: str = ""


class GsiStats(Struct, frozen=True):
    kills: Figure = 0
    assists: Figure = 0
    deaths: Figure = 0
    mvps: Figure = 0


class GsiPlayerState(Struct, frozen=True):
    """The state of a player. The two counts are of the current round."""

    health: Figure = 0
    round_kills: Figure = 0
    round_killhs: Figure = 0


class GsiWeapon(Struct, frozen=True):
    name: str = ""
    state: str = ""


class GsiPlayer(Struct, frozen=True):
    steamid: str = ""
    name: str = ""
    team: str = ""
    match_stats: GsiStats | None = None
    state: GsiPlayerState | None = None
    weapons: dict[str, GsiWeapon] = {}

    def player(self, steamid: str) -> Player:
        """Return the player of events."""
        return Player(bounds.name(steamid), bounds.name(self.name), bounds.word(SIDES.get(self.team, self.team)))

    def in_hand(self) -> str:
        """Return the active weapon; "" for a dead player, whose grenades may still kill."""
        if self.state is None or self.state.health <= 0:
            return ""
        active = next((weapon.name for weapon in self.weapons.values() if weapon.state == "active"), "")
        return bounds.word(active.removeprefix("weapon_"))


class GsiPost(Struct, frozen=True):
    provider: GsiProvider
    map: GsiMap | None = None
    round: GsiRound = GsiRound()
    player: GsiPlayer | None = None
    allplayers: dict[SteamId, GsiPlayer] = {}
    phase_countdowns: GsiCountdown | None = None

    def watched(self) -> dict[str, GsiPlayer]:
        """Return the players whose figures are reported, by steamid.

        A post to an observer has all players. A post to a player has the player, or after death the spectated player,
        whose figures are not used.
        """
        if self.allplayers:
            return self.allplayers
        if self.player is None or self.player.steamid != self.provider.steamid:
            return {}
        return {self.provider.steamid: self.player}


_decoder = msgspec.json.Decoder(GsiPost, strict=False)


class _Head(Struct, frozen=True):
    auth: Any = None


_head = msgspec.json.Decoder(_Head)


def is_from(body: bytes, token: str) -> bool:
    """Whether a body has the token of the source; constant-time comparison.

    Raises:
        BadInput: it is not a JSON object.
    """
    try:
        auth = _head.decode(body).auth
    except UNREADABLE as error:
        raise BadInput(f"Expected the JSON object of game state integration: {error}") from error
    offered = auth.get("token") if isinstance(auth, dict) else None
    return isinstance(offered, str) and hmac.compare_digest(offered.encode(), token.encode())


def read(body: bytes) -> GsiPost:
    """Return a post.

    Raises:
        BadInput: a value has the wrong type or is out of bounds (with its path), or the post is of another game.
    """
    try:
        post = _decoder.decode(body)
    except UNREADABLE as error:
        raise BadInput(str(error)) from error
    if post.provider.appid not in CS_APPS:
        raise BadInput(f"Expected appid 730 (CS2, CS:GO), got {post.provider.appid} - at `$.provider.appid`")
    if len(post.allplayers) > MAX_PEOPLE:
        raise BadInput(f"Expected at most {MAX_PEOPLE} players, got {len(post.allplayers)} - at `$.allplayers`")
    return post
