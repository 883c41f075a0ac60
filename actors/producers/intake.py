"""The intake of one source: duplicates, the cursor, and its counters."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actors.core.sources.state import FUTURE_MS, LATE_MS, Seen, SourceHealth, SourceReport, SourceState
from actors.interfaces import Delivery, StoredMessage
from actors.producers.lanes import lanes_of
from actors.producers.link import Link
from actors.producers.spec import SourceMessage, SourceSettings, Spec

if TYPE_CHECKING:
    from actors.producers.recording import Recorder

COUNTED: Final = (
    *("received", "accepted", "sent", "ignored", "rejected", "duplicate", "late", "future"),
    *("answered", "late_answers", "positions", "positions_dropped"),
)


class Intake:
    """Takes the messages of one source. `cursor` is the last saved one."""

    def __init__(self, link: Link, name: str, settings: SourceSettings, spec: Spec, run_dir: Path) -> None:
        self.name, self.settings, self.spec = name, settings, spec
        self.cursor = link.cursors.get(name, b"")
        self.health = SourceHealth(
            settings.silence_s or spec.silence_s,
            time.monotonic(),
            SourceState.WAITING if spec.path else SourceState.CONNECTING,
        )
        self.counts: dict[str, int] = dict.fromkeys(COUNTED, 0)
        self._link = link
        self._seen = Seen()
        self._message_s: float | None = None
        self._recorder: Recorder | None = None
        if settings.record:
            from actors.producers.recording import Recorder  # not in the memory of each source

            self._recorder = Recorder(run_dir, name, logging.getLogger(name))

    def take(
        self, messages: Sequence[SourceMessage], cursor: bytes | None = None
    ) -> asyncio.Future[StoredMessage] | None:
        """Send and store messages, for which the outbox must have room, in one transaction with the cursor.

        Returns a future that is done when the critical ones and the cursor are on disk; None if nothing is stored.
        """
        now_ms = time.time() * 1000
        fresh = [message for message in messages if self._is_new(message, now_ms)]
        for message in messages:
            if self._recorder is not None:
                self._recorder.add(message.kind, message.body, message.identity)
            cursor = message.cursor if message.cursor is not None else cursor
        lanes = lanes_of((message.kind, message.body) for message in fresh)
        rows, best_effort = lanes.critical(), lanes.best_effort()
        self.counts["ignored"] += lanes.ignored
        self.counts["sent"] += len(best_effort)
        self._link.send_best_effort(best_effort, now_ms)
        if not rows and cursor is None:
            return None
        identity = messages[0].identity if rows and len(messages) == 1 else ""
        digest = _digest(self.name, identity) if identity else b""
        saved = None if cursor is None else (self.name, cursor)
        before, self.cursor = self.cursor, self.cursor if cursor is None else cursor
        future = self._link.store(Delivery(rows, now_ms, digest, saved))
        future.add_done_callback(lambda done: self._stored(done, messages, before))
        return future

    def reject(self, reason: str, body: bytes) -> None:
        """Quarantine a malformed message."""
        self.counts["rejected"] += 1
        self._link.quarantine(reason, body)

    def send_positions(self, message: bytes, players: int) -> None:
        """Send packed positions of `players` players."""
        self.counts["positions" if self._link.send_positions(message) else "positions_dropped"] += players

    def report(self) -> SourceReport:
        """Return the report of the source."""
        self.health.tick(time.monotonic())
        if self._recorder is not None:
            self._recorder.flush()
        age_s = None if self._message_s is None else round(time.monotonic() - self._message_s, 1)
        return SourceReport(
            self.name,
            self.settings.kind,
            self.health.state,
            self.spec.redelivers,
            self.health.detail,
            age_s,
            reconnects=self.health.reconnects,
            loss=self.spec.loss,
            silence_s=self.settings.silence_s or self.spec.silence_s,
            **self.counts,
        )

    def disconnected(self, why: str) -> float:
        """Record the end of a connection; return the seconds to wait before the next one."""
        return self.health.disconnected(why, time.monotonic(), random.random())

    def _is_new(self, message: SourceMessage, now_ms: float) -> bool:
        """Count a message; return False for a duplicate."""
        self._message_s = time.monotonic()
        self.counts["received"] += 1
        if message.identity and not self._seen.add(message.identity, self._message_s):
            self.counts["duplicate"] += 1
            return False
        if message.ts_source_ms is not None:
            self.counts["late"] += now_ms - message.ts_source_ms > LATE_MS
            self.counts["future"] += message.ts_source_ms - now_ms > FUTURE_MS
        return True

    def _stored(self, future: asyncio.Future[StoredMessage], messages: Sequence[SourceMessage], before: bytes) -> None:
        if future.cancelled():
            return
        if future.exception() is not None:  # the disk is full: the sender repeats the request
            self.cursor = before
            for message in messages:
                self._seen.forget(message.identity)
        else:
            self.counts["accepted"] += len(future.result().items)
            self.counts["duplicate"] += future.result().repeated


def _digest(name: str, identity: str) -> bytes:
    return hashlib.blake2b(f"{name}\n{identity}".encode(), digest_size=16).digest()
