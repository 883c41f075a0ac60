"""What is on the page in an exact frame, at 30 to 144 Hz: motion follows time, one commit and one layout per frame.

The clock of the page is stepped (tests/web/stepped.py). test_begin_frames.py has the browser's own frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.gate import Gate
from tests.web.motion import (
    ALERT_MS,
    BANNER,
    LOOK,
    ROWS,
    SHOWN_MS,
    TOKENS,
    Seen,
    alert,
    check_alert,
    check_row,
    check_rows,
    everything,
    forget_rows,
    kill,
)
from tests.web.stepped import Stepped

RATES_HZ = [30, 50, 60, 144]

# Draws frames, and reads after each what the nodes of a selector look like.
FRAMES = f"""([selector, ms, times]) => {{
  const seen = [];
  for (let n = 0; n < times; n += 1) {{
    stepped.step(ms);
    seen.push(({LOOK})(selector));
  }}
  return seen;
}}"""
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


def frames(stepped: Stepped, selector: str, rate_hz: int, lasting_ms: float) -> Seen:
    """Draw frames at a rate; return for each its time since the first, and what the nodes look like in it."""
    step_ms = 1_000 / rate_hz
    times = round(lasting_ms / step_ms)
    seen = stepped.page.evaluate(FRAMES, [selector, step_ms, times])
    return [(step_ms * at, nodes) for at, nodes in enumerate(seen)]


def test_a_row_opens_and_closes_by_time_at_any_rate(stepped: Stepped) -> None:
    tokens = stepped.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        stepped.send(kill("ada"))
        check_row(frames(stepped, ROWS, rate_hz, SHOWN_MS + 500), tokens, rate_hz)
        forget_rows(stepped.page)


def test_a_row_leaves_before_the_others_move_at_any_rate(stepped: Stepped) -> None:
    tokens = stepped.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        stepped.send(kill("ada"))
        stepped.step(500)
        stepped.send(kill("cy"))
        stepped.step(SHOWN_MS - 1_000)
        check_rows(frames(stepped, ROWS, rate_hz, 1_200), tokens, rate_hz)
        stepped.step(SHOWN_MS)
        forget_rows(stepped.page)


def test_an_alert_opens_tells_its_time_and_closes_at_any_rate(stepped: Stepped) -> None:
    tokens = stepped.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        stepped.send(alert())
        check_alert(frames(stepped, BANNER, rate_hz, ALERT_MS + 500), tokens, rate_hz)


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
