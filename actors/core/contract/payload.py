"""The types of payload fields with their limits, and the base of all payloads."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

# Lengths are in characters. 64 covers every platform's display name (Twitch 25, Steam 32); 500 is
# Twitch's own limit of a chat message.
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=500)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
# `#rrggbb` or empty. The look-ahead is for Python, whose `$` also matches before a last newline.
Color = Annotated[str, Meta(pattern=r"^(#[0-9a-fA-F]{6})?$(?!\n)")]
# Exact in JavaScript numbers (2^53).
Number = Annotated[int, Meta(ge=-9_007_199_254_740_992, le=9_007_199_254_740_992)]
# Channel points of a large channel exceed Count.
Points = Annotated[int, Meta(ge=0, le=9_007_199_254_740_992)]
# An amount of money as text, because binary fractions are not exact.
Decimal = Annotated[str, Meta(pattern=r"^([0-9]{1,12}(\.[0-9]{1,8})?)?$(?!\n)")]
Currency = Annotated[str, Meta(pattern=r"^([A-Z]{3,5})?$(?!\n)")]
# A picture that the gateway fetches and keeps (`GET /media/emote/PROVIDER/ID`), or empty. media.py has the providers.
Image = Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,16}/[A-Za-z0-9_-]{1,80})?$(?!\n)")]
# A picture of the user (a file of `overlays/media`, by the rules of core/alerts.py), or empty. It is short enough
# for an address, in which one character may take 12.
LOGO = r"^([^/\\:.\x00-\x1f][^/\\:\x00-\x1f]{0,47}\.(png|jpg|jpeg|gif|webp|avif))?$(?!\n)"
Logo = Annotated[str, Meta(pattern=LOGO)]
# A time on the clock of the server, in milliseconds since 1970; the limit is the year 2100.
TimeStamp = Annotated[float, Meta(ge=0, le=4_102_444_800_000)]
# Up to one day.
Span = Annotated[int, Meta(ge=0, le=86_400_000)]


class Payload(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Base of all payloads: an unknown field is refused with its path."""


class Player(Payload, frozen=True):
    """A player of a game. `id` is stable within the source; `team` is the source's own word.

    `faction` is the side of the character, which may fight for another team. `loadout` is the class that is played,
    such as `medic`. `vehicle` is the vehicle that the player is in.
    """

    id: Name
    name: Name
    team: Word = ""
    faction: Word = ""
    loadout: Word = ""
    vehicle: Word = ""


__all__ = [
    "LOGO",
    "Color",
    "Count",
    "Currency",
    "Decimal",
    "Image",
    "Logo",
    "Name",
    "Number",
    "Payload",
    "Player",
    "Points",
    "Span",
    "Text",
    "TimeStamp",
    "Word",
]
