"""The generic WebSocket source with a server that also has faults."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec
import pytest
from websockets.utils import accept_key

from actors import config
from actors.adapters import mapping
from actors.adapters.mapping import MappingRule
from actors.errors import BadInput, ConfigError
from actors.producers import http_call, web
from actors.producers.sources import websocket
from actors.producers.spec import Disconnected, SourceRefused
from actors.secrets import Secrets
from tests.sockets.actors import CORE, Actors
from tests.sources.peer import Peer, cut, report
from tests.support import eventually, run_async

TIP = """{kind="websocket",url="%s",subscribe=['{"op":"subscribe"}'],map=[
{each="items",when="body.kind=='tips'",event={type="'tip'",id="_id",user="name",amount="amount",currency="'EUR'"}},
{when="kind=='said'",event={type="'chat'",user="who",text="text"}}]%s}""".replace("\n", "")


def tips(*numbers: int) -> str:
    return json.dumps(
        {"kind": "tips", "items": [{"_id": f"t{n}", "name": f"Ada {n}", "amount": "4.20"} for n in numbers]}
    )


def shown(actors: Actors) -> list[str]:
    return [msgspec.msgpack.decode(event.payload)["user"] for event in actors.logged()]


def feed(peer: Peer, more: str = "") -> Actors:
    return Actors(f"sources.feed={TIP % (peer.url, more)}")


def test_messages_are_mapped_and_stored_or_quarantined():
    def script(connection, number):
        assert connection.recv() == '{"op":"subscribe"}'
        connection.send(tips(1, 2))
        connection.send("no JSON")
        connection.send(tips(2))  # a duplicate
        connection.send(json.dumps({"kind": "tips", "items": [{"_id": "x", "name": "", "amount": "1"}]}))
        connection.send(json.dumps({"kind": "keepalive"}))
        connection.send(tips(3).encode())
        peer.wait()

    with Peer(script) as peer, feed(peer) as actors:
        actors.start(*CORE, "feed")
        eventually(lambda: len(actors.logged()) == 3, 10)
        assert shown(actors) == ["Ada 1", "Ada 2", "Ada 3"]
        eventually(lambda: report(actors, "feed").get("accepted") == 3, 10)
        told = report(actors, "feed")
        assert {key: told[key] for key in ("state", "received", "duplicate", "rejected", "ignored")} == {
            "state": "live", "received": 4, "duplicate": 1, "rejected": 2, "ignored": 1,
        }  # fmt: skip


def test_after_a_reconnect_overlapping_messages_are_shown_once():
    def script(connection, number):
        connection.recv()
        connection.send(tips(*range(number * 10, number * 10 + 15)))
        if number < 3:
            cut(connection)
        else:
            peer.wait()

    with Peer(script) as peer, feed(peer) as actors:
        actors.start(*CORE, "feed")
        eventually(lambda: len(actors.logged()) == 45, 30)
        assert shown(actors) == [f"Ada {n}" for n in range(45)]
        eventually(lambda: report(actors, "feed").get("reconnects") == 3, 10)


def test_a_refused_source_retries_when_the_secret_changes():
    def admit(request):
        return 101 if request.headers.get("Authorization") == "Bearer right" else 401

    def script(connection, number):
        connection.recv()
        connection.send(tips(7))
        peer.wait()

    with Peer(script, admit) as peer, feed(peer, ',headers={Authorization="Bearer {secret}"}') as actors:
        actors.start(*CORE, "feed")
        eventually(lambda: report(actors, "feed").get("state") == "refused", 10)
        assert report(actors, "feed")["detail"] == (
            "The secret 'feed' is not set; set it: ./supervisor.py secret set feed"
        )
        secrets = Secrets(actors.run_dir)
        secrets.set("feed", "wrong")
        eventually(lambda: "answered 401" in report(actors, "feed")["detail"], 10)
        assert len(peer.requests) == 1  # not a loop
        secrets.set("feed", "right")
        eventually(lambda: shown(actors) == ["Ada 7"], 10)
        seen = [path.read_bytes() for path in actors.run_dir.iterdir() if path.is_file()]
        assert not any(b"wrong" in data or b"Bearer right" in data for data in seen)


def test_silence_is_reported_until_the_next_message():
    def script(connection, number):
        connection.recv()
        connection.send(tips(1))
        eventually(lambda: report(actors, "feed").get("state") == "silent", 10)
        connection.send(tips(2))
        eventually(lambda: report(actors, "feed").get("state") == "live", 10)
        done.append(number)
        peer.wait()

    done: list[int] = []
    with Peer(script) as peer, feed(peer, ",silence_s=1.5") as actors:
        actors.start(*CORE, "feed")
        eventually(lambda: done == [0], 20)


def test_a_source_that_is_stopped_drains():
    def script(connection, number):
        connection.recv()
        for n in range(50):
            connection.send(tips(n))
        peer.wait()

    with Peer(script) as peer, feed(peer) as actors:
        actors.start(*CORE, "feed")
        eventually(lambda: actors.logged(), 10)
        assert actors.stop("feed") == 0
        accepted = len(actors.logged())
        actors.start("feed")
        eventually(lambda: len(actors.logged()) == 50, 10)
        assert accepted <= 50


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ('{kind="websockt",url="ws://x"}', "Unknown kind of source 'websockt'; did you mean 'websocket'?"),
        ('{url="ws://x"}', "sources.feed.kind is missing"),
        ('{kind="websocket"}', "missing required field `url` - at `$.sources.feed`"),
        ('{kind="websocket",url="http://x"}', "expected ws://"),
        ('{kind="websocket",url="ws://x",mapp=[]}', "did you mean `map`"),
        ('{kind="websocket",url="ws://x",zzz=1}', "unknown field `zzz` - at `$.sources.feed` (its keys: "),
        ('{kind="websocket",url="ws://x",map=[{event={type="\'tip\'",user="a b"}}]}', "user `a b` is not JMESPath"),
        ('{kind="websocket",url="ws://x",map=[{event={user="a"}}]}', "map[0].event has no `type`"),
        ('{kind="websocket",url="ws://x",silence_s=-1}', "$.sources.feed.silence_s"),
    ],
)  # fmt: skip
def test_an_invalid_section_is_refused_with_the_error_and_its_path(tree, words):
    with pytest.raises(ConfigError) as refused:
        config.load(None, [f"sources.feed={tree}"])
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "name", ["ingest", "gateway-1", "queue-manager", "demo", "Feed", "a_b", "x" * 33, "supervisor"]
)
def test_an_invalid_or_used_source_name_is_refused(name):
    with pytest.raises(ConfigError):
        config.load(None, [f'sources.{name}={{kind="websocket",url="ws://x"}}'])


def test_the_secret_is_not_in_environment_or_command_line():
    def script(connection, number):
        peer.wait()

    with Peer(script) as peer, feed(peer, ',headers={Authorization="Bearer {secret}"}') as actors:
        Secrets(actors.run_dir).set("feed", "hidden-value")
        actors.start(*CORE, "feed")
        process = actors.processes["feed"].pid
        for file in ("environ", "cmdline"):
            path = f"/proc/{process}/{file}"
            assert not os.path.exists(path) or b"hidden-value" not in open(path, "rb").read()  # noqa: SIM115


@pytest.mark.parametrize(
    "url",
    [
        "ws://ada:s3cret@127.0.0.1:9/feed",
        "ws://127.0.0.1:9/s3cret/feed",
        "ws://127.0.0.1:9/feed?token=s3cret#s3cret",
        "ws://[s3cret/feed",
        "ws://127.0.0.1:s3cret/feed",
        "ws://127.0.0.1:99999/s3cret",
        "http://ada:s3cret@127.0.0.1:9/s3cret",
    ],
)
def test_a_secret_in_an_address_is_in_no_reason(url: str) -> None:
    async def connect() -> None:
        async with web.websocket(url):
            pass

    with pytest.raises((Disconnected, SourceRefused)) as raised:
        run_async(connect())
    assert "s3cret" not in str(raised.value)


def test_a_redirect_is_not_followed() -> None:
    async def connect(url: str) -> None:
        async with web.websocket(url, {"X-Token": "s3cret"}):
            pass

    with Peer(lambda *_: None) as inner, Peer(lambda *_: None) as platform:
        platform.moved_to = inner.url
        with pytest.raises(Disconnected, match="answered 302, a redirect, which is not followed"):
            run_async(connect(platform.url))
    assert (len(platform.requests), inner.requests) == (1, [])


def test_a_password_in_the_address_of_an_api_is_in_no_reason() -> None:
    with http_call.HttpApi("http://user:s3cret@127.0.0.1:1") as api, pytest.raises(Disconnected) as raised:
        api.call("GET", "/", {})
    assert "s3cret" not in str(raised.value)


@contextmanager
def raw_server(then: Callable[[socket.socket, bytes], None]) -> Iterator[int]:
    """Accept one connection, read its request, and let `then` write until the peer has gone."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4_096)
            then(connection, request)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_server_that_sends_pings_and_reads_no_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_UNREAD_BYTES", 100_000)
    monkeypatch.setattr(web, "UNREAD_LOOK_S", 0.01)

    def deaf(connection: socket.socket, request: bytes) -> None:
        key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        accept = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n" + accept.encode())
        while True:
            connection.sendall((b"\x89\x7d" + b"x" * 125) * 500)

    async def follow(port: int) -> None:
        async with web.websocket(f"ws://127.0.0.1:{port}", ping_s=None) as connection:
            await connection.receive()

    with raw_server(deaf) as port, pytest.raises(Disconnected, match="cut"):
        run_async(follow(port))


def test_interim_answers_without_an_end_are_given_up() -> None:
    def endless(connection: socket.socket, _request: bytes) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    with (
        raw_server(endless) as port,
        http_call.HttpApi(f"http://127.0.0.1:{port}") as api,
        pytest.raises(Disconnected, match="interim"),
    ):
        api.call("GET", "/", {})


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("expression", ["concat(x)", "to_string(x)", "x == y && 'a' || 'b'"])
def test_a_message_that_is_almost_too_deep_to_be_read_is_refused(expression: str, open_: str, close: str) -> None:
    rules = mapping.compiled([MappingRule({"type": "'custom'", "name": "'x'", "data.text": expression})])
    for levels in (101, 500, *range(960, 1_000)):
        value = open_ * levels + "1" + close * levels
        with pytest.raises(BadInput):
            websocket.decode(rules, "feed", f'{{"x": {value}, "y": {value}}}')
