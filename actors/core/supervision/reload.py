"""What a changed setting asks of a running pipeline.

Nothing that was accepted depends on a setting, and every actor can be restarted without loss, so most changes restart
the processes that read the setting (`reads` in kinds.py). Changes of addresses that overlays and game servers were
given are refused. A reload is taken as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from actors.core.supervision.kinds import Child, reads

# Keys, or beginnings of keys, that the supervisor itself follows without a restart. `sources`: children come and go.
FOLLOWED: Final = ("supervisor", "budgets", "demo", "sources", "gateway.processes", "normalizer.processes")

REFUSED: Final[dict[str, str]] = {
    "run_dir": "the pipeline keeps its files there",
    "gateway.host": "overlays and bookmarks have this address",
    "gateway.port": "overlays and bookmarks have this address",
    "ingest.host": "game servers and programs have this address",
    "ingest.port": "game servers and programs have this address",
    "faults": "only tests use it",
}


class Change(NamedTuple):
    """One setting that differs; `key` is its dotted path."""

    key: str
    before: Any
    after: Any


class Plan(NamedTuple):
    """What a reload does.

    restarts  names of children that run before and after, and read a setting that changed
    refusals  sentences; with any of them nothing happens
    """

    changes: list[Change]
    restarts: list[str]
    refusals: list[str]


def plan(
    before: Mapping[str, Any], after: Mapping[str, Any], old: Iterable[Child] = (), new: Iterable[Child] = ()
) -> Plan:
    """Compare two trees of settings; `old` and `new` are the children that they ask for."""
    changes = list(differences(before, after))
    refusals = [
        f"{change.key} is {change.before!r} and would be {change.after!r}: {reason}; stop and start instead"
        for change in changes
        if (reason := longest(REFUSED, change.key)) is not None
    ]
    remaining = {child.name: child for child in old}
    restarts = [
        child.name
        for child in new
        if child.name in remaining
        and any(reads(child, change.key) or reads(remaining[child.name], change.key) for change in changes)
    ]
    return Plan(changes, restarts, refusals)


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[Change]:
    """Yield every leaf that differs, in the order of `after`; a key that is missing on one side is None there."""
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, f"{path}{name}.")
        elif old != new:
            yield Change(f"{path}{name}", old, new)


def longest(table: Mapping[str, Any], key: str) -> Any:
    """Return what the table has for the longest beginning of `key`, None when it has none."""
    parts = key.split(".")
    beginnings = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((table[beginning] for beginning in beginnings if beginning in table), None)
