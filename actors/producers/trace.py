"""a recorded file ──▶ [trace] ══PUSH══▶ normalizer

Replays recordings, at their own pace × speed or as fast as the pipeline accepts them. Formats, by the ending:

    .ndjson .jsonl    a recording (recording.py), or the output of `watch --json`
    .msgpack          the same records as a stream of MessagePack maps
    .log              a game server's log; its time stamps give the pace

The messages pass the adapters of their sources, and what a source drops as a duplicate by its identity is dropped here,
too. The normalizer marks the events (core/contract/replayed.py), so they are never duplicates of the original ones, or
of those of an earlier replay. A replay is a producer with its own outbox: messages that were in flight when it was
killed are sent at its next start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgpack

from actors.adapters import srcds
from actors.config import Settings
from actors.core.contract.replayed import NAME
from actors.core.sources.state import Seen
from actors.errors import BadInput, Refused
from actors.producers import recording
from actors.producers.lanes import lanes_of
from actors.producers.link import TICK_S, Link, open_link
from actors.producers.recording import Recorded

MAX_LINE_BYTES: Final = 16 << 20
BURST_ROWS: Final = 256  # sent together when they are due together
DRAIN_S: Final = 30.0

_STAMP: Final = re.compile(rb"(\d\d)/(\d\d)/(\d{4}) - (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
Progress = Callable[[int, int], None]


def read(*paths: Path) -> list[Recorded]:
    """Return every raw message of the files in the order of their times; each file is in its own order.

    Raises:
        BadInput: a file cannot be read, its ending is unknown, or a line is malformed; the text has the place.
    """
    found: list[Recorded] = []
    for path in paths:
        reader = _READERS.get(path.suffix)
        if reader is None:
            raise BadInput(f"{path.name} ends in {path.suffix or 'nothing'}, expected one of {', '.join(_READERS)}")
        try:
            if path.exists() and not path.is_file():
                raise BadInput(f"{path} is not a regular file")
            if (size := path.stat().st_size) > recording.MAX_BYTES:
                raise BadInput(f"{path} has {size} bytes, expected at most {recording.MAX_BYTES}")
            messages = list(reader(path))
        except OSError as error:
            raise BadInput(f"cannot read {path}: {error.strerror}") from error
        if not messages:
            raise BadInput(f"{path} holds nothing to replay")
        found += messages
    return sorted(found, key=lambda message: message.t_ms) if len(paths) > 1 else found


def _lines_of_log(path: Path) -> Iterator[Recorded]:
    at_s = 0.0
    for line in srcds.split(path.read_bytes()):
        stamp = _STAMP.search(line[:40])
        if stamp is not None:
            month, day, year, hour, minute, second = (int(part) for part in stamp.groups()[:6])
            try:
                at_s = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
            except ValueError:
                pass  # an invalid date: the line keeps the time of the line before
            else:
                at_s += float(f"0.{(stamp.group(7) or b'0').decode()}")
        yield Recorded(at_s * 1000, "srcds", "srcds", line)


def _lines(path: Path) -> Iterator[Recorded]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE_BYTES:
            raise BadInput(f"{path.name} line {number}: {len(line)} bytes, expected at most {MAX_LINE_BYTES}")
        try:
            yield recording.read(json.loads(line))
        except (ValueError, TypeError, OverflowError, RecursionError, BadInput) as error:
            raise BadInput(f"{path.name} line {number}: {error}") from error


def _stream(path: Path) -> Iterator[Recorded]:
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, max_buffer_size=4 << 20)
        number = 0
        while True:
            number += 1
            try:
                message = recording.read(unpacker.unpack())
            except msgpack.OutOfData:
                return
            except (msgpack.UnpackException, ValueError, TypeError, OverflowError, MemoryError, BadInput) as error:
                raise BadInput(f"{path.name} record {number}: {error or type(error).__name__}") from error
            yield message


_READERS: Final[dict[str, Callable[[Path], Iterator[Recorded]]]] = {
    ".ndjson": _lines, ".jsonl": _lines, ".msgpack": _stream, ".log": _lines_of_log
}  # fmt: skip


class Replay:
    """Sends messages when they are due."""

    def __init__(
        self, link: Link, messages: list[Recorded], speed: float | None, progress: Progress, burst_rows: int
    ) -> None:
        self._link, self._messages, self._speed, self._progress = link, messages, speed, progress
        self._burst_rows = burst_rows
        self._start_ms = messages[0].t_ms
        self._seen = Seen()
        self.duplicates = self.ignored = 0

    async def run(self) -> None:
        """Send all messages; wait while the pipeline has no room."""
        start_s = time.monotonic()
        position = 0
        while position < len(self._messages):
            due = self._due(position, (time.monotonic() - start_s) * self._speed if self._speed else float("inf"))
            if due == position:
                wait_s = self._after_s(position) / (self._speed or 1) - (time.monotonic() - start_s)
                await asyncio.sleep(max(0.0005, wait_s))
                continue
            await self._send(self._messages[position:due])
            position = due
            self._progress(position, len(self._messages))

    def _after_s(self, position: int) -> float:
        return max(0.0, self._messages[position].t_ms - self._start_ms) / 1000

    def _due(self, position: int, until_s: float) -> int:
        end = min(len(self._messages), position + self._burst_rows)
        while position < end and self._after_s(position) <= until_s:
            position += 1
        return position

    def _is_duplicate(self, message: Recorded) -> bool:
        """Return whether the source had the identity before, at any speed of the replay."""
        return bool(message.id) and not self._seen.add(f"{message.source} {message.id}", message.t_ms / 1000)

    async def _send(self, messages: list[Recorded]) -> None:
        now_ms = time.time() * 1000
        fresh = [message for message in messages if not self._is_duplicate(message)]
        lanes = lanes_of((message.kind, message.body) for message in fresh)
        self.duplicates += len(messages) - len(fresh)
        self.ignored += lanes.ignored
        if best_effort := lanes.best_effort():
            while not self._speed and not self._link.best_effort_has_room():
                await asyncio.sleep(TICK_S / 10)
            self._link.send_best_effort(best_effort, now_ms)
        critical = lanes.critical()
        while critical:
            try:
                await self._link.deliver(critical, now_ms)
            except Refused:
                await asyncio.sleep(TICK_S)
            else:
                return


async def replay(
    settings: Settings, run_dir: Path, messages: list[Recorded], speed: float | None, progress: Progress
) -> dict[str, Any]:
    """Replay messages into the running pipeline and return what was sent, once the log has all critical messages.

    Args:
        speed: 1.0 is its own rhythm, None as fast as the pipeline takes it.
        progress: called with (messages sent, messages in all).

    Raises:
        Refused: another replay is running, or the pipeline did not log all critical messages in time.
    """
    # Up to HIGH_WATER_BEST_EFFORT_MESSAGES batches may wait for a busy normalizer when all have been sent.
    linger_ms = int(DRAIN_S * 1000)
    link = open_link(settings, run_dir, NAME, logging.getLogger(NAME), holds=True, linger_ms=linger_ms)
    started_s = time.monotonic()
    replaying = Replay(link, messages, speed, progress, min(BURST_ROWS, settings.producer.max_rows))
    await replaying.run()
    drained = await link.drain(DRAIN_S)
    metrics = link.metrics
    waiting = link.waiting
    link.close()
    if not drained:
        raise Refused(
            f"{waiting} critical messages are not in the log after {DRAIN_S:g} s; they are kept in the outbox and "
            "sent by the next replay. Is the pipeline running?"
        )
    return {
        "messages": len(messages),
        "ignored": replaying.ignored,
        "duplicates": replaying.duplicates,
        "critical": metrics.accepted,
        "best_effort": metrics.best_effort_sent,
        "best_effort_dropped": metrics.best_effort_dropped,
        "duration_s": round(time.monotonic() - started_s, 3),
    }


def main(
    settings: Settings, run_dir: Path, messages: list[Recorded], speed: float | None, progress: Progress
) -> dict[str, Any]:
    """Replay messages from a command; see `replay`."""
    return asyncio.run(replay(settings, run_dir, messages, speed, progress))
