"""The checks before a supervisor starts: exclusive use of the run directory, and free ports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Final

import msgspec

from actors import config, control, host, program, tokens
from actors.config import Settings
from actors.core import origins
from actors.errors import ConfigError, FramewireError, Refused
from actors.supervision.invocation import Invocation

# How long a service waits for a port or a run directory that is in use, before it fails and is started again.
SERVICE_PATIENCE_S: Final = 10.0
LOOK_S: Final = 0.05
ANSWER_S: Final = 1.0


class AlreadyRunning(Refused):
    """Another supervisor has the run directory."""


def check_ports(settings: Settings, patience_s: float, as_service: bool = False) -> None:
    """Check that the two addresses are free; wait at most `patience_s` for a process that is about to exit.

    Raises:
        Refused: an address is in use.
        ConfigError: the host is not an address of this machine. For a service this, too, is Refused, which is retried,
            because the network of a starting machine may come up later.
    """
    deadline_s = time.monotonic() + patience_s
    while (error := port_error(settings)) is not None:
        if time.monotonic() >= deadline_s:
            raise Refused(str(error)) if as_service else error
        time.sleep(LOOK_S)


def port_error(settings: Settings) -> FramewireError | None:
    """Return why the process cannot listen on the two addresses now; None when it can."""
    for section, address in (("gateway", settings.gateway), ("ingest", settings.ingest)):
        try:
            free = host.port_is_free(section, address.host, address.port)
        except ConfigError as error:
            return error
        if not free:
            return Refused(
                f"{section}.port {address.port} on {address.host} is in use by another program. "
                f"Stop that program, or choose another port: --set {section}.port={address.port + 100}"
            )
    return None


def exposed(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield (what, what to do) for every address that other machines reach."""
    for section, address in (("gateway", settings.gateway), ("ingest", settings.ingest)):
        if reach(address.host) == "others":
            yield (
                f"{section}.host {address.host or '(all)'} is reachable from other machines, without encryption",
                "use it only in a trusted network; otherwise use 127.0.0.1 behind a reverse proxy with TLS",
            )


def reach(name: str) -> str:
    """Return from where an address is reachable: "here", "others", or "" for a name, which may be either."""
    if name in origins.WILDCARD:
        return "others"
    try:
        return "here" if ip_address(name).is_loopback else "others"
    except ValueError:
        return "here" if name == "localhost" else ""


def claim(run_dir: Path, patience_s: float) -> IO[bytes]:
    """Return the lock of the run directory; wait at most `patience_s` for a supervisor that is about to exit.

    Raises:
        Refused: a pipeline is running there.
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
                    f"a pipeline is already running with run_dir {run_dir} ({holder}). Stop it with "
                    f"{program.NAME} stop, or start a second one in another directory: --set run_dir=NAME"
                ) from error
        time.sleep(LOOK_S)


def refuse_beside_another(run_dir: Path) -> None:
    """Check that no supervisor answers here: a lock whose file was deleted has no effect.

    Raises:
        Refused: a pipeline is running there; a start would kill its children as leftovers.
    """
    with suppress(control.NotRunning), control.connect(run_dir, ANSWER_S):
        raise AlreadyRunning(
            f"a pipeline is already running with run_dir {run_dir}, although its supervisor.lock was deleted. "
            f"Stop it with {program.NAME} stop"
        )


def prepare(settings: Settings, invocation: Invocation) -> tuple[Settings, Path, IO[bytes]]:
    """Claim the run directory; return the settings with its absolute path, the directory, and its lock.

    Raises:
        ConfigError: it cannot be used.
        Refused: a pipeline is running there, or nothing can be written there.
    """
    run_dir = program.run_dir_of(settings.run_dir)
    host.private_directory(run_dir, mend=invocation.again)  # a changed mode must not prevent a restart
    host.endpoint(run_dir, "normalizer-64.critical")  # the longest name: refuse a long path here, not in a child
    lock = claim(run_dir, SERVICE_PATIENCE_S if invocation.as_service else 0.0)
    refuse_beside_another(run_dir)
    settings = msgspec.structs.replace(settings, run_dir=str(run_dir))
    if not invocation.again:  # after a kill they were read from there, and a full disk must not prevent the restart
        write_if_changed(run_dir / config.SETTINGS_FILE, config.encode(settings))
        write_if_changed(run_dir / config.SOURCE_FILE, msgspec.json.encode(invocation.source))
    tokens.load_or_create(run_dir)
    return settings, run_dir, lock


def write_if_changed(file: Path, data: bytes) -> None:
    """Replace a file unless it has this content, so that a killed service restarts on a full disk, too.

    Raises:
        Refused: it cannot be written.
    """
    try:
        if not (file.exists() and file.read_bytes() == data):
            host.write_private(file, data)
    except OSError as error:
        raise Refused(
            f"{file} cannot be written: {error.strerror}. Free disk space, or choose another run_dir"
        ) from error
