"""Groups of overlays that receive the same bytes: a frame is encoded and framed once per group, then written to each.

    group = format × types × legacy shape × framing

tornado's write_message costs 14 to 28 µs per overlay, because each call packs a header, joins bytes, and makes a future
and a task. Writing prepared bytes to the socket costs little more than the system call.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from actors import faults
from actors.core.contract.frame import Frame
from actors.core.metrics import Histogram
from actors.gateway.encoding import Encoding, Key
from actors.gateway.overlay import Overlay
from actors.gateway.transport import Framing

# 300 filters cost 57 % of a core at 60 frames per second.
MAX_FILTERS: Final = 32


class Group(Encoding):
    """Live overlays of one key."""

    def __init__(self, key: Key, filtered: Counter[str]) -> None:
        super().__init__(key, filtered)
        self.live: dict[Overlay, None] = {}
        self.sent_s = time.monotonic()
        self.frame_s = 0.0  # when the last frame was sent, without heartbeats


class Fanout:
    """All groups, and the counters of sent messages."""

    def __init__(self, buffer_bytes: int, on_slow: Callable[[Overlay], None]) -> None:
        self.groups: dict[Key, Group] = {}
        self._buffer_bytes = buffer_bytes
        self._on_slow = on_slow
        self.frames = self.events = self.messages = self.bytes = 0
        self.positions_messages = self.positions_bytes = self.positions_skipped = 0
        self.filtered: Counter[str] = Counter()  # events that a filter removed, by type, once per group
        self.critical_ms = Histogram()
        self.other_ms = Histogram()

    def group(self, key: Key) -> Group:
        """Return the group of `key`; `tidy` removes groups without overlays."""
        if key not in self.groups:
            self.groups[key] = Group(key, self.filtered)
        return self.groups[key]

    def takes(self, types: frozenset[str] | None) -> bool:
        """Whether overlays may have this filter: each costs a frame of its own, so that there are MAX_FILTERS."""
        filters = {key.types for key in self.groups} - {None}
        return types is None or types in filters or len(filters) < MAX_FILTERS

    def tidy(self, in_use: set[Key]) -> None:
        for key in [key for key in self.groups if key not in in_use]:
            del self.groups[key]

    def emit(self, frame: Frame, message: bytes | None) -> None:
        """Send a frame to every live overlay."""
        self.frames += 1
        self.events += len(frame.events)
        reached = False
        for group in self.groups.values():
            if group.live and frame.stream in ("", group.key.stream):
                data = group.frame(frame, message)
                if data:
                    self.write(group, data, frame.last)
                    group.frame_s = group.sent_s
                    reached = True
        if reached:
            faults.point("gateway.sent")
            self._observe(frame)

    def write(self, group: Group, data: bytes, position: int = 0) -> None:
        """Hand framed bytes to every live overlay of the group. Its cost per overlay is measured by bench/fanout.py."""
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
            # Bytes that the transport still has to send come first.
            if not overlay.writing():
                try:
                    sent = overlay.send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    overlay.transport.abort()  # its callback runs later, so `live` does not change here
                    continue
            if sent != size:
                overlay.block(data, sent)
        self.messages += len(live)
        self.bytes += len(live) * size
        group.sent_s = time.monotonic()
        for overlay in slow:
            self._on_slow(overlay)

    def positions(self, message: bytes) -> None:
        """Send packed positions to the live overlays that want them and have nothing else to receive.

        An overlay whose socket is full misses them: a frame must never wait behind positions.
        """
        framed: dict[Framing, bytes] = {}
        for group in self.groups.values():
            key = group.key
            if key.format == "json" or key.legacy:
                continue
            for overlay in group.live:
                if not overlay.positions:
                    continue
                if overlay.blocked or overlay.writing():
                    self.positions_skipped += 1
                    continue
                data = framed.get(key.framing) or framed.setdefault(key.framing, key.framing(message, False, ""))
                self._offer(overlay, data)

    def _offer(self, overlay: Overlay, data: bytes) -> None:
        try:
            sent = overlay.send(data)
        except BlockingIOError:
            self.positions_skipped += 1
            return
        except OSError:
            overlay.transport.abort()
            return
        if sent != len(data):
            overlay.block(data, sent)  # the rest must follow, or the next message would be read as a part of this one
        self.positions_messages += 1
        self.positions_bytes += len(data)

    def frame_s(self, overlay: Overlay) -> float:
        """Return when the last frame was sent to the overlay's group, 0 for never."""
        group = self.groups.get(overlay.group.key) if overlay.group is not None else None
        return group.frame_s if group is not None else 0.0

    def join(self, overlay: Overlay) -> None:
        """Make an overlay live: it receives every frame from now on."""
        assert overlay.group is not None
        self.groups[overlay.group.key].live[overlay] = None

    def leave(self, overlay: Overlay) -> None:
        if overlay.group is not None:
            self.groups[overlay.group.key].live.pop(overlay, None)

    def _observe(self, frame: Frame) -> None:
        if frame.replay:
            return  # its age is that of the gap, not the latency of the pipeline
        now_ms = time.time() * 1000
        for event in frame.events:
            (self.critical_ms if event.position else self.other_ms).add(now_ms - event.ts_ingest_ms)
