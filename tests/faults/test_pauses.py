"""Processes that are stopped (T6), and gateways that restart.

A process under SIGSTOP keeps its sockets and locks; when it continues, it does not notice the elapsed time.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.witness import ACTORS, WAIT_S, Viewer, Witness
from tests.support import eventually

ROOT = Path(__file__).resolve().parents[2]


def test_a_process_stopped_for_a_second_has_no_lasting_effect() -> None:
    with Witness() as witness:
        witness.post()
        for name in ACTORS:
            witness.grows(20)
            pid = witness.rows()[name]["pid"]
            os.kill(pid, signal.SIGSTOP)
            time.sleep(1.0)  # the fault itself, not a wait for something
            os.kill(pid, signal.SIGCONT)
        witness.grows(20)
        assert all(row["restarts"] == 0 for row in witness.rows().values())
        print(witness.check())


def test_a_process_stopped_beyond_the_limit_is_replaced_without_loss() -> None:
    quick = ("supervisor.hang_warn_s=0.5", "supervisor.hang_kill_s=2.0")
    with Witness(*quick) as witness:
        witness.post()
        for name in ACTORS:
            os.kill(witness.rows()[name]["pid"], signal.SIGSTOP)
        eventually(lambda: all(witness.rows()[name]["restarts"] for name in ACTORS), WAIT_S)
        assert all(witness.rows()[name]["last_reason"].startswith("hung") for name in ACTORS)
        witness.grows(20)
        print(witness.check())


def test_gateways_that_restart_under_load_leave_no_gap() -> None:
    with Witness("gateway.processes=2") as witness:
        others = [Viewer(witness.pipeline, f"viewer-{number}") for number in range(4)]
        for viewer in others:
            viewer.start()
        witness.post()
        for number in range(6):
            witness.grows(20)
            witness.kill(f"gateway-{number % 2 + 1}")
        print(witness.check())
        for viewer in others:
            eventually(lambda viewer=viewer: viewer.overlay.position >= len(witness.viewer.seen), WAIT_S)
            viewer.stop()
            assert viewer.seen == witness.viewer.seen[len(witness.viewer.seen) - len(viewer.seen) :]
            assert viewer.overlay.counts["missed"] == 0


@pytest.mark.parametrize("name", ["queue-manager", "gateway-1"])
def test_the_last_event_before_a_silence_is_delivered(name: str) -> None:
    """After the last event no later frame reveals a gap. Only `top` of the log does."""
    with Witness() as witness:
        for _ in range(5):
            for source in witness.sources:
                source.once()
            witness.kill(name)
            witness.settle()
        print(witness.check())
