"""The frame of a tick, which the queue-manager sends once and every overlay receives.

    Frame   {gen, epoch, seq, tick_ts_ms, first, last, top, events}

`first..last` is the range of critical positions that the frame carries, 0..0 for none; `top` is the last position in
the log. So a reader at position p detects a missing position from any single frame or heartbeat: first > p + 1, or
top > p without a following frame.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from actors.core.contract.event import WIRE_VERSION, Category, Event

# "": all overlays. Others carry the same best-effort events, for those with and those without event_pipeline_v2.
Stream = Literal["", "v2", "plain"]


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
        "stream": "u",
    },
):
    """The events of one tick. An overlay receives exactly these bytes (or the same as JSON).

    gen         generation of the queue-manager that made it; a lower one than before is stale
    epoch       identity of the log; positions of different epochs are unrelated
    seq         frame number within the generation, from 1; 0 for a frame that a gateway made while catching up
    tick_ts_ms  wall clock at the tick
    first,last  critical positions it carries, contiguous, both 0 for none
    top         last committed critical position
    events      critical ones first, in order of position, then the others by priority
    replay      made from the log for a reader that was behind
    stream      the overlays that it is for, while `event_pipeline_v2` is "canary"
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
    stream: Stream = ""
    version: int = WIRE_VERSION


def singles(frame: Frame) -> list[Frame]:
    """Return one frame per event. A position that a filter removed belongs to the frame of the event after it."""
    parts: list[Frame] = []
    first = frame.first
    critical = [event for event in frame.events if event.position]
    for event in critical:
        parts.append(msgspec.structs.replace(frame, first=first, last=event.position, events=[event]))
        first = event.position + 1
    if frame.first and first <= frame.last:
        parts.append(msgspec.structs.replace(frame, first=first, events=[]))
    rest = [event for event in frame.events if not event.position]
    return parts + [msgspec.structs.replace(frame, first=0, last=0, events=[event]) for event in rest]


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

__all__ = ["Category", "Frame", "Stream", "json_event", "json_frame", "singles"]
