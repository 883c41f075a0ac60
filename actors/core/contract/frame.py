"""The envelope of a tick: what the queue-manager sends once and every overlay receives.

    Frame   {gen, epoch, seq, tick_ts_ms, first, last, top, events}

`first..last` is the range of critical positions that the frame carries, 0..0 for none; `top` is the last
position that is in the log. A reader that stands at position p therefore knows, from any frame or
heartbeat alone, whether something is missing: first > p + 1, or top > p with nothing following.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from actors.core.contract.event import WIRE_VERSION, Category, Event


class Frame(
    Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag="frame",
    tag_field="t",
    rename={
        "version": "v",
        "gen": "g",
        "epoch": "e",
        "seq": "s",
        "tick_ts_ms": "k",
        "first": "a",
        "last": "z",
        "top": "p",
        "events": "b",
        "replay": "r",
    },
):
    """Everything that leaves in one tick. An overlay receives these very bytes (or the JSON of them).

    gen         generation of the queue-manager that made it; a lower one than seen before is stale
    epoch       identity of the log; positions of different epochs have nothing to do with each other
    seq         frame number within the generation, from 1; 0 for a frame that a gateway made while catching up
    tick_ts_ms  wall clock at the tick
    first,last  critical positions it carries, contiguous, both 0 for none
    top         last committed critical position
    events      critical ones first, in order of position, then the others by priority
    replay      made from the log for a reader that fell behind
    """

    gen: int
    epoch: str
    seq: int
    tick_ts_ms: float
    top: int
    first: int = 0
    last: int = 0
    events: list[Event] = []
    replay: bool = False
    version: int = WIRE_VERSION


_payload = msgspec.msgpack.Decoder()


def json_event(event: Event) -> dict[str, Any]:
    """Return the event with its long names and its payload decoded, defaults left out."""
    fields = {
        name: value
        for name, value, default in zip(
            event.__struct_fields__, msgspec.structs.astuple(event), _EVENT_DEFAULTS, strict=True
        )
        if value != default or default is msgspec.NODEFAULT
    }
    fields["payload"] = _payload.decode(event.payload)
    return fields


def json_frame(frame: Frame) -> dict[str, Any]:
    """Return the frame as JSON overlays receive it: long names, the same values."""
    return {
        "t": "frame",
        "version": frame.version,
        "gen": frame.gen,
        "epoch": frame.epoch,
        "seq": frame.seq,
        "tick_ts_ms": frame.tick_ts_ms,
        "first": frame.first,
        "last": frame.last,
        "top": frame.top,
        "replay": frame.replay,
        "events": [json_event(event) for event in frame.events],
    }


_EVENT_DEFAULTS = [field.default for field in msgspec.structs.fields(Event)]

__all__ = ["Category", "Frame", "json_event", "json_frame"]
