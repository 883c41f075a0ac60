"""Fault injection for the tests. Without a configured fault, a point costs one comparison.

`faults.kill_at = "log.before_commit:3"` kills the process with SIGKILL when it passes the point for the third time.
Several points are separated by commas. A third part selects another fault: `queue.received:9:gil`, see WAYS.
`faults.poison = "text"` makes a normalizer die of any raw message that contains the text. `faults.poison_at` chooses
another place: at "decoder" the queue-manager dies of a batch that contains it, before it is decoded; at "queue" its
loop dies of an identity that contains it, and at "log" its store dies of an event that contains it.
POINTS lists all points, so that a test can use each of them.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from typing import Final, Protocol

from actors.errors import ConfigError

POINTS: Final = (
    "ingest.received",
    "outbox.before_commit",
    "outbox.after_commit",
    "outbox.sent",
    "outbox.in_commit",
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

log = logging.getLogger("faults")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang_in_python() -> None:
    """Loop endlessly; other threads still run."""
    while True:
        pass


def hang_in_c() -> None:
    """Hold the interpreter's lock endlessly: no other thread and no Python signal handler runs."""
    # Imported here, as in the next function, because only tests need it.
    import re

    re.match("(a+)+b", "a" * 200)


def read_nowhere() -> None:
    """Crash in C."""
    import ctypes

    ctypes.string_at(0)


def run_out_of_memory() -> None:
    raise MemoryError("on purpose")


WAYS: Final[dict[str, Callable[[], None]]] = {
    "kill": die,
    "busy": hang_in_python,
    "gil": hang_in_c,
    "segv": read_nowhere,
    "memory": run_out_of_memory,
}

_left: dict[str, int] = {}
_ways: dict[str, str] = {}
_poison = b""
_poison_at = ""


class Armed(Protocol):
    """The settings of fault injection."""

    @property
    def kill_at(self) -> str: ...
    @property
    def poison(self) -> str: ...
    @property
    def poison_at(self) -> str: ...


def arm(settings: Armed) -> None:
    """Activate the faults of the settings.

    Raises:
        ConfigError: a point is unknown.
    """
    global _poison, _poison_at
    _poison, _poison_at = settings.poison.encode(), settings.poison_at
    _left.clear()
    for rule in filter(None, (part.strip() for part in settings.kill_at.split(","))):
        point, _, rest = rule.partition(":")
        count, _, way = rest.partition(":")
        count, way = count or "1", way or "kill"
        if point not in POINTS or not count.isdigit() or way not in WAYS:
            raise ConfigError(
                f"faults.kill_at: {rule!r}, expected POINT, POINT:COUNT or POINT:COUNT:WAY. "
                f"Points: {', '.join(POINTS)}. Ways: {', '.join(WAYS)}"
            )
        _left[point], _ways[point] = int(count), way


def point(name: str) -> None:
    """Trigger the fault that is configured for this point, if any."""
    if _left and name in _left:
        _left[name] -= 1
        if _left[name] <= 0:
            way = WAYS[_ways[name]]
            del _left[name]
            if way is not die:
                log.error("fault point=%s way=%s", name, _ways[name])  # the tests measure from here
            way()


def poisoned(at: str, *bodies: bytes) -> None:
    """Kill the process when the poison of this place is in one of `bodies`."""
    if _poison and at == _poison_at and any(_poison in body for body in bodies):
        die()
