"""Pictures from outside: their type and size."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.core.pictures import MAX_BLOCKS, is_huge, is_small, size_of, type_of


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\n\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x00\x00\x00\x20ftypavif", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_the_format_of_a_picture_is_read_from_its_first_bytes(body, type_):
    assert type_of(body) == type_


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def gif(width, height, frame, flags=0):
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0) + bytes(3 << (flags & 7) + 1 if flags else 0)
    return head + b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c" + struct.pack("<HHHH", 0, 0, *frame)


def webp(kind, body):
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + body


def jpeg(width, height, *before):
    return b"\xff\xd8" + b"".join(before) + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, height, width)


SIZES = [
    (png(56, 28), (56, 28)),
    (gif(56, 28, (56, 28)), (56, 28)),
    (gif(56, 28, (56, 28), 0x87), (56, 28)),
    (gif(1, 1, (9_000, 8_000)), (9_000, 8_000)),
    (webp(b"VP8X", b"\0\0\0\0" + (55).to_bytes(3, "little") + (27).to_bytes(3, "little")), (56, 28)),
    (webp(b"VP8L", b"\x2f" + struct.pack("<I", 55 | 27 << 14)), (56, 28)),
    (webp(b"VP8 ", bytes(6) + struct.pack("<HH", 56, 28)), (56, 28)),
    (jpeg(56, 28), (56, 28)),
    (jpeg(56, 28, b"\xff\xe0\0\x04xx", b"\xff", b"\xff\xc4\0\x02"), (56, 28)),
]


@pytest.mark.parametrize(("body", "size"), SIZES)
def test_the_size_of_a_picture_is_read_from_its_head_and_an_incomplete_one_has_none(body, size):
    assert size_of(body + b"the rest") == size
    assert is_small(body) == (max(size) <= 512)
    assert size_of(body[:-1]) is None


@pytest.mark.parametrize("side", [(512, 1), (1, 512), (512, 64)])
def test_a_picture_of_many_pixels_is_not_small(side):
    assert is_small(png(*side))
    assert not is_small(png(*(number + (number == 512) for number in side)))


def test_a_picture_of_a_large_area_is_not_small():
    assert is_small(png(256, 128))
    assert not is_small(png(256, 129))


@given(st.sampled_from([body for body, _ in SIZES]), st.binary(max_size=64), st.integers(0, 40))
def test_any_bytes_have_a_size_or_none(body, noise, at):
    found = size_of(body[:at] + noise + body[at:])
    assert found is None or len(found) == 2


def test_bytes_that_never_end_a_block_have_no_size():
    assert size_of(gif(1, 1, (1, 1))[:13] + b"\x21\xf9" + b"\x01x" * 9) is None
    assert size_of(b"\xff\xd8" + b"\xff" * 99) is None
    assert size_of(webp(b"JUNK", bytes(20))) is None
    assert not is_small(b"<svg>")


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def avif(*sizes, brand=b"avif", cut=0):
    meta = box(b"meta", b"".join(box(b"ispe", struct.pack(">III", 0, *size)) for size in sizes))
    return box(b"ftyp", brand + bytes(12)) + meta[: len(meta) - cut]


EXTENSION = b"\xff\xe1\xff\xff" + bytes(65_533)
DECOY = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("head", "huge"),
    [
        (png(4_096, 4_096), False),
        (png(4_096, 4_097), True),
        (jpeg(4_096, 4_096, EXTENSION, EXTENSION), False),
        (jpeg(16_000, 16_000, EXTENSION, EXTENSION), True),
        (jpeg(56, 28, b"\xff\xe0\0\x02" * MAX_BLOCKS), True),
        (jpeg(56, 28, b"\xff\0\0\x0b" + jpeg(16_000, 16_000)[2:]), True),
        (gif(56, 28, (56, 28))[:13] + b"\x21\xfe" + b"\1\x2c" * MAX_BLOCKS + b"\0" + DECOY, True),
        (avif((56, 28), (4_096, 4_096)), False),
        (avif((56, 28), (16_000, 16_000), (28, 28)), True),
        (avif((56, 28), brand=b"avis"), True),
        (avif(), True),
        (avif((56, 28), (16_000, 16_000), cut=20), True),
        (avif(*[(56, 28)] * MAX_BLOCKS), True),
        (avif((56, 28), cut=45), True),
        (b"BM" + struct.pack("<IIIIii", 1_080, 0, 1_078, 40, 16_000, 16_000), True),
        (struct.pack("<HHH", 0, 1, 1) + bytes(16) + png(16_000, 16_000), True),
        (b"<svg>", True),
        (b"", True),
    ],
    ids=lambda value: str(value) if isinstance(value, bool) else "",
)
def test_a_picture_of_too_many_pixels_or_of_an_unknown_type_or_size_is_huge(head, huge):
    assert is_huge(head) == huge
