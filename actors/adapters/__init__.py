"""Adapters: raw messages → events. Pure; one module per kind of raw message.

An adapter has two functions and no state:

    category(body) -> Category | None    called by the producer to choose the lane, before the message is stored. It
                                         must be cheap, and return critical whenever the body *may* become a critical
                                         event. None: this is never an event (counted as ignored, not sent).
    normalize(item, producer, pgen) -> list[Event]
                                         called by the normalizer. Raises BadInput with the actual value, the expected
                                         one and the path; returns [] for a message that is not an event. Every event
                                         is in the lane that `category` returned: ids of critical events contain the
                                         number of the outbox, other ids also the generation, so they are distinct.

An adapter is a module of this package, found by its name: the `kind` of a raw message.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Final

from msgspec import Struct

from actors.core.contract.event import Category, Event, RawItem
from actors.errors import BadInput

# Kinds of raw messages whose module has another name.
_MODULES: Final = {"event": "generic"}
_HELPERS: Final = {
    "bounds", "build", "cs_maps", "fitting", "generic", "gsi_changes", "gsi_posts", "gsi_timer", "irc", "lol_events",
    "mapping", "minecraft_events", "minecraft_wire", "obs_view",
    "planetside2_experience", "planetside2_facts", "planetside2_scene", "srcds_lines", "streamelements_rules",
    "streamerbot_rules", "time_stamps", "twitch_acts", "twitch_notices", "twitch_shapes", "webhook_presets",
    "youtube_shapes",
}  # fmt: skip

KINDS: Final = tuple(
    sorted([*_MODULES, *(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _HELPERS)])
)


class Adapter(Struct, frozen=True):
    """One kind of raw message."""

    category: Callable[[bytes], Category | None]
    normalize: Callable[[RawItem, str, int], list[Event]]


@cache
def adapter_of(kind: str) -> Adapter:
    """Return the adapter of a kind of raw message, imported when it is first needed.

    Raises:
        BadInput: the kind is unknown.
    """
    if kind not in KINDS:
        raise BadInput(f"Unknown kind of raw message {kind[:64]!r}. Kinds: {', '.join(KINDS)}")
    module = importlib.import_module(f"{__name__}.{_MODULES.get(kind, kind)}")
    return Adapter(module.category, module.normalize)
