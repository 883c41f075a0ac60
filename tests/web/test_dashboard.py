"""The status page: shows what it hears, says so when it hears nothing, and never takes a word for HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import eventually
from tests.web.gate import TOKEN, Gate, now_ms

EVIL = "<img src=x onerror=hacked()>"

STATUS: dict[str, Any] = {
    "epoch": "9f3a2b77c1d0",
    "top": 18_231,
    "ready": True,
    "reasons": [],
    "processes": [
        {"name": "gateway-1", "state": "running", "pid": 42, "uptime_s": 3725, "restarts": 2, "last_reason": EVIL}
        | {"cpu_pct": 1.25, "rss_bytes": 31_000_000, "busy_share": 0.0421, "queue": 12_345, "events_per_s": 99.6}
        | {"degraded": True, "silent": False},
    ],
    "ledger": {
        "raw": {"numbered": 10, "mapped": 7, "empty": 1, "rejected": 1, "lost": 1},
        "events": {"critical": {"received": 7, "sent": 6, "dropped_total": 0, "pending": 1}},
    },
    "clients": [
        {"overlay_id": "main-1", "state": "live", "position": 18_231, "lag": 3, "fps": 60, "format": "msgpack"}
    ],
}


@pytest.fixture
def page(window: Any, gate: Gate) -> Iterator[Any]:
    gate.status = {
        "status": dict(STATUS),
        "address": {"display_token": "display-secret"},
        "quarantine": {"quarantine": [{"n": 1, "ts_ms": now_ms(), "kind": "event", "reason": EVIL, "excerpt": EVIL}]},
        "why": {"id": "x", "story": {"outcome": "logged", "detail": EVIL}, "reasons": []},
    }
    opened = window.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.add_init_script("globalThis.hacks = 0; globalThis.hacked = () => { hacks += 1; };")
    yield opened
    assert opened.evaluate("hacks") == 0
    opened.close()
    assert errors == []


def rows(page: Any, section: str) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        """(id) => [...document.querySelectorAll(`#${id} tbody tr`)]
          .map((row) => [...row.cells].map((cell) => cell.textContent))""",
        section,
    )
    return found


def test_it_shows_processes_overlays_ledger_and_rejections_as_text(gate: Gate, page: Any) -> None:
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: rows(page, "processes"))
    assert rows(page, "processes") == [
        ["gateway-1", "degraded", "42", "1 h 2 min", "1.3 %", "4.2 %", "31 MB", "12\u202f345", "100", "2", EVIL]
    ]
    assert rows(page, "overlays")[0][:5] == ["main-1", "live", "18\u202f231", "3", "60"]
    assert rows(page, "ledger") == [["critical", "7", "6", "–", "–", "–", "0", "1"]]
    assert rows(page, "quarantine")[0][1:] == ["event", EVIL, EVIL]
    assert "10 = 7 understood + 1 without an event + 1 rejected + 1 lost" in page.inner_text("#raw")
    assert page.inner_text("#address") == f"{gate.url}/overlay/#k=display-secret"
    assert page.inner_text("#state") == "running"


def test_it_follows_what_changes_and_keeps_what_does_not(gate: Gate, page: Any) -> None:
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: rows(page, "processes"))
    page.evaluate("document.querySelector('#processes tbody tr').dataset.kept = 'yes'")
    gate.status["status"] = STATUS | {
        "processes": [*STATUS["processes"], {"name": "ingest", "state": "failed"}],
        "clients": [],
        "ready": False,
        "reasons": ["nothing was heard from the broadcaster"],
    }
    eventually(lambda: len(rows(page, "processes")) == 2)
    assert page.evaluate("document.querySelector('#processes tbody tr').dataset.kept") == "yes"
    assert page.inner_text("#state") == "not ready"
    assert page.inner_text("#reasons") == "nothing was heard from the broadcaster"
    assert page.is_visible("#overlays .none")


def alert(key: str, name: str, text: str, level: str, do: str, command: str) -> dict[str, Any]:
    return {"key": key, "name": name, "text": text, "level": level, "do": do, "command": command, "for_s": 3.0}


DEGRADED = alert(
    "process.degraded", "ingest", "restarted 14 times, last: killed by SIGKILL", "critical",
    "it dies again and again; why:", "./supervisor.py logs ingest",
)  # fmt: skip
HEAVY = alert("memory.warn", "gateway-1", f"{EVIL} 300 MB of memory", "warn", "see whether it grows:", "framewire top")


def test_alerts_stand_above_everything_with_a_command_to_paste(gate: Gate, page: Any) -> None:
    gate.status["status"] = STATUS | {"alerts": [DEGRADED, HEAVY], "supervisor": {"state": "degraded"}}
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: page.locator(".alert").count() == 2)
    first, second = page.locator(".alert").all()
    for words in ("ingest", "restarted 14 times, last: killed by SIGKILL", "for 3 s", "it dies again and again; why:"):
        assert words in first.inner_text()
    assert first.locator("code").inner_text() == "./supervisor.py logs ingest"
    assert EVIL in second.inner_text()
    assert [one.get_attribute("data-tone") for one in (first, second)] == ["bad", "warn"]
    assert page.locator("#alerts").bounding_box()["y"] < page.locator("main").bounding_box()["y"]
    assert (page.inner_text("#state"), page.title()) == ("degraded, 2 alerts", "(2) Framewire")
    assert page.get_attribute("#state", "data-tone") == "bad"
    page.evaluate("document.querySelectorAll('.alert')[1].dataset.kept = 'yes'")
    gate.status["status"] = STATUS | {"alerts": [HEAVY | {"for_s": 65}]}
    eventually(lambda: "for 1 min 5 s" in page.inner_text("#alerts"))
    assert page.locator(".alert").count() == 1
    assert page.get_attribute(".alert", "data-kept") == "yes"
    assert (page.inner_text("#state"), page.get_attribute("#state", "data-tone")) == ("running, 1 alert", "warn")
    gate.status["status"] = STATUS
    eventually(lambda: not page.is_visible("#alerts"))
    assert (page.inner_text("#state"), page.title()) == ("running", "Framewire")


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"alerts": 7},
        {"alerts": [7, {}]},
        {"processes": None, "ledger": None, "clients": "?", "reasons": 7, "top": "x"},
    ],
)
def test_missing_and_odd_answers_are_dashes(gate: Gate, page: Any, status: dict[str, Any]) -> None:
    gate.status = {"status": status, "quarantine": {"quarantine": None}}
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: page.is_visible("#processes .none"))
    assert page.is_visible("#overlays .none")
    assert not page.is_visible("#copy")


def test_a_wrong_token_and_a_silent_gateway_are_said(gate: Gate, page: Any) -> None:
    page.goto(f"{gate.url}/#k=wrong")
    eventually(lambda: "wrong or was replaced" in page.inner_text("#reasons"))
    page.evaluate("location.hash = ''")
    eventually(lambda: "no token" in (page.text_content("#reasons") or ""))


def test_why_tells_the_story(gate: Gate, page: Any) -> None:
    page.goto(f"{gate.url}/#k={TOKEN}")
    page.fill("#why-id", "ingest/7.0")
    page.click("#why button")
    eventually(lambda: "outcome: logged" in page.inner_text("#story"))
    assert EVIL in page.inner_text("#story")


def test_a_button_sends_a_command_and_says_what_became_of_it(gate: Gate, page: Any) -> None:
    page.goto(f"{gate.url}/#k={TOKEN}")
    page.click("text=Double kill")
    eventually(lambda: "accepted" in page.inner_text("#sent"))
    commands = gate.said("command")
    assert [command["args"]["type"] for command in commands] == ["kill", "kill"]
    assert {command["args"]["source"] for command in commands} == {"dashboard"}
    eventually(lambda: not gate.sockets)  # it does not stay as an overlay
    gate.refuse_with = 4503
    page.click("text=Raid")
    eventually(lambda: "Raid: the token" in page.inner_text("#sent"))


def test_it_fits_a_dock_and_a_screen(gate: Gate, page: Any) -> None:
    row = STATUS["processes"][0] | {"queue": None}
    gate.status["status"] = STATUS | {"alerts": [DEGRADED, HEAVY | {"text": "x" * 400}], "processes": [row]}
    page.goto(f"{gate.url}/#k={TOKEN}")
    eventually(lambda: rows(page, "processes"))
    for width in (300, 760, 1100, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert page.is_visible("#processes td[data-label=queue]") == (width > 760)  # a dash only where there is room
        assert page.is_visible("#processes td[data-label=busy]")
        assert page.is_visible("#processes td[data-label='last reason']")
