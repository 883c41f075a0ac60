"""The dashboard: content and commands, at every width, by keyboard, with hostile texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import eventually
from tests.web.conftest import graves
from tests.web.gate import TOKEN, Gate, now_ms
from tests.web.test_overlay_social import png

EVIL = "<img src=x onerror=hacked()>"
RTL = "\u202eevil \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"

OVERLAY: dict[str, Any] = {
    "overlay_id": "main-1", "state": "live", "position": 0, "lag": 0, "fps": 60, "latency_p50_ms": 9.2,
    "latency_p95_ms": 17.1, "build": "00000001", "connected_s": 65, "address": "127.0.0.1", "format": "msgpack",
}  # fmt: skip
STATUS: dict[str, Any] = {
    "scope": "control",
    "build": "00000001",
    "epoch": "e1",
    "top": 0,
    "ready": True,
    "reasons": [],
    "sources": [
        {"name": "twitch", "kind": "Twitch chat and events", "state": "live", "events_per_s": 2.5, "reconnects": 1}
        | {"message_age_s": 3, "detail": ""}
    ],
    "processes": [
        {"name": "gateway-1", "state": "running", "pid": 42, "uptime_s": 3725, "restarts": 2, "last_reason": EVIL}
        | {"cpu_pct": 1.25, "memory_bytes": 31_000_000, "busy_share": 0.0421, "queue": 12_345, "events_per_s": 99.6}
        | {"degraded": True, "silent": False},
        {"name": "ingest", "state": "running", "events_per_s": 4.0},
    ],
    "ledger": {
        "raw": {"numbered": 10, "mapped": 7, "empty": 1, "rejected": 1, "lost": 1},
        "events": {
            "critical": {"received": 7, "sent": 6, "dropped_total": 0, "pending": 1, "dropped": {}},
            "cosmetic": {"received": 9, "sent": 5, "dropped_total": 4, "pending": 0, "dropped": {"cosmetic_full": 4}},
        },
    },
    "clients": [OVERLAY],
    "tokens": [
        {"name": "guest", "scope": "display", "expires_ms": 1_000.0, "expired": True, "used_ms": None},
        {"name": EVIL, "scope": "view", "expires_ms": None, "expired": False, "used_ms": 2_000.0},
    ],
}


SETTING = {"expected": "", "options": [], "reason": EVIL, "restarts": [], "refused": ""}
FLUSH = SETTING | {"key": "queue.flush_hz", "kind": "number", "value": 60, "default": 60, "restarts": ["queue-manager"]}
CANARY = SETTING | {"key": "flags.canary", "kind": "list", "value": ["main"], "default": []}
URL = SETTING | {"key": "sources.x.url", "kind": "text", "value": "(hidden)", "default": None}
PORT = SETTING | {"key": "gateway.port", "kind": "number", "value": 7700, "default": 7700, "refused": "overlays use it"}


@pytest.fixture
def page(window: Any, gate: Gate) -> Iterator[Any]:
    gate.status = {
        "status": dict(STATUS),
        "address": {"display_token": "display-secret"},
        "quarantine": {
            "quarantine": [{"n": 1, "ts_ms": now_ms(), "kind": "event", "reason": EVIL, "excerpt": '{"a":1}'}]
        },
        "log": {"name": "x", "lines": [{"level": "ERROR", "text": EVIL}]},
        "settings": {"settings": [FLUSH, CANARY, URL, PORT]},
        "why": {"id": "x", "history": {"outcome": "dropped", "detail": EVIL}, "reasons": []},
    }
    opened = window.new_page()
    opened.set_viewport_size({"width": 1920, "height": 1080})
    opened.add_init_script("globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };")
    yield opened
    assert opened.evaluate("hacks") == 0
    opened.close()


def open_desk(page: Any, gate: Gate, token: str = TOKEN) -> None:
    """Open the page and wait until it and its preview receive events."""
    page.goto(f"{gate.url}/#k={token}")
    pages = 2 if page.viewport_size["width"] > 420 else 1  # a dock has no programme
    eventually(lambda: len([one for one in gate.sockets if one.live]) == pages, 10)
    eventually(lambda: page.locator("#overlays li").count() or page.locator("#overlays .none").count())
    eventually(lambda: page.text_content("#apart") == "", 10)  # the page has its welcome: it may send commands


def river(page: Any) -> list[str]:
    """Return the rows of the river, as text in one line each."""
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('#river > li > button')].map((row) => row.innerText.replace(/\\s+/g, ' '))"
    )
    return found


def unfold(page: Any) -> None:
    page.evaluate("document.querySelectorAll('.folds details, .score').forEach((one) => { one.open = true; })")


def commands(gate: Gate) -> list[tuple[str, dict[str, Any]]]:
    return [(one["name"], one["args"]) for one in gate.said("command")]


def player(name: str) -> dict[str, str]:
    return {"id": name[:60], "name": name[:64], "team": "CT"}


# Content


def test_events_are_listed_newest_first_as_text_with_their_delivery(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    gate.emit(
        "kill", {"attacker": player(EVIL), "victim": player(RTL), "weapon": "ak47"}, ts_ingest_ms=now_ms() - 9_000
    )
    # In the future: after 3 s an event that is not rendered is no longer on its way, and a loaded machine takes longer.
    later_ms = now_ms() + 600_000
    gate.emit("follow", {"user": "ottoline"}, source="test", ts_ingest_ms=later_ms)
    gate.emit("chat", {"user": EVIL, "text": "hello"}, source="twitch", ts_ingest_ms=later_ms + 1_000)
    eventually(lambda: len(river(page)) == 3 and all(river(page)))  # a row without layout has no text yet
    chat, follow, kill = river(page)
    assert chat.startswith(f"Chat {EVIL} hello sent")
    assert follow.startswith("New follower test ottoline")
    assert kill.startswith(f"Kill {EVIL} → ")
    assert page.locator("#river bdi").count() == 4  # a name keeps its own direction to itself
    gate.status["status"] = STATUS | {"top": 2, "clients": [OVERLAY | {"position": 1, "lag": 1}]}
    eventually(lambda: "rendered 1/1" in river(page)[2])
    assert "on its way" in river(page)[1]
    gate.status["status"] = STATUS | {"top": 2, "clients": [OVERLAY | {"position": 2}]}
    eventually(lambda: "rendered 1/1" in river(page)[1])


def test_the_dashboard_starts_with_the_events_of_the_log(gate: Gate, page: Any) -> None:
    gate.commit(*(gate.event("follow", {"user": f"user-{n}"}, ts_ingest_ms=1e12 + n) for n in range(3)))
    gate.status["status"] = STATUS | {"top": 3}
    open_desk(page, gate)
    eventually(
        lambda: (
            [word for row in river(page) for word in row.split() if "user-" in word] == ["user-2", "user-1", "user-0"]
        )
    )


def test_the_dashboard_does_not_count_as_an_overlay(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    assert {hello["role"] for hello in gate.said("hello")} == {"dashboard"}
    gate.emit("follow", {"user": "x"})
    eventually(lambda: river(page))
    preview = page.frame_locator("#preview")
    preview.locator("body").wait_for()
    eventually(lambda: page.frames[1].evaluate("globalThis.framewire?.status().drawn") == 1)
    assert gate.said("receipt") == []


def test_health_is_one_line_and_alerts_have_a_command_to_paste(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    eventually(
        lambda: page.inner_text("#health") == "All well: 1 overlay, 1 source, 95 % of events rendered within 17 ms."
    )
    advice = {"do": "find the cause in the logs:", "command": "framewire logs ingest"}
    critical = {"key": "process.degraded", "name": "ingest", "text": EVIL, "level": "critical", "for_s": 3} | advice
    warning = {"key": "memory.warn", "name": "gateway-1", "text": "300 MB", "level": "warn", "do": "see", "for_s": 65}
    gate.status["status"] = STATUS | {"alerts": [critical, warning]}
    eventually(lambda: page.locator(".alert").count() == 2)
    assert page.inner_text("#health") == f"Act now: ingest: {EVIL}."
    assert page.get_attribute("#health .lamp", "data-tone") == "bad"
    assert page.locator(".alert code").all_inner_texts() == ["framewire logs ingest"]
    assert "for 1 min 5 s" in page.locator(".alert").nth(1).inner_text()
    assert page.title() == "(2) Framewire"
    gate.status["status"] = STATUS | {"alerts": []}
    eventually(lambda: page.locator(".alert").count() == 0)


def test_a_demo_is_named_and_can_be_ended(gate: Gate, page: Any) -> None:
    demo = {"name": "demo", "kind": "demo", "state": "live"}
    gate.status["status"] = STATUS | {"sources": [demo]}
    open_desk(page, gate)
    eventually(lambda: page.inner_text("#demo").startswith("The overlays show a demo match"))
    page.click("text=End the demo")
    eventually(lambda: commands(gate) == [("settings", {"set": {"demo": False}, "apply": True})])
    gate.status["status"] = STATUS | {"sources": [demo], "scope": "view"}
    eventually(lambda: page.locator("#demo button").count() == 0)
    gate.status["status"] = STATUS
    eventually(lambda: page.locator("#demo").is_hidden())


def test_sources_have_a_lamp_a_state_and_advice(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    eventually(lambda: "2.5 events/s" in page.inner_text("#sources"))
    assert "last message 3 s ago" in page.inner_text("#sources")
    facts = {"duplicate": 2, "late": 1, "future": 0, "rejected": 4, "redelivers": False, "silence_s": 90, "loss": EVIL}
    gate.status["status"] = STATUS | {"sources": [STATUS["sources"][0] | facts]}
    eventually(lambda: "2 duplicate" in page.inner_text("#sources"))
    shown = page.inner_text("#sources")
    assert all(text in shown for text in ("1 late", "4 rejected", "1 reconnects", "Does not redeliver"))
    assert "ahead of time" not in shown
    page.click("#sources summary")
    lost = f"Lost if its process dies: {EVIL} Reported as silent after 1 min 30 s."
    eventually(lambda: lost in page.inner_text("#sources"))
    refused = {"name": "kick", "kind": "Kick", "state": "refused", "events_per_s": 0, "detail": EVIL, "reconnects": 0}
    gate.status["status"] = STATUS | {"sources": [refused | {"message_age_s": None}]}
    # Only the source knows what helps.
    eventually(lambda: page.locator("#sources .remedy").all_inner_texts() == [EVIL])
    assert "last message never" in page.inner_text("#sources")
    gate.status["status"] = {name: value for name, value in STATUS.items() if name != "sources"}
    eventually(lambda: "events over HTTP" in page.inner_text("#sources"))


def test_the_state_of_obs_is_beside_its_source(gate: Gate, page: Any) -> None:
    own = {"name": "studio", "kind": "obs", "state": "live", "events_per_s": 0, "detail": "", "reconnects": 0}
    gate.status["status"] = STATUS | {"sources": [own | {"message_age_s": 1}]}
    open_desk(page, gate)
    gate.emit("obs", {"name": "studio", "scene": EVIL, "streaming": True, "recording": True})
    eventually(lambda: "streaming" in page.inner_text("#sources"))
    assert "recording" in page.inner_text("#sources")
    assert f"scene {EVIL}" in page.inner_text("#sources").replace("\n", " ")
    gate.emit("obs", {"name": "other", "scene": "Other"})
    gate.emit("obs", {"name": "studio", "connected": False})
    eventually(lambda: "streaming" not in page.inner_text("#sources"))
    assert "Other" not in page.inner_text("#sources")


def test_details_are_shown_when_they_are_unfolded(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    assert page.inner_text("#processes") == ""
    unfold(page)
    eventually(lambda: page.locator("#processes tbody tr").count() == 2)
    text = page.locator("#processes tbody tr").first.locator("td").all_inner_texts()
    assert [cell.strip() for cell in text] == [
        "gateway-1",
        "degraded",
        "1 h 2 min",
        "1.3 %",
        "4.2 %",
        "31 MB",
        "12\u202f345",
        "100",
        "2",
        EVIL,
        "42",
        "Log",
    ]
    assert "cosmetic full: 4" in page.inner_text("#ledger")
    assert "10 = 7 understood + 1 without an event + 1 rejected + 1 lost" in page.inner_text("#ledger")
    expires, used = (page.locator("#tokens tbody tr").nth(at).inner_text() for at in range(2))
    assert "expired" in expires
    assert "never" in expires
    assert "1970" in used
    eventually(lambda: EVIL in page.inner_text("#rejected"))
    assert '{\n "a": 1\n}' in page.inner_text("#rejected")
    eventually(lambda: page.locator("#plots canvas").count() == 2)
    assert "events per second" in page.locator("#plots .uplot").nth(1).get_attribute("aria-label")
    page.fill("#event-id", "ingest/7.0")
    page.click("#look-up button")
    eventually(lambda: page.inner_text("#found") == f"Not shown: dropped by the rule {EVIL}")


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"scope": "control", "alerts": 7},
        {"scope": "control", "alerts": [7, {}], "sources": [{}], "clients": [{}]},
        {"processes": None, "ledger": None, "clients": "?", "reasons": 7, "top": "x", "epoch": 3, "sources": "y"},
        {"ledger": {"events": {"critical": None, "x": {"dropped": 3}}}, "processes": [{}, 3]},
    ],
)
def test_missing_and_malformed_answers_are_shown_as_dashes(gate: Gate, page: Any, status: dict[str, Any]) -> None:
    gate.status = {"status": status, "quarantine": {"quarantine": None}}
    page.goto(f"{gate.url}/#k={TOKEN}")
    unfold(page)
    eventually(lambda: "Loading" not in page.inner_text("#health"))
    eventually(lambda: page.inner_text("#about").startswith("Log "))
    assert "undefined" not in page.inner_text("body")
    assert "NaN" not in page.inner_text("body")


@pytest.mark.console("401 (Unauthorized)", "framewire: The token in this address is wrong")
def test_a_wrong_token_and_a_silent_gateway_are_reported(gate: Gate, page: Any) -> None:
    page.goto(f"{gate.url}/#k=wrong")
    eventually(lambda: "wrong, was replaced or was revoked" in page.inner_text("#health"))
    assert not page.is_visible("#copy")
    shown = page.inner_text("body").split("\n")
    assert [line for line in shown if line.strip() not in ("", "Framewire", "Health")] == [
        page.inner_text("#health").strip()
    ]
    page.evaluate("location.hash = ''")
    eventually(lambda: "no token" in (page.text_content("#health") or ""))


@pytest.mark.console("net::ERR_FAILED")
@pytest.mark.parametrize("width", [300, 768, 1920])
@pytest.mark.parametrize("known", [True, False])
def test_what_says_that_framewire_is_stopped_is_not_dimmed(gate: Gate, page: Any, width: int, known: bool) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    if known:
        open_desk(page, gate)
        page.route("**/api/status", lambda route: route.abort())
    else:
        page.route("**/api/status", lambda route: route.abort())
        page.goto(f"{gate.url}/#k={TOKEN}")
    health, stream = page.locator("#health"), page.locator(".stream")
    eventually(lambda: health.inner_text().strip() == "The gateway does not answer. Is Framewire running?")
    opacity = """(node) => { let all = 1;
      for (; node; node = node.parentElement) all *= Number(getComputedStyle(node).opacity);
      return all; }"""
    assert health.is_visible()
    assert health.evaluate(opacity) == 1
    assert (stream.is_visible(), stream.evaluate(opacity)) == (known, 0.5)


# Commands


def test_buttons_and_keys_send_the_same_commands_and_show_the_answer(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    page.click("#controls >> text=Skip")
    eventually(lambda: page.inner_text("#said") == "Skip: accepted.")
    for key in "spcrmhtxx":
        page.keyboard.press(key)
    eventually(lambda: len(commands(gate)) == 9)
    assert commands(gate) == [
        ("show", {"action": "skip"}),
        ("show", {"action": "skip"}),
        ("show", {"action": "pause"}),
        ("show", {"action": "clear"}),
        ("show", {"action": "replay"}),
        ("show", {"action": "mute"}),
        ("toggle", {"on": False, "name": "all"}),
        ("test", {"type": "random"}),
        ("test", {"type": "storm"}),
    ]
    page.keyboard.press("/")
    page.keyboard.type("sphm")  # keys in the search field send no commands
    assert page.input_value("#find") == "sphm"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    page.click("#tests >> text=Follow")
    eventually(lambda: commands(gate)[9:] == [("test", {"type": "follow"})])
    gate.command_error = "one storm every 5 s"
    page.keyboard.press("x")
    page.keyboard.press("x")
    eventually(lambda: page.inner_text("#said") == "Storm of 200: one storm every 5 s")


@pytest.fixture
def timed_desk(gate: Gate, browser: Any) -> Iterator[Any]:
    """A dashboard whose clock can be advanced; a clock belongs to a window."""
    gate.status = {"status": dict(STATUS), "address": {"display_token": "display-secret"}}
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.clock.install()
    open_desk(page, gate)
    yield page
    context.close()


def test_a_storm_needs_a_second_press_by_key_and_by_button(gate: Gate, timed_desk: Any) -> None:
    page = timed_desk
    storm = page.locator("[data-test=storm]")
    for press in (lambda: page.keyboard.press("x"), storm.click):
        press()
        eventually(lambda: storm.inner_text().startswith("Again to send 200 events on air"))
        assert page.inner_text("#said") == "Again to send 200 events on air."
        page.clock.fast_forward(3_100)
        eventually(lambda: storm.inner_text().startswith("Storm of 200"))
    assert commands(gate) == []
    page.keyboard.press("x")
    storm.click()
    eventually(lambda: commands(gate) == [("test", {"type": "storm"})])
    eventually(lambda: storm.inner_text().startswith("Storm of 200"))


def test_end_test_brings_back_the_score_and_end_scene_the_layout(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    assert page.locator('[data-test="scene"]').count() == 0
    line = page.locator("#score-line")
    gate.emit("score", {"scores": {"a": 1, "b": 0}}, source="cs2", coalesce_key="score")
    eventually(lambda: "1" in line.inner_text())
    before = line.inner_text()
    gate.emit("score", {"scores": {"x": 9, "y": 10}}, source="test", coalesce_key="score")
    eventually(lambda: "10" in line.inner_text())
    gate.emit("scene", {"name": "break"}, source="dashboard")
    eventually(lambda: page.inner_text('[data-control="scene"]') == "End scene break")
    page.click("#tests >> text=End test")
    eventually(lambda: commands(gate) == [("show", {"action": "end_test"})])
    gate.emit("show", {"action": "end_test"}, source="dashboard")
    eventually(lambda: line.inner_text() == before)
    page.click('[data-control="scene"]')
    eventually(lambda: len(commands(gate)) == 2)
    assert commands(gate)[1][1]["payload"] == {"name": ""}
    gate.command_answer = {"type": "login"}
    page.keyboard.press("t")
    unseen = "No widget shows this type; it is in the list of events."
    eventually(lambda: page.inner_text("#said") == f"Random test: Login accepted. {unseen}")


def test_switches_follow_the_events_on_every_dashboard(gate: Gate, page: Any, window: Any) -> None:
    gate.commit(gate.event("toggle", {"name": "muted", "on": True}, coalesce_key="toggle:muted"))
    open_desk(page, gate)
    eventually(lambda: page.get_attribute('[data-control="m"]', "aria-pressed") == "true")
    page.click('[data-control="p"]')  # the page that pressed it waits for the event, too
    eventually(lambda: page.inner_text("#said") == "Pause: accepted.")
    assert page.get_attribute('[data-control="p"]', "aria-pressed") == "false"
    gate.emit("show", {"action": "pause", "widget": ""})
    gate.emit("toggle", {"name": "all", "on": False}, coalesce_key="toggle:all")
    eventually(lambda: page.inner_text('[data-control="p"] span') == "Resume")
    eventually(lambda: page.inner_text('[data-control="h"] span') == "Show all")
    assert "Switched: everything is hidden; alerts are paused; sound is muted" in page.inner_text("#health")
    other = window.new_page()
    other.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: other.get_attribute('[data-control="h"]', "aria-pressed") == "true", 10)
    other.close()


def test_a_row_shows_its_history_and_can_be_sent_again(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    gate.emit("follow", {"user": "ottoline"})
    eventually(lambda: river(page))
    accepted = now_ms()
    gate.status["why"] = {
        "history": {"outcome": "logged", "position": 1, "ts_ingest_ms": accepted, "ts_normalized_ms": accepted + 1.5}
        | {"ts_queued_ms": accepted + 2.25, "rendered_by": [{"overlay_id": "main-1", "by_ts_ms": accepted + 40}]}
    }
    page.click("#river button")
    eventually(lambda: page.locator("#river .steps li").count() == 4)
    steps = page.locator("#river .steps li span").all_inner_texts()
    assert steps == ["Accepted", "Understood", "Logged as number 1", "Rendered by main-1"]
    assert page.locator("#river .steps li time").nth(2).inner_text() == "+2.3 ms"
    page.click("text=Show again")
    eventually(
        lambda: commands(gate) == [("emit", {"type": "follow", "payload": {"user": "ottoline"}, "source": "again"})]
    )
    page.click("#river li > button.row")
    eventually(lambda: page.locator("#river .history").count() == 0)


def test_an_open_history_is_completed_when_the_receipt_reaches_the_log(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    gate.emit("follow", {"user": "ottoline"})
    eventually(lambda: river(page))
    client = STATUS["clients"][0]
    gate.status["status"] = dict(STATUS, clients=[client | {"overlay_id": "main", "start_position": 0, "position": 1}])
    eventually(lambda: "rendered 1/1" in page.inner_text("#river button"), 10)
    history = {"outcome": "logged", "position": 1, "ts_ingest_ms": now_ms(), "rendered_by": []}
    gate.status["why"] = {"history": history}
    page.click("#river button")
    eventually(lambda: "Not rendered yet by main" in page.inner_text("#river .steps"))
    gate.status["why"] = {"history": history | {"rendered_by": [{"overlay_id": "main", "by_ts_ms": now_ms()}]}}
    eventually(lambda: "Rendered by main" in page.inner_text("#river .steps"))


def test_an_event_that_is_too_large_to_send_again_is_reported(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    gate.emit("custom", {"name": "big", "data": {"x": "y" * 5_000}})
    eventually(lambda: river(page))
    page.click("#river button")
    page.click("text=Show again")
    eventually(lambda: "too large" in page.inner_text("#said"))
    assert commands(gate) == []


def test_the_copied_address_comes_with_the_settings_of_the_source(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    page.click("#copy")
    eventually(lambda: "1920 × 1080" in page.inner_text("#said"))
    assert "Shutdown source when not visible" in page.inner_text("#said")


def test_the_list_of_events_can_be_held_filtered_and_searched(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    gate.emit("follow", {"user": "ottoline"})
    gate.emit("hit", {"attacker": player("a"), "victim": player("b"), "damage": 27})
    gate.emit("kill", {"attacker": player("a"), "victim": player("b")})
    eventually(lambda: len(river(page)) == 2)
    page.select_option("#type", "all")
    eventually(lambda: len(river(page)) == 3)
    page.select_option("#type", "follow")
    eventually(lambda: [row.split(" ottoline")[0] for row in river(page)] == ["New follower"])
    page.select_option("#type", "")
    page.fill("#find", "OTTO")
    eventually(lambda: len(river(page)) == 1)
    page.fill("#find", "nothing")
    eventually(lambda: "No event fits" in page.inner_text("#river"))
    page.fill("#find", "")
    eventually(lambda: len(river(page)) == 2)
    page.click("#hold")
    gate.emit("follow", {"user": "late"})
    eventually(lambda: "Continue, 1 new" in page.inner_text("#hold"))
    assert len(river(page)) == 2
    page.click("#hold")
    eventually(lambda: len(river(page)) == 3)


def test_overlays_are_identified_and_reloaded_one_by_one(gate: Gate, page: Any) -> None:
    gate.status["status"] = STATUS | {"clients": [OVERLAY, OVERLAY | {"overlay_id": "side", "build": "00000000"}]}
    open_desk(page, gate)
    eventually(lambda: "old page" in page.inner_text("#overlays"))
    page.click('[aria-label="Identify main-1"]')
    page.click('[aria-label="HUD side"]')
    page.click('[aria-label="Reload side"]')
    expected = [(name, {"overlay_id": "side"}) for name in ("hud", "reload")]
    eventually(lambda: commands(gate) == [("identify", {"overlay_id": "main-1"}), *expected])


def test_the_address_is_hidden_until_it_is_requested(gate: Gate, page: Any) -> None:
    gate.status["status"] = STATUS | {"clients": []}
    open_desk(page, gate)
    assert "display-secret" not in page.content()
    page.click("#reveal")
    eventually(lambda: page.inner_text("#address") == f"{gate.url}/overlay/?overlay_id=obs#k=display-secret")
    page.click("#reveal")
    eventually(lambda: "display-secret" not in page.content())
    gate.status["status"] = STATUS | {"clients": [OVERLAY | {"overlay_id": name} for name in ("obs", "obs-2")]}
    eventually(lambda: "obs-2" in page.inner_text("#overlays"))
    page.click("#reveal")
    eventually(lambda: page.inner_text("#address") == f"{gate.url}/overlay/?overlay_id=obs-3#k=display-secret")
    page.click("#reveal")
    eventually(lambda: "display-secret" not in page.content())


def test_a_view_token_shows_no_buttons_and_sends_no_commands(gate: Gate, page: Any) -> None:
    gate.status["status"] = STATUS | {"scope": "view"}
    open_desk(page, gate)
    gate.emit("follow", {"user": "x"})
    eventually(lambda: river(page))
    for selector in ("#controls", "#tests", ".score", "#copy", "#reveal", "#studio", "[aria-label='Reload main-1']"):
        assert not page.is_visible(selector), selector
    page.click("#river button")
    eventually(lambda: page.locator("#river .history").count() == 1)
    assert page.locator("text=Show again").count() == 0
    for key in "spcrmhtx":
        page.keyboard.press(key)
    page.click("#hold")
    assert commands(gate) == []


# How it holds


def test_huge_and_hostile_texts_stay_text_in_the_page(gate: Gate, page: Any) -> None:
    reason = f"{EVIL} " + "x" * 60_000
    held = [{"n": n, "ts_ms": now_ms(), "kind": "event", "reason": reason, "excerpt": "w" * 2_000} for n in range(500)]
    huge = {"key": "k", "name": RTL, "text": reason, "level": "warn", "do": reason, "for_s": 1}
    source = {"name": RTL, "kind": EVIL, "state": "refused", "detail": reason}
    gate.status["quarantine"] = {"quarantine": held}
    gate.status["status"] = STATUS | {"alerts": [huge], "sources": [source], "reasons": [reason]}
    open_desk(page, gate)
    for n in range(300):
        gate.send(*(gate.event("chat", {"user": RTL, "text": f"{EVIL} {n}.{k} " + "\u0645" * 300}) for k in range(4)))
    unfold(page)
    eventually(lambda: page.locator("#rejected tbody tr").count() == 500, 20)
    eventually(lambda: page.locator("#river > li").count() == 500, 20)
    for width in (300, 768, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    gate.emit("follow", {"user": "after all that"})
    eventually(lambda: "after all that" in river(page)[0], 10)


def overflowing(page: Any) -> list[str]:
    """Return the cards that something sticks out of."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('.card')].filter((card) => card.offsetWidth > 0).flatMap((card) => {
          const edge = card.getBoundingClientRect().right + 1;
          return [...card.querySelectorAll('td, th, button, code, p, span, summary, input, select')]
            .filter((node) => node.offsetWidth > 1 && !node.closest('.unseen, .who, .scroll, .uplot, .clip pre'))
            .filter((node) => node.getBoundingClientRect().right > edge)
            .map((node) => `${card.className}: ${node.tagName} ${node.textContent.slice(0, 40)}`);
        })"""
    )
    return found


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_a_row_of_the_list_has_room_for_its_names(gate: Gate, page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    open_desk(page, gate)
    gate.emit("kill", {"attacker": player("Copper Fox"), "victim": player("Night Harbor"), "weapon": "ak47"})
    eventually(lambda: river(page))
    assert page.eval_on_selector("#river .who", "(who) => who.scrollWidth <= who.clientWidth")


@pytest.mark.parametrize("width", [300, 420, 640, 768, 1024, 1280, 1920])
def test_the_dashboard_fits_every_width(gate: Gate, page: Any, width: int) -> None:
    long = {
        "key": "k",
        "name": "gateway-1",
        "text": "x" * 400,
        "level": "warn",
        "do": "./supervisor.py top",
        "for_s": 1,
    }
    gate.status["status"] = STATUS | {"alerts": [long]}
    page.set_viewport_size({"width": width, "height": 900})
    open_desk(page, gate)
    gate.emit("kill", {"attacker": player("W" * 64), "victim": player("M" * 64), "weapon": "ak47"})
    teams = {name * 64: 999_999_999 for name in "WMXY"}
    logo = gate.run_dir / "overlays" / "media" / ("x" * 44 + ".png")
    logo.parent.mkdir(parents=True)
    logo.write_bytes(png())
    facts = {"logos": {"W" * 64: logo.name}, "best_of": 5, "map_name": "W" * 64}
    gate.emit("score", {"scores": teams, **facts}, source="W" * 64)
    unfold(page)
    eventually(lambda: river(page))
    eventually(lambda: page.locator("#score .team").count() == 4)
    eventually(lambda: page.locator(".alert").count())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert overflowing(page) == []
    for selector in ("#health", "#controls", "#river"):
        assert page.is_visible(selector), selector
    room = """([id, text]) => {
      const [box, paper] = [document.getElementById(id), document.createElement("canvas").getContext("2d")];
      paper.font = getComputedStyle(box).font;
      return box.offsetWidth - paper.measureText(text).width;
    }"""
    assert page.evaluate(room, ["type", "Main events"]) > 30, "the whole choice, its padding and its arrow"
    assert page.evaluate(room, ["find", "Search"]) > 32, "also the button that clears it"
    assert page.is_visible("#preview") == (width > 420)
    if width <= 420:
        page.locator("#unfold").press("Enter")
        eventually(lambda: len([one for one in gate.sockets if one.live]) == 2, 10)
        assert page.locator("#screen").bounding_box()["width"] > 0.85 * width
        page.locator("#unfold").press("Enter")
        assert not page.is_visible("#preview")


FIRST = ("#health", "#tests", "#controls", "#river", ".score", "#sources", "header")
FOLLOWS = """(all) => all.map((one) => document.querySelector(one)).every((node, at, nodes) =>
  at === 0 || nodes[at - 1].compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING)"""


def test_the_keyboard_follows_the_order_of_a_dock(gate: Gate, page: Any) -> None:
    page.set_viewport_size({"width": 300, "height": 600})
    open_desk(page, gate)
    assert page.evaluate(FOLLOWS, list(FIRST))
    reached: list[str] = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText.split('\\n')[0].trim()"))
    assert [text.split(" ")[0] for text in reached] == ["Random", "Storm", "End", "Test", "Skip", "Pause"]
    raid = page.locator("[data-test=raid]")
    assert not raid.is_visible()
    page.locator(".more").press("Enter")
    raid.click()
    eventually(lambda: commands(gate) == [("test", {"type": "raid"})])
    frame = page.locator("#preview").element_handle()
    page.set_viewport_size({"width": 1280, "height": 900})
    wide = ["header", ".programme", "#controls", ".score", "#tests", "#river", "#health", "#sources"]
    eventually(lambda: page.evaluate(FOLLOWS, wide))
    assert frame.evaluate("(frame) => frame.isConnected")
    assert page.locator(".more").is_hidden()
    assert raid.is_visible()


BELOW = """(all) => all.map((one) => document.querySelector(one).getBoundingClientRect().top)
  .every((top, at, tops) => at === 0 || tops[at - 1] < top)"""


def test_the_keyboard_follows_the_order_of_a_tablet(gate: Gate, page: Any) -> None:
    column = ["header", "#health", "#controls", ".score", ".programme", "#tests", "#sources", "#overlays"]
    two = [*column, "#river"]
    one = ["header", "#health", "#controls", ".score", "#river", ".programme", "#tests", "#sources", "#overlays"]
    page.set_viewport_size({"width": 768, "height": 900})
    open_desk(page, gate)
    frame = page.locator("#preview").element_handle()
    for width, expected, seen in ((768, two, column), (500, one, one), (300, FIRST, FIRST), (1279, two, column)):
        page.set_viewport_size({"width": width, "height": 900})
        eventually(lambda expected=expected: page.evaluate(FOLLOWS, list(expected)))  # type: ignore[misc]
        assert page.evaluate(BELOW, list(seen)), width
    left, right = (page.locator(one).bounding_box()["x"] for one in ("#tests", "#river"))
    assert left < right
    assert frame.evaluate("(frame) => frame.isConnected")


def test_health_and_buttons_are_first_in_a_dock(gate: Gate, page: Any) -> None:
    page.set_viewport_size({"width": 300, "height": 600})
    open_desk(page, gate)

    def tops() -> list[float]:
        return [page.locator(one).bounding_box()["y"] for one in FIRST]

    assert tops() == sorted(tops())
    assert tops()[3] < 400
    waits = {"kind": "twitch", "state": "refused", "detail": "There is no login.", "login": {"state": ""}}
    refusal = {"key": "source.refused", "text": "no secret", "level": "critical", "do": "see", "for_s": 1}
    gate.status["status"] = STATUS | {
        "sources": [waits | {"name": f"t{number}"} for number in range(16)],
        "alerts": [refusal | {"name": f"s{number}"} for number in range(16)],
    }
    eventually(lambda: page.inner_text("#alerts summary") == "13 more alerts")
    assert page.locator(".alert:visible").count() == 3
    assert tops() == sorted(tops())
    assert tops()[2] < 600, "the buttons are on the first screen"
    gate.status["status"] = gate.status["status"] | {"alerts": []}
    page.click("#health button")
    eventually(lambda: page.evaluate("document.activeElement.getAttribute('aria-label')") == "Log in: t0")
    top = page.locator("[data-name=t0]").bounding_box()["y"]
    assert 0 <= top < 600


def test_the_programme_follows_the_first_overlay_until_one_is_chosen(gate: Gate, page: Any) -> None:
    def previewed() -> str:
        return str(page.get_attribute("#preview", "src")).partition("overlay_id=")[2].partition("&")[0]

    def connected(*names: str) -> None:
        gate.status["status"] = STATUS | {"clients": [OVERLAY | {"overlay_id": name} for name in names]}

    connected()
    open_desk(page, gate)
    eventually(lambda: previewed() == "preview")
    connected("obs", "b")
    eventually(lambda: (previewed(), page.input_value("#as")) == ("obs", "obs"))
    connected("a", "obs")
    eventually(lambda: page.locator("#as option").count() == 3)
    assert (previewed(), page.input_value("#as")) == ("obs", "obs")
    connected("a")
    eventually(lambda: (previewed(), page.input_value("#as")) == ("a", "a"))
    connected()
    eventually(lambda: page.inner_text("#health").startswith("No overlay"))
    assert (previewed(), page.input_value("#as")) == ("a", "a")
    connected("a", "b")
    eventually(lambda: page.locator("#as option").count() == 3)
    page.select_option("#as", "preview")
    eventually(lambda: previewed() == "preview")
    connected("b")
    eventually(lambda: page.locator("#as option").count() == 3)  # what was followed is still offered
    assert (previewed(), page.input_value("#as")) == ("preview", "preview")
    page.select_option("#as", "b")
    connected()
    eventually(lambda: page.inner_text("#health").startswith("No overlay"))
    assert (previewed(), page.input_value("#as")) == ("b", "b")


def test_skip_and_hide_all_are_seen_in_a_dock_without_scrolling(gate: Gate, page: Any) -> None:
    page.set_viewport_size({"width": 300, "height": 900})
    long = {
        "key": "store.slow",
        "text": "a commit of this store has been running " * 5,
        "level": "critical",
        "for_s": 1,
    }
    advice = {
        "do": "critical events wait for the disk; see:",
        "command": "./supervisor.py doctor --config /home/ada/x.toml",
    }
    gate.status["status"] = STATUS | {
        "sources": [*STATUS["sources"], {"name": "demo", "kind": "demo", "state": "live", "events_per_s": 2.5}],
        "alerts": [long | advice | {"name": f"queue-manager-{number}"} for number in range(16)],
    }
    open_desk(page, gate)
    gate.emit("toggle", {"name": "all", "on": False}, source="dashboard")
    gate.emit("show", {"action": "pause"}, source="dashboard")
    gate.emit("show", {"action": "mute"}, source="dashboard")
    gate.emit("scene", {"name": "a-long-name-of-a-scene"}, source="dashboard")
    eventually(lambda: "Switched" in page.inner_text("#health"))
    for key in "sh":
        box = page.locator(f'[data-control="{key}"]').bounding_box()
        assert box["y"] + box["height"] <= 900, (key, box)


def test_the_programme_is_over_its_background(gate: Gate, page: Any) -> None:
    """An iframe whose colour scheme differs from its page's would be opaque white."""
    open_desk(page, gate)
    page.select_option("#background", "dark")
    page.frame_locator("#preview").locator("body").wait_for()
    png = page.locator("#screen").screenshot()
    colours = page.evaluate(
        """async (bytes) => {
          const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(picture.width, picture.height);
          const context = canvas.getContext('2d');
          context.drawImage(picture, 0, 0);
          return [...context.getImageData(picture.width / 2, picture.height / 4, 1, 1).data];
        }""",
        list(png),
    )
    assert colours == [0, 0, 0, 255]


def test_axe_finds_no_serious_fault(gate: Gate, page: Any) -> None:
    warning = {"key": "memory.warn", "name": "gateway-1", "text": "300 MB", "level": "warn", "do": "see", "for_s": 65}
    gate.status["status"] = STATUS | {"alerts": [warning, warning | {"level": "critical"}]}
    open_desk(page, gate)
    gate.emit("kill", {"attacker": player("a"), "victim": player("b")}, source="test")
    gate.emit("show", {"action": "pause", "widget": ""})
    eventually(lambda: len(river(page)) == 2)
    page.click("#river button")
    unfold(page)
    eventually(lambda: page.locator("#plots canvas").count() == 2)
    page.click("#reveal")
    page.click("[aria-label='Log of gateway-1']")
    page.evaluate("document.querySelectorAll('.section').forEach((one) => { one.open = true; })")
    eventually(lambda: page.locator(".log pre span").count() and page.locator(".setting").count() == 4)
    assert graves(page) == {}


def test_the_dashboard_works_with_only_the_keyboard(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    gate.emit("follow", {"user": "x"})
    eventually(lambda: river(page))
    reached: list[str] = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
    assert any(text.startswith("Skip") for text in reached)
    assert any(text.startswith("Hide all") for text in reached)
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.matches('#river .row')")
    page.keyboard.press("Enter")
    eventually(lambda: page.locator("#river .history").count() == 1)
    assert page.evaluate("document.activeElement.matches('#river .row[aria-expanded=true]')")
    gate.emit("follow", {"user": "y"})
    eventually(lambda: len(river(page)) == 2)
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"  # focus stays on its row


# Score


FOXES = {
    "scores": {"CT": 9, "T": 10},
    "names": {"CT": "Foxes", "T": EVIL},
    "sides": {"CT": "ct", "T": "t"},
    "logos": {"CT": "old.png"},
    "maps_won": {"CT": 1},
    "map_name": "Nuke",
    "best_of": 3,
}


def score_fields(page: Any) -> list[str]:
    fields = "document.querySelectorAll('#score :is(input, select)')"
    found: list[str] = page.evaluate(f"[...{fields}].map((one) => one.value)")
    return found


def reports(gate: Gate) -> list[dict[str, Any]]:
    sent = commands(gate)
    assert all(name == "emit" and args["type"] == "score" and args["source"] == "dashboard" for name, args in sent)
    return [args["payload"] for _, args in sent]


def test_the_score_is_that_of_any_source_and_a_change_sends_all_of_it(gate: Gate, page: Any) -> None:
    gate.status["media"] = {"pictures": ["foxes.png", "harbor.png"]}
    (gate.run_dir / "overlays" / "media").mkdir(parents=True)
    (gate.run_dir / "overlays" / "media" / "old.png").write_bytes(png())
    gate.commit(gate.event("score", FOXES, coalesce_key="score", source="gsi"))
    open_desk(page, gate)
    eventually(lambda: page.inner_text("#score-line") == f"Foxes 9 : 10 {EVIL}")
    page.click(".score > summary")
    eventually(lambda: "from gsi. Its next score replaces" in page.inner_text("#score"))
    eventually(lambda: page.locator("#score option[value='harbor.png']").count() == 2)
    eventually(
        lambda: score_fields(page) == ["Foxes", "9", "ct", "1", "old.png", EVIL, "10", "t", "0", "", "3", "Nuke", ""]
    )
    page.click("[aria-label='+1 for Foxes']")
    eventually(lambda: reports(gate) == [FOXES | {"scores": {"CT": 10, "T": 10}}])
    gate.emit("score", {"scores": {"CT": 12, "T": 10}}, coalesce_key="score", source="gsi")
    eventually(lambda: page.inner_text("#score-line") == "CT 12 : 10 T")  # the next score of the source
    gate.emit("score", {"scores": {}}, coalesce_key="score", source="clear")
    eventually(lambda: page.inner_text("#score-line") == "not shown")


def test_quick_presses_are_all_counted_and_wrong_values_are_refused(gate: Gate, page: Any) -> None:
    gate.commit(gate.event("score", {"scores": {"A": 0, "B": 7}}, coalesce_key="score", source="dashboard"))
    open_desk(page, gate)
    page.click(".score > summary")
    eventually(lambda: score_fields(page)[:2] == ["", "0"])
    page.evaluate("for (let n = 0; n < 3; n += 1) document.querySelector('[aria-label=\"+1 for A\"]').click()")
    for points in (1, 2, 3):  # each waits for the score before it
        expected = {"scores": {"A": points, "B": 7}}
        eventually(lambda expected=expected: reports(gate)[-1:] == [expected])  # type: ignore[misc]
        gate.emit("score", expected, coalesce_key="score", source="dashboard")
    eventually(lambda: page.inner_text("#score-line") == "A 3 : 7 B")
    assert len(reports(gate)) == 3
    refused = page.locator(".team:has([aria-label='Points of A']) .refused")
    for wrong in ("x", "1.5", "", "9999999999"):
        page.fill("[aria-label='Points of A']", wrong)
        page.keyboard.press("Enter")
        eventually(
            lambda: refused.all_inner_texts() == ["Not changed: enter a whole number from -999999 to 999999999."]
        )
        eventually(lambda: page.input_value("[aria-label='Points of A']") == "3")
        assert page.locator(".refused").count() == 1
    page.fill("[aria-label='Points of A']", "55")
    page.keyboard.press("Escape")
    eventually(lambda: page.input_value("[aria-label='Points of A']") == "3")
    page.fill("#score label:has-text('Time') input", "soon")
    page.keyboard.press("Enter")
    words = "Not changed: enter minutes and seconds, such as 5:00, up to 24 hours."
    eventually(lambda: page.locator(".refused").all_inner_texts() == [words])
    gate.command_error = "more than 10 commands per second"
    page.click("[aria-label='−1 for A']")
    eventually(lambda: page.locator(".refused").count() == 0)
    eventually(lambda: page.inner_text("#said") == "Score: more than 10 commands per second")
    assert page.inner_text("#score-line") == "A 3 : 7 B"
    assert len(reports(gate)) == 4


def test_the_score_says_where_the_logos_are_and_lists_them(gate: Gate, page: Any) -> None:
    gate.status["media"] = {"folder": f"~/{EVIL}/overlays/media", "pictures": []}
    open_desk(page, gate)
    page.click(".score > summary")
    hint = page.locator("#score .hint")
    eventually(lambda: hint.count() == 1)
    assert f"Logos are the pictures in ~/{EVIL}/overlays/media on the machine of Framewire." in hint.inner_text()
    logo = page.locator("#score label:has-text('Logo') select >> nth=0")
    assert logo.locator("option").all_inner_texts() == ["no pictures"]
    gate.status["media"] = {"folder": "~/run", "pictures": ["foxes.png", EVIL]}
    eventually(lambda: logo.locator("option").all_inner_texts() == ["none", "foxes.png", EVIL], 10)


def test_a_match_is_prepared_shown_and_cleared_with_the_keyboard(gate: Gate, page: Any) -> None:
    page.set_viewport_size({"width": 300, "height": 600})
    open_desk(page, gate)
    page.locator(".score > summary").press("Enter")
    eventually(lambda: score_fields(page)[:2] == ["", "0"])
    page.keyboard.press("Tab")
    page.keyboard.type("Foxes")
    page.keyboard.press("Tab")  # the field is left
    page.keyboard.press("Tab")
    page.keyboard.type("4")  # it replaces what is selected
    page.keyboard.press("Enter")
    eventually(lambda: score_fields(page)[:2] == ["Foxes", "4"])
    page.locator("#score label:has-text('Time') input").press_sequentially("1:30")
    page.keyboard.press("Tab")
    eventually(lambda: page.locator("#score label:has-text('Time') input").input_value() == "1:30")
    assert commands(gate) == []
    page.locator("#score .main").press("Enter")
    timer = {"remaining_ms": 90_000, "total_ms": 90_000}
    shown = {"scores": {"Blue": 4, "Red": 0}, "names": {"Blue": "Foxes"}, "timer": timer}
    eventually(lambda: reports(gate) == [shown])
    gate.emit("score", shown, coalesce_key="score", source="dashboard")
    eventually(lambda: page.inner_text("#score-line") == "Foxes 4 : 0 Red")
    eventually(lambda: page.evaluate("document.activeElement.ariaLabel") == "Clear the score")  # the focus stays
    page.locator("#score >> text=Start").press("Enter")
    eventually(lambda: len(reports(gate)) == 2)
    started = reports(gate)[1]["timer"]
    assert abs(started["ts_ends_ms"] - now_ms() - 90_000) < 30_000
    assert started["total_ms"] == 90_000
    gate.emit("score", reports(gate)[1], coalesce_key="score", source="dashboard")
    eventually(lambda: page.locator("#score >> text=Pause").count() == 1)
    page.locator("#score >> text=Swap sides").press("Enter")
    eventually(lambda: len(reports(gate)) == 3)
    swapped = {"scores": {"Blue": 0, "Red": 4}, "names": {"Red": "Foxes"}, "timer": started}
    assert reports(gate)[2] == swapped
    gate.emit("score", swapped, coalesce_key="score", source="dashboard")
    eventually(lambda: page.inner_text("#score-line") == "Blue 0 : 4 Foxes")
    page.locator("#score >> text=Clear").press("Enter")
    eventually(lambda: reports(gate)[3:] == [{"scores": {}}])
    gate.emit("score", {"scores": {}}, coalesce_key="score", source="dashboard")
    eventually(lambda: page.inner_text("#score-line") == "not shown")
    assert score_fields(page)[0] == ""
    assert "Foxes" in score_fields(page)  # what was cleared can be shown again


# Applications


def test_an_application_has_state_buttons_and_answers(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    panel = page.locator("#applications")
    assert "No application is connected." in panel.inner_text()

    def tell(**state: Any) -> None:
        gate.emit("application", {"application": "assistant"} | state, coalesce_key="application:assistant")

    tell(status="wake_word", title=EVIL, detail=EVIL, commands=["toggle_monitoring", "stop_tts"], monitoring=True)
    eventually(lambda: panel.locator("button").count() == 2)
    assert panel.locator(".lamp").inner_text() == "wake word"
    assert EVIL in panel.inner_text()
    gate.command_answer = {"text": EVIL, "answered": True}
    panel.get_by_role("button", name="stop_tts of assistant").click()
    eventually(lambda: panel.locator(".answer").inner_text() == f"stop tts: {EVIL}")
    assert commands(gate)[-1] == ("application", {"application": "assistant", "command": "stop_tts"})
    gate.command_error = "assistant did not answer stop_tts within 5000 ms"
    panel.get_by_role("button", name="stop_tts of assistant").click()
    eventually(lambda: "within 5000 ms" in panel.locator(".answer").inner_text())
    tell(status="gone", connected=False)
    eventually(lambda: panel.locator(".lamp").inner_text() == "not connected")
    assert panel.locator("button").count() == 0


def test_a_view_token_gets_no_buttons_of_applications(gate: Gate, page: Any) -> None:
    gate.status["status"] = dict(STATUS, scope="view")
    open_desk(page, gate)
    gate.emit("application", {"application": "assistant", "status": "ready", "commands": ["stop_tts"]})
    eventually(lambda: "ready" in page.inner_text("#applications"))
    assert page.locator("#applications button").count() == 0


def test_an_overlay_shows_its_warnings_and_gives_its_measurements(gate: Gate, page: Any) -> None:
    gate.status["status"] = STATUS | {"clients": [OVERLAY | {"number": 3, "warnings": ["fps", "memory"]}
                                                   | {"quality": 2, "slowest": EVIL}]}  # fmt: skip
    open_desk(page, gate)
    eventually(lambda: "frame rate dropped" in page.inner_text("#overlays"))
    assert f"quality 2: {EVIL} is slow" in page.inner_text("#overlays")
    assert "memory grew suddenly" in page.inner_text("#overlays")
    with page.expect_download() as saved:
        page.click("#overlays >> text=CSV")
    assert saved.value.suggested_filename == "main-1.csv"
    assert saved.value.path().read_text().startswith("ts_ms,condition,lag,behind_s,fps")


def test_a_setting_is_previewed_before_it_is_applied(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    page.click("text=Settings >> visible=true")
    change = {"key": "queue.flush_hz", "before": 60, "after": 50}
    gate.command_answer = {"changes": [change], "restarted": ["queue-manager"], "started": [], "stopped": []}
    page.click(".section summary >> text=queue")
    page.fill("[id='set-queue.flush_hz']", "fast")
    eventually(lambda: 'queue.flush_hz: "fast" is not a number' in page.inner_text(".pending"), 20)
    assert page.locator(".pending button >> text=Apply").is_disabled()
    page.fill("[id='set-queue.flush_hz']", "50")
    eventually(lambda: "Restarts queue-manager." in page.inner_text(".pending"), 20)
    assert "queue.flush_hz 60 → 50" in page.inner_text(".pending")
    gate.applied = {"settings": [FLUSH | {"value": 50}, CANARY, URL, PORT]}
    page.click(".pending >> text=Apply")
    eventually(lambda: "Applied. Restarted queue-manager." in page.inner_text(".pending"), 20)
    assert page.inner_text(".pending pre").split("\n") == ["[queue]", "flush_hz = 50"]
    wanted = {"set": {"queue.flush_hz": 50}}
    assert commands(gate) == [("settings", wanted), ("settings", wanted | {"apply": True})]
    page.fill("#find-setting", "canary")
    page.fill("[id='set-flags.canary']", "main\n backup \n")
    eventually(lambda: commands(gate)[-1] == ("settings", {"set": {"flags.canary": ["main", "backup"]}}), 20)
    gate.command_error = "nothing was changed: " + EVIL
    page.fill("[id='set-flags.canary']", "main\nbackup\nthird")
    eventually(lambda: EVIL in page.inner_text(".pending [role=alert]"), 20)
    page.click(".pending >> text=Discard")
    eventually(lambda: page.input_value("[id='set-flags.canary']") == "main", 20)
    page.fill("#find-setting", "port")
    eventually(lambda: page.locator("[id='set-gateway.port']").is_disabled(), 20)
    page.fill("#find-setting", "url")
    eventually(lambda: page.locator("[id='set-sources.x.url']").is_visible(), 20)
    assert page.input_value("[id='set-sources.x.url']") == ""


def test_a_change_that_restarts_the_gateway_is_confirmed_by_the_settings(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    page.click("text=Settings >> visible=true")
    gate.command_answer = {
        "changes": [{"key": "queue.flush_hz", "before": 60, "after": 50}],
        "restarted": ["gateway-1"],
    }
    page.fill("#find-setting", "flush")
    page.fill("[id='set-queue.flush_hz']", "50")
    eventually(lambda: "Restarts gateway-1." in page.inner_text(".pending"), 20)
    gate.command_error = "stopped before it answered"
    gate.applied = {"settings": [FLUSH | {"value": 50}]}
    page.click(".pending >> text=Apply")
    eventually(lambda: "Applied. Restarted gateway-1." in page.inner_text(".pending"), 20)


def test_the_log_of_a_process_is_followed_until_it_is_closed(gate: Gate, page: Any) -> None:
    open_desk(page, gate)
    page.click("summary >> text=Processes")
    page.click("[aria-label='Log of gateway-1']")
    eventually(lambda: page.locator(".log pre [data-tone=bad]").all_inner_texts() == [EVIL + "\n"])
    gate.status["log"] = {"lines": [{"level": "INFO", "text": f"line {n}"} for n in range(200)]}
    eventually(lambda: "line 199" in page.inner_text(".log pre"))
    assert page.evaluate("(({scrollTop, clientHeight, scrollHeight}) => scrollTop + clientHeight >= scrollHeight - 1)"
                         "(document.querySelector('.log pre'))")  # fmt: skip
    page.click(".log >> text=Following")
    page.click(".log >> text=Close")
    eventually(lambda: page.locator(".log").count() == 0)


def test_a_source_that_waits_for_a_login_has_the_command_to_copy(gate: Gate, page: Any) -> None:
    own = {"name": "live", "kind": "twitch", "state": "refused", "detail": "There is no login at Twitch yet."}
    gate.status["status"] = STATUS | {"sources": [own | {"command": "framewire login twitch --source live"}]}
    open_desk(page, gate)
    eventually(lambda: page.locator("#sources .command code").all_inner_texts() == [
        "framewire login twitch --source live"])  # fmt: skip
    page.click("#sources .command button")
    eventually(lambda: "Command" in page.inner_text("#said"))
    gate.status["status"] = gate.status["status"] | {"scope": "view"}
    eventually(lambda: page.locator("#sources .command").count() == 0)


def test_a_source_is_logged_in_with_a_code(gate: Gate, page: Any) -> None:
    own = {"name": "tube", "kind": "youtube", "state": "refused", "detail": "There is no login.", "command": "x login"}

    def tell(**login: Any) -> None:
        gate.status["status"] = STATUS | {"sources": [own | {"login": login}]}

    page.set_viewport_size({"width": 300, "height": 600})
    tell(state="")
    open_desk(page, gate)
    panel = page.locator("#sources .login")
    eventually(lambda: "tube waits for a login. Go to tube" in page.inner_text("#health").replace("\n", " "))
    page.click("#sources >> text=Log in")
    eventually(lambda: commands(gate) == [("login", {"source": "tube", "action": "begin"})])
    tell(state="asks", text=EVIL)
    eventually(lambda: EVIL in panel.inner_text())
    page.fill("#secret-tube", "GOCSPX-1")
    page.keyboard.press("Enter")
    given = {"source": "tube", "action": "begin", "client_secret": "GOCSPX-1"}
    eventually(lambda: commands(gate)[-1] == ("login", given))
    assert "GOCSPX-1" not in page.evaluate("document.documentElement.outerHTML + document.querySelector('input').value")
    tell(state="waiting", page="https://www.google.com/device", code="GQVQ-JKEC", expires_s=1799.0, text="")
    eventually(lambda: panel.locator(".code").count())
    link = panel.locator("a")
    facts = [link.get_attribute(name) for name in ("href", "target", "rel")]
    assert facts == ["https://www.google.com/device", "_blank", "noopener noreferrer"]
    assert panel.locator(".code").inner_text() == "GQVQ-JKEC"
    assert "valid for 30 more minutes" in panel.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert overflowing(page) == []
    tell(state="waiting", page="javascript:hacked()", code=EVIL, expires_s=30.0, text="")
    eventually(lambda: "javascript:hacked()" in panel.inner_text())
    assert panel.locator("a").count() == 0
    page.click("#sources >> text=Cancel")
    eventually(lambda: commands(gate)[-1] == ("login", {"source": "tube", "action": "cancel"}))
    tell(state="expired", text="The code expired before it was entered")
    eventually(lambda: panel.get_by_role("button").all_inner_texts() == ["Log in again", "Close"])
    tell(state="done", text="Logged in as den.")
    eventually(lambda: "Logged in as den." in panel.inner_text())
    gate.status["status"] = gate.status["status"] | {"scope": "view"}
    eventually(lambda: panel.count() == 0)


def test_logs_and_settings_are_reached_with_the_keyboard_in_a_dock(gate: Gate, page: Any) -> None:
    def focus_by_tab(what: str) -> None:
        for _ in range(150):
            page.keyboard.press("Tab")
            if page.evaluate("(what) => document.activeElement.matches(what)", what):
                return
        raise AssertionError(f"{what} was not reached")

    page.set_viewport_size({"width": 300, "height": 600})
    open_desk(page, gate)
    page.evaluate("document.querySelectorAll('.folds summary').forEach((one, at) => { one.id = `fold-${at}`; })")
    focus_by_tab("#fold-2")
    page.keyboard.press("Enter")
    focus_by_tab("[aria-label='Log of gateway-1']")
    page.keyboard.press("Enter")
    eventually(lambda: EVIL in page.inner_text(".log pre"))
    eventually(lambda: page.evaluate("document.querySelector('.log').getBoundingClientRect().top < innerHeight"))
    focus_by_tab(".log pre")
    focus_by_tab("#fold-7")
    page.keyboard.press("Enter")
    eventually(lambda: page.locator(".section").count() == 4)
    focus_by_tab(".section summary")
    page.keyboard.press("Enter")
    focus_by_tab(".section[open] input, .section[open] textarea")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert overflowing(page) == []
