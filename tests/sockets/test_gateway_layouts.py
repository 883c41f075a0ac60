"""Layouts at the gateway: tokens for storing, messages to overlays, and invalid files."""

from __future__ import annotations

import http.client
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.core.metrics import GatewayMetrics
from actors.gateway.layouts import Layouts
from tests.sockets.gateway_rig import Client, Rig
from tests.support import SLOWNESS, eventually

CHAT = {"version": 1, "widgets": {"chat": {"x": 700}}}
FEED = {"version": 1, "widgets": {"killfeed": {"visible": False}}}


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def rig(shared: Rig) -> Iterator[Rig]:
    """The gateway, with no layout stored."""
    yield shared
    shared.leave()
    folder = shared.run_dir / "overlays" / "layouts"
    for file in folder.glob("*") if folder.exists() else []:
        file.unlink()
    assert ask(shared, "GET")[1]["layouts"] == []


def ask(rig: Rig, method: str, name: str = "main", body: Any = None, **given: str) -> tuple[int, Any]:
    """Return status and answer; `body` is sent as JSON unless it is bytes."""
    headers = {"Authorization": f"Bearer {given.pop('token', rig.tokens.control)}"}
    headers |= {key.replace("_", "-"): value for key, value in given.items()}
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=5 * SLOWNESS)
    try:
        connection.request(method, f"/api/layout?overlay={name}", data, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def write(rig: Rig, name: str, text: str) -> None:
    folder = rig.run_dir / "overlays" / "layouts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(text)


def told(client: Client) -> Any:
    return client.until("layout")["layout"]


def test_a_stored_layout_is_a_private_file_and_is_read_again(rig):
    status, answer = ask(rig, "PUT", body=CHAT)
    assert (status, answer["source"], answer["layout"], answer["error"]) == (200, "main", CHAT, "")
    file = rig.run_dir / "overlays" / "layouts" / "main.json"
    assert json.loads(file.read_text()) == CHAT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["main.json"]
    assert ask(rig, "GET") == (200, answer)
    assert ask(rig, "GET", token=rig.tokens.display) == (200, answer)


def test_an_overlay_without_a_layout_of_its_own_gets_the_default(rig):
    assert ask(rig, "GET")[1]["source"] is None
    ask(rig, "PUT", "default", FEED)
    answer = ask(rig, "GET")[1]
    assert (answer["source"], answer["layout"], answer["revision"]) == ("default", FEED, "")
    ask(rig, "PUT", "main", CHAT)
    assert ask(rig, "GET")[1]["layouts"] == ["default", "main"]
    assert ask(rig, "DELETE")[1]["source"] == "default"
    assert ask(rig, "DELETE")[0] == 200


def test_only_the_control_token_stores_a_layout(rig):
    for method in ("PUT", "DELETE"):
        for token, status in ((rig.tokens.display, 403), (rig.tokens.ingest, 401), ("", 401)):
            assert ask(rig, method, body=CHAT, token=token)[0] == status
    assert ask(rig, "GET", token=rig.tokens.ingest)[0] == 401
    assert ask(rig, "GET")[1]["layouts"] == []


def test_an_invalid_layout_is_refused_with_its_path_and_changes_nothing(rig):
    ask(rig, "PUT", body=CHAT)
    status, answer = ask(rig, "PUT", body={"version": 1, "widgets": {"chat": {"x": "left"}}})
    assert (status, "`$.widgets.chat.x`" in answer["error"]) == (400, True)
    assert ask(rig, "PUT", body=b"{")[0] == 400
    assert ask(rig, "GET")[1]["layout"] == CHAT


@pytest.mark.parametrize("name", ["", "..%2Fx", "a%2Fb", ".x", "x" * 65, "%00"])
def test_an_invalid_layout_name_is_refused(rig, name):
    for method in ("GET", "PUT", "DELETE"):
        assert ask(rig, method, name, CHAT)[0] == 400
    assert not list(rig.run_dir.glob("overlays/**/*.json"))


def test_a_write_over_an_unseen_change_is_refused(rig):
    status, first = ask(rig, "PUT", body=CHAT, If_None_Match="*")
    assert status == 200
    assert ask(rig, "PUT", body=FEED, If_None_Match="*")[0] == 412
    status, second = ask(rig, "PUT", body=FEED, If_Match=f'"{first["revision"]}"')
    assert (status, second["layout"]) == (200, FEED)
    assert ask(rig, "PUT", body=CHAT, If_Match=f'"{first["revision"]}"')[0] == 412
    assert ask(rig, "PUT", body=CHAT)[0] == 200


def test_an_overlay_receives_its_layout_and_every_change(rig):
    ask(rig, "PUT", "default", FEED)
    main, other = rig.joined(overlay_id="main"), rig.joined(overlay_id="other", format="json")
    assert main.welcome["layout"] == other.welcome["layout"] == FEED
    ask(rig, "PUT", "main", CHAT)
    assert told(main) == CHAT
    ask(rig, "DELETE", "main")
    assert told(main) == FEED
    ask(rig, "DELETE", "default")
    assert (told(main), told(other)) == (None, None), "other heard nothing before: its layout had not changed"


def test_a_layout_file_edited_by_hand_is_applied(rig):
    main = rig.joined(overlay_id="main")
    assert main.welcome["layout"] is None
    write(rig, "main", json.dumps(CHAT))
    assert told(main) == CHAT
    write(rig, "main", json.dumps(FEED))
    assert told(main) == FEED


def test_an_invalid_file_is_reported_and_the_last_valid_layout_stays(rig):
    write(rig, "main", json.dumps(CHAT))
    assert ask(rig, "GET")[1]["layout"] == CHAT
    main = rig.joined(overlay_id="main")
    before = rig.metric("bad_layouts_total")
    write(rig, "main", '{"version":1,"widgets":{"chat":{"x":1e9}}}')
    message = main.until("layout")
    assert message["layout"] == CHAT
    assert message["error"].startswith("overlays/layouts/main.json: ")
    assert "`$.widgets.chat.x`" in message["error"]
    assert "$.widgets.chat.x" in rig.stderr()
    assert rig.metric("bad_layouts_total") == before + 1
    late = rig.joined(overlay_id="main")
    assert (late.welcome["layout"], late.welcome["layout_error"]) == (CHAT, message["error"])
    write(rig, "main", json.dumps(FEED))
    assert main.until("layout") == {"t": "layout", "layout": FEED, "error": ""}


def test_a_file_that_is_too_large_is_not_read_completely(rig):
    write(rig, "main", " " * (1 << 20))
    eventually(lambda: "expected at most" in ask(rig, "GET")[1]["error"])


def test_every_gateway_of_a_port_reports_a_change():
    rig = Rig("gateway.processes=2")
    first = rig.process
    try:
        rig.start(name="gateway-2")
        overlays = [rig.joined(overlay_id="main") for _ in range(12)]
        assert ask(rig, "PUT", body=CHAT)[0] == 200
        assert [told(overlay) for overlay in overlays] == [CHAT] * 12
    finally:
        second, rig.process = rig.process, first
        rig.close()
        assert second is not None
        second.kill()
        second.wait()
        for pipe in (second.stdin, second.stdout):
            assert pipe is not None
            pipe.close()


LINKS = {"nothing": ("gone.json", ""), "itself": ("a.json", "Too many"), "a secret": ("tokens.json", "display")}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_to_nothing_or_to_another_file_leaves_the_other_layouts(tmp_path: Path, name: str) -> None:
    target, reason = LINKS[name]
    (tmp_path / "tokens.json").write_text('{"display": "a-secret-token"}')
    layouts = Layouts(tmp_path, GatewayMetrics(), logging.getLogger("test"))
    layouts.folder.mkdir(parents=True)
    for one in ("b", "c", "d"):
        (layouts.folder / f"{one}.json").write_text(json.dumps(CHAT))
    (layouts.folder / "a.json").symlink_to(layouts.folder / target if target == "a.json" else tmp_path / target)
    assert layouts.refresh()
    assert not layouts.refresh()
    assert [layouts.arranged(one).error for one in ("b", "c", "d")] == ["", "", ""]
    error = layouts.arranged("a").error
    assert (reason in error) if reason else error == ""
    assert "a-secret-token" not in error
