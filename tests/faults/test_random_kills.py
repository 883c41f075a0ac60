"""SIGKILL of random processes, the supervisor included, while a game server sends the demo match.

bench/rehearsal.py compares its own records. N kills without a loss bound the probability of a loss per kill below 3/N
at 95 % (the rule of three): 5 % for the short run, 0.1 % for the long one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.producers import demo_match as demo
from bench import books, rehearsal
from tests.faults.witness import QUICK
from tests.support import SLOWNESS, SPAWNED

STARTED_S = 1_783_425_600.0  # when the match begins, by the stamps in the log
SEED = int(os.environ.get("FAULT_SEED", "1"))


def write_match(path: Path, rounds: int) -> None:
    """Write the log that a game server writes of the demo match, played `rounds` times with other dice."""
    lines = [
        demo.stamp(beat.body, STARTED_S + number * demo.DURATION_S + beat.offset_s)
        for number in range(rounds)
        for beat in demo.match(number + 1)
        if beat.kind == "srcds"
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")


def rehearse(path: Path, kills: int, kill_every_s: float, seed: int) -> dict[str, object]:
    """Play the log just as long as the kills take."""
    bodies = rehearsal.read_bodies(path)
    own_s = books.due_seconds(bodies, 1.0, "bursts")
    due_s = [moment_s / own_s[-1] * (kills + 0.9) * kill_every_s for moment_s in own_s]
    overrides = [*QUICK, "normalizer.processes=2", f"supervisor.drain_s={5 * SLOWNESS}", *SPAWNED]
    return rehearsal.rehearse(bodies, due_s, kill_every_s, seed, browser=False, overrides=overrides, keep=False)


def judge(result: dict[str, object], kills: int) -> None:
    print(rehearsal.summary(result))
    print(result["overlay"], result["server"])
    assert result["passed"], result["details"]
    assert (result["lost"], result["duplicated"], result["reordered"]) == (0, 0, 0)
    assert result["kills_total"] >= kills
    assert result["kills_missed"] == 0
    assert result["stopped_cleanly"]


def test_sixty_random_kills_lose_repeat_and_reorder_no_event(tmp_path: Path) -> None:
    write_match(tmp_path / "match.log", rounds=8)
    judge(rehearse(tmp_path / "match.log", kills=60, kill_every_s=0.7, seed=SEED), kills=60)


@pytest.mark.long
@pytest.mark.timeout(4_000)
def test_three_thousand_random_kills_lose_repeat_and_reorder_no_event(tmp_path: Path) -> None:
    write_match(tmp_path / "match.log", rounds=80)
    for part in range(6):
        judge(rehearse(tmp_path / "match.log", kills=500, kill_every_s=0.7, seed=SEED + part), kills=500)
