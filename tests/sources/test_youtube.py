"""YouTube: messages as tables, objects in pieces, and a simulated chat that is cut, ends, moves and refuses."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import youtube as adapter
from actors.core.contract.event import RawItem
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.sources.json_objects import JsonObjects
from actors.errors import BadInput, ConfigError, Refused
from actors.producers import spec
from actors.producers.sources import youtube
from actors.producers.spec import Disconnected
from actors.producers.youtube_target import YoutubeTarget, target_of
from actors.secrets import Secrets
from tests.sockets.actors import CORE, Actors
from tests.sources import rig
from tests.sources.peer import report
from tests.sources.youtube_peer import AT, CHANNEL, VIDEO, YouTube, item, refusal
from tests.support import eventually

CONFIGURED = spec.settings_of("tube", {"kind": "youtube", "stream": VIDEO})
OLD = {"at": "2020-01-01T00:00:00Z"}
NEW = {"at": "2099-01-01T00:00:00Z"}
LONG = "LCC." + "Eh" * 40


def said(body):
    """Return (type, payload) of each event; each must be in the lane that was announced."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lane, found = adapter.category(data), []
    for event in adapter.normalize(RawItem(1, 1, "youtube", data, 0.0), "tube", 1):
        assert event.category == lane
        msgspec.msgpack.decode(event.payload, type=TAXONOMY[event.type].payload)
        found.append((event.type, msgspec.msgpack.decode(event.payload)))
    return found


def digest(number):
    (found,) = said(item(number))
    return found[1]["message_id"]


def money(micros, currency):
    return {"amountMicros": micros, "currency": currency, "amountDisplayString": "?", "tier": 2}


CHAT = {"user": "ada", "text": "m1", "user_id": "UCada", "message_id": digest(1)}
TIP = {"user": "ada", "currency": "EUR"}
MEANINGS = [
    (item(1), ("chat", CHAT)),
    (item(1) | {"authorDetails": {"channelId": "UCada", "displayName": "Ada L", "isChatModerator": True,
                                  "isChatSponsor": True, "isVerified": False}},
     ("chat", CHAT | {"user": "Ada L", "badges": ["moderator", "subscriber"]})),
    (item(1, displayMessage="hi"), ("chat", CHAT | {"text": "hi"})),
    (item(1, displayMessage=" "), None),
    (item(1, "superChatEvent", superChatDetails=money("4990000", "EUR") | {"userComment": "gg"}),
     ("tip", TIP | {"amount": "4.99", "text": "gg"})),
    (item(1, "superChatEvent", superChatDetails=money("5000000", "EUR")), ("tip", TIP | {"amount": "5"})),
    (item(1, "superChatEvent", superChatDetails=money(2_500_000, "EUR")), ("tip", TIP | {"amount": "2.50"})),
    (item(1, "superChatEvent", superChatDetails=money("1234567", "EUR")), ("tip", TIP | {"amount": "1.234567"})),
    (item(1, "superChatEvent", superChatDetails=money("9007199254740993", "EUR")),
     ("tip", TIP | {"amount": "9007199254.740992"})),
    (item(1, "superStickerEvent", superStickerDetails=money("500000000", "JPY") | {
        "superStickerMetadata": {"stickerId": "s", "altText": "a cat", "language": "en"}}),
     ("tip", {"user": "ada", "amount": "500", "currency": "JPY", "text": "a cat"})),
    (item(1, "giftEvent", giftEventDetails={"giftMetadata": {"jewelsAmount": 20, "giftName": "Rose"}}),
     ("cheer", {"user": "ada", "bits": 20, "text": "Rose"})),
    (item(1, "newSponsorEvent", newSponsorDetails={"memberLevelName": "Gold", "isUpgrade": False}),
     ("subscription", {"user": "ada", "tier": "Gold"})),
    (item(1, "newSponsorEvent"), ("subscription", {"user": "ada"})),
    (item(1, "memberMilestoneChatEvent", memberMilestoneChatDetails={"memberMonth": 7, "userComment": "hi"}),
     ("subscription", {"user": "ada", "months": 7, "text": "hi"})),
    (item(1, "membershipGiftingEvent",
          membershipGiftingDetails={"giftMembershipsCount": 5, "giftMembershipsLevelName": "Gold"}),
     ("gift", {"user": "ada", "count": 5, "tier": "Gold", "group": digest(1)})),
    (item(2, "giftMembershipReceivedEvent", giftMembershipReceivedDetails={
        "memberLevelName": "Gold", "associatedMembershipGiftingMessageId": item(1)["id"]}),
     ("subscription", {"user": "ada", "tier": "Gold", "group": digest(1)})),
    (item(2, "messageDeletedEvent", messageDeletedDetails={"deletedMessageId": item(1)["id"]}),
     ("chat_delete", {"message_id": digest(1)})),
    (item(2, "messageRetractedEvent", messageRetractedDetails={"retractedMessageId": item(1)["id"]}),
     ("chat_delete", {"message_id": digest(1)})),
    (item(1, "tombstone"), ("chat_delete", {"message_id": digest(1)})),
    (item(2, "userBannedEvent", userBannedDetails={"bannedUserDetails": {"channelId": "UCada"}}),
     ("chat_delete", {"user_id": "UCada"})),
    (item(1, "chatEndedEvent"), ("stream", {"online": False})),
    (item(1, "pollEvent", pollDetails={"status": "active", "metadata": {
        "questionText": "Map?", "options": [{"optionText": "Nuke", "tally": "31"}]}}),
     ("poll", {"phase": "progress", "title": "Map?", "poll": digest(1), "choices": [{"title": "Nuke", "votes": 31}]})),
    (item(1, "sponsorOnlyModeStartedEvent"), None),
    (item(1, "somethingNew"), None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), MEANINGS, ids=lambda value: str(value)[-70:])
def test_a_message_becomes_the_expected_event(body, expected):
    assert said(body) == ([] if expected is None else [expected])


def test_two_messages_whose_ids_begin_alike_are_distinct():
    assert digest(1) != digest(2)


@pytest.mark.parametrize("type_", ["superChatEvent", "membershipGiftingEvent", "messageDeletedEvent", "pollEvent"])
def test_a_message_without_its_details_is_refused_with_their_name(type_):
    with pytest.raises(BadInput, match="Details` - at `"):
        said(item(1, type_))


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
DETAILS = sorted(
    {(body["snippet"]["type"], key) for body, _ in MEANINGS for key in body["snippet"] if "Details" in key}
)


@given(st.sampled_from(DETAILS), st.sampled_from([body for body, _ in MEANINGS]), junk, st.text(max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_input_raises_only_bad_input(kind, body, value, name):
    type_, details = kind
    snippet = body["snippet"] | {"type": type_}
    whole = body["snippet"].get(details) or {}
    changed = dict.fromkeys(whole, value) if isinstance(whole, dict) else value
    for one in (
        body | {name: value}, body | {"snippet": snippet | {details: value}}, body | {"authorDetails": value},
        body | {"snippet": snippet | {details: changed}}, body | {"id": value}, value,
        body | {"snippet": snippet | {"publishedAt": value}},
    ):  # fmt: skip
        data = json.dumps(one).encode()
        with suppress(BadInput):
            said(data)
        with suppress(BadInput):
            youtube.try_message(CONFIGURED, "tube", data)


@given(st.binary(max_size=60))
def test_any_bytes_raise_only_bad_input(data):
    with suppress(BadInput):
        said(data)


@given(st.lists(st.dictionaries(st.text(max_size=6), junk, max_size=4), max_size=5), st.data())
@settings(max_examples=50, deadline=None)
def test_objects_are_the_same_in_any_pieces(objects, data):
    whole = json.dumps(objects).encode() if data.draw(st.booleans()) else json.dumps(objects, indent=1).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    reader = JsonObjects(1 << 20)
    found = [
        one for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True) for one in reader.feed(whole[start:end])
    ]
    assert repr([json.loads(one) for one in found]) == repr(objects)


@pytest.mark.parametrize("data", [b"<html>", b"[1, 2]", b'[{"a": 1}, x', b"}", b'{"a":"' + b"x" * 99])
def test_what_is_not_an_array_of_objects_is_refused(data):
    with pytest.raises(BadInput, match="Expected a"):
        JsonObjects(64).feed(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VIDEO, YoutubeTarget(video=VIDEO)),
        (CHANNEL, YoutubeTarget(channel=CHANNEL)),
        ("@ada", YoutubeTarget(handle="@ada")),
        (f"https://www.youtube.com/watch?v={VIDEO}&t=3", YoutubeTarget(video=VIDEO)),
        (f"https://youtu.be/{VIDEO}?si=x", YoutubeTarget(video=VIDEO)),
        (f"https://m.youtube.com/live/{VIDEO}", YoutubeTarget(video=VIDEO)),
        (f"https://studio.youtube.com/video/{VIDEO}/livestreaming", YoutubeTarget(video=VIDEO)),
        (f"https://www.youtube.com/channel/{CHANNEL}/live", YoutubeTarget(channel=CHANNEL)),
        ("https://www.youtube.com/@ada/streams", YoutubeTarget(handle="@ada")),
    ],
)
def test_addresses_and_ids_are_understood(text, expected):
    assert target_of(text) == expected


@pytest.mark.parametrize("text", ["ada", "https://example.com/watch?v=" + VIDEO, "https://[", "https://youtube.com/"])
def test_other_texts_are_refused_with_the_path(text):
    with pytest.raises(ConfigError, match=r"sources\.tube: stream is .* expected the address"):
        spec.settings_of("tube", {"kind": "youtube", "stream": text})


def session(tmp_path, peer, key="key", **changes):
    made = rig.Session(
        tmp_path,
        "tube",
        {"kind": "youtube", "stream": VIDEO, "url": peer.url, "look_s": 0.02, "poll_s": 0.01} | changes,
    )
    made.secrets.set("tube", key)
    return made


def numbers(found):
    """Return the numbers of the items."""
    return [message.body.decode().partition(LONG)[2].partition('"')[0] for message in found]


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("stream", [VIDEO, CHANNEL, "@ada"])
def test_a_chat_is_found_and_streamed_in_any_pieces(stream, size, tmp_path):
    pages = [[item(1, **OLD), item(2, **NEW)], [], [item(3, displayMessage='"}{\\', **NEW)]]
    with YouTube(pages) as peer:
        peer.pieces = lambda data: [data[at : at + size] for at in range(0, len(data), size)]
        source = session(tmp_path, peer, stream=stream)
        _, error = rig.run(youtube, source, until=lambda found: len(found) == 2)
    assert error is None
    assert numbers(source.yielded) == ["2", "3"]  # the first was sent before the source was started
    assert (source.counted, source.lives) == (["ignored"], 1)


def test_a_cut_stream_is_continued_at_its_token(tmp_path):
    with YouTube([[item(1, **NEW)], [item(2, **NEW)], None, [item(3, **NEW)]]) as peer:
        source = session(tmp_path, peer)
        _, error = rig.run(youtube, source, until=lambda _: False)
        assert isinstance(error, Disconnected)
        rig.run(youtube, source, until=lambda found: found)
        assert peer.tokens == ["", "2"]
    assert numbers(source.yielded) == ["1", "2", "3"]


def test_a_stream_that_is_not_offered_is_polled(tmp_path):
    with YouTube([[item(1, **NEW)], [], [item(2, **NEW)]], stream=False) as peer:
        source = session(tmp_path, peer)
        rig.run(youtube, source, until=lambda found: len(found) == 2)
    assert numbers(source.yielded) == ["1", "2"]
    assert "is polled, which uses the quota faster" in source.degradations[-1]


@pytest.mark.parametrize("pause_ms", [10**400, -(10**400)])
def test_a_pause_between_polls_is_bounded(tmp_path, monkeypatch, pause_ms):
    monkeypatch.setattr(youtube, "MAX_PAUSE_MS", 1)
    first = {"nextPageToken": "1", "pollingIntervalMillis": pause_ms, "items": [item(1, **NEW)]}
    with YouTube([first, [item(2, **NEW)]], stream=False) as peer:
        source = session(tmp_path, peer)
        rig.run(youtube, source, until=lambda found: len(found) == 2)
    assert numbers(source.yielded) == ["1", "2"]


def test_a_token_that_is_refused_costs_no_message_and_repeats_none(tmp_path):
    early, late = AT.format(10), AT.format(20)
    with YouTube([[item(1, at=early), item(2, at=late)]]) as peer:
        source = session(tmp_path, peer)
        source.cursor = msgspec.msgpack.encode(
            youtube.ChatPlace(
                VIDEO, "chat-1", "9", youtube.message_of(json.dumps(item(1, at=late)).encode()).ts_source_ms
            )
        )
        peer.refusals = [("stream", *refusal(400, "pageTokenInvalid"))]
        rig.run(youtube, source, until=lambda found: found)
        assert peer.tokens == ["9", ""]
    assert numbers(source.yielded) == ["2"]


def test_the_next_chat_is_read_when_one_has_ended(tmp_path):
    with YouTube([{"items": [item(1, **NEW)], "nextPageToken": "1", "offlineAt": AT.format(1)}]) as peer:
        source = session(tmp_path, peer)
        rig.run(youtube, source, until=lambda _: source.waits)  # the same chat is offered again
        peer.chats, peer.refusals = ["chat-2"], [("stream", *refusal(403, "liveChatEnded"))]
        peer.pages = [[item(2, **NEW)]]
        rig.run(youtube, source, until=lambda found: found)
        read = [query["liveChatId"][0] for path, query in peer.requests if "liveChat" in path]
    assert numbers(source.yielded) == ["1", "2"]
    assert read[-1] == "chat-2"


def test_a_stream_that_has_not_begun_is_waited_for(tmp_path):
    with YouTube([[item(1, **NEW)]], chats=[""]) as peer:
        source = session(tmp_path, peer)

        def until(found):
            peer.chats = ["chat-1"] if source.waits else [""]
            return found

        rig.run(youtube, source, until=until)
    assert numbers(source.yielded) == ["1"]


REFUSALS = {
    "a wrong key": (None, {"key": "other"}, Refused, "API key not valid. Please pass a valid API key; set another"),
    "the quota": (("stream", *refusal(403, "quotaExceeded")), {}, Refused, "daily quota of the key is used up"),
    "the quota of the search": (("videos", *refusal(403, "quotaExceeded")), {}, Refused, "daily quota"),
    "too fast": (("stream", *refusal(403, "rateLimitExceeded", "slow")), {}, Disconnected, "answered 403 slow"),
    "tags without an end": (
        ("videos", *refusal(500, "backendError", "<" * 400_000)),
        {},
        Disconnected,
        "answered 500",
    ),
    "a fault": (("stream", 503, {}), {}, Disconnected, "answered 503"),
    "an unknown video": (None, {"stream": "AAAAAAAAAAA"}, Refused, "no public video AAAAAAAAAAA"),
    "an unknown channel": (None, {"stream": "@bo-bo"}, Refused, "no channel @bo-bo"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_reason(name, tmp_path):
    refused, changes, error_type, text = REFUSALS[name]
    with YouTube([[]]) as peer:
        peer.refusals = [refused] if refused else []
        _, error = rig.run(youtube, session(tmp_path, peer, **changes), until=lambda _: False)
    assert isinstance(error, error_type)
    assert text in str(error)


def test_a_token_of_a_login_is_sent_as_such(tmp_path):
    with YouTube([[item(1, **NEW)]], key="Bearer ya29.abc") as peer:
        source = session(tmp_path, peer, key="ya29.abc")
        _, error = rig.run(youtube, source, until=lambda found: found)
    assert error is None


def test_a_malformed_page_or_message_costs_no_other(tmp_path):
    wrong = [item(1, **NEW), {"id": 5}, item(2, **NEW), "text"]
    with YouTube([{"items": 7}, wrong]) as peer:
        source = session(tmp_path, peer)
        rig.run(youtube, source, until=lambda found: len(found) == 2)
    assert numbers(source.yielded) == ["1", "2"]
    assert [text.partition(" - ")[0][:30] for text in source.rejected] == [
        "Expected a page of a chat: Exp", "Expected `str`, got `int`", "Expected `object`, got `str`",
    ]  # fmt: skip


def test_a_night_with_cuts_and_a_kill_shows_each_message_once():
    paid = {"superChatDetails": money("5000000", "EUR")}
    pages = [[item(number, "superChatEvent", **NEW, **paid)] for number in range(1, 30)]
    for at in (5, 11, 12, 20):
        pages[at:at] = [None]
    with YouTube(pages) as peer:
        source = f'{{kind="youtube",stream="{VIDEO}",url="{peer.url}"}}'
        with Actors(f"sources.tube={source}") as actors:
            Secrets(actors.run_dir).set("tube", "key")
            actors.start(*CORE, "tube")
            eventually(lambda: len(actors.logged()) >= 15, 20)
            actors.kill("tube")
            actors.start("tube")
            eventually(lambda: len(actors.logged()) == 29, 20)
            keys = [one.dedupe_key for one in actors.logged()]
            assert len(set(keys)) == 29
            eventually(lambda: report(actors, "tube")["state"] == "live", 20)
