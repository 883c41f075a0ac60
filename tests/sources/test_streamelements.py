"""StreamElements: subscriptions, moves and refusals with a simulated server, and events from its messages."""

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
from actors.producers.sources import streamelements
from actors.producers.spec import Disconnected
from actors.secrets import Secrets
from tests.sockets.actors import CORE, Actors
from tests.sources import rig
from tests.sources.peer import Peer, report
from tests.support import eventually

AT = "2027-01-15T08:00:00.250Z"
TREE = {"kind": "streamelements", "channel": "5ad23dcc18fff500d78c5348"}
CONFIGURED = spec.settings_of("tips", TREE)


def tip(number, approved="allowed", status="success", **donation):
    donation = {"user": {"username": "Ada", "email": "ada@example.com", "geo": "ZZ"}, "message": "", "amount": 4.2,
                "currency": "USD", "paymentMethod": "scheme"} | donation  # fmt: skip
    data = {"donation": donation, "_id": f"t{number}", "approved": approved, "status": status, "createdAt": AT}
    return {"id": "01J", "ts": AT, "type": "message", "topic": "channel.tips", "data": data}


def activity(kind, group=None, **data):
    inner = {"username": "ada", "displayName": "Ada"} | data
    outer = {"type": kind, "provider": "twitch", "data": inner, "_id": "a1", "createdAt": AT, "activityGroup": group}
    return {"id": "01J", "ts": AT, "type": "message", "topic": "channel.activities", "data": outer}


def from_youtube(message):
    return message | {"data": message["data"] | {"provider": "youtube"}}


def said(message):
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)
    assert (submission.source, submission.ts_source_ms) == ("tips", 1_800_000_000_250)
    return submission.type, submission.id, msgspec.msgpack.decode(submission.payload)


TIP = {"user": "Ada", "amount": "4.2", "currency": "USD"}
MEANINGS = [
    (tip(1), ("tip", "t1", TIP)),
    (tip(1, message="hi", amount=5, currency="eur"),
     ("tip", "t1", {"user": "Ada", "amount": "5", "currency": "EUR", "text": "hi"})),
    (tip(1, user={}), ("tip", "t1", TIP | {"user": "Anonymous"})),
    (tip(1, approved="pending"), None),
    (tip(1, approved="denied"), None),
    (tip(1, status="failed"), None),
    (activity("tip", amount=4.2, currency="USD"), None),  # the topic of tips has it
    (activity("follow"), ("follow", "a1", {"user": "Ada"})),
    (activity("subscriber", amount=7, tier="1000", message="hi"),
     ("subscription", "a1", {"user": "Ada", "months": 7, "tier": "1000", "text": "hi"})),
    (activity("subscriber", "g1", amount=1, tier="prime", gifted=True, sender="Bo"),
     ("subscription", "a1", {"user": "Ada", "months": 1, "tier": "prime", "gifted_by": "Bo", "group": "g1"})),
    (from_youtube(activity("subscriber", amount=1)), ("follow", "a1", {"user": "Ada"})),
    (from_youtube(activity("sponsor", amount=2, tier="Gold")),
     ("subscription", "a1", {"user": "Ada", "months": 2, "tier": "Gold"})),
    (activity("communityGiftPurchase", "g1", amount=5, tier="1000"),
     ("gift", "a1", {"user": "Ada", "count": 5, "tier": "1000", "group": "g1"})),
    (activity("cheer", amount=100, message="go"), ("cheer", "a1", {"user": "Ada", "bits": 100, "text": "go"})),
    (activity("raid", amount=9), ("raid", "a1", {"user": "Ada", "viewers": 9})),
    (activity("superchat", amount=4.2, currency="USD"), ("tip", "a1", TIP)),
    (activity("merch", amount=4), None),
    ({"type": "welcome"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), MEANINGS, ids=lambda value: str(value)[:70])
def test_a_message_becomes_the_expected_event(body, expected):
    found = streamelements.try_message(CONFIGURED, "tips", json.dumps(body).encode())
    assert [said(message) for message in found] == ([] if expected is None else [expected])
    assert all(b"example.com" not in message.body for message in found)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["follow", "subscriber", "cheer", "raid"]), junk, st.dictionaries(st.text(max_size=8), junk))
@settings(max_examples=300, deadline=None)
def test_any_input_raises_only_bad_input(kind, value, fields):
    for body in (activity(kind, amount=value, tier=value), tip(1, amount=value, user=value), tip(1) | {"data": fields}):
        with suppress(BadInput):
            streamelements.try_message(CONFIGURED, "tips", json.dumps(body).encode())


def subscribed(connection):
    """Take both subscriptions; the messages may come between the answers."""
    for topic in ("channel.tips", "channel.activities"):
        asked = json.loads(connection.recv())
        assert (asked["type"], asked["data"]["topic"], asked["data"]["room"]) == ("subscribe", topic, TREE["channel"])
        assert (asked["data"]["token"], asked["data"]["token_type"]) == ("jwt-token", "jwt")
        connection.send(json.dumps({"type": "response", "nonce": asked["nonce"], "data": {"topic": topic}}))


def test_tips_are_shown_once_over_a_move_to_another_server():
    def script(connection, number):
        connection.send(json.dumps({"type": "welcome", "id": "1"}))
        if number == 0:
            subscribed(connection)
            connection.send(json.dumps(tip(1)))
            connection.send("no JSON ada@example.com")
            connection.send(json.dumps(tip(2, amount="ada@example.com")))
            connection.send(json.dumps(tip(3, approved="pending")))
            connection.send(json.dumps({"type": "reconnect", "data": {"token": "move me"}}))
            connection.recv()  # until it goes
        else:
            assert connection.request.path.endswith("/?reconnect_token=move%20me")
            connection.send(json.dumps(tip(1)))
            connection.send(json.dumps(tip(4)))
            peer.wait()

    with Peer(script) as peer:
        source = f'{{kind="streamelements",channel="{TREE["channel"]}",url="{peer.url}"}}'
        with Actors(f"sources.tips={source}") as actors:
            Secrets(actors.run_dir).set("tips", "jwt-token")
            actors.start(*CORE, "tips")
            eventually(lambda: [one.id for one in actors.logged()] == ["t1", "t4"], 15)
            eventually(lambda: report(actors, "tips")["duplicate"] == 1, 10)
            told = report(actors, "tips")
            facts = {key: told[key] for key in ("state", "rejected", "ignored", "reconnects")}
            assert facts == {"state": "live", "rejected": 2, "ignored": 1, "reconnects": 0}
            secret = [
                file for file in actors.run_dir.iterdir() if file.is_file() and b"example.com" in file.read_bytes()
            ]
            assert not secret


REFUSALS = {
    "a wrong token": ({"type": "response", "nonce": "channel.tips", "error": "err_unauthorized"}, Refused, "token for"),
    "too many": (
        {"type": "response", "error": "rate_limit_exceeded", "data": {"message": "slow"}},
        Disconnected,
        "slow",
    ),
    "a move without a token": ({"type": "reconnect", "data": {}}, Disconnected, "connect again"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_failure_has_its_reason(name, tmp_path):
    message, error_type, text = REFUSALS[name]

    def script(connection, _number):
        connection.send(json.dumps([1]))
        connection.send(json.dumps(message))
        peer.wait()

    with Peer(script) as peer:
        session = rig.Session(tmp_path, "tips", TREE | {"url": peer.url, "activities": False})
        session.secrets.set("tips", "jwt-token")
        _, error = rig.run(streamelements, session, until=lambda _: False)
    assert isinstance(error, error_type)
    assert text in str(error)
    assert session.rejected == ["Expected a JSON object"]


@pytest.mark.parametrize("channel", ["mychannel", "5ad23dcc18fff500d78c534", "5AD23DCC18FFF500D78C5348", ""])
def test_a_channel_is_an_account_id(channel):
    with pytest.raises(ConfigError, match="expected the Account ID"):
        spec.settings_of("tips", TREE | {"channel": channel})
