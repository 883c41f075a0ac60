"""a recorded file ──▶ [trace] ══PUSH══▶ normalizer

Replays a recording, at its own pace × speed or as fast as the pipeline accepts it. Formats by the ending of the file:

    .log              a game server's log; its time stamps give the pace
    .ndjson .jsonl    one submission per line (docs/events.md); `ts_ingest_ms` or `ts_source_ms` gives the pace. The
                      output of `watch --json` can be replayed unchanged
    .msgpack .trace   a stream of MessagePack maps {at_ms, kind, body}

A replay is a producer with its own outbox: messages that were in flight when it was killed are sent at its next start.
Events of a replay are never duplicates of those of an earlier one.
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
import msgspec

from actors.adapters import KINDS, adapter_of, generic, srcds
from actors.config import Settings
from actors.core.contract.event import Category
from actors.errors import BadInput, Refused
from actors.producers.link import TICK_S, Link, open_link

NAME: Final = "trace"
BURST_ROWS: Final = 256  # sent together when they are due together
DRAIN_S: Final = 30.0

_STAMP: Final = re.compile(rb"(\d\d)/(\d\d)/(\d{4}) - (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?")
_encode = msgspec.msgpack.Encoder().encode

Moment = tuple[float, str, bytes]
Progress = Callable[[int, int], None]


def read(path: Path) -> list[Moment]:
    """Return (seconds after the first, kind, body) of every raw message in the file.

    Raises:
        BadInput: the file cannot be read, its ending is unknown, or a line is malformed; the text has the place.
    """
    readers = {".log": _lines_of_log, ".ndjson": _objects, ".jsonl": _objects, ".msgpack": _stream, ".trace": _stream}
    reader = readers.get(path.suffix)
    if reader is None:
        raise BadInput(f"{path.name} ends in {path.suffix or 'nothing'}, expected one of {', '.join(readers)}")
    try:
        moments = list(reader(path))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    if not moments:
        raise BadInput(f"{path} holds nothing to replay")
    start_s = moments[0][0]
    return [(max(0.0, at_s - start_s), kind, body) for at_s, kind, body in moments]


def _lines_of_log(path: Path) -> Iterator[Moment]:
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
        yield at_s, "srcds", line


def _objects(path: Path) -> Iterator[Moment]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise BadInput(f"Expected `object`, got `{type(record).__name__}`")
            at_ms = float(record.get("ts_ingest_ms") or record.get("ts_source_ms") or 0.0)
            known = {
                key: record[key]
                for key in ("type", "payload", "ts_source_ms", "source", "event", "data")
                if key in record
            }
            submission = generic.parse(msgspec.json.encode(known))[0]
        except (ValueError, TypeError, OverflowError, RecursionError, BadInput) as error:
            raise BadInput(f"{path.name} line {number}: {error}") from error
        yield at_ms / 1000, "event", _encode(submission)


def _stream(path: Path) -> Iterator[Moment]:
    with path.open("rb") as file:
        unpacker = msgpack.Unpacker(file, max_buffer_size=4 << 20)
        number = 0
        while True:
            number += 1
            try:
                record = unpacker.unpack()
                moment = (float(record["at_ms"]) / 1000, str(record["kind"]), bytes(record["body"]))
            except msgpack.OutOfData:
                return
            except (msgpack.UnpackException, ValueError, TypeError, KeyError, MemoryError) as error:
                raise BadInput(
                    f"{path.name} record {number}: expected a map {{at_ms, kind, body}}: {error!r}"
                ) from error
            if moment[1] not in KINDS:
                raise BadInput(
                    f"{path.name} record {number}: kind is {moment[1]!r}, expected one of {', '.join(KINDS)}"
                )
            yield moment


class Replay:
    """Sends moments when they are due."""

    def __init__(
        self, link: Link, moments: list[Moment], speed: float | None, progress: Progress, burst_rows: int
    ) -> None:
        self._link, self._moments, self._speed, self._progress = link, moments, speed, progress
        self._burst_rows = burst_rows

    async def run(self) -> None:
        """Send all messages; wait while the pipeline has no room."""
        start_s = time.monotonic()
        position = 0
        while position < len(self._moments):
            due = self._due(position, (time.monotonic() - start_s) * self._speed if self._speed else float("inf"))
            if due == position:
                wait_s = self._moments[position][0] / (self._speed or 1) - (time.monotonic() - start_s)
                await asyncio.sleep(max(0.0005, wait_s))
                continue
            await self._send(self._moments[position:due])
            position = due
            self._progress(position, len(self._moments))

    def _due(self, position: int, until_s: float) -> int:
        end = min(len(self._moments), position + self._burst_rows)
        while position < end and self._moments[position][0] <= until_s:
            position += 1
        return position

    async def _send(self, moments: list[Moment]) -> None:
        now_ms = time.time() * 1000
        critical: list[tuple[str, bytes]] = []
        rest: list[tuple[str, bytes]] = []
        for _, kind, body in moments:
            category = adapter_of(kind).category(body)
            if category is not None:
                (critical if category is Category.CRITICAL else rest).append((kind, body))
        if rest:
            while not self._speed and not self._link.best_effort_has_room():
                await asyncio.sleep(TICK_S / 10)
            self._link.send_best_effort(rest, now_ms)
        while critical:
            try:
                await self._link.deliver(critical, now_ms)
            except Refused:
                await asyncio.sleep(TICK_S)
            else:
                return


async def replay(
    settings: Settings, run_dir: Path, file: Path, speed: float | None, progress: Progress
) -> dict[str, Any]:
    """Replay `file` into the running pipeline and return what was sent, once the log has all critical messages.

    Args:
        speed: 1.0 is its own rhythm, None as fast as the pipeline takes it.
        progress: called with (messages sent, messages in all).

    Raises:
        BadInput: the file is malformed.
        Refused: another replay is running, or the pipeline did not log all critical messages in time.
    """
    moments = read(file)
    # Up to HIGH_WATER_BEST_EFFORT_MESSAGES batches may wait for a busy normalizer when all have been sent.
    linger_ms = int(DRAIN_S * 1000)
    link = open_link(settings, run_dir, NAME, logging.getLogger(NAME), holds=True, linger_ms=linger_ms)
    started_s = time.monotonic()
    await Replay(link, moments, speed, progress, min(BURST_ROWS, settings.producer.max_rows)).run()
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
        "messages": len(moments),
        "critical": metrics.accepted,
        "best_effort": metrics.best_effort_sent,
        "best_effort_dropped": metrics.best_effort_dropped,
        "duration_s": round(time.monotonic() - started_s, 3),
    }


def main(settings: Settings, run_dir: Path, file: Path, speed: float | None, progress: Progress) -> dict[str, Any]:
    """Replay `file` from a command; see `replay`."""
    return asyncio.run(replay(settings, run_dir, file, speed, progress))
