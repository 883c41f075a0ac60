"""Signals as bytes of a socket, so that a selector waits for them like for other events, and none is lost."""

from __future__ import annotations

import signal
import socket
from typing import Final

from actors import host

STOP: Final = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]  # SIGHUP: the terminal was closed


class Signals:
    """Handles the stop signals and SIGCHLD until it is closed; one per process."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # nohup(1) makes a process ignore SIGHUP; this is not changed.
        wanted = [number for number in STOP if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
        wanted += [signal.SIGCHLD]
        # The handler does nothing: the byte in the socket is the message.
        self._before = {number: signal.signal(number, lambda *_: None) for number in wanted}
        host.take_signals()

    def wait(self, timeout_s: float | None = 0.0) -> list[int]:
        """Return the numbers of received signals; wait at most `timeout_s` for the first (None: without a limit)."""
        self.reader.settimeout(timeout_s)
        try:
            return list(self.reader.recv(4096))
        except (TimeoutError, BlockingIOError):
            return []

    def close(self) -> None:
        """Restore the previous handlers."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.reader.close()
        self._writer.close()


def forget() -> None:
    """Handle signals as Python does at its start, in a process that was forked from one with `Signals`."""
    signal.set_wakeup_fd(-1)
    for number in (*STOP, signal.SIGCHLD):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def reason_of(code: int) -> str:
    """Return the text for an exit code of subprocess, where a negative code is a signal."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
