"""Outboxes without a process: the ingest sends what they still have.

A source that is removed, or changed to a kind that the ingest serves, waits until the log has what it accepted. If it
is killed first, or the log cannot be reached for longer than it may wait, only its outbox has these messages, and no
process of its own would send them.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from actors import config
from actors.config import Settings
from actors.errors import ConfigError, FramewireError
from actors.producers import spec
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
    """Return the names of outboxes that no process of the current settings has, and whose messages the log lacks."""
    names = outbox.names(run_dir) - OTHERS
    if not names:
        return []
    try:
        owned = _owned(run_dir)
    except ConfigError:  # the supervisor writes the settings again
        return []
    return [name for name in sorted(names - owned) if outbox.has_waiting(run_dir, name)]


def _owned(run_dir: Path) -> set[str]:
    """Return the sources that have a process, and so an outbox of their own; the ingest stores those that it serves."""
    sources = config.of_run_dir(run_dir).all_sources()
    return {name for name, tree in sources.items() if spec.is_process(tree["kind"])}


async def _send_one(settings: Settings, run_dir: Path, name: str) -> None:
    try:
        link = open_link(settings, run_dir, name, log)
    except FramewireError as error:  # its source still runs, or the disk is full
        log.info("leftover outbox not opened name=%s reason=%r", name, str(error))
        return
    log.warning("leftover outbox name=%s waiting=%d; no process has it", name, link.waiting)
    try:
        while link.waiting and name not in _owned(run_dir):
            await asyncio.sleep(TICK_S)
    except ConfigError:
        return
    finally:
        log.info("leftover outbox closed name=%s waiting=%d", name, link.waiting)
        link.close()
