"""The providers of the pictures of a chat, one row each.

An `image` of an event is `PROVIDER/ID`. The id is checked against the provider's pattern before it becomes a part of an
address, so that text of a chat cannot choose a host or a path. Addresses are those of 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

MAX_BYTES: Final = 512 << 10  # the largest animated emotes of the providers below have about half of it


class Provider(Struct, frozen=True):
    """`id` is the pattern of the provider's ids; `host` and `path` are the address, with `{id}`."""

    id: str
    host: str
    path: str


PROVIDERS: Final = {
    "twitch": Provider(
        r"[0-9]{1,20}|emotesv2_[0-9a-f]{32}", "static-cdn.jtvnw.net", "emoticons/v2/{id}/default/dark/2.0"
    ),
    "twitch-badge": Provider(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "static-cdn.jtvnw.net", "badges/v1/{id}/2"
    ),
    "7tv": Provider(r"[0-9A-Z]{26}|[0-9a-f]{24}", "cdn.7tv.app", "emote/{id}/2x.webp"),
    "bttv": Provider(r"[0-9a-f]{24}", "cdn.betterttv.net", "emote/{id}/2x"),
    "ffz": Provider(r"[0-9]{1,10}", "cdn.frankerfacez.com", "emote/{id}/2"),
}


def address(provider: str, id_: str, origin: str = "") -> str | None:
    """Return the address of a picture, None if the provider is unknown or the id malformed.

    Args:
        origin: a mirror that holds HOST/PATH of every provider; "" is the provider itself
    """
    row = PROVIDERS.get(provider)
    if row is None or re.fullmatch(row.id, id_) is None:
        return None
    where = row.path.format(id=id_)
    return f"{origin.rstrip('/')}/{row.host}/{where}" if origin else f"https://{row.host}/{where}"


def surplus(files: list[tuple[float, int, str]], max_bytes: int) -> list[str]:
    """Return the names to remove, the least recently used first, until nine tenths of `max_bytes` are left.

    Args:
        files: (time of last use, size, name) of each
    """
    total = sum(size for _, size, _ in files)
    if total <= max_bytes:
        return []
    names = []
    for _, size, name in sorted(files):
        if total <= max_bytes * 0.9:
            break
        total -= size
        names.append(name)
    return names
