"""Stores in memory: a Disk keeps what was committed; each process opens and closes its own stores and readers.

A transaction works on a copy, which replaces the state of the disk at the commit. The points of faults.py are passed
as SQLite's stores pass them, so that a simulated death can happen at each.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

import msgspec

from actors import faults
from actors.core.contract.event import Event, RawItem, Receipt
from actors.core.delivery.cursor import Head
from actors.core.queue.sequencer import Entry, Recovered
from actors.errors import DiskFull, Fenced, Refused
from actors.interfaces import Delivery, Forget, Progress, StoredMessage

TRIM_ROWS: Final = 2_000
TRIM_BYTES: Final = 2 << 20  # of the log
EVENT_OVERHEAD_BYTES: Final = 80

_encode = msgspec.msgpack.Encoder().encode


@dataclass
class OutboxState:
    producer: str
    pgen: int = 0
    acked: int = 0
    epoch: str = ""
    newest: int = 0
    rows: dict[int, RawItem] = field(default_factory=dict)
    deliveries: dict[bytes, float] = field(default_factory=dict)
    cursors: dict[str, bytes] = field(default_factory=dict)


@dataclass
class LogState:
    epoch: str
    gen: int = 0
    top: int = 0
    ledger: bytes = b""
    calendar: bytes = b""
    events: dict[int, Event] = field(default_factory=dict)
    identities: dict[str, tuple[str, float]] = field(default_factory=dict)
    watermarks: dict[str, int] = field(default_factory=dict)
    derived: dict[str, bytes] = field(default_factory=dict)
    retained: dict[str, Event] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    unseen: list[tuple[str, int, int]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    rejected: int = 0


State = TypeVar("State", OutboxState, LogState)


def copied(state: State) -> State:
    """Return a copy whose collections can be changed."""
    twin = copy.copy(state)
    for one in fields(state):
        value = getattr(state, one.name)
        if isinstance(value, (dict, list)):
            setattr(twin, one.name, value.copy())
    return twin


class Disk:
    """What survives every death. `held` names the stores that have a writer."""

    def __init__(self) -> None:
        self.outboxes: dict[str, OutboxState] = {}
        self.log: LogState | None = None
        self.held: set[str] = set()
        self.names = 0
        self.full = False

    def require_room(self) -> None:
        if self.full:
            raise DiskFull("the disk is full")

    def hold(self, name: str) -> None:
        if name in self.held:
            raise Refused(f"{name} is held by another process")
        self.held.add(name)

    def name(self, prefix: str) -> str:
        """Return a name that this disk has never had."""
        self.names += 1
        return f"{prefix}-{self.names:06x}"

    def log_state(self) -> LogState:
        if self.log is None:
            raise Refused("there is no log yet")
        return self.log


class MemoryOutbox:
    """The writer, one per producer."""

    damaged = False

    def __init__(self, disk: Disk, name: str, keep_s: float) -> None:
        disk.hold(f"outbox {name}")
        self._disk, self._name, self._keep_s = disk, name, keep_s
        state = copied(disk.outboxes.get(name) or OutboxState(disk.name(name)))
        state.pgen += 1
        disk.outboxes[name] = state
        self.producer, self.pgen, self.acked, self.epoch = state.producer, state.pgen, state.acked, state.epoch
        self.newest, self.cursors = state.newest, dict(state.cursors)
        self.waiting_bytes = sum(len(item.body) for pseq, item in state.rows.items() if pseq > state.acked)

    def commit(self, jobs: list[Any]) -> list[StoredMessage | bool]:
        faults.point("outbox.before_commit")
        self._disk.require_room()
        state = copied(self._disk.outboxes[self._name])
        results = [self._apply(state, job) for job in jobs]
        faults.point("outbox.in_commit")
        self._disk.outboxes[self._name] = state
        faults.point("outbox.after_commit")
        for index, job in enumerate(jobs):
            if isinstance(job, Progress) and job.trim:
                state = copied(state)
                results[index] = self._trim(state, job.acked)
                self._disk.outboxes[self._name] = state
        return results

    def probe(self) -> None:
        self._disk.require_room()

    def reader(self) -> MemoryOutboxReader:
        return MemoryOutboxReader(lambda: self._disk.outboxes[self._name])

    def close(self) -> None:
        self._disk.held.discard(f"outbox {self._name}")

    def _apply(self, state: OutboxState, job: Delivery | Progress | Forget) -> StoredMessage | bool:
        if isinstance(job, Delivery):
            return self._store(state, job)
        if isinstance(job, Forget):
            state.producer = self._disk.name(self._name)
            state.rows = {pseq: item for pseq, item in state.rows.items() if pseq > state.acked}
            state.acked = 0
            return False
        state.acked, state.epoch = job.acked, job.epoch
        return False

    def _trim(self, state: OutboxState, acked: int) -> bool:
        before_ms = time.time() * 1000 - self._keep_s * 1000
        removed = 0
        for pseq, item in list(state.rows.items())[:TRIM_ROWS]:
            if pseq > acked or item.ts_ingest_ms >= before_ms:
                break
            del state.rows[pseq]
            removed += 1
        if removed < TRIM_ROWS:
            state.deliveries = {digest: ts_ms for digest, ts_ms in state.deliveries.items() if ts_ms >= before_ms}
        faults.point("outbox.trimmed")
        return removed == TRIM_ROWS

    def _store(self, state: OutboxState, delivery: Delivery) -> StoredMessage:
        if delivery.cursor is not None:
            source, body = delivery.cursor
            state.cursors[source] = body
        if delivery.digest:
            if delivery.digest in state.deliveries:
                return StoredMessage([], repeated=True)
            state.deliveries[delivery.digest] = delivery.ts_ingest_ms
        items = []
        for kind, body in delivery.rows:
            state.newest += 1
            items.append(RawItem(state.newest, 0, kind, body, delivery.ts_ingest_ms))
            state.rows[state.newest] = items[-1]
        return StoredMessage(items)


class MemoryOutboxReader:
    """Reads what is committed."""

    def __init__(self, state: Callable[[], OutboxState]) -> None:
        self._state = state

    def rows(self, after: int, limit: int, max_bytes: int = sys.maxsize) -> list[RawItem]:
        items, size_bytes = [], 0
        for item in [item for pseq, item in self._state().rows.items() if pseq > after][:limit]:
            items.append(item)
            size_bytes += len(item.body)
            if size_bytes >= max_bytes:
                break
        return items

    def oldest(self) -> int:
        return min(self._state().rows, default=self._state().newest + 1)

    def close(self) -> None:
        return


class MemoryLog:
    """The writer, with a generation that fences off every older one."""

    damaged = False

    def __init__(self, disk: Disk, keep_s: float, max_bytes: int, identity_s: float, quarantine_rows: int) -> None:
        disk.hold("log")
        self._disk, self._keep_s, self._max_bytes = disk, keep_s, max_bytes
        self._identity_s, self._quarantine_rows = identity_s, quarantine_rows
        state = copied(disk.log or LogState(disk.name("epoch")))
        state.gen += 1
        disk.log = state
        self._gen = state.gen
        self.recovered = Recovered(
            _head(state),
            dict(state.watermarks),
            dict(state.derived),
            dict(state.retained),
            state.ledger,
            state.calendar,
        )
        self.full = False
        self._trim_goes_on = False

    def commit(self, jobs: list[Entry]) -> list[bool]:
        faults.point("log.before_commit")
        self._disk.require_room()
        state = copied(self._disk.log_state())
        if state.gen != self._gen:
            raise Fenced(f"the log is at generation {state.gen}, this queue-manager is {self._gen}")
        left = [self._write(state, entry) for entry in jobs]
        faults.point("log.in_commit")
        self._disk.log = state
        faults.point("log.after_commit")
        return left

    def probe(self) -> None:
        self._disk.require_room()

    def close(self) -> None:
        self._disk.held.discard("log")

    def _write(self, state: LogState, entry: Entry) -> bool:
        for event in entry.events:
            assert event.position not in state.events
            state.events[event.position] = event
            state.top = event.position
        state.identities |= {key: (id_, ts_ms) for key, id_, ts_ms in entry.identities}
        state.watermarks |= entry.watermarks
        for key, body in entry.derived.items():
            state.derived.pop(key, None)
            if body is not None:
                state.derived[key] = body
        for key, value in entry.retained.items():
            state.retained.pop(key, None)  # the order is that of the changes
            if value is not None:
                state.retained[key] = value
        if entry.new_epoch:
            state.epoch, state.receipts, state.unseen = entry.new_epoch, [], []
        for receipt in entry.receipts:
            self._add_receipt(state, receipt)
        for reject in entry.rejects:
            state.rejected += 1
            row = {"n": state.rejected, "ts_ms": reject.ts_ingest_ms, "id": reject.id, "kind": reject.kind}
            row |= {"reason": reject.reason, "excerpt": reject.excerpt, "dead": reject.dead}
            state.quarantine.append(row)
        state.ledger = entry.ledger or state.ledger
        state.calendar = entry.calendar or state.calendar
        return self._trim(state, entry.trim_ms) if entry.trim_ms else False

    def _add_receipt(self, state: LogState, receipt: Receipt) -> None:
        whose = (receipt.overlay_id, receipt.types)
        for at, one in enumerate(state.receipts):
            if (one.overlay_id, one.types) == whose and one.since <= receipt.since <= one.position:
                position = max(one.position, receipt.position)
                state.receipts[at] = msgspec.structs.replace(one, position=position, ts_ms=receipt.ts_ms)
                break
        else:
            if receipt.position > receipt.since:
                state.receipts.append(receipt)
        state.unseen += [(receipt.overlay_id, first, last) for first, last in receipt.unseen]

    def _trim(self, state: LogState, now_ms: float) -> bool:
        size = sum(len(_encode(event)) + len(event.id) + EVENT_OVERHEAD_BYTES for event in state.events.values())
        kept_ms = now_ms - self._keep_s * 1000
        before_ms = float("inf") if size > self._max_bytes else kept_ms
        removed: list[Event] = []
        removed_bytes = 0
        for event in list(state.events.values())[:TRIM_ROWS]:
            if (event.ts_queued_ms or 0.0) >= before_ms or removed_bytes >= TRIM_BYTES:
                break
            removed.append(state.events.pop(event.position))
            removed_bytes += len(_encode(event)) + len(event.id)
        early = any((event.ts_queued_ms or 0.0) >= kept_ms for event in removed)
        self.full = early or (self.full and self._trim_goes_on)
        identity_ms = now_ms - self._identity_s * 1000
        state.identities = {key: one for key, one in state.identities.items() if one[1] >= identity_ms}
        state.receipts = [one for one in state.receipts if one.ts_ms >= identity_ms]
        state.quarantine = state.quarantine[-self._quarantine_rows :]
        faults.point("log.trimmed")
        self._trim_goes_on = len(removed) == TRIM_ROWS or removed_bytes >= TRIM_BYTES
        return self._trim_goes_on


class MemoryLogReader:
    """Reads what is committed; it does not depend on a running writer."""

    def __init__(self, disk: Disk) -> None:
        disk.log_state()
        self._disk = disk

    def head(self) -> Head:
        return _head(self._disk.log_state())

    def page(self, after: int, limit: int) -> list[Event]:
        return [event for position, event in self._disk.log_state().events.items() if position > after][:limit]

    def snapshot(self) -> list[Event]:
        return list(self._disk.log_state().retained.values())

    def identity(self, key: str) -> str | None:
        found = self._disk.log_state().identities.get(key)
        return None if found is None else found[0]

    def cursor(self, overlay_id: str) -> int | None:
        found = [one.position for one in self._disk.log_state().receipts if one.overlay_id == overlay_id]
        return max(found, default=None)

    def quarantine(self, limit: int) -> list[dict[str, Any]]:
        return self._disk.log_state().quarantine[::-1][:limit]

    def history(self, event_id: str) -> dict[str, Any] | None:
        state = self._disk.log_state()
        for event in state.events.values():
            if event.id == event_id:
                by_ts_ms: dict[str, float] = {}
                for one in state.receipts:
                    if one.since < event.position <= one.position and (one.types is None or event.type in one.types):
                        by_ts_ms[one.overlay_id] = max(one.ts_ms, by_ts_ms.get(one.overlay_id, 0.0))
                unseen = {name for name, first, last in state.unseen if first <= event.position <= last}
                rendered = [
                    {"overlay_id": name, "by_ts_ms": ts_ms, "seen": name not in unseen}
                    for name, ts_ms in sorted(by_ts_ms.items())
                ]
                stamps = ("ts_source_ms", "ts_ingest_ms", "ts_normalized_ms", "ts_queued_ms")
                told = {name: getattr(event, name) for name in ("id", "type", "source", "position", *stamps)}
                return told | {"outcome": "logged", "rendered_by": rendered}
        for row in reversed(state.quarantine):
            if row["id"] == event_id:
                told = {"id": event_id, "outcome": "dead-lettered" if row["dead"] else "rejected"}
                told |= {name: row[name] for name in ("kind", "reason", "excerpt")}
                return told | {"ts_ingest_ms": row["ts_ms"]}
        return None

    def close(self) -> None:
        return


def _head(state: LogState) -> Head:
    return Head(state.epoch, state.gen, state.top, min(state.events, default=state.top + 1))
