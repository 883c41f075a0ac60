"""One child process: its start, its pipes, its heartbeats and its resource use."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import msgspec

from actors import host, logs, program
from actors.core.sources.state import SourceReport
from actors.core.supervision.children import Lifecycle
from actors.core.supervision.kinds import TEMPLATE, Child
from actors.supervision import meters
from actors.supervision.forking import Process, Template
from actors.supervision.template import load

LINE_BYTES: Final = 64 << 10  # a heartbeat has some hundred bytes; a longer line is malformed
MAX_SOURCES: Final = 100

msgspec.convert([], list[SourceReport])  # msgspec examines the type once; here, so that a fork does not have to

Spawn = Callable[[Child], Process]


class Incarnation:
    """One process of a child: its pipes, its meter and its last heartbeat."""

    def __init__(self, lifecycle: Lifecycle, process: Process) -> None:
        self.lifecycle = lifecycle
        self.process = process
        self.meter = meters.Meter(process.pid)
        self.stats: dict[str, Any] = {}
        self.events_per_s: float | None = None
        self.sources: list[SourceReport] = []
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
            self.sources = msgspec.convert(sources or [], list[SourceReport])[:MAX_SOURCES]
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


def _become(child: Child, entry: str, run_dir: Path, files: list[int]) -> NoReturn:
    try:
        importlib.import_module(child.module).run_forked(entry, child.name, str(run_dir), files)
    finally:
        os._exit(1)  # there is no such module


class Forkable:
    """Whether this process can fork templates: it has imported the actors, as they are on disk."""

    def __init__(self, entry: str) -> None:
        self._code: int | None = program.code_stamp()
        try:
            load(entry)
        except (ImportError, SyntaxError):  # the template is started by exec, and reports the reason
            self._code = None

    def __bool__(self) -> bool:
        return self._code == program.code_stamp() and host.has_one_thread()


def spawner(run_dir: Path, entry: str, plan: Iterable[Child] = ()) -> Spawn:
    """Return a function that starts `python -m ENTRY NAME RUN_DIR`, with stderr to its log.

    The template forks it. When there is none, or it does not answer, it is started by exec. If `plan` has a template,
    the first one is forked here, while nothing is open that it must not have.
    """
    template, first = Template(), list[Process]()
    plan = [child for child in plan if child.kind == TEMPLATE]
    forkable = Forkable(entry) if plan else None

    def fork_template(child: Child, stderr: IO[bytes]) -> Process:
        return template.fork_here(lambda files: _become(child, entry, run_dir, files), stderr.fileno())

    with suppress(OSError):
        for child in plan if forkable else []:
            with logs.open_file(run_dir, child.name) as stderr:
                first.append(fork_template(child, stderr))

    def run(arguments: list[str], stdin: int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # -P: an `actors` directory in the current directory is not ours
            [sys.executable, "-P", "-m", *arguments, str(run_dir)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            env=host.environment(program.ROOT),
            start_new_session=True,  # the terminal sends Ctrl-C to the guardian alone
        )

    def spawn(child: Child) -> Process:
        if child.kind == TEMPLATE and first:
            return first.pop()
        with logs.open_file(run_dir, child.name) as stderr:
            if child.kind == TEMPLATE and template.works and forkable:
                return fork_template(child, stderr)
            if child.kind == TEMPLATE:
                return template.start(lambda stdin: run([child.module, entry, child.name], stdin, stderr))
            forked = template.fork(child.name, stderr.fileno())
            return forked or run([entry, child.name], subprocess.PIPE, stderr)

    return spawn
