"""The commands of a dashboard: one row of COMMANDS per name (docs/wire.md, "Commands").

    emit, test, show, toggle ──▶ POST /events of the ingest, as for every event, so that the log, the queue and
                                 all overlays and dashboards receive it
    identify, reload, hud    ──▶ a message to the overlays of this gateway
    flag, settings           ──▶ the supervisor, as a reload of these settings
    login                    ──▶ the supervisor, which runs the command `login`; the state is in /api/status
    application              ──▶ POST /app/NAME/command of the ingest: the application itself answers

Every command is answered and counted. Commands above the limit are refused; the dashboard stays connected, because the
operator needs it.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from actors.config import FlagMode, FlagName, IngestSection
from actors.core.contract import samples
from actors.core.contract.applications import DEADLINE_MS, ApplicationName, CommandName, DeadlineMs
from actors.core.contract.messages import Command, OverlayId
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.delivery.clients import Bucket
from actors.errors import BadInput, Refused
from actors.gateway.emit import emit, order
from actors.gateway.overlay import Overlay
from actors.gateway.settings_change import Value

# Faster than an operator presses keys. A storm is 200 events; the pause lets an overlay show its queue of them.
RATE_PER_S: Final = 10.0
BURST: Final = 20.0
STORM_PAUSE_S: Final = 5.0
IDENTIFY_MS: Final = 3_000
SOURCE: Final = "dashboard"

# The lasting effects of `show` are also states, so that an overlay or dashboard that connects later receives them.
LASTING: Final = {
    "pause": ("paused", True),
    "resume": ("paused", False),
    "mute": ("muted", True),
    "unmute": ("muted", False),
}

Name = Annotated[str, Meta(min_length=1, max_length=64)]
T = TypeVar("T")


class ShowArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """`widget` is the name of a widget with a queue, or empty for all."""

    action: Literal["skip", "pause", "resume", "clear", "replay", "mute", "unmute", "end_test"]
    widget: Annotated[str, Meta(max_length=64)] = ""


class ToggleArgs(Struct, frozen=True, forbid_unknown_fields=True):
    on: bool
    name: Name = "all"


class TestArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """`type` is one of docs/events.md, "random", "storm", or a list of types that become events in this order."""

    type: Name | Annotated[list[Name], Meta(min_length=1, max_length=64)]


class ReceiverArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """The receivers of a message: the overlay of one id, or null for all."""

    overlay_id: OverlayId | None = None


class HudArgs(ReceiverArgs, frozen=True, forbid_unknown_fields=True):
    """`on` shows the HUD, false hides it, null changes what each overlay shows."""

    on: bool | None = None


class ApplicationArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """A command to a connected application (docs/applications.md)."""

    application: ApplicationName
    command: CommandName
    args: dict[str, Any] = {}
    deadline_ms: DeadlineMs = DEADLINE_MS


class FlagArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """`canary` is the list of overlays, for all flags; null leaves it as it is."""

    name: FlagName
    mode: FlagMode
    canary: Annotated[list[OverlayId], Meta(max_length=64)] | None = None


class SettingsArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """New values by key. Without `apply` nothing is changed, and the answer says what would be."""

    set: Annotated[dict[str, Value], Meta(min_length=1, max_length=32)]
    apply: bool = False


class LoginArgs(Struct, frozen=True, forbid_unknown_fields=True):
    """Begin the login of a source, or cancel it. The client secret goes to the command, and is not kept."""

    source: Name
    action: Literal["begin", "cancel"]
    client_secret: Annotated[str, Meta(max_length=256)] = ""


class Commands:
    """Carries out the commands of the dashboards of one gateway."""

    def __init__(
        self,
        ingest: IngestSection,
        ingest_token: Callable[[], str],
        listed: Callable[[], list[Overlay]],
        change_flag: Callable[[FlagName, FlagMode, list[str] | None], Awaitable[None]],
        change_settings: Callable[[dict[str, Value], bool], Awaitable[dict[str, Any]]],
        log_in: Callable[[str, str, str], Awaitable[None]],
    ) -> None:
        self._change_flag, self._change_settings, self._log_in = change_flag, change_settings, log_in
        self._ingest, self._ingest_token, self._listed = ingest, ingest_token, listed
        self._bucket = Bucket(RATE_PER_S, BURST, time.monotonic())
        self._storms = Bucket(1 / STORM_PAUSE_S, 1.0, time.monotonic())
        self._numbers = itertools.count(time.time_ns() // 1_000_000)

    async def carry_out(self, command: Command) -> dict[str, Any]:
        """Carry out a command of a control token; return the fields of the answer beside `ok`.

        Raises:
            BadInput: the command is unknown, or its arguments are wrong.
            Refused: it cannot be carried out now.
        """
        if command.name not in COMMANDS:
            raise BadInput(f"unknown command {command.name!r}; commands: {', '.join(COMMANDS)}")
        if not self._bucket.take(time.monotonic()):
            raise Refused(f"more than {RATE_PER_S:g} commands per second")
        return await COMMANDS[command.name](self, command.args)

    async def emit(self, args: dict[str, Any]) -> dict[str, Any]:
        return await self._post(args)

    async def test(self, args: dict[str, Any]) -> dict[str, Any]:
        wanted = _read(TestArgs, args).type
        if wanted == "storm":
            if not self._storms.take(time.monotonic()):
                raise Refused(f"one storm every {STORM_PAUSE_S:g} s")
            first = next(self._numbers)
            self._numbers = itertools.count(first + samples.STORM_EVENTS)
            return await self._post(samples.storm(first))
        types = (
            [samples.pick(random.random())] if wanted == "random" else [wanted] if isinstance(wanted, str) else wanted
        )
        for type_ in types:
            if type_ not in TAXONOMY:
                raise BadInput(f"$.type is {type_[:64]!r}, expected a type of docs/events.md, 'random' or 'storm'")
        events = [samples.sample(type_, next(self._numbers)) for type_ in types]
        return {**await self._post(events if len(events) > 1 else events[0]), "type": types[0]}

    async def show(self, args: dict[str, Any]) -> dict[str, Any]:
        wanted = _read(ShowArgs, args)
        events = [{"type": "show", "source": SOURCE, "payload": msgspec.to_builtins(wanted)}]
        if wanted.action in LASTING and not wanted.widget:
            name, on = LASTING[wanted.action]
            events.append({"type": "toggle", "source": SOURCE, "payload": {"name": name, "on": on}})
        return await self._post(events)

    async def toggle(self, args: dict[str, Any]) -> dict[str, Any]:
        payload = msgspec.to_builtins(_read(ToggleArgs, args))
        return await self._post({"type": "toggle", "source": SOURCE, "payload": payload})

    async def identify(self, args: dict[str, Any]) -> dict[str, Any]:
        return self._send(_read(ReceiverArgs, args), {"t": "identify", "for_ms": IDENTIFY_MS})

    async def reload(self, args: dict[str, Any]) -> dict[str, Any]:
        return self._send(_read(ReceiverArgs, args), {"t": "reload"})

    async def hud(self, args: dict[str, Any]) -> dict[str, Any]:
        wanted = _read(HudArgs, args)
        return self._send(wanted, {"t": "hud", "on": wanted.on})

    async def application(self, args: dict[str, Any]) -> dict[str, Any]:
        to = _read(ApplicationArgs, args)
        request = {"command": to.command, "args": to.args, "deadline_ms": to.deadline_ms, "by": SOURCE}
        answer = await order(self._ingest, self._ingest_token(), to.application, request, to.deadline_ms)
        if not answer["ok"]:
            raise Refused(answer["text"] or f"{to.application} failed to carry out the command")
        return {"text": answer["text"], "answered": answer.get("answered") is True}

    async def flag(self, args: dict[str, Any]) -> dict[str, Any]:
        wanted = _read(FlagArgs, args)
        await self._change_flag(wanted.name, wanted.mode, wanted.canary)
        return {}

    async def settings(self, args: dict[str, Any]) -> dict[str, Any]:
        wanted = _read(SettingsArgs, args)
        return await self._change_settings(wanted.set, not wanted.apply)

    async def login(self, args: dict[str, Any]) -> dict[str, Any]:
        wanted = _read(LoginArgs, args)
        await self._log_in(wanted.source, wanted.action, wanted.client_secret)
        return {}

    async def _post(self, submission: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
        ids = await emit(self._ingest, self._ingest_token(), submission)
        return {"ids": ids[:1], "accepted": len(ids)}

    def _send(self, receivers: ReceiverArgs, message: dict[str, Any]) -> dict[str, Any]:
        to = receivers.overlay_id
        meant = [one for one in self._listed() if to in (None, one.name) and one.group is not None]
        if not meant:
            raise Refused("no overlay is connected" if to is None else f"no overlay {to} is connected")
        for overlay in meant:
            overlay.send_message(message)
        return {"reached": len(meant)}


COMMANDS: Final[dict[str, Callable[[Commands, dict[str, Any]], Awaitable[dict[str, Any]]]]] = {
    "emit": Commands.emit,
    "test": Commands.test,
    "show": Commands.show,
    "toggle": Commands.toggle,
    "identify": Commands.identify,
    "reload": Commands.reload,
    "hud": Commands.hud,
    "application": Commands.application,
    "flag": Commands.flag,
    "settings": Commands.settings,
    "login": Commands.login,
}


def _read(kind: type[T], args: dict[str, Any]) -> T:
    try:
        return msgspec.convert(args, kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"args: {error}") from error
