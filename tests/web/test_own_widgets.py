"""Custom widgets: the template works, and a failing widget is reported and does not affect others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.core.contract.event import Raw
from actors.core.queue.sequencer import Entry
from tests.sockets.gateway_rig import ROOT, Rig, critical, encode
from tests.support import eventually


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def page(window: Any, rig: Rig) -> Iterator[Any]:
    page = window.new_page()
    yield page
    page.close()
    for file in (rig.run_dir / "overlays" / "widgets").glob("*"):
        file.unlink()


def call(rig: Rig, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "supervisor.py"), "widget", *arguments, "--set", f"run_dir={rig.run_dir}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def opened(page: Any, rig: Rig, query: str = "overlay_id=own&motion=reduced") -> None:
    page.goto(f"http://127.0.0.1:{rig.port}/overlay/?{query}#k={rig.tokens.display}")
    eventually(lambda: page.evaluate("globalThis.framewire?.status().state") == "live", 10)


def follow(rig: Rig, user: str) -> None:
    """Send a follower."""
    rig.top += 1
    event = msgspec.structs.replace(critical(rig.top, "follow"), payload=Raw(encode({"user": user})))
    assert rig.log is not None
    rig.log.commit([Entry(events=[event])])
    rig.publish(rig.frame([event]))


def problems(page: Any) -> str:
    return "\n".join(page.evaluate("framewire.status().problems"))


def test_the_template_is_a_working_widget(page: Any, rig: Rig) -> None:
    made = call(rig, "new", "newest")
    assert made.returncode == 0, made.stderr
    files = [Path(line) for line in made.stdout.split()]
    assert [file.name for file in files] == ["newest.mjs", "newest.css"]
    assert call(rig, "list").stdout.split() == [str(files[0])]
    opened(page, rig)
    follow(rig, "<b>Zoë</b>")
    eventually(lambda: page.inner_text(".newest-line") == "Newest follower <b>Zoë</b>")
    assert page.evaluate("getComputedStyle(document.querySelector('.newest-line')).paddingLeft") == "16px", "its style"
    assert problems(page) == ""
    box = page.locator(".w-newest").bounding_box()
    assert [round(box[side]) for side in ("x", "y", "width")] == [96, 900, 460]


def test_a_used_or_invalid_widget_name_is_refused(rig: Rig, page: Any) -> None:
    assert call(rig, "new", "twice").returncode == 0
    assert "already exists" in call(rig, "new", "twice").stderr
    assert "expected a small letter" in call(rig, "new", "../x").stderr


HEAD = 'export const widget = { name: "%s", title: "x", types: ["follow"], box: { x: 0, y: 0, width: 99, height: 99, '
WIDGET = HEAD + 'anchor: "left" }, load: () => %s };'
BROKEN = {
    "syntax": ("export const widget = {", "syntax.mjs"),
    "nothing": ("export const other = 1;", "exports no object"),
    "misnamed": (WIDGET % ("other", "({})"), 'expected "misnamed"'),
    "unboxed": ('export const widget = { name: "unboxed", title: "x", types: [], load() {} };', "widget.box.x"),
    "chat": (WIDGET % ("chat", "({})"), "the name of another widget"),
    "unloaded": (WIDGET % ("unloaded", "{ throw new Error('no load') }"), "widget unloaded failed: no load"),
    "updates": (
        WIDGET % ("updates", "({ updateAction() { throw new Error('no update') }, frame: () => NaN })"),
        "no update",
    ),
    "frames": (WIDGET % ("frames", "({ updateAction() {}, frame() { throw new Error('no frame') } })"), "no frame"),
}


@pytest.mark.console("a widget failed")
def test_a_failing_widget_is_reported_and_others_continue(page: Any, rig: Rig) -> None:
    folder = rig.run_dir / "overlays" / "widgets"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (text, _) in BROKEN.items():
        (folder / f"{name}.mjs").write_text(text)
    (folder / "Not A Name.mjs").write_text("throw new Error('never loaded')")
    call(rig, "new", "works")
    opened(page, rig)
    follow(rig, "Ada")
    eventually(lambda: page.inner_text(".works-line") == "Newest follower Ada")
    eventually(lambda: all(text in problems(page) for _, text in BROKEN.values()))
    assert "never loaded" not in problems(page)
    eventually(lambda: page.evaluate("framewire.status().drawn") == rig.top)


# It holds a timer, a listener of the page and a sound.
HOLDER = """
export const widget = { name: "holder", title: "x", types: ["%s"],
  box: { x: 0, y: 0, width: 99, height: 99, anchor: "left" },
  load: (stage, root) => new Holder(stage, root) };
class Holder {
  constructor(stage, root) {
    globalThis.held ??= { ticks: 0, turns: 0, gone: [] };
    this.view = stage.view;
    this.sound = document.createElement("audio");
    this.words = document.createTextNode("%s");
    root.append(this.sound, this.words);
    globalThis.sounds = [...(globalThis.sounds ?? []), this.sound];
    this.timer = setInterval(() => { held.ticks += 1; }, 5);
    this.turned = () => { held.turns += 1; };
    addEventListener("turn", this.turned);
  }
  updateAction({ payload }) { this.user = payload.user; }
  frame() { this.view.text(this.words, `%s ${this.user}`); %s; return Infinity; }
  dispose() {
    clearInterval(this.timer);
    removeEventListener("turn", this.turned);
    held.gone.push("%s");
    %s
  }
}
"""


# Ten ticks of another timer of the same interval.
TEN_TICKS = """new Promise((done) => {
    let left = 10;
    const timer = setInterval(() => { if (--left === 0) done(clearInterval(timer)); }, 5);
})"""


def hold(rig: Rig, version: str, type_: str = "follow", *, frame: str = "", dispose: str = "") -> Path:
    file: Path = rig.run_dir / "overlays" / "widgets" / "holder.mjs"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HOLDER % (type_, version, version, frame, version, dispose))
    return file


def turns(page: Any) -> int:
    """Return how many widgets listen to the page."""
    return int(page.evaluate("(held.turns = 0, dispatchEvent(new Event('turn')), held.turns)"))


def test_with_design_a_changed_widget_is_loaded_again_and_the_old_one_released(page: Any, rig: Rig) -> None:
    file = hold(rig, "one")
    opened(page, rig, "overlay_id=hold&design=1")
    follow(rig, "Ada")
    eventually(lambda: page.inner_text(".w-holder") == "one Ada")
    page.evaluate("sounds[0].pause = () => { held.paused = true }")
    hold(rig, "two", "raid")  # it wants other events
    eventually(lambda: page.evaluate("held.gone.join()") == "one")
    eventually(lambda: page.evaluate("held.paused === true"), 5)
    assert page.inner_text(".w-holder").startswith("two")
    assert turns(page) == 1, "only the new one listens"
    follow(rig, "Bea")
    eventually(lambda: page.evaluate("framewire.status().drawn") == rig.top)
    assert "Bea" not in page.inner_text(".w-holder")
    file.write_text("export const widget = {")  # saved in the middle of a word: the last version stays
    eventually(lambda: "holder.mjs" in problems(page))
    assert turns(page) == 1
    file.unlink()
    eventually(lambda: page.evaluate("held.gone.join()") == "one,two")
    assert (page.inner_text(".w-holder"), turns(page)) == ("", 0)
    ticks = page.evaluate("held.ticks")
    page.evaluate(TEN_TICKS)
    assert page.evaluate("held.ticks") == ticks, "its timer has stopped"


def test_a_widget_that_fails_again_and_again_is_removed(page: Any, rig: Rig) -> None:
    hold(rig, "bad", frame="throw new Error('no frame')", dispose="throw new Error('no end');")
    opened(page, rig, "overlay_id=hold&hud=1")  # the HUD asks for frames
    eventually(lambda: "widget holder failed 20 times and is removed" in problems(page))
    assert (page.evaluate("held.gone.join()"), page.inner_text(".w-holder"), turns(page)) == ("bad", "", 0)
    follow(rig, "Ada")
    eventually(lambda: page.evaluate("framewire.status().drawn") == rig.top)


def test_only_files_of_the_folder_are_served(rig: Rig) -> None:
    for path in ("../tokens.json", "..%2ftokens.json", "../../tokens.json", "%2e%2e/tokens.json", "none.mjs"):
        assert rig.request(f"/widgets/{path}")[0] in (400, 403, 404), path
    assert rig.get("/widgets/")[1] == {"widgets": []}
