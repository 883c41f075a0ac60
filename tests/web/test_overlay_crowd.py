"""Hype trains, polls and predictions on the page, and which announcement dims or waits for which."""

from __future__ import annotations

from tests.support import eventually
from tests.web.conftest import Overlay, run_until
from tests.web.gate import Gate

CHOICES = [{"title": "<b>Nuke", "votes": 1}, {"title": "Mirage", "votes": 3}]


def shows(overlay: Overlay, name: str, texts: list[str]) -> None:
    run_until(overlay, lambda: overlay.texts(name) == texts)


def classes(overlay: Overlay, name: str) -> list[str]:
    found: list[str] = overlay.page.evaluate("(name) => [...document.querySelector(name).classList]", name)
    return found


def test_a_poll_is_shown_until_its_result_was_shown(gate: Gate, timed: Overlay) -> None:
    gate.emit("poll", {"phase": "begin", "title": "Next <map>?", "choices": CHOICES}, coalesce_key="poll")
    shows(timed, ".w-poll .vo-choice", ["Mirage", "<b>Nuke"])
    assert timed.texts(".w-poll .vo-figures") == ["75 %", "25 %"]
    assert timed.texts(".w-poll .vo-head") == ["PollNext <map>?4 votes"]
    gate.emit("poll", {"phase": "end", "title": "Next <map>?", "choices": CHOICES}, coalesce_key="poll")
    shows(timed, ".w-poll .vo-label", ["Result"])
    timed.page.clock.run_for(9_500)
    assert "gone" not in classes(timed, ".w-poll .vo")
    timed.page.clock.run_for(1_000)
    assert "gone" in classes(timed, ".w-poll .vo")


def test_a_prediction_is_locked_shows_its_winner_and_hides_when_canceled(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    told = {"title": "Do we win?", "outcomes": [{"title": "Yes", "votes": 1}, {"title": "No", "votes": 9}]}
    gate.emit("prediction", told | {"phase": "lock"}, coalesce_key="prediction")
    eventually(lambda: overlay.texts(".w-prediction .vo-label") == ["Locked"])
    gate.emit("prediction", told | {"phase": "end", "winner": "Yes"}, coalesce_key="prediction")
    eventually(lambda: overlay.texts(".w-prediction .vo-choice") == ["Yes", "No"])
    assert "won" in classes(overlay, ".w-prediction .vo-row")
    gate.emit("prediction", told | {"phase": "canceled"}, coalesce_key="prediction")
    eventually(lambda: "gone" in classes(overlay, ".w-prediction .vo"))


def test_a_hype_train_shows_its_level_as_a_bar(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    train = {"train": "t", "level": 2, "progress": 450, "goal": 1_800}
    gate.emit("hype_train", train | {"phase": "progress"}, coalesce_key="hype_train")
    eventually(lambda: overlay.texts(".ht-figures") == ["Level 225 %"])
    assert overlay.page.evaluate("document.querySelector('.ht-bar').style.transform") == "scaleX(0.25)"
    gate.emit("hype_train", train | {"phase": "end"}, coalesce_key="hype_train")
    eventually(lambda: overlay.texts(".ht-level") == ["Reached level 2"])
    gate.emit("hype_train", {"phase": "canceled"}, coalesce_key="hype_train")
    eventually(lambda: "gone" in classes(overlay, ".ht"))  # at once: a result is shown for 10 s


def test_an_overlay_that_connects_after_the_end_shows_nothing(gate: Gate, overlay: Overlay) -> None:
    gate.emit("poll", {"phase": "end", "title": "Next map?", "choices": CHOICES}, coalesce_key="poll")
    gate.emit("prediction", {"phase": "lock", "title": "Do we win?", "outcomes": CHOICES}, coalesce_key="prediction")
    overlay.open()
    eventually(lambda: overlay.texts(".w-prediction .vo-label") == ["Locked"])
    assert "gone" in classes(overlay, ".w-poll .vo")


def test_a_paid_alert_dims_other_announcements_and_delays_later_ones(gate: Gate, timed: Overlay) -> None:
    ada = {"id": "a", "name": "Ada", "team": "CT"}
    gate.emit("objective", {"action": "planted", "target": "B"})
    shows(timed, ".bn-eyebrow .label", ["Objective"])
    gate.emit("cheer", {"user": "Bo", "bits": 100})
    shows(timed, ".sa-name", ["Bo"])
    run_until(timed, lambda: "dimmed" in classes(timed, ".w-alerts"))
    gate.emit("multikill", {"player": ada, "kills": 5, "window_ms": 4_000})  # of the first rank, too: it waits
    run_until(timed, lambda: timed.status()["drawn"] == len(gate.log))
    assert "gone" in classes(timed, ".st")
    for _ in range(30):
        timed.page.clock.run_for(200)
    shows(timed, ".st-word", ["Ace"])
    assert "gone" in classes(timed, ".sa")
    gate.emit("follow", {"user": "Cy"})  # of the second rank: it waits for the ace
    timed.page.clock.run_for(1_000)
    assert "gone" in classes(timed, ".sa")
    for _ in range(30):
        timed.page.clock.run_for(200)
    shows(timed, ".sa-name", ["Cy"])


def test_a_hidden_widget_delays_no_announcement(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("toggle", {"name": "social", "on": False}, coalesce_key="toggle:social")
    gate.emit("cheer", {"user": "Bo", "bits": 100})
    gate.emit("objective", {"action": "planted", "target": "B"})
    eventually(lambda: overlay.texts(".bn-eyebrow .label") == ["Objective"])


def test_a_question_is_whole_where_its_label_has_no_space(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&theme=high-contrast")
    told = {"title": "Which map next?", "choices": CHOICES}
    gate.emit("poll", told | {"phase": "progress"}, coalesce_key="poll")
    eventually(lambda: overlay.texts(".w-poll .vo-title") == ["Which map next?"])
    cut, label, line = overlay.page.evaluate(
        """['.vo-title', '.vo-label', '.vo-head'].map((name) => document.querySelector(`.w-poll ${name}`))
          .map((node, at) => at === 0 ? node.scrollWidth > node.clientWidth : node.getBoundingClientRect())
          .map((box) => box === false || box === true ? box : [box.top, box.bottom])"""
    )
    assert not cut
    assert label[1] <= line[0] + 1 or label[0] >= line[1] - 1, "the label is out of sight"
