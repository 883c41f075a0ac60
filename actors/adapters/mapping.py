"""Mapping: any JSON → submissions, by expressions of the configuration. Used by producers; pure.

A rule is JMESPath (https://jmespath.org): a dotted path is an expression, `a || b` is a fallback, a missing value is
null. There are no loops, no input or output, and no code.

    each    a list in the message: the rule applies to each `item` of it; left out, once
    when    the rule applies where this is true
    event   `type`, and the fields of its payload; `id` and `ts_source_ms` are those of the submission. A name with a
            dot is a field of an object: "attacker.name"

Expressions can read `body` (the message), `item` (of `each`, else the body) and additions of the source (`header`,
`query`). Functions beyond the standard: lower, upper, concat, replace, divide, multiply, timestamp_ms, default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import jmespath
import msgspec
from jmespath import exceptions, functions
from msgspec import Meta, Struct

from actors.adapters import fitting, generic
from actors.core.contract.event import Submission, short_identity
from actors.errors import BadInput

MAX_EVENTS: Final = 1_000  # of one message; the same as for POST /events
MAX_ITEMS: Final = 4_000  # of one list; each costs some 50 µs, although it may become no event
MAX_RESULT_CHARACTERS: Final = 4_096

Expression = Annotated[str, Meta(min_length=1, max_length=1_000)]


class MappingRule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of a mapping, as the configuration writes it."""

    event: dict[Annotated[str, Meta(max_length=64)], Expression]
    each: Expression | None = None
    when: Expression | None = None


class _Functions(functions.Functions):
    """Functions that JMESPath does not have."""

    @functions.signature({"types": ["string"]})
    def _func_lower(self, text: str) -> str:
        return text.lower()

    @functions.signature({"types": ["string"]})
    def _func_upper(self, text: str) -> str:
        return text.upper()

    @functions.signature({"types": [], "variadic": True})
    def _func_concat(self, *parts: Any) -> str:
        return "".join("" if part is None else str(part) for part in parts)[:MAX_RESULT_CHARACTERS]

    @functions.signature({"types": ["string"]}, {"types": ["string"]}, {"types": ["string"]})
    def _func_replace(self, text: str, old: str, new: str) -> str:
        if not old:
            return text
        by = new[:MAX_RESULT_CHARACTERS]
        times = MAX_RESULT_CHARACTERS // max(1, len(by)) + 1  # what follows would be cut
        return text[:MAX_RESULT_CHARACTERS].replace(old, by, times)[:MAX_RESULT_CHARACTERS]

    @functions.signature({"types": ["number", "string"]}, {"types": ["number"]})
    def _func_divide(self, number: Any, by: float) -> float | None:
        return None if not by else float(Decimal(str(number)) / Decimal(str(by)))

    @functions.signature({"types": ["number", "string"]}, {"types": ["number"]})
    def _func_multiply(self, number: Any, by: float) -> float:
        return float(Decimal(str(number)) * Decimal(str(by)))

    @functions.signature({"types": ["string", "null"]})
    def _func_timestamp_ms(self, text: str | None) -> float | None:
        """Return an ISO 8601 time in milliseconds since 1970; UTC if it names no zone."""
        if text is None:
            return None
        at = datetime.fromisoformat(_six_digits(text))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000

    @functions.signature({"types": []}, {"types": []})
    def _func_default(self, value: Any, otherwise: Any) -> Any:
        return otherwise if value is None else value


_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())

# jmespath raises TypeError when it compares text with a number; dates raise ValueError, amounts InvalidOperation.
_FAILURES: Final = (exceptions.JMESPathError, TypeError, ValueError, ArithmeticError, InvalidOperation, AttributeError)


class CompiledMap(Struct, frozen=True):
    """The compiled rules of one source."""

    rules: tuple[tuple[MappingRule, Any, Any, dict[str, Any]], ...]


def compiled(rules: list[MappingRule], where: str = "map") -> CompiledMap:
    """Compile rules.

    Raises:
        BadInput: an expression is not valid JMESPath, or a rule has no type; the text has its path.
    """
    found = []
    for number, rule in enumerate(rules):
        path = f"{where}[{number}]"
        if "type" not in rule.event:
            raise BadInput(f"{path}.event has no `type`, for example type = \"'follow'\"")
        fields = {name: _compile(text, f"{path}.event.{name}") for name, text in rule.event.items()}
        each = _compile(rule.each, f"{path}.each") if rule.each is not None else None
        when = _compile(rule.when, f"{path}.when") if rule.when is not None else None
        found.append((rule, each, when, fields))
    return CompiledMap(tuple(found))


def submissions(
    mapping: CompiledMap,
    body: Any,
    source: str,
    extra: Mapping[str, Any] | None = None,
    reject: Callable[[BadInput], None] | None = None,
) -> list[Submission]:
    """Return the submissions of a decoded message, [] if no rule applies.

    `reject` is called with the error of each item that fails; the other items become events. Without `reject` the first
    error is raised.

    Raises:
        BadInput: an expression fails, or its result is not a valid event; the text has the rule and the path.
    """
    found: list[Submission] = []
    for number, (rule, each, when, fields) in enumerate(mapping.rules):
        scope = {**(extra or {}), "body": body}
        items = [body]
        if each is not None:
            items = _search(each, scope, f"map[{number}].each", rule.each) or []
            if not isinstance(items, list):
                raise BadInput(f"map[{number}].each `{rule.each}` returned {type(items).__name__}, expected a list")
            if len(items) > MAX_ITEMS:
                raise BadInput(f"map[{number}].each returned {len(items)} items, expected at most {MAX_ITEMS}")
        for item in items:
            scope["item"] = item
            try:
                if when is not None and not _search(when, scope, f"map[{number}].when", rule.when):
                    continue
                values = {
                    name: _search(expression, scope, f"map[{number}].event.{name}", rule.event[name])
                    for name, expression in fields.items()
                }
                found.append(_submission(values, source, f"map[{number}].event"))
            except BadInput as error:
                if reject is None:
                    raise
                reject(error)
            if len(found) > MAX_EVENTS:
                raise BadInput(f"The message has more than {MAX_EVENTS} events")
    return found


def _submission(values: dict[str, Any], source: str, where: str) -> Submission:
    head = {name: values.pop(name, None) for name in ("type", "id", "ts_source_ms")}
    payload: dict[str, Any] = {}
    for name, value in values.items():
        if value is not None:
            _put(payload, name, value)
    payload = fitting.fitted(str(head["type"]), payload)
    if isinstance(head["id"], int | float):
        head["id"] = f"{head['id']:g}" if isinstance(head["id"], float) else str(head["id"])
    elif isinstance(head["id"], str):
        head["id"] = short_identity(head["id"])
    fields = {name: value for name, value in head.items() if value is not None}
    try:
        return generic.parse(msgspec.json.encode(fields | {"payload": payload, "source": source}))[0]
    except (BadInput, msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise BadInput(f"{where}: {error}") from error


def _put(payload: dict[str, Any], name: str, value: Any) -> None:
    *parents, leaf = name.split(".")
    for parent in parents:
        payload = payload.setdefault(parent, {})
    payload[leaf] = value


def _compile(text: str, where: str) -> Any:
    try:
        return jmespath.compile(text)
    except exceptions.JMESPathError as error:
        raise BadInput(f"{where} `{text[:200]}` is not JMESPath: {str(error).splitlines()[0]}") from error


def _search(expression: Any, scope: dict[str, Any], where: str, text: str | None) -> Any:
    # An expression without `body` or `item` reads the item itself: "data.user" is short for "item.data.user".
    item = scope.get("item", scope["body"])
    view = {**item, **scope} if isinstance(item, dict) else scope
    try:
        return expression.search(view, _OPTIONS)
    except _FAILURES as error:
        raise BadInput(f"{where} `{(text or '')[:200]}` failed: {str(error).splitlines()[0][:200]}") from error


def _six_digits(text: str) -> str:
    """Cut a fraction of a second to six digits, which is what Python parses; some platforms send seven or nine."""
    head, dot, tail = text.strip().partition(".")
    if not dot:
        return head
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}"
