"""The messages between an application and the ingest (docs/applications.md): JSON text; `type` is the kind of message.

    application ──▶ hello, status, commands, event, answer, command
    ingest      ──▶ welcome, result, command, error

Unknown keys are ignored, so that a newer application works with an older ingest. A wrong value is refused with a path.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from actors.core.contract.event import UNREADABLE
from actors.core.contract.messages import deeper
from actors.core.contract.numbers import finite
from actors.core.contract.types.desk import Application
from actors.errors import BadInput, TooLarge

TEXT_CHARACTERS: Final = 500  # the limit of the state event
COMMAND_BYTES: Final = 16 << 10
MAX_DEPTH: Final = 8
# The commands of a client that sends no hello.
OLDER_COMMANDS: Final = ("toggle_monitoring", "stop_tts")

# The state shown is the first of these flags that is set.
WORDS: Final = ("speaking", "listening", "wake_word", "ready")

ApplicationName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]
CommandName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
CommandNames = Annotated[list[CommandName], Meta(max_length=32)]
Reference = Annotated[str, Meta(max_length=64)]
By = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]
DeadlineMs = Annotated[int, Meta(ge=100, le=30_000)]
DEADLINE_MS: Final = 5_000


class AppStatus(Struct, frozen=True):
    """The changed fields of a status; an omitted field is unchanged. docs/applications.md has the meanings."""

    ready: bool | UnsetType = UNSET
    listening: bool | UnsetType = UNSET
    speaking: bool | UnsetType = UNSET
    wake_word: bool | UnsetType = UNSET
    monitoring: bool | UnsetType = UNSET
    visible: bool | UnsetType = UNSET
    text: str | UnsetType = UNSET


class AppMessage(Struct, frozen=True, tag_field="type"):
    """Base of all messages of an application."""


class AppHello(AppMessage, frozen=True, tag="hello"):
    """The first message. `token` is left out when the handshake had it in its Authorization header."""

    name: ApplicationName
    token: Annotated[str, Meta(max_length=256)] = ""
    title: Annotated[str, Meta(max_length=TEXT_CHARACTERS)] = ""
    commands: CommandNames = []


class AppReport(AppMessage, frozen=True, tag="status"):
    data: AppStatus


class AppCommands(AppMessage, frozen=True, tag="commands"):
    """The commands that it accepts from now on."""

    commands: CommandNames


class AppEvent(AppMessage, frozen=True, tag="event"):
    """One object as for `POST /events`; the result has the same `ref`."""

    event: Raw
    ref: Reference = ""


class AppAnswer(AppMessage, frozen=True, tag="answer"):
    """The answer to a command."""

    id: Reference
    ok: bool = True
    text: str = ""


class AppCommand(AppMessage, frozen=True, tag="command"):
    """A command to another application; without `application`, to the only one that accepts it."""

    command: CommandName
    application: str = ""
    args: dict[str, Any] = {}
    ref: Reference = ""


class CommandRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /app/NAME/command`. `by` is the name of the caller, for the log."""

    command: CommandName
    args: dict[str, Any] = {}
    deadline_ms: DeadlineMs = DEADLINE_MS
    by: By = "http"


Said = AppHello | AppReport | AppCommands | AppEvent | AppAnswer | AppCommand

_said = msgspec.json.Decoder(Said, float_hook=finite)
_request = msgspec.json.Decoder(CommandRequest, float_hook=finite)


def parse(message: str | bytes) -> Said:
    """Return the message of an application.

    Raises:
        BadInput: it is malformed; the text has the reason and the path.
    """
    if isinstance(message, bytes):
        raise BadInput("a binary message, expected JSON text")
    said: Said = _read(_said, message)
    if isinstance(said, AppCommand):
        _check_order(message, said.args)
    return said


def parse_request(body: bytes) -> CommandRequest:
    """Return the body of `POST /app/NAME/command`; raises BadInput as `parse` does."""
    request: CommandRequest = _read(_request, body)
    _check_order(body, request.args)
    return request


def parse_name(text: str) -> str:
    """Return the name of an application; raises BadInput as `parse` does."""
    try:
        return msgspec.convert(text, ApplicationName)
    except msgspec.ValidationError as error:
        raise BadInput(f"the name: {error}") from error


class AppState(Struct, frozen=True):
    """The state of an application, from its hello and its statuses."""

    name: str
    title: str = ""
    commands: tuple[str, ...] = ()
    ready: bool = False
    listening: bool = False
    speaking: bool = False
    wake_word: bool = False
    monitoring: bool = False
    visible: bool = True
    text: str = ""

    def changed(self, status: AppStatus) -> AppState:
        """Return the state after a status; the text is cut to TEXT_CHARACTERS."""
        values = {name: value for name in status.__struct_fields__ if (value := getattr(status, name)) is not UNSET}
        if "text" in values:
            values["text"] = values["text"][:TEXT_CHARACTERS]
        return msgspec.structs.replace(self, **values)

    def event(self) -> Application:
        """Return the state event."""
        word = next((word for word in WORDS if getattr(self, word)), "starting")
        return Application(
            self.name,
            word,
            self.title,
            self.text,
            list(self.commands),
            monitoring=self.monitoring,
            visible=self.visible,
        )


def gone(name: str, title: str = "") -> Application:
    """Return the state event of an application that is not connected."""
    return Application(name, "gone", title, connected=False)


def _read(decoder: Any, data: str | bytes) -> Any:
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise BadInput(str(error)) from error


def _check_order(message: str | bytes, args: dict[str, Any]) -> None:
    if len(message) > COMMAND_BYTES:
        raise TooLarge(f"a command of {len(message)} bytes, expected at most {COMMAND_BYTES}")
    if deeper(args, MAX_DEPTH):
        raise BadInput(f"nested deeper than {MAX_DEPTH} - at `$.args`")
