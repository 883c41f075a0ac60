"""Logins that a dashboard begins: the real command, run as the supervisor runs it, with a simulated platform."""

import json
import os
import selectors
import signal

import msgspec
import pytest

from actors import config, host, program
from actors.config import SettingsSource
from actors.errors import BadInput, Refused
from actors.gateway.api import sources_of
from actors.producers import device_login
from actors.secrets import Secrets
from actors.supervision import logins
from actors.supervision.logins import KEPT_S, Logins
from tests.sources.test_youtube_login import CLIENT, Google, granted, token
from tests.sources.twitch_peer import Http
from tests.support import eventually

NEVER = 10**9
KINDS = {"tw": "twitch", "tube": "youtube", "demo": "demo"}
SECRETS = ("access-", "refresh-", "ya29", "GOCSPX")
COMMAND = f"{program.NAME} login twitch --source tw"


class Desk:
    """The logins of a supervisor: its loop runs while a test waits for a row."""

    def __init__(self, run_dir):
        self.selector, self.now_s = selectors.DefaultSelector(), 0.0
        self.logins = Logins(run_dir, self.selector, lambda: self.now_s)
        self.seen = []

    def ask(self, source, action="begin", **more):
        self.logins.carry_out({"command": "login", "source": source, "action": action, **more}, KINDS)

    def row(self, source, command=""):
        for key, mask in self.selector.select(0.0):
            key.data(mask)
        self.logins.reap()
        row = self.logins.row(source, command)
        self.seen.append(json.dumps(row))
        return row

    def until(self, source, state):
        eventually(lambda: (self.row(source) or {}).get("state") == state, 20)
        return self.row(source)


@pytest.fixture
def desk(run_dir):
    desk = Desk(run_dir)
    yield desk
    desk.logins.close()
    desk.selector.close()
    assert desk.logins.pids() == set()
    assert not any(secret in row for row in desk.seen for secret in SECRETS)


@pytest.fixture
def twitch(run_dir):
    with Http() as http:
        http.pending = NEVER
        configure(run_dir, f'sources.tw={{kind="twitch",client_id="app",auth_url="{http.url}/oauth2"}}')
        yield http


@pytest.fixture
def google(run_dir):
    with Google() as google:
        google.pending = 1
        section = f'sources.tube={{kind="youtube",stream="@ada",auth_url="{google.url}",client_id="app"}}'
        configure(run_dir, section)
        yield google


def configure(run_dir, section):
    host.write_private(run_dir / config.SOURCE_FILE, msgspec.json.encode(SettingsSource("", [section])))


def test_a_login_has_an_address_and_a_code_until_the_user_has_entered_it(run_dir, desk, twitch):
    assert desk.row("tw") is None
    assert desk.row("tw", COMMAND) == {"state": ""}
    desk.ask("tw")
    assert desk.row("tw")["state"] in ("starting", "waiting")
    row = desk.until("tw", "waiting")
    assert (row["code"], row["page"], row["expires_s"]) == (
        "ABCD-EFGH", "https://www.twitch.tv/activate?device-code=ABCDEFGH", 1800.0)  # fmt: skip
    desk.now_s += 60
    assert desk.row("tw")["expires_s"] == 1740.0
    with pytest.raises(Refused, match="a login of tw is in progress; cancel it first"):
        desk.ask("tw")
    twitch.pending = 0
    assert desk.until("tw", "done")["text"] == "Logged in as den."
    eventually(lambda: desk.row("tw") and not desk.logins.pids())
    assert Secrets(run_dir).get("tw").startswith('{"access_token":"access-1"')
    desk.now_s += KEPT_S + 1
    assert desk.row("tw") is None


def test_a_canceled_login_ends_and_can_be_begun_again(run_dir, desk, twitch):
    for _ in range(2):
        desk.ask("tw")
        desk.until("tw", "waiting")
        desk.ask("tw", "cancel")
        eventually(lambda: desk.row("tw", COMMAND) == {"state": ""})
        assert desk.logins.pids() == set()
    desk.ask("tw", "cancel")  # nothing to do
    assert not (run_dir / "secrets").exists()


def test_a_login_ends_with_its_supervisor(desk, twitch):
    process = logins.start(desk.logins._run_dir, "twitch", "tw")
    process.stdin.write(b"\n")
    assert b'"waiting"' in process.stdout.readline()
    process.stdin.close()  # as the kernel does when the supervisor is killed
    eventually(lambda: process.poll() is not None, 20)
    process.stdout.close()


def test_an_expired_code_a_denied_login_and_a_crash_have_their_reason(run_dir, desk, twitch, monkeypatch):
    cases = [
        (
            lambda *_: (400, {"message": "invalid device code"}),
            "expired",
            "no longer accepts the code (invalid device code)",
        ),
        (lambda *_: (400, {"error": "access_denied"}), "refused", "Access was denied in the browser"),
        (lambda *_: (403, {"message": "invalid client"}), "refused", "Twitch does not log in: 403 invalid client"),
    ]
    answer = Http.answer
    for end, state, text in cases:
        monkeypatch.setattr(
            Http, "answer", lambda peer, *asked, end=end: end() if asked[1] == "/oauth2/token" else answer(peer, *asked)
        )
        desk.ask("tw")
        assert text in desk.until("tw", state)["text"]
        eventually(lambda: not desk.row("tw") or not desk.logins.pids())
        desk.ask("tw", "cancel")
        assert desk.row("tw") is None
    monkeypatch.setattr(Http, "answer", answer)
    desk.ask("tw")
    desk.until("tw", "waiting")
    for pid in desk.logins.pids():
        os.kill(pid, signal.SIGKILL)
    assert "ended unexpectedly" in desk.until("tw", "refused")["text"]


def test_a_platform_that_cannot_be_reached_is_named(run_dir, desk):
    configure(run_dir, 'sources.tw={kind="twitch",client_id="app",auth_url="http://127.0.0.1:1"}')
    desk.ask("tw")
    assert "Twitch cannot be reached" in desk.until("tw", "refused")["text"]


def test_google_asks_for_the_client_secret_and_the_next_login_uses_the_stored_one(run_dir, desk, google):
    desk.ask("tube")
    assert "client secret" in desk.until("tube", "asks")["text"]
    eventually(lambda: desk.row("tube") and not desk.logins.pids())
    desk.ask("tube", client_secret="wrong")
    assert "The provided client secret is invalid" in desk.until("tube", "refused")["text"]
    eventually(lambda: desk.row("tube") and not desk.logins.pids())
    desk.ask("tube", client_secret=CLIENT["client_secret"])
    assert desk.until("tube", "done")["text"] == "Logged in."
    eventually(lambda: desk.row("tube") and not desk.logins.pids())
    google.pending = 1
    desk.ask("tube")
    desk.until("tube", "done")
    assert token("device")["access_token"] in Secrets(run_dir).get("tube")


def test_a_client_secret_of_another_application_is_not_used(run_dir, desk, google):
    other = msgspec.structs.replace(granted(3_000), client_id="other")
    device_login.store(Secrets(run_dir), "tube", other)
    desk.ask("tube")
    desk.until("tube", "asks")


@pytest.mark.parametrize("request_", [
    {"source": "x", "action": "begin"}, {"source": "tw", "action": "burn"}, {"source": "tw"},
    {"source": 7, "action": "begin"},
    {"source": "tw", "action": "begin", "client_secret": "a\nb"},
    {"source": "tw", "action": "begin", "client_secret": "x" * 257},
])  # fmt: skip
def test_a_malformed_request_is_refused(desk, request_):
    with pytest.raises(BadInput):
        desk.logins.carry_out(request_, KINDS)


def test_a_source_of_another_kind_has_no_login(desk):
    desk.ask("demo")
    assert "exit code 2" in desk.until("demo", "refused")["text"]


def test_only_an_operator_sees_the_code():
    rows = [{"name": "tw", "login": {"state": "waiting", "code": "ABCD"}}]
    assert sources_of({"sources": rows}, "control") == rows
    assert sources_of({"sources": rows}, "view") == [{"name": "tw", "login": None}]
    assert sources_of({"error": "no answer"}, "view") is None
