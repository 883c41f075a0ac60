"""Any server that sends JSON over WebSocket: rules of the configuration map its messages (adapters/mapping.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.adapters import mapping
from actors.adapters.mapping import MappingRule
from actors.core.secrecy import shown_url
from actors.errors import BadInput
from actors.producers import mapped
from actors.producers.spec import SourceMessage, SourceSettings, Spec
from actors.section import Seconds, Url

EXCERPT_BYTES: Final = 500

_encode = msgspec.msgpack.Encoder().encode


class WebSocketSettings(SourceSettings, frozen=True, kw_only=True):
    """A WebSocket server. `{secret}` in `url`, `headers` and `subscribe` is replaced by the secret.

    subscribe    messages that are sent after the connection is open
    map          rules: each message becomes the events of every rule that applies
    ping_s       pause between pings; a server that does not answer for as long again is disconnected
    """

    url: Url
    subscribe: list[Annotated[str, Meta(max_length=10_000)]] = []
    headers: dict[str, Annotated[str, Meta(max_length=2_000)]] = {}
    map: list[MappingRule] = []
    ping_s: Seconds = 20.0

    def needs(self, name: str) -> str:
        texts = (self.url, *self.subscribe, *self.headers.values())
        return f"secret set {self.secret or name}" if any("{secret}" in text for text in texts) else ""


SPEC: Final = Spec(
    WebSocketSettings,
    "Any JSON over WebSocket, mapped to events by rules of the configuration.",
    redelivers=False,
    loss="What the server sends while the process restarts (a few hundred milliseconds) or the connection is cut.",
)


def check(settings: WebSocketSettings) -> None:
    """Raise BadInput unless all rules compile."""
    mapping.compiled(settings.map)
    if not settings.url.startswith(("ws://", "wss://")):
        raise BadInput(f"url is {shown_url(settings.url)}, expected ws://… or wss://…")


def try_message(settings: WebSocketSettings, name: str, data: bytes) -> list[SourceMessage]:
    """Return the messages of one WebSocket message; raises BadInput as `decode` does."""
    return decode(mapping.compiled(settings.map), name, data)


def decode(
    rules: mapping.CompiledMap, name: str, data: str | bytes, reject: Callable[[BadInput], None] | None = None
) -> list[SourceMessage]:
    """Return the messages of one WebSocket message; `reject` is called with the error of each item that fails.

    Raises:
        BadInput: it is not JSON, or a rule fails on it.
    """
    body = mapped.decoded(data)
    return [
        SourceMessage(_encode(submission), "event", f"{submission.type}/{submission.id}" if submission.id else "",
                submission.ts_source_ms)
        for submission in mapping.submissions(rules, body, name, reject=reject)
    ]  # fmt: skip


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Connect, subscribe, and yield the messages of the rules."""
    from actors.producers.web import websocket

    settings: WebSocketSettings = session.settings
    rules = mapping.compiled(settings.map)

    def fill(text: str) -> str:
        return text.replace("{secret}", session.secret()) if "{secret}" in text else text

    headers = {name: fill(value) for name, value in settings.headers.items()}
    async with websocket(fill(settings.url), headers, ping_s=settings.ping_s) as socket:
        for text in settings.subscribe:
            await socket.send(fill(text))
        session.live()
        while True:
            data = await socket.receive()
            session.alive()
            body = data.encode() if isinstance(data, str) else data
            failures: list[BadInput] = []
            try:
                messages = decode(rules, session.name, data, failures.append)
            except BadInput as error:
                messages, failures = [], [error]
            for failure in failures:
                session.reject(str(failure), body)
            if not messages and not failures:
                session.count("ignored")
            for message in messages:
                yield message
