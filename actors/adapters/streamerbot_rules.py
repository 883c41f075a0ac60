"""Streamer.bot: the rules for its events. Field names differ between versions, so rules have alternatives."""

from __future__ import annotations

from typing import Final

from actors.adapters.mapping import MappingRule

_USER: Final = (
    "data.user.name || data.user_name || data.displayName || data.userName || data.username || data.from "
    "|| data.from_name || data.name || 'Anonymous'"
)
# `message` is a text or an object with the text, which can be empty.
_TEXT: Final = "data.text || data.message.message || (type(data.message) == 'string' && data.message) || ''"
# Of another channel of a shared chat.
_FOREIGN: Final = (
    "(data.isFromSharedChatGuest || data.meta.isFromSharedChatGuest || data.message.isFromSharedChatGuest)"
)
_TIER: Final = "to_string(data.subTier || data.sub_tier || '')"
_AT: Final = "timestamp_ms(timeStamp)"

# Platforms whose tips have the same shape: user, amount, currency, message.
_TIPS: Final = {
    "Streamlabs": ("Donation",),
    "StreamElements": ("Tip",),
    "Kofi": ("Donation", "ShopOrder", "Commission"),
    "TipeeeStream": ("Donation",),
    "Fourthwall": ("Donation",),
    "DonorDrive": ("Donation",),
}


def _rules(source: str, types: tuple[str, ...], when: str = "", **event: str) -> list[MappingRule]:
    own = f" && !{_FOREIGN}" if source == "Twitch" else ""
    condition = f"event.source == '{source}'{own}{when and f' && ({when})'}"
    return [
        MappingRule({"ts_source_ms": _AT, **event}, when=f"{condition} && event.type == '{type_}'") for type_ in types
    ]


def _tips() -> list[MappingRule]:
    found = []
    for source, types in _TIPS.items():
        hidden = "data.isPublic == `false` || data.is_public == `false`"
        found += _rules(
            source, types, type="'tip'", user=_USER, amount="to_string(data.amount || data.tipAmount || '')",
            currency="upper(data.currency || '')", text=f"(!({hidden}) && ({_TEXT})) || ''",
        )  # fmt: skip
    return found


RULES: Final[list[MappingRule]] = [
    *_rules("Twitch", ("Follow",), type="'follow'", user=f"data.targetUser.name || {_USER}"),
    *_rules("Twitch", ("Cheer",), type="'cheer'", user=_USER, bits="data.bits || data.message.bits", text=_TEXT,
            anonymous="data.isAnonymous || data.anonymous"),
    *_rules("Twitch", ("Sub", "ReSub"), type="'subscription'", user=_USER, tier=_TIER, text=_TEXT,
            months="data.cumulativeMonths"),
    # A single gift; those of a gift bomb are part of the event of the bomb.
    *_rules("Twitch", ("GiftSub",), "!(data.fromSubBomb || data.fromCommunitySubGift)", type="'gift'", user=_USER,
            count="`1`", tier=_TIER, anonymous="data.isAnonymous || data.anonymous",
            recipients="[data.recipient.name || data.recipientDisplayName || data.recipientUsername || '?']"),
    *_rules("Twitch", ("GiftBomb",), type="'gift'", user=_USER, tier=_TIER,
            count="data.total || data.gifts || length(data.recipients || `[]`)",
            anonymous="data.isAnonymous || data.anonymous"),
    *_rules("Twitch", ("Raid",), type="'raid'", user=f"data.from_broadcaster_user_name || {_USER}",
            viewers="data.viewers"),
    *_rules("Twitch", ("RewardRedemption",), type="'redemption'", id="data.id", user=_USER, title="data.reward.title",
            cost="data.reward.cost", text="data.user_input"),
    *_rules("YouTube", ("SuperChat", "SuperSticker"), type="'tip'", id="data.eventId", user=_USER, text=_TEXT,
            amount="(data.microAmount && to_string(divide(data.microAmount, `1000000`))) || ''",
            currency="upper(data.currencyCode || '')"),
    *_rules("YouTube", ("NewSponsor",), type="'subscription'", id="data.eventId", user=_USER, tier="data.levelName"),
    *_rules("YouTube", ("MembershipGift",), type="'gift'", id="data.eventId", user=_USER, tier="data.tier",
            count="data.count"),
    *_rules("Kick", ("Follow",), type="'follow'", user=_USER),
    *_rules("Kick", ("Subscription", "Resubscription"), type="'subscription'", user=_USER,
            months="data.months || data.duration"),
    *_rules("Kofi", ("Subscription", "Resubscription"), type="'subscription'", user=_USER,
            tier="data.tier || data.tier_name"),
    *_rules("Patreon", ("PledgeCreated",), type="'subscription'", user="'Patron'"),  # the event has only the legal name
    *_tips(),
]  # fmt: skip

EVENTS: Final = {
    "Twitch": ["Follow", "Cheer", "Sub", "ReSub", "GiftSub", "GiftBomb", "Raid", "RewardRedemption"],
    "YouTube": ["SuperChat", "SuperSticker", "NewSponsor", "MembershipGift"],
    "Kick": ["Follow", "Subscription", "Resubscription"],
    "Kofi": ["Subscription", "Resubscription", *_TIPS["Kofi"]],
    "Patreon": ["PledgeCreated"],
    **{source: list(types) for source, types in _TIPS.items() if source != "Kofi"},
}
