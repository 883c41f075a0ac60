"""The browser's own frames, each at an exact time: motion follows time, one commit and no forced layout per frame.

Debian's `chromium` draws no frame on command, so `make test` leaves these out; `make test-engines` runs them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import SLOWNESS
from tests.web.begin_frames import FLAGS, BeginFrames, new_page
from tests.web.conftest import VIOLATIONS, Console, PlaywrightError, missing
from tests.web.gate import Gate
from tests.web.motion import (
    ALERT_MS,
    BANNER,
    ROWS,
    SHOWN_MS,
    TOKENS,
    alert,
    check_alert,
    check_row,
    check_rows,
    everything,
    forget_rows,
    kill,
)

pytestmark = pytest.mark.begin_frames

RATES_HZ = [30, 60, 144]
CLOCK_MS = 0.02  # four times the resolution of the page's clock
ENTRANCE_MS, EXIT_MS = 600, 600

# Notes the time of each frame that the page sees: of the frame itself, and by the page's clock.
TIMES = """() => {
  globalThis.times = [];
  const see = (t) => { times.push([t, performance.now()]); requestAnimationFrame(see); };
  requestAnimationFrame(see);
}"""
# Counts how often the page's nodes are changed: the batches of an observer. The page counts frames and commits itself.
COUNT = """() => {
  globalThis.batches = 0;
  new MutationObserver(() => { batches += 1; }).observe(document,
    { subtree: true, childList: true, attributes: true, characterData: true });
}"""
COUNTS = "() => { const { frames, view } = framewire.status(); return [frames, view.commits, batches]; }"

SCRIPT = {"FireAnimationFrame", "FunctionCall", "TimerFire", "RunMicrotasks", "EvaluateScript"}
LAYOUT = {"Layout", "UpdateLayoutTree"}


def is_in(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    """Whether a span of a trace lies in another one of the same thread."""
    return (
        (inner["pid"], inner["tid"]) == (outer["pid"], outer["tid"])
        and outer["ts"] <= inner["ts"]
        and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"]
    )


def counts(driven: BeginFrames) -> list[int]:
    """Return how many frames and commits the page counts, how many batches of changes, and how many layouts."""
    return [*driven.page.evaluate(COUNTS), driven.layouts()]


@pytest.fixture(scope="session")
def shell(launch: Callable[..., Any]) -> Any:
    """A browser that draws on command."""
    browser = launch(*FLAGS)
    with browser.new_context() as context:
        try:
            context.new_cdp_session(new_page(browser, context)).send("HeadlessExperimental.beginFrame")
        except PlaywrightError as error:
            if "wasn't found" not in str(error):
                raise
            missing("a headless shell")
    return browser


@pytest.fixture
def driven(shell: Any, gate: Gate, request: pytest.FixtureRequest) -> Iterator[BeginFrames]:
    with shell.new_context(viewport={"width": 1920, "height": 1080}) as context, Console(context, request) as console:
        context.set_default_timeout(30_000 * SLOWNESS)
        context.add_init_script(VIOLATIONS)
        opened = BeginFrames(new_page(shell, context), gate)
        yield opened
    assert opened.overlay.errors == []
    assert console.unexpected() == []


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_page_sees_exact_times(driven: BeginFrames, rate_hz: int) -> None:
    driven.page.evaluate(TIMES)
    driven.pace(rate_hz)
    for _ in range(rate_hz):
        driven.frame()
    times = driven.page.evaluate("times")
    assert len(times) == rate_hz
    first = times[0]
    for at, time in enumerate(times):
        for clock in (0, 1):
            assert time[clock] - first[clock] == pytest.approx(at * 1_000 / rate_hz, abs=CLOCK_MS)


def test_a_row_opens_and_closes_by_time_at_any_rate(driven: BeginFrames) -> None:
    tokens = driven.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        driven.send(kill("ada"))
        seen = driven.watch(ROWS, rate_hz, SHOWN_MS + EXIT_MS, still=(ENTRANCE_MS, SHOWN_MS - 100))
        check_row(seen, tokens, rate_hz)
        forget_rows(driven.page)


def test_a_row_leaves_before_the_others_move_at_any_rate(driven: BeginFrames) -> None:
    tokens = driven.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        driven.pace(2)
        driven.send(kill("ada"))
        driven.frame()
        driven.send(kill("cy"))
        driven.frame(12)
        check_rows(driven.watch(ROWS, rate_hz, 1_200), tokens, rate_hz)
        driven.pace(1)
        driven.frame(7)
        driven.frame()
        forget_rows(driven.page)


def test_an_alert_opens_tells_its_time_and_closes_at_any_rate(driven: BeginFrames) -> None:
    tokens = driven.page.evaluate(TOKENS)
    for rate_hz in RATES_HZ:
        driven.send(alert())
        seen = driven.watch(BANNER, rate_hz, ALERT_MS + EXIT_MS, still=(ENTRANCE_MS, ALERT_MS - 100))
        check_alert(seen, tokens, rate_hz)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_frame_is_one_commit_and_nothing_changes_between_frames(driven: BeginFrames, rate_hz: int) -> None:
    driven.page.evaluate(COUNT)
    driven.pace(rate_hz)
    changes: list[tuple[int, ...]] = []
    for number in range(4):
        before = counts(driven)
        driven.send(*everything(number))
        for at in range(12):
            driven.wait()
            assert counts(driven) == before, (number, at)
            driven.draw()
            after = counts(driven)
            changes.append(tuple(now - then for now, then in zip(after, before, strict=True)))
            before = after
    assert changes[0] == (1, 1, 1, 1)
    for frames, commits, batches, layouts in changes:
        assert frames <= 1
        assert commits == batches <= frames
        assert layouts <= 1


def test_no_script_forces_a_layout(driven: BeginFrames, shell: Any) -> None:
    shell.start_tracing(categories=["devtools.timeline"])
    driven.pace(60)
    for number in range(4):
        driven.send(*everything(number))
        for _ in range(12):
            driven.frame()
    trace = json.loads(shell.stop_tracing())["traceEvents"]
    spans = [event for event in trace if event["ph"] == "X"]
    scripts = [span for span in spans if span["name"] in SCRIPT]
    layouts = [span for span in spans if span["name"] in LAYOUT]
    assert {span["name"] for span in spans} > {"FireAnimationFrame", *LAYOUT}, "the names of the trace have changed"
    assert [layout for layout in layouts if any(is_in(layout, script) for script in scripts)] == []


def test_a_still_page_commits_nothing(driven: BeginFrames) -> None:
    driven.page.evaluate(COUNT)
    driven.pace(1)
    driven.send(kill("ada"), alert())
    for _ in range(20):
        driven.frame()
    before = counts(driven)
    driven.pace(30)
    for at in range(300):
        driven.frame()
        assert counts(driven) == before, at
    driven.send(kill("ada"))
    driven.frame()
    assert counts(driven) == [count + 1 for count in before], "the page is alive"
