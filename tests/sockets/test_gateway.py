"""A gateway with a broadcaster and a log of the test: overlays receive all events despite losses."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest
import zmq

from actors import interfaces, tokens
from actors.core.contract.event import Receipt
from actors.core.contract.messages import RenderReceipt
from actors.core.contract.positions import pack
from actors.core.contract.taxonomy import TAXONOMY
from actors.gateway.api import measured
from actors.gateway.bus import MAX_UNSEEN
from actors.gateway.connections import UNMET_PER_ADDRESS
from actors.gateway.fanout import MAX_FILTERS
from tests.sockets.gateway_rig import Client, Rig, loose
from tests.support import SLOWNESS, eventually


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    rig = Rig("gateway.heartbeat_s=0.2")
    yield rig
    rig.close()


@pytest.fixture
def rig(shared: Rig) -> Iterator[Rig]:
    """The gateway that most tests share; positions go on from test to test, overlays do not."""
    yield shared
    shared.leave()


def resume(rig: Rig, position: int) -> dict[str, object]:
    return {"epoch": rig.epoch, "position": position}


# Welcome


def test_a_new_overlay_starts_at_the_top(rig):
    rig.send(2)
    rig.settled()
    overlay = rig.joined()
    welcome = overlay.welcome
    assert (welcome["mode"], welcome["recovered"], welcome["missed"]) == ("snapshot", True, None)
    assert (welcome["epoch"], welcome["position"], welcome["top"]) == (rig.epoch, rig.top, rig.top)
    assert welcome["heartbeat_ms"] == 200
    rig.send()
    assert overlay.positions(rig.top) == [rig.top]


def test_a_reconnected_overlay_receives_what_it_missed(rig):
    before = rig.top
    rig.send(4)
    overlay = rig.joined(resume=resume(rig, before + 1))
    assert (overlay.welcome["mode"], overlay.welcome["recovered"]) == ("resume", True)
    frame = overlay.frame()
    assert (frame["a"], frame["z"], frame["r"], frame.get("s", 0)) == (before + 2, before + 4, True, 0)
    rig.send()
    assert overlay.positions(rig.top) == [rig.top]


def test_another_epoch_is_reported_and_starts_at_the_top(rig):
    rig.send()
    rig.settled()
    welcome = rig.joined(resume={"epoch": "other", "position": 1}).welcome
    assert (welcome["mode"], welcome["recovered"], welcome["missed"]) == ("snapshot", False, None)
    assert welcome["position"] == rig.top


def test_a_position_above_the_top_is_reported_and_starts_at_the_top(rig):
    welcome = rig.joined(resume=resume(rig, rig.top + 7)).welcome
    assert (welcome["mode"], welcome["recovered"], welcome["position"]) == ("snapshot", False, rig.top)


def test_a_position_that_only_the_log_has_yet_is_resumed(rig):
    """Another gateway was faster: the conversation starts at the position of the overlay, without repetition."""
    rig.send()
    rig.commit(2)
    overlay = rig.joined(resume=resume(rig, rig.top))
    assert (overlay.welcome["mode"], overlay.welcome["position"]) == ("resume", rig.top)
    rig.send()
    assert overlay.positions(rig.top) == [rig.top]


def test_a_second_hello_restarts_the_conversation(rig):
    rig.send(3)
    overlay = rig.joined()
    overlay.hello(resume=resume(rig, rig.top - 2))
    assert overlay.until("welcome")["mode"] == "resume"
    assert overlay.positions(rig.top) == [rig.top - 1, rig.top]
    rig.send()
    assert overlay.positions(rig.top) == [rig.top]


def test_the_last_of_several_hellos_counts(rig):
    """The first one needs a read of the log; the second one arrives before its result."""
    rig.send(1_100)  # the ring forgets the beginning
    overlay = Client(rig)
    overlay.hello(resume=resume(rig, 0))
    overlay.hello(resume=resume(rig, rig.top - 1), format="json")
    welcomes = [overlay.until("welcome")]
    while welcomes[-1]["position"] != rig.top - 1:
        welcomes.append(overlay.until("welcome"))
    assert overlay.frame()["last"] == rig.top


def test_retained_state_comes_with_the_welcome(rig):
    rig.flood(loose("s1", "state", "score", key="score"), loose("m1", "state", "player_move", key="move:a"))
    rig.flood(loose("s2", "state", "score", key="score"))
    eventually(lambda: [event["i"] for event in rig.joined().welcome["state"]] == ["s2"])
    state = rig.joined(format="json").welcome["state"]
    assert [(event["id"], event["payload"]["name"]) for event in state] == [("s2", "s2")]
    assert rig.joined(types=["kill"]).welcome["state"] == []


# Frames


def test_a_frame_has_the_same_bytes_as_on_the_bus(rig):
    overlay = rig.joined()
    frame = rig.frame([*rig.commit(2), loose("h")])
    rig.publish(frame)
    while msgspec.msgpack.decode(received := overlay.socket.recv(timeout=5 * SLOWNESS))["t"] == "heartbeat":
        pass
    assert received == msgspec.msgpack.encode(frame)


def test_json_has_long_names(rig):
    overlay = rig.joined(format="json")
    rig.send()
    frame = overlay.frame()
    assert frame["first"] == frame["last"] == frame["top"] == rig.top
    assert frame["events"][0]["payload"]["n"] == rig.top
    assert frame["events"][0]["category"] == "critical"


def test_a_filter_removes_events_and_positions_advance(rig):
    overlay = rig.joined(types=["kill"])
    held_back = rig.metric("filtered_events_total")
    rig.flood(loose("h"))
    rig.send(2, type_="revive")
    frame = overlay.frame()
    assert (frame["a"], frame["z"], frame.get("b", [])) == (rig.top - 1, rig.top, [])
    rig.send(1, type_="kill")
    assert overlay.positions(rig.top) == [rig.top]
    assert rig.metric("filtered_events_total") - held_back >= 3


def test_a_filter_applies_to_replays(rig):
    before = rig.top
    rig.send(2, type_="revive")
    rig.send(1, type_="kill")
    frame = rig.joined(types=["kill"], resume=resume(rig, before)).frame()
    assert (frame["a"], frame["z"], [event["g"] for event in frame["b"]]) == (before + 1, rig.top, [rig.top])


def test_heartbeats_are_sent_during_silence(rig):
    overlay = rig.joined()
    assert overlay.until("heartbeat")["top"] == rig.top
    assert rig.joined(format="json").until("heartbeat")["server_ts_ms"] > 0


# Losses on the bus


def test_a_lost_frame_is_read_from_the_log(rig):
    overlay = rig.joined()
    rig.commit(2)
    rig.send(1)
    assert overlay.positions(rig.top) == [rig.top - 2, rig.top - 1, rig.top]


def test_a_lost_tail_is_read_from_the_log(rig):
    overlay = rig.joined()
    rig.commit(3)
    rig.beat()
    assert overlay.positions(rig.top) == [rig.top - 2, rig.top - 1, rig.top]


def test_a_frame_that_arrives_after_its_repair_is_not_repeated(rig):
    overlay = rig.joined()
    late = rig.frame([*rig.commit(1), loose("beside")])
    rig.send(1)
    assert overlay.positions(rig.top) == [rig.top - 1, rig.top]
    rig.publish(late)
    frame = overlay.frame()
    assert [event["i"] for event in frame["b"]] == ["beside"]
    assert "a" not in frame


def test_frames_of_a_replaced_queue_manager_are_ignored(rig):
    overlay = rig.joined()
    stale = rig.metric("stale_frames_total")
    rig.publish(rig.frame([loose("old")], gen=rig.gen - 1), "best_effort")
    eventually(lambda: rig.metric("stale_frames_total") == stale + 1)
    rig.flood(loose("new"))
    assert [event["i"] for event in overlay.frame()["b"]] == ["new"]


def test_frames_of_another_log_are_ignored(rig):
    overlay = rig.joined()
    rig.publish(rig.frame([loose("foreign")], epoch="other"), "best_effort")
    rig.flood(loose("ours"))
    assert [event["i"] for event in overlay.frame()["b"]] == ["ours"]


def test_garbage_on_the_bus_is_counted(rig):
    overlay = rig.joined()
    bad = rig.metric("bad_bus_messages_total")
    for garbage in (b"", b"\xc1", b"\x80", msgspec.msgpack.encode({"t": "frame"}), b"\x91" * 3000):
        rig.pubs["best_effort"].send(garbage)
    eventually(lambda: rig.metric("bad_bus_messages_total") == bad + 5)
    rig.send()
    assert overlay.positions(rig.top) == [rig.top]


def test_expired_cosmetic_events_are_dropped(rig):
    overlay = rig.joined()
    old_ms = time.time() * 1000 - 5_000
    events = [loose("over"), loose("kept", "state", "toggle", key="toggle:x")]
    rig.publish(rig.frame(events, tick_ts_ms=old_ms))
    assert [event["i"] for event in overlay.frame()["b"]] == ["kept"]


def test_a_lost_state_is_read_from_the_log(rig):
    overlay = rig.joined()
    lost = loose("lost", "state", "toggle", key="toggle:lost")
    rig.frame([lost])  # a number that never comes
    rig.retain(lost)
    rig.flood(loose("next"))
    assert [event["i"] for event in overlay.frame()["b"]] == ["next"]
    rig.beat()
    rig.beat()
    assert [event["i"] for event in overlay.frame()["b"]] == ["lost"]


def test_a_committed_state_without_a_frame_is_read_from_the_log(rig):
    overlay = rig.joined()
    rig.retain(loose("derived", "state", "streak", key="streak:derived"))
    rig.gen += 1  # its queue-manager died right after the commit
    rig.beat()
    assert [event["i"] for event in overlay.frame()["b"]] == ["derived"]


def test_events_of_a_gateway_outage_are_sent_together(rig):
    overlay = rig.joined()
    assert rig.process is not None
    rig.process.send_signal(signal.SIGSTOP)
    for number in range(20):
        rig.flood(loose(f"h{number}"))
    rig.send(2)
    rig.process.send_signal(signal.SIGCONT)
    seen, frames = [], 0
    while len(seen) < 22:
        seen += [event["i"] for event in overlay.frame()["b"]]
        frames += 1
    assert frames < 10
    assert [name for name in seen if name[0] == "h"] == [f"h{number}" for number in range(20)]
    assert [name for name in seen if name[0] == "p"] == [f"p/{rig.top - 1}", f"p/{rig.top}"]


# Messages of overlays


def test_receipts_reach_the_queue_manager(rig):
    inbox = rig.bus.bind(zmq.PULL, interfaces.INBOX)
    rig.send(3)
    rig.settled()  # a receipt covers only what was sent to its overlay
    overlay = rig.joined(overlay_id="drawer")
    first = rig.top - 2
    for position in (first, first + 1, first + 1, first + 2, rig.top + 100):
        overlay.say({"t": "receipt", "position": position, "fps": 60, "warnings": ["fps"], "active": True})
    receipts = []
    while not receipts or receipts[-1].position < rig.top:
        assert inbox.poll(5_000 * SLOWNESS)
        receipts.append(msgspec.msgpack.decode(inbox.recv(), type=Receipt))
    assert len(receipts) <= 2
    assert (receipts[-1].overlay_id, receipts[-1].epoch, receipts[-1].position) == ("drawer", rig.epoch, rig.top)
    client = next(row for row in rig.status()["clients"] if row["overlay_id"] == "drawer")
    assert (client["position"], client["lag"], client["fps"], client["state"]) == (rig.top, 0, 60, "live")
    assert (client["warnings"], client["active"]) == (["fps"], True)
    assert client["receipt_age_s"] >= 0
    inbox.close()


def test_measurements_of_a_page_that_draws_nothing_expire():
    slow = RenderReceipt(position=1, fps=60, latency_p95_ms=900.0)
    assert measured(slow, 59.0) is slow
    assert measured(slow, 61.0) is None
    assert measured(None, 0.0) is None


def test_a_ping_is_answered_with_both_clocks(rig):
    overlay = rig.joined()
    overlay.say({"t": "ping", "client_ts_ms": 12.5})
    pong = overlay.until("pong")
    assert pong["client_ts_ms"] == 12.5
    assert abs(pong["server_ts_ms"] - time.time() * 1000) < 60_000


REFUSED = [
    ("a wrong token", [{"token": "wrong"}], 4500),
    ("an ingest token", [{"token": "INGEST"}], 4500),
    ("an empty token", [{"token": ""}], 4500),
    ("another version", [{"version": 3}], 4504),
    ("a bad overlay_id", [{"overlay_id": "a b"}], 4502),
    ("a bad resume", [{"resume": {"epoch": 1}}], 4502),
]


@pytest.mark.parametrize(("what", "hellos", "code"), REFUSED)
def test_invalid_hellos_are_refused(rig, what, hellos, code):
    overlay = Client(rig)
    for hello in hellos:
        if hello.get("token") == "INGEST":
            hello = {"token": rig.tokens.ingest}
        overlay.hello(**hello)
    assert overlay.closed()[0] == code


@pytest.mark.parametrize("message", ["", "{", "[]", '{"t":"frame"}', "[" * 4000, b"", b"\xc1", b"\x91" * 3000])
def test_a_malformed_message_is_answered_with_a_reason(rig, message):
    overlay = rig.joined()
    overlay.say(message)
    code, reason = overlay.closed()
    assert code == 4502
    assert reason


def test_the_first_message_must_be_a_hello(rig):
    overlay = Client(rig)
    overlay.say({"t": "receipt", "position": 1})
    assert overlay.closed()[0] == 4502


def test_a_large_message_is_refused(rig):
    overlay = rig.joined()
    overlay.say(" " * 4097)
    assert overlay.closed()[0] == 1009


def test_a_display_token_sends_no_commands(rig):
    overlay = rig.joined()
    overlay.say({"t": "command", "id": "c1", "name": "emit", "args": {}})
    assert overlay.closed()[0] == 4503


def test_an_impossible_command_is_answered(rig):
    overlay = rig.joined(token=rig.tokens.control)
    overlay.say({"t": "command", "id": "c1", "name": "fly"})
    answer = overlay.until("result")
    assert (answer["id"], answer["ok"]) == ("c1", False)
    assert "fly" in answer["error"]
    overlay.say({"t": "command", "id": "c2", "name": "emit", "args": {"type": "kill", "payload": {}}})
    answer = overlay.until("result")
    assert (answer["id"], answer["ok"]) == ("c2", False)
    assert "ingest" in answer["error"]


def test_a_command_that_json_cannot_represent_is_answered(rig):
    overlay = rig.joined(token=rig.tokens.control)
    overlay.say(msgspec.msgpack.encode({"t": "command", "id": "c1", "name": "emit", "args": {"type": b"\0"}}))
    answer = overlay.until("result")
    assert (answer["id"], answer["ok"]) == ("c1", False)
    assert rig.joined().welcome


def test_a_hanging_ingest_is_reported_and_affects_no_overlay(rig):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", rig.settings.ingest.port))
        silent.listen()
        overlay = rig.joined(token=rig.tokens.control)
        overlay.say({"t": "command", "id": "c1", "name": "emit", "args": {"type": "kill", "payload": {}}})
        answer = overlay.until("result", 10)
    assert (answer["ok"], "ingest" in answer["error"]) == (False, True)
    assert rig.joined().welcome


def test_invalid_utf8_is_answered(rig):
    overlay = rig.joined()
    overlay.say(b"\x81\xa1t\xa1\xff")
    assert overlay.closed()[0] == 4502


def test_a_flood_of_messages_closes_the_connection(rig):
    overlay, other = rig.joined(), rig.joined()
    overlay.repeat(60, {"t": "ping", "client_ts_ms": 0})
    assert overlay.closed()[0] == 4029
    rig.send()
    assert other.positions(rig.top) == [rig.top]


FRAME_FLOODS = {
    "pings": b"\x89\x80\0\0\0\0" * 500,
    "pongs": b"\x8a\x80\0\0\0\0" * 500,
    "fragments": b"\x01\x81\0\0\0\0[" + b"\x00\x81\0\0\0\0[" * 500,
    "empty fragments": b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 500,
}


@pytest.mark.parametrize("kind", FRAME_FLOODS)
@pytest.mark.parametrize("greeted", [True, False])
def test_a_flood_of_frames_that_are_no_messages_closes_the_connection(rig, kind, greeted):
    overlay, other = rig.joined() if greeted else Client(rig), rig.joined()
    overlay.socket.socket.sendall(FRAME_FLOODS[kind])
    assert overlay.closed()[0] == 4029
    rig.send()
    assert other.positions(rig.top) == [rig.top]


def test_a_malformed_websocket_frame_closes_only_its_connection(rig):
    other = rig.joined()
    for garbage in (
        b"\xff\xff\xff\xff",
        b"\x81\x05hello",
        b"\x82\xff" + struct.pack("!Q", 1 << 62),
        b"\x8f\x80\0\0\0\0",
    ):
        overlay = rig.joined()
        overlay.socket.socket.sendall(garbage)
        assert overlay.closed()[0] in (1000, 1002, 1006, 1009, 4502)
    rig.send()
    assert other.positions(rig.top) == [rig.top]


# One gateway each


def test_a_connection_without_a_hello_in_time_is_closed(own):
    own.append(rig := Rig("gateway.hello_s=0.1"))
    assert Client(rig).closed()[0] == 4009


def test_a_slow_overlay_affects_no_other_and_receives_all_events(own):
    own.append(rig := Rig("gateway.client_buffer_bytes=65536", "gateway.socket_buffer_bytes=8192"))
    quick = rig.joined()
    slow = Client(rig, sock=small_window(rig.port))
    slow.hello(overlay_id="slow")
    slow.until("welcome")
    stuck = 0  # in a row: at first the client's own queue still takes some
    while stuck < 5:
        rig.flood(*(loose("flood", size=4_000) for _ in range(4)))
        events = rig.send(2, size=500)
        assert quick.positions(events[-1].position) == [event.position for event in events]
        stuck = stuck + 1 if rig.overlays("catchup") else 0
    assert rig.metric("slow_switches_total")
    client = next(row for row in rig.status()["clients"] if row["overlay_id"] == "slow")
    assert client["state"] == "catchup"
    assert client["pending_bytes"] < 200_000
    rig.send(500, size=200)
    assert slow.positions(rig.top) == list(range(1, rig.top + 1))
    rig.send(3)
    assert slow.positions(rig.top) == [rig.top - 2, rig.top - 1, rig.top]
    eventually(lambda: rig.metric("pending_bytes") == 0)


def small_window(port: int) -> socket.socket:
    """A connection whose buffers fill soon: the client stops reading when 16 messages wait for the test."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    return sock


def test_an_overlay_that_reads_nothing_at_all_is_closed(own):
    own.append(rig := Rig("gateway.lag_close_s=0.5", "gateway.socket_buffer_bytes=8192"))
    slow = Client(rig, sock=small_window(rig.port))
    slow.hello()
    slow.until("welcome")

    def closed() -> bool:
        rig.flood(*(loose("flood", size=4_000) for _ in range(10)))
        return rig.metric('closed_total{code="4008",process="gateway-1"') > 0

    eventually(closed, 15)
    assert slow.closed()[0] == 4008
    back = rig.joined(resume=resume(rig, 0))
    assert back.welcome["recovered"]


def test_a_gateway_started_under_load_misses_no_event(own):
    own.append(rig := Rig())
    rig.send(1_200)  # more than the ring holds
    rig.kill()
    rig.send(10)
    rig.start(wait=False)
    joined: list[Client] = []

    def stream_on() -> bool:
        rig.send()
        try:
            joined.append(rig.joined(resume=resume(rig, 0)))
        except OSError:
            return False  # it does not listen yet
        return True

    eventually(stream_on, 30)
    overlay = joined[0]
    rig.send()  # an overlay may be welcome before the gateway's links carry frames
    rig.beat_until(lambda: rig.metric("position") == rig.top)
    assert overlay.positions(rig.top) == list(range(1, rig.top + 1))


def test_positions_that_the_log_no_longer_has_are_reported(own):
    own.append(rig := Rig(start=False))
    rig.commit(30)
    assert rig.log is not None
    rig.log._db.execute("DELETE FROM events WHERE position <= 12")
    rig.start()
    overlay = rig.joined(resume=resume(rig, 3))
    welcome = overlay.welcome
    assert (welcome["mode"], welcome["recovered"], welcome["missed"]) == ("resume", False, [4, 12])
    assert welcome["position"] == 12
    assert overlay.positions(30) == list(range(13, 31))


def test_a_new_log_restarts_all_overlays(own):
    own.append(rig := Rig())
    rig.send(3)
    overlay = rig.joined()
    old_epoch = rig.epoch
    rig.renew_epoch()
    rig.beat()
    assert overlay.closed()[0] == 4000
    back = rig.joined(resume={"epoch": old_epoch, "position": 3})
    assert (back.welcome["epoch"], back.welcome["recovered"]) == (rig.epoch, False)
    rig.send()
    assert back.positions(rig.top) == [rig.top]


def test_overlays_wait_for_the_first_log(own):
    own.append(rig := Rig(with_log=False))
    overlay = rig.connect()
    assert rig.get("/readyz")[0] == 503
    assert rig.get("/healthz")[0] == 200
    rig.open_log()
    assert overlay.until("welcome")["position"] == 0
    rig.beat_until(lambda: rig.get("/readyz")[0] == 200)
    rig.send(2)
    assert overlay.positions(2) == [1, 2]


def test_a_rotated_token_closes_the_connections_that_used_it(own):
    own.append(rig := Rig())
    display, control = rig.joined(), rig.joined(token=rig.tokens.control)
    fresh = tokens.rotate(rig.run_dir, "display")
    assert display.closed()[0] == 4500
    old = rig.connect()
    assert old.closed()[0] == 4500
    assert rig.joined(token=fresh).welcome
    rig.send()
    assert control.positions(rig.top) == [rig.top]


def test_an_added_token_is_closed_alone_when_it_is_revoked_or_expires(own):
    own.append(rig := Rig())
    stage = tokens.add(rig.run_dir, "stage", "display", None)
    standing, first = rig.joined(), rig.joined(token=stage)
    guest = tokens.add(rig.run_dir, "guest", "display", (time.time() + 2 * SLOWNESS) * 1000)
    second = rig.joined(token=guest)
    code, reason = second.closed()
    assert (code, "guest has expired" in reason) == (4500, True)
    code, reason = rig.connect(token=guest).closed()
    assert (code, "guest has expired" in reason) == (4500, True)
    tokens.revoke(rig.run_dir, "stage")
    assert first.closed() == (4500, "the token was revoked")
    rig.send()
    assert standing.positions(rig.top) == [rig.top]


def test_the_status_lists_added_tokens_without_the_tokens(own):
    own.append(rig := Rig())
    token = tokens.add(rig.run_dir, "stage", "display", None)
    rig.joined(token=token)
    guest = tokens.add(rig.run_dir, "guest", "view", 1_000.0)
    eventually(lambda: len(rig.status()["tokens"]) == 2)
    status = rig.status()
    assert [overlay["token"] for overlay in status["clients"]] == ["stage"]
    stage, expired = status["tokens"]
    assert (stage["name"], stage["scope"], stage["expired"], stage["used_ms"] > 0) == ("stage", "display", False, True)
    assert (expired["name"], expired["expired"], expired["used_ms"]) == ("guest", True, None)
    text = json.dumps(status)
    assert token not in text
    assert tokens.load(rig.run_dir).added[0].sha256 not in text
    code, answer = rig.get("/api/status", guest)
    assert (code, answer["expired"]) == (401, True)
    assert answer["error"] == "the token guest has expired; ask the operator for a new address"


def test_the_legacy_payload_has_one_message_per_event(own):
    own.append(rig := Rig("gateway.legacy_ws_payload=true"))
    by_hello, by_url = rig.connect(), Client(rig, query=f"?token={rig.tokens.display}")
    eventually(lambda: rig.overlays("live") == 2)
    events = rig.commit(2)
    rig.publish(rig.frame([*events, loose("h")]))
    for overlay in (by_hello, by_url):
        messages = [overlay.next() for _ in range(3)]
        assert [message["event"] for message in messages] == ["Kill", "Kill", "Hitmarker"]
        assert set(messages[0]) == {"event", "timestamp", "data"}
        assert messages[0]["data"]["n"] == events[0].position
    stranger = Client(rig, query="?token=wrong")
    assert stranger.closed()[0] == 4500


def test_a_stop_closes_all_overlays_with_4000_and_exits_with_0(own):
    own.append(rig := Rig())
    overlays = [rig.joined() for _ in range(3)]
    assert rig.process is not None
    rig.process.send_signal(signal.SIGTERM)
    assert [overlay.closed()[0] for overlay in overlays] == [4000] * 3
    assert rig.process.wait(10 * SLOWNESS) == 0


def test_a_gateway_without_a_supervisor_exits(own):
    own.append(rig := Rig())
    assert rig.process is not None
    assert rig.process.stdin is not None
    rig.process.stdin.close()
    assert rig.process.wait(10 * SLOWNESS) == 0


def test_a_port_in_use_is_tried_again_at_the_next_start(own):
    own.append(rig := Rig(start=False))
    with socket.create_server(("127.0.0.1", rig.port)):
        rig.start(wait=False)
        assert rig.process is not None
        assert rig.process.wait(10 * SLOWNESS) == 3
    assert "gateway.port" in rig.stderr()


def test_several_gateways_share_a_port(own):
    own.append(rig := Rig("gateway.processes=2"))
    first = rig.process
    rig.start(name="gateway-2")
    second, rig.process = rig.process, first
    overlays = [rig.joined() for _ in range(8)]
    rig.send(2)
    for overlay in overlays:
        assert overlay.positions(2) == [1, 2]
    assert second is not None
    second.kill()
    second.wait()
    for pipe in (second.stdin, second.stdout):
        assert pipe is not None
        pipe.close()


def test_hundreds_of_overlays_reconnect_at_once(own):
    own.append(rig := Rig("gateway.hello_s=60.0", start=False))
    rig.commit(2_000)
    rig.start()
    count = 200 if os.environ.get("CI") else 300
    overlays = [Client(rig) for _ in range(count)]
    for number, overlay in enumerate(overlays):
        overlay.hello(overlay_id=f"o{number}", resume=resume(rig, 2_000 - 1 - number * 6))
    for number, overlay in enumerate(overlays):
        assert overlay.positions(2_000) == list(range(2_000 - number * 6, 2_001))
    assert rig.metric("log_reads_total") < 40


def test_a_large_retained_state_follows_the_welcome_in_frames(own):
    own.append(rig := Rig(start=False))
    rig.retain(*(loose(f"t{n}", "state", "toggle", size=100, key=f"toggle:{n}") for n in range(2_000)))
    rig.start()
    client = rig.joined()
    assert client.welcome["state"] == []
    told: list[str] = []
    while len(told) < 2_000:
        frame = client.frame()
        assert frame["r"]
        assert len(frame["b"]) < 500
        told += [event["o"] for event in frame["b"]]
    assert told == [f"toggle:{n}" for n in range(2_000)]


def test_repeated_hellos_close_the_connection(own):
    own.append(rig := Rig())
    client = rig.joined()
    client.repeat(10, client.greeting())
    assert client.closed()[0] == 4029
    assert rig.metric("floods_total") == 1
    assert rig.joined().welcome["mode"] == "snapshot"


def test_connections_without_a_hello_do_not_count_as_overlays(own):
    own.append(rig := Rig("gateway.max_clients=20", "gateway.hello_s=60"))
    greeted = [rig.joined() for _ in range(10)]
    silent = [Client(rig) for _ in range(100)]
    eventually(lambda: rig.metric("refused_connections_total") >= 90)
    late = rig.joined()
    assert silent[0].closed()[0] in (4029, 1006)
    (event,) = rig.send()
    assert [client.frame()["z"] for client in (*greeted, late)] == [event.position] * 11
    assert rig.metric("connections") <= 20


def test_connections_that_do_not_answer_their_end_do_not_count_as_overlays(own):
    own.append(rig := Rig("gateway.max_clients=20"))
    rude = []
    try:
        for _ in range(60):
            rude.append(connection := socket.create_connection(("127.0.0.1", rig.port), 10 * SLOWNESS))
            connection.sendall(
                b"GET /ws HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % rig.port
            )
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += connection.recv(4096) or pytest.fail(f"ended after {received!r}")
            assert received.startswith(b"HTTP/1.1 101 ")
            connection.sendall(b"\x81\x82" + bytes(4) + b"{}")  # no hello
            assert connection.recv(1) == b"\x88"  # a close frame
        assert rig.joined().welcome
    finally:
        for connection in rude:
            connection.close()


def test_connections_without_a_hello_are_bounded_per_address(own):
    own.append(rig := Rig("gateway.hello_s=60"))
    sockets = [socket.create_connection(("127.0.0.1", rig.port)) for _ in range(UNMET_PER_ADDRESS + 40)]
    for one in sockets:
        one.sendall(
            b"GET /ws HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % rig.port
        )
    eventually(lambda: rig.metric("refused_connections_total") == 40)
    assert rig.metric("connections") == UNMET_PER_ADDRESS
    assert rig.joined().welcome
    for one in sockets:
        one.close()


def test_filters_of_overlays_are_bounded_and_a_known_one_is_accepted(rig):
    names = sorted(TAXONOMY)
    for number in range(MAX_FILTERS):
        rig.joined(types=[names[number]])
    code, reason = rig.connect(types=[names[MAX_FILTERS]]).closed()
    assert (code, "filters" in reason) == (4029, True)
    rig.joined(types=[names[0]])
    rig.joined()
    rig.leave()
    eventually(lambda: rig.metric("groups") == 0)
    rig.joined(types=[names[MAX_FILTERS]])


def test_ranges_that_were_never_visible_reach_the_log_and_a_flood_of_them_does_not(rig):
    inbox = rig.bus.bind(zmq.PULL, interfaces.INBOX)
    overlay = rig.joined(overlay_id="drawer")
    since = rig.top
    rig.send(100)
    overlay.positions(rig.top)
    ranges = [[since + number, since + number] for number in range(1, 65)]
    for position in range(rig.top - 35, rig.top + 1):
        overlay.say({"t": "receipt", "position": position, "unseen": ranges})
    receipts = []
    while not receipts or receipts[-1].position < rig.top:
        assert inbox.poll(5_000 * SLOWNESS)
        receipts.append(msgspec.msgpack.decode(inbox.recv(), type=Receipt))
    inbox.close()
    assert {receipt.since for receipt in receipts} == {since}
    assert {pair for receipt in receipts for pair in receipt.unseen} <= {(first, last) for first, last in ranges}
    assert max(len(receipt.unseen) for receipt in receipts) <= MAX_UNSEEN
    assert sum(len(receipt.unseen) for receipt in receipts) < 36 * 64


# Positions


def test_packed_positions_reach_the_overlays_that_want_them(rig):
    wants, other, text = rig.joined(positions=True), rig.joined(), rig.joined(positions=True, format="json")
    out = rig.bus.bind(zmq.PUB, interfaces.frames_link(interfaces.POSITIONS))
    message = pack("world", 1.0, [(7, 1.0, 2.0, 3.0, 90.0)])

    def arrived() -> bool:
        out.send(message)  # what is published before the gateway has subscribed is lost
        with suppress(TimeoutError):
            wants.next(0.05)
        return message in wants.packed

    try:
        eventually(arrived)
    finally:
        out.close()
    rig.send()
    assert wants.positions(rig.top)[-1] == rig.top
    assert other.positions(rig.top)[-1] == rig.top
    text.frame()
    assert other.packed == text.packed == []
