"""Encodes messages for the overlays of one key: format, filter, legacy shape, framing of the transport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from msgspec import Struct

from actors.core.contract.event import Event
from actors.core.contract.frame import Frame, Stream, json_event, json_frame, singles
from actors.core.contract.legacy import to_legacy
from actors.gateway.transport import Framing

_pack = msgspec.msgpack.Encoder().encode
_text = msgspec.json.Encoder().encode


class Key(Struct, frozen=True):
    """The properties that the overlays of one group share. `stream` is which copies of best-effort events they get."""

    format: Literal["msgpack", "json"]
    types: frozenset[str] | None
    legacy: bool
    framing: Framing
    batched: bool = True
    stream: Stream = "v2"


class Encoding:
    """Encodes and frames messages, once for all overlays of the key."""

    def __init__(self, key: Key, filtered: Counter[str]) -> None:
        self.key = key
        self._filtered = filtered
        self._framing = key.framing

    def frame(self, frame: Frame, message: bytes | None = None, count_filtered: bool = True) -> bytes:
        """Return the framed bytes, b"" if nothing passes the filter. `message` is the encoded frame from the bus."""
        types = self.key.types
        if types is not None:
            wanted = [event for event in frame.events if event.type in types]
            if len(wanted) != len(frame.events):
                if count_filtered:
                    self._filtered.update(event.type for event in frame.events if event.type not in types)
                if not wanted and not frame.first:
                    return b""
                frame, message = msgspec.structs.replace(frame, events=wanted), None
        if self.key.legacy:
            return b"".join(self._framing(_text(to_legacy(event)), True, "") for event in frame.events)
        if not self.key.batched and len(frame.events) > 1:
            return b"".join(self._one(part, None) for part in singles(frame))
        return self._one(frame, message)

    def _one(self, frame: Frame, message: bytes | None) -> bytes:
        place = f"{frame.epoch}:{frame.last}" if frame.first else ""
        if self.key.format == "json":
            return self._framing(_text(json_frame(frame)), True, place)
        return self._framing(message or _pack(frame), False, place)

    def message(self, fields: dict[str, Any], place: str = "") -> bytes:
        """Return a small message with long names, b"" in the legacy shape, which has no such messages."""
        if self.key.legacy:
            return b""
        text = self.key.format == "json"
        return self._framing(_text(fields) if text else _pack(fields), text, place)

    def events(self, events: Iterable[Event]) -> list[Any]:
        """Return the events that pass the filter, as values of a message of this format."""
        types = self.key.types
        wanted = [event for event in events if types is None or event.type in types]
        return [json_event(event) for event in wanted] if self.key.format == "json" else wanted
