"""The mark of replayed events: they are never duplicates of the original ones, nor of those of another replay."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.core.contract.event import Event

NAME: Final = "trace"


def is_replay(producer: str) -> bool:
    """Return whether a producer is a replay. Its name ends in the random characters of its outbox."""
    return producer.rpartition("-")[0] == NAME


def marked(event: Event, producer: str, pgen: int) -> Event:
    """Return an event of a replay with the source `replay:SOURCE`, and with identities of this replay alone.

    A replay is a generation of its producer.
    """
    replay = f"{producer}/g{pgen}"
    own = event.id.startswith(f"{producer}/")
    return msgspec.structs.replace(
        event,
        id=event.id if own else f"{replay}/{event.id}",
        source=f"replay:{event.source}",
        dedupe_key=None if event.dedupe_key is None else f"{replay}/{event.dedupe_key}",
    )
