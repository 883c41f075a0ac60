"""Commands of a dashboard to an overlay, and what the page reports of itself in OBS."""

from __future__ import annotations

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate


def test_identify_shows_the_name_and_hides_it_again(gate: Gate, overlay: Overlay) -> None:
    overlay.open("overlay_id=stage-left")
    assert not overlay.page.is_visible("#identify")
    overlay.record("#identify")
    gate.say({"t": "identify", "for_ms": 300})
    eventually(lambda: ["stage-left"] in overlay.recorded())
    overlay.page.wait_for_selector("#identify", state="hidden")


def test_reload_loads_the_page_once_per_command(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    for times in (2, 3):
        overlay.page.evaluate("document.body.dataset.old = 'yes'")
        gate.say({"t": "reload"})
        eventually(lambda times=times: gate.connections == times, 10)  # type: ignore[misc]
        overlay.live()
        assert overlay.page.evaluate("document.body.dataset.old ?? 'no'") == "no"


def test_the_hud_is_shown_hidden_and_changed_by_command(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    for on, shown in ((None, True), (None, False), (False, False), (True, True), (True, True), (False, False)):
        gate.say({"t": "hud", "on": on})
        overlay.page.wait_for_selector("#hud", state="visible" if shown else "hidden")


SAY = "([name, detail]) => dispatchEvent(new CustomEvent(name, {detail}))"


def test_receipts_say_what_obs_shows_and_has_on_air(gate: Gate, overlay: Overlay) -> None:
    overlay.open()

    def last() -> tuple[object, object]:
        receipt = gate.said("receipt")[-1]
        return receipt["visible"], receipt.get("active")

    eventually(lambda: gate.said("receipt") != [] and last() == (True, None))
    for name, detail, expected in [
        ("obsSourceActiveChanged", {"active": True}, (True, True)),
        ("obsSourceVisibleChanged", {"visible": False}, (False, True)),
        ("obsSourceActiveChanged", {"active": False}, (False, False)),
        ("obsSourceVisibleChanged", {"visible": True}, (True, False)),
    ]:
        overlay.page.evaluate(SAY, [name, detail])
        eventually(lambda expected=expected: last() == expected)  # type: ignore[misc]
    overlay.page.evaluate(SAY, ["obsSourceVisibleChanged", {"visible": False}])
    gate.close_all()
    eventually(lambda: gate.connections == 2 and gate.said("hello")[-1]["visible"] is False)
