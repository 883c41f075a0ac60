"""The login at Google: the code in the browser, tokens that are renewed before they expire, and a login that ends."""

import subprocess
import sys
import time

import msgspec
import pytest

from actors.commands import login
from actors.producers import device_login, spec, youtube_login
from actors.producers.sources import youtube
from actors.producers.spec import Disconnected, SourceRefused
from actors.producers.youtube_login import YoutubeGrant, YoutubeLogin
from actors.secrets import Secrets
from tests.sources import rig, twitch_peer
from tests.sources.youtube_peer import VIDEO, YouTube, item, refusal
from tests.support import SUPERVISOR

LOG_IN = "log in again: ./supervisor.py login youtube --source tube"
CLIENT = {"client_id": "app", "client_secret": "GOCSPX-1"}
NEW = {"at": "2099-01-01T00:00:00Z"}


class Google(twitch_peer.Http):
    """The token service of Google. `renew` may be replaced; a device waits `pending` times for its user."""

    def answer(self, method, path, headers, body):
        form = {key: value[0] for key, value in twitch_peer.parse_qs(body.decode()).items()}
        self.requests.append((method, path, form))
        if path == "/device/code":
            assert form == {"client_id": "app", "scope": youtube_login.SCOPE}
            return 200, {"device_code": "dev", "user_code": "GQVQ-JKEC", "expires_in": 1800, "interval": 0.01,
                         "verification_url": "https://www.google.com/device"}  # fmt: skip
        if {name: form.get(name) for name in CLIENT} != CLIENT:
            return 401, {"error": "invalid_client", "error_description": "The provided client secret is invalid."}
        if form["grant_type"] == "refresh_token":
            return self.renew(self, form["refresh_token"])
        if self.too_fast:
            self.too_fast -= 1
            return 403, {"error": "slow_down", "error_description": "Forbidden"}
        self.pending -= 1
        waits = {"error": "authorization_pending", "error_description": "Precondition Required"}
        return (428, waits) if self.pending >= 0 else (200, token("device", refresh_token="refresh-0"))


def token(name, **more):
    return {"access_token": f"ya29.{name}", "expires_in": 3599, "scope": youtube_login.SCOPE, **more}


def granted(left_s, renewed_s_ago=3_000.0):
    now_s = time.time()
    return YoutubeGrant("ya29.old", "refresh-0", now_s - renewed_s_ago, now_s + left_s, **CLIENT)


@pytest.fixture
def google():
    with Google() as google:
        google.renew = lambda _peer, _spent: (200, token("new"))
        yield google


class Owner:
    def __init__(self, run_dir, url, grant):
        self.secrets = Secrets(run_dir)
        self.login = YoutubeLogin(self.secrets, run_dir, "tube", "tube", url)
        device_login.store(self.secrets, "tube", grant)

    @property
    def kept(self):
        return msgspec.json.decode(self.secrets.get("tube"), type=YoutubeGrant)


@pytest.mark.parametrize(("left_s", "used"), [(3_000, "old"), (500, "new"), (-1, "new")])
def test_a_token_is_renewed_before_it_expires(run_dir, google, left_s, used):
    owner = Owner(run_dir, google.url, granted(left_s))
    assert [owner.login.headers() for _ in range(3)] == [{"Authorization": f"Bearer ya29.{used}"}] * 3
    assert len(google.requests) == (used == "new")
    assert (owner.kept.access_token, owner.kept.refresh_token) == (f"ya29.{used}", "refresh-0")
    assert owner.kept.expires_at > time.time()


ENDS = {
    "revoked": (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
                SourceRefused, f"no longer accepts the login: it was revoked .*, or has expired; {LOG_IN}"),
    "no client": (401, {"error": "deleted_client"}, SourceRefused, f"login: deleted_client; {LOG_IN}"),
    "busy": (503, {}, Disconnected, "does not renew the login now: 503"),
    "unreadable": (200, {"access_token": 5}, Disconnected, "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_a_login_that_is_not_renewed_has_its_reason(run_dir, google, name):
    status, body, error_type, text = ENDS[name]
    owner = Owner(run_dir, google.url, granted(-1))
    google.renew = lambda _peer, _spent: (status, body)
    with pytest.raises(error_type, match=text) as error:
        owner.login.headers()
    for shown in (str(error.value), repr(owner.kept)):
        assert not any(secret in shown for secret in ("ya29", "refresh-0", "GOCSPX"))


def test_a_valid_token_is_used_while_google_cannot_be_reached(run_dir):
    assert Owner(run_dir, "http://127.0.0.1:1", granted(500)).login.headers() == {"Authorization": "Bearer ya29.old"}
    with pytest.raises(Disconnected):
        Owner(run_dir, "http://127.0.0.1:1", granted(-1)).login.headers()


def test_a_login_of_the_user_during_a_renewal_is_kept(run_dir, google):
    owner = Owner(run_dir, google.url, granted(-1))

    def renew(_peer, _spent):
        device_login.store(owner.secrets, "tube", YoutubeGrant("ya29.user", "refresh-1", 0.0, 9e9, **CLIENT))
        return 200, token("new")

    google.renew = renew
    assert owner.login.headers() == {"Authorization": "Bearer ya29.user"}
    assert owner.kept.refresh_token == "refresh-1"


@pytest.mark.parametrize(("age_s", "error_type", "text"), [
    (3_000.0, Disconnected, "it was renewed"), (0.0, SourceRefused, f"Invalid Credentials; {LOG_IN}"),
])  # fmt: skip
def test_a_refused_token_is_renewed_once(tmp_path, google, age_s, error_type, text):
    with YouTube([[item(1, **NEW)]], key="Bearer ya29.new") as peer:
        peer.refusals = [("videos", *refusal(401, "authError", "Invalid Credentials"))]
        tree = {"kind": "youtube", "stream": VIDEO, "url": peer.url, "auth_url": google.url}
        session = rig.Session(tmp_path, "tube", tree)
        device_login.store(session.secrets, "tube", granted(3_000, age_s))
        _, error = rig.run(youtube, session, until=lambda _: False)
        assert isinstance(error, error_type)
        assert text in str(error)
        if error_type is Disconnected:
            found, error = rig.run(youtube, session, until=lambda found: found)
            assert (len(found), error) == (1, None)


class Patience:
    """A caller that waits for nothing, and knows how long it should have waited."""

    def __init__(self):
        self.pauses_s = []

    def wait(self, seconds):
        self.pauses_s.append(seconds)


@pytest.mark.parametrize("platform", ["twitch", "youtube"])
def test_a_platform_that_wants_fewer_polls_gets_them_for_good(platform, google):
    with twitch_peer.Http() as http:
        peer, path = (google, "") if platform == "youtube" else (http, "/oauth2")
        own = spec.settings_of("x", {"kind": platform, "client_id": "app", "auth_url": f"{peer.url}{path}"}
                               | ({"stream": "@ada"} if platform == "youtube" else {}))  # fmt: skip
        flow, talk = login.FLOWS[platform](own, lambda: CLIENT["client_secret"]), Patience()
        peer.too_fast, peer.pending = 2, 2
        assert login.wait_for(flow, flow.begin(), talk).access_token
    assert talk.pauses_s == pytest.approx([0.01, 5.01, 10.01, 10.01, 10.01])


@pytest.mark.parametrize("wrong", [{"interval": -1}, {"interval": 1e9}, {"expires_in": 1e12}])
def test_a_pause_that_is_none_is_refused(wrong, google, monkeypatch):
    code = {"device_code": "dev", "user_code": "A", "expires_in": 1800} | wrong
    monkeypatch.setattr(google, "answer", lambda *_: (200, code))
    with pytest.raises(Disconnected, match="cannot be read"):
        youtube_login.begin(google.url, "app")


class Looked(rig.Session):
    """Counts how often its secret is read."""

    looks = 0

    def secret(self):
        self.looks += 1
        return super().secret()


def test_a_connected_source_uses_a_new_login_and_ignores_renewals(tmp_path, google, monkeypatch):
    monkeypatch.setattr(youtube, "LOOK_S", 0.01)
    with YouTube([[item(1, **NEW)]], key="Bearer ya29.old") as peer:
        tree = {"kind": "youtube", "stream": VIDEO, "url": peer.url, "auth_url": google.url}
        session = Looked(tmp_path, "tube", tree)
        device_login.store(session.secrets, "tube", granted(3_000))
        renewed_at = []

        def until(found):
            if found and not renewed_at:
                device_login.store(session.secrets, "tube", granted(3_100, 0.0))
                renewed_at.append(session.looks)
            elif found and session.looks > renewed_at[0] + 3:
                device_login.store(session.secrets, "tube", YoutubeGrant("ya29.b", "refresh-b", 0.0, 9e9, **CLIENT))
            return False

        found, error = rig.run(youtube, session, until=until)
        assert (len(found), type(error), str(error)) == (
            1, Disconnected, "there is a new login or key; connecting with it")  # fmt: skip
        assert session.looks > renewed_at[0] + 3


def log_in(run_dir, google, section="", said="GOCSPX-1\n"):
    source = f'sources.tube={{kind="youtube",stream="@ada",auth_url="{google.url}"{section}}}'
    command = [sys.executable, str(SUPERVISOR), "login", "youtube", "--set", f"run_dir={run_dir}", "--set", source]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_logs_in(run_dir, google):
    google.pending = 2
    done = log_in(run_dir, google, ',client_id="app"')
    assert (done.returncode, done.stderr) == (0, "")
    assert "https://www.google.com/device" in done.stdout
    assert "GQVQ-JKEC" in done.stdout
    assert "Logged in; the source tube uses it." in done.stdout
    assert not any(secret in done.stdout for secret in ("ya29", "refresh-0", "GOCSPX"))
    assert (run_dir / "secrets" / "tube").stat().st_mode & 0o777 == 0o600
    login = YoutubeLogin(Secrets(run_dir), run_dir, "tube", "tube", google.url)
    assert login.headers() == {"Authorization": "Bearer ya29.device"}


@pytest.mark.parametrize(("section", "said", "text"), [
    ("", "GOCSPX-1", "client_id of the source is missing"),
    (',client_id="app"', "wrong", "invalid_client: The provided client secret is invalid."),
])  # fmt: skip
def test_a_login_that_fails_says_why(run_dir, google, section, said, text):
    done = log_in(run_dir, google, section, said)
    assert done.returncode != 0
    assert text in done.stderr
    assert not (run_dir / "secrets").exists()


def test_a_text_that_is_no_login_is_refused(run_dir):
    Secrets(run_dir).set("tube", '{"installed": {}}')
    with pytest.raises(SourceRefused, match="is not a login at YouTube; log in again"):
        YoutubeLogin(Secrets(run_dir), run_dir, "tube", "tube", "http://127.0.0.1:1").headers()
