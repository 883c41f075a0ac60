"""The end of the tests on an overlay: nothing of them stays, and what was there before is there again."""

from __future__ import annotations

from typing import Any

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate, now_ms

SCORE = {"scores": {"home": 1, "away": 0}, "names": {"home": "Foxes", "away": "Harbor"}, "best_of": 3}
SAMPLE = {"scores": {"CT": 9, "TERRORIST": 10}, "names": {"CT": "Copper (test)", "TERRORIST": "Night (test)"}}

NAMES = ".kf-name, .chat-name, .sa-name, .bn-title, .st-name, .la-name"


def player(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "team": "CT"}


def score(gate: Gate, payload: dict[str, Any], source: str) -> None:
    gate.emit("score", payload, source=source, coalesce_key="score")


def end_test(gate: Gate) -> None:
    gate.emit("show", {"action": "end_test"}, source="dashboard")


def test_the_score_of_the_match_is_back_with_its_timer(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    timer = {"phase": "live", "ts_ends_ms": now_ms() + 3_600_000}
    score(gate, SCORE | {"timer": timer}, "dashboard")
    gate.emit(
        "goal", {"goal": "a", "current": 37, "target": 50, "title": "Subs"}, source="twitch", coalesce_key="goal:a"
    )
    gate.emit("hype_train", {"phase": "progress", "level": 3}, source="twitch", coalesce_key="hype_train")
    eventually(lambda: overlay.texts(".sc-name") == ["Foxes", "Harbor"])
    eventually(lambda: overlay.texts(".ht-level") == ["Level 3"])
    names = overlay.texts(".sc-name")
    score(gate, SAMPLE, "test")
    gate.emit("goal", {"goal": "test-a", "current": 1, "target": 9}, source="test", coalesce_key="goal:test-a")
    gate.emit("hype_train", {"phase": "progress", "level": 2}, source="test", coalesce_key="hype_train")
    gate.emit("poll", {"phase": "begin", "title": "Map? (test)"}, source="test", coalesce_key="poll")
    eventually(lambda: overlay.texts(".vo-title") == ["Map? (test)"])
    eventually(lambda: overlay.texts(".sc-name") == ["Copper (test)", "Night (test)"])
    assert overlay.texts(".go-figures") == ["1 / 9"]
    end_test(gate)
    eventually(lambda: overlay.texts(".sc-name") == names)
    eventually(lambda: overlay.texts(".go-figures") == ["37 / 50"])
    eventually(lambda: overlay.texts(".ht-level") == ["Level 3"])
    assert overlay.texts(".vo-title") == []
    assert overlay.texts(".sc-clock")[0].startswith(("59:", "1:00:"))


def test_a_page_that_is_loaded_during_a_test_shows_the_real_score(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    score(gate, SCORE, "dashboard")
    score(gate, SAMPLE, "test")
    eventually(lambda: overlay.texts(".sc-name") == ["Copper (test)", "Night (test)"])
    overlay.page.reload()
    eventually(lambda: overlay.texts(".sc-name") == ["Foxes", "Harbor"])


def test_all_that_came_from_tests_leaves_at_once_and_nothing_else(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    for source, mark in (("game", ""), ("test", " (test)")):
        gate.emit("kill", {"attacker": player(f"Ada{mark}"), "victim": player(f"Bo{mark}")}, source=source)
        gate.emit("chat", {"user": f"Cy{mark}", "text": "hello"}, source=source)
    for number in range(3):
        gate.emit("follow", {"user": f"Di {number} (test)"}, source="test")
    gate.emit("alert_start", {"alert": "test-a", "title": "Alert (test)"}, source="test")
    gate.emit("multikill", {"player": player("Ada (test)"), "kills": 3}, source="test")
    gate.emit("objective", {"action": "planted", "target": "a"}, source="test")
    eventually(lambda: len(overlay.texts(".kf-panel")) == 2 and len(overlay.texts(".chat-panel")) == 2)
    eventually(lambda: any("(test)" in words for words in overlay.texts(".sa-name")))
    eventually(lambda: any("(test)" in words for words in overlay.texts(".st-name, .bn-title")))
    gate.emit("tip", {"user": "Eve", "amount": "5", "currency": "EUR"}, source="tips")
    end_test(gate)
    eventually(lambda: not [name for name in overlay.texts(NAMES) if "(test)" in name])
    assert len(overlay.texts(".kf-panel")) == len(overlay.texts(".chat-panel")) == 1
    eventually(lambda: overlay.texts(".sa-name") == ["Eve"], 10)
    assert overlay.page.locator(".sc.bomb").count() == 0
