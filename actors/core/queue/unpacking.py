"""Reads the critical batches of normalizers, so that a message which kills its reader is known by its number.

    numbers(message)      the producer and the numbers of a batch; none of its contents is decoded
    batch(numbers, apart) marks these messages as in work, and decodes them

With `apart`, which is for a producer with suspects, each message is decoded under a mark of its own. One that killed
its readers MAX_DEATHS times, the last time while it was decoded, is not decoded again; it has no content then. Nor is
one that was admitted before, because it may be the one that was dead-lettered.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct

from actors.core.contract.event import WIRE_VERSION, Envelope, EnvelopeBatch, Reject
from actors.core.suspicion import Suspicion, Work, printable


class NumberedEnvelope(Struct, frozen=True, gc=False, array_like=True):
    """The first field of an Envelope; the decoder skips the others."""

    pseq: int


class NumberedBatch(Struct, frozen=True, array_like=True, tag=WIRE_VERSION):
    """An EnvelopeBatch without its contents."""

    producer: str
    pgen: int
    critical: bool
    envelopes: list[NumberedEnvelope]


class _ApartBatch(Struct, frozen=True, array_like=True, tag=WIRE_VERSION):
    """An EnvelopeBatch whose envelopes are not yet decoded."""

    producer: str
    pgen: int
    critical: bool
    envelopes: list[Raw]


_numbers = msgspec.msgpack.Decoder(NumberedBatch)
_whole = msgspec.msgpack.Decoder(EnvelopeBatch)
_apart = msgspec.msgpack.Decoder(_ApartBatch)
_envelope = msgspec.msgpack.Decoder(Envelope)


def numbers(message: bytes) -> NumberedBatch:
    """Return the numbers of a batch. Raises one of UNREADABLE."""
    return _numbers.decode(message)


class Unpacker:
    """Decodes batches; `before_decoding` is called with the bytes of each step, for fault injection."""

    def __init__(self, suspicion: Suspicion, before_decoding: Callable[[bytes], None] = lambda _: None) -> None:
        self._suspicion = suspicion
        self._before = before_decoding

    def batch(self, numbered: NumberedBatch, message: bytes, apart: bool, admitted: int) -> EnvelopeBatch:
        """Return the whole batch; messages up to number `admitted` without content. Raises one of UNREADABLE."""
        pseqs = [one.pseq for one in numbered.envelopes]
        if apart or min(pseqs, default=admitted + 1) <= admitted:
            raws = _apart.decode(message).envelopes
            envelopes = [
                self._one(numbered.producer, pseq, raw) if pseq > admitted else Envelope(pseq, 0, [])
                for pseq, raw in zip(pseqs, raws, strict=True)
            ]
            return EnvelopeBatch(numbered.producer, numbered.pgen, numbered.critical, envelopes)
        if pseqs:
            self._suspicion.begin((Work(numbered.producer, min(pseqs), max(pseqs), decoding=True),))
        self._before(message)
        return _whole.decode(message)

    def _one(self, producer: str, pseq: int, raw: Raw) -> Envelope:
        content = bytes(raw)
        if self._suspicion.kills_decoders(producer, pseq):
            return Envelope(pseq, 0, [], Reject(f"{producer}/{pseq}.0", "", "", printable(content), 0.0))
        self._suspicion.begin((Work(producer, pseq, pseq, decoding=True),))
        self._before(content)
        return _envelope.decode(content)
