"""The supervisor's loop: the one owner of all that is known of the children.

    pipes ─heartbeats▶ ┌──────┐ ─spawn, SIGTERM, SIGUSR1, SIGKILL▶ children
    signals ──────────▶ │ loop │
    control.sock ─────▶ └──────┘ ─status, alerts▶ whoever asks

A command is a message to this loop. The modules of core/supervision/ decide what to do; this loop does it: spawn,
signal, reap, measure, answer.
"""

from __future__ import annotations

import json
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
from actors.config import Settings, Source
from actors.core.contract.event import UNREADABLE
from actors.core.sources.state import Report
from actors.core.sources.state import State as SourceState
from actors.core.supervision import health, reload
from actors.core.supervision.children import OVERSLEPT_S, Act, Family, Life, Limits, Order, State
from actors.core.supervision.health import Action, Alert, Board, Health, Rule
from actors.core.supervision.kinds import Child
from actors.core.supervision.restarts import BAD_CONFIG, REFUSED, Policy
from actors.errors import BadInput, ConfigError, Refused
from actors.supervision import control, meters, signals
from actors.supervision.child import Incarnation, Spawn
from actors.supervision.invocation import Invocation

NOTIFY_S: Final = 1.0  # how often systemd's watchdog hears of us; it bites after WatchdogSec=10
FIRST_SAMPLE_S: Final = 0.5  # whoever looks right after the start sees numbers
WORDS: Final = 300  # characters of what a child said that a reason repeats
SHOWN_LEVEL: Final = "WARNING"  # what children write that the terminal of `start` shows as well

_fact = msgspec.json.Decoder(dict[str, Any])

log = logging.getLogger("supervisor")


class Supervisor:
    """Keeps the children of `plan` alive until it is asked to stop. Clock and spawn are arguments, for the tests."""

    def __init__(
        self,
        plan: Iterable[Child],
        settings: Settings,
        run_dir: Path,
        spawn: Spawn,
        on_ready: Callable[[], None] = lambda: None,
        invocation: Invocation | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.family = Family(plan, limits_of(settings))
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
        self._listed = True  # children.json tells the truth
        self._unlisted = ""  # why it could not be written
        self._health = {life.child.name: Health(rules(settings, life.child.kind)) for life in self.family.lives}
        self._board = Board()
        self._meter = meters.Meter(os.getpid())
        self._invocation = invocation or Invocation()
        self._source = self._invocation.source
        self._guardian = meters.Meter(self._invocation.guardian_pid) if self._invocation.guardian_pid else None
        self._console: dict[str, logs.Follower] = {}
        self._selector = selectors.DefaultSelector()
        self._signals = signals.Signals()
        self._selector.register(self._signals.reader, selectors.EVENT_READ, self._signalled)
        self._control = control.Server(run_dir, self._selector, self._command)

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        try:
            self._carry_out(self.family.start())
            while not self.family.stopped:
                self.turn()
        except Exception:
            log.exception("failed")  # in its log, wherever stderr leads
            raise
        finally:
            self.close()
        return self.exit_code

    def close(self) -> None:
        """Leave nothing behind: the end of their stdin tells children that are still there."""
        self._show_logs()
        for incarnation in self.incarnations.values():
            incarnation.close()
        for follower in self._console.values():
            follower.close()
        self._control.close()
        self._signals.close()
        self._selector.close()
        # After a failure of ours children still live: whoever starts next needs the list to end them.
        lists = ["children.json"] if not self.incarnations else []
        with suppress(OSError):  # a directory that may not be read
            for file in [*self._run_dir.glob("*.sock"), *(self._run_dir / name for name in lists)]:
                with suppress(OSError):  # gone already, or not ours
                    file.unlink()

    def hang_up(self) -> None:
        """Tell whoever waits for the end (`stop`) that it has come; the next start is possible from here on."""
        self._control.hang_up()

    def turn(self) -> None:
        """Wait for the next thing to happen and deal with it."""
        # By itself at NOTIFY_S: nobody else wakes this loop when no child lives and samples are rare.
        due_s = min(self._sample_due_s, self._notified_s + NOTIFY_S, self.family.next_due_s() or self._sample_due_s)
        wait_s = max(0.0, due_s - self._clock())
        events = self._selector.select(wait_s)
        for key, mask in events:
            current = self._selector.get_map().get(key.fd)
            # What was closed while an earlier event of the same batch was dealt with has nothing to say any more.
            if current is not None and current.fileobj is key.fileobj:
                current.data(mask)
        self._forgive_if_overslept(wait_s)
        now_s = self._clock()
        if now_s >= self._sample_due_s:
            self._sample(now_s)
        if now_s >= self._notified_s + NOTIFY_S:
            self._notified_s = now_s
            host.notify("WATCHDOG=1")
            self._show_logs()
        self._carry_out(self.family.tick(self._clock()))
        if self.family.became_ready():
            self._on_ready()
        if not self._listed:
            self._list_children()

    def _forgive_if_overslept(self, wait_s: float) -> None:
        # From judgement to judgement, because a process may be stopped anywhere, not only while it waits.
        late_s = self._clock() - self._judged_s - wait_s
        self._judged_s = self._clock()
        if late_s > OVERSLEPT_S:
            log.warning("overslept seconds=%.1f (the supervisor itself was stopped)", late_s)
            for life in self.family.lives:
                life.forgive(late_s, self._judged_s)

    # What the children do

    def _carry_out(self, orders: Iterable[Order]) -> None:
        for act, life in orders:
            name = life.child.name
            if act is Act.SPAWN:
                self._start(life)
            elif act is Act.WARN:
                log.warning("child silent name=%s seconds=%.1f", name, self._clock() - life.heard_s)
            elif name in self.incarnations:
                self._send(act, life)

    def _send(self, act: Act, life: Life) -> None:
        name = life.child.name
        if act is Act.DUMP:
            log.warning("child hangs name=%s (unless it is stopped, its log has where it stands)", name)
        if act is Act.KILL:
            log.warning("child killed name=%s state=%s", name, life.state)
        numbers = {Act.TERMINATE: signal.SIGTERM, Act.DUMP: host.DUMP, Act.KILL: signal.SIGKILL}
        # send_signal polls first, so that a pid which the system has given to another process is never hit
        self.incarnations[name].process.send_signal(numbers[act])

    def _start(self, life: Life) -> None:
        name = life.child.name
        if not self._invocation.background and name not in self._console:
            self._console[name] = logs.Follower(logs.path_of(self._run_dir, name))
        try:
            process = self._spawn(life.child)
        except OSError as error:
            log.error("child not started name=%s error=%r", name, error.strerror)
            life.not_spawned(self._clock(), f"cannot start: {error.strerror}")
            return
        life.spawned(process.pid, self._clock())
        incarnation = self.incarnations[name] = Incarnation(life, process)
        self._health[name].reborn()
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, lambda _: self._hear(incarnation))
        self._listed = False

    def _hear(self, incarnation: Incarnation) -> None:
        for line in incarnation.read():
            self._heard(incarnation, line)
        if not incarnation.listening and incarnation.process.stdout is not None:
            self._selector.unregister(incarnation.process.stdout)
            self._reap(incarnation)

    def _heard(self, incarnation: Incarnation, line: bytes) -> None:
        life = incarnation.life
        try:
            fact = _fact.decode(line)
        except UNREADABLE:
            if not incarnation.sent_malformed:  # once: whoever prints in a loop must not fill our log as well
                log.warning("child said no heartbeat name=%s line=%.80r", life.child.name, line)
            incarnation.sent_malformed = True
            return
        life.beat(self._clock())
        if isinstance(fact.get("stats"), dict):
            incarnation.beats(fact["stats"], fact.get("sources"), self._clock())
        if fact.get("ready") is True and life.state is State.STARTING:
            log.info("child ready name=%s pid=%s", life.child.name, life.pid)
            life.ready(self._clock())

    def _reap(self, incarnation: Incarnation) -> None:
        code = incarnation.process.poll()
        if code is None:
            return  # its pipe has ended before it has; SIGCHLD will tell
        life = incarnation.life
        if incarnation.listening and incarnation.process.stdout is not None:
            self._selector.unregister(incarnation.process.stdout)
            for line in incarnation.read():
                self._heard(incarnation, line)
        incarnation.close()
        del self.incarnations[life.child.name]
        self._listed = False
        life.died(self._clock(), code, self._reason_of(life, code))
        self._report_death(life)

    def _reason_of(self, life: Life, code: int) -> str:
        if code == BAD_CONFIG:
            return f"wrong configuration: {own_words(self._run_dir, life.child.name)}"
        if code == REFUSED:
            return f"refused: {own_words(self._run_dir, life.child.name)}"
        return signals.reason_of(code)

    def _report_death(self, life: Life) -> None:
        name = life.child.name
        if life.state is State.FAILED:
            log.error("child refused its configuration name=%s said=%r", name, own_words(self._run_dir, name))
            if not (self._invocation.again or self.family.was_ready or life.child.optional):
                self.exit_code = BAD_CONFIG
                self.family.stop(self._clock(), "start failed")
        elif life.state is State.BACKOFF and not life.left_on_request:
            wait_s = life.due_s - self._clock()
            log.warning("child died name=%s reason=%r restart_in_s=%.1f", name, life.last_reason, max(0.0, wait_s))
        else:
            log.info("child stopped name=%s reason=%r", name, life.last_reason)

    # What the outside says

    def _signalled(self, _events: int) -> None:
        for number in self._signals.wait():
            if number not in signals.STOP:
                continue
            self._interrupts += number == signal.SIGINT
            if self._interrupts > 1:
                self._carry_out(self.family.abandon())
            else:
                self._stop(signal.Signals(number).name)
        for incarnation in list(self.incarnations.values()):
            self._reap(incarnation)

    def _stop(self, reason: str) -> None:
        if not self.family.stopping:
            log.info("stopping reason=%s", reason)
            host.notify("STOPPING=1")
        self.family.stop(self._clock(), f"stopped by {reason}")

    def _command(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["command"] == "status":
            return self.status()
        if request["command"] == "stop":
            self._stop("command")
            return {"ok": True, "pid": os.getpid()}
        if request["command"] not in ("restart", "reload"):
            raise BadInput(f"no command is called {request['command']!r}; there are status, stop, restart, reload")
        if self.family.stopping:
            raise Refused("the pipeline is stopping")
        return self._restart(request.get("name")) if request["command"] == "restart" else self._reload(request)

    def _restart(self, name: Any) -> dict[str, Any]:
        lives = self.family.find(name) if isinstance(name, str) else []
        if not lives:
            names = ", ".join(life.child.name for life in self.family.lives)
            raise BadInput(f"no process is called {name!r}; there are {names}")
        return {"ok": True, "processes": self._restart_lives(lives, "restarted on request")}

    def _restart_lives(self, lives: list[Life], reason: str) -> list[dict[str, Any]]:
        before = [{"name": life.child.name, "pid": life.pid} for life in lives]
        for life in lives:
            act = life.restart(self._clock(), reason)
            self._carry_out([Order(act, life)] if act else [])
        return before

    def _reload(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take other settings, as a whole or not at all."""
        try:
            settings = config.of_tree(request.get("settings"))
            source = msgspec.convert(request.get("source"), Source)
            files = {config.SOURCE_FILE: msgspec.json.encode(source), config.SETTINGS_FILE: config.hand_down(settings)}
        except (ConfigError, msgspec.ValidationError, UnicodeEncodeError) as error:  # half a character is text in JSON
            raise BadInput(str(error)) from error
        wanted = reload.plan(
            config.tree_of(self._settings), config.tree_of(settings), self._settings.children(), settings.children()
        )
        if wanted.refusals:
            raise Refused("nothing was changed: " + "; ".join(wanted.refusals))
        try:
            for name, content in files.items():  # the settings last: they are what counts
                host.write_private(self._run_dir / name, content)
        except OSError as error:
            raise Refused(f"nothing was changed: the settings cannot be written: {error.strerror}") from error
        log.info("reloading keys=%s", ",".join(change.key for change in wanted.changes) or "none")
        self._settings, self._source = settings, source
        self._sample_due_s = min(self._sample_due_s, self._clock() + settings.supervisor.sample_s)
        old = {life.child.name for life in self.family.lives}
        plan = settings.children()
        orders = self.family.change(plan, limits_of(settings), self._clock())
        for life in self.family.lives:
            self._health.setdefault(life.child.name, Health([])).follow(rules(settings, life.child.kind))
        self._carry_out(orders)
        names = {child.name for child in plan}
        affected = [life for name in wanted.restarts for life in self.family.find(name)]
        refused = [life for life in self.family.lives if life.state is State.FAILED]  # what it refused may be corrected
        again = [life for life in dict.fromkeys([*affected, *refused]) if life.child.name in old & names]
        return {
            "ok": True,
            "changes": [change._asdict() for change in wanted.changes],
            "restarted": self._restart_lives(again, "restarted by a reload"),
            "started": sorted(names - old),
            "stopped": sorted(old - names),
        }

    def status(self) -> dict[str, Any]:
        """Return the whole state as plain data; numbers in base units, None for what is not known."""
        now_s = self._clock()
        self._raise_alerts(now_s)  # samples are seconds apart; alerts and rows of one answer are of one moment
        return {
            "ok": True,
            "pid": os.getpid(),
            "guardian_pid": self._invocation.guardian_pid if self._guardian else None,
            "uptime_s": round(now_s - self._started_s, 3),
            "state": self.family.state(now_s),
            "alerts": [self._alert_row(alert, now_s) for alert in self._board.standing],
            **self._meter.readings,
            "guardian_rss_bytes": self._guardian.readings["rss_bytes"] if self._guardian else None,
            "processes": [self._row(life, now_s) for life in self.family.lives],
            "sources": self._sources(),
            "actors": {name: incarnation.stats for name, incarnation in self.incarnations.items()},
        }

    def _sources(self) -> list[dict[str, Any]]:
        """Return every source: as its process reports it, or why there is no process."""
        rows = []
        for life in self.family.lives:
            incarnation = self.incarnations.get(life.child.name)
            reports = incarnation.sources if incarnation else []
            if life.child.kind == "source" and not reports:
                kind = self._settings.all_sources().get(life.child.name, {}).get("kind", "")
                state = SourceState.REFUSED if life.state is State.FAILED else SourceState.CONNECTING
                reports = [Report(life.child.name, kind, state, detail=life.last_reason[:WORDS])]
            per_s = incarnation.received_per_s if incarnation else {}
            rows += [msgspec.to_builtins(report) | {"events_per_s": per_s.get(report.name)} for report in reports]
        return rows

    def _alert_row(self, alert: Alert, now_s: float) -> dict[str, Any]:
        for_s = round(now_s - self._board.since_s(alert), 3)
        more = {"level": alert.level, "for_s": for_s, "do": alert.do, "command": self._paste(alert)}
        return alert._asdict() | more

    def _paste(self, alert: Alert) -> str:
        """Return the command of an alert with the options that name this pipeline, so that it can be pasted."""
        # A start needs every option; other commands only those that say which pipeline is meant.
        options = self._source.options(str(self._run_dir), every=alert.command.startswith("start"))
        return f"{program.NAME} {alert.command}{options}"

    def _row(self, life: Life, now_s: float) -> dict[str, Any]:
        incarnation = self.incarnations.get(life.child.name)
        row: dict[str, Any] = {
            "name": life.child.name,
            "kind": life.child.kind,
            "state": life.state,
            "pid": life.pid,
            "uptime_s": round(now_s - life.since_s, 3) if incarnation else None,
            "restarts": life.restarts,
            "last_reason": life.last_reason,
            "heart_age_s": round(now_s - life.heard_s, 3) if incarnation else None,
            "degraded": life.degraded(now_s),
            "silent": life.silent,
        }
        return row | (incarnation.readings() if incarnation else {})

    # What is due by time

    def _sample(self, now_s: float) -> None:
        self._sample_due_s = now_s + self._settings.supervisor.sample_s
        self._samples += 1
        for meter in (self._meter, self._guardian, *(incarnation.meter for incarnation in self.incarnations.values())):
            if meter is not None:
                meter.sample()
        dear = [self._meter, *(incarnation.meter for incarnation in self.incarnations.values())]
        dear[self._samples % len(dear)].sample_dear()
        if self._guardian is not None and os.getppid() != self._invocation.guardian_pid:
            self._guardian = None
        for incarnation in list(self.incarnations.values()):
            self._judge(incarnation, now_s)
        self._raise_alerts(now_s)
        with suppress(OSError):  # a folder that may not be read (any more)
            for file in (self._run_dir / logs.FOLDER).glob("*.log"):
                with suppress(OSError):  # whatever else somebody has put there
                    logs.rotate(file, logs.MAX_BYTES)
        self._keep_settings()

    def _judge(self, incarnation: Incarnation, now_s: float) -> None:
        life = incarnation.life
        if life.state is not State.RUNNING:  # what it uses while it starts says nothing, and it must not be restarted
            return
        for verdict in self._health[life.child.name].sample(now_s, incarnation.meter.readings):
            word = "exceeded" if verdict.raised else "kept again"
            log.warning("budget %s name=%s budget=%s %r", word, life.child.name, verdict.alert, verdict.text)
            if verdict.restart:
                self._restart_lives([life], f"over its budget: {verdict.text}")

    def _raise_alerts(self, now_s: float) -> None:
        new, gone = self._board.update(now_s, self._alerts(now_s))
        for alert in new:
            do = f"{alert.do} {self._paste(alert)}"
            log.error("alert raised key=%s name=%s text=%r do=%r", alert.key, alert.name, alert.text, do)
        for alert in gone:
            log.info("alert cleared key=%s name=%s", alert.key, alert.name)

    def _alerts(self, now_s: float) -> list[Alert]:
        """Return everything that an operator should know now."""
        found = []
        for life in self.family.lives:
            name = life.child.name
            if life.state is State.FAILED:
                found.append(Alert("process.failed", name, life.last_reason))
            elif life.degraded(now_s):
                found.append(
                    Alert("process.degraded", name, f"restarted {life.restarts} times, last: {life.last_reason}")
                )
            elif life.silent:
                found.append(Alert("process.silent", name, "no sign of life"))
            if name in self.incarnations:
                found += self._health[name].alerts(name) + health.of_stats(name, self.incarnations[name].stats)
                found += health.of_sources(self.incarnations[name].sources)
        if self._guardian is None and self._invocation.guardian_pid is not None:
            found.append(Alert("guardian.gone", "supervisor", "its guardian was ended"))
        if self._unlisted:
            found.append(Alert("list.unwritten", "supervisor", f"children.json: {self._unlisted}"))
        return found

    def _keep_settings(self) -> None:
        """Children read the settings when they start; whoever clears away old files must not take them along."""
        file = self._run_dir / config.SETTINGS_FILE
        with suppress(OSError):
            if not file.exists():
                host.write_private(file, config.hand_down(self._settings))

    def _show_logs(self) -> None:
        """Repeat on the terminal of `start` what children have written and somebody should read."""
        if self._invocation.background:
            return
        for follower in self._console.values():
            for fact in follower.facts():
                if fact.at_least(SHOWN_LEVEL):
                    logs.show(fact.line())

    def _list_children(self) -> None:
        """Leave behind who is running, for whoever starts after this process was killed."""
        boot = host.boot_id()
        rows = [
            {"name": name, "pid": incarnation.process.pid, "created_s": incarnation.meter.created_s, "boot": boot}
            for name, incarnation in self.incarnations.items()
        ]
        # Not durable: after a loss of power there is nobody left to kill, and this loop must not wait for a disk.
        try:
            host.write_private(self._run_dir / "children.json", json.dumps(rows).encode(), durable=False)
        except OSError as error:
            self._unlisted = str(
                error.strerror
            )  # a full disk: an alert says so; the list only helps after our own death
            return
        self._listed, self._unlisted = True, ""


def limits_of(settings: Settings) -> Limits:
    """Return what the supervisor's decisions need of the settings."""
    own = settings.supervisor
    policy = Policy(own.backoff_first_s, own.backoff_max_s, own.healthy_s)
    return Limits(policy, own.hang_warn_s, own.hang_kill_s, own.drain_s)


def rules(settings: Settings, kind: str) -> list[Rule]:
    """Return the limits of one kind of process."""
    budget = settings.budgets.for_kind(kind)
    return [
        Rule("memory.warn", "rss_bytes", budget.memory_warn_bytes, Action(budget.on_memory_warn)),
        Rule("memory.critical", "rss_bytes", budget.memory_critical_bytes, Action(budget.on_memory_critical)),
        Rule("cpu.high", "cpu_pct", budget.cpu_pct, Action(budget.on_cpu)),
    ]


def own_words(run_dir: Path, name: str) -> str:
    """Return what a child said last: the error that it named, or the line of its log; "" when there is none."""
    said = logs.last(run_dir, [name], "INFO", 1)
    return str(said[0].fields().get("error", said[0].text.split("\n")[-1]))[:WORDS] if said else ""


def leftovers(run_dir: Path) -> list[tuple[str, int, float]] | None:
    """Return (name, pid, create time) of the children of a supervisor that was killed itself; None: it was not."""
    try:
        listed = json.loads((run_dir / "children.json").read_text(encoding="utf-8"))
        mine = [row for row in listed if row["pid"] > 0 and row["boot"] == host.boot_id()]  # pids begin anew at a boot
        return [(str(row["name"]), int(row["pid"]), float(row["created_s"])) for row in mine]
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, OSError):
        return []  # torn by a loss of power, which has left nobody behind, or none of ours
