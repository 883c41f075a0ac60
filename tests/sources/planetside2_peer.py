"""A simulated Census: the event stream with subscriptions and faults, and the REST API."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections import deque
from urllib.parse import parse_qs, urlsplit

from tests.sources.peer import Peer, cut
from tests.support import SLOWNESS

OWN = "5428010618015189713"
OTHER = "5428168624838258657"
THIRD = "5429381134408439601"
CHARACTERS = {
    OWN: {"name": {"first": "Ada"}, "faction_id": "1", "world_id": "10"},
    OTHER: {"name": {"first": "Bo"}, "faction_id": "2", "world_id": "10"},
    THIRD: {"name": {"first": "Cy"}, "faction_id": "1", "world_id": "10"},
}


def now():
    return str(int(time.time()))


def death(victim=OTHER, attacker=OWN, **more):
    return {
        "event_name": "Death", "attacker_character_id": attacker, "attacker_fire_mode_id": "26103",
        "attacker_loadout_id": "18", "attacker_team_id": "1", "attacker_vehicle_id": "0", "attacker_weapon_id": "26003",
        "character_id": victim, "character_loadout_id": "6", "is_critical": "0", "is_headshot": "0", "team_id": "2",
        "timestamp": now(), "world_id": "10", "zone_id": "2",
    } | more  # fmt: skip


def experience(id_, other=OTHER, who=OWN, **more):
    return {
        "event_name": "GainExperience", "amount": "75", "character_id": who, "experience_id": id_, "loadout_id": "18",
        "other_id": other, "team_id": "1", "timestamp": now(), "world_id": "10", "zone_id": "2",
    } | more  # fmt: skip


def alert(state="135", **more):
    return {
        "event_name": "MetagameEvent", "experience_bonus": "25.000000", "faction_nc": "30.5", "faction_tr": "20.000000",
        "faction_vs": "49.411766", "instance_id": "20367", "metagame_event_id": "1", "metagame_event_state": state,
        "metagame_event_state_name": "x", "timestamp": now(), "world_id": "10", "zone_id": "2",
    } | more  # fmt: skip


class _Client:
    """One connection: its subscriptions, and the frames that are not sent yet."""

    def __init__(self, connection):
        self.connection = connection
        self.events, self.characters, self.worlds = set(), set(), set()
        self.outbox = deque()

    def wants(self, payload):
        event = payload["event_name"]
        if not self.events & {event, f"{event}_experience_id_{payload.get('experience_id')}"}:
            return False
        ids = {payload.get("character_id")}
        if event in ("Death", "VehicleDestroy"):
            ids.add(payload.get("attacker_character_id"))
        return bool(ids & self.characters) or payload.get("world_id") in self.worlds


class Ess(Peer):
    """The event stream. Nothing is kept for a client that is away.

    beats      whether heartbeats are sent
    alter      changes what the server says that it sends
    delivered  frames that have certainly arrived
    """

    def __init__(self, admit=lambda _request: 101):
        self.clients = []
        self.heard = []
        self.delivered = []
        self.beats = True
        self.alter = lambda echo: echo
        super().__init__(self._talk, admit)

    @property
    def url(self):
        return super().url.replace("/feed", "/streaming")

    def ready(self, count=1):
        """Whether so many connections are subscribed."""
        return sum(bool(client.events) for client in list(self.clients)) >= count

    def idle(self):
        """Whether nothing is left to be sent."""
        return not any(client.outbox for client in list(self.clients))

    def tell(self, *payloads, raw=None):
        """Send events to all that subscribed to them; return how many connections got the last."""
        sent = 0
        for payload in payloads:
            text = json.dumps({"payload": payload, "service": "event", "type": "serviceMessage"})
            wanting = [client for client in list(self.clients) if client.wants(payload)]
            sent = len(wanting)
            for client in wanting:
                client.outbox.append(text)
        if raw is not None:
            for client in list(self.clients):
                client.outbox.append(raw)
        return sent

    def cut(self):
        for client in list(self.clients):
            self.clients.remove(client)
            with contextlib.suppress(OSError):
                cut(client.connection)

    def _talk(self, connection, _number):
        client = _Client(connection)
        connection.send('{"connected":"true","service":"push","type":"connectionStateChanged"}')
        connection.send('{"send this for help":{"service":"event","action":"help"}}')
        self.clients.append(client)
        due_s = 0.0
        try:
            while not self._stopping.is_set():
                self._send(client)
                if self.beats and time.monotonic() >= due_s:
                    due_s = time.monotonic() + 0.1
                    connection.send(
                        json.dumps({"online": {"EventServerEndpoint_Miller_10": "true"}, "service": "event",
                                    "timestamp": now(), "type": "heartbeat"})
                    )  # fmt: skip
                with contextlib.suppress(TimeoutError):
                    self._hear(client, json.loads(connection.recv(timeout=0.005)))
        finally:
            if client in self.clients:
                self.clients.remove(client)

    def _send(self, client):
        sent = []
        while client.outbox:
            sent.append(client.outbox.popleft())
            client.connection.send(sent[-1])
        if sent and client.connection.ping().wait(5 * SLOWNESS):  # the client has received all messages before its pong
            self.delivered += sent

    def _hear(self, client, said):
        self.heard.append(said)
        if said["action"] == "clearSubscribe":
            client.events, client.characters, client.worlds = set(), set(), set()
        else:
            client.characters |= set(said.get("characters", []))
            client.worlds |= set(said.get("worlds", []))
            client.events |= set(said.get("eventNames", []))
        echo = {
            "characterCount": len(client.characters), "eventNames": sorted(client.events),
            "logicalAndCharactersWithWorlds": False, "worlds": sorted(client.worlds),
        }  # fmt: skip
        client.connection.send(json.dumps({"subscription": self.alter(echo)}))


class Rest:
    """The REST API: answers from tables, counts requests, and is slow or broken on request of the test."""

    def __init__(self):
        self.questions = []
        self.tables = {
            "character": ("character_id", CHARACTERS),
            "item": ("item_id", {"26003": {"name": {"en": "Beamer"}, "item_category_id": "3"}}),
            "map_region": ("facility_id", {"3400": {"facility_name": "Peris"}}),
            "metagame_event": ("metagame_event_id", {"1": {"name": {"en": "Feeling the Heat"},
                                                           "description": {"en": "Capture Indar"}}}),
            "vehicle": ("vehicle_id", {"151": {"name": {"en": "Orbital Strike"}}}),
        }  # fmt: skip
        self.broken = b""
        self.free = threading.Event()
        self.free.set()
        rest = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                rest.questions.append(self.path)
                rest.free.wait(30 * SLOWNESS)
                body = rest.broken or rest.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Say nothing."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A source that is killed cuts its connection."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path):
        parts = urlsplit(path)
        _, service, get, namespace, collection, _ = parts.path.split("/")
        assert (service[:2], get, namespace) == ("s:", "get", "ps2:v2")
        query = parse_qs(parts.query)
        field, table = self.tables[collection]
        if "name.first_lower" in query:
            names = query["name.first_lower"][0].split(",")
            found = [id_ for id_, row in table.items() if row["name"]["first"].lower() in names]
        else:
            found = [id_ for id_ in query[field][0].split(",") if id_ in table]
        rows = [{field: id_, **table[id_]} for id_ in found]
        return json.dumps({f"{collection}_list": rows, "returned": len(rows)}).encode()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.free.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
