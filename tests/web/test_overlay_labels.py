"""Labels, goals and the ticker on the page."""

from __future__ import annotations

from typing import Any

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate
from tests.web.test_overlay_social import stand_still


def goal(gate: Gate, **fields: Any) -> None:
    payload = {"goal": "g", "phase": "progress", "current": 5, "target": 20} | fields
    gate.emit("goal", payload, coalesce_key="goal:g")


def bar(overlay: Overlay) -> str:
    style: str = overlay.page.evaluate("document.querySelector('.go-bar').style.transform")
    return style


def test_labels_are_empty_before_the_first_event(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    overlay.settled()
    assert [overlay.texts(name) for name in (".la", ".go", ".ti")] == [[], [], []]


def test_the_latest_of_each_kind_alternate_and_survive_a_reload(gate: Gate, browser: Any) -> None:
    context = browser.new_context()
    overlay = Overlay(context.new_page(), gate)
    overlay.page.clock.install()
    overlay.open("journal=1&overlay_id=main")
    stand_still(overlay)
    gate.emit("raid", {"user": "Bo", "viewers": 12})
    eventually(lambda: overlay.page.clock.run_for(20) or overlay.texts(".la-name") == ["Bo"])
    assert overlay.texts(".la-amount") == ["12 viewers"]
    gate.emit("follow", {"user": "<b>Ada"})
    eventually(lambda: overlay.page.clock.run_for(20) or overlay.texts(".la-name") == ["<b>Ada"])
    overlay.page.clock.run_for(8_100)
    assert overlay.texts(".la-label") == ["Latest raid"]
    overlay.page.clock.resume()
    overlay.open("journal=1&overlay_id=main&lang=de")
    eventually(lambda: overlay.texts(".la-label") == ["Neuester Follower"])
    assert overlay.texts(".la-name") == ["<b>Ada"]
    context.close()
    assert overlay.errors == []


def test_a_goal_is_a_bar_and_is_hidden_after_its_end(gate: Gate, browser: Any) -> None:
    context = browser.new_context()
    overlay = Overlay(context.new_page(), gate)
    overlay.page.clock.install()
    overlay.open()
    stand_still(overlay)
    goal(gate, title="New chair", current=1234, target=2468)
    eventually(lambda: overlay.page.clock.run_for(20) or overlay.texts(".go-title") == ["New chair"])
    assert overlay.texts(".go-figures") == ["1,234 / 2,468"]
    assert bar(overlay) == "scaleX(0.5)"
    goal(gate, title="New chair", phase="end", current=3000, target=2468)
    eventually(lambda: overlay.page.clock.run_for(20) or overlay.page.locator(".go.reached").count() == 1)
    assert bar(overlay) == "scaleX(1)"
    overlay.page.clock.run_for(15_500)
    assert overlay.texts(".go") == []
    goal(gate, title="New lamp")
    eventually(lambda: overlay.page.clock.run_for(20) or overlay.texts(".go-title") == ["New lamp"])
    goal(gate, phase="canceled")
    eventually(lambda: overlay.page.clock.run_for(20) or overlay.texts(".go") == [])
    context.close()
    assert overlay.errors == []


def test_a_goal_of_the_address_counts_across_a_reload(gate: Gate, overlay: Overlay) -> None:
    query = "journal=1&overlay_id=main&goal=subscription:98:100"
    overlay.open(query)
    eventually(lambda: overlay.texts(".go-figures") == ["98 / 100"])
    assert overlay.texts(".go-title") == ["Subscribers"]
    gate.emit("subscription", {"user": "Ada"})
    eventually(lambda: overlay.texts(".go-figures") == ["99 / 100"])
    overlay.open(query)
    eventually(lambda: overlay.texts(".go-figures") == ["99 / 100"])
    gate.emit("gift", {"user": "Bo", "count": 5})
    eventually(lambda: overlay.texts(".go-figures") == ["104 / 100"])
    assert overlay.page.locator(".go.reached").count() == 1


def test_the_ticker_shows_the_newest_first_and_keeps_its_nodes(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    overlay.page.evaluate("document.querySelector('.w-ticker').classList.remove('off')")
    elements = overlay.page.evaluate("document.querySelectorAll('*').length")
    for number in range(20):
        gate.emit("follow", {"user": f"<i>u{number}"})
    gate.emit("tip", {"user": "Di", "amount": "5", "currency": "USD"})
    overlay.drawn()
    shown = overlay.page.evaluate(
        """[...document.querySelectorAll('.ti:not(.off)')].sort((a, b) => a.style.order - b.style.order)
          .map((node) => node.textContent)"""
    )
    assert shown == ["Ditipped $5", *(f"<i>u{number}follows" for number in range(19, 14, -1))]
    assert overlay.page.evaluate("document.querySelectorAll('*').length") == elements
