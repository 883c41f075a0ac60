"""The YouTube Data API: the live chat of a video or channel, and its pages of messages, streamed or polled.

A page has messages, the token of the next page, and how long to wait before asking for it. A token is a position in the
chat: with it, a new connection continues where the old one ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Raw, Struct

from actors import program
from actors.core.contract.event import UNREADABLE
from actors.core.sources.json_objects import JsonObjects
from actors.errors import BadInput
from actors.producers.http_call import HttpApi, HttpResponse
from actors.producers.http_stream import StatusRefused, pieces
from actors.producers.spec import Disconnected, SourceRefused
from actors.producers.youtube_login import YoutubeLogin
from actors.producers.youtube_refusals import exception_of, reasons_of
from actors.producers.youtube_target import YoutubeTarget

MAX_PAGE_BYTES: Final = 8 << 20  # 2,000 messages of 4 kB
UPLOADS: Final = "10"  # the newest videos of a channel that are looked at
# A stream in which nothing was sent for so long is opened again: its connection may have died.
QUIET_S: Final = 300.0


class StreamRefused(Exception):
    """The stream is not offered; the pages can be polled."""


class ChatPage(Struct, frozen=True, rename="camel"):
    """One page of a chat. `offline_at`: the stream has ended."""

    items: list[Raw] = []
    next_page_token: str = ""
    polling_interval_millis: int = 0
    offline_at: str | None = None


class _Live(Struct, frozen=True, rename="camel"):
    active_live_chat_id: str = ""


class _Video(Struct, frozen=True, rename="camel"):
    live_streaming_details: _Live = _Live()


class _Playlists(Struct, frozen=True):
    uploads: str


class _ChannelContent(Struct, frozen=True, rename="camel"):
    related_playlists: _Playlists


class _Channel(Struct, frozen=True, rename="camel"):
    content_details: _ChannelContent


class _Upload(Struct, frozen=True, rename="camel"):
    video_id: str


class _PlaylistItem(Struct, frozen=True, rename="camel"):
    content_details: _Upload


class _Raws(Struct, frozen=True):
    items: list[Raw] = []


T = TypeVar("T")

_page = msgspec.json.Decoder(ChatPage)


class YoutubeKey:
    """A key of the API, or an access token that the user has set; `secret` is its name."""

    def __init__(self, key: str, secret: str) -> None:
        self.remedy = f"set another: {program.NAME} secret set {secret}"
        is_token = key.startswith(("ya29.", "Bearer "))
        bearer = {"Authorization": f"Bearer {key.removeprefix('Bearer ')}"}
        self._headers = bearer if is_token else {"X-Goog-Api-Key": key}

    def headers(self) -> dict[str, str]:
        """Return the headers of a request."""
        return self._headers

    def renew(self) -> bool:
        """Return False: it cannot be renewed."""
        return False


class YoutubeApi:
    """Requests with one key or login."""

    def __init__(self, url: str, account: YoutubeKey | YoutubeLogin) -> None:
        self._url, self._account = url, account

    async def find(self, target: YoutubeTarget) -> str:
        """Return the live chat of a video, or of the newest live video of a channel; "" if there is none now."""
        ids = [target.video] if target.video else await self._uploads(target)
        if not ids:
            return ""
        videos = await self._list("videos", _Video, part="liveStreamingDetails", id=",".join(ids))
        if target.video and not videos:
            raise SourceRefused(f"YouTube has no public video {target.video}; change `stream`")
        return next((chat for one in videos if (chat := one.live_streaming_details.active_live_chat_id)), "")

    async def _uploads(self, target: YoutubeTarget) -> list[str]:
        whose = {"forHandle": target.handle} if target.handle else {"id": target.channel}
        channels = await self._list("channels", _Channel, part="contentDetails", **whose)
        if not channels:
            raise SourceRefused(f"YouTube has no channel {target.handle or target.channel}; change `stream`")
        query = {"playlistId": channels[0].content_details.related_playlists.uploads, "maxResults": UPLOADS}
        found = await self._list("playlistItems", _PlaylistItem, part="contentDetails", **query)
        return [one.content_details.video_id for one in found]

    async def _list(self, what: str, type_: type[T], **query: str) -> list[T]:
        body = await self._get(f"/{what}", query)
        try:
            raws = msgspec.json.decode(body, type=_Raws).items
            return [msgspec.json.decode(raw, type=type_) for raw in raws]
        except UNREADABLE as error:
            raise BadInput(f"Expected a list of {what}: {error}") from error

    async def stream(self, chat: str, token: str, opened: Callable[[], None]) -> AsyncIterator[bytes]:
        """Yield pages as YouTube sends them, until it closes the connection; raises StreamRefused, and as `poll`.

        `opened` is called when YouTube has accepted the request.
        """
        path = f"/liveChat/messages/stream?{urlencode(_query(chat, token))}"
        objects = JsonObjects(MAX_PAGE_BYTES)
        try:
            headers = await asyncio.to_thread(self._account.headers)
            async for piece in pieces(self._url, path, headers, QUIET_S, opened):
                for found in objects.feed(piece):
                    yield found
        except StatusRefused as refused:
            if refused.status in (404, 405, 501) and not reasons_of(refused.body):
                raise StreamRefused(f"status {refused.status}") from refused
            raise await self._failed(refused.status, refused.body) from refused

    async def poll(self, chat: str, token: str) -> bytes:
        """Return one page.

        Raises:
            ChatOver, TokenRefused: see there.
            SourceRefused: the key or its quota; Disconnected: any other fault.
        """
        return await self._get("/liveChat/messages", _query(chat, token))

    def page_of(self, body: bytes) -> ChatPage:
        """Return a page; raises BadInput, or as `poll` for an error in the middle of a stream."""
        try:
            page = _page.decode(body)
        except UNREADABLE as error:
            raise BadInput(f"Expected a page of a chat: {error}") from error
        if not page.next_page_token and reasons_of(body):
            raise exception_of(200, body, self._account.remedy)
        return page

    async def _get(self, path: str, query: Mapping[str, str]) -> bytes:
        answer = await asyncio.to_thread(self._call, f"{path}?{urlencode(query)}")
        if answer.status != 200:
            raise await self._failed(answer.status, answer.body)
        return answer.body

    def _call(self, path: str) -> HttpResponse:
        with HttpApi(self._url) as api:
            return api.call("GET", path, self._account.headers(), max_bytes=MAX_PAGE_BYTES)

    async def _failed(self, status: int, body: bytes) -> Exception:
        if status == 401 and await asyncio.to_thread(self._account.renew):
            return Disconnected("YouTube did not accept the access token any more; it was renewed")
        return exception_of(status, body, self._account.remedy)


def _query(chat: str, token: str) -> dict[str, Any]:
    query = {"liveChatId": chat, "part": "id,snippet,authorDetails"}
    return query | ({"pageToken": token} if token else {})
