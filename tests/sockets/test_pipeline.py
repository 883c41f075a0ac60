"""The path of an event through real processes and sockets, without supervisor and gateway."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest
import zmq

from actors import interfaces
from actors.core.contract.event import EnvelopeBatch, RawBatch, RawItem
from actors.stores.log import LogReader
from tests.sockets.actors import CORE, KILL, Actors
from tests.support import SLOWNESS, eventually

KILL_LINE = (
    'L 03/14/2026 - 20:15:09: "Ada<7><[U:1:42]><CT>" [1 2 3] killed "Bo<9><[U:1:43]><TERRORIST>" [3 5 6] with "ak47"'
)
HIT_LINE = (
    'L 03/14/2026 - 20:15:09: "Ada<7><[U:1:42]><CT>" [1 2 3] attacked "Bo<9><[U:1:43]><TERRORIST>" [3 5 6] with "ak47" '
    '(damage "27") (damage_armor "3") (health "73") (armor "96") (hitgroup "chest")'
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Actors]:
    """One pipeline for all tests that do not change its state."""
    with Actors() as actors:
        actors.start(*CORE)
        actors.flow()
        yield actors


def bearer(actors: Actors) -> dict[str, str]:
    return {"Authorization": f"Bearer {actors.tokens.ingest}"}


def test_a_kill_is_logged_shown_and_in_its_history(shared: Actors) -> None:
    ids = shared.emit(KILL, {"type": "chat", "payload": {"user": "u", "text": "hi"}})
    eventually(lambda: {event.id for event in shared.poll()} >= set(ids))
    kill = next(event for event in shared.poll() if event.id == ids[0])
    assert kill.position > 0
    assert kill.ts_ingest_ms <= kill.ts_normalized_ms <= kill.ts_queued_ms
    assert ids[0] in [event.id for event in shared.logged()]
    history = LogReader(shared.run_dir).history(ids[0])
    assert history is not None
    assert history["outcome"] == "logged"
    assert shared.ask(ask="why", id=ids[1])["history"]["outcome"] == "sent"


def test_log_lines_become_critical_or_best_effort_events(shared: Actors) -> None:
    before = len(shared.poll())
    body = "\r\n".join(
        [HIT_LINE, HIT_LINE, KILL_LINE, 'L 03/14/2026 - 20:15:09: "Ada<7><[U:1:42]><CT>" purchased "ak47"']
    )
    assert shared.srcds(body, **{"X-Logbytes-Beginoffset": "10"}) == (200, {"accepted": 3})
    eventually(lambda: {"hit", "kill"} <= {event.type for event in shared.poll()[before:]})
    kill = next(event for event in shared.poll()[before:] if event.type == "kill")
    assert msgspec.msgpack.decode(kill.payload)["attacker"]["name"] == "Ada"


def test_a_repeated_body_is_accepted_once(shared: Actors) -> None:
    line = KILL_LINE.replace("Ada", "Repeat")
    top = len(shared.logged())
    for _ in range(3):
        assert shared.srcds(line, **{"X-Logbytes-Beginoffset": "77"})[0] == 200
    assert shared.srcds(line, **{"X-Logbytes-Beginoffset": "78"})[0] == 200
    eventually(lambda: len([e for e in shared.logged()[top:] if e.type == "kill"]) == 2)


def test_equal_bodies_at_different_log_positions_are_all_accepted(shared: Actors) -> None:
    line = KILL_LINE.replace("Ada", "Places")
    top = len(shared.logged())
    for token, offset in [("i" * 60, "100001"), ("i" * 60, "100002"), ("a1", "23"), ("a", "123")]:
        assert shared.srcds(line, **{"X-Server-Instance-Token": token, "X-Logbytes-Beginoffset": offset})[0] == 200
    eventually(lambda: len([e for e in shared.logged()[top:] if e.type == "kill"]) == 4)


def test_a_chunked_body_over_the_limit_is_answered(shared: Actors) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared.ingest_port, timeout=10 * SLOWNESS)
    chunks = iter([b" " * (1 << 18)] * 6)
    connection.request("POST", "/events", chunks, bearer(shared), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_token_never_reaches_the_log_even_without_a_token_file(shared: Actors) -> None:
    path = shared.run_dir / "tokens.json"
    kept = path.read_bytes()
    path.unlink()
    status, answer = shared.srcds(KILL_LINE)
    path.write_bytes(kept)
    assert (status, "tokens" in answer["error"]) == (503, True)
    assert shared.tokens.ingest not in shared.errors("ingest")
    eventually(lambda: shared.srcds(KILL_LINE)[0] == 200)


def test_an_id_of_a_caller_is_logged_once(shared: Actors) -> None:
    ids = [shared.emit(KILL | {"id": "mine", "source": "bot"})[0] for _ in range(3)]
    assert ids == ["mine"] * 3
    other = shared.emit(KILL | {"id": "mine", "source": "another"})[0]
    assert other == "mine"
    eventually(lambda: [event.source for event in shared.logged() if event.id == "mine"] == ["bot", "another"])


BAD_REQUESTS = {
    "no token": ("POST", "/events", b"{}", {}, 401, "token"),
    "a wrong token": ("POST", "/events", b"{}", {"Authorization": "Bearer nonsense"}, 401, "token"),
    "a wrong token in the path": ("POST", "/srcds/nonsense", b"x", {}, 401, "token"),
    "a display token": ("POST", "/events", b"{}", {"Authorization": "Bearer DISPLAY"}, 401, "token"),
    "no JSON": ("POST", "/events", b"nonsense", None, 400, "JSON"),
    "an unknown type": ("POST", "/events", b'{"type":"kil","payload":{}}', None, 400, "kill"),
    "a field that is missing": ("POST", "/events", b'[{"type":"chat","payload":{"user":"u"}}]', None, 400, "$[0]"),
    "a wrong type of field": (
        "POST",
        "/events",
        b'[{"type":"cheer","payload":{"user":"u","bits":"many"}}]',
        None,
        400,
        "$[0].payload.bits",
    ),
    "a body over the limit": ("POST", "/events", b" " * ((1 << 20) + 1), None, 413, "1048576"),
    "too many lines": ("POST", "/srcds/INGEST", KILL_LINE.encode() + b"x\n" * 10_001, None, 413, "10000 lines"),
    "another method": ("GET", "/events", b"", None, 405, ""),
    "another path": ("GET", "/../../etc/passwd", b"", {}, 404, "unknown path"),
    "an unknown source": ("POST", "/webhook/tips", b"{}", {}, 404, "no source"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_is_answered_with_the_error_and_accepts_no_event(shared: Actors, name: str) -> None:
    method, path, body, headers, expected, hint = BAD_REQUESTS[name]
    sent = bearer(shared) if headers is None else dict(headers)
    if sent.get("Authorization") == "Bearer DISPLAY":
        sent["Authorization"] = f"Bearer {shared.tokens.display}"
    top = len(shared.logged())
    status, answer = shared.request(method, path.replace("INGEST", shared.tokens.ingest), body, sent)
    assert status == expected
    assert hint in answer["error"]
    assert len(shared.logged()) == top
    shared.emit(KILL)  # nothing else is disturbed
    eventually(lambda: len(shared.logged()) > top)


def test_rejected_messages_are_in_the_quarantine(shared: Actors) -> None:
    shared.request("POST", "/events", b'{"type":"unheard_of","payload":{}}', bearer(shared))
    shared.srcds(KILL_LINE[:80], **{"X-Logbytes-Beginoffset": "991"})
    reader = LogReader(shared.run_dir)
    eventually(lambda: {row["kind"] for row in reader.quarantine(10)} >= {"refused", "srcds"}, 5)
    rows = reader.quarantine(10)
    assert any("unheard_of" in row["reason"] and row["excerpt"].startswith('{"type":"unheard_of"') for row in rows)
    assert any(row["excerpt"].startswith("L 03/14") for row in rows)


GARBAGE = [
    b"",
    b"\x00",
    b"\x81\xa1t\xa1\xff",
    b"\x91" * 5_000,
    b"\xc1" * 100,
    b"{}",
    msgspec.msgpack.encode([9, "p", 1, True, []]),
    os.urandom(5_000),
]


@pytest.mark.parametrize(
    ("kind", "name", "actor"),
    [
        (zmq.PUSH, interfaces.normalizer_link("critical", 1), "normalizer-1"),
        (zmq.PUSH, interfaces.normalizer_link("best_effort", 1), "normalizer-1"),
        (zmq.PUSH, interfaces.queue_link("critical"), "queue-manager"),
        (zmq.PUSH, interfaces.queue_link("best_effort"), "queue-manager"),
        (zmq.PUSH, interfaces.INBOX, "queue-manager"),
        (zmq.PUSH, interfaces.broadcaster_link("critical"), "broadcaster"),
        (zmq.PUSH, interfaces.broadcaster_link("best_effort"), "broadcaster"),
    ],
)
def test_malformed_messages_on_a_link_are_counted_without_effect(
    shared: Actors, kind: int, name: str, actor: str
) -> None:
    socket = shared.bus.connect(kind, name)
    eventually(lambda: socket.writable())
    before = shared.stats(actor)["bad_messages"]
    for message in GARBAGE:
        socket.send(message)
    eventually(lambda: shared.stats(actor)["bad_messages"] == before + len(GARBAGE), 5)
    socket.close(500)
    [id_] = shared.emit(KILL)
    eventually(lambda: id_ in [event.id for event in shared.poll()])


def test_malformed_requests_to_the_queue_manager_are_answered(shared: Actors) -> None:
    socket = shared.bus.connect(zmq.REQ, interfaces.ASK)
    eventually(lambda: socket.writable())
    socket.send(b"\xc1nonsense")
    assert "expected" in msgspec.msgpack.decode(socket.recv())["error"]
    socket.close(0)
    assert "expected" in shared.ask(ask="for the moon")["error"]


def test_unknown_kinds_and_malformed_bodies_are_rejected(shared: Actors) -> None:
    socket = shared.bus.connect(zmq.PUSH, interfaces.normalizer_link("critical", 1))
    eventually(lambda: socket.writable())
    items = [
        RawItem(1, 1, "nonsense", b"x", 0.0),
        RawItem(2, 1, "event", b"\xc1", 0.0),
        RawItem(3, 1, "srcds", b"\xff", 0.0),
    ]
    socket.send(msgspec.msgpack.encode(RawBatch("stranger", 1, True, items)))
    reader = LogReader(shared.run_dir)
    eventually(lambda: {"stranger/1.0", "stranger/2.0"} <= {row["id"] for row in reader.quarantine(20)}, 5)
    socket.close(0)


def test_the_buckets_of_the_ledger_add_up(shared: Actors) -> None:
    shared.emit(*[{"type": "toggle", "payload": {"name": "hud", "on": bool(n % 2)}} for n in range(50)])
    eventually(lambda: shared.ask(ask="ledger")["ledger"]["events"]["state"]["pending"] == 0)
    ledger = shared.ask(ask="ledger")["ledger"]
    raw = ledger["raw"]
    assert raw["numbered"] == raw["mapped"] + raw["empty"] + raw["rejected"] + raw["lost"]
    for account in ledger["events"].values():
        parts = ("sent", "coalesced", "duplicate", "expired", "dropped_total", "pending")
        assert account["received"] == sum(account[part] for part in parts)


def test_every_frame_has_its_range_and_the_top(shared: Actors) -> None:
    ids = shared.emit(*[KILL] * 20)
    eventually(lambda: set(ids) <= {event.id for event in shared.poll()})
    position = 0
    for frame in shared.frames:
        positions = [event.position for event in frame.events if event.position]
        if positions:
            assert positions == list(range(frame.first, frame.last + 1))
            assert frame.last <= frame.top
            assert position in (0, frame.first - 1)
            position = frame.last


def test_a_lost_last_frame_is_detected_by_the_next_heartbeat(shared: Actors) -> None:
    shared.emit(KILL)
    top = len(shared.logged())
    eventually(lambda: shared.poll() is not None and any(f.top >= top and not f.events for f in shared.frames[-3:]))


# From here on each test has a pipeline of its own, because it kills something.


@pytest.mark.parametrize("victim", CORE)
def test_accepted_messages_survive_a_kill(victim: str) -> None:
    with Actors() as actors:
        actors.start(*CORE)
        ids = actors.emit(*[KILL] * 5)
        actors.kill(victim)
        if victim != "ingest":
            ids += actors.emit(*[KILL] * 5)
        actors.start(victim)
        ids += actors.emit(*[KILL] * 5)
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids, 10)
        positions = [event.position for event in actors.logged()]
        assert positions == list(range(1, len(positions) + 1))


def test_messages_accepted_while_only_the_ingest_runs_are_logged_later_in_order() -> None:
    with Actors("producer.window_rows=8") as actors:
        actors.start("ingest")
        ids = [id_ for _ in range(10) for id_ in actors.emit(*[KILL] * 5)]
        actors.kill("ingest")
        actors.start(*CORE)
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids, 10)


def test_a_full_outbox_refuses_with_503_until_it_has_space() -> None:
    with Actors("producer.max_rows=10") as actors:
        actors.start("ingest")
        actors.emit(*[KILL] * 10)
        status, answer = actors.request("POST", "/events", json.dumps(KILL).encode(), bearer(actors))
        assert status == 503
        assert "full" in answer["error"]
        actors.start("broadcaster", "queue-manager", "normalizer-1")
        eventually(lambda: actors.request("POST", "/events", json.dumps(KILL).encode(), bearer(actors))[0] == 202, 10)
        eventually(lambda: len([e for e in actors.logged() if e.type == "kill"]) == 11, 10)


def test_a_poison_message_is_dead_lettered_after_three_deaths_and_the_others_keep_their_order() -> None:
    with Actors("faults.poison=venom") as actors:
        actors.start(*CORE)
        poison = {"type": "raid", "payload": {"user": "venom"}}
        before = actors.emit(KILL)
        [dead] = actors.emit(poison)
        after = actors.emit(KILL, KILL)
        for _ in range(3):
            eventually(lambda: actors.died("normalizer-1"), 10)
            actors.kill("normalizer-1")
            actors.start("normalizer-1", ready=False)
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == before + after, 10)
        rows = LogReader(actors.run_dir).quarantine(5)
        assert [(row["id"], row["dead"]) for row in rows] == [(dead, True)]
        assert not actors.died("normalizer-1")


@pytest.mark.parametrize("at", ["decoder", "queue", "log"])
def test_an_event_that_kills_the_queue_manager_is_dead_lettered_after_three_deaths_alone(at: str) -> None:
    with Actors("faults.poison=venom", f"faults.poison_at={at}") as actors:
        actors.start("ingest")
        poison = {"type": "raid", "payload": {"user": "a"}, "id": "venom-1"}
        ids = actors.emit(*[KILL] * 20, poison, *[KILL] * 20)  # they arrive in one batch
        actors.start("broadcaster", "normalizer-1", "queue-manager", ready=False)
        for _ in range(3):
            eventually(lambda: actors.died("queue-manager"), 30)
            actors.kill("queue-manager")
            actors.start("queue-manager", ready=False)
        later = actors.emit(KILL, KILL)
        expected = [id_ for id_ in ids if id_ != "venom-1"] + later

        def logged() -> list[str]:
            return [event.id for event in actors.logged() if event.type in ("kill", "raid")]

        eventually(lambda: logged()[-1:] == later[-1:], 30)
        assert logged() == expected
        reader = LogReader(actors.run_dir)
        [row] = reader.quarantine(5)
        # What cannot be decoded has no id and no type; it is named by its number, and a part of it is readable.
        assert (row["kind"], row["dead"]) == ("" if at == "decoder" else "raid", True)
        assert row["id"].endswith("/21.0" if at == "decoder" else "venom-1")
        assert "venom-1" in row["id"] + row["excerpt"]
        history = reader.history(row["id"])
        assert history is not None
        assert history["outcome"] == "dead-lettered"
        assert "3 queue-managers died" in history["reason"]
        eventually(lambda: actors.stats("queue-manager").get("dead") == 1, 30)
        assert not actors.died("queue-manager")


def test_a_retained_state_that_kills_the_queue_manager_at_its_start_is_dead_lettered_and_events_flow() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        actors.flow()
        score = {"type": "score", "payload": {"scores": {"CT": 1}}}
        eventually(lambda: actors.emit(score) and LogReader(actors.run_dir).snapshot(), 30)
        actors.stop("queue-manager")
        with sqlite3.connect(actors.run_dir / "log.db") as db:
            db.execute("INSERT INTO retained_states VALUES ('score:venom', 99, ?)", (b"\xc1 venom",))
        actors.start("queue-manager", ready=False)
        for _ in range(3):
            eventually(lambda: actors.processes["queue-manager"].poll() is not None, 30)
            actors.kill("queue-manager")
            actors.start("queue-manager", ready=False)
        after = actors.emit(KILL)
        eventually(lambda: after[0] in [event.id for event in actors.logged()], 30)
        reader = LogReader(actors.run_dir)
        assert "score" in {event.type for event in reader.snapshot()}
        assert [(row["id"], row["dead"]) for row in reader.quarantine(5)] == [("score:venom", True)]
        eventually(lambda: actors.stats("queue-manager").get("dead") == 1, 30)


def test_two_normalizers_keep_the_order() -> None:
    with Actors("normalizer.processes=2") as actors:
        actors.start(*CORE, "normalizer-2")
        ids = [id_ for _ in range(100) for id_ in actors.emit(KILL, KILL)]
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids, 10)
        assert actors.stats("normalizer-1")
        assert actors.stats("normalizer-2")


def test_a_second_queue_manager_is_refused_and_the_first_is_unaffected() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        first = actors.processes["the first"] = actors.processes.pop("queue-manager")
        actors.start("queue-manager", ready=False)
        assert actors.processes["queue-manager"].wait(5 * SLOWNESS) == 3
        assert f"pid={first.pid}" in actors.errors("queue-manager")
        actors.kill("queue-manager")
        [id_] = actors.emit(KILL)
        eventually(lambda: id_ in [event.id for event in actors.logged()])


def test_a_replaced_queue_manager_detects_the_new_generation_and_exits() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        old = actors.processes["the old one"] = actors.processes.pop("queue-manager")
        os.kill(old.pid, signal.SIGSTOP)
        for lock in ("log.lock", "queue-manager.actor.lock"):  # as if they had been lost: the last safety must hold
            (actors.run_dir / lock).unlink()
        actors.start("queue-manager")
        [id_] = actors.emit(KILL)  # the normalizer is still connected to the old one
        os.kill(old.pid, signal.SIGCONT)
        assert old.wait(10 * SLOWNESS) == 3
        assert "generation" in actors.errors("queue-manager")
        eventually(lambda: id_ in [event.id for event in actors.logged()])


def test_a_rolled_back_log_starts_a_new_epoch_and_receives_its_events_again() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        early = actors.emit(KILL)
        eventually(lambda: len([e for e in actors.logged() if e.type == "kill"]) == 1)
        assert actors.stop("queue-manager") == 0
        backup = (actors.run_dir / "log.db").read_bytes()
        actors.start("queue-manager")
        late = actors.emit(KILL, KILL)
        eventually(lambda: len([e for e in actors.logged() if e.type == "kill"]) == 3)
        # The producer knows that the log has all rows, so an older log contradicts it.
        eventually(lambda: (told := actors.stats("ingest"))["accepted"] == 3 and told["outbox_rows"] == 0)
        epoch = LogReader(actors.run_dir).head().epoch
        assert actors.stop("queue-manager") == 0
        (actors.run_dir / "log.db").write_bytes(backup)
        actors.start("queue-manager")
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == early + late, 10)
        assert LogReader(actors.run_dir).head().epoch != epoch


def test_a_deleted_log_receives_the_rows_that_the_outbox_still_has() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        ids = actors.emit(KILL, KILL)
        eventually(lambda: len([e for e in actors.logged() if e.type == "kill"]) == 2)
        assert actors.stop("queue-manager") == 0
        for file in actors.run_dir.glob("log.db*"):
            file.unlink()
        actors.start("queue-manager")
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids, 10)


def go_back(actors: Actors) -> list[str]:
    """Stop queue-manager and ingest, and restore an outbox from before its last three rows; return the logged ids."""
    actors.start(*CORE)
    ids = actors.emit(KILL, KILL)
    eventually(lambda: actors.stats("ingest")["acked"] == 2)
    assert actors.stop("ingest") == 0
    backup = (actors.run_dir / "outbox-ingest.db").read_bytes()
    actors.start("ingest")
    ids += actors.emit(KILL, KILL, KILL)
    eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids)
    assert [actors.stop(name) for name in ("ingest", "queue-manager")] == [0, 0]
    (actors.run_dir / "outbox-ingest.db").write_bytes(backup)
    return ids


def test_a_restored_outbox_repeats_no_logged_row_and_loses_no_new_one() -> None:
    with Actors() as actors:
        ids = go_back(actors)
        epoch = LogReader(actors.run_dir).head().epoch
        actors.start("ingest")
        ids += actors.emit(*[KILL] * 4)  # more than the log has beyond the outbox, before any marks
        actors.start("queue-manager")
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids, 10)
        assert "outbox_went_back" in actors.errors("ingest")
        assert LogReader(actors.run_dir).head().epoch == epoch


def test_an_outbox_that_learns_from_the_marks_that_it_went_back_restarts_under_a_new_name() -> None:
    with Actors() as actors:
        ids = go_back(actors)
        log = actors.run_dir / "log.db"
        log.rename(log.with_suffix(".away"))
        actors.start("ingest")
        log.with_suffix(".away").rename(log)
        actors.start("queue-manager")
        eventually(lambda: actors.processes["ingest"].poll() == 1, 10)
        assert "restarting under a new name" in actors.errors("ingest")
        actors.kill("ingest")
        actors.start("ingest")
        ids += actors.emit(KILL)
        eventually(lambda: [e.id for e in actors.logged() if e.type == "kill"] == ids, 10)


def test_an_orphan_finishes_and_exits_within_its_grace_time() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        [id_] = actors.emit(KILL)
        for process in actors.processes.values():
            assert process.stdin is not None
            process.stdin.close()  # as when the supervisor has died
        assert [process.wait(10 * SLOWNESS) for process in actors.processes.values()] == [0, 0, 0, 0]
        actors.processes.clear()
        actors.start(*CORE)
        eventually(lambda: id_ in [event.id for event in actors.logged()])


def test_a_port_in_use_is_reported_with_advice_and_tried_again() -> None:
    with Actors() as actors:
        actors.start("ingest")
        actors.processes["the first"] = actors.processes.pop("ingest")
        for lock in ("ingest.lock", "ingest.actor.lock"):
            (actors.run_dir / lock).unlink()
        actors.start("ingest", ready=False)
        assert actors.processes["ingest"].wait(10 * SLOWNESS) == 3
        assert f"--set ingest.port={actors.ingest_port + 10}" in actors.errors("ingest")


def test_envelopes_of_another_wire_version_are_refused() -> None:
    batch = EnvelopeBatch("p", 1, True, [])
    other = msgspec.msgpack.encode([3, *msgspec.msgpack.decode(msgspec.msgpack.encode(batch))[1:]])
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(other, type=EnvelopeBatch)


REPLAY = """
import sys
from pathlib import Path
from actors import config
from actors.producers import trace
run_dir = Path(sys.argv[1])
messages = trace.read(Path(sys.argv[2]))
print(trace.main(config.of_run_dir(run_dir), run_dir, messages, None, lambda done, all: None)["best_effort"])
"""


def test_all_events_of_a_replay_are_logged_when_it_returns() -> None:
    with Actors() as actors:
        actors.start(*CORE)
        file = actors.run_dir / "toggles.ndjson"
        line = json.dumps({"type": "toggle", "payload": {"name": "x", "on": True}})
        file.write_text("\n".join([line] * 60_000))
        command = [sys.executable, "-c", REPLAY, str(actors.run_dir), str(file)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "60000"
        eventually(lambda: actors.ask(ask="ledger")["ledger"]["raw"]["mapped"] == 60_000, 10)
