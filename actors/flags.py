"""The flags `event_pipeline_v2`, `ws_batching_v2`, `js_scheduler_v2`, which a reload changes in running processes.

    supervisor ──settings.json──▶ queue-manager (0.25 s), gateways (1 s), each by itself; no process is restarted

For some time two processes may differ. No critical event depends on a flag, and every overlay has one stream of the
other events at any time.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from actors import config
from actors.config import FlagMode, FlagName, FlagsSection


class _Stored(Struct, frozen=True):
    """The part of the stored settings that is read here."""

    flags: FlagsSection = FlagsSection()


_stored = msgspec.json.Decoder(_Stored)


class FlagReader:
    """The current flags, from the settings that the supervisor has stored."""

    def __init__(self, run_dir: Path, first: FlagsSection) -> None:
        self._path = run_dir / config.SETTINGS_FILE
        self._stamp: tuple[int, int] | None = None
        self.current = first

    def refresh(self) -> bool:
        """Read the file if it has changed; return whether a flag has."""
        try:
            status = os.stat(self._path)
            stamp = status.st_mtime_ns, status.st_ino
            if stamp == self._stamp:
                return False
            found = _stored.decode(self._path.read_bytes()).flags
        except FileNotFoundError:  # a process without a supervisor, in a benchmark
            return False
        changed, self._stamp, self.current = found != self.current, stamp, found
        return changed


def is_on(flags: FlagsSection, name: FlagName, overlay_id: str) -> bool:
    """Return whether a flag is on for one overlay."""
    mode: FlagMode = getattr(flags, name)
    return mode == "on" or (mode == "canary" and overlay_id in flags.canary)
