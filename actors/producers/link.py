"""The shared part of all producers: the outbox on its thread, the window, and the two links to the normalizers.

deliver(rows, digest)  → stored (fsynced), then sent, then sent again until the log has them
send_best_effort(rows) → sent once; if no normalizer takes them they are lost, and counted
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from actors import faults, interfaces, wire
from actors.committer import Committer
from actors.config import Settings
from actors.core.contract.event import REFUSED, UNREADABLE, Greeting, Marks, RawBatch, RawItem, refusal
from actors.core.delivery.window import BATCH_ROWS, Window
from actors.core.metrics import Metrics, ProducerMetrics
from actors.errors import DiskFull, Refused
from actors.interfaces import (
    INBOX,
    MARKS,
    POSITIONS,
    Bus,
    Delivery,
    Forget,
    Progress,
    StoredMessage,
    broadcaster_link,
    normalizer_link,
)
from actors.stores.outbox import Outbox

TICK_S: Final = 0.02  # while messages are in flight; no timer runs otherwise
SAVE_S: Final = 1.0
TRIM_S: Final = 30.0
TRIM_AGAIN_S: Final = 0.1  # when one trim was not enough: 50,000 rows/s, more than can be stored


_encode = msgspec.msgpack.Encoder().encode
_marks = msgspec.msgpack.Decoder(Marks)


class Link:
    """The connection of a producer to the pipeline. All methods run in the asyncio loop."""

    def __init__(
        self,
        settings: Settings,
        log: logging.Logger,
        bus: Bus,
        open_outbox: Callable[[], interfaces.Outbox],
        committer: type[Committer] = Committer,
        holds: bool = False,
    ) -> None:
        """`holds`: a delivery waits while the disk is full, because its source does not send it again."""
        self._settings = settings.producer
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._open_outbox = open_outbox
        self._outboxes: list[interfaces.Outbox] = []
        self._holds = holds
        self._committer = committer(self._open, self._notify)
        self._committer.start()
        outbox = self._outboxes[0]
        self.producer, self.pgen = outbox.producer, outbox.pgen
        self.cursors = outbox.cursors  # what sources saved before the start
        self._reader = outbox.reader()
        self._newest: int = outbox.newest
        self._stored_bytes = outbox.waiting_bytes
        self._committing_rows = self._committing_bytes = 0  # submitted, and not committed yet
        self._window = Window(
            self.producer,
            outbox.acked,
            outbox.epoch,
            self._settings.window_rows,
            self._settings.window_bytes,
            self._settings.retry_s,
        )
        self._saved = outbox.acked
        self._trimmed_s = self._loop.time()
        self._number = 0
        self._greets = False
        self._ticking: asyncio.TimerHandle | None = None
        self._trimmer: asyncio.TimerHandle | None = None
        self._closed = False
        self.metrics = ProducerMetrics()
        self._bus = bus
        processes = range(1, settings.normalizer.processes + 1)
        self._critical = bus.push(*(normalizer_link("critical", index) for index in processes))
        self._best_effort = bus.push(*(normalizer_link("best_effort", index) for index in processes))
        self._inbox = bus.push(INBOX)
        self._positions: interfaces.Outlet | None = None  # few sources have any
        self._saver = self._loop.call_later(SAVE_S, self._save)
        # Last, because it calls `_on_messages` at once if marks have arrived.
        self._marks = bus.follow([bus.subscribe(MARKS)], self._on_messages)
        self._changes = bus.follow([bus.changes(self._critical)], self._on_changes)
        self._pump()

    @property
    def waiting(self) -> int:
        """The number of accepted rows that are not in the log yet."""
        return self._newest - self._window.acked

    @property
    def waiting_bytes(self) -> int:
        return max(0, self._stored_bytes - self._window.acked_bytes)

    def require_room(self, rows: int) -> None:
        """Make sure that `rows` more may be stored.

        Raises:
            Refused: the outbox is full.
        """
        if self._committer.full:
            self.metrics.refused += rows
            raise DiskFull("the disk is full, nothing can be stored; try again later")
        if self._full(rows):
            self.metrics.refused += rows
            raise Refused(
                f"the outbox is full: {self.waiting} critical messages ({self.waiting_bytes} bytes) wait for the log, "
                f"at most {self._settings.max_rows} ({self._settings.max_bytes} bytes) may; try again later"
            )

    def has_room(self, rows: int) -> bool:
        """Whether `rows` more may be stored."""
        return not self._full(rows) and not self._committer.full

    def _full(self, rows: int) -> bool:
        rows += self.waiting + self._committing_rows
        size_bytes = self.waiting_bytes + self._committing_bytes
        return rows > self._settings.max_rows or size_bytes > self._settings.max_bytes

    async def deliver(
        self, rows: Sequence[tuple[str, bytes]], ts_ingest_ms: float, digest: bytes = b""
    ) -> StoredMessage:
        """Store `rows` (kind, body) durably and return their numbers; they are then sent.

        Raises:
            Refused: the outbox is full; nothing was stored.
        """
        self.require_room(len(rows))
        return await self.store(Delivery(list(rows), ts_ingest_ms, digest))

    def store(self, delivery: Delivery) -> asyncio.Future[StoredMessage]:
        """Store a delivery for which there is room; deliveries are stored in the order of the calls."""
        done: asyncio.Future[StoredMessage] = self._loop.create_future()
        # Requests that arrive before the next commit must not exceed the outbox together.
        rows, size_bytes = len(delivery.rows), sum(len(body) for _, body in delivery.rows)
        self._committing_rows += rows
        self._committing_bytes += size_bytes

        def committed() -> None:
            self._committing_rows -= rows
            self._committing_bytes -= size_bytes

        def stored(message: StoredMessage) -> None:
            committed()
            self._stored(message, done)

        def refused(error: DiskFull) -> None:
            committed()
            self._refused(error, done)

        self._committer.submit(delivery, stored, None if self._holds else refused)
        return done

    def send_best_effort(self, rows: Sequence[tuple[str, bytes]], ts_ingest_ms: float) -> list[int]:
        """Send best-effort rows once and return their numbers of this generation."""
        numbers: list[int] = []
        for start in range(0, len(rows), BATCH_ROWS):
            items = []
            for kind, body in rows[start : start + BATCH_ROWS]:
                self._number += 1
                items.append(RawItem(self._number, 1, kind, body, ts_ingest_ms))
                numbers.append(self._number)
            message = _encode(RawBatch(self.producer, self.pgen, False, items))
            sent = self._best_effort.offer(message)
            if sent:
                self.metrics.best_effort_sent += len(items)
            else:
                self.metrics.best_effort_dropped += len(items)
        return numbers

    def send_positions(self, message: bytes) -> bool:
        """Send packed positions once; return False if the broadcaster does not take them."""
        if self._positions is None:
            self._positions = self._bus.push(broadcaster_link(POSITIONS))
        return self._positions.offer(message)

    def quarantine(self, reason: str, body: bytes) -> None:
        """Quarantine the beginning of a refused body."""
        self.send_best_effort([(REFUSED, refusal(reason, body))], time.time() * 1000)

    def best_effort_has_room(self) -> bool:
        """Whether a normalizer takes best-effort rows now."""
        return self._best_effort.writable()

    async def drain(self, within_s: float) -> bool:
        """Wait until the log has all accepted rows; return False if that takes too long."""
        deadline_s = self._loop.time() + within_s
        while self.waiting and self._loop.time() < deadline_s:
            await asyncio.sleep(TICK_S)
        return not self.waiting

    def close(self) -> None:
        """Store the watermark of the log, and close the outbox."""
        self._closed = True  # what is committed from here on is sent after the next start
        self._saver.cancel()
        if self._trimmer is not None:
            self._trimmer.cancel()
        self._marks.close()
        self._changes.close()
        self._committer.submit(Progress(self._window.acked, self._window.epoch), lambda _: None, lambda _: None)
        self._committer.stop()
        self._reader.close()
        self._bus.close()

    def measure(self) -> list[Metrics]:
        """Return the current metrics of the producer and of its store."""
        metrics = self.metrics
        metrics.events = metrics.accepted + metrics.best_effort_sent
        metrics.outbox_rows = metrics.queue = self.waiting
        metrics.outbox_bytes, metrics.outbox_full = self.waiting_bytes, float(self._full(1))
        metrics.window_rows, metrics.acked, metrics.resent = len(self._window), self._window.acked, self._window.resent
        return [metrics, self._committer.measure()]

    def _open(self) -> interfaces.Outbox:
        self._outboxes.append(self._open_outbox())
        return self._outboxes[0]

    def _notify(self) -> None:
        self._loop.call_soon_threadsafe(self._committer.collect)

    def _stored(self, stored: StoredMessage, done: asyncio.Future[StoredMessage]) -> None:
        for item in stored.items:
            # Rows enter the window in order and without a gap; those that do not fit are read from the outbox later.
            if self._window.room and self._window.newest == item.pseq - 1:
                self._window.add(item)
            self._newest = item.pseq
            self._stored_bytes += len(item.body)
        self.metrics.accepted += len(stored.items)
        self.metrics.repeated += stored.repeated
        if not done.done():
            done.set_result(stored)
        self._pump()

    def _refused(self, error: DiskFull, done: asyncio.Future[StoredMessage]) -> None:
        self.metrics.refused += 1
        if not done.done():
            done.set_exception(error)
            done.exception()  # not every caller waits for it

    def _on_changes(self, _: list[bytes]) -> None:
        self._window.peers_changed()
        self._pump()

    def _on_messages(self, messages: list[bytes]) -> None:
        for message in messages:
            self._on_marks(message)

    def _on_marks(self, message: bytes) -> None:
        try:
            marks = _marks.decode(message)
        except UNREADABLE:
            self.metrics.bad_messages += 1
            return
        verdict = self._window.on_marks(marks, self._newest, self._loop.time())
        if verdict.ahead:
            # The outbox was restored from an older state: its next numbers are already used. A new name has none.
            self._log.error("outbox_went_back newest=%d; restarting under a new name", self._newest)
            self._committer.submit(Forget(), lambda _: sys.exit(1))
            return
        if verdict.rewound is not None:
            self._log.warning("log_went_back epoch=%s sending_again_after=%d", marks.epoch, verdict.rewound)
            self._window.skip_to(max(verdict.rewound, self._reader.oldest() - 1))
        self._greets = self._greets or verdict.greet
        if self._greets:
            # Marks may arrive before the link to the inbox is open again; then the greeting follows the next ones,
            # 250 ms later.
            greeting = Greeting(self.producer, self.pgen, self._window.acked, self._reader.oldest(), self._window.epoch)
            self._greets = not self._inbox.offer(_encode(greeting))
        self._pump()

    def _pump(self) -> None:
        """Fill the window from the outbox, send due rows, and schedule the next call while rows are in flight."""
        if self._closed:
            return
        window = self._window
        if window.room and window.newest < self._newest:
            for item in self._reader.rows(window.newest, self._settings.window_rows - len(window), window.room_bytes):
                # A row whose storing is not collected yet waits for `_stored`: marks with a number above `_newest` mean
                # that the outbox went back.
                if not window.room or item.pseq > self._newest:
                    break
                window.add(item)
        while batch := window.take(self._loop.time()):
            if not self._critical.offer(_encode(RawBatch(self.producer, self.pgen, True, batch))):
                window.give_back(batch)
                break
            self.metrics.sent += len(batch)
            faults.point("outbox.sent")
        if len(window) and self._ticking is None:
            self._ticking = self._loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        self._window.silence(self._loop.time())
        self._pump()

    def _save(self) -> None:
        self._saver = self._loop.call_later(SAVE_S, self._save)
        trim = self._loop.time() - self._trimmed_s >= TRIM_S
        if self._window.acked != self._saved or (trim and self._newest):
            self._saved = self._window.acked
            self._trimmed_s = self._loop.time() if trim else self._trimmed_s
            self._tell(trim)

    def _tell(self, trim: bool) -> None:
        """Store the watermark in the outbox, and remove rows that were kept for long enough."""
        self._committer.submit(Progress(self._window.acked, self._window.epoch, trim), self._told, self._untold)

    def _untold(self, _error: DiskFull) -> None:
        self._saved = -1  # the next save repeats it

    def _told(self, more_to_trim: bool) -> None:
        if more_to_trim:
            self._trimmer = self._loop.call_later(TRIM_AGAIN_S, self._tell, True)


def open_link(
    settings: Settings,
    run_dir: Path,
    name: str,
    log: logging.Logger,
    holds: bool = False,
    linger_ms: int = wire.LINGER_MS,
) -> Link:
    """Return the link of a process of the pipeline in `run_dir`.

    `linger_ms`: how long its close waits for normalizers to take the best-effort messages that were sent.
    """
    keep_s = settings.producer.keep_s
    bus = wire.Bus(run_dir, linger_ms=linger_ms)
    return Link(settings, log, bus, lambda: Outbox(run_dir, name, keep_s), holds=holds)
