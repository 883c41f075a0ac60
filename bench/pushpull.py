"""How much does one SIGKILL of a lagging consumer lose, with plain PUSH/PULL and with Framewire's protocol?

    python -m bench.pushpull [--kills 5]

plain  a PUSH sends numbered messages, 2,000 per second, to a PULL that is 0.75 s behind. The PULL is killed and
       restarted. All messages that it had pulled, or that were in its queue, are lost
ours   the same rate through the real pipeline. Its queue-manager is stopped for 0.75 s (SIGSTOP), so that it lags as
       much, and then killed. Events that are missing in the log afterwards are lost

The result is the reason for the outbox, the watermarks and the log.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import sqlite3
import tempfile
import time
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final

import click
import zmq

from bench import traffic
from bench._harness import report
from bench._server import GameServer
from bench.pipeline import Pipeline, pipeline

RATE_HZ: Final = 2_000
LAG_S: Final = 0.75
MESSAGES: Final = 4 * RATE_HZ
DIGITS: Final = 10
BODY: Final = b"x" * 300  # the size of an event
DRAIN_S: Final = 15.0


def consume(address: str, lag_s: float, handled: str) -> None:
    """Run a consumer that is `lag_s` behind; write every processed number to a file."""
    pull: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PULL)
    pull.bind(address)
    with open(handled, "ab", buffering=0) as file:
        message = pull.recv()
        due_s = time.monotonic() + lag_s
        while True:
            time.sleep(max(0.0, due_s - time.monotonic()))
            due_s += 1 / RATE_HZ
            file.write(message[:DIGITS])
            message = pull.recv()


def plain(kills: int) -> dict[str, Any]:
    """Return the messages that plain PUSH/PULL loses."""
    with tempfile.TemporaryDirectory(prefix="fwbench-") as directory:
        losses = [_plain_once(Path(directory), kill) for kill in range(kills)]
    return {"lost": sum(losses), "lost_per_kill": losses}


def _plain_once(directory: Path, kill: int) -> int:
    address, handled = f"ipc://{directory}/{kill}.sock", directory / f"{kill}.handled"
    push: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
    push.setsockopt(zmq.LINGER, 0)
    push.connect(address)
    consumer = _start(address, LAG_S, handled)
    try:
        begin_s = time.monotonic()
        for number in range(MESSAGES):
            if number == MESSAGES // 2:
                consumer.kill()
                consumer.join()
                consumer = _start(address, 0.0, handled)
            time.sleep(max(0.0, begin_s + number / RATE_HZ - time.monotonic()))
            push.send(b"%0*d" % (DIGITS, number) + BODY)  # blocks while no receiver has space
        time.sleep(2.0)
    finally:
        consumer.kill()
        consumer.join()
        push.close()
    return MESSAGES - handled.stat().st_size // DIGITS


def _start(address: str, lag_s: float, handled: Path) -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(
        target=consume, args=(address, lag_s, str(handled)), daemon=True
    )
    process.start()
    return process


def ours(kills: int) -> dict[str, Any]:
    """Return the events that the pipeline loses."""
    seconds = 4.0 * kills
    plan = list(traffic.lines(seconds, RATE_HZ, RATE_HZ))
    with pipeline() as running:
        accepted = asyncio.run(_post_under_kills(running, plan, kills))
        deadline_s = time.monotonic() + DRAIN_S
        while (logged := _logged(running.run_dir / "log.db")) < accepted and time.monotonic() < deadline_s:
            time.sleep(0.2)
    return {"accepted": accepted, "lost": accepted - logged}


async def _post_under_kills(running: Pipeline, plan: list[tuple[float, bytes]], kills: int) -> int:
    accepted: list[int] = []
    bodies, due_s = [body for _, body in plan], [at_s for at_s, _ in plan]
    server = GameServer(running.ingest_port, running.token("ingest"), bodies, due_s, accepted.append)
    posting = asyncio.create_task(server.run())
    for _ in range(kills):
        await asyncio.sleep(2.0)
        victim = running.children()["queue-manager"]
        victim.send_signal(signal.SIGSTOP)
        await asyncio.sleep(LAG_S)
        victim.kill()
        await asyncio.sleep(1.0)
    await posting
    return len(accepted)


def _logged(path: Path) -> int:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        query = "SELECT count(DISTINCT id) FROM events WHERE id NOT LIKE '%+%'"
        return int(db.execute(query).fetchone()[0])


@click.command()
@click.option("--kills", type=int, default=5, show_default=True)
def main(kills: int) -> None:
    """Count lost messages."""
    settings = {"kills": kills, "rate_hz": RATE_HZ, "lag_s": LAG_S, "body_bytes": len(BODY)}
    report("pushpull", settings, {"plain": plain(kills), "ours": ours(kills)})


if __name__ == "__main__":
    main()
