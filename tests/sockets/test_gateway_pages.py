"""HTTP paths of the gateway: allowed hosts, headers, files, and paths for operators."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import psutil
import pytest
import websockets.exceptions
import zmq

from actors import interfaces
from actors.commands import why
from actors.core import theme
from actors.core.contract.event import Reject
from actors.core.queue.sequencer import Entry
from actors.gateway.pages import WEB_ROOT
from actors.gateway.preload import build_of, with_links
from tests.sockets.gateway_rig import Client, Rig, loose
from tests.support import SLOWNESS, eventually


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig('gateway.allowed_origins=["https://studio.example"]')
    yield rig
    rig.close()


@pytest.fixture
def page() -> Iterator[str]:
    """A file of web_overlay/ that always exists: a vendored one."""
    return "vendor/manifest.json"


# BaseHandler

HOSTS = [
    ("127.0.0.1:{port}", 200),
    ("localhost:{port}", 200),
    ("[::1]:{port}", 200),
    ("evil.test", 421),
    ("evil.test:{port}", 421),
    ("127.0.0.1:1", 421),
    ("127.0.0.1", 421),
    ("127.0.0.1.evil.test:{port}", 421),
    ("localhost:{port},evil.test", 400),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/static/vendor/manifest.json", "/nothing"])
def test_only_allowed_hosts_are_answered(rig, host, status, path):
    found, _, body = rig.request(path, {"Host": host.format(port=rig.port)})
    assert found == (status if path != "/nothing" or status != 200 else 404)
    if status == 421:
        assert "error" in json.loads(body)


OWN = "http://127.0.0.1:{port}"
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
HANDSHAKES = [
    ("our own page", {"Origin": OWN}, 101),
    ("an allowed origin", {"Origin": "https://studio.example"}, 101),
    ("no browser", {}, 101),
    ("cross-site", {"Origin": "https://evil.test"}, 403),
    ("cross-site, and it says so", {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}, 403),
    ("cross-site, and it claims otherwise", {"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"}, 403),
    ("a sandboxed page", {"Origin": "null"}, 403),
    ("another local port", {"Origin": "http://127.0.0.1:1"}, 403),
    ("another local name", {"Origin": "http://localhost:{port}"}, 403),
    ("a suffix of ours", {"Origin": "http://127.0.0.1:{port}.evil.test"}, 403),
    ("a suffix of an allowed one", {"Origin": "https://studio.example.evil.test"}, 403),
    ("a prefix of an allowed one", {"Origin": "https://evil-studio.example"}, 403),
    ("a local file", {"Origin": "file://"}, 403),
    ("DNS rebinding", {"Host": "evil.test", "Origin": "http://evil.test"}, 421),
    ("DNS rebinding with our port", {"Host": "evil.test:{port}", "Origin": "http://evil.test:{port}"}, 421),
    ("DNS rebinding, called same-origin", {"Host": "evil.test", "Sec-Fetch-Site": "same-origin"}, 421),
]


@pytest.mark.parametrize(("who", "headers", "status"), HANDSHAKES)
def test_websockets_are_accepted_from_allowed_origins(rig, who, headers, status):
    given = {name: value.format(port=rig.port) for name, value in headers.items()}
    assert handshake(rig.port, {"Host": f"127.0.0.1:{rig.port}"} | UPGRADE | given) == status


LOCAL = ("a sandboxed page", "a local file")


@pytest.mark.parametrize(
    ("who", "headers", "status"),
    [
        *((who, headers, 101 if who in LOCAL else status) for who, headers, status in HANDSHAKES),
        ("a local file in OBS", {"Origin": "http://absolute"}, 101),
    ],
)
def test_a_local_file_may_only_ask_whether_the_gateway_is_here(rig, who, headers, status):
    given = {name: value.format(port=rig.port) for name, value in headers.items()}
    assert handshake(rig.port, {"Host": f"127.0.0.1:{rig.port}"} | UPGRADE | given, "/waiting") == status


def test_connections_that_only_ask_whether_the_gateway_is_here_do_not_stay(rig):
    """No limit counts them, so none may wait for a peer that does not answer its end."""
    gateway = psutil.Process(rig.process.pid)
    before, asking = gateway.num_fds(), []
    try:
        for _ in range(40):
            connection = socket.create_connection(("127.0.0.1", rig.port), 5 * SLOWNESS)
            asking.append(connection)
            lines = [f"{name}: {value}" for name, value in ({"Host": f"127.0.0.1:{rig.port}"} | UPGRADE).items()]
            connection.sendall("\r\n".join(("GET /waiting HTTP/1.1", *lines, "\r\n")).encode())
            received = b""
            while not received.endswith(b"\x88\x00"):  # a close frame
                received += connection.recv(4096) or pytest.fail(f"ended after {received!r}")
        assert gateway.num_fds() < before + 20
    finally:
        for connection in asking:
            connection.close()


def handshake(port: int, headers: dict[str, str], path: str = "/ws") -> int:
    with socket.create_connection(("127.0.0.1", port), 5 * SLOWNESS) as connection:
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(connection.recv(4096).split()[1])


def test_every_answer_has_the_security_headers(rig):
    for path in ("/healthz", "/static/vendor/manifest.json", "/static/none.js", "/nothing", "/api/status", "/ws"):
        _, headers, _ = rig.request(path)
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "require-trusted-types-for 'script'" in policy
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Embedder-Policy"] == "credentialless"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in headers
        assert "Access-Control-Allow-Origin" not in headers


# Files


def test_a_file_below_very_many_folders_is_not_looked_for(rig):
    for folders, status in ((16, 200), (17, 404)):
        path = "/".join(["a"] * folders + ["x.txt"])
        file = rig.run_dir / "overlays" / "widgets" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        assert rig.request(f"/widgets/{path}")[0] == status


def test_files_are_closed_when_their_readers_go_away(rig):
    """Not at the next collection of garbage, before which there may be thousands."""
    gateway = psutil.Process(rig.process.pid)
    font = next(WEB_ROOT.glob("vendor/inter*/latin-ext.woff2"))
    request = f"GET /static/{font.relative_to(WEB_ROOT)} HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n\r\n".encode()
    for _ in range(1_000):
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() is a reset
            reader.connect(("127.0.0.1", rig.port))
            reader.sendall(request)
    rig.get("/healthz")  # behind them
    eventually(lambda: str(font) not in [file.path for file in gateway.open_files()])


def test_a_file_has_its_type_and_an_etag(rig, page):
    status, headers, body = rig.request(f"/static/{page}")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/json", "no-cache")
    assert body == (WEB_ROOT / page).read_bytes()
    again, _, nothing = rig.request(f"/static/{page}", {"If-None-Match": headers["Etag"]})
    assert (again, nothing) == (304, b"")


def test_modules_have_the_type_javascript_on_every_system(rig):
    module = next((WEB_ROOT / "vendor").rglob("*.mjs")).relative_to(WEB_ROOT).as_posix()
    assert rig.request(f"/static/{module}")[1]["Content-Type"].startswith("text/javascript")


TRAVERSALS = [
    "../pyproject.toml", "../actors/config.py", "..%2fpyproject.toml", "%2e%2e/pyproject.toml",
    "%2e%2e%2fpyproject.toml",
    "..%252fpyproject.toml", "..\\pyproject.toml", "..%5cpyproject.toml", "%5c..%5cpyproject.toml",
    "....//pyproject.toml", "./../pyproject.toml", "vendor/../../pyproject.toml", "vendor/..%2f..%2fpyproject.toml",
    "/etc/hostname.txt", "//etc/hostname.txt",
    "%2fetc%2fhostname.txt", "C:/windows/win.ini", "C:%5cwindows%5cwin.txt", "vendor", "vendor/", "", "/", ".", "..",
    "%2e", "%2e%2e", "%00", "vendor/manifest.json%00.js", "vendor/manifest.json%00", "vendor/manifest.json::$DATA",
    "vendor/manifest.json:stream.json", "vendor/manifest.json.", "vendor/manifest.json%20", "vendor//manifest.json",
    "vendor/./manifest.json", "vendor/manifest.json/", "VENDOR~1/manifest.json", ".git/config", ".gitignore",
    "vendor/.hidden.js", "~/x.js", "%ff.js", "%c0%ae%c0%ae/pyproject.toml", "nothing.js", "vendor/nothing.json",
    "file:///etc/hostname.txt", "http://evil.test/x.js", "?.js", "x" * 3000 + ".js",
]  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS, ids=range(len(TRAVERSALS)))
def test_only_files_of_the_overlay_are_served(rig, path):
    status, _, body = raw(rig.port, f"/static/{path}")
    assert status in (400, 403, 404), path
    assert b"[metadata]" not in body


def raw(port: int, path: str) -> tuple[int, str, bytes]:
    """Request a path unchanged; an HTTP library would normalize it."""
    with socket.create_connection(("127.0.0.1", port), 5 * SLOWNESS) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


def test_a_page_the_welcome_and_the_status_name_the_same_build(rig):
    built = re.search(r'<meta name="build" content="([^"]+)">', rig.request("/overlay/")[2].decode())[1]
    assert re.fullmatch("[0-9a-f]{8}", built)
    assert rig.joined().welcome["build"] == built
    assert rig.get("/api/status", rig.tokens.control)[1]["build"] == built


def test_a_changed_file_is_another_build(tmp_path):
    def built():
        build_of.cache_clear()
        return build_of(tmp_path)

    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "a.mjs").write_text("1")
    first = built()
    assert built() == first
    (tmp_path / "js" / "a.mjs").write_text("22")
    assert built() != first
    (tmp_path / "js" / "b.mjs").write_text("")
    assert len({built(), first}) == 2
    build_of.cache_clear()


def test_the_pages_are_at_their_addresses(rig):
    status, headers, _ = rig.request("/overlay")
    assert (status, headers["Location"]) == (301, "/overlay/")
    for path, file in (("/", "dashboard.html"), ("/studio", "studio.html"), ("/overlay/", "overlay.html")):
        status, headers, body = rig.request(path)
        text = with_links(WEB_ROOT, (WEB_ROOT / file).read_text())
        assert (status, re.sub(r'<meta name="build" content="[^"]+">\n', "", body.decode())) == (200, text)
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        again, _, nothing = rig.request(path, {"If-None-Match": headers["Etag"]})
        assert (again, nothing) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/overlay/", "/static/js/boot.mjs"])
def test_the_head_of_a_page_is_its_answer_without_its_body(rig, path):
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=5 * SLOWNESS)
    connection.request("HEAD", path)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")
    assert int(response.headers["Content-Length"]) == len(rig.request(path)[2])
    connection.close()


def test_other_methods_are_refused_in_json(rig):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        head = f"{method} /api/status HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\nContent-Length: 0\r\n"
        with socket.create_connection(("127.0.0.1", rig.port), 5 * SLOWNESS) as connection:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
            answer = connection.recv(65536)
        assert answer.split()[1] in (b"401", b"405")
        assert "error" in json.loads(answer.partition(b"\r\n\r\n")[2])


def test_a_large_body_is_refused(rig):
    with socket.create_connection(("127.0.0.1", rig.port), 5 * SLOWNESS) as connection:
        connection.sendall(
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\nContent-Length: 99999999\r\n\r\n".encode()
        )
        assert not connection.recv(4096).startswith(b"HTTP/1.1 200")


# Questions


def test_readiness_is_reported_with_reasons(rig):
    rig.beat()
    eventually(lambda: rig.get("/readyz") == (200, {"ready": True, "reasons": []}))
    assert rig.get("/healthz") == (200, {"ok": True})
    eventually(lambda: rig.get("/readyz")[0] == 503, 10)
    assert "broadcaster" in rig.get("/readyz")[1]["reasons"][0]
    rig.beat_until(lambda: rig.get("/readyz")[0] == 200)


@pytest.mark.parametrize("path", ["/api/status", "/api/address", "/api/quarantine", "/api/why?id=x"])
def test_operator_paths_need_the_control_token(rig, path):
    for headers in (
        {},
        {"Authorization": f"Bearer {rig.tokens.display}"},
        {"Authorization": f"Bearer {rig.tokens.ingest}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {rig.tokens.control}"},
        {"Authorization": rig.tokens.control},
        {"Cookie": f"token={rig.tokens.control}"},
    ):
        status, answered, body = rig.request(path, headers)
        assert (status, answered["Www-Authenticate"]) == (401, "Bearer")
        assert "error" in json.loads(body)
    in_the_query = f"{path}{'&' if '?' in path else '?'}token={rig.tokens.control}"
    assert rig.request(in_the_query)[0] == 401
    assert rig.request(path, {"Authorization": f"bearer {rig.tokens.control}"})[0] in (200, 404)


def test_status_names_missing_processes(rig):
    rig.send(2)
    rig.settled()  # an overlay that joins before the gateway has both events is behind by what it has not receipted
    overlay = rig.joined(overlay_id="main-1", types=["kill", "chat"], build="b7")
    status = rig.status()
    assert (status["epoch"], status["top"], status["position"]) == (rig.epoch, rig.top, rig.top)
    assert (status["processes"], status["ledger"]) == (None, None)
    assert len(status["reasons"]) >= 2
    (client,) = (row for row in status["clients"] if row["overlay_id"] == "main-1")
    assert (client["types"], client["build"], client["format"]) == (["chat", "kill"], "b7", "msgpack")
    assert (client["address"], client["state"], client["lag"]) == ("127.0.0.1", "live", 0)
    assert not any(token in json.dumps(status) for token in (rig.tokens.display, rig.tokens.control))
    overlay.close()


class Teller(threading.Thread):
    """A queue-manager that answers questions."""

    def __init__(self, rig: Rig, answers: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._socket = rig.bus.bind(zmq.REP, interfaces.ASK)
        self._answers = answers
        self._over = False
        self.start()

    def run(self) -> None:
        while not self._over:
            if self._socket.poll(20):
                question = msgspec.msgpack.decode(self._socket.recv())
                self._socket.send(msgspec.msgpack.encode(self._answers[question["ask"]]))
        self._socket.close()

    def stop(self) -> None:
        self._over = True
        self.join()


def test_ledger_and_histories_are_read_from_the_queue_manager(rig):
    teller = Teller(
        rig, {"ledger": {"ledger": {"in": 3, "sent": 3}}, "why": {"history": {"id": "h", "outcome": "sent"}}}
    )
    try:
        assert rig.status()["ledger"] == {"in": 3, "sent": 3}
        status, why = rig.get("/api/why?id=h", rig.tokens.control)
        assert (status, why["history"]["outcome"]) == (200, "sent")
    finally:
        teller.stop()


def test_why_combines_the_log_and_the_queue_manager(rig):
    (event,) = rig.send()
    teller = Teller(rig, {"why": {"history": None}})
    try:
        # On a loaded machine the queue-manager may answer too late; then the gateway says so.
        eventually(lambda: rig.get(f"/api/why?id={event.id}", rig.tokens.control)[1]["reasons"] == [])
        status, why = rig.get(f"/api/why?id={event.id}", rig.tokens.control)
        assert (status, why["history"]["position"]) == (200, event.position)
        eventually(lambda: rig.get("/api/why?id=unknown", rig.tokens.control)[0] == 404)
    finally:
        teller.stop()
    status, why = rig.get(f"/api/why?id={event.id}", rig.tokens.control)
    assert (status, why["history"]["position"], len(why["reasons"])) == (200, event.position, 1)


def test_why_says_that_a_restarted_gateway_does_not_know_who_rendered_an_event(rig):
    def told(event):
        return rig.get(f"/api/why?id={event.id}", rig.tokens.control)[1]

    (before,) = rig.send()
    eventually(lambda: rig.status()["position"] == before.position)
    assert "no overlay yet" in "\n".join(why.lines(before.id, told(before)))
    rig.stop()
    rig.start()
    (after,) = rig.send()
    assert "not known: the gateway has restarted since" in "\n".join(why.lines(before.id, told(before)))
    assert "no overlay yet" in "\n".join(why.lines(after.id, told(after)))


def test_why_needs_an_id(rig):
    for query in ("", "?id=", "?id=" + "x" * 300):
        assert rig.get(f"/api/why{query}", rig.tokens.control)[0] == 400


def test_the_quarantine_can_be_read(rig):
    assert rig.log is not None
    rejects = [Reject(f"r/{n}", "event", "no such type", "{}", 0.0) for n in range(3)]
    rig.log.commit([Entry(rejects=rejects)])
    status, answer = rig.get("/api/quarantine?limit=2", rig.tokens.control)
    assert (status, [row["id"] for row in answer["quarantine"]]) == (200, ["r/2", "r/1"])
    for limit in ("0", "-1", "x", "1001", "%F0%9F%92%A9"):
        assert rig.get(f"/api/quarantine?limit={limit}", rig.tokens.control)[0] == 400


def test_the_log_of_a_process_is_bounded_in_lines_and_bytes(rig):
    folder = rig.run_dir / "log"
    folder.mkdir(exist_ok=True)
    line = "2026-07-07T12:00:00.123+0200 WARNING demo number={} {}\n"
    (folder / "demo.log").write_text("".join(line.format(n, "\x1b[2J<b>") for n in range(300)))
    (folder / "big.log").write_text("".join(line.format(n, "x" * 2_000) for n in range(300)))
    status, answer = rig.get("/api/log?name=demo", rig.tokens.control)
    assert (status, len(answer["lines"])) == (200, 200)
    assert answer["lines"][-1]["level"] == "WARNING"
    assert answer["lines"][-1]["text"].endswith("demo number=299 ·[2J<b>")
    big = rig.get("/api/log?name=big", rig.tokens.control)[1]["lines"]
    assert len(big) < 70
    assert "number=299" in big[-1]["text"]
    for name in ("", "nothing", "../tokens", "../log/demo", "%2e%2e/log/demo"):
        status, answer = rig.get(f"/api/log?name={name}", rig.tokens.control)
        assert (status, "expected one of: big, demo" in answer["error"]) == (400, True), answer


def test_processes_and_counters_are_read_from_the_supervisor(rig):
    from actors import host

    actors = {"queue-manager": {"frames": 12345678, "odd name": 1.5, "text": "no number"}}
    answer = {"ok": True, "state": "up", "processes": [{"name": "queue-manager", "kind": "queue-manager"}],
              "actors": actors}  # fmt: skip
    listener = host.control_listener(rig.run_dir)

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                assert json.loads(lines.readline())["command"] == "status"
                connection.sendall(json.dumps(answer).encode() + b"\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        assert rig.status()["processes"] == answer["processes"]
        text = rig.get("/metrics")[1]
        assert 'framewire_queue_frames_total{process="queue-manager"} 1.2345678e+07' in text
    finally:
        thread.join(5 * SLOWNESS)
        listener.close()
        (rig.run_dir / "control.sock").unlink(missing_ok=True)


LINE = re.compile(r'^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$')


def test_metrics_are_prometheus_text(rig):
    overlay = rig.joined()
    rig.send(2)
    rig.flood(loose("h"))
    assert overlay.positions(rig.top)
    eventually(lambda: rig.metric('latency_seconds_count{lane="best_effort",process="gateway-1"') >= 1)
    status, headers, body = rig.request("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lines = body.decode().splitlines()
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))
    assert not [line for line in lines if not line.startswith("# ") and not LINE.match(line)]
    assert rig.metric('latency_seconds_count{lane="critical",process="gateway-1"') >= 2
    buckets = [
        float(line.split()[-1]) for line in lines if "latency_seconds_bucket" in line and '"best_effort"' in line
    ]
    assert buckets == sorted(buckets)
    overlay.close()


def test_every_refusal_increases_its_counter(rig):
    def moved(name: str, act: Any) -> bool:
        before = rig.metric(f"{name}_total")
        act()
        return rig.metric(f"{name}_total") > before

    def wrong_token() -> None:
        overlay = rig.connect(token="wrong")
        overlay.closed()

    assert moved("foreign_hosts", lambda: rig.request("/", {"Host": "evil.test"}))
    assert moved("foreign_origins", lambda: rig.request("/", {"Origin": "null"}))
    assert moved("auth_failures", lambda: rig.get("/api/status", "wrong"))
    assert moved("auth_failures", wrong_token)


# What Chromium sends for a frame, and for what rules of a page of another site tell it to load ahead.
LINKED = (
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch"},
)


@pytest.mark.parametrize("linked", LINKED)
def test_a_frame_in_a_page_of_another_site_counts_no_wrong_token(rig, linked):
    before = rig.metric("auth_failures_total")
    for path in ("/api/status", "/api/layout", "/api/quarantine", "/api/log?name=ingest", "/metrics"):
        assert rig.request(path, linked)[0] == 403
    assert rig.request("/", linked)[0] == 200  # a page, which refuses to be framed
    assert rig.metric("auth_failures_total") == before


def test_a_request_without_a_token_is_no_wrong_token(rig):
    # Over a network browsers do not say which page makes such a request. A page cannot set the header of a token.
    before = rig.metric("auth_failures_total")
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}):
        assert rig.request("/api/status", headers)[0] == 401
    assert rig.metric("auth_failures_total") == before


@pytest.mark.parametrize("linked", LINKED)
def test_a_frame_in_a_page_of_another_site_fetches_no_picture_and_opens_only_pages(rig, linked):
    for path in ("/media/emote/twitch/25", "/media/alerts.json", "/media/alerts/a.png", "/static/js/boot.mjs"):
        assert rig.request(path, linked)[0] == 403
    for path in ("/", "/studio", "/overlay/"):
        assert rig.request(path, linked)[0] == 200
    assert rig.request("/overlay", linked)[0] == 301
    assert rig.metric("emote_fetches_total") == 0


def test_commands_reach_the_ingest(rig):
    taken: list[tuple[str, Any]] = []

    class Ingest(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append((self.headers["Authorization"], body))
            refused = body["type"] != "kill"
            answer = json.dumps({"error": "type is unknown"} if refused else {"accepted": 1, "ids": ["i/1"]}).encode()
            self.send_response(400 if refused else 202)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", rig.settings.ingest.port), Ingest)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        overlay = rig.joined(token=rig.tokens.control)
        overlay.say({"t": "command", "id": "c1", "name": "emit", "args": {"type": "kill", "payload": {"a": 1}}})
        assert overlay.until("result") == {"t": "result", "id": "c1", "ok": True, "ids": ["i/1"], "accepted": 1}
        overlay.say({"t": "command", "id": "c2", "name": "emit", "args": {"type": "x", "payload": {}}})
        assert overlay.until("result") == {"t": "result", "id": "c2", "ok": False, "error": "type is unknown"}
        assert taken[0] == (f"Bearer {rig.tokens.ingest}", {"type": "kill", "payload": {"a": 1}})
        overlay.close()
    finally:
        server.shutdown()
        server.server_close()


def test_no_secret_reaches_the_log(rig):
    canary = "canary-5up3r-53cr3t"
    overlay = rig.connect(token=canary)
    overlay.closed()
    rig.connect(token={"secret": canary}).closed()
    rig.request(f"/api/status?token={canary}", {"Authorization": f"Bearer {canary}"})
    rig.request(f"/ws?token={canary}")
    rig.request(f"/{canary}")
    raw(rig.port, f"/static/{canary}/../x")
    with socket.create_connection(("127.0.0.1", rig.port), 5 * SLOWNESS) as connection:
        connection.sendall(f"GARBAGE {canary}\r\n\r\n".encode())
        connection.recv(4096)
    text = rig.stderr()
    for secret in (canary, rig.tokens.display, rig.tokens.control, rig.tokens.ingest):
        assert secret not in text


# Limits


@pytest.mark.parametrize("limit", ["max_clients", "max_clients_per_address"])
def test_too_many_overlays_are_refused(limit):
    rig = Rig(f"gateway.{limit}=2")
    try:
        first, second = rig.joined(), rig.joined()
        with pytest.raises(websockets.exceptions.InvalidStatus) as refusal:
            Client(rig)
        assert refusal.value.response.status_code == 503
        first.close()
        eventually(lambda: rig.metric("connections") == 1)
        assert rig.joined().welcome
        rig.send()
        assert second.positions(rig.top) == [rig.top]
    finally:
        rig.close()


def test_idle_connections_do_not_block_others(rig):
    """Slowloris: half a request on each of many connections."""
    idle = [socket.create_connection(("127.0.0.1", rig.port), 5 * SLOWNESS) for _ in range(400)]
    try:
        for connection in idle[:200]:
            connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert rig.get("/healthz") == (200, {"ok": True})
        overlay = rig.joined()
        rig.send()
        assert overlay.positions(rig.top) == [rig.top]
        overlay.close()
    finally:
        for connection in idle:
            connection.close()


def test_an_incomplete_request_is_closed(rig):
    with socket.create_connection(("127.0.0.1", rig.port), 30 * SLOWNESS) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert connection.recv(4096) in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_theme_that_is_too_large_is_not_served(rig):
    """One of 300,000 fields delayed the overlay by 18 s, as each was named."""
    own = rig.run_dir / "overlays" / "themes" / "large"
    own.mkdir(parents=True)
    for size, status in ((theme.MAX_BYTES, 200), (theme.MAX_BYTES + 1, 413)):
        (own / "theme.json").write_bytes(b" " * size)
        assert rig.request("/themes/large/theme.json")[0] == status
    (own / "theme.json").unlink()


def test_a_user_theme_replaces_a_shipped_one(rig):
    own = rig.run_dir / "overlays" / "themes" / "mine"
    own.mkdir(parents=True, exist_ok=True)
    (own / "theme.json").write_text('{"name": "mine"}')
    status, headers, body = rig.request("/themes/mine/theme.json")
    assert (status, body, headers["Content-Type"]) == (200, b'{"name": "mine"}', "application/json")
    before = headers["Etag"]
    (own / "theme.json").write_text('{"name": "mine", "version": 2}')
    assert rig.request("/themes/mine/theme.json")[1]["Etag"] != before, "an edited theme is a new one"
    shipped = (WEB_ROOT / "themes" / "minimal" / "theme.json").read_bytes()
    assert rig.request("/themes/minimal/theme.json")[2] == shipped
    assert rig.request("/themes/nothing/theme.json")[0] == 404
    (rig.run_dir / "overlays" / "themes" / "Not A Name").mkdir()
    (rig.run_dir / "overlays" / "themes" / "Not A Name" / "theme.json").write_text("{}")
    names = ["broadcast", "high-contrast", "mine", "minimal"]
    shipped_ones = ["broadcast", "high-contrast", "minimal"]
    assert json.loads(rig.request("/themes/")[2]) == {"themes": names, "previews": shipped_ones}
    picture = b"RIFF\0\0\0\0WEBPVP8X" + bytes(14)  # of one pixel
    (own / "preview.webp").write_bytes(picture)
    assert json.loads(rig.request("/themes/")[2])["previews"] == names
    status, headers, body = rig.request("/themes/mine/preview.webp")
    assert (status, body, headers["Content-Type"]) == (200, picture, "image/webp")


@pytest.mark.parametrize("name", ["guide.html", "code.mjs", "code.js", "picture.svg", "style.css"])
def test_a_theme_of_another_person_has_no_page_and_no_script(rig, name):
    own = rig.run_dir / "overlays" / "themes" / "received"
    own.mkdir(parents=True, exist_ok=True)
    (own / name).write_text("<script src=code.mjs></script>")
    assert rig.request(f"/themes/received/{name}")[0] == 404


@pytest.mark.parametrize("number", range(len(TRAVERSALS)))
def test_only_files_of_themes_are_served(rig, number):
    path = TRAVERSALS[number]
    status, _, body = raw(rig.port, f"/themes/{path}")
    assert status in (400, 403, 404) or (path in ("", "?.js") and b'"themes":' in body), path  # the list of names
    assert b"[metadata]" not in body
