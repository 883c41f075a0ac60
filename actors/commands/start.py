"""`start`: becomes the guardian, which starts the supervisor, which starts the actors.

    start = guardian ─▶ supervisor ─▶ broadcaster, gateway-1, queue-manager, normalizer-1, ingest, demo

The guardian starts the supervisor again when it is killed; the supervisor does so for the actors. It stops an actor by
SIGTERM; an actor that reads the end of its stdin knows that the supervisor is gone. Every second an actor writes a
line to its stdout, which proves that its loop turns. The loop that owns the children is in supervision/process_tree.py.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import click

from actors import commands, config, host, logs, program, tokens
from actors.config import Settings, Source
from actors.core.supervision.kinds import Child
from actors.core.supervision.restarts import Policy
from actors.errors import ConfigError, Refused
from actors.supervision import control, guardian, preparation
from actors.supervision.invocation import Invocation

DETACHED_READY_S: Final = 30.0
STDOUT: Final = 1

log = logging.getLogger("supervisor")


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

    settings, run_dir, lock = preparation.prepare(settings, invocation)
    with lock:
        logs.start(logs.path_of(run_dir, "supervisor"), terminal=not invocation.background)
        host.dump_stacks_on_signal()
        left = process_tree.leftovers(run_dir)
        for name, pid in meters.end_leftovers(left or []):
            log.warning("leftover killed name=%s pid=%d", name, pid)
        if not invocation.again:
            patience_s = 0.0 if left is None else meters.LEFTOVER_S
            if invocation.as_service:
                patience_s = preparation.SERVICE_PATIENCE_S
            preparation.check_ports(settings, patience_s, invocation.as_service)

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
        f"{ends}{program.NAME} stop{source.options(str(run_dir))} ends it."
    )


@click.command("start")
@commands.located
@commands.as_json
@click.option("--detach", is_flag=True, help="Return when it is ready; logs go to RUN_DIR/log.")
@click.option("--no-guardian", is_flag=True, help="Somebody else restarts the supervisor: systemd, a test.")
@click.option("--guarded-by", type=int, hidden=True, help="The pid of the guardian that called this.")
@click.option("--background", is_flag=True, hidden=True, help="Children log to files, URLs are not printed.")
@click.option("--service", is_flag=True, hidden=True, help="A service manager calls this, and again when it fails.")
@click.option("--since", type=float, hidden=True, help="When the command was given, on the monotonic clock.")
@click.option("--again", type=click.Path(path_type=Path), hidden=True, help="Replace the one killed in this run_dir.")
def command(
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
        except preparation.AlreadyRunning as error:  # it was started by hand meanwhile, with a guardian of its own
            click.echo(f"leaving: {error}", err=True)
            sys.exit(commands.DONE)
    if service:
        sys.exit(supervise(settings_of_service(config_file, overrides), invocation))
    settings = commands.settings_of(config_file, overrides)
    options = ["--config", str(config_file.absolute())] if config_file else []
    options += [part for override in overrides for part in ("--set", override)]
    if detach:
        options += ["--no-guardian"] if no_guardian else []
        sys.exit(start_detached([*program.COMMAND, "start", "--background", *options], settings, json_output))
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
        named = config.load(None, [one for one in overrides if one.startswith("run_dir=")])
        run_dir = program.run_dir_of(named.run_dir)
        if not (run_dir / "children.json").exists():
            raise
        print(f"error: {error}; it goes on with the settings it had", file=sys.stderr)
        return config.of_run_dir(run_dir)


def become_guardian(options: list[str], settings: Settings, invocation: Invocation) -> NoReturn:
    """Turn into the guardian, which must not carry what only a command line needs (it idles for weeks)."""
    own, run_dir = settings.supervisor, program.run_dir_of(settings.run_dir)
    guarded = [*program.COMMAND, "start", "--guarded-by", str(os.getpid())]
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
    os.execve(sys.executable, command, host.environment(program.ROOT))


def start_detached(command: list[str], settings: Settings, as_json: bool) -> int:
    """Start `command` without a terminal and return when it is ready, or with what it said when it could not."""
    run_dir = program.run_dir_of(settings.run_dir)
    started_s = time.monotonic()
    host.private_directory(run_dir)
    preparation.claim(run_dir, 0.0).close()  # the log of a pipeline that runs here would be shown as that of this start
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
