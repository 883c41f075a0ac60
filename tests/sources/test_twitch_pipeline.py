"""Twitch through the whole product: repetitions are shown once, and accepted events survive a kill."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
from collections import Counter
from contextlib import closing

import msgspec
import pytest
import websockets.sync.client

from actors.core.contract.event import Event
from actors.producers.twitch_wanted import scopes
from actors.secrets import Secrets
from tests.sources.twitch_peer import GRANT, EventSub, Http, Irc, follow, notification
from tests.support import SLOWNESS, Pipeline, eventually

ROUNDS = 50
A_ROUND = 20


def eventsub_source(events, http):
    return (
        f'sources.tw={{kind="twitch",client_id="app",websocket_url="{events.url}",api_url="{http.url}/helix",'
        f'auth_url="{http.url}/oauth2"}}'
    )


def irc_source(irc):
    return f'sources.chat={{kind="twitch_chat",channels=["den"],url="{irc.url}"}}'


def log_in(pipeline):
    Secrets(pipeline.run_dir).set("tw", json.dumps(GRANT | {"scopes": scopes()}))


def logged(pipeline, type_):
    """Return the users of all events of a type in the log, in order."""
    with closing(sqlite3.connect(f"{(pipeline.run_dir / 'log.db').as_uri()}?mode=ro", uri=True)) as db:
        rows = [row[0] for row in db.execute("SELECT body FROM events ORDER BY position")]
    events = [msgspec.msgpack.decode(row, type=Event) for row in rows]
    return [msgspec.msgpack.decode(event.payload)["user"] for event in events if event.type == type_]


def report(pipeline, name):
    return next(row for row in pipeline.status()["sources"] if row["name"] == name)


def begin_login(pipeline, source):
    """Press *Log in* in a dashboard; return the answer of the gateway."""
    hello = {"t": "hello", "version": 2, "token": pipeline.tokens.control, "overlay_id": "desk", "resume": None}
    command = {"t": "command", "id": "c", "name": "login", "args": {"source": source, "action": "begin"}}

    def until(kind):
        while (message := json.loads(socket.recv(timeout=10 * SLOWNESS)))["t"] != kind:
            pass
        return message

    with websockets.sync.client.connect(pipeline.ws_url(), compression=None) as socket:
        socket.send(json.dumps(hello | {"role": "dashboard", "format": "json"}))
        until("welcome")
        socket.send(json.dumps(command))
        return until("result")


def chat(number):
    event = {
        "broadcaster_user_id": "7",
        "broadcaster_user_login": "den",
        "chatter_user_id": "1",
        "chatter_user_name": "Ada",
        "message_id": f"c{number}",
        "message": {"text": "hi", "fragments": []},
    }
    return notification("channel.chat.message", event, f"chat-{number}")


@pytest.mark.timeout(180)
def test_a_thousand_messages_over_fifty_reconnects_are_shown_once():
    """Each socket brings new messages and those of the socket before; Twitch moves the session, or cuts it."""
    rounds = itertools.count()

    async def script(connection, _number):
        number = next(rounds)
        if number > ROUNDS:
            return
        first = max(0, number - 1) * A_ROUND
        for n in range(first, min(number + 1, ROUNDS) * A_ROUND):
            await connection.send(follow(n) if n % 4 else chat(n))
        if number % 10 == 9:
            connection.transport.abort()
        else:
            await connection.send(events.reconnect(number))

    with EventSub(script) as events, Http() as http, Pipeline(eventsub_source(events, http)) as pipeline:
        log_in(pipeline)
        pipeline.start()
        expected = [f"U{n}" for n in range(ROUNDS * A_ROUND) if n % 4]
        eventually(lambda: len(logged(pipeline, "follow")) >= len(expected) and len(events.connections) > ROUNDS, 60)
        # The report is of the last heartbeat, and may be older than the log.
        eventually(lambda: (row := report(pipeline, "tw"))["accepted"] + row["sent"] >= ROUNDS * A_ROUND)
        assert Counter(logged(pipeline, "follow")) == Counter(expected)
        row = report(pipeline, "tw")
        assert (row["accepted"], row["sent"]) == (len(expected), ROUNDS * A_ROUND - len(expected))
        assert row["reconnects"] == ROUNDS // 10
        assert row["rejected"] == 0


def test_a_streamer_logs_in_and_gets_a_follow():
    async def script(connection, _number):
        await connection.send(follow(1))

    with EventSub(script) as events, Http() as http, Pipeline(eventsub_source(events, http)) as pipeline:
        http.pending = 1
        pipeline.start()
        eventually(lambda: report(pipeline, "tw")["state"] == "refused")
        assert "./supervisor.py login twitch --source tw" in report(pipeline, "tw")["detail"]
        done = pipeline.command("login", "twitch")
        assert (done.returncode, done.stderr) == (0, "")
        assert "https://www.twitch.tv/activate" in done.stdout
        assert "ABCD-EFGH" in done.stdout
        assert "Logged in as den; the source tw uses it." in done.stdout
        assert "access-" not in done.stdout
        eventually(lambda: logged(pipeline, "follow") == ["U1"], 15)
        for file in (pipeline.run_dir / "log").iterdir():
            assert "access-1" not in file.read_text()
        assert (pipeline.run_dir / "secrets" / "tw").stat().st_mode & 0o777 == 0o600


def test_a_login_of_the_dashboard_connects_the_source_without_a_restart():
    async def script(connection, _number):
        await connection.send(follow(1))

    with EventSub(script) as events, Http() as http, Pipeline(eventsub_source(events, http)) as pipeline:
        http.pending = 10**9
        pipeline.start()
        eventually(lambda: (report(pipeline, "tw")["login"] or {}).get("state") == "")
        pid = pipeline.pid("tw")
        assert begin_login(pipeline, "unknown")["ok"] is False
        assert begin_login(pipeline, "tw")["ok"]
        eventually(lambda: report(pipeline, "tw")["login"].get("code") == "ABCD-EFGH", 20)
        assert "in progress" in begin_login(pipeline, "tw")["error"]
        http.pending = 0
        eventually(lambda: logged(pipeline, "follow") == ["U1"], 20)
        eventually(lambda: report(pipeline, "tw")["login"]["text"] == "Logged in as den.")
        assert pipeline.pid("tw") == pid
        for file in (pipeline.run_dir / "log").iterdir():
            assert not any(text in file.read_text() for text in ("access-1", "ABCD-EFGH"))


def test_a_kill_while_the_login_is_renewed_does_not_send_its_token_again():
    """The token may be spent: the source continues with its access token, and then requires a new login."""
    asked, killed = threading.Event(), threading.Event()

    def renew(_peer, _spent):
        asked.set()
        assert killed.wait(30 * SLOWNESS)
        return 0, None

    with EventSub() as events, Http() as http, Pipeline(eventsub_source(events, http)) as pipeline:
        http.expires_in, http.renew = 600, renew
        log_in(pipeline)
        pipeline.start(ready=False)
        assert asked.wait(30 * SLOWNESS)
        eventually(pipeline.running, 20)
        pipeline.kill("tw")
        killed.set()
        eventually(lambda: report(pipeline, "tw")["state"] == "degraded", 20)
        assert "Log in again: ./supervisor.py login twitch --source tw" in report(pipeline, "tw")["detail"]
        http.valid = set()
        pipeline.kill("tw")
        eventually(lambda: report(pipeline, "tw")["state"] == "refused", 20)
        assert http.spent == ["refresh-0"]


def test_chat_without_a_login_survives_reconnects_and_a_kill():
    async def script(connection, number):
        for n in range(10 * number):
            await connection.send(f"@id=m{n};bits=5;display-name=U{n} :u!u@u PRIVMSG #den :Cheer5\r\n")
        await connection.send(":tmi.twitch.tv RECONNECT\r\n" if number < 3 else "PING :x\r\n")

    with Irc(script) as irc, Pipeline(irc_source(irc)) as pipeline:
        pipeline.start()
        eventually(lambda: "PONG :x" in irc.heard, 20)
        pipeline.kill("chat")
        eventually(lambda: len(logged(pipeline, "cheer")) >= 40, 20)
        assert Counter(logged(pipeline, "cheer")) == Counter(f"U{n}" for n in range(40))
