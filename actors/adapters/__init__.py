"""Adapters: raw messages → events. Pure; one module per kind of raw message.

An adapter answers two questions, and keeps nothing between them:

    category(body) -> Category | None    the producer asks it, to choose a lane, before anything is stored. It must be
                                         cheap and may be generous: critical whenever the body *may* become a critical
                                         event. None: this will never be an event (counted as ignored, not sent).
    normalize(item, producer, pgen) -> list[Event]
                                         the normalizer asks it. Raises BadInput with what came, what was expected and
                                         where; a message that means nothing is an empty list. Every event is in the
                                         lane that `category` announced: ids of critical events carry the number of the
                                         outbox, ids of the others the generation too, and so never meet.

Adding a source is one module here, one line in ADAPTERS, and one test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from actors.adapters import generic, srcds, twitch_eventsub, twitch_irc
from actors.core.contract.event import Category, Event, RawItem


class Adapter(Struct, frozen=True):
    """One kind of raw message."""

    category: Callable[[bytes], Category | None]
    normalize: Callable[[RawItem, str, int], list[Event]]


ADAPTERS: Final = {
    "event": Adapter(generic.category, generic.normalize),
    "srcds": Adapter(srcds.category, srcds.normalize),
    "twitch_eventsub": Adapter(twitch_eventsub.category, twitch_eventsub.normalize),
    "twitch_irc": Adapter(twitch_irc.category, twitch_irc.normalize),
}
