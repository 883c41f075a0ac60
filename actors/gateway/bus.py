"""broadcaster ══PUB/SUB══▶ [gateway] ──PUSH──▶ queue-manager (receipts), and REQ for questions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors import faults
from actors.core.contract.event import UNREADABLE, Receipt
from actors.core.contract.frame import Frame
from actors.core.delivery.clients import Bucket
from actors.errors import Refused
from actors.interfaces import ASK, INBOX, LANES, POSITIONS, Bus, Closing, frames_link

ASK_TIMEOUT_S: Final = 1.0
CONNECT_TIMEOUT_S: Final = 0.2  # connecting to an existing local socket takes less than 10 ms

_frame = msgspec.msgpack.Decoder(Frame)
_encode = msgspec.msgpack.Encoder().encode

Arrival = tuple[Frame, bytes]


class FrameLinks:
    """Receives both links of frames, decodes them and restores the order in which they were made."""

    def __init__(self, bus: Bus, on_frames: Callable[[list[Arrival]], None]) -> None:
        self._links = [bus.subscribe(frames_link(lane)) for lane in LANES]
        self._bus, self._on_frames = bus, on_frames
        self._reader: Closing | None = None
        self.received = 0
        self.bad_messages = 0

    def start(self) -> None:
        """Begin to read, in the running loop. Frames that arrived earlier wait in the links."""
        self._reader = self._bus.follow(self._links, self._take)  # critical first

    def stop(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _take(self, messages: list[bytes]) -> None:
        arrivals: list[Arrival] = []
        for message in messages:
            self._decode(message, arrivals)
        self.received += len(messages)
        if len(arrivals) > 1:
            # A frame of one link can arrive before an older frame of the other; an old state must not follow a newer.
            arrivals.sort(key=lambda arrival: (arrival[0].gen, arrival[0].seq))
        if arrivals:
            self._on_frames(arrivals)

    def _decode(self, message: bytes, arrivals: list[Arrival]) -> None:
        faults.point("gateway.received")
        try:
            arrivals.append((_frame.decode(message), message))
        except UNREADABLE:
            self.bad_messages += 1


class PositionsLink:
    """Receives packed positions. They wait behind the frames that the same loop reads, and replace nothing."""

    def __init__(self, bus: Bus, on_positions: Callable[[bytes], None]) -> None:
        self._bus, self._on_positions = bus, on_positions
        self._link = bus.subscribe(frames_link(POSITIONS))
        self._reader: Closing | None = None

    def start(self) -> None:
        """Begin to read, in the running loop."""
        self._reader = self._bus.follow([self._link], self._take)

    def stop(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _take(self, messages: list[bytes]) -> None:
        for message in messages:
            self._on_positions(message)


MAX_UNSEEN: Final = 256  # ranges of positions that wait with one receipt


class Receipts:
    """Receipts on their way to the queue-manager: the last one per conversation, at most every 0.5 s."""

    PERIOD_S: Final = 0.5

    def __init__(self, bus: Bus) -> None:
        self._inbox = bus.push(INBOX)
        self._ranges = Bucket(rate=200.0, burst=1_000.0, now_s=time.monotonic())
        # By the number of the connection, and where its conversation began: after another hello that may be later.
        self._waiting: dict[tuple[int, int], Receipt] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.sent = 0

    def add(self, number: int, receipt: Receipt) -> None:
        if receipt.unseen:  # each is a row of the log: a hundred clients with a display token must not fill it
            now_s = time.monotonic()
            unseen = tuple(one for one in receipt.unseen if self._ranges.take(now_s))
            receipt = msgspec.structs.replace(receipt, unseen=unseen)
        key = number, receipt.since
        earlier = self._waiting.get(key)
        if earlier is not None and earlier.unseen:
            unseen = (*earlier.unseen, *receipt.unseen)[-MAX_UNSEEN:]
            receipt = msgspec.structs.replace(receipt, unseen=unseen)
        self._waiting[key] = receipt
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.PERIOD_S, self._flush)

    def _flush(self) -> None:
        self._timer = None
        for key in list(self._waiting):
            if not self._inbox.offer(_encode(self._waiting[key])):
                # There is no receiver now; the next attempt has the latest receipts.
                self._timer = asyncio.get_running_loop().call_later(self.PERIOD_S, self._flush)
                return
            del self._waiting[key]
            self.sent += 1

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._inbox.close()


def ask(bus: Bus, question: dict[str, Any]) -> dict[str, Any]:
    """Send a question to the queue-manager and wait for its answer; for a thread of its own.

    Raises:
        Refused: it does not answer within a second.
    """
    try:
        message = bus.ask(ASK, _encode(question), CONNECT_TIMEOUT_S, ASK_TIMEOUT_S)
        answer: dict[str, Any] = msgspec.msgpack.decode(message, type=dict[str, Any])
    except TimeoutError as error:
        raise Refused("the queue-manager does not answer") from error
    except UNREADABLE as error:
        raise Refused(f"malformed answer of the queue-manager: {error}") from error
    return answer
