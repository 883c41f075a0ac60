"""Notifications of Twitch EventSub as tables, and hostile frames."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.adapters import twitch_eventsub
from actors.core.contract.event import Category, RawItem
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput

SENT = "2026-11-21T12:00:00.123456789Z"
SENT_MS = 1_795_262_400_123.456
HOME = {"broadcaster_user_id": "7", "broadcaster_user_login": "den", "broadcaster_user_name": "Den"}
ADA = {"user_id": "42", "user_login": "ada", "user_name": "Ada"}
CHATTER = {"chatter_user_id": "42", "chatter_user_login": "ada", "chatter_user_name": "Ada"}


def frame(type_, event, sent=SENT, message_id="e1", message_type="notification", condition=None):
    return json.dumps(
        {
            "metadata": {
                "message_id": message_id,
                "message_type": message_type,
                "message_timestamp": sent,
                "subscription_type": type_,
                "subscription_version": "1",
            },
            "payload": {
                "subscription": {"id": "s1", "type": type_, "version": "1", "condition": condition or {}, "cost": 0},
                "event": event,
            },
        }
    ).encode()


def read(body):
    """Return [(type, payload, identity)] of a frame; each must be in the lane that was announced."""
    found = []
    for event in twitch_eventsub.normalize(RawItem(5, 1, "twitch_eventsub", body, SENT_MS), "twitch", 2):
        assert event.category == twitch_eventsub.category(body)
        assert event.source == "twitch"
        assert abs(event.ts_source_ms - SENT_MS) < 0.001
        msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)
        found.append((event.type, msgspec.msgpack.decode(event.payload), event.dedupe_key))
    return found


CHOICES = [
    {"id": "1", "title": "yes", "bits_votes": 0, "channel_points_votes": 3, "votes": 12},
    {"id": "2", "title": "no"},
]
OUTCOMES = [
    {"id": "o1", "title": "win", "color": "blue", "users": 3, "channel_points": 5_000_000_000, "top_predictors": []},
    {"id": "o2", "title": "lose", "color": "pink", "users": None, "channel_points": None, "top_predictors": None},
]
ENDS = {"started_at": "2026-11-21T11:59:00Z", "ends_at": "2026-11-21T12:01:00Z"}
ENDS_MS = 1_795_262_460_000
TRAIN = {
    "id": "t1",
    "level": 2,
    "total": 700,
    "progress": 200,
    "goal": 1000,
    "top_contributions": [],
    "started_at": "2026-11-21T11:59:00Z",
    "expires_at": "2026-11-21T12:01:00Z",
}
GOAL = {"id": "g1", "type": "follow", "description": "to 1k", "current_amount": 120, "target_amount": 1000}

ACTS = [
    (
        "channel.follow",
        {**ADA, **HOME, "followed_at": "2026-11-21T11:59:59Z"},
        "follow",
        {"user": "Ada"},
        "follow:42:2026-11-21T11:59:59Z",
    ),
    (
        "channel.subscribe",
        {**ADA, **HOME, "tier": "1000", "is_gift": False},
        "subscription",
        {"user": "Ada", "tier": "1000"},
        "e1",
    ),
    (
        "channel.subscription.message",
        {
            **ADA,
            **HOME,
            "tier": "3000",
            "message": {"text": "hi", "emotes": None},
            "cumulative_months": 15,
            "streak_months": None,
            "duration_months": 6,
        },
        "subscription",
        {"user": "Ada", "tier": "3000", "months": 15, "text": "hi"},
        "e1",
    ),
    (
        "channel.subscription.gift",
        {**ADA, **HOME, "total": 5, "tier": "1000", "cumulative_total": 284, "is_anonymous": False},
        "gift",
        {"user": "Ada", "count": 5, "tier": "1000", "total": 284},
        "e1",
    ),
    (
        "channel.subscription.gift",
        {
            "user_id": None,
            "user_login": None,
            "user_name": None,
            "total": 2,
            "tier": "1000",
            "cumulative_total": None,
            "is_anonymous": True,
        },
        "gift",
        {"user": "Anonymous", "count": 2, "tier": "1000", "anonymous": True},
        "e1",
    ),
    (
        "channel.cheer",
        {**ADA, **HOME, "is_anonymous": False, "message": "pogchamp", "bits": 1000},
        "cheer",
        {"user": "Ada", "bits": 1000, "text": "pogchamp"},
        "e1",
    ),
    (
        "channel.cheer",
        {
            "user_id": None,
            "user_login": None,
            "user_name": None,
            **HOME,
            "is_anonymous": True,
            "message": "",
            "bits": 1,
        },
        "cheer",
        {"user": "Anonymous", "bits": 1, "anonymous": True},
        "e1",
    ),
    (
        "channel.raid",
        {
            "from_broadcaster_user_id": "9",
            "from_broadcaster_user_login": "bo",
            "from_broadcaster_user_name": "Bo",
            "to_broadcaster_user_id": "7",
            "viewers": 9001,
        },
        "raid",
        {"user": "Bo", "viewers": 9001},
        "e1",
    ),
    (
        "channel.channel_points_custom_reward_redemption.add",
        {
            **ADA,
            **HOME,
            "id": "r1",
            "user_input": "hello",
            "status": "unfulfilled",
            "reward": {"id": "x", "title": "Hydrate", "cost": 100, "prompt": ""},
        },
        "redemption",
        {"user": "Ada", "title": "Hydrate", "cost": 100, "text": "hello"},
        "redemption:r1",
    ),
    (
        "channel.shoutout.create",
        {**HOME, "to_broadcaster_user_name": "Bo", "viewer_count": 860},
        "shoutout",
        {"user": "Bo", "viewers": 860},
        "e1",
    ),
    (
        "channel.shoutout.receive",
        {**HOME, "from_broadcaster_user_name": "Bo", "viewer_count": 4},
        "shoutout",
        {"user": "Bo", "viewers": 4, "direction": "received"},
        "e1",
    ),
    (
        "stream.online",
        {**HOME, "id": "9001", "type": "live", "started_at": SENT},
        "stream",
        {"online": True, "stream": "9001"},
        "online:9001",
    ),
    ("stream.offline", HOME, "stream", {"online": False}, "e1"),
    (
        "channel.ban",
        {**HOME, **ADA, "is_permanent": True, "reason": ""},
        "chat_delete",
        {"channel": "den", "user_id": "42"},
        "e1",
    ),
    ("channel.chat.clear", HOME, "chat_delete", {"channel": "den"}, "e1"),
    (
        "channel.chat.clear_user_messages",
        {**HOME, "target_user_id": "42", "target_user_login": "ada"},
        "chat_delete",
        {"channel": "den", "user_id": "42"},
        "e1",
    ),
    (
        "channel.chat.message_delete",
        {**HOME, "target_user_id": "42", "message_id": "m1"},
        "chat_delete",
        {"channel": "den", "message_id": "m1"},
        "delete:m1",
    ),
    (
        "channel.hype_train.progress",
        {**HOME, **TRAIN},
        "hype_train",
        {
            "phase": "progress",
            "train": "t1",
            "level": 2,
            "progress": 200,
            "goal": 1000,
            "total": 700,
            "ts_ends_ms": ENDS_MS,
        },
        None,
    ),
    (
        "channel.hype_train.end",
        {**HOME, "id": "t1", "level": 3, "total": 137, "ended_at": SENT},
        "hype_train",
        {"phase": "end", "train": "t1", "level": 3, "total": 137},
        None,
    ),
    (
        "channel.poll.progress",
        {**HOME, "id": "p1", "title": "Well?", "choices": CHOICES, **ENDS},
        "poll",
        {
            "phase": "progress",
            "title": "Well?",
            "poll": "p1",
            "choices": [{"title": "yes", "votes": 12}, {"title": "no"}],
            "ts_ends_ms": ENDS_MS,
        },
        None,
    ),
    (
        "channel.poll.end",
        {"id": "p1", "title": "Well?", "choices": [], "status": "terminated"},
        "poll",
        {"phase": "end", "title": "Well?", "poll": "p1"},
        None,
    ),
    (
        "channel.poll.end",
        {"id": "p1", "title": "Well?", "choices": [], "status": "archived"},
        "poll",
        {"phase": "canceled", "title": "Well?", "poll": "p1"},
        None,
    ),
    (
        "channel.prediction.end",
        {**HOME, "id": "q1", "title": "Win?", "winning_outcome_id": "o1", "outcomes": OUTCOMES, "status": "resolved"},
        "prediction",
        {
            "phase": "end",
            "title": "Win?",
            "prediction": "q1",
            "outcomes": [{"title": "win", "votes": 5_000_000_000, "users": 3}, {"title": "lose"}],
            "winner": "win",
        },
        None,
    ),
    (
        "channel.prediction.end",
        {"id": "q1", "title": "Win?", "winning_outcome_id": None, "outcomes": [], "status": "canceled"},
        "prediction",
        {"phase": "canceled", "title": "Win?", "prediction": "q1"},
        None,
    ),
    (
        "channel.prediction.lock",
        {"id": "q1", "title": "Win?", "outcomes": [], "locked_at": SENT},
        "prediction",
        {"phase": "lock", "title": "Win?", "prediction": "q1"},
        None,
    ),
    (
        "channel.goal.progress",
        {**HOME, **GOAL},
        "goal",
        {"goal": "g1", "phase": "progress", "current": 120, "target": 1000, "kind": "follow", "title": "to 1k"},
        None,
    ),
    (
        "channel.goal.end",
        {**HOME, **GOAL, "is_achieved": False, "current_amount": -3},
        "goal",
        {"goal": "g1", "phase": "end", "current": -3, "target": 1000, "kind": "follow", "title": "to 1k"},
        None,
    ),
]


@pytest.mark.parametrize(
    ("type_", "event", "expected_type", "expected", "identity"), ACTS, ids=lambda value: str(value)[:40]
)
def test_a_notification_is_an_event(type_, event, expected_type, expected, identity):
    assert read(frame(type_, event)) == [(expected_type, expected, identity)]


@pytest.mark.parametrize("type_", sorted({row[0] for row in ACTS}))
def test_all_phases_of_a_type_are_read(type_):
    """Begin, progress and end of one thing have one shape."""
    event = next(row[1] for row in ACTS if row[0] == type_)
    family, _, phase = type_.rpartition(".")
    if phase in ("begin", "progress", "end", "lock"):
        assert read(frame(f"{family}.begin", event))[0][1]["phase"] == "begin"


def test_an_update_of_the_channel_is_custom():
    event = {**HOME, "title": "New title", "category_name": "Chess", "language": "en", "category_id": "1"}
    ((type_, payload, identity),) = read(frame("channel.update", event))
    assert (type_, payload["name"]) == ("custom", "twitch.channel.update")
    assert payload["data"] == {"title": "New title", "game": "Chess", "language": "en"}
    assert identity == read(frame("channel.update", event, message_id="e2"))[0][2]


def chat(text, fragments=None, **changes):
    parts = [{"type": "text", "text": text, "cheermote": None, "emote": None, "mention": None}]
    message = {"text": text, "fragments": parts if fragments is None else fragments}
    event = {
        **HOME,
        **CHATTER,
        "message_id": "m1",
        "message": message,
        "color": "#FF0000",
        "badges": [],
        "message_type": "text",
        "cheer": None,
        "reply": None,
        "source_broadcaster_user_id": None,
    }
    return frame("channel.chat.message", event | changes)


PLAIN = {"user": "Ada", "user_id": "42", "message_id": "m1", "channel": "den", "color": "#FF0000"}
EMOTE = {
    "type": "emote",
    "text": "Kappa",
    "emote": {"id": "25", "emote_set_id": "0", "owner_id": "0", "format": ["static"]},
}
CHEERMOTE = {"type": "cheermote", "text": "Cheer100", "cheermote": {"prefix": "cheer", "bits": 100, "tier": 100}}
MENTION = {"type": "mention", "text": "@Bo", "mention": {"user_id": "9", "user_name": "Bo", "user_login": "bo"}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (chat("hi"), {"text": "hi"}),
        (chat("\x01ACTION waves\x01", [{"type": "text", "text": "waves"}]), {"text": "waves", "action": True}),
        (chat("hi", message_type="user_intro"), {"text": "hi", "first": True}),
        (chat("hi", message_type="channel_points_highlighted"), {"text": "hi", "highlight": True}),
        (chat("hi", badges=[{"set_id": "vip", "id": "1", "info": ""}]), {"text": "hi", "badges": ["vip/1"]}),
        (chat("Cheer100", cheer={"bits": 100}), {"text": "Cheer100"}),
        (
            chat("Kappa @Bo Cheer100", [EMOTE, {"type": "text", "text": " "}, MENTION, CHEERMOTE]),
            {
                "text": "Kappa @Bo Cheer100",
                "fragments": [
                    {"kind": "emote", "text": "Kappa", "image": "twitch/25"},
                    {"kind": "text", "text": " "},
                    {"kind": "mention", "text": "@Bo"},
                    {"kind": "cheer", "text": "Cheer100"},
                ],
            },
        ),
        (
            chat(
                "y",
                reply={
                    "parent_message_id": "p1",
                    "parent_message_body": "x?",
                    "parent_user_name": "Bo",
                    "parent_user_id": "9",
                },
            ),
            {"text": "y", "reply_to": {"user": "Bo", "text": "x?", "message_id": "p1", "user_id": "9"}},
        ),
        (chat("hi", source_broadcaster_user_id="7"), {"text": "hi"}),
    ],
)
def test_a_message_is_chat(body, expected):
    assert read(body) == [("chat", PLAIN | expected, "m1")]


def test_a_message_over_the_bounds_is_cut():
    ((_, payload, _),) = read(chat("Kappa" * 300, [EMOTE] * 300))
    assert len(payload["text"]) == 500
    assert sum(len(part["text"]) for part in payload["fragments"]) == 500


def notice(kind, text="", message_id="n1", anonymous=False, **parts):
    nulls = dict.fromkeys(("sub", "resub", "sub_gift", "community_sub_gift", "raid", "announcement", "pay_it_forward"))
    who = dict.fromkeys(CHATTER) if anonymous else CHATTER
    event = {
        **HOME,
        **who,
        "chatter_is_anonymous": anonymous,
        "color": "",
        "badges": [],
        "system_message": "…",
        "message_id": message_id,
        "message": {"text": text, "fragments": []},
        "notice_type": kind,
        **nulls,
    }
    return frame("channel.chat.notification", event | parts)


RESUB = {"cumulative_months": 10, "duration_months": 0, "sub_tier": "1000", "is_prime": False, "is_gift": False}
ONE = {
    "duration_months": 1,
    "cumulative_total": 4,
    "recipient_user_id": "9",
    "recipient_user_name": "Bo",
    "sub_tier": "1000",
    "community_gift_id": None,
}
MANY = {"id": "g1", "total": 20, "sub_tier": "1000", "cumulative_total": None}


@pytest.mark.parametrize(
    ("body", "type_", "expected"),
    [
        (notice("sub", sub={"sub_tier": "1000", "is_prime": True}), "subscription", {"user": "Ada", "tier": "Prime"}),
        (
            notice("resub", "still here", resub=RESUB),
            "subscription",
            {"user": "Ada", "tier": "1000", "months": 10, "text": "still here"},
        ),
        (
            notice("resub", resub=RESUB | {"is_gift": True, "gifter_user_name": "Bo"}),
            "subscription",
            {"user": "Ada", "tier": "1000", "months": 10, "gifted_by": "Bo"},
        ),
        (
            notice("prime_paid_upgrade", prime_paid_upgrade={"sub_tier": "2000"}),
            "subscription",
            {"user": "Ada", "tier": "2000"},
        ),
        (notice("gift_paid_upgrade", gift_paid_upgrade={}), "subscription", {"user": "Ada"}),
        (
            notice("sub_gift", sub_gift=ONE),
            "gift",
            {"user": "Ada", "count": 1, "tier": "1000", "recipients": ["Bo"], "total": 4},
        ),
        (
            notice("community_sub_gift", anonymous=True, community_sub_gift=MANY),
            "gift",
            {"user": "Anonymous", "count": 20, "tier": "1000", "group": "g1", "anonymous": True},
        ),
        (
            notice(
                "charity_donation",
                charity_donation={
                    "charity_name": "x",
                    "amount": {"value": 550, "decimal_place": 2, "currency": "USD"},
                },
            ),
            "tip",
            {"user": "Ada", "amount": "5.50", "currency": "USD"},
        ),
    ],
)
def test_a_notice_is_an_event(body, type_, expected):
    assert read(body) == [(type_, expected, "n1")]


def test_the_text_of_any_other_notice_is_chat():
    ((type_, payload, _),) = read(notice("announcement", "hear me", announcement={"color": "PRIMARY"}))
    assert (type_, payload["text"]) == ("chat", "hear me")
    assert read(notice("bits_badge_tier", bits_badge_tier={"tier": 1000})) == []


def test_a_gift_to_twenty_users_is_one_event_in_any_order():
    """All that Twitch sends of one act, with and without a group, is one gift."""
    singles = [notice("sub_gift", message_id=f"n{n}", sub_gift=ONE | {"community_gift_id": "g1"}) for n in range(20)]
    gifted = [
        frame("channel.subscribe", {**ADA, **HOME, "tier": "1000", "is_gift": True}, message_id=f"s{n}")
        for n in range(20)
    ]
    announced = notice("community_sub_gift", community_sub_gift=MANY, message_id="n99")
    for order in ([announced, *singles, *gifted], [*gifted, *reversed(singles), announced]):
        events = [event for body in order for event in read(body)]
        assert [(type_, payload["count"], payload["group"]) for type_, payload, _ in events] == [("gift", 20, "g1")]


IGNORED = [
    notice("raid", raid={"user_name": "Bo", "viewer_count": 3}),
    notice("unraid", unraid={}),
    notice("shared_chat_sub", shared_chat_sub={"sub_tier": "1000"}),
    notice("sub", sub={"sub_tier": "1000"}, source_broadcaster_user_id="8"),
    chat("hi", source_broadcaster_user_id="8", source_message_id="x"),
    frame(
        "channel.raid",
        {"from_broadcaster_user_name": "Den", "viewers": 3},
        condition={"from_broadcaster_user_id": "7", "to_broadcaster_user_id": ""},
    ),
    frame("channel.moderate", {**HOME, "action": "emoteonly"}),
    frame("channel.unban", {**HOME, **ADA}),
    frame("channel.subscription.end", {**HOME, **ADA, "tier": "1000", "is_gift": False}),
    frame("channel.something_new", {"a": [1]}),
    frame("", {}, message_type="session_keepalive"),
    frame("channel.follow", {**ADA}, message_type="revocation"),
]


@pytest.mark.parametrize("body", IGNORED, ids=lambda body: json.loads(body)["metadata"]["subscription_type"])
def test_other_messages_are_ignored(body):
    assert twitch_eventsub.category(body) is None
    assert read(body) == []


CLI_USER = {"user_id": "74378", "user_login": "testFromUser", "user_name": "testFromUser"}
CLI = [
    (
        "channel.cheer",
        {"user_id": "", "user_login": "", "user_name": "", "is_anonymous": True, "message": "x", "bits": 100},
    ),
    ("channel.subscribe", {**CLI_USER, "tier": "1000", "is_gift": False}),
    (
        "channel.subscription.gift",
        {**CLI_USER, "tier": "1000", "total": 1, "is_anonymous": False, "cumulative_total": 5},
    ),
    (
        "channel.hype_train.begin",
        {
            "id": "t",
            "total": 5,
            "progress": 5,
            "goal": 9,
            "last_contribution": {"total": 5, "type": "bits"},
            "level": 1,
        },
    ),
    ("channel.raid", {"from_broadcaster_user_id": "1", "from_broadcaster_user_name": "testFromUser", "viewers": 7}),
    ("channel.goal.begin", {"id": "g", "type": "follower", "description": "", "current_amount": 1, "target_amount": 2}),
    ("stream.online", {"id": "1", "type": "live", "started_at": SENT}),
]


@pytest.mark.parametrize(("type_", "event"), CLI, ids=[type_ for type_, _ in CLI])
def test_payloads_of_the_official_command_line_are_read(type_, event):
    """`twitch event trigger` leaves names empty instead of null, adds old fields and leaves new ones out."""
    both = {"from_broadcaster_user_id": "1", "to_broadcaster_user_id": "7"}
    ((_, payload, _),) = read(frame(type_, HOME | event, condition=both))
    assert payload.get("user", "testFromUser") in ("testFromUser", "Anonymous")


def test_a_repeated_message_keeps_its_identity():
    first, again = (read(frame("channel.raid", {"from_broadcaster_user_name": "Bo", "viewers": 3})) for _ in range(2))
    assert first == again


def test_the_same_start_of_the_stream_under_two_ids_has_one_identity():
    event = {**HOME, "id": "9001", "type": "live", "started_at": SENT}
    assert read(frame("stream.online", event, message_id="a")) == read(frame("stream.online", event, message_id="b"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "at `\\$`"),
        (b"[]", "Expected `object`, got `array` - at `\\$`"),
        (b"{}", "missing required field `metadata` - at `\\$`"),
        (frame("channel.cheer", {**ADA, "bits": "many"}), r"Expected `int`, got `str` - at `\$.payload.event.bits`"),
        (frame("channel.raid", {"viewers": 1}), r"from_broadcaster_user_name` - at `\$.payload.event`"),
        (frame("channel.follow", ["x"]), r"Expected `object`, got `array` - at `\$.payload.event`"),
        (
            frame(
                "channel.chat.message",
                {
                    **HOME,
                    "message_id": "m",
                    "message": {"text": "x", "fragments": [{"type": "emote", "text": "x", "emote": {"id": 25}}]},
                },
            ),
            r"at `\$.payload.event.message.fragments\[0\].emote.id`",
        ),
        (
            frame("channel.follow", ADA, sent="yesterday"),
            r"RFC 3339 time stamp, got `yesterday` - at `\$.metadata.message_timestamp`",
        ),
        (
            frame("channel.poll.begin", {"id": "p", "title": "?", "ends_at": "x"}),
            r"got `x` - at `\$.payload.event.ends_at`",
        ),
        (frame("channel.follow", ADA).replace(b"Ada", b"\xff"), "at `\\$"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_path(body, message):
    assert twitch_eventsub.category(body) is not None
    with pytest.raises(BadInput, match=message):
        read(body)


TYPES = [*sorted({row[0] for row in ACTS}), "channel.chat.message", "channel.chat.notification", "channel.update"]
KEYS = sorted(
    {key for row in ACTS for key in row[1]} | {"message", "notice_type", "sub", "resub", "sub_gift", "message_id"}
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(KEYS), SCALARS, max_size=2)
# A machine that does other things at the same time is no failure.
CALM = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@CALM
@given(st.sampled_from(TYPES), st.sampled_from(ACTS), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_event_is_read_or_refused(type_, row, changes):
    for name, event in ((type_, changes), (row[0], row[1] | changes)):
        with suppress(BadInput):
            read(frame(name, event))


@CALM
@given(st.binary(max_size=200) | st.integers(0, 400).map(lambda at: chat("hello")[:at]))
def test_any_bytes_are_read_or_refused(body):
    assert twitch_eventsub.category(body) in (None, *Category)
    with suppress(BadInput):
        read(body)
