"""Real actors without a supervisor: one process each, connected by pipes, in a temporary run directory."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import zmq

from actors import config, host, interfaces, tokens, wire
from actors.core.contract.event import Event
from actors.core.contract.frame import Frame
from actors.stores.log import LogReader
from bench.ports import free_ports
from tests.support import SLOWNESS, eventually

CORE = ("broadcaster", "queue-manager", "normalizer-1", "ingest")
KILL = {"type": "kill", "payload": {"attacker": {"id": "a", "name": "A"}, "victim": {"id": "b", "name": "B"}}}

_frame = msgspec.msgpack.Decoder(Frame)


class Actors:
    """A run directory and the actors in it; everything ends with the `with` block."""

    def __init__(self, *overrides: str) -> None:
        self.run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
        (self.ingest_port,) = free_ports(1)
        self._overrides = [f"run_dir={self.run_dir}", f"ingest.port={self.ingest_port}", "demo=false"]
        self.add(*overrides)
        self.tokens = tokens.load_or_create(self.run_dir)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.context = zmq.Context()
        self.bus = wire.Bus(self.run_dir, self.context)
        self._sockets = [self.bus.connect(zmq.SUB, interfaces.frames_link(lane)) for lane in interfaces.LANES]
        self.frames: list[Frame] = []

    def __enter__(self) -> Actors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.context.destroy(linger=0)
        shutil.rmtree(self.run_dir)

    def add(self, *overrides: str) -> None:
        """Add settings for the actors that start from now on."""
        self._overrides += overrides
        self.settings = config.load(None, self._overrides)
        host.write_private(self.run_dir / config.SETTINGS_FILE, config.encode(self.settings))

    def configure(self, **faults: str) -> None:
        """Change `faults.*` for the actors that start from now on."""
        changed = msgspec.structs.replace(self.settings, faults=config.Faults(**faults))
        host.write_private(self.run_dir / config.SETTINGS_FILE, config.encode(changed))

    def start(self, *names: str, ready: bool = True) -> None:
        for name in names:
            output = (self.run_dir / f"{name}.out").open("wb")
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "actors", name, str(self.run_dir)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=(self.run_dir / f"{name}.err").open("ab"),
                start_new_session=True,
            )
            output.close()
        if ready:
            for name in names:
                eventually(lambda name=name: self.is_ready(name), 30)

    def is_ready(self, name: str) -> bool:
        assert self.processes[name].poll() is None, self.errors(name)
        return b'"ready"' in (self.run_dir / f"{name}.out").read_bytes()

    def errors(self, name: str) -> str:
        return (self.run_dir / f"{name}.err").read_text()

    def stats(self, name: str) -> dict[str, float]:
        """Return the last counters that the actor sent."""
        lines = (self.run_dir / f"{name}.out").read_text().split("\n")[:-1]
        found = [json.loads(line)["stats"] for line in lines if '"stats"' in line]
        return found[-1] if found else {}

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()

    def died(self, name: str) -> bool:
        """Whether the actor has been killed by SIGKILL."""
        return self.processes[name].poll() == -signal.SIGKILL

    def stop(self, name: str) -> int:
        process = self.processes.pop(name)
        process.terminate()
        code = process.wait(10 * SLOWNESS)
        assert process.stdin is not None
        process.stdin.close()
        return code

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.ingest_port, timeout=10 * SLOWNESS)
        try:
            # A server that refuses a body does not wait for its end; its answer is there all the same.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return response.status, json.loads(text) if text.startswith(b"{") else {"text": text.decode()}

    def emit(self, *objects: dict[str, Any]) -> list[str]:
        """POST events and return their ids."""
        status, answer = self.request(
            "POST", "/events", json.dumps(objects).encode(), {"Authorization": f"Bearer {self.tokens.ingest}"}
        )
        assert status == 202, answer
        ids: list[str] = answer["ids"]
        return ids

    def srcds(self, text: str, **headers: str) -> tuple[int, dict[str, Any]]:
        return self.request("POST", f"/srcds/{self.tokens.ingest}", text.encode(), headers)

    def poll(self) -> list[Event]:
        """Return all events of all frames that came so far."""
        for socket in self._sockets:
            while True:
                try:
                    self.frames.append(_frame.decode(socket.recv(zmq.DONTWAIT)))
                except zmq.Again:
                    break
        return [event for frame in self.frames for event in frame.events]

    def flow(self) -> None:
        """Wait until what is not critical arrives, too; it is not repeated for a link that is not yet there."""
        chat = {"type": "chat", "payload": {"user": "first", "text": "hi"}}
        eventually(lambda: self.emit(chat) and any(not event.position for event in self.poll()), 10)

    def logged(self) -> list[Event]:
        """Return all events of the log."""
        reader = LogReader(self.run_dir)
        try:
            return reader.page(0, 1_000_000)
        finally:
            reader.close()

    def ask(self, **question: str) -> Any:
        socket = self.bus.connect(zmq.REQ, interfaces.ASK)
        try:
            eventually(lambda: socket.writable(), 5)
            socket.send(msgspec.msgpack.encode(question))
            assert socket.poll(5_000), "no answer"
            return msgspec.msgpack.decode(socket.recv())
        finally:
            socket.close(0)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
