"""YouTube live chat: messages, Super Chats and Stickers, memberships, gifts, deletions, polls.

The chat is streamed; where YouTube does not offer the stream, it is polled. The position in the chat is saved with each
page, so a restart continues there. Of a chat that is read for the first time, only the last FRESH_S are reported.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, aclosing
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from actors import host, program
from actors.adapters import time_stamps, youtube
from actors.adapters.youtube_shapes import ChatItem
from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput, Refused
from actors.producers.spec import Disconnected, Private, SourceMessage, SourceRefused, SourceSettings, Spec, refused
from actors.producers.until import until
from actors.producers.youtube_target import target_of
from actors.secrets import MissingSecret
from actors.section import Seconds, Url

FRESH_S: Final = 15.0
MAX_PAUSE_MS: Final = 600_000  # YouTube asks for some seconds
LOOK_S: Final = 3.0  # between two looks for a new login of the user

_encode = msgspec.msgpack.Encoder().encode
_item = msgspec.json.Decoder(ChatItem)


class YoutubeSettings(SourceSettings, frozen=True, kw_only=True):
    """A live video or a channel. The secret is an API key, or the login of the command `login youtube`.

    stream     the address or id of the video or channel
    client_id  the id of your application at Google, for a login
    look_s     pause between two looks for a live chat; a look costs up to 3 units of the quota
    poll_s     least pause between two requests, if the chat is not streamed; a request costs 5 units
    """

    stream: Annotated[str, Meta(min_length=1, max_length=200)]
    client_id: Annotated[str, Meta(max_length=200)] = ""
    look_s: Seconds = 120.0
    poll_s: Seconds = 10.0
    url: Url = "https://www.googleapis.com/youtube/v3"
    auth_url: Url = "https://oauth2.googleapis.com"

    def needs(self, name: str) -> str:
        return f"login youtube --source {name}" if self.client_id else f"secret set {self.secret or name}"


SPEC: Final = Spec(
    YoutubeSettings,
    "YouTube: live chat, Super Chats and Stickers, memberships, gifts, deletions, polls.",
    redelivers=True,
    loss="No message of the running chat: it is read from where the last process stopped.",
)


class ChatPlace(Struct, frozen=True, array_like=True):
    """The position in a chat: the token of the next page; messages before `since_ms` were reported or are too old."""

    stream: str = ""
    chat: str = ""
    token: str = ""
    since_ms: float = 0.0


_place = msgspec.msgpack.Decoder(ChatPlace)


def check(settings: YoutubeSettings) -> None:
    """Raise BadInput unless `stream` names a video or channel."""
    target_of(settings.stream)


def load(saved: bytes, stream: str) -> ChatPlace:
    """Return the saved position; an empty one if it is of another stream, or if another version saved it."""
    try:
        place = _place.decode(saved) if saved else ChatPlace()
    except UNREADABLE:
        place = ChatPlace()
    return place if place.stream == stream else ChatPlace(stream)


def message_of(raw: bytes | Raw, since_ms: float = 0.0) -> SourceMessage | None:
    """Return the message of an item; None if it is older than `since_ms`.

    Raises:
        Private: the item is malformed.
    """
    try:
        said = _item.decode(raw)
        stamp = said.snippet.published_at
        at_ms = time_stamps.milliseconds(stamp, "$.snippet.publishedAt") if stamp else None
    except (BadInput, *UNREADABLE) as error:
        raise Private(str(error)) from error
    if at_ms is not None and at_ms < since_ms:
        return None
    return SourceMessage(bytes(raw), "youtube", youtube.identity_of(said), at_ms)


def try_message(settings: YoutubeSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the message of one item, or the messages of a page of the API; raises BadInput."""
    del settings, name
    try:
        fields = msgspec.json.decode(data, type=dict[str, Raw])
        items = msgspec.json.decode(fields["items"], type=list[Raw]) if "items" in fields else [Raw(data)]
    except UNREADABLE as error:
        raise BadInput(f"Expected a message or a page of a chat: {error}") from error
    return list(filter(None, map(_tried, items)))


def _tried(raw: Raw) -> SourceMessage | None:
    try:
        return message_of(raw)
    except BadInput as error:
        return refused(str(error), b"")


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Follow one chat after the other."""
    from actors.producers.youtube_api import YoutubeApi, YoutubeKey
    from actors.producers.youtube_login import YoutubeLogin, identity_of

    settings: YoutubeSettings = session.settings
    secret = settings.secret or session.name
    try:
        key = session.secret()
    except MissingSecret as error:
        if not settings.client_id:
            raise
        again = f"{program.NAME} login youtube --source {session.name}"
        raise SourceRefused(f"There is no login at YouTube yet. Log in: {again}") from error
    with ExitStack() as stack:
        account: YoutubeKey | YoutubeLogin = YoutubeKey(key, secret)
        if key.startswith("{"):
            account = YoutubeLogin(session.secrets, session.run_dir, secret, session.name, settings.auth_url)
            # One process owns a login, so that only one renews it.
            stack.enter_context(host.lock(session.run_dir / f"login-{secret}.lock", session.name))
        chat = _follow(session, YoutubeApi(settings.url, account))
        async with aclosing(until(chat, _new_login(session, identity_of(key)))) as messages:
            async for message in messages:
                yield message


async def _new_login(session: Any, before: str) -> str:
    """Wait until the user has logged in anew, or has set another key; return the reason to connect again."""
    from actors.producers.youtube_login import identity_of

    while True:
        await asyncio.sleep(LOOK_S)
        try:
            if identity_of(session.secret()) != before:
                return "there is a new login or key; connecting with it"
        except Refused:
            continue  # it was removed; this connection works until YouTube refuses it


async def _follow(session: Any, api: Any) -> AsyncGenerator[SourceMessage, None]:
    from actors.producers.youtube_refusals import ChatOver, TokenRefused

    settings: YoutubeSettings = session.settings
    place, over = load(session.cursor, settings.stream), ""
    while True:
        if not place.chat:
            place = await _find(session, api, over)
        try:
            async for message in _read(session, api, place):
                yield message
            raise Disconnected("YouTube closed the stream, which is normal")
        except ChatOver:
            over, place = place.chat, ChatPlace(settings.stream)
        except TokenRefused:  # the chat is read from its oldest message; those that were reported are skipped
            place = load(session.cursor, settings.stream)
            place = msgspec.structs.replace(place, token="")  # nosec B106: a position in the chat


async def _find(session: Any, api: Any, over: str) -> ChatPlace:
    """Return the start of the live chat, when there is one; that of `over` only if it is still live after a pause."""
    settings: YoutubeSettings = session.settings
    target = target_of(settings.stream)
    while (chat := await api.find(target)) in ("", over):
        over = ""
        session.waiting("there is no live chat; the stream has not begun")
        await asyncio.sleep(settings.look_s)
    return ChatPlace(settings.stream, chat, "", (time.time() - FRESH_S) * 1000)


async def _read(session: Any, api: Any, place: ChatPlace) -> AsyncIterator[SourceMessage]:
    """Yield the messages of a chat until the connection ends; raises ChatOver at the end of the chat."""
    from actors.producers.youtube_refusals import ChatOver

    # With a token nothing comes twice. Without one the whole history comes, and is skipped up to `since_ms`.
    skip_ms = 0.0 if place.token else place.since_ms
    async for body in _pages(session, api, place):
        session.alive()
        try:
            page = api.page_of(body)
        except BadInput as error:
            session.reject(str(error), b"")
            continue
        found = list(_taken(session, page.items, skip_ms))
        since_ms = max([place.since_ms, *(one.ts_source_ms or 0.0 for one in found)])
        place = ChatPlace(place.stream, place.chat, page.next_page_token or place.token, since_ms)
        for message in found[:-1]:
            yield message
        for message in found[-1:]:  # the position is saved with the last message of a page
            yield msgspec.structs.replace(message, cursor=_encode(place))
        if page.offline_at is not None:
            raise ChatOver("the stream has ended")


def _taken(session: Any, items: list[Raw], skip_ms: float) -> Iterator[SourceMessage]:
    for raw in items:
        try:
            message = message_of(raw, skip_ms)
        except BadInput as error:
            session.reject(str(error), b"")
            continue
        if message is None:
            session.count("ignored")
        else:
            yield message


async def _pages(session: Any, api: Any, place: ChatPlace) -> AsyncIterator[bytes]:
    from actors.producers.youtube_api import StreamRefused

    try:
        async for body in api.stream(place.chat, place.token, session.live):
            yield body
    except StreamRefused as error:
        session.live()
        session.degraded(f"YouTube does not stream this chat ({error}); it is polled, which uses the quota faster")
        token = place.token
        while True:
            body = await api.poll(place.chat, token)
            page = api.page_of(body)
            token = page.next_page_token or token
            yield body
            pause_ms = min(max(page.polling_interval_millis, 0), MAX_PAUSE_MS)
            await asyncio.sleep(max(session.settings.poll_s, pause_ms / 1000))
