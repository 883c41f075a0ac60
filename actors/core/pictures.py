"""Pictures from outside: their type and size, from the first bytes. The Content-Type of an answer is not trusted.

A page decodes a picture whole: 31 KB of PNG can have 16,000 × 16,000 pixels, which stops the page for 2 s and takes
1.2 GB. It also decodes other types than the name says: 1 KB of BMP can have as many. So a file without a known type and
size is refused.

Of the chats AVIF is left out, because no provider sends it. Animated AVIF has its size elsewhere, and is no known type.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from itertools import islice
from typing import Final

MAX_SIDE: Final = 512  # pixels; the widest emotes of the providers have about 200. A chat may show 128 of them
MAX_AREA: Final = 1 << 15  # pixels, such as 256 × 128: 60 animated ones of 512 × 512 stopped the page for 2 s and more
MAX_PIXELS: Final = 1 << 24  # of a file of the user, which may come from another person; decoded it takes 64 MiB
HEAD_BYTES: Final = 1 << 20  # of such a file, with its size: photos have previews and profiles of colours before it
MAX_BLOCKS: Final = 4_096  # before the size, so that reading it takes some milliseconds at most

_SIGNATURES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
)
_AVIF: Final = re.compile(rb"....ftyp(?!avis)", re.DOTALL)
_AVIF_SIZE: Final = re.compile(rb"ispe\0\0\0\0(.{8})", re.DOTALL)
_GIF_TABLE, _GIF_EXTENSION, _GIF_FRAME = 0x80, 0x21, 0x2C
# Start of a frame of JPEG: 0xC0 to 0xCF without the tables DHT, JPG and DAC.
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length

Size = tuple[int, int]


def type_of(picture: bytes) -> str | None:
    """Return the media type of a picture, None if it is not a picture."""
    return next((type_ for signature, type_ in _SIGNATURES if signature.match(picture)), None)


def is_small(picture: bytes) -> bool:
    """Return whether a picture has at most MAX_SIDE and MAX_AREA pixels; False if its size is not known."""
    size = size_of(picture)
    return size is not None and max(size) <= MAX_SIDE and size[0] * size[1] <= MAX_AREA


def is_huge(head: bytes) -> bool:
    """Return whether the picture with this head has more than MAX_PIXELS, or an unknown type or size."""
    size = _read(_avif, head) if _AVIF.match(head) else size_of(head)
    return size is None or size[0] * size[1] > MAX_PIXELS


def size_of(picture: bytes) -> Size | None:
    """Return width and height in pixels; None if this is no picture, or its head is incomplete."""
    read = _READERS.get(type_of(picture) or "")
    return None if read is None else _read(read, picture)


def _read(read: Callable[[bytes], Size | None], picture: bytes) -> Size | None:
    try:
        return read(picture)
    except (struct.error, IndexError):
        return None


def _png(picture: bytes) -> Size | None:
    return struct.unpack_from(">II", picture, 16) if picture[12:16] == b"IHDR" else None


def _gif(picture: bytes) -> Size | None:
    """Return the larger of the canvas and the first frame, which widens it."""
    width, height, flags = struct.unpack_from("<HHB", picture, 6)
    at, inside = 13 + _gif_table_bytes(flags), False  # inside of an extension, whose last block is empty
    for _ in range(MAX_BLOCKS):
        block = picture[at]
        if inside:
            at, inside = at + 1 + block, block > 0
        elif block == _GIF_EXTENSION:
            at, inside = at + 2, True
        elif block == _GIF_FRAME:
            left, top, wide, high = struct.unpack_from("<HHHH", picture, at + 1)
            return max(width, left + wide), max(height, top + high)
        else:
            break
    return None


def _gif_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _GIF_TABLE else 0


def _webp(picture: bytes) -> Size | None:
    match picture[12:16]:
        case b"VP8X":
            wide, high = (int.from_bytes(picture[at : at + 3], "little") for at in (24, 27))
            return (wide + 1, high + 1) if len(picture) >= 30 else None
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", picture, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            wide, high = struct.unpack_from("<HH", picture, 26)
            return wide & 0x3FFF, high & 0x3FFF
    return None


def _jpeg(picture: bytes) -> Size | None:
    at = 2
    for _ in range(MAX_BLOCKS):
        marker = picture[at + 1]
        if picture[at] != 0xFF or marker == 0:  # FF 00 is no marker, and has no length: decoders skip it alone
            return None
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", picture, at + 5)
            return width, height
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _JPEG_ALONE:
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", picture, at + 2)[0]
    return None


def _avif(picture: bytes) -> Size | None:
    """Return the largest size of all parts, such as tiles and previews; None if there are too many."""
    (start,) = struct.unpack_from(">I", picture)
    length, kind = struct.unpack_from(">I4s", picture, start)
    if kind != b"meta" or start + length > len(picture):
        return None
    found = list(islice(_AVIF_SIZE.finditer(picture, start, start + length), MAX_BLOCKS))
    sizes = [struct.unpack(">II", part[1]) for part in found]
    return max(sizes, key=lambda size: size[0] * size[1], default=None) if len(found) < MAX_BLOCKS else None


_READERS: Final = {"image/png": _png, "image/gif": _gif, "image/webp": _webp, "image/jpeg": _jpeg}
