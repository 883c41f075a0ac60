"""What a changed setting asks of a running pipeline.

Nothing that was accepted depends on a setting, and every actor can be restarted without loss, so most changes are a
restart of whoever reads them. Refused is what others hold on to: addresses that overlays and game servers were given.
A reload is taken as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

# key, or the beginning of keys: (kinds that read it, and are restarted). The longest that fits counts.
RESTARTS: Final[dict[str, tuple[str, ...]]] = {
    "supervisor": (),
    "budgets": (),
    "demo": (),  # a child more or less
    "normalizer.processes": ("ingest",),  # sources connect to each of them
    "gateway.processes": ("gateway",),  # the first must share its port from the beginning
    "gateway": ("gateway",),
    "queue": ("queue-manager",),
    "producer": ("ingest",),
    "ingest": ("ingest",),
}

REFUSED: Final[dict[str, str]] = {
    "run_dir": "it is where this pipeline lives",
    "gateway.host": "overlays and bookmarks have this address",
    "gateway.port": "overlays and bookmarks have this address",
    "ingest.host": "game servers and programs have this address",
    "ingest.port": "game servers and programs have this address",
    "faults": "it is for tests, which start their own",
}


class Change(NamedTuple):
    """One setting that differs; `key` is its dotted path."""

    key: str
    before: Any
    after: Any


class Plan(NamedTuple):
    """What a reload does: `restarts` are kinds of children, `refusals` sentences; with any of those nothing happens."""

    changes: list[Change]
    restarts: list[str]
    refusals: list[str]


def plan(before: Mapping[str, Any], after: Mapping[str, Any]) -> Plan:
    """Compare two trees of settings."""
    changes = list(differences(before, after))
    refusals = [
        f"{change.key} is {change.before!r} and would be {change.after!r}: {reason}; stop and start instead"
        for change in changes
        if (reason := longest(REFUSED, change.key)) is not None
    ]
    kinds = [kind for change in changes for kind in longest(RESTARTS, change.key) or ()]
    return Plan(changes, list(dict.fromkeys(kinds)), refusals)


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
