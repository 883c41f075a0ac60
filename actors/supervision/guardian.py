"""Restarts the supervisor when it is killed or hangs. It replaces a service manager where there is none.

    python -m actors.supervision.guardian ORDER        ORDER is made by order()

`start` turns into this process. It starts the supervisor in one of two ways:

fork   `start` itself calls guard(), with all modules of the supervisor and of the actors imported (warm.py)
exec   this module is a program of its own, which imports only what it needs (no click, no psutil, no settings)
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actors import host, logs
from actors.core.supervision.restarts import Policy, Restarts, should_restart
from actors.supervision.signals import STOP, Signals, reason_of

if TYPE_CHECKING:  # the program that starts by exec does not need them
    from actors.supervision.forking import Process
    from actors.supervision.warm import Warm

FAILED = 1
START_S: Final = 30.0  # the limit for the first heartbeat of a supervisor: a cold disk, orphans that exit
HANG_S: Final = 10.0  # as systemd's WatchdogSec in the unit (commands/service.py)
DUMP_BEFORE_KILL_S: Final = 1.0
CHECK_S: Final = 1.0
STALLED_S: Final = 1.0

log = logging.getLogger("guardian")


class Guardian:
    """One supervisor over all its incarnations."""

    def __init__(
        self, first: list[str], again: list[str], policy: Policy, hang_s: float = HANG_S, warm: Warm | None = None
    ) -> None:
        self._warm = warm
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

    def _start(self, command: list[str], signals: Signals) -> Process:
        sender = self._channel[1].fileno()

        def release() -> None:
            logs.start(None, terminal=False)
            signals.close()
            self._channel[0].close()

        # In a session of its own: a Ctrl-C of the terminal reaches the supervisor only once, through this process.
        forked = self._warm.fork(command, sender, release) if self._warm is not None else None
        return forked or subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env=os.environ | {host.NOTIFY_FD: str(sender)},
            pass_fds=[sender],
            start_new_session=True,
        )

    def _guard(self, command: list[str], signals: Signals) -> int:
        process = self._start(command, signals)
        judged_s = time.monotonic()
        heartbeat_s, dumped = judged_s + START_S - self._hang_s, False
        start_pages = host.StartPages()
        while (code := process.poll()) is None:
            for number in signals.wait(CHECK_S):
                if number in STOP:
                    self._asked = True
                    process.send_signal(number)
            now_s = time.monotonic()
            stalled = now_s - judged_s > CHECK_S + STALLED_S  # this process was stopped, and missed the heartbeats
            judged_s = now_s
            start_pages.beat()
            if self._receive():
                heartbeat_s, dumped = now_s, False
            elif stalled:
                heartbeat_s = max(heartbeat_s, now_s)
            elif now_s - heartbeat_s > self._hang_s:
                process.send_signal(signal.SIGKILL)
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


def guard(ordered: str, warm: Warm | None = None) -> int:
    """Carry out an order; return the exit code of the supervisor. Without `warm`, it is started by exec."""
    wanted = json.loads(ordered)
    host.dump_stacks_on_signal()
    logs.start(Path(wanted["log"]) if wanted["log"] else None, wanted["terminal"])
    return Guardian(wanted["first"], wanted["again"], Policy(*wanted["policy"]), wanted["hang_s"], warm).run()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1]))
