"""The control socket with slow, malformed and foreign clients: its loop must never block."""

from __future__ import annotations

import json
import selectors
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import control, host
from actors.errors import BadInput
from actors.supervision.control import MAX_CLIENTS, ControlServer
from tests.support import SLOWNESS

BIG = "x" * (4 << 20)  # more than any socket buffer holds


class Loop:
    """A control server in a loop of its own, as the supervisor has one."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.asked: list[dict[str, Any]] = []
        self.selector = selectors.DefaultSelector()
        self.server = ControlServer(run_dir, self.selector, self.answer)
        self.reader, self.writer = socket.socketpair()
        self.selector.register(self.reader, selectors.EVENT_READ, None)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        if request["command"] == "refuse":
            raise BadInput("this is refused")
        return {"ok": True, "command": request["command"], "big": BIG if request["command"] == "big" else ""}

    def run(self) -> None:
        while True:
            for key, mask in self.selector.select():
                if key.data is None:
                    return
                current = self.selector.get_map().get(key.fd)
                if current is not None and current.fileobj is key.fileobj:
                    current.data(mask)

    def close(self) -> None:
        self.writer.close()
        self.thread.join()
        self.server.close()
        self.server.close_connections()
        self.reader.close()
        self.selector.close()


@pytest.fixture
def loop(run_dir) -> Iterator[Loop]:
    loop = Loop(run_dir)
    try:
        yield loop
    finally:
        loop.close()


def raw(loop: Loop) -> socket.socket:
    return host.control_connection(loop.run_dir, 5.0)


def lines_of(client: socket.socket) -> list[dict[str, Any]]:
    """Return everything that comes until the other end closes."""
    with client, client.makefile("rb") as file:
        return [json.loads(line) for line in file]


def test_a_request_and_its_answer_are_one_line_each(loop):
    assert control.request(loop.run_dir, "status", 5 * SLOWNESS)["command"] == "status"


def test_requests_of_a_connection_are_answered_in_order(loop):
    client = raw(loop)
    client.sendall(b"".join(b'{"command":"c%d"}\n' % number for number in range(500)))
    client.shutdown(socket.SHUT_WR)
    assert [answer["command"] for answer in lines_of(client)] == [f"c{number}" for number in range(500)]


def test_a_request_may_arrive_byte_by_byte(loop):
    client = raw(loop)
    for byte in b'{"command":"slow"}\n':
        client.sendall(bytes([byte]))
    assert json.loads(client.makefile("rb").readline())["command"] == "slow"
    client.close()


def test_a_refusal_of_the_supervisor_reaches_the_caller_as_text(loop):
    with pytest.raises(BadInput, match="this is refused"):
        control.request(loop.run_dir, "refuse")


@pytest.mark.parametrize(
    "garbage", [b"\n", b"{\n", b"[]\n", b"null\n", b'{"command":1}\n', b"\xff\xfe\n", b"[" * 9000 + b"\n"]
)
def test_malformed_requests_are_answered_with_an_error_and_the_connection_stays(loop, garbage):
    client = raw(loop)
    client.sendall(garbage + b'{"command":"after"}\n')
    client.shutdown(socket.SHUT_WR)
    error, answer = lines_of(client)
    assert error["ok"] is False
    assert "command" in error["error"] or "JSON" in error["error"]
    assert answer["command"] == "after"


def test_an_endless_line_closes_the_connection(loop):
    client = raw(loop)
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        client.sendall(b"x" * (64 << 20))
    client.close()
    assert control.request(loop.run_dir, "status", 5 * SLOWNESS)["ok"]


def test_a_client_that_does_not_read_delays_no_other_and_receives_all_later(loop):
    client = raw(loop)
    client.sendall(b'{"command":"big"}\n' * 3)
    assert control.request(loop.run_dir, "status", 5 * SLOWNESS)["ok"]
    client.shutdown(socket.SHUT_WR)
    assert [len(answer["big"]) for answer in lines_of(client)] == [len(BIG)] * 3


def test_a_client_that_disconnects_during_a_request_affects_no_other(loop):
    for _ in range(8):
        client = raw(loop)
        client.sendall(b'{"command":"big"}\n')
        client.close()
    assert control.request(loop.run_dir, "status", 5 * SLOWNESS)["ok"]


def test_above_the_maximum_the_oldest_connection_is_closed(loop):
    clients = [raw(loop) for _ in range(MAX_CLIENTS + 5)]
    assert control.request(loop.run_dir, "status", 5 * SLOWNESS)["ok"]
    assert clients[0].recv(1) == b""
    for client in clients:
        client.close()


def test_the_socket_is_private_to_the_user(loop):
    assert stat.S_IMODE((loop.run_dir / "control.sock").stat().st_mode) == 0o600


def test_another_user_is_refused(loop, monkeypatch):
    monkeypatch.setattr(host, "is_ours", lambda _connection: False)
    with pytest.raises(control.NotRunning):
        control.request(loop.run_dir, "stop")
    assert loop.asked == []


def test_a_missing_supervisor_is_reported(run_dir):
    with pytest.raises(control.NotRunning, match="no pipeline is running with run_dir"):
        control.request(run_dir, "status", 5 * SLOWNESS)
