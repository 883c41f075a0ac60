"""Twitch EventSub: one notification of the WebSocket → an event.

Twitch reports one occurrence in up to three types of notification. Each occurrence becomes one event:

    a gift to N users    the announcement (`community_sub_gift`, or `channel.subscription.gift`) is the `gift`; the N
                         single notices with its group id and the N `channel.subscribe` with `is_gift` are ignored
    a subscription       `channel.chat.notification`, or `channel.subscribe` and `channel.subscription.message`: the
                         source creates one of the two sets
    a raid, bits         `channel.raid`, `channel.cheer`; the notice in chat is ignored, the message with bits is chat
    a ban                deletes the messages of the user; `channel.chat.clear_user_messages` is the same event

Messages of another channel of a shared chat are ignored, and so are types without a row in `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.adapters import bounds
from actors.adapters import twitch_acts as acts
from actors.adapters import twitch_notices as notices
from actors.adapters import twitch_shapes as shapes
from actors.adapters.build import build
from actors.adapters.time_stamps import milliseconds
from actors.adapters.twitch_notices import Meaning
from actors.core.contract.event import UNREADABLE, Category, Event, RawItem
from actors.core.contract.types.chat import Chat
from actors.errors import BadInput


class _Reading(Struct, frozen=True):
    """A type of notification: its lane, the shape of its event, and the function that reads it."""

    lane: Category
    shape: Any
    read: Callable[[Any], Meaning | None]


_notification = msgspec.json.Decoder(shapes.NotificationShape)
_peek = msgspec.json.Decoder(shapes.PeekShape)


def category(body: bytes) -> Category | None:
    """Return the lane of a frame. A malformed one is normal: the normalizer rejects it."""
    try:
        kind = _kind(_notification.decode(body))
    except UNREADABLE:
        return Category.NORMAL
    return None if kind is None else kind.lane


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the event of a frame, or none."""
    try:
        frame = _notification.decode(item.body)
    except UNREADABLE as error:
        raise BadInput(_located(error, "$")) from error
    try:
        kind = _kind(frame)
        meaning = None if kind is None else kind.read(_DECODERS[kind.shape].decode(frame.payload.event))
    except UNREADABLE as error:
        raise BadInput(_located(error, "$.payload.event")) from error
    if kind is None or meaning is None:
        return []
    ts_ms = milliseconds(frame.metadata.message_timestamp, "$.metadata.message_timestamp")
    type_, payload, identity = meaning
    if frame.badge_images and isinstance(payload, Chat):
        images = [bounds.image("twitch-badge", id_) for id_ in frame.badge_images[: len(payload.badges)]]
        payload = msgspec.structs.replace(payload, badge_images=images)
    if not identity and kind.lane is Category.CRITICAL:
        identity = frame.metadata.message_id
    built = build(item, producer, pgen, type_, payload, source="twitch", ts_source_ms=ts_ms, identity=identity or None)
    return [built]


def _located(error: Exception, where: str) -> str:
    """Return the text of a decoder's error with its path continued from `where`."""
    text, found, path = str(error).rpartition(" - at `$")
    return f"{text} - at `{where}{path}" if found else f"{error} - at `{where}`"


def _kind(frame: shapes.NotificationShape) -> _Reading | None:
    """Return the row of a notification, None when it is ignored.

    Raises:
        msgspec.MsgspecError: its event is malformed.
    """
    metadata = frame.metadata
    kind = _KINDS.get(metadata.subscription_type) if metadata.message_type == "notification" else None
    if kind is None:
        return None
    peek = _peek.decode(frame.payload.event)
    if peek.source_broadcaster_user_id not in (None, peek.broadcaster_user_id):
        return None
    if metadata.subscription_type == "channel.chat.notification":
        in_group = peek.sub_gift is not None and bool(peek.sub_gift.community_gift_id)
        return (
            None if in_group or peek.notice_type.startswith("shared_chat_") else _NOTICES.get(peek.notice_type, _SAID)
        )
    if metadata.subscription_type == "channel.subscribe" and peek.is_gift:
        return None
    condition = frame.payload.subscription.condition
    outgoing = condition.get("from_broadcaster_user_id") and not condition.get("to_broadcaster_user_id")
    return None if metadata.subscription_type == "channel.raid" and outgoing else kind


_SAID: Final = _Reading(Category.NORMAL, shapes.ChatNoticeShape, notices.chat)
_NOTICES: Final = {
    **dict.fromkeys(
        ("sub", "resub", "prime_paid_upgrade", "gift_paid_upgrade"),
        _Reading(Category.CRITICAL, shapes.ChatNoticeShape, notices.subscription),
    ),
    "sub_gift": _Reading(Category.CRITICAL, shapes.ChatNoticeShape, notices.gift),
    "community_sub_gift": _Reading(Category.CRITICAL, shapes.ChatNoticeShape, notices.gifts),
    "charity_donation": _Reading(Category.CRITICAL, shapes.ChatNoticeShape, notices.charity),
    "raid": None,
    "unraid": None,
}

_KINDS: Final = {
    "channel.follow": _Reading(Category.CRITICAL, shapes.FollowShape, acts.follow),
    "channel.subscribe": _Reading(Category.CRITICAL, shapes.SubscribeShape, acts.subscribe),
    "channel.subscription.gift": _Reading(Category.CRITICAL, shapes.SubscriptionGiftShape, acts.subscription_gift),
    "channel.subscription.message": _Reading(
        Category.CRITICAL, shapes.SubscriptionMessageShape, acts.subscription_message
    ),
    "channel.cheer": _Reading(Category.CRITICAL, shapes.CheerShape, acts.cheer),
    "channel.raid": _Reading(Category.CRITICAL, shapes.RaidShape, acts.raid),
    "channel.channel_points_custom_reward_redemption.add": _Reading(
        Category.CRITICAL, shapes.RedemptionShape, acts.redemption
    ),
    "channel.shoutout.create": _Reading(Category.CRITICAL, shapes.ShoutoutCreateShape, acts.shoutout_create),
    "channel.shoutout.receive": _Reading(Category.CRITICAL, shapes.ShoutoutReceiveShape, acts.shoutout_receive),
    "stream.online": _Reading(Category.CRITICAL, shapes.StreamOnlineShape, acts.stream_online),
    "stream.offline": _Reading(Category.CRITICAL, shapes.StreamOfflineShape, acts.stream_offline),
    "channel.update": _Reading(Category.NORMAL, shapes.ChannelUpdateShape, acts.channel_update),
    "channel.ban": _Reading(Category.CRITICAL, shapes.BanShape, notices.ban),
    "channel.chat.message": _Reading(Category.NORMAL, shapes.ChatMessageShape, notices.chat),
    "channel.chat.message_delete": _Reading(Category.CRITICAL, shapes.MessageDeleteShape, notices.message_delete),
    "channel.chat.clear": _Reading(Category.CRITICAL, shapes.ChatClearShape, notices.chat_clear),
    "channel.chat.clear_user_messages": _Reading(Category.CRITICAL, shapes.UserClearShape, notices.user_clear),
    "channel.chat.notification": _SAID,  # its row is one of _NOTICES
    **{f"channel.hype_train.{phase}": _Reading(Category.STATE, shapes.HypeTrainShape, acts.hype_train(phase))
       for phase in ("begin", "progress", "end")},
    **{f"channel.poll.{phase}": _Reading(Category.STATE, shapes.PollShape, acts.poll(phase))
       for phase in ("begin", "progress", "end")},
    **{f"channel.prediction.{phase}": _Reading(Category.STATE, shapes.PredictionShape, acts.prediction(phase))
       for phase in ("begin", "progress", "lock", "end")},
    **{f"channel.goal.{phase}": _Reading(Category.STATE, shapes.GoalShape, acts.goal(phase))
       for phase in ("begin", "progress", "end")},
}  # fmt: skip

_DECODERS: Final = {kind.shape: msgspec.json.Decoder(kind.shape) for kind in [_SAID, *_KINDS.values()]}
