"""The messages of an overlay: hello, receipt, ping, command (docs/wire.md), as JSON text or MessagePack.

Unknown keys are ignored, so that a newer page works with an older gateway. A wrong value is refused with its path.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from actors.core.contract.event import UNREADABLE, WIRE_VERSION
from actors.core.contract.numbers import finite
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.delivery.cursor import Position, Resume
from actors.core.nearest import nearest
from actors.errors import BadInput

MAX_DEPTH: Final = 8
MESSAGE_BYTES: Final = 4 << 10

OverlayId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]
# A dashboard receives the same frames as overlays, is not listed among them, and sends no receipts.
Role = Literal["overlay", "dashboard"]
Measure = Annotated[float, Meta(ge=0, le=1e12)]


class Message(Struct, frozen=True, tag_field="t"):
    """Base of all messages from an overlay."""


class Hello(Message, frozen=True, tag="hello"):
    """`version` is checked first, because another version may have other keys."""

    token: Annotated[str, Meta(max_length=256)]
    overlay_id: OverlayId
    version: int = WIRE_VERSION
    resume: Resume | None = None
    format: Literal["msgpack", "json"] = "msgpack"
    types: list[str] | None = None
    role: Role = "overlay"
    build: Annotated[str, Meta(max_length=64)] = ""
    obs: Annotated[str, Meta(max_length=32)] = ""
    visible: bool | None = None
    positions: bool = False


Ranges = Annotated[list[tuple[Position, Position]], Meta(max_length=64)]


class RenderReceipt(Message, frozen=True, tag="receipt"):
    position: Position
    fps: Measure | None = None
    latency_p50_ms: Measure | None = None
    latency_p95_ms: Measure | None = None
    queue: Measure | None = None
    dropped: Measure | None = None
    visible: bool | None = None
    active: bool | None = None
    unseen: Ranges = []
    warnings: Annotated[list[Literal["fps", "memory"]], Meta(max_length=2)] = []
    quality: Annotated[int, Meta(ge=0, le=3)] = 0
    slowest: Annotated[str, Meta(max_length=32)] = ""


class Ping(Message, frozen=True, tag="ping"):
    client_ts_ms: float


class Command(Message, frozen=True, tag="command"):
    id: Annotated[str, Meta(max_length=64)]
    name: Annotated[str, Meta(max_length=64)]
    args: dict[str, Any] = {}


ClientMessage = Hello | RenderReceipt | Ping | Command
_json = msgspec.json.Decoder(ClientMessage, float_hook=finite)
_msgpack = msgspec.msgpack.Decoder(ClientMessage)


class _VersionOnly(Struct, frozen=True):
    version: int = WIRE_VERSION


_json_version = msgspec.json.Decoder(_VersionOnly)
_msgpack_version = msgspec.msgpack.Decoder(_VersionOnly)


class WrongVersion(BadInput):
    """The message has another version of the protocol."""


def parse(message: str | bytes) -> ClientMessage:
    """Return the message of an overlay.

    Raises:
        WrongVersion: it has another version.
        BadInput: it is malformed; the text has the reason and the path; of the message at most the name of a type.
    """
    text = isinstance(message, str)
    try:
        version = (_json_version if text else _msgpack_version).decode(message)  # type: ignore[arg-type]
        if version.version != WIRE_VERSION:
            raise WrongVersion(f"version {version.version}, expected {WIRE_VERSION}")
        parsed: ClientMessage = (_json if text else _msgpack).decode(message)  # type: ignore[arg-type]
    except RecursionError as error:
        raise BadInput(f"nested deeper than {MAX_DEPTH}") from error
    except UNREADABLE as error:
        raise BadInput(str(error)) from error
    if isinstance(parsed, Hello):
        _check_types(parsed.types or [])
    if isinstance(parsed, Command) and deeper(parsed.args, MAX_DEPTH - 1):
        raise BadInput(f"nested deeper than {MAX_DEPTH}")
    return parsed


def _check_types(types: list[str]) -> None:
    for name in types:
        if name not in TAXONOMY:
            near = nearest(name[:64], TAXONOMY)
            hint = f", did you mean `{near[0]}`?" if near else ""
            raise BadInput(f"unknown type {name[:40]!a}{hint} - at `$.types`")


def deeper(value: object, levels: int) -> bool:
    """Whether `value` nests deeper than `levels` containers."""
    if isinstance(value, dict):
        return levels == 0 or any(deeper(part, levels - 1) for part in value.values())
    if isinstance(value, list):
        return levels == 0 or any(deeper(part, levels - 1) for part in value)
    return False


def wanted_types(types: list[str] | None) -> frozenset[str] | None:
    """Return a filter that equals every other filter with the same effect; None for all types."""
    if types is None:
        return None
    wanted = frozenset(types)
    return None if len(wanted) == len(TAXONOMY) else wanted
