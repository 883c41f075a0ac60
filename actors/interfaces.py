"""The interfaces below the actors: links between processes, durable stores, and the loop that calls an actor.

An actor is given a bus, its stores and a loop, and knows neither ZeroMQ nor SQLite. `wire.Bus`, `stores.outbox.Outbox`,
`stores.log.Log` and `reactor.Reactor` are the implementations of the product; those in tests/memory are for tests of
the contract and for simulation. docs/architecture.md, "Interfaces", has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from actors.core.contract.event import Event, RawItem

if TYPE_CHECKING:  # a producer needs no sequencer
    from actors.core.delivery.cursor import Head
    from actors.core.queue.sequencer import Entry, Recovered

LANES: Final = ("critical", "best_effort")
POSITIONS: Final = "positions"  # not a lane: packed positions, which only the broadcaster and the gateways see

MARKS: Final = "marks"  # published by the queue-manager: Marks
INBOX: Final = "inbox"  # pulled by the queue-manager: Greeting, Receipt
ASK: Final = "ask"  # answered by the queue-manager: questions of the commands and pages

# Critical: more than the producers' windows (1,024 rows each), so a link is full only when its consumer does not run.
# Best effort: 64 batches of up to 256 rows; a longer queue would only deliver older events.
HIGH_WATER_MESSAGES: Final = 1_000
HIGH_WATER_BEST_EFFORT_MESSAGES: Final = 64
HIGH_WATER_POSITIONS_MESSAGES: Final = 8  # 130 ms: an older position is of no use


def normalizer_link(lane: str, index: int) -> str:
    return f"normalizer-{index}.{lane}"


def queue_link(lane: str) -> str:
    return f"queue.{lane}"


def broadcaster_link(lane: str) -> str:
    return f"broadcaster.{lane}"


def frames_link(lane: str) -> str:
    return f"frames.{lane}"


def high_water(name: str) -> int:
    """Return how many messages each end of the link `name` may hold."""
    if name.endswith(f".{POSITIONS}"):
        return HIGH_WATER_POSITIONS_MESSAGES
    return HIGH_WATER_BEST_EFFORT_MESSAGES if name.endswith(".best_effort") else HIGH_WATER_MESSAGES


class Closing(Protocol):
    """What must be closed."""

    def close(self) -> None: ...


class Outlet(Closing, Protocol):
    """The sending end of a link."""

    def offer(self, message: bytes) -> bool:
        """Send without blocking; return False when no peer has room for the message. A publisher always has room."""

    def writable(self) -> bool:
        """Whether a message could be sent now."""


class Inlet(Closing, Protocol):
    """The receiving end of a link."""

    def receive(self) -> bytes | None:
        """Return the next message, or None when there is none now."""


class Exchange(Inlet, Outlet, Protocol):
    """The end that answers: each received message needs one offer, its answer."""


class Bus(Closing, Protocol):
    """Links by name and lane (`NAME.LANE`).

    A link keeps the order of its messages. Messages at a consumer that dies are lost; the senders find out by other
    means. Nothing is queued for a consumer that is not connected.
    """

    def push(self, *names: str) -> Outlet: ...  # to the consumers in turn, without those that are full
    def changes(self, outlet: Outlet) -> Inlet: ...  # a message or two whenever a consumer of `outlet` came or went
    def pull(self, name: str) -> Inlet: ...
    def publish(self, name: str) -> Outlet: ...  # to all subscribers; one that is full misses the message
    def subscribe(self, name: str) -> Inlet: ...
    def answer(self, name: str) -> Exchange: ...

    def ask(self, name: str, question: bytes, connect_s: float, answer_s: float) -> bytes:
        """Wait for the answer; for a thread of its own.

        Raises:
            TimeoutError: there is no answer in time.
        """

    def follow(self, inlets: Sequence[Inlet], on_messages: Callable[[list[bytes]], None]) -> Closing:
        """Call `on_messages` in the running asyncio loop; the first inlet is drained first. Closing closes them."""


class Loop(Protocol):
    """The loop of an actor without asyncio; see reactor.Reactor."""

    def reads(
        self, inlet: Inlet, handler: Callable[[bytes], None], when: Callable[[], bool] = ..., per_turn: int = ...
    ) -> None: ...
    def every(self, period_s: float, action: Callable[[], None]) -> None: ...
    def each_turn(self, action: Callable[[float], float | None]) -> None: ...


class Delivery(Struct, frozen=True):
    """One request of a source: its critical raw messages (kind, body), stored all or none.

    digest  of the request, to recognise its repetition; b"" for messages with their own identity
    cursor  (source, position in the source or state of its decoder), saved in the same transaction; None: unchanged
    """

    rows: list[tuple[str, bytes]]
    ts_ingest_ms: float
    digest: bytes = b""
    cursor: tuple[str, bytes] | None = None


class StoredMessage(Struct, frozen=True):
    """The stored rows of a delivery with their numbers; `repeated` if it was stored before (then there are none)."""

    items: list[RawItem]
    repeated: bool = False


class Progress(Struct, frozen=True):
    """The watermark and epoch of the log; `trim` removes rows that the log has had for `keep_s`."""

    acked: int
    epoch: str
    trim: bool = False


class Forget(Struct, frozen=True):
    """The outbox is older than the log: continue under a new name, with all rows unacknowledged."""


class Store(Closing, Protocol):
    """A store with one writer, which uses it on one thread.

    `damaged`: old rows could not be removed, because they are damaged. New ones are stored.
    """

    damaged: bool

    def commit(self, jobs: list[Any]) -> list[Any]:
        """Apply all jobs in one transaction, and return their results when it is durable: all or none.

        Raises:
            DiskFull: there is no room for it; nothing was applied, and it may be tried again.
        """

    def probe(self) -> None:
        """Write what is there already, which raises DiskFull when there is still no room."""


class OutboxReader(Closing, Protocol):
    """Reads an outbox on another thread than its writer."""

    def rows(self, after: int, limit: int, max_bytes: int = ...) -> list[RawItem]: ...
    def oldest(self) -> int: ...


class Outbox(Store, Protocol):
    """Stores Delivery, Progress and Forget; the attributes are as of its opening."""

    producer: str
    pgen: int
    acked: int
    epoch: str
    newest: int
    waiting_bytes: int
    cursors: dict[str, bytes]

    def reader(self) -> OutboxReader: ...


class LogReader(Closing, Protocol):
    """Reads the log of any process; every method raises Refused when the log cannot be read."""

    def head(self) -> Head: ...
    def page(self, after: int, limit: int) -> list[Event]: ...
    def snapshot(self) -> list[Event]: ...
    def identity(self, key: str) -> str | None: ...
    def cursor(self, overlay_id: str) -> int | None: ...
    def quarantine(self, limit: int) -> list[dict[str, Any]]: ...
    def history(self, event_id: str) -> dict[str, Any] | None: ...


class Log(Store, Protocol):
    """Stores entries of the sequencer. A writer whose generation is not the newest raises Fenced."""

    recovered: Recovered
    full: bool  # the last trim had to remove events that are younger than the retention

    def commit(self, jobs: list[Entry]) -> list[bool]: ...
