"""Commands and reads of a dashboard by token and role, and their effect on overlays."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest

from actors.core.contract.samples import STORM_EVENTS
from tests.sockets.gateway_rig import Client, Rig
from tests.support import eventually

DASHBOARD = {"role": "dashboard", "format": "json", "overlay_id": "desk"}


class Ingest:
    """An ingest that takes everything, and remembers it."""

    def __init__(self, port: int) -> None:
        self.taken: list[Any] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                taken.append(body)
                count = len(body) if isinstance(body, list) else 1
                answer = json.dumps({"accepted": count, "ids": [f"i/{n}" for n in range(count)]}).encode()
                self.send_response(202)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def ingest(rig: Rig) -> Iterator[Ingest]:
    made = Ingest(rig.settings.ingest.port)
    yield made
    made.close()
    rig.leave()


def order(client: Client, command: str, **args: Any) -> dict[str, Any]:
    client.say({"t": "command", "id": command, "name": command, "args": args})
    answer = client.until("result")
    assert answer["id"] == command
    return answer


def desk(rig: Rig, **fields: Any) -> Client:
    return rig.joined(**(DASHBOARD | {"token": rig.tokens.control} | fields))


PAUSED = ("toggle", {"name": "paused", "on": True})
AUDIBLE = ("toggle", {"name": "muted", "on": False})
COMMANDS = [
    ("show", {"action": "skip"}, [("show", {"action": "skip", "widget": ""})]),
    ("show", {"action": "mute", "widget": "social"}, [("show", {"action": "mute", "widget": "social"})]),
    (
        "show",
        {"action": "pause"},
        [("show", {"action": "pause", "widget": ""}), ("toggle", {"name": "paused", "on": True})],
    ),
    (
        "show",
        {"action": "unmute"},
        [("show", {"action": "unmute", "widget": ""}), ("toggle", {"name": "muted", "on": False})],
    ),
    ("toggle", {"on": False}, [("toggle", {"on": False, "name": "all"})]),
    ("toggle", {"on": True, "name": "chat"}, [("toggle", {"on": True, "name": "chat"})]),
    ("emit", {"type": "follow", "payload": {"user": "x"}}, [("follow", {"user": "x"})]),
]


@pytest.mark.parametrize(("name", "args", "sent"), COMMANDS)
def test_a_command_becomes_an_event_through_the_ingest(rig, ingest, name, args, sent):
    answer = order(desk(rig), name, **args)
    assert (answer["ok"], answer["ids"], answer["accepted"]) == (True, ["i/0"], len(sent))
    events = ingest.taken[0] if isinstance(ingest.taken[0], list) else ingest.taken
    assert [(event["type"], event["payload"]) for event in events] == sent


def test_tests_are_marked_and_a_storm_is_bounded(rig, ingest):
    client = desk(rig)
    assert order(client, "test", type="kill")["ok"]
    assert order(client, "test", type="random")["type"] == ingest.taken[1]["type"]
    several = order(client, "test", type=["radar", "radar_player", "radar_player"] * 20)
    assert (several["ok"], several["accepted"]) == (True, 60)
    assert [one["type"] for one in ingest.taken.pop()[:3]] == ["radar", "radar_player", "radar_player"]
    answer = order(client, "test", type="storm")
    assert (answer["ok"], answer["accepted"]) == (True, STORM_EVENTS)
    kill, _, storm = ingest.taken
    assert kill["payload"]["attacker"]["name"].endswith("(test)")
    assert {one["source"] for one in [kill, *storm]} == {"test"}
    again = order(client, "test", type="storm")
    assert (again["ok"], again["error"]) == (False, "one storm every 5 s")
    assert len(ingest.taken) == 3


REFUSED = [
    ("show", {"action": "explode"}, "$.action"),
    ("show", {"action": "skip", "widget": "x" * 65}, "$.widget"),
    ("show", {}, "action"),
    ("toggle", {"on": "yes"}, "$.on"),
    ("toggle", {"on": True, "more": 1}, "more"),
    ("test", {"type": "no such"}, "no such"),
    ("test", {"type": ["kill", "no such"]}, "no such"),
    ("test", {"type": []}, "$.type"),
    ("identify", {"overlay_id": "a b"}, "overlay_id"),
    ("identify", {"overlay_id": "absent"}, "no overlay absent is connected"),
    ("hud", {"overlay_id": "absent"}, "no overlay absent is connected"),
    ("hud", {"on": "yes"}, "Expected `bool | null`, got `str` - at `$.on`"),
    ("reload", {}, "no overlay is connected"),
    ("fly", {}, "commands: emit, test, show"),
]


@pytest.mark.parametrize(("name", "args", "said"), REFUSED)
def test_a_wrong_command_is_answered_and_sends_nothing(rig, ingest, name, args, said):
    before = rig.metric("refused_commands_total")
    answer = order(desk(rig), name, **args)
    assert not answer["ok"]
    assert said in answer["error"]
    assert ingest.taken == []
    assert rig.metric("refused_commands_total") == before + 1


def test_too_many_commands_are_refused_and_the_dashboard_stays(rig, ingest):
    clients = [desk(rig, overlay_id=f"desk-{n}") for n in range(2)]
    for n in range(60):  # at once: answers to one after the other may take longer than the limit
        clients[n % 2].say({"t": "command", "id": "toggle", "name": "toggle", "args": {"on": True}})
    answers = [clients[n % 2].until("result") for n in range(60)]
    refused = [answer for answer in answers if not answer["ok"]]
    assert refused
    assert {answer["error"] for answer in refused} == {"more than 10 commands per second"}
    assert len(ingest.taken) == len(answers) - len(refused)
    eventually(lambda: order(clients[0], "toggle", on=True)["ok"])


def test_identify_hud_and_reload_reach_the_selected_overlays(rig, ingest):
    main, second = rig.joined(overlay_id="main"), rig.joined(overlay_id="second", format="json")
    client = desk(rig)
    # The test before may have left no commands for this moment.
    eventually(lambda: order(client, "identify", overlay_id="main").get("reached") == 1)
    assert main.until("identify") == {"t": "identify", "for_ms": 3_000}
    eventually(lambda: order(client, "hud", overlay_id="main", on=True).get("reached") == 1)
    assert main.until("hud") == {"t": "hud", "on": True}
    eventually(lambda: order(client, "reload").get("reached") == 2)
    assert main.until("reload") == {"t": "reload"}
    assert second.next()["t"] == "reload"  # and no identify before


def test_a_dashboard_does_not_count_as_an_overlay(rig, ingest):
    client = desk(rig)
    eventually(lambda: rig.status()["dashboards"] == 1)
    assert rig.status()["clients"] == []
    assert rig.overlays("live") == 0
    rig.send()
    assert client.frame()["last"] == rig.top
    client.say({"t": "receipt", "position": rig.top})
    assert client.closed() == (4503, "a dashboard sends no receipts, because viewers do not see it")
    assert rig.status()["dashboards"] == 0


ROLES = [
    ("display", "overlay", None),
    ("display", "dashboard", 4503),
    ("control", "overlay", None),
    ("control", "dashboard", None),
    ("view", "overlay", 4503),
    ("view", "dashboard", None),
    ("ingest", "overlay", 4500),
    ("ingest", "dashboard", 4500),
]


@pytest.mark.parametrize(("scope", "role", "code"), ROLES)
def test_a_token_permits_only_its_roles(rig, scope, role, code):
    client = rig.connect(token=getattr(rig.tokens, scope), role=role)
    if code is None:
        assert client.until("welcome")["t"] == "welcome"
    else:
        assert client.closed()[0] == code


def test_a_view_token_reads_and_sends_no_commands(rig, ingest):
    client = desk(rig, token=rig.tokens.view)
    rig.send()
    assert client.frame()["last"] == rig.top
    client.say({"t": "command", "id": "c", "name": "show", "args": {"action": "skip"}})
    assert client.closed()[0] == 4503
    assert ingest.taken == []


ANSWERS = [
    ("/api/status", ("control", "view")),
    ("/api/why?id=x", ("control", "view")),
    ("/api/quarantine", ("control",)),
    ("/api/settings", ("control",)),
    ("/api/log?name=x", ("control",)),
    ("/api/address", ("control",)),
    ("/api/media", ("control",)),
]


@pytest.mark.parametrize(("path", "scopes"), ANSWERS)
def test_a_path_needs_a_token_of_its_scopes(rig, path, scopes):
    opened = [
        scope for scope in msgspec.structs.asdict(rig.tokens) if rig.get(path, getattr(rig.tokens, scope))[0] != 401
    ]
    assert opened == list(scopes)
    assert rig.get(path, rig.tokens.display)[1]["scope"] == "display", "the page says which token is needed"
    assert rig.get(path, "wrong")[1]["scope"] == ""


def test_the_status_has_the_scope_of_the_token(rig):
    assert rig.get("/api/status", rig.tokens.view)[1]["scope"] == "view"
    assert rig.status()["scope"] == "control"
