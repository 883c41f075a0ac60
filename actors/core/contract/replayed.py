"""The mark of replayed events: they are never duplicates of the original ones, nor of those of another replay."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.core.contract.event import Event

NAME: Final = "trace"


def name_of(producer: str, pgen: int) -> str:
    """Return the name of a replay, which is a generation of its producer, or "" if `producer` is not a replay.

    The name of such a producer ends in the random characters of its outbox.
    """
    return f"{producer}/g{pgen}" if producer.rpartition("-")[0] == NAME else ""


def marked(event: Event, producer: str, replay: str, now_ms: float) -> Event:
    """Return an event, normalized now, with the source `replay:SOURCE` and with identities of the replay alone."""
    own = event.id.startswith(f"{producer}/")
    return msgspec.structs.replace(
        event,
        id=event.id if own else f"{replay}/{event.id}",
        source=f"replay:{event.source}",
        dedupe_key=None if event.dedupe_key is None else f"{replay}/{event.dedupe_key}",
        ts_normalized_ms=now_ms,
    )
