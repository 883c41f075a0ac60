"""Finds raw messages that kill normalizers: a mark on disk per normalizer, and a shared list of deaths.

A normalizer writes the message's name into its mark before it processes the message, and clears the mark after the
batch. If the mark is set at its start, that message was in work when its predecessor died. It then adds a line to the
list that all normalizers share. There is no fsync: the file must survive a process, not the machine.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

MARK_BYTES: Final = 256
LIST_FILE: Final = "suspects"
# A list that is too long is truncated; at worst a poison message is processed three more times.
MAX_LIST_BYTES: Final = 64 << 10


class Suspects:
    """The mark of one normalizer, and the deaths of all."""

    def __init__(self, run_dir: Path, name: str) -> None:
        self._mark = os.open(run_dir / f"{name}.mark", os.O_RDWR | os.O_CREAT, 0o600)
        self._list = run_dir / LIST_FILE
        self._clear = b"\0" * MARK_BYTES
        last = os.pread(self._mark, MARK_BYTES, 0).rstrip(b"\0")
        if last:
            self._record(last)
            self.clear()
        self.deaths = Counter(self._list.read_bytes().splitlines()) if self._list.exists() else Counter()

    def touch(self, name: bytes) -> None:
        """Record that the message `name` is in work."""
        os.pwrite(self._mark, name.ljust(MARK_BYTES, b"\0")[:MARK_BYTES], 0)

    def clear(self) -> None:
        """Record that no message is in work."""
        os.pwrite(self._mark, self._clear, 0)

    def close(self) -> None:
        os.close(self._mark)

    def _record(self, name: bytes) -> None:
        fresh = self._list.exists() and self._list.stat().st_size > MAX_LIST_BYTES
        handle = os.open(self._list, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if fresh else os.O_APPEND), 0o600)
        with suppress(OSError):  # a full disk must not prevent the start; this death is not counted
            os.write(handle, name + b"\n")
        os.close(handle)
