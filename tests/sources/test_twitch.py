"""EventSub over WebSocket with a simulated Twitch that has faults."""

import asyncio
import itertools
from contextlib import nullcontext
from types import SimpleNamespace

import msgspec
import pytest

from actors.adapters import twitch_eventsub
from actors.core.contract.event import RawItem
from actors.errors import Refused
from actors.producers import twitch_account, twitch_badges
from actors.producers.sources import twitch
from actors.producers.spec import Disconnected, SourceRefused
from actors.producers.twitch_account import TwitchAccount
from actors.producers.twitch_login import Grant
from actors.producers.twitch_sockets import same_domain
from actors.producers.twitch_wanted import TYPES, scopes
from tests.sources.rig import run
from tests.sources.twitch_peer import GRANT, EventSub, Http, LoggedIn, envelope, follow, notification
from tests.support import SLOWNESS, run_async


@pytest.fixture
def http():
    with Http() as http:
        yield http


def test_all_subscriptions_are_created_and_notifications_become_events(run_dir, http):
    async def script(connection, _number):
        await connection.send(follow(1))
        await connection.send(follow(2))

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        found, error = run(twitch, session, lambda found: len(found) == 2 and session.lives)
    assert (found, error) == (["f1", "f2"], None)
    assert len(set(http.subscribed)) == len(http.subscribed) == 27
    assert "channel.subscribe" not in http.subscribed, "notices of the chat report subscriptions"
    assert session.degradations == [""]
    assert events.paths == ["/ws?keepalive_timeout_seconds=30"]
    conditions = {body["type"]: body["condition"] for _, path, body in http.requests if "subscriptions" in path}
    assert conditions["channel.follow"] == {"broadcaster_user_id": "7", "moderator_user_id": "7"}
    assert conditions["channel.raid"] == {"to_broadcaster_user_id": "7"}
    assert conditions["channel.chat.message"] == {"broadcaster_user_id": "7", "user_id": "7"}


def test_without_chat_subscriptions_are_read_from_separate_types(run_dir, http):
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events, chat=False, skip=["channel.cheer"]).log_in()
        run(twitch, session, lambda _: session.lives)
    assert {"channel.subscribe", "channel.subscription.gift", "channel.subscription.message"} < set(http.subscribed)
    assert not [type_ for type_ in http.subscribed if type_.startswith("channel.chat") or type_ == "channel.cheer"]


def test_a_refused_type_is_named_and_other_types_work(run_dir, http):
    http.refusals = {
        "channel.hype_train.begin": [(403, "not affiliated")],
        "channel.goal.end": [(409, "already exists")],
        "channel.chat.notification": [(400, "no such type")],
    }
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in(scopes=[one for one in scopes() if one != "bits:read"])
        run(twitch, session, lambda _: session.degradations)
    (told,) = session.degradations
    assert "channel.hype_train.begin: 403 not affiliated" in told
    assert told.startswith("A new login is needed. Log in again: ./supervisor.py login twitch --source tw; ")
    assert "channel.cheer: the login lacks the scope bits:read" in told
    assert "goal" not in told, "409: the session has it"
    assert {"channel.follow", "channel.subscribe", "channel.subscription.gift"} <= set(http.subscribed)


def test_status_429_is_retried(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch_account, "RETRY_S", 0.01)
    http.refusals = {"channel.follow": [(429, "too many"), (503, "busy"), (0, "")]}
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: session.degradations[-1:] == [""])
    assert session.degradations == ["channel.follow: 429 too many", "channel.follow: 503 busy", ""]
    assert http.subscribed.count("channel.follow") == 1
    assert http.subscribed.count("channel.raid") == 1


def test_the_types_that_replace_notices_are_retried(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch_account, "RETRY_S", 0.01)
    http.refusals = {
        "channel.chat.notification": [(429, "too many"), (400, "no such type")],
        "channel.subscribe": [(429, "too many"), (0, "")],
    }
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: session.degradations[-1:] == ["channel.chat.notification: 400 no such type"])
    assert http.subscribed.count("channel.subscribe") == 1
    assert http.subscribed.count("channel.subscription.gift") == 1


def test_the_login_is_checked_each_hour(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch_account, "CHECK_S", 0.05)
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in()

        def end_of_the_token(_found):
            if session.lives and not http.spent:
                http.valid = set()
            return session.grant.access_token == "access-1"

        assert run(twitch, session, end_of_the_token) == ([], None)
        http.renew = lambda _peer, _spent: (400, {"message": "Invalid refresh token"})
        http.valid = set()
        http.spent.clear()
    with EventSub() as events:
        _, error = run(twitch, LoggedIn(run_dir, http, events), lambda _: False)
    assert isinstance(error, SourceRefused)
    assert http.spent == ["refresh-1"]


def test_a_new_login_of_the_user_is_used_at_once(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch_account, "LOOK_S", 0.02)
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in(scopes=["bits:read"])

        def logged_in_again(_found):
            if session.degradations and "scopes" not in done:
                again = "A new login is needed. Log in again: ./supervisor.py login twitch --source tw; "
                assert session.degradations[-1].startswith(again)
                assert "channel.follow: the login lacks the scope moderator:read:followers" in session.degradations[-1]
                session.log_in(refresh_token="renewed", scopes=["bits:read"])  # as a renewal: the same login
                done.append("renewal")
                if len(done) > 20:
                    session.log_in()
                    done.append("scopes")
            return False

        done = []
        found, error = run(twitch, session, logged_in_again)
    assert (found, type(error), str(error)) == ([], Disconnected, "there is a new login; connecting with it")
    assert "scopes" in done
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events)
        run(twitch, session, lambda _: session.degradations == [""])


def test_the_source_is_refused_when_all_types_are_refused(run_dir, http):
    http.refusals = {type_: [(403, "no")] for type_ in TYPES}
    with EventSub() as events:
        _, error = run(twitch, LoggedIn(run_dir, http, events).log_in(), lambda _: False)
    assert isinstance(error, SourceRefused)
    assert "refuses every subscription" in str(error)


def test_an_expired_token_is_renewed_before_the_first_socket(run_dir, http):
    http.valid = set()
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: session.lives)
    assert http.spent == ["refresh-0"]
    assert (session.grant.access_token, session.grant.refresh_token) == ("access-1", "refresh-1")
    assert session.grant.refreshing is False


def test_a_token_that_ends_soon_is_renewed(run_dir, http):
    http.expires_in = 60
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: session.lives)
    assert http.spent == ["refresh-0"]


def test_a_401_renews_the_login_once(run_dir, http):
    http.forgets = True
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: session.lives)
    assert http.spent == ["refresh-0"]
    assert len(set(http.subscribed)) == len(http.subscribed) > 0


def test_a_move_to_another_socket_loses_no_message(run_dir, http):
    """The old socket is read until Twitch closes it; a message on both sockets has one identity."""

    async def script(connection, number):
        await connection.send(follow(number * 10))
        if number == 1:
            await connection.send(events.reconnect(1))
            for n in range(5):
                await connection.send(follow(n))
        else:
            old = events.connections[0]
            await old.send(follow(98))
            await old.send(follow(99))
            await connection.send(follow(99))

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        found, error = run(twitch, session, lambda found: {"f20", "f98", "f99"} <= set(found) and session.lives)
        assert error is None
        assert {f"f{n}" for n in (0, 1, 2, 3, 4, 10)} <= set(found)
        assert events.paths[1] == "/ws?moved=1", "the URL is used as it came"
        assert len(http.subscribed) == 27, "subscriptions move, too"


def test_the_old_socket_is_closed_after_the_move(run_dir, http):
    closed = asyncio.Event()

    async def script(connection, number):
        if number == 1:
            await connection.send(events.reconnect(1))
            await connection.wait_closed()
            closed.set()

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: closed.is_set())
        assert [one.close_code for one in events.connections[:1]] == [1000]


@pytest.mark.parametrize("code", [4000, 4003, 4006, 4007])
def test_a_close_code_is_reported_with_its_meaning(run_dir, http, code):
    async def script(connection, _number):
        await connection.close(code, "x")

    with EventSub(script) as events:
        _, error = run(twitch, LoggedIn(run_dir, http, events).log_in(), lambda _: False)
    assert isinstance(error, Disconnected)
    assert f"{code} ({twitch.CLOSE_CODES[code]})" in str(error)


def test_a_cut_connection_ends_the_session(run_dir, http):
    async def script(connection, _number):
        await connection.send(follow(1))
        connection.transport.abort()

    with EventSub(script) as events:
        found, error = run(twitch, LoggedIn(run_dir, http, events).log_in(), lambda _: False)
    assert found in ([], ["f1"])
    assert isinstance(error, Disconnected)


def test_a_failed_move_ends_the_session(run_dir, http):
    async def script(connection, number):
        if number == 1:
            await connection.send(envelope("session_reconnect", {"session": {"reconnect_url": "ws://127.0.0.1:1/"}}))

    with EventSub(script) as events:
        _, error = run(twitch, LoggedIn(run_dir, http, events).log_in(), lambda _: False)
    assert isinstance(error, Disconnected)
    assert "the reconnect failed" in str(error)


@pytest.mark.parametrize(
    ("url", "known", "followed"),
    [
        ("wss://eventsub.wss.twitch.tv?id=1", "wss://eventsub.wss.twitch.tv/ws", True),
        ("wss://cell-a.eventsub.wss.twitch.tv/ws?challenge=x", "wss://eventsub.wss.twitch.tv/ws", True),
        ("ws://127.0.0.1:2/", "ws://127.0.0.1:1/", True),
        ("ws://eventsub.wss.twitch.tv/ws", "wss://eventsub.wss.twitch.tv/ws", False),
        ("wss://twitch.tv.example.com/ws", "wss://eventsub.wss.twitch.tv/ws", False),
        ("wss://eviltwitch.tv/ws", "wss://eventsub.wss.twitch.tv/ws", False),
        ("wss://user:twitch.tv@127.0.0.1/", "wss://eventsub.wss.twitch.tv/ws", False),
        ("wss://127.0.0.1:4455/", "wss://eventsub.wss.twitch.tv/ws", False),
        ("ws://10.0.0.1/", "ws://127.0.0.1/", False),
        ("file:///etc/passwd", "wss://eventsub.wss.twitch.tv/ws", False),
        ("wss://[", "wss://eventsub.wss.twitch.tv/ws", False),
        ("", "wss://eventsub.wss.twitch.tv/ws", False),
    ],
)
def test_a_session_is_moved_only_within_its_domain(url, known, followed):
    with nullcontext() if followed else pytest.raises(Disconnected, match="moved"):
        assert same_domain(url, known) == url


def test_the_text_about_ended_subscriptions_is_bounded():
    told = []
    session = SimpleNamespace(settings=None, name="twitch", degraded=told.append)
    account = TwitchAccount(session, None)
    for number in range(50):
        account.revoked("channel.follow" * 1_000, f"reason {number}")
    assert len(told[-1]) < 2_000
    assert "reason 49" in told[-1]


def test_silence_ends_the_session(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch, "SLACK_S", 0.1)
    with EventSub() as events:
        events.keepalive_s, events.keepalives = 0.2, False
        session = LoggedIn(run_dir, http, events).log_in()
        _, error = run(twitch, session, lambda _: False)
    assert str(error) == "no keepalive for 0.2 s"


def test_keepalives_keep_the_session_open(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch, "SLACK_S", 0.1)
    beats = []
    with EventSub() as events:
        events.keepalive_s = 0.2
        session = LoggedIn(run_dir, http, events).log_in()
        session.alive = lambda: beats.append(1)
        assert run(twitch, session, lambda _: len(beats) > 5) == ([], None)


def test_a_missing_welcome_ends_the_session(run_dir, http, monkeypatch):
    monkeypatch.setattr(twitch, "WELCOME_S", 0.2)
    with EventSub() as events:

        async def silent(connection):
            await connection.wait_closed()

        events.serve_one = silent
        _, error = run(twitch, LoggedIn(run_dir, http, events).log_in(), lambda _: False)
    assert isinstance(error, Disconnected)


def test_malformed_messages_are_quarantined_and_others_are_read(run_dir, http):
    async def script(connection, _number):
        for garbage in ("", "{", "[1]", '{"metadata":{"message_id":5}}', b"\xff\xfe", '{"metadata":null}'):
            await connection.send(garbage)
        await connection.send(envelope("session_something", {}))
        await connection.send(notification("channel.follow", {}, "x1", sent="yesterday"))
        await connection.send(follow(1))

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        found, _ = run(twitch, session, lambda found: "f1" in found)
    assert found == ["x1", "f1"]
    assert len(session.rejected) == 6
    assert session.counted == ["ignored"]


def test_a_repeated_update_is_accepted_once(run_dir, http):
    async def script(connection, _number):
        for n, title in enumerate("aabba"):
            await connection.send(notification("channel.update", {"title": title}, f"u{n}"))

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        found, _ = run(twitch, session, lambda found: len(found) >= 3)
    assert found == ["u0", "u2", "u4"]
    assert session.counted == ["duplicate", "duplicate"]


def chat(id_, sent):
    event = {"message_id": id_, "message": {"text": "hi"}, "chatter_user_name": "Ada"}
    return notification("channel.chat.message", event, id_, sent)


def test_late_notifications_are_accepted_only_if_critical(run_dir, http):
    """Late by the clock of Twitch: the one of this machine may be wrong by hours."""

    async def script(connection, _number):
        await connection.send(chat("old", "2026-11-21T11:49:00Z"))
        await connection.send(follow(1, sent="2026-11-21T11:49:00Z"))
        await connection.send(chat("new", "2026-11-21T11:59:00Z"))

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        found, _ = run(twitch, session, lambda found: "new" in found)
    assert found == ["f1", "new"]
    assert session.counted == ["ignored"]


def test_a_revoked_login_is_refused(run_dir, http):
    async def script(connection, _number):
        await connection.send(
            envelope("revocation", {"subscription": {"type": "channel.follow", "status": "authorization_revoked"}})
        )

    with EventSub(script) as events:
        _, error = run(twitch, LoggedIn(run_dir, http, events).log_in(), lambda _: False)
    assert isinstance(error, SourceRefused)
    assert "./supervisor.py login twitch --source tw" in str(error)


def test_a_type_revoked_by_twitch_is_reported(run_dir, http):
    async def script(connection, _number):
        await connection.send(
            envelope("revocation", {"subscription": {"type": "channel.follow", "status": "version_removed"}})
        )

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: "channel.follow: Twitch ended it (version_removed)" in session.degradations)


def test_a_login_is_used_by_one_source(run_dir, http):
    async def two():
        first, second = (twitch.connect(LoggedIn(run_dir, http, events).log_in()) for _ in range(2))
        task = asyncio.ensure_future(anext(first))
        async with asyncio.timeout(20 * SLOWNESS):
            while not events.connections:
                await asyncio.sleep(0.01)
        with pytest.raises(Refused, match="is held by tw"):
            await anext(second)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await first.aclose()

    with EventSub() as events:
        run_async(two())
        assert len(events.connections) == 1


def test_a_login_for_another_application_is_refused(run_dir, http):
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events, client_id="other").log_in()
        _, error = run(twitch, session, lambda _: False)
    assert isinstance(error, SourceRefused)
    assert "'other'" in str(error)


def test_a_mock_server_needs_no_token_service(run_dir, http):
    with EventSub() as events:
        session = LoggedIn(run_dir, http, events, auth_url="").log_in()
        run(twitch, session, lambda _: session.lives)
    assert not [path for _, path, _ in http.requests if path.startswith("/oauth2")]


def test_recorded_frames_can_be_tried(run_dir, http):
    data = f"{follow(1)}\n\n{follow(2)}\n".encode()
    assert [message.kind for message in twitch.try_message(None, "tw", data)] == ["twitch_eventsub"] * 2


PICTURE = "5d9f2208-5dd8-11e7-8513-2ff4adfae661"
OWN_PICTURE = "11111111-5dd8-11e7-8513-2ff4adfae661"


def badge_sets(set_id, version, picture):
    url = f"https://static-cdn.jtvnw.net/badges/v1/{picture}/2"
    return {"data": [{"set_id": set_id, "versions": [{"id": version, "image_url_2x": url, "title": "x"}]}]}


def test_badges_have_their_pictures(run_dir, http):
    """Those of the channel instead of Twitch's; a badge that is not known has none."""
    http.badges = {
        "/helix/chat/badges/global": (200, badge_sets("subscriber", "0", PICTURE)),
        "/helix/chat/badges?broadcaster_id=7": (200, badge_sets("subscriber", "0", OWN_PICTURE)),
    }
    badges = [{"set_id": "vip", "id": "1", "info": ""}, {"set_id": "subscriber", "id": "0", "info": "3"}]
    event = {"message_id": "m", "message": {"text": "hi"}, "chatter_user_name": "Ada", "badges": badges}

    async def script(connection, _number):
        for n in itertools.count():  # until one comes after the pictures
            await connection.send(notification("channel.chat.message", event, f"m{n}"))
            await asyncio.sleep(0.01)

    with EventSub(script) as events:
        session = LoggedIn(run_dir, http, events).log_in()
        run(twitch, session, lambda _: session.yielded and b"badge_images" in session.yielded[-1].body)
    item = RawItem(1, 1, "twitch_eventsub", session.yielded[-1].body, 0.0)
    (chat_event,) = twitch_eventsub.normalize(item, "tw", 1)
    assert msgspec.msgpack.decode(chat_event.payload)["badge_images"] == ["", f"twitch-badge/{OWN_PICTURE}"]


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (200, {"data": 5}),
        (200, {"data": [{"set_id": "a", "versions": [{"id": "1", "image_url_2x": "https://x/y"}]}]}),
    ],
)
def test_badges_without_a_picture_are_left_out(http, answer):
    http.badges = {"/helix/chat/badges/global": answer, "/helix/chat/badges?broadcaster_id=7": answer}
    assert twitch_badges.load(f"{http.url}/helix", msgspec.convert(GRANT, Grant)) == {}
