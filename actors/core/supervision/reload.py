"""The effect of changed settings on a running pipeline.

No accepted event depends on a setting, and every actor can be restarted without loss. So most changes restart the
processes that read the setting (`reads` in kinds.py). A change of an address that overlays or game servers use is
refused. A reload is applied as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from actors.core.supervision.kinds import Child, reads

# Keys, or prefixes of keys, that the supervisor applies without restarting a process (`sources` starts or stops some).
FOLLOWED: Final = ("supervisor", "budgets", "demo", "flags", "sources", "gateway.processes", "normalizer.processes")

REFUSED: Final[dict[str, str]] = {
    "run_dir": "the pipeline keeps its files there",
    "gateway.host": "overlays and bookmarks use this address",
    "gateway.port": "overlays and bookmarks use this address",
    "ingest.host": "game servers and programs use this address",
    "ingest.port": "game servers and programs use this address",
    "faults": "only tests use it",
}


class SettingChange(NamedTuple):
    """One setting that differs; `key` is its dotted path."""

    key: str
    before: Any
    after: Any


class Plan(NamedTuple):
    """The effect of a reload.

    restarts  names of children that run before and after, and read a setting that changed
    refusals  reasons for refusing the reload; with any of them nothing is changed
    """

    changes: list[SettingChange]
    restarts: list[str]
    refusals: list[str]


def plan(
    before: Mapping[str, Any], after: Mapping[str, Any], old: Iterable[Child] = (), new: Iterable[Child] = ()
) -> Plan:
    """Compare two trees of settings; `old` and `new` are the children that they require."""
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


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[SettingChange]:
    """Yield every leaf that differs, in the order of `after`; a key that is missing on one side is None there."""
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, f"{path}{name}.")
        elif old != new:
            yield SettingChange(f"{path}{name}", old, new)


def longest(table: Mapping[str, Any], key: str) -> Any:
    """Return the table's value for the longest prefix of `key`, None when there is none."""
    parts = key.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((table[prefix] for prefix in prefixes if prefix in table), None)
