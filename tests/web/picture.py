"""Reading the pixels of a screenshot: PNG, 8 bits, no interlace (which is what Chromium writes)."""

from __future__ import annotations

import struct
import zlib


def pixels(png: bytes) -> tuple[int, int, int, bytes]:
    """Return width, height, bytes per pixel (3 or 4), and the pixels row by row."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, width, height, depth = 8, b"", 0, 0, 0
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, bits, color = struct.unpack(">IIBB", body[:10])
            assert bits == 8
            depth = {2: 3, 6: 4}[color]
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    raw, stride = zlib.decompress(data), width * depth
    rows, before = bytearray(), bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        row = _unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, depth)
        rows += row
        before = row
    return width, height, depth, bytes(rows)


def _unfilter(kind: int, row: bytearray, up: bytearray, depth: int) -> bytearray:
    """Undo one line's filter (PNG specification, 9.2)."""
    for at in range(len(row)) if kind else ():
        left = row[at - depth] if at >= depth else 0
        corner = up[at - depth] if at >= depth else 0
        guess = (0, left, up[at], (left + up[at]) // 2, _paeth(left, up[at], corner))[kind]
        row[at] = (row[at] + guess) & 255
    return row


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: (abs(guess - value), (left, up, corner).index(value)))


def opaque_share(png: bytes) -> float:
    """Return the share of pixels that are not wholly transparent."""
    width, height, depth, data = pixels(png)
    if depth == 3:
        return 1.0
    return sum(alpha > 0 for alpha in data[3::4]) / (width * height)
