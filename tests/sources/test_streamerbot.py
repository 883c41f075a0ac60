"""Streamer.bot: the handshake with a simulated server that also has faults, and events from its messages."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.core.contract.event import Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput, ConfigError, Refused
from actors.producers import spec
from actors.producers.sources import streamerbot
from actors.producers.spec import Disconnected, SourceNotRunning
from actors.secrets import Secrets
from bench.ports import free_ports
from tests.sockets.actors import CORE, Actors
from tests.sources import rig
from tests.sources.peer import Peer, cut, report
from tests.support import eventually

AT = "2027-01-15T09:00:00.1234567+01:00"
HELLO = {"timestamp": AT, "session": "s", "request": "Hello", "info": {"version": "1.0.0"}}
LOCKED = HELLO | {"authentication": {"salt": "salt", "challenge": "challenge"}}


def sent(source, type_, **data):
    return {"timeStamp": AT, "event": {"source": source, "type": type_}, "data": data}


def said(message):
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)
    assert submission.source == "bot"
    assert submission.ts_source_ms == pytest.approx(1_800_000_000_123, abs=1)
    return submission.type, msgspec.msgpack.decode(submission.payload)


CONFIGURED = spec.settings_of("bot", {"kind": "streamerbot"})
ADA = {"user": {"id": "1", "login": "ada", "name": "Ada"}}
TIP = {"user": "Ada", "amount": "4.2", "currency": "EUR"}
MEANINGS = [
    (sent("Twitch", "Follow", user_name="Ada"), ("follow", {"user": "Ada"})),
    (sent("Twitch", "Follow", targetUser={"name": "Ada"}), ("follow", {"user": "Ada"})),
    (sent("Twitch", "Cheer", displayName="Ada", bits=100, message="go", isAnonymous=False),
     ("cheer", {"user": "Ada", "bits": 100, "text": "go"})),
    (sent("Twitch", "Cheer", **ADA, message={"message": "go", "bits": 50}, anonymous=True),
     ("cheer", {"user": "Ada", "bits": 50, "text": "go", "anonymous": True})),
    (sent("Twitch", "Cheer", **ADA, message={"message": "", "bits": 50}), ("cheer", {"user": "Ada", "bits": 50})),
    (sent("Twitch", "Cheer", **ADA, bits=50, meta={"isFromSharedChatGuest": True}), None),
    (sent("Twitch", "GiftBomb", **ADA, gifts=50, isInSharedChat=True, isFromSharedChatGuest=True), None),
    (sent("Twitch", "GiftBomb", **ADA, gifts=5, isInSharedChat=True, isFromSharedChatGuest=False),
     ("gift", {"user": "Ada", "count": 5})),
    (sent("Twitch", "Sub", userName="ada", displayName="Ada", subTier=1),
     ("subscription", {"user": "Ada", "tier": "1"})),
    (sent("Twitch", "ReSub", **ADA, subTier="1000", cumulativeMonths=7, text="hi"),
     ("subscription", {"user": "Ada", "tier": "1000", "months": 7, "text": "hi"})),
    (sent("Twitch", "GiftSub", **ADA, subTier="1000", recipient={"name": "Bo"}, fromCommunitySubGift=False),
     ("gift", {"user": "Ada", "count": 1, "tier": "1000", "recipients": ["Bo"]})),
    (sent("Twitch", "GiftSub", **ADA, recipient={"name": "Bo"}, fromCommunitySubGift=True), None),
    (sent("Twitch", "GiftSub", displayName="Ada", recipientDisplayName="Bo", fromSubBomb=True), None),
    (sent("Twitch", "GiftBomb", displayName="Ada", gifts=5, subTier=1),
     ("gift", {"user": "Ada", "count": 5, "tier": "1"})),
    (sent("Twitch", "GiftBomb", **ADA, recipients=[{}, {}], sub_tier="1000"),
     ("gift", {"user": "Ada", "count": 2, "tier": "1000"})),
    (sent("Twitch", "GiftBomb", **ADA, total=5, sub_tier="1000", recipients=None),
     ("gift", {"user": "Ada", "count": 5, "tier": "1000"})),
    (sent("Twitch", "GiftBomb", **ADA, total=5, recipients=[]), ("gift", {"user": "Ada", "count": 5})),
    (sent("Twitch", "Raid", from_broadcaster_user_name="Ada", viewers=9), ("raid", {"user": "Ada", "viewers": 9})),
    (sent("Twitch", "RewardRedemption", id="r", user_name="Ada", reward={"title": "Hydrate", "cost": 50},
          user_input="!"),
     ("redemption", {"user": "Ada", "title": "Hydrate", "cost": 50, "text": "!"})),
    (sent("YouTube", "SuperChat", eventId="e", **ADA, microAmount=4_200_000, currencyCode="eur", message="hi"),
     ("tip", TIP | {"text": "hi"})),
    (sent("YouTube", "NewSponsor", eventId="e", **ADA, levelName="Gold"),
     ("subscription", {"user": "Ada", "tier": "Gold"})),
    (sent("Kick", "Follow", **ADA), ("follow", {"user": "Ada"})),
    (sent("Kick", "Subscription", **ADA, duration=3), ("subscription", {"user": "Ada", "months": 3})),
    (sent("Kofi", "Donation", **{"from": "Ada"}, amount="4.2", currency="EUR", message="hi", isPublic=True),
     ("tip", TIP | {"text": "hi"})),
    (sent("Kofi", "Donation", from_name="Ada", amount="4.2", currency="EUR", message="hi", is_public=False),
     ("tip", TIP)),
    (sent("Kofi", "Subscription", **{"from": "Ada"}, tier="Gold"), ("subscription", {"user": "Ada", "tier": "Gold"})),
    (sent("Streamlabs", "Donation", **{"from": "Ada"}, amount=4.2, currency="EUR", message=""), ("tip", TIP)),
    (sent("DonorDrive", "Donation", displayName="Ada", amount=None), ("tip", {"user": "Ada"})),
    (sent("StreamElements", "Tip", username="Ada", amount=4.2, currency="EUR"), ("tip", TIP)),
    (sent("Patreon", "PledgeCreated", attributes={"full_name": "Ada Lovelace"}), ("subscription", {"user": "Patron"})),
    (sent("General", "Custom", x=1), None),
    ({"id": "x", "status": "ok"}, None),
    ([], None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), MEANINGS, ids=lambda value: str(value)[:70])
def test_an_event_of_the_source_becomes_the_expected_event(body, expected):
    found = streamerbot.try_message(CONFIGURED, "bot", json.dumps(body).encode())
    assert [said(message) for message in found] == ([] if expected is None else [expected])


def test_a_message_with_an_equal_time_is_a_repetition():
    def identity(body):
        return streamerbot.try_message(CONFIGURED, "bot", json.dumps(body).encode())[0].identity

    follow = sent("Twitch", "Follow", user_name="Ada")
    assert identity(follow) == identity(dict(follow))
    assert identity(follow) != identity(follow | {"timeStamp": AT.replace("567", "568")})


def test_platforms_can_be_left_out_and_events_added():
    tree = {"kind": "streamerbot", "without": ["Twitch"], "events": {"General": ["Custom"], "Kofi": ["Donation", "X"]},
            "map": [{"when": "event.type == 'Custom'", "event": {"type": "'follow'", "user": "data.who"}}]}  # fmt: skip
    own = spec.settings_of("bot", tree)
    asked = streamerbot.wanted(own)
    assert "Twitch" not in asked
    assert asked["General"] == ["Custom"]
    assert asked["Kofi"].count("Donation") == 1
    (message,) = streamerbot.try_message(own, "bot", json.dumps(sent("General", "Custom", who="Ada")).encode())
    assert message.identity.startswith("follow/")
    with pytest.raises(ConfigError, match="unknown platform 'Twich'"):
        spec.settings_of("bot", {"kind": "streamerbot", "without": ["Twich"]})


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["user", "message", "amount", "currency", "bits", "recipients", "reward", "gifts", "subTier"])
kinds = st.sampled_from([(source, type_) for source, types in streamerbot.EVENTS.items() for type_ in types])


@given(kinds, st.dictionaries(fields, junk, max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_input_raises_only_bad_input(kind, data):
    with suppress(BadInput):
        streamerbot.try_message(CONFIGURED, "bot", json.dumps(sent(*kind) | {"data": data}).encode())


def serve(connection, number):
    """Demand the password `pass`, take the subscription, and send: each connection one follow more than the last."""
    connection.send(json.dumps(LOCKED))
    asked = json.loads(connection.recv())
    right = asked["authentication"] == streamerbot.authentication("pass", LOCKED["authentication"])
    connection.send(json.dumps({"id": asked["id"], "status": "ok" if right else "error"}))
    asked = json.loads(connection.recv())
    assert "Follow" in asked["events"]["Twitch"]
    connection.send(json.dumps({"id": "other", "status": "ok"}))
    connection.send(json.dumps({"id": asked["id"], "status": "ok", "events": asked["events"]}))
    connection.send("no JSON")
    connection.send(json.dumps(sent("Twitch", "Cheer", user="Ada", bits="many", mail="ada@example.com")))
    for follower in range(number + 1):
        connection.send(json.dumps(sent("Twitch", "Follow", user_name=f"f{follower}")))


def test_events_arrive_once_with_a_password_a_reconnect_and_a_repetition():
    def script(connection, number):
        serve(connection, number - 1)  # 0 is the one without a password
        if number == 1:
            cut(connection)
        else:
            peer.wait()

    with Peer(script) as peer, Actors(f'sources.bot={{kind="streamerbot",url="{peer.url}"}}') as actors:
        actors.start(*CORE, "bot")
        eventually(lambda: report(actors, "bot").get("state") == "refused", 10)
        Secrets(actors.run_dir).set("bot", "pass")
        eventually(lambda: len(actors.logged()) == 2, 20)
        assert [msgspec.msgpack.decode(one.payload)["user"] for one in actors.logged()] == ["f0", "f1"]
        eventually(lambda: report(actors, "bot")["duplicate"] == 1, 10)
        assert report(actors, "bot")["state"] == "live"
        assert report(actors, "bot")["rejected"] == 4
        assert not any(b"example.com" in file.read_bytes() for file in actors.run_dir.iterdir() if file.is_file())


REFUSALS = {
    "a wrong password": ([LOCKED, {"id": "auth", "status": "error"}], Refused, "refuses the password"),
    "no challenge": ([HELLO | {"authentication": {"salt": 1}}], Disconnected, "no salt and challenge"),
    "another server": (["hello"], Disconnected, "no Streamer.bot"),
    "no subscription": ([HELLO, {"id": "events", "status": "error", "error": "x"}], Disconnected, "subscription: x"),
    "an end": ([HELLO], Disconnected, "closed"),
}


def test_a_closed_streamerbot_is_waited_for_without_an_alarm(tmp_path):
    url = f"ws://127.0.0.1:{free_ports(1)[0]}"
    session = rig.Session(tmp_path, "bot", {"kind": "streamerbot", "url": url})
    _, error = rig.run(streamerbot, session, until=lambda _: False)
    assert isinstance(error, SourceNotRunning)
    assert "Streamer.bot is closed, or its WebSocket server is off" in str(error)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_failure_has_its_reason(name, tmp_path):
    messages, error_type, text = REFUSALS[name]

    def script(connection, _number):
        for message in messages:
            connection.send(message if isinstance(message, str) else json.dumps(message))
        if name == "an end":
            connection.recv()  # the client has checked the user of the peer, which takes an open connection
        else:
            peer.wait()

    with Peer(script) as peer:
        session = rig.Session(tmp_path, "bot", {"kind": "streamerbot", "url": peer.url})
        session.secrets.set("bot", "wrong")
        _, error = rig.run(streamerbot, session, until=lambda _: False)
    assert isinstance(error, error_type)
    assert text in str(error)
    assert session.lives == 0
