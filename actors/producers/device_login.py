"""The device code flow of OAuth 2.0 (RFC 8628), and what the logins of all platforms share: the file, and its lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from actors import host
from actors.core.contract.event import UNREADABLE
from actors.errors import Refused
from actors.producers.http_call import HttpApi, HttpResponse
from actors.producers.spec import Disconnected
from actors.secrets import Secrets

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"
LOCK_S: Final = 10.0
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
SLOWER_S: Final = 5.0  # RFC 8628, 3.5
_EXPIRED: Final = ("expired_token", "invalid device code")  # Twitch has forgotten a code that has expired

T = TypeVar("T")


class Device(Struct, frozen=True):
    """What the user must do: open `page` and enter `user_code`."""

    device_code: str
    user_code: str
    expires_in: Annotated[float, Meta(ge=0.0, le=86_400.0)]
    verification_uri: str = ""
    verification_url: str = ""  # Google's name of it
    interval: Annotated[float, Meta(ge=0.0, le=600.0)] = 5.0

    @property
    def page(self) -> str:
        return self.verification_uri or self.verification_url


class CodeExpired(Refused):
    """The code can no longer be entered."""


class TooFast(Refused):
    """The platform wants fewer polls: each pause from now on must be SLOWER_S longer."""


class OauthTokens(Struct, frozen=True):
    """An answer of a token service; a renewal may keep the refresh token, and then has none."""

    access_token: str
    refresh_token: str = ""
    expires_in: float = 0.0
    scope: list[str] | str | None = None

    def __repr__(self) -> str:
        return "OauthTokens()"  # a token must never reach a log or a traceback


class _Trouble(Struct, frozen=True):
    message: str = ""
    error: str = ""
    error_description: str = ""


def polled(platform: str, auth_url: str, form: dict[str, str], device: Device) -> OauthTokens | None:
    """Return the tokens if the user has entered the code; None if not yet.

    Raises:
        TooFast: the platform wants fewer polls.
        CodeExpired: the code can no longer be entered.
        Refused: the user has denied access, or the platform does not accept the application.
        Disconnected: the platform cannot be reached.
    """
    answer = post(auth_url, "/token", {**form, "device_code": device.device_code, "grant_type": GRANT_TYPE})
    if answer.status == 200:
        return decode(platform, answer, OauthTokens)
    trouble = trouble_of(answer)
    if answer.status == 429 or "slow_down" in trouble:
        raise TooFast(f"{platform} wants fewer polls ({answer.status} {trouble})")
    if "pending" in trouble:
        return None
    if any(word in trouble for word in _EXPIRED):
        raise CodeExpired(f"{platform} no longer accepts the code ({trouble}): it has expired, or access was denied")
    if "access_denied" in trouble:
        raise Refused("Access was denied in the browser; nothing was stored, and the login before is unchanged")
    raise Refused(f"{platform} does not log in: {answer.status} {trouble}")


def trouble_of(answer: HttpResponse) -> str:
    """Return the message of an answer that reports an error."""
    try:
        told = msgspec.json.decode(answer.body, type=_Trouble)
    except UNREADABLE:
        return answer.body[:80].decode("utf-8", "replace")
    return ": ".join(filter(None, (told.message or told.error, told.error_description)))[:160]


def post(auth_url: str, path: str, form: dict[str, str]) -> HttpResponse:
    with HttpApi(auth_url) as api:
        return api.call("POST", path, _FORM, urlencode(form).encode())


def decode(platform: str, answer: HttpResponse, shape: type[T]) -> T:
    """Return the body of an answer; raises Disconnected."""
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except UNREADABLE as error:
        raise Disconnected(f"{platform}'s answer cannot be read: {error}") from error


@contextmanager
def writing(run_dir: Path, secret: str) -> Iterator[None]:
    """Hold the lock under which a login is read and replaced; it is held for milliseconds.

    Raises:
        Refused: another process holds it.
    """
    deadline_s = time.monotonic() + LOCK_S
    while True:
        try:
            lock = host.lock(run_dir / f"login-{secret}.write.lock", "login")
            break
        except Refused:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(0.01)
    with lock:
        yield


def store(secrets: Secrets, secret: str, grant: Struct) -> None:
    """Store a login; it is on disk when this returns."""
    secrets.set(secret, msgspec.json.encode(grant).decode())
