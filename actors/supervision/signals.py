"""Signals as bytes of a socket, so that a selector waits for them like for everything else and none gets lost."""

from __future__ import annotations

import signal
import socket
from typing import Final

from actors import host

STOP: Final = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]  # SIGHUP: the terminal was closed


class Signals:
    """Takes over the stop signals and SIGCHLD until it is closed; one per process."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # nohup(1) makes a process ignore SIGHUP; that stays.
        wanted = [number for number in STOP if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
        wanted += [signal.SIGCHLD]
        # The handler itself does nothing: its byte in the socket is the message.
        self._before = {number: signal.signal(number, lambda *_: None) for number in wanted}
        host.take_signals()

    def wait(self, timeout_s: float | None = 0.0) -> list[int]:
        """Return the numbers of the signals that came; wait at most `timeout_s` for the first, None: for ever."""
        self.reader.settimeout(timeout_s)
        try:
            return list(self.reader.recv(4096))
        except (TimeoutError, BlockingIOError):
            return []

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.reader.close()
        self._writer.close()


def reason_of(code: int) -> str:
    """Return an exit code, as Python counts them, in words."""
    if code >= 0:
        return f"left by itself with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
