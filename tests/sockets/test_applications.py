"""Programs at the ingest: messages, commands with deadlines, and invalid input."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from actors import tokens
from actors.producers import app_socket
from tests.sockets.actors import CORE, KILL, Actors
from tests.support import SLOWNESS, Pipeline, eventually

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "assistant.py"
WAIT_S = 10 * SLOWNESS
FOLLOW = {"type": "follow", "payload": {"user": "Ada"}}


@pytest.fixture(scope="module")
def shared() -> Iterator[Actors]:
    """One pipeline for all tests that do not change its state."""
    with Actors() as actors:
        actors.start(*CORE)
        actors.flow()
        yield actors


@pytest.fixture
def programs(shared: Actors) -> Iterator[list[Program]]:
    opened: list[Program] = []
    yield opened
    for program in opened:
        with suppress(OSError):  # closed already
            program.socket.socket.shutdown(socket.SHUT_RDWR)
        program.socket.close()


class Program:
    """A program of a test."""

    def __init__(self, actors: Actors, query: str = "", header: str | None = None, **options: Any) -> None:
        headers = {} if header is None else {"Authorization": f"Bearer {header}"}
        connection = websockets.sync.client.connect(
            f"ws://127.0.0.1:{actors.ingest_port}/app{query}",
            additional_headers=headers,
            open_timeout=WAIT_S,
            **options,
        )
        self.socket = connection.__enter__()  # left by `close`

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.socket.recv(WAIT_S))
        return message

    def until(self, kind: str) -> dict[str, Any]:
        while (message := self.hear())["type"] != kind:
            pass
        return message

    def close_code(self) -> tuple[int, str]:
        """Return the code and the reason with which the ingest closes the connection."""
        try:
            while True:
                self.socket.recv(WAIT_S)
        except ConnectionClosed as error:
            return (error.rcvd.code, error.rcvd.reason) if error.rcvd else (0, "")


def join(
    actors: Actors, programs: list[Program], name: str, commands: tuple[str, ...] = ("stop_tts",), **fields: Any
) -> Program:
    program = Program(actors)
    programs.append(program)
    program.say(type="hello", token=actors.tokens.ingest, name=name, commands=commands, **fields)
    assert program.hear() == {"type": "welcome", "name": name}
    return program


def states(actors: Actors, name: str) -> list[dict[str, Any]]:
    """Return the states of an application that overlays have received, in order."""
    found = [msgspec.msgpack.decode(event.payload) for event in actors.poll() if event.type == "application"]
    return [payload for payload in found if payload["application"] == name]


def shows(actors: Actors, name: str, **fields: Any) -> None:
    """Wait until the last state has these fields; None is a field that has its default."""
    eventually(lambda: (found := states(actors, name)) and all(found[-1].get(k) == v for k, v in fields.items()), 10)


def order(actors: Actors, name: str, **body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {actors.tokens.ingest}"}
    return actors.request("POST", f"/app/{name}/command", json.dumps(body).encode(), headers)


def ordered(actors: Actors, name: str, **body: Any) -> tuple[threading.Thread, list[tuple[int, dict[str, Any]]]]:
    """Send a command beside the test; the list gets its answer."""
    answers: list[tuple[int, dict[str, Any]]] = []
    thread = threading.Thread(target=lambda: answers.append(order(actors, name, **body)), daemon=True)
    thread.start()
    return thread, answers


def counted(actors: Actors, name: str) -> float:
    """Return a counter of the applications, as the last heartbeat had it."""
    return actors.stats("ingest").get(name, 0)


# Status


STATUSES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"status": "starting"}),
    ({"ready": True}, {"status": "ready"}),
    ({"ready": True, "wake_word": True}, {"status": "wake_word"}),
    ({"listening": True, "wake_word": True}, {"status": "listening"}),
    ({"listening": True, "speaking": True, "text": "Hello"}, {"status": "speaking", "detail": "Hello"}),
    ({"monitoring": True}, {"status": "starting", "monitoring": True}),
    ({"visible": False, "unknown": [1]}, {"status": "starting", "visible": False}),
    ({"text": "ä" * 600}, {"status": "starting", "detail": "ä" * 500}),
]


@pytest.mark.parametrize("number", range(len(STATUSES)))
def test_a_status_becomes_a_state(shared: Actors, programs: list[Program], number: int) -> None:
    data, expected = STATUSES[number]
    program = join(shared, programs, f"status-{number}", title="T")
    program.say(type="status", data=data)
    shows(shared, f"status-{number}", title="T", commands=["stop_tts"], connected=None, **expected)


def test_fields_left_out_of_a_status_keep_their_values_and_a_disconnect_is_shown(
    shared: Actors, programs: list[Program]
) -> None:
    program = join(shared, programs, "partial", title="Partial")
    program.say(type="status", data={"ready": True, "text": "one"})
    program.say(type="status", data={"speaking": True})
    shows(shared, "partial", status="speaking", detail="one")
    program.say(type="commands", commands=["wave"])
    shows(shared, "partial", status="speaking", commands=["wave"])
    program.socket.close()
    shows(shared, "partial", status="gone", connected=False, title="Partial", commands=None, detail=None)


# Events


def test_an_event_is_answered_with_its_id_or_with_a_refusal(shared: Actors, programs: list[Program]) -> None:
    program = join(shared, programs, "events")
    program.say(type="event", event=KILL | {"id": "app-kill"}, ref="a")
    assert program.hear() == {"type": "result", "ref": "a", "ok": True, "id": "app-kill"}
    eventually(lambda: "app-kill" in [event.id for event in shared.logged()])
    program.say(type="event", event=FOLLOW, ref="b")
    assert program.hear()["ok"]
    for event, where in [
        ({"type": "folow", "payload": {}}, "$.type"),
        ({"type": "follow", "payload": {"user": 1}}, "$.payload.user"),
        ([FOLLOW], "$.event"),
        (7, "$.event"),
    ]:
        program.say(type="event", event=event, ref="c")
        answer = program.hear()
        assert (answer["ok"], answer["ref"], answer["again"]) == (False, "c", False)
        assert where in answer["error"]


# Commands


def test_a_command_is_answered_by_its_program(shared: Actors, programs: list[Program]) -> None:
    program = join(shared, programs, "answers", ("stop_tts", "wave"))
    for name, args, reply, expected in [
        ("stop_tts", {}, {"text": "stopped"}, {"ok": True, "answered": True, "text": "stopped"}),
        ("wave", {"hand": ["left"]}, {"ok": False, "text": "no"}, {"ok": False, "answered": True, "text": "no"}),
        ("wave", {}, {"text": "x" * 600}, {"ok": True, "answered": True, "text": "x" * 500}),
    ]:
        thread, answers = ordered(shared, "answers", command=name, args=args)
        command = program.until("command")
        assert (command["command"], command["args"], command["deadline_ms"]) == (name, args, 5000)
        program.say(type="answer", id=command["id"], **reply)
        thread.join(WAIT_S)
        assert answers == [(200, expected)]
    eventually(lambda: "command=wave by=http result=failed" in shared.errors("ingest"))


def test_invalid_commands_are_refused_at_once(shared: Actors, programs: list[Program]) -> None:
    join(shared, programs, "refuses")
    deep: Any = {}
    for _ in range(20):
        deep = {"x": deep}
    for name, body, status, text in [
        ("nothing-here", {"command": "stop_tts"}, 404, "no application nothing-here is connected"),
        ("refuses", {"command": "wave"}, 400, "refuses does not accept wave; it accepts: stop_tts"),
        ("refuses", {"command": "%s\n"}, 400, "$.command"),
        ("refuses", {}, 400, "command"),
        ("refuses", {"command": "stop_tts", "deadline_ms": 99}, 400, "$.deadline_ms"),
        ("refuses", {"command": "stop_tts", "args": deep}, 400, "$.args"),
        ("refuses", {"command": "stop_tts", "by": "a b"}, 400, "$.by"),
        ("refuses", {"command": "stop_tts", "args": {"x": "y" * 20_000}}, 413, "at most 16384"),
    ]:
        got, answer = order(shared, name, **body)
        assert (got, text in answer["error"]) == (status, True), answer
    assert shared.request("POST", "/app/refuses/command", b"{}")[0] == 401


def test_an_unanswered_command_ends_at_its_deadline(shared: Actors, programs: list[Program]) -> None:
    program = join(shared, programs, "silent")
    status, answer = order(shared, "silent", command="stop_tts", deadline_ms=100)
    assert (status, answer["error"]) == (504, "silent did not answer stop_tts within 100 ms")
    late = program.until("command")
    program.say(type="answer", id=late["id"])
    assert "no command" in program.until("error")["error"]
    thread, answers = ordered(shared, "silent", command="stop_tts", deadline_ms=30_000)
    program.until("command")
    program.socket.close()
    thread.join(WAIT_S)
    assert answers == [(404, {"error": "silent disconnected before it answered"})]


def test_waiting_commands_are_bounded(shared: Actors, programs: list[Program]) -> None:
    program = join(shared, programs, "busy")
    asked = [ordered(shared, "busy", command="stop_tts", deadline_ms=30_000) for _ in range(16)]
    waiting = [program.until("command") for _ in range(16)]
    status, answer = order(shared, "busy", command="stop_tts")
    assert (status, answer["error"]) == (429, "16 commands wait for an answer of busy")
    for command in waiting:
        program.say(type="answer", id=command["id"])
    for thread, answers in asked:
        thread.join(WAIT_S)
        assert answers[0][0] == 200
    codes = {order(shared, "busy", command="stop_tts", deadline_ms=100)[0] for _ in range(3)}
    assert codes <= {429, 504}


def test_a_flood_of_commands_is_refused(shared: Actors, programs: list[Program]) -> None:
    program = Program(shared, "?name=flooded", shared.tokens.ingest)
    programs.append(program)
    assert program.until("welcome")["name"] == "flooded"
    codes = [order(shared, "flooded", command="stop_tts")[0] for _ in range(200)]
    assert codes[:20] == [200] * 20
    assert 429 in codes


def test_a_program_commands_another(shared: Actors, programs: list[Program]) -> None:
    target, asking = join(shared, programs, "target", ("dance",)), join(shared, programs, "asking", ("sing",))
    for message in ({"command": "dance"}, {"command": "dance", "application": "target"}):
        asking.say(type="command", ref="r", **message)
        command = target.until("command")
        target.say(type="answer", id=command["id"], text="done")
        assert asking.until("result") == {"type": "result", "ref": "r", "ok": True, "answered": True, "text": "done"}
    asking.say(type="command", command="sing", ref="s")
    assert asking.until("result")["error"].startswith("0 applications accept sing")


# Clients of the older shapes


def test_an_older_client_needs_no_hello_and_sends_no_answers(shared: Actors, programs: list[Program]) -> None:
    program = Program(shared, "?name=older", shared.tokens.ingest)
    programs.append(program)
    program.until("welcome")
    program.say(type="status", data={"ready": True, "listening": True, "extra": {"a": 1}})
    shows(shared, "older", status="listening", commands=["toggle_monitoring", "stop_tts"])
    assert order(shared, "older", command="toggle_monitoring") == (200, {"ok": True, "answered": False, "text": ""})
    command = program.until("command")
    assert (command["type"], command["command"]) == ("command", "toggle_monitoring")


# Refusals


HELLOS: list[tuple[str, int, str]] = [
    ("", 4502, "truncated"),
    ("{", 4502, "truncated"),
    ("[]", 4502, "Expected `object`"),
    ('{"type":"hullo"}', 4502, "$.type"),
    ('{"type":"status","data":{}}', 4502, "expected a hello first"),
    ('{"type":"hello","token":"T"}', 4502, "name"),
    ('{"type":"hello","token":"T","name":"Upper"}', 4502, "$.name"),
    ('{"type":"hello","token":"T","name":"' + "a" * 33 + '"}', 4502, "$.name"),
    ('{"type":"hello","token":"T","name":"a\\n"}', 4502, "$.name"),
    ('{"type":"hello","token":"T","name":"a","commands":["a b"]}', 4502, "$.commands"),
    ('{"type":"hello","token":"T","name":"a","commands":' + json.dumps(["c"] * 33) + "}", 4502, "$.commands"),
    ('{"type":"hello","token":"T","name":"a","commands":["' + "c" * 65 + '"]}', 4502, "$.commands"),
    ('{"type":"hello","token":"wrong","name":"a"}', 4500, "token"),
    ('{"type":"hello","name":"a"}', 4500, "token"),
    ('{"type":"hello","token":"T","name":"a","title":"' + "x" * 70_000 + '"}', 1009, ""),
    ("[" * 5_000, 4502, ""),
]


@pytest.mark.parametrize(("text", "code", "reason"), HELLOS, ids=range(len(HELLOS)))
def test_an_invalid_first_message_closes_the_connection(shared: Actors, text: str, code: int, reason: str) -> None:
    program = Program(shared)
    program.socket.send(text.replace('"T"', json.dumps(shared.tokens.ingest)))
    got, said = program.close_code()
    assert (got, reason in said) == (code, True), said


def test_invalid_handshakes_are_refused(shared: Actors) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Program(shared, header="wrong")
    assert refused.value.response.status_code == 401
    assert Program(shared, "?name=Bad", shared.tokens.ingest).close_code()[0] == 4502
    assert Program(shared).close_code()[0] == 4501  # it sends no hello
    binary = Program(shared)
    binary.socket.send(b"\x80")
    assert binary.close_code()[0] == 4502


MALFORMED = [
    ("nonsense", ""),
    ('{"type":"status","data":{"listening":"yes"}}', "$.data.listening"),
    ('{"type":"status"}', "data"),
    ('{"type":"status","data":{"text":"\\ud800x"}}', ""),
    ('{"type":"answer","id":"c999"}', "c999"),
    ('{"type":"hello","name":"again"}', "second hello"),
    ('{"type":"event"}', "event"),
    ('{"type":"commands","commands":["../x"]}', "$.commands"),
]


def test_an_invalid_message_is_answered_and_the_connection_stays(shared: Actors, programs: list[Program]) -> None:
    program = join(shared, programs, "garbled")
    for text, part in MALFORMED:
        program.socket.send(text)
        answer = program.hear()
        assert (answer["type"], part in answer["error"]) == ("error", True), answer
    program.say(type="status", data={"ready": True})
    shows(shared, "garbled", status="ready")


def test_a_second_program_of_the_same_name_replaces_the_first(shared: Actors, programs: list[Program]) -> None:
    first = join(shared, programs, "twice", title="first")
    thread, answers = ordered(shared, "twice", command="stop_tts", deadline_ms=30_000)
    first.until("command")
    second = join(shared, programs, "twice", title="second")
    assert first.close_code()[0] == 4505
    thread.join(WAIT_S)
    assert answers[0][0] == 404
    second.say(type="status", data={"ready": True})
    shows(shared, "twice", title="second", status="ready")
    assert "gone" not in [state["status"] for state in states(shared, "twice")]


def test_a_flood_of_messages_is_closed(shared: Actors, programs: list[Program]) -> None:
    program = join(shared, programs, "flood")
    try:
        for _ in range(5_000):
            program.say(type="status", data={})
    except ConnectionClosed:
        pass
    assert program.close_code()[0] == 4029
    shows(shared, "flood", connected=False)


def test_a_program_that_does_not_read_is_disconnected(shared: Actors, programs: list[Program]) -> None:
    before = counted(shared, "application_closed_slow")
    raw = socket.create_connection(("127.0.0.1", shared.ingest_port), timeout=WAIT_S)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    program = Program(shared, "?name=slow", shared.tokens.ingest, sock=raw, max_queue=1)
    programs.append(program)
    shows(shared, "slow", status="starting")
    args = {"long": "x" * 16_000}
    eventually(lambda: order(shared, "slow", command="stop_tts", args=args)[0] == 404, 20)
    eventually(lambda: counted(shared, "application_closed_slow") > before)
    shows(shared, "slow", connected=False)


def test_programs_are_bounded(shared: Actors) -> None:
    opened: list[Program] = []
    try:
        for number in range(64):
            join(shared, opened, f"many-{number}")
        more = Program(shared)
        opened.append(more)
        more.say(type="hello", token=shared.tokens.ingest, name="one-more")
        assert more.close_code()[0] == 4030
        join(shared, opened, "many-0")  # one that replaces another is no more
    finally:
        for program in opened:
            program.socket.close()
    eventually(lambda: counted(shared, "applications") == 0, 10)


# Deaths


def test_connections_without_a_hello_do_not_count_as_programs(shared: Actors, programs: list[Program]) -> None:
    silent = [Program(shared) for _ in range(80)]
    programs.extend(silent)
    program = Program(shared)
    programs.append(program)
    program.say(type="hello", token=shared.tokens.ingest, name="late")
    assert program.hear() == {"type": "welcome", "name": "late"}


def test_connections_that_do_not_answer_their_end_do_not_stay(shared: Actors) -> None:
    """They are ended for a first message that is no hello; a program without a token could fill the table of files."""
    host = f"127.0.0.1:{shared.ingest_port}"
    no_hello = b"\x81\x82" + bytes(4) + b"{}"
    handshake = (
        f"GET /app HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    ingest = psutil.Process(shared.processes["ingest"].pid)
    before, rude = ingest.num_fds(), []
    try:
        for _ in range(3 * app_socket.SOCKETS):
            connection = socket.create_connection(("127.0.0.1", shared.ingest_port), 10 * SLOWNESS)
            rude.append(connection)
            connection.sendall(handshake + no_hello)
            received = b""
            while b"\x88" not in received:  # the first byte of a close frame
                received += connection.recv(4096) or pytest.fail(f"ended after {received!r}")
        assert ingest.num_fds() < before + 2 * app_socket.SOCKETS
    finally:
        for connection in rude:
            connection.close()


def test_connections_that_break_during_the_handshake_take_no_place(shared: Actors, programs: list[Program]) -> None:
    host = f"127.0.0.1:{shared.ingest_port}"
    handshake = (
        f"GET /app HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    before = counted(shared, "requests")
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", shared.ingest_port)) as broken:
            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, at once
            broken.sendall(handshake)
    eventually(lambda: counted(shared, "requests") > before, 10)
    join(shared, programs, "after-breaks")
    assert "Traceback" not in shared.errors("ingest")


def test_a_program_with_a_foreign_host_is_refused(shared: Actors) -> None:
    status, answer = shared.request("GET", "/app", headers={"Host": "evil.test"})
    assert (status, "gateway.allowed_hosts" in answer["error"]) == (421, True)


def test_after_a_kill_of_the_ingest_a_program_reconnects_or_is_gone() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        actors.flow()
        lost = Program(actors)
        lost.say(type="hello", token=actors.tokens.ingest, name="lost", title="Lost")
        url = f"ws://127.0.0.1:{actors.ingest_port}/app"
        assistant = subprocess.Popen([sys.executable, str(EXAMPLE), url, actors.tokens.ingest])
        try:
            shows(actors, "assistant", status="listening", monitoring=True)
            shows(actors, "lost", status="starting")
            actors.kill("ingest")
            assert lost.close_code() == (0, "")
            before = len(states(actors, "assistant"))
            actors.start("ingest")
            eventually(lambda: len(states(actors, "assistant")) > before, 20)
            shows(actors, "assistant", status="listening", connected=None)
            assert order(actors, "assistant", command="toggle_monitoring")[1]["text"] == "monitoring off"
            shows(actors, "assistant", status="ready", monitoring=None)
            eventually(lambda: states(actors, "lost")[-1].get("connected") is False, 30)
        finally:
            assistant.terminate()
            assistant.wait()
        shows(actors, "assistant", connected=False)


# From a dashboard


def test_a_dashboard_commands_a_program_through_gateway_and_ingest() -> None:
    with Pipeline() as pipeline:
        pipeline.start()
        url = f"ws://127.0.0.1:{pipeline.ingest_port}/app"
        with websockets.sync.client.connect(f"ws://127.0.0.1:{pipeline.gateway_port}/ws") as desk:

            def said(kind: str) -> dict[str, Any]:
                while (message := json.loads(desk.recv(WAIT_S)))["t"] != kind:
                    pass
                found: dict[str, Any] = message
                return found

            def ask(**args: Any) -> dict[str, Any]:
                desk.send(json.dumps({"t": "command", "id": "c", "name": "application", "args": args}))
                return said("result")

            hello = {"t": "hello", "version": 2, "overlay_id": "desk", "role": "dashboard", "format": "json"}
            desk.send(json.dumps(hello | {"token": pipeline.tokens.control}))
            said("welcome")
            assistant = subprocess.Popen([sys.executable, str(EXAMPLE), url, pipeline.tokens.ingest])
            try:
                while "application" not in (event["type"] for event in said("frame")["events"]):
                    pass
                assert ask(application="assistant", command="stop_tts")["ok"]
                answer = ask(application="assistant", command="toggle_monitoring")
                assert (answer["ok"], answer["answered"], answer["text"]) == (True, True, "monitoring off")
                for args, error in [
                    ({"application": "assistant", "command": "wave"}, "assistant does not accept wave"),
                    ({"application": "nothing", "command": "wave"}, "no application nothing is connected"),
                    ({"application": "../events", "command": "wave"}, "$.application"),
                    ({"application": "assistant", "command": "stop_tts", "deadline_ms": 1}, "$.deadline_ms"),
                ]:
                    answer = ask(**args)
                    assert (answer["ok"], error in answer["error"]) == (False, True), answer
            finally:
                assistant.terminate()
                assistant.wait()
        assert (
            "command=toggle_monitoring by=dashboard result=ok" in (pipeline.run_dir / "log" / "ingest.log").read_text()
        )


def test_a_silent_program_is_closed_when_its_token_is_revoked(shared, programs):
    token = tokens.add(shared.run_dir, "assistant", "ingest", None)
    program = Program(shared)
    programs.append(program)
    program.say(type="hello", token=token, name="guest", commands=())
    program.until("welcome")
    tokens.revoke(shared.run_dir, "assistant")
    code, reason = program.close_code()
    assert (code, "the token is wrong" in reason) == (4500, True)


def test_an_expired_token_sends_no_events_and_the_answer_says_so(shared):
    token = tokens.add(shared.run_dir, "old", "ingest", 1_000.0)
    with pytest.raises(InvalidStatus) as refused:
        Program(shared, header=token)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body) == {"error": "the token old has expired"}
