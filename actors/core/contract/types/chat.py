"""Chat messages, and their deletion by moderators."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from actors.core.contract.payload import Color, Image, Name, Payload, Text, Word
from actors.core.contract.row import Look, Row, critical, normal


class Fragment(Payload, frozen=True):
    """A part of a message. `image` is the picture of an emote or a cheer; without one the text is shown."""

    kind: Literal["text", "emote", "mention", "cheer"]
    text: Text
    image: Image = ""


class Reply(Payload, frozen=True):
    """The message to which this one replies. A deletion of it, or of its user's messages, removes it here, too."""

    user: Name
    text: Text = ""
    message_id: Word = ""
    user_id: Word = ""


class Chat(Payload, frozen=True):
    """A later deletion names `message_id`. `text` is the whole message; `fragments`, if not empty, are
    the same message in parts and are shown instead. `badge_images[n]` is the picture of `badges[n]`, or empty.
    `action` is `/me`, `highlight` a message that its author paid to highlight, `first` the author's first message.
    """

    user: Name
    text: Text
    user_id: Word = ""
    message_id: Word = ""
    channel: Word = ""
    color: Color = ""
    badges: list[Word] = []
    team_only: bool = False
    badge_images: Annotated[list[Image], Meta(max_length=32)] = []
    fragments: Annotated[list[Fragment], Meta(max_length=256)] = []
    reply_to: Reply | None = None
    action: bool = False
    highlight: bool = False
    first: bool = False


class ChatDelete(Payload, frozen=True):
    """One message, all messages of a user, or (both empty) all messages of the channel."""

    channel: Word = ""
    message_id: Word = ""
    user_id: Word = ""


TYPES: Final[dict[str, Row]] = {
    "chat": normal(
        3,
        Chat(
            "ottoline",
            "@Ada gg Kappa",
            "v7",
            "m-82",
            "ada_live",
            "#e06c75",
            ["subscriber"],
            fragments=[Fragment("mention", "@Ada"), Fragment("text", " gg "), Fragment("emote", "Kappa", "twitch/25")],
            reply_to=Reply("Ada", "what a round", "m-81"),
        ),
        "a message in a chat",
        Look("Chat", "people", "social"),
        "Chat",
    ),
    "chat_delete": critical(
        9,
        ChatDelete("ada_live", "m-81"),
        "messages that must disappear from the screen",
        Look("Chat deletion", "cross", "bad"),
        "Chat Delete",
        ttl_ms=0,
    ),
}
