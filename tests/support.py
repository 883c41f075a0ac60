"""Helpers of all tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from actors import config, control, tokens
from actors.core.supervision import kinds
from actors.errors import Refused
from bench import pipeline
from bench.pipeline import SUPERVISOR

# All waits scale by it: a slow or loaded machine needs longer, and no test asserts a time. Tests that run beside others
# (pytest-xdist) load the machine themselves.
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "3" if "PYTEST_XDIST_WORKER" in os.environ else "1"))

# How the pipelines of the tests start their processes, as supervisor.spawn; "": as by default.
SPAWN = os.environ.get("TEST_SPAWN", "")
SPAWNED = [f"supervisor.spawn={SPAWN}"] if SPAWN else []
# Processes that they have beside the actors.
_SETTINGS = config.load(None, SPAWNED)
TEMPLATES = [child.name for child in _SETTINGS.children() if child.kind == kinds.TEMPLATE]


def eventually(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait until `condition()` holds; fail when it does not within `within_s`."""
    deadline_s = time.monotonic() + within_s * SLOWNESS
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {within_s * SLOWNESS:g} s"
        time.sleep(0.01)


def chromium_path() -> str | None:
    """Return the program that CHROMIUM names, else a Chromium or Chrome on the PATH, else None."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


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


class Pipeline(pipeline.Pipeline):
    """A pipeline of a test: killed and removed at the end of the `with` block, also if it runs without a terminal."""

    def __init__(self, *overrides: str, demo: bool = False, supervisor: Path = SUPERVISOR) -> None:
        super().__init__([f"demo={str(demo).lower()}", *SPAWNED, *overrides], slowness=SLOWNESS, supervisor=supervisor)

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        print(self.said())  # shown when the test fails
        self.close()

    def start(self, *options: str, ready: bool = True) -> subprocess.Popen[bytes]:
        """Run `start`; wait until the pipeline runs, if it shall."""
        process = super().start(*options)
        if ready:
            eventually(lambda: self.running() or self._ended(), 40)
        return process

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

    def _ended(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return False
