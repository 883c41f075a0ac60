"""The process of each kind of source is killed while it reads: nothing that it accepted is lost or shown twice."""

import http.client
import itertools
import json
import random
import sqlite3
import threading
from contextlib import closing

import msgspec
import pytest

from actors.secrets import Secrets
from tests.sockets.actors import CORE, Actors
from tests.sources import test_gsi, test_webhook
from tests.sources.obs_peer import Obs
from tests.sources.platforms import PLATFORMS
from tests.support import eventually

KILLS = 3
POSTS = 150


@pytest.fixture(scope="module")
def actors():
    """A pipeline for all tests of this module; each adds its source."""
    with Actors('sources.cs2.kind="gsi"', 'sources.kofi={kind="webhook",preset="kofi"}') as actors:
        Secrets(actors.run_dir).set("cs2", test_gsi.TOKEN)
        Secrets(actors.run_dir).set("kofi", test_webhook.SECRET)
        actors.start(*CORE)
        yield actors


def logged(actors, first):
    """Return the payloads of the events from the position `first` on, without derived ones, in order."""
    events = [one for one in actors.logged()[first:] if "+" not in one.id]
    return [msgspec.msgpack.decode(one.payload) for one in events]


def stored(actors, source):
    """Return how many messages the source has accepted; the outbox keeps them for a time."""
    with closing(sqlite3.connect(actors.run_dir / f"outbox-{source}.db")) as db:
        return db.execute("SELECT count(*) FROM rows").fetchone()[0]


@pytest.mark.parametrize("kind", PLATFORMS, ids=lambda kind: kind.name)
def test_a_killed_source_loses_nothing_that_it_accepted(actors, kind, tmp_path):
    """The log is that of a run without kills. Of a source that cannot read again, each connection that was killed
    gives the messages that were on disk, in the order in which the platform sent them, and no other is missing."""
    chance = random.Random(kind.name)
    numbers, first = itertools.count(), len(actors.logged())
    with kind(tmp_path) as platform:
        actors.add(f"sources.{kind.name}={platform.settings()}")
        if kind.secret:
            Secrets(actors.run_dir).set(kind.name, kind.secret)
        accepted = []
        for _ in range(KILLS):
            actors.start(kind.name, ready=False)
            platform.opened()
            enough = len(accepted) + chance.randrange(1, 30)
            for number in itertools.islice(numbers, chance.randrange(60, 160)):
                platform.happen(number)
            eventually(lambda enough=enough: stored(actors, kind.name) >= enough, 20)
            actors.kill(kind.name)
            platform.killed()
            fresh = [number for number in platform.book[-1] if number not in accepted]
            accepted += fresh[: stored(actors, kind.name) - len(accepted)]
            for number in itertools.islice(numbers, 10):
                platform.happen(number)
        actors.start(kind.name, ready=False)
        platform.opened()
        for number in itertools.islice(numbers, 50):
            platform.happen(number)
        accepted += [number for number in platform.book[-1] if number not in accepted]
        expected = platform.said if kind.keeps else accepted
        eventually(lambda: len(logged(actors, first)) >= len(expected), 30)
        assert [platform.number(payload) for payload in logged(actors, first)] == expected
        actors.kill(kind.name)


def kill_line(number):
    return f'L 03/14/2026 - 20:15:09: "Ada<7><[U:1:1]><CT>" killed "U{number}<9><[U:1:2]><TERRORIST>" with "awp"\n'


def tip(number):
    fields = {"message_id": f"m{number}", "from_name": f"U{number}", "timestamp": "2099-01-01T00:00:00Z"}
    return test_webhook.form("data", test_webhook.KOFI | fields)


class Sender:
    """Posts requests one after the other; `answered` counts those that were accepted."""

    def __init__(self, actors, requests, repeats):
        self.answered, self.repeats = 0, repeats
        self._actors, self._requests = actors, requests
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def join(self):
        self._thread.join()

    def _run(self):
        for request in self._requests:
            if not self._accepted(request):
                again = request if self.repeats else ("/healthz",)
                eventually(lambda again=again: self._accepted(again), 30)

    def _accepted(self, request):
        try:
            status, _ = self._actors.request("POST" if len(request) > 1 else "GET", *request)
        except (OSError, http.client.HTTPException):  # the ingest is dead, or dies before its answer
            return False
        self.answered += status == 200
        return status == 200


def test_a_killed_ingest_loses_nothing_and_shows_nothing_twice(actors):
    """A game server and a platform repeat a request that was not answered. A game does not, but its next post has the
    counter."""
    chance, first = random.Random(7), len(actors.logged())
    place = [{"X-Server-Instance-Token": "i", "X-Logbytes-Beginoffset": str(number)} for number in range(POSTS)]
    log = [(f"/srcds/{actors.tokens.ingest}", kill_line(n).encode(), place[n]) for n in range(POSTS)]
    tips = [("/webhook/kofi", tip(n), {"Content-Type": "application/x-www-form-urlencoded"}) for n in range(POSTS)]
    posts = [("/gsi/cs2", json.dumps(test_gsi.figures(kills=4 + n, deaths=n // 7)).encode()) for n in range(POSTS)]
    assert actors.request("POST", *posts[0])[0] == 200  # the base of the differences
    senders = [Sender(actors, log, True), Sender(actors, tips, True), Sender(actors, posts, False)]
    for share in range(KILLS):
        enough = 2 * POSTS * share // KILLS + chance.randrange(10, 60)
        eventually(lambda enough=enough: sum(one.answered for one in senders[:2]) >= enough, 30)
        actors.kill("ingest")
        actors.start("ingest")
    for one in senders:
        one.join()
    assert actors.request("POST", *posts[-1])[0] == 200
    wanted = 2 * POSTS + POSTS - 1 + (POSTS - 1) // 7
    eventually(lambda: len(logged(actors, first)) >= wanted, 30)
    found = logged(actors, first)
    assert [one["victim"]["name"] for one in found if "victim" in one and one.get("weapon") == "awp"] == [
        f"U{n}" for n in range(POSTS)
    ]
    assert [one["user"] for one in found if "user" in one] == [f"U{n}" for n in range(POSTS)]
    assert len([one for one in found if "attacker" in one and "victim" not in one]) == POSTS - 1
    assert len(found) == wanted


def test_a_killed_obs_source_ends_with_the_state_of_obs(actors):
    """What changed while it was down is read again."""
    chance, numbers = random.Random(11), itertools.count()
    with Obs(password=None) as server:
        actors.add(f'sources.obs={{kind="obs",url="{server.url}"}}')

        def change():
            server.program = f"S{next(numbers)}"
            server.scenes[server.program] = {}
            server.emit("CurrentProgramSceneChanged", sceneName=server.program)

        def scenes():
            payloads = [msgspec.msgpack.decode(one.payload) for one in actors.poll() if one.type == "obs"]
            return [payload["scene"] for payload in payloads if payload.get("connected", True)]

        for _ in range(KILLS):
            actors.start("obs", ready=False)
            eventually(lambda: scenes()[-1:] == [server.program], 20)
            for _ in range(chance.randrange(20, 60)):
                change()
            actors.kill("obs")
            eventually(lambda: not server.clients, 10)
            change()
        actors.start("obs", ready=False)
        eventually(lambda: scenes()[-1:] == [server.program], 20)
        actors.kill("obs")
