"""The same conversation over WebSocket, server-sent events and long polling: what an overlay receives is the same."""

from __future__ import annotations

import http.client
import json
import multiprocessing.connection
import socket
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from actors.gateway.connections import UNMET_PER_ADDRESS
from actors.gateway.transports.poll import PollTransport
from actors.gateway.transports.sessions import Session, Sessions
from tests.sockets.gateway_rig import Client, Rig, loose
from tests.support import SLOWNESS, eventually, run_async

TRANSPORTS = ("websocket", "sse", "poll")
WITHIN_S = 10 * SLOWNESS


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    rig = Rig("gateway.heartbeat_s=0.2")
    yield rig
    rig.close()


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    made: list[Peer] = []
    yield made
    for peer in made:
        peer.close()


def hello(rig: Rig, **fields: Any) -> dict[str, Any]:
    usual = {"t": "hello", "token": rig.tokens.display, "overlay_id": "test", "resume": None, "format": "json"}
    return usual | fields


def post(rig: Rig, path: str, body: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, data)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


class Peer:
    """An overlay on one transport: `next` returns a message, or raises Ended."""

    def next(self) -> dict[str, Any]:
        raise NotImplementedError

    def say(self, message: dict[str, Any]) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def until(self, kind: str) -> dict[str, Any]:
        while (message := self.next())["t"] != kind:
            pass
        return message

    def rest(self) -> list[int]:
        """Return the positions that the gateway had sent when it died."""
        seen: list[int] = []
        try:
            while True:
                events = self.next().get("events", [])
                seen += [event["position"] for event in events if event.get("position")]
        except Ended:
            return seen

    def listen(self) -> None:
        """Return when a message of the gateway would reach this overlay."""

    def positions(self, last: int) -> list[int]:
        seen: list[int] = []
        while not seen or seen[-1] < last:
            seen += [event["position"] for event in self.until("frame")["events"] if event.get("position")]
        return seen


class Ended(Exception):
    """The gateway ended the conversation; the code is the argument."""


class WebSocketPeer(Peer):
    def __init__(self, rig: Rig, **fields: Any) -> None:
        self._client = Client(rig)
        self._client.hello(**hello(rig, **fields))

    def next(self) -> dict[str, Any]:
        try:
            return self._client.next(WITHIN_S)
        except ConnectionClosed as error:
            raise Ended(error.rcvd.code if error.rcvd else 1006) from error

    def say(self, message: dict[str, Any]) -> None:
        self._client.say(message)

    def close(self) -> None:
        self._client.close()


class SsePeer(Peer):
    def __init__(self, rig: Rig, last: str = "", session: str = "", window: int = 0, **fields: Any) -> None:
        self.rig, self.ids = rig, [last]
        if not session:
            status, answer = post(rig, "/sse", hello(rig, **fields))
            if status != 200:
                raise Ended(answer["close"]["code"])
            session = answer["session"]
        self.session = session
        self._socket = socket.socket()
        if window:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._socket.settimeout(WITHIN_S)
        self._socket.connect(("127.0.0.1", rig.port))
        given = f"Last-Event-ID: {last}\r\n" if last else ""
        request = f"GET /sse?session={session} HTTP/1.1\r\nHost: 127.0.0.1:{rig.port}\r\n{given}\r\n"
        self._socket.sendall(request.encode())
        self._lines = self._socket.makefile("rb")
        self.head = list(iter(self._line, ""))

    def _line(self) -> str:
        line = self._lines.readline()
        if not line:
            raise Ended(1006)
        return line.decode().rstrip("\r\n")

    def next(self) -> dict[str, Any]:
        fields = dict(line.partition(": ")[::2] for line in iter(self._line, ""))
        message: dict[str, Any] = json.loads(fields["data"])
        if fields.get("event") == "close":
            raise Ended(message["code"])
        self.ids += [fields["id"]] if "id" in fields else []
        return message

    def say(self, message: dict[str, Any]) -> None:
        assert post(self.rig, "/say", {"session": self.session, "messages": [message]})[0] == 204

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


class PollPeer(Peer):
    def __init__(self, rig: Rig, **fields: Any) -> None:
        self.rig, self.session = rig, ""
        self._connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60)
        self._came: deque[dict[str, Any]] = deque()
        self._asked = False
        self._ask([hello(rig, **fields)])

    def _request(self, messages: list[dict[str, Any]]) -> None:
        self._connection.request("POST", "/poll", json.dumps({"session": self.session, "messages": messages}))

    def listen(self) -> None:
        self._request([])
        self._asked = True
        assert self.rig.get("/healthz")[0] == 200  # earlier messages have been read

    def _ask(self, messages: list[dict[str, Any]]) -> None:
        try:
            if not self._asked:
                self._request(messages)
            self._asked = False
            answer = json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException) as error:
            raise Ended(1006) from error
        self.session = answer["session"]
        self._came += answer["messages"]
        if answer["close"]:
            self._came.append({"t": "close"} | answer["close"])

    def next(self) -> dict[str, Any]:
        while not self._came:
            self._ask([])
        message = self._came.popleft()
        if message["t"] == "close":
            raise Ended(message["code"])
        return message

    def say(self, message: dict[str, Any]) -> None:
        assert post(self.rig, "/say", {"session": self.session, "messages": [message]})[0] == 204

    def close(self) -> None:
        self._connection.close()


KINDS = {"websocket": WebSocketPeer, "sse": SsePeer, "poll": PollPeer}


@pytest.fixture(params=TRANSPORTS)
def kind(request: Any) -> type[Peer]:
    return KINDS[request.param]


def test_a_new_overlay_starts_at_the_top_and_receives_live_frames(shared, peers, kind):
    shared.send(2)
    shared.settled()
    peers.append(peer := kind(shared))
    welcome = peer.until("welcome")
    assert (welcome["mode"], welcome["position"], welcome["epoch"]) == ("snapshot", shared.top, shared.epoch)
    for _ in range(3):
        shared.send(2)
        assert peer.positions(shared.top) == [shared.top - 1, shared.top]


def test_a_reconnected_overlay_receives_all_missed_events_once_and_in_order(shared, peers, kind):
    before = shared.top
    shared.send(1_500, size=100)  # more than the ring holds, and more than a page
    peers.append(peer := kind(shared, resume={"epoch": shared.epoch, "position": before}))
    assert peer.until("welcome")["mode"] == "resume"
    assert peer.positions(shared.top) == list(range(before + 1, shared.top + 1))
    shared.send()
    assert peer.positions(shared.top) == [shared.top]


def test_cosmetic_and_state_events_are_delivered(shared, peers, kind):
    shared.flood(loose("s1", "state", "score", key="score"))
    eventually(lambda: shared.metric("retained_states"))
    peers.append(peer := kind(shared))
    assert [event["id"] for event in peer.until("welcome")["state"]] == ["s1"]
    eventually(lambda: shared.overlays("live") == 1)
    shared.flood(loose("h1"))
    assert [event["id"] for event in peer.until("frame")["events"]] == ["h1"]


def test_a_repeated_hello_restarts_the_conversation(shared, peers, kind):
    shared.send(3)
    peers.append(peer := kind(shared))
    peer.until("welcome")
    peer.say(hello(shared, resume={"epoch": shared.epoch, "position": shared.top - 2}))
    assert peer.until("welcome")["mode"] == "resume"
    assert peer.positions(shared.top) == [shared.top - 1, shared.top]


def test_a_receipt_and_a_ping_are_accepted(shared, peers, kind):
    peers.append(peer := kind(shared, overlay_id=f"drawer-{kind.__name__}"))
    peer.until("welcome")
    shared.send()
    peer.positions(shared.top)
    peer.say({"t": "receipt", "position": shared.top, "fps": 60})
    peer.say({"t": "ping", "client_ts_ms": 12.5})
    assert peer.until("pong")["client_ts_ms"] == 12.5

    def told() -> bool:
        rows = [row for row in shared.status()["clients"] if row["overlay_id"] == f"drawer-{kind.__name__}"]
        return bool(rows) and rows[0]["position"] == shared.top

    eventually(told)


def test_a_wrong_token_is_refused_with_its_code(shared, peers, kind):
    def connect() -> None:
        peers.append(peer := kind(shared, token="wrong"))
        peer.next()

    with pytest.raises(Ended) as ended:
        connect()
    assert ended.value.args == (4500,)


def test_a_display_token_that_sends_a_command_is_closed(shared, peers, kind):
    peers.append(peer := kind(shared))
    peer.until("welcome")
    peer.say({"t": "command", "id": "c", "name": "emit"})
    with pytest.raises(Ended) as ended:
        peer.until("never")
    assert ended.value.args == (4503,)


def test_an_overlay_that_reconnected_before_its_old_stream_ended_is_not_lost(own, peers):
    own.append(rig := Rig())
    old = SsePeer(rig)
    old.until("welcome")
    peers.append(new := SsePeer(rig))
    new.until("welcome")
    old.close()
    eventually(lambda: rig.metric("connections") == 1)
    assert rig.status()["lost"] == []
    new.close()
    eventually(lambda: len(rig.status()["lost"]) == 1)


@pytest.mark.parametrize("page", [SsePeer, PollPeer])
@pytest.mark.parametrize("stream_first", [False, True])
def test_a_page_that_says_it_leaves_is_closed_and_not_lost(own, page, stream_first):
    own.append(rig := Rig())
    overlay = page(rig)
    overlay.until("welcome")
    if page is PollPeer:
        overlay.listen()
    if stream_first:
        overlay.close()
        eventually(lambda: not rig.metric("connections"))
    assert post(rig, "/say", {"session": overlay.session, "leaving": True})[0] == 204
    eventually(lambda: [one["closed"] for one in rig.status()["lost"]] == [True])
    assert rig.status()["lost"][0]["reason"] == "the page was closed"
    assert not rig.metric("lost_overlays")
    assert rig.status()["refused"] == []
    overlay.close()


def test_a_wrong_token_is_counted_and_its_overlay_listed(own, kind):
    own.append(rig := Rig())
    with pytest.raises(Ended) as ended:
        kind(rig, token="wrong", overlay_id="old").next()
    assert ended.value.args == (4500,)
    assert rig.metric("auth_failures_total") == 1
    assert [(one["overlay_id"], one["code"]) for one in rig.status()["refused"]] == [("old", 4500)]


def test_ended_connections_are_removed(own, kind):
    own.append(rig := Rig())
    peer = kind(rig)
    peer.until("welcome")
    assert rig.metric("connections") == 1
    peer.listen()
    peer.close()
    eventually(lambda: rig.metric("connections") == 0)


def test_a_stopping_gateway_closes_with_4000(own, peers, kind):
    own.append(rig := Rig())
    peers.append(peer := kind(rig))
    peer.until("welcome")
    peer.listen()
    stopping = threading.Thread(target=rig.stop)
    stopping.start()
    with pytest.raises(Ended) as ended:
        peer.until("never")
    stopping.join()
    assert ended.value.args == (4000,)


def test_a_poll_between_two_requests_learns_that_the_gateway_stops(own, peers):
    own.append(rig := Rig())
    peers.append(peer := PollPeer(rig))
    peer.until("welcome")
    stopping = threading.Thread(target=rig.stop)
    stopping.start()
    eventually(lambda: rig.get("/healthz")[0] == 0)
    with pytest.raises(Ended) as ended:
        peer.until("never")
    stopping.join()
    assert ended.value.args == (4000,)


def test_a_gateway_killed_under_load_loses_and_repeats_no_event(own, peers, kind):
    own.append(rig := Rig())
    seen: list[int] = []
    place = {"epoch": rig.epoch, "position": 0}
    for _ in range(3):
        peer = kind(rig, resume=place | {"position": seen[-1] if seen else 0})
        peers.append(peer)
        target = rig.top + 40
        for _ in range(20):
            rig.send(2)
        while not seen or seen[-1] < target - 10:
            seen += [event["position"] for event in peer.until("frame")["events"] if event.get("position")]
        rig.kill()
        seen += peer.rest()
        rig.send(5)
        rig.start()
    peers.append(peer := kind(rig, resume=place | {"position": seen[-1]}))
    rig.send()
    while seen[-1] < rig.top:
        seen += [event["position"] for event in peer.until("frame")["events"] if event.get("position")]
    assert seen == list(range(1, rig.top + 1))


# Server-sent events


def test_event_ids_are_positions_and_last_event_id_resumes(shared, peers):
    shared.settled()
    peers.append(first := SsePeer(shared))
    first.until("welcome")
    assert first.ids[-1] == f"{shared.epoch}:{shared.top}"
    assert "Content-Type: text/event-stream" in first.head
    shared.send(2)
    first.positions(shared.top)
    assert first.ids[-1] == f"{shared.epoch}:{shared.top}"
    first.close()
    shared.send(3)
    peers.append(second := SsePeer(shared, last=first.ids[-1], session=first.session))
    assert second.until("welcome")["mode"] == "resume"
    assert second.positions(shared.top) == [shared.top - 2, shared.top - 1, shared.top]


def test_a_second_stream_of_a_session_replaces_the_first(shared, peers):
    peers.append(first := SsePeer(shared))
    first.until("welcome")
    peers.append(second := SsePeer(shared, session=first.session))
    second.until("welcome")
    with pytest.raises(Ended) as ended:
        first.until("never")
    assert ended.value.args == (4000,)
    shared.send()
    assert second.positions(shared.top) == [shared.top]


def test_a_slow_reader_affects_no_other_and_receives_all_events(own, peers):
    own.append(rig := Rig("gateway.client_buffer_bytes=65536", "gateway.socket_buffer_bytes=8192"))
    peers.append(quick := WebSocketPeer(rig))
    quick.until("welcome")
    peers.append(slow := SsePeer(rig, window=4096, overlay_id="slow"))
    slow.until("welcome")
    stuck = 0
    while stuck < 5:
        rig.flood(*(loose("flood", size=4_000) for _ in range(4)))
        events = rig.send(2, size=500)
        assert quick.positions(events[-1].position) == [event.position for event in events]
        stuck = stuck + 1 if rig.overlays("catchup") else 0
    row = next(row for row in rig.status()["clients"] if row["overlay_id"] == "slow")
    assert (row["state"], row["transport"]) == ("catchup", "sse")
    assert row["pending_bytes"] < 200_000
    assert slow.positions(rig.top) == list(range(1, rig.top + 1))


REFUSED = [
    ("/sse", b"{", 400, "truncated"),
    ("/sse", b"\xff", 400, ""),
    ("/sse", b'{"t":"ping","client_ts_ms":1}', 400, "hello"),
    ("/sse", b" " * 5_000, 413, "4096"),
    ("/poll", b"[]", 400, "object"),
    ("/poll", b"[" * 4_000, 400, ""),
    ("/poll", b" " * 9_000, 413, "8192"),
    ("/poll", b'{"messages":["\xff\xfe"]}', 400, "malformed body"),
    ("/poll", json.dumps({"messages": [{}] * 17}).encode(), 400, "16"),
    ("/say", b'{"session":"x","messages":[]}', 404, "session"),
]


@pytest.mark.parametrize(("path", "body", "status", "word"), REFUSED)
def test_invalid_bodies_are_refused_with_a_reason(shared, path, body, status, word):
    got, answer = post(shared, path, body)
    assert got == status
    assert word in answer["error"]


@pytest.mark.parametrize("query", ["", "?session=", "?session=unknown"])
def test_a_stream_needs_a_session(shared, query):
    assert shared.request(f"/sse{query}")[0] == 404


def test_a_malformed_last_event_id_is_refused(shared):
    session = post(shared, "/sse", hello(shared))[1]["session"]
    assert shared.request(f"/sse?session={session}", {"Last-Event-ID": "x"})[0] == 400


# Long polling


def test_a_poll_before_its_hello_is_closed(shared):
    answer = post(shared, "/poll", {"messages": [{"t": "ping", "client_ts_ms": 1}]})[1]
    assert answer["close"]["code"] == 4502


def test_polls_without_a_hello_are_bounded_per_address(own):
    own.append(rig := Rig("gateway.hello_s=60"))
    waiting = []
    for _ in range(UNMET_PER_ADDRESS + 5):
        waiting.append(http.client.HTTPConnection("127.0.0.1", rig.port, timeout=60))
        waiting[-1].request("POST", "/poll", "{}")
    # The gateway may read the requests in another order than they were sent in.
    by_socket = {one.sock: one for one in waiting}
    eventually(lambda: len(multiprocessing.connection.wait([*by_socket], 0)) >= 5, 10)
    answers = [
        json.loads(by_socket[one].getresponse().read()) for one in multiprocessing.connection.wait([*by_socket], 0)
    ]
    assert [answer["close"]["code"] for answer in answers if answer["close"]] == [4029] * 5
    assert rig.metric("connections") == UNMET_PER_ADDRESS
    for one in waiting:
        one.close()


def test_an_unknown_session_is_closed_with_4000(shared):
    assert post(shared, "/poll", {"session": "unknown"})[1]["close"]["code"] == 4000


def test_messages_between_two_polls_are_kept(shared, peers):
    peers.append(peer := PollPeer(shared))
    peer.until("welcome")
    peer._came.clear()
    for _ in range(5):
        shared.send(2)
    assert peer.positions(shared.top) == list(range(shared.top - 9, shared.top + 1))


def test_a_lost_answer_is_requested_again(shared, peers):
    peers.append(peer := PollPeer(shared))
    before = peer.until("welcome")["position"]
    shared.send(2)
    peer._ask([])  # as if it never came
    peer._came.clear()
    peer.say(hello(shared, resume={"epoch": shared.epoch, "position": before}))
    assert peer.until("welcome")["position"] == before
    assert peer.positions(shared.top) == [shared.top - 1, shared.top]


def test_a_message_that_waits_for_a_poll_is_shared_with_the_other_overlays():
    async def scenario() -> list[object]:
        transports = [PollTransport(Session(name), Sessions()) for name in "ab"]
        for transport in transports:
            transport.write(memoryview(frame))
        return [data.obj for transport in transports for data, _ in transport._stuck]

    frame = b"a frame,"
    assert all(held is frame for held in run_async(scenario()))


def test_an_overlay_that_stops_polling_is_closed(own):
    own.append(rig := Rig("gateway.lag_close_s=0.5"))
    peer = PollPeer(rig)
    peer.until("welcome")
    peer.close()
    rig.send()
    eventually(lambda: rig.metric("connections") == 0)
    assert rig.metric('closed_total{code="4008",process="gateway-1"') == 1


OPENINGS = {
    "api": lambda rig: ("GET", "/api/status", None, {"Authorization": f"Bearer {rig.tokens.control}"}),
    "sse": lambda rig: ("POST", "/sse", json.dumps(hello(rig)), {}),
    "poll": lambda rig: ("POST", "/poll", json.dumps({"messages": [hello(rig)]}), {}),
}


def test_kept_connections_with_a_right_token_stay_open_when_strangers_take_all_others():
    rig = Rig("gateway.max_clients=2")
    kept: list[http.client.HTTPConnection] = []
    strangers: list[socket.socket] = []

    def ask(method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=5 * SLOWNESS)
        connection.request(method, path, body, headers)
        assert connection.getresponse().read()
        kept.append(connection)
        return connection

    try:
        unknown = ask("GET", "/healthz", None, {})
        opened = {name: ask(*opening(rig)) for name, opening in OPENINGS.items()}
        for _ in range(400):  # more than the gateway accepts
            strangers.append(socket.create_connection(("127.0.0.1", rig.port), 5 * SLOWNESS))
        eventually(lambda: rig.metric("refused_connections_total") > 100)
        assert unknown.sock.recv(1) == b""
        for name, connection in opened.items():
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"ok":true}', name
    finally:
        for connection in (*kept, *strangers):
            connection.close()
        rig.close()
