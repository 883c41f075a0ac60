"""The frame that every fan-out server sends, and the rule of its ticks."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

MARK = b"\xa1k\xcb"  # MessagePack: the key "k" and the head of a float, the instant of the tick


def stamped(template: bytes) -> bytes:
    """Return the frame with the current time."""
    place = template.index(MARK) + len(MARK)
    return template[:place] + struct.pack("!d", time.time() * 1000) + template[place + 8 :]


def next_tick(due_s: float, hz: float, clock: Callable[[], float] = time.monotonic) -> float:
    """Return when the tick after `due_s` is due; missed ticks are skipped."""
    now_s = clock()
    due_s += 1 / hz
    return due_s if due_s > now_s else now_s
