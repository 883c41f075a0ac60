"""The critical lane as tables: order, duplicates, gaps, identities, positions, derived events, epochs."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from actors.core.contract.event import Category, Envelope, Event, Greeting, Mark, Receipt, Reject
from actors.core.contract.types.stage import Scene, Toggle
from actors.core.contract.types.support import Support
from actors.core.delivery.retained import RETAINED_KEYS
from actors.core.queue.derive import Derivation
from actors.core.queue.ledger import Ledger
from actors.core.queue.sequencer import GAP_S, HOLD_BACK, MAX_OPEN_EVENTS, MAX_OPEN_NAMES, Sequencer
from tests.core.make import batch, envelope, event, kill, player


def book(known: dict[str, str] | None = None, top: int = 0, watermarks: dict[str, int] | None = None) -> Sequencer:
    return Sequencer("e1", top, watermarks or {}, Derivation(5_000), Ledger(), (known or {}).get)


def logged(one: Sequencer) -> list[tuple[int, str]]:
    entry = one.take()
    if entry is None:
        return []
    one.committed(entry)
    return [(item.position, item.id) for item in entry.events]


def numbers(*pseqs: int) -> list[Envelope]:
    return [envelope(pseq, event("death", f"e{pseq}")) for pseq in pseqs]


ORDERS = {
    "in order": ([[1, 2], [3]], ["e1", "e2", "e3"]),
    "late ones are held back": ([[2, 3], [1]], ["e1", "e2", "e3"]),
    "duplicates are taken once": ([[1, 1], [2, 1], [2, 3]], ["e1", "e2", "e3"]),
    "a duplicate of a held one is taken once": ([[3], [3, 2], [1]], ["e1", "e2", "e3"]),
    "a gap holds back later messages": ([[1], [3, 4]], ["e1"]),
}


@pytest.mark.parametrize("name", ORDERS)
def test_critical_messages_are_logged_in_order(name: str) -> None:
    batches, expected = ORDERS[name]
    one = book()
    for pseqs in batches:
        one.admit(batch(*numbers(*pseqs)), 0.0, 0.0)
    assert logged(one) == list(enumerate(expected, start=1))


def test_producers_do_not_wait_for_each_other() -> None:
    one = book()
    one.admit(batch(*numbers(2), producer="a"), 0.0, 0.0)
    one.admit(batch(*numbers(1), producer="b"), 0.0, 0.0)
    assert logged(one) == [(1, "e1")]


def test_a_watermark_is_published_only_after_the_commit() -> None:
    one = book()
    one.admit(batch(*numbers(1, 2)), 0.0, 0.0)
    assert one.marks(0.0) == [Mark("p", 0)]
    entry = one.take()
    assert one.marks(0.0) == [Mark("p", 0)]
    assert one.committed_top == 0
    assert entry is not None
    one.committed(entry)
    assert one.marks(0.0) == [Mark("p", 2)]
    assert one.committed_top == 2


@pytest.mark.parametrize("gap_s", [GAP_S, 0.0], ids=["several normalizers", "one, which keeps the order"])
def test_a_missing_number_is_reported_repeatedly_at_a_fixed_interval(gap_s: float) -> None:
    one = Sequencer("e1", 0, {}, Derivation(5_000), Ledger(), {}.get, gap_s=gap_s)
    one.admit(batch(*numbers(1, 3)), 10.0, 0.0)
    assert one.gap_due_s() == 10.0 + gap_s
    assert one.marks(10.0 + gap_s - 0.001) == [Mark("p", 0, 0)]
    assert one.marks(10.0 + gap_s) == [Mark("p", 0, 2)]
    one.named(10.0 + gap_s)
    assert one.marks(10.0 + gap_s) == [Mark("p", 0, 0)]
    assert one.gap_due_s() == 10.0 + gap_s + GAP_S
    assert one.marks(10.0 + gap_s + GAP_S) == [Mark("p", 0, 2)]
    one.admit(batch(*numbers(2)), 10.1, 0.0)
    assert one.gap_due_s() is None


def test_held_back_messages_are_bounded_and_sent_again() -> None:
    one = book()
    one.admit(batch(*numbers(*range(2, HOLD_BACK + 10))), 0.0, 0.0)
    one.admit(batch(*numbers(1)), 0.0, 0.0)
    assert len(logged(one)) == HOLD_BACK + 1
    one.admit(batch(*numbers(*range(2, HOLD_BACK + 10))), 0.0, 0.0)
    assert logged(one)[-1] == (HOLD_BACK + 9, f"e{HOLD_BACK + 9}")


def test_an_identity_is_logged_once_whether_waiting_or_logged() -> None:
    one = book(known={"4:game:old": "e0"})
    one.admit(
        batch(
            envelope(1, event("death", "e1", dedupe_key="old")),
            envelope(2, event("death", "e2", dedupe_key="new")),
            envelope(3, event("death", "e3", dedupe_key="new")),
            envelope(4, event("death", "e4", dedupe_key="new", source="other")),
        ),
        0.0,
        0.0,
    )
    assert logged(one) == [(1, "e2"), (2, "e4")]


def test_equal_content_is_never_a_duplicate_of_a_critical_event() -> None:
    one = book()
    one.admit(batch(envelope(1, event("death", "a")), envelope(2, event("death", "b"))), 0.0, 0.0)
    assert [id_ for _, id_ in logged(one)] == ["a", "b"]


def test_a_rejected_message_advances_the_order_and_is_quarantined() -> None:
    one = book()
    reject = Reject("p/1.0", "event", "why", "", 0.0)
    one.admit(batch(Envelope(1, 1, [], reject), *numbers(2)), 0.0, 0.0)
    entry = one.take()
    assert entry is not None
    assert entry.rejects == [reject]
    assert [item.id for item in entry.events] == ["e2"]
    assert entry.watermarks == {"p": 2}


def test_rejected_messages_are_bounded_while_nothing_can_be_written() -> None:
    one = book()
    for number in range(1, MAX_OPEN_EVENTS + 101):
        one.admit(batch(Envelope(number, 1, [], Reject(f"p/{number}.0", "event", "why", "", 0.0))), 0.0, 0.0)
    entry = one.take()
    assert entry is not None
    assert [reject.id for reject in entry.rejects][:: MAX_OPEN_EVENTS - 1] == [
        "p/101.0",
        f"p/{MAX_OPEN_EVENTS + 100}.0",
    ]
    assert entry.watermarks == {"p": MAX_OPEN_EVENTS + 100}


def test_derived_events_and_their_state_are_in_the_entry_of_their_cause() -> None:
    one = book()
    one.admit(batch(envelope(1, kill("a", "b", "k1", 0)), envelope(2, kill("a", "c", "k2", 1))), 0.0, 0.0)
    entry = one.take()
    assert entry is not None
    assert [(item.position, item.type) for item in entry.events] == [(1, "kill"), (2, "kill"), (3, "multikill")]
    assert list(entry.derived) == ["game:a"]
    assert list(entry.retained) == ["streak:a"]
    assert [item.type for item in entry.loose] == ["streak", "streak"]


def test_a_kill_is_logged_with_its_streak() -> None:
    one = book()
    one.admit(batch(envelope(1, kill("a", "b", "k1", 0)), envelope(2, kill("a", "c", "k2", 9))), 0.0, 5.0)
    entry = one.take()
    assert entry is not None
    assert [(item.position, item.id, item.ts_queued_ms) for item in entry.events] == [(1, "k1", 5.0), (2, "k2", 5.0)]
    assert [msgspec.msgpack.decode(item.payload)["streak"] for item in entry.events] == [1, 2]


def test_a_step_of_supports_is_logged_with_the_count_that_it_ends() -> None:
    one = book()
    one.supported(event("heal", "h1", count=49), 0.0)
    assert not one.urgent
    one.supported(event("heal", "h2"), 0.0)
    one.supported(event("hit", "x"), 0.0)
    assert one.urgent
    entry = one.take()
    assert entry is not None
    assert [(item.position, item.type) for item in entry.events] == [(1, "support_streak")]
    assert list(entry.derived) == ["game:ada"]


def test_the_ledger_counts_each_critical_event_once() -> None:
    one = book(known={"4:game:old": "e0"})
    one.admit(batch(*numbers(1, 2), envelope(3, event("death", "x", dedupe_key="old"))), 0.0, 0.0)
    one.admit(batch(*numbers(1, 2)), 0.0, 0.0)
    account = one._ledger.accounts[Category.CRITICAL]
    assert (account.received, account.sent, account.duplicate) == (3, 2, 1)
    assert (one._ledger.raw.numbered, one._ledger.raw.redelivered) == (3, 2)


def test_a_producer_ahead_of_the_log_reveals_a_rolled_back_log() -> None:
    one = book(watermarks={"p": 5})
    one.greet(Greeting("p", 2, acked=5, oldest=1, epoch="e1"), "e2", 0.0, 0.0)
    assert one.epoch == "e1"
    one.greet(Greeting("p", 2, acked=9, oldest=4, epoch="e1"), "e2", 0.0, 0.0)
    assert one.epoch == "e2"
    entry = one.take()
    assert entry is not None
    assert entry.new_epoch == "e2"
    one.admit(batch(*numbers(6)), 0.0, 0.0)
    assert [id_ for _, id_ in logged(one)] == ["e6"]


def test_a_new_epoch_is_published_only_after_the_commit() -> None:
    """A producer that knows an epoch before its commit would not reveal the rollback again after a crash."""
    one = book(watermarks={"p": 5})
    before = one.take(even_empty=True)
    one.greet(Greeting("p", 2, acked=9, oldest=4, epoch="e1"), "e2", 0.0, 0.0)
    assert before is not None
    one.committed(before)
    assert one.committed_epoch == "e1"
    entry = one.take()
    assert entry is not None
    assert (entry.new_epoch, one.committed_epoch) == ("e2", "e1")
    one.committed(entry)
    assert one.committed_epoch == "e2"


def test_numbers_that_no_producer_can_resend_are_skipped() -> None:
    one = book()
    one.admit(batch(*numbers(101, 102)), 0.0, 0.0)
    assert logged(one) == []
    one.greet(Greeting("p", 2, acked=150, oldest=101, epoch="gone"), "e2", 0.0, 0.0)
    assert one.epoch == "e1"
    assert [id_ for _, id_ in logged(one)] == ["e101", "e102"]


def test_receipts_of_another_epoch_are_ignored() -> None:
    one = book()
    one.receipt(Receipt("o", "e0", 3, 1.0))
    assert one.take() is None
    one.receipt(Receipt("o", "e1", 3, 1.0))
    entry = one.take()
    assert entry is not None
    assert [(one.epoch, one.position) for one in entry.receipts] == [("e1", 3)]


def test_different_pairs_of_source_and_identity_have_different_keys() -> None:
    one = book()
    one.admit(
        batch(
            envelope(1, event("death", "e1", source="a", dedupe_key="b:c")),
            envelope(2, event("death", "e2", source="a:b", dedupe_key="c")),
            envelope(3, event("death", "e3", source="a\0b", dedupe_key="c")),
            envelope(4, event("death", "e4", source="a", dedupe_key="b\0c")),
        ),
        0.0,
        0.0,
    )
    assert [id_ for _, id_ in logged(one)] == ["e1", "e2", "e3", "e4"]


def toggles(count: int) -> list[Event]:
    return [event("toggle", f"t{n}", Toggle(f"t{n}", True), coalesce_key=f"toggle:t{n}") for n in range(count)]


def test_a_dropped_retained_state_is_removed_from_the_log() -> None:
    one = book()
    for state in toggles(RETAINED_KEYS):
        one.retain(state)
    first = one.take()
    assert first is not None
    assert None not in first.retained.values()
    one.retain(event("scene", "s", Scene("break"), coalesce_key="scene"))
    second = one.take()
    assert second is not None
    assert list(second.retained) == ["scene", "toggle:t0"]
    assert second.retained["toggle:t0"] is None


def heals(count: int) -> list[Event]:
    return [event("heal", f"h{number}", Support(player(f"p{number}"))) for number in range(count)]


@pytest.mark.parametrize("made", [toggles, heals])
def test_names_from_outside_are_bounded_until_the_next_commit(made: Callable[[int], list[Event]]) -> None:
    one = book()
    for each in made(MAX_OPEN_NAMES):
        assert not one.crowded
        one.retain(each)
        one.supported(each, 0.0)
    assert one.crowded
    assert one.take(even_empty=True) is not None
    assert not one.crowded


def test_retained_states_beyond_the_bound_of_an_earlier_log_are_removed() -> None:
    recovered = {state.coalesce_key or "": state for state in toggles(RETAINED_KEYS + 2)}
    one = Sequencer("e1", 0, {}, Derivation(5_000), Ledger(), {}.get, recovered)
    entry = one.take()
    assert entry is not None
    assert entry.retained == {"toggle:t0": None, "toggle:t1": None}
