"""The address or id of a YouTube video or channel, as a user copies it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from actors.errors import BadInput

_VIDEO: Final = re.compile(r"[A-Za-z0-9_-]{11}\Z")
_CHANNEL: Final = re.compile(r"UC[A-Za-z0-9_-]{22}\Z")
_HANDLE: Final = re.compile(r"@[^\s/?#]{3,60}\Z")
_HOSTS: Final = ("youtube.com", "youtu.be", "studio.youtube.com")


class YoutubeTarget(Struct, frozen=True):
    """One of the three is not empty."""

    video: str = ""
    channel: str = ""
    handle: str = ""


def target_of(text: str) -> YoutubeTarget:
    """Return what an address or id names.

    Raises:
        BadInput: it is neither a video nor a channel.
    """
    for part in _parts(text.strip()):
        if _CHANNEL.match(part):
            return YoutubeTarget(channel=part)
        if _VIDEO.match(part):
            return YoutubeTarget(video=part)
        if _HANDLE.match(part):
            return YoutubeTarget(handle=part)
    raise BadInput(
        f"stream is {text[:80]!r}, expected the address or id of a live video, or of a channel (UC… or @name)"
    )


def _parts(text: str) -> list[str]:
    """Return the parts of an address that may be an id; of any other text itself."""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return []
    if host in _HOSTS:
        return [*parse_qs(parts.query).get("v", []), *parts.path.split("/")]
    return [] if parts.scheme else [text]
