"""Bounds: foreign text and numbers → values that fit the taxonomy.

A payload Struct that is constructed in Python is not validated. An adapter passes every foreign value through one of
these functions, so that an odd value is cut instead of refused: a name of 200 characters is still a name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_CHARACTERS: Final = 64
TEXT_CHARACTERS: Final = 500
MAX_COUNT: Final = 1_000_000_000
MAX_POINTS: Final = 9_007_199_254_740_992

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_CURRENCY: Final = re.compile(r"[A-Z]{3,5}")
_IMAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
# Control and format characters, separators and combining marks show nothing by themselves.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"})


def name(*candidates: str | None) -> str:
    """Return the first candidate that shows something, cut; `?` if none does."""
    for candidate in candidates:
        cut = (candidate or "").strip()[:NAME_CHARACTERS]
        if any(unicodedata.category(character) not in _INVISIBLE for character in cut):
            return cut
    return "?"


def word(text: str | None) -> str:
    return (text or "")[:NAME_CHARACTERS]


def text(value: str | None) -> str:
    return (value or "")[:TEXT_CHARACTERS]


def color(value: str | None) -> str:
    """Return `#rrggbb`, or empty text for anything else."""
    return value if value and _COLOR.fullmatch(value) else ""


def image(provider: str, id_: str) -> str:
    """Return the name of a picture, or empty text when the id cannot be one."""
    return f"{provider}/{id_}" if _IMAGE_ID.fullmatch(id_) else ""


def count(value: int | str | None) -> int:
    """Return a count of 0 to a thousand million; text that is no number counts 0."""
    return _clamped(value, MAX_COUNT)


def points(value: int | str | None) -> int:
    """Return a count of up to 2^53."""
    return _clamped(value, MAX_POINTS)


def decimal(units: int, places: int) -> str:
    """Return an amount of money given in its smallest unit, of which 10^`places` are one: (500, 2) is `5.00`."""
    if not 0 < places <= 8:
        return str(units)
    digits = str(units).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def currency(value: str | None) -> str:
    """Return a currency code, or empty text for anything else."""
    return value if value and _CURRENCY.fullmatch(value) else ""


def _clamped(value: int | str | None, limit: int) -> int:
    if isinstance(value, str):
        # 18 digits: int() refuses texts of thousands of digits, and more is above every limit.
        value = int(value[:18]) if value.isascii() and value.isdigit() else 0
    return min(max(value or 0, 0), limit)
