"""Minecraft: a real gRPC server that misbehaves, the wire format as tables, and fuzzing of the decoders."""

import asyncio
from collections import Counter
from contextlib import closing, suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import minecraft_events, minecraft_wire
from actors.core.contract.event import Submission
from actors.core.contract.positions import unpack
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.sources.answers import AnswerRule, Answers
from actors.core.sources.grpc import GrpcStream, frame
from actors.core.sources.roster import Roster
from actors.errors import BadInput, ConfigError
from actors.producers import grpc_link, minecraft_host, minecraft_reader, minecraft_world, spec
from actors.producers.minecraft_world import Happening, World, WorldRates
from actors.producers.sources import minecraft
from actors.producers.spec import Disconnected, SourceNotRunning, SourceRefused
from actors.stores.log import LogReader
from bench.ports import free_ports
from tests.sockets.actors import CORE, Actors
from tests.sources import minecraft_peer as peer
from tests.sources import rig
from tests.sources.minecraft_peer import Host, chunk, double, event, moved, player
from tests.sources.peer import report
from tests.support import SLOWNESS, eventually, run_async

JOIN, QUIT, MOVE, CHAT, HURT, DEATH, COMMAND = 10, 11, 12, 18, 21, 22, 45
ADA = {"id": "uuid-Ada", "name": "Ada"}


def submitted(message):
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)
    return submission.type, msgspec.msgpack.decode(submission.payload)


def session(tmp_path, host, **tree):
    return rig.Session(tmp_path, "mc", {"kind": "minecraft", "address": host.address, **tree})


def read(tmp_path, script, until=lambda _: False, **tree):
    """Run one connection; return what it yielded as (type, payload), the session, and how it ended."""
    with Host(script) as host:
        own = session(tmp_path, host, **tree)
        _, error = rig.run(minecraft, own, lambda found: until(own))
    return [submitted(message) for message in own.yielded], own, error


MEANINGS = [
    (JOIN, player("Ada"), ("player_join", {"player": ADA})),
    (QUIT, player("Ada"), ("player_leave", {"player": ADA})),
    (CHAT, player("Ada") + chunk(3, "gg"), ("chat", {"user": "Ada", "text": "gg", "user_id": "uuid-Ada"})),
    (DEATH, player("Ada"), ("death", {"victim": ADA})),
    (DEATH, player("Ada") + chunk(3, chunk(1, "fall")), ("death", {"victim": ADA, "cause": "fall"})),
    (HURT, player("Ada") + double(3, 4.5) + chunk(6, chunk(1, "lava")),
     ("hurt", {"player": ADA, "damage": 4.5, "cause": "lava"})),
    (HURT, player("Ada") + double(3, float("nan")), ("hurt", {"player": ADA, "damage": 0.0})),
    (COMMAND, player("Ada") + chunk(3, "/tp 1 2") + chunk(4, "tp") + chunk(5, "1"),
     ("player_command", {"player": ADA, "command": "tp", "text": "/tp 1 2"})),
    (13, player("Ada"), ("custom", {"name": "minecraft_player_jump", "data": {"player": "Ada", "id": "uuid-Ada"}})),
    (70, b"", ("custom", {"name": "minecraft_type_70", "data": {"player": "?", "id": "?"}})),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "payload", "expected"), MEANINGS)
def test_an_event_of_the_server_becomes_an_event(type_, payload, expected):
    host = minecraft_wire.host_message(event("7", type_, payload))
    found = minecraft_wire.host_event(host.body)
    name, built = minecraft_events.payload_of(found, minecraft_events.details(found), lambda _: "")
    assert (name, msgspec.to_builtins(built)) == expected
    msgspec.convert(msgspec.to_builtins(built), TAXONOMY[name].payload)


def test_a_connection_from_hello_to_shutdown(tmp_path):
    def script(host, _number):
        yield peer.hello()
        yield event("1", JOIN, player("Ada"))
        yield event("2", CHAT, player("Ada") + chunk(3, "hi"), expects=True)
        assert host.next()[10]
        assert host.next()[11] == [chunk(1, bytes([10, 11, 12, 18, 21, 22, 45]))]  # the subscription
        assert host.result() == {1: [b"2"]}
        yield event("1", JOIN, player("Ada"))  # a duplicate: the kit drops it by its identity
        yield event("3", DEATH, player("Ada"))
        yield peer.shutdown("restart")

    found, own, error = read(tmp_path, script)
    assert isinstance(error, Disconnected)
    assert str(error) == "the server shuts down: restart"
    assert [name for name, _ in found] == ["radar", "player_join", "chat", "player_join", "death", "radar"]
    assert [message.identity for message in own.yielded[1:5]] == ["boot-1/1", "boot-1/2", "boot-1/1", "boot-1/3"]
    assert found[-1][1]["on"] is False
    assert own.lives == 1


def test_garbage_is_quarantined_and_the_rest_is_read(tmp_path):
    def script(_host, _number):
        yield peer.hello()
        yield from (b"\xff" * 20, chunk(20, b"\x07"), event("1", CHAT, chunk(3, b"\xff")), b"", chunk(99, b"?"))
        yield chunk(20, chunk(1, "2") + b"\x10\x12" + chunk(10, player("Ada")))  # type chat, payload join
        yield event("3", CHAT, b"\x1a\x7f", expects=True)  # a text that ends too late
        yield event("4", MOVE, moved("Ada", float("inf"), 0, 0, 0))
        yield event("5", JOIN, player("Ada"))

    found, own, error = read(tmp_path, script)
    assert isinstance(error, Disconnected)
    assert [name for name, _ in found] == ["radar", "chat", "player_join", "radar"]
    assert len(own.rejected) == 5
    assert own.counted == ["answered"]  # also what is malformed gets its answer


def test_a_player_with_a_long_id_moves_and_leaves_the_radar(tmp_path):
    name = "n" * 100

    def script(host, _number):
        yield peer.hello()
        for step in range(3):
            yield event(f"m{step}", MOVE, moved(name, step, 2.0, 3.0, 0.0))
        yield event("q", QUIT, player(name))
        host.wait()

    found, *_ = read(tmp_path, script, lambda own: own.yielded and submitted(own.yielded[-1])[0] == "player_leave")
    assert [payload.get("on", True) for name, payload in found if name == "radar_player"] == [True, False]


def test_moves_are_merged_and_delay_nothing(tmp_path):
    def script(host, _number):
        yield peer.hello()
        yield event("1", JOIN, player("Ada"))
        for step in range(400):
            yield event(f"m{step}", MOVE, moved("Ada", step, 64.0, -step, 90.0))
            yield event(f"n{step}", MOVE, moved("Bo", 1.0, 2.0, 3.0, -90.0))
        yield event("2", QUIT, player("Bo"))
        yield event("3", DEATH, player("Ada"))
        host.wait()

    def until(own):
        # The last position may be sent before the messages that follow it are yielded.
        last = [place for message in own.positions for place in unpack(message).places if place[0] == 1]
        ended = own.yielded and submitted(own.yielded[-1])[0] == "death"
        return ended and last and last[-1][1] == 399.0

    found, own, _ = read(tmp_path, script, until, teams={"red": ["Ada"]}, colors={"red": "#ff0000"})
    players = [payload for name, payload in found if name == "radar_player" and payload.get("on", True)]
    assert players[0]["player"] == {**ADA, "team": "red"}
    assert players[0]["color"] == "#ff0000"
    assert {payload["number"] for payload in players} == {1, 2}
    assert [payload["number"] for name, payload in found if name == "radar_player" and not payload.get("on", True)] == [
        2
    ]
    sent = [unpack(message) for message in own.positions]
    assert {one.map for one in sent} == {"mc"}
    assert sent[-1].places[-1] == pytest.approx((1, 399.0, 64.0, -399.0, 90.0))
    assert sum(len(one.places) for one in sent) < 800
    assert [name for name, _ in found if name in ("player_join", "player_leave", "death")] == [
        "player_join", "player_leave", "death",
    ]  # fmt: skip


def test_answers_follow_the_rules(tmp_path):
    rules = [
        {"event": "chat", "words": ["SPAM"], "cancel": True},
        {"event": "chat", "players": ["Bo"], "text": "(hidden)"},
        {"event": "command", "commands": ["op"], "cancel": True},
    ]
    answers = []

    def script(host, _number):
        yield peer.hello()
        yield event("1", CHAT, player("Ada") + chunk(3, "no spam please"), expects=True)
        yield event("2", CHAT, player("Bo") + chunk(3, "hi"), expects=True)
        yield event("3", COMMAND, player("Ada") + chunk(4, "op"), expects=True)
        yield event("4", COMMAND, player("Ada") + chunk(4, "spawn"), expects=True)
        answers.extend(host.result() for _ in range(4))

    _, own, _ = read(tmp_path, script, answer=rules)
    assert answers == [{1: [b"1"], 2: [1]}, {1: [b"2"], 10: [chunk(1, "(hidden)")]}, {1: [b"3"], 2: [1]}, {1: [b"4"]}]
    assert own.counted == ["answered"] * 4


def test_only_the_wanted_players_and_worlds(tmp_path, monkeypatch):
    monkeypatch.setattr(minecraft_reader, "REFRESH_S", 3_600.0)

    def script(host, _number):
        yield peer.hello()
        yield event("1", JOIN, player("Bo"))
        yield event("2", MOVE, moved("Bo", 1, 2, 3, 4))
        yield event("3", MOVE, moved("Ada", 1, 2, 3, 4))
        yield event("4", MOVE, moved("Ada", 1, 2, 3, 4, "nether"))
        yield event("5", JOIN, player("ada"))

    found, _, _ = read(tmp_path, script, players=["Ada"], radar={"world": "overworld"})
    assert [(name, payload.get("on", True)) for name, payload in found] == [
        ("radar", True), ("radar_player", True), ("radar_player", False), ("player_join", True), ("radar", False),
    ]  # fmt: skip


def test_without_positions_moves_are_not_subscribed_to(tmp_path):
    def script(host, _number):
        assert host.next()[10]
        assert host.next()[11] == [chunk(1, bytes([CHAT]))]
        yield peer.hello()
        yield event("1", CHAT, player("Ada") + chunk(3, "hi"))

    found, _, _ = read(tmp_path, script, positions_hz=0, events=["chat"])
    assert [name for name, _ in found] == ["chat"]


def test_an_unknown_plugin_is_refused_with_the_remedy(tmp_path):
    with Host(lambda host, number: iter(()), known="other") as host:
        _, error = rig.run(minecraft, session(tmp_path, host), lambda _: False)
    assert isinstance(error, SourceRefused)
    assert "no plugin 'framewire'" in str(error)


def test_a_cut_and_a_server_that_is_not_there(tmp_path):
    def script(host, _number):
        yield peer.hello()
        yield event("1", JOIN, player("Ada"))
        host.wait()

    with Host(script) as host:
        own = session(tmp_path, host)
        rig.run(minecraft, own, lambda found: len(found) == 2 and not host.stop())
        assert [name for name, _ in map(submitted, own.yielded)][:2] == ["radar", "player_join"]
        _, error = rig.run(minecraft, session(tmp_path, host), lambda _: False)
    assert isinstance(error, SourceNotRunning | Disconnected)


def test_a_silent_server_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(minecraft, "HELLO_S", 0.05)

    def script(host, _number):
        host.wait()
        yield b""

    _, _, error = read(tmp_path, script)
    assert "no hello" in str(error)


PING, ANSWERED = frame(6, 0, 0, b"12345678"), frame(4, 0, 0, b"\0\4" + bytes(4))


@pytest.mark.parametrize("unread", ["answers to pings", "answers to events"])
def test_a_server_that_reads_nothing_is_left(unread):
    async def serve(_reader, writer):
        with suppress(ConnectionError):
            writer.write(ANSWERED)  # its window is empty
            while not writer.is_closing():
                writer.write(PING * 10_000 if unread == "answers to pings" else frame(0, 0, 1, wrapped(b"event")))
                await writer.drain()
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, grpc_link.grpc_stream(address, "/x", lambda _: opened[0].send(b"x" * 10_000)) as connection:
            opened.append(connection)
            await asyncio.wait_for(connection.closed, 20 * SLOWNESS)
            return connection.reason

    opened = []
    assert "reads nothing" in run_async(run())


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"events": ["player_mve"]}, "unknown event 'player_mve'"),
        ({"events": ["player_move"]}, "unknown event 'player_move'"),
        ({"answer": [{"event": "chta"}]}, "unknown event 'chta'"),
        ({"address": "localhost"}, "expected HOST:PORT"),
        ({"address": "localhost:70000"}, "expected HOST:PORT"),
        ({"radar": {"left": 5, "right": 5}}, "`left` must be less"),
        ({"positions_hz": 61}, "positions_hz"),
    ],
)
def test_a_wrong_configuration_names_what_is_wrong(tree, says):
    with pytest.raises(ConfigError, match=r"sources\.mc") as caught:
        spec.settings_of("mc", {"kind": "minecraft", **tree})
    assert says in str(caught.value)


def stream(**options):
    return GrpcStream(lambda _: [(":status", "200")], **options)


def wrapped(message):
    return b"\0" + len(message).to_bytes(4, "big") + message


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 200), st.integers(1, 200))
def test_messages_are_the_same_however_the_bytes_are_cut(messages, frame_bytes, read_bytes):
    body = b"".join(wrapped(message) for message in messages)
    frames = b"".join(frame(0, 0, 1, body[at : at + frame_bytes]) for at in range(0, len(body), frame_bytes))
    reader, found = stream(), []
    for at in range(0, len(frames), read_bytes):
        found += reader.receive(frames[at : at + read_bytes])
    assert found == messages


def test_what_is_sent_waits_for_the_window_of_the_server():
    own = stream()
    own.receive(frame(4, 0, 0, (4).to_bytes(2, "big") + (20).to_bytes(4, "big")))
    own.outgoing.clear()
    own.send(b"x" * 10)
    own.send(b"y" * 10)
    assert own.blocked
    assert own.outgoing == frame(0, 0, 1, wrapped(b"x" * 10))
    own.outgoing.clear()
    own.receive(frame(8, 0, 1, (10).to_bytes(4, "big")))
    assert not own.blocked
    assert own.outgoing == frame(0, 0, 1, wrapped(b"y" * 10))


def test_the_own_window_is_renewed():
    own = stream(renew_bytes=100)
    own.receive(frame(0, 0, 1, wrapped(b"x" * 95)))
    assert own.outgoing == frame(8, 0, 0, b"\0\0\0\x64") + frame(8, 0, 1, b"\0\0\0\x64")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "this is not gRPC"),
        (frame(0, 0, 1, b"\x01\0\0\0\x01x"), "compressed: 1"),
        (frame(0, 0, 1, b"\0\xff\xff\xff\xff"), "expected 0 to"),
    ],
)
def test_what_is_not_grpc_is_refused(data, says):
    with pytest.raises(BadInput, match=says):
        stream().receive(data)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_nothing_but_bad_input_comes_out_of_the_decoders(data):
    with suppress(BadInput):
        stream().receive(data)
    for wrap in (data, chunk(20, data), event("1", CHAT, data), event("1", HURT, data), event("1", MOVE, data)):
        with suppress(BadInput):
            found = minecraft_wire.host_event(minecraft_wire.host_message(wrap).body)
            minecraft_events.payload_of(found, minecraft_events.details(found), lambda _: "")
            minecraft_wire.move(found.payload)


def test_a_number_is_given_again_as_late_as_possible():
    roster = Roster()
    ada, bo = roster.add("a", "Ada"), roster.add("b", "Bo")
    assert (ada.number, bo.number, roster.add("a", "Ada")) == (1, 2, None)
    roster.move(bo, 1, 2, 3, 4)
    assert roster.remove("b") is bo
    assert roster.take() == []
    assert roster.add("c", "Cy").number == 3


def test_without_a_rule_nothing_is_changed():
    given_ = Answers([AnswerRule("chat", cancel=True)]).of("command", {"raw": "/op"})
    assert (given_.cancel, given_.text) == (False, None)


def happenings(seed, *times):
    """Return what happens in a small world that is looked at at these times, by type."""
    world = World(seed, 3.0, WorldRates(5, moves_hz=50.0, deaths_hz=4.0))
    found = [*world.beginning(), *(one for at_s in times for one in world.until(at_s)), *world.end()]
    return world, {type_: [one.payload for one in found if one.type == type_] for type_ in (one.type for one in found)}


def test_the_synthetic_server_is_reproducible_and_counted():
    world, found = happenings(7, 1.0, 2.3, 9.0)
    assert happenings(7, 3.0)[1] == found
    assert happenings(8, 3.0)[1] != found
    types = Counter()
    for type_, payloads in found.items():
        for payload in payloads:
            message = minecraft_wire.host_message(minecraft_world.event("framewire", 1, Happening(type_, payload)))
            heard = minecraft_wire.host_event(message.body)
            if type_ != "player_move":
                types[minecraft_events.payload_of(heard, minecraft_events.details(heard), lambda _: "")[0]] += 1
                continue
            move = minecraft_wire.move(heard.payload)
            assert move.name.startswith("Player_")
            assert max(abs(move.x), abs(move.z)) < 512  # the edge of the map
    assert types == world.expected()
    assert len(found["player_move"]) == 150


def retained(actors):
    """Return the retained radar: the ids of the players by `on`, and whether the map is shown."""
    with closing(LogReader(actors.run_dir)) as reader:
        states = [(one.type, msgspec.msgpack.decode(one.payload)) for one in reader.snapshot()]
    players = [payload for type_, payload in states if type_ == "radar_player"]
    on = [payload.get("on", True) for type_, payload in states if type_ == "radar"]
    ids = {shown: {one["player"]["name"] for one in players if one.get("on", True) is shown} for shown in (True, False)}
    return ids[True], ids[False], on == [True]


def left(actors):
    """Return the ids of the players that have left the radar."""
    gone = [msgspec.msgpack.decode(one.payload) for one in actors.poll() if one.type == "radar_player"]
    return {payload["player"]["id"] for payload in gone if not payload.get("on", True)}


def test_the_synthetic_server_loads_the_source():
    address = f"127.0.0.1:{free_ports(1)[0]}"
    world = World(1, 1.0, WorldRates(200, moves_hz=400.0, deaths_hz=50.0))
    with Actors(f'sources.mc={{kind="minecraft",address="{address}"}}') as actors:
        actors.start(*CORE, "mc")
        told = run_async(minecraft_host.play(world, address, "framewire", lambda _: None))
        assert told["sent"] | {"player_move": 0} == {
            "player_join": 200, "player_death": 50, "chat": 2, "player_quit": 200, "player_move": 0
        }  # fmt: skip
        eventually(lambda: [one.type for one in actors.logged()] == ["death"] * 50, 10)
        # Without a connection to the broadcaster they are dropped, and on a loaded machine the world is over before it.
        eventually(lambda: report(actors, "mc")["positions"] + report(actors, "mc")["positions_dropped"] > 0, 10)
        # A burst is more than the link holds: no quit may be lost, or a player stays on the radar.
        eventually(lambda: len(left(actors)) == 200, 10)
        eventually(lambda: retained(actors) == (set(), set(), False), 10)  # the server has ended the connection


def test_a_killed_source_leaves_no_player_on_the_radar():
    """The players of its last connection end with its next one; the map ends if the server is gone by then."""

    def script(host, number):
        yield peer.hello()
        for name in ("Ada", "Bo") if number == 0 else ("Cy",):
            yield event(name, MOVE, moved(name, 1, 2, 3, 4))
        host.wait()

    with Host(script) as host, Actors(f'sources.mc={{kind="minecraft",address="{host.address}"}}') as actors:
        actors.start(*CORE, "mc")
        eventually(lambda: retained(actors) == ({"Ada", "Bo"}, set(), True), 10)
        actors.kill("mc")
        actors.start("mc")
        eventually(lambda: retained(actors) == ({"Cy"}, set(), True), 10)
        actors.kill("mc")
        host.stop()
        actors.start("mc", ready=False)
        eventually(lambda: retained(actors) == (set(), set(), False), 10)


def test_a_used_address_is_refused():
    with Host(lambda host, number: iter(())) as host, pytest.raises(BadInput, match="if your Minecraft server runs"):
        run_async(minecraft_host.play(World(1, 1.0, WorldRates()), host.address, "framewire", lambda _: None))


def test_the_time_of_a_death_is_the_look_at_which_it_was_due():
    due_s = []
    world = World(7, 3.0, WorldRates(5, moves_hz=0.0, deaths_hz=4.0), cause=lambda at_s: due_s.append(at_s) or "")
    found = []
    for number in range(1, 13):
        list(world.until(number / 4))
        found.append(number / 4)
        assert due_s == found
