"""How a supervisor was started."""

from __future__ import annotations

from typing import NamedTuple

from actors.config import SettingsSource


class Invocation(NamedTuple):
    """How this supervisor was called."""

    guardian_pid: int | None = None
    background: bool = False  # no terminal: URLs and logs of children are not printed
    again: bool = False  # it replaces a supervisor that was killed, so fewer errors are fatal
    since_s: float = 0.0  # monotonic: when the command was given
    as_json: bool = False
    as_service: bool = False  # a service manager started it, and restarts it after an error
    source: SettingsSource = SettingsSource()
