"""T10 and T11: repeated stops under load, and second instances."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from bench.pipeline import ROOT
from tests.faults import figures
from tests.faults.witness import WAIT_S, Witness
from tests.support import eventually

FULL = [pytest.mark.faults, pytest.mark.timeout(1_200)]


def stop(witness: Witness, by_command: bool) -> float:
    """Stop the pipeline as an operator or a service manager does; return how long it took."""
    process = witness.pipeline.process
    assert process is not None
    began_s = time.monotonic()
    if by_command:
        done = witness.command("stop")
        assert done.returncode == 0, done.stderr
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0
    return time.monotonic() - began_s


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=FULL)])
def test_events_accepted_before_a_stop_are_delivered_when_it_returns(times: int) -> None:
    took_s = []
    # A loaded machine may need longer than the usual time for a drain, after which a child is killed.
    patient = () if times == 100 else ("supervisor.drain_s=60",)
    with Witness(*patient) as witness:
        witness.post()
        seen = 0
        for number in range(times):
            witness.grows(20)
            eventually(lambda seen=seen: witness.viewer.overlay.position > seen, WAIT_S)  # it is connected again
            took_s.append(stop(witness, by_command=number % 2 == 0))
            # The ingest answered, and it waits for the log before it exits.
            accepted = [source.accepted for source in witness.sources]
            events = witness.logged()
            seen = events[-1].position
            for source, count in zip(witness.sources, accepted, strict=True):
                assert set(source.logged(events)) >= set(range(count))
            eventually(lambda top=events[-1].position: witness.viewer.overlay.position >= top, WAIT_S)
            left = [file.name for file in witness.run_dir.rglob("*") if file.suffix in (".sock", ".pid")]
            assert left == []
            assert not (witness.run_dir / "children.json").exists()
            witness.pipeline.start()
            witness.pipeline.wait_ready()
        counted = witness.check()
        assert not [line for line in witness.said("supervisor").splitlines() if "child killed" in line]
    figures.note("T10", f"{times} stops under load took {figures.spread(took_s)}; {counted}")


def second(*command: str) -> tuple[int, str, float]:
    """Start a second instance; return its exit code, its output, and the duration."""
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S, cwd=ROOT
    )
    return done.returncode, done.stderr, time.monotonic() - began_s


@pytest.mark.parametrize("gateways", [1, 2])
def test_a_second_instance_is_refused_with_the_pid_of_the_first(gateways: int) -> None:
    with Witness(f"gateway.processes={gateways}") as witness:
        witness.post()
        before = witness.rows()
        run_dir = str(witness.run_dir)
        starts = {
            "supervisor": ("supervisor.py", "start", "--no-guardian", "--set", f"run_dir={run_dir}"),
            "queue-manager": ("-m", "actors", "queue-manager", run_dir),
            "gateway-1": ("-m", "actors", "gateway-1", run_dir),
        }
        for name, command in starts.items():
            witness.grows(20)
            code, said, took_s = second(*command)
            pid = witness.pipeline.process.pid if name == "supervisor" else before[name]["pid"]
            assert code == 3, said
            assert f"pid={pid}" in said + witness.said(name)
            figures.note("T11", f"a second {name} was refused after {took_s:.2f} s")
        witness.grows(20)
        after = witness.rows()
        assert {name: row["pid"] for name, row in after.items()} == {name: row["pid"] for name, row in before.items()}
        assert witness.viewer.overlay.counts["connects"] == 1
        print(witness.check())
