"""Malformed and hostile requests: none causes status 500, a traceback, or its raw text in a log."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from actors.secrets import Secrets
from actors.supervision import meters
from tests.sockets.actors import KILL, Actors
from tests.sockets.gateway_rig import Rig
from tests.support import SLOWNESS, eventually

TRICKS = {
    "nothing more": ("", b""),
    "a length in superscript": ("Content-Length: \xb2", b"x"),
    "a length of 5,000 digits": ("Content-Length: " + "9" * 5_000, b"x"),
    "a negative length": ("Content-Length: -5", b""),
    "a length with an underscore": ("Content-Length: 1_0", b"0123456789"),
    "a length with C1 controls": ("Content-Length: \x9b31m", b""),
    "two lengths": ("Content-Length: 5\r\nContent-Length: 6", b"hello!"),
    "a length and chunks": ("Transfer-Encoding: chunked\r\nContent-Length: 5", b"5\r\nhello\r\n0\r\n\r\n"),
    "an unknown encoding": ("Transfer-Encoding: xchunked", b"5\r\nhello\r\n0\r\n\r\n"),
    "two encodings": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size that is no number": ("Transfer-Encoding: chunked", b"zz\r\nhello\r\n0\r\n\r\n"),
    "a chunk size of 60 digits": ("Transfer-Encoding: chunked", b"f" * 60 + b"\r\n"),
    "a header of 17 KiB": ("X-A: " + "b" * (17 << 10), b""),
    "a thousand headers": ("\r\n".join(f"X-{number}: a" for number in range(1_000)), b""),
    "a token with NUL": ("Authorization: Bearer canary\0", b""),
    "two tokens": ("Authorization: Bearer canary\r\nAuthorization: Bearer other", b""),
    "a token in Latin-1": ("Authorization: Bearer canary\xe9\xff", b""),
    "two hosts": ("Host: evil.test", b""),
    "a folded header": ("X-A: a\r\n canary", b""),
    "a broken multipart body": ("Content-Type: multipart/form-data; boundary=canary\r\nContent-Length: 4", b"--xx"),
    "a form that is not UTF-8": (
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9",
        b"a=%ff&b=\xff",
    ),
    "a body that says it is gzip": ("Content-Encoding: gzip\r\nContent-Length: 4", b"\x1f\x8bxx"),
    "five hundred ranges": ("Range: bytes=" + "0-0," * 500, b""),
    "three thousand tags": ("If-None-Match: " + '"a",' * 3_000, b""),
    "a date that is none": ("If-Modified-Since: \xff\xfe99", b""),
}
INGEST = ("POST /events", "POST /srcds/canary", "POST /srcds/%ff", "POST /webhook/hook", "POST /webhook/hook/%00/..%2f",
          "GET /webhook/hook?a=%ff", "POST /gsi/hook", "GET /healthz", "PUT /events", "POST /none")  # fmt: skip
GATEWAY = ("GET /api/layout", "PUT /api/layout", "PUT /api/layout?overlay=%ff", "GET /api/why?id=%ff", "GET /ws",
           "GET /api/quarantine?limit=%c2%b2", "GET /media/emote/../../tokens.json",
           "GET /themes/..%2f..%2ftokens.json", "GET /themes/%00.css",
           "GET /widgets/%2e%2e/tokens.json", "GET /static/" + "a" * 9_000 + ".js",
           "GET /themes/" + "a/" * 3_000 + "x.css", "POST /healthz", "GET /metrics")  # fmt: skip


def answer_of(port: int, request: str, header: str, body: bytes, ends: bool = True) -> bytes:
    """Return the first bytes of the answer, b"" when the connection is closed without one.

    `ends`: the client says that it sends no more, so a server that misses a part of the request closes the connection.
    """
    lines = f"{request} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n" + (header and f"{header}\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=10 * SLOWNESS) as connection:
        try:
            connection.sendall(f"{lines}\r\n".encode("latin-1") + body)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            return connection.recv(200)
        except ConnectionError:
            return b""


@pytest.fixture(scope="module")
def ingest() -> Iterator[tuple[int, Path]]:
    with Actors('sources.hook={kind="webhook",preset="github"}') as actors:
        Secrets(actors.run_dir).set("hook", "a secret")
        actors.start("ingest")
        yield actors.ingest_port, actors.run_dir / "ingest.err"
        assert actors.request("GET", "/healthz")[0] == 200


@pytest.fixture(scope="module")
def gateway() -> Iterator[tuple[int, Path]]:
    rig = Rig()
    yield rig.port, rig.stderr_path
    assert rig.get("/healthz")[0] == 200
    rig.close()


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("server", ["ingest", "gateway"])
def test_no_request_causes_an_internal_error(server, trick, request):
    port, log = request.getfixturevalue(server)
    for start in INGEST if server == "ingest" else GATEWAY:
        answer = answer_of(port, start, *TRICKS[trick])
        status = answer.split(b" ", 2)[1][:3] if answer else b"closed"
        assert status in (b"closed", b"101", b"200", b"304", b"400", b"401", b"404", b"405", b"416", b"431"), start
    text = log.read_text()
    assert "Traceback" not in text
    assert "tornado" not in text  # a line for each request could hide all others
    assert "canary" not in text
    assert "\x9b" not in text


def test_a_path_that_needs_no_body_keeps_none(ingest):
    length = "Content-Length: 100000"
    for path in ("/healthz", "/none", "/app"):
        assert answer_of(ingest[0], f"POST {path}", length, b"", ends=False).startswith(b"HTTP/1.1 400"), path
    whole = b"x" * 100_000
    assert answer_of(ingest[0], "POST /webhook/hook", length, whole, ends=False).startswith(b"HTTP/1.1 401")


def test_a_body_of_several_parts_is_refused_unread(gateway):
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n'
    headers = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(part)}"
    assert answer_of(gateway[0], "PUT /api/layout", headers, part, ends=False).startswith(b"HTTP/1.1 400")


def bearer(actors: Actors) -> dict[str, str]:
    return {"Authorization": f"Bearer {actors.tokens.ingest}"}


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    said: str


def answered(actors: Actors, body: bytes) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", actors.ingest_port, timeout=10 * SLOWNESS)
    connection.request("POST", "/events", body, bearer(actors))
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, json.loads(response.read()).get("error", ""))
    connection.close()
    return answer


def test_the_headers_of_a_refusal_reach_the_client():
    with Actors("producer.max_rows=10", "ingest.max_body_bytes=4096") as actors:
        actors.start("ingest")
        actors.emit(*[KILL] * 10)
        full = answered(actors, json.dumps(KILL).encode())
        assert (full.status, full.headers["Retry-After"]) == (503, "1")
        percent = answered(actors, b'{"type":"follow","payload":{"user":"a","100%s %%":1}}')
        assert (percent.status, "`100%s %%`" in percent.said) == (400, True)
        large = answered(actors, b" " * 5_000)
        assert (large.status, large.headers["Connection"]) == (413, "close")
        eventually(lambda: actors.stats("ingest").get("status_5xx") == 1)


def test_the_ingest_refuses_a_foreign_host_and_names_the_setting():
    with Actors('gateway.allowed_hosts=["stream-pc.lan"]') as actors:
        actors.start("ingest")
        body = json.dumps({"type": "chat", "payload": {"user": "a", "text": "b"}}).encode()
        status, answer = actors.request("POST", "/events", body, bearer(actors) | {"Host": "evil.test"})
        assert (status, "gateway.allowed_hosts" in answer["error"]) == (421, True)
        assert actors.request("POST", f"/srcds/{actors.tokens.ingest}", b"", {"Host": "evil.test"})[0] == 421
        assert actors.request("POST", "/events", body, bearer(actors) | {"Host": "stream-pc.lan:7701"})[0] == 202


FOREIGN_PAGES = {
    "a picture": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "a link": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    "a rule to load ahead": {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch"},
    "another port of this machine": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    "a request": {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    "a request of an old browser": {"Origin": "https://evil.test"},
    "a sandboxed page": {"Origin": "null"},
}


def test_a_page_of_another_site_cannot_raise_the_alert_of_wrong_tokens():
    origins = 'gateway.allowed_origins=["https://studio.example"]'
    with Actors('sources.hook={kind="webhook",preset="github"}', 'sources.cs={kind="gsi"}', origins) as actors:
        for name in ("hook", "cs"):
            Secrets(actors.run_dir).set(name, "a secret")
        actors.start("ingest")
        paths = ("/events", "/srcds/wrong", "/app/bot/command", "/webhook/hook", "/gsi/cs")
        for headers in FOREIGN_PAGES.values():
            for method in ("POST", "OPTIONS"):
                for path in paths:
                    status, answer = actors.request(method, path, b"{}", headers)
                    assert (status, "gateway.allowed_origins" in answer["error"]) == (403, True)
        # A program that happens to be a page, and has the token.
        page = bearer(actors) | {"Origin": "null"}
        assert actors.request("POST", "/events", json.dumps(KILL).encode(), page)[0] == 202
        assert actors.request("POST", "/events", b"", {"Origin": "https://studio.example"})[0] == 401
        assert actors.request("POST", "/events", b"", {})[0] == 401
        assert actors.request("POST", "/webhook/hook", b"{}", {})[0] == 401
        refused = len(FOREIGN_PAGES) * 2 * len(paths)
        eventually(lambda: actors.stats("ingest").get("auth_failures") == 3)
        assert actors.stats("ingest")["foreign_origins"] == refused


def test_a_page_of_another_site_in_the_network_cannot_raise_the_alert_of_wrong_tokens():
    # It makes such requests as pictures. Over a network no header of a browser says which page it is.
    with Actors() as actors:
        actors.start("ingest")
        for method in ("GET", "HEAD"):
            for path in ("/events", "/srcds/wrong", "/app/bot/command"):
                assert actors.request(method, path, b"", {"Host": "192.168.1.5:7701"})[0] == 405
        assert actors.request("POST", "/events", b"", {})[0] == 401
        eventually(lambda: actors.stats("ingest").get("auth_failures") == 1)


# The names of a page of another site lead to this machine: Host and Origin are its own, and no Sec-Fetch header comes.
REBOUND = {"Host": "evil.test:7701"}


def test_a_page_whose_name_was_rebound_learns_no_source_and_raises_no_alert():
    with Actors('sources.cs={kind="gsi"}') as actors:
        Secrets(actors.run_dir).set("cs", "a secret")
        actors.start("ingest")
        for method, headers in (
            ("GET", REBOUND),
            ("HEAD", REBOUND),
            ("POST", REBOUND | {"Origin": "http://evil.test:7701"}),
            ("PUT", REBOUND | {"Origin": "http://evil.test:7701"}),
            ("GET", {"Sec-Fetch-Site": "same-origin"}),
        ):
            known, unknown = (actors.request(method, f"/gsi/{name}", b"", headers)[0] for name in ("cs", "other"))
            assert known == unknown
            assert known in (403, 405)
        assert actors.request("POST", "/gsi/cs", b"{}", {})[0] == 401
        eventually(lambda: actors.stats("ingest").get("auth_failures") == 1)


def other_address() -> str:
    """Return an address of this machine that is not the loopback, "" when there is none."""
    return next(iter(meters.addresses()), "")


@pytest.mark.skipif(not other_address(), reason="this machine has the loopback alone")
def test_other_machines_need_a_token_for_metrics_and_readiness():
    rig = Rig("gateway.host=0.0.0.0")
    try:
        for path in ("/metrics", "/readyz"):
            assert rig.get(path)[0] == 200
            for token, status in (("", 401), (rig.tokens.display, 401), (rig.tokens.view, 200)):
                connection = http.client.HTTPConnection(other_address(), rig.port, timeout=10 * SLOWNESS)
                # No proxy is trusted: these headers do not make the peer one of this machine.
                forwarded = {"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
                own = {"Authorization": f"Bearer {token}"} if token else {}
                connection.request("GET", path, headers=forwarded | own)
                assert connection.getresponse().status == status
                connection.close()
    finally:
        rig.close()
