"""StreamElements: tips, and the activities of a channel, from its WebSocket gateway (Astro)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from msgspec import Meta

from actors import program
from actors.adapters import mapping
from actors.adapters.mapping import MappingRule
from actors.adapters.streamelements_rules import RULES
from actors.errors import BadInput
from actors.producers import mapped
from actors.producers.spec import Disconnected, SourceMessage, SourceRefused, SourceSettings, Spec
from actors.section import Url

TIPS: Final = "channel.tips"
ACTIVITIES: Final = "channel.activities"
_ACCOUNT: Final = re.compile(r"[0-9a-f]{24}")


class StreamElementsSettings(SourceSettings, frozen=True, kw_only=True):
    """A channel at StreamElements. The secret is its token.

    channel     its id at StreamElements (24 characters), not its name
    activities  whether to include follows, subscriptions, gifts, cheers and raids; false if another source has them
    map         rules that apply before the built-in ones
    """

    channel: Annotated[str, Meta(max_length=64)]
    token_type: Literal["jwt", "oauth2", "apikey"] = "jwt"
    activities: bool = True
    map: list[MappingRule] = []
    url: Url = "wss://astro.streamelements.com"

    def needs(self, name: str) -> str:
        return f"secret set {self.secret or name}"


SPEC: Final = Spec(
    StreamElementsSettings,
    "StreamElements: approved tips, and follows, subscriptions, gifts, cheers and raids.",
    redelivers=False,
    loss="What StreamElements sends while the process restarts (a few hundred milliseconds) or the connection is cut.",
)


def check(settings: StreamElementsSettings) -> None:
    """Raise BadInput unless `channel` is an id, and all rules compile."""
    if not _ACCOUNT.fullmatch(settings.channel):
        raise BadInput(
            f"channel is {settings.channel!r}, expected the Account ID (24 characters 0-9 and a-f), not the name"
        )
    mapping.compiled(settings.map)


def try_message(settings: StreamElementsSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of one WebSocket message; raises BadInput."""
    return mapped.messages(_compiled(settings), name, mapped.decoded(data), mapped.digest(data))


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Subscribe and yield the messages of the rules; move to another server on request."""
    from actors.producers.web import websocket

    rules, token = _compiled(session.settings), ""
    while True:
        url = session.settings.url + (f"/?reconnect_token={quote(token, safe='')}" if token else "")
        async with websocket(url) as socket:
            if token:  # the subscriptions are those of the old connection
                session.live()
            else:
                await _subscribe(session, socket)
            token = ""
            while not token:
                data = await socket.receive()
                session.alive()
                try:
                    body = mapped.decoded(data)
                    token = _control(session, body)
                    found = mapped.messages(rules, session.name, body, mapped.digest(data))
                except BadInput as error:
                    session.reject(str(error), b"")
                    continue
                if not found and body.get("type") == "message":
                    session.count("ignored")
                for message in found:
                    yield message


async def _subscribe(session: Any, socket: Any) -> None:
    settings: StreamElementsSettings = session.settings
    for topic in (TIPS, ACTIVITIES)[: 1 + settings.activities]:
        access = {"token": session.secret(), "token_type": settings.token_type}
        request = {"type": "subscribe", "nonce": topic, "data": {"topic": topic, "room": settings.channel, **access}}
        await socket.send(json.dumps(request))


def _control(session: Any, body: Any) -> str:
    """Handle an answer of the gateway; return the token of a move, else "".

    Raises:
        BadInput: it is not a message of StreamElements.
        SourceRefused: the token is wrong.
        Disconnected: the gateway is not available now.
    """
    if not isinstance(body, dict):
        raise BadInput("Expected a JSON object")
    kind, data = body.get("type"), body.get("data")
    details = data if isinstance(data, dict) else {}
    if kind == "reconnect":
        token = details.get("reconnect_token") or details.get("token")
        if not isinstance(token, str) or not token:
            raise Disconnected("StreamElements asks to connect again")
        return token
    if kind != "response":
        return ""
    topic, error = str(body.get("nonce"))[:40], body.get("error")
    if error == "err_unauthorized":
        raise SourceRefused(
            f"StreamElements refuses the token for {topic}; set another: {program.NAME} secret set {session.name}"
        )
    if error:
        raise Disconnected(f"StreamElements refuses {topic}: {str(error)[:80]} {str(details.get('message'))[:120]}")
    session.live()
    return ""


def _compiled(settings: StreamElementsSettings) -> mapping.CompiledMap:
    return mapping.compiled([*settings.map, *RULES])
