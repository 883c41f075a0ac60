"""The real supervisor with small children (tiny_actor.py) in a temporary run directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from actors import control
from actors.core.supervision.restarts import Policy
from actors.supervision import guardian
from bench.pipeline import kill_all
from bench.ports import free_ports
from tests.support import SLOWNESS, SPAWN, eventually

HERE = Path(__file__).resolve().parent
FAST = """
[gateway]
port = {gateway}
[ingest]
port = {ingest}
[supervisor]
backoff_first_s = 0.05
backoff_max_s = 0.2
hang_warn_s = {hang_warn_s}
hang_kill_s = {hang_kill_s}
drain_s = 1.0
sample_s = 0.1
"""
# A busy machine keeps a healthy process silent for longer than a second.
HANG_WARN_S = 1.2 * SLOWNESS
HANG_KILL_S = 1.5 * SLOWNESS
ANSWER_S = 2.0  # of the template


def fast(gateway: int, ingest: int) -> str:
    """Return settings with short times and these ports."""
    return FAST.format(gateway=gateway, ingest=ingest, hang_warn_s=HANG_WARN_S, hang_kill_s=HANG_KILL_S)


class Tree:
    """A supervisor over tiny actors in a run directory of its own."""

    def __init__(self, more: str = "", spawn: str = SPAWN) -> None:
        self.run_dir = Path(tempfile.mkdtemp(prefix="fw-"))
        spawned = f'spawn = "{spawn}"\n' if spawn else ""
        (self.run_dir / "tiny.toml").write_text(fast(*free_ports(2)) + spawned + more)
        (self.run_dir / "answer_s").write_text(str(ANSWER_S))
        self.started: list[subprocess.Popen[bytes]] = []
        self.errors = self.run_dir / "errors"

    def start(self, *arguments: str, ready: bool = True) -> subprocess.Popen[bytes]:
        command = arguments or (sys.executable, str(HERE / "tiny_supervisor.py"), str(self.run_dir))
        with self.errors.open("ab") as errors:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)
        self.started.append(process)
        if ready:
            eventually(self.running, 30)
        return process

    def start_guarded(self, hang_s: float = 60.0, spawn: str = SPAWN, ready: bool = True) -> subprocess.Popen[bytes]:
        """Start with a guardian. With `spawn` "exec" it starts the supervisor by exec, otherwise by fork on Linux."""
        tiny = [sys.executable, str(HERE / "tiny_supervisor.py"), str(self.run_dir)]
        first = [*tiny, "guarded"]
        log = str(self.run_dir / "log" / "supervisor.log")
        order = guardian.order(first, [*first, "again"], Policy(0.05, 0.2, 60.0), log, hang_s=hang_s)
        if spawn == "exec" or sys.platform != "linux":
            return self.start(sys.executable, "-m", "actors.supervision.guardian", order, ready=ready)
        return self.start(*tiny, "warm", order, ready=ready)

    def behave(self, name: str, does: str) -> None:
        (self.run_dir / f"{name}.does").write_text(does)

    def status(self) -> dict[str, Any]:
        return control.request(self.run_dir, "status", 5 * SLOWNESS)

    def running(self) -> bool:
        try:
            return self.status()["state"] == "running"
        except control.NotRunning:
            return False

    def replaced(self, pid: int) -> bool:
        """Return whether another supervisor runs. One question: the old one may end between two."""
        try:
            status = self.status()
        except control.NotRunning:
            return False
        return bool(status["pid"] != pid and status["state"] == "running")

    def row(self, name: str) -> dict[str, Any]:
        return next(row for row in self.status()["processes"] if row["name"] == name)

    def pids(self) -> dict[str, Any]:
        return {row["name"]: row["pid"] for row in self.status()["processes"]}

    def kill(self, name: str) -> None:
        """Kill a child. The supervisor itself may have replaced it, if the machine kept it silent for too long."""

        def killed() -> bool:
            pid = self.pids()[name]
            if pid is None:
                return False
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
            return False

        eventually(killed, 10)

    def left(self) -> list[str]:
        file = self.run_dir / "left"
        return file.read_text().split() if file.exists() else []

    def said(self) -> str:
        """Return what the console and the supervisor's log have."""
        files = [self.errors, *(self.run_dir / "log").glob("supervisor.log*")]
        return "\n".join(file.read_text() for file in files)

    def close(self) -> None:
        kill_all(self.run_dir, 20 * SLOWNESS)
        print(self.said())  # shown when the test fails
        for started in self.started:
            started.wait()
        shutil.rmtree(self.run_dir)
