"""Shared code of the benchmarks: a pipeline in its own directory, facts of the machine, an open-loop clock, results."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import psutil
from hdrh.histogram import HdrHistogram

from bench.ports import free_ports

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "bench" / "results"
READY_S: Final = 20.0
STOP_S: Final = 12.0
# The delay before a service manager restarts a service; systemd's default is 100 ms.
RESTART_S: Final = 0.1


class Pipeline:
    """The real product, started as by a service manager, with its own ports and files.

    Without a guardian the caller is who starts a killed supervisor again; `environment` is what its processes get
    beside ours. All waits are multiplied by `slowness`, for a machine that is loaded.
    """

    def __init__(
        self,
        overrides: Iterable[str] = (),
        keep: bool = False,
        guarded: bool = False,
        environment: Mapping[str, str] | None = None,
        slowness: float = 1.0,
    ) -> None:
        self._slowness = slowness
        self.run_dir = Path(tempfile.mkdtemp(prefix="fwbench-"))
        self.run_dir.chmod(0o700)
        self.gateway_port, self.ingest_port = free_ports(2)
        for number in (signal.SIGTERM, signal.SIGHUP):  # a signal to the benchmark also ends the pipeline
            signal.signal(number, lambda *_: sys.exit(1))
        self._overrides = list(overrides)
        self._keep = keep
        self._options = [] if guarded else ["--no-guardian"]
        self._environment = dict(environment or {})
        self._log: IO[bytes] = (self.run_dir / "console.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.started_s = 0.0

    def start(self) -> None:
        """Start the supervisor, without waiting."""
        settings = [
            "demo=false",
            f"run_dir={self.run_dir}",
            f"gateway.port={self.gateway_port}",
            f"ingest.port={self.ingest_port}",
            *self._overrides,
        ]
        command = [sys.executable, str(ROOT / "supervisor.py"), "start", *self._options]
        config = ROOT / "configs" / "default.toml"
        if config.exists():
            command += ["--config", str(config)]
        for setting in settings:
            command += ["--set", setting]
        self.starts += 1
        self.started_s = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True, cwd=ROOT,
            env=os.environ | self._environment,
        )  # fmt: skip

    def wait_ready(self) -> float:
        """Return the seconds from the start until gateway and ingest answer.

        Raises:
            RuntimeError: they do not; the text has the last output of the pipeline.
        """
        within_s = READY_S * self._slowness
        deadline_s = time.monotonic() + within_s
        while time.monotonic() < deadline_s:
            if self.process is not None and self.process.poll() is not None:
                break
            if answers(f"http://127.0.0.1:{self.gateway_port}/readyz") and answers(
                f"http://127.0.0.1:{self.ingest_port}/healthz"
            ):
                return time.monotonic() - self.started_s
            time.sleep(0.01)
        raise RuntimeError(f"the pipeline is not ready after {within_s:g} s:\n{self.last_words()}")

    def token(self, scope: str) -> str:
        tokens: dict[str, str] = json.loads((self.run_dir / "tokens.json").read_text())
        return tokens[scope]

    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.gateway_port}/ws"

    def children(self) -> dict[str, psutil.Process]:
        """Return the living children of the running supervisor, by name."""
        found: dict[str, psutil.Process] = {}
        if self.process is None:
            return found
        with suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.Error, ValueError, IndexError):
                    arguments = child.cmdline()
                    found[arguments[arguments.index("actors") + 1]] = child
        return found

    def ours(self) -> list[psutil.Process]:
        """Return every process that has our run directory in its arguments."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and any(str(self.run_dir) in part for part in process.cmdline()):
                    found.append(process)
        return found

    def status(self) -> dict[str, Any]:
        """Return the status of the gateway, the ledger included."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.gateway_port}/api/status",
            headers={"Authorization": f"Bearer {self.token('control')}"},
        )
        with urllib.request.urlopen(request, timeout=5.0) as response:
            status: dict[str, Any] = json.load(response)
        return status

    def last_words(self, lines: int = 30) -> str:
        self._log.flush()
        files = [self.run_dir / "console.log", *sorted((self.run_dir / "log").glob("*.log"))]
        said = [line for file in files for line in file.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(said)

    def stop(self) -> bool:
        """Stop everything and remove the directory; return whether it exited in time."""
        clean = True
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S * self._slowness)
            except subprocess.TimeoutExpired:
                clean = False
                self.process.kill()
                self.process.wait()
        left = self.ours()
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=3.0)
        self._log.close()
        if not self._keep:
            shutil.rmtree(self.run_dir, ignore_errors=True)
        return clean and not left


@contextmanager
def pipeline(overrides: Iterable[str] = (), keep: bool = False) -> Iterator[Pipeline]:
    """A running pipeline, which is always ended and removed."""
    running = Pipeline(overrides, keep)
    try:
        running.start()
        running.wait_ready()
        yield running
    finally:
        running.stop()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1.0) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


async def until(moment_s: float, precise: bool = False) -> None:
    """Sleep until a moment of the monotonic clock; open loop: a delay does not shorten later waits.

    asyncio rounds its waits up to whole milliseconds; `precise` turns for the last of them instead.
    """
    wait_s = moment_s - time.monotonic() - (0.002 if precise else 0.0)
    if wait_s > 0:
        await asyncio.sleep(wait_s)
    while precise and time.monotonic() < moment_s:
        await asyncio.sleep(0)


class Times:
    """A histogram of durations, 1 µs to 10 min with three digits."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, 600_000_000, 3)

    def add(self, seconds: float) -> None:
        self._histogram.record_value(max(1, round(seconds * 1e6)))

    def __len__(self) -> int:
        return int(self._histogram.get_total_count())

    def summary_ms(self) -> dict[str, float]:
        """Return count, percentiles and max, in milliseconds."""
        if not len(self):
            return {"count": 0}
        at = self._histogram.get_value_at_percentile
        return {
            "count": len(self),
            **{name: round(at(pct) / 1000, 3) for name, pct in (("p50", 50), ("p95", 95), ("p99", 99), ("p999", 99.9))},
            "max": round(self._histogram.get_max_value() / 1000, 3),
        }


class Others:
    """The CPU use of other programs. Above about 20 % of a core it influences the figures."""

    def __init__(self) -> None:
        self._begin = self._now()

    def take_pct(self) -> float:
        """Return percent of one core since the last call; unreaped processes count as other programs."""
        begin, self._begin = self._begin, self._now()
        passed_s, busy_s, own_s = (end - start for start, end in zip(begin, self._begin, strict=True))
        return round(max(0.0, 100 * (busy_s - own_s) / max(1e-9, passed_s)), 1)

    @staticmethod
    def _now() -> tuple[float, float, float]:
        whole, own = psutil.cpu_times(), os.times()
        busy_s = sum(whole) - whole.idle - getattr(whole, "iowait", 0.0) - getattr(whole, "guest", 0.0)
        return time.monotonic(), busy_s, own.user + own.system + own.children_user + own.children_system


OTHERS: Final = Others()


def machine() -> dict[str, Any]:
    """Return the facts on which a figure depends, without names of hosts or users."""
    model = platform.processor()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def commit() -> str:
    """Return the commit that was measured, with + if the code differs from it."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "actors", "web_overlay", "supervisor.py"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def report(
    name: str, settings: dict[str, Any], results: dict[str, Any], counters: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Print one JSON line, keep it in bench/results/NAME.jsonl when BENCH_KEEP is set, and return it."""
    line = {
        "name": name,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit(),
        "machine": machine() | {"others_cpu_pct": OTHERS.take_pct()},
        "settings": settings,
        "results": results,
        "counters": counters or {},
    }
    text = json.dumps(line, separators=(",", ":"))
    print(text, flush=True)
    if os.environ.get("BENCH_KEEP"):
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / f"{name.partition('.')[0]}.jsonl").open("a") as file:
            file.write(text + "\n")
    return line
