"""Lines of Twitch's chat as tables, and hostile lines."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.adapters import irc, twitch_irc
from actors.core.contract.event import Category, RawItem
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput

SENT_MS = 1_800_000_000_123
FROM = ":ada!ada@ada.tmi.twitch.tv"


def line(command, text=None, channel="#den", prefix=FROM, colon=True, **tags):
    """Return a line of chat; the underscores of a tag's name become hyphens."""
    tags = {"tmi-sent-ts": SENT_MS, "room-id": 7, **{key.replace("_", "-"): value for key, value in tags.items()}}
    written = ";".join(f"{key}={value}" for key, value in tags.items())
    last = "" if text is None else f" {':' if colon else ''}{text}"
    return f"@{written} {prefix} {command} {channel}{last}".encode()


def said(text, **tags):
    return line("PRIVMSG", text, **{"id": "m1", "user_id": "42", "display_name": "Ada", **tags})


def notice(kind, text=None, **tags):
    tags = {"id": "n1", "user_id": "42", "login": "ada", "display_name": "Ada", "msg_id": kind, **tags}
    return line("USERNOTICE", text, prefix=":tmi.twitch.tv", **tags)


def read(raw):
    """Return [(type, payload, identity)] of all messages of a line; each must be in the lane that was announced."""
    found = []
    for part in twitch_irc.parts(raw):
        for event in twitch_irc.normalize(RawItem(5, 1, "twitch_irc", part.body, 9.0), "chat", 2):
            assert event.category == twitch_irc.category(part.body)
            assert event.source == "twitch"
            msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)
            found.append((event.type, msgspec.msgpack.decode(event.payload), event.dedupe_key))
    return found


def fragments(text, emotes):
    ((_, payload, _),) = read(said(text, emotes=emotes))
    return [(part["kind"], part["text"], part.get("image", "")) for part in payload.get("fragments", [])]


GRAMMAR = [
    (b"PING :tmi.twitch.tv", ({}, "", "PING", ["tmi.twitch.tv"])),
    (b"RECONNECT", ({}, "", "RECONNECT", [])),
    (b":tmi.twitch.tv 001 justinfan1 :Welcome, GLHF!", ({}, "tmi.twitch.tv", "001", ["justinfan1", "Welcome, GLHF!"])),
    (b":a!a@a PRIVMSG #den oneWord", ({}, "a!a@a", "PRIVMSG", ["#den", "oneWord"])),
    (b":a!a@a PRIVMSG #den ::) hello", ({}, "a!a@a", "PRIVMSG", ["#den", ":) hello"])),
    (b":a!a@a PRIVMSG #den :", ({}, "a!a@a", "PRIVMSG", ["#den", ""])),
    (b":a!a@a PRIVMSG  #den   :a :b", ({}, "a!a@a", "PRIVMSG", ["#den", "a :b"])),
    (b"privmsg #den x", ({}, "", "PRIVMSG", ["#den", "x"])),
    (b"@a=1;b;c= PING", ({"a": "1", "b": "", "c": ""}, "", "PING", [])),
    (b"@a=1;a=2 PING", ({"a": "2"}, "", "PING", [])),
    (rb"@a=x\:y\sz\\w\r\n\q PING", ({"a": "x;y z\\w\r\nq"}, "", "PING", [])),
    (b"@a=x\\ PING", ({"a": "x"}, "", "PING", [])),
    (b"@a=x\\\\\\s PING", ({"a": "x\\ "}, "", "PING", [])),
    (b"@=1;;a=b=c PING", ({"a": "b=c"}, "", "PING", [])),
    (b"@a=1   :p   PING", ({"a": "1"}, "p", "PING", [])),
]


@pytest.mark.parametrize(("raw", "expected"), GRAMMAR, ids=lambda value: repr(value)[:40])
def test_a_line_is_read_by_the_grammar(raw, expected):
    parsed = irc.parse(raw)
    assert (parsed.tags, parsed.prefix, parsed.command, parsed.params) == expected


@pytest.mark.parametrize("raw", [b"", b" ", b"@a=1", b":prefix", b"@a=1 :prefix ", b"12 x", b"\x00\xff", b"{}"])
def test_a_line_without_a_command_is_refused(raw):
    with pytest.raises(BadInput, match="Expected"):
        irc.parse(raw)
    assert twitch_irc.category(raw) is Category.NORMAL


def test_a_line_that_is_too_long_is_refused():
    with pytest.raises(BadInput, match="16384 bytes"):
        irc.parse(b"PRIVMSG #den :" + b"x" * irc.MAX_LINE_BYTES)


CHAT = [
    (said("hello there"), {"text": "hello there"}),
    (said("oneWord", colon=False), {"text": "oneWord"}),
    (said("\x01ACTION waves\x01"), {"text": "waves", "action": True}),
    (said("first", first_msg=1), {"text": "first", "first": True}),
    (said("look", msg_id="highlighted-message"), {"text": "look", "highlight": True}),
    (said("paid", pinned_chat_paid_amount="500"), {"text": "paid", "highlight": True}),
    (said("red", color="#FF0000"), {"text": "red", "color": "#FF0000"}),
    (said("no colour", color="red"), {"text": "no colour"}),
    (said("b", badges="subscriber/12,vip/1,broken"), {"text": "b", "badges": ["subscriber/12", "vip/1"]}),
    (said("twice \U000e0000"), {"text": "twice"}),
    (said("x" * 700), {"text": "x" * 500}),
    (said("שלום \u202eabc"), {"text": "שלום \u202eabc"}),
    (
        said(
            "@bo yes",
            reply_parent_msg_id="p1",
            reply_parent_display_name="Bo",
            reply_parent_user_id="9",
            reply_parent_msg_body=r"is\sit\:\strue?",
        ),
        {"text": "@bo yes", "reply_to": {"user": "Bo", "text": "is it; true?", "message_id": "p1", "user_id": "9"}},
    ),
]


@pytest.mark.parametrize(("raw", "expected"), CHAT, ids=lambda value: repr(value)[-40:])
def test_a_message_is_chat(raw, expected):
    plain = {"user": "Ada", "user_id": "42", "message_id": "m1", "channel": "den"}
    assert read(raw) == [("chat", plain | expected, "m1")]


@pytest.mark.parametrize(
    ("tags", "prefix", "user"),
    [
        ({"display_name": "雪兎", "login": "yuki"}, FROM, "雪兎"),
        ({"display_name": "Ada\\s"}, FROM, "Ada"),
        ({"display_name": ""}, FROM, "ada"),
        ({"display_name": "\u200b\u2060"}, FROM, "ada"),
        ({"display_name": "\u200b", "login": "yuki"}, FROM, "yuki"),
        ({"display_name": ""}, ":!x@x", "?"),
        ({"display_name": "n" * 90}, FROM, "n" * 64),
    ],
)
def test_a_user_has_a_visible_name(tags, prefix, user):
    assert read(said("hi", prefix=prefix, **tags))[0][1]["user"] == user


def test_a_message_without_any_tag_is_chat():
    assert read(b":ada!ada@x PRIVMSG #den :hi") == [("chat", {"user": "ada", "text": "hi", "channel": "den"}, None)]


@pytest.mark.parametrize(
    ("text", "emotes", "expected"),
    [
        ("Kappa", "25:0-4", [("emote", "Kappa", "twitch/25")]),
        ("a Kappa b", "25:2-6", [("text", "a ", ""), ("emote", "Kappa", "twitch/25"), ("text", " b", "")]),
        (
            "Kappa Keepo Kappa",
            "25:0-4,12-16/1902:6-10",
            [
                ("emote", "Kappa", "twitch/25"),
                ("text", " ", ""),
                ("emote", "Keepo", "twitch/1902"),
                ("text", " ", ""),
                ("emote", "Kappa", "twitch/25"),
            ],
        ),
        ("😂 Kappa", "25:2-6", [("text", "😂 ", ""), ("emote", "Kappa", "twitch/25")]),
        ("ab", "emotesv2_4c39207:0-1", [("emote", "ab", "twitch/emotesv2_4c39207")]),
        ("foo", "9:0-15", [("emote", "foo", "twitch/9")]),
        ("foo", "9:5-8", []),
        ("foo", "9:2-0", []),
        ("foo", "9:04", []),
        ("foo", "9:-1-2", []),
        ("foo bar", "9:0-2/8:1-4", [("emote", "foo", "twitch/9"), ("text", " bar", "")]),
        ("foo", "a.b:0-2", []),
        ("foo", "9", []),
        ("foo", ":0-2", []),
        ("foo", "9:99999999999999999999-99999999999999999999", []),
    ],
)
def test_emotes_are_cut_out_by_code_points(text, emotes, expected):
    assert fragments(text, emotes) == expected


def test_a_message_of_500_emotes_stays_within_the_bounds():
    found = fragments("a" * 500, "1:" + ",".join(f"{n}-{n}" for n in range(500)))
    assert len(found) <= 256
    assert "".join(text for _, text, _ in found) == "a" * 500


def test_a_message_with_bits_is_chat_and_a_cheer():
    chat, cheer = read(said("Cheer100 nice", bits=100))
    assert (chat[0], chat[2]) == ("chat", "m1")
    assert cheer == ("cheer", {"user": "Ada", "bits": 100, "text": "Cheer100 nice"}, "cheer:m1")
    assert read(said("Cheer1", bits=1, user_id="407665396"))[1][1]["anonymous"] is True


PRIME = {"msg_param_sub_plan": "Prime"}
TIER_2 = {"msg_param_sub_plan": "2000"}
TO_BO = {"msg_param_recipient_display_name": "Bo", "msg_param_recipient_id": "9"}
NOTICES = [
    (notice("sub", msg_param_months=0, **PRIME), "subscription", {"user": "Ada", "tier": "Prime"}),
    (
        notice("resub", "hi all", msg_param_months=0, msg_param_cumulative_months=9, **TIER_2),
        "subscription",
        {"user": "Ada", "tier": "2000", "months": 9, "text": "hi all"},
    ),
    (notice("primepaidupgrade", **TIER_2), "subscription", {"user": "Ada", "tier": "2000"}),
    (notice("giftpaidupgrade"), "subscription", {"user": "Ada"}),
    (
        notice("subgift", msg_param_sender_count=4, msg_param_origin_id="o1", **TIER_2, **TO_BO),
        "gift",
        {"user": "Ada", "count": 1, "tier": "2000", "recipients": ["Bo"], "total": 4},
    ),
    (
        notice("subgift", user_id="274598607", **TIER_2, **TO_BO),
        "gift",
        {"user": "Ada", "count": 1, "tier": "2000", "recipients": ["Bo"], "anonymous": True},
    ),
    (
        notice("submysterygift", msg_param_mass_gift_count=20, msg_param_community_gift_id="g1", **TIER_2),
        "gift",
        {"user": "Ada", "count": 20, "tier": "2000", "group": "g1"},
    ),
    (
        notice("raid", msg_param_displayName="Bo", msg_param_viewerCount=321, msg_param_login="bo"),
        "raid",
        {"user": "Bo", "viewers": 321},
    ),
    (
        notice(
            "charitydonation",
            msg_param_donation_amount=550,
            msg_param_exponent=2,
            msg_param_donation_currency="EUR",
        ),
        "tip",
        {"user": "Ada", "amount": "5.50", "currency": "EUR"},
    ),
]


@pytest.mark.parametrize(("raw", "type_", "expected"), NOTICES, ids=lambda value: repr(value)[-40:])
def test_a_notice_is_an_event(raw, type_, expected):
    assert read(raw) == [(type_, expected, "n1")]


@pytest.mark.parametrize("kind", ["announcement", "viewermilestone", "modiversary", "ritual", "something-new"])
def test_the_text_of_any_other_notice_is_chat(kind):
    ((type_, payload, _),) = read(notice(kind, "hello"))
    assert (type_, payload["user"], payload["text"]) == ("chat", "Ada", "hello")
    assert read(notice(kind)) == []


@pytest.mark.parametrize(
    ("raw", "expected", "identity"),
    [
        (line("CLEARCHAT"), {"channel": "den"}, None),
        (line("CLEARCHAT", "bo", target_user_id=9, ban_duration=600), {"channel": "den", "user_id": "9"}, None),
        (line("CLEARMSG", "sup", target_msg_id="m9"), {"channel": "den", "message_id": "m9"}, "delete:m9"),
    ],
)
def test_a_deletion_is_critical(raw, expected, identity):
    assert read(raw) == [("chat_delete", expected, identity)]
    assert twitch_irc.category(raw) is Category.CRITICAL


IGNORED = [
    b"PING :tmi.twitch.tv",
    b":tmi.twitch.tv RECONNECT",
    b":tmi.twitch.tv 376 justinfan1 :>",
    line("ROOMSTATE", slow=0),
    line("NOTICE", "This room is now in emote-only mode.", msg_id="emote_only_on"),
    said("from elsewhere", source_room_id=8),
    said("Cheer1 from elsewhere", source_room_id=8, bits=1),
    notice("sub", source_room_id=8, **PRIME),
    notice("sharedchatnotice", "hi", source_room_id=8, source_msg_id="announcement"),
    line("CLEARCHAT", "bo", target_user_id=9, source_room_id=8),
    notice("subgift", msg_param_community_gift_id="g1", **TIER_2, **TO_BO),
]


@pytest.mark.parametrize("raw", IGNORED, ids=lambda raw: repr(raw)[-50:])
def test_other_messages_are_ignored(raw):
    assert [twitch_irc.category(part.body) for part in twitch_irc.parts(raw)] == [None]
    assert read(raw) == []


def test_a_shared_message_of_this_channel_is_chat():
    assert read(said("at home", source_room_id=7))[0][1]["text"] == "at home"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (line("CLEARCHAT", "bo"), "target-user-id"),
        (line("CLEARMSG", "sup"), "target-msg-id"),
        (line("PRIVMSG", "hi", channel="den"), "#name"),
    ],
)
def test_a_line_without_a_required_part_is_refused(raw, message):
    with pytest.raises(BadInput, match=message):
        read(raw)


# A machine that does other things at the same time is no failure.
CALM = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@CALM
@given(st.binary(max_size=400))
def test_any_bytes_are_an_event_or_refused(raw):
    with suppress(BadInput):
        read(raw)


TAG = st.sampled_from(
    [
        "id", "msg-id", "emotes", "badges", "color", "bits", "room-id", "source-room-id", "display-name", "login",
        "user-id", "first-msg", "tmi-sent-ts", "target-user-id", "target-msg-id", "msg-param-months",
        "msg-param-viewerCount", "msg-param-mass-gift-count", "msg-param-community-gift-id", "msg-param-sub-plan",
        "msg-param-exponent", "msg-param-donation-amount", "reply-parent-msg-id", "reply-parent-msg-body",
        "pinned-chat-paid-amount",
    ]
)  # fmt: skip
KIND = st.sampled_from(["sub", "subgift", "submysterygift", "raid", "announcement", "charitydonation"])
TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=60)


@CALM
@given(
    st.dictionaries(TAG, TEXT | KIND | st.integers().map(str)),
    st.sampled_from(["PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG"]),
    TEXT,
)
def test_any_tags_are_an_event_or_refused(tags, command, text):
    written = ";".join(f"{key}={value}".replace(" ", "\\s") for key, value in tags.items())
    with suppress(BadInput):
        read(f"@{written} {FROM} {command} #den :{text}".encode())
