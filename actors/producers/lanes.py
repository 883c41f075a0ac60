"""The lanes of raw messages: critical ones are stored before they are sent, the others are sent once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress

from msgspec import Struct

from actors.adapters import adapter_of
from actors.core.contract.event import Category

Row = tuple[str, bytes]  # kind, body


class RawRows(Struct, frozen=True):
    """Raw messages in their order, and which of them are critical; `ignored` others become no event."""

    rows: list[Row]
    is_critical: list[bool]
    ignored: int = 0

    def critical(self) -> list[Row]:
        """Return the critical rows in their order."""
        return list(compress(self.rows, self.is_critical))

    def best_effort(self) -> list[Row]:
        """Return the other rows in their order."""
        return [row for row, critical in zip(self.rows, self.is_critical, strict=True) if not critical]


def lanes_of(rows: Iterable[Row]) -> RawRows:
    """Ask the adapter of each row for its category; rows without one are left out and counted."""
    kept: list[Row] = []
    is_critical: list[bool] = []
    ignored = 0
    for row in rows:
        category = adapter_of(row[0]).category(row[1])
        if category is None:
            ignored += 1
        else:
            kept.append(row)
            is_critical.append(category is Category.CRITICAL)
    return RawRows(kept, is_critical, ignored)
