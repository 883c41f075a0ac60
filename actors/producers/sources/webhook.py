"""Webhooks of platforms: verified, mapped to events, stored before the answer.

    POST /webhook/NAME ──signature──▶ ──rules──▶ events

No part of a body is used before its signature is verified, except a token in the body (Ko-fi).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

import msgspec
from tornado.escape import parse_qs_bytes

from actors.adapters import generic, mapping
from actors.adapters.mapping import MappingRule
from actors.adapters.webhook_presets import PRESETS, Preset
from actors.core.contract.event import Category
from actors.core.contract.payload import Word
from actors.core.sources import signature
from actors.core.sources.signature import Forgery, Proof, Scheme
from actors.errors import BadInput
from actors.producers import mapped
from actors.producers.spec import Forbidden, Private, SourceMessage, SourceRequest, SourceSettings, Spec, Taken

FORM: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 20
# Of a body that has the token: it is read before the sender is known, and a form of 1 MB takes 0.1 s or more.
MAX_TOKEN_BODY_BYTES: Final = 32 << 10

LATE_MS: Final = 300_000.0  # Kick is up to 16 minutes late, and its signatures are valid for 20

_encode = msgspec.msgpack.Encoder().encode


class WebhookSettings(SourceSettings, frozen=True, kw_only=True):
    """A platform that posts webhooks.

    preset   the platform: its signature scheme and its rules
    channel  of `kick`: your channel, as in its address; Kick signs for all channels with one key
    verify   for another platform: its signature scheme (core/sources/signature.py)
    map      rules instead of the preset's own
    """

    preset: Literal["github", "kick", "kofi", "patreon", "standard", "stripe", "svix", "token", "twitch"] | None = None
    channel: Word = ""
    verify: Scheme | None = None
    map: list[MappingRule] = []

    def needs(self, name: str) -> str:
        return f"secret set {self.secret or name}"


SPEC: Final = Spec(
    WebhookSettings,
    "Webhooks of platforms: GitHub, Ko-fi, Patreon, Stripe, Kick, Twitch, Standard Webhooks. Needs a public address.",
    redelivers=True,
    loss="Nothing that the platform sends again (docs/sources/webhook.md); GitHub and Twitch hardly do.",
    path="webhook",
)


def check(settings: WebhookSettings) -> None:
    """Raise BadInput unless the signature scheme and the rules are given."""
    if (settings.preset is None) == (settings.verify is None):
        names = ", ".join(sorted(PRESETS))
        raise BadInput(
            f"Expected either `preset` or `verify`: `preset` for a platform of the list ({names}), "
            '`verify` with its signature scheme for another one. For example: preset = "kofi"'
        )
    scheme = settings.verify
    if scheme is not None:
        if scheme.algorithm == "token" and bool(scheme.field) == bool(scheme.signature):
            raise BadInput("verify: `token` needs either `signature` (a header) or `field` (of the body)")
        if scheme.algorithm != "token" and not scheme.signature:
            raise BadInput("verify: `signature` is missing, the header with the signature")
        if ("{id}" in scheme.signed and not scheme.id) or ("{time}" in scheme.signed and not scheme.time):
            raise BadInput(f"verify: {scheme.signed} is signed, so `id` and `time` must name their headers")
        if (scheme.algorithm == "rsa-sha256") != (scheme.key == "pem"):
            raise BadInput('verify: `algorithm = "rsa-sha256"` and `key = "pem"` belong together')
    preset = _preset(settings)
    if preset.channel and not settings.channel:
        raise BadInput('channel is missing: your channel, as in its address; for example: channel = "your_channel"')
    if settings.channel and not preset.channel:
        raise BadInput("channel: only `kick` has it")
    if preset.twitch and settings.map:
        raise BadInput('map: the messages of Twitch are those of EventSub; `preset = "twitch"` has no rules')
    if not preset.twitch and not (settings.map or preset.rules):
        raise BadInput("map is missing: the rules that map messages to events")
    mapping.compiled(settings.map)


def receive(request: SourceRequest, settings: WebhookSettings, secret: Callable[[], str], state: bytes) -> Taken:
    """Return the events of one delivery.

    Raises:
        Forbidden: the signature is missing or wrong, or the body that should have the token cannot be read.
        BadInput: the body is not one of this platform, or a rule fails on it.
    """
    del state
    preset = _preset(settings)
    in_body = bool(preset.scheme.field)
    try:
        body = _token_body(request, preset) if in_body else None
    except BadInput as error:  # not quarantined: anyone can send it, and would evict what platforms have sent
        raise Forbidden(f"The body cannot be read, so it has no token: {error}") from error
    try:
        proof = signature.verify(preset.scheme, request.headers, request.body, secret(), request.now_ms, body)
    except Forgery as error:
        raise Forbidden(str(error)) from error
    if preset.twitch:
        return _twitch(request, proof)
    body = body if in_body else _body(request, preset)
    if preset.channel:
        _require_channel(settings.channel, preset.channel, body)
    return Taken(_timely(_messages(settings, preset, request, proof, body), proof, request.now_ms))


def _timely(messages: list[SourceMessage], proof: Proof, now_ms: float) -> list[SourceMessage]:
    """Return the messages that are not late, and those that are critical.

    The log keeps the identity of a critical message for days. That of a chat message is kept for 15 minutes, until the
    next start at most. A signature can be valid for longer: the message could be sent again after a ban of its author.
    """
    if proof.time_ms is None or now_ms - proof.time_ms <= LATE_MS:
        return messages
    return [message for message in messages if generic.category(message.body) is Category.CRITICAL]


def try_message(settings: WebhookSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of a body: JSON, or the form of the platform. It may have headers before it."""
    preset = _preset(settings)
    headers, body = _file(data)
    if preset.form and body.startswith(f"{preset.form}=".encode()):
        headers.setdefault("content-type", FORM)
    request = SourceRequest("", {}, headers, body, 0.0, name)
    if preset.twitch:
        return list(_twitch(request, Proof()).messages)
    return _messages(settings, preset, request, Proof(), _body(request, preset))


def _preset(settings: WebhookSettings) -> Preset:
    if settings.preset is not None:
        return PRESETS[settings.preset]
    assert settings.verify is not None, "check() has made sure of it"
    return Preset(settings.verify)


def _require_channel(channel: str, path: tuple[str, ...], body: Any) -> None:
    """Raise Forbidden unless the delivery is of our channel: those of other channels are signed, too."""
    for part in path:
        body = body.get(part) if isinstance(body, dict) else None
    if not isinstance(body, str) or body.casefold() != channel.casefold():
        raise Forbidden(f"The delivery is of the channel {str(body)[:80]!a}, expected {channel!a}")


def _messages(
    settings: WebhookSettings, preset: Preset, request: SourceRequest, proof: Proof, body: Any
) -> list[SourceMessage]:
    rules = _compiled(tuple(_encode(rule) for rule in (settings.map or preset.rules)))
    seen = {"header": dict(request.headers), "query": dict(request.query)}
    delivery = ("" if preset.channel else proof.identity) or mapped.digest(request.body)
    return mapped.messages(rules, request.name, body, delivery, seen)


def _token_body(request: SourceRequest, preset: Preset) -> Any:
    if len(request.body) > MAX_TOKEN_BODY_BYTES:
        raise Private(f"The body has {len(request.body)} bytes, expected at most {MAX_TOKEN_BODY_BYTES}")
    return _body(request, preset)


def _body(request: SourceRequest, preset: Preset) -> Any:
    """Return the JSON of a request, which a form may hold in a field."""
    data: str | bytes = request.body
    if preset.form and request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        try:
            form = parse_qs_bytes(request.body, max_num_fields=MAX_FIELDS)  # a fifth of the time of urllib's
        except ValueError as error:
            raise Private(f"Expected a form of at most {MAX_FIELDS} fields") from error
        if preset.form not in form:
            raise Private(f"The form has no field {preset.form!r}")
        data = form[preset.form][0]
    return mapped.decoded(data)


def _file(data: bytes) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a saved message: `Name: value` lines and an empty line may stand before the body."""
    head, found, rest = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    if data.lstrip()[:1] in (b"{", b"[") or not found:
        return {}, data.strip()
    lines = (line.decode("latin-1").partition(":") for line in head.split(b"\n"))
    return {name.strip().lower(): value.strip() for name, _, value in lines}, rest.strip()


def _twitch(request: SourceRequest, proof: Proof) -> Taken:
    """Answer the challenge of a new subscription; a notification is one of EventSub over WebSocket."""
    headers = {name: request.headers.get(f"twitch-eventsub-{name}", "") for name in (
        "message-type", "subscription-type", "subscription-version", "message-timestamp")}  # fmt: skip
    kind = headers["message-type"]
    body = mapped.decoded(request.body)
    if not isinstance(body, dict):
        raise BadInput("Expected a JSON object of EventSub")
    if kind == "webhook_callback_verification":
        challenge = body.get("challenge")
        if not isinstance(challenge, str):
            raise BadInput("Expected a challenge of text - at `$.challenge`")
        return Taken(body=challenge[:1_000].encode(), content_type="text/plain")
    if kind != "notification":
        return Taken()
    metadata = {name.replace("-", "_"): value for name, value in headers.items()} | {"message_id": proof.identity}
    frame = json.dumps({"metadata": metadata, "payload": body}).encode()
    return Taken([SourceMessage(frame, "twitch_eventsub", proof.identity, proof.time_ms)])


_rule = msgspec.msgpack.Decoder(MappingRule)


@cache
def _compiled(rules: tuple[bytes, ...]) -> mapping.CompiledMap:
    return mapping.compiled([_rule.decode(rule) for rule in rules])
