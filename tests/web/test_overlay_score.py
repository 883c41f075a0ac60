"""The score on the page: logos, sides, series, and a timer that follows the server's clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate, now_ms
from tests.web.test_overlay_social import png

SCORE: dict[str, Any] = {
    "scores": {"CT": 9, "TERRORIST": 11},
    "names": {"CT": "Copper Foxes", "TERRORIST": "Night Harbor"},
    "sides": {"CT": "ct", "TERRORIST": "t"},
    "map_name": "Nuke",
    "maps_won": {"CT": 1},
    "best_of": 3,
}
REAL_TIME = True  # a timer runs by the clock of the gateway, which is the machine's
CLOCK = ".sc-clock"
SHARE = "new DOMMatrix(getComputedStyle(document.querySelector('.sc-rest')).transform).a"
SHOWN = "[...document.querySelectorAll('.sc-logo')].map((logo) => !logo.matches('.off') && logo.naturalWidth)"


def tell(gate: Gate, key: str = "score", **more: Any) -> Any:
    return gate.emit("score", SCORE | more, coalesce_key=key)


def seconds(overlay: Overlay) -> int:
    """Return the seconds that the clock shows."""
    [shown] = overlay.texts(CLOCK)
    minutes, rest = shown.split(":")
    return int(minutes) * 60 + int(rest)


def left_s(ends_ms: float) -> float:
    return (ends_ms - now_ms()) / 1000


def test_series_map_and_sides_are_shown(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    tell(gate)
    eventually(lambda: overlay.texts(".sc-side") == ["Copper Foxes9", "Night Harbor11"])
    assert overlay.texts(".sc-tab") == ["Map 2 of 3 · Nuke"]
    assert overlay.page.locator(".sc-icon:not(.off)").count() == 2
    assert overlay.page.locator(".sc-pip:not(.off)").count() == 4, "two maps win a series of three"
    assert overlay.page.locator(".sc-pip.won").count() == 1
    assert overlay.texts(CLOCK) == []
    gate.emit("score", {"scores": {"A": 1, "B": 2}}, coalesce_key="score")
    eventually(lambda: overlay.texts(".sc-side") == ["A1", "B2"])
    assert overlay.texts(".sc-tab") == []
    assert overlay.page.locator(":is(.sc-icon, .sc-pips, .sc-logo):not(.off)").count() == 0


def test_a_side_has_one_colour_whether_a_game_or_an_operator_names_it(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    colors = """[...document.querySelectorAll('.sc-side:not(.off)')].map((side) =>
      [getComputedStyle(side.querySelector('.wire')).backgroundColor, side.classList.contains('second')])"""

    def seen(one: str, other: str, *sides: str) -> Any:
        points = gate.made
        scores = {one: points, other: points}
        gate.emit("score", {"scores": scores, "sides": dict(zip(scores, sides, strict=True))}, coalesce_key="score")
        eventually(lambda: overlay.texts(".sc-points") == [str(points)] * 2)
        return overlay.page.evaluate(colors)

    game = seen("CT", "TERRORIST", "ct", "t")
    assert seen("Blue", "Red", "ct", "t") == game
    assert seen("Blue", "Red", "t", "ct") == game[::-1]


@pytest.mark.console("404 (Not Found)")
def test_a_logo_is_a_file_of_the_user_and_hidden_when_it_does_not_load(gate: Gate, overlay: Overlay) -> None:
    media = gate.run_dir / "overlays" / "media"
    media.mkdir(parents=True)
    (media / "copper foxes.png").write_bytes(png())
    overlay.open()
    tell(gate, logos={"CT": "copper foxes.png", "TERRORIST": "gone.png"})
    eventually(lambda: overlay.page.evaluate(SHOWN)[:2] == [8, False])
    tell(gate, logos={})
    eventually(lambda: overlay.page.evaluate(SHOWN)[:2] == [False, False])


def test_the_timer_follows_the_clock_of_the_server_also_after_a_reload(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&overlay_id=main&worker=0")  # a worker has a clock of its own
    ends_ms = now_ms() + 1_800_000
    tell(gate, timer={"phase": "live", "ts_ends_ms": ends_ms, "total_ms": 3_600_000})

    def right() -> bool:
        early_s = left_s(ends_ms)
        shown_s, share = seconds(overlay), overlay.page.evaluate(SHARE)
        return left_s(ends_ms) - 1.5 <= shown_s <= early_s + 1.5 and abs(share - shown_s / 3_600) < 0.01

    eventually(lambda: overlay.texts(CLOCK) != [] and right())
    first = seconds(overlay)
    eventually(lambda: seconds(overlay) < first and right())
    # A machine whose clock is an hour ahead: only the server's counts.
    overlay.page.add_init_script(
        "Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + 3_600_000 });"
    )
    overlay.page.reload()
    overlay.live()
    eventually(lambda: overlay.texts(CLOCK) != [] and right())
    assert overlay.texts(".sc-tab") == ["Map 2 of 3 · Nuke"], "the phase of a running round needs no word"


def test_a_timer_that_stands_shows_the_rest_and_asks_for_no_frames(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    tell(gate, timer={"phase": "freeze", "remaining_ms": 9_000, "total_ms": 18_000})
    eventually(lambda: overlay.texts(CLOCK) == ["0:09"])
    assert overlay.texts(".sc-phase") == ["Paused"]
    assert overlay.page.evaluate(SHARE) == pytest.approx(0.5)
    seen = [-1, overlay.status()["frames"]]

    def still() -> bool:
        overlay.page.evaluate("new Promise((done) => setTimeout(done, 1_100))")
        seen.append(overlay.status()["frames"])
        return seen[-1] == seen[-2]

    eventually(still)
    assert overlay.texts(CLOCK) == ["0:09"]


def test_a_running_timer_costs_one_frame_a_second(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    tell(gate, timer={"phase": "live", "ts_ends_ms": now_ms() + 900_000, "total_ms": 900_000})
    eventually(lambda: overlay.texts(CLOCK) != [])
    frames, changes = overlay.page.evaluate(
        """async () => {
          await new Promise((done) => setTimeout(done, 1_500));  // the entrance is over
          let changes = 0;
          const clock = document.querySelector('.sc-clock').firstChild;
          new MutationObserver(() => { changes += 1; }).observe(clock, {characterData: true});
          const before = framewire.status().frames;
          while (changes < 2) await new Promise((done) => setTimeout(done, 20));
          return [framewire.status().frames - before, changes];
        }"""
    )
    assert frames <= 4 * changes, "frames follow seconds, not the display"


@pytest.mark.parametrize("motion", ["full", "reduced"])
def test_the_time_of_a_bomb_is_red_and_only_opacity_pulses(gate: Gate, overlay: Overlay, motion: str) -> None:
    overlay.open(f"journal=1&motion={motion}")
    tell(gate, timer={"phase": "bomb", "ts_ends_ms": now_ms() + 900_000, "total_ms": 900_000})
    eventually(lambda: overlay.page.locator(".sc.bomb.timed.counted").count() == 1)
    pulses = overlay.page.evaluate(
        "document.getAnimations().filter(({ animationName }) => animationName === 'sc-pulse')"
        ".map(({ effect }) => Object.keys(effect.getKeyframes()[0]).filter((key) => key === 'opacity'))"
    )
    assert pulses == ([["opacity"]] if motion == "full" else [])
    tell(gate, timer={"phase": "over"})
    eventually(lambda: overlay.page.locator(".sc.bomb").count() == 0)
    assert overlay.texts(CLOCK) == []


def test_the_parts_of_a_score_are_merged_by_key_also_on_a_page_that_loads_later(gate: Gate, overlay: Overlay) -> None:
    series = {"scores": {}, "best_of": 5, "maps_won": {"CT": 2, "TERRORIST": 1}, "names": {"CT": "Nordlicht"}}
    events = [
        ("score:series", series),
        ("score:CT", {"scores": {"CT": 3}}),
        ("score:TERRORIST", {"scores": {"TERRORIST": 4}}),
        ("score:map", {"scores": {}, "map_name": "Old town"}),
    ]
    overlay.open("journal=1&overlay_id=main")
    for key, payload in events:
        gate.emit("score", payload, coalesce_key=key)
    for _ in range(2):
        eventually(lambda: overlay.texts(".sc-side") == ["Nordlicht3", "T4"])
        assert overlay.texts(".sc-tab") == ["Map 4 of 5 · Old town"]
        overlay.page.reload()
        overlay.live()


@pytest.mark.parametrize("theme", ["broadcast", "minimal", "high-contrast"])
@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_a_full_score_fits_into_its_box(gate: Gate, overlay: Overlay, theme: str, size: tuple[int, int]) -> None:
    overlay.page.set_viewport_size({"width": size[0], "height": size[1]})
    overlay.open(f"journal=1&motion=reduced&theme={theme}")
    wide = "W" * 64
    event = tell(
        gate,
        names={"CT": wide, "TERRORIST": "فريق النسور " * 5},
        map_name=wide,
        scores={"CT": 999, "TERRORIST": 111},
        best_of=7,
        timer={"phase": wide, "remaining_ms": 80_000_000, "total_ms": 86_400_000},
    )
    overlay.seen(event.id)
    [box, bar, tab] = overlay.page.evaluate(
        """['.w-score', '.sc', '.sc-tab'].map((name) => {
          const { left, top, right, bottom } = document.querySelector(name).getBoundingClientRect();
          return [left, top, right, bottom];
        })"""
    )
    for part in (bar, tab):
        assert all(part[at] >= box[at] - 1 for at in (0, 1)), part
        assert all(part[at] <= box[at] + 1 for at in (2, 3)), part
    cut = """[...document.querySelectorAll('.sc-points, .sc-clock')]
      .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className)"""
    assert overlay.page.evaluate(cut) == [], "numbers are whole"


# Whether a text is cut, and the size of its letters in pixels of a stage of 1080.
NAMES = """() => [...document.querySelectorAll('.sc-side:not(.off) .name')].map((node) =>
  [node.scrollWidth > node.clientWidth, Math.round(parseFloat(getComputedStyle(node).fontSize)
    * 1080 / Math.min(innerWidth, innerHeight))])"""


@pytest.mark.parametrize(
    ("theme", "large", "small"), [("broadcast", 30, 24), ("minimal", 26, 24), ("high-contrast", 32, 32)]
)
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)])
def test_a_long_name_has_the_room_of_the_bar_and_is_smaller_before_it_is_cut(
    gate: Gate, overlay: Overlay, theme: str, large: int, small: int, size: tuple[int, int]
) -> None:
    overlay.page.set_viewport_size({"width": size[0], "height": size[1]})
    overlay.open(f"journal=1&motion=reduced&theme={theme}")

    def shows(name: str, cut: bool, letters: int) -> None:
        tell(gate, names={"CT": name, "TERRORIST": "Night Harbor"})
        eventually(lambda: overlay.texts(".sc-side .name") == [name, "Night Harbor"])
        eventually(lambda: overlay.page.evaluate(NAMES) == [[cut, letters], [False, letters]])

    shows("Northern Light Team", False, large)
    shows("W" * 64, True, small)
    shows("Copper Foxes", False, large)
