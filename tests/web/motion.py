"""What has to be on the page at a time, whatever the frame rate: for stepped.py and for begin_frames.py."""

from __future__ import annotations

import re
from typing import Any

import pytest

SHOWN_MS = 7_000.0  # a row of the killfeed
RANKS_MS = 100.0  # from its exit to the movement of the others
BEHIND_MS = 60.0  # a panel begins to open while its wire still draws itself
ALERT_MS = 6_000.0
DECELERATE = (0.16, 1.0, 0.3, 1.0)
EASE_IN = (0.42, 0.0, 1.0, 1.0)
SHIFT = (0.2, 0.0, 0.0, 1.0)

RIGHT, BOTTOM = 1, 2

ROWS = ".kf-row:not(.off, .stale)"
BANNER = ".w-alerts .bn"

# What the nodes of a selector look like.
LOOK = """(selector) => [...document.querySelectorAll(selector)].map((node) => {
  const { clipPath, opacity, transform } = getComputedStyle(node);
  const wire = getComputedStyle(node.querySelector('.wire')).transform;
  return { clip: clipPath, opacity: Number(opacity), transform, wire, gone: node.classList.contains('gone') };
})"""
TOKENS = """() => Object.fromEntries(['enter', 'exit', 'wire-time', 'shift'].map((name) =>
  [name, parseFloat(getComputedStyle(document.documentElement).getPropertyValue(`--fw-${name}`))]))"""

# Of each frame: its time since the first, in ms, and what the nodes look like in it.
Seen = list[tuple[float, list[dict[str, Any]]]]


def bezier(curve: tuple[float, float, float, float], share: float) -> float:
    """Return the value of a CSS timing function at a share of its time."""
    if share <= 0 or share >= 1:
        return min(1.0, max(0.0, share))
    x1, y1, x2, y2 = curve
    low, high = 0.0, 1.0
    for _ in range(50):
        at = (low + high) / 2
        x = 3 * (1 - at) ** 2 * at * x1 + 3 * (1 - at) * at**2 * x2 + at**3
        low, high = (at, high) if x < share else (low, at)
    return 3 * (1 - low) ** 2 * low * y1 + 3 * (1 - low) * low**2 * y2 + low**3


def cut(clip: str, side: int) -> float:
    """Return how many percent of a panel its clip cuts from one side: top, right, bottom, left."""
    if not clip.startswith("inset("):
        return 0.0
    sides = re.findall(r"calc\([^)]*\)|-?[\d.]+px", clip)
    for at in range(len(sides), 4):  # left out: as the opposite side, or as the top
        sides.append(sides[max(0, at - 2)])
    found = re.search(r"(-?[\d.e-]+)%", sides[side])
    return float(found[1]) if found else 0.0


def scale(matrix: str, axis: int) -> float:
    return 1.0 if matrix == "none" else float(re.findall(r"-?[\d.e-]+", matrix)[3 * axis])


def offset(matrix: str) -> float:
    return 0.0 if matrix == "none" else float(re.findall(r"-?[\d.e-]+", matrix)[5])


def at_the_first_frame(at_ms: float, due_ms: float, rate_hz: int) -> bool:
    """Whether it happened in the first frame from a time on. If a frame is due at that very time, rounding decides."""
    return due_ms - 1e-6 <= at_ms < due_ms + 1_000 / rate_hz + 1e-6


def person(name: str, team: str = "CT") -> dict[str, str]:
    return {"id": name, "name": name, "team": team}


def kill(attacker: str, victim: str = "bo") -> tuple[str, dict[str, Any]]:
    return "kill", {"attacker": person(attacker), "victim": person(victim, "T"), "weapon": "ak47"}


def alert() -> tuple[str, dict[str, Any]]:
    return "alert_start", {"alert": "a", "title": "Final round", "subtitle": "Copper Foxes"}


def everything(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Events of all widgets."""
    return [
        kill(f"ada{number}"),
        ("hit", {"attacker": person("ada"), "victim": person("bo", "T"), "hitgroup": "chest"}),
        ("chat", {"user": f"user{number}", "text": "some words " * (1 + number % 4)}),
        ("multikill", {"player": person("ada"), "kills": 2 + number % 4, "window_ms": 3_000}),
        ("alert_start", {"alert": f"a{number}", "title": f"Alert {number}"}),
        ("follow", {"user": f"follower{number}"}),
        ("tip", {"user": f"donor{number}", "amount": f"{number}.50", "currency": "EUR"}),
    ]


def forget_rows(page: Any) -> None:
    """Mark the rows that are closed: the next one uses another node of the pool."""
    page.evaluate("document.querySelectorAll('.kf-row.gone').forEach((row) => row.classList.add('stale'))")


def check_row(seen: Seen, tokens: dict[str, float], rate_hz: int) -> None:
    """A row of the killfeed opens, stays, and closes."""
    leaves_ms = next(at_ms for at_ms, [row] in seen if row["gone"])
    assert at_the_first_frame(leaves_ms, SHOWN_MS, rate_hz)
    for at_ms, [row] in seen:
        closed, wire, opacity = 1 - bezier(DECELERATE, (at_ms - BEHIND_MS) / tokens["enter"]), 1.0, 1
        if at_ms < leaves_ms:
            wire = bezier(DECELERATE, at_ms / tokens["wire-time"])
        else:
            closed = bezier(EASE_IN, (at_ms - leaves_ms) / tokens["exit"])
            opacity = int(at_ms - leaves_ms < tokens["exit"] - 1e-6)
        assert cut(row["clip"], RIGHT) == pytest.approx(100 * closed, abs=0.2), (rate_hz, at_ms)
        assert scale(row["wire"], 1) == pytest.approx(wire, abs=0.002), (rate_hz, at_ms)
        assert row["opacity"] == opacity, (rate_hz, at_ms)
        assert offset(row["transform"]) == 0, (rate_hz, at_ms)


def check_rows(seen: Seen, tokens: dict[str, float], rate_hz: int) -> None:
    """The first of two rows leaves, and the second then takes its place."""
    below = offset(seen[0][1][1]["transform"])
    assert below > 20, "the second row is below the first"
    leaves_ms = next(at_ms for at_ms, rows in seen if rows[0]["gone"])
    starts_ms = max(at_ms for at_ms, rows in seen if offset(rows[1]["transform"]) == below)
    assert at_the_first_frame(starts_ms - leaves_ms, RANKS_MS, rate_hz)
    for at_ms, rows in seen:
        left = 1 - bezier(SHIFT, (at_ms - starts_ms) / tokens["shift"])
        assert offset(rows[1]["transform"]) == pytest.approx(below * left, abs=0.2), (rate_hz, at_ms - leaves_ms)
    assert not seen[-1][1][1]["gone"]


def check_alert(seen: Seen, tokens: dict[str, float], rate_hz: int) -> None:
    """An alert opens, tells its time, and closes."""
    leaves_ms = next(at_ms for at_ms, [banner] in seen if banner["gone"])
    assert at_the_first_frame(leaves_ms, ALERT_MS, rate_hz)
    for at_ms, [banner] in seen:
        gone_ms = at_ms - leaves_ms
        if gone_ms < 0:
            closed = 1 - bezier(DECELERATE, (at_ms - BEHIND_MS) / tokens["enter"])
            assert cut(banner["clip"], BOTTOM) == pytest.approx(100 * closed, abs=0.2), (rate_hz, at_ms)
            assert scale(banner["wire"], 0) == pytest.approx(1 - at_ms / ALERT_MS, abs=0.002), (rate_hz, at_ms)
        else:
            closed = bezier(EASE_IN, gone_ms / tokens["exit"])
            assert cut(banner["clip"], RIGHT) == pytest.approx(100 * closed, abs=0.2), (rate_hz, at_ms)
        assert banner["opacity"] == int(gone_ms < tokens["exit"] - 1e-6), (rate_hz, at_ms)
