"""League of Legends on this machine: the live client's list of events, read once a second while a game runs.

The list is cumulative and events have numbers, so a restart in the middle of a game misses no event.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from actors.adapters import bounds, generic, lol_events
from actors.adapters.lol_events import GameEvent, LolCursor
from actors.core.contract.event import UNREADABLE
from actors.core.contract.payload import Player
from actors.core.secrecy import shown_url
from actors.errors import BadInput
from actors.producers.spec import Disconnected, SourceMessage, SourceNotRunning, SourceSettings, Spec
from actors.section import Seconds, Url

PREFIX: Final = "/liveclientdata"
MAX_PEOPLE: Final = 64

_encode = msgspec.msgpack.Encoder().encode


class LolSettings(SourceSettings, frozen=True, kw_only=True):
    """`poll_s`: pause between two requests in a game; `look_s`: while one loads. `url`: another port, for tests."""

    url: Url = "https://127.0.0.1:2999"
    poll_s: Seconds = 1.0
    look_s: Seconds = 5.0


SPEC: Final = Spec(
    LolSettings,
    "League of Legends on this machine: kills, multikills, turrets, dragons, barons, start and end of games.",
    redelivers=True,
    loss="No event of the running game: its list is read from where the last process stopped.",
)


def check(settings: LolSettings) -> None:
    """Raise BadInput unless the address is of this machine, because the game's certificate is not verified."""
    from urllib.parse import urlsplit

    parts = urlsplit(settings.url)
    if parts.scheme not in ("https", "http") or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        shown = shown_url(settings.url)
        raise BadInput(f"url is {shown}, expected https://127.0.0.1:2999: the game answers only its own PC")


class LolStats(Struct, frozen=True, rename="camel"):
    game_time: Annotated[float, Meta(ge=0, le=1e6)] = 0.0


class LolPlayer(Struct, frozen=True, rename="camel"):
    riot_id: str = ""
    riot_id_game_name: str = ""
    summoner_name: str = ""
    team: str = ""


_stats = msgspec.json.Decoder(LolStats)
_people = msgspec.json.Decoder(list[LolPlayer])
_name = msgspec.json.Decoder(str)


class Game:
    """The players of the running game. Events name them without their tag; the player's own name has it."""

    def __init__(self, people: list[LolPlayer], own_name: str) -> None:
        self._teams: dict[str, str] = {}
        for person in people[:MAX_PEOPLE]:
            for name in (person.riot_id, person.riot_id_game_name, person.summoner_name):
                if name:
                    self._teams[_untagged(name)] = person.team
        self.own_team = self._teams.get(_untagged(own_name), "")

    def who(self, name: str) -> Player:
        shown = bounds.name(_untagged(name))
        return Player(shown, shown, bounds.word(self._teams.get(_untagged(name))))


def _untagged(name: str) -> str:
    return name.partition("#")[0].strip()


def messages(events: list[GameEvent], cursor: LolCursor, game: Game, started_ms: float) -> Iterator[SourceMessage]:
    """Yield the messages of events; the last message of each event advances the cursor."""
    for event in events:
        cursor = cursor.after(event)
        told = lol_events.meaning(event, game.who, game.own_team)
        at_ms = started_ms + event.event_time * 1000
        for number, (type_, payload) in enumerate(told):
            id_ = f"{cursor.game}:{event.event_id}.{event.event_name[:32]}.{number}"
            after = _encode(cursor) if number == len(told) - 1 else None
            yield SourceMessage(generic.packed(type_, payload, "lol", id_, at_ms), "event", id_, at_ms, after)


def try_message(settings: LolSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of a list of events, as if all of them were new."""
    del settings, name
    events = lol_events.read(data)
    return list(messages(events, LolCursor("try"), Game([], ""), 0.0))


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Follow a game to its end; SourceNotRunning while there is none."""
    from actors.producers.http_call import HttpApi, NotSent

    settings: LolSettings = session.settings
    is_live = False
    with HttpApi(settings.url, trusted=True) as api:
        while True:
            try:
                found = await asyncio.to_thread(_look, api, session)
            except NotSent as error:
                raise SourceNotRunning("no match is running") from error
            if found is None:  # the game is loading
                await asyncio.sleep(settings.look_s)
                continue
            if not is_live:
                session.live()
                is_live = True
            session.alive()
            for message in found:
                yield message
            await asyncio.sleep(settings.poll_s)


def _look(api: Any, session: Any) -> list[SourceMessage] | None:
    """Request the list once; None while the game loads. Runs in a thread."""
    body = _get(api, "eventdata")
    if body is None:
        return None
    try:
        events = lol_events.read(body)
        cursor = lol_events.load(session.cursor)
        if not events or (lol_events.game_of(events) == cursor.game and not cursor.unread(events)):
            return []
        game_time_s = _stats.decode(_get(api, "gamestats") or b"{}").game_time
        new, cursor = lol_events.unread(events, cursor, game_time_s)
        people = _people.decode(_get(api, "playerlist") or b"[]")
        game = Game(people, _name.decode(_get(api, "activeplayername") or b'""'))
    except (BadInput, *UNREADABLE) as error:
        session.reject(str(error), body)
        return []
    return list(messages(new, cursor, game, time.time() * 1000 - game_time_s * 1000))


def _get(api: Any, what: str) -> bytes | None:
    """Return an answer; None for 404, which is every answer while the game loads or to a spectator."""
    answer = api.call("GET", f"{PREFIX}/{what}", {})
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise Disconnected(f"{PREFIX}/{what} answered {answer.status}")
    body: bytes = answer.body
    return body
