"""Restarts the supervisor when it is killed or hangs. It replaces a service manager where there is none.

    python -m actors.supervision.guardian ORDER        ORDER is made by order()

`start` turns into this process. It imports only what it needs (no click, no psutil, no settings), to stay small.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from actors import host, logs
from actors.core.supervision.restarts import Policy, Restarts, should_restart
from actors.supervision.signals import STOP, Signals, reason_of

FAILED = 1
START_S: Final = 30.0  # the limit for the first heartbeat of a supervisor: a cold disk, orphans that exit
HANG_S: Final = 10.0  # as systemd's WatchdogSec in the unit (commands/service.py)
DUMP_BEFORE_KILL_S: Final = 1.0
CHECK_S: Final = 1.0
STALLED_S: Final = 1.0

log = logging.getLogger("guardian")


class Guardian:
    """One supervisor over all its incarnations."""

    def __init__(self, first: list[str], again: list[str], policy: Policy, hang_s: float = HANG_S) -> None:
        self._first = first
        self._again = again
        self._policy = policy
        self._restarts = Restarts(policy)
        self._hang_s = hang_s
        self._channel = host.notify_pair()
        self._was_ready = False
        self._asked = False

    def run(self) -> int:
        """Run the supervisor until it must not be restarted; return its exit code."""
        signals = Signals()
        command = self._first
        try:
            while True:
                started_s = time.monotonic()
                try:
                    code = self._guard(command, signals)
                    reason = reason_of(code)
                except OSError as error:  # no memory, process or file descriptor: may be temporary
                    code, reason = FAILED, f"cannot start: {error.strerror}"
                ran_s = time.monotonic() - started_s
                if self._asked or not should_restart(code, ran_s, self._policy, self._was_ready):
                    return code if code >= 0 else 0 if self._asked else FAILED
                wait_s = self._restarts.died(time.monotonic(), ran_s)
                log.warning("supervisor died reason=%r restart_in_s=%.1f", reason, wait_s)
                if set(signals.wait(wait_s)) & set(STOP):
                    return 0
                command = self._again
        finally:
            signals.close()
            for end in self._channel:
                end.close()

    def _guard(self, command: list[str], signals: Signals) -> int:
        sender = self._channel[1].fileno()
        # In a group of its own: a Ctrl-C of the terminal reaches the supervisor only once, through this process.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env=os.environ | {host.NOTIFY_FD: str(sender)},
            pass_fds=[sender],
            start_new_session=True,
        )
        judged_s = time.monotonic()
        heartbeat_s, dumped = judged_s + START_S - self._hang_s, False
        while (code := process.poll()) is None:
            for number in signals.wait(CHECK_S):
                if number in STOP:
                    self._asked = True
                    process.send_signal(number)
            now_s = time.monotonic()
            stalled = now_s - judged_s > CHECK_S + STALLED_S  # this process was stopped, and missed the heartbeats
            judged_s = now_s
            if self._receive():
                heartbeat_s, dumped = now_s, False
            elif stalled:
                heartbeat_s = max(heartbeat_s, now_s)
            elif now_s - heartbeat_s > self._hang_s:
                process.kill()
                log.error("supervisor killed (no heartbeat for %.1f s)", now_s - heartbeat_s)
                heartbeat_s = now_s  # the exit may take a while, and one kill is enough
            elif now_s - heartbeat_s > self._hang_s - DUMP_BEFORE_KILL_S and not dumped:
                dumped = True
                process.send_signal(host.DUMP)
        self._receive()  # its last notifications
        return code

    def _receive(self) -> bool:
        """Read the notifications of the supervisor; return whether there was one."""
        received = []
        with suppress(BlockingIOError):
            while True:
                received.append(self._channel[0].recv(4096))
        self._was_ready = self._was_ready or b"READY=1" in received
        self._asked = self._asked or b"STOPPING=1" in received  # a requested stop: no restart, whatever the exit code
        return bool(received)


def order(
    first: list[str],
    again: list[str],
    policy: Policy,
    log: str | None = None,
    terminal: bool = True,
    hang_s: float = HANG_S,
) -> str:
    """Return the argument that makes a guardian run the command `first`, and `again` after each kill.

    It logs to the file `log` and, with `terminal`, to stderr. A supervisor without a heartbeat for `hang_s` is killed.
    """
    wanted = {"first": first, "again": again, "policy": policy, "log": log, "terminal": terminal, "hang_s": hang_s}
    return json.dumps(wanted)


def main(arguments: list[str]) -> int:
    wanted = json.loads(arguments[0])
    host.dump_stacks_on_signal()
    logs.start(Path(wanted["log"]) if wanted["log"] else None, wanted["terminal"])
    return Guardian(wanted["first"], wanted["again"], Policy(*wanted["policy"]), wanted["hang_s"]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
