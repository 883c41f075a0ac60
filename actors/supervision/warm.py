"""Starts the supervisor as a fork of its guardian, which has imported the supervisor and all actors.

    guardian ─fork▶ supervisor ─fork▶ template ─fork▶ actor

So a supervisor that was killed is back without the time of an interpreter and its imports, and all processes share the
memory of the code. The guardian has one thread, two pairs of sockets, and neither a loop nor a database.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from actors import host, program
from actors.supervision import sharing
from actors.supervision.forking import Forked, fork
from actors.supervision.template import load

Main = Callable[[list[str]], NoReturn]  # it ends with SystemExit


class Warm:
    """What is needed to run `main(command)`, the supervisor, in a fork of this process."""

    def __init__(self, main: Main, entry: str = "actors") -> None:
        self._main = main
        self._code = program.code_stamp()
        self._loaded = False
        with suppress(ImportError, SyntaxError):  # the supervisor is started by exec, and reports the reason
            # Imported here, because load() prepares the memory of all modules for forks.
            with sharing.importing():
                from actors.supervision import child, children_list, meters, process_tree  # noqa: F401

            load(entry)
            self._loaded = host.has_one_thread()

    def fork(self, command: list[str], notify_fd: int, release: Callable[[], None]) -> Forked | None:
        """Return a process that runs `main(command)`; None: it must be started by exec, because the code has changed.

        `release` closes what the guardian has open, and restores its handlers of signals.

        Raises:
            OSError: the system cannot start another process.
        """
        if not self._loaded or program.code_stamp() != self._code:
            return None
        return Forked(fork(lambda: self._become(command, notify_fd, release)))

    def _become(self, command: list[str], notify_fd: int, release: Callable[[], None]) -> NoReturn:
        """Run the supervisor in the forked process, as if the guardian had started it by exec."""
        code = 1
        try:
            release()
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.close(null)
            os.environ[host.NOTIFY_FD] = str(notify_fd)
            with suppress(OSError):  # only `ps` shows a wrong name
                host.rename(command, "supervisor")
            host.take_signals()
            self._main(command)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        finally:  # the callers of this function are the guardian's, and must not see an exception
            if (failure := sys.exception()) is not None:
                traceback.print_exception(failure)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
