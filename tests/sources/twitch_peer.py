"""A simulated Twitch on the loopback: EventSub's WebSocket, Helix, the token service, and IRC over WebSocket.

Each runs in a thread. A test scripts their faults; their requests are kept in lists.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from actors.producers.twitch_login import Grant
from actors.producers.twitch_wanted import scopes
from tests.sources.rig import Session

SENT = "2026-11-21T12:00:00.5Z"
GRANT = {
    "access_token": "access-0",
    "refresh_token": "refresh-0",
    "expires_at": 0.0,
    "scopes": [],
    "user_id": "7",
    "login": "den",
    "client_id": "app",
}


class LoggedIn(Session):
    """A session of the source `tw` at these peers."""

    def __init__(self, run_dir: Path, http: Http, events: EventSub, **changes: Any) -> None:
        urls = {"api_url": f"{http.url}/helix", "auth_url": f"{http.url}/oauth2", "websocket_url": events.url}
        super().__init__(run_dir, "tw", {"kind": "twitch", "client_id": "app"} | urls | changes)

    def log_in(self, **changes: Any) -> LoggedIn:
        self.secrets.set("tw", json.dumps(GRANT | {"scopes": scopes()} | changes))
        return self

    @property
    def grant(self) -> Grant:
        return msgspec.json.decode(self.secrets.get("tw"), type=Grant)


class Peer:
    """A WebSocket server in a thread of its own; `serve_one` is one connection."""

    def __init__(self) -> None:
        self.connections: list[ServerConnection] = []
        self.paths: list[str] = []
        self._handlers: set[asyncio.Task[None] | None] = set()
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Any:
        self._thread.start()
        self._server = self.run(self._listen())
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def run(self, work: Awaitable[Any]) -> Any:
        """Run a coroutine in the server's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def serve_one(self, connection: ServerConnection) -> None:
        raise NotImplementedError

    async def _listen(self) -> Server:
        return await serve(self._accept, "127.0.0.1", 0, ping_interval=None, close_timeout=0.5, compression=None)

    async def _accept(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        self.paths.append(connection.request.path)
        self._handlers.add(asyncio.current_task())
        with suppress(ConnectionClosed):
            await self.serve_one(connection)

    async def _end(self) -> None:
        self._server.close()
        for connection in self.connections:
            connection.transport.abort()
        for handler in self._handlers:
            handler.cancel()
        await self._server.wait_closed()


def envelope(kind: str, payload: dict[str, Any], id_: str = "", **metadata: str) -> str:
    return json.dumps(
        {"metadata": {"message_id": id_ or kind, "message_type": kind, "message_timestamp": SENT} | metadata,
         "payload": payload}
    )  # fmt: skip


def notification(type_: str, event: dict[str, Any], id_: str, sent: str = SENT) -> str:
    subscription = {"id": "s", "type": type_, "version": "1", "condition": {}, "cost": 0}
    return envelope(
        "notification", {"subscription": subscription, "event": event}, id_,
        subscription_type=type_, subscription_version="1", message_timestamp=sent,
    )  # fmt: skip


def follow(number: int, id_: str = "", sent: str = SENT) -> str:
    event = {"user_id": str(number), "user_login": f"u{number}", "user_name": f"U{number}", "followed_at": SENT}
    return notification("channel.follow", event, id_ or f"f{number}", sent)


class EventSub(Peer):
    """The WebSocket of EventSub. `script(connection, number)` runs after the welcome."""

    def __init__(self, script: Callable[[ServerConnection, int], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.script = script
        self.keepalive_s: float = 10
        self.keepalives = True
        self.numbers = itertools.count(1)

    async def serve_one(self, connection: ServerConnection) -> None:
        number = next(self.numbers)
        session = {"id": f"session-{number}", "status": "connected", "keepalive_timeout_seconds": self.keepalive_s,
                   "reconnect_url": None}  # fmt: skip
        await connection.send(envelope("session_welcome", {"session": session}))
        if self.script is not None:
            await self.script(connection, number)
        while self.keepalives:
            await connection.send(envelope("session_keepalive", {}))
            await asyncio.sleep(self.keepalive_s / 2)
        await connection.wait_closed()

    def reconnect(self, number: int) -> str:
        url = f"ws://127.0.0.1:{self.port}/ws?moved={number}"
        return envelope("session_reconnect", {"session": {"id": "x", "status": "reconnecting", "reconnect_url": url}})


class Http:
    """Helix and the token service. `answers` maps a path to a function (request) → (status, object)."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.subscribed: list[str] = []
        self.refusals: dict[str, list[tuple[int, str]]] = {}
        self.valid = {"access-0"}
        self.expires_in = 14_000
        self.spent: list[str] = []
        self.renewals = itertools.count(1)
        self.renew: Callable[[Http, str], tuple[int, Any]] = Http.renewed
        self.pending = self.too_fast = 0
        self.badges: dict[str, tuple[int, Any]] = {}
        self.forgets = False  # a token is not valid any more when it was checked once
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Http:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path == "/helix/eventsub/subscriptions":
            return self._subscribe(headers, json.loads(body))
        if path in self.badges:
            self.requests.append((method, path, {}))
            return self.badges[path]
        form = {key: value[0] for key, value in parse_qs(body.decode()).items()}
        self.requests.append((method, path, form))
        if path == "/oauth2/validate":
            return self._validate(headers["authorization"].removeprefix("OAuth "))
        if path == "/oauth2/device":
            return 200, {"device_code": "dev", "user_code": "ABCD-EFGH", "interval": 0.01, "expires_in": 1800,
                         "verification_uri": "https://www.twitch.tv/activate?device-code=ABCDEFGH"}  # fmt: skip
        if path == "/oauth2/token" and form["grant_type"] == "refresh_token":
            self.spent.append(form["refresh_token"])
            return self.renew(self, form["refresh_token"])
        if path == "/oauth2/token":
            if self.too_fast:
                self.too_fast -= 1
                return 400, {"error": "slow_down"}
            self.pending -= 1
            return self.renewed("device") if self.pending < 0 else (400, {"message": "authorization_pending"})
        return 404, {"message": "nothing here"}

    def renewed(self, _spent: str) -> tuple[int, Any]:
        number = next(self.renewals)
        self.valid = {f"access-{number}"}
        return 200, {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 14_000,
                     "scope": ["bits:read"], "token_type": "bearer"}  # fmt: skip

    def _validate(self, token: str) -> tuple[int, Any]:
        if token not in self.valid:
            return 401, {"status": 401, "message": "invalid access token"}
        if self.forgets:
            self.valid, self.forgets = set(), False
        return 200, {"client_id": "app", "login": "den", "scopes": ["bits:read"], "user_id": "7",
                     "expires_in": self.expires_in}  # fmt: skip

    def _subscribe(self, headers: dict[str, str], request: dict[str, Any]) -> tuple[int, Any]:
        self.requests.append(("POST", "/helix/eventsub/subscriptions", request))
        if headers["authorization"].removeprefix("Bearer ") not in self.valid:
            return 401, {"status": 401, "message": "Invalid OAuth token"}
        left = self.refusals.get(request["type"], [])
        if left:
            status, message = left.pop(0) if len(left) > 1 else left[0]
            if status:
                return status, {"status": status, "message": message}
        self.subscribed.append(request["type"])
        return 202, {"data": [{"id": "s", "status": "enabled", "type": request["type"]}]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65_536  # one packet for each answer

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, value = peer.answer(self.command, self.path, headers, body)
                if status == 0:  # cut the connection instead of answering
                    self.close_connection = True
                    return
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class Irc(Peer):
    """Twitch's chat. `script(connection, number)` runs when a connection has joined; `heard`: messages of clients."""

    def __init__(self, script: Callable[[ServerConnection, int], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.script = script
        self.heard: list[str] = []
        self.known: Callable[[str], bool] = lambda _channel: True
        self.numbers = itertools.count(1)

    async def serve_one(self, connection: ServerConnection) -> None:
        number = next(self.numbers)
        background = set()
        async for text in connection:
            for line in str(text).splitlines():
                self.heard.append(line)
                if line.startswith("NICK"):
                    nick = line.split()[1]
                    await connection.send(
                        f":tmi.twitch.tv 001 {nick} :Welcome, GLHF!\r\n:tmi.twitch.tv 376 {nick} :>\r\n"
                    )
                elif line.startswith("JOIN"):
                    for channel in filter(self.known, line.split()[1].split(",")):
                        await connection.send(
                            f":{nick}!{nick}@x JOIN {channel}\r\n:tmi.twitch.tv 366 {nick} {channel} :e\r\n"
                        )
                    if self.script is not None:
                        background.add(asyncio.create_task(self.script(connection, number)))
