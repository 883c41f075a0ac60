"""What is on the page in an exact frame, at 30 to 144 Hz: motion follows time, one commit and one layout per frame.

tests/web/stepped.py says how frames are made, and why not by `HeadlessExperimental.beginFrame`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.gate import Gate
from tests.web.stepped import Stepped

RATES_HZ = [30, 50, 60, 144]
SHOWN_MS = 7_000.0  # a row of the killfeed
RANKS_MS = 100.0  # from its exit to the movement of the others
BEHIND_MS = 60.0  # a panel begins to open while its wire still draws itself
ALERT_MS = 6_000.0
DECELERATE = (0.16, 1.0, 0.3, 1.0)
EASE_IN = (0.42, 0.0, 1.0, 1.0)
SHIFT = (0.2, 0.0, 0.0, 1.0)

RIGHT, BOTTOM = 1, 2

# Draws frames, and reads after each what the nodes of a selector look like.
FRAMES = """([selector, ms, times]) => {
  const look = (node) => {
    const { clipPath, opacity, transform } = getComputedStyle(node);
    const wire = getComputedStyle(node.querySelector('.wire')).transform;
    return { clip: clipPath, opacity: Number(opacity), transform, wire, gone: node.classList.contains('gone') };
  };
  const seen = [];
  for (let n = 0; n < times; n += 1) {
    stepped.step(ms);
    seen.push([...document.querySelectorAll(selector)].map(look));
  }
  return seen;
}"""
TOKENS = """() => Object.fromEntries(['enter', 'exit', 'wire-time', 'shift'].map((name) =>
  [name, parseFloat(getComputedStyle(document.documentElement).getPropertyValue(`--fw-${name}`))]))"""
# Draws frames one by one and notes after each how often the page's nodes were changed: the batches of an observer, and
# the commits that the page counts.
COMMITS = """async ([ms, times]) => {
  let batches = 0;
  const observer = new MutationObserver(() => { batches += 1; });
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  const seen = [];
  for (let n = 0; n < times; n += 1) {
    const [before, { commits }] = [batches, framewire.status().view];
    stepped.step(ms);
    await Promise.resolve();
    seen.push([batches - before, framewire.status().view.commits - commits]);
  }
  observer.disconnect();
  return seen;
}"""


@pytest.fixture
def stepped(window: Any, gate: Gate) -> Iterator[Stepped]:
    page = window.new_page()
    opened = Stepped(page, gate)
    yield opened
    page.close()
    assert opened.overlay.errors == []


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


def frames(stepped: Stepped, selector: str, rate_hz: int, lasting_ms: float) -> list[tuple[float, list[Any]]]:
    """Draw frames at a rate; return for each its time since the first, and what the nodes look like in it."""
    step_ms = 1_000 / rate_hz
    times = round(lasting_ms / step_ms)
    seen = stepped.page.evaluate(FRAMES, [selector, step_ms, times])
    return [(step_ms * at, nodes) for at, nodes in enumerate(seen)]


def forget_rows(stepped: Stepped) -> None:
    """Mark the rows that are closed: the next one uses another node of the pool."""
    stepped.page.evaluate("document.querySelectorAll('.kf-row.gone').forEach((row) => row.classList.add('stale'))")


def test_a_row_opens_and_closes_by_time_at_any_rate(stepped: Stepped) -> None:
    tokens = stepped.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        stepped.send(kill("ada"))
        seen = frames(stepped, ".kf-row:not(.off, .stale)", rate_hz, SHOWN_MS + 500)
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
        forget_rows(stepped)


def test_a_row_leaves_before_the_others_move_at_any_rate(stepped: Stepped) -> None:
    tokens = stepped.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        stepped.send(kill("ada"))
        stepped.step(500)
        stepped.send(kill("cy"))
        stepped.step(SHOWN_MS - 1_000)
        seen = frames(stepped, ".kf-row:not(.off, .stale)", rate_hz, 1_200)
        below = offset(seen[0][1][1]["transform"])
        assert below > 20, "the second row is below the first"
        leaves_ms = next(at_ms for at_ms, rows in seen if rows[0]["gone"])
        starts_ms = max(at_ms for at_ms, rows in seen if offset(rows[1]["transform"]) == below)
        assert at_the_first_frame(starts_ms - leaves_ms, RANKS_MS, rate_hz)
        for at_ms, rows in seen:
            left = 1 - bezier(SHIFT, (at_ms - starts_ms) / tokens["shift"])
            assert offset(rows[1]["transform"]) == pytest.approx(below * left, abs=0.2), (rate_hz, at_ms - leaves_ms)
        assert not seen[-1][1][1]["gone"]
        stepped.step(SHOWN_MS)
        forget_rows(stepped)


def test_an_alert_opens_tells_its_time_and_closes_at_any_rate(stepped: Stepped) -> None:
    tokens = stepped.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        stepped.send(("alert_start", {"alert": "a", "title": "Final round", "subtitle": "Copper Foxes"}))
        seen = frames(stepped, ".w-alerts .bn", rate_hz, ALERT_MS + 500)
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


def test_one_frame_is_one_commit(stepped: Stepped) -> None:
    changes: list[list[int]] = []
    for number in range(12):
        stepped.send(*everything(number))
        changes += stepped.page.evaluate(COMMITS, [1_000 / 60, 12])
    assert {tuple(one) for one in changes} == {(0, 0), (1, 1)}
    assert changes[0] == [1, 1]


def test_one_frame_is_at_most_one_layout(stepped: Stepped) -> None:
    session = stepped.page.context.new_cdp_session(stepped.page)
    session.send("Performance.enable")

    def layouts() -> int:
        """Return how many layouts there were, after the browser has drawn what the page changed."""
        stepped.page.evaluate("() => new Promise((done) => stepped.nextFrame(() => stepped.nextFrame(() => done())))")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return int(metrics["LayoutCount"])

    counts: list[int] = []
    for number in range(6):
        stepped.send(*everything(number))
        for _ in range(5):
            before = layouts()
            stepped.step(1_000 / 60)
            counts.append(layouts() - before)
    assert set(counts) == {0, 1}
