"""T6 and T7: processes without progress: stopped for a moment, replaced after a longer stop, or in an endless loop.

A process under SIGSTOP keeps its sockets and locks; when it continues, it does not notice the elapsed time.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from bench.pipeline import ROOT
from tests.faults import figures
from tests.faults.witness import ACTORS, WAIT_S, Witness
from tests.support import eventually

QUICK = ("supervisor.hang_warn_s=0.5", "supervisor.hang_kill_s=2.0")
FULL = [pytest.mark.faults, pytest.mark.timeout(600)]
# The point at which each kind of loop hangs: how often it is passed before, and the function in the log.
POINTS = {
    "ingest": "ingest.received:20",
    "normalizer-1": "normalizer.received:9",
    "queue-manager": "queue.received:9",
    "broadcaster": "broadcaster.received:9",
    "gateway-1": "gateway.received:9",
}
HANGS = {"busy": "hang_in_python", "gil": "hang_in_c"}


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_stopped_process_is_replaced_without_loss() -> None:
    found_s = []
    with Witness() as witness:
        witness.post()
        for name in ACTORS:
            eventually(witness.running, WAIT_S)
            witness.grows(20)
            stopped = psutil.Process(witness.rows()[name]["pid"])
            began_s = time.monotonic()
            stopped.suspend()
            eventually(lambda stopped=stopped: not stopped.is_running(), WAIT_S)
            found_s.append(time.monotonic() - began_s)
            eventually(witness.running, WAIT_S)
            assert witness.rows()[name]["last_reason"].startswith("hung")
        counted = witness.check()
    figures.note("T6", f"stopped processes were killed after {figures.spread(found_s)}; {counted}")


def stopped_between_transactions(witness: Witness, pid: int) -> bool:
    """Stop a queue-manager; continue it if it is in a transaction, because the log could not be opened then."""
    os.kill(pid, signal.SIGSTOP)
    threads = list(Path(f"/proc/{pid}/task").glob("*/stat"))
    eventually(lambda: all(one.read_text().rpartition(")")[2].split()[0] == "T" for one in threads))  # not at once
    with closing(sqlite3.connect(witness.run_dir / "log.db", timeout=0.0, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        db.execute("ROLLBACK")
    return True


def test_a_replaced_queue_manager_that_continues_exits_and_its_messages_are_ignored() -> None:
    """Its locks are taken from it as by a careless clean-up while it is stopped; then it wakes beside its successor."""
    with Witness("supervisor.hang_warn_s=20.0", "supervisor.hang_kill_s=30.0") as witness:
        witness.post()
        witness.grows(50)
        before = witness.rows()["queue-manager"]
        eventually(lambda: stopped_between_transactions(witness, before["pid"]), WAIT_S)
        for lock in ("log.lock", "queue-manager.actor.lock"):
            (witness.run_dir / lock).unlink()
        successor = subprocess.Popen(
            [sys.executable, "-m", "actors", "queue-manager", str(witness.run_dir)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        try:
            assert successor.stdout is not None
            assert b"ready" in successor.stdout.readline()
            # Events that are accepted meanwhile wait on both sides of the stopped process.
            witness.grows(50)
            os.kill(before["pid"], signal.SIGCONT)
            eventually(lambda: witness.rows()["queue-manager"]["last_reason"].startswith("refused"), WAIT_S)
            assert "this queue-manager is" in witness.said("queue-manager")
            gen = witness.head().gen
            # The supervisor's next one is refused while the successor lives; the successor does all the work.
            top = witness.head().top
            eventually(lambda: witness.head().top >= top + 50, WAIT_S)
            assert witness.head().gen == gen
            refusal = f"is held by queue-manager pid={successor.pid}"
            eventually(lambda: refusal in witness.said("queue-manager"), WAIT_S)
        finally:
            successor.terminate()
            successor.communicate(timeout=WAIT_S)
        eventually(witness.running, WAIT_S)
        assert witness.head().gen > gen
        print(witness.check())


def hang(witness: Witness, name: str, way: str) -> float:
    """Let a child hang; return the seconds until its death, according to the logs."""
    witness.arm({name: f"{POINTS[name]}:{way}"})
    eventually(lambda: f"way={way}" in witness.said(name), WAIT_S)
    hung = next(moment_of(line) for line in witness.said(name).splitlines() if f"way={way}" in line)

    def deaths() -> list[datetime]:
        lines = [line for line in witness.said("supervisor").splitlines() if f"died name={name} reason='hung" in line]
        return [died for died in map(moment_of, lines) if died > hung]

    eventually(deaths, WAIT_S)
    witness.arm({})
    eventually(witness.running, WAIT_S)
    said = witness.said(name)
    assert f"in {HANGS[way]}" in said[said.index(f"way={way}") :]  # faulthandler's stack of the hanging thread
    return (deaths()[0] - hung).total_seconds()


def moment_of(line: str) -> datetime:
    return datetime.fromisoformat(line.split(" ", 1)[0])


@pytest.mark.parametrize(("name", "way"), [("queue-manager", "gil"), ("ingest", "busy")])
def test_a_loop_that_hangs_is_detected_and_its_stack_is_logged(name: str, way: str) -> None:
    with Witness(*QUICK) as witness:
        witness.post()
        hang(witness, name, way)
        print(witness.check())


@pytest.mark.parametrize("way", [pytest.param(way, marks=FULL) for way in HANGS])
def test_every_loop_that_hangs_is_detected(way: str) -> None:
    found_s = {}
    with Witness() as witness:
        witness.post()
        for name in POINTS:
            found_s[name] = hang(witness, name, way)
        counted = witness.check()
    each = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found_s.items())
    figures.note("T7", f"{HANGS[way]}: from the hang to the death in s: {each}; {counted}")
