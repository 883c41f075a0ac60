"""Webhook presets: one row for the webhooks of each platform.

A row has the signature scheme (core/sources/signature.py) and the rules (mapping.py) that map its messages to events.
Rules name the few fields that are shown: addresses, e-mails, legal names and private texts are never read.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from actors.adapters.mapping import MappingRule
from actors.core.sources.signature import Scheme


class Preset(Struct, frozen=True):
    """A platform.

    scheme  how a request proves its sender
    rules   the rules of its messages; if there are none, the configuration must have them
    form    the form field that holds the JSON, for platforms that post forms
    twitch  the platform is EventSub: its messages are those of the WebSocket, and a challenge must be answered
    channel where a body names the channel, for a platform that signs for all channels and applications with one key;
            then the body is the identity, because each application has a delivery of its own
    """

    scheme: Scheme
    rules: tuple[MappingRule, ...] = ()
    form: str = ""
    twitch: bool = False
    channel: tuple[str, ...] = ()


def _rule(when: str, **event: str) -> MappingRule:
    return MappingRule({name.replace("__", "."): expression for name, expression in event.items()}, when=when)


# Currencies whose amounts have no decimals, and three (docs.stripe.com/currencies). Those of UGX and ISK have two.
_WHOLE: Final = '`["bif","clp","djf","gnf","jpy","kmf","krw","mga","pyg","rwf","vnd","vuv","xaf","xof","xpf"]`'
_THOUSANDTHS: Final = '`["bhd","jod","kwd","omr","tnd"]`'

_GITHUB: Final = (
    _rule('header."x-github-event" == \'star\' && action == \'created\'', type="'follow'", user="sender.login"),
    _rule(
        'header."x-github-event" == \'sponsorship\' && action == \'created\' '
        "&& sponsorship.privacy_level == 'public'",
        type="'subscription'", user="sponsorship.sponsor.login", tier="sponsorship.tier.name",
    ),
)  # fmt: skip

_KOFI: Final = (
    _rule(
        "type == 'Subscription'",
        type="'subscription'", id="message_id", ts_source_ms="timestamp_ms(timestamp)", user="from_name || 'Supporter'",
        tier="tier_name", text="(is_public && message) || ''",
    ),
    _rule(
        "type != 'Subscription'",
        type="'tip'", id="message_id", ts_source_ms="timestamp_ms(timestamp)", user="from_name || 'Supporter'",
        amount="amount", currency="currency", text="(is_public && message) || ''",
    ),
)  # fmt: skip

_PATREON_USER: Final = "included[?type == 'user'].attributes.vanity | [0] || 'Patron'"
_PATREON: Final = (
    # Patreon also sends declined charges and free followers. It tells a new patron by both events, so the id is that of
    # the member and of the charge.
    _rule(
        'contains(`["members:pledge:create", "members:create"]`, header."x-patreon-event") '
        "&& data.attributes.patron_status == 'active_patron' && data.attributes.last_charge_status == 'Paid'",
        type="'subscription'", id="data.id && concat(data.id, '.', data.attributes.last_charge_date)",
        user=_PATREON_USER, tier="included[?type == 'tier'].attributes.title | [0]",
    ),
)  # fmt: skip

_STRIPE: Final = (
    # A paid checkout: at once, or by a debit that succeeds days later. Stripe may send two events for one, so the id is
    # that of the checkout. Its payment is also sent as other events, which would be duplicates.
    _rule(
        'contains(`["checkout.session.completed", "checkout.session.async_payment_succeeded"]`, type)'
        " && data.object.payment_status == 'paid'",
        type="'tip'", id="data.object.id || id", ts_source_ms="multiply(created, `1000`)",
        user="data.object.custom_fields[0].text.value || 'Supporter'", text="data.object.custom_fields[1].text.value",
        amount=f"to_string((contains({_WHOLE}, data.object.currency) && data.object.amount_total)"
               f" || (contains({_THOUSANDTHS}, data.object.currency) && divide(data.object.amount_total, `1000`))"
               " || divide(data.object.amount_total, `100`))",
        currency="upper(data.object.currency)",
    ),
)  # fmt: skip


def _kick(type_: str, when: str = "") -> str:
    return f"header.\"kick-event-type\" == '{type_}'{when and f' && {when}'}"


_KICK: Final = (
    _rule(
        _kick("chat.message.sent"),
        type="'chat'", ts_source_ms="timestamp_ms(created_at)", user="sender.username", text="content",
        user_id="to_string(sender.user_id)", message_id="message_id", channel="'kick'",
    ),
    # A ban or a timeout. Kick tells no deletion of one message.
    _rule(
        _kick("moderation.banned", "banned_user.user_id"),
        type="'chat_delete'", ts_source_ms="timestamp_ms(metadata.created_at)", channel="'kick'",
        user_id="to_string(banned_user.user_id)",
    ),
    _rule(_kick("channel.followed"), type="'follow'", user="follower.username"),
    _rule(
        _kick("channel.subscription.new"),
        type="'subscription'", ts_source_ms="timestamp_ms(created_at)", user="subscriber.username", months="duration",
    ),
    _rule(
        _kick("channel.subscription.renewal"),
        type="'subscription'", ts_source_ms="timestamp_ms(created_at)", user="subscriber.username", months="duration",
    ),
    _rule(
        _kick("channel.subscription.gifts"),
        type="'gift'", ts_source_ms="timestamp_ms(created_at)", user="gifter.username || 'Anonymous'",
        anonymous="gifter.is_anonymous", count="length(giftees)", recipients="giftees[:100].username",
    ),
    _rule(
        _kick("kicks.gifted"),
        type="'cheer'", ts_source_ms="timestamp_ms(created_at)", user="sender.username", bits="gift.amount",
        text="gift.message",
    ),
    _rule(
        # One that skips the queue is accepted at once. One that is accepted later has the same id, and is shown once.
        _kick("channel.reward.redemption.updated", "status != 'rejected'"),
        type="'redemption'", id="id", ts_source_ms="timestamp_ms(redeemed_at)", user="redeemer.username",
        title="reward.title", cost="reward.cost", text="user_input",
    ),
    _rule(
        _kick("livestream.status.updated"),
        type="'stream'", online="is_live", title="title",
    ),
)  # fmt: skip

_TWITCH: Final = "twitch-eventsub-message"

PRESETS: Final[dict[str, Preset]] = {
    # Without an id that is signed, the body is the identity: the signature does not cover the headers, so a recorded
    # request with another x-github-delivery or x-patreon-event would be taken again.
    "github": Preset(Scheme("x-hub-signature-256", prefix="sha256="), _GITHUB, form="payload"),
    "kick": Preset(
        Scheme("kick-event-signature", encoding="base64", algorithm="rsa-sha256", signed="{id}.{time}.{body}",
               key="pem", id="kick-event-message-id", time="kick-event-message-timestamp", tolerance_s=1_200),
        _KICK, channel=("broadcaster", "channel_slug"),
    ),
    "kofi": Preset(Scheme(algorithm="token", field="verification_token"), _KOFI, form="data"),
    "patreon": Preset(Scheme("x-patreon-signature", algorithm="md5"), _PATREON),
    "standard": Preset(
        Scheme("webhook-signature", prefix="v1,", separator=" ", encoding="base64", signed="{id}.{time}.{body}",
               key="base64", id="webhook-id", time="webhook-timestamp"),
    ),
    "svix": Preset(
        Scheme("svix-signature", prefix="v1,", separator=" ", encoding="base64", signed="{id}.{time}.{body}",
               key="base64", id="svix-id", time="svix-timestamp"),
    ),
    "stripe": Preset(
        Scheme("stripe-signature", prefix="v1=", separator=",", signed="{time}.{body}", time="t="), _STRIPE
    ),
    "token": Preset(Scheme("authorization", prefix="Bearer ", algorithm="token")),
    "twitch": Preset(
        Scheme(f"{_TWITCH}-signature", prefix="sha256=", signed="{id}{time}{body}", id=f"{_TWITCH}-id",
               time=f"{_TWITCH}-timestamp", tolerance_s=600),
        twitch=True,
    ),
}  # fmt: skip
