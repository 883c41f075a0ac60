"""A page whose frames the browser draws on command (`HeadlessExperimental.beginFrame`), in virtual time.

Between two frames the clocks and timers of the page advance by exactly the interval. So each frame is the browser's
own, from the script to the picture, at an exact time. Only a headless shell allows that: the Chromium of
`make test-engines`, and Debian's package `chromium-headless-shell`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support import eventually
from tests.web.gate import Gate
from tests.web.motion import LOOK, Seen
from tests.web.stepped import HOUR_MS, Scripted

FLAGS = [
    "--enable-begin-frame-control",
    "--run-all-compositor-stages-before-draw",
    # With it, the first frame of an animated clip-path is never finished in virtual time (Chromium 156).
    "--disable-blink-features=CompositeClipPathAnimation",
]
# The compositor may move things without the page's thread, which then does not know the time of the frame. So a
# script asks for each frame.
LOOK_AT_EACH = f"(selector) => {{ requestAnimationFrame(() => {{}}); return ({LOOK})(selector); }}"
LOAD_FONTS = "async () => { await Promise.all([...document.fonts].map((font) => font.load())); }"


def new_page(browser: Any, context: Any) -> Any:
    """Open a page that draws no frame by itself, in the only window of a browser with FLAGS."""
    session = browser.new_browser_cdp_session()
    [window] = session.send("Target.getBrowserContexts")["browserContextIds"]
    with context.expect_page() as opened:
        asked = {"url": "about:blank", "browserContextId": window, "enableBeginFrameControl": True}
        session.send("Target.createTarget", asked)
    session.detach()
    return opened.value


class BeginFrames(Scripted):
    """An overlay in such a page; its clocks stand still except in `wait`."""

    def __init__(self, page: Any, gate: Gate) -> None:
        super().__init__(page, gate)
        # Virtual time is so much faster than the gateway's that the page would miss heartbeats. The connection is in
        # the main thread, because a message of a worker waits until time goes on.
        gate.heartbeat_ms = round(HOUR_MS)
        self.overlay.open("journal=1&motion=full&worker=0&quality=0")
        page.evaluate(LOAD_FONTS)
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable")
        self.waits_over = 0
        self.session.on("Emulation.virtualTimeBudgetExpired", self.is_over)
        stopped = self.session.send("Emulation.setVirtualTimePolicy", {"policy": "pause"})
        self.base_ms = stopped["virtualTimeTicksBase"]
        self.began_ms = page.evaluate("performance.now()")
        self.now_us = 0  # since then
        self.pace(2)
        for _ in range(4):
            self.frame()

    def is_over(self, _: object) -> None:
        self.waits_over += 1

    def pace(self, rate_hz: int) -> None:
        """Draw the next frames at this rate, from now on."""
        self.rate_hz, self.from_us, self.drawn = rate_hz, self.now_us, 0

    def wait(self, intervals: int = 1) -> None:
        """Let the time until the next frame go by, or until the frame after it, and so on."""
        self.drawn += intervals
        self.now_us = self.from_us + round(self.drawn * 1e6 / self.rate_hz)
        # Loading something, as a picture of the style that is shown for the first time, takes 10 ms of virtual time.
        left_ms = self.now_us / 1_000 - (self.page.evaluate("performance.now()") - self.began_ms)
        if left_ms <= 0:
            return
        before = self.waits_over
        self.session.send("Emulation.setVirtualTimePolicy", {"policy": "advance", "budget": left_ms})
        eventually(lambda: self.page.evaluate("true") and self.waits_over > before, 20)

    def draw(self) -> None:
        frame = {"frameTimeTicks": self.base_ms + self.now_us / 1_000, "interval": 1_000 / self.rate_hz}
        self.session.send("HeadlessExperimental.beginFrame", frame)

    def frame(self, intervals: int = 1) -> None:
        self.wait(intervals)
        self.draw()

    def frames(self, rate_hz: int, lasting_ms: float, still: tuple[float, float] = (0, 0)) -> Iterator[float]:
        """Draw frames at a rate; yield after each the ms since the first. None is drawn while the page is `still`."""
        self.pace(rate_hz)
        step_ms = 1_000 / rate_hz
        last = -1
        for at in range(round(lasting_ms / step_ms)):
            if not still[0] < at * step_ms < still[1]:
                self.frame(at - last)
                last = at
                yield at * step_ms

    def watch(self, selector: str, rate_hz: int, lasting_ms: float, still: tuple[float, float] = (0, 0)) -> Seen:
        """Return for each frame its time since the first, and what the nodes of the selector look like in it."""
        return [
            (at_ms, self.page.evaluate(LOOK_AT_EACH, selector)) for at_ms in self.frames(rate_hz, lasting_ms, still)
        ]

    def layouts(self) -> int:
        metrics = {one["name"]: one["value"] for one in self.session.send("Performance.getMetrics")["metrics"]}
        return int(metrics["LayoutCount"])
