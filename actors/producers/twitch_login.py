"""The login at Twitch: the device code flow, and the one owner of its tokens.

A refresh token is valid for one request. When it is sent twice, Twitch revokes the whole login. So the order is: store
that it is about to be sent, send it, store the answer, use the answer. When the process dies or the connection breaks
in between, the token may be spent. It is never sent again, and the login works until its access token expires.

Every method blocks; a source calls them in a thread. The process waits for the thread before it ends, so that a stop
does not come between the request and the answer.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from actors import program
from actors.core.contract.event import UNREADABLE
from actors.errors import Refused
from actors.producers import device_login
from actors.producers.device_login import Device, OauthTokens, decode, post, store, trouble_of, writing
from actors.producers.http_call import HttpApi, NotSent
from actors.producers.spec import Disconnected, SourceRefused
from actors.secrets import MissingSecret, Secrets

AUTH_URL: Final = "https://id.twitch.tv/oauth2"
# The login is checked each hour; a token that would expire before the check after the next one is renewed.
RENEW_BEFORE_S: Final = 2 * 3_600.0
# A connection that ends while its thread renews the login does not end the thread: the next connection waits for it.
_ONE_AT_A_TIME: Final = threading.Lock()


class Grant(Struct, frozen=True, omit_defaults=True):
    """A login as stored in the secret. `refreshing`: the refresh token was sent and the answer is unknown."""

    access_token: str
    refresh_token: str
    expires_at: float
    scopes: list[str]
    user_id: str
    login: str
    client_id: str
    refreshing: bool = False

    def __repr__(self) -> str:
        return f"Grant(login={self.login!r})"  # a token must never reach a log or a traceback


class _Owner(Struct, frozen=True):
    client_id: str
    user_id: str
    login: str
    scopes: list[str] | None = None
    expires_in: float = 0.0


class TwitchLogin:
    """The tokens of one source. `source` names it in the message about a new login."""

    def __init__(self, secrets: Secrets, run_dir: Path, secret: str, source: str, auth_url: str) -> None:
        self._secrets, self._run_dir, self._secret = secrets, run_dir, secret
        self._auth_url = auth_url
        self._log_in = f"Log in: {program.NAME} login twitch --source {source}"
        self._again = self._log_in.replace("Log in", "Log in again", 1)

    def load(self) -> Grant:
        """Return the stored login.

        Raises:
            SourceRefused: no login is stored.
        """
        try:
            return msgspec.json.decode(self._secrets.get(self._secret).encode(), type=Grant)
        except MissingSecret as error:
            raise SourceRefused(f"There is no login at Twitch yet. {self._log_in}") from error
        except UNREADABLE as error:
            raise SourceRefused(f"The secret {self._secret!r} is not a login at Twitch. {self._again}") from error

    def ready(self) -> tuple[Grant, str]:
        """Return a login that Twitch accepts now, and a warning if it cannot be renewed ("" for none).

        Raises:
            SourceRefused: Twitch no longer accepts it.
            Disconnected: Twitch cannot be reached.
        """
        with _ONE_AT_A_TIME:
            return self._checked(self.load())

    def replaced(self, grant: Grant) -> bool:
        """Whether the user has logged in since `grant`, as another user, with other scopes or another application."""
        try:
            current = self.load()
        except SourceRefused:
            return False  # the login was removed; this one works until Twitch refuses it
        return _identity(current) != _identity(grant)

    def renew(self, grant: Grant) -> Grant:
        """Use the refresh token; return the new login, which is then on disk.

        Raises:
            SourceRefused: Twitch does not accept it, or it may have been spent before.
            Disconnected: it was certainly not sent; it may be retried.
        """
        with _ONE_AT_A_TIME:
            current = self.load()
            # The stored login decides: it may have been marked since `grant` was read.
            return self._renewed(current) if current.access_token == grant.access_token else current

    def _checked(self, grant: Grant) -> tuple[Grant, str]:
        if not self._auth_url:
            return grant, ""
        owner = self._owner_of(grant)
        if owner is None:
            return self._renewed(grant), ""
        if owner.client_id != grant.client_id:
            raise SourceRefused(f"The login belongs to the client id {owner.client_id[:64]!r}. {self._again}")
        if owner.expires_in and owner.expires_in < RENEW_BEFORE_S:
            try:
                return self._renewed(grant), ""
            except SourceRefused as error:
                return grant, f"{error} (it works for {owner.expires_in / 60:.0f} minutes more)"
        return grant, ""

    def _renewed(self, grant: Grant) -> Grant:
        if grant.refreshing:
            raise SourceRefused(
                f"A renewal of the login was interrupted, and repeating it could make Twitch revoke it. {self._again}"
            )
        grant = self._replace(grant, msgspec.structs.replace(grant, refreshing=True))
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token, "client_id": grant.client_id}
        try:
            answer = post(self._auth_url, "/token", form)
        except NotSent:
            self._replace(grant, msgspec.structs.replace(grant, refreshing=False))
            raise
        except Disconnected as error:
            raise SourceRefused(f"The renewal of the login was interrupted ({error}). {self._again}") from error
        if answer.status == 429:  # refused before it was looked at
            self._replace(grant, msgspec.structs.replace(grant, refreshing=False))
            raise Disconnected("Twitch refuses to renew the login now: too many requests (429)")
        if answer.status != 200:
            raise SourceRefused(f"Twitch does not renew the login: {answer.status} {trouble_of(answer)}. {self._again}")
        try:
            tokens = msgspec.json.decode(answer.body, type=OauthTokens)
        except UNREADABLE as error:
            raise SourceRefused(f"Twitch's answer to the renewal cannot be read: {error}. {self._again}") from error
        if not tokens.refresh_token:
            raise SourceRefused(f"Twitch's answer to the renewal has no refresh token. {self._again}")
        return self._replace(grant, _granted(grant, tokens))

    def _owner_of(self, grant: Grant) -> _Owner | None:
        """Return the owner of the token; None if Twitch does not accept it."""
        return owner_of(self._auth_url, grant.access_token)

    def _replace(self, old: Grant, new: Grant) -> Grant:
        """Store `new` unless the user has logged in again since `old`; return the stored login."""
        with writing(self._run_dir, self._secret):
            current = self.load()
            if current.refresh_token != old.refresh_token:
                return current
            store(self._secrets, self._secret, new)
        return new


def begin(auth_url: str, client_id: str, scopes: list[str]) -> Device:
    """Request a code that the user enters in the browser.

    Raises:
        SourceRefused: Twitch does not accept the client id.
        Disconnected: Twitch cannot be reached.
    """
    answer = post(auth_url, "/device", {"client_id": client_id, "scopes": " ".join(scopes)})
    if answer.status != 200:
        raise SourceRefused(
            f"Twitch refuses the client id {client_id[:64]!r}: {answer.status} {trouble_of(answer)}; it must be of an "
            f"application of the type Public ({program.page('sources/twitch')})"
        )
    return decode("Twitch", answer, Device)


def poll(auth_url: str, client_id: str, scopes: list[str], device: Device) -> Grant | None:
    """Return the login if the user has entered the code; None if not yet.

    Raises:
        TooFast: the platform wants fewer polls.
        Refused: the user has denied access, or the code has expired.
    """
    tokens = device_login.polled("Twitch", auth_url, {"client_id": client_id, "scopes": " ".join(scopes)}, device)
    if tokens is None:
        return None
    owner = owner_of(auth_url, tokens.access_token)
    if owner is None:
        raise Refused("Twitch does not accept the token that it has just given")
    grant = Grant(tokens.access_token, tokens.refresh_token, 0.0, [], owner.user_id, owner.login, client_id)
    granted = _granted(grant, tokens)
    return msgspec.structs.replace(granted, scopes=owner.scopes or granted.scopes)


def owner_of(auth_url: str, access_token: str) -> _Owner | None:
    """Return the owner of the token; None if Twitch does not accept it.

    Raises:
        Disconnected: Twitch cannot be reached.
    """
    with HttpApi(auth_url) as api:
        answer = api.call("GET", "/validate", {"Authorization": f"OAuth {access_token}"})
    if answer.status == 401:
        return None
    if answer.status != 200:
        raise Disconnected(f"Twitch does not check the login now: {answer.status} {trouble_of(answer)}")
    return decode("Twitch", answer, _Owner)


def _identity(grant: Grant) -> tuple[str, str, list[str]]:
    return grant.user_id, grant.client_id, sorted(grant.scopes)


def _granted(grant: Grant, tokens: OauthTokens) -> Grant:
    return msgspec.structs.replace(
        grant,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=time.time() + tokens.expires_in,
        scopes=tokens.scope if isinstance(tokens.scope, list) else grant.scopes,
        refreshing=False,
    )
