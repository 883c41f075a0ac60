#!/usr/bin/env python3
"""Framewire's command line, and the process tree behind `start`.

    start = guardian ─▶ supervisor ─▶ broadcaster, gateway-1, queue-manager, normalizer-1, ingest, demo

The guardian starts the supervisor again when it is killed; the supervisor does so for the actors. It stops an actor by
SIGTERM; an actor that reads the end of its stdin knows that the supervisor is gone. Every second an actor writes a
line to its stdout, which proves that its loop turns.

One loop owns all state of the children; a command is a message to that loop. What to do is decided in
actors/core/children.py and restarts.py; what is done is done here: spawn, signal, reap, measure, answer.
"""

from __future__ import annotations

if __name__ == "__main__":
    from actors import interpreter

    interpreter.ensure()

import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import click
import msgspec

from actors import commands, config, control, guardian, host, signals, tokens
from actors.config import Settings
from actors.core import topology
from actors.core.children import OVERSLEPT_S, Act, Family, Life, Limits, Order, State
from actors.core.restarts import BAD_CONFIG, Policy
from actors.core.topology import Child
from actors.errors import BadInput, ConfigError, Refused

if TYPE_CHECKING:
    import psutil  # at run time where it is used: 4 MB that a command need not carry

LINE_BYTES: Final = 64 << 10  # a heart line has some hundred bytes; what is longer is none
LEFTOVER_S: Final = 3.0  # an orphan leaves by itself after at most 2 s (runtime.ORPHAN_GRACE_S)
SAME_START_S: Final = 2.0  # a process start time is derived from the boot time, which a clock step may shift
DETACHED_READY_S: Final = 30.0
LOG_BYTES: Final = 5 << 20  # per process, and as much again for the one before

MYSELF: Final = [sys.executable, str(Path(__file__).resolve())]

log = logging.getLogger("supervisor")


class Process(Protocol):
    """What the supervisor needs of subprocess.Popen; the tests give it something smaller."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...


Spawn = Callable[[Child], Process]


class Meter:
    """CPU and memory of one process; one psutil handle per incarnation, because percentages are differences."""

    def __init__(self, pid: int) -> None:
        import psutil

        self.cpu_pct: float | None = None
        self.rss_bytes: int | None = None
        self.created_s = 0.0
        self._gone: type[Exception] = psutil.Error
        try:
            self._handle: psutil.Process | None = psutil.Process(pid)
            self.created_s = self._handle.create_time()
            self._handle.cpu_percent(None)  # the first call only starts the measurement
        except psutil.Error:
            self._handle = None

    def sample(self) -> None:
        """Measure since the last call."""
        if self._handle is None:
            return
        try:
            self.cpu_pct, self.rss_bytes = self._handle.cpu_percent(None), self._handle.memory_info().rss
        except self._gone:
            self._handle = self.cpu_pct = self.rss_bytes = None


class Incarnation:
    """One process of a child: its pipes, its meter, the last thing it said."""

    def __init__(self, life: Life, process: Process) -> None:
        self.life = life
        self.process = process
        self.meter = Meter(process.pid)
        self.stats: dict[str, Any] = {}
        self.babbled = False
        self.pending = bytearray()
        self.listening = process.stdout is not None

    def read(self) -> list[bytes]:
        """Return the whole lines that have come; `listening` ends with the pipe."""
        if self.process.stdout is None or not self.listening:
            return []
        try:
            data = os.read(self.process.stdout.fileno(), LINE_BYTES)
        except BlockingIOError:
            return []
        self.listening = bool(data)
        *lines, rest = bytes(self.pending + data).split(b"\n")
        self.pending = bytearray(rest[:LINE_BYTES])
        return lines

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class Supervisor:
    """Keeps the children of `plan` alive until it is asked to stop. Clock and spawn are arguments, for the tests."""

    def __init__(
        self,
        plan: Iterable[Child],
        settings: Settings,
        run_dir: Path,
        spawn: Spawn,
        on_ready: Callable[[], None] = lambda: None,
        origin: Origin | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.family = Family(plan, limits_of(settings))
        self.incarnations: dict[str, Incarnation] = {}
        self.exit_code = 0
        self._run_dir = run_dir
        self._sample_s = settings.supervisor.sample_s
        self._spawn = spawn
        self._on_ready = on_ready
        self._clock = clock
        self._started_s = clock()
        self._judged_s = clock()
        self._sample_due_s = clock() + self._sample_s
        self._interrupts = 0
        self._listed = True  # children.json tells the truth
        self._meter = Meter(os.getpid())
        self._origin = origin or Origin()
        self._guardian = Meter(self._origin.guardian_pid) if self._origin.guardian_pid else None
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
        finally:
            self.close()
        return self.exit_code

    def close(self) -> None:
        """Leave nothing behind: the end of their stdin tells children that are still there."""
        for incarnation in self.incarnations.values():
            incarnation.close()
        self._control.close()
        self._signals.close()
        self._selector.close()
        for file in [
            *self._run_dir.glob("*.sock"),
            *(self._run_dir / name for name in ("children.json", "control.port")),
        ]:
            file.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """Tell whoever waits for the end (`stop`) that it has come; the next start is possible from here on."""
        self._control.hang_up()

    def turn(self) -> None:
        """Wait for the next thing to happen and deal with it."""
        due_s = min(self._sample_due_s, self.family.next_due_s() or self._sample_due_s)
        wait_s = max(0.0, due_s - self._clock())
        events = self._selector.select(wait_s)
        for key, mask in events:
            current = self._selector.get_map().get(key.fd)
            # What was closed while an earlier event of the same batch was dealt with has nothing to say any more.
            if current is not None and current.fileobj is key.fileobj:
                current.data(mask)
        self._forgive_if_overslept(wait_s)
        if self._clock() >= self._sample_due_s:
            self._sample()
        self._carry_out(self.family.tick(self._clock()))
        if not self._listed:
            self._list_children()

    def _forgive_if_overslept(self, wait_s: float) -> None:
        # From judgement to judgement, because a process may be stopped anywhere, not only while it waits.
        late_s = self._clock() - self._judged_s - wait_s
        self._judged_s = self._clock()
        if late_s > OVERSLEPT_S:
            log.warning("overslept seconds=%.1f (the supervisor itself was stopped)", late_s)
            for life in self.family.lives:
                life.forgive(late_s)

    # What the children do

    def _carry_out(self, orders: Iterable[Order]) -> None:
        for act, life in orders:
            name = life.child.name
            if act is Act.SPAWN:
                self._start(life)
            elif act is Act.WARN:
                log.warning("child silent name=%s seconds=%.1f", name, self._clock() - life.heard_s)
            elif name in self.incarnations:
                if act is Act.KILL:
                    log.warning("child killed name=%s state=%s", name, life.state)
                # send_signal polls first, so that a pid which the system has given to somebody else is never hit
                self.incarnations[name].process.send_signal(signal.SIGTERM if act is Act.TERMINATE else signals.KILL)

    def _start(self, life: Life) -> None:
        try:
            process = self._spawn(life.child)
        except OSError as error:
            log.error("child not started name=%s error=%s", life.child.name, error.strerror)
            life.not_spawned(self._clock(), f"cannot start: {error.strerror}")
            return
        life.spawned(process.pid, self._clock())
        incarnation = self.incarnations[life.child.name] = Incarnation(life, process)
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
            fact = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError:
            if not incarnation.babbled:  # once: whoever prints in a loop must not fill our log as well
                log.warning("child said no heart line name=%s line=%.80r", life.child.name, line)
            incarnation.babbled = True
            return
        life.beat(self._clock())
        if isinstance(fact.get("stats"), dict):
            incarnation.stats = fact["stats"]
        if fact.get("ready") is True:
            log.info("child ready name=%s pid=%s", life.child.name, life.pid)
            if self.family.ready(life, self._clock()):
                self._on_ready()

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
        life.died(self._clock(), code, signals.reason_of(code))
        self._report_death(life)

    def _report_death(self, life: Life) -> None:
        name = life.child.name
        if life.state is State.FAILED:
            log.error("child refused its configuration name=%s %s", name, own_words(self._run_dir, name))
            if not self._origin.again and not self.family.was_ready:
                self.exit_code = BAD_CONFIG
                self.family.stop(self._clock(), "start failed")
        elif life.state is State.BACKOFF:
            wait_s = life.due_s - self._clock()
            log.warning("child died name=%s reason=%r restart_in_s=%.1f", name, life.last_reason, max(0.0, wait_s))
        else:
            log.info("child stopped name=%s", name)

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
        self.family.stop(self._clock(), f"stopped by {reason}")

    def _command(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["command"] == "status":
            return self.status()
        if request["command"] == "stop":
            self._stop("command")
            return {"ok": True, "pid": os.getpid()}
        if request["command"] == "restart":
            return self._restart(request.get("name"))
        raise BadInput(f"no command is called {request['command']!r}; there are status, stop, restart")

    def _restart(self, name: Any) -> dict[str, Any]:
        lives = self.family.find(name) if isinstance(name, str) else []
        if not lives:
            names = ", ".join(life.child.name for life in self.family.lives)
            raise BadInput(f"no process is called {name!r}; there are {names}")
        if self.family.stopping:
            raise Refused("the pipeline is stopping")
        before = [{"name": life.child.name, "pid": life.pid} for life in lives]
        for life in lives:
            act = life.restart(self._clock())
            self._carry_out([Order(act, life)] if act else [])
        return {"ok": True, "processes": before}

    def status(self) -> dict[str, Any]:
        """Return the whole state as plain data; numbers in base units, None for what is not known."""
        now_s = self._clock()
        return {
            "ok": True,
            "pid": os.getpid(),
            "guardian_pid": self._origin.guardian_pid if self._guardian else None,
            "uptime_s": round(now_s - self._started_s, 3),
            "state": self.family.state(now_s),
            "cpu_pct": self._meter.cpu_pct,
            "rss_bytes": self._meter.rss_bytes,
            "guardian_rss_bytes": self._guardian.rss_bytes if self._guardian else None,
            "processes": [self._row(life, now_s) for life in self.family.lives],
            "actors": {name: incarnation.stats for name, incarnation in self.incarnations.items()},
        }

    def _row(self, life: Life, now_s: float) -> dict[str, Any]:
        incarnation = self.incarnations.get(life.child.name)
        return {
            "name": life.child.name,
            "kind": life.child.kind,
            "state": life.state,
            "pid": life.pid,
            "uptime_s": round(now_s - life.since_s, 3) if incarnation else None,
            "restarts": life.restarts,
            "last_reason": life.last_reason,
            "cpu_pct": incarnation.meter.cpu_pct if incarnation else None,
            "rss_bytes": incarnation.meter.rss_bytes if incarnation else None,
            "heart_age_s": round(now_s - life.heard_s, 3) if incarnation else None,
            "degraded": life.degraded(now_s),
        }

    # What is due by time

    def _sample(self) -> None:
        self._sample_due_s = self._clock() + self._sample_s
        for meter in (self._meter, self._guardian, *(incarnation.meter for incarnation in self.incarnations.values())):
            if meter is not None:
                meter.sample()
        for file in (self._run_dir / "log").glob("*.log"):
            rotate(file)
        if self._guardian is not None and os.getppid() != self._origin.guardian_pid:
            log.warning("guardian gone (the pipeline works on, but nobody would restart the supervisor)")
            self._guardian = None

    def _list_children(self) -> None:
        """Leave behind who is running, for whoever starts after this process was killed."""
        self._listed = True
        rows = [
            {"name": name, "pid": incarnation.process.pid, "created_s": incarnation.meter.created_s}
            for name, incarnation in self.incarnations.items()
        ]
        # Not durable: after a loss of power there is nobody left to kill, and this loop must not wait for a disk.
        try:
            host.write_private(self._run_dir / "children.json", json.dumps(rows).encode(), durable=False)
        except OSError as error:
            # A full disk: the children say so, and recover when there is room; this list only helps after our own
            # death.
            log.error("children_not_listed error=%s", error.strerror)


def limits_of(settings: Settings) -> Limits:
    """Return what the supervisor's decisions need of the settings."""
    own = settings.supervisor
    policy = Policy(own.backoff_first_s, own.backoff_max_s, own.healthy_s)
    return Limits(policy, own.hang_warn_s, own.hang_kill_s, own.drain_s)


def rotate(file: Path) -> None:
    """Keep a log within its size. Copied and truncated, because the process that writes it keeps it open."""
    if file.stat().st_size > LOG_BYTES:
        shutil.copyfile(file, file.with_suffix(".log.1"))
        os.truncate(file, 0)


def kill_leftovers(run_dir: Path) -> bool:
    """Kill the children of a supervisor that was killed itself, and wait for their end; True when there was one."""
    try:
        listed = json.loads((run_dir / "children.json").read_text(encoding="utf-8"))
        rows = [(str(row["name"]), int(row["pid"]), float(row["created_s"])) for row in listed if row["pid"] > 0]
    except FileNotFoundError:
        return False
    except (ValueError, TypeError, KeyError):
        rows = []  # torn by a loss of power, which has left nobody behind
    import psutil

    victims = []
    for name, pid, created_s in rows:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(process.create_time() - created_s) < SAME_START_S:
                process.kill()
                victims.append(process)
                log.warning("leftover killed name=%s pid=%d", name, pid)
    deadline_s = time.monotonic() + LEFTOVER_S
    while any(_runs(victim) for victim in victims) and time.monotonic() < deadline_s:
        time.sleep(0.002)
    return True


def _runs(process: psutil.Process) -> bool:
    """Tell whether it still holds anything; what is dead and not reaped (in a container, by nobody ever) does not."""
    import psutil

    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def check_ports(settings: Settings, patience_s: float) -> None:
    """See that the two addresses are free, waiting `patience_s` for orphans that are about to leave.

    Raises:
        Refused: somebody listens there.
        ConfigError: the host is none of this machine.
    """
    deadline_s = time.monotonic() + patience_s
    for section, address in (("gateway", settings.gateway), ("ingest", settings.ingest)):
        while not host.port_is_free(section, address.host, address.port):
            if time.monotonic() >= deadline_s:
                raise Refused(
                    f"{section}.port {address.port} on {address.host} is in use by another program; "
                    f"stop that, or choose another port: --set {section}.port={address.port + 100}"
                )
            time.sleep(0.05)


def environment() -> dict[str, str]:
    """Return the environment in which `python -m actors…` finds the actors, installed or not."""
    path = os.pathsep.join(filter(None, [str(commands.ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": path}


def spawner(run_dir: Path, program: tuple[str, ...], to_files: bool) -> Spawn:
    """Return what starts `python -m actors NAME RUN_DIR`, with stderr to the terminal or to RUN_DIR/log/NAME.log."""

    def spawn(child: Child) -> subprocess.Popen[bytes]:
        stderr = open_log(run_dir, child.name) if to_files else None
        try:
            return subprocess.Popen(
                # -P: an `actors` directory where the command happens to be called is not ours
                [sys.executable, "-P", *program, child.name, str(run_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                env=environment(),
                **host.new_group(),
            )
        finally:
            if stderr is not None:
                stderr.close()

    return spawn


def open_log(run_dir: Path, name: str) -> IO[bytes]:
    path = host.private_directory(run_dir / "log") / f"{name}.log"
    host.touch_private(path)
    return path.open("ab")


def own_words(run_dir: Path, name: str) -> str:
    """Return the last line of a child's log; "" when it writes to the terminal, where everybody has read it."""
    file = run_dir / "log" / f"{name}.log"
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return f"said={lines[-1]!r}" if lines else ""


def prepare(settings: Settings) -> tuple[Settings, Path, IO[bytes]]:
    """Make the run directory this pipeline's own; return it, the settings with its absolute path, and the lock.

    Raises:
        ConfigError: it cannot be used.
        Refused: a pipeline runs there.
    """
    run_dir = commands.run_dir_of(settings)
    try:
        host.private_directory(run_dir)
    except OSError as error:
        raise ConfigError(f"run_dir {run_dir} cannot be made: {error.strerror}") from error
    host.endpoint(run_dir, "normalizer-64.critical")  # the longest name: refuse a long path here, not in a child
    file = run_dir / "supervisor.lock"
    try:
        lock = host.lock(file, "supervisor")
    except Refused as error:
        holder = file.read_text(errors="replace")
        raise Refused(
            f"a pipeline is already running with run_dir {run_dir} ({holder}); ./supervisor.py stop ends it, another "
            "run_dir (--set run_dir=NAME) runs beside it"
        ) from error
    settings = msgspec.structs.replace(settings, run_dir=str(run_dir))
    host.write_private(run_dir / config.SETTINGS_FILE, config.hand_down(settings))
    tokens.load_or_create(run_dir)
    return settings, run_dir, lock


class Origin(NamedTuple):
    """Who called this supervisor, and how."""

    guardian_pid: int | None = None
    background: bool = False  # children log to files, URLs are not printed
    again: bool = False  # it replaces one that was killed: nothing may keep it from starting
    since_s: float = 0.0  # monotonic: when the command was given
    as_json: bool = False


def supervise(
    settings: Settings, origin: Origin, plan: Iterable[Child] | None = None, program: tuple[str, ...] = ("-m", "actors")
) -> int:
    """Be the supervisor until stopped; return the exit code. The tests have a plan and a program of their own."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings, run_dir, lock = prepare(settings)
    with lock:
        orphans = kill_leftovers(run_dir)
        if not origin.again:
            check_ports(settings, LEFTOVER_S if orphans else 0.0)
        if plan is None:
            plan = topology.children(settings.gateway.processes, settings.normalizer.processes, settings.demo)

        def on_ready() -> None:
            seconds = time.monotonic() - origin.since_s
            log.info("ready seconds=%.2f", seconds)
            if not origin.background and not origin.again:
                click.echo(announcement(settings, run_dir, seconds, origin.as_json))

        spawn = spawner(run_dir, program, to_files=origin.background)
        supervisor = Supervisor(plan, settings, run_dir, spawn, on_ready, origin)
        code = supervisor.run()
    supervisor.hang_up()
    return code


def announcement(settings: Settings, run_dir: Path, seconds: float, as_json: bool) -> str:
    """Return what a streamer needs to see: the URLs, and how to stop."""
    made = tokens.load(run_dir)
    overlay, dashboard, source = commands.urls(settings, made.display, made.control, made.ingest)
    if as_json:
        facts = {"ready": True, "seconds": round(seconds, 3), "run_dir": str(run_dir)}
        return json.dumps(facts | {"overlay": overlay, "dashboard": dashboard, "srcds": source})
    return (
        f"Framewire is ready ({seconds:.1f} s)\n\n"
        f"  Overlay for OBS    {overlay}\n"
        f"  Dashboard          {dashboard}\n"
        f"  Game server log    {source}\n\n"
        "These URLs hold secrets: do not show them on stream. Ctrl-C or ./supervisor.py stop ends it."
    )


@click.group(
    cls=commands.CommandLine,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong configuration or usage, 3 not running or already running.",
)
def main() -> None:
    """Live events from games and platforms to stream overlays; critical ones are never lost."""


@main.command("start")
@commands.located
@commands.as_json
@click.option("--detach", is_flag=True, help="Return when it is ready; logs go to RUN_DIR/log.")
@click.option("--no-guardian", is_flag=True, help="Somebody else restarts the supervisor: systemd, a test.")
@click.option("--guarded-by", type=int, hidden=True, help="The pid of the guardian that called this.")
@click.option("--background", is_flag=True, hidden=True, help="Children log to files, URLs are not printed.")
@click.option("--since", type=float, hidden=True, help="When the command was given, on the monotonic clock.")
@click.option("--again", type=click.Path(path_type=Path), hidden=True, help="Replace the one killed in this run_dir.")
def start(
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
    detach: bool,
    no_guardian: bool,
    guarded_by: int | None,
    background: bool,
    since: float | None,
    again: Path | None,
) -> None:
    """Start the pipeline in the foreground and print the URLs for OBS and the browser."""
    origin = Origin(guarded_by, background, again is not None, since or time.monotonic(), json_output)
    if again is not None:
        sys.exit(supervise(config.of_run_dir(again), origin))  # a file edited since then must not keep it down
    settings = commands.settings_of(config_file, overrides)
    options = ["--config", str(config_file.absolute())] if config_file else []
    options += [part for override in overrides for part in ("--set", override)]
    if detach:
        options += ["--no-guardian"] if no_guardian else []
        sys.exit(start_detached([*MYSELF, "start", "--background", *options], settings, json_output))
    if no_guardian or guarded_by is not None:
        sys.exit(supervise(settings, origin))
    sys.exit(become_guardian(options, settings, origin))


def become_guardian(options: list[str], settings: Settings, origin: Origin) -> int:
    """Turn into the guardian, which must not carry what only a command line needs (it idles for weeks)."""
    guarded = [*MYSELF, "start", "--guarded-by", str(os.getpid())]
    guarded += [flag for flag, on in (("--background", origin.background), ("--json", origin.as_json)) if on]
    order = guardian.order(
        first=[*guarded, "--since", str(origin.since_s), *options],
        again=[*guarded, "--again", str(commands.run_dir_of(settings))],
        policy=limits_of(settings).restarts,
    )
    if host.POSIX:  # elsewhere exec is a new process, and the caller would believe that this one has ended
        os.execve(sys.executable, [sys.executable, "-P", "-m", "actors.guardian", order], environment())
    return guardian.main([order])


def start_detached(command: list[str], settings: Settings, as_json: bool) -> int:
    """Start `command` without a terminal and return when it is ready, or with what it said when it could not."""
    run_dir = commands.run_dir_of(settings)
    started_s = time.monotonic()
    try:
        host.private_directory(run_dir)
        log_file = open_log(run_dir, "supervisor")
    except OSError as error:
        raise ConfigError(f"run_dir {run_dir} cannot be made: {error.strerror}") from error
    with log_file:
        said_from = log_file.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log_file, **host.new_group()
        )
    while process.poll() is None and time.monotonic() - started_s < DETACHED_READY_S:
        with suppress(Refused):
            answer = control.ask(run_dir, "status")
            if process.pid in (answer["pid"], answer["guardian_pid"]) and answer["state"] == "running":
                click.echo(announcement(settings, run_dir, time.monotonic() - started_s, as_json))
                return commands.DONE
        time.sleep(0.02)
    code = process.poll()
    if code is None:
        process.terminate()
        code = process.wait() or commands.FAILED
        click.echo(f"error: it was not ready after {DETACHED_READY_S:.0f} s and was stopped", err=True)
    click.echo(
        (run_dir / "log" / "supervisor.log").read_bytes()[said_from:].decode(errors="replace"), err=True, nl=False
    )
    return code


if __name__ == "__main__":
    main()
