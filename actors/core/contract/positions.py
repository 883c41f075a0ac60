"""Packed positions: where the players of a map are, for the radar. The same bytes go from the source to the overlay.

    C1 01 | ts_ms f64 | count u16 | length u8, map name | count × (number u16 | x f32 | y f32 | z f32 | yaw u16)

All numbers are little-endian. A MessagePack message never begins with C1, so that an overlay can tell both apart.
`number` is that of the `radar_player` event with the name and the team; `yaw` is a turn in 65,536 parts. A player
takes 16 bytes.

They are not events: no position in the log, no lanes, no ledger. Only players that moved are in a message. When one is
lost, the next movement replaces it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from actors.errors import BadInput

MARK: Final = b"\xc1\x01"
HEAD: Final = struct.Struct("<2sdHB")
PLACE: Final = struct.Struct("<HfffH")
MAX_PLAYERS: Final = 1_024  # in one message: 16 KiB
MAX_NUMBER: Final = 65_535
MAX_MAP_BYTES: Final = 255
# Beyond every game's world; a coordinate outside of it, or one that is no number, is an error of the source.
MAX_COORDINATE: Final = 1e8

Place = tuple[int, float, float, float, float]  # number, x, y, z, yaw in degrees


class Positions(Struct, frozen=True):
    """An unpacked message."""

    map: str
    ts_ms: float
    places: list[Place]


def pack(map_name: str, ts_ms: float, places: Iterable[Place]) -> bytes:
    """Return the message of at most MAX_PLAYERS places."""
    name = map_name.encode()[:MAX_MAP_BYTES]
    rows = [
        PLACE.pack(number, x, y, z, int(yaw % 360.0 * 65_536 / 360) & MAX_NUMBER) for number, x, y, z, yaw in places
    ]
    return HEAD.pack(MARK, ts_ms, len(rows), len(name)) + name + b"".join(rows)


def count_of(message: bytes) -> int:
    """Return how many players are in a message.

    Raises:
        BadInput: it is not a message of positions, or not whole.
    """
    if len(message) < HEAD.size:
        raise BadInput(f"{len(message)} bytes, expected packed positions")
    mark, _, count, length = HEAD.unpack_from(message)
    if mark != MARK or count > MAX_PLAYERS or len(message) != HEAD.size + length + count * PLACE.size:
        raise BadInput(f"{len(message)} bytes that begin with {message[:2].hex()}, expected packed positions")
    return int(count)


def unpack(message: bytes) -> Positions:
    """Return what a message says; raises BadInput as `count_of` does."""
    count_of(message)
    _, ts_ms, _, length = HEAD.unpack_from(message)
    start = HEAD.size + length
    places = [(number, x, y, z, yaw * 360 / 65_536) for number, x, y, z, yaw in PLACE.iter_unpack(message[start:])]
    return Positions(message[HEAD.size : start].decode(errors="replace"), ts_ms, places)


def is_place(x: float, y: float, z: float, yaw: float) -> bool:
    """Whether coordinates can be packed: numbers within the bounds."""
    return all(-MAX_COORDINATE <= value <= MAX_COORDINATE for value in (x, y, z, yaw))
