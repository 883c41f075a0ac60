"""The row of an event type: its whole definition, in one place.

A family of types is a module of types/: a Struct per payload, and a table `TYPES` of rows. Derived from the row are the
validation at every boundary, docs/events.md, the JSON Schema, the declarations and the catalog of the overlay, the
sample events, the golden frame and the old names (`python -m tools.docs`, `python -m tests.golden.make`).

A type is critical if a viewer would notice its loss: kills, deaths, revives, objectives, outcomes, alerts, deletions of
chat (moderation outranks chat). It is a state if only the last value per key matters, and cosmetic if its events come
in bursts and can be merged. All other types are normal.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from actors.core.contract.event import Category
from actors.core.contract.payload import Payload

Tone = Literal["info", "good", "bad", "warm", "social"]


class Look(Struct, frozen=True):
    """The default presentation of a type: title, name of the icon (widgets/icons.mjs), tone."""

    title: str
    icon: str
    tone: Tone = "info"


class OldName(Struct, frozen=True):
    """A name of the string-event overlays.

    template   the name; `{field}` at its end is the number of this field of the payload
    told       the part of the payload that the name determines
    """

    template: str
    told: dict[str, Any] = {}


class Row(Struct, frozen=True):
    """The definition of a type.

    payload       the Struct
    meaning       one sentence for the documentation
    example       for the documentation, for `emit`, and for the test buttons
    look          its default presentation
    priority      0..9 among transient events; 9 is shown first
    ttl_ms        how long after ingest it is worth showing; 0 is without limit. Critical events are never
                  dropped for age: an overlay shows an old one as a replay
    dedupe_ms     window in which equal dedupe keys are one event; 0 is none (critical: by identity only)
    coalesce      the template of the key under which events are merged, with paths into the payload; "" is never
    retain        "log" (critical), "last" (last value per key, part of every snapshot) or "none"
    over          (field, value) with which a state has ended; () is never
    part_of       (type, field) if a state is a part of another one, whose key is `type:` and this field; it ends with
                  that one, and when that one has another `run`
    old           names of the string-event overlays; the most specific one is written, all are read
    """

    category: Category
    priority: int
    payload: type[Payload]
    meaning: str
    example: Payload
    look: Look
    ttl_ms: int
    dedupe_ms: int = 0
    coalesce: str = ""
    retain: Literal["log", "last", "none"] = "none"
    over: tuple[str, Any] | tuple[()] = ()
    part_of: tuple[str, str] | tuple[()] = ()
    old: tuple[OldName, ...] = ()


Old = str | OldName


def critical(priority: int, example: Payload, meaning: str, look: Look, *old: Old, ttl_ms: int = 30_000) -> Row:
    """Return the row of a type that is logged before it is shown."""
    return Row(Category.CRITICAL, priority, type(example), meaning, example, look, ttl_ms, retain="log", old=_old(old))


def normal(
    priority: int, example: Payload, meaning: str, look: Look, *old: Old, ttl_ms: int = 10_000, dedupe_ms: int = 250
) -> Row:
    """Return the row of a type that is shown once, and may be dropped under pressure."""
    return Row(
        Category.NORMAL, priority, type(example), meaning, example, look, ttl_ms, dedupe_ms=dedupe_ms, old=_old(old)
    )


def cosmetic(
    priority: int, example: Payload, meaning: str, look: Look, *old: Old, coalesce: str, ttl_ms: int = 1_000
) -> Row:
    """Return the row of a type that comes in bursts, is merged by key, and is dropped first."""
    return Row(
        Category.COSMETIC,
        priority,
        type(example),
        meaning,
        example,
        look,
        ttl_ms,
        dedupe_ms=120,
        coalesce=coalesce,
        old=_old(old),
    )


def state(
    priority: int,
    example: Payload,
    meaning: str,
    look: Look,
    *old: Old,
    coalesce: str,
    retain: bool = True,
    over: tuple[str, Any] | tuple[()] = (),
    part_of: tuple[str, str] | tuple[()] = (),
) -> Row:
    """Return the row of a type of which only the last value per key matters."""
    return Row(
        Category.STATE,
        priority,
        type(example),
        meaning,
        example,
        look,
        0,
        coalesce=coalesce,
        retain="last" if retain else "none",
        over=over,
        part_of=part_of,
        old=_old(old),
    )


def _old(names: tuple[Old, ...]) -> tuple[OldName, ...]:
    return tuple(OldName(name) if isinstance(name, str) else name for name in names)


__all__ = ["Look", "Old", "OldName", "Row", "Tone", "cosmetic", "critical", "normal", "state"]
