"""Names that resemble a misspelt one, for the hints of error messages."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return at most `count` of `names`, the best first, whose similarity to `name` (0 to 1) is at least `cutoff`."""
    from difflib import get_close_matches  # only errors need it; it would be 140 KiB in every process

    return get_close_matches(name, list(names), count, cutoff)
