"""The login at Google for YouTube: the device code flow, and access tokens that are renewed before they expire.

An access token is valid for an hour. Unlike that of Twitch, a refresh token of Google is valid for any number of
renewals, so an interrupted one is repeated. Every method blocks; a source calls them in a thread.
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
from actors.producers import device_login
from actors.producers.device_login import Device, OauthTokens, decode, post, store, trouble_of, writing
from actors.producers.spec import Disconnected, SourceRefused
from actors.secrets import Secrets

AUTH_URL: Final = "https://oauth2.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/youtube.readonly"
RENEW_BEFORE_S: Final = 600.0
FRESH_S: Final = 60.0  # a token that is refused so soon after a renewal is refused for another reason
_ONE_AT_A_TIME: Final = threading.Lock()


class YoutubeGrant(Struct, frozen=True):
    """A login as stored in the secret. Google requires the client secret of a device, although it is not secret."""

    access_token: str
    refresh_token: str
    renewed_at: float
    expires_at: float
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "YoutubeGrant()"  # a token must never reach a log or a traceback


class YoutubeLogin:
    """The tokens of one source. `source` names it in the message about a new login."""

    def __init__(self, secrets: Secrets, run_dir: Path, secret: str, source: str, auth_url: str) -> None:
        self._secrets, self._run_dir, self._secret, self._auth_url = secrets, run_dir, secret, auth_url
        self.remedy = f"log in again: {program.NAME} login youtube --source {source}"

    def headers(self) -> dict[str, str]:
        """Return the headers of a request, with a token that is valid for some minutes.

        Raises:
            SourceRefused: Google no longer accepts the login.
            Disconnected: the token has expired, and Google cannot be reached.
        """
        with _ONE_AT_A_TIME:
            grant = self._load()
            if grant.expires_at - time.time() < RENEW_BEFORE_S:
                try:
                    grant = self._renewed(grant)
                except Disconnected:
                    if grant.expires_at <= time.time():
                        raise
        return {"Authorization": f"Bearer {grant.access_token}"}

    def renew(self) -> bool:
        """Replace a token that YouTube has refused; return False if it is too new for that to help.

        Raises:
            SourceRefused: Google no longer accepts the login.
            Disconnected: Google cannot be reached.
        """
        with _ONE_AT_A_TIME:
            grant = self._load()
            if time.time() - grant.renewed_at < FRESH_S:
                return False
            self._renewed(grant)
        return True

    def _load(self) -> YoutubeGrant:
        try:
            return msgspec.json.decode(self._secrets.get(self._secret).encode(), type=YoutubeGrant)
        except UNREADABLE as error:
            raise SourceRefused(f"The secret {self._secret!r} is not a login at YouTube; {self.remedy}") from error

    def _renewed(self, grant: YoutubeGrant) -> YoutubeGrant:
        client = {"client_id": grant.client_id, "client_secret": grant.client_secret}
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token, **client}
        answer = post(self._auth_url, "/token", form)
        if answer.status in (400, 401, 403):
            why = trouble_of(answer)
            if "invalid_grant" in why:
                why = "it was revoked (myaccount.google.com/connections), or has expired"
            raise SourceRefused(f"Google no longer accepts the login: {why}; {self.remedy}")
        if answer.status != 200:
            raise Disconnected(f"Google does not renew the login now: {answer.status} {trouble_of(answer)}")
        fresh = _granted(grant, decode("Google", answer, OauthTokens))
        with writing(self._run_dir, self._secret):
            current = self._load()
            if current.refresh_token != grant.refresh_token:  # the user has logged in again meanwhile
                return current
            store(self._secrets, self._secret, fresh)
        return fresh


def identity_of(secret: str) -> str:
    """Return what a new login or another key changes; a renewal keeps it, because Google keeps the refresh token."""
    try:
        return msgspec.json.decode(secret.encode(), type=YoutubeGrant).refresh_token
    except UNREADABLE:
        return secret


def begin(auth_url: str, client_id: str) -> Device:
    """Request a code that the user enters in the browser.

    Raises:
        SourceRefused: Google does not accept the client id.
        Disconnected: Google cannot be reached.
    """
    answer = post(auth_url, "/device/code", {"client_id": client_id, "scope": SCOPE})
    if answer.status != 200:
        raise SourceRefused(
            f"Google refuses the client id {client_id[:80]!r}: {answer.status} {trouble_of(answer)}; it must be of the "
            f"type TVs and Limited Input devices ({program.page('sources/youtube')})"
        )
    return decode("Google", answer, Device)


def poll(auth_url: str, client_id: str, client_secret: str, device: Device) -> YoutubeGrant | None:
    """Return the login if the user has entered the code; None if not yet.

    Raises:
        TooFast: the platform wants fewer polls.
        Refused: the user has denied access, the code has expired, or the client secret is wrong.
    """
    form = {"client_id": client_id, "client_secret": client_secret}
    tokens = device_login.polled("Google", auth_url, form, device)
    return None if tokens is None else _granted(YoutubeGrant("", "", 0.0, 0.0, client_id, client_secret), tokens)


def _granted(grant: YoutubeGrant, tokens: OauthTokens) -> YoutubeGrant:
    return msgspec.structs.replace(
        grant,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or grant.refresh_token,
        renewed_at=time.time(),
        expires_at=time.time() + tokens.expires_in,
    )
