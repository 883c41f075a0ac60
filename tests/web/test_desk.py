"""The dashboard with the whole product: commands pass the queue and reach all overlays and dashboards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import config
from tests.support import Pipeline, eventually
from tests.web.test_overlay_social import png

WITHIN_S = 20
# The dashboard asks for the history of an event that is on its way, and there may be none yet.
pytestmark = pytest.mark.console("404 (Not Found)")

# All texts that the overlay has shown. A row leaves after some seconds: a question of the test may come too late.
SHOWN = """() => {
  globalThis.shown = [];
  const stage = document.getElementById('stage');
  const options = {subtree: true, childList: true, attributes: true, characterData: true};
  new MutationObserver(() => shown.push(stage.innerText)).observe(stage, options);
}"""


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline() as started:
        started.start()
        yield started


class Show:
    """An overlay, an operator's dashboard and a producer's, each in a page of its own."""

    def __init__(self, window: Any, pipeline: Pipeline) -> None:
        self.window, self.tokens = window, pipeline.tokens
        self.url = f"http://127.0.0.1:{pipeline.gateway_port}"
        self.pages: list[Any] = []
        self.overlay = self.open(f"overlay/?overlay_id=main&on_reload=live#k={self.tokens.display}")
        self.desk = self.open(f"#k={self.tokens.control}")
        self.wall = self.open(f"#k={self.tokens.view}")
        # The list may still show the page of the test before. A page that is not live yet misses events of this test.
        eventually(lambda: self.overlay.evaluate("globalThis.framewire?.status().state") == "live", WITHIN_S)
        self.sees(self.desk, "#overlays", "main")
        self.sees(self.wall, "#overlays", "main")
        eventually(lambda: self.desk.inner_text("#apart") == "" and self.wall.inner_text("#apart") == "", WITHIN_S)

    def open(self, path: str) -> Any:
        page = self.window.new_page()
        page.goto(f"{self.url}/{path}")
        self.pages.append(page)
        return page

    def sees(self, page: Any, selector: str, text: str) -> None:
        eventually(lambda: text in page.inner_text(selector), WITHIN_S)

    def press(self, key: str, says: str) -> None:
        self.desk.bring_to_front()
        self.desk.keyboard.press(key)
        self.sees(self.desk, "#said", says)


@pytest.fixture
def show(window: Any, pipeline: Pipeline) -> Iterator[Show]:
    made = Show(window, pipeline)
    yield made
    for page in made.pages:
        page.close()


def test_a_test_event_is_rendered_and_its_history_names_the_overlay(show: Show) -> None:
    show.overlay.evaluate(SHOWN)
    show.desk.click('[data-test="kill"]')
    eventually(lambda: "Ada (test)" in show.overlay.evaluate("shown.join()"), WITHIN_S)
    row = '#river > li[data-type="kill"] > button'
    eventually(lambda: "rendered 1/1" in show.desk.inner_text(row), WITHIN_S)
    show.desk.click(row)
    show.sees(show.desk, "#river .steps", "Rendered by main")
    show.desk.click("text=Show again")
    show.sees(show.wall, "#river", "shown again")
    assert show.wall.locator("text=Show again >> button").count() == 0


JOURNALED = "framewire.journal.filter(({ type }) => type === 'kill').map(({ position }) => position)"


@pytest.mark.console("net::ERR_", "WebSocket connection to")
def test_a_kill_reaches_two_overlays_and_the_dashboard_also_after_the_gateway_died(
    show: Show, pipeline: Pipeline
) -> None:
    query = "on_reload=live&journal=1&motion=reduced"
    overlays = [show.open(f"overlay/?overlay_id={name}&{query}#k={show.tokens.display}") for name in ("left", "right")]
    rows = show.desk.locator('#river > li[data-type="kill"] > button')

    def live() -> bool:
        states = [page.evaluate("globalThis.framewire?.status().state") for page in (show.overlay, *overlays)]
        return states == ["live"] * 3 and show.desk.inner_text("#apart") == ""

    eventually(live, WITHIN_S)
    for name in ("left", "right"):
        show.sees(show.desk, "#overlays", name)
    known = rows.count()
    show.desk.click('[data-test="kill"]')
    eventually(lambda: all(len(page.evaluate(JOURNALED)) == 1 for page in overlays), WITHIN_S)
    eventually(lambda: rows.count() == known + 1, WITHIN_S)
    eventually(lambda: "rendered 3/3" in rows.first.inner_text(), WITHIN_S)
    pipeline.kill("gateway-1")
    eventually(lambda: all(page.evaluate("framewire.status().connects") > 1 for page in overlays), WITHIN_S)
    eventually(live, WITHIN_S)
    show.sees(show.desk, "#overlays", "left")
    show.sees(show.desk, "#overlays", "right")
    show.desk.click('[data-test="kill"]')
    eventually(lambda: all(len(page.evaluate(JOURNALED)) == 2 for page in overlays), WITHIN_S)
    eventually(lambda: rows.count() == known + 2, WITHIN_S)
    eventually(lambda: "rendered 3/3" in rows.first.inner_text(), WITHIN_S)
    left, right = (page.evaluate(JOURNALED) for page in overlays)
    assert left == right
    assert left[0] < left[1]


def test_switches_apply_to_all_overlays_and_to_later_ones(show: Show) -> None:
    show.press("p", "Pause: accepted.")
    show.press("m", "Mute: accepted.")
    show.press("h", "Hide all: accepted.")
    switched = "everything is hidden; alerts are paused; sound is muted"
    show.sees(show.desk, "#health", switched)
    show.sees(show.wall, "#health", switched)
    eventually(lambda: show.overlay.locator("#stage.hidden").count() == 1, WITHIN_S)
    later = show.open(f"#k={show.tokens.control}")
    show.sees(later, "#health", switched)
    eventually(lambda: later.inner_text('[data-control="p"] span') == "Resume", WITHIN_S)
    show.press("p", "Resume: accepted.")
    show.press("m", "Unmute: accepted.")
    show.press("h", "Show all: accepted.")
    for page in (show.desk, show.wall, later):
        eventually(lambda page=page: "Switched:" not in page.inner_text("#health"), WITHIN_S)  # type: ignore[misc]
    eventually(lambda: show.overlay.locator("#stage.hidden").count() == 0, WITHIN_S)


def test_the_score_is_edited_and_seen_on_every_page_also_after_a_reload(show: Show, pipeline: Pipeline) -> None:
    media = pipeline.run_dir / "overlays" / "media"
    media.mkdir(parents=True, exist_ok=True)
    (media / "foxes.png").write_bytes(png())
    score = show.overlay.locator("#stage .sc-all")
    show.desk.click(".score > summary")
    for team, name in ((1, "Copper Foxes"), (2, "Night Harbor")):
        show.desk.fill(f"[aria-label='Name of team {team}']", name)
        show.desk.keyboard.press("Enter")
    show.desk.get_by_role("button", name="Show the score").click()
    show.sees(show.desk, "#score-line", "Copper Foxes 0 : 0 Night Harbor")
    for _ in range(3):
        show.desk.click("[aria-label='+1 for Copper Foxes']")
    show.desk.click("[aria-label='+1 for Night Harbor']")
    eventually(lambda: score.locator(".sc-points:visible").all_inner_texts() == ["3", "1"], WITHIN_S)
    later = show.open(f"#k={show.tokens.control}")
    later.click(".score > summary")
    show.sees(later, "#score-line", "Copper Foxes 3 : 1 Night Harbor")
    eventually(lambda: later.locator("#score option[value='foxes.png']").count() == 2, WITHIN_S)
    later.select_option("#score label:has-text('Best of') select", "3")
    later.fill("#score label:has-text('Map') input", "Nuke")
    later.keyboard.press("Enter")
    eventually(lambda: score.locator(".sc-map").inner_text() == "Map 1 of 3 · Nuke", WITHIN_S)
    eventually(lambda: show.desk.input_value("#score label:has-text('Map') input >> nth=-1") == "Nuke", WITHIN_S)
    later.click("#score >> text=Swap sides")
    show.sees(show.desk, "#score-line", "Night Harbor 1 : 3 Copper Foxes")
    later.reload()
    show.overlay.reload()
    show.sees(later, "#score-line", "Night Harbor 1 : 3 Copper Foxes")
    eventually(lambda: score.locator(".sc-points:visible").all_inner_texts() == ["1", "3"], WITHIN_S)
    assert score.locator(".sc-map").inner_text() == "Map 1 of 3 · Nuke"
    show.desk.click("#score >> text=Clear")
    show.sees(later, "#score-line", "not shown")
    eventually(lambda: score.is_hidden(), WITHIN_S)


def test_an_overlay_shows_its_name_and_reloads_on_command(show: Show) -> None:
    show.desk.click('[aria-label="Identify main"]')
    show.overlay.wait_for_selector("#identify:not(.off) >> text=main", state="visible")
    with show.overlay.expect_event("load"):
        show.desk.click('[aria-label="Reload main"]')
    show.sees(show.desk, "#overlays", "main")


def test_a_setting_is_changed_in_the_running_pipeline(show: Show, pipeline: Pipeline) -> None:
    show.desk.click("summary >> text=Settings")
    show.desk.fill("#find-setting", "budgets.cpu")
    show.desk.fill("[id='set-budgets.cpu_pct']", "-1")
    show.sees(show.desk, ".pending", "budgets.cpu_pct=-1: Expected `float` > 0.0")
    show.desk.fill("[id='set-budgets.cpu_pct']", "80")
    show.sees(show.desk, ".pending", "Applies at once; no process is restarted.")
    assert config.of_run_dir(pipeline.run_dir).budgets.cpu_pct == 90.0
    show.desk.click(".pending >> text=Apply")
    show.sees(show.desk, ".pending", "cpu_pct = 80")
    assert config.of_run_dir(pipeline.run_dir).budgets.cpu_pct == 80.0
    assert config.source_of(pipeline.run_dir).overrides[-1] == "budgets.cpu_pct=80"
    assert show.wall.locator("summary >> text=Settings").is_hidden()


def test_a_storm_is_accepted_and_the_dashboard_still_works(show: Show) -> None:
    show.press("x", "Again to send 200 events on air.")
    show.press("x", "Storm of 200: 200 events accepted.")
    eventually(lambda: show.desk.locator("#river > li").count() > 50, WITHIN_S)
    show.press("s", "Skip: accepted.")
