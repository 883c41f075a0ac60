"""SIGKILL at every labelled point, while critical events flow: no event is lost, repeated or reordered.

The whole pipeline runs, supervisor included. In each round some processes have one armed point each and die there
several times, while the others continue. Points that a short run does not reach (trimming takes minutes) are in
tests/faults/test_store_deaths.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors import faults
from tests.faults.witness import WAIT_S, Witness
from tests.support import eventually

HITS = 3
# How often an incarnation passes a point before it dies there: enough for some progress, few enough to die soon.
ROUNDS = [
    {"ingest": "ingest.received:20", "queue-manager": "queue.received:9", "gateway-1": "gateway.received:6"},
    {"ingest": "outbox.before_commit:7", "normalizer-1": "normalizer.received:9", "gateway-1": "gateway.sent:4"},
    {"ingest": "outbox.after_commit:7", "queue-manager": "log.before_commit:6", "broadcaster": "broadcaster.sent:8"},
    {"normalizer-1": "normalizer.sent:9", "queue-manager": "log.in_commit:6", "broadcaster": "broadcaster.received:8"},
    {"ingest": "outbox.sent:7", "queue-manager": "log.after_commit:6", "gateway-1": "gateway.replaying:2"},
    {"ingest": "outbox.in_commit:7", "queue-manager": "queue.acked:8"},
    {"queue-manager": "queue.framed:5"},
]
ELSEWHERE = {"outbox.trimmed", "log.trimmed", "log.checkpointed"}


def test_every_labelled_point_is_tested_here_or_in_the_store_tests() -> None:
    here = {point.partition(":")[0] for points in ROUNDS for point in points.values()}
    assert here | ELSEWHERE == set(faults.POINTS)


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    """One pipeline for all rounds: events of the first rounds must survive the last ones."""
    with Witness() as witness:
        witness.post()
        yield witness


@pytest.mark.parametrize("points", ROUNDS, ids=lambda points: "+".join(points.values()))
def test_a_death_at_each_point_loses_no_event(points: dict[str, str], witness: Witness) -> None:
    before = witness.arm(points)

    def deaths() -> dict[str, int]:
        rows = witness.rows()
        return {point: rows[name]["restarts"] - before[name] for name, point in points.items()}

    eventually(lambda: min(deaths().values()) >= HITS, WAIT_S)
    print(deaths())
    rows = witness.rows()
    assert {rows[name]["last_reason"] for name in points} == {"killed by SIGKILL"}
    witness.grows(5)


def test_no_event_was_lost_repeated_or_reordered(witness: Witness) -> None:
    witness.arm({})
    print(witness.check())
