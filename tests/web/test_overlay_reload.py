"""Social alerts over a reload of the page: what is shown, what waits, and the last one."""

from __future__ import annotations

import json
from typing import Any

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate
from tests.web.test_overlay_social import RULES, named, played, png, show, wav

QUERY = "journal=1&motion=full&overlay_id=main"


def tips(gate: Gate, *users: str) -> None:
    gate.send(*(gate.event("tip", {"user": user, "amount": "5", "currency": "EUR"}) for user in users))


def kept(overlay: Overlay) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(overlay.page.evaluate("localStorage['framewire.keep.main.alerts'] ?? 'null'"))
    return found


def shown_in_turn(gate: Gate, overlay: Overlay, *users: str) -> None:
    """Each is shown, and nothing after them."""
    for user in users:
        eventually(lambda user=user: named(overlay) == [user])
        show(gate, "skip")
    eventually(lambda: named(overlay) == [])
    eventually(lambda: kept(overlay)["alerts"] == [])


def test_alerts_that_wait_and_the_one_that_is_shown_survive_a_reload(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    tips(gate, "one", "two", "three")
    eventually(lambda: named(overlay) == ["one"])
    overlay.reported()
    overlay.open(QUERY)
    assert overlay.texts(".sa-more") == ["2 more"]
    shown_in_turn(gate, overlay, "one", "two", "three")
    overlay.open(QUERY)
    show(gate, "replay")
    eventually(lambda: named(overlay) == ["three"])


def test_paused_alerts_survive_a_reload_while_the_gateway_is_killed(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    show(gate, "pause")
    tips(gate, "one", "two")
    overlay.drawn()
    gate.abort_all()
    # As when the process of the page is killed before it saves the position of the tips.
    overlay.page.evaluate(
        """() => {
          const place = JSON.parse(localStorage['framewire.place.main']);
          addEventListener('pagehide', () => {
            localStorage['framewire.place.main'] = JSON.stringify({...place, position: 1});
          });
        }"""
    )
    overlay.open(QUERY)
    tips(gate, "three")
    overlay.drawn()
    assert named(overlay) == []
    show(gate, "resume")
    shown_in_turn(gate, overlay, "one", "two", "three")


def test_clear_drops_what_was_kept(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    tips(gate, "one", "two", "three")
    eventually(lambda: named(overlay) == ["one"])
    show(gate, "clear")
    eventually(lambda: named(overlay) == [])
    overlay.open(QUERY)
    tips(gate, "four")
    shown_in_turn(gate, overlay, "four")


def test_a_page_that_starts_at_the_present_has_no_alerts_of_before(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    tips(gate, "one", "two")
    eventually(lambda: named(overlay) == ["one"])
    overlay.open(f"{QUERY}&on_reload=live")
    tips(gate, "three")
    shown_in_turn(gate, overlay, "three")


def test_replayed_alerts_that_wait_are_shown_once(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    tips(gate, "one", "two", "three")
    eventually(lambda: named(overlay) == ["one"])
    show(gate, "skip")
    eventually(lambda: named(overlay) == ["two"])
    overlay.open(f"{QUERY}&on_reload=replay:20")
    shown_in_turn(gate, overlay, "two", "three", "one")


def test_the_picture_and_the_sound_of_a_rule_are_those_of_before(gate: Gate, overlay: Overlay) -> None:
    folder = gate.run_dir / "overlays"
    (folder / "media").mkdir(parents=True)
    (folder / "alerts.toml").write_text(RULES.split('[[alert]]\ntype = "follow"')[0])
    (folder / "media" / "party time.png").write_bytes(png())
    (folder / "media" / "party.wav").write_bytes(wav())
    overlay.open(QUERY)
    gate.emit("cheer", {"user": "Di", "bits": 500})
    eventually(lambda: named(overlay) == ["Di brought 500 bits!"])
    overlay.open(QUERY)
    eventually(lambda: named(overlay) == ["Di brought 500 bits!"])
    eventually(lambda: overlay.page.evaluate("document.querySelector('img.sa-media:not(.off)')?.naturalWidth") == 8)
    assert played(overlay) == ["/media/alerts/party.wav", 0.5]


def test_what_another_version_kept_is_ignored(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    for damaged in ("{", '{"version": 9}', '{"version": 1, "alerts": [{"kind": "tip"}], "last": {}, "groups": 5}'):
        # Set after the page has written its own.
        overlay.page.evaluate(
            "(value) => addEventListener('pagehide', () => { localStorage['framewire.keep.main.alerts'] = value; })",
            damaged,
        )
        overlay.open(QUERY)
        assert overlay.problems() == []
    tips(gate, "one")
    eventually(lambda: named(overlay) == ["one"])


def test_a_preview_neither_shows_nor_changes_what_an_overlay_keeps(gate: Gate, overlay: Overlay) -> None:
    overlay.open(QUERY)
    tips(gate, "one", "two")
    eventually(lambda: named(overlay) == ["one"])
    eventually(lambda: len(kept(overlay)["alerts"]) == 2)
    before = kept(overlay)
    frame = overlay.page.evaluate_handle(
        """(address) => { const frame = document.createElement('iframe');
          frame.src = address; document.body.append(frame); return frame; }""",
        gate.page(QUERY),
    )
    inside = frame.as_element().content_frame()
    eventually(lambda: inside.evaluate("globalThis.framewire?.status().state") == "live")
    assert inside.evaluate("document.querySelectorAll('.sa:not(.gone)').length") == 0
    assert kept(overlay)["alerts"] == before["alerts"]
