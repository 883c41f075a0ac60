"""Requests of one source that overlap: the messages of the first are not on disk yet when the next one comes."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from actors import config
from actors.adapters import generic
from actors.core.contract.types.community import Follow
from actors.errors import DiskFull
from actors.producers.ingest import HttpSource
from actors.producers.link import Link
from actors.producers.spec import SourceMessage, SourceRequest, Taken
from actors.stores.outbox import Outbox
from tests.memory.bus import MemoryBus, Network
from tests.support import SLOWNESS, run_async

SETTINGS = config.of_tree({"sources": {"post": {"kind": "gsi"}}})


class Disk:
    """The disk of an outbox: a commit waits until `answered`, and then fails while it is full."""

    def __init__(self, full: bool) -> None:
        self.reached, self.answered, self.full = threading.Event(), threading.Event(), full


def outbox_on(disk: Disk, run_dir: Path) -> Outbox:
    class Waiting(Outbox):
        def commit(self, jobs: list[Any]) -> list[Any]:
            disk.reached.set()
            assert disk.answered.wait(5 * SLOWNESS)
            if disk.full:
                raise DiskFull("no room")
            return super().commit(jobs)

    return Waiting(run_dir, "ingest", 300.0)


def counted(request: SourceRequest, _settings: object, _secret: object, state: bytes) -> Taken:
    """Return one follow; for other bodies than "a", the state is the number of the requests so far."""
    number = int(state or b"0") + 1
    body = generic.packed("follow", Follow(f"viewer {number}"), "test")
    identity = request.body.decode()
    return Taken([SourceMessage(body, "event", identity)], state=None if identity == "a" else b"%d" % number)


async def answers(disk: Disk, run_dir: Path, bodies: list[bytes]) -> tuple[list[object], bytes]:
    """Send requests, the later ones while the first is being stored; return how each ended, and the state then."""
    link = Link(SETTINGS, logging.getLogger("test"), MemoryBus(Network()), lambda: outbox_on(disk, run_dir))
    source = HttpSource(SETTINGS, "post", link, run_dir)
    source._receive = counted
    tasks = [asyncio.create_task(source.take(SourceRequest("", {}, {}, body, 0.0))) for body in bodies]
    await asyncio.to_thread(disk.reached.wait, 5)
    early = [task.done() for task in tasks]
    disk.answered.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    link.close()
    assert early == [False] * len(bodies)  # no answer before the commit
    return [type(one) for one in ended], source.intake.cursor


@pytest.mark.parametrize(
    ("full", "bodies", "ended", "state"),
    [
        (False, [b"a", b"a"], [Taken, Taken], b""),
        (True, [b"a", b"a"], [DiskFull, DiskFull], b""),
        (False, [b"b", b"c"], [Taken, Taken], b"2"),
        (True, [b"b", b"c"], [DiskFull, DiskFull], b""),
        (True, [b"b", b"c", b"d"], [DiskFull, DiskFull, DiskFull], b""),
    ],
)
def test_a_request_is_answered_and_its_state_kept_only_when_it_is_on_disk(
    tmp_path: Path, full: bool, bodies: list[bytes], ended: list[object], state: bytes
) -> None:
    assert run_async(answers(Disk(full), tmp_path, bodies)) == (ended, state)
