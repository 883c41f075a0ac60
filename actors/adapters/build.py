"""Build: a payload → its event, by the row of its type.

Every adapter calls `build`, so lane, priority, age and keys are read from the taxonomy in one place.
`payload` must be valid: an adapter that constructs one from foreign text keeps its bounds (bounds.py).

    dedupe_key    critical: the source's own identity, or None, because two kills may be equal
                  others:   that identity, or content and source time, within the row's window. Chat has no content
                            key, because many viewers write the same text
    coalesce_key  the row's template, filled from the payload
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Raw, Struct

from actors.core.contract.event import Category, Event, RawItem, short_identity
from actors.core.contract.payload import Payload
from actors.core.contract.row import Row
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.chat import Chat

_encode = msgspec.msgpack.Encoder().encode


class _Plan(Struct, frozen=True):
    """A compiled row. `content`: whether equal payloads are one event; `key` is None without a template."""

    category: Category
    priority: int
    ttl_ms: int
    content: bool
    key: Callable[[Payload], str] | None


def _plan(row: Row) -> _Plan:
    content = row.dedupe_ms > 0 and row.category is not Category.CRITICAL and row.payload is not Chat
    key = row.coalesce.replace("{", "{0.").format if row.coalesce else None
    return _Plan(row.category, row.priority, row.ttl_ms, content, key)


_PLANS: Final = {name: _plan(row) for name, row in TAXONOMY.items()}


def build(
    item: RawItem,
    producer: str,
    pgen: int,
    type_: str,
    payload: Payload,
    *,
    source: str,
    index: int = 0,
    ts_source_ms: float | None = None,
    id_: str | None = None,
    identity: str | None = None,
    ttl_ms: int | None = None,
    coalesce_key: str | None = None,
) -> Event:
    """Return the event of `payload`.

    Args:
        index: the index of the event in its message, from 0
        id_: the caller's own id; None makes one from the producer's number, unique across restarts
        identity: the source's own identity of the event; None if it gives none
        ttl_ms, coalesce_key: None takes the row's
    """
    plan = _PLANS[type_]
    encoded = _encode(payload)
    if id_ is None:
        generation = "" if plan.category is Category.CRITICAL else f"g{pgen}/"
        id_ = f"{producer}/{generation}{item.pseq}.{index}"
    if identity is None and plan.content:
        identity = f"{type_}:{blake2b(encoded, digest_size=8).hexdigest()}@{ts_source_ms or ''}"
    if coalesce_key is None and plan.key is not None:
        coalesce_key = plan.key(payload)
    return Event(
        id=id_,
        type=type_,
        category=plan.category,
        priority=plan.priority,
        ts_ingest_ms=item.ts_ingest_ms,
        ttl_ms=plan.ttl_ms if ttl_ms is None else ttl_ms,
        source=source,
        payload=Raw(encoded),
        ts_source_ms=ts_source_ms,
        dedupe_key=None if identity is None else short_identity(identity),
        coalesce_key=coalesce_key,
    )
