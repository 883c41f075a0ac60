"""The ledger: every event ends in exactly one bucket, and the sum of the buckets is the number of received events.

    raw messages    numbered = mapped + empty + rejected + lost
    events          received = sent + coalesced + duplicate + expired + dropped + pending

The first line counts the numbers that producers assigned. A number that never arrived was lost with a killed process
or at a full queue; this is possible only for best-effort messages. The second line counts the outcomes of events in the
queue-manager. `history` returns the outcome of one event. The counts are stored in the log, the histories of
best-effort events only in memory.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import Category, EnvelopeBatch

# Two generations of this number of histories are kept, about 2.5 MB: 5 to 10 s at 2,000 events/s, minutes in a match.
HISTORIES: Final = 10_000


class Account(Struct):
    """The buckets of one category. `dropped` counts by rule; the sum is `dropped_total`."""

    received: int = 0
    sent: int = 0
    coalesced: int = 0
    duplicate: int = 0
    expired: int = 0
    dropped: dict[str, int] = {}

    @property
    def ended(self) -> int:
        """The number of events in all buckets."""
        return self.sent + self.coalesced + self.duplicate + self.expired + sum(self.dropped.values())

    def drop(self, rule: str, count: int = 1) -> None:
        self.dropped[rule] = self.dropped.get(rule, 0) + count


class RawAccount(Struct):
    """The outcomes of numbered raw messages. `redelivered` counts repetitions of messages that were already counted."""

    numbered: int = 0
    mapped: int = 0
    empty: int = 0
    rejected: int = 0
    lost: int = 0
    redelivered: int = 0


class Numbering(Struct, array_like=True):
    """The highest number of one producer in one generation; numbers start at 1."""

    pgen: int
    highest: int = 0


class SavedLedger(Struct):
    """The part of the ledger that the log stores."""

    raw: RawAccount
    events: dict[str, Account]
    numberings: dict[str, Numbering]


class Ledger:
    """Counts the outcomes of events, and keeps the histories of recent ones."""

    def __init__(self, saved: bytes = b"") -> None:
        if saved:
            stored = msgspec.msgpack.decode(saved, type=SavedLedger)
        else:
            stored = SavedLedger(RawAccount(), {category.value: Account() for category in Category}, {})
        self.raw = stored.raw
        self.accounts = {Category(name): account for name, account in stored.events.items()}
        self._numberings = stored.numberings
        for account in self.accounts.values():
            # The events that were pending when the last queue-manager died. Critical events are not among them: they
            # are counted when they are committed, and others are sent again.
            if account.received > account.ended:
                account.drop("restart", account.received - account.ended)
        self._histories: dict[str, int | str | tuple[str, Any]] = {}
        self._older_histories: dict[str, int | str | tuple[str, Any]] = {}

    def arrived(self, batch: EnvelopeBatch) -> None:
        """Count a batch of best-effort envelopes; skipped numbers count as lost until they arrive."""
        raw = self.raw
        numbering = self._numberings.get(batch.producer)
        if numbering is None or numbering.pgen < batch.pgen:
            numbering = self._numberings[batch.producer] = Numbering(batch.pgen)
        envelopes = batch.envelopes
        if numbering.pgen == batch.pgen and envelopes:
            advance = max(0, envelopes[-1].pseq - numbering.highest)  # the numbers of a batch ascend
            numbering.highest += advance
            raw.numbered += advance
            raw.lost += advance - len(envelopes)
        else:
            raw.numbered += len(envelopes)  # late messages of a previous incarnation of the producer
        mapped = rejected = 0
        for envelope in envelopes:
            if envelope.reject is not None:
                rejected += 1
            elif envelope.events:
                mapped += 1
        raw.mapped += mapped
        raw.rejected += rejected
        raw.empty += len(envelopes) - mapped - rejected

    def record(self, event_id: str, outcome: str, detail: Any = None) -> None:
        """Store the outcome of a best-effort event."""
        self._store(event_id, (outcome, detail))

    # Almost all events are sent or coalesced. These are stored as their detail, a number or a string, without a tuple
    # of 72 bytes for each.

    def sent(self, event_id: str, frame: int) -> None:
        self._store(event_id, frame)

    def coalesced(self, event_id: str, into: str) -> None:
        self._store(event_id, into)

    def _store(self, event_id: str, history: int | str | tuple[str, Any]) -> None:
        self._histories[event_id] = history
        if len(self._histories) >= HISTORIES:
            self._older_histories, self._histories = self._histories, {}

    def history(self, event_id: str) -> dict[str, Any] | None:
        """Return {outcome, detail} of a recent best-effort event, or None when it is pending, unknown or too old.

        outcome is one of sent (detail: frame number), coalesced (into which id), duplicate (of which id), expired,
        dropped (by which rule).
        """
        found = self._histories.get(event_id, self._older_histories.get(event_id))
        if found is None:
            return None
        if not isinstance(found, tuple):
            found = ("sent" if isinstance(found, int) else "coalesced", found)
        return {"id": event_id, "outcome": found[0], "detail": found[1]}

    def save(self) -> bytes:
        """Return the counts for the log."""
        return msgspec.msgpack.encode(
            SavedLedger(self.raw, {key.value: value for key, value in self.accounts.items()}, self._numberings)
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the counts as plain values, with the computed `pending` and `dropped_total`."""
        tree: dict[str, Any] = {"raw": msgspec.to_builtins(self.raw), "events": {}}
        for category, account in self.accounts.items():
            tree["events"][category.value] = msgspec.to_builtins(account) | {
                "dropped_total": sum(account.dropped.values()),
                "pending": account.received - account.ended,
            }
        return tree
