"""`doctor`: what is wrong with this machine or this configuration, before it matters."""

from __future__ import annotations

import os
import shutil
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


class Finding(NamedTuple):
    level: str  # ok, warn or fail
    text: str


@click.command("doctor")
@commands.located
@commands.as_json
def command(config_file: Path | None, overrides: tuple[str, ...], json_output: bool) -> None:
    """Check Python, SQLite, the run directory, the disk and the ports. Exit code 1 when something would fail."""
    settings = commands.settings_of(config_file, overrides)
    findings = list(examine(settings, commands.run_dir_of(settings)))
    if json_output:
        commands.print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            color = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.level]
            click.echo(f"{click.style(f'{finding.level:<5}', fg=color)} {finding.text}")
    sys.exit(commands.FAILED if any(finding.level == "fail" for finding in findings) else commands.DONE)


def examine(settings: Settings, run_dir: Path) -> Iterator[Finding]:
    """Yield what was found, one finding per subject."""
    yield Finding("ok", f"Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    yield sqlite(sqlite3.sqlite_version_info)
    try:
        host.private_directory(run_dir)
        host.endpoint(run_dir, "normalizer-64.critical")
    except (OSError, ConfigError) as error:
        yield Finding("fail", f"run_dir: {error}")
        return
    yield Finding("ok", f"run_dir {run_dir} is private")
    free_bytes = shutil.disk_usage(run_dir).free
    level = "ok" if free_bytes > FREE_BYTES + settings.queue.log_max_bytes else "warn"
    yield Finding(
        level, f"{free_bytes / 1e9:.1f} GB are free, the critical log may take {settings.queue.log_max_bytes / 1e9:.1f}"
    )
    yield disk(run_dir)
    yield from ports(settings, run_dir)


def sqlite(version: tuple[int, ...]) -> Finding:
    """Judge the SQLite version by the WAL-reset bug (sqlite.org/wal.html#walresetbug)."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    text = f"SQLite {'.'.join(map(str, version))}"
    if fixed:
        return Finding("ok", text)
    # One writer per file, which also checkpoints, is what the bug needs two of.
    return Finding(
        "ok", f"{text} (before the fix of the WAL-reset bug; every file here has one writer, which avoids it)"
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
    level = "ok" if max(took_ms) < SLOW_SYNC_MS else "warn"
    return Finding(level, f"the disk syncs in {median_ms:.2f} ms (worst of {SYNCS}: {max(took_ms):.2f} ms)")


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
            yield Finding("fail", str(error))
            continue
        word = "is free" if free else f"is in use by another program; choose another: --set {section}.port=…"
        yield Finding("ok" if free else "fail", f"{section}.port {address.port} {word}")
