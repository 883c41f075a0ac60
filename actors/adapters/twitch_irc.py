"""Twitch IRC: one line of the chat of a channel, which can be read without a login.

    PRIVMSG     a chat message; with `bits` also a cheer (`parts` splits such a line in two)
    USERNOTICE  a subscription, gift, raid; any other notice becomes chat if its user wrote a text
    CLEARCHAT   deletes the messages of a user, or all
    CLEARMSG    deletes one message

Everything else (PING, NOTICE, ROOMSTATE, numerics) concerns the connection and never becomes an event.

Shared chat: a line whose `source-room-id` differs from its `room-id` was written in another channel. It is ignored,
because the moderation of that channel is not visible here. A gift to N users is an announcement and N lines with the
same group id: the announcement becomes the `gift` event, the N lines are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from actors.adapters import bounds
from actors.adapters.build import build
from actors.adapters.irc import IrcLine, parse
from actors.core.contract.event import Category, Event, RawItem
from actors.core.contract.payload import Payload
from actors.core.contract.types.chat import Chat, ChatDelete, Fragment, Reply
from actors.core.contract.types.community import Cheer, Gift, Raid, Subscription, Tip
from actors.errors import BadInput

# All events of one message of the source have one lane, but a cheer is critical and its chat line is not. The source
# sends such a line twice; the copy that becomes the cheer has this tag.
CHEER_TAG: Final = "framewire/cheer"
# The users that Twitch names instead of an anonymous giver.
ANONYMOUS_IDS: Final = frozenset({"274598607", "407665396"})
MAX_FRAGMENTS: Final = 256
MAX_BADGES: Final = 32

_SINGLE_GIFTS: Final = frozenset({"subgift", "anonsubgift"})
_EMOTE: Final = re.compile(r"(\d{1,5})-(\d{1,5})")
_ACTION: Final = "\x01ACTION "
# Chat programs append this invisible character to send the same text twice.
_PADDING: Final = " \U000e0000"

Meaning = tuple[str, Payload, str]
"""Type, payload and identity."""


class IrcPart(Struct, frozen=True):
    """One message of the source for a line and a lane. `identity` is "" if Twitch gives none."""

    body: bytes
    identity: str
    ts_source_ms: float | None


def parts(raw: bytes) -> list[IrcPart]:
    """Return the messages of a line: one, or two for a chat message with bits.

    Raises:
        BadInput: it is not an IRC line.
    """
    line = parse(raw)
    id_, ts_ms = line.tags.get("id", ""), _ts_ms(line)
    if line.command == "CLEARMSG":
        id_ = f"delete:{line.tags.get('target-msg-id', '')}"
    found = [IrcPart(raw, id_, ts_ms)]
    if line.command == "PRIVMSG" and "bits" in line.tags and not _is_foreign(line):
        found.append(IrcPart(b"@" + CHEER_TAG.encode() + b";" + raw[1:], f"cheer:{id_}" if id_ else "", ts_ms))
    return found


def category(body: bytes) -> Category | None:
    """Return the lane of a line. A malformed one is normal: the normalizer rejects it."""
    try:
        return _lane(parse(body))
    except BadInput:
        return Category.NORMAL


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the event of a line, or none."""
    line = parse(item.body)
    if _lane(line) is None:
        return []
    if not line.param(0).startswith("#"):
        raise BadInput(f"Expected a channel (#name), got `{line.param(0)[:64]}` - at `{line.command}`")
    if line.command == "USERNOTICE":
        meaning = _NOTICES.get(line.tags.get("msg-id", ""), _chat)(line)
    else:
        meaning = _COMMANDS[line.command](line)
    if meaning is None:
        return []
    type_, payload, identity = meaning
    return [
        build(
            item,
            producer,
            pgen,
            type_,
            payload,
            source="twitch",
            ts_source_ms=_ts_ms(line),
            identity=identity or None,
        )
    ]


def _lane(line: IrcLine) -> Category | None:
    if line.command not in ("PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG") or _is_foreign(line):
        return None
    if line.command == "PRIVMSG":
        return Category.CRITICAL if CHEER_TAG in line.tags else Category.NORMAL
    if line.command == "USERNOTICE" and line.tags.get("msg-id") not in _NOTICES:
        return Category.NORMAL if line.param(1).strip() else None
    if _is_part_of_a_gift(line):
        return None
    return Category.CRITICAL


def _is_foreign(line: IrcLine) -> bool:
    source = line.tags.get("source-room-id", "")
    return source not in ("", line.tags.get("room-id"))


def _is_part_of_a_gift(line: IrcLine) -> bool:
    return line.tags.get("msg-id") in _SINGLE_GIFTS and bool(line.tags.get("msg-param-community-gift-id"))


def _ts_ms(line: IrcLine) -> float | None:
    sent = line.tags.get("tmi-sent-ts", "")
    return float(sent) if sent.isascii() and sent.isdigit() and len(sent) <= 13 else None


def _user(line: IrcLine) -> str:
    return bounds.name(line.tags.get("display-name"), line.tags.get("login"), line.nick)


def _privmsg(line: IrcLine) -> Meaning | None:
    if CHEER_TAG in line.tags:
        anonymous = line.tags.get("user-id") in ANONYMOUS_IDS
        cheer = Cheer(_user(line), bounds.count(line.tags.get("bits")), bounds.text(_text(line)[0]), anonymous)
        return "cheer", cheer, _identity("cheer", line.tags.get("id", ""))
    return _chat(line)


def _chat(line: IrcLine) -> Meaning | None:
    text, action = _text(line)
    if not text.strip():
        return None
    tags = line.tags
    chat = Chat(
        _user(line),
        text,
        user_id=bounds.word(tags.get("user-id")),
        message_id=bounds.word(tags.get("id")),
        channel=_channel(line),
        color=bounds.color(tags.get("color")),
        badges=[bounds.word(badge) for badge in tags.get("badges", "").split(",") if "/" in badge][:MAX_BADGES],
        fragments=_fragments(text, tags.get("emotes", "")),
        reply_to=_reply(tags),
        action=action,
        highlight=tags.get("msg-id") == "highlighted-message" or "pinned-chat-paid-amount" in tags,
        first=tags.get("first-msg") == "1",
    )
    return "chat", chat, tags.get("id", "")


def _text(line: IrcLine) -> tuple[str, bool]:
    """Return the text and whether it is an action (/me)."""
    text = line.param(1)
    action = text.startswith(_ACTION)
    if action:
        text = text.removeprefix(_ACTION).removesuffix("\x01")
    return bounds.text(text.rstrip(_PADDING)), action


def _channel(line: IrcLine) -> str:
    return bounds.word(line.param(0).removeprefix("#"))


def _reply(tags: dict[str, str]) -> Reply | None:
    id_ = tags.get("reply-parent-msg-id")
    if not id_:
        return None
    user = bounds.name(tags.get("reply-parent-display-name"), tags.get("reply-parent-user-login"))
    user_id = bounds.word(tags.get("reply-parent-user-id"))
    return Reply(user, bounds.text(tags.get("reply-parent-msg-body")), bounds.word(id_), user_id)


def _fragments(text: str, emotes: str) -> list[Fragment]:
    """Return `text` split by the tag `emotes` (`25:0-4,12-16/1902:6-10`), [] if there are no emotes.

    The ranges are inclusive and count code points. A range that ends beyond the text is cut. One that is malformed,
    starts beyond the text or starts inside another emote is left out.
    """
    fragments: list[Fragment] = []
    position = 0
    for start, end, image in sorted(_ranges(emotes)):
        if start < position or start >= len(text) or len(fragments) >= MAX_FRAGMENTS - 2:
            continue
        if start > position:
            fragments.append(Fragment("text", text[position:start]))
        position = min(end + 1, len(text))
        fragments.append(Fragment("emote", text[start:position], image))
    if fragments and position < len(text):
        fragments.append(Fragment("text", text[position:]))
    return fragments


def _ranges(emotes: str) -> list[tuple[int, int, str]]:
    found = []
    for group in emotes.split("/"):
        id_, _, ranges = group.partition(":")
        image = bounds.image("twitch", id_)
        for part in ranges.split(","):
            match = _EMOTE.fullmatch(part)
            if match and image and int(match[1]) <= int(match[2]):
                found.append((int(match[1]), int(match[2]), image))
    return found


def _sub(line: IrcLine) -> Meaning:
    tags = line.tags
    months = bounds.count(tags.get("msg-param-cumulative-months") or tags.get("msg-param-months"))
    return "subscription", Subscription(_user(line), _tier(tags), months, text=_text(line)[0]), tags.get("id", "")


def _gift(line: IrcLine) -> Meaning:
    names = ("msg-param-recipient-display-name", "msg-param-recipient-user-name", "msg-param-recipient-name")
    recipient = bounds.name(*(line.tags.get(key) for key in names))
    return "gift", _gift_of(line, 1, [recipient], ""), line.tags.get("id", "")


def _mystery(line: IrcLine) -> Meaning:
    tags = line.tags
    number = bounds.count(tags.get("msg-param-mass-gift-count"))
    group = tags.get("msg-param-community-gift-id") or tags.get("msg-param-origin-id", "")
    return "gift", _gift_of(line, number, [], bounds.word(group)), tags.get("id", "")


def _gift_of(line: IrcLine, number: int, recipients: list[str], group: str) -> Gift:
    tags = line.tags
    anonymous = tags.get("user-id") in ANONYMOUS_IDS or tags.get("msg-id", "").startswith("anon")
    total = bounds.count(tags.get("msg-param-sender-count"))
    return Gift(_user(line), number, _tier(tags), recipients, group, anonymous, total)


def _raid(line: IrcLine) -> Meaning:
    user = bounds.name(line.tags.get("msg-param-displayName"), line.tags.get("msg-param-login"), _user(line))
    return "raid", Raid(user, bounds.count(line.tags.get("msg-param-viewerCount"))), line.tags.get("id", "")


def _charity(line: IrcLine) -> Meaning:
    tags = line.tags
    units, places = bounds.count(tags.get("msg-param-donation-amount")), bounds.count(tags.get("msg-param-exponent"))
    currency = bounds.currency(tags.get("msg-param-donation-currency"))
    return "tip", Tip(_user(line), bounds.decimal(units, places), currency), tags.get("id", "")


def _tier(tags: dict[str, str]) -> str:
    return bounds.word(tags.get("msg-param-sub-plan"))


def _clearchat(line: IrcLine) -> Meaning:
    user_id = line.tags.get("target-user-id", "")
    if line.param(1) and not user_id:
        raise BadInput(f"Expected the tag target-user-id, got none for `{line.param(1)[:64]}` - at `CLEARCHAT`")
    return "chat_delete", ChatDelete(_channel(line), user_id=bounds.word(user_id)), ""


def _clearmsg(line: IrcLine) -> Meaning:
    id_ = line.tags.get("target-msg-id", "")
    if not id_:
        raise BadInput("Expected the tag target-msg-id, got none - at `CLEARMSG`")
    return "chat_delete", ChatDelete(_channel(line), bounds.word(id_)), _identity("delete", id_)


def _identity(kind: str, id_: str) -> str:
    return f"{kind}:{id_}" if id_ else ""


_COMMANDS: Final[dict[str, Callable[[IrcLine], Meaning | None]]] = {
    "PRIVMSG": _privmsg,
    "CLEARCHAT": _clearchat,
    "CLEARMSG": _clearmsg,
}
_NOTICES: Final[dict[str | None, Callable[[IrcLine], Meaning | None]]] = {
    "sub": _sub,
    "resub": _sub,
    "primepaidupgrade": _sub,
    "giftpaidupgrade": _sub,
    "anongiftpaidupgrade": _sub,
    "subgift": _gift,
    "anonsubgift": _gift,
    "submysterygift": _mystery,
    "anonsubmysterygift": _mystery,
    "raid": _raid,
    "charitydonation": _charity,
}
