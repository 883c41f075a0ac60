"""Platforms for test_kills.py: each sends numbered messages to a source, and keeps a book of what it sent to which
connection."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Self

from websockets.sync.server import ServerConnection

from actors.producers.sources import streamerbot
from actors.producers.twitch_wanted import scopes
from tests.sources import minecraft_peer, planetside2_peer, test_lol, test_streamelements, test_streamerbot, twitch_peer
from tests.sources.minecraft_peer import Host
from tests.sources.peer import Peer
from tests.sources.planetside2_peer import OWN, Ess, Rest
from tests.sources.test_lol import Client
from tests.sources.youtube_peer import VIDEO, YouTube, item
from tests.support import eventually


class Platform:
    """`said` are the numbers of all messages; `book` those that each open connection was sent, in order.

    keeps    the source can read everything again: what happened while its process was down is not lost
    repeats  a new connection is sent the first half of what the connection before it was sent
    """

    name: ClassVar[str]
    keeps: ClassVar[bool] = False
    repeats: ClassVar[bool] = True
    secret = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[int] = []
        self.book: list[list[int]] = []
        self._open = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin(self) -> None:
        """Start the servers of the platform."""
        raise NotImplementedError

    def settings(self) -> str:
        """Return the section of the source, as TOML."""
        raise NotImplementedError

    def is_connected(self) -> bool:
        raise NotImplementedError

    def send(self, number: int) -> None:
        raise NotImplementedError

    def forget(self) -> None:
        """Drop the connection of a process that was killed."""

    def number(self, payload: dict[str, Any]) -> int:
        """Return the number of an event of the log."""
        return int(payload["user"].removeprefix("U"))

    def happen(self, number: int) -> None:
        """Let a message happen; a source that is connected is sent it."""
        self.said.append(number)
        if self._open or self.keeps:
            self._deliver(number)

    def opened(self) -> None:
        """Wait for the connection of a new process, and send it what is repeated."""
        eventually(self.is_connected, 30)
        before = self.book[-1] if self.book and self.repeats else []
        self._open = True
        self.book.append([])
        for number in before[: len(before) // 2]:
            self._deliver(number)

    def killed(self) -> None:
        self._open = False
        self.forget()

    def _deliver(self, number: int) -> None:
        self.send(number)
        if self._open:
            self.book[-1].append(number)


class Feed(Platform):
    """A platform with a WebSocket."""

    def begin(self) -> None:
        self._client: ServerConnection | None = None
        self._peer = self._stack.enter_context(Peer(self._serve))

    def greet(self, connection: ServerConnection) -> None:
        raise NotImplementedError

    def message(self, number: int) -> str:
        raise NotImplementedError

    def is_connected(self) -> bool:
        return self._client is not None

    def send(self, number: int) -> None:
        assert self._client is not None
        self._client.send(self.message(number))

    def forget(self) -> None:
        self._client = None

    def _serve(self, connection: ServerConnection, _number: int) -> None:
        self.greet(connection)
        self._client = connection
        for _ in connection:  # until it ends
            pass


class AnyWebSocket(Feed):
    name = "feed"

    def settings(self) -> str:
        rule = '{event={type="\'follow\'",id="id",user="who"}}'
        return f'{{kind="websocket",url="{self._peer.url}",subscribe=[\'{{"op":"subscribe"}}\'],map=[{rule}]}}'

    def greet(self, connection: ServerConnection) -> None:
        connection.recv()

    def message(self, number: int) -> str:
        return json.dumps({"id": f"m{number}", "who": f"U{number}"})


class StreamElements(Feed):
    name = "tips"
    secret = "jwt-token"

    def settings(self) -> str:
        channel = test_streamelements.TREE["channel"]
        return f'{{kind="streamelements",channel="{channel}",url="{self._peer.url}"}}'

    def greet(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "welcome", "id": "1"}))
        test_streamelements.subscribed(connection)

    def message(self, number: int) -> str:
        return json.dumps(test_streamelements.tip(number, user={"username": f"U{number}"}))


class Streamerbot(Feed):
    name = "bot"
    secret = "pass"

    def settings(self) -> str:
        return f'{{kind="streamerbot",url="{self._peer.url}"}}'

    def greet(self, connection: ServerConnection) -> None:
        locked = test_streamerbot.LOCKED
        connection.send(json.dumps(locked))
        asked = json.loads(connection.recv())
        assert asked["authentication"] == streamerbot.authentication("pass", locked["authentication"])
        connection.send(json.dumps({"id": asked["id"], "status": "ok"}))
        asked = json.loads(connection.recv())
        connection.send(json.dumps({"id": asked["id"], "status": "ok", "events": asked["events"]}))

    def message(self, number: int) -> str:
        return json.dumps(test_streamerbot.sent("Twitch", "Follow", user_name=f"U{number}"))


class TwitchEventSub(Feed):
    name = "tw"
    secret = json.dumps(twitch_peer.GRANT | {"scopes": scopes()})

    def begin(self) -> None:
        super().begin()
        self._http = self._stack.enter_context(twitch_peer.Http())

    def settings(self) -> str:
        api, auth = f"{self._http.url}/helix", f"{self._http.url}/oauth2"
        url = self._peer.url
        return f'{{kind="twitch",client_id="app",websocket_url="{url}",api_url="{api}",auth_url="{auth}"}}'

    def greet(self, connection: ServerConnection) -> None:
        session = {"id": "s", "status": "connected", "keepalive_timeout_seconds": 10, "reconnect_url": None}
        connection.send(twitch_peer.envelope("session_welcome", {"session": session}))

    def message(self, number: int) -> str:
        return twitch_peer.follow(number)


class TwitchChat(Feed):
    name = "chat"

    def settings(self) -> str:
        return f'{{kind="twitch_chat",channels=["den"],url="{self._peer.url}"}}'

    def greet(self, connection: ServerConnection) -> None:
        for line in connection:
            nick = str(line).rpartition("NICK ")[2].strip()
            if "NICK" in str(line):
                connection.send(f":tmi.twitch.tv 001 {nick} :Welcome, GLHF!\r\n:tmi.twitch.tv 376 {nick} :>\r\n")
            if "JOIN" in str(line):
                connection.send(f":{nick}!{nick}@x JOIN #den\r\n")
                return

    def message(self, number: int) -> str:
        return f"@id=m{number};bits=5;display-name=U{number} :u!u@u PRIVMSG #den :Cheer5\r\n"


class Planetside2(Platform):
    name = "ps2"

    def begin(self) -> None:
        self._rest, self._ess = self._stack.enter_context(Rest()), self._stack.enter_context(Ess())

    def settings(self) -> str:
        urls = f'urls=["{self._ess.url}"],api_url="{self._rest.url}"'
        return f'{{kind="planetside2",characters=["{OWN}"],worlds=[],{urls}}}'

    def is_connected(self) -> bool:
        return self._ess.ready()

    def send(self, number: int) -> None:
        at_s = str(1_800_000_000 + number)  # a repeated message is equal to the first
        assert self._ess.tell(planetside2_peer.death(f"{5429000000000000000 + number}", timestamp=at_s)) == 1

    def forget(self) -> None:
        eventually(lambda: not self._ess.clients, 10)

    def number(self, payload: dict[str, Any]) -> int:
        return int(payload["victim"]["id"]) - 5429000000000000000


class Minecraft(Platform):
    name = "mc"
    repeats = False

    def begin(self) -> None:
        self._messages: queue.SimpleQueue[bytes] | None = None
        self._host = self._stack.enter_context(Host(self._script))
        self._stack.callback(self.forget)

    def settings(self) -> str:
        return f'{{kind="minecraft",address="{self._host.address}"}}'

    def is_connected(self) -> bool:
        return self._messages is not None

    def send(self, number: int) -> None:
        assert self._messages is not None
        fallen = minecraft_peer.player(f"U{number}")
        self._messages.put(minecraft_peer.event(f"d{number}", 22, fallen))
        self._messages.put(minecraft_peer.event(f"m{number}", 12, minecraft_peer.moved("Ada", number, 64, 0, 0)))

    def forget(self) -> None:
        if self._messages is not None:
            self._messages.put(b"")
            self._messages = None

    def number(self, payload: dict[str, Any]) -> int:
        return int(payload["victim"]["name"].removeprefix("U"))

    def _script(self, _host: Host, _number: int) -> Iterator[bytes]:
        messages: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._messages = messages
        yield minecraft_peer.hello()
        yield from iter(messages.get, b"")


class LeagueOfLegends(Platform):
    name, keeps, repeats = "lol", True, False

    def begin(self) -> None:
        self._client = self._stack.enter_context(Client(self.folder))
        self._events: list[Any] = [test_lol.START]
        self._client.start(self._events, 60.0)

    def settings(self) -> str:
        return f'{{kind="lol",url="https://127.0.0.1:{self._client.port}",poll_s=0.02,look_s=0.02}}'

    def is_connected(self) -> bool:
        return bool(self._client.connections)

    def send(self, number: int) -> None:
        at_s = 60.0 + number / 1000  # of a game that is new, the last 15 s are reported
        self._events.append(test_lol.kill(number + 1, "Ada", f"U{number}") | {"EventTime": at_s})
        self._client.say(self._events, at_s)

    def forget(self) -> None:
        self._client.connections.clear()

    def number(self, payload: dict[str, Any]) -> int:
        return int(payload["victim"]["name"].removeprefix("U"))


class LiveChat(YouTube):
    """A chat whose pages come one by one; the request for the next one waits."""

    def page(self, number: int) -> Any:
        while number >= len(self.pages) - 1 and not self._stopping.wait(0.01):
            pass
        return super().page(number)


class Youtube(Platform):
    name, keeps, repeats = "tube", True, False
    secret = "key"

    def begin(self) -> None:
        self._chat = self._stack.enter_context(LiveChat([[], []]))  # the last page is the one that is awaited

    def settings(self) -> str:
        return f'{{kind="youtube",stream="{VIDEO}",url="{self._chat.url}"}}'

    def is_connected(self) -> bool:
        return bool(self._chat.tokens)

    def send(self, number: int) -> None:
        paid = {"amountMicros": "5000000", "currency": "EUR"}
        one = item(number, "superChatEvent", "2099-01-01T00:00:00Z", superChatDetails=paid)
        one["authorDetails"]["displayName"] = f"U{number}"
        self._chat.pages.insert(len(self._chat.pages) - 1, [one])

    def forget(self) -> None:
        self._chat.requests.clear()


PLATFORMS = (
    *(AnyWebSocket, StreamElements, Streamerbot, TwitchEventSub, TwitchChat),
    *(Planetside2, Minecraft, LeagueOfLegends, Youtube),
)
