"""StreamElements: the rules for its activities and tips. A tip is read from `channel.tips`, once it is approved."""

from __future__ import annotations

from typing import Final

from actors.adapters.mapping import MappingRule

_USER: Final = "data.data.displayName || data.data.username || 'Anonymous'"


def _activity(kind: str, when: str = "", **event: str) -> MappingRule:
    fields = {"id": "data._id", "ts_source_ms": "timestamp_ms(data.createdAt)", "user": _USER}
    condition = f"topic == 'channel.activities' && data.type == '{kind}'{when and f' && {when}'}"
    return MappingRule(fields | event, when=condition)


RULES: Final[list[MappingRule]] = [
    _activity("follow", type="'follow'"),
    # A subscriber of YouTube pays nothing; members, who pay, are sponsors.
    _activity("subscriber", "data.provider == 'youtube'", type="'follow'"),
    _activity(
        "subscriber", "data.provider != 'youtube'", type="'subscription'", tier="to_string(data.data.tier || '')",
        months="data.data.amount", text="data.data.message",
        gifted_by="(data.data.gifted && data.data.sender) || ''", group="data.activityGroup",
    ),
    _activity(
        "sponsor", type="'subscription'", tier="data.data.tier", months="data.data.amount", text="data.data.message",
    ),
    _activity(
        "communityGiftPurchase", type="'gift'", count="data.data.amount", tier="to_string(data.data.tier || '')",
        group="data.activityGroup",
    ),
    _activity("cheer", type="'cheer'", bits="data.data.amount", text="data.data.message"),
    _activity("raid", type="'raid'", viewers="data.data.amount"),
    _activity(
        "superchat", type="'tip'", amount="to_string(data.data.amount)", currency="upper(data.data.currency || '')",
        text="data.data.message",
    ),
    MappingRule(
        {
            "type": "'tip'", "id": "data._id", "ts_source_ms": "timestamp_ms(data.createdAt)",
            "user": "data.donation.user.username || 'Anonymous'", "amount": "to_string(data.donation.amount)",
            "currency": "upper(data.donation.currency || '')", "text": "data.donation.message",
        },
        when="topic == 'channel.tips' && data.approved == 'allowed' && data.status == 'success'",
    ),
]  # fmt: skip
