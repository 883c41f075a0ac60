"""All overlays that are connected to this gateway, and their shared state.

core/delivery/clients.py decides which overlay is slow or lost, core/delivery/cursor.py which positions are missing.
This module carries the decisions out.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

from actors import control, logs, wire
from actors.config import FlagMode, FlagName, Settings
from actors.core.contract.frame import Frame
from actors.core.delivery import conversation
from actors.core.delivery.clients import Lag, Verdict, judge
from actors.core.delivery.conversation import Action, Ending, Input, OverlayState
from actors.core.delivery.presence import STALLED, counted
from actors.core.metrics import GatewayMetrics
from actors.errors import BadInput, ConfigError, Refused
from actors.flags import FlagReader
from actors.gateway import pages
from actors.gateway.access import Access
from actors.gateway.attendance import Attendance
from actors.gateway.bus import ASK_TIMEOUT_S, PositionsLink, Receipts, ask
from actors.gateway.catchup import CatchUp
from actors.gateway.commands import Commands
from actors.gateway.connections import Connections
from actors.gateway.fanout import Fanout
from actors.gateway.feed import Feed, LogThreads
from actors.gateway.flags import OverlayFlags
from actors.gateway.layouts import Layouts
from actors.gateway.media import AlertRules
from actors.gateway.overlay import Overlay
from actors.gateway.preload import build_of
from actors.gateway.settings_change import Value, change
from actors.gateway.transport import OverlayTransport
from actors.stores.log import LogReader

DRAIN_S: Final = 1.0
NAMED_PROBLEMS: Final = 5  # of alerts.toml, per change, in the log
PROBLEM_CHARS: Final = 200


class Gateway:
    """All connected overlays, and their shared state."""

    def __init__(self, settings: Settings, run_dir: Path, name: str) -> None:
        self.settings = settings.gateway
        self.ingest = settings.ingest
        self.run_dir, self.name = run_dir, name
        self.log = logging.getLogger(name)
        self.metrics = GatewayMetrics()
        self.build = build_of(pages.WEB_ROOT)  # of the pages that it serves
        self.closes: Counter[int] = Counter()
        self.overlays: dict[int, Overlay] = {}
        self.followed = asyncio.Event()
        self.stopping = asyncio.Event()
        self.failure: BaseException | None = None
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._bus = wire.Bus(run_dir)
        self.access = Access(run_dir, self.metrics, self.log)
        self.connections = Connections(self.settings, self.metrics, self.end)
        self.attendance = Attendance(self._bus, name, self.settings.processes)
        self.asking = ThreadPoolExecutor(2, thread_name_prefix="ask")
        self.flags = OverlayFlags(FlagReader(run_dir, settings.flags), self.settings)
        self.layouts = Layouts(run_dir, self.metrics, self.log)
        self.layouts.refresh()
        self.alert_rules = AlertRules((run_dir / "overlays").resolve())
        self._alert_version = self.alert_rules.current()["version"]
        self._alert_problems: list[str] = []
        self.receipts = Receipts(self._bus)
        self.fanout = Fanout(self.settings.client_buffer_bytes, self._slow)
        log = LogThreads(partial(LogReader, run_dir))
        self.feed = Feed(self._bus, log, self.settings.page_rows, self._emit, self._on_new_log)
        self._positions = PositionsLink(self._bus, self.fanout.positions)
        self.commands = Commands(
            self.ingest, self.access.ingest_token, self.listed, self.change_flag, self.change_settings, self.log_in
        )
        self.catchup = CatchUp(self.feed, self.fanout, self.settings.page_rows)

    # Life

    async def follow(self) -> None:
        """Start the feed; overlays whose hello came earlier receive their welcome then."""
        self.attendance.neighbours.start()
        await self.feed.start()
        self._positions.start()
        self.followed.set()
        cursor = self.feed.cursor
        self.log.info("following epoch=%s gen=%d position=%d", cursor.epoch, cursor.gen, cursor.last)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a task; an unexpected exception ends the process."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.fail(task.exception())

    def fail(self, failure: BaseException | None) -> None:
        self.failure = self.failure or failure
        self.stopping.set()

    async def close(self) -> None:
        """Close all connections with a code that means reconnect, and wait for up to one second for them to close.

        An overlay that is between two requests learns the code by its next one.
        """
        closing = list(self.overlays.values())
        for overlay in closing:
            self.end(overlay, conversation.STOPPING)
        deadline_s = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline_s:
            closing = [overlay for overlay in closing if not overlay.transport.told()]
            if not self.connections.total and not closing:
                break
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
        self.feed.close()
        self._positions.stop()
        self.receipts.close()
        self.attendance.neighbours.close()
        self.asking.shutdown(wait=False, cancel_futures=True)

    # Overlays

    def register(self, transport: OverlayTransport, address: str) -> Overlay:
        """Register a connection, which must send a hello within `gateway.hello_s`."""
        overlay = Overlay(next(self._numbers), transport, address)
        self.connections.add(overlay)
        self.overlays[overlay.number] = overlay
        asyncio.get_running_loop().call_later(self.settings.hello_s, self._no_hello, overlay)
        return overlay

    def _no_hello(self, overlay: Overlay) -> None:
        if overlay.state is OverlayState.HELLO:
            self.end(overlay, conversation.no_hello(self.settings.hello_s))

    def leave(self, overlay: Overlay) -> None:
        """Stop sending to an overlay."""
        self.fanout.leave(overlay)
        self.catchup.remove(overlay)
        overlay.forget()

    def end(self, overlay: Overlay, ending: Ending) -> None:
        """Close a conversation with a code of the protocol, unless it is closed; waiting messages are dropped."""
        if Action.CLOSE not in overlay.step(Input.END):
            return
        self._forget(overlay)
        self.count(ending, overlay.address)
        overlay.ending = ending
        if overlay.group is None and overlay.role == "overlay":
            self.attendance.refused(overlay.address, overlay.name, int(ending.code), ending.reason)
        overlay.transport.close(int(ending.code), ending.reason)

    def count(self, ending: Ending, address: str) -> None:
        """Count an ending of a conversation with `address`, or a refusal of its hello."""
        self.closes[int(ending.code)] += 1
        if ending is conversation.WRONG_TOKEN:
            self.access.wrong_token(address)
        if ending.counter:
            setattr(self.metrics, ending.counter, getattr(self.metrics, ending.counter) + 1)

    def disconnected(self, overlay: Overlay, closed: bool) -> None:
        """Forget an overlay whose connection is closed; `closed`: by its page, in order."""
        if overlay.step(Input.GONE):
            self._forget(overlay)
        self.attendance.left(overlay, closed)
        self.connections.remove(overlay)

    def _forget(self, overlay: Overlay) -> None:
        self.leave(overlay)
        del self.overlays[overlay.number]

    def listed(self) -> list[Overlay]:
        """Return the connections of overlays, without those of dashboards."""
        return [overlay for overlay in self.overlays.values() if overlay.role == "overlay"]

    def _emit(self, frame: Frame, message: bytes | None) -> None:
        self.fanout.emit(frame, message)
        self.catchup.advanced()

    def _slow(self, overlay: Overlay) -> None:
        self.catchup.slow_down(overlay)

    def _on_new_log(self) -> None:
        """Close all connections: positions of another log are void. The next welcome has the new epoch."""
        self.log.warning("new log epoch=%s", self.feed.cursor.epoch)
        self.catchup.forget_pages()
        for overlay in list(self.overlays.values()):
            self.end(overlay, conversation.NEW_LOG)

    # Timers

    def sweep(self) -> None:
        """Check every overlay, read changed tokens, layouts and alert rules, remove empty groups. Due every second."""
        now_s = time.monotonic()
        for overlay, ending in self.access.withdrawn(list(self.overlays.values())):
            self.end(overlay, ending)
        self.follow_flags()
        self.arrange()
        self._send_alerts_changed()
        for overlay in list(self.overlays.values()):
            self._judge(overlay, now_s)
        self.catchup.advanced()
        self.fanout.tidy({overlay.group.key for overlay in self.overlays.values() if overlay.group})

    # Flags

    def follow_flags(self) -> None:
        """Apply changed flags to every overlay, between two frames: none is repeated or left out."""
        if not self.flags.refresh():
            return
        self.log.info("flags %s", self.flags.current)
        for overlay in list(self.overlays.values()):
            if overlay.group is None or overlay.hello is None:
                continue
            key = self.flags.key_of(overlay, overlay.hello)
            if key != overlay.group.key:
                self.fanout.leave(overlay)
                overlay.group = self.fanout.group(key)
                if overlay.state is OverlayState.LIVE:
                    self.fanout.join(overlay)
                self.metrics.flag_moves += 1
            if overlay.arranged is not None:
                overlay.send_message({"t": "flags", **self.flags.of_page(overlay)})

    async def change_flag(self, name: FlagName, mode: FlagMode, canary: list[str] | None) -> None:
        """Change a flag of this pipeline, as a reload does.

        Raises:
            Refused: the supervisor refuses, or does not answer.
        """
        names = self.flags.current.canary if canary is None else canary
        await self.change_settings({f"flags.{name}": mode, "flags.canary": names})
        self.follow_flags()

    async def change_settings(self, wanted: dict[str, Value], preview: bool = False) -> dict[str, Any]:
        """Change settings of this pipeline, as a reload does; see settings_change.

        Raises:
            Refused: a value is wrong, or the supervisor refuses, or does not answer.
        """
        work = partial(change, self.run_dir, wanted, preview)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self.asking, work)
        except (BadInput, ConfigError) as error:
            raise Refused(str(error)) from error
        if not preview:
            self.log.info("settings changed by=dashboard keys=%s", ",".join(wanted))
        return answer

    async def log_in(self, source: str, action: str, secret: str) -> None:
        """Begin or cancel the login of a source.

        Raises:
            BadInput: there is no such source.
            Refused: the supervisor refuses, or does not answer.
        """
        work = partial(control.request, self.run_dir, "login", source=source, action=action, client_secret=secret)
        await asyncio.get_running_loop().run_in_executor(self.asking, work)
        self.log.info("login by=dashboard source=%s action=%s", source, action)

    # Layouts and alerts

    def arrange(self) -> None:
        """Send their layout to the overlays whose layout has changed in the run directory."""
        if not self.layouts.refresh():
            return
        for overlay in list(self.overlays.values()):
            arranged = self.layouts.arranged(overlay.name)
            if overlay.arranged is not None and overlay.arranged != arranged:
                overlay.arranged = arranged
                overlay.send_message({"t": "layout", "layout": arranged.layout, "error": arranged.error})

    def _send_alerts_changed(self) -> None:
        """Send every overlay that has its welcome the message that alert rules or media have changed."""
        answer = self.alert_rules.current()
        if answer["problems"] != self._alert_problems:
            self._alert_problems = answer["problems"]
            self._log_alert_problems()
        if answer["version"] == self._alert_version:
            return
        self._alert_version = answer["version"]
        for overlay in list(self.overlays.values()):
            if overlay.arranged is not None:
                overlay.send_message({"t": "alerts"})

    def _log_alert_problems(self) -> None:
        problems = self._alert_problems
        for problem in problems[:NAMED_PROBLEMS]:
            self.log.warning("bad alert rules problem=%r", problem[:PROBLEM_CHARS])
        if len(problems) > NAMED_PROBLEMS:
            self.log.warning("bad alert rules more=%d", len(problems) - NAMED_PROBLEMS)
        if not problems:
            self.log.info("alert rules without problems")

    def _judge(self, overlay: Overlay, now_s: float) -> None:
        lag = Lag(
            overlay.state,
            overlay.pending,
            now_s - overlay.blocked_since_s if overlay.blocked else 0.0,
            now_s - overlay.progress_s if overlay.blocked else 0.0,
            overlay.transport.silent_s(now_s),
            overlay.pinged,
        )
        overlay.pace.see(now_s, overlay.facts(self.fanout.frame_s(overlay)))
        verdict = judge(lag, self.settings.client_buffer_bytes, self.settings.lag_close_s)
        if verdict is Verdict.CATCH_UP:
            self._slow(overlay)
        elif verdict is Verdict.CLOSE:
            self.end(overlay, conversation.SLOW)
        elif verdict is Verdict.GONE:
            self.end(overlay, conversation.SILENT)
        elif verdict is Verdict.PING:
            overlay.pinged = True
            overlay.transport.probe()

    def heartbeat(self) -> None:
        """Send a heartbeat with the top of the log to every overlay that has received nothing for its period."""
        now_s, usual_s = time.monotonic(), self.settings.heartbeat_s
        fields = {"t": "heartbeat", "top": self.feed.cursor.top, "server_ts_ms": time.time() * 1000}
        for group in self.fanout.groups.values():
            # All overlays of a group have one framing, and so one transport.
            period_s = next((overlay.transport.heartbeat_s for overlay in group.live), 0.0) or usual_s
            if group.live and group.sent_s <= now_s - period_s * 0.75 and (heartbeat := group.message(fields)):
                self.fanout.write(group, heartbeat)
        for overlay in self.catchup.resting():
            if not overlay.blocked:
                overlay.send_message(fields)

    # Questions

    async def ask_supervisor(self) -> dict[str, Any]:
        """Return the supervisor's status, or {"error": reason}."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.asking, control.request, self.run_dir, "status", ASK_TIMEOUT_S)
        except Refused as error:
            return {"error": str(error)}

    async def ask_queue_manager(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the queue-manager's answer, or {"error": reason}."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.asking, ask, self._bus, question)
        except Refused as error:
            return {"error": str(error)}

    # Counting

    def overlays_by_state(self) -> dict[str, int]:
        found = Counter(overlay.state for overlay in self.listed())
        return {state.value: found[state] for state in OverlayState if state is not OverlayState.CLOSED}

    def filtered(self) -> Counter[str]:
        return self.fanout.filtered

    def _furthest_behind(self) -> int:
        """Return the number of critical events that the slowest overlay has still to receive."""
        last = self.feed.cursor.last
        greeted = [overlay for overlay in self.listed() if overlay.group is not None]
        return max((last - max(overlay.position, overlay.start_position) for overlay in greeted), default=0)

    def measure(self) -> GatewayMetrics:
        """Return the current metrics."""
        feed, fanout, metrics = self.feed, self.fanout, self.metrics
        counts = feed.cursor.counts
        metrics.connections = self.connections.total
        metrics.dashboards = len(self.overlays) - len(self.listed())
        metrics.overlays = self.overlays_by_state()
        metrics.stalled_overlays = counted([one.name for one in self.listed() if one.pace.condition == STALLED])
        first = [logs.printable(problem[:PROBLEM_CHARS]) for problem in self._alert_problems[:1]]
        metrics.alert_problems = dict.fromkeys(first, len(self._alert_problems))
        self.access.measure()
        metrics.lost_overlays = counted(self.attendance.absent.missed(time.monotonic()))
        metrics.position, metrics.top, metrics.gen = feed.cursor.last, feed.cursor.top, feed.cursor.gen
        metrics.groups = len(fanout.groups)
        metrics.ring_events, metrics.retained_states = len(feed.ring), len(feed.retained)
        metrics.retained_bytes, metrics.retained_evicted = feed.retained.size_bytes, feed.retained.evicted
        metrics.pending_bytes = sum(overlay.pending for overlay in self.overlays.values())
        metrics.queue = self._furthest_behind()
        metrics.bus_messages, metrics.bad_bus_messages = feed.links.received, feed.links.bad_messages
        metrics.frames, metrics.events = fanout.frames, fanout.events
        metrics.sent_messages, metrics.sent_bytes = fanout.messages, fanout.bytes
        metrics.filtered_events, metrics.filtered_by_type = fanout.filtered.total(), dict(fanout.filtered)
        metrics.gaps, metrics.repaired_events = counts.gaps, counts.repaired
        metrics.skipped_positions, metrics.repeated_events = counts.skipped, counts.repeats
        metrics.stale_frames, metrics.foreign_frames = counts.stale, counts.foreign
        metrics.lost_frames, metrics.stale_events = feed.lost_frames, feed.stale_events
        metrics.log_reads = feed.log.reads
        metrics.replayed_events, metrics.slow_switches = self.catchup.replayed_events, self.catchup.slow_switches
        metrics.positions_messages, metrics.positions_bytes = fanout.positions_messages, fanout.positions_bytes
        metrics.positions_skipped = fanout.positions_skipped
        metrics.receipts_sent = self.receipts.sent
        metrics.closed = {str(code): count for code, count in self.closes.items()}
        metrics.latency_ms = {"critical": fanout.critical_ms, "best_effort": fanout.other_ms}
        return metrics
