"""The applications that are connected to the ingest: their states, and the commands that wait for their answers.

    program ──WebSocket /app──▶ [app_socket.py] ──▶ Applications ──state event `application`──▶ normalizer
    gateway ──POST /app/NAME/command──▶ Applications.order ──▶ program ──answer──▶ Applications ──▶ gateway

A state event is best effort, so it is sent a second time, REPEAT_S after the last change. The names of connected
applications are in the outbox: after a kill, the ingest reports those that do not reconnect within RETURN_S as gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.adapters import generic
from actors.core.contract import applications
from actors.core.contract.applications import AppState, AppStatus, CommandRequest
from actors.core.contract.event import UNREADABLE
from actors.core.contract.types.desk import Application as State
from actors.core.delivery.clients import Bucket
from actors.core.metrics import ApplicationMetrics
from actors.errors import BadInput, Refused
from actors.interfaces import Delivery, StoredMessage
from actors.producers.link import Link

APPLICATIONS: Final = 64
COMMANDS_PER_S: Final = 10.0
COMMANDS_BURST: Final = 20.0
PENDING: Final = 16  # commands of one application that wait for their answers
REPEAT_S: Final = 1.0
SAVE_AGAIN_S: Final = 1.0
RETURN_S: Final = 15.0  # longer than the pauses between the attempts of a program
CURSOR: Final = "app/"  # no name of a source has a slash

_names = msgspec.json.Decoder(list[str])


class NotConnected(Refused):
    """No application of this name is connected."""


class NotInTime(Refused):
    """The application did not answer before the deadline."""


class TooOften(Refused):
    """The application has received too many commands."""


class AppConnection:
    """One application. `say` sends it a message, `end` closes its connection as replaced.

    `answers` false: a client of the older shapes, which receives a command and does not answer.
    """

    def __init__(
        self, standing: AppState, say: Callable[[dict[str, Any]], None], replaced: Callable[[], None], answers: bool
    ) -> None:
        self.standing, self.say, self.replaced, self.answers = standing, say, replaced, answers
        self.bucket = Bucket(COMMANDS_PER_S, COMMANDS_BURST, time.monotonic())
        self.pending: dict[str, asyncio.Future[applications.AppAnswer]] = {}
        self.repeating: asyncio.TimerHandle | None = None

    def forget(self) -> None:
        """Refuse the commands that wait for its answer."""
        if self.repeating is not None:
            self.repeating.cancel()
        for answer in self.pending.values():
            if not answer.done():
                answer.set_exception(NotConnected(f"{self.standing.name} disconnected before it answered"))


class Applications:
    """All connected applications."""

    def __init__(self, link: Link, log: logging.Logger) -> None:
        self._link, self._log = link, log
        self._connected: dict[str, AppConnection] = {}
        self._closed = False
        self._commands = 0
        self.metrics = ApplicationMetrics()
        self._missing = _saved(link.cursors.get(CURSOR, b"[]"))
        self._loop = asyncio.get_running_loop()
        self._saving: asyncio.TimerHandle | None = None  # the next attempt, after a refused one
        self._waiting = self._loop.call_later(RETURN_S, self._report_missing) if self._missing else None

    def close(self) -> None:
        """Stop. The names stay in the outbox, so that the next start reports applications that do not reconnect."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        if self._saving is not None:
            self._saving.cancel()
        for application in self._connected.values():
            application.forget()

    def join(self, application: AppConnection) -> None:
        """Add an application; a connected one of the same name is replaced.

        Raises:
            Refused: the maximum number of applications is connected.
        """
        name = application.standing.name
        old = self._connected.get(name)
        if old is None and len(self._connected) >= APPLICATIONS:
            raise Refused(f"{APPLICATIONS} applications are connected, which is the most there may be")
        self._connected[name] = application
        self._missing.discard(name)
        if old is not None:
            self.metrics.application_replacements += 1
            old.forget()
            old.replaced()
        else:
            self._save()
        self._log.info("application connected name=%s replaced=%s", name, old is not None)
        self._show(application)

    def leave(self, application: AppConnection) -> None:
        """Remove an application, unless another of its name has replaced it."""
        standing = application.standing
        application.forget()
        if self._closed or self._connected.get(standing.name) is not application:
            return
        del self._connected[standing.name]
        self._log.info("application disconnected name=%s", standing.name)
        self._save()
        self._send(applications.gone(standing.name, standing.title))
        self._loop.call_later(REPEAT_S, self._repeat_gone, standing)

    def report(self, application: AppConnection, status: AppStatus) -> None:
        """Apply a status."""
        self._change(application, application.standing.changed(status))

    def announce(self, application: AppConnection, commands: list[str]) -> None:
        """Replace the commands that it accepts."""
        self._change(application, msgspec.structs.replace(application.standing, commands=tuple(commands)))

    def accepting(self, command: str, but: AppConnection) -> str:
        """Return the name of the only other application that accepts a command.

        Raises:
            BadInput: no application does, or several do.
        """
        names = [name for name, one in self._connected.items() if one is not but and command in one.standing.commands]
        if len(names) != 1:
            raise BadInput(f"{len(names)} applications accept {command}, expected 1; name one in `application`")
        return names[0]

    async def order(self, name: str, request: CommandRequest) -> dict[str, Any]:
        """Pass a command to an application; return its answer.

        Raises:
            BadInput: it does not accept this command.
            NotConnected, TooOften, NotInTime, Refused: it cannot receive the command now, or does not answer.
        """
        begin_s = time.monotonic()
        self.metrics.application_commands += 1
        try:
            answer = await self._ask(name, request)
        except (BadInput, Refused) as error:
            self.metrics.application_commands_refused += 1
            self._audit(name, request, type(error).__name__, begin_s)
            raise
        self._audit(name, request, "ok" if answer["ok"] else "failed", begin_s)
        return answer

    def measure(self) -> ApplicationMetrics:
        """Return the current metrics."""
        self.metrics.applications = len(self._connected)
        self.metrics.application_commands_pending = sum(len(one.pending) for one in self._connected.values())
        return self.metrics

    async def _ask(self, name: str, request: CommandRequest) -> dict[str, Any]:
        application = self._connected.get(name)
        if application is None:
            raise NotConnected(f"no application {name} is connected")
        if request.command not in application.standing.commands:
            known = ", ".join(application.standing.commands) or "none"
            raise BadInput(f"{name} does not accept {request.command}; it accepts: {known}")
        if not application.bucket.take(time.monotonic()):
            raise TooOften(f"more than {COMMANDS_PER_S:g} commands per second for {name}")
        if len(application.pending) >= PENDING:
            raise TooOften(f"{PENDING} commands wait for an answer of {name}")
        return await self._pass(application, request)

    async def _pass(self, application: AppConnection, request: CommandRequest) -> dict[str, Any]:
        self._commands += 1
        id_ = f"c{self._commands}"
        message = {"type": "command", "id": id_, "command": request.command, "args": request.args}
        answer: asyncio.Future[applications.AppAnswer] = self._loop.create_future()
        if not application.answers:
            application.say(message)
            return {"ok": True, "answered": False, "text": ""}
        application.pending[id_] = answer
        try:
            application.say(message | {"deadline_ms": request.deadline_ms})
            got = await asyncio.wait_for(answer, request.deadline_ms / 1000)
        except TimeoutError as error:
            self.metrics.application_commands_late += 1
            name = application.standing.name
            raise NotInTime(f"{name} did not answer {request.command} within {request.deadline_ms} ms") from error
        finally:
            del application.pending[id_]
        return {"ok": got.ok, "answered": True, "text": got.text[: applications.TEXT_CHARACTERS]}

    def _audit(self, name: str, request: CommandRequest, result: str, begin_s: float) -> None:
        passed_ms = (time.monotonic() - begin_s) * 1000
        self._log.info(
            "application command name=%s command=%s by=%s result=%s ms=%.0f",
            name, request.command, request.by, result, passed_ms,
        )  # fmt: skip

    def _change(self, application: AppConnection, standing: AppState) -> None:
        if standing != application.standing:
            application.standing = standing
            self._show(application)

    def _show(self, application: AppConnection) -> None:
        self._send(application.standing.event())
        if application.repeating is not None:
            application.repeating.cancel()
        application.repeating = self._loop.call_later(REPEAT_S, self._repeat, application)

    def _repeat(self, application: AppConnection) -> None:
        self._send(application.standing.event())

    def _repeat_gone(self, standing: AppState) -> None:
        if not self._closed and standing.name not in self._connected:
            self._send(applications.gone(standing.name, standing.title))

    def _send(self, state: State) -> None:
        body = generic.packed("application", state, state.application)
        self._link.send_best_effort([("event", body)], time.time() * 1000)

    def _save(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        names = sorted(self._missing | self._connected.keys())
        stored = self._link.store(Delivery([], time.time() * 1000, b"", (CURSOR, msgspec.json.encode(names))))
        stored.add_done_callback(self._repeat_save)

    def _repeat_save(self, stored: asyncio.Future[StoredMessage]) -> None:
        """Save the names again when the disk had no room for them."""
        if stored.cancelled() or stored.exception() is None or self._closed or self._saving is not None:
            return
        self._saving = self._loop.call_later(SAVE_AGAIN_S, self._save)

    def _report_missing(self) -> None:
        missing, self._missing = self._missing, set()
        for name in missing:
            self._send(applications.gone(name))
        self._save()


def _saved(cursor: bytes) -> set[str]:
    try:
        return set(_names.decode(cursor)[: 2 * APPLICATIONS])
    except UNREADABLE:
        return set()  # written by another version: the states are stale until the applications reconnect
