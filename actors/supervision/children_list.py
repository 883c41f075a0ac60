"""children.json: the running processes, for the supervisor that starts after this one was killed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from actors import host
from actors.supervision.child import Incarnation

FILE: Final = "children.json"


def write(run_dir: Path, incarnations: Iterable[Incarnation]) -> None:
    """Write the list.

    Raises:
        OSError: the file cannot be written.
    """
    boot = host.boot_id()
    rows = [
        {
            "name": one.lifecycle.child.name,
            "pid": one.process.pid,
            "created_s": one.meter.created_s,
            "boot": boot,
        }
        for one in incarnations
    ]
    # Not durable: after a loss of power no process is left to kill, and the supervisor must not wait for a disk.
    host.write_private(run_dir / FILE, json.dumps(rows).encode(), durable=False)


def leftovers(run_dir: Path) -> list[tuple[str, int, float]] | None:
    """Return (name, pid, create time) of the children of a supervisor that was killed; None: it was not killed."""
    try:
        listed = json.loads((run_dir / FILE).read_text(encoding="utf-8"))
        mine = [row for row in listed if row["pid"] > 0 and row["boot"] == host.boot_id()]  # a boot reuses pids
        return [(str(row["name"]), int(row["pid"]), float(row["created_s"])) for row in mine]
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, OSError):
        return []  # torn by a loss of power, after which no process is left, or not our file
