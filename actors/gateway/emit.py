"""Commands that put events in: the same door as everybody's, `POST /events` of the ingest."""

from __future__ import annotations

import json
from typing import Any, Final

from actors.config import Ingest
from actors.core.origins import authority
from actors.errors import BadInput, Refused

TIMEOUT_S: Final = 2.0


async def emit(ingest: Ingest, token: str, submission: dict[str, Any] | list[dict[str, Any]]) -> list[str]:
    """Post one event, or a list, and return the ids when all are accepted.

    Raises:
        BadInput: it is nothing that JSON can say.
        Refused: it was not accepted; the message says why.
    """
    # Imported when it is needed: an overlay's gateway seldom emits, and the client costs memory.
    from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

    try:
        body = json.dumps(submission)
    except (TypeError, ValueError) as error:
        raise BadInput(f"args: {error}") from error

    request = HTTPRequest(
        f"http://{authority(ingest.host, ingest.port)}/events",
        method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        body=body,
        request_timeout=TIMEOUT_S,
        connect_timeout=TIMEOUT_S,
        follow_redirects=False,
    )
    try:
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
    except (OSError, HTTPClientError) as error:  # away, or too slow, or gone in the middle
        raise Refused(f"the ingest does not answer: {error}") from error
    if response.code >= 300:
        raise Refused(_reason(response.code, response.body))
    try:
        return list(json.loads(response.body)["ids"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("what answers at the address of the ingest is not the ingest") from error


def _reason(status: int, body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return str(answer["error"])
    return f"the ingest answered with status {status}"
