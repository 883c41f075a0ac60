"""Who started a supervisor, and how."""

from __future__ import annotations

from typing import NamedTuple

from actors.config import Source


class Invocation(NamedTuple):
    """How this supervisor was called."""

    guardian_pid: int | None = None
    background: bool = False  # no terminal: URLs and what children say are not printed
    again: bool = False  # it replaces one that was killed: nothing may keep it from starting
    since_s: float = 0.0  # monotonic: when the command was given
    as_json: bool = False
    as_service: bool = False  # a service manager called it, and does so again when it ends with an error
    source: Source = Source()
