"""An actor without a supervisor exits, whichever signal reports it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.sockets.actors import Actors
from tests.support import eventually

ROOT = Path(__file__).resolve().parents[2]

# Starts an actor with a stdin that other processes also keep open, prints its pid, and waits to be killed.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "actors", *sys.argv[1:]], stdin=0, stdout=subprocess.PIPE)
for line in child.stdout:
    if b'"ready"' in line:
        print(child.pid, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
@pytest.mark.parametrize("name", ["broadcaster", "ingest"])
def test_an_orphaned_actor_exits_although_its_stdin_stays_open(name: str) -> None:
    with Actors() as actors:
        reader, writer = os.pipe()
        try:
            parent = subprocess.Popen(
                [sys.executable, "-c", PARENT, name, str(actors.run_dir)],
                cwd=ROOT, stdin=reader, stdout=subprocess.PIPE,
            )  # fmt: skip
            assert parent.stdout is not None
            child = psutil.Process(int(parent.stdout.readline()))
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            parent.stdout.close()
            eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 10)
        finally:
            os.close(reader)
            os.close(writer)
