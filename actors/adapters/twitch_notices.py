"""Twitch EventSub: messages and notices of the chat, and their deletion.

Twitch sends a message as text and as fragments. The text of an action (/me) is enclosed in the marks of IRC, its
fragments are not.
"""

from __future__ import annotations

from typing import Final

from actors.adapters import bounds
from actors.adapters import twitch_shapes as shapes
from actors.core.contract.payload import Payload
from actors.core.contract.types.chat import Chat, ChatDelete, Fragment, Reply
from actors.core.contract.types.community import Gift, Subscription, Tip

Meaning = tuple[str, Payload, str]
"""Type, payload and identity."""

MAX_FRAGMENTS: Final = 256
MAX_BADGES: Final = 32
ANONYMOUS: Final = "Anonymous"

_ACTION: Final = "\x01ACTION "
_PADDING: Final = " \U000e0000"
_PICTURED: Final = frozenset({"emote", "mention", "cheermote"})


def chat(event: shapes.ChatMessageShape) -> Meaning | None:
    text = event.message.text
    action = text.startswith(_ACTION)
    if action:
        text = text.removeprefix(_ACTION).removesuffix("\x01")
    text = bounds.text(text.rstrip(_PADDING))
    if not text.strip():
        return None
    said = Chat(
        bounds.name(event.chatter_user_name, event.chatter_user_login),
        text,
        user_id=bounds.word(event.chatter_user_id),
        message_id=bounds.word(event.message_id),
        channel=bounds.word(event.broadcaster_user_login),
        color=bounds.color(event.color),
        badges=[bounds.word(f"{badge.set_id}/{badge.id}") for badge in event.badges[:MAX_BADGES]],
        fragments=_fragments(event.message.fragments),
        reply_to=_reply(event.reply),
        action=action,
        highlight=event.message_type == "channel_points_highlighted",
        first=event.message_type == "user_intro",
    )
    return "chat", said, event.message_id


def _fragments(parts: list[shapes.PartShape]) -> list[Fragment]:
    """Return the parts, [] if all of them are text."""
    if all(part.type not in _PICTURED for part in parts):
        return []
    fragments: list[Fragment] = []
    room = bounds.TEXT_CHARACTERS
    for part in parts[:MAX_FRAGMENTS]:
        shown = part.text[:room]
        room -= len(shown)
        image = bounds.image("twitch", part.emote.id) if part.emote else ""
        if not shown:
            continue
        if part.type == "emote":
            fragments.append(Fragment("emote", shown, image))
        elif part.type == "mention":
            fragments.append(Fragment("mention", shown))
        elif part.type == "cheermote":
            fragments.append(Fragment("cheer", shown))
        else:
            fragments.append(Fragment("text", shown))
    return fragments


def _reply(reply: shapes.ReplyToShape | None) -> Reply | None:
    if reply is None:
        return None
    body, user_id = bounds.text(reply.parent_message_body), bounds.word(reply.parent_user_id)
    return Reply(bounds.name(reply.parent_user_name), body, bounds.word(reply.parent_message_id), user_id)


def _user(event: shapes.ChatNoticeShape) -> str:
    return bounds.name(event.chatter_user_name, event.chatter_user_login, ANONYMOUS)


def subscription(event: shapes.ChatNoticeShape) -> Meaning | None:
    """Return a subscription: new, renewed, or continued after a gift or a free one."""
    sub = event.sub or event.resub or event.prime_paid_upgrade or shapes.NoticeSubShape()
    tier = "Prime" if sub.is_prime else bounds.word(sub.sub_tier)
    gifter = bounds.name(sub.gifter_user_name) if sub.is_gift and sub.gifter_user_name else ""
    paid = Subscription(
        _user(event), tier, bounds.count(sub.cumulative_months), gifter, bounds.text(event.message.text)
    )
    return "subscription", paid, event.message_id


def gift(event: shapes.ChatNoticeShape) -> Meaning | None:
    """Return a gift to one user."""
    one = event.sub_gift
    if one is None:
        return None
    to, total = [bounds.name(one.recipient_user_name)], bounds.count(one.cumulative_total)
    given = Gift(_user(event), 1, bounds.word(one.sub_tier), to, anonymous=event.chatter_is_anonymous, total=total)
    return "gift", given, event.message_id


def gifts(event: shapes.ChatNoticeShape) -> Meaning | None:
    """Return a gift to several users."""
    many = event.community_sub_gift
    if many is None:
        return None
    number, total = bounds.count(many.total), bounds.count(many.cumulative_total)
    group, anonymous = bounds.word(many.id), event.chatter_is_anonymous
    given = Gift(_user(event), number, bounds.word(many.sub_tier), [], group, anonymous, total)
    return "gift", given, event.message_id


def charity(event: shapes.ChatNoticeShape) -> Meaning | None:
    if event.charity_donation is None:
        return None
    amount = event.charity_donation.amount
    value = bounds.decimal(bounds.count(amount.value), amount.decimal_place)
    return "tip", Tip(_user(event), value, bounds.currency(amount.currency)), event.message_id


def message_delete(event: shapes.MessageDeleteShape) -> Meaning:
    deleted = ChatDelete(bounds.word(event.broadcaster_user_login), bounds.word(event.message_id))
    return "chat_delete", deleted, f"delete:{event.message_id}"


def chat_clear(event: shapes.ChatClearShape) -> Meaning:
    return "chat_delete", ChatDelete(bounds.word(event.broadcaster_user_login)), ""


def user_clear(event: shapes.UserClearShape) -> Meaning:
    channel = bounds.word(event.broadcaster_user_login)
    return "chat_delete", ChatDelete(channel, user_id=bounds.word(event.target_user_id)), ""


def ban(event: shapes.BanShape) -> Meaning:
    channel = bounds.word(event.broadcaster_user_login)
    return "chat_delete", ChatDelete(channel, user_id=bounds.word(event.user_id)), ""
