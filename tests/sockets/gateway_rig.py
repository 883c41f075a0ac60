"""A real gateway process with a broadcaster and a log of the test, and overlays that implement the protocol."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import websockets.sync.client
import zmq
from websockets.exceptions import ConnectionClosed

from actors import config, interfaces, tokens, wire
from actors.core.contract.event import Category, Event, Raw
from actors.core.contract.frame import Frame
from actors.core.queue.sequencer import Entry
from actors.stores.log import Log
from bench.ports import free_ports
from tests.support import SLOWNESS, eventually

ROOT = Path(__file__).resolve().parents[2]
encode = msgspec.msgpack.Encoder().encode


def critical(position: int, type_: str = "kill", size: int = 20) -> Event:
    return Event(
        id=f"p/{position}", type=type_, category=Category.CRITICAL, priority=9, ts_ingest_ms=time.time() * 1000,
        ttl_ms=30_000, source="game", payload=Raw(encode({"n": position, "text": "x" * size})),
        ts_queued_ms=time.time() * 1000, position=position,
    )  # fmt: skip


def loose(name: str, category: str = "cosmetic", type_: str = "hit", size: int = 20, key: str | None = None) -> Event:
    return Event(
        id=name, type=type_, category=Category(category), priority=5, ts_ingest_ms=time.time() * 1000, ttl_ms=1_000,
        source="game", payload=Raw(encode({"name": name, "text": "x" * size})), ts_queued_ms=time.time() * 1000,
        coalesce_key=key,
    )  # fmt: skip


class Rig:
    """The environment of one gateway; `close` removes it completely."""

    def __init__(self, *overrides: str, start: bool = True, with_log: bool = True) -> None:
        self.run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
        self.port, unused = free_ports(2)
        ports = [f"gateway.port={self.port}", f"ingest.port={unused}"]
        self.settings = config.load(None, [*ports, *overrides])
        (self.run_dir / config.SETTINGS_FILE).write_bytes(config.encode(self.settings))
        self.tokens = tokens.load_or_create(self.run_dir)
        self.context: zmq.Context[Any] = zmq.Context()
        self.bus = wire.Bus(self.run_dir, self.context)
        self.pubs = {lane: self.bus.bind(zmq.PUB, interfaces.frames_link(lane)) for lane in interfaces.LANES}
        self.log: Log | None = None
        self.seq = 0
        self.top = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: list[Client] = []
        self.lines: list[dict[str, Any]] = []
        self.stderr_path = self.run_dir / "gateway.stderr"
        if with_log:
            self.open_log()
        if start:
            try:
                self.start()
            except BaseException:
                self.close()  # the test does not have it yet
                raise

    def open_log(self) -> None:
        queue = self.settings.queue
        self.log = Log(self.run_dir, queue.log_keep_s, queue.log_max_bytes, queue.identity_s, queue.quarantine_rows)
        self.gen, self.epoch, self.top = (
            self.log.recovered.head.gen, self.log.recovered.head.epoch, self.log.recovered.head.top,
        )  # fmt: skip

    # The gateway

    def start(self, wait: bool = True, name: str = "gateway-1") -> None:
        self.lines.clear()
        with open(self.stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "actors", name, str(self.run_dir)],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
            )  # fmt: skip
        threading.Thread(target=self._read, args=(self.process, self.lines), daemon=True).start()
        if wait:
            eventually(lambda: any(line.get("ready") for line in list(self.lines)) or self._dead(), 30)
            if self.log is not None:
                self.beat_until(lambda: self.get("/readyz")[0] == 200, 30)

    def _dead(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway died: {self.stderr()}")
        return False

    @staticmethod
    def _read(process: subprocess.Popen[bytes], lines: list[dict[str, Any]]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(json.loads(line))

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        assert self.process is not None
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10 * SLOWNESS)
        self._close_pipes()
        return code

    def stderr(self) -> str:
        return self.stderr_path.read_text()

    def rss_bytes(self) -> int:
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    # The queue-manager and the broadcaster

    def commit(self, count: int = 1, size: int = 20, type_: str = "kill") -> list[Event]:
        """Put critical events into the log without a frame."""
        assert self.log is not None
        events = [critical(self.top + number, type_, size) for number in range(1, count + 1)]
        self.log.commit([Entry(events=events)])
        self.top += count
        return events

    def retain(self, *events: Event) -> None:
        assert self.log is not None
        self.log.commit([Entry(retained={event.coalesce_key or event.type: event for event in events})])

    def frame(self, events: list[Event], seq: int | None = None, **fields: Any) -> Frame:
        if seq is None:
            self.seq += 1
            seq = self.seq
        ranked = [event.position for event in events if event.position]
        values: dict[str, Any] = {
            "gen": self.gen, "epoch": self.epoch, "seq": seq, "tick_ts_ms": time.time() * 1000, "top": self.top,
            "first": ranked[0] if ranked else 0, "last": ranked[-1] if ranked else 0, "events": events,
        }  # fmt: skip
        return Frame(**(values | fields))

    def publish(self, frame: Frame, lane: str = "") -> None:
        self.pubs[lane or ("critical" if frame.first else "best_effort")].send(encode(frame))

    def send(self, count: int = 1, size: int = 20, type_: str = "kill") -> list[Event]:
        """Commit critical events and publish them as one frame."""
        events = self.commit(count, size, type_)
        self.publish(self.frame(events))
        return events

    def settled(self) -> None:
        """Wait until the gateway has every critical event: a newcomer then starts at the top."""
        eventually(lambda: self.metric("position") == self.top)

    def flood(self, *events: Event) -> None:
        self.publish(self.frame(list(events)))

    def beat(self) -> None:
        self.publish(self.frame([], seq=0), "critical")

    def beat_until(self, condition: Any, within_s: float = 10) -> None:
        """Send heartbeats as the queue-manager does, until `condition` holds."""

        def again() -> bool:
            self.beat()
            return bool(condition())

        eventually(again, within_s)

    # Overlays and pages

    def connect(self, **hello: Any) -> Client:
        client = Client(self)
        client.hello(**hello)
        return client

    def joined(self, **hello: Any) -> Client:
        """An overlay that has had its welcome."""
        client = self.connect(**hello)
        client.welcome = client.until("welcome")
        return client

    def request(
        self, path: str, headers: dict[str, str] | None = None, token: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body; `path` goes out as it is."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5 * SLOWNESS)
        given = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            connection.putrequest("GET", path, skip_host="Host" in given)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def get(self, path: str, token: str = "") -> tuple[int, Any]:
        try:
            status, headers, body = self.request(path, token=token)
        except OSError:
            return 0, None
        return status, json.loads(body) if "json" in headers.get("Content-Type", "") else body.decode()

    def metric(self, name: str) -> float:
        text = self.get("/metrics")[1]
        start = f"framewire_gateway_{name}" + ("" if "{" in name else "{")
        rows = [line for line in text.splitlines() if line.startswith(start)]
        return sum(float(row.rsplit(" ", 1)[1]) for row in rows)

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.get("/api/status", self.tokens.control)[1]
        return status

    def overlays(self, state: str) -> float:
        return self.metric(f'overlays{{process="gateway-1",state="{state}"')

    def leave(self) -> None:
        """Close all overlays."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        eventually(lambda: not self.metric("connections"))

    def renew_epoch(self) -> None:
        """Do what a queue-manager does when its log was rolled back."""
        assert self.log is not None
        self.epoch = "f" * 32
        self.log.commit([Entry(new_epoch=self.epoch)])

    def close(self) -> None:
        for client in self.clients:
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for pub in self.pubs.values():
            pub.close(0)
        self.context.destroy(0)
        if self.log is not None:
            self.log.close()
        shutil.rmtree(self.run_dir)


class Client:
    """An overlay."""

    def __init__(self, rig: Rig, query: str = "", **options: Any) -> None:
        self.rig = rig
        self.welcome: dict[str, Any] = {}
        self.packed: list[str | bytes] = []  # positions
        plain = {"compression": None, "max_size": None, "ping_interval": None}
        self._opened = websockets.sync.client.connect(f"ws://127.0.0.1:{rig.port}/ws{query}", **(plain | options))
        self.socket = self._opened.__enter__()
        rig.clients.append(self)

    def hello(self, **fields: Any) -> None:
        self.say(self.greeting() | fields)

    def greeting(self) -> dict[str, Any]:
        return {"t": "hello", "version": 2, "token": self.rig.tokens.display, "overlay_id": "test", "resume": None}

    def say(self, message: dict[str, Any] | str | bytes) -> None:
        self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    def repeat(self, times: int, message: dict[str, Any]) -> None:
        """Send a message so often, or until the gateway closes the connection."""
        with suppress(ConnectionClosed):
            for _ in range(times):
                self.say(message)

    def next(self, within_s: float = 5) -> dict[str, Any]:
        while (message := self.socket.recv(timeout=within_s * SLOWNESS))[:1] == b"\xc1":
            self.packed.append(message)
        value: dict[str, Any] = json.loads(message) if isinstance(message, str) else msgspec.msgpack.decode(message)
        return value

    def until(self, kind: str, within_s: float = 5) -> dict[str, Any]:
        """Return the next message of a kind; others are passed over."""
        while True:
            message = self.next(within_s)
            if message["t"] == kind:
                return message

    def frame(self) -> dict[str, Any]:
        return self.until("frame")

    def positions(self, last: int) -> list[int]:
        """Return the critical positions of all frames up to `last`, as they came."""
        seen: list[int] = []
        while not seen or seen[-1] < last:
            frame = self.frame()
            seen += [event["g"] for event in frame["b"] if "g" in event]
        return seen

    def closed(self, within_s: float = 5) -> tuple[int, str]:
        """Return the close code and reason."""
        try:
            while True:
                self.next(within_s)
        except ConnectionClosed as error:
            return (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")

    def close(self) -> None:
        """Close the connection. What is left is read, or the library would wait 10 s for an end behind it."""
        closing = threading.Thread(target=self.socket.close)
        closing.start()
        with suppress(ConnectionClosed):
            for _ in self.socket:
                pass
        closing.join()
