"""One child process: its start, its pipes, its heartbeats and its resource use."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol

import msgspec

from actors import host, logs, program
from actors.core.sources.state import Report
from actors.core.supervision.children import Lifecycle
from actors.core.supervision.kinds import Child
from actors.supervision import meters

LINE_BYTES: Final = 64 << 10  # a heartbeat has some hundred bytes; a longer line is malformed
MAX_SOURCES: Final = 100


class Process(Protocol):
    """The part of subprocess.Popen that the supervisor uses; tests replace it."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...


Spawn = Callable[[Child], Process]


class Incarnation:
    """One process of a child: its pipes, its meter and its last heartbeat."""

    def __init__(self, lifecycle: Lifecycle, process: Process) -> None:
        self.lifecycle = lifecycle
        self.process = process
        self.meter = meters.Meter(process.pid)
        self.stats: dict[str, Any] = {}
        self.events_per_s: float | None = None
        self.sources: list[Report] = []
        self.received_per_s: dict[str, float] = {}  # of each source
        self.sent_malformed = False
        self.pending = bytearray()
        self.listening = process.stdout is not None
        self._heartbeat_s = 0.0

    def read(self) -> list[bytes]:
        """Return the complete lines that have arrived; `listening` becomes False at the end of the pipe."""
        if self.process.stdout is None or not self.listening:
            return []
        try:
            data = os.read(self.process.stdout.fileno(), LINE_BYTES)
        except BlockingIOError:
            return []
        self.listening = bool(data)
        *lines, rest = bytes(self.pending + data).split(b"\n")
        self.pending = bytearray(rest[:LINE_BYTES])
        return lines

    def update(self, stats: dict[str, Any], sources: Any, now_s: float) -> None:
        """Store the counters and sources of a heartbeat, and compute the rates since the previous one."""
        self._update_sources(sources, now_s - self._heartbeat_s)
        stats = {key: value for key, value in stats.items() if type(value) in (int, float, dict)}
        before, after = self.stats.get("events"), stats.get("events")
        if isinstance(before, int | float) and isinstance(after, int | float) and now_s > self._heartbeat_s:
            self.events_per_s = max(0.0, (after - before) / (now_s - self._heartbeat_s))
        self.stats, self._heartbeat_s = stats, now_s

    def _update_sources(self, sources: Any, elapsed_s: float) -> None:
        before = {report.name: report.received for report in self.sources}
        try:
            self.sources = msgspec.convert(sources or [], list[Report])[:MAX_SOURCES]
        except msgspec.ValidationError:
            self.sources = []
        self.received_per_s = {
            report.name: max(0.0, (report.received - before[report.name]) / elapsed_s)
            for report in self.sources
            if report.name in before and elapsed_s > 0
        }

    def readings(self) -> dict[str, Any]:
        """Return its resource use and the values that it reported; None: unknown."""
        reported = {
            key: self.stats.get(key) for key in ("queue", "busy_share", "tick_min_ms", "tick_avg_ms", "tick_max_ms")
        }
        return self.meter.readings | reported | {"events_per_s": self.events_per_s}

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def spawner(run_dir: Path, entry: tuple[str, ...]) -> Spawn:
    """Return a function that starts `python -m actors NAME RUN_DIR`, with stderr to its log."""

    def spawn(child: Child) -> subprocess.Popen[bytes]:
        with logs.open_file(run_dir, child.name) as stderr:
            return subprocess.Popen(
                # -P: an `actors` directory in the current directory is not ours
                [sys.executable, "-P", *entry, child.name, str(run_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                env=host.environment(program.ROOT),
                start_new_session=True,  # the terminal sends Ctrl-C to the guardian alone
            )

    return spawn
