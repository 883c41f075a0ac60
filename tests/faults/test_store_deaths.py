"""SIGKILL inside the two stores, fifty times at every labelled point: both keep all acknowledged data.

A transaction that was not acknowledged may be lost. Acknowledged transactions and their order are kept, and events,
watermark and derived state of a transaction are kept together or not at all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from actors import faults
from tests.support import SLOWNESS

ROOT = Path(__file__).resolve().parents[2]
SEED, DEATHS = 1, 50
POINTS = [point for point in faults.POINTS if point.startswith(("log.", "outbox.")) and point != "outbox.sent"]


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_store_keeps_acknowledged_data(tmp_path: Path, point: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.store_deaths", str(tmp_path), point, str(DEATHS), str(SEED)],
        cwd=ROOT, capture_output=True, text=True, timeout=90 * SLOWNESS,
    )  # fmt: skip
    print(f"seed {SEED}\n{done.stdout}{done.stderr}")
    assert done.returncode == 0
    assert json.loads(done.stdout)["deaths"] == DEATHS
