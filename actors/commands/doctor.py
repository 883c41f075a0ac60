"""`doctor`: what is wrong with this machine or this configuration, before it matters."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click

from actors import commands, control, host
from actors.config import Settings
from actors.errors import ConfigError, Refused

FREE_BYTES: Final = 1 << 30  # the log (queue.log_max_bytes), an outbox and their WALs, with room
SYNCS: Final = 20
SLOW_SYNC_MS: Final = 16.7  # a slower disk delays critical events by a frame


BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "firefox", "brave-browser", "microsoft-edge")
OBS_PORT: Final = 4455  # obs-websocket, built into OBS since version 28
OBS_S: Final = 0.5
FILES_PER_GATEWAY: Final = 128  # besides its overlays


class Finding(NamedTuple):
    """What was found, and what to do about it; `do` is empty when nothing has to be done."""

    level: str  # ok, warn or fail
    text: str
    do: str = ""


@click.command("doctor")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Check this machine and this configuration, and say what to do. Exit code 1 when something would fail."""
    settings = commands.settings_of(config_file, overrides)
    findings = list(examine(settings, commands.run_dir_of(settings)))
    if json_output:
        commands.print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            color = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.level]
            click.echo(click.style(f"{finding.level:<6}", fg=color) + wrapped(finding.text, "      "))
            if finding.do:
                click.echo(f"      → {wrapped(finding.do, '        ')}")
    sys.exit(commands.FAILED if any(finding.level == "fail" for finding in findings) else commands.DONE)


def wrapped(text: str, indent: str) -> str:
    """Return a text in lines of the terminal's width, all but the first indented."""
    width = max(40, shutil.get_terminal_size((80, 24)).columns)
    return click.wrap_text(text, width, indent, indent).lstrip()


def examine(settings: Settings, run_dir: Path) -> Iterator[Finding]:
    """Yield what was found, one finding per subject."""
    yield Finding("ok", f"Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    yield sqlite(sqlite3.sqlite_version_info)
    try:
        host.private_directory(run_dir)
        host.endpoint(run_dir, "normalizer-64.critical")
    except (OSError, ConfigError) as error:
        yield Finding("fail", f"run_dir: {error}", "choose another: --set run_dir=PATH")
        return
    yield Finding("ok", f"run_dir {run_dir} is private")
    free_bytes = shutil.disk_usage(run_dir).free
    room = free_bytes > FREE_BYTES + settings.queue.log_max_bytes
    yield Finding(
        "ok" if room else "warn",
        f"{free_bytes / 1e9:.1f} GB are free, the critical log may take {settings.queue.log_max_bytes / 1e9:.1f}",
        "" if room else "make room, or lower queue.log_max_bytes: on a full disk critical events are refused",
    )
    yield disk(run_dir)
    yield clock(host.clock_is_synchronised())
    yield open_files(settings.gateway.max_clients, host.open_files_limit())
    yield browser()
    yield obs()
    yield from ports(settings, run_dir)


def sqlite(version: tuple[int, ...]) -> Finding:
    """Judge the SQLite version by the WAL-reset bug (sqlite.org/wal.html#walresetbug)."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    text = f"SQLite {'.'.join(map(str, version))}"
    if fixed:
        return Finding("ok", text)
    # The bug needs two connections that write or checkpoint the same file.
    return Finding(
        "ok",
        f"{text}, before the fix of its WAL-reset bug, which needs two writers; every file here has one",
        "nothing, as long as no other program opens log.db or outbox.db for writing",
    )


def disk(run_dir: Path) -> Finding:
    """Measure what a durable commit costs here."""
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
        "" if fast else "critical events wait twice for it; put run_dir on an SSD, or live with a frame more",
    )


def clock(synchronised: bool | None) -> Finding:
    """Judge the wall clock, which stamps events; what is late or old is measured by a clock that never jumps."""
    if synchronised is None:
        return Finding("ok", "whether the clock is kept right is not known on this system")
    if synchronised:
        return Finding("ok", "the clock is kept right")
    return Finding(
        "warn", "nothing keeps the clock right (NTP)", "timedatectl set-ntp true; times on stream may be off"
    )


def open_files(max_clients: int, limit: int | None) -> Finding:
    """Judge whether a gateway may have as many connections as its settings promise."""
    wanted = max_clients + FILES_PER_GATEWAY
    if limit is None or limit >= wanted:
        return Finding("ok", f"a process may have {'any number of' if limit is None else limit} open files")
    do = "raise the limit (ulimit -Hn, LimitNOFILE=), or lower gateway.max_clients"
    return Finding("warn", f"a process may have {limit} open files, gateway.max_clients asks for {wanted}", do)


def browser() -> Finding:
    """Look for something that shows the dashboard."""
    found = [name for name in BROWSERS if shutil.which(name)]
    if found or sys.platform == "darwin":
        return Finding("ok", f"a browser is here: {found[0] if found else 'Safari'}")
    return Finding("ok", "no browser is here", "open the dashboard's URL on another screen, or install chromium")


def obs() -> Finding:
    """See whether OBS answers here; it is not needed, and may run elsewhere or without its WebSocket server."""
    try:
        socket.create_connection(("127.0.0.1", OBS_PORT), OBS_S).close()
    except OSError:
        return Finding(
            "ok",
            f"OBS does not answer on port {OBS_PORT}",
            "nothing, if it is not running; the overlay is a browser source and needs no more than its URL",
        )
    return Finding("ok", f"OBS answers on port {OBS_PORT}")


def ports(settings: Settings, run_dir: Path) -> Iterator[Finding]:
    """Yield whether the two ports can be had, or are had by the pipeline that runs."""
    try:
        answer = control.ask(run_dir, "status")
        yield Finding("ok", f"a pipeline is running here, state {answer['state']}, pid {answer['pid']}")
        return
    except Refused:
        pass  # none runs, so the ports must be free
    for section, address in (("gateway", settings.gateway), ("ingest", settings.ingest)):
        try:
            free = host.port_is_free(section, address.host, address.port)
        except ConfigError as error:
            yield Finding("fail", str(error), f"correct {section}.host")
            continue
        do = "" if free else f"stop that program (ss -ltnp shows it), or choose another port: --set {section}.port=…"
        word = "is free" if free else "is in use by another program"
        yield Finding("ok" if free else "fail", f"{section}.port {address.port} {word}", do)
