"""Sends events, and commands to applications, to the ingest over HTTP, as any other program does."""

from __future__ import annotations

import json
from typing import Any, Final

from actors.config import IngestSection
from actors.core.origins import authority
from actors.errors import BadInput, Refused

TIMEOUT_S: Final = 2.0
EMIT_S: Final = 5.0  # a loaded machine may need seconds; an ingest that has ended refuses at once
STRANGER: Final = "what answers at the address of the ingest is not the ingest"


async def emit(ingest: IngestSection, token: str, submission: dict[str, Any] | list[dict[str, Any]]) -> list[str]:
    """Post one event, or a list, and return the ids when all are accepted.

    Raises:
        BadInput: the submission has a value that JSON cannot represent.
        Refused: the ingest did not accept it; the message has the reason.
    """
    answer = await _post(ingest, token, "/events", submission, EMIT_S)
    try:
        return list(answer["ids"])
    except (KeyError, TypeError) as error:
        raise Refused(STRANGER) from error


async def order(
    ingest: IngestSection, token: str, name: str, request: dict[str, Any], deadline_ms: int
) -> dict[str, Any]:
    """Send a command to the application `name` and return its answer.

    Raises:
        BadInput: the request has a value that JSON cannot represent.
        Refused: it was not passed on, or not answered before the deadline; the message has the reason.
    """
    answer = await _post(ingest, token, f"/app/{name}/command", request, deadline_ms / 1000 + TIMEOUT_S)
    if not isinstance(answer.get("ok"), bool) or not isinstance(answer.get("text"), str):
        raise Refused(STRANGER)
    return answer


async def _post(ingest: IngestSection, token: str, path: str, value: object, timeout_s: float) -> dict[str, Any]:
    # Imported here because the client costs memory and most gateways send no command.
    from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

    try:
        body = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise BadInput(f"args: {error}") from error

    request = HTTPRequest(
        f"http://{authority(ingest.host, ingest.port)}{path}",
        method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        body=body,
        request_timeout=timeout_s,
        connect_timeout=TIMEOUT_S,
        follow_redirects=False,
    )
    try:
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
    except (OSError, HTTPClientError) as error:  # not running, too slow, or ended in the middle
        raise Refused(f"the ingest does not answer: {error}") from error
    if response.code >= 300:
        raise Refused(_reason(response.code, response.body))
    try:
        answer = json.loads(response.body)
    except ValueError as error:
        raise Refused(STRANGER) from error
    if not isinstance(answer, dict):
        raise Refused(STRANGER)
    return answer


def _reason(status: int, body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return str(answer["error"])
    return f"the ingest answered with status {status}"
