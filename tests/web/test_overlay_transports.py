"""The overlay against a real gateway over every transport: which one it uses; a killed gateway loses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.core.contract.event import Raw
from actors.core.queue.sequencer import Entry
from tests.sockets.gateway_rig import ROOT, Rig, critical, encode
from tests.support import eventually

KINDS = ("ws", "sse", "poll")
# Gateways are killed, transports blocked, a handler throws, and the events of the rig have no players.
pytestmark = pytest.mark.console(
    "net::ERR_", "WebSocket connection to", "404 (Not Found)", "a broken handler", "a widget failed"
)
# A proxy without WebSockets or without endless responses: the handshake fails while the gateway answers.
NO_WEBSOCKET = """globalThis.WebSocket = class extends WebSocket {
  constructor(url) { super(url.replace(/\\/ws$/, "/none")); }
};"""
NO_SSE = """{
  const real = fetch;
  globalThis.fetch = (url, init) => real(String(url).replace(/\\/sse$/, "/none"), init);
}"""


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


@pytest.fixture
def page(window: Any) -> Iterator[Any]:
    opened = window.new_page()
    yield opened
    opened.close()


def address(rig: Rig, query: str, path: str = "overlay/") -> str:
    return f"http://127.0.0.1:{rig.port}/{path}?{query}#k={rig.tokens.display}"


def status(page: Any) -> dict[str, Any]:
    got: dict[str, Any] = page.evaluate("globalThis.framewire ? framewire.status() : {state: '', transport: ''}")
    return got


def live(page: Any) -> None:
    eventually(lambda: status(page)["state"] == "live", 15)


def drawn(page: Any) -> list[int]:
    found: list[int] = page.evaluate(
        "framewire.journal.map((line) => line.position).filter((position) => position > 0)"
    )
    return found


# The main thread is also that of the client library, which is tested with every transport below.
@pytest.mark.parametrize(("kind", "worker"), [("ws", 1), ("sse", 1), ("poll", 1), ("ws", 0)])
def test_a_gateway_killed_under_load_loses_and_repeats_no_event(rig: Rig, page: Any, kind: str, worker: int) -> None:
    page.goto(address(rig, f"journal=1&transport={kind}&worker={worker}"))
    live(page)
    assert status(page)["thread"] == ("worker" if worker else "main thread")
    for _ in range(3):
        for _ in range(20):
            rig.send(2)
        rig.kill()
        rig.send(5)  # while it is away
        rig.start()
    rig.send(2)
    live(page)
    eventually(lambda: status(page)["drawn"] == rig.top, 15)
    assert drawn(page) == list(range(1, rig.top + 1))
    assert status(page)["transport"] == kind
    eventually(lambda: [row["position"] for row in rig.status()["clients"]] == [rig.top])  # by receipt


@pytest.mark.parametrize(("blocked", "kind"), [(NO_WEBSOCKET, "sse"), (NO_WEBSOCKET + NO_SSE, "poll")])
def test_a_blocked_transport_is_replaced_by_a_working_one(rig: Rig, page: Any, blocked: str, kind: str) -> None:
    page.add_init_script(blocked)  # of this thread
    page.goto(address(rig, "journal=1&worker=0"))
    live(page)
    assert status(page)["transport"] == kind
    rig.send(3)
    eventually(lambda: drawn(page) == [1, 2, 3])


# No such class, and a file that cannot be loaded.
NO_WORKER = "globalThis.Worker = undefined"
NO_WORKER_FILE = """{
  const policy = trustedTypes.createPolicy("test", { createScriptURL: () => "/static/js/none.mjs" });
  globalThis.Worker = class extends Worker {
    constructor(_url, options) { super(policy.createScriptURL(""), options); }
  };
}"""


@pytest.mark.parametrize("broken", [NO_WORKER, NO_WORKER_FILE])
def test_without_a_worker_the_connection_runs_in_the_main_thread(rig: Rig, page: Any, broken: str) -> None:
    page.add_init_script(broken)
    page.goto(address(rig, "journal=1&worker=1&hud=1"))
    live(page)
    rig.send(3)
    eventually(lambda: drawn(page) == [1, 2, 3])
    assert status(page)["thread"] == "main thread (the worker failed)"
    eventually(lambda: "main thread" in page.locator("#hud").inner_text())  # the HUD is written once or twice a second


def test_a_stopped_gateway_does_not_change_the_transport(rig: Rig, page: Any) -> None:
    page.goto(address(rig, "journal=1"))
    live(page)
    before = status(page)["connects"]
    rig.kill()
    eventually(lambda: status(page)["connects"] > before + 5, 15)
    rig.start()
    live(page)
    assert status(page)["transport"] == "ws"


@pytest.mark.parametrize("kind", KINDS)
def test_the_client_library_delivers_every_event_once(rig: Rig, page: Any, kind: str) -> None:
    page.goto(address(rig, "", "healthz"))
    page.evaluate(
        """async ([transport]) => {
          const { connect } = await import("/static/js/client.mjs");
          globalThis.seen = [];
          globalThis.client = connect({ overlayId: "own", transport })
            .on("kill", () => { throw new Error("a broken handler"); })
            .on("kill", (event) => seen.push(event.position));
        }""",
        [kind],
    )
    eventually(lambda: page.evaluate("client.state") == "live", 15)
    for _ in range(20):
        rig.send(2)
    rig.kill()
    rig.send(5)
    rig.start()
    rig.send()
    eventually(lambda: page.evaluate("seen.length") >= rig.top, 15)
    assert page.evaluate("seen") == list(range(1, rig.top + 1))
    eventually(lambda: [row["position"] for row in rig.status()["clients"]] == [rig.top])
    assert page.evaluate("JSON.parse(localStorage['framewire.place.own']).position") == rig.top


EXAMPLE = ROOT / "examples" / "overlay"


def test_the_example_in_the_client_page_runs_unchanged(rig: Rig, page: Any) -> None:
    shutil.copytree(EXAMPLE, rig.run_dir / "overlays" / "widgets" / "mine")
    page.goto(address(rig, "", "widgets/mine/kills.html"))
    eventually(lambda: rig.overlays("live") == 1, 15)
    victims = [{"victim": {"id": "v", "name": "bo"}}, {}, {"victim": None}]  # `gsi` does not know it
    payloads = [Raw(encode({"attacker": {"id": "a", "name": "<b>ottoline"}, **victim})) for victim in victims]
    events = [msgspec.structs.replace(critical(rig.top + 1 + at), payload=each) for at, each in enumerate(payloads)]
    assert rig.log is not None
    rig.log.commit([Entry(events=events)])
    rig.top += len(events)
    rig.publish(rig.frame(events))
    rows = "[...document.querySelectorAll('li')].map((row) => row.textContent)"
    eventually(lambda: page.evaluate(rows) == ["<b>ottoline › bo", "<b>ottoline", "<b>ottoline"])
    eventually(lambda: [row["position"] for row in rig.status()["clients"]] == [rig.top])
    assert page.evaluate("getComputedStyle(document.querySelector('li')).color") == "rgb(255, 255, 255)"


def test_the_client_page_contains_the_example_unchanged() -> None:
    text = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    assert all(file.read_text(encoding="utf-8") in text for file in EXAMPLE.iterdir())


@pytest.mark.parametrize(("kind", "worker"), [("ws", 1), ("sse", 1), ("poll", 1), ("sse", 0), ("poll", 0)])
def test_a_page_that_is_closed_is_not_lost(rig: Rig, page: Any, kind: str, worker: int) -> None:
    page.goto(address(rig, f"transport={kind}&worker={worker}"))
    live(page)
    page.goto("about:blank")
    eventually(lambda: [one["closed"] for one in rig.status()["lost"]] == [True])
