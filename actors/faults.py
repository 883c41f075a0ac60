"""Faults on purpose, for the tests and for nothing else; unarmed, a point costs one comparison.

`faults.kill_at = "log.before_commit:3"` kills the process with SIGKILL when it passes the point for the third time;
several are separated by commas. `faults.poison = "text"` lets a normalizer die of any raw message that holds the text.
The points are the names in POINTS, so that a test can go through all of them.
"""

from __future__ import annotations

import os
import signal
from typing import Final, Protocol

from actors.errors import ConfigError

POINTS: Final = (
    "ingest.received",
    "outbox.before_commit",
    "outbox.after_commit",
    "outbox.sent",
    "outbox.trimmed",
    "normalizer.received",
    "normalizer.sent",
    "queue.received",
    "log.before_commit",
    "log.in_commit",
    "log.after_commit",
    "queue.acked",
    "queue.framed",
    "log.trimmed",
    "log.checkpointed",
    "broadcaster.received",
    "broadcaster.sent",
    "gateway.received",
    "gateway.sent",
    "gateway.replaying",
)

_left: dict[str, int] = {}
_poison = b""


class Armed(Protocol):
    """What the settings say."""

    @property
    def kill_at(self) -> str: ...
    @property
    def poison(self) -> str: ...


def arm(settings: Armed) -> None:
    """Take over the faults of the settings.

    Raises:
        ConfigError: a point is not known.
    """
    global _poison
    _poison = settings.poison.encode()
    _left.clear()
    for rule in filter(None, (part.strip() for part in settings.kill_at.split(","))):
        point, _, count = rule.partition(":")
        if point not in POINTS or not (count or "1").isdigit():
            raise ConfigError(f"faults.kill_at: {rule!r} is no POINT or POINT:COUNT; points are {', '.join(POINTS)}")
        _left[point] = int(count or "1")


def point(name: str) -> None:
    """Die here when the settings say so."""
    if _left and name in _left:
        _left[name] -= 1
        if _left[name] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def poisoned(body: bytes) -> None:
    """Die of `body` when the settings call it poison."""
    if _poison and _poison in body:
        os.kill(os.getpid(), signal.SIGKILL)
