"""Helpers of all tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil

from actors import config, control, tokens
from actors.core.supervision import kinds
from actors.errors import Refused
from bench.ports import free_ports

# All waits scale by it: a slow or loaded machine needs longer, and no test asserts a time. Tests that run beside others
# (pytest-xdist) load the machine themselves.
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "3" if "PYTEST_XDIST_WORKER" in os.environ else "1"))

# How the pipelines of the tests start their processes, as supervisor.spawn; "": as by default.
SPAWN = os.environ.get("TEST_SPAWN", "")
# Processes that they have beside the actors.
_SETTINGS = config.load(None, [f"supervisor.spawn={SPAWN}"] if SPAWN else [])
TEMPLATES = [child.name for child in _SETTINGS.children() if child.kind == kinds.TEMPLATE]

SUPERVISOR = Path(__file__).resolve().parent.parent / "supervisor.py"


def eventually(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait until `condition()` holds; fail when it does not within `within_s`."""
    deadline_s = time.monotonic() + within_s * SLOWNESS
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {within_s * SLOWNESS:g} s"
        time.sleep(0.01)


def run_async(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: Playwright keeps a running loop in the thread of the tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


STRANGER: Final = 65_534  # the user "nobody"


def in_a_child(what: Callable[[], str], become: int) -> str:
    """Return the result of `what` in a new process, as the user `become` if this one is root."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(become)
                os.setuid(become)
            os.write(writer, what().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def kill_all(run_dir: Path) -> None:
    """Kill every process that has this directory among its arguments, until there is none: each may start others."""

    def none_left() -> bool:
        found = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(run_dir) in part for part in process.info["cmdline"] or [])
        ]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return not found

    eventually(none_left, 20)


class Pipeline:
    """The product itself, started by its own command line: own run directory, own ports, cleaned up whatever happens.

    Without a guardian, so that a test that kills the supervisor decides when it is started again.
    """

    def __init__(self, *overrides: str, demo: bool = False, supervisor: Path = SUPERVISOR) -> None:
        self.supervisor = supervisor
        self.run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
        self.gateway_port, self.ingest_port = free_ports(2)
        self.overrides = [
            f"run_dir={self.run_dir}",
            f"gateway.port={self.gateway_port}",
            f"ingest.port={self.ingest_port}",
            f"demo={str(demo).lower()}",
            *([f"supervisor.spawn={SPAWN}"] if SPAWN else []),
            *overrides,
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.console = self.run_dir / "console"

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, *options: str, ready: bool = True) -> subprocess.Popen[bytes]:
        """Run `supervisor.py start`; its output goes to `console`."""
        command = [sys.executable, str(self.supervisor), "start", *(options or ("--no-guardian",)), *self._set()]
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        if ready:
            eventually(lambda: self.running() or self._ended(), 40)
        return self.process

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the command line on this pipeline."""
        command = [sys.executable, str(self.supervisor), *arguments, *self._set()]
        return subprocess.run(command, capture_output=True, text=True, timeout=60 * SLOWNESS, check=False)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start another command and do not wait for it; the caller does (`communicate`)."""
        command = [sys.executable, str(self.supervisor), *arguments, *self._set()]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def status(self) -> dict[str, Any]:
        return control.request(self.run_dir, "status", 5 * SLOWNESS)

    def running(self) -> bool:
        try:
            return bool(self.status()["state"] == "running")
        except Refused:
            return False

    def pids(self) -> dict[str, int]:
        """Return the processes by name, the supervisor included; none while the pipeline is not running.

        One question: a supervisor that was killed may end between two.
        """
        try:
            status = self.status()
        except Refused:
            return {}
        if status["state"] != "running":
            return {}
        return {row["name"]: row["pid"] for row in status["processes"]} | {"supervisor": status["pid"]}

    def pid(self, name: str) -> int:
        """Return the process id of an actor."""
        pid: int = next(row["pid"] for row in self.status()["processes"] if row["name"] == name)
        return pid

    def kill(self, name: str) -> None:
        """Kill an actor and wait until it is back."""
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        eventually(lambda: self.pids().get(name, old) != old, 20)

    @property
    def tokens(self) -> tokens.Tokens:
        return tokens.load(self.run_dir)

    def said(self) -> str:
        return self.console.read_text() if self.console.exists() else ""

    def stop(self) -> int:
        """Stop it as Ctrl-C does; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20 * SLOWNESS)

    def close(self) -> None:
        """End everything that belongs to this run directory, detached or orphaned, and remove it."""
        print(self.said())  # shown when the test fails
        kill_all(self.run_dir)
        if self.process is not None:
            self.process.wait()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def _set(self) -> list[str]:
        return [part for override in self.overrides for part in ("--set", override)]

    def _ended(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return False
