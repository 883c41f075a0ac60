"""The supervisor's loop, the only owner of the state of the children.

    pipes ─heartbeats▶ ┌──────┐ ─spawn, SIGTERM, SIGUSR1, SIGKILL▶ children
    signals ──────────▶ │ loop │
    control.sock ─────▶ └──────┘ ─status, alerts▶ commands, gateways

A command is a message to this loop. The modules of core/supervision/ make the decisions. This loop carries them out:
it spawns, signals, reaps, measures and answers.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from actors import config, host, logs, program
from actors.config import Settings, SettingsSource
from actors.core.contract.event import UNREADABLE
from actors.core.supervision import health, reload
from actors.core.supervision.children import STALLED_S, Act, ChildAction, Children, ChildState, Lifecycle, Limits
from actors.core.supervision.health import Alert, Board, BudgetRule, Consequence, ProcessHealth
from actors.core.supervision.kinds import TEMPLATE, Child
from actors.core.supervision.restarts import BAD_CONFIG, REFUSED, Policy
from actors.errors import BadInput, ConfigError, Refused
from actors.supervision import children_list, control, forking, meters, signals, status
from actors.supervision.child import Incarnation, Spawn
from actors.supervision.invocation import Invocation
from actors.supervision.logins import Logins
from actors.supervision.ports import Ports
from actors.supervision.status import REASON_CHARACTERS

NOTIFY_S: Final = 1.0  # the interval of notifications to systemd's watchdog, which kills after WatchdogSec=10
FIRST_SAMPLE_S: Final = 0.5  # early, so that a status right after the start has values
TEMPLATE_WAIT_S: Final = 2.0  # the first template needs 0.05 s, because it is forked; one that fails is not waited for
SERVERS: Final = ("gateway", "ingest")  # the kinds of children that listen on a port
SHOWN_LEVEL: Final = "WARNING"  # log lines of children from this level on are repeated on the terminal of `start`

_fact = msgspec.json.Decoder(dict[str, Any])

log = logging.getLogger("supervisor")


class Supervisor:
    """Runs the children of `plan` until a stop is requested. Clock and spawn are arguments, for the tests."""

    def __init__(
        self,
        plan: Iterable[Child],
        settings: Settings,
        run_dir: Path,
        spawn: Spawn,
        on_ready: Callable[[], None] = lambda: None,
        invocation: Invocation | None = None,
        clock: Callable[[], float] = time.monotonic,
        ports: Ports | None = None,
    ) -> None:
        self.children = Children(plan, limits_of(settings))
        self.incarnations: dict[str, Incarnation] = {}
        self.exit_code = 0
        self._settings = settings
        self._run_dir = run_dir
        self._spawn = spawn
        self._on_ready = on_ready
        self._clock = clock
        self._started_s = self._judged_s = self._notified_s = clock()
        self._sample_due_s = clock() + min(FIRST_SAMPLE_S, settings.supervisor.sample_s)
        self._samples = 0
        self._interrupts = 0
        self._listed = True  # children.json is current
        self._unlisted = ""  # why it could not be written
        self._health = {
            lifecycle.child.name: ProcessHealth(rules(settings, lifecycle.child.kind))
            for lifecycle in self.children.lifecycles
        }
        self._board = Board()
        self._meter = meters.Meter(os.getpid())
        self._invocation = invocation or Invocation()
        self._source = self._invocation.source
        self._guardian = meters.Meter(self._invocation.guardian_pid) if self._invocation.guardian_pid else None
        self._held: list[ChildAction] = []  # of the start, until the template is ready
        self._held_until_s = 0.0
        self._code = 0  # the code that the template has imported
        self._adopts = False  # a template was started, so exited processes may be here that are no children of the plan
        self._console: dict[str, logs.Follower] = {}
        self._start_pages = host.StartPages()
        self._selector = selectors.DefaultSelector()
        self._signals = signals.Signals()
        self._selector.register(self._signals.reader, selectors.EVENT_READ, self._signalled)
        self._control = control.ControlServer(run_dir, self._selector, self._command)
        self._logins = Logins(run_dir, self._selector, clock)
        self._ports = ports or Ports()

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        try:
            self._begin(self.children.start())
            while not self.children.stopped:
                self.turn()
        except Exception:
            log.exception("failed")  # into the log file, even when stderr is elsewhere
            raise
        finally:
            self.close()
        return self.exit_code

    def close(self) -> None:
        """Release everything. Children that still run read the end of their stdin and exit."""
        self._show_logs()
        for incarnation in self.incarnations.values():
            incarnation.close()
        for follower in self._console.values():
            follower.close()
        self._logins.close()
        self._ports.close()
        self._control.close()
        self._signals.close()
        self._selector.close()
        # After a failure of ours children still run: the next supervisor needs the list to end them.
        lists = [children_list.FILE] if not self.incarnations else []
        with suppress(OSError):  # a directory that may not be read
            for file in [*self._run_dir.glob("*.sock"), *(self._run_dir / name for name in lists)]:
                with suppress(OSError):  # already removed, or not ours
                    file.unlink()

    def close_connections(self) -> None:
        """Close the control connections: `stop` waits for that. The next start is possible from here on."""
        self._control.close_connections()

    def turn(self) -> None:
        """Wait for the next event and handle it."""
        # NOTIFY_S is a deadline of its own: without children and with rare samples nothing else wakes this loop.
        due_s = min(self._sample_due_s, self._notified_s + NOTIFY_S, self.children.next_due_s() or self._sample_due_s)
        due_s = min(due_s, self._held_until_s) if self._held else due_s
        wait_s = max(0.0, due_s - self._clock())
        events = self._selector.select(wait_s)
        for key, mask in events:
            current = self._selector.get_map().get(key.fd)
            # Skip a file that was closed while an earlier event of the same batch was handled.
            if current is not None and current.fileobj is key.fileobj:
                current.data(mask)
        self._forgive_own_stall(wait_s)
        now_s = self._clock()
        if now_s >= self._sample_due_s:
            self._sample(now_s)
        if now_s >= self._notified_s + NOTIFY_S:
            self._notified_s = now_s
            host.notify("WATCHDOG=1")
            self._start_pages.beat()
            self._show_logs()
        if self._held:
            self._release()
        self._carry_out(self.children.tick(self._clock()))
        if self.children.became_ready():
            self._on_ready()
        if not self._listed:
            self._list_children()

    def _forgive_own_stall(self, wait_s: float) -> None:
        # Measured from call to call, because a process may be stopped anywhere, not only while it waits.
        late_s = self._clock() - self._judged_s - wait_s
        self._judged_s = self._clock()
        if late_s > STALLED_S:
            log.warning("supervisor stalled seconds=%.1f (its own process was stopped)", late_s)
            for lifecycle in self.children.lifecycles:
                lifecycle.forgive(late_s, self._judged_s)

    # Children

    def _begin(self, orders: list[ChildAction]) -> None:
        """Carry out the actions of the start. With a template, the others wait until it can fork them."""
        first = [order for order in orders if order.lifecycle.child.kind == TEMPLATE]
        rest = [order for order in orders if order not in first]
        self._carry_out(first or rest)
        self._held = rest if first else []
        self._held_until_s = self._clock() + TEMPLATE_WAIT_S

    def _release(self) -> None:
        """Carry out the held actions when the template is ready, has failed, or needs too long."""
        template = next((one for one in self.children.lifecycles if one.child.kind == TEMPLATE), None)
        starting = template is not None and template.state is ChildState.STARTING
        if starting and self._clock() < self._held_until_s and not self.children.stopping:
            return
        held, self._held = self._held, []
        # A stop or a reload may have come since.
        current = [] if self.children.stopping else self.children.lifecycles
        self._carry_out(order for order in held if order.lifecycle in current and not order.lifecycle.alive)

    def _carry_out(self, orders: Iterable[ChildAction]) -> None:
        for act, lifecycle in orders:
            name = lifecycle.child.name
            if act is Act.SPAWN:
                self._start(lifecycle)
            elif act is Act.WARN:
                log.warning("child silent name=%s seconds=%.1f", name, self._clock() - lifecycle.heartbeat_s)
            elif name in self.incarnations:
                self._send(act, lifecycle)

    def _send(self, act: Act, lifecycle: Lifecycle) -> None:
        name = lifecycle.child.name
        if act is Act.DUMP:
            log.warning("child hangs name=%s (its log has the stacks, unless the process is stopped)", name)
        if act is Act.KILL:
            log.warning("child killed name=%s state=%s", name, lifecycle.state)
        numbers = {Act.TERMINATE: signal.SIGTERM, Act.DUMP: host.DUMP, Act.KILL: signal.SIGKILL}
        # send_signal polls first, so a pid that the system has reused is never signalled
        self.incarnations[name].process.send_signal(numbers[act])

    def _start(self, lifecycle: Lifecycle) -> None:
        name = lifecycle.child.name
        if lifecycle.child.kind == TEMPLATE:
            self._adopts, self._code = True, program.code_stamp()
        if not self._invocation.background and name not in self._console:
            self._console[name] = logs.Follower(logs.path_of(self._run_dir, name))
        if lifecycle.child.kind in SERVERS:
            self._ports.hold(self._settings)
        try:
            process = self._spawn(lifecycle.child)
        except OSError as error:
            log.error("child not started name=%s error=%r", name, error.strerror)
            lifecycle.not_spawned(self._clock(), f"cannot start: {error.strerror}")
            return
        lifecycle.spawned(process.pid, self._clock())
        incarnation = self.incarnations[name] = Incarnation(lifecycle, process)
        self._health[name].reset()
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, lambda _: self._read_pipe(incarnation))
        self._listed = False

    def _read_pipe(self, incarnation: Incarnation) -> None:
        for line in incarnation.read():
            self._receive(incarnation, line)
        if not incarnation.listening and incarnation.process.stdout is not None:
            self._selector.unregister(incarnation.process.stdout)
            self._reap(incarnation)

    def _receive(self, incarnation: Incarnation, line: bytes) -> None:
        lifecycle = incarnation.lifecycle
        try:
            fact = _fact.decode(line)
        except UNREADABLE:
            if not incarnation.sent_malformed:  # log once: a child that prints in a loop must not fill our log as well
                log.warning("malformed heartbeat name=%s line=%.80r", lifecycle.child.name, line)
            incarnation.sent_malformed = True
            return
        lifecycle.heartbeat(self._clock())
        if isinstance(fact.get("stats"), dict):
            incarnation.update(fact["stats"], fact.get("sources"), self._clock())
        if fact.get("ready") is True and lifecycle.state is ChildState.STARTING:
            log.info("child ready name=%s pid=%s", lifecycle.child.name, lifecycle.pid)
            lifecycle.ready(self._clock())

    def _reap(self, incarnation: Incarnation) -> None:
        code = incarnation.process.poll()
        if code is None:
            return  # its pipe has ended before the process; SIGCHLD follows
        lifecycle = incarnation.lifecycle
        if incarnation.listening and incarnation.process.stdout is not None:
            self._selector.unregister(incarnation.process.stdout)
            for line in incarnation.read():
                self._receive(incarnation, line)
        incarnation.close()
        del self.incarnations[lifecycle.child.name]
        self._listed = False
        lifecycle.died(self._clock(), code, self._reason_of(lifecycle, code))
        self._report_death(lifecycle)

    def _reason_of(self, lifecycle: Lifecycle, code: int) -> str:
        if code == BAD_CONFIG:
            return f"wrong configuration: {last_message(self._run_dir, lifecycle.child.name)}"
        if code == REFUSED:
            return f"refused: {last_message(self._run_dir, lifecycle.child.name)}"
        return signals.reason_of(code)

    def _report_death(self, lifecycle: Lifecycle) -> None:
        name = lifecycle.child.name
        if lifecycle.state is ChildState.FAILED:
            log.error("child refused its configuration name=%s error=%r", name, last_message(self._run_dir, name))
            if not (self._invocation.again or self.children.was_ready or lifecycle.child.optional):
                self.exit_code = BAD_CONFIG
                self.children.stop(self._clock(), "start failed")
        elif lifecycle.state is ChildState.BACKOFF and not lifecycle.stopped_on_request:
            wait_s = lifecycle.due_s - self._clock()
            log.warning("child died name=%s reason=%r restart_in_s=%.1f", name, lifecycle.last_reason, max(0.0, wait_s))
        else:
            log.info("child stopped name=%s reason=%r", name, lifecycle.last_reason)

    # Signals and commands

    def _signalled(self, _events: int) -> None:
        for number in self._signals.wait():
            if number not in signals.STOP:
                continue
            self._interrupts += number == signal.SIGINT
            if self._interrupts > 1:
                self._carry_out(self.children.kill_all())
            else:
                self._stop(signal.Signals(number).name)
        for incarnation in list(self.incarnations.values()):
            self._reap(incarnation)
        self._logins.reap()
        if self._adopts:
            own = {incarnation.process.pid for incarnation in self.incarnations.values()}
            forking.reap_adopted(own | self._logins.pids())

    def _stop(self, reason: str) -> None:
        if not self.children.stopping:
            log.info("stopping reason=%s", reason)
            host.notify("STOPPING=1")
        self.children.stop(self._clock(), f"stopped by {reason}")

    def _command(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["command"] == "status":
            return self.status()
        if request["command"] == "stop":
            self._stop("command")
            return {"ok": True, "pid": os.getpid()}
        if request["command"] not in ("restart", "reload", "login"):
            raise BadInput(f"Unknown command {request['command']!r}. Commands: status, stop, restart, reload, login")
        if self.children.stopping:
            raise Refused("the pipeline is stopping")
        if request["command"] == "login":
            kinds = {name: str(tree.get("kind")) for name, tree in self._settings.sources.items()}
            self._logins.carry_out(request, kinds)
            return {"ok": True}
        if request["command"] == "reload":
            return self._reload(request)
        self._renew_template()
        return self._restart(request.get("name"))

    def _renew_template(self) -> None:
        """Replace a template that was started before the code changed: a restart on request must run the new code."""
        old = [one for one in self.children.find(TEMPLATE) if one.alive and program.code_stamp() != self._code]
        self._restart_all(old, "restarted because the code has changed")

    def _restart(self, name: Any) -> dict[str, Any]:
        lifecycles = self.children.find(name) if isinstance(name, str) else []
        if not lifecycles:
            names = ", ".join(lifecycle.child.name for lifecycle in self.children.lifecycles)
            raise BadInput(f"Unknown process {name!r}. Processes: {names}")
        return {"ok": True, "processes": self._restart_all(lifecycles, "restarted on request")}

    def _restart_all(self, lifecycles: list[Lifecycle], reason: str) -> list[dict[str, Any]]:
        before = [{"name": lifecycle.child.name, "pid": lifecycle.pid} for lifecycle in lifecycles]
        for lifecycle in lifecycles:
            act = lifecycle.restart(self._clock(), reason)
            self._carry_out([ChildAction(act, lifecycle)] if act else [])
        return before

    def _reload(self, request: dict[str, Any]) -> dict[str, Any]:
        """Apply other settings, as a whole or not at all; with `preview`, only return what would be done."""
        try:
            settings = config.of_tree(request.get("settings"))
            source = msgspec.convert(request.get("source"), SettingsSource)
            files = {config.SOURCE_FILE: msgspec.json.encode(source), config.SETTINGS_FILE: config.encode(settings)}
        except (ConfigError, msgspec.ValidationError, UnicodeEncodeError) as error:  # JSON allows half a surrogate pair
            raise BadInput(str(error)) from error
        wanted = reload.plan(
            config.tree_of(self._settings), config.tree_of(settings), self._settings.children(), settings.children()
        )
        if wanted.refusals:
            raise Refused("nothing was changed: " + "; ".join(wanted.refusals))
        old = {lifecycle.child.name for lifecycle in self.children.lifecycles}
        names = {child.name for child in settings.children()}
        answer = {
            "ok": True,
            "changes": [change._asdict() for change in wanted.changes],
            "started": sorted(names - old),
            "stopped": sorted(old - names),
        }
        affected = [lifecycle for name in wanted.restarts for lifecycle in self.children.find(name)]
        failed = [  # the reason may be corrected now
            lifecycle
            for lifecycle in self.children.lifecycles
            if lifecycle.state is ChildState.FAILED and lifecycle.child.name in names
        ]
        again = list(dict.fromkeys([*affected, *failed]))
        if request.get("preview") is True:
            return answer | {"restarted": [{"name": one.child.name, "pid": one.pid} for one in again]}
        self._renew_template()
        self._change(settings, source, files, [change.key for change in wanted.changes])
        return answer | {"restarted": self._restart_all(again, "restarted by a reload")}

    def _change(self, settings: Settings, source: SettingsSource, files: dict[str, bytes], keys: list[str]) -> None:
        """Store the settings, then apply all of them that restart no process."""
        try:
            for name, content in files.items():  # the settings last: they are decisive
                host.write_private(self._run_dir / name, content)
        except OSError as error:
            raise Refused(f"nothing was changed: the settings cannot be written: {error.strerror}") from error
        log.info("reloading keys=%s", ",".join(keys) or "none")
        self._settings, self._source = settings, source
        self._sample_due_s = min(self._sample_due_s, self._clock() + settings.supervisor.sample_s)
        orders = self.children.change(settings.children(), limits_of(settings), self._clock())
        for lifecycle in self.children.lifecycles:
            self._health.setdefault(lifecycle.child.name, ProcessHealth([])).follow(
                rules(settings, lifecycle.child.kind)
            )
        self._carry_out(orders)

    def status(self) -> dict[str, Any]:
        """Return the whole state as plain data; numbers in base units, None for unknown values."""
        now_s = self._clock()
        self._raise_alerts(now_s)  # so that the alerts and rows of one answer describe the same moment
        return {
            "ok": True,
            "pid": os.getpid(),
            "guardian_pid": self._invocation.guardian_pid if self._guardian else None,
            "uptime_s": round(now_s - self._started_s, 3),
            "state": self.children.state(now_s),
            "alerts": [
                status.alert_row(alert, now_s - self._board.since_s(alert), self._command_of(alert))
                for alert in self._board.active
            ],
            **self._meter.readings,
            "guardian_memory_bytes": self._guardian.readings["memory_bytes"] if self._guardian else None,
            "memory_kind": meters.MEMORY_KIND,
            "processes": [
                status.process_row(one, self.incarnations.get(one.child.name), now_s)
                for one in self.children.lifecycles
            ],
            "sources": self._sources(),
            "actors": {name: incarnation.stats for name, incarnation in self.incarnations.items()},
        }

    def _sources(self) -> list[dict[str, Any]]:
        """Return every source."""
        options = self._source.options(str(self._run_dir))
        return [
            row | {"login": self._logins.row(row["name"], row["command"])}
            for lifecycle in self.children.lifecycles
            for row in status.source_rows(
                lifecycle, self.incarnations.get(lifecycle.child.name), self._settings, options
            )
        ]

    def _command_of(self, alert: Alert) -> str:
        return status.command_of(alert, self._source, str(self._run_dir))

    # Timers

    def _sample(self, now_s: float) -> None:
        self._sample_due_s = now_s + self._settings.supervisor.sample_s
        self._samples += 1
        all_meters = [self._meter, *([self._guardian] if self._guardian else [])]
        all_meters += [incarnation.meter for incarnation in self.incarnations.values()]
        for place, meter in enumerate(all_meters):
            meter.sample()
            if meter.incomplete or place == self._samples % len(all_meters):
                meter.sample_expensive()
        if self._guardian is not None and os.getppid() != self._invocation.guardian_pid:
            self._guardian = None
        for incarnation in list(self.incarnations.values()):
            self._judge(incarnation, now_s)
        self._raise_alerts(now_s)
        for name in logs.names(self._run_dir):
            with suppress(OSError):  # a file that is not ours
                logs.rotate(logs.path_of(self._run_dir, name), logs.MAX_BYTES)
        self._keep_settings()

    def _judge(self, incarnation: Incarnation, now_s: float) -> None:
        lifecycle = incarnation.lifecycle
        if lifecycle.state is not ChildState.RUNNING:  # a start uses more than normal work, and must not be interrupted
            return
        for crossing in self._health[lifecycle.child.name].sample(now_s, incarnation.meter.readings):
            word = "exceeded" if crossing.raised else "cleared"
            log.warning("budget %s name=%s budget=%s %r", word, lifecycle.child.name, crossing.alert, crossing.text)
            if crossing.restart:
                self._restart_all([lifecycle], f"over its budget: {crossing.text}")

    def _raise_alerts(self, now_s: float) -> None:
        new, cleared = self._board.update(now_s, self._alerts(now_s))
        for alert in new:
            do = f"{alert.do} {self._command_of(alert)}"
            log.error("alert raised key=%s name=%s text=%r do=%r", alert.key, alert.name, alert.text, do)
        for alert in cleared:
            log.info("alert cleared key=%s name=%s", alert.key, alert.name)

    def _alerts(self, now_s: float) -> list[Alert]:
        """Return all alerts that apply now."""
        found = []
        for lifecycle in self.children.lifecycles:
            name = lifecycle.child.name
            if lifecycle.state is ChildState.FAILED:
                found.append(Alert("process.failed", name, lifecycle.last_reason))
            elif lifecycle.degraded(now_s):
                found.append(
                    Alert(
                        "process.degraded", name, f"restarted {lifecycle.restarts} times, last: {lifecycle.last_reason}"
                    )
                )
            elif lifecycle.silent:
                found.append(Alert("process.silent", name, "no heartbeat"))
            if name in self.incarnations:
                found += self._health[name].alerts(name) + health.of_stats(name, self.incarnations[name].stats)
                found += health.of_sources(self.incarnations[name].sources)
        if self._guardian is None and self._invocation.guardian_pid is not None:
            found.append(Alert("guardian.gone", "supervisor", "the guardian was killed"))
        found += health.of_disk(host.free_bytes(self._run_dir))
        if self._unlisted:
            found.append(Alert("list.unwritten", "supervisor", f"{children_list.FILE}: {self._unlisted}"))
        return found

    def _keep_settings(self) -> None:
        """Write the settings again if they were deleted: children read them at every start."""
        file = self._run_dir / config.SETTINGS_FILE
        with suppress(OSError):
            if not file.exists():
                host.write_private(file, config.encode(self._settings))

    def _show_logs(self) -> None:
        """Repeat warnings and errors of children on the terminal of `start`."""
        if self._invocation.background:
            return
        for follower in self._console.values():
            for fact in follower.facts():
                if fact.at_least(SHOWN_LEVEL):
                    logs.show(fact.line())

    def _list_children(self) -> None:
        """Write the list of running children; a failure raises an alert, and is repeated."""
        try:
            children_list.write(self._run_dir, self.incarnations.values())
        except OSError as error:
            self._unlisted = str(error.strerror)  # for example a full disk
            return
        self._listed, self._unlisted = True, ""


def limits_of(settings: Settings) -> Limits:
    """Return the settings on which the supervisor's decisions depend."""
    own = settings.supervisor
    policy = Policy(own.backoff_first_s, own.backoff_max_s, own.healthy_s)
    return Limits(policy, own.hang_warn_s, own.hang_kill_s, own.drain_s)


def rules(settings: Settings, kind: str) -> list[BudgetRule]:
    """Return the limits of one kind of process."""
    budget = settings.budgets.for_kind(kind)
    return [
        BudgetRule("memory.warn", "rss_bytes", budget.memory_warn_bytes, Consequence(budget.on_memory_warn)),
        BudgetRule(
            "memory.critical", "rss_bytes", budget.memory_critical_bytes, Consequence(budget.on_memory_critical)
        ),
        BudgetRule("cpu.high", "cpu_pct", budget.cpu_pct, Consequence(budget.on_cpu)),
    ]


def last_message(run_dir: Path, name: str) -> str:
    """Return the last error or log line of a child; "" when there is none."""
    lines = logs.last(run_dir, [name], "INFO", 1)
    return str(lines[0].fields().get("error", lines[0].text.split("\n")[-1]))[:REASON_CHARACTERS] if lines else ""
