"""Themes on the page: data from a folder, the layer `theme`, and invalid themes."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from actors.gateway import pages
from tests.support import eventually
from tests.web.conftest import Overlay, run_until
from tests.web.gate import Gate
from tests.web.picture import pixels


def wear(gate: Gate, **tokens: str) -> None:
    """Put a user's own theme, `mine`, where the gateway looks for it."""
    folder = gate.run_dir / pages.THEMES / "mine"
    folder.mkdir(parents=True, exist_ok=True)
    named = {name.replace("_", "-"): value for name, value in tokens.items()}
    (folder / "theme.json").write_text(
        json.dumps({"name": "mine", "version": 1, "description": "", "tokens": named}), encoding="utf-8"
    )


def token(overlay: Overlay, name: str) -> str:
    """Return the value of a token; Chromium 103 writes 0.44rem for .44rem."""
    value: str = overlay.page.evaluate(
        "(name) => getComputedStyle(document.documentElement).getPropertyValue(`--fw-${name}`).trim()", name
    )
    return value.removeprefix("0") if value.startswith("0.") else value


@pytest.mark.parametrize(
    ("theme", "font", "row"),
    [("broadcast", "Barlow", ".44rem"), ("minimal", "Inter", ".4rem"), ("high-contrast", "Inter", ".56rem")],
)
def test_a_shipped_theme_is_applied(gate: Gate, overlay: Overlay, theme: str, font: str, row: str) -> None:
    overlay.open(f"theme={theme}")
    assert token(overlay, "font-display").startswith(f'"{font}')
    assert token(overlay, "row") == row
    assert overlay.problems() == []


PANELS = """['.chat-panel', '.kf-panel', '.st'].map((name) => {
  const style = getComputedStyle(document.querySelector(name));
  return style.backgroundImage === 'none' ? style.backgroundColor : style.backgroundImage.match(/rgba?[(].*?[)]/)[0];
})"""


def test_with_more_contrast_every_panel_is_opaque(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&theme=minimal")
    person, other = ({"id": each, "name": each, "team": "CT"} for each in ("a", "b"))
    gate.emit("chat", {"user": "Ada", "text": "hello"})
    gate.emit("kill", {"attacker": person, "victim": other, "weapon": "ak47"})
    gate.emit("multikill", {"player": person, "kills": 5, "window_ms": 1})
    overlay.drawn()
    assert set(overlay.page.evaluate(PANELS)) == {"rgba(0, 0, 0, 0)"}
    overlay.page.emulate_media(contrast="more")
    assert set(overlay.page.evaluate(PANELS)) == {"rgb(0, 0, 0)"}


def test_custom_css_overrides_a_theme(gate: Gate, overlay: Overlay) -> None:
    wear(gate, accent="#ff8800")
    overlay.open("theme=mine")
    assert token(overlay, "accent") == "#ff8800"
    overlay.page.add_style_tag(content=":root { --fw-accent: #00ff88; }")
    assert token(overlay, "accent") == "#00ff88"


def test_faults_of_a_theme_are_reported_and_valid_tokens_applied(gate: Gate, overlay: Overlay) -> None:
    wear(gate, acent="#ff8800", ink="white", gap=".1rem")
    said: list[str] = []
    overlay.page.on("console", lambda message: said.append(message.text))
    overlay.open("theme=mine&hud=1")
    problems = [
        "theme mine: acent: unknown token; the nearest is accent",
        "theme mine: ink: got white, expected #rrggbb or #rrggbbaa in lower case",
    ]
    assert overlay.problems() == problems
    assert [text for text in said if "theme" in text] == [f"framewire: {problem}" for problem in problems]
    eventually(lambda: all(problem in " ".join(overlay.texts(".hud-problems")) for problem in problems))
    assert (token(overlay, "gap"), token(overlay, "ink")) == (".1rem", "#f5f7fa")


@pytest.mark.console("404 (Not Found)")
def test_a_missing_theme_leaves_the_default(gate: Gate, overlay: Overlay) -> None:
    overlay.open("theme=nothing")
    assert "answered 404; the default is used" in overlay.problems()[0]
    assert token(overlay, "row") == ".44rem"


def test_with_design_a_changed_theme_file_is_applied_again(gate: Gate, overlay: Overlay) -> None:
    wear(gate, accent="#ff8800", name_colour="ink")
    overlay.open("theme=mine&design=1")
    assert overlay.page.get_attribute("html", "data-name-colour") == "ink"
    wear(gate, accent="#00aaff")
    eventually(lambda: token(overlay, "accent") == "#00aaff")
    assert overlay.page.get_attribute("html", "data-name-colour") is None


def kill(number: int) -> dict[str, Any]:
    person = {"id": f"p{number}", "name": f"player{number}", "team": "CT"}
    return {"attacker": person, "victim": person | {"id": "v", "team": "T"}, "weapon": "ak47"}


@pytest.mark.parametrize(
    ("theme", "keys"),
    [("broadcast", {"clipPath", "transform"}), ("minimal", {"opacity", "transform"}), ("high-contrast", set())],
)
def test_a_row_enters_with_the_motion_of_its_theme(gate: Gate, overlay: Overlay, theme: str, keys: set[str]) -> None:
    overlay.page.add_init_script(
        """globalThis.moved = new Set();
        const play = Animation.prototype.play;
        Animation.prototype.play = function () {
          for (const frame of this.effect.getKeyframes()) for (const key of Object.keys(frame)) moved.add(key);
          return play.call(this);
        };"""
    )
    overlay.open(f"theme={theme}&motion=full&journal=1&widgets=killfeed")
    gate.emit("kill", kill(1))
    overlay.drawn()
    assert set(overlay.page.evaluate("[...moved]")) - {"offset", "computedOffset", "easing", "composite"} == keys


# What stands where, whenever the killfeed changes: [name, slot, has it left?]
WATCH = """globalThis.moments = [];
new MutationObserver(() => moments.push([...document.querySelectorAll('.kf-row:not(.off)')].map((row) =>
  [row.querySelector('.kf-name').textContent, String(/(\\d+)%/.exec(row.style.transform)[1] / 100),
   row.classList.contains('gone')])))
  .observe(document.querySelector('.w-killfeed'), {subtree: true, attributes: true});"""


@pytest.mark.parametrize("timed", ["journal=1&widgets=killfeed"], indirect=True)
def test_rows_leave_before_the_others_move(gate: Gate, timed: Overlay) -> None:
    for number in (1, 2):
        gate.emit("kill", kill(number))
        run_until(timed, lambda: timed.status()["drawn"] == number)  # noqa: B023
        timed.page.clock.run_for(1_000)
    timed.ask(WATCH)
    for _ in range(20):
        timed.page.clock.run_for(500)
    moments: list[list[list[Any]]] = timed.ask("moments")
    left = moments.index(next(rows for rows in moments if ["player1", "0", True] in rows))
    assert ["player2", "1", False] in moments[left], "the first leaves, and the second stands where it stood"
    assert any(["player2", "0", False] in rows for rows in moments[left:]), "then it moves up"


@pytest.mark.parametrize("theme", ["broadcast", "high-contrast", "minimal"])
def test_the_radar_is_a_square_with_its_whole_frame_in_its_box(gate: Gate, overlay: Overlay, theme: str) -> None:
    overlay.open(f"theme={theme}&motion=reduced")
    gate.emit("radar", {"map": "w", "title": "Skyfall"}, coalesce_key="radar:w")
    eventually(lambda: overlay.texts(".ra-head"))
    overlay.settled()
    panel, box, chart = overlay.page.evaluate(
        "['.ra', '.w-radar', '.ra-map'].map((name) => document.querySelector(name).getBoundingClientRect().toJSON())"
    )
    for side, sign in (("left", 1), ("top", 1), ("right", -1), ("bottom", -1)):
        assert sign * (panel[side] - box[side]) > -0.1, side
    assert abs(chart["width"] - chart["height"]) < 0.1
    ground = overlay.page.evaluate("getComputedStyle(document.querySelector('.ra-map')).backgroundColor")
    opacity = float([*re.findall(r"[\d.]+", ground), "1"][3])
    assert opacity > 0.85, "the map has a ground in every theme"


def luminance(colour: tuple[int, ...]) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["broadcast", "high-contrast"])
def test_a_dimmed_streak_is_legible_on_a_white_picture(gate: Gate, overlay: Overlay, theme: str) -> None:
    overlay.open(f"theme={theme}&motion=reduced&journal=1")
    overlay.page.evaluate("document.documentElement.style.background = '#fff'")
    gate.emit("multikill", {"player": {"id": "a", "name": "lamplight", "team": "CT"}, "kills": 3, "window_ms": 1})
    eventually(lambda: overlay.texts(".st-word"))
    gate.emit("tip", {"user": "ottoline", "amount": "5.00", "currency": "EUR"})
    eventually(lambda: overlay.page.locator(".w-streak.dimmed").count() == 1)
    overlay.settled()
    box = overlay.page.locator(".st").bounding_box()
    inside = {"x": box["x"] + 8, "y": box["y"] + 8, "width": box["width"] - 16, "height": box["height"] - 24}
    _, _, data = pixels(overlay.page, overlay.page.screenshot(clip=inside))
    colours = Counter(tuple(data[at : at + 3]) for at in range(0, len(data), 4))
    panel, text = luminance(colours.most_common(1)[0][0]), max(map(luminance, colours))
    assert panel < 0.02
    assert 4.5 < (text + 0.05) / (panel + 0.05) < 10, "legible, and not as bright as before"


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)], ids=["landscape", "portrait"])
def test_a_title_of_two_lines_fits_with_its_frame(gate: Gate, overlay: Overlay, size: tuple[int, int]) -> None:
    overlay.page.set_viewport_size({"width": size[0], "height": size[1]})
    overlay.open("journal=1&theme=high-contrast")
    title = "Überraschung: Point lost in the harbor of Örebro"
    gate.emit("alert_start", {"alert": "a", "title": title, "subtitle": "Copper Foxes hold one"})
    eventually(lambda: overlay.texts(".bn-title") == [title])
    room, banner = (
        overlay.page.evaluate("(name) => document.querySelector(name).getBoundingClientRect().height", name)
        for name in (".w-alerts", ".bn")
    )
    assert banner <= room


def test_a_row_of_the_killfeed_without_a_victim_ends_with_the_weapon(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("kill", {"attacker": {"id": "a", "name": "a", "team": "CT"}, "weapon": "ak47"})
    eventually(lambda: overlay.texts(".kf-weapon") == ["AK-47"])
    right = "(name) => document.querySelector(name).getBoundingClientRect().right"
    assert overlay.page.evaluate(right, ".kf-weapon") == pytest.approx(overlay.page.evaluate(right, ".kf-panel"), abs=1)
