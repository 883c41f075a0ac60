"""The plugin protocol of Dragonfly servers (package df.plugin) as tables: the messages and fields that Framewire uses.

The tables replace a compiled .proto: the runtime of protobuf would be 5 MB for ten small messages. Fields that are not
in a table are skipped, so a newer server does no harm. docs/sources/minecraft.md has the table of events.

    HostToPlugin ─oneof─ hello 10 | shutdown 11 | event 20
    PluginToHost ─oneof─ hello 10 | subscribe 11 | event_result 40
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from actors.errors import BadInput

METHOD: Final = "/df.plugin.Plugin/EventStream"

# The number of an event type, which is also the number of its payload in the envelope's oneof.
TYPES: Final = {
    "player_join": 10, "player_quit": 11, "player_move": 12, "player_jump": 13, "player_teleport": 14,
    "player_change_world": 15, "player_toggle_sprint": 16, "player_toggle_sneak": 17, "chat": 18,
    "player_food_loss": 19, "player_heal": 20, "player_hurt": 21, "player_death": 22, "player_respawn": 23,
    "player_skin_change": 24,
    "player_fire_extinguish": 25, "player_start_break": 26, "player_block_break": 27, "player_block_place": 28,
    "player_block_pick": 29, "player_item_use": 30, "player_item_use_on_block": 31, "player_item_use_on_entity": 32,
    "player_item_release": 33, "player_item_consume": 34, "player_attack_entity": 35, "player_experience_gain": 36,
    "player_punch_air": 37, "player_sign_edit": 38, "player_lectern_page_turn": 39, "player_item_damage": 40,
    "player_item_pickup": 41, "player_held_slot_change": 42, "player_item_drop": 43, "player_transfer": 44,
    "command": 45, "player_diagnostics": 46,
}  # fmt: skip
NAMES: Final = {number: name for name, number in TYPES.items()}
MOVE: Final = TYPES["player_move"]
LOWEST, HIGHEST = 10, 81  # payloads in the envelope

_double = struct.Struct("<d")
_float = struct.Struct("<f")

# Kinds of fields: text, whole number, double, float, or the table of a nested message.
Fields = dict[int, tuple[str, Any]]
VEC3: Final[Fields] = {1: ("x", "double"), 2: ("y", "double"), 3: ("z", "double")}
ROTATION: Final[Fields] = {1: ("yaw", "float"), 2: ("pitch", "float")}
CAUSE: Final[Fields] = {1: ("type", "text"), 2: ("description", "text")}
WORLD: Final[Fields] = {1: ("name", "text"), 2: ("dimension", "text")}
_PLAYER: Final[Fields] = {1: ("player_uuid", "text"), 2: ("name", "text")}
_PLACED: Final[Fields] = {**_PLAYER, 3: ("world", "text"), 4: ("position", VEC3)}

PAYLOADS: Final[dict[str, Fields]] = {
    "player_move": {**_PLACED, 5: ("rotation", ROTATION)},
    "player_jump": _PLACED,
    "player_teleport": _PLACED,
    "player_change_world": {**_PLAYER, 3: ("before", WORLD), 4: ("after", WORLD)},
    "chat": {**_PLAYER, 3: ("message", "text")},
    "player_hurt": {**_PLAYER, 3: ("damage", "double"), 4: ("immune", "int"), 6: ("source", CAUSE)},
    "player_death": {**_PLAYER, 3: ("source", CAUSE)},
    "player_respawn": {**_PLAYER, 3: ("position", VEC3), 4: ("world", WORLD)},
    "command": {**_PLAYER, 3: ("raw", "text"), 4: ("command", "text")},
}
HELLO: Final[Fields] = {1: ("api_version", "text"), 2: ("boot_id", "text")}
SHUTDOWN: Final[Fields] = {1: ("reason", "text")}


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field: an int for a varint, bytes for any other.

    Raises:
        BadInput: the bytes are not a protobuf message.
    """
    at, size = 0, len(data)
    while at < size:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise BadInput(f"wire type {kind} at byte {at}, expected 0, 1, 2 or 5")
        end = at + length
        if end > size or not number:
            raise BadInput(f"field {number} of {length} bytes ends after the message of {size} bytes")
        yield number, data[at:end]
        at = end


def read(data: bytes, table: Fields) -> dict[str, Any]:
    """Return the fields of `table` that the message has; of a repeated field the last.

    Raises:
        BadInput: it is malformed, or a field has another kind.
    """
    found: dict[str, Any] = {}
    for number, value in fields(data):
        if number in table:
            name, kind = table[number]
            found[name] = _value(value, name, kind)
    return found


def _value(value: int | bytes, name: str, kind: Any) -> Any:
    if isinstance(kind, dict):
        if isinstance(value, bytes):
            return read(value, kind)
    elif kind == "int":
        if isinstance(value, int):
            return value
    elif isinstance(value, bytes):
        if kind == "text":
            return value.decode(errors="replace")
        if kind == "double" and len(value) == 8:
            return _double.unpack(value)[0]
        if kind == "float" and len(value) == 4:
            return _float.unpack(value)[0]
    raise BadInput(f"`{name}` is {str(value)[:40]}, expected {kind if isinstance(kind, str) else 'a message'}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
            shift += 7
            if shift > 63:
                raise BadInput(f"a number of more than 10 bytes at byte {at}")
    except IndexError:
        raise BadInput(f"the message ends within a number at byte {at}") from None


class HostMessage(Struct, frozen=True):
    """What the host said: `kind` is hello, shutdown, event or "" for anything else; `body` is that message."""

    kind: str
    body: bytes


class HostEvent(Struct, frozen=True):
    """An event of the host before its payload is read. `type` is its number, `expects` whether the game waits."""

    id: str
    type: int
    expects: bool
    payload: bytes


_KINDS: Final = {10: "hello", 11: "shutdown", 20: "event"}


def host_message(data: bytes) -> HostMessage:
    """Read the outermost message; raises BadInput."""
    for number, value in fields(data):
        if number in _KINDS and isinstance(value, bytes):
            return HostMessage(_KINDS[number], value)
    return HostMessage("", b"")


def host_event(data: bytes) -> HostEvent:
    """Read an envelope; raises BadInput when it has no type or no payload of it."""
    id_, type_, expects, payload = "", 0, False, b""
    carried = 0
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            id_ = value[:100].decode(errors="replace")
        elif number == 2 and isinstance(value, int):
            type_ = value
        elif number == 3:
            expects = bool(value)
        elif LOWEST <= number <= HIGHEST and isinstance(value, bytes):
            carried, payload = number, value
    if not type_ or carried != type_:
        raise BadInput(f"an event of type {type_} with payload {carried}, expected the same number")
    return HostEvent(id_, type_, expects, payload)


def packed(parts: Iterable[tuple[int, int | bool | str | bytes | list[int]]]) -> bytes:
    """Return a message of numbers, texts, nested messages and lists of numbers."""
    out = bytearray()
    for number, value in parts:
        if isinstance(value, int):
            out += _encoded(number << 3) + _encoded(int(value))
            continue
        if isinstance(value, list):
            value = b"".join(_encoded(one) for one in value)
        data = value.encode() if isinstance(value, str) else value
        out += _encoded(number << 3 | 2) + _encoded(len(data)) + data
    return bytes(out)


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def plugin_hello(plugin_id: str) -> bytes:
    """Return the first message of a plugin, by which the host finds its entry."""
    return packed([(1, plugin_id), (10, packed([(1, "Framewire"), (2, "1"), (3, "v1")]))])


def subscription(plugin_id: str, types: Iterable[int]) -> bytes:
    """Return the message that names the wanted types of events."""
    return packed([(1, plugin_id), (11, packed([(1, sorted(types))]))])


def answer(plugin_id: str, event_id: str, cancel: bool = False, chat: str | None = None) -> bytes:
    """Return the answer to an event that expects one: unchanged, cancelled, or with another chat text."""
    parts: list[tuple[int, int | str | bytes | list[int]]] = [(1, event_id)]
    if cancel:
        parts.append((2, 1))
    elif chat is not None:
        parts.append((10, packed([(1, chat)])))
    return packed([(1, plugin_id), (40, packed(parts))])


class Move(Struct, frozen=True):
    """Where a player is: metres, and degrees of the head's yaw."""

    player: str
    name: str
    world: str
    x: float
    y: float
    z: float
    yaw: float


def move(data: bytes) -> Move:
    """Read a PlayerMoveEvent, a PlayerTeleportEvent or a PlayerJumpEvent; raises BadInput. Zero fields are left out."""
    found = read(data, PAYLOADS["player_move"])
    place, turn = found.get("position", {}), found.get("rotation", {})
    return Move(
        found.get("player_uuid", ""),
        found.get("name", ""),
        found.get("world", ""),
        place.get("x", 0.0),
        place.get("y", 0.0),
        place.get("z", 0.0),
        turn.get("yaw", 0.0),
    )
