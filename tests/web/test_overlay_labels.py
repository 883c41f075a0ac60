"""Labels, goals and the ticker on the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay, run_until
from tests.web.gate import Gate
from tests.web.test_overlay_social import show


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


@pytest.mark.parametrize("timed", ["journal=1&overlay_id=main"], indirect=True)
def test_the_latest_of_each_kind_alternate_and_survive_a_reload(gate: Gate, timed: Overlay) -> None:
    gate.emit("raid", {"user": "Bo", "viewers": 12}, source="twitch")
    run_until(timed, lambda: timed.texts(".la-name") == ["Bo"])
    assert timed.texts(".la-amount") == ["12 viewers"]
    gate.emit("follow", {"user": "<b>Ada"}, source="twitch")
    run_until(timed, lambda: timed.texts(".la-name") == ["<b>Ada"], 200)  # after the alert of the raid
    timed.page.clock.run_for(8_100)
    assert timed.texts(".la-label") == ["Latest raid"]
    timed.page.clock.resume()
    timed.open("journal=1&overlay_id=main&lang=de")
    eventually(lambda: timed.texts(".la-label") == ["Neuester Follower"])
    assert timed.texts(".la-name") == ["<b>Ada"]


@pytest.mark.parametrize("timed", ["journal=1&overlay_id=main&widgets=latest"], indirect=True)
@pytest.mark.parametrize("source", ["test", "demo"])
def test_a_name_of_a_test_or_of_the_demo_leaves_the_label(gate: Gate, timed: Overlay, source: str) -> None:
    gate.emit("cheer", {"user": "neon_fern", "bits": 5}, source=source)
    run_until(timed, lambda: timed.texts(".la-name") == ["neon_fern"])
    timed.page.clock.run_for(31_000)
    assert timed.texts(".la") == []
    gate.emit("follow", {"user": "Ada"}, source="twitch")
    run_until(timed, lambda: timed.texts(".la-name") == ["Ada"])
    gate.emit("follow", {"user": "neon_fern"}, source=source)
    run_until(timed, lambda: timed.texts(".la-name") == ["neon_fern"])
    kept = timed.page.evaluate("localStorage.getItem('framewire.keep.main.latest')")
    assert [fact["name"] for fact in json.loads(kept)] == ["Ada"]
    timed.page.clock.run_for(31_000)
    assert timed.texts(".la-name") == ["Ada"]


def test_the_end_of_a_test_removes_its_names_at_once_and_no_others(gate: Gate, timed: Overlay) -> None:
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": {"ticker": {"visible": True}}}, "error": ""})
    gate.emit("follow", {"user": "Ada"}, source="twitch")
    run_until(timed, lambda: timed.texts(".la-name") == ["Ada"])
    show(gate, "skip")
    gate.emit("follow", {"user": "neon_fern"}, source="test")
    run_until(timed, lambda: timed.texts(".la-name") == ["neon_fern"])
    gate.emit("show", {"action": "clear"}, source="dashboard")  # the queue of alerts is another thing
    run_until(timed, lambda: timed.journal()[-1]["type"] == "show")
    assert (label(timed), ticker(timed)) == (["neon_fern"], ["neon_fern", "Ada"])
    show(gate, "end_test")
    run_until(timed, lambda: (label(timed), ticker(timed)) == (["Ada"], ["Ada"]))


def test_a_goal_is_a_bar_and_is_hidden_after_its_end(gate: Gate, timed: Overlay) -> None:
    goal(gate, title="New chair", current=1234, target=2468)
    run_until(timed, lambda: timed.texts(".go-title") == ["New chair"])
    assert timed.texts(".go-figures") == ["1,234 / 2,468"]
    assert bar(timed) == "scaleX(0.5)"
    goal(gate, title="New chair", phase="end", current=3000, target=2468)
    run_until(timed, lambda: timed.page.locator(".go.reached").count() == 1)
    assert bar(timed) == "scaleX(1)"
    timed.page.clock.run_for(15_500)
    assert timed.texts(".go") == []
    goal(gate, title="New lamp")
    run_until(timed, lambda: timed.texts(".go-title") == ["New lamp"])
    goal(gate, phase="canceled")
    run_until(timed, lambda: timed.texts(".go") == [])


def test_a_goal_of_the_address_counts_across_a_reload(gate: Gate, overlay: Overlay) -> None:
    query = "journal=1&overlay_id=main&goal=subscription:98:100"
    overlay.open(query)
    eventually(lambda: overlay.texts(".go-figures") == ["98 / 100"])
    assert overlay.texts(".go-title") == ["Subscribers"]
    for source in ("test", "demo"):
        gate.emit("subscription", {"user": "neon_fern"}, source=source)
    gate.emit("subscription", {"user": "Ada"}, source="twitch")
    eventually(lambda: overlay.texts(".go-figures") == ["99 / 100"])
    overlay.open(query)
    eventually(lambda: overlay.texts(".go-figures") == ["99 / 100"])
    gate.emit("gift", {"user": "Bo", "count": 5}, source="twitch")
    eventually(lambda: overlay.texts(".go-figures") == ["104 / 100"])
    assert overlay.page.locator(".go.reached").count() == 1


def test_the_ticker_shows_the_newest_first_and_keeps_its_nodes(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&widgets=ticker")
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


@pytest.mark.parametrize("theme", ["broadcast", "minimal", "high-contrast"])
def test_a_label_has_no_empty_box_beside_the_name(gate: Gate, overlay: Overlay, theme: str) -> None:
    overlay.open(f"journal=1&widgets=latest&motion=reduced&theme={theme}")
    for letters in range(3, 30):
        gate.emit("follow", {"user": "lamplight_and_a_long_long_name"[:letters]})
        overlay.drawn()
        empty = overlay.page.evaluate(
            """() => { const { right, bottom } = document.querySelector('.la').getBoundingClientRect();
              const parts = [...document.querySelectorAll('.la-label, .la-name')];
              const boxes = parts.map((node) => node.getBoundingClientRect());
              return right - Math.max(...boxes.filter((box) => box.top < bottom - 5).map((box) => box.right)); }"""
        )
        assert empty < 130, letters


@pytest.mark.parametrize("theme", ["broadcast", "minimal", "high-contrast"])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)])
def test_a_label_has_room_for_the_longest_name_of_twitch(
    gate: Gate, overlay: Overlay, theme: str, size: tuple[int, int]
) -> None:
    overlay.page.set_viewport_size({"width": size[0], "height": size[1]})
    overlay.open(f"journal=1&widgets=latest&motion=reduced&theme={theme}")
    cut = """() => { const node = document.querySelector('.la-name');
      return [node.textContent, node.scrollWidth > node.clientWidth, node.closest('.tight') !== null]; }"""
    gate.emit("follow", {"user": (name := "the_lamplighter_of_harbor")})
    eventually(lambda: overlay.page.evaluate(cut)[:2] == [name, False])
    gate.emit("follow", {"user": (name := "W" * 30)})
    eventually(lambda: overlay.page.evaluate(cut) == [name, True, True])
    gate.emit("follow", {"user": "Ada"})
    eventually(lambda: overlay.page.evaluate(cut) == ["Ada", False, False])


def whole(overlay: Overlay, selector: str) -> list[str]:
    """Return the texts of the elements of which a viewer sees all."""
    found: list[str] = overlay.page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].filter((node) => {
          const [box, room] = [node, node.parentElement].map((one) => one.getBoundingClientRect());
          return box.width > 0 && box.top >= room.top - 1 && box.bottom <= room.bottom + 1
            && box.left >= room.left - 1 && box.right <= room.right + 1;
        }).map((node) => node.textContent)""",
        selector,
    )
    return found


@pytest.mark.parametrize("theme", ["broadcast", "minimal", "high-contrast"])
def test_three_events_of_the_ticker_are_seen(gate: Gate, overlay: Overlay, theme: str) -> None:
    shown = {"ticker": {"visible": True}}
    gate.layout = {"version": 1, "widgets": shown, "upright": shown}
    overlay.open(f"journal=1&widgets=ticker&motion=reduced&theme={theme}")
    for number in range(6):
        gate.emit("tip", {"user": f"{number} W{'idest' * 12}", "amount": "12345.50", "currency": "ISK"})
    overlay.drawn()
    for width, height in ((1280, 720), (1920, 1080), (2560, 1080), (3840, 2160), (1080, 1920)):
        overlay.page.set_viewport_size({"width": width, "height": height})
        overlay.settled()
        seen = whole(overlay, ".ti:not(.off)")
        assert len(seen) >= 3, (width, height)
        assert {text[0] for text in seen} >= {"3", "4", "5"}, "the newest"
        small = {"ticker": {"visible": True, "width": 308, "height": 100}}
        gate.say({"t": "layout", "layout": {"version": 1, "widgets": small, "upright": small}, "error": ""})
        eventually(lambda: len(whole(overlay, ".ti:not(.off)")) == 2)
        cut = overlay.page.evaluate(
            """[...document.querySelectorAll('.ti:not(.off)')].filter((node) => {
              const [box, room] = [node, node.closest('.ti-list')].map((one) => one.getBoundingClientRect());
              return box.top < room.bottom - 1 && box.bottom > room.bottom + 1; }).length"""
        )
        assert cut == 0, "half a line"
        gate.say({"t": "layout", "layout": gate.layout, "error": ""})
        eventually(lambda: len(whole(overlay, ".ti:not(.off)")) >= 3)


def begin(gate: Gate) -> None:
    """Send an alert that is shown, and two that wait."""
    gate.send(gate.event("raid", {"user": "Bo", "viewers": 12}, source="twitch"))
    follow, raid = ("follow", {"user": "Ada"}), ("raid", {"user": "Cy", "viewers": 5})
    gate.send(*(gate.event(*each, source="twitch") for each in (follow, raid)))


def label(overlay: Overlay) -> list[str]:
    return overlay.texts(".la-name")


def ticker(overlay: Overlay) -> list[str]:
    """Return the names in the ticker, the newest first."""
    found: list[str] = overlay.page.evaluate(
        """[...document.querySelectorAll('.ti:not(.off)')].sort((a, b) => a.style.order - b.style.order)
          .map((node) => node.querySelector('.ti-name').textContent)"""
    )
    return found


def test_labels_name_a_person_when_the_alert_begins(gate: Gate, timed: Overlay) -> None:
    gate.say({"t": "layout", "layout": {"version": 1, "widgets": {"ticker": {"visible": True}}}, "error": ""})
    timed.record(".sa-name, .la-name, .ti-name")
    begin(gate)
    for names in (["Bo"], ["Ada", "Bo"], ["Cy", "Ada", "Bo"]):
        run_until(timed, lambda names=names: timed.texts(".sa-name") == names[:1])
        run_until(timed, lambda names=names: label(timed) == names[:1])
        assert ticker(timed) == names
        show(gate, "skip")
    alerted: list[str] = []
    for names in timed.recorded():
        alert = names[-1:] if names[-1:] != alerted[-1:] else []
        assert set(names) <= {*alerted, *alert}, "only who has had an alert"
        alerted += alert


def test_labels_do_not_wait_for_an_alert_that_was_cleared(gate: Gate, timed: Overlay) -> None:
    begin(gate)
    run_until(timed, lambda: label(timed) == ["Bo"])
    show(gate, "clear")
    run_until(timed, lambda: label(timed) == ["Cy"])
    assert timed.texts(".sa-name") == []


def test_labels_wait_for_a_merged_alert_and_for_that_of_a_gift(gate: Gate, timed: Overlay) -> None:
    begin(gate)
    run_until(timed, lambda: timed.texts(".sa-name") == ["Bo"])
    gate.send(gate.event("tip", {"user": "Di", "amount": "5", "currency": "EUR"}))
    gate.send(*(gate.event("follow", {"user": f"u{number}"}) for number in range(40)))
    gate.send(gate.event("subscription", {"user": "x", "gifted_by": "Ed", "group": "g"}))
    gate.send(gate.event("gift", {"user": "Ed", "count": 1, "group": "g"}))
    for title, name in (("Bo", "Bo"), ("Di", "Di"), ("Ed", "Ed"), ("41 new followers", "u39"), ("Cy", "Cy")):
        run_until(timed, lambda title=title: timed.texts(".sa-name") == [title])
        run_until(timed, lambda name=name: label(timed) == [name])
        show(gate, "skip")


@pytest.mark.parametrize("how", ["another page", "layout", "toggle"])
def test_labels_change_at_once_where_no_alert_is_shown(gate: Gate, overlay: Overlay, how: str) -> None:
    if how == "layout":
        gate.layout = {"version": 1, "widgets": {"social": {"visible": False}}}
    overlay.open("journal=1" + ("&widgets=latest" if how == "another page" else ""))
    if how == "toggle":
        gate.emit("toggle", {"name": "social", "on": False}, coalesce_key="toggle:social")
        eventually(lambda: overlay.page.locator(".w-social.hidden").count() == 1)
    begin(gate)
    overlay.drawn()
    assert label(overlay) == ["Cy"]


@pytest.mark.parametrize("timed", ["journal=1&overlay_id=main"], indirect=True)
def test_after_a_reload_a_label_names_the_newest_although_its_alert_was_not_shown(gate: Gate, timed: Overlay) -> None:
    begin(gate)
    run_until(timed, lambda: label(timed) == ["Bo"])
    run_until(timed, lambda: '"Cy"' in timed.page.evaluate("localStorage.getItem('framewire.keep.main.latest')"))
    timed.page.clock.resume()
    timed.page.reload()
    eventually(lambda: label(timed) == ["Cy"])
