"""The interface of a source module: its settings, its properties, and the messages that it passes to the kit.

To add a kind of source, add a module to actors/producers/sources/. No other module needs a change.

    connect(session)   an async generator for one connection: connects, yields messages. The kit (kit.py) runs it in a
                       process of its own and reconnects when it ends
    closing() -> list[SourceMessage]
                       optional: what is sent when the source is stopped, for example to empty what it has shown
    receive(request, settings, secret, state) -> Taken
                       a pure function for one HTTP request. The ingest calls it
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from actors.core.contract.event import REFUSED, refusal
from actors.core.nearest import nearest
from actors.errors import BadInput, ConfigError, Refused
from actors.producers import sources
from actors.section import IN_FILE, Seconds, Section

NAME_PATTERN: Final = r"^[a-z][a-z0-9-]{0,31}\Z"
SourceName = Annotated[str, Meta(pattern=NAME_PATTERN)]
SecretName = Annotated[str, Meta(pattern=r"^([a-z0-9][a-z0-9._-]{0,63})?\Z"), IN_FILE]

KINDS: Final = tuple(sorted(module.name for module in pkgutil.iter_modules(sources.__path__)))


class SourceSettings(Section, frozen=True, kw_only=True):
    """Base of the settings of every kind of source.

    secret     name of the secret that it uses; "" is the name of the source
    silence_s  a longer pause between two messages is reported as silence; omitted: the value of the kind
    record     append every raw message to RUN_DIR/recordings/NAME.ndjson, for `replay`
    """

    kind: str
    secret: SecretName = ""
    silence_s: Seconds | None = None
    record: bool = False

    def needs(self, name: str) -> str:
        """Return the command that stores the secret without which the source `name` cannot work; "" for none."""
        del name
        return ""


class SourceMessage(Struct, frozen=True):
    """One raw message of a source.

    body          the input of the adapter
    kind          the adapter: a module of actors/adapters; "event" is MessagePack of a Submission
    identity      the source's own identity of the message: one that was seen before is dropped and counted as a
                  duplicate; "" if the source gives none
    ts_source_ms  when it happened, for the counters of late and future stamps
    cursor        the position in the source, or the state of its decoder, after this message; saved in the same
                  outbox transaction. None: unchanged
    """

    body: bytes
    kind: str
    identity: str = ""
    ts_source_ms: float | None = None
    cursor: bytes | None = None


def refused(reason: str, body: bytes) -> SourceMessage:
    """Return a message that is not read further: it becomes no event, but a row of the quarantine."""
    return SourceMessage(refusal(reason, body), REFUSED)


class SourceRequest(Struct, frozen=True):
    """One HTTP request to `/PATH/NAME/...`.

    path     the part after the name
    headers  names are in lower case; the values of a repeated header are joined by ", "
    name     of the source
    """

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now_ms: float
    name: str = ""


class Taken(Struct, frozen=True):
    """The result of a request: messages to store, and the answer. `state` is saved with the messages."""

    messages: list[SourceMessage] = []
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    state: bytes | None = None


class Spec(Struct, frozen=True):
    """The properties of a source module.

    settings    its section of the configuration
    summary     one sentence
    redelivers  the source repeats what was not acknowledged, or is read from a saved position
    loss        one sentence: the messages that are lost when the process dies
    silence_s   the longest pause that is normal; None: any
    path        HTTP sources: the first segment of the path at the ingest
    written     settings that `source add` writes, although they are optional
    """

    settings: type[SourceSettings]
    summary: str
    redelivers: bool
    loss: str
    silence_s: float | None = None
    path: str = ""
    written: Mapping[str, Any] = {}


class Disconnected(OSError):
    """The connection ended, with a close code if the source sent one. The kit reconnects."""

    code: int | None = None


class SourceNotRunning(Disconnected):
    """The program of the source does not run. This is not a fault: the source is `waiting`, and retries."""


class SourceRefused(Refused):
    """The source refuses the connection, and a retry alone is useless; the text has the remedy."""


class Forbidden(BadInput):
    """The sender of a request is not authenticated; answered with 401."""


class Private(BadInput):
    """A malformed message that may contain private data: only the reason is quarantined."""


def module_of(kind: str) -> ModuleType:
    """Return the module of a kind.

    Raises:
        ConfigError: the kind is unknown.
    """
    if kind not in KINDS:
        near = nearest(kind[:64], KINDS)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"Unknown kind of source {kind[:64]!r}{hint} Kinds: {', '.join(KINDS)}")
    return importlib.import_module(f"{sources.__name__}.{kind}")


def spec_of(kind: str) -> Spec:
    """Return the properties of a kind of source; raises ConfigError as `module_of` does."""
    spec: Spec = module_of(kind).SPEC
    return spec


def settings_of(name: str, tree: Mapping[str, Any]) -> SourceSettings:
    """Return the settings of the source `name`.

    Raises:
        ConfigError: an unknown kind or key, or a wrong value; the text names the path.
    """
    kind = tree.get("kind")
    if not isinstance(kind, str):
        raise ConfigError(f"sources.{name}.kind is missing. Kinds: {', '.join(KINDS)}")
    module = module_of(kind)
    spec: Spec = module.SPEC
    try:
        settings = msgspec.convert(tree, spec.settings)
    except msgspec.ValidationError as error:
        text = str(error) if " - at " in str(error) else f"{error} - at `$`"  # a missing field has no path
        text = text.replace("`$.", f"`$.sources.{name}.").replace("`$`", f"`$.sources.{name}`")
        raise ConfigError(f"{text}{_hint(str(error), spec)}") from error
    check = getattr(module, "check", None)
    if check is not None:
        try:
            check(settings)
        except BadInput as error:
            raise ConfigError(f"sources.{name}: {error}") from error
    return settings


def is_process(kind: str) -> bool:
    """Whether sources of this kind are processes of their own, and not paths of the ingest."""
    return not spec_of(kind).path


def require_key(kind: str, key: str) -> None:
    """Raise BadInput if sources of this kind have no setting of this name."""
    settings = spec_of(kind).settings
    if key not in [field.encode_name for field in msgspec.structs.fields(settings)]:
        raise BadInput(f"{kind} has no setting {key[:64]!r}{_near_keys(key, settings)}")


def _hint(error: str, spec: Spec) -> str:
    """Return a suggestion for an unknown key or value, or all that are possible; they are few."""
    _, found, rest = error.partition("unknown field `")
    if found and " - at " not in rest:  # otherwise of a part of the section, for example a rule of `map`
        return _near_keys(rest.partition("`")[0], spec.settings)
    value = _WRONG_WORD.match(error)
    words = _words(spec.settings, value[2]) if value is not None else []
    if value is None or not words:
        return ""
    near = nearest(value[1], words)
    return f" (did you mean `{near[0]}`?)" if near else f" (possible: {', '.join(words)})"


_WRONG_WORD: Final = re.compile(r"Invalid enum value '(.{1,64})' - at `\$\.(\w+)`")


def _near_keys(key: str, settings: type[SourceSettings]) -> str:
    names = [field.encode_name for field in msgspec.structs.fields(settings)]
    near = nearest(key[:64], names)
    return f" (did you mean `{near[0]}`?)" if near else f" (its keys: {', '.join(sorted(names))})"


def types_of(settings: type[SourceSettings], key: str) -> tuple[Any, ...]:
    """Return the types (msgspec.inspect) that a setting may have; () if there is no such setting."""
    from msgspec import inspect  # not in the memory of each source

    described = inspect.type_info(settings)
    assert isinstance(described, inspect.StructType)
    found = next((field.type for field in described.fields if field.encode_name == key), None)
    return found.types if isinstance(found, inspect.UnionType) else () if found is None else (found,)


def _words(settings: type[SourceSettings], key: str) -> list[str]:
    """Return the possible values of a setting that is one of a few words; [] for any other."""
    return [str(value) for one in types_of(settings, key) for value in getattr(one, "values", ())]
