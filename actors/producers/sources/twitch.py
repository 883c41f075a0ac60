"""Twitch with a login: follows, subscriptions, raids, bits, points, polls, chat, by EventSub over WebSocket.

    connect ─welcome▶ create all subscriptions over HTTP ─▶ notifications, keepalives
       ▲                                                        │ session_reconnect: open the new socket, read both
       └────────── no keepalive, closed ◀───────────────────────┘ until its welcome, then close the old one

Twitch may repeat a message with the same id, mostly when sockets overlap: the id is the identity of the message. Events
during a time without a connection are not repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from actors import host
from actors.adapters import twitch_eventsub
from actors.adapters import twitch_shapes as shapes
from actors.adapters.time_stamps import milliseconds
from actors.core.contract.event import UNREADABLE, Category
from actors.errors import BadInput
from actors.producers import twitch_badges
from actors.producers.spec import Disconnected, SourceMessage, SourceSettings, Spec
from actors.producers.twitch_account import TwitchAccount
from actors.producers.twitch_login import AUTH_URL, TwitchLogin
from actors.producers.twitch_sockets import Sockets, same_domain
from actors.producers.twitch_wanted import TYPES
from actors.section import Url

# Twitch sends a keepalive after this time without another message (10 to 600 s). SLACK_S later the connection is lost.
KEEPALIVE_S: Final = 30
SLACK_S: Final = 2.0
WELCOME_S: Final = 10.0
# Twitch advises to ignore messages older than ten minutes. Critical events are shown nevertheless.
LATE_MS: Final = 600_000.0
CLOCK_MS: Final = 60_000.0  # a larger error of this machine's clock is reported

CLOSE_CODES: Final = {
    4000: "internal error of Twitch", 4001: "unexpected traffic", 4002: "no answer to a ping",
    4003: "no subscription within 10 s", 4004: "the reconnect took too long", 4005: "network timeout",
    4006: "network error", 4007: "wrong reconnect URL",
}  # fmt: skip


class TwitchSettings(SourceSettings, frozen=True, kw_only=True):
    """Twitch with a login (the command `login twitch`).

    client_id  the id of your application at dev.twitch.tv; no secret
    chat       whether to include chat; false if another source reads it
    skip       types of notification to leave out, for example those that your channel cannot have
    """

    client_id: Annotated[str, Meta(pattern=r"^[a-z0-9]{1,64}\Z")]
    chat: bool = True
    skip: list[Literal[TYPES]] = []  # type: ignore[valid-type]
    websocket_url: Url = "wss://eventsub.wss.twitch.tv/ws"
    api_url: Url = "https://api.twitch.tv/helix"
    auth_url: Url = AUTH_URL

    def needs(self, name: str) -> str:
        return f"login twitch --source {name}"


SPEC: Final = Spec(
    TwitchSettings,
    "Twitch with a login: follows, subscriptions, gifts, raids, bits, points, polls, predictions, goals, chat.",
    redelivers=False,
    loss="What happens while the process restarts (a second or two) or the connection is cut.",
    silence_s=KEEPALIVE_S * 2.0,
)


class _Session(Struct, frozen=True):
    id: str = ""
    keepalive_timeout_seconds: float | None = None
    reconnect_url: str | None = None


class _Subscription(Struct, frozen=True):
    type: str = ""
    status: str = ""


class _Payload(Struct, frozen=True):
    session: _Session = _Session()
    subscription: _Subscription = _Subscription()
    event: Raw = Raw(b"")


class _Frame(Struct, frozen=True):
    metadata: shapes.MetadataShape
    payload: _Payload = _Payload()


class _Badged(Struct, frozen=True):
    badges: list[shapes.BadgeShape] = []


_frame = msgspec.json.Decoder(_Frame)
_badged = msgspec.json.Decoder(_Badged)
_WITH_BADGES: Final = ("channel.chat.message", "channel.chat.notification")


def try_message(_settings: TwitchSettings, _name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of frames, one in each line."""
    return [SourceMessage(line, "twitch_eventsub") for line in data.splitlines() if line.strip()]


class EventSubSession:
    """One session of EventSub, which may move from one socket to the next."""

    def __init__(self, session: Any, sockets: Sockets, account: TwitchAccount) -> None:
        self._session, self._sockets, self._account = session, sockets, account
        self._settings: TwitchSettings = session.settings
        self._clock = asyncio.get_running_loop().time
        self._current = self._next = 0
        self._keepalive_s = WELCOME_S
        self._until_s = 0.0
        self._update = b""
        self._ahead_ms = 0.0

    async def open(self) -> None:
        """Check the login and open the first socket.

        Raises:
            Refused: the login is invalid.
            Disconnected: Twitch cannot be reached.
        """
        await self._account.open()
        sign = "&" if "?" in self._settings.websocket_url else "?"
        url = f"{self._settings.websocket_url}{sign}keepalive_timeout_seconds={KEEPALIVE_S}"
        self._next = self._sockets.open(url)
        self._until_s = self._clock() + WELCOME_S

    async def step(self) -> SourceMessage | None:
        """Handle the next frame; return its message.

        Raises:
            Refused: the login is no longer valid.
            Disconnected: the connection is lost.
        """
        try:
            number, arrived = await self._sockets.next(self._until_s)
        except TimeoutError as error:
            raise Disconnected(f"no keepalive for {self._keepalive_s:g} s") from error
        if isinstance(arrived, Exception):
            self._failed(number, arrived)
            return None
        if number in (self._current, self._next):
            self._until_s = max(self._until_s, self._clock() + self._keepalive_s + SLACK_S)
        try:
            frame = _frame.decode(arrived)
        except UNREADABLE as error:
            self._session.reject(str(error), arrived.encode() if isinstance(arrived, str) else arrived)
            return None
        return self._take(number, frame, arrived)

    def _failed(self, number: int, error: Exception) -> None:
        if number not in (self._current, self._next, Sockets.BACKGROUND):
            return  # an old socket, which is no longer needed
        code = getattr(error, "code", None)
        if code in CLOSE_CODES:
            raise Disconnected(f"Twitch closed the connection: {code} ({CLOSE_CODES[code]})") from error
        if number == self._next and self._current:  # the old socket ends soon: connect again
            raise Disconnected(f"the reconnect failed: {error}") from error
        raise error

    def _take(self, number: int, frame: _Frame, raw: str | bytes) -> SourceMessage | None:
        kind = frame.metadata.message_type
        if kind == "notification":
            return self._notification(frame, raw)
        if kind == "session_welcome":
            self._welcome(number, frame)
        elif kind == "session_keepalive":
            self._session.alive()
        elif kind == "session_reconnect":
            if number == self._current and self._next == self._current and frame.payload.session.reconnect_url:
                url = same_domain(frame.payload.session.reconnect_url, self._settings.websocket_url)
                self._next = self._sockets.open(url)
        elif kind == "revocation":
            self._account.revoked(frame.payload.subscription.type, frame.payload.subscription.status)
        else:
            self._session.count("ignored")
        return None

    def _welcome(self, number: int, frame: _Frame) -> None:
        if number != self._next or number == self._current:
            return
        session, first = frame.payload.session, self._current == 0
        if not first:
            self._sockets.close(self._current)
        self._current = number
        self._keepalive_s = session.keepalive_timeout_seconds or KEEPALIVE_S
        self._until_s = self._clock() + self._keepalive_s + SLACK_S
        if first:
            self._compare_clocks(_sent_ms(frame))
            self._sockets.start(self._account.subscribe, session.id)
            self._sockets.start(self._account.check)
            if self._settings.chat:
                self._sockets.start(self._account.load_badges)

    def _compare_clocks(self, welcomed_ms: float | None) -> None:
        """Record how far the clock of this machine is ahead, so that a wrong clock makes no message late."""
        self._ahead_ms = 0.0 if welcomed_ms is None else time.time() * 1000 - welcomed_ms
        if abs(self._ahead_ms) > CLOCK_MS:
            self._session.log.warning("clock differs from Twitch's ahead_s=%.0f", self._ahead_ms / 1000)

    def _notification(self, frame: _Frame, raw: str | bytes) -> SourceMessage | None:
        metadata = frame.metadata
        if metadata.subscription_type == "channel.update":
            # Twitch sometimes sends it twice, with different ids.
            update, self._update = self._update, bytes(frame.payload.event)
            if update == self._update:
                self._session.count("duplicate")
                return None
        ts_ms = _sent_ms(frame)
        body = raw.encode() if isinstance(raw, str) else raw
        if ts_ms is not None and time.time() * 1000 - self._ahead_ms - ts_ms > LATE_MS:
            category = twitch_eventsub.category(body)
            if category is not None and category is not Category.CRITICAL:
                self._session.count("ignored")
                return None
        if self._account.badges and metadata.subscription_type in _WITH_BADGES:
            body = self._with_badges(frame, body)
        return SourceMessage(body, "twitch_eventsub", metadata.message_id, ts_ms)

    def _with_badges(self, frame: _Frame, body: bytes) -> bytes:
        try:
            badges = _badged.decode(frame.payload.event).badges
        except UNREADABLE:
            return body  # the adapter refuses it by name
        pictures = [self._account.badges.get(f"{badge.set_id}/{badge.id}", "") for badge in badges]
        return twitch_badges.attach(body, pictures) if any(pictures) else body


def _sent_ms(frame: _Frame) -> float | None:
    """Return when Twitch sent a frame; None if the time stamp is malformed, which the adapter rejects with a reason."""
    try:
        return milliseconds(frame.metadata.message_timestamp, "$.metadata.message_timestamp")
    except BadInput:
        return None


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Run one session of EventSub to its end."""
    settings: TwitchSettings = session.settings
    secret = settings.secret or session.name
    # One process owns a login: two processes that renew it would use the same token.
    with host.lock(session.run_dir / f"login-{secret}.lock", session.name):
        login = TwitchLogin(session.secrets, session.run_dir, secret, session.name, settings.auth_url)
        sockets = Sockets()
        try:
            conversation = EventSubSession(session, sockets, TwitchAccount(session, login))
            await conversation.open()
            while True:
                message = await conversation.step()
                if message is not None:
                    yield message
        finally:
            await sockets.end()
