"""The account of a Twitch source: its login, its subscriptions, and the pictures of badges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from actors import program
from actors.producers import twitch_badges
from actors.producers.spec import Disconnected, SourceRefused
from actors.producers.twitch_login import TwitchLogin
from actors.producers.twitch_wanted import (
    LACKS_SCOPE,
    SubscriptionResult,
    Wanted,
    may_be_retried,
    subscribe,
    wanted,
    without_notices,
)

CHECK_S: Final = 3_600.0  # Twitch requires every application to validate its login each hour
LOOK_S: Final = 3.0  # between two looks for a new login of the user
MISSING_CHARACTERS: Final = 1_000  # more than is shown
RETRY_S: Final = 60.0  # between two attempts at a subscription that Twitch refuses temporarily


class TwitchAccount:
    """`badges` maps a badge (`subscriber/12`) to its picture. Problems are reported to the session."""

    def __init__(self, session: Any, login: TwitchLogin) -> None:
        self.badges: dict[str, str] = {}
        self._session, self._settings, self._login = session, session.settings, login
        self._warning = self._missing = ""

    async def open(self) -> None:
        """Check the login.

        Raises:
            Refused: the login is invalid.
            Disconnected: Twitch cannot be reached.
        """
        self._grant, self._warning = await asyncio.to_thread(self._login.ready)
        if self._grant.client_id != self._settings.client_id:
            raise SourceRefused(
                f"The login is for the client id {self._grant.client_id!r}, client_id is {self._settings.client_id!r}. "
                f"Log in again: {program.NAME} login twitch --source {self._session.name}"
            )

    async def subscribe(self, session_id: str) -> None:
        """Create all subscriptions of a session; retry those that Twitch refuses temporarily.

        Raises:
            SourceRefused: Twitch refuses all of them, or the login.
            Disconnected: Twitch cannot be reached.
        """
        types = wanted(self._settings.chat, self._settings.skip)
        instead = without_notices(self._settings.skip)
        outcome = await self._create(session_id, types, instead)
        if not outcome.working:
            reasons = outcome.sentence()
            text = "; ".join(filter(None, (self._again(reasons), f"Twitch refuses every subscription. {reasons}")))
            raise Disconnected(text) if outcome.retryable() else SourceRefused(text)
        self._session.live()
        while True:
            self._missing = outcome.sentence()
            self._tell()
            if not outcome.retryable():
                return
            await asyncio.sleep(RETRY_S)
            again = {type_ for type_, (status, _) in outcome.refused.items() if may_be_retried(status)}
            left = [one for one in dict.fromkeys([*types, *instead]) if one.type in again]
            now = await self._create(session_id, left, instead)
            for_good = {type_: why for type_, why in outcome.refused.items() if type_ not in again}
            outcome = SubscriptionResult(outcome.working + now.working, for_good | now.refused)

    async def check(self) -> None:
        """Validate the login each hour, and renew it before it expires; end when the user has logged in anew.

        Raises:
            SourceRefused: Twitch no longer accepts the login.
            Disconnected: the next connection uses the new login.
        """
        due_s = time.monotonic() + CHECK_S
        while True:
            await asyncio.sleep(min(LOOK_S, CHECK_S))
            if await asyncio.to_thread(self._login.replaced, self._grant):
                raise Disconnected("there is a new login; connecting with it")
            if time.monotonic() < due_s:
                continue
            due_s = time.monotonic() + CHECK_S
            try:
                self._grant, self._warning = await asyncio.to_thread(self._login.ready)
            except Disconnected as error:
                self._session.log.warning("login not checked reason=%r", str(error))
                continue
            self._tell()

    async def load_badges(self) -> None:
        try:
            self.badges = await asyncio.to_thread(twitch_badges.load, self._settings.api_url, self._grant)
        except Disconnected as error:
            self._session.log.warning("badges not loaded reason=%r", str(error))

    def revoked(self, type_: str, status: str) -> None:
        """Record that Twitch ended a subscription.

        Raises:
            SourceRefused: it ended the login.
        """
        if status == "authorization_revoked":
            raise SourceRefused(
                "The login was revoked (by you at twitch.tv/settings/connections, or by a new password). "
                f"Log in again: {program.NAME} login twitch --source {self._session.name}"
            )
        ended = f"{type_}: Twitch ended it ({status})"
        self._missing = f"{self._missing}; {ended}"[-MISSING_CHARACTERS:] if self._missing else ended
        self._tell()

    def _tell(self) -> None:
        # The command first: the end of a long text is cut.
        texts = (self._again(self._missing), self._warning, self._missing)
        self._session.degraded("; ".join(text for text in texts if text))

    def _again(self, reasons: str) -> str:
        if LACKS_SCOPE not in reasons:
            return ""
        return f"A new login is needed. Log in again: {program.NAME} login twitch --source {self._session.name}"

    async def _create(self, session_id: str, types: Sequence[Wanted], instead: Sequence[Wanted]) -> SubscriptionResult:
        """Create subscriptions; with a renewed login if Twitch no longer accepts this one."""
        url = self._settings.api_url
        outcome = await asyncio.to_thread(subscribe, url, self._grant, session_id, types, instead)
        if outcome.unauthorized():
            self._grant = await asyncio.to_thread(self._login.renew, self._grant)
            outcome = await asyncio.to_thread(subscribe, url, self._grant, session_id, types, instead)
        return outcome
