"""The position of a reader of frames, the handling of each frame, and the start of a conversation.

    frame.first .. frame.last      handling at position `last`
    0 .. 0                         no critical events: pass it on
    last+1 .. n                    next in order: pass it on, move to n
    a ≤ last .. n > last           partly known (a repair was faster): pass on the new events, move to n
    a .. n ≤ last                  known: pass on only the best-effort events
    a > last+1 .. n                a gap: pass on only the best-effort events, read the log at once

Repairs use the log, never the sender, because every critical event of a frame was committed before. A `top` above
`last` without a following frame is a lost tail; it counts as a gap after TAIL_LOSS_S. A generation below the
current one belongs to a queue-manager that was replaced; its frames are ignored. Another epoch is another log.

Invariant: the frames that are passed on have contiguous positions, each once and in order, even if frames are lost,
repeated or reordered.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from actors.core.contract.event import Event
from actors.core.contract.frame import Frame

# Half of the time that an overlay waits (wire.md), so that the gateway's repair comes before another hello.
TAIL_LOSS_S: Final = 0.25


class Head(Struct, frozen=True):
    """The extent of a log. `oldest` is the first position that is still kept (top + 1 when there is none)."""

    epoch: str
    gen: int
    top: int
    oldest: int


class Counts(Struct):
    """Counters of frames that were not simply passed on."""

    stale: int = 0  # frames of a generation that was replaced
    foreign: int = 0  # frames of another log
    gaps: int = 0  # frames after a gap
    repeats: int = 0  # critical events that were already known
    repaired: int = 0  # critical events that were read from the log
    skipped: int = 0  # critical positions that were no longer in the log


class Cursor:
    """A reader's position in one log."""

    def __init__(self, epoch: str, gen: int, last: int) -> None:
        self.epoch = epoch
        self.gen = gen
        self.last = last
        self.top = last
        self.counts = Counts()
        self._behind_since_s: float | None = None
        self._gap = False
        self._promised = last

    def take(self, frame: Frame, now_s: float) -> Frame | None:
        """Return the part of `frame` for the overlays, None when there is none."""
        if frame.epoch != self.epoch:
            self.counts.foreign += 1
            return None
        if frame.gen < self.gen:
            self.counts.stale += 1
            return None
        self.gen = frame.gen
        self.top = max(self.top, frame.top, frame.last)
        passed = self._pass(frame)
        self._update_gap(now_s)
        return passed

    def _pass(self, frame: Frame) -> Frame | None:
        if not frame.first:
            return frame if frame.events else None
        if frame.first == self.last + 1:
            self.last = frame.last
            return frame
        if frame.first > self.last + 1:
            self.counts.gaps += 1
            self._gap = True
            return without_critical(frame)
        if frame.last <= self.last:
            self.counts.repeats += frame.last - frame.first + 1
            return without_critical(frame)
        self.counts.repeats += self.last - frame.first + 1
        known, self.last = self.last, frame.last
        return after(frame, known)

    def _update_gap(self, now_s: float) -> None:
        if self.top <= self.last:
            self._behind_since_s, self._gap = None, False
        elif self._behind_since_s is None:
            self._behind_since_s = now_s

    def promise(self, top: int, now_s: float) -> None:
        """Record that the log reaches `top`, as another source reports."""
        self.top = max(self.top, top)
        self._update_gap(now_s)

    def repair_in_s(self, now_s: float) -> float | None:
        """Return how long to wait before the log must be read: 0 for now, None while no position is missing."""
        if self._behind_since_s is None:
            return None
        return 0.0 if self._gap else max(0.0, self._behind_since_s + TAIL_LOSS_S - now_s)

    def ask(self) -> int:
        """Return the position after which the log is to be read, and store the `top` of this moment."""
        self._promised = self.top
        return self.last

    def mend(self, head: Head, page: list[Event], tick_ts_ms: float, now_s: float) -> Frame | None:
        """Return a page of the log as a frame, None when it has no new events.

        `head` was read before `page`, and both after `ask`. Positions that the log no longer has are skipped: overlays
        detect the gap, send another hello, and the welcome names the missed positions.
        """
        events = [event for event in page if event.position > self.last]
        if events:
            self.counts.skipped += events[0].position - self.last - 1
            self.counts.repaired += len(events)
            self.last = events[-1].position
            self.top = max(self.top, self.last)
        elif not page and head.top > self.last:
            self.counts.skipped += head.top - self.last
            self.last = head.top
            self.top = max(self.top, head.top)
        elif not page and self.top == self._promised:
            self.top = self.last  # announced by a frame, but not in the log: there is nothing to wait for
        self._update_gap(now_s)
        if not events:
            return None
        return self.replay(events, tick_ts_ms)

    def replay(self, events: list[Event], tick_ts_ms: float) -> Frame:
        """Return a frame with critical events of the log that follow each other, or with retained states."""
        return Frame(
            gen=self.gen, epoch=self.epoch, seq=0, tick_ts_ms=tick_ts_ms, top=self.top,
            first=events[0].position, last=events[-1].position, events=events, replay=True,
        )  # fmt: skip


class Numbers:
    """Counts lost frames of a generation by `seq`; a lost frame without critical events is not detected otherwise."""

    def __init__(self) -> None:
        self._gen = self._first = self._highest = self._seen = self._missing = self._told = 0

    def saw(self, gen: int, seq: int) -> None:
        """Record a received frame; `seq` 0 means that it has no number."""
        if not seq or gen < self._gen:
            return
        if gen > self._gen:
            self._gen, self._first, self._highest = gen, seq, seq
            self._seen = self._missing = self._told = 0
        self._highest = max(self._highest, seq)
        self._seen += seq >= self._first

    def lost(self) -> int:
        """Return the number of newly lost frames: those that are missing now and were missing at the previous call."""
        missing = self._highest - self._first + 1 - self._seen if self._seen else 0
        given_up = min(missing, self._missing)
        fresh = max(0, given_up - self._told)
        self._missing, self._told = missing, max(self._told, given_up)
        return fresh


def without_critical(frame: Frame) -> Frame | None:
    """Return the frame with only its best-effort events; None when it has none."""
    rest = [event for event in frame.events if not event.position]
    return msgspec.structs.replace(frame, first=0, last=0, events=rest) if rest else None


def after(frame: Frame, position: int) -> Frame:
    """Return the frame without the critical events up to `position`, which lies within its range."""
    kept = [event for event in frame.events if not event.position or event.position > position]
    return msgspec.structs.replace(frame, first=position + 1, events=kept)


def merged(frames: list[Frame]) -> Frame:
    """Merge consecutive frames that a cursor passed on into one, for a reader that is behind."""
    if len(frames) == 1:
        return frames[0]
    ranges = [frame for frame in frames if frame.first]
    events = [event for frame in frames for event in frame.events]
    return msgspec.structs.replace(
        frames[-1],
        first=ranges[0].first if ranges else 0,
        last=ranges[-1].last if ranges else 0,
        top=max(frame.top for frame in frames),
        events=[event for event in events if event.position] + [event for event in events if not event.position],
    )


Position = Annotated[int, Meta(ge=0, lt=1 << 53)]  # exact in a JavaScript number


class Resume(Struct, frozen=True):
    """The last position that an overlay has applied, and its epoch."""

    epoch: Annotated[str, Meta(max_length=64)]
    position: Position


class Start(Struct, frozen=True):
    """The start of a conversation: the `mode`, `position`, `recovered`, `missed` of a welcome."""

    mode: Literal["resume", "snapshot"]
    position: int
    recovered: bool = True
    missed: tuple[int, int] | None = None


def start(asked: Resume | None, epoch: str, oldest: int, top: int) -> Start:
    """Return where a conversation starts, for a log that keeps `oldest..top`.

    A partial recovery is always reported: either all events after the position follow, or `missed` names the positions
    that do not.
    """
    if asked is None:
        return Start("snapshot", top)
    if asked.epoch != epoch or asked.position > top:
        return Start("snapshot", top, recovered=False)
    if asked.position + 1 < oldest:
        return Start("resume", oldest - 1, recovered=False, missed=(asked.position + 1, oldest - 1))
    return Start("resume", asked.position)
