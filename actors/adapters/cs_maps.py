"""Maps of Counter-Strike: the file of a map → the name that people say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from actors.adapters import bounds
from actors.core.contract.types.match import Side

_MODE: Final = re.compile(r"^[a-z]{2}_(?=.)")  # de_ bombs, cs_ hostages, ar_ arms race and others

# The words of the game for its sides. A report of another game has other words, and no sides.
SIDES: Final[dict[str, Side]] = {"CT": "ct", "TERRORIST": "t"}


@lru_cache(maxsize=64)
def title(file: str) -> str:
    """Return `Dust2` for `de_dust2` and `workshop/3070/de_dust2`; "" for no file."""
    words = _MODE.sub("", file.rpartition("/")[2]).replace("_", " ").strip()
    return bounds.word(words[:1].upper() + words[1:])
