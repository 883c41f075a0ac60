"""`doctor`: checks of this machine and this configuration."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import stat
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import msgspec

from actors import alert_rules, commands, config, control, host, logs, program, tokens
from actors.config import Settings
from actors.core.origins import WILDCARD
from actors.core.supervision import reload
from actors.errors import ConfigError, Refused
from actors.supervision import preparation

FREE_BYTES: Final = 1 << 30  # the log (queue.log_max_bytes), an outbox and their WALs, with room
SYNCS: Final = 20
SLOW_SYNC_MS: Final = 16.7  # a slower disk delays critical events by a frame


BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "firefox", "brave-browser", "microsoft-edge")
OBS_PORT: Final = 4455  # obs-websocket, built into OBS since version 28
OBS_S: Final = 0.5
FILES_PER_GATEWAY: Final = 128  # besides its overlays
PYTHON: Final = (3, 11)
AHEAD_S: Final = 60.0  # an event that is further ahead of the clock means that the clock is or was wrong
SHARED: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "afs", "ceph", "vboxsf")
SHOWN_KEYS: Final = 5
PROBLEM_CHARS: Final = 300
VOLATILE: Final = ("tmpfs", "ramfs")


class Finding(NamedTuple):
    """One result, and what to do about it; `do` is empty when nothing has to be done."""

    level: str  # ok, warn or fail
    text: str
    do: str = ""


@click.command("doctor")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Check this machine and this configuration, and print what to correct. Exit code 1 when a check fails."""
    settings, origin = judged(config_file, overrides)
    findings = [Finding("ok", origin), *examine(settings, program.run_dir_of(settings.run_dir))]
    if json_output:
        commands.print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            color = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.level]
            click.echo(click.style(f"{finding.level:<6}", fg=color) + wrapped(finding.text, "      "))
            if finding.do:
                click.echo(f"      → {wrapped(finding.do, '        ')}")
    sys.exit(commands.FAILED if any(finding.level == "fail" for finding in findings) else commands.DONE)


def judged(config_file: Path | None, overrides: tuple[str, ...]) -> tuple[Settings, str]:
    """Return the settings to check, and a sentence about their origin.

    Without --config, they are those with which the pipeline of the run directory was started, as their file is now.

    Raises:
        ConfigError: they are invalid.
    """
    settings, keys = commands.settings_of(config_file, overrides), overrides
    try:
        source = config.source_of(program.run_dir_of(settings.run_dir))
    except ConfigError:  # no pipeline was ever started there
        source = config.SettingsSource()
    started = ""
    if config_file is None and (source.file or source.overrides):
        config_file, keys = Path(source.file) if source.file else None, (*source.overrides, *overrides)
        settings = msgspec.structs.replace(commands.settings_of(config_file, keys), run_dir=settings.run_dir)
        started = ", as the pipeline was started"
    names = ", ".join(dict.fromkeys(one.partition("=")[0].strip() for one in keys))
    return settings, f"checked: {config_file or config.DEFAULT_FILE}{f' with --set {names}' if names else ''}{started}"


def wrapped(text: str, indent: str) -> str:
    """Return a text in lines of the terminal's width, all but the first indented; paths are not cut at hyphens."""
    width = max(40, shutil.get_terminal_size((80, 24)).columns)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False).lstrip()


def examine(settings: Settings, run_dir: Path) -> Iterator[Finding]:
    """Yield the findings, at least one per subject."""
    yield python(sys.version_info[:3], os.cpu_count())
    yield sqlite(sqlite3.sqlite_version_info)
    yield from settings_findings(settings)
    try:
        made = not host.enter(run_dir).exists()
        host.private_directory(run_dir)
        host.endpoint(run_dir, "normalizer-64.critical")
        synced = disk(run_dir)
    except (OSError, ConfigError) as error:
        yield Finding("fail", f"run_dir: {error}", "correct it, or choose another directory: --set run_dir=PATH")
        return
    yield Finding("ok", f"run_dir {run_dir} is private")
    yield from private(files_of(run_dir), os.getuid(), run_dir)
    yield volume(filesystem(host.mounts(), run_dir.resolve()))
    yield space(shutil.disk_usage(run_dir).free, settings.queue.log_max_bytes)
    yield synced
    yield clock(host.clock_is_synchronised())
    yield from log(run_dir)
    yield from alert_rules_findings(run_dir)
    yield open_files(settings.gateway.max_clients, host.open_files_limit())
    yield browser()
    yield obs()
    yield from pipeline(settings, run_dir)
    if made:
        run_dir.rmdir()  # a check changes nothing


def python(version: tuple[int, ...], processors: int | None) -> Finding:
    """Check the interpreter, which `make install` chooses."""
    text = f"Python {'.'.join(map(str, version))}, {processors or 'an unknown number of'} processors"
    if version >= PYTHON:
        return Finding("ok", text)
    return Finding(
        "fail", text, f"install Python {'.'.join(map(str, PYTHON))} or newer, remove .venv, run make install"
    )


def settings_findings(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about the settings."""
    if settings.demo:
        yield Finding("ok", "the demo match is on", "turn it off before you go live: --set demo=false")
    if settings.faults != config.Faults():
        yield Finding("fail", "[faults] is set, which kills processes on purpose", "remove it; it is only for tests")
    for text, advice in preparation.exposed(settings):
        yield Finding("warn", text, advice)
    if settings.gateway.host in WILDCARD and not settings.gateway.allowed_hosts:
        yield Finding(
            "warn",
            "the gateway answers other machines under its addresses, but under no name",
            'to use a name in URLs, add it: gateway.allowed_hosts = ["stream-pc.lan"] (docs/lan.md)',
        )


def files_of(run_dir: Path) -> Iterator[tuple[Path, int, int]]:
    """Yield (path, owner, mode) of every regular file."""
    for path in sorted(run_dir.rglob("*")):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # a running pipeline creates and removes files
        # Pictures, layouts and widgets of the user hold no secret, and are copied there with any mode.
        if stat.S_ISREG(status.st_mode) and run_dir / "overlays" not in path.parents:
            yield path, status.st_uid, stat.S_IMODE(status.st_mode)


def private(files: Iterable[tuple[Path, int, int]], uid: int, run_dir: Path) -> Iterator[Finding]:
    """Yield wrong owners and modes of files; a start with sudo leaves files that belong to root."""
    known = list(files)
    strange = sorted({(path.name, owner) for path, owner, _ in known if owner != uid})
    if strange:
        name, owner = strange[0]
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        do = f"stop the pipeline, then: sudo chown -R {uid} {run_dir}; do not start it with sudo"
        yield Finding("fail", f"{name}{more} in run_dir belongs to uid {owner}, not to you ({uid})", do)
    for path, _, mode in known:
        if mode & 0o077:
            secret = path.name == tokens.FILE
            do = f"chmod 600 {path}" + (
                f"; if other users had access: {program.NAME} token rotate SCOPE" if secret else ""
            )
            yield Finding("fail" if secret else "warn", f"{path.name} has mode {mode:04o}, expected 0600", do)


def filesystem(mounts: Iterable[tuple[str, str]], path: Path) -> str:
    """Return the kind of file system that holds `path`, given (mount point, kind) in the order of mounting."""
    holding = [(len(where), kind) for where, kind in mounts if path.is_relative_to(where)]
    # The longest mount point; of equal ones the last, which hides the others.
    return max(enumerate(holding), key=lambda one: (one[1][0], one[0]))[1][1] if holding else ""


def volume(kind: str) -> Finding:
    """Check the kind of file system: SQLite's WAL needs shared memory and locks, durability needs a disk."""
    if kind in SHARED:
        do = "choose a run_dir on a local disk; databases on a network file system can be damaged"
        return Finding("fail", f"run_dir is on a network file system ({kind})", do)
    if kind in VOLATILE:
        return Finding(
            "warn", f"run_dir is in memory ({kind})", "choose one on a disk; a restart of the machine deletes it"
        )
    return Finding("ok", f"run_dir is on {kind or 'a file system of unknown kind'}")


def space(free_bytes: int, log_max_bytes: int) -> Finding:
    """Check the free space on the disk."""
    room = free_bytes > FREE_BYTES + log_max_bytes
    return Finding(
        "ok" if room else "warn",
        f"{free_bytes / 1e9:.1f} GB are free, the critical log can grow to {log_max_bytes / 1e9:.1f} GB",
        "" if room else "free disk space, or lower queue.log_max_bytes: on a full disk critical events are refused",
    )


def log(run_dir: Path) -> Iterator[Finding]:
    """Yield the state of the critical log, if there is one."""
    file = run_dir / "log.db"
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as db:
            row = db.execute("SELECT position, ts_ms FROM events ORDER BY position DESC LIMIT 1").fetchone()
    except sqlite3.Error as error:
        yield Finding(
            "fail",
            f"log.db cannot be read: {error}",
            "stop, move log.db, log.db-wal and log.db-shm away, start: sources send again what they still have "
            f"(see Backup in {program.page('operations')})",
        )
        return
    if row is not None:
        yield newest(row[0], row[1] / 1000 - time.time())


def alert_rules_findings(run_dir: Path) -> Iterator[Finding]:
    """Yield the problems of `overlays/alerts.toml` and of the files that it names."""
    _, problems = alert_rules.read_rules(run_dir / "overlays")
    for problem in problems[:SHOWN_KEYS]:
        yield Finding("warn", logs.printable(problem[:PROBLEM_CHARS]), f"correct it ({program.page('alerts')})")
    if len(problems) > SHOWN_KEYS:
        yield Finding("warn", f"{len(problems) - SHOWN_KEYS} more problems of overlays/alerts.toml", "correct them")


def newest(position: int, ahead_s: float) -> Finding:
    """Check the time of the last event in the log."""
    if ahead_s <= AHEAD_S:
        return Finding("ok", f"the log reaches position {position}, its last event is {duration(-ahead_s)} old")
    return Finding(
        "warn",
        f"the last event in the log is {duration(ahead_s)} in the future: the clock is or was wrong",
        "check the clock (date; timedatectl); nothing is lost, but such events are kept for longer",
    )


def duration(seconds: float) -> str:
    """Return a duration in words."""
    seconds = max(0.0, seconds)
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"


def sqlite(version: tuple[int, ...]) -> Finding:
    """Check the SQLite version for the WAL-reset bug (sqlite.org/wal.html#walresetbug)."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    text = f"SQLite {'.'.join(map(str, version))}"
    if fixed:
        return Finding("ok", text)
    # The bug needs two connections that write or checkpoint the same file.
    return Finding(
        "ok",
        f"{text} has the WAL-reset bug, which needs two writers; every file here has only one",
        "nothing to do, as long as no other program opens log.db or outbox.db for writing",
    )


def disk(run_dir: Path) -> Finding:
    """Measure the duration of a durable commit."""
    file = run_dir / ".doctor"
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    took_ms = []
    try:
        for _ in range(SYNCS):
            started_s = time.perf_counter()
            os.write(handle, b"x" * 400)
            os.fsync(handle)
            took_ms.append((time.perf_counter() - started_s) * 1000)
    finally:
        os.close(handle)
        file.unlink()
    median_ms = sorted(took_ms)[SYNCS // 2]
    fast = max(took_ms) < SLOW_SYNC_MS
    return Finding(
        "ok" if fast else "warn",
        f"the disk syncs in {median_ms:.2f} ms (worst of {SYNCS}: {max(took_ms):.2f} ms)",
        "" if fast else "critical events wait for it twice; put run_dir on an SSD, or accept one more frame of delay",
    )


def clock(synchronised: bool | None) -> Finding:
    """Check the wall clock, which stamps events. Ages and delays are measured by a clock that never jumps."""
    if synchronised is None:
        return Finding("ok", "it is unknown whether the clock is synchronised")
    if synchronised:
        return Finding("ok", "the clock is synchronised")
    return Finding(
        "warn", "the clock is not synchronised (NTP)", "timedatectl set-ntp true; times on stream may be wrong"
    )


def open_files(max_clients: int, limit: int | None) -> Finding:
    """Check whether a gateway can open as many connections as its settings allow."""
    wanted = max_clients + FILES_PER_GATEWAY
    if limit is None or limit >= wanted:
        return Finding("ok", f"limit of open files per process: {'none' if limit is None else limit}")
    do = "raise the limit (ulimit -Hn, LimitNOFILE=), or lower gateway.max_clients"
    return Finding("warn", f"limit of open files per process: {limit}; gateway.max_clients needs {wanted}", do)


def browser() -> Finding:
    """Check for a browser, which shows the dashboard."""
    found = [name for name in BROWSERS if shutil.which(name)]
    if found or sys.platform == "darwin":
        return Finding("ok", f"browser: {found[0] if found else 'Safari'}")
    return Finding("ok", "no browser is installed", "open the dashboard's URL on another machine, or install chromium")


def obs() -> Finding:
    """Check whether OBS answers here. It is not required: it may run elsewhere, or without its WebSocket server."""
    try:
        socket.create_connection(("127.0.0.1", OBS_PORT), OBS_S).close()
    except OSError:
        return Finding(
            "ok",
            f"OBS does not answer on port {OBS_PORT}",
            f"nothing to do: the overlay needs only its URL (`{program.NAME} obs install` needs the port)",
        )
    return Finding("ok", f"OBS answers on port {OBS_PORT}")


def pipeline(settings: Settings, run_dir: Path) -> Iterator[Finding]:
    """Yield the state of the running pipeline; if none is running, whether one could start."""
    try:
        answer = control.request(run_dir, "status")
    except control.NotRunning:
        yield from orphans(left_in(run_dir))
        yield from ports(settings)
        return
    except Refused as error:
        yield Finding(
            "fail", str(error), "check again in 10 s, when its guardian should have replaced it; otherwise kill -9 it"
        )
        return
    yield from running_pipeline(answer, newest_source_s() - (time.time() - answer["uptime_s"]))
    with suppress(ConfigError):  # it has just stopped
        yield from other_settings(settings, config.of_run_dir(run_dir), config.source_of(run_dir))


def other_settings(settings: Settings, running: Settings, source: config.SettingsSource) -> Iterator[Finding]:
    """Yield whether the running pipeline has other settings than those that are checked."""
    mine, theirs = config.tree_of(settings), config.tree_of(running)
    keys = [change.key for change in reload.differences(theirs, mine | {"run_dir": theirs["run_dir"]})]
    if keys:
        more = f" and {len(keys) - SHOWN_KEYS} more" if len(keys) > SHOWN_KEYS else ""
        yield Finding(
            "warn",
            f"the running pipeline has other settings than those checked here: {', '.join(keys[:SHOWN_KEYS])}{more}",
            f"`{program.NAME} reload` applies a changed file; the pipeline was started with "
            f"{source.options(running.run_dir, every=True).strip() or 'the defaults'}",
        )


def _alert(alert: dict[str, Any]) -> str:
    return f"{alert['key']} {alert['name']}".strip()


def running_pipeline(answer: dict[str, Any], newer_by_s: float) -> Iterator[Finding]:
    """Yield the state of a running pipeline; `newer_by_s`: how long after its start its program was changed."""
    text = f"a pipeline is running, state {answer['state']}, pid {answer['pid']}"
    alerts = answer["alerts"]
    if alerts:
        worst = "fail" if any(alert["level"] == "critical" for alert in alerts) else "warn"
        yield Finding(
            worst, f"{text}, alerts: {', '.join(_alert(alert) for alert in alerts)}", f"{program.NAME} status"
        )
    else:
        yield Finding("ok", text)
    if newer_by_s > 0:
        do = f"restart it: {program.NAME} stop, then start (as a service: systemctl --user restart framewire)"
        yield Finding("warn", f"Framewire was changed {duration(newer_by_s)} after this pipeline was started", do)


def newest_source_s() -> float:
    """Return the time of the last change of the program, in seconds since the epoch."""
    return max(file.stat().st_mtime for file in program.PACKAGE.rglob("*.py"))


def left_in(run_dir: Path) -> list[str]:
    """Return the processes in the list of a killed supervisor, as "name pid"."""
    try:
        rows = json.loads((run_dir / "children.json").read_text(encoding="utf-8"))
        return [f"{row['name']} {row['pid']}" for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def orphans(left: list[str]) -> Iterator[Finding]:
    """Yield the orphans of a supervisor that was killed and not replaced."""
    if left:
        yield Finding(
            "warn",
            f"a supervisor was killed here and not replaced; its processes were {', '.join(left)}",
            f"{program.NAME} start ends those that still run; accepted events are on the disk",
        )


def ports(settings: Settings) -> Iterator[Finding]:
    """Yield whether the two ports are free."""
    for section, address in (("gateway", settings.gateway), ("ingest", settings.ingest)):
        try:
            free = host.port_is_free(section, address.host, address.port)
        except ConfigError as error:
            yield Finding("fail", str(error), f"correct {section}.host")
            continue
        do = "" if free else f"stop that program (ss -ltnp shows it), or choose another port: --set {section}.port=…"
        word = "is free" if free else "is in use by another program"
        yield Finding("ok" if free else "fail", f"{section}.port {address.port} {word}", do)
