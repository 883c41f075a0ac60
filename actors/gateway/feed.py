"""frames of the bus + pages of the log ──▶ [feed] ──▶ every live overlay

Starts like the Clone pattern (zguide, chapter 5): subscribe, then read the top of the log, then take frames. From then
on core/delivery/cursor.py decides; this module reads the log for it, on another thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from actors import faults
from actors.core.contract.event import Category, Event
from actors.core.contract.frame import Frame
from actors.core.delivery.cursor import Cursor, Head, Numbers, merged
from actors.core.delivery.recent import RING_EVENTS, Ring
from actors.core.delivery.retained import Retained
from actors.errors import Refused
from actors.gateway.bus import Arrival, FrameLinks
from actors.interfaces import Bus, LogReader

RETRY_S: Final = 0.1
START_AGAIN_S: Final = 0.01  # at the first start the queue-manager has yet to create the log
SAY_TRIES: Final = 300  # more than a start takes: then there is another reason
# Frames older than this were delayed before this gateway. Their cosmetic events are dropped, because they are over
# (the zguide's Suicidal Snail pattern). Far above the longest tick, 33 ms.
STALE_MS: Final = 1_000.0
# Frames that arrived while the gateway was busy are merged into one frame up to this size. Without merging, an
# overloaded gateway (2,000 overlays on a third of a core) was one second behind [measured: bench/fanout.py].
TOGETHER_BYTES: Final = 64 << 10
# The answer of one look-up serves all overlays that reconnect at once. The log is trimmed only every minute.
LOOK_UP_S: Final = 1.0
# The queue-manager saves retained states every second.
STATE_SAVED_S: Final = 1.5

T = TypeVar("T")

log = logging.getLogger("feed")


class LogThreads:
    """Reads the log on other threads. Each thread has its own reader, and opens a replaced log again."""

    def __init__(self, open_reader: Callable[[], LogReader], threads: int = 2) -> None:
        self._open_reader = open_reader
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="log")
        self._mine = threading.local()
        self._edition = 1
        self.reads = 0

    async def read(self, question: Callable[[LogReader], T]) -> T:
        """Return the answer of `question(reader)`.

        Raises:
            Refused: the log does not exist yet, or cannot be read.
        """
        self.reads += 1
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, question, self._edition)

    def reopen(self) -> None:
        """Open the file again at the next read, because it may have been replaced."""
        self._edition += 1

    def _answer(self, question: Callable[[LogReader], T], edition: int) -> T:
        mine = self._mine
        if getattr(mine, "edition", 0) != edition:
            if getattr(mine, "reader", None) is not None:
                mine.reader.close()
                mine.reader = None
            mine.reader = self._open_reader()
            mine.edition = edition
        return question(mine.reader)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Feed:
    """The current state of the stream: the cursor into the log, the last critical events, the retained state."""

    def __init__(
        self,
        bus: Bus,
        log: LogThreads,
        page_rows: int,
        emit: Callable[[Frame, bytes | None], None],
        on_new_log: Callable[[], None],
    ) -> None:
        self.log = log
        self.links = FrameLinks(bus, self._on_frames)
        self.cursor = Cursor("", 0, 0)
        self.ring = Ring()
        self.retained = Retained()
        self.oldest = 1
        self.adopted = 0  # the top of the log when this gateway began to read it
        self.ready = False
        self.received_s = float("-inf")
        self.stale_events = 0
        self._page_rows = page_rows
        self._emit, self._on_new_log = emit, on_new_log
        self.lost_frames = 0
        self._looked_s = float("-inf")
        self._newest = (0, 0)
        self._numbers = Numbers()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Subscribe and read the log; return when the position in the log is known."""
        tries = 0
        while not self.ready:
            try:
                await self._adopt()
            except Refused as error:
                tries += 1
                if tries == SAY_TRIES:
                    log.error("log_unreadable reason=%r", str(error))
                self.log.reopen()
                await asyncio.sleep(START_AGAIN_S)
        self.links.start()
        self._work(self._refresh_state)  # states shown before the subscription, and saved after the read

    async def _adopt(self) -> None:
        """Set the position to the current top of the log."""
        head, recent, state = await self.log.read(_all_of)
        self.cursor = Cursor(head.epoch, head.gen, head.top)
        self.adopted = head.top
        self.oldest = head.oldest
        self.ring.clear()
        self.ring.add(event for event in recent if event.position <= head.top)
        self.retained = Retained(state)
        self._newest, self._numbers = (0, 0), Numbers()
        self.ready = True

    async def look_up(self, position: int) -> None:
        """Read the current range of the log, unless it was read less than LOOK_UP_S ago and includes `position`.

        Raises:
            Refused: the log cannot be read.
        """
        fresh = time.monotonic() - self._looked_s < LOOK_UP_S
        if fresh and position <= self.cursor.top:
            return
        self._looked_s = time.monotonic()
        head = await self.log.read(lambda reader: reader.head())
        if head.epoch == self.cursor.epoch:
            self.oldest = head.oldest
            self.cursor.promise(head.top, time.monotonic())

    def _on_frames(self, arrivals: list[Arrival]) -> None:
        """Pass on frames that arrived together as one: a busy gateway sends fewer and larger frames."""
        self.received_s = now_s = time.monotonic()
        together: list[Arrival] = []
        for frame, message in arrivals:
            foreign, gen = self.cursor.counts.foreign, self.cursor.gen
            passed = self.cursor.take(frame, now_s)
            if self.cursor.gen > gen:
                # The queue-manager before it may have died between the commit of a state and its frame.
                self._work(self._refresh_state)
            if passed is not None:
                passed = self._in_time(passed)
            if passed is not None:
                together.append((passed, message if passed is frame else b""))
            elif self.cursor.counts.foreign > foreign:
                self._work(self._meet_new_log)
                continue
            self._numbers.saw(frame.gen, frame.seq)
            if not frame.seq and (lost := self._numbers.lost()):
                self.lost_frames += lost
                self._work(self._refresh_state)
        self._pass_on_together(together)
        if self.cursor.repair_in_s(now_s) is not None:
            self._work(self._repair)

    def _pass_on_together(self, arrivals: list[Arrival]) -> None:
        frames: list[Frame] = []
        size = 0
        for frame, message in arrivals:
            if frames and (size + len(message) > TOGETHER_BYTES or frame.stream != frames[-1].stream):
                self._pass_on(merged(frames), None)
                frames, size = [], 0
            frames.append(frame)
            size += len(message)
        if frames:
            self._pass_on(merged(frames), message if len(frames) == 1 and message else None)

    def _in_time(self, frame: Frame) -> Frame | None:
        """Return the frame without expired transient events and without states older than the retained value."""
        overtaken = (frame.gen, frame.seq) < self._newest
        self._newest = max(self._newest, (frame.gen, frame.seq))
        if time.time() * 1000 - frame.tick_ts_ms > STALE_MS:
            kept = [event for event in frame.events if event.position or event.category is Category.STATE]
        elif overtaken:
            kept = [event for event in frame.events if not self.retained.outdated(event)]
        else:
            return frame
        if len(kept) == len(frame.events):
            return frame
        self.stale_events += len(frame.events) - len(kept)
        return msgspec.structs.replace(frame, events=kept) if kept or frame.first else None

    def _pass_on(self, frame: Frame, message: bytes | None) -> None:
        if frame.first:
            self.ring.add(event for event in frame.events if event.position)
        self.retained.see(frame.events)
        self._emit(frame, message)

    def _work(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work` as a task, unless it runs already."""
        task = self._tasks.get(work.__name__)
        if task is None:
            task = self._tasks[work.__name__] = asyncio.get_running_loop().create_task(work())
            task.add_done_callback(partial(self._done, work.__name__))

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled():
            task.result()  # a failure of ours reaches the loop, which ends the process

    async def _repair(self) -> None:
        """Read the missing positions from the log until the gap is closed."""
        while (wait_s := self.cursor.repair_in_s(time.monotonic())) is not None:
            if wait_s:
                await asyncio.sleep(wait_s)
                continue
            try:
                head, page = await self.log.read(partial(_page_of, after=self.cursor.ask(), rows=self._page_rows))
            except Refused:
                await asyncio.sleep(RETRY_S)
                continue
            if head.epoch != self.cursor.epoch:
                await self._meet_new_log()
                continue
            frame = self.cursor.mend(head, page, time.time() * 1000, time.monotonic())
            if frame is not None:
                faults.point("gateway.replaying")
                self._pass_on(frame, None)

    async def _meet_new_log(self) -> None:
        """Read the epoch of the log: a frame of another epoch is stale, or the log was replaced."""
        self.log.reopen()
        epoch = self.cursor.epoch
        try:
            head = await self.log.read(lambda reader: reader.head())
            if head.epoch != epoch:
                await self._adopt()
                self._on_new_log()
        except Refused:
            await asyncio.sleep(RETRY_S)

    async def _refresh_state(self) -> None:
        """Read the states from the log once they are saved: a lost frame may have held the last value of one."""
        await asyncio.sleep(STATE_SAVED_S)
        try:
            saved = await self.log.read(lambda reader: reader.snapshot())
        except Refused:
            return  # the log cannot be read; the next lost frame retries
        if fresh := self.retained.newer(saved):
            self._emit(self.cursor.replay(fresh, time.time() * 1000), None)

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        if self.ready:
            self.links.stop()
        self.log.close()


def _page_of(reader: LogReader, after: int, rows: int) -> tuple[Head, list[Event]]:
    return reader.head(), reader.page(after, rows)


def _all_of(reader: LogReader) -> tuple[Head, list[Event], list[Event]]:
    head = reader.head()
    return head, reader.page(max(0, head.top - RING_EVENTS), RING_EVENTS), reader.snapshot()
