"""The product, started by its command line for benchmarks and tests: own run directory, own ports, always ended."""

from __future__ import annotations

import compileall
import json
import os
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
from pathlib import Path
from typing import Any, Final

import psutil

from bench.ports import free_ports

ROOT: Final = Path(__file__).resolve().parent.parent
SUPERVISOR: Final = ROOT / "supervisor.py"
READY_S: Final = 20.0
STOP_S: Final = 12.0
KILL_S: Final = 20.0


def compile_modules() -> None:
    """Write the byte code of all modules, as an installation or the first start does.

    With PYTHONDONTWRITEBYTECODE in the environment each start would compile them again (0.13 s, 1 MB).
    """
    compileall.compile_dir(ROOT / "actors", quiet=1)


class Pipeline:
    """One pipeline; `overrides` are passed to each command as `--set`.

    Without a guardian (`guarded`), so the caller decides when a killed supervisor is started again. `environment` is
    added to that of the caller. All waits are multiplied by `slowness`, for a loaded machine.
    """

    def __init__(
        self,
        overrides: Iterable[str] = (),
        *,
        keep: bool = False,
        guarded: bool = False,
        environment: Mapping[str, str] | None = None,
        slowness: float = 1.0,
        supervisor: Path = SUPERVISOR,
    ) -> None:
        self.run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
        self.gateway_port, self.ingest_port = free_ports(2)
        self.overrides = [
            f"run_dir={self.run_dir}",
            f"gateway.port={self.gateway_port}",
            f"ingest.port={self.ingest_port}",
            "demo=false",
            *overrides,
        ]
        self.console = self.run_dir / "console.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.started_s = 0.0
        self._keep, self._slowness, self._supervisor = keep, slowness, supervisor
        self.guarded = guarded
        self._environment = os.environ | (environment or {})

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Run `start` without waiting; its output goes to `console`."""
        usual = () if self.guarded else ("--no-guardian",)
        self.starts += 1
        self.started_s = time.monotonic()
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                self._command("start", *(options or usual)), stdin=subprocess.DEVNULL, stdout=console,
                stderr=console, start_new_session=True, cwd=self._supervisor.parent, env=self._environment,
            )  # fmt: skip
        return self.process

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
        raise RuntimeError(f"the pipeline is not ready after {within_s:g} s:\n{self.last_output()}")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the command line on this pipeline."""
        return subprocess.run(
            self._command(*arguments), capture_output=True, text=True, timeout=60 * self._slowness, check=False
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start another command; the caller waits for it (`communicate`)."""
        return subprocess.Popen(self._command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def token(self, scope: str) -> str:
        """Return the token of `scope`: `control`, `display`, `ingest` …"""
        tokens: dict[str, str] = json.loads((self.run_dir / "tokens.json").read_text())
        return tokens[scope]

    def ws_url(self) -> str:
        """Return the address to which overlays connect."""
        return f"ws://127.0.0.1:{self.gateway_port}/ws"

    def supervisor(self) -> psutil.Process | None:
        """Return the running supervisor."""
        if self.process is None or self.process.poll() is not None:
            return None
        started = psutil.Process(self.process.pid)
        return next(iter(started.children()), None) if self.guarded else started

    def children(self) -> dict[str, psutil.Process]:
        """Return the living children of the running supervisor, by name."""
        found: dict[str, psutil.Process] = {}
        supervisor = self.supervisor()
        if supervisor is None:
            return found
        with suppress(psutil.Error):
            for child in supervisor.children():
                with suppress(psutil.Error, ValueError, IndexError):
                    arguments = child.cmdline()
                    found[arguments[arguments.index("actors") + 1]] = child
        return found

    def gateway_status(self) -> dict[str, Any]:
        """Return `/api/status`, the ledger included."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.gateway_port}/api/status",
            headers={"Authorization": f"Bearer {self.token('control')}"},
        )
        with urllib.request.urlopen(request, timeout=5.0) as response:
            status: dict[str, Any] = json.load(response)
        return status

    def last_output(self, lines: int = 30) -> str:
        """Return the last lines of the console and of each log."""
        files = [self.console, *sorted((self.run_dir / "log").glob("*.log"))]
        found = [file.read_text(errors="replace").splitlines()[-lines:] for file in files if file.exists()]
        return "\n".join(line for last in found for line in last)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the started supervisor by a signal; return its exit code.

        Raises:
            subprocess.TimeoutExpired: it does not end.
        """
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(STOP_S * self._slowness)

    def close(self) -> bool:
        """Kill everything of this run directory and remove it; return whether there was nothing to kill."""
        killed = kill_all(self.run_dir, KILL_S * self._slowness)
        if self.process is not None:
            self.process.wait()
        if not self._keep:
            shutil.rmtree(self.run_dir, ignore_errors=True)
        return not killed

    def end(self) -> bool:
        """Stop, then close; return whether everything ended by itself and in time."""
        with suppress(subprocess.TimeoutExpired):
            if self.process is not None:
                self.stop()
        return self.close()

    def _command(self, *arguments: str) -> list[str]:
        settings = [part for override in self.overrides for part in ("--set", override)]
        return [sys.executable, str(self._supervisor), *arguments, *settings]


@contextmanager
def pipeline(overrides: Iterable[str] = (), keep: bool = False, guarded: bool = False) -> Iterator[Pipeline]:
    """A running pipeline, which is always ended and removed, also when the benchmark receives a signal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    running = Pipeline(overrides, keep=keep, guarded=guarded)
    try:
        running.start()
        running.wait_ready()
        yield running
    finally:
        running.end()


def kill_all(run_dir: Path, within_s: float) -> bool:
    """Kill every other process that has this directory among its arguments; return whether there was one.

    It is repeated until there is none: each of them may start others.

    Raises:
        RuntimeError: some are still there after `within_s`.
    """
    deadline_s, killed = time.monotonic() + within_s, False
    while found := _processes_of(run_dir):
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"processes of {run_dir} do not end: {found}")
        killed = True
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=0.1)
    return killed


def _processes_of(run_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if process.pid != os.getpid() and any(str(run_dir) in part for part in arguments):
            found.append(process)
    return found


def answers(url: str) -> bool:
    """Return whether a GET of `url` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=1.0) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
