"""Messages of a platform → messages of a source, by rules. Of a failed message only the reason is kept, no data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.adapters import mapping
from actors.core.contract.messages import deeper
from actors.errors import BadInput
from actors.producers.spec import Private, SourceMessage

# Python decodes some 980 levels, but makes no text of a value near that limit; platforms use ten.
MAX_DEPTH: Final = 100
_MAIL: Final = re.compile(r"[^\s'\"@]{1,64}@[^\s'\"@]{1,255}")

_encode = msgspec.msgpack.Encoder().encode


def messages(
    rules: mapping.CompiledMap, name: str, body: Any, delivery: str, extra: Mapping[str, Any] | None = None
) -> list[SourceMessage]:
    """Return the messages of a body, by the rules. An event without an id of its own has that of the delivery.

    It has its type, too: a header that is not signed may choose the rule, and a delivery that was passed on with
    another header must not have the identity of the real event.

    Raises:
        Private: a rule fails on it.
    """
    try:
        found = mapping.submissions(rules, body, name, extra)
    except BadInput as error:
        raise Private(without_mail(str(error))) from error
    made = []
    for number, submission in enumerate(found):
        identified = msgspec.structs.replace(submission, id=submission.id or f"{delivery}.{submission.type}.{number}")
        identity = f"{identified.type}/{identified.id}"
        made.append(SourceMessage(_encode(identified), "event", identity, identified.ts_source_ms))
    return made


def decoded(data: str | bytes) -> Any:
    """Return the JSON of a message; raises Private: it is malformed, or nested deeper than MAX_DEPTH."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Private(f"Expected JSON: {without_mail(str(error))[:200]}") from error
    if deeper(body, MAX_DEPTH):
        raise Private(f"Expected JSON of at most {MAX_DEPTH} levels")
    return body


def digest(*parts: str | bytes) -> str:
    """Return an identity for a message without one: equal content is the same message."""
    data = b"\n".join(part.encode(errors="replace") if isinstance(part, str) else part for part in parts)
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def without_mail(text: str) -> str:
    return _MAIL.sub("…@…", text)
