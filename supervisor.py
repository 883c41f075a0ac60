#!/usr/bin/env python3
"""Framewire's command line, and the process tree behind `start`.

    start = guardian ─▶ supervisor ─▶ broadcaster, gateway-1, queue-manager, normalizer-1, ingest, demo

The guardian starts the supervisor again when it is killed; the supervisor does so for the actors. It stops an actor by
SIGTERM; an actor that reads the end of its stdin knows that the supervisor is gone. Every second an actor writes a
line to its stdout, which proves that its loop turns.

The loop that owns the children is in actors/supervision/process_tree.py. This file calls it, after it has checked what
must be in order before: the lock, the ports, and the leftovers of a supervisor that was killed.
"""

from __future__ import annotations

if __name__ == "__main__":
    from actors import interpreter

    interpreter.open_streams()
    interpreter.ensure()

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NoReturn

import click
import msgspec

from actors import commands, config, host, logs, tokens
from actors.config import Settings, Source
from actors.core.supervision.kinds import Child
from actors.core.supervision.restarts import Policy
from actors.errors import ConfigError, FramewireError, Refused
from actors.supervision import control, guardian
from actors.supervision.invocation import Invocation

DETACHED_READY_S: Final = 30.0
# What a service waits for before it gives up and is called again: a port or a run directory that somebody still has.
SERVICE_PATIENCE_S: Final = 10.0
LOOK_S: Final = 0.05
STDOUT: Final = 1
ANSWER_S: Final = 1.0

MYSELF: Final = [sys.executable, str(Path(__file__).resolve())]

log = logging.getLogger("supervisor")


class AlreadyRunning(Refused):
    """Another supervisor has the run directory."""


def check_ports(settings: Settings, patience_s: float, as_service: bool = False) -> None:
    """See that the two addresses are free, waiting `patience_s` for whoever is about to leave.

    Raises:
        Refused: somebody listens there.
        ConfigError: the host is none of this machine; for a service that, too, is Refused, which is tried again:
            when a machine starts, its network may come later.
    """
    deadline_s = time.monotonic() + patience_s
    while (trouble := trouble_with_ports(settings)) is not None:
        if time.monotonic() >= deadline_s:
            raise Refused(str(trouble)) if as_service else trouble
        time.sleep(LOOK_S)


def trouble_with_ports(settings: Settings) -> FramewireError | None:
    """Return why the two addresses cannot be listened on now."""
    for section, address in (("gateway", settings.gateway), ("ingest", settings.ingest)):
        try:
            free = host.port_is_free(section, address.host, address.port)
        except ConfigError as error:
            return error
        if not free:
            return Refused(
                f"{section}.port {address.port} on {address.host} is in use by another program; "
                f"stop that, or choose another port: --set {section}.port={address.port + 100}"
            )
    return None


def claim(run_dir: Path, patience_s: float) -> IO[bytes]:
    """Return the lock of the run directory, waiting `patience_s` for whoever is about to leave.

    Raises:
        Refused: a pipeline runs there.
    """
    file = run_dir / "supervisor.lock"
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            return host.lock(file, "supervisor")
        except Refused as error:
            if time.monotonic() >= deadline_s:
                holder = file.read_text(errors="replace")
                raise AlreadyRunning(
                    f"a pipeline is already running with run_dir {run_dir} ({holder}); ./supervisor.py stop ends it, "
                    "another run_dir (--set run_dir=NAME) runs beside it"
                ) from error
        time.sleep(LOOK_S)


def refuse_beside_another(run_dir: Path) -> None:
    """Make sure that nobody answers here: a lock whose file was taken away keeps nobody out.

    Raises:
        Refused: a pipeline runs there; going on would kill its children as leftovers.
    """
    with suppress(control.NotRunning), control.line(run_dir, ANSWER_S):
        raise AlreadyRunning(
            f"a pipeline is already running with run_dir {run_dir}, though its supervisor.lock is gone; "
            "./supervisor.py stop ends it"
        )


def prepare(settings: Settings, invocation: Invocation) -> tuple[Settings, Path, IO[bytes]]:
    """Make the run directory this pipeline's own; return it, the settings with its absolute path, and the lock.

    Raises:
        ConfigError: it cannot be used.
        Refused: a pipeline runs there, or nothing can be written there.
    """
    run_dir = commands.run_dir_of(settings)
    if invocation.again:  # who may look into it was judged before; being down would not make it more private
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        host.private_directory(run_dir)
    host.endpoint(run_dir, "normalizer-64.critical")  # the longest name: refuse a long path here, not in a child
    lock = claim(run_dir, SERVICE_PATIENCE_S if invocation.as_service else 0.0)
    refuse_beside_another(run_dir)
    settings = msgspec.structs.replace(settings, run_dir=str(run_dir))
    if not invocation.again:  # then they were read from there, and a full disk must not keep it down
        leave_behind(run_dir / config.SETTINGS_FILE, config.hand_down(settings))
        leave_behind(run_dir / config.SOURCE_FILE, msgspec.json.encode(invocation.source))
    tokens.load_or_create(run_dir)
    return settings, run_dir, lock


def leave_behind(file: Path, data: bytes) -> None:
    """Replace a file unless it says the same already: a service that was killed comes back on a full disk, too.

    Raises:
        Refused: it cannot be written.
    """
    try:
        if not (file.exists() and file.read_bytes() == data):
            host.write_private(file, data)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}; make room, or choose another run_dir") from error


def supervise(
    settings: Settings,
    invocation: Invocation,
    plan: Iterable[Child] | None = None,
    program: tuple[str, ...] = ("-m", "actors"),
) -> int:
    """Be the supervisor until stopped; return the exit code. The tests have a plan and a program of their own."""
    # Here, because it brings psutil with it: 4 MB that a command need not carry.
    from actors.supervision import child as processes
    from actors.supervision import meters, process_tree

    settings, run_dir, lock = prepare(settings, invocation)
    with lock:
        logs.start(logs.path_of(run_dir, "supervisor"), terminal=not invocation.background)
        host.dump_stacks_on_signal()
        left = process_tree.leftovers(run_dir)
        for name, pid in meters.end_leftovers(left or []):
            log.warning("leftover killed name=%s pid=%d", name, pid)
        if not invocation.again:
            patience_s = SERVICE_PATIENCE_S if invocation.as_service else 0.0 if left is None else meters.LEFTOVER_S
            check_ports(settings, patience_s, invocation.as_service)

        def on_ready() -> None:
            seconds = time.monotonic() - invocation.since_s
            log.info("ready seconds=%.2f", seconds)
            host.notify("READY=1")
            if not invocation.background and not invocation.again:
                # A terminal that is gone, or secrets that were just taken away, are no reason to stop.
                with suppress(ConfigError):
                    source, ends = invocation.source, "Ctrl-C or "
                    logs.show(announcement(settings, run_dir, seconds, invocation.as_json, source, ends), STDOUT)

        children = settings.children() if plan is None else plan
        spawn = processes.spawner(run_dir, program)
        supervisor = process_tree.Supervisor(children, settings, run_dir, spawn, on_ready, invocation)
        code = supervisor.run()
    supervisor.hang_up()
    return code


def announcement(settings: Settings, run_dir: Path, seconds: float, as_json: bool, source: Source, ends: str) -> str:
    """Return what a streamer needs to see: the URLs, and how to stop; `ends` is what else does that."""
    made = tokens.load(run_dir)
    urls = commands.urls(settings, made)
    if as_json:
        facts = {"ready": True, "seconds": round(seconds, 3), "run_dir": str(run_dir)}
        return json.dumps(facts | {"overlay": urls["display"], "dashboard": urls["control"], "srcds": urls["ingest"]})
    return (
        f"Framewire is ready ({seconds:.1f} s)\n\n"
        f"  Overlay for OBS    {urls['display']}\n"
        f"  Dashboard          {urls['control']}\n"
        f"  Game server log    {urls['ingest']}\n\n"
        "These URLs hold secrets: do not show them on stream. "
        f"{ends}./supervisor.py stop{source.options(str(run_dir))} ends it."
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
@click.option("--service", is_flag=True, hidden=True, help="A service manager calls this, and again when it fails.")
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
    service: bool,
    since: float | None,
    again: Path | None,
) -> None:
    """Start the pipeline in the foreground and print the URLs for OBS and the browser."""
    source = Source(str(config_file.absolute()) if config_file else None, list(overrides))
    background |= service
    started_s = since or time.monotonic()
    invocation = Invocation(guarded_by, background, again is not None, started_s, json_output, service, source)
    if again is not None:
        try:
            sys.exit(supervise(config.of_run_dir(again), invocation))  # a file edited since then must not keep it down
        except AlreadyRunning as error:  # somebody has started it by hand meanwhile, with a guardian of its own
            click.echo(f"leaving: {error}", err=True)
            sys.exit(commands.DONE)
    if service:
        sys.exit(supervise(settings_of_service(config_file, overrides), invocation))
    settings = commands.settings_of(config_file, overrides)
    options = ["--config", str(config_file.absolute())] if config_file else []
    options += [part for override in overrides for part in ("--set", override)]
    if detach:
        options += ["--no-guardian"] if no_guardian else []
        sys.exit(start_detached([*MYSELF, "start", "--background", *options], settings, json_output))
    if no_guardian or guarded_by is not None:
        sys.exit(supervise(settings, invocation))
    become_guardian(options, settings, invocation)


def settings_of_service(config_file: Path | None, overrides: tuple[str, ...]) -> Settings:
    """Return the settings; when they are wrong, those of the service that was killed a moment ago.

    A file that somebody is just editing must not keep it down. A guardian reads only what it had, but a service
    manager makes no difference between calling and calling again, and who edits the file and starts it means the file.

    Raises:
        ConfigError: they are wrong, and none was killed.
    """
    try:
        return commands.settings_of(config_file, overrides)
    except ConfigError as error:
        run_dir = commands.run_dir_of(config.load(None, [one for one in overrides if one.startswith("run_dir=")]))
        if not (run_dir / "children.json").exists():
            raise
        print(f"error: {error}; it goes on with the settings it had", file=sys.stderr)
        return config.of_run_dir(run_dir)


def become_guardian(options: list[str], settings: Settings, invocation: Invocation) -> NoReturn:
    """Turn into the guardian, which must not carry what only a command line needs (it idles for weeks)."""
    own, run_dir = settings.supervisor, commands.run_dir_of(settings)
    guarded = [*MYSELF, "start", "--guarded-by", str(os.getpid())]
    guarded += [flag for flag, on in (("--background", invocation.background), ("--json", invocation.as_json)) if on]
    order = guardian.order(
        first=[*guarded, "--since", str(invocation.since_s), *options],
        again=[*guarded, "--again", str(run_dir)],
        policy=Policy(own.backoff_first_s, own.backoff_max_s, own.healthy_s),
        log=str(logs.path_of(run_dir, "supervisor")),
        terminal=not invocation.background,
    )
    host.hold_signals()  # until the guardian takes them over
    command = [sys.executable, "-P", "-m", "actors.supervision.guardian", order]
    os.execve(sys.executable, command, host.environment(config.ROOT))


def start_detached(command: list[str], settings: Settings, as_json: bool) -> int:
    """Start `command` without a terminal and return when it is ready, or with what it said when it could not."""
    run_dir = commands.run_dir_of(settings)
    started_s = time.monotonic()
    host.private_directory(run_dir)
    try:
        log_file = logs.open_file(run_dir, "supervisor")
    except OSError as error:
        raise ConfigError(f"{logs.path_of(run_dir, 'supervisor')} cannot be opened: {error.strerror}") from error
    with log_file:
        said_from = log_file.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log_file, start_new_session=True
        )
    while process.poll() is None and time.monotonic() - started_s < DETACHED_READY_S:
        with suppress(Refused):
            answer = control.ask(run_dir, "status")
            if process.pid in (answer["pid"], answer["guardian_pid"]) and answer["state"] == "running":
                seconds = time.monotonic() - started_s
                click.echo(announcement(settings, run_dir, seconds, as_json, config.source_of(run_dir), ends=""))
                return commands.DONE
        time.sleep(0.02)
    code = process.poll()
    if code == commands.DONE:
        click.echo("error: it was stopped before it was ready", err=True)
        code = commands.FAILED
    if code is None:
        process.terminate()
        code = process.wait() or commands.FAILED
        click.echo(f"error: it was not ready after {DETACHED_READY_S:.0f} s and was stopped", err=True)
    click.echo(
        logs.path_of(run_dir, "supervisor").read_bytes()[said_from:].decode(errors="replace"), err=True, nl=False
    )
    return code


if __name__ == "__main__":
    main()
