"""The pictures of Twitch's badges: a message has the name of a badge (`subscriber/12`), Helix has its picture."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import UNREADABLE
from actors.producers.http_call import HttpApi
from actors.producers.twitch_login import Grant

MAX_BYTES: Final = 4 << 20  # all badges of Twitch are about 700 kB
_PICTURE: Final = re.compile(r"/badges/v1/([0-9a-f-]{36})/")


class _BadgeVersion(Struct, frozen=True):
    id: str
    image_url_2x: str = ""


class _Set(Struct, frozen=True):
    set_id: str
    versions: list[_BadgeVersion] = []


class _Sets(Struct, frozen=True):
    data: list[_Set] = []


_sets = msgspec.json.Decoder(_Sets)


def load(api_url: str, grant: Grant) -> dict[str, str]:
    """Return the picture's id of every badge of Twitch and of this channel, which override those of Twitch; blocks.

    Badges that cannot be read now are left out.

    Raises:
        Disconnected: Twitch cannot be reached.
    """
    headers = {"Authorization": f"Bearer {grant.access_token}", "Client-Id": grant.client_id}
    pictures: dict[str, str] = {}
    with HttpApi(api_url) as api:
        for path in ("/chat/badges/global", f"/chat/badges?broadcaster_id={grant.user_id}"):
            answer = api.call("GET", path, headers, max_bytes=MAX_BYTES)
            if answer.status == 200:
                pictures |= pictures_of(answer.body)
    return pictures


def pictures_of(body: bytes) -> dict[str, str]:
    """Return the pictures of an answer of Helix, {} if it is malformed."""
    try:
        sets = _sets.decode(body).data
    except UNREADABLE:
        return {}
    return {
        f"{one.set_id}/{version.id}": found[1]
        for one in sets
        for version in one.versions
        if (found := _PICTURE.search(version.image_url_2x))
    }


def attach(frame: bytes, pictures: list[str]) -> bytes:
    """Return the JSON object `frame` with the pictures of its badges in the field `badge_images`."""
    return frame.rstrip()[:-1] + b',"badge_images":' + msgspec.json.encode(pictures) + b"}"
