"""Starts the supervisor again when it is killed: a service manager's work, for those who have none.

    python -m actors.guardian ORDER        ORDER is made by order()

`./supervisor.py start` turns into this process, which does nothing else and therefore carries nothing else: no click,
no psutil, no settings.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path

from actors import host, logs
from actors.core.restarts import Policy, Restarts, comes_back
from actors.signals import CHILD, STOP, Signals, reason_of

FAILED = 1

log = logging.getLogger("guardian")


class Guardian:
    """One supervisor over all its incarnations."""

    def __init__(self, first: list[str], again: list[str], policy: Policy) -> None:
        self._first = first
        self._again = again
        self._policy = policy
        self._restarts = Restarts(policy)
        self._asked = False

    def run(self) -> int:
        """Return the exit code of the supervisor that left by itself, or was asked to."""
        signals = Signals()
        command = self._first
        try:
            while True:
                started_s = time.monotonic()
                code = self._guard(command, signals)
                ran_s = time.monotonic() - started_s
                if self._asked or not comes_back(code, ran_s, self._policy):
                    return code if code >= 0 else FAILED
                wait_s = self._restarts.died(time.monotonic(), ran_s)
                log.warning("supervisor died reason=%r restart_in_s=%.1f", reason_of(code), wait_s)
                if set(signals.wait(wait_s)) & set(STOP):
                    return 0
                command = self._again
        finally:
            signals.close()

    def _guard(self, command: list[str], signals: Signals) -> int:
        # In a group of its own: the terminal's Ctrl-C reaches the supervisor once, from here.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **host.new_group())
        while (code := process.poll()) is None:
            for number in signals.wait(None if CHILD is not None else 0.5):
                if number in STOP:
                    self._asked = True
                    process.send_signal(number)
        return code


def order(first: list[str], again: list[str], policy: Policy, log: str | None = None, terminal: bool = True) -> str:
    """Return the argument that makes a guardian run the command `first`, and `again` after each kill.

    It writes to the file `log`, and to the terminal unless there is none.
    """
    return json.dumps({"first": first, "again": again, "policy": policy, "log": log, "terminal": terminal})


def main(arguments: list[str]) -> int:
    wanted = json.loads(arguments[0])
    logs.start(Path(wanted["log"]) if wanted["log"] else None, wanted["terminal"])
    return Guardian(wanted["first"], wanted["again"], Policy(*wanted["policy"])).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
