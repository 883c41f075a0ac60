"""The login at Twitch: the code in the browser, and a refresh token that is never sent twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from actors.errors import Refused
from actors.producers import device_login, twitch_login
from actors.producers.http_call import NotSent
from actors.producers.spec import Disconnected, SourceRefused
from actors.producers.twitch_login import Grant, TwitchLogin
from actors.secrets import Secrets
from tests.sources.twitch_peer import GRANT, Http
from tests.support import SLOWNESS


@pytest.fixture
def http():
    with Http() as http:
        yield http


class Owner:
    """A login in `run_dir` whose token service is `auth_url`."""

    def __init__(self, run_dir, auth_url, **changes):
        self.secrets = Secrets(run_dir)
        self.login = TwitchLogin(self.secrets, run_dir, "tw", "tw", auth_url)
        device_login.store(self.secrets, "tw", msgspec.convert(GRANT | changes, Grant))

    @property
    def kept(self):
        return msgspec.json.decode(self.secrets.get("tw"), type=Grant)


def test_a_valid_token_is_used_as_it_is(run_dir, http):
    owner = Owner(run_dir, f"{http.url}/oauth2")
    assert owner.login.ready() == (owner.kept, "")
    assert http.spent == []


def test_a_renewed_login_is_on_disk_before_it_is_used(run_dir, http):
    owner = Owner(run_dir, f"{http.url}/oauth2")
    before = []
    http.renew = lambda peer, spent: before.append(owner.kept.refreshing) or peer.renewed(spent)
    http.valid = set()
    grant, warning = owner.login.ready()
    assert before == [True], "what is about to be sent is marked on disk"
    assert (grant, warning) == (owner.kept, "")
    assert (grant.access_token, grant.refresh_token, grant.refreshing) == ("access-1", "refresh-1", False)


@pytest.mark.parametrize(
    "answer",
    [
        (0, None),
        (500, {"message": "oops"}),
        (503, {}),
        (200, {"access_token": 5}),
        (400, {"message": "Invalid refresh token"}),
    ],
    ids=["cut", "500", "503", "unreadable", "400"],
)
def test_a_refresh_token_is_never_sent_twice(run_dir, http, answer):
    """After any result of the first attempt, and for any number of attempts."""
    owner = Owner(run_dir, f"{http.url}/oauth2")
    http.renew = lambda _peer, _spent: answer
    http.valid = set()
    for _ in range(3):
        with pytest.raises(SourceRefused, match=r"Log in again: \./supervisor.py login twitch --source tw"):
            owner.login.ready()
    assert http.spent == ["refresh-0"]


def test_a_refresh_token_is_not_sent_again_by_an_earlier_reader(run_dir, http):
    owner = Owner(run_dir, f"{http.url}/oauth2")
    http.renew = lambda _peer, _spent: (0, None)
    http.expires_in = 600
    grant, warning = owner.login.ready()
    assert "10 minutes more" in warning
    with pytest.raises(SourceRefused, match="interrupted"):
        owner.login.renew(grant)
    assert http.spent == ["refresh-0"]


def test_a_token_that_was_being_renewed_when_the_process_died_is_not_sent(run_dir, http):
    owner = Owner(run_dir, f"{http.url}/oauth2", refreshing=True)
    http.expires_in = 600
    grant, warning = owner.login.ready()
    assert grant.access_token == "access-0", "the access token is valid for a while"
    assert "10 minutes more" in warning
    http.valid = set()
    with pytest.raises(SourceRefused, match="interrupted"):
        owner.login.ready()
    assert http.spent == []


@pytest.mark.parametrize("renew", [lambda _peer, _spent: (429, {})])
def test_a_renewal_that_twitch_did_not_process_may_be_repeated(run_dir, http, renew):
    owner = Owner(run_dir, f"{http.url}/oauth2")
    http.valid, usual = set(), http.renew
    http.renew = renew
    with pytest.raises(Disconnected, match="429"):
        owner.login.ready()
    http.renew = usual
    assert owner.login.ready()[0].access_token == "access-1"


def test_a_running_renewal_is_awaited(run_dir, http):
    """A connection that ended left it behind; the next one must neither repeat it nor take it for interrupted."""
    owner = Owner(run_dir, f"{http.url}/oauth2")
    asked, answered = threading.Event(), threading.Event()

    def renew(peer, spent):
        asked.set()
        assert answered.wait(10 * SLOWNESS)
        return peer.renewed(spent)

    http.renew, http.valid = renew, set()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(owner.login.ready)
        assert asked.wait(10 * SLOWNESS)
        second = threads.submit(owner.login.ready)
        third = threads.submit(owner.login.renew, owner.kept)
        answered.set()
        found = [first.result()[0], second.result()[0], third.result()]
    assert [grant.access_token for grant in found] == ["access-1"] * 3
    assert http.spent == ["refresh-0"]


def test_a_renewal_that_was_never_sent_may_be_repeated(run_dir, http):
    owner = Owner(run_dir, "http://127.0.0.1:1/oauth2")
    with pytest.raises(NotSent):
        owner.login.renew(owner.kept)
    assert owner.kept.refreshing is False


def test_a_login_by_the_user_during_a_renewal_is_kept(run_dir, http):
    owner = Owner(run_dir, f"{http.url}/oauth2")

    def renew(peer, spent):
        fresh = msgspec.structs.replace(owner.kept, access_token="new", refresh_token="new", refreshing=False)
        device_login.store(owner.secrets, "tw", fresh)
        return peer.renewed(spent)

    http.renew, http.valid = renew, set()
    grant, _ = owner.login.ready()
    assert grant.access_token == owner.kept.access_token == "new"


def test_a_malformed_login_is_refused(run_dir, http):
    Secrets(run_dir).set("tw", "oauth:abc")
    with pytest.raises(SourceRefused, match="'tw' is not a login at Twitch"):
        TwitchLogin(Secrets(run_dir), run_dir, "tw", "tw", http.url).load()


def test_without_a_login_the_source_prints_how_to_log_in(run_dir, http):
    with pytest.raises(SourceRefused, match=r"yet. Log in: \./supervisor.py login twitch --source tw"):
        TwitchLogin(Secrets(run_dir), run_dir, "tw", "tw", http.url).ready()


def test_no_text_contains_a_token(run_dir, http):
    owner = Owner(run_dir, f"{http.url}/oauth2")
    http.renew, http.valid = lambda _peer, _spent: (400, {"message": "Invalid refresh token"}), set()
    with pytest.raises(SourceRefused) as error:
        owner.login.ready()
    for text in (str(error.value), repr(owner.kept), str(owner.login)):
        assert "access-0" not in text
        assert "refresh-0" not in text


def test_the_login_is_polled_until_the_code_is_entered(http):
    http.pending = 2
    device = twitch_login.begin(f"{http.url}/oauth2", "app", ["bits:read"])
    assert (device.user_code, device.page[:30]) == ("ABCD-EFGH", "https://www.twitch.tv/activate")
    polls = [twitch_login.poll(f"{http.url}/oauth2", "app", ["bits:read"], device) for _ in range(3)]
    assert polls[:2] == [None, None]
    assert (polls[2].login, polls[2].user_id, polls[2].scopes) == ("den", "7", ["bits:read"])


def test_a_code_that_the_user_refuses_ends_it(http):
    device = twitch_login.begin(f"{http.url}/oauth2", "app", [])
    http.answer = lambda *_: (400, {"message": "invalid device code"})
    with pytest.raises(Refused, match="invalid device code"):
        twitch_login.poll(f"{http.url}/oauth2", "app", [], device)
