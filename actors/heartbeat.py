"""The contract between a child process and its supervisor: heartbeats, exit on request, exit as an orphan.

stdin    a pipe whose end means that the supervisor has ended: the actor works for 1 more second, then finishes its
         transaction and exits, at most 2 s after the end. SIGUSR2 (sent by Linux when the parent dies) means the same
stdout   one JSON line per second, the heartbeat: `{"stats": {...}}`, and `{"ready": true}` once. A heartbeat proves
         that the main loop runs (ZeroMQ's own heartbeats are answered by its I/O thread and do not prove that)
stderr   the log: one fact per line, `time level actor event key=value`
SIGTERM  drain, then exit with 0
SIGUSR1  write the stack of every thread to stderr and continue; this works while the loop hangs

A heartbeat carries all metrics of the actor (core/metrics.py) and the reports of its sources.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec

from actors import host
from actors.core import metrics
from actors.core.metrics import LoopMetrics, Metrics

HEARTBEAT_S: Final = 1.0
ORPHAN_GRACE_S: Final = 2.0
# An orphan continues to work for this long. The next supervisor usually starts within it, and ends orphans first.
ORPHAN_WORK_S: Final = 1.0


class Ticks:
    """How busy a loop was since the last heartbeat. A tick is the work between two waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._since_s = self._clock()
        self._count = 0
        self._busy_s = self._max_s = 0.0
        self._min_s = float("inf")

    def add(self, took_s: float) -> None:
        self._count += 1
        self._busy_s += took_s
        self._min_s = min(self._min_s, took_s)
        self._max_s = max(self._max_s, took_s)

    def take(self) -> LoopMetrics:
        """Return the busy share of the loop and its ticks, and reset them."""
        elapsed_s = self._clock() - self._since_s
        metrics = LoopMetrics(
            busy_share=round(min(1.0, self._busy_s / elapsed_s), 4) if elapsed_s > 0 else 0.0,
            ticks=self._count,
            tick_min_ms=round(self._min_s * 1000, 3) if self._count else 0.0,
            tick_avg_ms=round(self._busy_s / self._count * 1000, 3) if self._count else 0.0,
            tick_max_ms=round(self._max_s * 1000, 3),
        )
        self._begin()
        return metrics


class Heartbeat:
    """The child's end of the three pipes.

    `stopping` becomes true on SIGTERM, and when the supervisor has ended (then also `orphaned`).
    """

    def __init__(
        self,
        name: str,
        measure: Callable[[], list[Metrics]],
        ticks: Ticks,
        sources: Callable[[], list[Any]] | None = None,
    ) -> None:
        self.name = name
        self.stopping = False
        self.orphaned = False
        self._measure = measure
        self._ticks = ticks
        self._sources = sources  # reports of the sources that this process reads (core/sources/state.py)
        self._lost_supervisor = threading.Event()
        self._on_stop: Callable[[], object] = lambda: None
        self._begun = b""
        self._start_pages = host.StartPages()

    def start(self, on_stop: Callable[[], object] = lambda: None) -> None:
        """Watch stdin and SIGTERM.

        `on_stop` is called from a signal handler or another thread and must only wake a loop.
        """
        self._on_stop = on_stop
        if not os.isatty(1):  # a terminal is shared with the shell
            os.set_blocking(1, False)
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, lambda *_: self._stop())
        signal.signal(host.ORPHANED, lambda *_: self._lost_supervisor.set())
        host.signal_on_parent_death(host.ORPHANED)
        host.take_signals()
        threading.Thread(target=self._watch_stdin, name="stdin", daemon=True).start()
        threading.Thread(target=self._exit_as_orphan, name="orphan", daemon=True).start()

    def beat(self) -> None:
        """Send a heartbeat."""
        self._start_pages.beat()
        fact: dict[str, Any] = {
            "stats": metrics.merged([*self._measure(), self._ticks.take()]),
            "ts_ms": time.time() * 1000,
        }
        if self._sources is not None:
            fact["sources"] = [msgspec.to_builtins(report) for report in self._sources()]
        self._line(fact)

    def ready(self) -> None:
        """Report to the supervisor that this actor is ready, and send a heartbeat."""
        self._line({"ready": True})
        self.beat()

    def _line(self, fact: dict[str, Any]) -> None:
        """Write a line, or drop it: a supervisor that does not read must not block the actor."""
        try:
            if self._begun and not self._write(self._begun):
                return
            self._write(json.dumps(fact, separators=(",", ":")).encode() + b"\n")
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the supervisor has ended; stdin reports that, too

    def _write(self, line: bytes) -> bool:
        """Write as much as the pipe takes; return whether the line is complete. The next call first ends this line."""
        try:
            written = os.write(1, line)
        except BlockingIOError:
            return False
        self._begun = line[written:]
        return not self._begun

    def _stop(self) -> None:
        self.stopping = True
        with suppress(RuntimeError):  # the asyncio loop is already closed
            self._on_stop()

    def _watch_stdin(self) -> None:
        while os.read(0, 4096):
            pass
        self._lost_supervisor.set()

    def _exit_as_orphan(self) -> None:
        self._lost_supervisor.wait()
        self.orphaned = True
        time.sleep(ORPHAN_WORK_S)
        self._stop()
        time.sleep(ORPHAN_GRACE_S - ORPHAN_WORK_S)
        os._exit(1)  # the main loop is stuck, or the drain exceeds the limit of an orphan
