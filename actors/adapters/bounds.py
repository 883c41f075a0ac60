"""Bounds: foreign text and numbers → values that fit the taxonomy.

msgspec does not validate a Struct that is constructed in Python. So an adapter passes every foreign value through one
of these functions. They cut a value instead of refusing it: an event with a shortened name is better than none.
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
_LONG_FRACTION: Final = re.compile(r"[0-9]{1,12}\.[0-9]{9,64}")
_IMAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
# Control and format characters, separators and combining marks are invisible by themselves.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"})


def name(*candidates: str | None) -> str:
    """Return the first candidate with a visible character, cut to its limit; `?` if there is none."""
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
    """Return `#rrggbb`, "" for any other value."""
    return value if value and _COLOR.fullmatch(value) else ""


def image(provider: str, id_: str) -> str:
    """Return the name of a picture, "" if the id is invalid."""
    return f"{provider}/{id_}" if _IMAGE_ID.fullmatch(id_) else ""


def count(value: int | str | None) -> int:
    """Return a count of 0 to 10^9; 0 for text that is not a number."""
    return _clamped(value, MAX_COUNT)


def points(value: int | str | None) -> int:
    """Return a count of up to 2^53."""
    return _clamped(value, MAX_POINTS)


def decimal(units: int, places: int) -> str:
    """Return an amount of money from its smallest unit and its decimal places: (500, 2) is `5.00`."""
    if not 0 < places <= 8:
        return str(units)
    digits = str(units).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def amount(value: str) -> str:
    """Return an amount of money with at most 8 decimal places; other text as it is.

    JSON has amounts that were computed as binary fractions, such as 0.30000000000000004.
    """
    return f"{float(value):.8f}".rstrip("0").rstrip(".") if _LONG_FRACTION.fullmatch(value) else value


def currency(value: str | None) -> str:
    """Return a currency code, "" for any other value."""
    return value if value and _CURRENCY.fullmatch(value) else ""


def _clamped(value: int | str | None, limit: int) -> int:
    if isinstance(value, str):
        # int() refuses texts of thousands of digits; a number of 18 digits is above every limit.
        value = int(value[:18]) if value.isascii() and value.isdigit() else 0
    return min(max(value or 0, 0), limit)
