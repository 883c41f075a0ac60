"""`start`: turns into the guardian, which starts the supervisor, which starts the actors.

    start = guardian ─▶ supervisor ─▶ broadcaster, gateway-1, queue-manager, normalizer-1, ingest, demo

With `supervisor.spawn = "template"` the guardian forks the supervisor, which forks `template`, which forks the others.

The guardian restarts the supervisor when it is killed, and the supervisor restarts the actors. It stops an actor with
SIGTERM. An actor whose supervisor has ended reads the end of its stdin. Every second an actor writes a heartbeat to its
stdout, which proves that its loop runs. The loop that owns the children is in supervision/process_tree.py.
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

from actors import commands, config, control, host, logs, program, tokens
from actors.config import Settings, SettingsSource
from actors.core import origins
from actors.core.supervision.kinds import TEMPLATE, Child
from actors.core.supervision.restarts import Policy
from actors.errors import ConfigError, FramewireError, Refused
from actors.supervision import guardian, preparation
from actors.supervision.invocation import Invocation

DETACHED_READY_S: Final = 30.0
STDOUT: Final = 1

log = logging.getLogger("supervisor")


def supervise(
    settings: Settings,
    invocation: Invocation,
    plan: Iterable[Child] | None = None,
    entry: str = "actors",
) -> int:
    """Run the supervisor until it is stopped; return the exit code. Tests pass their own plan and entry module."""
    # Imported here, because this imports psutil: 4 MB that other commands do not need.
    from actors.supervision import child as processes
    from actors.supervision import children_list, meters, process_tree
    from actors.supervision.ports import Ports

    settings, run_dir, lock = preparation.prepare(settings, invocation)
    with lock:
        children = list(settings.children() if plan is None else plan)
        spawn = processes.spawner(run_dir, entry, children)  # first: it forks while nothing else is open
        logs.start(logs.path_of(run_dir, "supervisor"), terminal=not invocation.background)
        host.dump_stacks_on_signal()
        for text, advice in preparation.exposed(settings):
            log.warning("exposed what=%r do=%r", text, advice)
        ports = Ports()
        if invocation.again:
            ports.hold(settings, beside=True)  # before what listens there ends
        left = children_list.leftovers(run_dir)
        for name, pid in meters.end_leftovers(left or [], run_dir):
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
                # A missing terminal or missing tokens must not stop the pipeline.
                with suppress(ConfigError):
                    source, ends = invocation.source, "Ctrl-C or "
                    logs.show(announcement(settings, run_dir, seconds, invocation.as_json, source, ends), STDOUT)

        supervisor = process_tree.Supervisor(children, settings, run_dir, spawn, on_ready, invocation, ports=ports)
        code = supervisor.run()
    supervisor.close_connections()
    return code


def announcement(
    settings: Settings, run_dir: Path, seconds: float, as_json: bool, source: SettingsSource, ends: str
) -> str:
    """Return the message of a successful start: the URLs, and how to stop; `ends` names another way to stop."""
    made = tokens.load(run_dir)
    urls = commands.urls(settings, made)
    if as_json:
        facts = {"ready": True, "seconds": round(seconds, 3), "run_dir": str(run_dir)}
        return json.dumps(facts | {"overlay": urls["display"], "dashboard": urls["control"], "srcds": urls["ingest"]})
    return (
        f"Framewire is ready ({seconds:.1f} s)\n\n"
        f"  Overlay for OBS    {urls['display']}\n"
        f"  Dashboard          {urls['control']}\n"
        f"  Game server log    {urls['ingest']}\n"
        f"{elsewhere(settings)}\n"
        "These URLs contain secrets: do not show them on stream.\n"
        f"Stop with {ends}{program.NAME} stop{source.options(str(run_dir))}"
    )


def elsewhere(settings: Settings) -> str:
    """Return the addresses for other machines, with a warning; "" if no server listens on all addresses."""
    from actors.supervision import meters  # it brings psutil

    if not any(preparation.exposed(settings)):
        return ""
    opened = [one.port for one in (settings.gateway, settings.ingest) if one.host in origins.WILDCARD]
    places = [f"{address}:{port}" for address in meters.addresses() for port in opened] if opened else []
    lines = [f"  Other machines     {place}\n" for place in places]
    return "".join(lines) + "  WARNING: other machines reach this, without encryption (docs/lan.md)\n"


@click.command("start")
@commands.located
@commands.as_json
@click.option("--detach", is_flag=True, help="Return when the pipeline is ready; logs go to RUN_DIR/log.")
@click.option("--no-guardian", is_flag=True, help="Start without the process that restarts the supervisor.")
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
    source = SettingsSource(str(config_file.absolute()) if config_file else None, list(overrides))
    background |= service
    started_s = since or time.monotonic()
    invocation = Invocation(guarded_by, background, again is not None, started_s, json_output, service, source)
    if again is not None:
        sys.exit(supervise_again(again, invocation))
    if service:
        sys.exit(supervise(settings_of_service(config_file, overrides), invocation))
    settings = commands.settings_of(config_file, overrides)
    if not background and guarded_by is None:
        commands.note_forgotten_file(config_file, settings, "this one")
    options = ["--config", str(config_file.absolute())] if config_file else []
    options += [part for override in overrides for part in ("--set", override)]
    if detach:
        options += ["--no-guardian"] if no_guardian else []
        sys.exit(start_detached([*program.COMMAND, "start", "--background", *options], settings, json_output))
    if no_guardian or guarded_by is not None:
        sys.exit(supervise(settings, invocation))
    become_guardian(options, settings, invocation)


def supervise_again(run_dir: Path, invocation: Invocation) -> int:
    """Replace the supervisor that was killed in `run_dir`; return the exit code."""
    try:
        # From run_dir: a file that was edited since must not prevent the restart.
        return supervise(config.of_run_dir(run_dir), invocation)
    except preparation.AlreadyRunning as error:  # it was started by hand meanwhile, with a guardian of its own
        click.echo(f"exiting: {error}", err=True)
        return commands.DONE


def settings_of_service(config_file: Path | None, overrides: tuple[str, ...]) -> Settings:
    """Return the settings; when they are invalid, those of the service that was killed just before.

    A file that is being edited must not prevent the restart after a kill. A guardian restarts with the old settings.
    A service manager does not distinguish a start from a restart, and a start must use the edited file.

    Raises:
        ConfigError: the settings are invalid, and this is not a restart after a kill.
    """
    try:
        return commands.settings_of(config_file, overrides)
    except ConfigError as error:
        named = config.load(None, [one for one in overrides if one.startswith("run_dir=")])
        run_dir = program.run_dir_of(named.run_dir)
        if not (run_dir / "children.json").exists():
            raise
        print(f"error: {error}; continuing with the previous settings", file=sys.stderr)
        return config.of_run_dir(run_dir)


def become_guardian(options: list[str], settings: Settings, invocation: Invocation) -> NoReturn:
    """Turn into the guardian.

    Where processes are forked, this process imports all that they need. Elsewhere it is replaced by a small one, which
    runs for weeks and must not keep the imports of a command.
    """
    own, run_dir = settings.supervisor, program.run_dir_of(settings.run_dir)
    guarded = [*program.COMMAND, "start", "--guarded-by", str(os.getpid())]
    guarded += [flag for flag, on in (("--background", invocation.background), ("--json", invocation.as_json)) if on]
    again = [*guarded, "--again", str(run_dir)]
    order = guardian.order(
        first=[*guarded, "--since", str(invocation.since_s), *options],
        again=again,
        policy=Policy(own.backoff_first_s, own.backoff_max_s, own.healthy_s),
        log=str(logs.path_of(run_dir, "supervisor")),
        terminal=not invocation.background,
    )
    if any(child.kind == TEMPLATE for child in settings.children()):
        from actors.supervision.warm import Warm  # it brings psutil

        def run(command: list[str]) -> NoReturn:
            """Run what `command` runs, without parsing it and the settings: each writes to pages that are shared."""
            run_forked(settings, invocation._replace(guardian_pid=os.getppid(), again=command == again), run_dir)

        sys.exit(guardian.guard(order, Warm(run)))
    host.hold_signals()  # until the guardian handles them
    command = [sys.executable, "-P", "-m", "actors.supervision.guardian", order]
    os.execve(sys.executable, command, host.environment(program.ROOT))


def run_forked(settings: Settings, invocation: Invocation, run_dir: Path) -> NoReturn:
    """Run the supervisor in a process that was forked from the guardian."""
    try:
        if invocation.again:
            sys.exit(supervise_again(run_dir, invocation._replace(since_s=time.monotonic())))
        sys.exit(supervise(settings, invocation))
    except FramewireError as error:
        sys.exit(commands.report(error))


def start_detached(command: list[str], settings: Settings, as_json: bool) -> int:
    """Start `command` without a terminal; return when it is ready, or print its log when it fails."""
    run_dir = program.run_dir_of(settings.run_dir)
    started_s = time.monotonic()
    host.private_directory(run_dir)
    preparation.claim(run_dir, 0.0).close()  # fail now if one runs here: its log would be printed as that of this start
    try:
        log_file = logs.open_file(run_dir, "supervisor")
    except OSError as error:
        raise ConfigError(f"{logs.path_of(run_dir, 'supervisor')} cannot be opened: {error.strerror}") from error
    with log_file:
        log_start = log_file.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log_file, start_new_session=True
        )
    while process.poll() is None and time.monotonic() - started_s < DETACHED_READY_S:
        with suppress(Refused):
            answer = control.request(run_dir, "status")
            if process.pid in (answer["pid"], answer["guardian_pid"]) and answer["state"] == "running":
                seconds = time.monotonic() - started_s
                click.echo(announcement(settings, run_dir, seconds, as_json, config.source_of(run_dir), ends=""))
                return commands.DONE
        time.sleep(0.02)
    code = process.poll()
    if code == commands.DONE:
        click.echo("error: the pipeline was stopped before it was ready", err=True)
        code = commands.FAILED
    if code is None:
        process.terminate()
        code = process.wait() or commands.FAILED
        click.echo(f"error: the pipeline was not ready after {DETACHED_READY_S:.0f} s and was stopped", err=True)
    click.echo(
        logs.path_of(run_dir, "supervisor").read_bytes()[log_start:].decode(errors="replace"), err=True, nl=False
    )
    return code
