"""Twitch EventSub: the notifications that a source subscribes to, their scopes, and the answers of Twitch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from actors.producers.device_login import trouble_of
from actors.producers.http_call import HttpApi
from actors.producers.spec import Disconnected
from actors.producers.twitch_login import Grant

ACCEPTED: Final = (202, 409)  # 409: the session has this subscription already
UNAUTHORIZED: Final = 401
TOO_MANY: Final = 429
LACKS_SCOPE: Final = "the login lacks the scope"


class Wanted(Struct, frozen=True):
    """One type of notification. Every key of `condition` gets the id of the user who has logged in."""

    type: str
    scope: str = ""
    version: str = "1"
    condition: tuple[str, ...] = ("broadcaster_user_id",)


_CHAT: Final = ("broadcaster_user_id", "user_id")
_MODERATOR: Final = ("broadcaster_user_id", "moderator_user_id")

ALWAYS: Final = (
    Wanted("channel.follow", "moderator:read:followers", "2", _MODERATOR),
    Wanted("channel.cheer", "bits:read"),
    Wanted("channel.raid", condition=("to_broadcaster_user_id",)),
    Wanted("channel.channel_points_custom_reward_redemption.add", "channel:read:redemptions"),
    Wanted("channel.hype_train.begin", "channel:read:hype_train", "2"),
    Wanted("channel.hype_train.progress", "channel:read:hype_train", "2"),
    Wanted("channel.hype_train.end", "channel:read:hype_train", "2"),
    *(Wanted(f"channel.poll.{phase}", "channel:read:polls") for phase in ("begin", "progress", "end")),
    *(
        Wanted(f"channel.prediction.{phase}", "channel:read:predictions")
        for phase in ("begin", "progress", "lock", "end")
    ),
    *(Wanted(f"channel.goal.{phase}", "channel:read:goals") for phase in ("begin", "progress", "end")),
    Wanted("stream.online"),
    Wanted("stream.offline"),
    Wanted("channel.update", version="2"),
    Wanted("channel.shoutout.create", "moderator:read:shoutouts", condition=_MODERATOR),
    Wanted("channel.shoutout.receive", "moderator:read:shoutouts", condition=_MODERATOR),
)
NOTICES: Final = Wanted("channel.chat.notification", "user:read:chat", condition=_CHAT)
CHAT: Final = (
    NOTICES,
    Wanted("channel.chat.message", "user:read:chat", condition=_CHAT),
    Wanted("channel.chat.message_delete", "user:read:chat", condition=_CHAT),
    Wanted("channel.chat.clear", "user:read:chat", condition=_CHAT),
    Wanted("channel.chat.clear_user_messages", "user:read:chat", condition=_CHAT),
)
# Subscriptions and gifts without the notices of the chat: never both, or each would be shown twice.
WITHOUT_NOTICES: Final = tuple(
    Wanted(type_, "channel:read:subscriptions")
    for type_ in ("channel.subscribe", "channel.subscription.gift", "channel.subscription.message")
)
TYPES: Final = tuple(sorted(one.type for one in (*ALWAYS, *CHAT, *WITHOUT_NOTICES)))


def scopes() -> list[str]:
    """Return all scopes that a login requests, sorted."""
    return sorted({one.scope for one in (*ALWAYS, *CHAT, *WITHOUT_NOTICES) if one.scope})


def wanted(chat: bool, skip: Iterable[str]) -> list[Wanted]:
    """Return the subscriptions to create. The notices of the chat are the first, because others can replace them."""
    skipped = set(skip)
    notices = chat and NOTICES.type not in skipped
    every = (*(CHAT if chat else ()), *ALWAYS, *(() if notices else WITHOUT_NOTICES))
    return [one for one in every if one.type not in skipped]


def may_be_retried(status: int) -> bool:
    """Whether a later request may succeed without a change by the user."""
    return status == TOO_MANY or status >= 500


class SubscriptionResult(Struct, frozen=True):
    """The results of the requests: the number that succeeded; type, status and a sentence for each that failed."""

    working: int = 0
    refused: dict[str, tuple[int, str]] = {}

    def retryable(self) -> bool:
        return any(may_be_retried(status) for status, _ in self.refused.values())

    def unauthorized(self) -> bool:
        return any(status == UNAUTHORIZED for status, _ in self.refused.values())

    def sentence(self) -> str:
        """Return which subscriptions failed and why, "" if none did."""
        reasons: dict[str, list[str]] = {}
        for type_, (_, reason) in self.refused.items():
            reasons.setdefault(reason, []).append(type_)
        return "; ".join(f"{', '.join(types)}: {reason}" for reason, types in reasons.items())


def without_notices(skip: Iterable[str]) -> list[Wanted]:
    """Return the subscriptions that replace the notices of the chat when Twitch refuses them."""
    skipped = set(skip)
    return [one for one in WITHOUT_NOTICES if one.type not in skipped]


def subscribe(
    api_url: str, grant: Grant, session_id: str, types: Iterable[Wanted], instead: Iterable[Wanted] = ()
) -> SubscriptionResult:
    """Create the subscriptions for a session, one after the other over one connection; blocks.

    Args:
        instead: what is created, too, when the notices of the chat are refused for good

    Raises:
        Disconnected: Twitch cannot be reached.
    """
    working, refused = 0, {}
    left = list(types)
    with HttpApi(api_url) as api:
        while left:
            one = left.pop(0)
            status, reason = _create(api, grant, session_id, one)
            if status in ACCEPTED:
                working += 1
                continue
            refused[one.type] = status, reason
            if status == UNAUTHORIZED:
                break
            if one is NOTICES and not may_be_retried(status):
                left += instead
    return SubscriptionResult(working, refused)


def _create(api: HttpApi, grant: Grant, session_id: str, one: Wanted) -> tuple[int, str]:
    if one.scope and one.scope not in grant.scopes:
        return 403, f"{LACKS_SCOPE} {one.scope}"
    request = {
        "type": one.type,
        "version": one.version,
        "condition": dict.fromkeys(one.condition, grant.user_id),
        "transport": {"method": "websocket", "session_id": session_id},
    }
    headers = {
        "Authorization": f"Bearer {grant.access_token}",
        "Client-Id": grant.client_id,
        "Content-Type": "application/json",
    }
    body = msgspec.json.encode(request)
    try:
        answer = api.call("POST", "/eventsub/subscriptions", headers, body)
    except Disconnected:  # a connection that the server had closed while it was idle; the request may be repeated
        answer = api.call("POST", "/eventsub/subscriptions", headers, body)
    return answer.status, f"{answer.status} {trouble_of(answer)}"
