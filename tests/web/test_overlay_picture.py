"""The rendered picture: transparent without content, inside the safe area, legible, and still with reduced motion."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate
from tests.web.picture import opaque_share

TEXTS = """[...document.querySelectorAll('#stage *')]
  .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data))"""  # what has words
LONG = "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"


def everything(gate: Gate, name: str) -> None:
    """Fill every widget."""
    person = {"id": name, "name": name, "team": "CT"}
    other = {"id": f"{name[:63]}2", "name": name, "team": "T"}
    gate.send(
        *(
            gate.event("kill", {"attacker": person, "victim": other, "weapon": name, "headshot": True})
            for _ in range(9)
        ),
        *(gate.event("chat", {"user": name, "text": f"{name} " * 7, "color": "#0000ff"}) for _ in range(12)),
        gate.event("streak", {"player": person, "kills": 999_999}, coalesce_key="streak"),
        gate.event("score", {"scores": {name: 999_999, "T": 12}}, coalesce_key="score"),
        gate.event("multikill", {"player": person, "kills": 4, "window_ms": 1}),
        gate.event("alert_start", {"alert": "a", "title": name * 3, "subtitle": f"{name} " * 4}),
        gate.event("subscription", {"user": name, "tier": name, "text": f"{name} " * 7}),
        gate.event("crosshair", {"on": True}, coalesce_key="crosshair"),
    )


def test_a_page_without_content_is_transparent(gate: Gate, overlay: Overlay) -> None:
    overlay.page.set_viewport_size({"width": 320, "height": 180})  # fewer pixels to decode, the same page
    overlay.open("journal=1")
    assert opaque_share(overlay.page, overlay.page.screenshot(omit_background=True)) == 0
    everything(gate, "ottoline")
    overlay.drawn()
    assert 0.05 < opaque_share(overlay.page, overlay.page.screenshot(omit_background=True)) < 0.6


def test_a_background_is_for_browsers_and_never_in_obs(gate: Gate, overlay: Overlay) -> None:
    overlay.page.set_viewport_size({"width": 320, "height": 180})
    for bg in ("checker", "black", "white", "game", "1b2a3c"):
        overlay.open(f"journal=1&bg={bg}")
        eventually(lambda: opaque_share(overlay.page, overlay.page.screenshot(omit_background=True)) == 1, 10)
        assert overlay.problems() == []
    assert overlay.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(27, 42, 60)"
    overlay.page.add_init_script("window.obsstudio = {}")
    overlay.open("journal=1&bg=black")
    eventually(lambda: any("?bg is not used in OBS" in problem for problem in overlay.problems()))
    assert opaque_share(overlay.page, overlay.page.screenshot(omit_background=True)) == 0


@pytest.mark.parametrize("size", [(1280, 720), (2560, 1080), (1080, 1920)])
def test_all_content_stays_inside_the_safe_area(gate: Gate, overlay: Overlay, size: tuple[int, int]) -> None:
    width, height = size
    overlay.page.set_viewport_size({"width": width, "height": height})
    overlay.open("journal=1&motion=reduced&hud=1")
    everything(gate, LONG)
    overlay.drawn()
    eventually(lambda: overlay.texts(".kf-panel") and overlay.texts("#hud .hud-fps"))
    boxes: dict[str, list[float]] = overlay.page.evaluate(
        """Object.fromEntries(
          ['.sc', '.w-alerts .bn', '.sa', '.st', '#hud', '.w-chat', '.kf-row:not(.off) .kf-panel']
          .flatMap((name) => [...document.querySelectorAll(name)].map((node, at) => {
            const box = node.getBoundingClientRect();
            return [`${name} ${at}`, [box.left, box.top, box.right, box.bottom]];
          })))"""
    )
    for name, (left, top, right, bottom) in boxes.items():
        assert left >= 0.05 * width - 1, name
        assert top >= 0.05 * height - 1, name
        assert right <= 0.95 * width + 1, name
        assert bottom <= 0.95 * height + 1, name


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_the_widgets_do_not_cover_each_other(gate: Gate, overlay: Overlay, size: tuple[int, int]) -> None:
    overlay.page.set_viewport_size({"width": size[0], "height": size[1]})
    overlay.open("journal=1&motion=reduced")
    everything(gate, LONG)
    overlay.drawn()
    eventually(lambda: overlay.texts(".kf-panel"))
    overlaps: list[Any] = overlay.page.evaluate(
        """(() => {
          const names = ['.sc', '.w-alerts .bn', '.sa', '.st', '.w-chat', '.kf-row .kf-panel'];
          const boxes = names.flatMap((name) => [...document.querySelectorAll(name)]
            .map((node, at) => [`${name} ${at}`, node.getBoundingClientRect()]));
          const crosses = (a, b, c, d) => a < d - 1 && c < b - 1;
          const meet = (x, y) => crosses(x.left, x.right, y.left, y.right) && crosses(x.top, x.bottom, y.top, y.bottom);
          return boxes.flatMap(([a, x]) => boxes.filter(([b, y]) => a < b && meet(x, y)).map(([b]) => [a, b]));
        })()"""
    )
    assert overlaps == []


def test_text_is_large_enough_for_a_phone(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&motion=reduced")
    everything(gate, "ottoline")
    overlay.drawn()
    small: list[Any] = overlay.page.evaluate(
        TEXTS
        + """
          .map((node) => [node.className, parseFloat(getComputedStyle(node).fontSize)])
          .filter(([, size]) => size < 23.9)"""
    )
    assert small == []


def test_no_text_is_cut(gate: Gate, overlay: Overlay) -> None:
    """Barlow Condensed reaches from 1.0 em above the line to 0.2 em below it; what hides its overflow needs as much."""
    overlay.open("journal=1&motion=reduced")
    everything(gate, "Ågypsyjq")
    overlay.drawn()
    cut: list[Any] = overlay.page.evaluate(
        TEXTS
        + """
          .map((node) => [node.className, getComputedStyle(node)])
          .filter(([, style]) => style.overflowY === 'hidden')
          .map(([name, style]) => [name, parseFloat(style.lineHeight) / parseFloat(style.fontSize)])
          .filter(([, share]) => share < 1.199)"""
    )
    assert cut == []


def test_both_fonts_are_loaded(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    everything(gate, "ottoline")
    overlay.drawn()
    eventually(
        lambda: overlay.page.evaluate(
            "['700 20px \"Barlow Condensed\"', '600 20px \"Barlow Condensed\"', '500 20px Inter']"
            ".every((face) => document.fonts.check(face))"
        )
    )


def test_reduced_motion_has_no_movement(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&motion=reduced")
    everything(gate, "ottoline")
    gate.emit("hit", {"attacker": {"id": "1", "name": "a"}, "victim": {"id": "2", "name": "b"}}, coalesce_key="hit:1")
    overlay.drawn()
    moved: list[str] = overlay.page.evaluate(
        """document.getAnimations().flatMap((a) => a.effect.getKeyframes().map((k) => k.transform ?? 'none'))
          .filter((transform) => transform !== 'none')"""
    )
    assert moved == []


def test_only_transform_opacity_and_clip_path_are_animated(gate: Gate, overlay: Overlay) -> None:
    overlay.page.add_init_script(
        """globalThis.moved = new Set();
        const play = Animation.prototype.play;
        Animation.prototype.play = function () {
          for (const frame of this.effect.getKeyframes()) for (const key of Object.keys(frame)) moved.add(key);
          return play.call(this);
        };
        addEventListener('transitionrun', (event) => moved.add(event.propertyName), true);"""
    )
    overlay.open("journal=1&motion=full")
    everything(gate, "ottoline")
    overlay.drawn()
    everything(gate, "another")
    overlay.drawn()
    moved = set(overlay.page.evaluate("[...moved]")) - {"offset", "computedOffset", "easing", "composite"}
    assert moved - {"clip-path"} == {"opacity", "transform", "clipPath"}


def test_the_hud_saves_its_measurements_as_a_file(gate: Gate, overlay: Overlay) -> None:
    overlay.open("hud=1&overlay_id=main")
    eventually(lambda: "live" in overlay.texts("#hud .hud-value"))
    with overlay.page.expect_download() as saved:
        overlay.page.click("#hud >> text=CSV")
    assert saved.value.suggested_filename == "main.csv"
    head, *lines = saved.value.path().read_text().splitlines()
    assert head.startswith("ts_ms,fps,latency_p50_ms")
    assert {"source_ingest_p50_ms", "ingest_tick_p95_ms", "received_rendered_p95_ms"} <= {*head.split(",")}
    assert lines
    with overlay.page.expect_download() as saved:
        overlay.page.click("#hud >> text=JSON")
    read = json.loads(saved.value.path().read_text())
    assert (read["overlay"], read["samples"][0].keys() >= {"fps", "memory_bytes"}) == ("main", True)
    assert {"merge", "killfeed", "commit"} <= {each["name"] for each in read["systems"]}


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (2560, 1080), (1080, 1920)])
def test_the_hud_fits_on_the_page_whatever_it_warns_of(gate: Gate, overlay: Overlay, size: tuple[int, int]) -> None:
    overlay.page.set_viewport_size({"width": size[0], "height": size[1]})
    wrong = "&".join(f"{name}=x" for name in ("scale", "kills", "ttl", "quality", "motion"))
    overlay.open(f"journal=1&hud=1&{wrong}&overlay_id={'W' * 64}")
    for number in range(3):
        gate.say({"t": "layout", "layout": {"version": 1}, "error": f"{number}: {'a long name ' * 40}"})
    eventually(lambda: "and 5 more" in " ".join(overlay.texts(".hud-problems")))
    assert [text[:2] for text in overlay.texts(".hud-warning")] == ["0:", "1:", "2:"], "the last ones"
    above, below, line = overlay.page.evaluate(
        """(() => { const { top, bottom } = document.querySelector('#hud').getBoundingClientRect();
          const { lineHeight } = getComputedStyle(document.querySelector('.hud-table'));
          return [top, innerHeight - bottom, parseFloat(lineHeight)]; })()"""
    )
    assert above >= 0
    assert below >= line, "there is one more line while widgets fail"


def test_the_hud_shows_measurements_at_low_cost(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&hud=1&nonsense=1")
    gate.emit("follow", {"user": "x"})
    overlay.drawn()
    eventually(lambda: "1 of 1" in overlay.texts("#hud .hud-value"))
    assert "live" in overlay.texts("#hud .hud-value")
    assert re.search(r"memory of scripts[1-9][0-9]* MB", overlay.texts("#hud .hud-table")[0])
    assert "build" in overlay.texts("#hud .hud-label")
    eventually(
        lambda: re.search(r"slowest system.*5th[a-z_]+ [\d.]+ of [\d.]+ ms", overlay.texts("#hud .hud-table")[0])
    )
    # One event, whose times may differ by the error of the page's estimate of the server's clock.
    stages = r"source → ingest–ingest → tick\d.*tick → received-?\d.*received → rendered\d[\d.]*, p95 [\d.]+ ms"
    eventually(lambda: re.search(stages, overlay.texts("#hud .hud-table")[0]))
    eventually(lambda: "fps" in overlay.texts(".hud-fps")[0])
    assert "nonsense" in overlay.texts(".hud-problems")[0]
    overlay.page.keyboard.press("F3")
    eventually(lambda: overlay.texts(".hud-fps") == [])
    overlay.page.keyboard.press("F3")
    eventually(lambda: overlay.texts(".hud-fps") != [])


def test_custom_css_of_obs_overrides_every_layer(gate: Gate, overlay: Overlay) -> None:
    """OBS adds the user's CSS as a <style> element after load: no layer, so a bare class outweighs all of ours."""
    overlay.open("journal=1&motion=reduced")
    everything(gate, "ottoline")
    overlay.drawn()
    overlay.page.add_style_tag(content=".kf-panel { background: #010203; } :root { --fw-ink: #040506; }")
    seen = overlay.page.evaluate(
        "['.kf-panel', 'body'].map((name) => getComputedStyle(document.querySelector(name)))"
        ".map((style, at) => (at === 0 ? style.backgroundColor : style.color))"
    )
    assert seen == ["rgb(1, 2, 3)", "rgb(4, 5, 6)"]


def test_a_page_in_an_emergency_shows_kills_and_no_chat(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&hud=1&quality=3")
    player = {"id": "a", "name": "a"}
    eventually(lambda: "3: emergency (fixed)" in overlay.texts("#hud .hud-value"))
    gate.send(
        *(gate.event("chat", {"user": "ada", "text": f"line {n}"}) for n in range(5)),
        *(gate.event("kill", {"attacker": player, "victim": player}) for _ in range(9)),
    )
    overlay.drawn()
    eventually(lambda: len(overlay.texts(".kf-panel")) == 3)  # half the rows
    assert overlay.texts(".chat-row") == []
    status = overlay.status()
    assert (status["dropped"], status["quality"]["level"], status["queued"]["shed"]) == (5, 3, 5)
    assert {"ingest", "merge", "killfeed", "commit", "hud"} <= {each["name"] for each in status["systems"]}
    eventually(lambda: "5 shed" in overlay.texts("#hud .hud-value"))
    eventually(lambda: (gate.said("receipt") or [{}])[-1].get("quality") == 3)


@pytest.mark.parametrize("panel", [".kf-row:not(.off)", ".sa", ".st"])
def test_a_panel_closes_step_by_step(gate: Gate, overlay: Overlay, panel: str) -> None:
    overlay.open("journal=1&motion=full")
    overlay.page.evaluate("document.documentElement.style.setProperty('--fw-exit', '1000s')")
    everything(gate, "ottoline")
    overlay.drawn()
    eventually(lambda: overlay.texts(panel))
    opacity, right = overlay.page.evaluate(
        """(panel) => { const node = document.querySelector(panel);
          for (const entrance of node.getAnimations()) entrance.cancel();
          getComputedStyle(node).opacity; // what it was without them
          node.classList.add('gone');
          const closing = node.getAnimations().find(({ animationName }) => animationName === 'close');
          if (closing) closing.currentTime = 500_000;
          const { opacity, clipPath } = getComputedStyle(node);
          return [parseFloat(opacity), parseFloat(/^inset.*?([0-9.]+)%/.exec(clipPath)?.[1] ?? 0)]; }""",
        panel,
    )
    assert opacity > 0.5
    assert 5 < right < 95, "neither open nor closed"
