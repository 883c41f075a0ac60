"""source ◀──any protocol──▶ [source process] ══PUSH══▶ normalizer

The kit runs the `connect` of one source module (spec.py), and provides the common parts of all sources: outbox
and window, a cursor in the same transaction as the messages, reconnects with jittered backoff, secrets, counters, a
state, drain. The source is read only as fast as the outbox takes its messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from actors import aio, heartbeat
from actors.config import Settings
from actors.core.metrics import KitMetrics
from actors.core.sources.state import RETRY_REFUSED_S, SourceState
from actors.errors import BadInput, Refused
from actors.producers import spec
from actors.producers.intake import Intake
from actors.producers.link import TICK_S, Link, open_link
from actors.producers.spec import SourceMessage, SourceNotRunning, SourceSettings
from actors.secrets import Secrets

DRAIN_S: Final = 4.0  # within supervisor.drain_s
ORPHAN_DRAIN_S: Final = 0.5  # within heartbeat.ORPHAN_GRACE_S; what remains waits in the outbox
IN_FLIGHT: Final = 256  # messages that are being stored at the same time
LINK_LOOK_S: Final = 0.005
BURST_S: Final = 0.4  # without room for so long, no normalizer runs; the next best-effort messages are dropped
LOOK_S: Final = 1.0
OPENING_S: Final = 2.0  # a source connects without a normalizer after this time
LOOK_FOR_PROGRAM_S: Final = 3.0


class SourceSession:
    """The argument of `connect`: settings, secrets, the saved cursor, and methods that report the state."""

    def __init__(self, settings: SourceSettings, intake: Intake, secrets: Secrets, run_dir: Path) -> None:
        self.name = intake.name
        self.settings: Any = settings
        self.secrets = secrets
        self.run_dir = run_dir
        self.log = logging.getLogger(intake.name)
        self._intake = intake

    @property
    def cursor(self) -> bytes:
        """The cursor of the last message that had one; b"" before the first."""
        return self._intake.cursor

    def secret(self) -> str:
        """Return the secret of this source; raises MissingSecret, which the kit reports as `refused`."""
        return self.secrets.get(self.settings.secret or self.name)

    def live(self) -> None:
        """Report a completed handshake."""
        self._intake.health.live(time.monotonic())

    def alive(self) -> None:
        """Report a keepalive."""
        self._intake.health.alive(time.monotonic())

    def degraded(self, why: str) -> None:
        """Report that a part of the source does not work; "" means that all parts work again."""
        self._intake.health.degraded(why)

    def waiting(self, why: str) -> None:
        """Report that the program or stream of the source does not run; this is logged once, not at each attempt."""
        if self._intake.health.state is not SourceState.WAITING:
            self.log.info("waiting reason=%r", why)
        self._intake.health.waiting(why)

    def count(self, name: str, number: int = 1) -> None:
        """Count `ignored`, `duplicate`, `late` or `future` messages that never become a Message."""
        self._intake.counts[name] += number

    def send_positions(self, message: bytes, players: int) -> None:
        """Send packed positions (core/contract/positions.py) to the radar; without a taker they are dropped."""
        self._intake.send_positions(message, players)

    def reject(self, reason: str, body: bytes) -> None:
        """Quarantine a malformed message with the reason."""
        self._intake.reject(reason, body)


class SourceLoop:
    """Connects, reads, and reconnects until the process ends."""

    def __init__(self, settings: Settings, run_dir: Path, name: str, link: Link) -> None:
        own = settings.source(name)
        self._module = spec.module_of(own.kind)
        self._link = link
        self._secrets = Secrets(run_dir)
        self._secret = own.secret or name
        self.intake = Intake(link, name, own, self._module.SPEC, run_dir)
        self._session = SourceSession(own, self.intake, self._secrets, run_dir)
        self._log = logging.getLogger(name)
        self._in_flight = 0
        self._had_room = True  # on the link, after the last best-effort message

    async def close(self) -> None:
        """Send the closing messages of the source."""
        closing = getattr(self._module, "closing", None)
        for message in closing() if closing is not None and self._link.has_room(IN_FLIGHT) else []:
            await self._put(message)

    async def run(self) -> None:
        """Run until cancelled."""
        # The first best-effort messages of a source may be its state, so a normalizer should be there.
        await self._link_has_room(OPENING_S)
        while True:
            stamp = self._secrets.stamp(self._secret)
            try:
                why = await self._read()
            except SourceNotRunning as error:
                self._session.waiting(str(error))
                await asyncio.sleep(LOOK_FOR_PROGRAM_S)
                continue
            except Refused as error:
                self.intake.health.refused(str(error))
                self._log.error("refused reason=%r", str(error))
                await self._wait_for_change(stamp)
                continue
            wait_s = self.intake.disconnected(why)
            self._log.warning("disconnected reason=%r reconnect_in_s=%.1f", why, wait_s)
            await asyncio.sleep(wait_s)

    async def _read(self) -> str:
        """Read one connection to its end; return why it ended."""
        try:
            async with aclosing(self._module.connect(self._session)) as messages:
                async for message in messages:
                    self.intake.health.alive(time.monotonic())
                    await self._put(message)
        except SourceNotRunning:
            raise
        except OSError as error:
            return str(error) or type(error).__name__
        except BadInput as error:
            self.intake.reject(str(error), b"")
            return str(error)
        return "the source ended the connection"

    async def _put(self, message: SourceMessage) -> None:
        if not self._link.has_room(1):
            await self._wait_for_room()
        stored = self.intake.take([message])
        if stored is None:
            # A burst may fill the link. A critical message behind it waits for nothing else.
            self._had_room = await self._link_has_room(BURST_S if self._had_room else 0.0)
            return
        self._in_flight += 1
        stored.add_done_callback(self._landed)
        if self._in_flight >= IN_FLIGHT:
            await stored  # messages are stored in order, so all earlier ones are also on disk

    async def _link_has_room(self, within_s: float) -> bool:
        """Wait until the link of best-effort messages has room; return False if it has none within the time."""
        due_s = time.monotonic() + within_s
        while not (room := self._link.best_effort_has_room()) and time.monotonic() < due_s:
            await asyncio.sleep(LINK_LOOK_S)
        return room

    async def _wait_for_room(self) -> None:
        why = "the disk or the outbox is full; the source is not read until a message can be stored again"
        before = self.intake.health.degraded(why)
        while not self._link.has_room(1):
            await asyncio.sleep(TICK_S)
        self.intake.health.degraded(before)

    def _landed(self, _future: object) -> None:
        self._in_flight -= 1

    async def _wait_for_change(self, stamp: object) -> None:
        """Wait until the secret changes, RETRY_REFUSED_S at most."""
        due_s = time.monotonic() + RETRY_REFUSED_S
        while time.monotonic() < due_s and self._secrets.stamp(self._secret) == stamp:
            await asyncio.sleep(LOOK_S)
        self.intake.health.state = SourceState.CONNECTING


async def serve(settings: Settings, run_dir: Path, name: str, ticks: heartbeat.Ticks) -> int:
    """Read the source until the stop request; then wait until the log has all accepted messages."""
    link = open_link(settings, run_dir, name, logging.getLogger(name), holds=True)
    source = SourceLoop(settings, run_dir, name, link)
    metrics = KitMetrics()
    heart = heartbeat.Heartbeat(name, lambda: [metrics, *link.measure()], ticks, lambda: [source.intake.report()])
    running = asyncio.create_task(source.run())
    await aio.run_until_stopped(heart, metrics, running)
    running.cancel()
    if not heart.orphaned:
        await source.close()
    await link.drain(ORPHAN_DRAIN_S if heart.orphaned else DRAIN_S)
    link.close()
    return 0


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until the stop request; return the exit code."""
    del index
    return aio.run_asyncio(lambda ticks: serve(settings, run_dir, name, ticks))
