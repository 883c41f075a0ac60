"""Delivery in a real browser: every critical event is rendered once, in order, and reported afterwards."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import Overlay
from tests.web.gate import Gate, now_ms

REAL_TIME = True  # the clock of the page is compared with the machine's


def kill(number: int) -> dict[str, Any]:
    return {
        "attacker": {"id": f"a{number}", "name": f"a{number}"},
        "victim": {"id": f"v{number}", "name": f"v{number}"},
    }


def kills(gate: Gate, count: int) -> None:
    gate.commit(*(gate.event("kill", kill(number)) for number in range(count)))


# Rows leave after some seconds, so that a question of the test may come too late. The page counts them at each change.
MOST_ROWS = """() => {
  globalThis.mostRows = 0;
  const stage = document.getElementById('stage');
  new MutationObserver(() => {
    const panels = [...stage.querySelectorAll('.kf-panel')];
    const shown = panels.filter((node) => !node.closest('.off, .gone, .hidden') && node.textContent !== '');
    globalThis.mostRows = Math.max(globalThis.mostRows, shown.length);
  }).observe(stage, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def in_order(overlay: Overlay, first: int, last: int) -> bool:
    positions = [line["position"] for line in overlay.journal() if line["position"]]
    return positions == list(range(first, last + 1))


@pytest.mark.parametrize("format_", ["msgpack", "json"])
def test_a_burst_of_thousands_is_rendered_once_in_order_and_reported(
    gate: Gate, overlay: Overlay, format_: str
) -> None:
    overlay.open(f"journal=1&format={format_}")
    overlay.page.evaluate(MOST_ROWS)
    for _ in range(25):
        gate.send(*(gate.event("kill", kill(number)) for number in range(100)))
    overlay.drawn()
    assert overlay.page.evaluate("mostRows") == 6
    overlay.reported()
    assert in_order(overlay, 1, 2_500)
    reports = [receipt["position"] for receipt in gate.said("receipt")]
    assert reports == sorted(reports)
    assert gate.said("hello")[0]["format"] == format_


def test_a_catch_up_of_thousands_is_rendered_briefly_and_without_movement(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&overlay_id=main&motion=full")
    gate.emit("kill", kill(0))
    overlay.reported()
    gate.refuse_with = 4000
    gate.abort_all()
    kills(gate, 2_499)
    gate.refuse_with = None
    overlay.drawn()
    overlay.reported()
    assert in_order(overlay, 1, 2_500)
    assert all(line["replay"] for line in overlay.journal()[1:])
    moving = overlay.page.evaluate(
        """document.querySelector('.w-killfeed').getAnimations({subtree: true})
          .filter((animation) => !animation.transitionProperty && animation.animationName !== "close").length"""
    )
    assert moving == 0, "only rows whose time is over close"
    assert overlay.status()["latency_p95_ms"] < 60_000, "replays are no measure of latency"


def test_without_the_scheduler_each_event_is_drawn_as_it_arrives(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")

    def frames_of(kills: int) -> int:
        before = overlay.status()["frames"]
        gate.send(*(gate.event("kill", kill(number)) for number in range(kills)))
        overlay.drawn()
        return int(overlay.status()["frames"] - before)

    for paced in (False, True, False):
        gate.say({"t": "flags", "js_scheduler_v2": paced})
        eventually(lambda paced=paced: overlay.status()["js_scheduler_v2"] is paced)
        if not paced:
            assert frames_of(100) >= 100
        else:
            frames_of(100)
    moments = [line["committed_ms"] for line in overlay.journal()[100:200]]
    assert len(set(moments)) == 1, "one frame draws all events of a message"
    overlay.reported()
    assert in_order(overlay, 1, 300)


def test_after_a_cut_connection_no_event_is_lost_or_repeated(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    for number in range(3):
        gate.emit("kill", kill(number))
        overlay.drawn()
        gate.abort_all()
        kills(gate, 3)
    overlay.live()
    overlay.drawn()
    overlay.reported()
    assert in_order(overlay, 1, 12)
    assert 4 <= gate.connections <= overlay.status()["connects"]  # more than 4 if an attempt took too long
    resumed = gate.said("hello")[-1]["resume"]
    assert resumed["epoch"] == "e1"
    assert resumed["position"] >= 9


def test_lost_and_repeated_frames_lose_and_repeat_no_event(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("kill", kill(1))
    kills(gate, 2)  # committed, never sent: lost on the way
    gate.emit("kill", kill(4))  # shows the gap
    overlay.drawn()
    kills(gate, 2)
    gate.say({"t": "heartbeat", "top": len(gate.log), "server_ts_ms": now_ms()})  # nothing else shows it
    overlay.drawn()
    gate.send_frame(gate.frame(gate.log[2:5]))
    gate.emit("kill", kill(7))
    overlay.drawn()
    assert in_order(overlay, 1, 7)
    assert overlay.status()["cursor"]["duplicates"] == 3


def test_another_epoch_resets_the_overlay(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    for number in range(3):
        gate.emit("kill", kill(number))
    overlay.drawn()
    gate.new_epoch("e2")
    gate.emit("kill", kill(9))
    eventually(lambda: overlay.status()["epoch"] == "e2" and overlay.status()["state"] == "live")
    gate.emit("kill", kill(10))
    overlay.drawn()
    overlay.reported()
    assert overlay.status()["position"] == 2


def test_a_reload_resumes_after_the_last_rendered_event_or_starts_live(gate: Gate, overlay: Overlay) -> None:
    overlay.open("overlay_id=main&journal=1")
    gate.emit("kill", kill(1))
    overlay.reported()
    overlay.page.goto("about:blank")
    kills(gate, 2)
    overlay.open("overlay_id=main&journal=1")
    overlay.drawn()
    assert in_order(overlay, 2, 3)
    assert gate.said("hello")[-1]["resume"] == {"epoch": "e1", "position": 1}
    overlay.reported()
    overlay.open("overlay_id=main&journal=1&on_reload=replay:2")
    overlay.drawn()
    assert in_order(overlay, 2, 3)
    assert {line["replay"] for line in overlay.page.evaluate("framewire.journal")} == {True}
    overlay.open("overlay_id=main&journal=1&on_reload=live")
    assert gate.said("hello")[-1]["resume"] is None
    overlay.open("overlay_id=other&journal=1")
    assert gate.said("hello")[-1]["resume"] is None, "a place belongs to one overlay_id"


def test_an_overlay_without_a_name_has_one_per_tab(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    overlay.page.reload()
    overlay.live()
    first, second = (hello["overlay_id"] for hello in gate.said("hello"))
    assert first == second
    assert first.startswith("o-")


def test_a_hidden_page_renders_and_reports_nothing_and_shows_no_burst_later(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&motion=full")
    gate.emit("kill", kill(1))
    overlay.reported()
    overlay.page.evaluate("hidePage(true)")
    gate.send(*(gate.event("kill", kill(number)) for number in range(300)))
    for number in range(600):
        gate.send(gate.event("chat", {"user": "u", "text": str(number)}, ts_ingest_ms=now_ms() - 9_000))
    gate.emit("hit", {"attacker": {"id": "1", "name": "a"}, "victim": {"id": "2", "name": "b"}}, coalesce_key="hit:1")
    gate.emit("follow", {"user": "while hidden"})
    eventually(lambda: overlay.status()["position"] == len(gate.log))
    assert overlay.status()["drawn"] == 1
    assert gate.said("receipt")[-1]["position"] == 1
    hidden_s = time.monotonic()
    eventually(lambda: time.monotonic() - hidden_s > 1.2)  # longer than anything cosmetic lives
    overlay.page.evaluate("hidePage(false)")
    overlay.drawn()
    overlay.reported()
    assert in_order(overlay, 1, len(gate.log))
    assert overlay.texts(".hm-count") == []
    assert overlay.status()["queued"]["overflowed"] >= 88, "the queue of a hidden page is bounded"
    assert overlay.status()["events"]["late"] >= 301
    assert overlay.texts(".sa-name") == ["while hidden"], "seen late is still seen"


def test_events_above_the_limit_of_a_hidden_page_stay_in_the_log(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    overlay.page.evaluate("hidePage(true)")
    for _ in range(60):
        gate.send(*(gate.event("kill", kill(number)) for number in range(200)))
    eventually(lambda: overlay.status()["cursor"]["held"] > 0)
    assert overlay.status()["queue"] < 10_500
    overlay.page.evaluate("hidePage(false)")
    overlay.drawn()
    overlay.reported()
    assert in_order(overlay, 1, 12_000)


def test_one_frame_is_one_commit_that_writes_only_changes(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1&motion=full")
    overlay.page.evaluate(
        """() => {
          globalThis.batches = []; globalThis.frames = 0;
          const all = {subtree: true, childList: true, attributes: true, characterData: true};
          const note = (records) => batches.push(records.length);
          new MutationObserver(note).observe(document.getElementById('stage'), all);
        }"""
    )
    overlay.settled()  # the first frame reports the disabled parts
    before = overlay.status()["view"]
    score = gate.event("score", {"scores": {"CT": 1, "T": 2}}, coalesce_key="score")
    chat = [gate.event("chat", {"user": "u", "text": str(number)}) for number in range(5)]
    gate.send(*(gate.event("kill", kill(number)) for number in range(5)), *chat, score)
    overlay.drawn()
    overlay.settled()
    batches = overlay.page.evaluate("batches")
    commits = overlay.status()["view"]["commits"] - before["commits"]
    assert len(batches) == commits == 1
    assert max(overlay.page.evaluate("batches")) <= 240, "some writes for each of eleven events"
    writes = overlay.status()["view"]["writes"]
    again = gate.event("score", {"scores": {"CT": 1, "T": 2}}, coalesce_key="score")
    gate.send(again)
    overlay.seen(again.id)
    assert overlay.status()["view"]["writes"] == writes, "the same score writes nothing"


def test_a_still_picture_requests_no_frames(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    gate.emit("score", {"scores": {"CT": 1, "T": 2}}, coalesce_key="score")
    history = [(0.0, 0)]

    def still() -> bool:
        frames = overlay.status()["frames"]
        if frames != history[-1][1]:
            history.append((time.monotonic(), frames))
        return time.monotonic() - history[-1][0] > 1.0

    eventually(still, 4)
    assert history[-1][1] < 60, "frames flow for 300 ms after an event, and then no more"


def test_only_fit_reads_layout(gate: Gate, overlay: Overlay) -> None:
    """It reads before anything of the frame is written; a test with begin-frames shows that this computes no layout."""
    reads = """() => {
      globalThis.reads = [];
      const note = (owner, name) => {
        const found = Object.getOwnPropertyDescriptor(owner, name);
        const key = found.get ? 'get' : 'value';
        const noted = function (...all) {
          if (!new Error().stack.includes('/fit.mjs')) reads.push(name);
          return found[key].apply(this, all);
        };
        Object.defineProperty(owner, name, {...found, [key]: noted});
      };
      const html = 'offsetWidth offsetHeight offsetTop offsetLeft offsetParent innerText';
      const element =
        'clientWidth clientHeight scrollWidth scrollHeight scrollTop getBoundingClientRect getClientRects';
      html.split(' ').forEach((name) => note(HTMLElement.prototype, name));
      element.split(' ').forEach((name) => note(Element.prototype, name));
      note(window, 'getComputedStyle');
    }"""
    overlay.open("journal=1&hud=1")
    overlay.page.evaluate(reads)
    gate.emit("kill", kill(1))
    gate.emit("chat", {"user": "u", "text": "x"})
    gate.emit("follow", {"user": "x"})
    overlay.drawn()
    overlay.settled()
    assert overlay.page.evaluate("reads") == []


def test_receipts_are_sent_at_most_every_100_ms_with_measurements(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    for number in range(30):
        gate.emit("kill", kill(number))
        overlay.settled()
    overlay.reported()
    receipts = gate.said("receipt")
    # Arrival jitters; the sum does not: n receipts take at least (n - 1) × 100 ms.
    assert receipts[-1]["at_s"] - receipts[0]["at_s"] >= 0.1 * (len(receipts) - 1) - 0.1
    assert {"position", "fps", "latency_p50_ms", "latency_p95_ms", "queue", "dropped"} <= receipts[-1].keys()
    assert len(gate.said("ping")) >= 1


def test_the_journal_has_the_times_of_receipt_and_rendering(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    for number in range(20):
        gate.emit("kill", kill(number))
    overlay.drawn()
    for line in overlay.journal():
        assert set(line) == {
            *("id", "type", "position", "count", "ts_ingest_ms", "tick_ms", "received_ms", "committed_ms", "replay"),
        }
        # One machine, one clock; 5 ms for the estimate of the offset.
        assert line["ts_ingest_ms"] <= line["tick_ms"] <= line["received_ms"] + 5
        assert line["received_ms"] <= line["committed_ms"] <= now_ms() + 5
    overlay.open("")
    assert overlay.page.evaluate("framewire.journal") is None


@pytest.mark.console("framewire: This ", "framewire: The token")
@pytest.mark.parametrize(
    ("token", "code", "words"),
    [
        ("wrong", None, "token in this address is wrong"),
        ("", None, "no token"),
        ("display-token", 4503, "may not be used"),
        ("display-token", 4504, "different versions"),
    ],
)
def test_a_final_refusal_stops_the_page_with_advice(
    gate: Gate, overlay: Overlay, token: str, code: int | None, words: str
) -> None:
    gate.refuse_with = code
    overlay.open("", live=False, token=token)
    eventually(lambda: words in " ".join(overlay.texts("#notice")))
    assert "Overlay stopped" in overlay.texts("#notice")[0]
    attempts = gate.connections
    assert attempts == (2 if code == 4504 else 1), "another version is worth one reload"
    box = overlay.page.locator("#notice").bounding_box()
    assert box["width"] * box["height"] < 0.1 * 1920 * 1080


def test_a_page_of_another_build_loads_itself_again_once_when_no_alert_is_shown(gate: Gate, overlay: Overlay) -> None:
    overlay.open()
    gate.emit("tip", {"user": "kim", "amount": "50.00", "currency": "EUR"})
    eventually(lambda: overlay.texts(".sa-name") == ["kim"])
    loaded = overlay.page.evaluate("performance.timeOrigin")
    gate.build = "0.0.2 another"
    gate.close_all()
    eventually(lambda: gate.connections == 2 and overlay.status()["state"] == "live")
    assert overlay.page.evaluate("performance.timeOrigin") == loaded, "the alert is shown to its end"
    gate.emit("show", {"action": "clear", "widget": ""})
    eventually(lambda: overlay.ask("performance.timeOrigin", loading=loaded) != loaded, 20)
    overlay.live()
    loaded = overlay.page.evaluate("performance.timeOrigin")
    gate.close_all()
    eventually(lambda: gate.connections == 4 and overlay.status()["state"] == "live")
    gate.build = overlay.page.evaluate("document.querySelector('meta[name=build]').content")
    gate.close_all()
    eventually(lambda: gate.connections == 5 and overlay.status()["state"] == "live")
    assert overlay.page.evaluate("performance.timeOrigin") == loaded, "the same files may be served again"
    gate.build = "0.0.3 another"
    gate.close_all()
    eventually(lambda: overlay.ask("performance.timeOrigin", loading=loaded) != loaded, 20)


@pytest.mark.console("framewire: The token")
def test_in_obs_a_refusal_empties_the_stage_and_shows_no_notice(gate: Gate, overlay: Overlay) -> None:
    overlay.page.add_init_script("window.obsstudio = {}")
    overlay.open("hud=1")
    gate.close_all(4500)
    eventually(lambda: "or was revoked" in " ".join(overlay.status()["problems"]))
    eventually(lambda: overlay.page.locator("#stage").is_hidden(), 15)
    assert overlay.page.locator("#notice").is_hidden()
    assert overlay.page.locator("#hud").is_visible()


@pytest.mark.console("framewire: The token")
def test_a_new_token_in_the_address_is_used_at_once(gate: Gate, overlay: Overlay) -> None:
    overlay.open("", live=False, token="wrong")
    eventually(lambda: overlay.texts("#notice") != [])
    overlay.page.evaluate("location.hash = 'k=display-token'")
    overlay.live()


def test_a_gateway_that_starts_later_is_found(gate: Gate, overlay: Overlay) -> None:
    gate.deaf = True
    overlay.open("journal=1", live=False)
    eventually(lambda: len(gate.said("hello")) == 1)
    gate.deaf = False
    gate.close_all(4000)
    overlay.live()


def test_silence_is_detected_and_causes_a_reconnect(gate: Gate, overlay: Overlay) -> None:
    gate.heartbeat_ms = 200
    overlay.open("journal=1")
    gate.emit("kill", kill(1))
    overlay.drawn()
    gate.heartbeat_ms = 60_000
    eventually(lambda: gate.connections == 2)  # no heartbeat came
    overlay.live()


def test_a_malformed_message_causes_a_reconnect_and_loses_no_event(gate: Gate, overlay: Overlay) -> None:
    overlay.open("journal=1")
    gate.emit("kill", kill(1))
    overlay.drawn()
    gate.say({"t": "heartbeat"})
    eventually(lambda: gate.connections == 2)
    overlay.live()
    gate.emit("kill", kill(2))
    overlay.drawn()
    assert in_order(overlay, 1, 2)


def test_two_overlays_in_one_browser_render_all_events(gate: Gate, overlay: Overlay, browser: Any) -> None:
    overlay.open("journal=1&overlay_id=one")
    context = browser.new_context()
    other = Overlay(context.new_page(), gate).open("journal=1&overlay_id=two&format=json")
    for number in range(50):
        gate.emit("kill", kill(number))
    overlay.drawn()
    other.drawn()
    assert in_order(overlay, 1, 50)
    assert in_order(other, 1, 50)
    context.close()
