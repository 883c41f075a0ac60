"""Which raw message a normalizer died of: a mark on disk that survives the process, and a shared list of deaths.

A normalizer writes the message's name into its mark before it touches the message, and clears the mark when the batch
is done. One that finds its own mark set at its start knows what its predecessor died of, and adds a line to the list
that all normalizers share. No fsync: only a process dies here, not the machine.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Final

MARK_BYTES: Final = 256
LIST_FILE: Final = "suspects"
# The list is bounded by forgetting it when it is long: at worst a poison gets its three tries again.
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
        """Say that the message called `name` is next."""
        os.pwrite(self._mark, name.ljust(MARK_BYTES, b"\0")[:MARK_BYTES], 0)

    def clear(self) -> None:
        """Say that nothing is in hand."""
        os.pwrite(self._mark, self._clear, 0)

    def close(self) -> None:
        os.close(self._mark)

    def _record(self, name: bytes) -> None:
        fresh = self._list.exists() and self._list.stat().st_size > MAX_LIST_BYTES
        handle = os.open(self._list, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if fresh else os.O_APPEND), 0o600)
        os.write(handle, name + b"\n")
        os.close(handle)
