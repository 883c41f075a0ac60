"""`python -m actors NAME RUN_DIR`: the entry point of every child process."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Final

from actors import config, faults, host, logs
from actors.core.supervision import kinds
from actors.errors import ConfigError, Fenced, Refused

# Modules that are imported when they are first used: by tornado for its loop, by time.strptime, by actors/host.py.
LATE: Final = ("tornado.platform.asyncio", "_strptime", "ctypes")


def load_all() -> None:
    """Import what any actor needs, so that a process that is forked from this one imports little.

    The modules of one kind of source are left out: few processes use them, and most kinds are not configured.
    """
    for kind in kinds.KINDS:
        if kind.name != kinds.TEMPLATE:
            importlib.import_module(kind.module)
    for name in LATE:
        importlib.import_module(name)


def main(arguments: list[str]) -> int:
    """Run the actor NAME. Exit code 0: stopped on request; 2: wrong configuration; others lead to a restart."""
    if len(arguments) != 2:
        print("usage: python -m actors NAME RUN_DIR (normally called by the supervisor)", file=sys.stderr)
        return 2
    name, run_dir = arguments[0], Path(arguments[1])
    logs.start_actor(logs.path_of(run_dir, name))
    host.dump_stacks_on_signal()  # early, because a start can hang, too
    log = logging.getLogger(name)
    os.umask(0o077)  # the sockets of the bus are only for this user
    try:
        settings = config.of_run_dir(run_dir)
        kind, index = kinds.parse_name(name, settings.all_sources())
        faults.arm(settings.faults)
        # Held until the exit: a second process of that name would take over the sockets of the first.
        with host.lock(run_dir / f"{name}.actor.lock", name):
            module = importlib.import_module(kind.module)
            code: int = module.main(settings, run_dir, name, index)
    except ConfigError as error:
        log.error("config error=%r", str(error))
        return 2
    except (Refused, Fenced) as error:
        log.error("stopped error=%r", str(error))
        return 3
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
