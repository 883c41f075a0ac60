"""Settings that may hold a secret, for display. Secrets have their own files; some users nevertheless put one here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "(hidden)"
SHOWN_CHARACTERS: Final = 80
PRIVATE: Final = ("headers", "subscribe")  # keys whose values may hold a token
_PRIVATE_WORD: Final = re.compile(rf"\b(?:{'|'.join(PRIVATE)})\b")  # in an override, which may be a whole section
# A URL with a user, a query or a fragment; one with an unclosed bracket has no part that can be relied on.
_PRIVATE_URL: Final = re.compile(r"""://(?:[^\s"']*[@?#]|\[[^\]]*$)""")


def concealed(key: str, value: Any) -> Any:
    """Return the value of a setting for display, without what may be a secret."""
    if value and key.rpartition(".")[2] in PRIVATE:
        return HIDDEN
    if isinstance(value, Mapping):
        return {name: concealed(f"{key}.{name}", one) for name, one in value.items()}
    if isinstance(value, list):
        return HIDDEN if any(concealed(key, one) != one for one in value) else value
    return HIDDEN if isinstance(value, str) and _PRIVATE_URL.search(value) else value


def shown_url(url: str) -> str:
    """Return the beginning of a URL for an error, in quotes, without what may be a secret."""
    return repr(concealed("url", url)[:SHOWN_CHARACTERS])


def concealed_override(override: str) -> str:
    """Return a `--set` argument for display."""
    key, sign, text = override.partition("=")
    return f"{key}{sign}{HIDDEN if may_hold_secret(override) else text}"


def may_hold_secret(override: str) -> bool:
    """Return whether a `--set` argument sets something that is hidden from display."""
    key, _, text = override.partition("=")
    return _PRIVATE_WORD.search(override) is not None or concealed(key.strip(), text) == HIDDEN
