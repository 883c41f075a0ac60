"""The studio on a real gateway: a dragged widget moves on connected overlays, and the stored layout is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.gateway.commands import BURST
from tests.sockets.gateway_rig import Rig
from tests.sockets.test_gateway_commands import Ingest
from tests.support import eventually
from tests.web.conftest import graves, reported
from tests.web.picture import pixels

CHAT = [96, 440, 460, 400]


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


class Studio:
    def __init__(self, page: Any, rig: Rig) -> None:
        self.page, self.rig = page, rig
        self.errors: list[str] = []
        self.folder = rig.run_dir / "overlays" / "layouts"
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, overlay: str = "main") -> Studio:
        self.page.goto(f"http://127.0.0.1:{self.rig.port}/studio#k={self.rig.tokens.control}")
        self.page.fill("#overlay", overlay)
        self.page.press("#overlay", "Enter")
        self.says(f"{overlay} has no layout yet")
        eventually(lambda: self.frame() is not None and self.inside("killfeed")[2] > 0, 30)
        return self

    def says(self, text: str) -> None:
        eventually(lambda: text in self.page.inner_text("#state"), 10)

    def frame(self) -> Any:
        self.page.evaluate("true")  # Playwright notices new frames only within a call
        return next((frame for frame in self.page.frames if "/overlay/" in frame.url), None)

    def inside(self, widget: str) -> list[int]:
        """Return the place of a widget in the preview, in pixels of its stage."""
        return place(self.frame(), widget)

    def box(self, widget: str) -> Any:
        return self.page.locator(f'.box[data-widget="{widget}"]')

    def fields(self) -> list[float]:
        return [float(self.page.input_value(f"#fields [name={name}]")) for name in ("x", "y", "width", "height")]

    def drag(self, node: Any, dx: float, dy: float) -> None:
        """Drag a node by pixels of the stage, without snapping."""
        zoom = self.page.evaluate("document.getElementById('stage').clientWidth") / 1920
        found = node.bounding_box()
        x, y = found["x"] + found["width"] / 2, found["y"] + found["height"] / 2
        mouse = self.page.mouse
        self.page.keyboard.down("Alt")
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + dx * zoom / 2, y + dy * zoom / 2)
        mouse.move(x + dx * zoom, y + dy * zoom)
        mouse.up()
        self.page.keyboard.up("Alt")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.says("Saved")

    def stored(self, name: str = "main") -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())


def place(page: Any, widget: str) -> list[int]:
    found: list[int] = page.evaluate(
        """(name) => { const b = document.querySelector(`.w-${name}`)?.getBoundingClientRect() ?? new DOMRect();
          return [b.left, b.top, b.width, b.height].map((value) => Math.round(value)); }""",
        widget,
    )
    return found


@pytest.fixture
def studio(window: Any, rig: Rig) -> Iterator[Studio]:
    page = window.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    opened = Studio(page, rig)
    yield opened
    page.evaluate("localStorage.clear()")
    page.close()
    assert opened.errors == []
    for file in opened.folder.glob("*.json"):
        file.unlink()


@pytest.fixture
def on_air(window: Any, rig: Rig) -> Iterator[Any]:
    """An overlay of the id `main`."""
    page = window.new_page()
    page.goto(f"http://127.0.0.1:{rig.port}/overlay/?overlay_id=main&safe=1#k={rig.tokens.display}")
    eventually(lambda: page.evaluate("globalThis.framewire?.status().state") == "live", 10)
    yield page
    page.close()


def colors(node: Any) -> set[tuple[int, ...]]:
    """Return the colours of a grid of points, away from the edges."""
    width, height, data = pixels(node.page, node.screenshot())
    starts = [(y * width + x) * 4 for x in range(20, width - 20, 23) for y in range(20, height - 20, 23)]
    return {tuple(data[start : start + 3]) for start in starts}


def near(found: list[int], wanted: list[float]) -> bool:
    return all(abs(one - other) <= 1.5 for one, other in zip(found, wanted, strict=True))


def test_a_dragged_and_saved_box_moves_on_the_overlay(studio: Studio, on_air: Any) -> None:
    studio.open()
    studio.drag(studio.box("chat"), 300, -200)
    x, y, width, height = studio.fields()
    assert near([int(x), int(y), int(width), int(height)], [396, 240, 460, 400])
    eventually(lambda: near(studio.inside("chat"), [x, y, 460, 400]))
    assert place(on_air, "chat") == CHAT, "not saved yet"
    studio.save()
    eventually(lambda: near(place(on_air, "chat"), [x, y, 460, 400]))
    assert studio.stored() == {"version": 1, "widgets": {"chat": {"x": x, "y": y}}}


def test_handles_resize_a_box_and_undo_reverts_it(studio: Studio, on_air: Any) -> None:
    studio.open()
    studio.page.check("#always")
    studio.box("chat").focus()
    studio.drag(studio.box("chat").locator('[data-handle="ne"]'), 140, -100)
    assert near([int(value) for value in studio.fields()], [96, 340, 600, 500])
    eventually(lambda: near(place(on_air, "chat"), [96, 340, 600, 500]))
    studio.page.keyboard.press("Control+z")
    assert studio.fields() == CHAT
    eventually(lambda: place(on_air, "chat") == CHAT)
    studio.page.keyboard.press("Control+Shift+z")
    eventually(lambda: near(place(on_air, "chat"), [96, 340, 600, 500]))


def test_an_old_answer_takes_back_nothing_that_was_saved_since(studio: Studio) -> None:
    studio.open()
    held: list[tuple[Any, Any]] = []
    later: list[str] = []

    def answer(route: Any) -> None:
        if route.request.method != "GET":
            route.fallback()
        elif held:
            later.append(route.request.url)
            route.fallback()
        else:
            held.append((route, route.fetch()))

    studio.page.route("**/api/layout?*", answer)
    eventually(lambda: studio.page.evaluate("true") and held, 10)
    studio.box("chat").focus()
    studio.page.keyboard.press("ArrowRight")
    studio.save()
    route, response = held[0]
    route.fulfill(response=response)
    eventually(lambda: studio.page.evaluate("true") and later, 10)
    studio.page.keyboard.press("Control+z")
    assert studio.fields() == CHAT
    studio.page.unroute("**/api/layout?*")


@pytest.mark.console("net::ERR_FAILED")
def test_a_preview_that_could_not_be_loaded_is_loaded_again(studio: Studio) -> None:
    studio.page.route("**/overlay/?*", lambda route: route.abort(), times=1)
    studio.open()


@pytest.mark.console("net::ERR_FAILED")
def test_after_an_outage_the_layout_is_named_again(studio: Studio) -> None:
    studio.open()
    studio.page.route("**/api/layout?*", lambda route: route.abort())
    studio.says("The gateway does not answer")
    studio.page.unroute("**/api/layout?*")
    studio.says("The gateway answers again. main has no layout yet")


def test_an_answer_for_another_overlay_is_ignored(studio: Studio) -> None:
    """A slow answer for the overlay that was selected before must not replace the layout that is edited."""
    studio.open()
    held: list[Any] = []
    studio.page.route("**/api/layout?overlay=slow", lambda route: held.append(route))
    studio.page.fill("#overlay", "slow")
    studio.page.press("#overlay", "Enter")
    eventually(lambda: studio.page.evaluate("true") and held, 10)
    studio.page.fill("#overlay", "main")
    studio.page.press("#overlay", "Enter")
    studio.says("main has no layout yet")
    studio.box("chat").focus()
    studio.page.keyboard.press("ArrowRight")
    for route in held:
        route.fallback()
    answered = "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('=slow'))"
    eventually(lambda: studio.page.evaluate(answered), 10)
    assert studio.fields()[0] == CHAT[0] + 1
    studio.page.unroute("**/api/layout?overlay=slow")


def test_guides_stay_while_a_drag_is_saved(studio: Studio) -> None:
    studio.open()
    studio.page.check("#always")
    zoom = studio.page.evaluate("document.getElementById('stage').clientWidth") / 1920
    found = studio.box("chat").bounding_box()
    studio.page.mouse.move(found["x"] + 40, found["y"] + 40)
    studio.page.mouse.down()
    studio.page.mouse.move(found["x"] + 40 + 640 * zoom, found["y"] + 40 - 387 * zoom, steps=4)
    studio.says("Saved")
    eventually(lambda: studio.page.inner_text("#save") == "Saved")
    assert studio.page.locator("#guides i:not(.safe)").count() == 2
    studio.page.mouse.up()
    assert studio.page.locator("#guides i:not(.safe)").count() == 0


def test_a_box_snaps_to_the_safe_area_and_the_middle(studio: Studio) -> None:
    studio.open()
    studio.box("chat").focus()
    zoom = studio.page.evaluate("document.getElementById('stage').clientWidth") / 1920
    found = studio.box("chat").bounding_box()
    studio.page.mouse.move(found["x"] + 40, found["y"] + 40)
    studio.page.mouse.down()
    studio.page.mouse.move(found["x"] + 40 + 640 * zoom, found["y"] + 40 - 387 * zoom, steps=4)
    assert studio.page.locator("#guides i:not(.safe)").count() == 2
    studio.page.mouse.up()
    assert studio.fields() == [730, 54, 460, 400]
    assert studio.page.locator("#guides i:not(.safe)").count() == 0


def test_the_studio_works_with_only_the_keyboard(studio: Studio) -> None:
    studio.open()
    studio.box("chat").focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowUp", "Control+ArrowDown", "Control+Shift+ArrowLeft"):
        studio.page.keyboard.press(key)
    assert studio.fields() == [107, 439, 450, 401]
    studio.page.keyboard.press("h")
    eventually(lambda: studio.inside("chat") == [0, 0, 0, 0])
    studio.page.keyboard.press("h")
    eventually(lambda: near(studio.inside("chat"), [107, 439, 450, 401]))
    studio.page.fill("#fields [name=width]", "5")
    assert studio.page.evaluate("document.querySelector('#fields [name=width]').validity.valid") is False
    assert studio.inside("chat")[2] == 450
    studio.page.fill("#fields [name=width]", "500")
    eventually(lambda: studio.inside("chat")[2] == 500)


def test_keys_move_a_widget_that_is_selected_in_the_list(studio: Studio) -> None:
    studio.open()
    studio.page.click('#list li[data-widget="chat"] .pick')
    studio.page.keyboard.press("Shift+ArrowRight")
    assert studio.fields() == [106, 440, 460, 400]


def test_a_number_out_of_bounds_is_reported_with_the_bounds(studio: Studio) -> None:
    studio.open()
    studio.box("chat").focus()
    studio.page.fill("#fields [name=x]", "99999")
    problem = studio.page.locator("#fields .problem")
    assert problem.inner_text() == "Left (px): expected 0 to 1460."
    studio.page.press("#fields [name=x]", "Tab")
    assert problem.inner_text() == "Left (px): expected 0 to 1460. The field is as before."
    assert studio.fields() == [96, 440, 460, 400]
    studio.box("killfeed").focus()
    assert problem.is_hidden()


@pytest.mark.parametrize("width", [300, 768, 1280, 1920])
def test_no_button_of_the_list_is_cut(studio: Studio, width: int) -> None:
    studio.page.set_viewport_size({"width": width, "height": 900})
    studio.open()
    cut = studio.page.evaluate(
        """() => {
          const list = document.getElementById('widgets'), edge = list.getBoundingClientRect().right - 8;
          const out = (node) => node.getBoundingClientRect().right > edge || node.scrollWidth > node.clientWidth;
          return [...list.querySelectorAll('button')].filter(out).map((node) => node.textContent);
        }"""
    )
    assert cut == []


@pytest.mark.parametrize("width", [300, 768])
def test_in_a_narrow_window_the_stage_has_its_full_width(studio: Studio, width: int) -> None:
    studio.page.set_viewport_size({"width": width, "height": 900})
    studio.open()
    assert studio.page.evaluate("document.documentElement.scrollWidth") == width
    assert studio.page.locator("#stage").bounding_box()["width"] > 0.9 * width
    beyond = studio.page.evaluate(
        """(width) => [...document.querySelectorAll('header *, #above *, #below *, #list *, #side *')]
          .filter((node) => node.getBoundingClientRect().right > width).map((node) => node.outerHTML.slice(0, 80))""",
        width,
    )
    assert beyond == []


def test_in_a_dock_the_stage_stays_in_view_while_a_widget_is_edited(studio: Studio) -> None:
    studio.page.set_viewport_size({"width": 300, "height": 600})
    studio.open()
    studio.page.locator('#list [data-widget="chat"] .pick').press("Enter")
    studio.page.keyboard.press("Shift+ArrowRight")
    studio.page.locator("#fields [name=width]").fill("500")
    assert studio.fields() == [106, 440, 500, 400]
    stage, field = (studio.page.locator(name).bounding_box() for name in ("#stage", "#fields [name=width]"))
    assert 0 <= stage["y"] < stage["y"] + stage["height"] <= field["y"]
    studio.drag(studio.box("latest"), 0, 100)
    assert studio.page.input_value("#fields [name=height]") == "48", "the handles of a small box do not cover it"
    studio.page.select_option("#canvas", "upright")
    assert studio.page.locator("#stage").bounding_box()["height"] > 300


def test_a_label_does_not_cover_the_content_of_a_widget(studio: Studio) -> None:
    studio.open()
    label, box = studio.box("latest").locator("span"), studio.box("latest").bounding_box()
    assert box["y"] <= label.bounding_box()["y"] < box["y"] + box["height"]
    studio.frame().evaluate("document.querySelector('.w-latest .la').classList.remove('off')")
    eventually(lambda: not label.is_visible())
    studio.box("latest").hover(position={"x": 60, "y": 10})
    eventually(lambda: label.is_visible())
    assert label.bounding_box()["y"] + label.bounding_box()["height"] <= box["y"] + 1


def test_scenes_are_made_edited_and_kept(studio: Studio) -> None:
    studio.open()
    studio.page.fill("#new-scene", "break")
    studio.page.click("#add-scene")
    studio.page.click('#list [data-widget="killfeed"] .see')
    eventually(lambda: studio.inside("killfeed") == [0, 0, 0, 0])
    studio.page.select_option("#scene", "")
    eventually(lambda: studio.inside("killfeed")[2] == 560)
    studio.page.select_option("#canvas", "upright")
    eventually(lambda: studio.inside("chat") == [54, 1562, 660, 262])
    assert studio.page.evaluate("[backdrop.width, backdrop.height]") == [1080, 1920], "not stretched"
    studio.save()
    assert studio.stored() == {"version": 1, "scenes": {"break": {"widgets": {"killfeed": {"visible": False}}}}}


def test_an_exported_layout_is_imported_again(studio: Studio, tmp_path: Path) -> None:
    studio.open()
    studio.box("chat").focus()
    studio.page.keyboard.press("Shift+ArrowRight")
    with studio.page.expect_download() as download:
        studio.page.click("#export")
    file = tmp_path / "exported.json"
    download.value.save_as(file)
    assert json.loads(file.read_text())["widgets"] == {"chat": {"x": 106}}
    studio.page.click("#reset-all")
    assert studio.fields() == CHAT
    studio.page.set_input_files("#layout-file", file)
    studio.says("Imported from exported.json")
    assert studio.fields() == [106, *CHAT[1:]]
    studio.save()
    assert studio.stored() == {"version": 1, "widgets": {"chat": {"x": 106}}}
    file.write_text('{"version":1,"widgets":{"chat":{"x":"left"}}}')
    studio.page.set_input_files("#layout-file", file)
    studio.says("$.widgets.chat.x")
    assert studio.fields() == [106, *CHAT[1:]]


def test_a_file_edited_by_hand_is_shown_and_an_invalid_one_reported(studio: Studio, on_air: Any) -> None:
    studio.open()
    studio.box("chat").focus()
    studio.folder.mkdir(parents=True, exist_ok=True)
    file = studio.folder / "main.json"
    file.write_text('{"version":1,"widgets":{"chat":{"x":500}}}')
    eventually(lambda: studio.fields()[0] == 500, 10)
    eventually(lambda: place(on_air, "chat")[0] == 500)
    file.write_text('{"version":1,"widgets":{"chat":{"x":500000}}}')
    studio.says("$.widgets.chat.x")
    assert studio.fields()[0] == 500
    assert place(on_air, "chat")[0] == 500
    eventually(lambda: "$.widgets.chat.x" in str(on_air.evaluate("framewire.status().problems")))


@pytest.mark.console("412 (Precondition Failed)")
def test_a_layout_stored_meanwhile_is_reported_before_it_is_replaced(studio: Studio) -> None:
    studio.open()
    studio.box("chat").focus()
    studio.page.keyboard.press("ArrowRight")
    studio.folder.mkdir(parents=True, exist_ok=True)
    (studio.folder / "main.json").write_text('{"version":1,"widgets":{"chat":{"x":500}}}')
    studio.page.keyboard.press("Control+s")
    studio.says("changed meanwhile")
    assert studio.stored()["widgets"]["chat"]["x"] == 500
    studio.save()
    assert studio.stored()["widgets"]["chat"]["x"] == 97


def test_a_name_entered_before_the_themes_are_known_is_used(studio: Studio) -> None:
    page = studio.page
    held: list[Any] = []
    page.route("**/themes/", lambda route: held.append(route))
    page.goto(f"http://127.0.0.1:{studio.rig.port}/studio#k={studio.rig.tokens.control}")
    eventually(lambda: page.evaluate("true") and held)  # Playwright calls the route only within a call
    page.fill("#overlay", "main")
    page.press("#overlay", "Enter")
    page.evaluate("(async () => { for (let n = 0; n < 5; n += 1) await fetch('/overlay/'); })()")
    held.pop().continue_()
    studio.says("main has no layout yet")
    eventually(lambda: "overlay_id=main" in (page.text_content("#address") or ""), 10)


def test_the_preview_is_transparent_over_the_background(studio: Studio) -> None:
    studio.open()
    studio.page.uncheck("#outline")
    studio.page.uncheck("#safe")
    studio.page.select_option("#background", "light")
    stage = studio.page.locator("#stage")
    eventually(lambda: colors(stage) == {(238, 241, 244)})
    studio.page.select_option("#background", "game")
    eventually(lambda: len(colors(stage)) > 20)


def test_the_address_has_the_selected_options(studio: Studio) -> None:
    studio.open()
    studio.page.click("#address-part summary")
    form = studio.page.locator("#address-form")
    form.locator("[name=player]").fill("Jörg & Co")
    form.locator("[name=scale]").fill("1.25")
    form.locator("[name=widgets][value=chat]").uncheck()
    address = studio.page.inner_text("#address")
    assert address.startswith(f"http://127.0.0.1:{studio.rig.port}/overlay/?overlay_id=main&")
    assert address.endswith(f"#k={studio.rig.tokens.display}")
    page = studio.page.context.new_page()
    page.goto(address)
    eventually(lambda: page.evaluate("globalThis.framewire?.status().state") == "live", 10)
    assert reported(page.evaluate("framewire.status().problems")) == []
    assert page.locator(".w-chat").count() == 0
    assert page.locator(".w-killfeed").count() == 1
    page.close()
    form.locator("[name=scale]").fill("9")
    assert "scale" not in studio.page.inner_text("#address")
    problem = form.locator("label:has([name=scale]) .problem")
    assert problem.inner_text() == "Left out of the address: expected 0.25 to 4."
    form.locator("[name=overlay_id]").fill("no spaces")
    assert form.locator("label:has([name=overlay_id]) .problem").inner_text().startswith("Left out of the address")
    themes = form.locator("[name=theme] option").all_inner_texts()
    assert themes == ["default", "broadcast", "high-contrast", "minimal"]
    form.locator("[name=theme]").select_option("minimal")
    assert "theme=minimal" in studio.page.inner_text("#address")


def test_a_theme_is_chosen_by_its_picture(studio: Studio) -> None:
    studio.open()
    studio.page.locator("#address-part summary").click()
    gallery = studio.page.locator(".gallery button")
    assert gallery.all_inner_texts() == ["broadcast", "high-contrast", "minimal"]
    shown = (
        "Array.from(document.querySelectorAll('.gallery img'), (image) => [image.naturalWidth, image.naturalHeight])"
    )
    eventually(lambda: studio.page.evaluate(shown) == 3 * [[640, 360]])
    pressed = studio.page.locator(".gallery [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["broadcast"], "the default"
    gallery.nth(2).click()
    assert "theme=minimal" in studio.page.inner_text("#address")
    assert studio.page.input_value("#address-form [name=theme]") == "minimal"
    assert pressed.all_inner_texts() == ["minimal"]


@pytest.mark.console("401 (Unauthorized)")
def test_without_a_token_the_studio_shows_advice(studio: Studio) -> None:
    studio.page.goto(f"http://127.0.0.1:{studio.rig.port}/studio")
    studio.says("Open the studio from the dashboard")


def test_axe_finds_no_serious_fault(studio: Studio) -> None:
    studio.open()
    studio.box("chat").focus()
    studio.page.locator("#address-part summary").click()
    assert graves(studio.page) == {}


def test_the_test_events_of_all_widgets_are_one_command(studio: Studio, rig: Rig) -> None:
    ingest = Ingest(rig.settings.ingest.port)
    try:
        studio.open().page.click("#fill")
        studio.says("test events were sent")
        [events] = ingest.taken
        assert len(events) > BURST, "as commands of their own some of them would be refused"
    finally:
        ingest.close()
