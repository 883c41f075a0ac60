"""T5: repeated SIGKILL of the supervisor under load. The guardian restarts it, and no orphan remains."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from actors.errors import Refused
from tests.faults import figures
from tests.faults.witness import WAIT_S, Witness
from tests.support import eventually


class Aftermath:
    """Times after the death of a supervisor: end of the last orphan, and readiness of the next processes."""

    def __init__(self, witness: Witness) -> None:
        status = witness.status()
        self._witness, self._old = witness, status["pid"]
        self._orphans = [psutil.Process(row["pid"]) for row in status["processes"]]
        self.gone_s = self.back_s = 0.0
        self._began_s = time.monotonic()
        os.kill(self._old, signal.SIGKILL)

    def is_over(self) -> bool:
        passed_s = time.monotonic() - self._began_s
        if not self.back_s and self._is_back():
            self.back_s = passed_s
        if not self.gone_s and not any(
            lives(orphan) for orphan in self._orphans
        ):  # afterwards: they end before it is back
            self.gone_s = passed_s
        return bool(self.gone_s and self.back_s)

    def _is_back(self) -> bool:
        try:
            status = self._witness.status()
        except Refused:
            return False
        return bool(status["pid"] != self._old and status["state"] == "running")


def binders(port: int) -> set[int]:
    """Return the processes that listen on a port."""
    found = psutil.net_connections("tcp")
    return {row.pid for row in found if row.status == psutil.CONN_LISTEN and row.laddr.port == port}


def lives(process: psutil.Process) -> bool:
    """Return whether it still has any resource; the system reaps orphans."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("times", [4, pytest.param(50, marks=[pytest.mark.faults, pytest.mark.timeout(900)])])
def test_a_killed_supervisor_restarts_without_orphans_zombies_or_second_listeners(times: int) -> None:
    back_s, orphaned_s = [], []
    with Witness(guarded=True) as witness:
        witness.post()
        guardian = witness.pipeline.process
        assert guardian is not None
        for _ in range(times):
            witness.grows(20)
            aftermath = Aftermath(witness)
            eventually(aftermath.is_over, WAIT_S)
            assert aftermath.gone_s <= aftermath.back_s  # the next supervisor ends what is left before it starts others
            back_s.append(aftermath.back_s)
            orphaned_s.append(aftermath.gone_s)
            family = psutil.Process(guardian.pid).children(recursive=True)
            assert [child for child in family if child.status() == psutil.STATUS_ZOMBIE] == []
            rows = witness.rows()
            assert binders(witness.pipeline.gateway_port) == {rows["gateway-1"]["pid"]}
            assert binders(witness.pipeline.ingest_port) == {rows["ingest"]["pid"]}
            assert {child.pid for child in family} == {witness.status()["pid"], *(row["pid"] for row in rows.values())}
        counted = witness.check()
    figures.note("T5", f"{times} supervisors killed: back in {figures.spread(back_s)}; the last orphan gone in "
                       f"{figures.spread(orphaned_s)}; {counted}")  # fmt: skip
