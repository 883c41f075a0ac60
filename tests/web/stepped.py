"""A page whose clock, timers, frames and animations a test steps: it sees each frame at an exact time, at any rate.

It works in any Chromium, because it is the page's own clock that is stepped: `performance.now`, `Date.now`, timers and
`requestAnimationFrame` are replaced before the scripts of the page run, and after each frame every animation and
transition is set to the time that has gone by since it began. What an element looks like at that time is calculated by
the browser. begin_frames.py steps the browser itself, which only a headless shell allows; Debian's `chromium` is none.
"""

from __future__ import annotations

from typing import Any

from actors.core.contract.event import Category
from actors.core.contract.taxonomy import TAXONOMY
from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate, now_ms

HOUR_MS = 3_600_000.0

CLOCK = """(() => {
  const nextFrame = requestAnimationFrame.bind(globalThis);
  const began = performance.now(), began_wall = Date.now();
  let now = began, last = 0, frames = new Map();
  const timers = new Map(); // id → {at, run}
  const begun = new WeakMap(); // animation → [when it began, its own time at that moment]
  performance.now = () => now;
  Date.now = () => began_wall + now - began;
  globalThis.setTimeout = (run, ms = 0, ...rest) => {
    timers.set(++last, { at: now + Math.max(0, ms), run: () => run(...rest) });
    return last;
  };
  globalThis.clearTimeout = (id) => { timers.delete(id); };
  globalThis.requestAnimationFrame = (run) => { frames.set(++last, run); return last; };
  globalThis.cancelAnimationFrame = (id) => { frames.delete(id); };
  const { play } = Animation.prototype;
  Animation.prototype.play = function () {
    begun.set(this, [now, this.currentTime ?? 0]);
    return play.call(this);
  };
  const animate = () => {
    for (const animation of document.getAnimations()) {
      if (!begun.has(animation)) begun.set(animation, [now, 0]);
      const [at, from] = begun.get(animation);
      const time = from + (now - at) * animation.playbackRate;
      // Chromium 127 keeps an animation of CSS that a script has paused when its class is gone.
      const { animationName: name, effect: { target } } = animation;
      if (name !== undefined && getComputedStyle(target).animationName !== name) {
        animation.cancel();
        continue;
      }
      animation.pause();
      if (time >= animation.effect.getComputedTiming().endTime) animation.finish();
      else animation.currentTime = time;
    }
  };
  // One frame, `ms` later.
  const step = (ms) => {
    const end = now + ms;
    for (;;) {
      const due = [...timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      timers.delete(due[0]);
      now = Math.max(now, due[1].at);
      due[1].run();
    }
    now = end;
    const wanted = [...frames.values()];
    frames = new Map();
    for (const run of wanted) run(now);
    animate();
  };
  globalThis.stepped = { step, nextFrame, now: () => now };
})()"""


class Scripted:
    """An overlay whose frames a test draws: what it is sent waits for the next one."""

    def __init__(self, page: Any, gate: Gate) -> None:
        self.page, self.gate = page, gate
        self.overlay = Overlay(page, gate)

    def send(self, *events: tuple[str, dict[str, Any]], **fields: Any) -> None:
        """Send events (type, payload) in one frame of the gateway; return when they wait for a frame of the page."""
        fields = {"ts_ingest_ms": now_ms() + HOUR_MS} | fields  # never too old, however far the clock is stepped
        before = self.overlay.status()
        states = {type_ for type_, _ in events if TAXONOMY[type_].category is Category.STATE}
        keys = {type_: {"coalesce_key": type_} for type_ in states}
        self.gate.send(*(self.gate.event(type_, load, **fields, **keys.get(type_, {})) for type_, load in events))
        eventually(lambda: self.waits(before["queue"]))

    def waits(self, before: int) -> bool:
        return bool(self.overlay.status()["queue"] > before)


class Stepped(Scripted):
    """An overlay in a page whose own clock is stepped."""

    def __init__(self, page: Any, gate: Gate, query: str = "") -> None:
        page.add_init_script(CLOCK)
        super().__init__(page, gate)
        # The connection runs in a worker, whose clock is not stepped.
        page.goto(gate.page(f"journal=1&motion=full&worker=1&quality=0&{query}"))
        page.evaluate("document.fonts.ready")
        eventually(self.is_live, 10)
        self.step(1_000)

    def is_live(self) -> bool:
        self.step(20)
        return bool(self.overlay.status()["state"] == "live")

    def step(self, ms: float, times: int = 1) -> None:
        """Draw `times` frames, each `ms` after the one before."""
        self.page.evaluate("([ms, times]) => { for (let n = 0; n < times; n += 1) stepped.step(ms); }", [ms, times])
