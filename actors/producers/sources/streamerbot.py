"""Streamer.bot on this machine: it passes on the events of Twitch, YouTube, Kick and most tip services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from actors import program
from actors.adapters import mapping
from actors.adapters.mapping import MappingRule
from actors.adapters.streamerbot_rules import EVENTS, RULES
from actors.core.sources import obs
from actors.errors import BadInput
from actors.producers import mapped
from actors.producers.spec import Disconnected, SourceMessage, SourceRefused, SourceSettings, Spec
from actors.section import Url

ANSWER_S: Final = 10.0


class StreamerbotSettings(SourceSettings, frozen=True, kw_only=True):
    """The WebSocket server of Streamer.bot.

    without  platforms whose events are not subscribed to, because another source has them: ["Twitch"]
    events   further events by platform, for example {General = ["Custom"]}
    map      rules for them; they apply before the built-in ones
    """

    url: Url = "ws://127.0.0.1:8080/"
    without: list[str] = []
    events: dict[str, list[str]] = {}
    map: list[MappingRule] = []


SPEC: Final = Spec(
    StreamerbotSettings,
    "Streamer.bot on this machine: Twitch, YouTube, Kick, Ko-fi, Patreon and most tip services.",
    redelivers=False,
    loss="What Streamer.bot sends while the process restarts (a few hundred milliseconds).",
)


def check(settings: StreamerbotSettings) -> None:
    """Raise BadInput unless all rules compile and the platforms exist."""
    mapping.compiled(settings.map)
    unknown = set(settings.without) - set(EVENTS)
    if unknown:
        raise BadInput(f"without: unknown platform {min(unknown)!r}; expected some of {', '.join(EVENTS)}")


def wanted(settings: StreamerbotSettings) -> dict[str, list[str]]:
    """Return the events to subscribe to, by platform."""
    own = {source: types for source, types in EVENTS.items() if source not in settings.without}
    for source, types in settings.events.items():
        own[source] = list(dict.fromkeys([*own.get(source, []), *types]))
    return own


def try_message(settings: StreamerbotSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of one event; raises BadInput."""
    return mapped.messages(_compiled(settings), name, mapped.decoded(data), mapped.digest(data))


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Wait for the hello, authenticate if required, subscribe, and yield the messages of the rules."""
    from actors.producers.web import program_socket

    rules = _compiled(session.settings)
    async with program_socket(session.settings.url, "Streamer.bot") as socket:
        hello = await _answer(socket, "Hello")
        if hello.get("authentication"):
            proof = authentication(session.secret(), hello["authentication"])
            await socket.send(json.dumps({"request": "Authenticate", "id": "auth", "authentication": proof}))
            if (await _answer(socket, "auth")).get("status") != "ok":
                raise SourceRefused(
                    f"Streamer.bot refuses the password; set it: {program.NAME} secret set {session.name}"
                )
        await socket.send(json.dumps({"request": "Subscribe", "id": "events", "events": wanted(session.settings)}))
        answer = await _answer(socket, "events")
        if answer.get("status") != "ok":
            raise Disconnected(f"Streamer.bot refuses the subscription: {str(answer.get('error'))[:200]}")
        session.live()
        while True:
            data = await socket.receive()
            session.alive()
            try:
                found = mapped.messages(rules, session.name, mapped.decoded(data), mapped.digest(data))
            except BadInput as error:
                session.reject(str(error), b"")
                continue
            if not found:
                session.count("ignored")
            for message in found:
                yield message


async def _answer(socket: Any, what: str) -> dict[str, Any]:
    """Return the answer to a request, or the hello; earlier messages are skipped."""
    async with asyncio.timeout(ANSWER_S):
        while True:
            try:
                message = mapped.decoded(await socket.receive())
            except BadInput as error:
                raise Disconnected(f"this is no Streamer.bot: {error}") from error
            if isinstance(message, dict) and what in (message.get("request"), message.get("id")):
                return message


def authentication(password: str, challenge: Any) -> str:
    """Return the response to a challenge, in the scheme of obs-websocket."""
    if not isinstance(challenge, dict) or not all(isinstance(challenge.get(key), str) for key in ("salt", "challenge")):
        raise Disconnected("Streamer.bot's greeting has no salt and challenge")
    return obs.proof(password, challenge["salt"], challenge["challenge"])


def _compiled(settings: StreamerbotSettings) -> mapping.CompiledMap:
    return mapping.compiled([*settings.map, *RULES])
