"""Twitch EventSub: notifications about viewers and the channel, each → its payload and identity.

An empty identity is replaced by the id of the message, which is the same when Twitch repeats a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from actors.adapters import bounds
from actors.adapters import twitch_shapes as shapes
from actors.adapters.time_stamps import whole_milliseconds
from actors.adapters.twitch_notices import ANONYMOUS, Meaning
from actors.core.contract.types.community import Cheer, Follow, Gift, Raid, Redemption, Shoutout, Stream, Subscription
from actors.core.contract.types.crowd import Choice, Goal, HypeTrain, Poll, Prediction
from actors.core.contract.types.stage import Custom

MAX_CHOICES: Final = 10
_MAX_GOAL: Final = bounds.MAX_POINTS

BeginToEnd = Literal["begin", "progress", "end"]
PredictionPhase = Literal["begin", "progress", "lock", "end"]


def follow(event: shapes.FollowShape) -> Meaning:
    user = bounds.name(event.user_name, event.user_login)
    return "follow", Follow(user), f"follow:{event.user_id}:{event.followed_at}"[:200] if event.followed_at else ""


def subscribe(event: shapes.SubscribeShape) -> Meaning:
    return "subscription", Subscription(bounds.name(event.user_name), bounds.word(event.tier)), ""


def subscription_message(event: shapes.SubscriptionMessageShape) -> Meaning:
    text = bounds.text(event.message.text) if event.message else ""
    months = bounds.count(event.cumulative_months)
    return "subscription", Subscription(bounds.name(event.user_name), bounds.word(event.tier), months, text=text), ""


def subscription_gift(event: shapes.SubscriptionGiftShape) -> Meaning:
    user, total = bounds.name(event.user_name, ANONYMOUS), bounds.count(event.cumulative_total)
    number, tier = bounds.count(event.total), bounds.word(event.tier)
    return "gift", Gift(user, number, tier, anonymous=event.is_anonymous, total=total), ""


def cheer(event: shapes.CheerShape) -> Meaning:
    user = bounds.name(event.user_name, ANONYMOUS)
    return "cheer", Cheer(user, bounds.count(event.bits), bounds.text(event.message), event.is_anonymous), ""


def raid(event: shapes.RaidShape) -> Meaning:
    return "raid", Raid(bounds.name(event.from_broadcaster_user_name), bounds.count(event.viewers)), ""


def redemption(event: shapes.RedemptionShape) -> Meaning:
    title, cost = bounds.text(event.reward.title), bounds.points(event.reward.cost)
    redeemed = Redemption(bounds.name(event.user_name), title, cost, bounds.text(event.user_input))
    return "redemption", redeemed, f"redemption:{event.id}"[:200]


def shoutout_create(event: shapes.ShoutoutCreateShape) -> Meaning:
    user, viewers = bounds.name(event.to_broadcaster_user_name), bounds.count(event.viewer_count)
    return "shoutout", Shoutout(user, viewers, "given"), ""


def shoutout_receive(event: shapes.ShoutoutReceiveShape) -> Meaning:
    user, viewers = bounds.name(event.from_broadcaster_user_name), bounds.count(event.viewer_count)
    return "shoutout", Shoutout(user, viewers, "received"), ""


def stream_online(event: shapes.StreamOnlineShape) -> Meaning:
    """Identified by the id of the stream, because Twitch sometimes sends two messages with different ids."""
    return "stream", Stream(True, bounds.word(event.id)), f"online:{event.id}"[:200]


def stream_offline(_: shapes.StreamOfflineShape) -> Meaning:
    return "stream", Stream(False), ""


def channel_update(event: shapes.ChannelUpdateShape) -> Meaning:
    title, game, language = bounds.text(event.title), bounds.text(event.category_name), bounds.word(event.language)
    return "custom", Custom("twitch.channel.update", {"title": title, "game": game, "language": language}), ""


def hype_train(phase: BeginToEnd) -> Callable[[shapes.HypeTrainShape], Meaning]:
    def read(event: shapes.HypeTrainShape) -> Meaning:
        train = HypeTrain(
            phase,
            bounds.word(event.id),
            bounds.count(event.level),
            bounds.points(event.progress),
            bounds.points(event.goal),
            bounds.points(event.total),
            whole_milliseconds(event.expires_at, "$.payload.event.expires_at"),
        )
        return "hype_train", train, ""

    return read


def poll(phase: BeginToEnd) -> Callable[[shapes.PollShape], Meaning]:
    def read(event: shapes.PollShape) -> Meaning:
        choices = [Choice(bounds.text(one.title), bounds.points(one.votes)) for one in event.choices[:MAX_CHOICES]]
        ends_ms = whole_milliseconds(event.ends_at, "$.payload.event.ends_at")
        told = "canceled" if phase == "end" and event.status == "archived" else phase
        return "poll", Poll(told, bounds.text(event.title), bounds.word(event.id), choices, ends_ms), ""

    return read


def prediction(phase: PredictionPhase) -> Callable[[shapes.PredictionShape], Meaning]:
    def read(event: shapes.PredictionShape) -> Meaning:
        outcomes = [
            Choice(bounds.text(one.title), bounds.points(one.channel_points), bounds.count(one.users))
            for one in event.outcomes[:MAX_CHOICES]
        ]
        won = [one.title for one in event.outcomes if one.id and one.id == event.winning_outcome_id]
        told = "canceled" if phase == "end" and event.status == "canceled" else phase
        locks_ms = whole_milliseconds(event.locks_at, "$.payload.event.locks_at")
        title, id_ = bounds.text(event.title), bounds.word(event.id)
        return "prediction", Prediction(told, title, id_, outcomes, bounds.text("".join(won[:1])), locks_ms), ""

    return read


def goal(phase: BeginToEnd) -> Callable[[shapes.GoalShape], Meaning]:
    def read(event: shapes.GoalShape) -> Meaning:
        current = max(-_MAX_GOAL, min(event.current_amount, _MAX_GOAL))
        kind, title = bounds.word(event.type), bounds.text(event.description)
        return "goal", Goal(bounds.name(event.id), phase, current, bounds.count(event.target_amount), kind, title), ""

    return read
