"""`store_deaths RUN_DIR POINT|STORE TIMES SEED`: processes that use a store and die, TIMES times.

With a POINT (log.in_commit) each process dies there. After each death the store is opened again, and must have all
acknowledged data. With a STORE (log, outbox) each process works for a short time, and reports what it acknowledged and
when, for the power cut. Processes are forked, which takes milliseconds, so there can be many.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from actors import config, faults
from actors.core.queue.sequencer import Entry
from actors.stores.log import Log, LogReader
from actors.stores.outbox import Delivery, Outbox, OutboxReader, Progress
from tests.core.make import event

Work = Callable[[Path, random.Random, Callable[[int], None]], None]
Check = Callable[[Path, int], None]


def open_log(run_dir: Path) -> Log:
    return Log(run_dir, keep_s=0.001, max_bytes=1 << 30, identity_s=0.001, quarantine_rows=10)


def weaken(store: Log | Outbox) -> None:
    """Make a store forget its last transactions when the power goes: only for the test that must see that."""
    if os.environ.get("POWERCUT_WEAK"):
        store._db.execute("PRAGMA synchronous = NORMAL")


def log_work(run_dir: Path, random_: random.Random, tell: Callable[[int], None]) -> None:
    """Commit events, watermark and retained state together; trim now and then; close sometimes."""
    log = open_log(run_dir)
    weaken(log)
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
    """Store deliveries, acknowledge and trim earlier ones."""
    box = Outbox(run_dir, "source", keep_s=0.001)
    weaken(box)
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


def die(run_dir: Path, kill_at: str, seed: int) -> tuple[list[bytes], bool]:
    """Let a child work until it dies; return the lines that it printed, and whether it died as expected.

    A line is a moment of the monotonic clock, in ns, and the number that is safe since then.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        told = os.fdopen(writer, "w")
        faults.arm(config.Faults(kill_at=kill_at))
        work, _ = STORES[kill_at.partition(".")[0]]
        work(run_dir, random.Random(seed), lambda number: print(time.monotonic_ns(), number, file=told, flush=True))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(pid, 0)
    return lines, os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def deaths_at(run_dir: Path, point: str, deaths: int, seed: int) -> None:
    """Die at a point so many times; reopen and check each time."""
    _, check = STORES[point.partition(".")[0]]
    died = 0
    for number in range(deaths):
        # A life passes the checkpoint of its close once; every other point often.
        count = 1 if point == "log.checkpointed" else 1 + (number + seed) % 5
        lines, killed = die(run_dir, f"{point}:{count}", seed + number)
        died += killed
        check(run_dir, int(lines[-1].split()[1]) if lines else 0)
    print(json.dumps({"point": point, "deaths": died}), flush=True)


def lives_of(run_dir: Path, store: str, lives: int, seed: int) -> None:
    """Run this number of short-lived processes and print their output; no other process uses the files."""
    for number in range(lives):
        lines, _ = die(run_dir, f"{store}.after_commit:{10 + (7 * number + seed) % 40}", seed + number)
        for line in lines:
            print(line.decode())


if __name__ == "__main__":
    directory, what, times, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    (deaths_at if "." in what else lives_of)(directory, what, times, first)
