"""The kinds of processes, and the processes that a configuration requires.

One row per kind. The plan of children, the order of start and stop, the restarts of a reload, the keys of `budgets.of`
and the module that a child runs all follow from it. To add a kind of process, add a row.

Consumers start first and producers last. They stop by stage, producers first, so that accepted events are delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct


class Kind(Struct, frozen=True):
    """One kind of process.

    module    runs it: `main(settings, run_dir, name, index) -> exit code`
    count     the setting that gives the number of processes. A number n gives NAME-1 to NAME-n, a list gives one
              process for each of its names. "" is exactly one process, named like its kind
    reads     keys of the settings; a change of one of them, or below it, restarts the process. `{name}` is its name
    stage     the order of stopping: all processes of stage 0 stop first
    optional  the pipeline is ready without it, and a start does not fail when its configuration is wrong
    """

    name: str
    module: str
    count: str = ""
    reads: tuple[str, ...] = ()
    stage: int = 0
    optional: bool = False


# What every producer reads: its outbox and window, and the normalizers that it connects to.
PRODUCER: Final = ("producer", "normalizer.processes")

TEMPLATE: Final = "template"  # the process that forks the others (supervision/template.py)

KINDS: Final = (
    # First, because it forks the others. It needs no restart by a reload: it reads no settings.
    Kind(TEMPLATE, "actors.supervision.template", "templates", optional=True),
    Kind("broadcaster", "actors.broadcaster", stage=3),
    Kind("gateway", "actors.gateway.server", "gateway.processes", reads=("gateway",), stage=4),
    Kind("queue-manager", "actors.queue_manager", reads=("queue", "normalizer.processes"), stage=2),
    Kind("normalizer", "actors.normalizer", "normalizer.processes", stage=1),
    Kind("ingest", "actors.producers.ingest", reads=("ingest", *PRODUCER)),
    Kind("source", "actors.producers.kit", "sources", reads=("sources.{name}", *PRODUCER), optional=True),
)


class Child(Struct, frozen=True):
    """One process of the pipeline. `name` is its name in commands: `queue-manager`, `normalizer-2`, `twitch`."""

    name: str
    kind: str
    index: int = 1
    module: str = ""
    reads: tuple[str, ...] = ()
    stage: int = 0
    optional: bool = False


def children(counts: Mapping[str, int | Sequence[str]], kinds: Iterable[Kind] | None = None) -> list[Child]:
    """Return all children in the order of their start; `counts` has the value of every `count` key."""
    rows = KINDS if kinds is None else kinds
    return [_child(kind, name, index) for kind in rows for index, name in enumerate(_names(kind, counts), start=1)]


def parse_name(name: str, sources: Iterable[str]) -> tuple[Kind, int]:
    """Return (kind, index) of a child's name; `sources` are the names of all sources.

    Raises:
        ValueError: no child has this name.
    """
    stem, _, number = name.rpartition("-")
    for kind in KINDS:
        listed = kind.count == "sources" and name in sources
        numbered = kind.count.endswith(".processes") and stem == kind.name and number.isdigit()
        if listed or numbered or (name == kind.name and not kind.count):
            return kind, int(number) if numbered else 1
    raise ValueError(f"Unknown process {name!r}. Kinds: {', '.join(kind.name for kind in KINDS)}")


def reads(child: Child, key: str) -> bool:
    """Whether a change of the setting `key` (a dotted path) restarts `child`."""
    return any(f"{key}.".startswith(f"{prefix}.") or f"{prefix}.".startswith(f"{key}.") for prefix in child.reads)


def _names(kind: Kind, counts: Mapping[str, int | Sequence[str]]) -> Sequence[str]:
    if not kind.count:
        return [kind.name]
    count = counts[kind.count]
    return [f"{kind.name}-{index}" for index in range(1, count + 1)] if isinstance(count, int) else count


def _child(kind: Kind, name: str, index: int) -> Child:
    keys = tuple(key.replace("{name}", name) for key in kind.reads)
    return Child(name, kind.name, index, kind.module, keys, kind.stage, kind.optional)
