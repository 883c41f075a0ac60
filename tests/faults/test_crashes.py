"""T8 and T9: a crash in C, no memory, the kernel's OOM killer, and poison messages."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.faults import figures
from tests.faults.witness import ACTORS, WAIT_S, Poster, Witness
from tests.support import eventually

FULL = pytest.mark.faults
# Where each dies, by how often it passes the point; ingest's is on the thread of its store, whose end is its own.
POINTS = {
    "ingest": "outbox.before_commit:20",
    "normalizer-1": "normalizer.received:15",
    "queue-manager": "queue.received:10",
    "broadcaster": "broadcaster.received:10",
    "gateway-1": "gateway.received:10",
}
WORDS = {"segv": ("Segmentation fault", "in read_nowhere"), "memory": ("MemoryError: on purpose",)}
REASONS = {"segv": "killed by SIGSEGV", "memory": "exited with code 1"}


@pytest.mark.parametrize("way", WORDS)
@pytest.mark.parametrize("times", [1, pytest.param(5, marks=[FULL, pytest.mark.timeout(300)])])
def test_a_crashed_process_logs_its_stack_and_loses_no_event(way: str, times: int) -> None:
    with Witness() as witness:
        witness.post()
        for _ in range(times):
            before = witness.arm({name: f"{point}:{way}" for name, point in POINTS.items()})
            eventually(
                lambda before=before: all(witness.rows()[name]["restarts"] > before[name] for name in POINTS), WAIT_S
            )
            assert {witness.rows()[name]["last_reason"] for name in POINTS} == {REASONS[way]}
        witness.arm({})
        eventually(witness.running, WAIT_S)
        witness.grows(20)
        for name in POINTS:
            assert all(word in witness.said(name) for word in WORDS[way])
        restarts = sum(row["restarts"] for row in witness.rows().values())
        counted = witness.check()
    figures.note("T8", f"{REASONS[way]} ({way}): {restarts} restarts of all five kinds; {counted}")


def test_an_exception_in_a_callback_ends_the_ingest() -> None:
    """Asyncio alone would log it and go on, with a way to the normalizers that may stay broken."""
    with Witness() as witness:
        witness.post()
        witness.grows(10)
        witness.arm({"ingest": "outbox.sent:20:memory"})
        eventually(lambda: witness.rows()["ingest"]["last_reason"] == REASONS["memory"], WAIT_S)
        witness.arm({})
        eventually(witness.running, WAIT_S)
        witness.grows(10)
        assert "loop failure" in witness.said("ingest")
        print(witness.check())


def test_a_process_that_receives_sigsegv_logs_its_stack() -> None:
    with Witness() as witness:
        witness.post()
        for name in ACTORS:
            witness.grows(10)
            os.kill(witness.rows()[name]["pid"], signal.SIGSEGV)
            eventually(lambda name=name: witness.rows()[name]["last_reason"] == "killed by SIGSEGV", WAIT_S)
            eventually(witness.running, WAIT_S)
            assert "Fatal Python error: Segmentation fault" in witness.said(name)
        print(witness.check())


class Flood(Poster):
    """Posts bodies of a thousand large cosmetic events, so that every process on the path needs memory."""

    def __init__(self, witness: Witness) -> None:
        super().__init__(witness.pipeline, 0.01)
        self._body = json.dumps(
            [{"type": "hit", "source": "flood", "payload": {"text": f"{number:04d}" * 170}} for number in range(1_000)]
        ).encode()

    def deliver(self, number: int) -> int:
        del number
        self.post("/events", self._body, {"Authorization": f"Bearer {self._token}"})
        return 1


def dies_of(witness: Witness, name: str, squeeze: Callable[[psutil.Process], object], within_s: float) -> bool:
    """Limit the memory of a child that has just started, then flood it; return whether it died within the time."""
    witness.restart(name)
    row = witness.rows()[name]
    squeeze(psutil.Process(row["pid"]))
    flood = Flood(witness)
    flood.start()
    deadline_s = time.monotonic() + within_s
    died = False
    while not died and time.monotonic() < deadline_s:
        died = witness.rows()[name]["restarts"] > row["restarts"]
        time.sleep(0.02)
    with suppress(psutil.NoSuchProcess):  # a child that survived gets its limit back
        psutil.Process(row["pid"]).rlimit(psutil.RLIMIT_AS, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    flood.stop()
    eventually(witness.running, WAIT_S)
    return died


def dies_at_birth_of(witness: Witness, name: str, squeeze: Callable[[psutil.Process], object]) -> None:
    """Squeeze an incarnation of a child before it is ready, and wait for its death and the one after.

    A forked child is ready after 10 ms, and needs no more memory then. So it is tried until one was squeezed in time.
    """
    last = witness.rows()[name]["restarts"]

    def squeezed() -> bool:
        nonlocal last
        witness.kill(name)
        eventually(lambda: witness.rows()[name]["restarts"] > last and witness.rows()[name]["pid"], WAIT_S)
        row = witness.rows()[name]
        squeeze(psutil.Process(row["pid"]))
        last = row["restarts"]
        deadline_s = time.monotonic() + 0.3
        while witness.rows()[name]["restarts"] == last and time.monotonic() < deadline_s:
            time.sleep(0.02)
        died, last = witness.rows()[name]["restarts"] > last, witness.rows()[name]["restarts"]
        return died

    eventually(squeezed, WAIT_S)
    eventually(witness.running, WAIT_S)


@FULL
@pytest.mark.timeout(600)
def test_a_process_without_memory_loses_no_event() -> None:
    """RLIMIT_AS below the current use: every request for memory fails. Some processes continue without it."""

    def squeeze(process: psutil.Process) -> None:
        process.rlimit(psutil.RLIMIT_AS, (1 << 20, psutil.RLIM_INFINITY))

    with Witness() as witness:
        witness.post()
        died = [name for name in ACTORS if dies_of(witness, name, squeeze, within_s=5.0)]
        counted = witness.check()
    figures.note("T8", f"no memory (RLIMIT_AS): {', '.join(died) or 'none'} died, the others continued; {counted}")


@pytest.fixture
def cage() -> Iterator[Path]:
    """A memory control group of a few pages; without the right to make one the test is skipped."""
    path = Path(f"/sys/fs/cgroup/memory/framewire-{os.getpid()}")
    try:
        path.mkdir()
    except OSError as error:
        pytest.skip(f"no memory control group can be made here: {error.strerror}")
    try:
        yield path
    finally:
        eventually(lambda: not (path / "cgroup.procs").read_text(), 10)
        path.rmdir()


@FULL
@pytest.mark.timeout(600)
def test_a_process_killed_by_the_oom_killer_restarts_and_loses_no_event(cage: Path) -> None:
    def squeeze(process: psutil.Process) -> None:
        (cage / "cgroup.procs").write_text(str(process.pid))

    (cage / "memory.limit_in_bytes").write_text(str(256 << 10))
    with Witness() as witness:
        witness.post()
        at_work = []
        for name in ACTORS:
            if dies_of(witness, name, squeeze, within_s=5.0):
                at_work.append(name)
            else:
                dies_at_birth_of(witness, name, squeeze)
            assert witness.rows()[name]["last_reason"] == "killed by SIGKILL"
        (kills,) = [
            line.split()[1]
            for line in (cage / "memory.oom_control").read_text().splitlines()
            if line.startswith("oom_kill ")
        ]
        counted = witness.check()
    figures.note("T8", f"OOM killer: {kills} kills, at work {', '.join(at_work)}, the others at birth; {counted}")
    assert int(kills) >= len(ACTORS)


def test_a_message_that_kills_the_normalizer_is_dead_lettered_and_others_keep_order() -> None:
    with Witness("faults.poison=venom", "supervisor.backoff_first_s=0.2", "supervisor.backoff_max_s=5.0") as witness:
        witness.post()
        witness.grows(20)
        poison = Poison(witness)
        began_s = time.monotonic()
        poison.once()
        eventually(lambda: witness.quarantined(), WAIT_S)
        took_s = time.monotonic() - began_s
        assert witness.quarantined()[0]["dead"]
        assert witness.rows()["normalizer-1"]["restarts"] == 3
        witness.grows(20)
        counted = witness.check()
    figures.note("T9", f"set aside after three deaths in {took_s:.1f} s; {counted}")


class Poison(Poster):
    """One critical event that no normalizer survives."""

    def __init__(self, witness: Witness) -> None:
        super().__init__(witness.pipeline, 0.0)

    def deliver(self, number: int) -> int:
        body = json.dumps({"type": "raid", "payload": {"user": "venom"}, "id": f"venom-{number}"}).encode()
        self.post("/events", body, {"Authorization": f"Bearer {self._token}"})
        return 1
