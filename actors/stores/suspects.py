"""Finds messages that kill their readers: a mark on disk of what a process has in work, and a list of deaths.

A process writes what it works on into its mark, and clears the mark afterwards. If the mark is set at the next start,
the process died in that work, and a line is added to the list of deaths. There is no fsync: the files must survive a
process, not the machine.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from actors.core.suspicion import Suspicion, Work

END: Final = b"\n"
MAX_MARK_BYTES: Final = 64 << 10
LIST_FILE: Final = "suspects"
QUEUE_LIST_FILE: Final = "suspects-queue"
# A list that is too long is truncated; at worst a poison message is processed three more times.
MAX_LIST_BYTES: Final = 64 << 10

_encode = msgspec.json.Encoder().encode
_works = msgspec.json.Decoder(list[Work])


class WorkMark:
    """What one process has in work: one line of a file. `last` is what its predecessor died of, or b""."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.last = os.pread(self._file, MAX_MARK_BYTES, 0).partition(END)[0]

    def touch(self, work: bytes) -> None:
        """Record that `work` is being done. A full disk must not stop it: then a death may not be counted."""
        try:
            os.pwrite(self._file, work + END, 0)
        except OSError:
            return

    def touch_all(self, works: Sequence[Work]) -> None:
        """Record that these critical messages are in work; none clears the mark."""
        self.touch(_encode(works) if works else b"")

    def clear(self) -> None:
        """Record that nothing is in work."""
        self.touch(b"")

    def move(self, deaths: Path) -> None:
        """Count the death of the predecessor in the list `deaths`, once."""
        if not self.last:
            return
        try:
            os.pwrite(self._file, END, 0)
        except OSError:
            return  # the mark stays, and the next start would count it again
        _add(deaths, self.last)

    def close(self) -> None:
        os.close(self._file)


class Suspects:
    """The mark of one normalizer, and the deaths of all: the list is shared."""

    def __init__(self, run_dir: Path, name: str) -> None:
        self._mark = WorkMark(run_dir / f"{name}.mark")
        self._mark.move(run_dir / LIST_FILE)
        self.deaths = Counter(_lines(run_dir / LIST_FILE))
        self.touch, self.clear, self.close = self._mark.touch, self._mark.clear, self._mark.close


def suspicion(run_dir: Path, mark: WorkMark, log_mark: WorkMark, watermarks: dict[str, int]) -> Suspicion:
    """Return what earlier queue-managers died of: in the loop, whose mark is `mark`, or in the thread of the log."""
    for one in (mark, log_mark):
        one.move(run_dir / QUEUE_LIST_FILE)
    deaths: list[Work] = []
    for line in _lines(run_dir / QUEUE_LIST_FILE):
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):  # a line that was cut
            deaths += _works.decode(line)
    return Suspicion(deaths, watermarks, mark.touch_all)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _add(path: Path, line: bytes) -> None:
    fresh = path.exists() and path.stat().st_size > MAX_LIST_BYTES
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if fresh else os.O_APPEND), 0o600)
    with suppress(OSError):  # a full disk must not prevent the start; this death is not counted
        os.write(handle, line + END)
    os.close(handle)
