"""A whole pipeline under faults, with sources that repeat, a viewer, and separate records.

Source   posts critical events with its own ids, one after the other, and repeats each until it is answered with 2xx
Server   posts lines of a game server with their positions in its log; repeats a body that was not answered
Viewer   an overlay that resumes (bench/_overlay.py, which shares no code with the product)

`Witness.check` compares the records: every message answered with 2xx is in the log once, in order per source, at
positions without a gap; derived events are those of a run without faults; the viewer applied exactly the log.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from actors import config, control, host
from actors.core.contract.event import Event
from actors.core.delivery.cursor import Head
from actors.core.queue.derive import READS, Derivation
from actors.errors import Refused
from actors.stores.log import LogReader
from bench._overlay import Applied, Overlay
from bench.pipeline import ROOT, Pipeline
from tests.support import SLOWNESS, SPAWNED, eventually

# In the order in which an event passes them.
ACTORS = ("ingest", "normalizer-1", "queue-manager", "broadcaster", "gateway-1")
QUICK = ("supervisor.backoff_first_s=0.05", "supervisor.backoff_max_s=0.2")
PLAYERS = ("ada", "bo", "cy")
WAIT_S = 60.0  # for conditions that must hold finally, on a loaded machine

_event = msgspec.msgpack.Decoder(Event)


class Poster(threading.Thread):
    """Posts one numbered message after the other, each until it is answered with 2xx; `accepted` counts them."""

    def __init__(self, pipeline: Pipeline, pause_s: float) -> None:
        super().__init__(daemon=True)
        self._port, self._pause_s = pipeline.ingest_port, pause_s
        self._token = pipeline.token("ingest")
        self._connection: http.client.HTTPConnection | None = None
        self._stopped, self._abandoned = threading.Event(), False
        self.accepted = 0
        self.answers_ns: list[tuple[int, int]] = []  # when, and how many messages had been accepted by then
        self.repeats = 0
        self.refusals: list[str] = []

    def run(self) -> None:
        while not self._stopped.is_set():
            self.once()
            time.sleep(self._pause_s)
        self._hang_up()

    def once(self) -> None:
        """Post the next message until it is answered."""
        number = self.accepted + self.deliver(self.accepted)
        if not self._abandoned:
            self.accepted = number
            self.answers_ns.append((time.monotonic_ns(), number))

    def stop(self) -> None:
        """Return when the message under way is answered."""
        self._stopped.set()
        if self.ident is not None:
            self.join(WAIT_S)
        assert not self.is_alive(), "a source waits for its answer"

    def slow_down(self, pause_s: float) -> None:
        """Wait for so long between two messages."""
        self._pause_s = pause_s

    def abandon(self) -> None:
        """Abort the current message, because no process can answer."""
        self._abandoned = True
        self._stopped.set()

    def deliver(self, number: int) -> int:
        """Post messages from `number` on until they are answered; return how many."""
        raise NotImplementedError

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        while (status := self._try(path, body, headers)) is None or status >= 500:
            if self._abandoned:
                return
            self.repeats += 1
            time.sleep(0.02)
        if status >= 300:
            self.refusals.append(f"{path} {status} {body!r}")

    def _try(self, path: str, body: bytes, headers: dict[str, str]) -> int | None:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            self._connection.request("POST", path, body, headers)
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return None
        return response.status

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def accepted_by(self, ns: int) -> int:
        """Return how many messages had been accepted by then."""
        return max((number for moment_ns, number in list(self.answers_ns) if moment_ns <= ns), default=0)

    def logged(self, events: list[Event]) -> list[int]:
        """Return the numbers of this source's events, in the order of the log."""
        raise NotImplementedError


class Source(Poster):
    """Events with ids: `NAME-0`, `NAME-1` …"""

    def __init__(self, pipeline: Pipeline, name: str, seed: int, pause_s: float = 0.005) -> None:
        super().__init__(pipeline, pause_s)
        self.source, self._random = name, random.Random(f"{name} {seed}")

    def deliver(self, number: int) -> int:
        count = self._random.randint(1, 3)
        objects = [self._kill(number + place) for place in range(count)]
        headers = {"Authorization": f"Bearer {self._token}"}
        self.post("/events", json.dumps(objects).encode(), headers)
        return count

    def _kill(self, number: int) -> dict[str, Any]:
        attacker, victim = self._random.sample(PLAYERS, 2)
        payload = {"attacker": {"id": attacker, "name": attacker}, "victim": {"id": victim, "name": victim}}
        return {"type": "kill", "id": f"{self.source}-{number}", "source": self.source, "payload": payload}

    def logged(self, events: list[Event]) -> list[int]:
        return [
            int(event.id.rpartition("-")[2]) for event in events if event.source == self.source and "+" not in event.id
        ]


class Server(Poster):
    """Lines of a game server; the name of the victim is the number."""

    LINE = '07/07/2026 - 12:00:00.000 - "Rex<1><[U:1:1]><CT>" killed "n{0}<2><[U:1:2]><TERRORIST>" with "ak47"\n'

    def __init__(self, pipeline: Pipeline, pause_s: float = 0.005) -> None:
        super().__init__(pipeline, pause_s)
        self._offset = 0

    def deliver(self, number: int) -> int:
        body = self.LINE.format(number).encode()
        headers = {"X-Server-Instance-Token": "one", "X-Logbytes-Beginoffset": str(self._offset)}
        self.post(f"/srcds/{self._token}", body, headers)
        self._offset += len(body)
        return 1

    def logged(self, events: list[Event]) -> list[int]:
        payloads = [msgspec.msgpack.decode(event.payload) for event in events if event.type == "kill"]
        return [int(one["victim"]["name"][1:]) for one in payloads if one["attacker"]["name"] == "Rex"]


class Viewer(threading.Thread):
    """Follows without end, in a separate loop."""

    def __init__(self, pipeline: Pipeline, name: str = "viewer") -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[int, str]] = []
        self.seen_ns: list[int] = []
        self._loop = asyncio.new_event_loop()
        self.overlay = Overlay(pipeline.ws_url(), pipeline.token("display"), name, self._on_applied)

    def _on_applied(self, event: Applied) -> None:
        if event.position:
            self.seen_ns.append(time.monotonic_ns())
            self.seen.append((event.position, event.id))

    def run(self) -> None:
        self._task = self._loop.create_task(self.overlay.run())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self.join()


class Witness:
    """A pipeline with its sources and a viewer; everything ends with the `with` block."""

    def __init__(
        self, *overrides: str, seed: int = 1, guarded: bool = False, environment: dict[str, str] | None = None
    ) -> None:
        self._running = Pipeline(
            [*QUICK, *SPAWNED, *overrides], guarded=guarded, environment=environment, slowness=SLOWNESS
        )
        self._armed: set[str] = set()
        self.seed = seed

    def __enter__(self) -> Witness:
        print(f"seed {self.seed}")
        self.pipeline = self._running
        try:
            self.pipeline.start()
            self.pipeline.wait_ready()
            self.sources: list[Poster] = [
                Source(self.pipeline, "left", self.seed), Source(self.pipeline, "right", self.seed),
                Server(self.pipeline),
            ]  # fmt: skip
            self.viewer = Viewer(self.pipeline)
            self.viewer.start()
            eventually(self.viewer.overlay.live.is_set, WAIT_S)
        except BaseException:
            self._running.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print(self.pipeline.last_output(60))
        for source in self.sources:
            source.abandon()
        self.viewer.stop()
        clean = self.pipeline.end()
        if kind is None:
            assert clean, "something of the pipeline did not leave by itself"

    @property
    def run_dir(self) -> Path:
        return self.pipeline.run_dir

    def post(self) -> None:
        """All sources post from now on."""
        for source in self.sources:
            source.start()

    # The pipeline's processes

    def status(self) -> dict[str, Any]:
        return control.request(self.run_dir, "status", 5 * SLOWNESS)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the children in the status of the supervisor, by name."""
        return {row["name"]: row for row in self.status()["processes"]}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line on this pipeline."""
        command = [sys.executable, str(ROOT / "supervisor.py"), *arguments, "--set", f"run_dir={self.run_dir}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S)

    def running(self) -> bool:
        """Return whether every child is running."""
        try:
            return all(row["state"] == "running" for row in self.rows().values())
        except Refused:
            return False

    def kill(self, *names: str) -> float:
        """SIGKILL the children of these names, as they are now; return how long it took from the first to the last."""
        rows = self.rows()
        began_s = time.monotonic()
        for pid in [rows[name]["pid"] for name in names]:
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return time.monotonic() - began_s

    def restart(self, name: str) -> None:
        """SIGKILL a child and wait until it works again."""
        before = self.rows()[name]["restarts"]
        self.kill(name)
        eventually(lambda: self.running() and self.rows()[name]["restarts"] > before, WAIT_S)

    def arm(self, points: dict[str, str]) -> dict[str, int]:
        """Let the children that `points` names die at those points from now on; return all restarts until then.

        They and those armed before are killed now, because a child reads its faults when it starts.
        """
        path = self.run_dir / config.SETTINGS_FILE
        settings = config.of_run_dir(self.run_dir)
        armed = msgspec.structs.replace(settings.faults, kill_at=",".join(points.values()))
        changed = msgspec.structs.replace(settings, faults=armed)
        host.write_private(path, config.encode(changed))
        rows, killed = self.rows(), self._armed | set(points)
        self._armed = set(points)
        for name in killed:
            if rows[name]["pid"] is not None:
                with suppress(ProcessLookupError):
                    os.kill(rows[name]["pid"], signal.SIGKILL)
        return {name: row["restarts"] + (name in killed) for name, row in rows.items()}

    def said(self, name: str) -> str:
        """Return the log of a process."""
        folder = self.run_dir / "log"
        return "".join(file.read_text(errors="replace") for file in sorted(folder.glob(f"{name}.log*"), reverse=True))

    # The books

    def logged(self) -> list[Event]:
        with sqlite3.connect(f"{(self.run_dir / 'log.db').as_uri()}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT position, body FROM events ORDER BY rowid").fetchall()
        events = [_event.decode(body) for _, body in rows]
        assert [position for position, _ in rows] == [event.position for event in events]
        return events

    def head(self) -> Head:
        """Return the top of the log."""
        reader = LogReader(self.run_dir)
        try:
            return reader.head()
        finally:
            reader.close()

    def quarantined(self) -> list[dict[str, Any]]:
        """Return the quarantine, newest first."""
        reader = LogReader(self.run_dir)
        try:
            return reader.quarantine(10)
        finally:
            reader.close()

    def grows(self, by: int) -> None:
        """Wait until so many more messages were accepted, from all sources together."""
        before = sum(source.accepted for source in self.sources)
        eventually(lambda: sum(source.accepted for source in self.sources) >= before + by, WAIT_S)

    def settle(self) -> None:
        """Let every source finish, and wait until all of it is logged and applied."""
        for source in self.sources:
            source.stop()

        def logged() -> bool:
            events = self.logged()
            return all(len(set(source.logged(events))) >= source.accepted for source in self.sources)

        eventually(logged, WAIT_S)
        eventually(lambda: self.viewer.overlay.position >= self.logged()[-1].position, WAIT_S)

    def check(self) -> dict[str, int]:
        """Compare all records; return the counts."""
        self.settle()
        events = self.logged()
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        ids = [(event.source, event.id) for event in events]
        assert len(set(ids)) == len(ids)
        for source in self.sources:
            assert source.refusals == []
            assert source.logged(events) == list(range(source.accepted)), f"lost, repeated or swapped: {source}"
        undisturbed = Derivation(config.QueueSection().multikill_window_ms)
        derived = [(event, *undisturbed.feed(event)) for event in events if event.type in READS]
        follows = [one.id for _, _, new in derived for one in new if one.type == "multikill"]
        assert [event.id for event in events if event.type == "multikill"] == follows
        assert [event.payload for event, _, _ in derived] == [again.payload for _, again, _ in derived], (
            "streaks of kills"
        )
        applied = self.viewer.seen
        assert applied == [(event.position, event.id) for event in events[len(events) - len(applied) :]]
        assert len(applied) == len(events), "the viewer was there from the start"
        counts = self.viewer.overlay.counts
        assert (counts["missed"], counts["epochs"]) == (0, 0)
        return {
            "accepted": sum(source.accepted for source in self.sources),
            "repeats": sum(source.repeats for source in self.sources),
            "logged": len(events),
            "applied": len(applied),
            "connects": counts["connects"],
            "hellos": counts["hellos"],
        }
