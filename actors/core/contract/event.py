"""The event contract (v2): the event, and the messages between processes, except frames.

    producer ──RawBatch──▶ normalizer ──EnvelopeBatch──▶ queue-manager ──Marks──▶ producer
                                                            ▲  └──Frame (frame.py)──▶ broadcaster, gateways, overlays
                                             gateway ──Receipt

Times that end in `_ms` and begin with `ts_` are wall clock milliseconds since 1970, as floats with
microseconds in the fraction: for display, for order, and for latency on one host. Windows and deadlines are never
measured with them. Payloads stay encoded (`msgspec.Raw`) from the normalizer to the overlay. Only code that needs a
field decodes it.

`gc=False`: no reference cycle can go through these Structs, so the garbage collector does not visit them. It took 3 to
7 % of the time of a normalizer or queue-manager under load [measured].
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Raw, Struct

WIRE_VERSION: Final = 2

# The exceptions of a decoder for malformed bytes. For bad UTF-8 and deep nesting msgspec raises no DecodeError.
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

IDENTITY_CHARACTERS: Final = 200  # of a longer one, its hash is kept


def short_identity(identity: str) -> str:
    """Return an identity, or its hash if it is long: a source chooses it, and memory and log keep many of them."""
    if len(identity) <= IDENTITY_CHARACTERS:
        return identity
    return blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Category(StrEnum):
    """The category of an event, which decides its lane and how it is delivered."""

    CRITICAL = "critical"  # logged before it is shown, ordered, never dropped
    NORMAL = "normal"  # shown once, may be dropped under pressure after all cosmetic ones
    COSMETIC = "cosmetic"  # dropped first
    STATE = "state"  # only the last value per key matters


class Event(
    Struct,
    frozen=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename={
        "id": "i",
        "type": "y",
        "category": "c",
        "priority": "p",
        "ts_source_ms": "s",
        "ts_ingest_ms": "n",
        "ts_normalized_ms": "m",
        "ts_queued_ms": "q",
        "ttl_ms": "l",
        "dedupe_key": "d",
        "coalesce_key": "o",
        "source": "r",
        "payload": "b",
        "count": "x",
        "position": "g",
    },
):
    """One thing that happened. MessagePack has the short keys, JSON the names below.

    id                 unique; the caller's own, or `producer/pseq.k`
    type               a row of the taxonomy
    category           from the taxonomy
    priority           0 (least) to 9 (most); order among transient events of one frame on an overlay
    ts_source_ms       its time according to the source; None if unknown
    ts_ingest_ms       when the producer received it
    ts_normalized_ms   when the normalizer mapped it
    ts_queued_ms       when the queue-manager received it
    ttl_ms             how long after ingest it is worth showing; 0 is without limit
    dedupe_key         critical: the source's own identity; others: equal keys within the window are one
    coalesce_key       equal keys are merged into one event that carries `count`
    source             the source that reported it: the adapter, or the caller's own name
    payload            MessagePack of the type's payload Struct (taxonomy.py)
    count              the number of events that this one represents
    position           its position in the critical log; 0 for best-effort events
    """

    id: str
    type: str
    category: Category
    priority: int
    ts_ingest_ms: float
    ttl_ms: int
    source: str
    payload: Raw
    ts_source_ms: float | None = None
    ts_normalized_ms: float = 0.0
    ts_queued_ms: float = 0.0
    dedupe_key: str | None = None
    coalesce_key: str | None = None
    count: int = 1
    position: int = 0


class Submission(Struct, frozen=True, forbid_unknown_fields=True):
    """One object of `POST /events`, as a caller sends it.

    type           a row of the taxonomy
    payload        the object that the row describes
    id             the caller's own identity: the same (source, id) is shown once within 7 days
    ts_source_ms   its time in milliseconds since 1970; left out if unknown
    ttl_ms         overrides the taxonomy's
    coalesce_key   overrides the taxonomy's
    source         the caller's name for itself
    """

    type: str
    payload: Raw
    id: str | None = None
    ts_source_ms: float | None = None
    ttl_ms: int | None = None
    coalesce_key: str | None = None
    source: str = "http"


# The kind of a raw message that the producer itself refused; `refusal` makes its body, `refusal_parts` reads it.
REFUSED: Final = "refused"
REFUSED_BYTES: Final = 500  # of the input


def refusal(reason: str, body: bytes) -> bytes:
    """Return the body of a refused message: the reason, a newline, and the beginning of the input."""
    return reason.replace("\n", " ").encode(errors="replace") + b"\n" + body[:REFUSED_BYTES]


def refusal_parts(body: bytes) -> tuple[str, bytes]:
    """Return the reason and the input of a refused message."""
    reason, _, beginning = body.partition(b"\n")
    return reason.decode(errors="replace"), beginning


class RawItem(Struct, frozen=True, gc=False, array_like=True):
    """One raw message as the producer received it.

    pseq     critical: the durable, gap-free number in the producer's outbox; others: a counter of this generation
    attempt  the number of this transmission, from 1
    kind     the adapter for `body` (a module of actors/adapters)
    body     kind "event": MessagePack of a Submission; kind "srcds": one log line, UTF-8
    """

    pseq: int
    attempt: int
    kind: str
    body: bytes
    ts_ingest_ms: float


class RawBatch(Struct, frozen=True, gc=False, array_like=True, tag=WIRE_VERSION):
    """producer → normalizer. `pgen` is the producer's generation (+1 at every start)."""

    producer: str
    pgen: int
    critical: bool
    items: list[RawItem]


class Reject(Struct, frozen=True, array_like=True):
    """A rejected raw message. `excerpt` is at most 500 characters of it."""

    id: str
    kind: str
    reason: str
    excerpt: str
    ts_ingest_ms: float
    dead: bool = False  # it killed its reader three times


class Envelope(Struct, frozen=True, gc=False, array_like=True):
    """The result of one raw message: 0..k events, or a rejection.

    An envelope without both is still needed, so that its number is not missing in the order.
    """

    pseq: int
    attempt: int
    events: list[Event]
    reject: Reject | None = None


class EnvelopeBatch(Struct, frozen=True, gc=False, array_like=True, tag=WIRE_VERSION):
    """normalizer → queue-manager."""

    producer: str
    pgen: int
    critical: bool
    envelopes: list[Envelope]


class Mark(Struct, frozen=True, array_like=True):
    """The progress of one producer's critical messages in the log.

    watermark  all numbers up to this one are committed
    missing    the first number that is missing while later ones wait; 0 if there is none
    """

    producer: str
    watermark: int
    missing: int = 0


class Marks(Struct, frozen=True, array_like=True, tag=WIRE_VERSION):
    """queue-manager → producers, after the commit and repeated every 250 ms."""

    epoch: str
    gen: int
    marks: list[Mark]


class Greeting(Struct, frozen=True, array_like=True, tag=f"greeting{WIRE_VERSION}"):
    """producer → queue-manager after a new generation or epoch: the producer's knowledge of the log.

    acked   the last number that was reported as committed
    oldest  the first number that it can still send again
    epoch   the log that acknowledged it; "" for none yet
    """

    producer: str
    pgen: int
    acked: int
    oldest: int
    epoch: str


class Receipt(Struct, frozen=True, array_like=True, tag=f"receipt{WIRE_VERSION}"):
    """gateway → queue-manager: an overlay has rendered all critical events after `since` and up to `position`.

    since   where its conversation began: it was not sent what came before
    types   its filter, sorted; None for all types
    unseen  ranges of positions that it committed without ever showing them: later events took their place at once
    """

    overlay_id: str
    epoch: str
    position: int
    ts_ms: float
    since: int = 0
    types: tuple[str, ...] | None = None
    unseen: tuple[tuple[int, int], ...] = ()


__all__ = [
    "REFUSED",
    "UNREADABLE",
    "WIRE_VERSION",
    "Category",
    "Envelope",
    "EnvelopeBatch",
    "Event",
    "Greeting",
    "Mark",
    "Marks",
    "Raw",
    "RawBatch",
    "RawItem",
    "Receipt",
    "Reject",
    "Submission",
    "refusal",
    "refusal_parts",
]
