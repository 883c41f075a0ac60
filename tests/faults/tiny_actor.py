"""`python -m tests.faults.tiny_actor NAME RUN_DIR`: the smallest child that keeps the contract or breaks it.

The file RUN_DIR/NAME.does, read at every start, sets its behaviour. When it exits it appends its name to RUN_DIR/left.

    (empty)          it works
    mute             ready, then no heartbeat
    dies             exit code 1 at once
    refuses          exit code 2, with a message
    ignores_stop     it continues after SIGTERM and after the end of its stdin
    draws            it works, and appends two random numbers to RUN_DIR/drawn
    prints_garbage   it works, and writes malformed heartbeats
    bad_stats        it reports ready repeatedly, and counters of wrong types
"""

import os
import random
import secrets
import select
import signal
import sys
from pathlib import Path

BEAT_S = 0.1


def load_all() -> None:
    """Import what the actors need, for the template: nothing."""


def main(arguments: list[str]) -> int:
    name, run_dir = arguments[0], Path(arguments[1])
    file = run_dir / f"{name}.does"
    does = file.read_text() if file.exists() else ""
    if does == "dies":
        return 1
    if does == "refuses":
        print(f"{name}: gateway.port is wrong", file=sys.stderr)
        return 2
    if does == "draws":
        with (run_dir / "drawn").open("a") as drawn:
            drawn.write(f"{random.random()} {secrets.randbits(64)}\n")
    stopping = []
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    say('{"ready":true}')
    if does == "prints_garbage":
        say("what is this?\n[1]\n" + "x" * 200_000)
        os.write(1, b'{"stats":"\xff"}\n{"stats":' + b"[" * 5_000 + b"\n")
    if does == "bad_stats":
        say('{"ready":true}\n{"ready":true}')
    watched = [reader] if does == "ignores_stop" else [0, reader]
    while not stopping or does == "ignores_stop":
        if does == "bad_stats":
            say('{"stats":{"store_stuck_s":"x","queue":[1],"events":7,"outbox_full":true}}')
        elif does != "mute":
            say('{"stats":{"turns":1},"ts_ms":0}')
        ready, _, _ = select.select(watched, [], [], BEAT_S)
        if reader in ready:
            os.read(reader, 100)
        if 0 in ready and not os.read(0, 100):
            break
    with (run_dir / "left").open("a") as left:
        left.write(f"{name}\n")
    return 0


def say(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # its supervisor has ended
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
