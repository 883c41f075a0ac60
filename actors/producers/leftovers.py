"""Outboxes whose source is no longer in the configuration: the ingest sends what they still have.

A source that is removed waits until the log has what it accepted. If it is killed first, or the log cannot be reached
for longer than it may wait, only its outbox has these messages, and no process of its own would send them.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from actors import config
from actors.config import Settings
from actors.errors import ConfigError, FramewireError
from actors.producers.link import open_link
from actors.stores import outbox

LOOK_S: Final = 2.0
TICK_S: Final = 0.1
OTHERS: Final = frozenset({"ingest", "trace"})  # the ingest's own, and that of the next `replay`

log = logging.getLogger("leftovers")


async def send(settings: Settings, run_dir: Path) -> None:
    """Send what leftover outboxes have, one after the other, until cancelled."""
    while True:
        for name in waiting(run_dir):
            await _send_one(settings, run_dir, name)
        await asyncio.sleep(LOOK_S)


def waiting(run_dir: Path) -> list[str]:
    """Return the names of outboxes that no source of the current settings has, and whose messages the log lacks."""
    names = outbox.names(run_dir) - OTHERS
    if not names:
        return []
    try:
        configured = config.of_run_dir(run_dir).all_sources()
    except ConfigError:  # the supervisor writes the settings again
        return []
    return [name for name in sorted(names - configured.keys()) if outbox.has_waiting(run_dir, name)]


async def _send_one(settings: Settings, run_dir: Path, name: str) -> None:
    try:
        link = open_link(settings, run_dir, name, log)
    except FramewireError as error:  # its source still runs, or the disk is full
        log.info("leftover outbox not opened name=%s reason=%r", name, str(error))
        return
    log.warning("leftover outbox name=%s waiting=%d; its source is not configured", name, link.waiting)
    try:
        while link.waiting and name not in config.of_run_dir(run_dir).all_sources():
            await asyncio.sleep(TICK_S)
    except ConfigError:
        return
    finally:
        log.info("leftover outbox closed name=%s waiting=%d", name, link.waiting)
        link.close()
