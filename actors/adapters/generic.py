"""Generic: events in the form of the contract, one object or a list of them.

    POST /events ──parse──▶ [Submission] ──kind "event"──▶ normalize ──▶ [Event]

Everything is checked before the answer to the caller: `parse` names the path of an error and refuses the whole list, so
that a list is never accepted in part. `normalize` checks again, because the body has since passed through a file and a
socket. Objects of the legacy shape (`event` instead of `type`) are converted by core/contract/legacy.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from actors.adapters.build import build
from actors.core.contract.event import UNREADABLE, Category, Event, RawItem, Submission
from actors.core.contract.legacy import from_legacy, is_known
from actors.core.contract.numbers import finite
from actors.core.contract.payload import Payload
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.contract.types.chat import Chat
from actors.core.contract.types.stage import Custom
from actors.core.nearest import nearest
from actors.errors import BadInput, TooLarge

# One request is one transaction of the outbox, and one payload is one element of an overlay. Both limits are guesses.
MAX_OBJECTS: Final = 1_000
MAX_PAYLOAD_BYTES: Final = 32 * 1024
# Keys are part of every frame and stay in the log for 7 days; a UUID has 36 characters.
MAX_KEY_LENGTH: Final = 200
MAX_TTL_MS: Final = 7 * 24 * 3_600_000
MAX_TS_MS: Final = 4_102_444_800_000  # the year 2100
MAX_DEPTH: Final = 16  # nesting of the data of `custom`; far below the limits of the decoders


class _Type(Struct):
    type: str


class _Shape(Struct):
    """The fields that distinguish the two shapes of an object."""

    type: Any = None
    event: Any = None


class _Legacy(Struct, forbid_unknown_fields=True):
    event: str
    data: dict[str, Any] = {}
    timestamp: float | None = None
    id: str | None = None
    source: str = "http"


_PLAIN: Final = frozenset({str, int, float, bool, type(None)})

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode
_type = msgspec.msgpack.Decoder(_Type)
_packed = msgspec.msgpack.Decoder(Submission)
_packed_payload = {name: msgspec.msgpack.Decoder(row.payload) for name, row in TAXONOMY.items()}
_list = msgspec.json.Decoder(list[Raw])
_shape = msgspec.json.Decoder(_Shape, float_hook=finite)
_legacy = msgspec.json.Decoder(_Legacy, float_hook=finite)
_object = msgspec.json.Decoder(Submission)
_object_payload = {name: msgspec.json.Decoder(row.payload, float_hook=finite) for name, row in TAXONOMY.items()}


def category(body: bytes) -> Category:
    """Return the lane of a MessagePack Submission. A malformed one is normal: the normalizer rejects it."""
    try:
        row = TAXONOMY.get(_type.decode(body).type)
    except UNREADABLE:
        return Category.NORMAL
    return Category.NORMAL if row is None else row.category


def packed(
    type_: str, payload: Payload, source: str, id_: str | None = None, ts_source_ms: float | None = None
) -> bytes:
    """Return the body of a raw message of kind `event`, for a source that constructs payloads itself."""
    return _encode(Submission(type_, Raw(_encode(payload)), id=id_, ts_source_ms=ts_source_ms, source=source))


def normalize(item: RawItem, producer: str, pgen: int) -> list[Event]:
    """Return the event of a Submission."""
    submission = _read(_packed, item.body, "$")
    _check(submission, "$")
    payload = _read(_packed_payload[submission.type], submission.payload, "$.payload")
    if isinstance(payload, Custom):
        _check_free(payload.data, "$.payload")
    identity = submission.id
    if isinstance(payload, Chat) and payload.message_id:
        identity = payload.message_id
    return [
        build(
            item,
            producer,
            pgen,
            submission.type,
            payload,
            source=submission.source,
            ts_source_ms=submission.ts_source_ms,
            id_=submission.id,
            identity=identity,
            ttl_ms=submission.ttl_ms,
            coalesce_key=submission.coalesce_key,
        )
    ]


def parse(data: bytes, unknown: Callable[[str], None] = lambda _: None) -> list[Submission]:
    """Return the submissions of a JSON object or list, with their payloads checked and encoded as MessagePack.

    `unknown` is called with each legacy name that no type has.

    Raises:
        BadInput: it is not JSON, or an object is invalid; the text ends with its path
        TooLarge: over MAX_OBJECTS objects, or a payload over MAX_PAYLOAD_BYTES
    """
    if data.lstrip()[:1] != b"[":
        return [_submission(data, "$", unknown)]
    objects: list[Raw] = _read(_list, data, "$")
    if len(objects) > MAX_OBJECTS:
        raise TooLarge(f"Expected at most {MAX_OBJECTS} objects, got {len(objects)} - at `$`")
    return [_submission(raw, f"$[{index}]", unknown) for index, raw in enumerate(objects)]


def _submission(raw: bytes | Raw, where: str, unknown: Callable[[str], None]) -> Submission:
    try:
        submission = _object.decode(raw)
    except msgspec.ValidationError as error:
        shape = _read(_shape, raw, where)
        if shape.type is not None or shape.event is None:
            raise _located(error, where) from error
        old = _read(_legacy, raw, where)
        if not is_known(old.event):
            unknown(old.event)
        return _from_legacy(old, where)
    except UNREADABLE as error:
        raise _located(error, where) from error
    _check(submission, where)
    payload = _read(_object_payload[submission.type], submission.payload, f"{where}.payload")
    return msgspec.structs.replace(submission, payload=_pack(payload, f"{where}.payload"))


def _from_legacy(old: _Legacy, where: str) -> Submission:
    try:
        type_, fields = from_legacy(old.event, old.data)
    except ValueError as error:
        raise BadInput(f"{error} - at `{where}.event`") from error
    try:
        payload = msgspec.convert(fields, TAXONOMY[type_].payload)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _located(error, f"{where}.data") from error
    submission = Submission(
        type_, _pack(payload, f"{where}.data"), id=old.id, ts_source_ms=old.timestamp, source=old.source
    )
    _check(submission, where)
    return submission


def _check(submission: Submission, where: str) -> None:
    """Raise BadInput unless the type exists and keys and ages are within their bounds."""
    if submission.type not in TAXONOMY:
        near = nearest(submission.type[:64], TAXONOMY, 2)
        hint = f", did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
        raise BadInput(f"Unknown type `{submission.type[:64]}`{hint} - at `{where}.type`")
    for name in ("id", "coalesce_key", "source"):
        key = getattr(submission, name)
        if key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH:
            raise BadInput(f"Expected 1 to {MAX_KEY_LENGTH} characters, got {len(key)} - at `{where}.{name}`")
    if submission.ttl_ms is not None and not 0 <= submission.ttl_ms <= MAX_TTL_MS:
        raise BadInput(f"Expected 0 to {MAX_TTL_MS} ms, got {submission.ttl_ms} - at `{where}.ttl_ms`")
    if submission.ts_source_ms is not None and not 0 <= submission.ts_source_ms <= MAX_TS_MS:  # also refuses NaN
        raise BadInput(
            f"Expected milliseconds since 1970, 0 to {MAX_TS_MS}, got {submission.ts_source_ms} - at "
            f"`{where}.ts_source_ms`"
        )


def _pack(payload: Payload, where: str) -> Raw:
    try:
        encoded = _encode(payload)
    except (OverflowError, UnicodeEncodeError, RecursionError) as error:
        raise BadInput(f"{error}, expected a value that MessagePack can encode - at `{where}`") from error
    if len(encoded) > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"Expected at most {MAX_PAYLOAD_BYTES} bytes encoded, got {len(encoded)} - at `{where}`")
    if isinstance(payload, Custom):  # takes longer than the encoding
        _check_free(payload.data, where)
    return Raw(encoded)


def _check_free(data: object, where: str, levels: int = MAX_DEPTH) -> None:
    """Raise BadInput unless the data of `custom` are JSON values of at most `levels` levels."""
    if levels == 0:
        raise BadInput(f"Expected at most {MAX_DEPTH} levels - at `{where}.data`")
    if isinstance(data, dict):
        if not all(isinstance(key, str) for key in data):
            raise BadInput(f"Expected strings as keys - at `{where}.data`")
        data = list(data.values())
    if isinstance(data, list):
        for part in data:
            if type(part) not in _PLAIN:  # a call for each would take four times as long
                _check_free(part, where, levels - 1)
    elif not isinstance(data, str | int | float | bool | None):
        raise BadInput(f"Expected a JSON value, got {type(data).__name__} - at `{where}.data`")


def _read(decoder: Any, data: bytes | Raw, where: str) -> Any:
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise _located(error, where) from error


def _located(error: Exception, where: str) -> BadInput:
    """Return the error with its path continued from `where`."""
    text, found, path = str(error).rpartition(" - at `$")
    return BadInput(f"{text} - at `{where}{path[:-1]}`" if found else f"{error} - at `{where}`")
