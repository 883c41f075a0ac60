"""Widgets are at the positions of the layout: at the welcome, live, in a scene, and on a canvas of another shape."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate
from tests.web.test_overlay_picture import everything

LAYOUT: dict[str, Any] = {
    "version": 1,
    "widgets": {"chat": {"x": 700, "y": 200, "width": 300, "height": 250}, "score": {"visible": False}},
    "upright": {"chat": {"x": 100, "y": 300}},
    "scenes": {"break": {"widgets": {"chat": {"x": 1000}, "score": {"visible": True}}}},
}


def place(overlay: Overlay, widget: str) -> list[float]:
    """Return left, top, width and height of a widget's section, in pixels of the page."""
    found: list[float] = overlay.page.evaluate(
        """(name) => { const b = document.querySelector(`.w-${name}`).getBoundingClientRect();
          return [b.left, b.top, b.width, b.height].map((v) => Math.round(v)); }""",
        widget,
    )
    return found


def stands(overlay: Overlay, widget: str, box: list[float]) -> None:
    eventually(lambda: place(overlay, widget) == box)


def test_the_layout_of_the_welcome_applies_from_the_first_frame(gate: Gate, overlay: Overlay) -> None:
    gate.layout = LAYOUT
    overlay.open()
    stands(overlay, "chat", [700, 200, 300, 250])
    assert place(overlay, "score") == [0, 0, 0, 0], "not visible"
    assert place(overlay, "killfeed")[2] > 0


def test_a_change_takes_effect_without_a_reload(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    before = place(overlay, "chat")
    gate.say({"t": "layout", "layout": LAYOUT, "error": ""})
    stands(overlay, "chat", [700, 200, 300, 250])
    gate.say({"t": "layout", "layout": None, "error": ""})
    stands(overlay, "chat", before)
    assert gate.connections == 1


def test_an_invalid_layout_is_reported_and_the_last_one_stays(gate: Gate, overlay: Overlay) -> None:
    gate.layout = LAYOUT
    overlay.open()
    stands(overlay, "chat", [700, 200, 300, 250])
    wrong = copy.deepcopy(LAYOUT)
    wrong["widgets"]["chat"]["x"] = "left"
    gate.say({"t": "layout", "layout": wrong, "error": ""})
    eventually(lambda: any("$.widgets.chat.x" in text for text in overlay.page.evaluate("framewire.status().problems")))
    gate.say({"t": "layout", "layout": LAYOUT, "error": "overlays/layouts/main.json: no JSON"})
    eventually(lambda: any("no JSON" in text for text in overlay.page.evaluate("framewire.status().problems")))
    stands(overlay, "chat", [700, 200, 300, 250])


def test_a_scene_is_selected_by_an_event_or_by_the_address(gate: Gate, overlay: Overlay) -> None:
    gate.layout = LAYOUT
    overlay.open()
    stands(overlay, "chat", [700, 200, 300, 250])
    gate.emit("scene", {"name": "break"}, coalesce_key="scene")
    stands(overlay, "chat", [1000, 200, 300, 250])
    gate.emit("scene", {"name": ""}, coalesce_key="scene")
    stands(overlay, "chat", [700, 200, 300, 250])
    overlay.open("journal=1&scene=break")
    stands(overlay, "chat", [1000, 200, 300, 250])
    gate.emit("scene", {"name": ""}, coalesce_key="scene")
    overlay.settled()
    stands(overlay, "chat", [1000, 200, 300, 250])


def test_an_upright_page_has_separate_boxes_and_follows_a_rotation(gate: Gate, overlay: Overlay) -> None:
    gate.layout = LAYOUT
    overlay.page.set_viewport_size({"width": 1080, "height": 1920})
    overlay.open()
    stands(overlay, "chat", [100, 300, 660, 262])
    overlay.page.set_viewport_size({"width": 1920, "height": 1080})
    stands(overlay, "chat", [700, 200, 300, 250])


@pytest.mark.parametrize("scale", [0.5, 1, 2.5])
def test_content_stays_in_its_box_at_any_scale(gate: Gate, overlay: Overlay, scale: float) -> None:
    overlay.open(f"journal=1&motion=reduced&scale={scale}")
    everything(gate, "ottoline")
    overlay.drawn()
    eventually(lambda: overlay.texts(".kf-panel"))
    boxes = {name: place(overlay, name) for name in ("killfeed", "chat", "alerts", "social", "score")}
    gate.say({"t": "layout", "layout": {"version": 1}, "error": ""})
    overlay.settled()
    assert boxes == {name: place(overlay, name) for name in boxes}, "the scale is of what is in a box"
    clipped = overlay.page.evaluate(
        "[...document.querySelectorAll('.w')].every((node) => getComputedStyle(node).contain === 'strict')"
    )
    assert clipped
    rows: list[list[float]] = overlay.page.evaluate(
        """[...document.querySelectorAll('.kf-row:not(.off) .kf-panel')].map((node) => {
          const { top, bottom, height } = node.getBoundingClientRect();
          return [top, bottom, height / node.offsetHeight]; })"""
    )
    _, top, _, height = boxes["killfeed"]
    assert rows, "at least one"
    for begin, end, factor in rows:
        assert factor == pytest.approx(scale, abs=0.05)
        assert top - 1 <= begin < end <= top + height + 1, "never half a row"


def test_content_is_aligned_to_the_anchor(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&motion=reduced")
    everything(gate, "x")
    overlay.drawn()
    eventually(lambda: overlay.texts(".kf-panel"))
    for anchor, edge in (("top-left", 0), ("top", 1), ("top-right", 2)):
        layout = {"version": 1, "widgets": {"killfeed": {"anchor": anchor}, "score": {"anchor": anchor}}}
        gate.say({"t": "layout", "layout": layout, "error": ""})
        for inner in (".kf-row:not(.off):not(.gone)", ".sc"):
            eventually(lambda edge=edge, inner=inner: aligned(overlay, inner)[edge] < 1.5)


def aligned(overlay: Overlay, inner: str) -> list[float]:
    """Return how far the left edge, the middle and the right edge of `inner` are from those of its widget."""
    found: list[float] = overlay.page.evaluate(
        """(inner) => { const node = document.querySelector(inner);
          const a = (node.querySelector('.kf-panel') ?? node).getBoundingClientRect();
          const b = node.closest('.w').getBoundingClientRect();
          return [a.left - b.left, (a.left + a.right - b.left - b.right) / 2, a.right - b.right].map(Math.abs); }""",
        inner,
    )
    return found
