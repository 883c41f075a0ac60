"""A power cut: data that was fsynced is found again, and any part of the other data.

SIGKILL does not test this, because the kernel keeps the writes of a killed process. Here the writes are journaled, and
the files are built as they may be after a power cut at one of hundreds of moments (powercut.py). They must contain all
data that had been acknowledged by then. As a check of the test itself, stores with SQLite's weaker
`synchronous = NORMAL` must fail it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from actors.core.contract.event import Event, Submission
from actors.stores.database import LOG_FILE
from actors.stores.log import Log, LogReader
from actors.stores.outbox import Outbox, OutboxReader, outbox_path
from bench.pipeline import Pipeline
from tests.faults import powercut
from tests.faults.store_deaths import STORES
from tests.faults.witness import QUICK, WAIT_S, Witness
from tests.support import SLOWNESS, SPAWNED, eventually

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("FAULT_SEED", "1"))
LIVES = 12
MOMENTS = 200


def live(directory: Path, store: str, weak: bool) -> list[tuple[int, int]]:
    """Let a store live under the recorder; return (moment in ns, number that is safe since then)."""
    run_dir = directory / "run"
    run_dir.mkdir()
    environment = os.environ | powercut.environment(directory) | ({"POWERCUT_WEAK": "1"} if weak else {})
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.store_deaths", str(run_dir), store, str(LIVES), str(SEED)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=100, check=True,
    )  # fmt: skip
    return [(int(ns), int(number)) for ns, number in map(str.split, done.stdout.splitlines())]


def losses(directory: Path, store: str, told: list[tuple[int, int]]) -> list[str]:
    """Cut the power at many moments; return the faults in the remaining files."""
    _, check = STORES[store]
    dice = random.Random(SEED)
    wrong = []
    # Half of the moments directly after an acknowledgement, where a loss is nearest.
    moments = [dice.choice(told)[0] for _ in range(MOMENTS // 2)]
    moments += [dice.randint(told[0][0], told[-1][0]) for _ in range(MOMENTS // 2)]
    for number, cut in enumerate(powercut.cuts(directory, moments, SEED)):
        found = directory / f"found-{number}"
        found.mkdir()
        cut.write(found)
        safe = max((known for ns, known in told if ns <= cut.ns), default=0)
        try:
            check(found, safe)
        except AssertionError as error:
            wrong.append(f"after {(cut.ns - told[0][0]) / 1e6:.3f} ms: {error}")
    return wrong


@pytest.mark.parametrize("store", STORES)
def test_acknowledged_data_survives_a_power_cut_at_any_moment(tmp_path: Path, store: str) -> None:
    told = live(tmp_path, store, weak=False)
    print(f"seed {SEED}, {len(told)} acknowledgements, {MOMENTS} cuts")
    assert len(told) > 100
    assert losses(tmp_path, store, told) == []


@pytest.mark.parametrize("store", STORES)
def test_a_store_without_fsync_fails_the_power_cut_test(tmp_path: Path, store: str) -> None:
    told = live(tmp_path, store, weak=True)
    assert len(losses(tmp_path, store, told)) > MOMENTS // 20


# The whole pipeline: answers to its sources and events of its viewer, compared with the remaining files.


def outbox_numbers(run_dir: Path) -> dict[str, list[int]]:
    """Return the rows of each source in the remaining outbox, in order, without repetitions."""
    found: dict[str, list[int]] = {"left": [], "right": [], "server": []}
    if not outbox_path(run_dir, "ingest").exists():
        return found
    for item in OutboxReader(run_dir, "ingest").rows(0, 1_000_000):
        if item.kind == "event":
            submission = msgspec.msgpack.decode(item.body, type=Submission)
            source, number = str(submission.source), int(str(submission.id).rpartition("-")[2])
        else:
            source, number = "server", int(item.body.split(b"killed ")[1].split(b"<")[0][2:])
        if number not in found[source][-3:]:  # a body of up to three that was not answered comes again
            found[source].append(number)
    return found


def check_found(run_dir: Path, witness: Witness, ns: int) -> None:
    """Compare the remaining files with the answers before the power cut."""
    stored = outbox_numbers(run_dir)
    for source, numbers in zip(witness.sources, stored.values(), strict=True):
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= source.accepted_by(ns), "accepted, and not in the outbox"
    shown = [
        pair for moment_ns, pair in zip(witness.viewer.seen_ns, witness.viewer.seen, strict=True) if moment_ns <= ns
    ]
    events: list[Event] = []
    watermarks: dict[str, int] = {}
    if (run_dir / LOG_FILE).exists():
        log = Log(run_dir, 86_400.0, 1 << 30, 86_400.0, 100)
        events, watermarks = LogReader(run_dir).page(0, 1_000_000), log.recovered.watermarks
        log.close()
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert [(event.position, event.id) for event in events[: len(shown)]] == shown, "shown, and not in the log"
    if watermarks:
        box = Outbox(run_dir, "ingest", 86_400.0)
        assert box.acked <= watermarks[box.producer] <= box.newest, "the two stores contradict each other"
        box.close()


def test_after_a_power_cut_the_log_has_all_answered_and_all_shown_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in powercut.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    with Witness(seed=SEED) as witness:
        witness.post()
        for victim in ("queue-manager", "ingest", "gateway-1"):
            witness.grows(150)
            witness.kill(victim)
        witness.grows(150)
        last_ns = time.monotonic_ns()
    monkeypatch.undo()
    moments = [moment_ns for source in witness.sources for moment_ns, _ in source.answers_ns] + witness.viewer.seen_ns
    dice = random.Random(SEED)
    chosen = dice.sample([moment_ns for moment_ns in moments if moment_ns <= last_ns], 100)
    print(f"seed {SEED}, {len(moments)} moments, {len(chosen)} cuts")
    for number, cut in enumerate(powercut.cuts(tmp_path, chosen, SEED)):
        found = tmp_path / f"found-{number}"
        found.mkdir()
        cut.write(found)
        check_found(found, witness, cut.ns)
    for cut in powercut.cuts(tmp_path, chosen[:2], SEED):
        start_again(cut, witness)


def start_again(cut: powercut.Cut, witness: Witness) -> None:
    """Start the pipeline on the remaining files: all answered messages are logged once and in order."""
    pipeline = Pipeline([*QUICK, *SPAWNED], slowness=SLOWNESS)
    try:
        cut.write(pipeline.run_dir)
        pipeline.start()
        pipeline.wait_ready()

        def complete() -> bool:
            events = LogReader(pipeline.run_dir).page(0, 1_000_000)
            return all(len(source.logged(events)) >= source.accepted_by(cut.ns) for source in witness.sources)

        eventually(complete, WAIT_S)
        events = LogReader(pipeline.run_dir).page(0, 1_000_000)
        for source in witness.sources:
            numbers = source.logged(events)
            assert numbers == list(range(len(numbers)))
    finally:
        assert pipeline.end()
