"""overlays that are behind ──pages from the ring or the log──▶ level with the feed ──▶ live

One path for all: an overlay that resumes, one that has just connected (nothing to replay), one that read too slowly.
The next page is sent when the socket has taken the one before. Overlays take turns, and those that need the same page
receive the same bytes. The switch to live happens between two frames of the feed, so there is no gap and no repeat.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from typing import Final

from actors import faults
from actors.core.contract.event import Event
from actors.core.delivery.clients import rest_s
from actors.core.delivery.conversation import Input, OverlayState
from actors.core.delivery.recent import cut, pages_of, weight
from actors.errors import Refused
from actors.gateway.encoding import Encoding, Key
from actors.gateway.fanout import Fanout
from actors.gateway.feed import Feed
from actors.gateway.overlay import Overlay

# Small enough that a reader of 1 KB/s finishes a page within lag_close_s, and that few bytes are in flight.
PAGE_BYTES: Final = 16 << 10
# Steps per turn of the loop: a live frame waits for at most this number of writes.
TURN_STEPS: Final = 50
CACHED_PAGES: Final = 64
CACHED_BLOCKS: Final = 16
CACHED_BLOCK_BYTES: Final = 16 << 20  # a block of the largest events has 8 MiB
STATE_PAGE_BYTES: Final = 64 << 10
CACHED_STATES: Final = 8  # entries, each of up to 1 MiB


class CatchUp:
    """All overlays that are behind."""

    def __init__(self, feed: Feed, fanout: Fanout, page_rows: int) -> None:
        self._feed, self._fanout, self._rows = feed, fanout, page_rows
        self._turn: deque[Overlay] = deque()
        self._turning = False
        self._level: dict[Overlay, None] = {}  # at the feed's position or beyond it
        self._pages: OrderedDict[tuple[Key, int, int, int], bytes] = OrderedDict()
        self._blocks: OrderedDict[int, list[Event]] = OrderedDict()
        self._block_bytes = 0
        self._states: OrderedDict[tuple[Key, int, int, int], list[bytes]] = OrderedDict()
        self._reading: dict[int, list[Overlay]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.replayed_events = 0
        self.slow_switches = 0

    def add(self, overlay: Overlay) -> None:
        """Add an overlay in catch-up whose `position` and `state_version` are set, and make its first step."""
        overlay.on_drained = self._ready
        if not overlay.blocked:
            self._step(overlay)

    def slow_down(self, overlay: Overlay) -> None:
        """Switch a slow live overlay to catch-up: waiting frames are dropped; critical events come from the log."""
        now_s = time.monotonic()
        overlay.step(Input.BEHIND)
        self._fanout.leave(overlay)
        overlay.forget()
        overlay.left_at_frame = self._fanout.frames
        overlay.times_slow = overlay.times_slow + 1 if now_s - overlay.slow_since_s < 60.0 else 1
        overlay.slow_since_s = now_s
        overlay.rest_until_s = now_s + rest_s(overlay.times_slow)
        self.slow_switches += 1
        self.add(overlay)

    def remove(self, overlay: Overlay) -> None:
        self._level.pop(overlay, None)
        overlay.on_drained = _nothing

    def advanced(self) -> None:
        """Continue with the overlays that waited for the feed or for time."""
        for overlay in self._level:
            self._ready(overlay)
        self._level.clear()

    def resting(self) -> list[Overlay]:
        return list(self._level)

    def forget_pages(self) -> None:
        """Drop all cached pages, because the log was replaced."""
        self._pages.clear()
        self._states.clear()
        self._blocks.clear()
        self._block_bytes = 0

    def _ready(self, overlay: Overlay) -> None:
        self._turn.append(overlay)
        self._schedule()

    def _schedule(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._take_turns)

    def _take_turns(self) -> None:
        self._turning = False
        for _ in range(min(TURN_STEPS, len(self._turn))):
            self._step(self._turn.popleft())
        if self._turn:
            self._schedule()

    def _step(self, overlay: Overlay) -> None:
        """Send one page, wait for one, or go live."""
        if overlay.state is not OverlayState.CATCHUP or overlay.blocked:
            return
        self._level.pop(overlay, None)
        last = self._feed.cursor.last
        if overlay.position > last or (overlay.position == last and overlay.rest_until_s > time.monotonic()):
            self._level[overlay] = None
        elif overlay.position == last:
            self._go_live(overlay)
        elif self._feed.ring.covers(overlay.position):
            self._send(overlay, self._feed.ring.page(overlay.position, self._rows, PAGE_BYTES))
        else:
            self._send_from_log(overlay)

    def _send(self, overlay: Overlay, events: list[Event]) -> None:
        assert overlay.group is not None
        faults.point("gateway.replaying")
        data = self._page(overlay.group, events)
        self.replayed_events += len(events)
        if data:
            overlay.write(data, events[-1].position)
        overlay.position = events[-1].position
        if not overlay.blocked:
            self._ready(overlay)

    def _page(self, group: Encoding, events: list[Event]) -> bytes:
        first, last = events[0].position, events[-1].position
        name = (group.key, self._feed.cursor.gen, first, last)
        data = self._pages.get(name)
        if data is None:
            frame = self._feed.cursor.replay(events, time.time() * 1000)
            data = self._pages[name] = group.frame(frame, count_filtered=False)
            if len(self._pages) > CACHED_PAGES:
                self._pages.popitem(last=False)
        return data

    def _state_pages(self, group: Encoding) -> list[bytes]:
        """Return frames with the retained state, encoded once per change and group."""
        retained, cursor = self._feed.retained, self._feed.cursor
        name = (group.key, cursor.gen, cursor.top, retained.version)
        pages = self._states.get(name)
        if pages is None:
            states = pages_of(retained.events(), STATE_PAGE_BYTES)
            frames = [cursor.replay(events, time.time() * 1000) for events in states]
            encoded = [group.frame(frame, count_filtered=False) for frame in frames]
            pages = self._states[name] = [data for data in encoded if data]
            if len(self._states) > CACHED_STATES:
                self._states.popitem(last=False)
        return pages

    def _go_live(self, overlay: Overlay) -> None:
        group, retained = overlay.group, self._feed.retained
        assert group is not None
        if overlay.state_version != retained.version:
            overlay.state_version = retained.version
            for data in self._state_pages(group):
                overlay.write(data)
        if overlay.left_at_frame:
            overlay.dropped_frames += self._fanout.frames - overlay.left_at_frame
            overlay.left_at_frame = 0
        overlay.on_drained = _nothing
        overlay.step(Input.LEVEL)
        self._fanout.join(overlay)

    # Pages of the log are read in aligned blocks, so that overlays at different positions share them.

    def _send_from_log(self, overlay: Overlay) -> None:
        block = overlay.position // self._rows * self._rows
        events = self._blocks.get(block)
        if events is not None:
            self._blocks.move_to_end(block)
            self._send_block(overlay, events)
        elif block in self._reading:
            self._reading[block].append(overlay)
        else:
            self._reading[block] = [overlay]
            task = asyncio.get_running_loop().create_task(self._read(block))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read(self, block: int) -> None:
        epoch = self._feed.cursor.epoch
        rows = self._rows
        try:
            events = await self._feed.log.read(partial(_page_of, after=block, rows=rows))
        except Refused:
            await asyncio.sleep(0.1)
            events = None
        waiting = self._reading.pop(block)
        if events is None or epoch != self._feed.cursor.epoch:
            for overlay in waiting:
                self._ready(overlay)
            return
        events = [event for event in events if event.position <= block + rows]
        if len(events) == rows:
            self._keep(block, events)
        for overlay in waiting:
            self._send_block(overlay, events)

    def _keep(self, block: int, events: list[Event]) -> None:
        self._blocks[block] = events
        self._block_bytes += sum(map(weight, events))
        while len(self._blocks) > CACHED_BLOCKS or (self._block_bytes > CACHED_BLOCK_BYTES and len(self._blocks) > 1):
            self._block_bytes -= sum(map(weight, self._blocks.popitem(last=False)[1]))

    def _send_block(self, overlay: Overlay, events: list[Event]) -> None:
        if overlay.state is not OverlayState.CATCHUP or overlay.blocked:
            return
        wanted = cut([event for event in events if event.position > overlay.position], PAGE_BYTES)
        if wanted:
            self._send(overlay, wanted)
            return
        # The page was trimmed meanwhile: the overlay detects the gap in the next frame and sends a hello again, and the
        # welcome names the missing positions.
        overlay.position = min(self._feed.cursor.last, overlay.position // self._rows * self._rows + self._rows)
        self._ready(overlay)


def _nothing(_: Overlay) -> None:
    """Do nothing: a live overlay waits only for the next frame."""


def _page_of(reader: object, after: int, rows: int) -> list[Event]:
    page: Callable[[int, int], list[Event]] = reader.page  # type: ignore[attr-defined]
    return page(after, rows)
