"""Groups of overlays that want the same bytes: a frame is encoded and framed once per group, then written to each.

    group = format × types × legacy shape

tornado's write_message costs 14 to 28 µs per overlay, because each call packs a header, joins bytes, makes a future and
a task; handing prepared bytes to the kernel costs little more than the system call.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from actors import faults
from actors.core.contract.event import Event
from actors.core.contract.frame import Frame, json_event, json_frame
from actors.core.contract.legacy import to_legacy
from actors.core.delivery.clients import State
from actors.core.metrics import Histogram
from actors.gateway.overlay import Overlay

TEXT: Final = 0x81
BINARY: Final = 0x82

# Upper bounds of the latency histogram in milliseconds; 3 and 10 are the promised p50 and p99 of an idle pipeline.

_pack = msgspec.msgpack.Encoder().encode
_text = msgspec.json.Encoder().encode


def framed(opcode: int, payload: bytes) -> bytes:
    """Return a message as one unmasked WebSocket frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", opcode, size) + payload
    if size <= 0xFFFF:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload


class Key(Struct, frozen=True):
    """What overlays of one group have in common."""

    format: Literal["msgpack", "json"] = "msgpack"
    types: frozenset[str] | None = None
    legacy: bool = False


class Group:
    """Live overlays of one key, and how frames look to all who have the key."""

    def __init__(self, key: Key, filtered: Counter[str]) -> None:
        self.key = key
        self.live: dict[Overlay, None] = {}
        self.sent_s = time.monotonic()
        self._filtered = filtered

    def frame(self, frame: Frame, message: bytes | None = None, count_filtered: bool = True) -> bytes:
        """Return the framed bytes, b"" when this group gets nothing. `message` is the frame as it came over the bus."""
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
            return b"".join(framed(TEXT, _text(to_legacy(event))) for event in frame.events)
        if self.key.format == "json":
            return framed(TEXT, _text(json_frame(frame)))
        return framed(BINARY, message or _pack(frame))

    def message(self, fields: dict[str, Any]) -> bytes:
        """Return a small message with long names, b"" in the legacy shape, which has none."""
        if self.key.legacy:
            return b""
        return framed(TEXT, _text(fields)) if self.key.format == "json" else framed(BINARY, _pack(fields))

    def events(self, events: Iterable[Event]) -> list[Any]:
        """Return those events that this group gets, as they stand in a message of its format."""
        types = self.key.types
        wanted = [event for event in events if types is None or event.type in types]
        return [json_event(event) for event in wanted] if self.key.format == "json" else wanted


class Fanout:
    """All groups, and the counters of what was sent."""

    def __init__(self, buffer_bytes: int, on_slow: Callable[[Overlay], None]) -> None:
        self.groups: dict[Key, Group] = {}
        self._buffer_bytes = buffer_bytes
        self._on_slow = on_slow
        self.frames = self.events = self.messages = self.bytes = 0
        self.filtered: Counter[str] = Counter()  # events by type that a filter held back, once per group
        self.critical_ms = Histogram()
        self.other_ms = Histogram()

    def group(self, key: Key) -> Group:
        """Return the group of `key`; groups without overlays are forgotten by `tidy`."""
        if key not in self.groups:
            self.groups[key] = Group(key, self.filtered)
        return self.groups[key]

    def tidy(self, in_use: set[Key]) -> None:
        for key in [key for key in self.groups if key not in in_use]:
            del self.groups[key]

    def emit(self, frame: Frame, message: bytes | None) -> None:
        """Send a frame to every live overlay."""
        self.frames += 1
        self.events += len(frame.events)
        reached = False
        for group in self.groups.values():
            if group.live:
                data = group.frame(frame, message)
                if data:
                    self.write(group, data, frame.last)
                    reached = True
        if reached:
            faults.point("gateway.sent")
            self._observe(frame)

    def write(self, group: Group, data: bytes, position: int = 0) -> None:
        """Hand framed bytes to every live overlay of the group; the hot loop of the house."""
        size = len(data)
        slow: list[Overlay] = []
        live = group.live
        for overlay in live:
            if overlay.blocked:
                overlay.wait(data, position)
                if overlay.pending > self._buffer_bytes:
                    slow.append(overlay)
                continue
            if position:
                overlay.position = position
            sent = 0
            # A ping or pong of tornado's may wait in the stream; nothing may overtake the rest of it.
            if not overlay.writing():
                try:
                    sent = overlay.send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    overlay.stream.close()  # calls back later; `live` does not change here
                    continue
            if sent != size:
                overlay.block(data, sent)
        self.messages += len(live)
        self.bytes += len(live) * size
        group.sent_s = time.monotonic()
        for overlay in slow:
            self._on_slow(overlay)

    def join(self, overlay: Overlay) -> None:
        """Make an overlay live: from now on it gets every frame."""
        assert overlay.group is not None
        overlay.state = State.LIVE
        overlay.group.live[overlay] = None

    def leave(self, overlay: Overlay) -> None:
        if overlay.group is not None:
            overlay.group.live.pop(overlay, None)

    def _observe(self, frame: Frame) -> None:
        if frame.replay:
            return  # its age is that of the gap, not of the way
        now_ms = time.time() * 1000
        for event in frame.events:
            (self.critical_ms if event.position else self.other_ms).add(now_ms - event.ts_ingest_ms)
