"""The ledger: every event ends in exactly one bucket, and the buckets sum to what came in.

    raw messages    numbered = mapped + empty + rejected + lost
    events          received = sent + coalesced + duplicate + expired + dropped + pending

The first line counts what the producers numbered (a number that never arrived was lost with a killed process or at a
full queue: only non-critical ones can be), the second what the queue-manager made of the events. `history` tells where
one event went. The counts live in the log, the histories of non-critical events in memory.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import Category, EnvelopeBatch

# Two generations of so many histories are kept: 10 s at 2,000 events/s, about 5 MB.
HISTORIES: Final = 20_000


class Account(Struct):
    """The buckets of one category. `dropped` is by rule, the sum is `dropped_total`."""

    received: int = 0
    sent: int = 0
    coalesced: int = 0
    duplicate: int = 0
    expired: int = 0
    dropped: dict[str, int] = {}

    @property
    def ended(self) -> int:
        """How many events are in a bucket."""
        return self.sent + self.coalesced + self.duplicate + self.expired + sum(self.dropped.values())

    def drop(self, rule: str, count: int = 1) -> None:
        self.dropped[rule] = self.dropped.get(rule, 0) + count


class RawAccount(Struct):
    """What became of numbered raw messages. `redelivered` ones were counted when they came first."""

    numbered: int = 0
    mapped: int = 0
    empty: int = 0
    rejected: int = 0
    lost: int = 0
    redelivered: int = 0


class Numbering(Struct, array_like=True):
    """How far one producer's numbers of one generation have come; they start at 1."""

    pgen: int
    highest: int = 0


class Saved(Struct):
    """What the log keeps of the ledger."""

    raw: RawAccount
    events: dict[str, Account]
    numberings: dict[str, Numbering]


class Ledger:
    """Counts, and remembers what became of recent events."""

    def __init__(self, saved: bytes = b"") -> None:
        if saved:
            book = msgspec.msgpack.decode(saved, type=Saved)
        else:
            book = Saved(RawAccount(), {category.value: Account() for category in Category}, {})
        self.raw = book.raw
        self.accounts = {Category(name): account for name, account in book.events.items()}
        self._numberings = book.numberings
        for account in self.accounts.values():
            # What was pending when the last queue-manager died. Critical events are not among them: they are
            # counted when they are committed, and what was not committed is sent again.
            if account.received > account.ended:
                account.drop("restart", account.received - account.ended)
        self._histories: dict[str, tuple[str, Any]] = {}
        self._older_histories: dict[str, tuple[str, Any]] = {}

    def arrived(self, batch: EnvelopeBatch) -> None:
        """Count a batch of non-critical envelopes; numbers that were jumped over are lost until they come."""
        raw = self.raw
        numbering = self._numberings.get(batch.producer)
        if numbering is None or numbering.pgen < batch.pgen:
            numbering = self._numberings[batch.producer] = Numbering(batch.pgen)
        if numbering.pgen == batch.pgen and batch.envelopes:
            advance = max(0, max(envelope.pseq for envelope in batch.envelopes) - numbering.highest)
            numbering.highest += advance
            raw.numbered += advance
            raw.lost += advance - len(batch.envelopes)
        else:
            raw.numbered += len(batch.envelopes)  # the last words of a producer that was started again
        for envelope in batch.envelopes:
            if envelope.reject is not None:
                raw.rejected += 1
            elif envelope.events:
                raw.mapped += 1
            else:
                raw.empty += 1

    def tell(self, event_id: str, outcome: str, detail: Any = None) -> None:
        """Remember what became of a non-critical event."""
        self._histories[event_id] = (outcome, detail)
        if len(self._histories) >= HISTORIES:
            self._older_histories, self._histories = self._histories, {}

    def history(self, event_id: str) -> dict[str, Any] | None:
        """Return {outcome, detail} of a recent non-critical event, or None when it is not known (any more).

        outcome is one of pending, sent (detail: frame number), coalesced (into which id), duplicate (of which id),
        expired, dropped (by which rule).
        """
        found = self._histories.get(event_id) or self._older_histories.get(event_id)
        return None if found is None else {"id": event_id, "outcome": found[0], "detail": found[1]}

    def save(self) -> bytes:
        """Return the counts for the log."""
        return msgspec.msgpack.encode(
            Saved(self.raw, {key.value: value for key, value in self.accounts.items()}, self._numberings)
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the counts as plain values, with `pending` and `dropped_total` worked out."""
        tree: dict[str, Any] = {"raw": msgspec.to_builtins(self.raw), "events": {}}
        for category, account in self.accounts.items():
            tree["events"][category.value] = msgspec.to_builtins(account) | {
                "dropped_total": sum(account.dropped.values()),
                "pending": account.received - account.ended,
            }
        return tree
