"""Twitch EventSub: the shapes of the events of notifications, with the fields that are used.

Other fields are skipped. A field of another type than stated is refused with its path. Twitch sends null for a missing
value, and for the name of an anonymous user.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct


class Shape(Struct, frozen=True):
    """Base of all shapes."""


class MetadataShape(Shape, frozen=True):
    message_id: str
    message_type: str
    message_timestamp: str
    subscription_type: str = ""


class SubscriptionShape(Shape, frozen=True):
    condition: dict[str, Any] = {}


class BodyShape(Shape, frozen=True):
    event: Raw = Raw(b"{}")
    subscription: SubscriptionShape = SubscriptionShape()


class NotificationShape(Shape, frozen=True):
    """One frame of the WebSocket. `badge_images` is added by the source: the picture's id for each badge, or empty."""

    metadata: MetadataShape
    payload: BodyShape = BodyShape()
    badge_images: list[str] = []


class GroupOfShape(Shape, frozen=True):
    community_gift_id: str | None = None


class PeekShape(Shape, frozen=True):
    """The fields of any event that decide whether it is ignored."""

    broadcaster_user_id: str = ""
    source_broadcaster_user_id: str | None = None
    is_gift: bool = False
    notice_type: str = ""
    sub_gift: GroupOfShape | None = None


class FollowShape(Shape, frozen=True):
    user_id: str
    user_name: str
    user_login: str = ""
    followed_at: str = ""


class SubscribeShape(Shape, frozen=True):
    user_name: str
    tier: str = ""


class SubscriptionGiftShape(Shape, frozen=True):
    total: int
    user_name: str | None = None
    tier: str = ""
    cumulative_total: int | None = None
    is_anonymous: bool = False


class TextShape(Shape, frozen=True):
    text: str = ""


class SubscriptionMessageShape(Shape, frozen=True):
    user_name: str
    tier: str = ""
    message: TextShape | None = None
    cumulative_months: int | None = None


class CheerShape(Shape, frozen=True):
    bits: int
    user_name: str | None = None
    message: str | None = None
    is_anonymous: bool = False


class RaidShape(Shape, frozen=True):
    from_broadcaster_user_name: str
    viewers: int


class RewardShape(Shape, frozen=True):
    title: str
    cost: int = 0


class RedemptionShape(Shape, frozen=True):
    id: str
    user_name: str
    reward: RewardShape
    user_input: str | None = None


class HypeTrainShape(Shape, frozen=True):
    id: str = ""
    level: int = 0
    progress: int = 0
    goal: int = 0
    total: int = 0
    expires_at: str | None = None


class PollChoiceShape(Shape, frozen=True):
    title: str
    votes: int | None = None


class PollShape(Shape, frozen=True):
    id: str
    title: str
    choices: list[PollChoiceShape] = []
    ends_at: str | None = None
    status: str = ""


class OutcomeShape(Shape, frozen=True):
    title: str
    id: str = ""
    channel_points: int | None = None
    users: int | None = None


class PredictionShape(Shape, frozen=True):
    id: str
    title: str
    outcomes: list[OutcomeShape] = []
    winning_outcome_id: str | None = None
    locks_at: str | None = None
    status: str = ""


class GoalShape(Shape, frozen=True):
    id: str
    current_amount: int
    target_amount: int
    type: str = ""
    description: str | None = None


class StreamOnlineShape(Shape, frozen=True):
    id: str


class StreamOfflineShape(Shape, frozen=True):
    pass


class ChannelUpdateShape(Shape, frozen=True):
    title: str = ""
    category_name: str = ""
    language: str = ""


class ShoutoutCreateShape(Shape, frozen=True):
    to_broadcaster_user_name: str
    viewer_count: int = 0


class ShoutoutReceiveShape(Shape, frozen=True):
    from_broadcaster_user_name: str
    viewer_count: int = 0


class BanShape(Shape, frozen=True):
    user_id: str
    broadcaster_user_login: str = ""


class EmoteShape(Shape, frozen=True):
    id: str


class PartShape(Shape, frozen=True):
    type: str
    text: str
    emote: EmoteShape | None = None


class ChatTextShape(Shape, frozen=True):
    text: str = ""
    fragments: list[PartShape] = []


class BadgeShape(Shape, frozen=True):
    set_id: str
    id: str


class ReplyToShape(Shape, frozen=True):
    parent_message_id: str
    parent_message_body: str = ""
    parent_user_id: str = ""
    parent_user_name: str = ""


class ChatMessageShape(Shape, frozen=True):
    """A chat message; a notification in chat has the same fields and those of `ChatNotice`."""

    message_id: str
    message: ChatTextShape
    broadcaster_user_login: str = ""
    chatter_user_id: str | None = None
    chatter_user_login: str | None = None
    chatter_user_name: str | None = None
    color: str | None = None
    badges: list[BadgeShape] = []
    message_type: str = "text"
    reply: ReplyToShape | None = None


class NoticeSubShape(Shape, frozen=True):
    """The part `sub`, `resub` or `prime_paid_upgrade` of a notification in chat."""

    sub_tier: str = ""
    is_prime: bool = False
    cumulative_months: int | None = None
    is_gift: bool = False
    gifter_user_name: str | None = None


class NoticeGiftShape(Shape, frozen=True):
    """`sub_gift`: a subscription for one user."""

    recipient_user_name: str
    sub_tier: str = ""
    cumulative_total: int | None = None


class NoticeGiftsShape(Shape, frozen=True):
    """`community_sub_gift`: the announcement of subscriptions for several users."""

    id: str
    total: int
    sub_tier: str = ""
    cumulative_total: int | None = None


class AmountShape(Shape, frozen=True):
    value: int
    decimal_place: int
    currency: str


class NoticeCharityShape(Shape, frozen=True):
    amount: AmountShape


class ChatNoticeShape(ChatMessageShape, frozen=True, kw_only=True):
    notice_type: str
    chatter_is_anonymous: bool = False
    sub: NoticeSubShape | None = None
    resub: NoticeSubShape | None = None
    prime_paid_upgrade: NoticeSubShape | None = None
    sub_gift: NoticeGiftShape | None = None
    community_sub_gift: NoticeGiftsShape | None = None
    charity_donation: NoticeCharityShape | None = None


class MessageDeleteShape(Shape, frozen=True):
    message_id: str
    broadcaster_user_login: str = ""


class ChatClearShape(Shape, frozen=True):
    broadcaster_user_login: str = ""


class UserClearShape(Shape, frozen=True):
    target_user_id: str
    broadcaster_user_login: str = ""
