"""The local page that OBS loads before the gateway runs: it waits, and then shows the overlay."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.sockets.gateway_rig import Rig
from tests.support import SLOWNESS, SUPERVISOR, chromium_path, eventually
from tests.web.conftest import FLAGS


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig(start=False)
    yield made
    made.close()


class Busy:
    """Another program on the port of the gateway, which answers 503."""

    def __init__(self, port: int) -> None:
        self.asked = asked = []  # type: list[str]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def written(rig: Rig) -> Path:
    command = [sys.executable, str(SUPERVISOR), "obs", "install", "--page", "--set", f"run_dir={rig.run_dir}"]
    ports = ["--set", f"gateway.port={rig.port}"]
    done = subprocess.run([*command, *ports], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    path = rig.run_dir / "overlays" / "obs.html"
    assert f"Local file: on; {path}" in done.stdout
    assert rig.tokens.display not in done.stdout + done.stderr
    return path


@pytest.fixture
def of_file(window: Any) -> Iterator[Any]:
    page = window.new_page()
    yield page, Path.as_uri
    page.close()


@pytest.fixture
def of_obs(browser: Any) -> Iterator[Any]:
    """A page at http://absolute/, as OBS serves a local file, with the exception of OBS 33."""
    flags = [*FLAGS, "--disable-features=LocalNetworkAccessChecksWebSockets"]
    own = browser.browser_type.launch(executable_path=chromium_path(), args=flags, timeout=60_000 * SLOWNESS)
    page = own.new_page()

    def served(path: Path) -> str:
        page.route("http://absolute/**", lambda route: route.fulfill(body=path.read_text(), content_type="text/html"))
        return f"http://absolute{path}"

    yield page, served
    own.close()


@pytest.mark.console("/waiting")
@pytest.mark.parametrize("place", ["of_file", "of_obs"])
def test_the_local_page_waits_for_the_gateway_and_becomes_the_overlay(
    rig: Rig, place: str, request: pytest.FixtureRequest
) -> None:
    page, address_of = request.getfixturevalue(place)
    tried: list[str] = []
    page.on("websocket", lambda socket: tried.append(socket.url))
    path = written(rig)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page.goto(address_of(path))
    eventually(lambda: page.inner_text("html") == "" and len(tried) > 1)
    busy = Busy(rig.port)
    try:
        eventually(lambda: page.inner_text("html") == "" and len(busy.asked) > 1)
        assert set(busy.asked) == {"/waiting"}, "the token is in no request"
    finally:
        busy.stop()
    rig.start()
    page.wait_for_url(f"http://127.0.0.1:{rig.port}/overlay/?overlay_id=obs#k={rig.tokens.display}")
    eventually(lambda: page.evaluate("globalThis.framewire?.status().state") == "live", 15)


def test_parameters_that_a_user_added_stay_in_the_page(rig: Rig) -> None:
    path = written(rig)
    path.write_text(path.read_text().replace("overlay_id=obs#k=", "overlay_id=main&theme=minimal#k=old"))
    written(rig)
    address = f'"http://127.0.0.1:{rig.port}/overlay/?overlay_id=main&theme=minimal#k={rig.tokens.display}"'
    assert f"const address = {address};" in path.read_text()
    path.write_text("const address = 7")
    written(rig)
    assert "?overlay_id=obs#k=" in path.read_text()
