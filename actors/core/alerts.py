"""The user's rules for alerts (`overlays/alerts.toml`): text and media for a type, from a minimum amount.

For `multikill` and `streak` a rule gives the name of a number of kills; these have only a text.

A wrong rule is left out and reported; the others apply. docs/alerts.md describes the fields.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from actors.core.contract.payload import Currency

MAX_BYTES: Final = 256 << 10
MAX_RULES: Final = 256

# The types of files that a page may load from overlays/media/. No SVG and no other type that can contain a script.
IMAGES: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
VIDEOS: Final = {".mp4": "video/mp4", ".webm": "video/webm"}
SOUNDS: Final = {".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".wav": "audio/wav", ".m4a": "audio/mp4"}
MEDIA_TYPES: Final = IMAGES | VIDEOS | SOUNDS


_FILE_NAME: Final = re.compile(r"[^/\\:.\x00-\x1f][^/\\:\x00-\x1f]{0,120}")


class AlertRule(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[alert]]` of the file. With a `currency` it is for tips of that currency alone."""

    type: Literal[
        "follow",
        "subscription",
        "gift",
        "raid",
        "cheer",
        "tip",
        "redemption",
        "shoutout",
        "stream",
        "multikill",
        "streak",
    ]
    from_: Annotated[float, Meta(ge=0, le=1e12)] = field(name="from", default=0.0)
    text: Annotated[str, Meta(max_length=500)] = ""
    image: str = ""
    video: str = ""
    sound: str = ""
    duration_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0
    volume: Annotated[float, Meta(ge=0, le=1)] = 1.0
    currency: Currency = ""

    def __post_init__(self) -> None:
        if self.currency and self.type != "tip":
            raise ValueError(f"currency: got {self.currency!r} of a {self.type}, expected it only of a tip")
        if self.type in ("multikill", "streak") and self.files:
            raise ValueError(f"{self.type}: got {self.files[0][:80]!r}, expected only from and text")
        for key, name, endings in (
            ("image", self.image, IMAGES),
            ("video", self.video, VIDEOS),
            ("sound", self.sound, SOUNDS),
        ):
            if name and not (_FILE_NAME.fullmatch(name) and name.endswith(tuple(endings))):
                raise ValueError(f"{key}: got {name[:80]!r}, expected a file of overlays/media/: {', '.join(endings)}")

    @property
    def files(self) -> list[str]:
        """Return the files that the rule needs."""
        return [name for name in (self.image, self.video, self.sound) if name]


def parse(tree: dict[str, Any]) -> tuple[list[AlertRule], list[str]]:
    """Return the valid rules of the tables of a file, and the problems of the others."""
    problems = [f"alerts.toml: got `{key[:40]}`, expected only [[alert]]" for key in tree if key != "alert"][:8]
    alerts = tree.get("alert", [])
    if not isinstance(alerts, list):
        return [], [*problems, "alerts.toml: got [alert], expected [[alert]]"]
    if len(alerts) > MAX_RULES:
        problems.append(f"alerts.toml: got {len(alerts)} alerts, expected at most {MAX_RULES}; the rest is left out")
    rules = []
    for number, entry in enumerate(alerts[:MAX_RULES], 1):
        try:
            rules.append(msgspec.convert(entry, AlertRule))
        except msgspec.ValidationError as error:
            problems.append(f"alerts.toml: alert {number}: {error}")
    return rules, problems
