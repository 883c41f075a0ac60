"""Measurements of the full fault tests; printed at the end of the run, and kept in docs/faults.md."""

from __future__ import annotations

from collections.abc import Sequence

LINES: list[str] = []


def note(test: str, text: str) -> None:
    """Keep a figure of a test (T1 … T30)."""
    LINES.append(f"{test}: {text}")
    print(LINES[-1])


def spread(seconds: Sequence[float]) -> str:
    """Return median, 99th percentile and maximum."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"median {ordered[len(ordered) // 2]:.2f} s, p99 {p99:.2f} s, max {ordered[-1]:.2f} s (n={len(ordered)})"
