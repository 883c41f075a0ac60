"""Numbers of JSON in values of any type. msgspec takes 8 µs for one near the limits of a float, such as 1e300."""

from __future__ import annotations

import math


def finite(text: str) -> float:
    """Return the float of a literal: `float_hook` of the decoders that read values of any type from outside.

    Raises:
        ValueError: it is too large for a float.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("Number out of range")
    return number
