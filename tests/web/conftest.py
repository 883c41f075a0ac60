"""Fixtures: a browser, a gateway that the test controls, and pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support import SLOWNESS, chromium_path, eventually
from tests.web.gate import Gate

try:
    from playwright.sync_api import Error as PlaywrightError
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright, PlaywrightError = None, Exception  # type: ignore[assignment,misc]

pytest.register_assert_rewrite("tests.web.motion")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page of a test counts as visible in any state of its window.
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]

# Simulates a hidden source of OBS: no frames until it is shown again.
HIDEABLE = """(() => {
  const real = requestAnimationFrame.bind(globalThis);
  let hidden = false, held = [];
  const ask = (run) => real((t) => hidden ? held.push(run) : run(t));
  globalThis.requestAnimationFrame = (run) => hidden ? held.push(run) : ask(run);
  globalThis.hidePage = (on) => { hidden = on; if (!on) held.splice(0).forEach(ask); };
})()"""

# The clock of the page: it stands still while a script runs, and is `times` slower than the machine's. A script that
# waits for the processor then costs no time, so that the page does not reduce its quality (core/governor.mjs); and what
# is visible for some seconds stays until a test on a loaded machine has asked for it.
CLOCK = """((times) => {
  const real = performance.now.bind(performance);
  let held = null;
  performance.now = () => {
    if (held === null) queueMicrotask(() => { held = null; });
    return held ??= real() / times;
  };
})"""


# Notes the texts of all visible elements of a selector at each change: they may be gone before a test asks.
RECORD = """(selector) => {
  globalThis.recorded = [];
  const note = () => {
    const nodes = [...document.querySelectorAll(selector)].filter((node) => !node.closest('.off, .gone, .hidden'));
    globalThis.recorded.push(nodes.map((node) => node.textContent).filter((text) => text !== ''));
  };
  const all = {subtree: true, childList: true, attributes: true, characterData: true};
  new MutationObserver(note).observe(document.body, all);
}"""


# Playwright asks `checkVisibility` what can be clicked, which Chromium has from 105 on. A selector engine is evaluated
# in each world of a page, that of Playwright included.
VISIBILITY = """(() => {
  Element.prototype.checkVisibility ??= function () {
    const folded = this.closest("details:not([open]) > :not(summary)");
    return this.getClientRects().length > 0 && folded === null;
  };
  return { query: () => null, queryAll: () => [] };
})()"""

# The console names most violations of the security policy; this names all of them.
VIOLATIONS = """addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) =>
  console.error(`Security Policy: ${effectiveDirective} blocked ${blockedURI} ${sample}`))"""

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def missing(what: str) -> None:
    """Skip at home, fail where the tests are the gate."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and this is CI")
    pytest.skip(f"{what} is not installed")


def reported(problems: list[str]) -> list[str]:
    """Return what a page reports, except that a loaded machine did not start its worker in time."""
    return [problem for problem in problems if "it has not started within" not in problem]


def graves(page: Any) -> dict[int, list[str]]:
    """Return the serious faults that axe finds in a page, by its width: a screen, a tablet, a dock."""
    if not AXE.exists():
        missing("axe-core (npm install)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = {}
    for width in (1920, 768, 300):
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate(
            """async () => (await axe.run({iframes: false})).violations
              .filter(({ impact }) => ['serious', 'critical'].includes(impact))
              .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)).join(' ')}`)"""
        )
    return {width: faults for width, faults in found.items() if faults}


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """Start a browser, with more flags than FLAGS; it ends with the session."""
    if (chromium := chromium_path()) is None:
        missing("Chromium")
    if sync_playwright is None:
        missing("playwright")
    with sync_playwright() as playwright, ExitStack() as running:
        playwright.selectors.register("visibility", VISIBILITY, content_script=True)

        def start(*flags: str) -> Any:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=[*FLAGS, *flags], timeout=60_000 * SLOWNESS
            )
            running.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Any]) -> Any:
    return launch()


class Console:
    """What the pages of a window report as an error: to the console, or because no code catches it.

    A violation of the security policy is one. A test that causes errors names them, as does its module or parameter:
    `@pytest.mark.console("a part of the message", …)`.
    """

    def __init__(self, window: Any, request: pytest.FixtureRequest) -> None:
        self.window = window
        self.allowed = [part for marker in request.node.iter_markers("console") for part in marker.args]
        self.errors: list[str] = []

    def __enter__(self) -> Console:
        self.window.on("console", self.said)
        self.window.on("weberror", self.failed)
        return self

    def __exit__(self, *_: object) -> None:
        self.window.remove_listener("console", self.said)
        self.window.remove_listener("weberror", self.failed)

    def said(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def failed(self, error: Any) -> None:
        self.errors.append(str(error.error))

    def unexpected(self) -> list[str]:
        return [error for error in self.errors if not any(part in error for part in self.allowed)]


@pytest.fixture(scope="session")
def shared_window(browser: Any) -> Iterator[Any]:
    """One window for all tests: every further one costs a renderer of the browser's own (0.5 s of CPU, Chromium 156).

    What a page stores is not shared all the same, because every gate has a port, and so an origin, of its own.
    """
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(30_000 * SLOWNESS)
    context.add_init_script(VIOLATIONS)
    yield context
    context.close()


@pytest.fixture
def window(shared_window: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The window of all tests; no page in it reports an error that the test does not expect."""
    with Console(shared_window, request) as console:
        yield shared_window
    assert console.unexpected() == []


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.stop()


class Overlay:
    """A page of the overlay, and what tests read from it."""

    def __init__(self, page: Any, gate: Gate) -> None:
        self.page = page
        self.gate = gate
        self.errors: list[str] = []
        self.console: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.console.append(message.text))

    def open(self, query: str = "journal=1&motion=full", live: bool = True, **token: str) -> Overlay:
        self.page.goto(self.gate.page(query, **token))
        if live:
            self.live()
        return self

    def live(self) -> None:
        eventually(lambda: self.status()["state"] == "live", 10)

    def ask(self, script: str, argument: object = None, loading: object = None) -> Any:
        """Evaluate in the page; `loading` is the answer of a page that is just being replaced by another."""
        try:
            return self.page.evaluate(script, argument)
        except PlaywrightError as error:
            if "context was destroyed" not in str(error):
                raise
            return loading

    def status(self) -> dict[str, Any]:
        got: dict[str, Any] = self.ask(
            "globalThis.framewire ? framewire.status() : {state: '', queue: 0}", loading={"state": "", "queue": 0}
        )
        return got

    def problems(self) -> list[str]:
        return reported(self.status()["problems"])

    def drawn(self) -> None:
        """Wait until all events of the log and all other sent events are rendered, as long as there is progress."""
        before: object = None
        while before != len(self.gate.log):
            eventually(lambda before=before: self.status().get("drawn") != before, 10)
            before = self.status().get("drawn")
        eventually(lambda: self.status()["queue"] == 0, 10)

    def reported(self) -> None:
        """Wait until the gateway knows that everything is drawn."""
        eventually(lambda: (self.gate.said("receipt") or [{}])[-1].get("position") == len(self.gate.log), 10)

    def settled(self) -> None:
        """Wait for two frames, so that what arrived is on the page."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def seen(self, event_id: str) -> None:
        eventually(lambda: self.page.evaluate("(id) => framewire.journal.some((line) => line.id === id)", event_id))
        self.settled()

    def texts(self, selector: str) -> list[str]:
        """The texts of all elements that a viewer sees."""
        found: list[str] = self.ask(
            """(selector) => [...document.querySelectorAll(selector)]
              .filter((node) => !node.closest('.off, .gone, .hidden') && node.textContent !== '')
              .map((node) => node.textContent)""",
            selector,
            loading=[],
        )
        return found

    def record(self, selector: str) -> None:
        """Note the texts of `selector` at each change from now on, for what is visible only for a short time."""
        self.page.evaluate(RECORD, selector)

    def recorded(self) -> list[list[str]]:
        found: list[list[str]] = self.page.evaluate("globalThis.recorded")
        return found

    def journal(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self.page.evaluate("framewire.journal")
        return lines


@pytest.fixture
def overlay(window: Any, gate: Gate, request: pytest.FixtureRequest) -> Iterator[Overlay]:
    """A page in the shared window; its clock is as fast as the machine's only for a module with REAL_TIME."""
    page = window.new_page()
    page.add_init_script(HIDEABLE)
    page.add_init_script(f"{CLOCK}({1 if hasattr(request.module, 'REAL_TIME') else SLOWNESS})")
    opened = Overlay(page, gate)
    yield opened
    page.close()
    assert opened.errors == []


def stand_still(overlay: Overlay) -> None:
    """Stop the clock of the page, so that slow and fast machines show the same."""

    def stopped() -> bool:
        try:
            overlay.page.clock.pause_at((overlay.page.evaluate("Date.now()") + 2_000) / 1_000)
        except PlaywrightError as error:
            # More than 2 s went by between the two calls. The clock is stopped by now.
            if "to the past" not in str(error):
                raise
            return False
        return True

    eventually(stopped)


@pytest.fixture
def timed(gate: Gate, browser: Any, request: pytest.FixtureRequest) -> Iterator[Overlay]:
    """An overlay whose clock advances only with `run_for`; a clock belongs to a window. The parameter is the query."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.add_init_script(VIOLATIONS)
    with Console(context, request) as console:
        overlay = Overlay(context.new_page(), gate)
        overlay.page.clock.install()
        overlay.open(getattr(request, "param", "journal=1&motion=full"))
        stand_still(overlay)
        yield overlay
        context.close()
    assert overlay.errors == []
    assert console.unexpected() == []


def run_until(overlay: Overlay, condition: Any, step_ms: int = 20) -> None:
    """Advance the clock of the page in steps until the condition holds: long steps for what takes seconds."""
    eventually(lambda: overlay.page.clock.run_for(step_ms) or condition())
