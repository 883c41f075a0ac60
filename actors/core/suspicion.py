"""Which critical messages were in work when a queue-manager died.

A process that works on messages marks them first. Its successor finds the mark, and counts a death for each message in
it. A message that was in work at a death is a *suspect*: it is processed alone, with a mark of its own, so that the
next death counts for the message that caused it. After MAX_DEATHS it is dead-lettered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from actors.core.contract.event import Envelope, Reject

MAX_DEATHS: Final = 3
EXCERPT_CHARACTERS: Final = 500


class Work(Struct, frozen=True, array_like=True):
    """The critical messages `first` to `last` of a producer; `decoding`: no part of their content is known yet."""

    producer: str
    first: int
    last: int
    decoding: bool = False


class Suspicion:
    """The deaths so far, and the mark of what is in work now; `mark([])` clears it."""

    def __init__(
        self,
        deaths: Iterable[Work] = (),
        watermarks: Mapping[str, int] | None = None,
        mark: Callable[[Sequence[Work]], None] = lambda _: None,
    ) -> None:
        committed = watermarks or {}
        self._deaths: dict[str, list[Work]] = {}
        self._last: dict[str, int] = {}
        self._mark = mark
        for work in deaths:
            if work.last > committed.get(work.producer, 0):
                self._deaths.setdefault(work.producer, []).append(work)
                self._last[work.producer] = max(work.last, self._last.get(work.producer, 0))

    def last(self, producer: str) -> int:
        """Return the highest number of a suspect of this producer, or 0."""
        return self._last.get(producer, 0)

    def deaths(self, producer: str, pseq: int) -> int:
        """Return at how many deaths this message was in work."""
        return len(self._works(producer, pseq))

    def is_poison(self, producer: str, pseq: int) -> bool:
        """Whether this message is dead-lettered."""
        return self.deaths(producer, pseq) >= MAX_DEATHS

    def kills_decoders(self, producer: str, pseq: int) -> bool:
        """Whether this message is dead-lettered without being decoded: the last of its deaths was in the decoder."""
        return self.is_poison(producer, pseq) and self._works(producer, pseq)[-1].decoding

    def _works(self, producer: str, pseq: int) -> list[Work]:
        return [work for work in self._deaths.get(producer, ()) if work.first <= pseq <= work.last]

    def begin(self, work: Sequence[Work]) -> None:
        """Mark these messages as in work, instead of those before."""
        self._mark(work)

    def end(self) -> None:
        """Mark that no message is in work."""
        self._mark(())


def dead_letter(producer: str, envelope: Envelope) -> Envelope:
    """Return the envelope of a message that is not processed again, because its readers died of it."""
    reason = f"{MAX_DEATHS} queue-managers died while they processed it"
    if envelope.reject is not None:
        told = envelope.reject
        reject = Reject(told.id, told.kind, reason, printable(told.excerpt.encode()), told.ts_ingest_ms, dead=True)
    elif envelope.events:
        event = envelope.events[0]
        # MessagePack keeps strings as they are. It is not decoded: that might be what the others died of.
        excerpt = printable(bytes(event.payload))
        reject = Reject(event.id, event.type, reason, excerpt, event.ts_ingest_ms, dead=True)
    else:
        reject = Reject(f"{producer}/{envelope.pseq}.0", "", reason, "", 0.0, dead=True)
    return Envelope(envelope.pseq, envelope.attempt, [], reject)


def printable(content: bytes) -> str:
    """Return the first characters of a content that is not decoded, each unprintable one as a space."""
    text = content[: 4 * EXCERPT_CHARACTERS].decode(errors="replace")[:EXCERPT_CHARACTERS]
    return "".join(character if character.isprintable() else " " for character in text)
