"""A terminal for tests: a real pty, and pyte, which renders the output of a program."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
from contextlib import suppress
from types import TracebackType

import pyte

from tests.support import SLOWNESS, SUPERVISOR, eventually

KEYS = {"up": b"\x1b[A", "down": b"\x1b[B", "escape": b"\x1b"}


class Terminal:
    """Runs `supervisor.py ARGUMENTS` in a terminal of its own; everything ends with the `with` block."""

    def __init__(self, *arguments: str, columns: int = 80, lines: int = 24, term: str = "linux") -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""  # all output to the terminal
        self.code: int | None = None
        unset = ("COLUMNS", "LINES", "NO_COLOR")
        environment = {name: value for name, value in os.environ.items() if name not in unset} | {"TERM": term}
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            self._size(0, columns, lines)
            os.execve(sys.executable, [sys.executable, str(SUPERVISOR), *arguments], environment)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print(self.text())
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)

    @staticmethod
    def _size(fd: int, columns: int, lines: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._fd, KEYS.get(key, key.encode()))

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        self._size(self._fd, columns, lines)

    def rows(self) -> list[str]:
        """Return the lines of the screen."""
        while select.select([self._fd], [], [], 0)[0]:
            try:
                data = os.read(self._fd, 65_536)
            except OSError:  # Linux raises this when the other end is closed
                break
            if not data:
                break
            self.written += data
            self._stream.feed(data)
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        return "\n".join(self.rows())

    def shows(self, *words: str, within_s: float = 10.0) -> None:
        """Wait until the screen shows all of these words."""
        eventually(lambda: all(word in self.text() for word in words), within_s)

    def reversed(self) -> str:
        """Return the line in reverse video, which is the selected one."""
        self.rows()
        lines = self._screen.buffer
        marked = [number for number in range(self._screen.lines) if lines[number][0].reverse]
        return self._screen.display[marked[0]].rstrip() if marked else ""

    def colors(self, word: str) -> set[str]:
        """Return the colors of the word in the first line that has it."""
        number = next(number for number, line in enumerate(self.rows()) if word in line)
        at = self._screen.display[number].index(word)
        return {self._screen.buffer[number][column].fg for column in range(at, at + len(word))}

    def ends(self) -> int:
        """Wait until the program has ended; return its exit code."""

        def ended() -> bool:
            self.rows()
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            return bool(pid)

        eventually(ended, 10 * SLOWNESS)
        assert self.code is not None
        return self.code
