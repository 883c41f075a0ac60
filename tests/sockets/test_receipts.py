"""The receipts that wait in a gateway: the last of each conversation is sent, with all that was never visible."""

from __future__ import annotations

import msgspec

from actors.core.contract.event import Receipt
from actors.gateway.bus import Receipts
from actors.interfaces import INBOX
from tests.memory.bus import MemoryBus, Network
from tests.support import run_async


def sent(*added: tuple[int, Receipt]) -> list[tuple[int, int, tuple[tuple[int, int], ...]]]:
    """Add receipts of connections, and return (since, position, unseen) of those that are sent."""

    async def run() -> list[Receipt]:
        network = Network()
        inbox = MemoryBus(network).pull(INBOX)
        receipts = Receipts(MemoryBus(network))
        for number, receipt in added:
            receipts.add(number, receipt)
        receipts._flush()
        receipts.close()
        return [msgspec.msgpack.decode(message, type=Receipt) for message in iter(inbox.receive, None)]

    return [(one.since, one.position, one.unseen) for one in run_async(run())]


def receipt(position: int, since: int = 0, unseen: tuple[tuple[int, int], ...] = ()) -> Receipt:
    return Receipt("main", "epoch", position, 0.0, since, None, unseen)


def test_the_last_receipt_of_a_conversation_is_sent_with_all_that_was_unseen():
    assert sent((1, receipt(3, unseen=((2, 2),))), (1, receipt(5, unseen=((4, 5),)))) == [(0, 5, ((2, 2), (4, 5)))]


def test_a_conversation_that_begins_later_does_not_replace_the_one_before():
    assert sent((1, receipt(3)), (1, receipt(9, since=8)), (2, receipt(4))) == [(0, 3, ()), (8, 9, ()), (0, 4, ())]
