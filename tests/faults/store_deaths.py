"""`store_deaths RUN_DIR DEATHS SEED POINT …`: dies in a store at each of the points, and reopens it after each death.

Forked, not started anew: a death costs milliseconds, so there can be many. Prints one JSON line per point; leaves with
a traceback when a reopened store does not keep what was acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from actors import config, faults
from actors.core.book import Entry
from actors.stores.log import Log, LogReader
from actors.stores.outbox import Delivery, Outbox, OutboxReader, Progress
from tests.core.make import event

Work = Callable[[Path, random.Random, Callable[[int], None]], None]
Check = Callable[[Path, int], None]


def open_log(run_dir: Path) -> Log:
    return Log(run_dir, keep_s=0.001, max_bytes=1 << 30, identity_s=0.001, quarantine_rows=10)


def log_work(run_dir: Path, random_: random.Random, tell: Callable[[int], None]) -> None:
    """Commit events, watermark and retained state together; trim now and then; close sometimes."""
    log = open_log(run_dir)
    top = log.recovered.head.top
    for _ in range(40):
        positions = range(top + 1, top + 1 + random_.randint(1, 4))
        top = positions[-1]
        now_ms = time.time() * 1000
        events = [event("death", f"e{position}", position=position, ts_queued_ms=now_ms) for position in positions]
        log.commit([Entry(events=events, watermarks={"p": top}, derived={"d": b"%d" % top})])
        tell(top)
        if random_.random() < 0.3:
            time.sleep(0.002)
            log.commit([Entry(trim_ms=time.time() * 1000)])
    log.close()
    tell(top)


def log_check(run_dir: Path, told: int) -> None:
    log = open_log(run_dir)
    found = log.recovered
    positions = [one.position for one in LogReader(run_dir).page(0, 1_000_000)]
    assert found.head.top >= told, f"told {told}, kept {found.head.top}"
    assert positions == list(range(found.head.oldest, found.head.top + 1)), "a gap in the log"
    assert found.watermarks.get("p", 0) == found.head.top, "a watermark apart from its events"
    assert found.derived.get("d", b"0") == b"%d" % found.head.top, "derived state apart from its events"
    log.close()


def outbox_work(run_dir: Path, random_: random.Random, tell: Callable[[int], None]) -> None:
    """Store deliveries, acknowledge what was stored a while ago, trim it."""
    box = Outbox(run_dir, "source", keep_s=0.001)
    newest = box.newest
    for _ in range(40):
        rows = [("event", b"%d" % (newest + place + 1)) for place in range(random_.randint(1, 4))]
        digest = b"%d" % newest if random_.random() < 0.5 else b""
        [stored, *_] = box.commit([Delivery(rows, time.time() * 1000, digest), Progress(max(0, newest - 5), "e")])
        assert stored is not None
        newest = stored.items[-1].pseq
        tell(newest)
        if random_.random() < 0.3:
            time.sleep(0.002)
            box.commit([Progress(max(0, newest - 5), "e", trim=True)])


def outbox_check(run_dir: Path, told: int) -> None:
    box = Outbox(run_dir, "source", keep_s=1_000.0)
    kept = OutboxReader(run_dir, "source").rows(0, 1_000_000)
    assert box.newest >= told, f"told {told}, kept {box.newest}"
    numbers = [item.pseq for item in kept]
    assert numbers == list(range(box.newest + 1 - len(numbers), box.newest + 1)), "a gap in the outbox"
    assert not numbers or numbers[0] <= box.acked + 1, "trimmed before it was acknowledged"
    assert all(item.body == b"%d" % item.pseq for item in kept)
    box.close()


STORES: dict[str, tuple[Work, Check]] = {"log": (log_work, log_check), "outbox": (outbox_work, outbox_check)}


def die(run_dir: Path, kill_at: str, seed: int) -> tuple[int, bool]:
    """Let a child work until it dies; return what it had told, and whether it died as it should."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        told = os.fdopen(writer, "w")
        faults.arm(config.Faults(kill_at=kill_at))
        work, _ = STORES[kill_at.partition(".")[0]]
        work(run_dir, random.Random(seed), lambda number: print(number, file=told, flush=True))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        numbers = pipe.read().split()
    _, status = os.waitpid(pid, 0)
    return (int(numbers[-1]) if numbers else 0), os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main(run_dir: Path, points: list[str], deaths: int, seed: int) -> None:
    for point in points:
        _, check = STORES[point.partition(".")[0]]
        died = 0
        for number in range(deaths):
            # A life passes the checkpoint of its close once; every other point often.
            count = 1 if point == "log.checkpointed" else 1 + (number + seed) % 5
            told, killed = die(run_dir, f"{point}:{count}", seed + number)
            died += killed
            check(run_dir, told)
        print(json.dumps({"point": point, "deaths": died}), flush=True)
        shutil.rmtree(run_dir)
        run_dir.mkdir(mode=0o700)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[4:], int(sys.argv[2]), int(sys.argv[3]))
