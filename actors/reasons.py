"""The reasons of the settings: the comments of configs/default.toml, and the docstrings of the settings of sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Final, NamedTuple

from actors import config

_FIELD: Final = re.compile(r"([a-z][a-z0-9_, ]*?) {2,}(\S.*)")  # "name  meaning" in a docstring


class Reason(NamedTuple):
    """One key; `reason` is "" when the comment before applies to it, too."""

    section: str
    name: str
    default: str
    reason: str


def listed() -> Iterator[Reason]:
    """Yield every key of the file, in its order."""
    section, comment = "", list[str]()
    begun = False
    for line in config.DEFAULT_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section, comment = line.strip("[]"), []
        elif line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif "=" in line:
            name, _, default = line.partition(" = ")
            yield Reason(section, name, default, " ".join(comment))
            comment, begun = [], True
        elif not begun:
            comment = []  # the head of the file


def by_key() -> dict[str, str]:
    """Return the reason of every key."""
    found: dict[str, str] = {}
    reason = ""
    for row in listed():
        reason = row.reason or reason
        found[f"{row.section}.{row.name}".lstrip(".")] = reason
    return found


def by_field(struct: type) -> dict[str, str]:
    """Return the meaning of every field that the docstrings of a class and its bases name."""
    found: dict[str, str] = {}
    for one in reversed(struct.__mro__):
        names: list[str] = []
        for line in cleandoc(one.__dict__.get("__doc__") or "").splitlines():
            if field := _FIELD.match(line):
                names = field[1].split(", ")
                found |= dict.fromkeys(names, field[2])
            elif line.startswith("  ") and names:
                found |= {name: f"{found[name]} {line.strip()}" for name in names}
            else:
                names = []
    return found
