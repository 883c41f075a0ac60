"""The ledger: every event is in one bucket, and the buckets add up."""

from __future__ import annotations

from actors.core.contract.event import Category, Reject
from actors.core.queue.ledger import HISTORIES, Ledger
from tests.core.make import batch, envelope, event


def rest(*numbers: int, pgen: int = 1):
    return batch(*(envelope(number, event()) for number in numbers), critical=False, pgen=pgen)


def test_a_missing_number_counts_as_lost_until_it_arrives() -> None:
    ledger = Ledger()
    ledger.arrived(rest(1, 2))
    ledger.arrived(rest(5, 6))
    assert (ledger.raw.numbered, ledger.raw.mapped, ledger.raw.lost) == (6, 4, 2)
    ledger.arrived(rest(3, 4))
    assert (ledger.raw.numbered, ledger.raw.mapped, ledger.raw.lost) == (6, 6, 0)


def test_a_new_generation_counts_from_one() -> None:
    ledger = Ledger()
    ledger.arrived(rest(1, 2, 3))
    ledger.arrived(rest(2, pgen=2))
    assert (ledger.raw.numbered, ledger.raw.mapped, ledger.raw.lost) == (5, 4, 1)
    ledger.arrived(rest(4, pgen=1))
    assert (ledger.raw.numbered, ledger.raw.mapped, ledger.raw.lost) == (6, 5, 1)


def test_the_buckets_of_raw_messages_add_up() -> None:
    ledger = Ledger()
    rejected = envelope(2)
    mixed = batch(
        envelope(1, event()),
        type(rejected)(2, 1, [], Reject("x", "event", "why", "", 0.0)),
        envelope(3),
        critical=False,
    )
    ledger.arrived(mixed)
    ledger.arrived(rest(5))
    raw = ledger.raw
    assert raw.numbered == raw.mapped + raw.empty + raw.rejected + raw.lost == 5
    assert (raw.mapped, raw.empty, raw.rejected, raw.lost) == (2, 1, 1, 1)


def test_events_pending_at_a_death_of_the_queue_manager_are_dropped_by_restart() -> None:
    before = Ledger()
    account = before.accounts[Category.COSMETIC]
    account.received, account.sent = 10, 7
    after = Ledger(before.save())
    assert after.accounts[Category.COSMETIC].dropped == {"restart": 3}
    assert after.snapshot()["events"]["cosmetic"]["pending"] == 0


def test_counters_continue_after_a_restart() -> None:
    before = Ledger()
    before.arrived(rest(1, 2))
    after = Ledger(before.save())
    after.arrived(rest(6))
    assert (after.raw.numbered, after.raw.lost) == (6, 3)


def test_the_oldest_histories_are_removed_at_the_bound() -> None:
    ledger = Ledger()
    for number in range(3 * HISTORIES):
        ledger.record(str(number), "sent", 1)
    assert ledger.history("0") is None
    assert ledger.history(str(3 * HISTORIES - 1)) == {"id": str(3 * HISTORIES - 1), "outcome": "sent", "detail": 1}
    assert ledger.history(str(2 * HISTORIES + 1)) is not None
