"""Reads the user's rules for alerts (`overlays/alerts.toml`), and checks the files that they name.

Gateways show them, and `doctor` checks them. core/alerts.py decides which rules are valid.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from actors import host
from actors.core import alerts, pictures
from actors.errors import BadInput

FILE_BYTES: Final = 64 << 20  # a video of a minute; every overlay loads the file at the start of an alert
MAX_DOTS: Final = 2_048  # of keys, at most MAX_PARTS of them in a line
MAX_PARTS: Final = 32
# Also in texts, where these bounds are far away.
_DOT: Final = re.compile(r"(?<=[\w\"'-])[ \t]*\.[ \t]*(?=[\w\"'-])", re.ASCII)


def read_rules(folder: Path) -> tuple[list[alerts.AlertRule] | None, list[str]]:
    """Return the rules of `folder`, or None if the file cannot be read as TOML, and the problems.

    Without the file there are no rules.
    """
    path = folder / "alerts.toml"
    try:
        raw = host.read_file(path, alerts.MAX_BYTES + 1)
        if len(raw) > alerts.MAX_BYTES:
            return None, [f"alerts.toml: more than {alerts.MAX_BYTES >> 10} KiB"]
        tree = _tables(raw.decode("utf-8-sig"))
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return None, [f"alerts.toml: {error.strerror}"]
    except (UnicodeDecodeError, BadInput) as error:
        return None, [f"alerts.toml: {error}"]
    rules, problems = alerts.parse(tree)
    for name in sorted({name for rule in rules for name in rule.files}):
        problems += file_problems(folder / "media" / name)
    return rules, problems


def _tables(text: str) -> dict[str, Any]:
    """Return the tables of a file.

    A key of thousands of parts (`a.a.a…`) would take minutes, because Python looks up all parts before each one.

    Raises:
        BadInput: it is not TOML, or its keys have too many parts.
    """
    dots = [len(_DOT.findall(line)) for line in text.split("\n")]
    if max(dots) > MAX_PARTS or sum(dots) > MAX_DOTS:
        most = max(range(len(dots)), key=dots.__getitem__)
        raise BadInput(f"{sum(dots)} dots, {dots[most]} of them in line {most + 1}, expected at most {MAX_PARTS} there")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also for 5,000 digits, deeply nested brackets
        raise BadInput(str(error)) from error


def file_problems(path: Path) -> list[str]:
    """Return why a file cannot be shown; empty if it can."""
    try:
        size, huge = path.stat().st_size, is_huge(path)
    except OSError as error:
        return [f"overlays/media/{path.name}: {error.strerror}"]
    if huge:
        return [f"overlays/media/{path.name}: no picture, or more than {pictures.MAX_PIXELS >> 20} megapixels"]
    return [f"overlays/media/{path.name}: more than {FILE_BYTES >> 20} MiB"] if size > FILE_BYTES else []


def is_huge(path: Path) -> bool:
    """Return whether a file is a picture with too many pixels for a page, or one of which it is not known."""
    return path.suffix in alerts.IMAGES and pictures.is_huge(host.read_file(path, pictures.HEAD_BYTES))
