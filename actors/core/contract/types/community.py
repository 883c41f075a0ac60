"""The community of a channel: followers, subscriptions, gifts, money, raids."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from actors.core.contract.payload import Count, Currency, Decimal, Name, Payload, Points, Text, Word
from actors.core.contract.row import Look, OldName, Row, critical


class Follow(Payload, frozen=True):
    user: Name


class Subscription(Payload, frozen=True):
    """`group` is the `group` of the gift that this subscription is a part of, or empty."""

    user: Name
    tier: Word = ""
    months: Count = 0
    gifted_by: Word = ""
    text: Text = ""
    group: Word = ""


class Gift(Payload, frozen=True):
    """Subscriptions that one user gives to others. Each may also be reported as a `subscription` with the same `group`.

    `anonymous`: the giver is not named, and `user` is a placeholder. `total` is the number of all
    gifts of the user; 0 means unknown.
    """

    user: Name
    count: Count
    tier: Word = ""
    recipients: Annotated[list[Name], Meta(max_length=100)] = []
    group: Word = ""
    anonymous: bool = False
    total: Count = 0


class Raid(Payload, frozen=True):
    user: Name
    viewers: Count = 0


class Cheer(Payload, frozen=True):
    user: Name
    bits: Count
    text: Text = ""
    anonymous: bool = False


class Tip(Payload, frozen=True):
    """`amount` is a decimal number as text, empty when unknown; `currency` is an ISO 4217 code."""

    user: Name
    amount: Decimal = ""
    currency: Currency = ""
    text: Text = ""
    anonymous: bool = False


class Redemption(Payload, frozen=True):
    """`title` is the name of the reward, `cost` its price in the channel's points, `text` the message of the user."""

    user: Name
    title: Text
    cost: Points = 0
    text: Text = ""


class Shoutout(Payload, frozen=True):
    """`given`: this channel recommends `user`; `received`: `user` recommends this channel."""

    user: Name
    viewers: Count = 0
    direction: Literal["given", "received"] = "given"


class Stream(Payload, frozen=True):
    """`stream` is the platform's id of this broadcast; `game` is its category."""

    online: bool
    stream: Word = ""
    title: Text = ""
    game: Text = ""


SHOWN_MS: Final = 120_000  # a viewer who paid wants to see it, even after a pause of the stream

TYPES: Final[dict[str, Row]] = {
    "follow": critical(
        6, Follow("ottoline"), "a new follower", Look("New follower", "heart", "social"), "Follow", ttl_ms=SHOWN_MS
    ),
    "subscription": critical(
        7,
        Subscription("ottoline", "1000", 7, text="seven already"),
        "a subscription, renewed or given",
        Look("Subscribed", "star", "social"),
        "Subscription",
        ttl_ms=SHOWN_MS,
    ),
    "gift": critical(
        8,
        Gift("kettlehead", 5, "1000", ["neon_fern", "Ulf"], "g-4071"),
        "a viewer gave subscriptions to others",
        Look("Gifted subscriptions", "star", "social"),
        "Gift",
        "Gift {count}",
        ttl_ms=SHOWN_MS,
    ),
    "raid": critical(
        8,
        Raid("kettlehead", 412),
        "another channel sends its viewers to this channel",
        Look("Raid", "people", "social"),
        "Raid",
        ttl_ms=SHOWN_MS,
    ),
    "cheer": critical(
        7,
        Cheer("ottoline", 300, "for the comeback"),
        "a viewer cheered with bits",
        Look("Cheered", "gem", "social"),
        "Cheer",
        "Cheer {bits}",
        ttl_ms=SHOWN_MS,
    ),
    "tip": critical(
        8,
        Tip("bitbadger", "12.50", "EUR", "snacks for the night shift"),
        "a viewer gave money",
        Look("Tip", "gem", "social"),
        "Tip",
        ttl_ms=SHOWN_MS,
    ),
    "redemption": critical(
        6,
        Redemption("neon_fern", "Hydrate", 500),
        "a viewer redeemed a reward with the channel's points",
        Look("Redeemed", "gem", "social"),
        "Redemption",
        ttl_ms=SHOWN_MS,
    ),
    "shoutout": critical(
        5,
        Shoutout("kettlehead", 88),
        "one channel recommended another",
        Look("Shoutout", "people", "social"),
        "Shoutout",
        ttl_ms=SHOWN_MS,
    ),
    "stream": critical(
        5,
        Stream(True, "s-9001", "finals day", "Counter-Strike"),
        "the stream went online or offline",
        Look("Stream", "bell", "social"),
        OldName("Stream Online", {"online": True}),
        OldName("Stream Offline", {"online": False}),
        ttl_ms=SHOWN_MS,
    ),
}
