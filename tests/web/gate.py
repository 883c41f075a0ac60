"""A gateway that a test controls. It implements docs/wire.md, and faults on request.

It keeps a log like the real gateway, with resume, gaps and replays. A test can also lose a frame, send one twice,
change the epoch, close with any code, or send nothing. Files and headers are those of the real gateway.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket

from actors.config import GatewaySection
from actors.core.contract.event import Category, Event
from actors.core.contract.frame import Frame, json_event, json_frame
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.metrics import GatewayMetrics
from actors.gateway import media, pages, server
from tests.support import SLOWNESS

TOKEN = "display-token"
BATCH = 200  # events in one frame of a catch-up


def now_ms() -> float:
    return time.time() * 1000


class Gate:
    """The server, in a thread of its own. Every public method may be called from the test's thread."""

    def __init__(self) -> None:
        self.epoch = "e1"
        self.log: list[Event] = []
        self.states: dict[str, Event] = {}
        self.seq = 0
        self.made = 0
        self.sockets: list[Socket] = []
        self.heard: list[dict[str, Any]] = []
        self.connections = 0
        self.refuse_with: int | None = None  # close every hello with this code
        self.build: str | None = None  # None: a gateway that does not name its build
        self.layout: dict[str, Any] | None = None  # None: a gateway that knows no layouts
        self.deaf = False  # answer no hello
        self.command_answer: dict[str, Any] = {}  # additional keys of every result
        self.command_error = ""  # refuse every command with this
        self.applied: dict[str, Any] | None = None  # the settings after a command that applies a change
        self.heartbeat_ms = 2_000
        self.status: dict[str, Any] = {}
        self.files: dict[str, tuple[str, str]] = {}  # pages of a test's own, below /own/: (type, text)
        self.pictures: dict[str, bytes] = {}  # the pictures of the platforms, by HOST/PATH
        self.fetched: list[str] = []
        self.run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10 * SLOWNESS)

    # Actions of a test

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def page(self, query: str = "", token: str = TOKEN) -> str:
        return f"{self.url}/overlay/?{query}#k={token}"

    def event(self, type_: str, payload: dict[str, Any], **fields: Any) -> Event:
        """Make an event as the queue-manager would, with the taxonomy's row. Nothing is sent."""
        row = TAXONOMY[type_]
        self.made += 1
        values: dict[str, Any] = {
            "id": f"t-{self.made}",
            "type": type_,
            "category": row.category,
            "priority": row.priority,
            "ts_ingest_ms": now_ms(),
            "ttl_ms": row.ttl_ms,
            "source": "game",
            "payload": msgspec.Raw(msgspec.msgpack.encode(payload)),
        } | fields
        return Event(**values)

    def commit(self, *events: Event) -> list[Event]:
        """Give critical events their positions and log them, without sending."""
        placed = []
        for event in events:
            if event.category is Category.CRITICAL:
                event = msgspec.structs.replace(event, position=len(self.log) + 1)
                self.log.append(event)
            elif event.category is Category.STATE and event.coalesce_key and event.source != "test":
                self.states[event.coalesce_key] = event
            placed.append(event)
        return placed

    def send(self, *events: Event) -> list[Event]:
        """Commit events and send them as one frame."""
        placed = self.commit(*events)
        self.send_frame(self.frame(placed))
        return placed

    def emit(self, type_: str, payload: dict[str, Any], **fields: Any) -> Event:
        """Send one event in a frame of its own."""
        return self.send(self.event(type_, payload, **fields))[0]

    def frame(self, events: list[Event], replay: bool = False) -> Frame:
        positions = [event.position for event in events if event.position]
        self.seq += 1
        return Frame(
            gen=1,
            epoch=self.epoch,
            seq=0 if replay else self.seq,
            tick_ts_ms=now_ms(),
            top=len(self.log),
            first=min(positions, default=0),
            last=max(positions, default=0),
            events=events,
            replay=replay,
        )

    def send_frame(self, frame: Frame) -> None:
        self._call(lambda: [socket.frame(frame) for socket in self.sockets if socket.live])

    def say(self, fields: dict[str, Any]) -> None:
        """Send a small message to all connections."""
        self._call(lambda: [socket.say(fields) for socket in self.sockets])

    def send_positions(self, message: bytes) -> None:
        """Send packed positions to the overlays that want them."""
        self._call(
            lambda: [one.write_message(message, binary=True) for one in self.sockets if one.live and one.positions]
        )

    def close_all(self, code: int = 4000, reason: str = "") -> None:
        self._call(lambda: [socket.close(code, reason) for socket in list(self.sockets)])

    def abort_all(self) -> None:
        """Cut the lines without a goodbye, as kill -9 does."""
        self._call(
            lambda: [socket.ws_connection.stream.close() for socket in list(self.sockets) if socket.ws_connection]
        )

    def new_epoch(self, name: str) -> None:
        self.epoch, self.log = name, []

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["t"] == kind]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10 * SLOWNESS)
        assert not self._thread.is_alive()
        shutil.rmtree(self.run_dir)

    # The server

    def _call(self, run: Callable[[], object]) -> None:
        done = threading.Event()

        def called() -> None:
            run()
            done.set()

        self._loop.call_soon_threadsafe(called)
        assert done.wait(10 * SLOWNESS)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        listening = tornado.netutil.bind_sockets(0, "127.0.0.1")
        self.port = listening[0].getsockname()[1]
        # The platforms' hosts are a path of this server.
        settings = GatewaySection(port=self.port, emote_origin=f"{self.url}/cdn")
        metrics = GatewayMetrics()
        app = tornado.web.Application(
            [
                ("/ws", Socket, {"gate": self}),
                ("/healthz", Healthz),
                *server.files(self.run_dir, settings, metrics, media.AlertRules(self.run_dir / "overlays")),
                ("/cdn/(.*)", Cdn, {"gate": self}),
                ("/api/(.*)", Api, {"gate": self}),
                ("/own/(.*)", Own, {"gate": self}),
            ],
            **server.options(settings, metrics, logging.getLogger(__name__)),
        )
        http = tornado.httpserver.HTTPServer(app)
        http.add_sockets(listening)
        self._ready.set()
        await self._stopping.wait()
        http.stop()
        for socket in list(self.sockets):
            socket.close(4000)
        await http.close_all_connections()


class Socket(tornado.websocket.WebSocketHandler):
    def initialize(self, gate: Gate) -> None:
        self.gate = gate
        self.live = False
        self.format = "msgpack"
        self.types: frozenset[str] | None = None
        self.positions = False

    def check_origin(self, _origin: str) -> bool:
        return True

    def open(self) -> None:
        self.gate.connections += 1
        self.gate.sockets.append(self)

    def on_close(self) -> None:
        if self in self.gate.sockets:
            self.gate.sockets.remove(self)

    def on_message(self, message: str | bytes) -> None:
        said = json.loads(message)
        self.gate.heard.append(said | {"at_s": time.monotonic()})
        if said["t"] == "hello":
            self._hello(said)
        elif said["t"] == "ping":
            self.say({"t": "pong", "client_ts_ms": said["client_ts_ms"], "server_ts_ms": now_ms()})
        elif said["t"] == "command":
            if said["args"].get("apply") and self.gate.applied is not None:
                self.gate.status["settings"] = self.gate.applied
            error = self.gate.command_error
            outcome = {"ok": False, "error": error} if error else {"ok": True, "accepted": 1} | self.gate.command_answer
            self.say({"t": "result", "id": said["id"]} | outcome)

    def _hello(self, hello: dict[str, Any]) -> None:
        gate = self.gate
        if gate.refuse_with or hello["token"] != TOKEN:
            self.close(gate.refuse_with or 4500, "the token is wrong or was revoked")
            return
        self.live = False
        if gate.deaf:
            return
        self.format, self.positions = hello.get("format", "msgpack"), hello.get("positions", False)
        self.types = frozenset(hello["types"]) if hello.get("types") is not None else None
        resume, top = hello.get("resume"), len(gate.log)
        same = resume is not None and resume["epoch"] == gate.epoch and resume["position"] <= top
        position = resume["position"] if same else top
        states = list(gate.states.values())
        welcome = {
            "t": "welcome",
            "version": 2,
            "epoch": gate.epoch,
            "top": top,
            "position": position,
            "mode": "resume" if same else "snapshot",
            "recovered": resume is None or same,
            "missed": None,
            "heartbeat_ms": gate.heartbeat_ms,
            "server_ts_ms": now_ms(),
            **({} if gate.build is None else {"build": gate.build}),
            **({} if gate.layout is None else {"layout": gate.layout, "layout_error": ""}),
            "state": [json_event(event) for event in states] if self.format == "json" else states,
        }
        self.say(welcome)
        self.live = True
        for at in range(position, top, BATCH):
            self.frame(gate.frame(gate.log[at : at + BATCH], replay=True))

    def frame(self, frame: Frame) -> None:
        if self.types is not None:
            frame = msgspec.structs.replace(frame, events=[e for e in frame.events if e.type in self.types])
        if self.format == "json":
            self.write_message(json.dumps(json_frame(frame)))
        else:
            self.write_message(msgspec.msgpack.encode(frame), binary=True)

    def say(self, fields: dict[str, Any]) -> None:
        if self.format == "json":
            self.write_message(json.dumps(fields))
        else:
            self.write_message(msgspec.msgpack.encode(fields), binary=True)


class Cdn(tornado.web.RequestHandler):
    """The hosts of all platforms."""

    def initialize(self, gate: Gate) -> None:
        self.gate = gate

    def get(self, path: str) -> None:
        self.gate.fetched.append(path)
        if path not in self.gate.pictures:
            raise tornado.web.HTTPError(404)
        self.write(self.gate.pictures[path])


class Healthz(pages.BaseHandler):
    def get(self) -> None:
        self.answer({"ok": True})


class Api(pages.BaseHandler):
    """HTTP requests of the dashboard; the test sets the answers."""

    def initialize(self, gate: Gate) -> None:
        self.gate = gate

    def get(self, what: str) -> None:
        if self.request.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.set_status(401)
            self.answer({"error": "expected the control token"})
            return
        self.answer(self.gate.status.get(what) or {})


class Own(pages.BaseHandler):
    """Files of a test, served with the same checks and headers."""

    def initialize(self, gate: Gate) -> None:
        self.gate = gate

    def get(self, name: str) -> None:
        kind, text = self.gate.files[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(text)
