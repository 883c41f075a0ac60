"""What must be in order before a supervisor starts: the run directory is its own, and the ports are free."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec

from actors import config, host, program, tokens
from actors.config import Settings
from actors.errors import ConfigError, FramewireError, Refused
from actors.supervision import control
from actors.supervision.invocation import Invocation

# How long a service waits for a port or a run directory that is in use, before it fails and is started again.
SERVICE_PATIENCE_S: Final = 10.0
LOOK_S: Final = 0.05
ANSWER_S: Final = 1.0


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
                    f"a pipeline is already running with run_dir {run_dir} ({holder}); {program.NAME} stop ends it, "
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
            f"{program.NAME} stop ends it"
        )


def prepare(settings: Settings, invocation: Invocation) -> tuple[Settings, Path, IO[bytes]]:
    """Make the run directory this pipeline's own; return it, the settings with its absolute path, and the lock.

    Raises:
        ConfigError: it cannot be used.
        Refused: a pipeline runs there, or nothing can be written there.
    """
    run_dir = program.run_dir_of(settings.run_dir)
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
