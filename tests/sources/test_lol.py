"""League of Legends: events as tables, and a simulated game that starts, crashes, ends and starts again."""

import http.server
import json
import socket
import ssl
import threading
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.adapters import lol_events
from actors.adapters.lol_events import LolCursor
from actors.core.contract.event import Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput, ConfigError
from actors.producers import spec
from actors.producers.sources import lol
from tests.sockets.actors import CORE, Actors
from tests.sources.peer import report
from tests.support import eventually

# An untrusted certificate, like that of the game; made for this test.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9n06EKAeRvySN1Oa
XJO6S2lEqmp4EjYq3c59E4CghSuhRANCAARquHQU60VyoB86Ie5/OHZeEA7w3nXH
AtsynrypNT25JByz/+rc8kcY2wXDF7BlAD1qPKccBQpeNU7yaGA1hkAK
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUeMmm5E7/HVsk5iscM17FF8QFaVgwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHcmNsaWVudDAgFw0yNjExMjExNjQ4MjdaGA8yMTI2MTAyODE2
NDgyN1owEjEQMA4GA1UEAwwHcmNsaWVudDBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABGq4dBTrRXKgHzoh7n84dl4QDvDedccC2zKevKk1PbkkHLP/6tzyRxjbBcMX
sGUAPWo8pxwFCl41TvJoYDWGQAqjUzBRMB0GA1UdDgQWBBRHJzHBGG+JvqFEZD0M
AuM3eratLjAfBgNVHSMEGDAWgBRHJzHBGG+JvqFEZD0MAuM3eratLjAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDLCHVgsXnQyWDmUy0eaqJHpEAv
6Rd+0UbjMRAtgUaEmgIgb6bGWQNiGqcm8IGG65HPRwd0yj0G2TGwJ8LDyyLyq8g=
-----END CERTIFICATE-----
"""

START = {"EventID": 0, "EventName": "GameStart", "EventTime": 0.6020711064338684}


def event(number, name, **fields):
    return {"EventID": number, "EventName": name, "EventTime": 60.0 + number, **fields}


def kill(number, killer="Ada", victim="Bo", *assisters):
    return event(number, "ChampionKill", KillerName=killer, VictimName=victim, Assisters=list(assisters))


PEOPLE = [
    lol.LolPlayer("Ada#EUW", "Ada", "Ada", "ORDER"),
    lol.LolPlayer("Bo#1", "Bo", "", "CHAOS"),
    lol.LolPlayer("", "", "Cy", "ORDER"),
]


def said(message):
    submission = msgspec.msgpack.decode(message.body, type=Submission)
    msgspec.msgpack.decode(submission.payload, type=TAXONOMY[submission.type].payload)
    payload = msgspec.msgpack.decode(submission.payload)
    for name in ("attacker", "victim", "player", "assister"):
        if name in payload:
            payload[name] = f"{payload[name]['name']}/{payload[name].get('team', '')}"
    return submission.type, payload


def told(*events, own="Ada#EUW"):
    """Return the events of a game of Ada and Cy against Bo."""
    found = lol_events.read(json.dumps({"Events": list(events)}).encode())
    return [said(message) for message in lol.messages(found, LolCursor("g"), lol.Game(PEOPLE, own), 0.0)]


ADA, BO, CY = "Ada/ORDER", "Bo/CHAOS", "Cy/ORDER"
MEANINGS = [
    (START, [("round", {"phase": "match_start"})]),
    (event(1, "MinionsSpawning"), []),
    (kill(2), [("kill", {"attacker": ADA, "victim": BO})]),
    (kill(2, "Ada", "Bo", "Cy"), [("kill", {"attacker": ADA, "victim": BO, "assister": CY}),
                                  ("assist", {"player": CY, "victim": BO})]),
    (kill(2, "Turret"), [("kill", {"attacker": "Turret/", "victim": BO})]),  # a player of that name
    (kill(2, "Turret_T1_C_05_A"), [("death", {"victim": BO, "cause": "turret"})]),
    (kill(2, "Minion_T100L1S01N0001"), [("death", {"victim": BO, "cause": "minion"})]),
    (kill(2, "SRU_Baron12.1.1"), [("death", {"victim": BO, "cause": "monster"})]),
    (kill(2, ""), [("death", {"victim": BO})]),
    (kill(2, "Stranger"), [("kill", {"attacker": "Stranger/", "victim": BO})]),
    (event(3, "FirstBlood", Recipient="Ada"), [("objective", {"action": "first_blood", "player": ADA})]),
    (event(3, "FirstBlood"), []),
    *((event(4, "Multikill", KillerName="Ada", KillStreak=kills),
       [("objective", {"action": action, "player": ADA, "team": "ORDER"})])
      for kills, action in ((2, "double_kill"), (5, "penta_kill"), (6, "penta_kill"))),
    (event(4, "Multikill", KillerName="Ada", KillStreak=1), []),
    (event(5, "Ace", Acer="Bo", AcingTeam="CHAOS"), [("objective", {"action": "ace", "player": BO, "team": "CHAOS"})]),
    (event(6, "TurretKilled", KillerName="Ada", TurretKilled="Turret_T2_R_03_A"),
     [("objective", {"action": "turret_destroyed", "player": ADA, "target": "Turret_T2_R_03_A", "team": "ORDER"})]),
    (event(6, "TurretKilled", KillerName="Minion_T200", TurretKilled="Turret_T1_R_03_A"),
     [("objective", {"action": "turret_destroyed", "target": "Turret_T1_R_03_A", "team": "CHAOS"})]),
    (event(7, "FirstBrick", KillerName="Ada"),
     [("objective", {"action": "first_turret", "player": ADA, "team": "ORDER"})]),
    (event(8, "InhibKilled", KillerName="Bo", InhibKilled="Barracks_T1_C1"),
     [("objective", {"action": "inhibitor_destroyed", "player": BO, "target": "Barracks_T1_C1", "team": "CHAOS"})]),
    (event(9, "InhibRespawned", InhibRespawned="Barracks_T1_C1"),
     [("objective", {"action": "inhibitor_respawned", "target": "Barracks_T1_C1"})]),
    (event(10, "DragonKill", KillerName="Ada", DragonType="Fire", Stolen="True"),
     [("objective", {"action": "dragon_slain", "player": ADA, "target": "Fire", "team": "ORDER", "stolen": True})]),
    *((event(11, name, KillerName="Bo", Stolen="False"),
       [("objective", {"action": action, "player": BO, "team": "CHAOS"})])
      for name, action in (("HeraldKill", "herald_slain"), ("BaronKill", "baron_slain"),
                           ("HordeKill", "voidgrub_slain"), ("AtakhanKill", "atakhan_slain"))),
    (event(12, "GameEnd", Result="Win"), [("round", {"phase": "match_end", "winner": "ORDER", "reason": "Win"})]),
    (event(12, "GameEnd", Result="Lose"), [("round", {"phase": "match_end", "winner": "CHAOS", "reason": "Lose"})]),
    (event(13, "Kill"), []),
    (event(13, "SomethingNew"), []),
]  # fmt: skip


@pytest.mark.parametrize(("one", "expected"), MEANINGS, ids=lambda value: str(value)[:60])
def test_an_event_of_the_source_becomes_the_expected_event(one, expected):
    assert told(one) == expected


def test_two_events_with_one_number_are_both_reported():
    found = lol_events.read(json.dumps({"Events": [START, event(0, "Ace", Acer="Ada", AcingTeam="ORDER")]}).encode())
    ids = [message.identity for message in lol.messages(found, LolCursor("g"), lol.Game(PEOPLE, "Ada#EUW"), 0.0)]
    assert len(set(ids)) == 2


def test_a_spectator_has_no_team():
    assert told(event(1, "GameEnd", Result="Win"), own="") == [("round", {"phase": "match_end", "reason": "Win"})]


GAME = [START, event(1, "MinionsSpawning"), kill(2), kill(3), kill(4)]
OTHER = [START | {"EventTime": 0.7}, kill(1)]
SHUFFLED = [START, kill(7), event(0, "Ace", Acer="Ada", AcingTeam="ORDER"), kill(3)]
NOW = 64.0


def listed(events):
    return lol_events.read(json.dumps({"Events": events}).encode())


def after(events):
    """Return the cursor when these events of GAME were reported."""
    cursor = LolCursor(lol_events.game_of(listed(GAME)))
    for one in listed(events):
        cursor = cursor.after(one)
    return cursor


@pytest.mark.parametrize(
    ("events", "cursor", "game_time_s", "expected"),
    [
        (GAME, after(GAME[:3]), NOW, [3, 4]),
        (GAME, after(GAME), NOW, []),
        (GAME, LolCursor(), NOW, [1, 2, 3, 4]),  # the start is 64 s ago
        (GAME, LolCursor(), 1_000.0, []),
        (GAME[:1], LolCursor(), 1.0, [0]),
        (OTHER, after(GAME), NOW, [1]),  # another game
        (GAME[:2], after(GAME), 61.0, [1]),  # the same first event, fewer of them: another game, too
        ([], after(GAME), NOW, []),
        (list(reversed(GAME)), after(GAME[:4]), NOW, [4]),
        (SHUFFLED, after(SHUFFLED[:2]), NOW, [0, 3]),  # a number that comes late, and one that comes again
        (list(reversed(SHUFFLED)), after(SHUFFLED[1:]), NOW, [0]),
    ],
)
def test_only_unread_events_are_returned(events, cursor, game_time_s, expected):
    new, _ = lol_events.unread(listed(events), cursor, game_time_s)
    assert [one.event_id for one in new] == expected


def test_a_cursor_has_no_more_events_than_a_list():
    """A program in the place of the game can send a new list each second."""
    cursor = after([event(number, "Other") for number in range(lol_events.MAX_EVENTS)])
    for late in listed([event(number, "Late") for number in range(3)]):
        cursor = cursor.after(late)
    assert len(cursor.keys) == lol_events.MAX_EVENTS * lol_events.KEY_BYTES
    unread = cursor.unread(listed([event(2, "Other"), event(3, "Other"), event(2, "Late")]))
    assert unread == listed([event(2, "Other")])


def test_a_saved_cursor_of_another_version_is_empty():
    assert lol_events.load(b"\xc1") == LolCursor()
    assert lol_events.load(msgspec.msgpack.encode(after(GAME))) == after(GAME)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "truncated"),
        (b"[]", "object"),
        (b"{}", "Events"),
        (b'{"Events": [{"EventID": "x", "EventName": "Ace"}]}', r"Events\[0\].EventID"),
        (b'{"Events": [{"EventID": 1}]}', "EventName"),
        (b'{"Events": [{"EventID": 1, "EventName": "Ace", "EventTime": -1}]}', "EventTime"),
        (b'{"Events": [{"EventID": 1, "EventName": "\xff"}]}', "utf-8"),
        (b'{"Events":' + b"[" * 100_000, "."),
    ],
)
def test_a_malformed_list_is_refused(body, text):
    with pytest.raises(BadInput, match=text):
        lol_events.read(body)


@pytest.mark.parametrize(
    "url", ["https://192.168.1.5:2999", "https://example.org", "ftp://127.0.0.1", "127.0.0.1:2999"]
)
def test_only_loopback_addresses_are_accepted(url):
    with pytest.raises(ConfigError, match="expected https://127"):
        spec.settings_of("lol", {"kind": "lol", "url": url})


names = st.sampled_from([one["EventName"] for one, _ in MEANINGS]) | st.text(max_size=8)
fields = st.sampled_from(
    ["KillerName", "VictimName", "Acer", "Recipient", "TurretKilled", "Stolen", "KillStreak", "Assisters"]
)
values = st.text(max_size=70) | st.integers() | st.booleans() | st.none() | st.lists(st.text(max_size=70), max_size=3)


@given(st.lists(st.tuples(names, st.dictionaries(fields, values, max_size=4)), max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_input_raises_only_bad_input(rows):
    with suppress(BadInput):
        told(*(event(number, name, **more) for number, (name, more) in enumerate(rows)))


class Client:
    """The game: answers with a certificate of its own, or not at all."""

    def __init__(self, tmp_path):
        self.answers, self.connections = {}, []
        self._pem = tmp_path / "game.pem"
        self._pem.write_text(CERTIFICATE)
        self.port = 0
        self._server = None

    def start(self, events, game_time_s):
        client = self
        self.say(events, game_time_s)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                client.connections.append(self.connection)

            def do_GET(self):
                body = client.answers.get(self.path.removeprefix("/liveclientdata/"))
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                """Say nothing."""

        server = self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._pem)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()

    def say(self, events, game_time_s):
        self.answers = {} if events is None else {
            "eventdata": events if isinstance(events, bytes) else json.dumps({"Events": events}).encode(),
            "gamestats": json.dumps({"gameMode": "CLASSIC", "gameTime": game_time_s}).encode(),
            "playerlist": json.dumps([{"riotIdGameName": "Ada", "riotId": "Ada#EUW", "team": "ORDER"}]).encode(),
            "activeplayername": b'"Ada#EUW"',
        }  # fmt: skip

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for connection in self.connections:  # a game that ends takes its connections along
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._server is not None:
            self.stop()


def victims(actors):
    """Return the victims of the kills in the log, in their order."""
    payloads = [msgspec.msgpack.decode(one.payload) for one in actors.logged() if one.type == "kill"]
    return [payload["victim"]["name"] for payload in payloads]


def test_games_are_followed_through_restarts_of_game_and_source(tmp_path):
    with Client(tmp_path) as client:
        client.start(None, 0)  # the game loads
        source = f'{{kind="lol",url="https://127.0.0.1:{client.port}",poll_s=0.02,look_s=0.02}}'
        with Actors(f"sources.lol={source}") as actors:
            actors.start(*CORE, "lol")
            eventually(lambda: report(actors, "lol").get("state") == "connecting", 10)
            events = [START, kill(1, "Ada", "v1")]
            client.say(events, 62.0)
            eventually(lambda: victims(actors) == ["v1"], 10)
            client.say(b"{nonsense", 62.0)
            eventually(lambda: report(actors, "lol")["rejected"] > 0, 10)
            actors.kill("lol")
            events += [kill(2, "Ada", "v2"), kill(3, "Ada", "v3")]
            client.say(events, 64.0)
            actors.start("lol")
            eventually(lambda: victims(actors) == ["v1", "v2", "v3"], 10)
            client.stop()  # the game crashes, and starts again with its list
            eventually(lambda: report(actors, "lol")["state"] == "waiting", 10)
            events += [kill(4, "Ada", "v4"), event(5, "GameEnd", Result="Win")]
            client.start(events, 66.0)
            eventually(lambda: "round" in [one.type for one in actors.logged()], 10)
            client.say([START | {"EventTime": 0.7}, kill(1, "Ada", "w1")], 62.0)  # the next game
            eventually(lambda: victims(actors)[-1] == "w1", 10)
            assert victims(actors) == ["v1", "v2", "v3", "v4", "w1"]
            (end,) = [msgspec.msgpack.decode(one.payload) for one in actors.logged() if one.type == "round"]
            assert end == {"phase": "match_end", "winner": "ORDER", "reason": "Win"}
