"""Pictures for the contact sheets, drawn here: logos of teams, and emotes."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from typing import Final

SIDE: Final = 160
Ink = tuple[int, int, int]
CLEAR: Final = b"\0\0\0\0"

# Returns the colour of a point from (-1, -1) to (1, 1), None where it is transparent.
Drawing = Callable[[float, float], Ink | None]


def png(drawing: Drawing, side: int = SIDE) -> bytes:
    """Return a square picture with transparent parts."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def point(column: int, row: int) -> bytes:
        ink = drawing((2 * column + 1) / side - 1, (2 * row + 1) / side - 1)
        return CLEAR if ink is None else bytes((*ink, 255))

    rows = b"".join(b"\0" + b"".join(point(column, row) for column in range(side)) for row in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def fox(x: float, y: float) -> Ink | None:
    """The head of a fox."""
    wide = abs(x)
    head = -0.4 < y < 0.85 and wide < 0.85 - 0.68 * (y + 0.4)
    ear = -0.9 < y <= -0.4 and 0.85 - 0.85 * (y + 0.9) < wide * 1.2 < 0.98
    if not (head or ear):
        return None
    if -0.2 < y < 0.1 and 0.2 < wide < 0.5 and abs(y + 0.05) < 0.5 * (0.5 - wide):
        return 40, 22, 12
    return (244, 236, 226) if head and y > 0.12 and wide > 0.16 and y > 0.5 - wide else (222, 120, 52)


def anchor(x: float, y: float) -> Ink | None:
    """An anchor on a disc."""
    radius = math.hypot(x, y)
    if radius > 0.94:
        return None
    shaft = abs(x) < 0.07 and -0.5 < y < 0.6
    bar = abs(y + 0.2) < 0.07 and abs(x) < 0.36
    ring = 0.09 < math.hypot(x, y + 0.6) < 0.2
    arms = 0.46 < math.hypot(x, y - 0.1) < 0.6 and y > 0.12
    return (236, 242, 250) if radius > 0.84 or shaft or bar or ring or arms else (30, 58, 112)


def face(ink: Ink, mood: float) -> Drawing:
    """Return a face in a colour: `mood` is 1 for a smile, -1 for the opposite."""

    def drawing(x: float, y: float) -> Ink | None:
        if math.hypot(x, y) > 0.95:
            return None
        eyes = math.hypot(abs(x) - 0.36, y + 0.25) < 0.13
        mouth = abs(y - 0.35 - mood * (0.18 - 0.8 * x * x)) < 0.08 and abs(x) < 0.5
        return (30, 26, 34) if eyes or mouth else ink

    return drawing


LOGOS: Final = {"foxes.png": fox, "harbor.png": anchor}
EMOTES: Final = {
    "101": face((255, 206, 84), 1), "102": face((120, 214, 140), -1), "103": face((150, 170, 255), 1),
}  # fmt: skip
