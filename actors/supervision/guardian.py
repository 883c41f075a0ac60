"""Starts the supervisor again when it is killed or hangs: a service manager's work, for those who have none.

    python -m actors.supervision.guardian ORDER        ORDER is made by order()

`start` turns into this process, which does nothing else and therefore carries nothing else: no click,
no psutil, no settings.
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
from actors.core.supervision.restarts import Policy, Restarts, comes_back
from actors.supervision.signals import STOP, Signals, reason_of

FAILED = 1
START_S: Final = 30.0  # how long a starting supervisor may be silent: a cold disk, orphans that leave
HANG_S: Final = 10.0  # as systemd's WatchdogSec in the unit (commands/service.py)
DUMP_BEFORE_KILL_S: Final = 1.0
CHECK_S: Final = 1.0
OVERSLEPT_S: Final = 1.0

log = logging.getLogger("guardian")


class Guardian:
    """One supervisor over all its incarnations."""

    def __init__(self, first: list[str], again: list[str], policy: Policy, hang_s: float = HANG_S) -> None:
        self._first = first
        self._again = again
        self._policy = policy
        self._restarts = Restarts(policy)
        self._hang_s = hang_s
        self._hearts = host.notify_pair()
        self._was_ready = False
        self._asked = False

    def run(self) -> int:
        """Return the exit code of the supervisor that left by itself, or was asked to."""
        signals = Signals()
        command = self._first
        try:
            while True:
                started_s = time.monotonic()
                try:
                    code = self._guard(command, signals)
                    reason = reason_of(code)
                except OSError as error:  # no memory, no process, no file: it may pass
                    code, reason = FAILED, f"cannot start: {error.strerror}"
                ran_s = time.monotonic() - started_s
                if self._asked or not comes_back(code, ran_s, self._policy, self._was_ready):
                    return code if code >= 0 else 0 if self._asked else FAILED
                wait_s = self._restarts.died(time.monotonic(), ran_s)
                log.warning("supervisor died reason=%r restart_in_s=%.1f", reason, wait_s)
                if set(signals.wait(wait_s)) & set(STOP):
                    return 0
                command = self._again
        finally:
            signals.close()
            for end in self._hearts:
                end.close()

    def _guard(self, command: list[str], signals: Signals) -> int:
        says = self._hearts[1].fileno()
        # In a group of its own: the terminal's Ctrl-C reaches the supervisor once, from here.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env=os.environ | {host.NOTIFY_FD: str(says)},
            pass_fds=[says],
            start_new_session=True,
        )
        judged_s = time.monotonic()
        heard_s, dumped = judged_s + START_S - self._hang_s, False
        while (code := process.poll()) is None:
            for number in signals.wait(CHECK_S):
                if number in STOP:
                    self._asked = True
                    process.send_signal(number)
            now_s = time.monotonic()
            overslept = now_s - judged_s > CHECK_S + OVERSLEPT_S  # it was stopped itself, so it has heard nobody
            judged_s = now_s
            if self._hears():
                heard_s, dumped = now_s, False
            elif overslept:
                heard_s = max(heard_s, now_s)
            elif now_s - heard_s > self._hang_s:
                process.kill()
                log.error("supervisor killed (no sign of life for %.1f s)", now_s - heard_s)
                heard_s = now_s  # the kernel may take its time, and once is enough
            elif now_s - heard_s > self._hang_s - DUMP_BEFORE_KILL_S and not dumped:
                dumped = True
                process.send_signal(host.DUMP)
        self._hears()  # what it said last
        return code

    def _hears(self) -> bool:
        """Take what the supervisor has said; False when it has said nothing."""
        said = []
        with suppress(BlockingIOError):
            while True:
                said.append(self._hearts[0].recv(4096))
        self._was_ready = self._was_ready or b"READY=1" in said
        self._asked = self._asked or b"STOPPING=1" in said  # by somebody else; however it ends then, it stays away
        return bool(said)


def order(
    first: list[str],
    again: list[str],
    policy: Policy,
    log: str | None = None,
    terminal: bool = True,
    hang_s: float = HANG_S,
) -> str:
    """Return the argument that makes a guardian run the command `first`, and `again` after each kill.

    It writes to the file `log`, and to the terminal unless there is none; whoever is silent for `hang_s` is killed.
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
