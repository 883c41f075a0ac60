"""Twitch EventSub: the shapes of the notifications' events, as far as they are read.

Fields that are not named here are skipped. A field of another type than stated is refused with its path. Twitch sends
null for what an event does not have, and for the names of users who want to stay anonymous.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct


class Shape(Struct, frozen=True):
    """Base of all shapes."""


class Metadata(Shape, frozen=True):
    message_id: str
    message_type: str
    message_timestamp: str
    subscription_type: str = ""


class Subscription(Shape, frozen=True):
    condition: dict[str, Any] = {}


class Body(Shape, frozen=True):
    event: Raw = Raw(b"{}")
    subscription: Subscription = Subscription()


class Notification(Shape, frozen=True):
    """One frame of the WebSocket. `badge_images` is added by the source: the picture's id for each badge, or empty."""

    metadata: Metadata
    payload: Body = Body()
    badge_images: list[str] = []


class GroupOf(Shape, frozen=True):
    community_gift_id: str | None = None


class Peek(Shape, frozen=True):
    """What decides whether an event is ignored, whatever its type."""

    broadcaster_user_id: str = ""
    source_broadcaster_user_id: str | None = None
    is_gift: bool = False
    notice_type: str = ""
    sub_gift: GroupOf | None = None


class Follow(Shape, frozen=True):
    user_id: str
    user_name: str
    user_login: str = ""
    followed_at: str = ""


class Subscribe(Shape, frozen=True):
    user_name: str
    tier: str = ""


class SubscriptionGift(Shape, frozen=True):
    total: int
    user_name: str | None = None
    tier: str = ""
    cumulative_total: int | None = None
    is_anonymous: bool = False


class Text(Shape, frozen=True):
    text: str = ""


class SubscriptionMessage(Shape, frozen=True):
    user_name: str
    tier: str = ""
    message: Text | None = None
    cumulative_months: int | None = None


class Cheer(Shape, frozen=True):
    bits: int
    user_name: str | None = None
    message: str | None = None
    is_anonymous: bool = False


class Raid(Shape, frozen=True):
    from_broadcaster_user_name: str
    viewers: int


class Reward(Shape, frozen=True):
    title: str
    cost: int = 0


class Redemption(Shape, frozen=True):
    id: str
    user_name: str
    reward: Reward
    user_input: str | None = None


class HypeTrain(Shape, frozen=True):
    id: str = ""
    level: int = 0
    progress: int = 0
    goal: int = 0
    total: int = 0
    expires_at: str | None = None


class PollChoice(Shape, frozen=True):
    title: str
    votes: int | None = None


class Poll(Shape, frozen=True):
    id: str
    title: str
    choices: list[PollChoice] = []
    ends_at: str | None = None
    status: str = ""


class Outcome(Shape, frozen=True):
    title: str
    id: str = ""
    channel_points: int | None = None
    users: int | None = None


class Prediction(Shape, frozen=True):
    id: str
    title: str
    outcomes: list[Outcome] = []
    winning_outcome_id: str | None = None
    locks_at: str | None = None
    status: str = ""


class Goal(Shape, frozen=True):
    id: str
    current_amount: int
    target_amount: int
    type: str = ""
    description: str | None = None


class StreamOnline(Shape, frozen=True):
    id: str


class StreamOffline(Shape, frozen=True):
    pass


class ChannelUpdate(Shape, frozen=True):
    title: str = ""
    category_name: str = ""
    language: str = ""


class ShoutoutCreate(Shape, frozen=True):
    to_broadcaster_user_name: str
    viewer_count: int = 0


class ShoutoutReceive(Shape, frozen=True):
    from_broadcaster_user_name: str
    viewer_count: int = 0


class Ban(Shape, frozen=True):
    user_id: str
    broadcaster_user_login: str = ""


class Emote(Shape, frozen=True):
    id: str


class Part(Shape, frozen=True):
    type: str
    text: str
    emote: Emote | None = None


class ChatText(Shape, frozen=True):
    text: str = ""
    fragments: list[Part] = []


class Badge(Shape, frozen=True):
    set_id: str
    id: str


class ReplyTo(Shape, frozen=True):
    parent_message_id: str
    parent_message_body: str = ""
    parent_user_name: str = ""


class ChatMessage(Shape, frozen=True):
    """A chat message; a notification in chat has the same fields and those of `ChatNotice`."""

    message_id: str
    message: ChatText
    broadcaster_user_login: str = ""
    chatter_user_id: str | None = None
    chatter_user_login: str | None = None
    chatter_user_name: str | None = None
    color: str | None = None
    badges: list[Badge] = []
    message_type: str = "text"
    reply: ReplyTo | None = None


class NoticeSub(Shape, frozen=True):
    """The part `sub`, `resub` or `prime_paid_upgrade` of a notification in chat."""

    sub_tier: str = ""
    is_prime: bool = False
    cumulative_months: int | None = None
    is_gift: bool = False
    gifter_user_name: str | None = None


class NoticeGift(Shape, frozen=True):
    """`sub_gift`: a subscription for one user."""

    recipient_user_name: str
    sub_tier: str = ""
    cumulative_total: int | None = None


class NoticeGifts(Shape, frozen=True):
    """`community_sub_gift`: the announcement of subscriptions for several users."""

    id: str
    total: int
    sub_tier: str = ""
    cumulative_total: int | None = None


class Amount(Shape, frozen=True):
    value: int
    decimal_place: int
    currency: str


class NoticeCharity(Shape, frozen=True):
    amount: Amount


class ChatNotice(ChatMessage, frozen=True, kw_only=True):
    notice_type: str
    chatter_is_anonymous: bool = False
    sub: NoticeSub | None = None
    resub: NoticeSub | None = None
    prime_paid_upgrade: NoticeSub | None = None
    sub_gift: NoticeGift | None = None
    community_sub_gift: NoticeGifts | None = None
    charity_donation: NoticeCharity | None = None


class MessageDelete(Shape, frozen=True):
    message_id: str
    broadcaster_user_login: str = ""


class ChatClear(Shape, frozen=True):
    broadcaster_user_login: str = ""


class UserClear(Shape, frozen=True):
    target_user_id: str
    broadcaster_user_login: str = ""
