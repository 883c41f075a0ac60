"""The widget of connected applications: its content and icons, and hostile texts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate


def tell(gate: Gate, status: str, application: str = "assistant", **payload: Any) -> None:
    gate.emit(
        "application",
        {"application": application, "status": status} | payload,
        coalesce_key=f"application:{application}",
    )


def icon_of(overlay: Overlay) -> Any:
    return overlay.page.evaluate(
        """() => { const icon = document.querySelector('.ap-icon');
          return [icon.firstChild.getAttribute('d'), getComputedStyle(icon).fill]; }"""
    )


def test_the_widget_is_empty_without_a_connected_application(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    assert not overlay.page.is_visible(".ap")
    tell(gate, "listening", title="Assistant", detail="Say a command")
    eventually(lambda: overlay.texts(".ap-title") == ["Assistant"])
    assert (overlay.texts(".ap-word"), overlay.texts(".ap-detail")) == ([], ["Say a command"])
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": {"application": {"height": 90}}}, "error": ""})
    eventually(lambda: overlay.texts(".ap-word") == ["Listening"])
    assert overlay.texts(".ap-detail") == ["Say a command"]
    tell(gate, "gone", connected=False)
    eventually(lambda: not overlay.page.is_visible(".ap"))
    tell(gate, "ready", visible=False)
    overlay.settled()
    assert not overlay.page.is_visible(".ap")


def test_states_differ_in_icon_word_and_color(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    icons, words = [], []
    for status in ("starting", "ready", "wake_word", "listening", "speaking"):
        tell(gate, status)
        eventually(lambda before=tuple(words): overlay.texts(".ap-word") not in ([], list(before[-1:])))
        words += overlay.texts(".ap-word")
        icons.append(icon_of(overlay))
    assert words == ["Starting", "Ready", "Wake word heard", "Listening", "Speaking"]
    assert len({path for path, _ in icons}) == 5
    assert len({color for _, color in icons}) == 3


@pytest.mark.parametrize("language", ["de", "es", "pt"])
def test_states_are_in_the_language_of_the_page(gate: Gate, overlay: Overlay, language: str) -> None:
    tell(gate, "speaking")
    overlay.open(f"lang={language}")
    eventually(lambda: overlay.texts(".ap-word"))
    assert overlay.texts(".ap-word") == [{"de": "Spricht", "es": "Hablando", "pt": "Falando"}[language]]


def test_texts_from_outside_stay_text_in_the_box(gate: Gate, overlay: Overlay) -> None:
    evil = "<img src=x onerror=alert(1)>\u202e" + "W" * 400
    tell(gate, evil[:64], title=evil, detail=evil)
    overlay.open()
    eventually(lambda: overlay.texts(".ap-title"))
    assert overlay.page.locator(".ap img").count() == 0
    assert overlay.texts(".ap-title")[0].startswith("<img src=x")
    section, box = (overlay.page.locator(one).bounding_box() for one in (".w-application", ".ap"))
    assert box["width"] <= section["width"] + 1
    assert box["height"] <= section["height"] + 1
