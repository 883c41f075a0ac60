"""Which processes a configuration asks for, in the order in which they start.

Consumers start first and producers last; stopping goes the other way, so that stopping drains.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

MODULES: Final = {
    "broadcaster": "actors.broadcaster",
    "gateway": "actors.gateway.server",
    "queue-manager": "actors.queue_manager",
    "normalizer": "actors.normalizer",
    "ingest": "actors.producers.ingest",
    "demo": "actors.producers.demo",
}

MANY: Final = ("gateway", "normalizer")


class Child(Struct, frozen=True):
    """One process of the pipeline. `name` is what operators call it: `queue-manager`, `normalizer-2`."""

    name: str
    kind: str
    index: int


def children(gateways: int, normalizers: int, demo: bool) -> list[Child]:
    """Return all children in the order of their start."""
    plan = [Child("broadcaster", "broadcaster", 1)]
    plan += [Child(f"gateway-{index}", "gateway", index) for index in range(1, gateways + 1)]
    plan += [Child("queue-manager", "queue-manager", 1)]
    plan += [Child(f"normalizer-{index}", "normalizer", index) for index in range(1, normalizers + 1)]
    plan += [Child("ingest", "ingest", 1)]
    if demo:
        plan += [Child("demo", "demo", 1)]
    return plan


def parse_name(name: str) -> tuple[str, int]:
    """Return (kind, index) of a child's name.

    Raises:
        ValueError: no child is called so.
    """
    kind, _, number = name.rpartition("-")
    if kind in MANY and number.isdigit():
        return kind, int(number)
    if name in MODULES and name not in MANY:
        return name, 1
    raise ValueError(f"no actor is called {name!r}; kinds are {', '.join(MODULES)}")
