"""Twitch chat of any channels, without a login: IRC over WebSocket as an anonymous, read-only user.

Twitch sends every line once, and repeats none after a reconnect.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any, Final

from msgspec import Meta

from actors.adapters import irc, twitch_irc
from actors.errors import BadInput
from actors.producers.spec import Disconnected, SourceMessage, SourceSettings, Spec, refused
from actors.section import Url

# Twitch accepts 20 JOINs in 10 seconds.
JOINS: Final = 20
JOINS_S: Final = 10.5
JOINED_S: Final = 15.0
# Twitch sends a PING about every 5 minutes, so a lost connection to a quiet chat would be detected late.
QUIET_S: Final = 60.0
PONG_S: Final = 10.0

Channel = Annotated[str, Meta(max_length=100)]
_CHANNEL: Final = re.compile(r"(?:(?:https?://)?(?:www\.)?twitch\.tv/|#)?([A-Za-z0-9_]{1,25})/?")


class TwitchChatSettings(SourceSettings, frozen=True, kw_only=True):
    """`channels`: the names of the channels, or their addresses. `url`: another server, for tests."""

    channels: Annotated[list[Channel], Meta(min_length=1, max_length=100)]
    url: Url = "wss://irc-ws.chat.twitch.tv:443"


SPEC: Final = Spec(
    TwitchChatSettings,
    "Twitch chat of any channels, without a login: messages, subscriptions, gifts, raids, cheers, deletions.",
    redelivers=False,
    loss="Messages that are written while the process restarts (a few hundred milliseconds) or the connection is cut.",
    silence_s=QUIET_S + PONG_S + 20.0,
)


def check(settings: TwitchChatSettings) -> None:
    """Raise BadInput unless all channels are names or addresses."""
    for channel in settings.channels:
        channel_name(channel)


def channel_name(channel: str) -> str:
    """Return the name in `ada`, `#ada` or `https://www.twitch.tv/ada`.

    Raises:
        BadInput: it is none of these.
    """
    found = _CHANNEL.fullmatch(channel)
    if found is None:
        raise BadInput(f'channels has {channel!r}, expected a name, such as "ada" of twitch.tv/ada')
    return found[1].lower()


def try_message(_settings: TwitchChatSettings, _name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of lines of chat."""
    found = []
    for number, line in enumerate(Lines().feed(data + b"\n"), 1):
        try:
            found += messages(line)
        except BadInput as error:
            found.append(refused(f"line {number}: {error}", line))
    return found


def messages(raw: bytes) -> list[SourceMessage]:
    """Return the messages of a line."""
    return [SourceMessage(part.body, "twitch_irc", part.identity, part.ts_source_ms) for part in twitch_irc.parts(raw)]


class Lines:
    """Splits the stream into lines: a WebSocket message may hold several lines, or a part of one."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: str | bytes) -> list[bytes]:
        """Return the complete lines. An unfinished line above the limit is returned as it is."""
        data = data.encode(errors="replace") if isinstance(data, str) else data
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > irc.MAX_LINE_BYTES:
            whole.append(self._rest)
            self._rest = b""
        return [line for part in whole if (line := part.strip(b"\r\0"))]


class ChatReader:
    """One connection: its replies, and its channels."""

    def __init__(self, session: Any, socket: Any) -> None:
        self._session, self._socket = session, socket
        names = [channel_name(channel) for channel in session.settings.channels]
        self._missing = dict.fromkeys(names)
        self._nick = f"justinfan{random.randint(10_000, 999_999)}"
        self._joining: asyncio.Task[None] | None = None
        self._is_live = False

    async def greet(self) -> None:
        await self._socket.send(
            f"CAP REQ :twitch.tv/tags twitch.tv/commands\r\nPASS SCHMOOPIIE\r\nNICK {self._nick}\r\n"
        )

    def close(self) -> None:
        if self._joining is not None:
            self._joining.cancel()

    async def take(self, raw: bytes) -> list[SourceMessage]:
        """Reply to one line if required, and return its messages."""
        try:
            line = irc.parse(raw)
        except BadInput as error:
            self._session.reject(str(error), raw)
            return []
        if line.command in ("PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG"):
            return [
                SourceMessage(part.body, "twitch_irc", part.identity, part.ts_source_ms)
                for part in twitch_irc.parts(raw)
            ]
        if line.command == "PING":
            await self._socket.send(f"PONG :{line.param(0)}\r\n")
        elif line.command == "001" and self._joining is None:
            self._joining = asyncio.create_task(self._join())
        elif line.command in ("JOIN", "ROOMSTATE"):
            self._joined(line.param(0).removeprefix("#"))
        elif line.command == "RECONNECT":
            raise Disconnected("Twitch asks to connect again")
        elif line.command == "NOTICE" and line.param(0).removeprefix("#") in self._missing:
            self._session.degraded(f"Twitch says of {line.param(0)[:40]}: {line.param(1)[:200]}")
        return []

    async def _join(self) -> None:
        names = list(self._missing)
        for start in range(0, len(names), JOINS):
            if start:
                await asyncio.sleep(JOINS_S)
            batch = ",".join(f"#{name}" for name in names[start : start + JOINS])
            with suppress(Disconnected):  # the reader of the socket reports it
                await self._socket.send(f"JOIN {batch}\r\n")
        await asyncio.sleep(JOINED_S)
        if self._missing:
            self._session.degraded(f"no such channel, or it is closed: {', '.join(self._missing)}; check `channels`")

    def _joined(self, channel: str) -> None:
        if channel not in self._missing:
            return
        del self._missing[channel]
        if not self._is_live:
            self._is_live = True
            self._session.live()


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Read the chat until the connection ends or Twitch requests a reconnect."""
    from actors.producers.web import websocket

    lines = Lines()
    async with websocket(session.settings.url, ping_s=None) as socket:
        chat = ChatReader(session, socket)
        try:
            await chat.greet()
            while True:
                for raw in lines.feed(await _receive(socket)):
                    for message in await chat.take(raw):
                        yield message
        finally:
            chat.close()


async def _receive(socket: Any) -> str | bytes:
    """Return the next WebSocket message.

    Raises:
        Disconnected: no message arrives, not even an answer to a PING.
    """
    try:
        return await asyncio.wait_for(socket.receive(), QUIET_S)
    except TimeoutError:
        await socket.send("PING :framewire\r\n")
    try:
        return await asyncio.wait_for(socket.receive(), PONG_S)
    except TimeoutError as error:
        raise Disconnected(f"no answer to a PING for {PONG_S:g} s") from error
