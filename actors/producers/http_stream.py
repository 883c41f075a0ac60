"""A HTTP answer that is read while the server sends it, as fast as the caller takes its pieces."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from actors.producers.http_call import HttpApi
from actors.producers.spec import Disconnected

ANSWER_S: Final = 20.0  # until the header of the answer
PIECE_BYTES: Final = 64 << 10
MAX_REFUSAL_BYTES: Final = 64 << 10


class StatusRefused(Exception):
    """The status of the answer is not 200."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status, self.body = status, body


async def pieces(
    base_url: str, path: str, headers: Mapping[str, str], quiet_s: float, opened: Callable[[], None]
) -> AsyncIterator[bytes]:
    """Yield the pieces of the answer to a GET request, until the server ends it. `opened` is called at status 200.

    Raises:
        StatusRefused: the status is not 200.
        Disconnected: there is no answer, it was cut, or nothing came for `quiet_s`.
    """
    with HttpApi(base_url, timeout_s=ANSWER_S) as api:
        try:
            answer = await asyncio.to_thread(api.open, "GET", path, headers)
            if answer.status != 200:
                raise StatusRefused(answer.status, await asyncio.to_thread(_read, answer, MAX_REFUSAL_BYTES))
            api.wait_at_most(quiet_s)
            opened()
            while piece := await asyncio.to_thread(_read, answer, PIECE_BYTES):
                yield piece
        finally:
            api.cut()  # ends the read of a thread whose caller has gone


def _read(answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """Return what has arrived, waiting for at least one byte; b"" at the end."""
    try:
        return answer.read1(max_bytes)
    except TimeoutError as error:
        raise Disconnected("the server has sent nothing for too long") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Disconnected(f"the connection was cut: {error or type(error).__name__}") from error
