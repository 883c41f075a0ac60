"""The window of a producer: rows that were sent and are not yet in the log.

    add        adds a stored row, in order, while there is room
    take       returns the rows that should be sent now
    on_marks   removes the rows up to the watermark; a missing number causes all rows from there to be sent again
    silence    sends all rows again when there is no progress for `retry_s` (doubling up to RETRY_MAX_S)
    peers_changed  sends all rows again when a normalizer came or went

A repeated row costs little, because the log takes every number once. A row that is repeated late delays an event.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from msgspec import Struct

from actors.core.contract.event import Mark, Marks, RawItem

RETRY_MAX_S: Final = 1.0
BATCH_ROWS: Final = 256
BATCH_BYTES: Final = 256 << 10
ROW_BYTES: Final = 100  # the memory of a row without its body


class MarksEffect(Struct, frozen=True):
    """The effect of marks on a producer.

    greet    the queue-manager or the log is new: send it a greeting
    rewound  the log is older than before: all kept rows after `rewound` must be sent again (None: it is not)
    ahead    the log has numbers that this outbox never assigned: the outbox is older than before
    """

    greet: bool = False
    rewound: int | None = None
    ahead: bool = False


class Window:
    """Rows in flight of one producer, at most `rows` and `size_bytes`."""

    def __init__(self, producer: str, acked: int, epoch: str, rows: int, size_bytes: int, retry_s: float) -> None:
        self._producer = producer
        self._rows, self._size_bytes, self._retry_s = rows, size_bytes, retry_s
        self._flight: dict[int, RawItem] = {}
        self._to_send: deque[int] = deque()
        self._bytes = 0
        self.acked_bytes = 0
        self._gen = 0
        self._silence_s = retry_s
        self._due_s: float | None = None
        self.acked: int = acked
        self.epoch = epoch
        self.newest = acked
        self.resent = 0

    def __len__(self) -> int:
        return len(self._flight)

    @property
    def room(self) -> bool:
        return len(self._flight) < self._rows and self.room_bytes > 0

    @property
    def room_bytes(self) -> int:
        return self._size_bytes - self._bytes

    def add(self, item: RawItem) -> None:
        """Add the next row; numbers come in order, without gaps."""
        self._flight[item.pseq] = item
        self._bytes += len(item.body) + ROW_BYTES
        self._to_send.append(item.pseq)
        self.newest = item.pseq

    def take(self, now_s: float) -> list[RawItem]:
        """Return the next batch to send, [] when there is none."""
        batch: list[RawItem] = []
        room_bytes = BATCH_BYTES
        while self._to_send and len(batch) < BATCH_ROWS and room_bytes > 0:
            item = self._flight.get(self._to_send.popleft())
            if item is not None:
                item = RawItem(item.pseq, item.attempt + 1, item.kind, item.body, item.ts_ingest_ms)
                self._flight[item.pseq] = item
                self.resent += item.attempt > 1
                batch.append(item)
                room_bytes -= len(item.body) + ROW_BYTES
        if batch and self._due_s is None:
            self._due_s = now_s + self._silence_s
        return batch

    def give_back(self, batch: list[RawItem]) -> None:
        """Put back a batch that could not be sent; it is the next one again."""
        self._to_send.extendleft(item.pseq for item in reversed(batch))

    def skip_to(self, pseq: int) -> None:
        """Continue after number `pseq`: clear the window; its rows are read again from the outbox."""
        self._flight.clear()
        self._to_send.clear()
        self._bytes = 0
        self._due_s = None
        self.acked = self.newest = pseq

    def on_marks(self, marks: Marks, given: int, now_s: float) -> MarksEffect:
        """Process marks; those of an older generation are ignored. `given` is the last number of the outbox."""
        if marks.gen < self._gen and marks.epoch == self.epoch:
            return MarksEffect()
        new_gen, new_epoch = marks.gen != self._gen, marks.epoch != self.epoch
        mark = next((mark for mark in marks.marks if mark.producer == self._producer), Mark(self._producer, 0))
        rewound = None
        if new_epoch and self.epoch:
            rewound = mark.watermark
            self.skip_to(rewound)
        self._gen, self.epoch = marks.gen, marks.epoch
        if mark.watermark > self.acked:
            self._progress(mark.watermark, now_s)
        if new_gen:
            self._again(0)
        elif mark.missing:
            self._again(mark.missing)
        return MarksEffect(greet=new_gen or new_epoch, rewound=rewound, ahead=mark.watermark > given)

    def silence(self, now_s: float) -> None:
        """Send all rows again when there was no progress for too long."""
        if self._due_s is not None and now_s >= self._due_s:
            self._again(0)
            self._silence_s = min(2 * self._silence_s, RETRY_MAX_S)
            self._due_s = now_s + self._silence_s

    def peers_changed(self) -> None:
        """Send all rows again, because a normalizer that died may have had some."""
        self._again(0)

    def due_s(self) -> float | None:
        """Return when `silence` should be called, or None while no row is in flight."""
        return self._due_s

    def _progress(self, watermark: int, now_s: float) -> None:
        while self._flight and (first := next(iter(self._flight))) <= watermark:
            body_bytes = len(self._flight.pop(first).body)
            self._bytes -= body_bytes + ROW_BYTES
            self.acked_bytes += body_bytes
        self.acked = watermark
        self.newest = max(self.newest, watermark)
        self._silence_s = self._retry_s
        self._due_s = now_s + self._silence_s if self._flight else None

    def _again(self, first: int) -> None:
        """Send all rows from number `first` on again, in order; rows that were never sent follow."""
        self._to_send = deque(pseq for pseq in self._flight if pseq >= first)
