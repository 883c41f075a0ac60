"""Webhooks: test vectors of the platforms, answers to forgeries, and events from the messages of each platform."""

import base64
import hashlib
import hmac
import http.client
import json
from contextlib import suppress
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import secrets
from actors.adapters import twitch_eventsub
from actors.adapters.webhook_presets import PRESETS
from actors.core.contract.event import RawItem, Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.sources import signature
from actors.errors import BadInput, ConfigError, Refused
from actors.producers import spec
from actors.producers.sources import webhook
from actors.producers.spec import Forbidden, Private, SourceRequest
from actors.stores.log import LogReader
from tests.sockets.actors import CORE, Actors
from tests.sources.peer import report
from tests.support import SLOWNESS, eventually

NOW_S = 1_800_000_000  # 2027-01-15T08:00:00Z
NOW_ISO = "2027-01-15T08:00:00.123456789Z"
SECRET = "s3cret"

# A key of this test's own; its private part was not kept.
PUBLIC_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0+PH7gNUMUqwx0kz6U704PEdhzVq0ga1A/zd4XZqgk/g1YRuw6sXuvjV"
    "VTFHlerwMJz7kcUd6awVhwKI2pErrk0DF2jqQbdgPPr1FF4g6bjzdQ8fMtZALTpFppU1+VhlGbyRJRAGbEJ3RG8AmbowAwU8IsMr"
    "A8ygGBkeiuAb7zksQcxlf4DFODjbkmQ2/NE9UdMBYnr1C3CR91d018ug+a4WWPUqtBxhZ3TaWtybYewHd/NVKDRzYqjhbpvRRcKa"
    "KtHouRvy0knEF5xoV0n5wa7FBqJ/Q0sH8kAFTjIY9RmRd250Z0Y2JtGcx5Wu4+2cZm7iCSS69NQqY1RbA4ojJwIDAQAB"
    "\n-----END PUBLIC KEY-----\n"
)
PUBLIC_KEY_PKCS1 = (
    "MIIBCgKCAQEA0+PH7gNUMUqwx0kz6U704PEdhzVq0ga1A/zd4XZqgk/g1YRuw6sXuvjVVTFHlerwMJz7kcUd6awVhwKI2pErrk0D"
    "F2jqQbdgPPr1FF4g6bjzdQ8fMtZALTpFppU1+VhlGbyRJRAGbEJ3RG8AmbowAwU8IsMrA8ygGBkeiuAb7zksQcxlf4DFODjbkmQ2"
    "/NE9UdMBYnr1C3CR91d018ug+a4WWPUqtBxhZ3TaWtybYewHd/NVKDRzYqjhbpvRRcKaKtHouRvy0knEF5xoV0n5wa7FBqJ/Q0sH"
    "8kAFTjIY9RmRd250Z0Y2JtGcx5Wu4+2cZm7iCSS69NQqY1RbA4ojJwIDAQAB"
)
KICK_ID, KICK_TIME = "01KBHE78QE4HZY1617DK5FC7YD", "2027-01-15T08:00:00Z"
KICK_BODY = b'{"broadcaster": {"channel_slug": "ada-plays"}, "follower": {"username": "Ada"}}'
KICK_SIGNATURE = (
    "w+AzJ0/vdsyn3y1momflaRybsqOaEgg8mcE61VPxpkeeL8r73FNby9kxd7GkETdDCWaIoRHVCuWcjZWqH+tbaeCHcArGPWsR/Z7T"
    "CcED1RSYfl6vXfauZmmjRqXtEOmd3MwPbcPSqKWinjRx+CWH7+GDZb/fr5XCpzGrwuhG2OIAIKkUOKxM4HanLedEBCcVuJJKpFwx"
    "futQmFyhrTLcfuafSy82OaqMmY+G4q3n0yBtMleF87IrZOu9wzx2o6rjddcyheuJx+HdX88g29E8GQ/1JmyFYjIBPWX3369XvEiV"
    "2eWHvFZQMR3xpIrF6A12XTk5VxmO7T4H0lT15WVRLQ=="
)

# (preset, secret, headers, body, now_s): published by the platforms, or made with OpenSSL.
VECTORS = {
    "github": (
        "github", "It's a Secret to Everybody",
        {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
         "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"},
        b"Hello, World!", NOW_S,
    ),
    "standard": (
        "standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
         "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        b'{"test": 2432232314}', 1_614_265_330,
    ),
    "kick": (
        "kick", PUBLIC_KEY,
        {"kick-event-signature": KICK_SIGNATURE, "kick-event-message-id": KICK_ID,
         "kick-event-message-timestamp": KICK_TIME},
        KICK_BODY, NOW_S,
    ),
    "kick, the other form of the key": (
        "kick", PUBLIC_KEY_PKCS1,
        {"kick-event-signature": KICK_SIGNATURE, "kick-event-message-id": KICK_ID,
         "kick-event-message-timestamp": KICK_TIME},
        KICK_BODY, NOW_S,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_signature_is_valid_and_no_other(name):
    preset, secret, headers, body, now_s = VECTORS[name]
    scheme = PRESETS[preset].scheme
    proof = signature.verify(scheme, headers, body, secret, now_s * 1000, None)
    assert proof.identity == headers.get(scheme.id, "")
    with pytest.raises(signature.Forgery, match="wrong"):
        signature.verify(scheme, headers, body + b" ", secret, now_s * 1000, None)
    header = headers[scheme.signature]
    for broken in (header[:-1], header + "=", header.replace("=", "", 1), "ü" + header, header[:-4] + "AAA="):
        with pytest.raises(signature.Forgery):
            signature.verify(scheme, headers | {scheme.signature: broken}, body, secret, now_s * 1000, None)


def mac(message, algorithm="sha256"):
    return hmac.new(SECRET.encode(), message, algorithm)


def signed(preset, body, now_s=NOW_S, identity="d-1", **headers):
    """Return the headers with which a platform sends a body now."""
    stamp = str(now_s)
    match preset:
        case "github":
            made = {"x-hub-signature-256": f"sha256={mac(body).hexdigest()}", "x-github-delivery": identity}
        case "patreon":
            made = {"x-patreon-signature": mac(body, "md5").hexdigest()}
        case "stripe":
            made = {"stripe-signature": f"t={stamp},v1={mac(stamp.encode() + b'.' + body).hexdigest()}"}
        case "standard" | "svix":
            name = "webhook" if preset == "standard" else preset
            proof = base64.b64encode(mac(f"{identity}.{stamp}.".encode() + body).digest()).decode()
            made = {f"{name}-id": identity, f"{name}-timestamp": stamp, f"{name}-signature": f"v1,{proof}"}
        case "twitch":
            proof = mac(f"{identity}{NOW_ISO}".encode() + body).hexdigest()
            head = "twitch-eventsub-message"
            made = {f"{head}-id": identity, f"{head}-timestamp": NOW_ISO, f"{head}-signature": f"sha256={proof}"}
        case "token":
            made = {"authorization": f"Bearer {SECRET}"}
        case _:
            made = {}
    return made | headers


def secret_of(preset):
    return f"whsec_{base64.b64encode(SECRET.encode()).decode()}" if preset in ("standard", "svix") else SECRET


RULE = {"event": {"type": "'follow'", "user": "who"}}


def configured(preset, **more):
    tree = {"kind": "webhook", "preset": preset} | more
    if preset in ("standard", "svix", "token"):
        tree = {"map": [RULE]} | tree
    if preset == "kick":
        tree = {"channel": "Ada-Plays"} | tree
    return spec.settings_of("hook", tree)


def deliver(preset, headers, body, now_s=NOW_S, **more):
    request = SourceRequest("", {}, headers, body, now_s * 1000.0, "hook")
    return webhook.receive(request, configured(preset, **more), lambda: secret_of(preset), b"")


def post(preset, body, now_s=NOW_S, **headers):
    """Return the events of a platform's message: [(type, payload)]."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    taken = deliver(preset, signed(preset, data, **{k.replace("_", "-"): v for k, v in headers.items()}), data, now_s)
    return [said(message) for message in taken.messages]


def said(message):
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    assert submission.id
    assert submission.source == "hook"
    msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)
    return submission.type, msgspec.msgpack.decode(submission.payload)


MAC_PRESETS = ["github", "patreon", "stripe", "standard", "svix", "twitch"]


@pytest.mark.parametrize("preset", MAC_PRESETS)
def test_an_altered_late_or_missing_signature_is_refused(preset):
    body = b'{"who": "Ada"}'
    headers, name = signed(preset, body), PRESETS[preset].scheme.signature
    deliver(preset, headers, body)
    with pytest.raises(Forbidden, match="wrong"):
        deliver(preset, headers, b'{"who": "Bob"}')
    with pytest.raises(Forbidden, match="missing"):
        deliver(preset, {key: value for key, value in headers.items() if key != name}, body)
    for junk in (
        "",
        "sha256=",
        "v1,",
        "zz",
        "ÿ" * 64,
        "\ud800",
        "0" * 14_000,
        ", " * 900,
        "t=,v1=",
    ):
        with pytest.raises(Forbidden):
            deliver(preset, headers | {name: junk}, body)
    if PRESETS[preset].scheme.time:
        for off_s in (-1_201, 1_201):
            with pytest.raises(Forbidden, match=r"signed 120\d s|signed 1[12]\d\d s"):
                deliver(preset, headers, body, now_s=NOW_S + off_s)


def test_one_of_several_signatures_is_enough():
    body = b'{"who": "Ada"}'
    good = signed("standard", body)
    wrong = "v1,AAAA"
    both = good | {"webhook-signature": f"{wrong} v1a,AAAA {good['webhook-signature']}"}
    assert deliver("standard", both, body).messages
    stripe = signed("stripe", body)["stripe-signature"]
    assert deliver("stripe", {"stripe-signature": stripe.replace(",", ",v0=00,v1=00,")}, body).status == 200
    crowd = good | {"webhook-signature": " ".join([wrong] * 8 + [good["webhook-signature"]])}
    with pytest.raises(Forbidden):
        deliver("standard", crowd, body)


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "1e9", "99999999999999", "NaN", "2027-13-01T00:00:00Z", "٣", "9" * 9_000]
)
def test_a_malformed_time_is_refused(text):
    body = b"{}"
    proof = base64.b64encode(mac(f"d-1.{text}.".encode() + body).digest()).decode()
    headers = {"webhook-id": "d-1", "webhook-timestamp": text, "webhook-signature": f"v1,{proof}"}
    with pytest.raises(Forbidden, match=r"time of the delivery|signed"):
        deliver("standard", headers, body)


@pytest.mark.parametrize("identity", ["", "x" * 121, "a\nb", "ü"])
def test_a_malformed_identity_is_refused(identity):
    body = b"{}"
    with pytest.raises(Forbidden, match="webhook-id"):
        deliver("standard", signed("standard", body, identity=identity), body)


def test_a_recorded_request_of_github_with_another_delivery_id_is_the_same_delivery():
    body = json.dumps({"action": "created", "sender": {"login": "ada"}, "starred_at": "2027-01-15T08:00:00Z"}).encode()
    first, second = (
        deliver("github", signed("github", body, identity=identity, **{"x-github-event": "star"}), body)
        .messages[0]
        .identity
        for identity in ("d-1", "d-2")
    )
    assert first == second != ""


KOFI = {
    "verification_token": SECRET, "message_id": "3a1fac0c", "timestamp": "2027-01-15T07:59:58Z", "type": "Donation",
    "is_public": True, "from_name": "Ada", "message": "Good luck!", "amount": "3.00", "currency": "USD",
    "url": "https://ko-fi.com/x", "email": "ada@example.com", "kofi_transaction_id": "0a1f", "tier_name": None,
    "shipping": {"full_name": "Ada Lovelace", "street_address": "1 Lane"},
}  # fmt: skip
STRIPE = {
    "id": "evt_1", "type": "checkout.session.completed", "created": NOW_S,
    "data": {"object": {
        "id": "cs_1", "payment_status": "paid", "amount_total": 1250, "currency": "eur",
        "customer_details": {"email": "ada@example.com", "name": "Ada Lovelace"},
        "custom_fields": [{"text": {"value": "neon_fern"}}, {"text": {"value": "keep going"}}],
    }},
}  # fmt: skip
PATREON = {
    "data": {"id": "m-1", "type": "member", "attributes": {
        "patron_status": "active_patron", "last_charge_status": "Paid",
        "full_name": "Ada Lovelace", "email": "ada@example.com"}},
    "included": [{"type": "user", "attributes": {"vanity": "ada"}}, {"type": "tier", "attributes": {"title": "Gold"}}],
}  # fmt: skip


def form(field, value):
    return urlencode({field: json.dumps(value)}).encode()


def with_object(**changes):
    return STRIPE | {"data": {"object": STRIPE["data"]["object"] | changes}}


def patron(**changes):
    return PATREON | {"data": PATREON["data"] | {"attributes": PATREON["data"]["attributes"] | changes}}


FORM = {"content_type": "application/x-www-form-urlencoded; charset=utf-8"}
TIP = {"user": "Ada", "amount": "3.00", "currency": "USD"}
STAR = {"x_github_event": "star"}
GIVER = {"sender": {"login": "ada"}}
MEANINGS = {
    "Ko-fi, a tip": ("kofi", form("data", KOFI), FORM, [("tip", TIP | {"text": "Good luck!"})]),
    "Ko-fi, a tip in private": ("kofi", form("data", KOFI | {"is_public": False}), FORM, [("tip", TIP)]),
    "Ko-fi, without a message": ("kofi", form("data", KOFI | {"message": None}), FORM, [("tip", TIP)]),
    "Ko-fi, an order": ("kofi", form("data", KOFI | {"type": "Shop Order", "message": ""}), FORM, [("tip", TIP)]),
    "Ko-fi, a member": (
        "kofi", form("data", KOFI | {"type": "Subscription", "tier_name": "Gold", "message": ""}), FORM,
        [("subscription", {"user": "Ada", "tier": "Gold"})],
    ),
    "GitHub, a star": ("github", GIVER | {"action": "created"}, STAR, [("follow", {"user": "ada"})]),
    "GitHub, a form": (
        "github", form("payload", GIVER | {"action": "created"}), STAR | FORM,
        [("follow", {"user": "ada"})],
    ),
    "GitHub, a star less": ("github", GIVER | {"action": "deleted"}, {"x_github_event": "star"}, []),
    "GitHub, a ping": ("github", {"zen": "Design for failure."}, {"x_github_event": "ping"}, []),
    "GitHub, a private sponsor": (
        "github", {"action": "created", "sponsorship": {"privacy_level": "private"}},
        {"x_github_event": "sponsorship"}, [],
    ),
    "GitHub, a sponsor": (
        "github", {"action": "created", "sponsorship": {"privacy_level": "public", "sponsor": {"login": "ada"},
                                                         "tier": {"name": "$5 a month"}}},
        {"x_github_event": "sponsorship"}, [("subscription", {"user": "ada", "tier": "$5 a month"})],
    ),
    "Patreon, a patron": ("patreon", PATREON, {"x_patreon_event": "members:pledge:create"},
                          [("subscription", {"user": "ada", "tier": "Gold"})]),
    "Patreon, without a public name": ("patreon", PATREON | {"included": []}, {"x_patreon_event": "members:create"},
                                       [("subscription", {"user": "Patron"})]),
    "Patreon, a declined charge": ("patreon", patron(last_charge_status="Declined"),
                                   {"x_patreon_event": "members:pledge:create"}, []),
    "Patreon, an update": ("patreon", PATREON, {"x_patreon_event": "members:pledge:update"}, []),
    "Stripe, a payment": ("stripe", STRIPE, {}, [("tip", {"user": "neon_fern", "amount": "12.5", "currency": "EUR",
                                                            "text": "keep going"})]),
    "Stripe, whole units": (
        "stripe", with_object(currency="jpy", custom_fields=[]), {},
        [("tip", {"user": "Supporter", "amount": "1250", "currency": "JPY"})],
    ),
    "Stripe, three decimals": (
        "stripe", with_object(currency="kwd", custom_fields=[]), {},
        [("tip", {"user": "Supporter", "amount": "1.25", "currency": "KWD"})],
    ),
    "Stripe, whole units in hundredths": (
        "stripe", with_object(currency="ugx", amount_total=500_000, custom_fields=[]), {},
        [("tip", {"user": "Supporter", "amount": "5000.0", "currency": "UGX"})],
    ),
    "Stripe, no names": ("stripe", with_object(custom_fields=[]), {},
                         [("tip", {"user": "Supporter", "amount": "12.5", "currency": "EUR"})]),
    "Stripe, not yet paid": ("stripe", with_object(payment_status="unpaid"), {}, []),
    "Stripe, the payment told again": ("stripe", STRIPE | {"type": "charge.succeeded"}, {}, []),
    "a custom rule": ("standard", {"who": "Ada"}, {}, [("follow", {"user": "Ada"})]),
    "a custom token": ("token", {"who": "Ada"}, {}, [("follow", {"user": "Ada"})]),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGS)
def test_a_message_becomes_the_expected_event(name):
    preset, body, headers, expected = MEANINGS[name]
    assert post(preset, body, **headers) == expected


KICKED = {"sender": {"user_id": 7, "username": "Ada"}, "created_at": "2027-01-15T07:59:59Z"}
KICK = {
    "chat.message.sent": (
        KICKED | {"message_id": "m", "content": "hi"},
        ("chat", {"user": "Ada", "text": "hi", "user_id": "7", "message_id": "m", "channel": "kick"}),
    ),
    "moderation.banned": (
        {"banned_user": {"user_id": 7, "username": "Ada"}, "metadata": {"created_at": "2027-01-15T07:59:59Z"}},
        ("chat_delete", {"channel": "kick", "user_id": "7"}),
    ),
    "channel.followed": ({"follower": {"username": "Ada"}}, ("follow", {"user": "Ada"})),
    "channel.subscription.renewal": (
        {"subscriber": {"username": "Ada"}, "duration": 3}, ("subscription", {"user": "Ada", "months": 3}),
    ),
    "channel.subscription.gifts": (
        {"gifter": {"username": None, "is_anonymous": True}, "giftees": [{"username": "Bo"}, {"username": "Cy"}]},
        ("gift", {"user": "Anonymous", "anonymous": True, "count": 2, "recipients": ["Bo", "Cy"]}),
    ),
    "kicks.gifted": (
        KICKED | {"gift": {"amount": 500, "message": "w"}}, ("cheer", {"user": "Ada", "bits": 500, "text": "w"}),
    ),
    "channel.reward.redemption.updated": (
        {"id": "r", "status": "pending", "redeemed_at": "2027-01-15T07:59:59.323Z", "redeemer": {"username": "Ada"},
         "reward": {"title": "Hydrate", "cost": 50}, "user_input": "now"},
        ("redemption", {"user": "Ada", "title": "Hydrate", "cost": 50, "text": "now"}),
    ),
    "livestream.status.updated": ({"is_live": True, "title": "T"}, ("stream", {"online": True, "title": "T"})),
}  # fmt: skip


@pytest.mark.parametrize("kind", KICK)
def test_an_event_of_kick_becomes_the_expected_event(kind):
    body, expected = KICK[kind]
    saved = f"Kick-Event-Type: {kind}\r\n\r\n".encode() + json.dumps(body).encode()
    assert [said(message) for message in webhook.try_message(configured("kick"), "hook", saved)] == [expected]


@pytest.mark.parametrize(("status", "shown"), [("pending", 1), ("accepted", 1), ("rejected", 0)])
def test_a_redemption_of_kick_is_shown_unless_it_is_rejected(status, shown):
    """One of a reward that skips the queue is never pending. An accepted one has the identity of the pending one."""
    kind = "channel.reward.redemption.updated"
    body = json.dumps(KICK[kind][0] | {"status": status}).encode()
    messages = webhook.try_message(configured("kick"), "hook", f"Kick-Event-Type: {kind}\n\n".encode() + body)
    assert [message.identity for message in messages] == ["redemption/r"] * shown


def test_a_delivery_of_kick_is_of_the_own_channel():
    """Kick signs for all channels with one key: the owner of another channel can pass on its deliveries."""
    preset, secret, headers, body, now_s = VECTORS["kick"]
    request = SourceRequest("", {}, headers | {"kick-event-type": "channel.followed"}, body, now_s * 1000.0, "hook")
    (message,) = webhook.receive(request, configured(preset), lambda: secret, b"").messages
    assert said(message) == ("follow", {"user": "Ada"})
    with pytest.raises(Forbidden, match="the channel 'ada-plays', expected 'bo-plays'"):
        webhook.receive(request, configured(preset, channel="bo-plays"), lambda: secret, b"")


def test_an_event_of_kick_that_another_application_passes_on_is_the_same_event(monkeypatch):
    """Kick delivers the events of a channel to each application that asks, signed, with an identity of its own."""
    proofs = iter([signature.Proof("own"), signature.Proof("of another application")])
    monkeypatch.setattr(signature, "verify", lambda *_: next(proofs))
    request = SourceRequest("", {}, {"kick-event-type": "channel.followed"}, KICK_BODY, NOW_S * 1000.0, "hook")
    first, again = (webhook.receive(request, configured("kick"), lambda: "", b"").messages[0] for _ in range(2))
    assert first.identity == again.identity


@pytest.mark.parametrize(("kind", "late_s", "taken"), [
    ("chat.message.sent", 299, 1), ("chat.message.sent", 301, 0), ("channel.followed", 1_100, 1),
])  # fmt: skip
def test_a_late_chat_message_is_not_taken(kind, late_s, taken, monkeypatch):
    """Its identity is kept for a shorter time than its signature is valid; that of a follow is in the log."""
    monkeypatch.setattr(signature, "verify", lambda *_: signature.Proof("d", (NOW_S - late_s) * 1000.0))
    body = json.dumps(KICK[kind][0] | {"broadcaster": {"channel_slug": "ada-plays"}}).encode()
    request = SourceRequest("", {}, {"kick-event-type": kind}, body, NOW_S * 1000.0, "hook")
    assert len(webhook.receive(request, configured("kick"), lambda: "", b"").messages) == taken


@pytest.mark.parametrize("kind", KICK)
def test_an_event_of_kick_with_the_type_of_another_is_no_event(kind):
    """The type is not signed: an application that has a delivery can pass it on as another one, before ours comes."""
    alike = {"channel.subscription.new", "channel.subscription.renewal"}
    body = json.dumps(KICK[kind][0]).encode()
    for other in {*KICK, *alike} - {kind} - (alike if kind in alike else set()):
        with suppress(Private):
            saved = f"Kick-Event-Type: {other}\n\n".encode() + body
            assert webhook.try_message(configured("kick"), "hook", saved) == []


def test_an_own_rule_for_another_type_of_kick_does_not_take_the_identity_of_an_event(monkeypatch):
    monkeypatch.setattr(signature, "verify", lambda *_: signature.Proof("d"))
    kinds = {"channel.followed": "'follow'", "livestream.metadata.updated": "'raid'"}
    rules = [{"when": f"header.\"kick-event-type\" == '{kind}'", "event": {"type": type_, "user": "follower.username"}}
             for kind, type_ in kinds.items()]  # fmt: skip
    own = configured("kick", map=rules)
    requests = [SourceRequest("", {}, {"kick-event-type": kind}, KICK_BODY, 0.0, "hook") for kind in kinds]
    ids = [msgspec.msgpack.decode(webhook.receive(request, own, lambda: "", b"").messages[0].body, type=Submission).id
           for request in requests]  # fmt: skip
    assert len(set(ids)) == 2


@pytest.mark.parametrize("body", [{}, [], 1, {"broadcaster": None}, {"broadcaster": {"channel_slug": 7}}])
def test_a_delivery_of_kick_without_a_channel_is_refused(body, monkeypatch):
    monkeypatch.setattr(signature, "verify", lambda *_: signature.Proof("d"))
    request = SourceRequest("", {}, {}, json.dumps(body).encode(), 0.0, "hook")
    with pytest.raises(Forbidden, match="channel"):
        webhook.receive(request, configured("kick"), lambda: "", b"")


RAID = {"from_broadcaster_user_name": "Ada", "to_broadcaster_user_name": "Bo", "viewers": 9}
EVENTSUB = "\n".join([
    "Twitch-Eventsub-Message-Type: notification",
    "Twitch-Eventsub-Subscription-Type: channel.raid",
    "Twitch-Eventsub-Subscription-Version: 1",
    "",
    json.dumps({"subscription": {"type": "channel.raid", "version": "1"}, "event": RAID}),
])  # fmt: skip
TRIED = {
    "the form of Ko-fi": ("kofi", form("data", KOFI), ["tip"]),
    "its form with a header": (
        "kofi",
        f"Content-Type: {FORM['content_type']}\n\n".encode() + form("data", KOFI),
        ["tip"],
    ),
    "its JSON": ("kofi", json.dumps(KOFI).encode(), ["tip"]),
    "EventSub": ("twitch", EVENTSUB.encode(), ["twitch_eventsub"]),
}


@pytest.mark.parametrize("case", TRIED)
def test_a_saved_request_can_be_tried_as_the_platform_posts_it(case):
    preset, saved, expected = TRIED[case]
    messages = webhook.try_message(configured(preset), "hook", saved)
    assert [said(message)[0] if message.kind == "event" else message.kind for message in messages] == expected


def test_a_recorded_request_of_patreon_with_another_event_is_the_same_delivery():
    body = json.dumps(PATREON).encode()
    first, again = (
        deliver("patreon", signed("patreon", body, **{"x-patreon-event": event}), body).messages
        for event in ("members:create", "members:pledge:create")
    )
    assert first[0].identity == again[0].identity


def test_a_checkout_of_stripe_that_is_told_in_two_events_is_one_tip():
    told = [
        STRIPE,
        STRIPE | {"id": "evt_2"},
        STRIPE | {"id": "evt_3", "type": "checkout.session.async_payment_succeeded"},
    ]
    bodies = [json.dumps(body).encode() for body in told]
    identities = [deliver("stripe", signed("stripe", body), body).messages[0].identity for body in bodies]
    assert identities == ["tip/cs_1"] * 3


def test_a_patron_whom_patreon_tells_by_two_events_is_shown_once_for_each_charge():
    def identity(event, **changes):
        body = json.dumps(patron(**changes)).encode()
        return deliver("patreon", signed("patreon", body, **{"x-patreon-event": event}), body).messages[0].identity

    first = identity("members:create", last_charge_date="2027-01-15T07:59:58Z", lifetime_support_cents=0)
    again = identity("members:pledge:create", last_charge_date="2027-01-15T07:59:58Z", lifetime_support_cents=500)
    later = identity("members:pledge:create", last_charge_date="2027-03-15T07:59:58Z", lifetime_support_cents=1_000)
    assert first == again != later


@pytest.mark.parametrize("preset", ["kofi", "stripe", "patreon"])
def test_private_fields_are_never_stored(preset):
    body = {"kofi": form("data", KOFI), "stripe": json.dumps(STRIPE).encode(), "patreon": json.dumps(PATREON).encode()}[
        preset
    ]
    headers = signed(preset, body, **{"x-patreon-event": "members:create", "content-type": webhook.FORM})
    if preset != "kofi":
        headers.pop("content-type")
    messages = deliver(preset, headers, body).messages
    assert messages
    for private in (b"example.com", b"Lovelace", b"1 Lane"):
        assert all(private not in message.body for message in messages)


def test_after_a_failed_rule_no_part_of_the_body_is_kept():
    rule = {"event": {"type": "'tip'", "user": "who", "amount": "divide(mail, `1`)"}}
    body = b'{"who": "Ada", "mail": "ada@example.com"}'
    with pytest.raises(Private) as error:
        deliver("token", signed("token", body), body, map=[rule])
    assert "ada@example.com" not in str(error.value)


def test_the_challenge_of_twitch_is_answered_and_notifications_are_read():
    head = {"twitch-eventsub-message-type": "webhook_callback_verification"}
    body = b'{"challenge": "pogchamp-kappa", "subscription": {}}'
    taken = deliver("twitch", signed("twitch", body) | head, body)
    assert (taken.status, taken.body, taken.content_type, taken.messages) == (200, b"pogchamp-kappa", "text/plain", [])
    event = {
        "from_broadcaster_user_name": "Ada",
        "from_broadcaster_user_login": "ada",
        "from_broadcaster_user_id": "1",
        "to_broadcaster_user_id": "2",
        "to_broadcaster_user_login": "b",
        "to_broadcaster_user_name": "B",
        "viewers": 9,
    }
    body = json.dumps(
        {"subscription": {"type": "channel.raid", "version": "1", "condition": {}}, "event": event}
    ).encode()
    head = {"twitch-eventsub-message-type": "notification", "twitch-eventsub-subscription-type": "channel.raid",
            "twitch-eventsub-subscription-version": "1"}  # fmt: skip
    (message,) = deliver("twitch", signed("twitch", body) | head, body).messages
    (event,) = twitch_eventsub.normalize(RawItem(1, 1, message.kind, message.body, NOW_S * 1000.0), "p", 1)
    assert (event.type, event.dedupe_key, message.identity) == ("raid", "d-1", "d-1")
    assert (
        deliver("twitch", signed("twitch", b"{}") | {"twitch-eventsub-message-type": "revocation"}, b"{}").messages
        == []
    )
    for bad in (b"[]", b'{"challenge": 5}'):
        with pytest.raises(BadInput):
            deliver(
                "twitch", signed("twitch", bad) | {"twitch-eventsub-message-type": "webhook_callback_verification"}, bad
            )


@pytest.mark.parametrize(
    ("preset", "body", "content_type"),
    [
        ("github", b"not JSON", ""),
        ("github", b"\xff", ""),
        ("github", b"[" * 100_000, ""),
        ("github", b"payload=%ff", webhook.FORM),
        ("github", b"other=1", webhook.FORM),
        ("github", b"a=1&" * 30, webhook.FORM),
        ("kofi", b"data=[]", webhook.FORM),
        ("kofi", b"data=%7B%22verification_token%22%3A5%7D", webhook.FORM),
        ("kofi", b"data=1", ""),
        ("kofi", b"", ""),
    ],
)
def test_an_unreadable_body_is_refused_and_is_a_wrong_token_where_it_should_have_the_token(preset, body, content_type):
    with pytest.raises(Forbidden if preset == "kofi" else BadInput):
        deliver(preset, signed(preset, body, **{"content-type": content_type}), body)


def test_a_long_body_is_not_read_before_its_sender_is_known():
    body = form("data", KOFI | {"message": "x" * 70_000})
    with pytest.raises(Forbidden, match="expected at most 32768"):
        deliver("kofi", signed("kofi", body, **{"content-type": webhook.FORM}), body)


@pytest.mark.parametrize(
    ("preset", "secret"),
    [
        ("standard", "whsec_***"),
        ("standard", "\u00fc"),
        ("kick", "\u00fc"),
        ("kick", ""),
        ("kick", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
        ("kick", "MAYCAQMCAQM="),
    ],
)
def test_a_malformed_secret_is_reported(preset, secret):
    scheme = PRESETS[preset].scheme
    headers = {scheme.signature: f"{scheme.prefix}AAAA", scheme.id: "d", scheme.time: str(NOW_S)}
    with pytest.raises(Refused, match=r"secret|bits"):
        signature.verify(scheme, headers, b"{}", secret, NOW_S * 1000, None)


REFUSED_SETTINGS = [
    ({}, "either `preset` or `verify`"),
    ({"preset": "github", "verify": {"signature": "x-s"}}, "either `preset` or `verify`"),
    ({"preset": "gitlab"}, "preset"),
    ({"preset": "standard"}, "map is missing"),
    ({"preset": "twitch", "map": [RULE]}, "no rules"),
    ({"verify": {"signature": "X-Upper"}, "map": [RULE]}, "signature"),
    ({"verify": {"signed": "{body}"}, "map": [RULE]}, "`signature` is missing"),
    ({"verify": {"signature": "x", "signed": "{time}.{body}"}, "map": [RULE]}, "must name their headers"),
    ({"verify": {"signature": "x", "algorithm": "rsa-sha256"}, "map": [RULE]}, "belong together"),
    ({"verify": {"algorithm": "token"}, "map": [RULE]}, "either"),
    ({"preset": "github", "map": [{"event": {"user": "x"}}]}, "no `type`"),
    ({"preset": "kick"}, "channel is missing"),
    ({"preset": "github", "channel": "ada"}, "only `kick`"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "text"), REFUSED_SETTINGS)
def test_unusable_settings_are_refused(tree, text):
    with pytest.raises(ConfigError, match=text):
        spec.settings_of("hook", {"kind": "webhook"} | tree)


def test_a_custom_signature_scheme_is_verified():
    body = b'{"who": "Ada"}'
    scheme = {"signature": "x-proof", "algorithm": "sha1", "prefix": "sha1=", "id": "x-id"}
    own = spec.settings_of("hook", {"kind": "webhook", "verify": scheme, "map": [RULE]})
    proof = hmac.new(b"k", body, hashlib.sha1).hexdigest()
    request = SourceRequest("", {}, {"x-proof": f"sha1={proof}", "x-id": "7"}, body, 0.0, "hook")
    (message,) = webhook.receive(request, own, lambda: "k", b"").messages
    assert said(message) == ("follow", {"user": "Ada"})


def test_a_recorded_request_of_a_custom_scheme_with_another_identity_that_is_not_signed_is_the_same_delivery():
    body = b'{"who": "Ada"}'
    own = spec.settings_of("hook", {"kind": "webhook", "verify": {"signature": "x-proof", "id": "x-id"}, "map": [RULE]})
    proof = hmac.new(b"k", body, hashlib.sha256).hexdigest()
    requests = [SourceRequest("", {}, {"x-proof": proof, "x-id": id_}, body, 0.0, "hook") for id_ in ("7", "8")]
    first, again = (webhook.receive(request, own, lambda: "k", b"").messages[0] for request in requests)
    assert first.identity == again.identity


HEADERS = ["content-type", *(name for row in PRESETS.values() for name in (row.scheme.signature, row.scheme.id))]


@given(
    st.sampled_from(sorted(PRESETS)), st.binary(max_size=200),
    st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=80)),
)  # fmt: skip
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_unsigned_input_is_refused(preset, body, headers):
    key = PUBLIC_KEY if preset == "kick" else secret_of(preset)
    request = SourceRequest("", {}, headers, body, NOW_S * 1000.0, "hook")
    with pytest.raises(Forbidden):  # other errors are quarantined
        webhook.receive(request, configured(preset), lambda: key, b"")


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_key_or_refused(data):
    with suppress(Refused):
        modulus, exponent = signature.rsa_key(base64.b64encode(data).decode())
        assert modulus > exponent


def test_the_ingest_answers_repetitions_forgeries_and_malformed_requests():
    body = form("data", KOFI)
    with Actors('sources.tips.kind="webhook"', 'sources.tips.preset="kofi"',
                'sources.hub.kind="webhook"', 'sources.hub.preset="github"') as actors:  # fmt: skip
        for name in ("tips", "hub"):
            secrets.Secrets(actors.run_dir).set(name, SECRET)
        actors.start(*CORE)
        headers = {"Content-Type": webhook.FORM}
        for _ in range(3):
            assert actors.request("POST", "/webhook/tips", body, headers)[0] == 200
        actors.kill("ingest")
        actors.start("ingest")
        actors.flow()  # a quarantined body is sent once: the normalizer must be connected
        assert actors.request("POST", "/webhook/tips", body, headers)[0] == 200  # its memory was lost with the process
        forged = form("data", KOFI | {"verification_token": "x", "message_id": "forged"})
        assert actors.request("POST", "/webhook/tips", forged, headers)[0] == 401
        broken = b'{"action": "created", "sender": {"login": [5], "email": "ada@example.com"}}'
        proven = signed("github", broken, **{"x-github-event": "star"})
        assert actors.request("POST", "/webhook/hub", broken, proven)[0] == 400
        star = b'{"action": "created", "sender": {"login": "ada"}}'
        proven = signed("github", star, **{"x-github-event": "star"})
        assert actors.request("POST", "/webhook/hub", star, proven)[0] == 200
        assert actors.request("POST", "/webhook/hub", star, proven | {"x-hub-signature-256": "\u00ff"})[0] == 401
        assert actors.request("POST", "/webhook/hub", star, proven | {"x-hub-signature-256": "0" * 10_000})[0] == 401
        with pytest.raises(http.client.RemoteDisconnected):  # above the limit of a header
            actors.request("POST", "/webhook/hub", star, proven | {"x-hub-signature-256": "0" * 20_000})
        assert actors.request("GET", "/webhook/hub")[0] == 405
        assert twice(actors.ingest_port, star, proven) == 401
        for path in (
            "/webhook/../tips",
            "/webhook/%2e%2e/tips",
            "/webhook/tips%00",
            "/webhook//tips",
            "/webhook/",
            "/gsi/tips",
        ):
            assert actors.request("POST", path, body, headers)[0] == 404, path
        eventually(lambda: len(actors.logged()) >= 2, 10)
        assert [(event.type, event.source) for event in actors.logged()] == [("tip", "tips"), ("follow", "hub")]
        assert actors.logged()[0].ts_source_ms == (NOW_S - 2) * 1000
        eventually(lambda: quarantined(actors), 10)
        (told,) = quarantined(actors)
        assert "map[0].event" in told["reason"]
        assert all(b"example.com" not in file.read_bytes() for file in actors.run_dir.rglob("*") if file.is_file())


def quarantined(actors):
    reader = LogReader(actors.run_dir)
    try:
        return reader.quarantine(10)
    finally:
        reader.close()


def twice(port, body, headers):
    """Return the status of a request that has its signature twice."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10 * SLOWNESS)
    connection.putrequest("POST", "/webhook/hub")
    for name, value in (*headers.items(), ("x-hub-signature-256", "sha256=00"), ("content-length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_state_says_what_is_missing_until_a_delivery_is_accepted():
    def state():
        row = report(actors, "hub", "ingest")
        return row.get("state"), row.get("detail")

    star = b'{"action": "created", "sender": {"login": "ada"}}'
    proven = signed("github", star, **{"x-github-event": "star"})
    with Actors('sources.hub.kind="webhook"', 'sources.hub.preset="github"') as actors:
        actors.start(*CORE)
        missing = "The secret 'hub' is not set; set it: ./supervisor.py secret set hub"
        eventually(lambda: state() == ("refused", missing), 10)
        secrets.Secrets(actors.run_dir).set("hub", "another one")
        eventually(lambda: state() == ("waiting", ""), 10)
        assert actors.request("POST", "/webhook/hub", star, proven)[0] == 401
        eventually(lambda: "the last request was refused: The signature" in state()[1], 10)
        secrets.Secrets(actors.run_dir).set("hub", SECRET)
        assert actors.request("POST", "/webhook/hub", star, proven)[0] == 200
        eventually(lambda: state() == ("live", ""), 10)


@pytest.mark.parametrize("content", ["", "\n", " \n"])
def test_an_empty_secret_authenticates_no_sender(tmp_path, content):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "hook").write_text(content)
    with pytest.raises(secrets.MissingSecret, match="is empty"):
        secrets.Secrets(tmp_path).get("hook")
