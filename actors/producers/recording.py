"""Recordings: the raw messages of sources with their times, in one format, written by a source and read by `replay`.

One JSON object per line:

    t_ms        when it was received, in milliseconds since 1970; or from any other origin
    source      the name of the source
    kind        how `raw` is read: an adapter, such as `twitch_irc`. Without it `raw` is an event
    raw         the message: text; or, for an event, the object of `POST /events`
    raw_base64  instead of `raw`: a message that is not UTF-8
    id          the source's own identity; a second message with it is a duplicate
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from actors.adapters import KINDS, generic
from actors.core.contract.event import UNREADABLE, Submission
from actors.errors import BadInput

FOLDER: Final = "recordings"
MAX_BYTES: Final = 1 << 30  # of one file; a night of a large channel has a tenth of it
EVENT: Final = "event"

_submission = msgspec.msgpack.Decoder(Submission)
_plain = msgspec.msgpack.Decoder()
_encode = msgspec.msgpack.Encoder().encode


class Recorded(Struct, frozen=True):
    """One raw message of a recording."""

    t_ms: float
    source: str
    kind: str
    body: bytes
    id: str = ""


def line(message: Recorded) -> bytes:
    """Return the line of a message, with its newline."""
    record: dict[str, Any] = {"t_ms": round(message.t_ms, 3), "source": message.source}
    if message.kind == EVENT and (event := _event(message.body)) is not None:
        record["raw"] = event
    else:
        record["kind"] = message.kind
        try:
            record["raw"] = message.body.decode()
        except UnicodeDecodeError:
            record["raw_base64"] = base64.b64encode(message.body).decode()
    if message.id:
        record["id"] = message.id
    return msgspec.json.encode(record) + b"\n"


def _event(body: bytes) -> dict[str, Any] | None:
    """Return a Submission as the object of `POST /events`; None if it is malformed."""
    try:
        submission = _submission.decode(body)
        fields = {
            name: value
            for name in ("id", "ts_source_ms", "ttl_ms", "coalesce_key")
            if (value := getattr(submission, name)) is not None
        }
        return {
            "type": submission.type, "payload": _plain.decode(submission.payload), "source": submission.source, **fields
        }  # fmt: skip
    except UNREADABLE:
        return None


def read(record: Any) -> Recorded:
    """Return the message of a decoded line, or of a map of a MessagePack stream, whose `raw` may be bytes.

    An object without `raw` is an event itself, as `watch --json` prints it. Its time is `ts_ingest_ms`, else
    `ts_source_ms`.

    Raises:
        BadInput: it is malformed.
    """
    if not isinstance(record, Mapping):
        raise BadInput(f"Expected `object`, got `{type(record).__name__}`")
    if "raw" not in record and "raw_base64" not in record:
        return _bare(record)
    kind = record.get("kind", EVENT)
    if kind not in KINDS:
        raise BadInput(f"kind is {str(kind)[:64]!r}, expected one of {', '.join(KINDS)}")
    t_ms, source, id_ = record.get("t_ms"), record.get("source"), record.get("id", "")
    if not isinstance(t_ms, int | float) or isinstance(t_ms, bool) or not isinstance(source, str):
        raise BadInput("expected t_ms (a number) and source (text) beside raw")
    if not isinstance(id_, str):
        raise BadInput(f"id is a `{type(id_).__name__}`, expected text")
    return Recorded(float(t_ms), source, kind, _body(kind, record), id_)


def _body(kind: str, record: Mapping[str, Any]) -> bytes:
    raw = record.get("raw")
    if kind == EVENT and isinstance(raw, Mapping):
        return _encode(_parsed(raw))
    if isinstance(raw, str):
        return raw.encode()
    if isinstance(raw, bytes):
        return raw
    if raw is None and isinstance(record.get("raw_base64"), str):
        return base64.b64decode(record["raw_base64"], validate=True)
    raise BadInput(f"raw is a `{type(raw).__name__}`, expected text, or the object of an event")


def _bare(record: Mapping[str, Any]) -> Recorded:
    t_ms = float(record.get("ts_ingest_ms") or record.get("ts_source_ms") or 0.0)
    names = ("type", "payload", "ts_source_ms", "source", "event", "data")
    submission = _parsed({key: record[key] for key in names if key in record})
    return Recorded(t_ms, submission.source, EVENT, _encode(submission))


def _parsed(event: Mapping[str, Any]) -> Submission:
    return generic.parse(json.dumps(event).encode())[0]


class Recorder:
    """Appends the messages of one source to RUN_DIR/recordings/NAME.ndjson, which only its owner can read.

    It ends at MAX_BYTES, or when the disk is full: a recording must not stop the stream.
    """

    def __init__(self, run_dir: Path, name: str, log: logging.Logger) -> None:
        self._name, self._log = name, log
        self._file: IO[bytes] | None = None
        folder = run_dir / FOLDER
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(folder / f"{name}.ndjson", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "ab", buffering=64 << 10)
            self._bytes = self._file.tell()
        except OSError as error:
            self._end(error.strerror or str(error))

    def add(self, kind: str, body: bytes, id_: str = "") -> None:
        """Record a message that was received now."""
        if self._file is None:
            return
        data = line(Recorded(time.time() * 1000, self._name, kind, body, id_))
        self._bytes += len(data)
        if self._bytes > MAX_BYTES:
            self._end(f"the file has {MAX_BYTES} bytes")
            return
        try:
            self._file.write(data)
        except OSError as error:
            self._end(error.strerror or str(error))

    def flush(self) -> None:
        """Write what is buffered; called each second, so a kill loses at most the last second."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError as error:
                self._end(error.strerror or str(error))

    def _end(self, why: str) -> None:
        self._log.error("recording ended source=%s reason=%r", self._name, why)
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                self._log.error("recording not closed source=%s", self._name)
