"""The base of every section of the configuration, and the types of its values."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=31_536_000)]
Rate = Annotated[float, Meta(ge=1, le=240)]
Size = Annotated[int, Meta(ge=1024, le=1 << 40)]
Number = Annotated[int, Meta(ge=1, le=100_000_000)]
# What decides which secret is sent, and to whom. A dashboard cannot change it (gateway/settings_change.py).
IN_FILE: Final = Meta(extra={"in_file": True})
Url = Annotated[str, Meta(max_length=2_000), IN_FILE]


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all sections: an unknown key is refused with its path."""
