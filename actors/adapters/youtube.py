"""YouTube live chat: one message of the chat (a `liveChatMessage` of the API) → an event.

Identities are longer than the taxonomy's texts, and the first part is equal for all messages of a chat. Therefore long
ones are replaced by their digest, in a message and in the deletion that names it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

from actors.adapters import bounds
from actors.adapters.build import build
from actors.adapters.time_stamps import milliseconds
from actors.adapters.youtube_shapes import ChatItem
from actors.core.contract.event import UNREADABLE, Category, Event, RawItem
from actors.core.contract.payload import Payload
from actors.core.contract.types.chat import Chat, ChatDelete
from actors.core.contract.types.community import Cheer, Gift, Stream, Subscription, Tip
from actors.core.contract.types.crowd import Choice, Poll
from actors.errors import BadInput

MAX_CHOICES: Final = 10
_SHORT: Final = 40

T = TypeVar("T")

_item = msgspec.json.Decoder(ChatItem)

Meaning = tuple[str, Payload]


def category(body: bytes) -> Category | None:
    """Return the lane of a message. A malformed one is normal: the normalizer rejects it."""
    try:
        kind = _KINDS.get(_item.decode(body).snippet.type)
    except UNREADABLE:
        return Category.NORMAL
    return None if kind is None else kind.lane


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the event of a message, or none."""
    try:
        said = _item.decode(item.body)
    except UNREADABLE as error:
        raise BadInput(str(error)) from error
    kind = _KINDS.get(said.snippet.type)
    meaning = None if kind is None else kind.read(said)
    if meaning is None:
        return []
    stamp = said.snippet.published_at
    ts_ms = milliseconds(stamp, "$.snippet.publishedAt") if stamp else None
    identity = identity_of(said) or None
    return [build(item, producer, pgen, *meaning, source="youtube", ts_source_ms=ts_ms, identity=identity)]


def identity_of(said: ChatItem) -> str:
    """Return the identity of a message, "" for the states of a poll, which are messages with one id.

    A tombstone has the id of the message whose place it takes.
    """
    type_ = said.snippet.type
    return "" if type_ == "pollEvent" else f"{type_[:32]}:{_key(said.id)}"


def _key(id_: str) -> str:
    return id_ if len(id_) <= _SHORT else blake2b(id_.encode(errors="replace"), digest_size=16).hexdigest()


def _user(said: ChatItem) -> str:
    return bounds.name(said.author_details.display_name.removeprefix("@"))


def money(micros: int | str) -> str:
    """Return an amount in millionths as a decimal number, exactly: `4990000` is `4.99`, `500000000` is `500`."""
    whole, _, fraction = bounds.decimal(bounds.points(micros), 6).partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction:0<2}" if fraction else whole


def _chat(said: ChatItem) -> Meaning | None:
    details, author = said.snippet.text_message_details, said.author_details
    text = bounds.text((details.message_text if details else "") or said.snippet.display_message)
    if not text.strip():
        return None
    roles = {
        "broadcaster": author.is_chat_owner, "moderator": author.is_chat_moderator,
        "subscriber": author.is_chat_sponsor, "verified": author.is_verified,
    }  # fmt: skip
    badges = [role for role, has in roles.items() if has]
    return "chat", Chat(_user(said), text, _key(author.channel_id), _key(said.id), badges=badges)


def _super_chat(said: ChatItem) -> Meaning:
    paid = _present(said.snippet.super_chat_details, "superChatDetails")
    text = bounds.text(paid.user_comment)
    return "tip", Tip(_user(said), money(paid.amount_micros), bounds.currency(paid.currency), text)


def _super_sticker(said: ChatItem) -> Meaning:
    paid = _present(said.snippet.super_sticker_details, "superStickerDetails")
    text = bounds.text(paid.super_sticker_metadata.alt_text)
    return "tip", Tip(_user(said), money(paid.amount_micros), bounds.currency(paid.currency), text)


def _jewels(said: ChatItem) -> Meaning:
    given = _present(said.snippet.gift_event_details, "giftEventDetails").gift_metadata
    return "cheer", Cheer(_user(said), bounds.count(given.jewels_amount), bounds.text(given.gift_name))


def _member(said: ChatItem) -> Meaning:
    details = said.snippet.new_sponsor_details
    return "subscription", Subscription(_user(said), bounds.word(details.member_level_name if details else ""))


def _milestone(said: ChatItem) -> Meaning:
    reached = _present(said.snippet.member_milestone_chat_details, "memberMilestoneChatDetails")
    level, months = bounds.word(reached.member_level_name), bounds.count(reached.member_month)
    return "subscription", Subscription(_user(said), level, months, text=bounds.text(reached.user_comment))


def _gift(said: ChatItem) -> Meaning:
    given = _present(said.snippet.membership_gifting_details, "membershipGiftingDetails")
    number, level = bounds.count(given.gift_memberships_count), bounds.word(given.gift_memberships_level_name)
    return "gift", Gift(_user(said), number, level, group=_key(said.id))


def _received(said: ChatItem) -> Meaning:
    """Return the membership of one recipient. The giver has only an id here; the gift of the same group names it."""
    got = _present(said.snippet.gift_membership_received_details, "giftMembershipReceivedDetails")
    group = _key(got.associated_membership_gifting_message_id)
    return "subscription", Subscription(_user(said), bounds.word(got.member_level_name), group=group)


def _deleted(said: ChatItem) -> Meaning:
    id_ = _present(said.snippet.message_deleted_details, "messageDeletedDetails").deleted_message_id
    return "chat_delete", ChatDelete(message_id=_key(id_))


def _retracted(said: ChatItem) -> Meaning:
    id_ = _present(said.snippet.message_retracted_details, "messageRetractedDetails").retracted_message_id
    return "chat_delete", ChatDelete(message_id=_key(id_))


def _tombstone(said: ChatItem) -> Meaning:
    return "chat_delete", ChatDelete(message_id=_key(said.id))


def _banned(said: ChatItem) -> Meaning:
    user = _present(said.snippet.user_banned_details, "userBannedDetails").banned_user_details
    return "chat_delete", ChatDelete(user_id=_key(user.channel_id))


def _ended(_: ChatItem) -> Meaning:
    return "stream", Stream(False)


def _poll(said: ChatItem) -> Meaning:
    details = _present(said.snippet.poll_details, "pollDetails")
    asked = details.metadata
    choices = [Choice(bounds.text(one.option_text), bounds.points(one.tally)) for one in asked.options[:MAX_CHOICES]]
    phase: Literal["progress", "end"] = "end" if details.status == "closed" else "progress"
    return "poll", Poll(phase, bounds.text(asked.question_text), _key(said.id), choices)


def _present(details: T | None, name: str) -> T:
    """Return the details of a message.

    Raises:
        BadInput: a message of this type must have them.
    """
    if details is None:
        raise BadInput(f"Object missing required field `{name}` - at `$.snippet`")
    return details


class _Kind(NamedTuple):
    lane: Category
    read: Callable[[ChatItem], Meaning | None]


_KINDS: Final = {
    "textMessageEvent": _Kind(Category.NORMAL, _chat),
    "pollEvent": _Kind(Category.STATE, _poll),
    **{
        name: _Kind(Category.CRITICAL, read)
        for name, read in (
            ("superChatEvent", _super_chat), ("superStickerEvent", _super_sticker), ("giftEvent", _jewels),
            ("newSponsorEvent", _member), ("memberMilestoneChatEvent", _milestone),
            ("membershipGiftingEvent", _gift), ("giftMembershipReceivedEvent", _received),
            ("messageDeletedEvent", _deleted), ("messageRetractedEvent", _retracted), ("tombstone", _tombstone),
            ("userBannedEvent", _banned), ("chatEndedEvent", _ended),
        )
    },
}  # fmt: skip
