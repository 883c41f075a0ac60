"""Commands that put events in: the same door as everybody's, `POST /events` of the ingest."""

from __future__ import annotations

import json
from typing import Any, Final

from actors.config import Ingest
from actors.errors import Refused

TIMEOUT_S: Final = 2.0


async def emit(ingest: Ingest, token: str, submission: dict[str, Any]) -> None:
    """Post one event and return when it is accepted.

    Raises:
        Refused: it was not; the message says why.
    """
    # Imported when it is needed: an overlay's gateway seldom emits, and the client costs memory.
    from tornado.httpclient import AsyncHTTPClient, HTTPRequest

    host = "127.0.0.1" if ingest.host in ("", "0.0.0.0", "::") else ingest.host
    request = HTTPRequest(
        f"http://{f'[{host}]' if ':' in host else host}:{ingest.port}/events",
        method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        body=json.dumps(submission),
        request_timeout=TIMEOUT_S,
        connect_timeout=TIMEOUT_S,
        follow_redirects=False,
    )
    try:
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
    except OSError as error:
        raise Refused(f"the ingest does not answer: {error.strerror or type(error).__name__}") from error
    if response.code >= 300:
        raise Refused(_reason(response.code, response.body))


def _reason(status: int, body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return str(answer["error"])
    return f"the ingest answered with status {status}"
