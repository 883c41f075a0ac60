"""Overlays that are stalled, hidden, lost or refused: their states, alerts and metrics at the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors.commands import doctor
from actors.core.supervision import health
from tests.sockets.gateway_rig import Client, Rig, loose
from tests.support import eventually


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig("gateway.heartbeat_s=0.2")
    yield rig
    rig.close()


def row(rig: Rig, name: str) -> dict[str, Any]:
    rows = [one for one in rig.status()["clients"] if one["overlay_id"] == name]
    return rows[0] if rows else {}


def stalls(rig: Rig, name: str) -> None:
    eventually(lambda: row(rig, name)["condition"] == "stalled", 15)


def test_a_visible_overlay_that_stops_to_render_is_stalled_and_one_that_is_hidden_is_not(rig):
    obs = {"visible": True, "obs": "31.0.1", "build": "b1"}
    frozen, hidden, program = (rig.joined(overlay_id=name, **obs) for name in ("frozen", "hidden", "program"))
    plain = rig.joined(overlay_id="plain")  # a program of its own, which sends no receipts
    hidden.say({"t": "receipt", "position": 0, "visible": False})
    rig.send(3)
    program.positions(3)
    program.say({"t": "receipt", "position": 3, "fps": 60})
    stalls(rig, "frozen")
    described = row(rig, "frozen")
    assert (described["obs"], described["visible"], described["address"]) == ("31.0.1", True, "127.0.0.1")
    assert described["behind_s"] >= 5
    conditions = {one["overlay_id"]: one["condition"] for one in rig.status()["clients"]}
    assert conditions == {"frozen": "stalled", "hidden": "hidden", "program": "live", "plain": "live"}
    assert rig.metric('stalled_overlays{overlay="frozen"') == 1
    frozen.positions(3)
    frozen.say({"t": "receipt", "position": 3})
    eventually(lambda: row(rig, "frozen")["condition"] == "live")
    assert plain.frame()["z"] == 3


def test_an_overlay_whose_frames_stop_is_stalled_without_any_critical_event(rig):
    overlay = rig.joined(visible=True)
    rig.flood(loose("hit-1"))
    overlay.frame()
    stalls(rig, "test")
    overlay.say({"t": "receipt", "position": 0})
    eventually(lambda: row(rig, "test")["condition"] == "live")


def test_a_vanished_overlay_is_lost_until_it_reconnects_and_a_closed_one_is_not(rig):
    broken, closed = rig.joined(overlay_id="broken", obs="31.0.1"), rig.joined(overlay_id="closed")
    broken.socket.socket.close()  # no close frame, like a machine without power
    closed.socket.close(1001)
    eventually(lambda: len(rig.status()["lost"]) == 2)
    lost = {one["overlay_id"]: one for one in rig.status()["lost"]}
    assert (lost["broken"]["reason"], lost["closed"]["reason"]) == ("the connection broke", "the page was closed")
    assert lost["broken"]["obs"] == "31.0.1"
    assert rig.metric("lost_overlays") == 1
    eventually(lambda: any(line.get("stats", {}).get("lost_overlays") == {"broken": 1} for line in list(rig.lines)))
    rig.joined(overlay_id="broken")
    assert [one["overlay_id"] for one in rig.status()["lost"]] == ["closed"]
    assert not rig.metric("lost_overlays")


def test_two_overlays_with_one_name_are_distinguished(rig):
    first, second = rig.joined(overlay_id="twin"), rig.joined(overlay_id="twin")
    numbers = [one["number"] for one in rig.status()["clients"]]
    assert len(set(numbers)) == 2
    second.socket.socket.close()
    eventually(lambda: [one["number"] for one in rig.status()["lost"]] == [max(numbers)])
    assert [one["number"] for one in rig.status()["clients"]] == [min(numbers)]
    first.socket.socket.close()
    eventually(lambda: sorted(one["number"] for one in rig.status()["lost"]) == sorted(numbers))


def test_an_overlay_that_took_another_name_does_not_replace_one_of_its_first_name(rig):
    first = rig.joined(overlay_id="first")
    renamed = rig.joined(overlay_id="first")
    renamed.hello(overlay_id="second")
    renamed.until("welcome")
    first.socket.socket.close()
    eventually(lambda: [one["overlay_id"] for one in rig.status()["lost"]] == ["first"])


def test_a_refused_overlay_is_listed_with_its_reason_and_a_dashboard_is_not(rig):
    for _ in range(2):
        assert rig.connect(token="wrong", overlay_id="old-scene").closed()[0] == 4500
    assert rig.connect(token="wrong", overlay_id="desk", role="dashboard").closed()[0] == 4500
    mute = Client(rig)
    mute.say("no JSON")
    assert mute.closed()[0] == 4502
    assert rig.request("/ws", {"Host": "evil.example", "Upgrade": "websocket", "Connection": "Upgrade"})[0] == 421
    found = {(one["overlay_id"], one["code"]): one["count"] for one in rig.status()["refused"]}
    assert found == {("old-scene", 4500): 2, ("", 4502): 1, ("", 421): 1}
    assert rig.status()["lost"] == []


def test_an_overlay_that_the_gateway_stopped_is_lost_with_the_reason(rig):
    overlay = rig.joined()
    overlay.repeat(60, {"t": "ping", "client_ts_ms": 1})
    assert overlay.closed()[0] == 4029
    eventually(lambda: [one["code"] for one in rig.status()["lost"]] == [4029])
    assert "20 messages per second" in rig.status()["lost"][0]["reason"]


def test_the_supervisor_raises_alerts_from_reports_of_a_gateway():
    stats = {"stalled_overlays": {"main": 1, "second": 1}, "lost_overlays": {"third": 1}}
    found = [(alert.key, alert.name) for alert in health.of_stats("gateway-1", stats)]
    assert found == [("overlay.stalled", "main"), ("overlay.stalled", "second"), ("overlay.lost", "third")]
    assert health.of_stats("gateway-1", {"stalled_overlays": {}, "lost_overlays": {}}) == []


def test_problems_of_alert_rules_are_an_alert_and_one_line_of_the_log_until_the_file_is_right(rig):
    def problems() -> dict[str, int] | None:
        return next((line["stats"]["alert_problems"] for line in reversed(list(rig.lines)) if "stats" in line), None)

    file = rig.run_dir / "overlays" / "alerts.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text('[[alert]]\ntype = "follow"\ntxt = "hi"\n[[alert]]\ntype = "raid"\nimage = "prty.gif"\n')
    eventually(lambda: problems() and list(problems().values()) == [2])
    [alert] = health.of_stats("gateway-1", {"alert_problems": problems()})
    assert (alert.key, alert.name, alert.command) == ("rules.invalid", "alerts.toml", "doctor")
    assert "txt" in alert.text
    assert alert.text.endswith("; and 1 more")
    assert [finding.level for finding in doctor.alert_rules_findings(rig.run_dir)] == ["warn", "warn"]
    assert rig.stderr().count("bad alert rules") == 2
    file.write_text('"' + "x" * 5_000 + "\x07\n")
    eventually(lambda: problems() and list(problems().values()) == [1])
    assert all(len(text) <= 200 and text.isprintable() for text in problems())
    file.write_text(f'"{"x" * 5_000}" = 1\n[[alert]]\n"{"y" * 5_000}" = 1\ntype = "follow"\n')
    eventually(lambda: problems() and list(problems().values()) == [2])
    assert all(len(text) <= 200 and text.isprintable() for text in problems())
    assert all(len(finding.text) <= 300 for finding in doctor.alert_rules_findings(rig.run_dir))
    lines = rig.stderr().count("bad alert rules")
    file.write_text('[[alert]]\ntype = "follow"\ntext = "hi"\n')
    eventually(lambda: problems() == {})
    assert list(doctor.alert_rules_findings(rig.run_dir)) == []
    assert rig.stderr().count("bad alert rules") == lines == 5


def test_a_burst_of_wrong_tokens_is_an_alert_and_few_lines_of_the_log(rig):
    for _ in range(health.AUTH_FAILURES):
        assert rig.get("/api/status", "wrong")[0] == 401
    assert rig.metric("auth_failures_recent") == health.AUTH_FAILURES
    eventually(lambda: [line["stats"] for line in list(rig.lines) if "stats" in line][-1]["auth_failures_recent"] >= 10)
    assert rig.stderr().count("wrong token address=127.0.0.1") == 3
    assert [alert.key for alert in health.of_stats("gateway-1", {"auth_failures_recent": 10})] == ["auth.failed"]
    assert health.of_stats("gateway-1", {"auth_failures_recent": 9}) == []


def test_an_overlay_that_reconnects_to_another_gateway_is_not_lost():
    rig = Rig("gateway.processes=2")
    first = rig.process
    try:
        rig.start(name="gateway-2")
        rig.beat_until(lambda: len(by_gateway(rig)) == 2)
        # The kernel chooses the gateway of a connection: some of these reach another one when they come again.
        names = [f"o-{number}" for number in range(8)]
        for overlay in [rig.joined(overlay_id=name) for name in names]:
            overlay.socket.socket.close()
        rig.clients.clear()
        eventually(lambda: sorted(name for lost in by_gateway(rig).values() for name in lost) == names)
        for name in names:
            rig.joined(overlay_id=name)
        eventually(lambda: set(map(tuple, by_gateway(rig).values())) == {()})
    finally:
        rig.close()
        first.kill()
        first.wait()
        for pipe in (first.stdin, first.stdout):
            pipe.close()


def by_gateway(rig):
    """Return the names of lost overlays of each gateway that answers one of some questions."""
    answers = [rig.status() for _ in range(12)]
    return {one["gateway"]: [gone["overlay_id"] for gone in one["lost"]] for one in answers if one}
