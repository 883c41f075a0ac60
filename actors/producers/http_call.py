"""One HTTP request to a source's API, blocking: call it in a thread."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from actors.core.secrecy import shown_url
from actors.producers.peer import require_own
from actors.producers.spec import Disconnected, SourceRefused

TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 1 << 20
MAX_STATUSES: Final = 8


class NotSent(Disconnected):
    """The request was certainly not sent: it may be repeated, even if it is not idempotent."""


class HttpResponse(Struct, frozen=True):
    """An HTTP response; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _BoundedResponse(http.client.HTTPResponse):
    """An answer after few interim ones (1xx); the library would read them without an end."""

    _statuses = 0

    def _read_status(self) -> tuple[str, int, str]:
        self._statuses += 1
        if self._statuses > MAX_STATUSES:
            raise http.client.HTTPException("too many interim answers (1xx)")
        return super()._read_status()  # type: ignore[misc, no-any-return]


class HttpApi:
    """One server, with at most one connection that is kept between requests.

    `trusted`: its certificate is not verified, because a program on this machine signs its own. Only for loopback. The
    program must be one of this user.
    `tls` replaces the usual context.
    """

    def __init__(
        self,
        base_url: str,
        *,
        trusted: bool = False,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceRefused(f"{shown_url(base_url)} is not an address of an API, expected https://… or http://…")
        self._path = parts.path.rstrip("/")
        self._socket: socket.socket | None = None
        self._trusted = trusted
        self._host = parts.netloc.rpartition("@")[2]  # for errors: without a user and a password
        if parts.scheme == "https":
            context = tls or (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if trusted else ssl.create_default_context())
            if trusted:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout_s, context=context
            )
        else:
            self._http = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
        self._http.response_class = _BoundedResponse

    def __enter__(self) -> HttpApi:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> HttpResponse:
        """Send one request and return the answer with any status; its body is cut at `max_bytes`.

        Raises:
            NotSent: there is no connection.
            Disconnected: the connection broke later; the server may have carried out the request.
        """
        response = self.open(method, path, headers, body)
        try:
            data = response.read(max_bytes)
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise self._unanswered(error) from error
        if not response.isclosed():  # more than max_bytes: the rest must not be taken for the next answer
            self._http.close()
        return HttpResponse(response.status, {name.lower(): value for name, value in response.getheaders()}, data)

    def open(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        """Send one request and return the answer with any status, whose body the caller reads; raises as `call`."""
        if self._http.sock is None:
            self._connect()
        try:
            self._http.request(method, self._path + path, body, dict(headers))
            return self._http.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise self._unanswered(error) from error

    def _connect(self) -> None:
        try:
            self._http.connect()
            self._socket = self._http.sock
            if self._trusted and self._socket is not None:
                require_own(self._socket, self._host)
        except SourceRefused:
            self._http.close()
            raise
        except OSError as error:
            self._http.close()
            raise NotSent(f"cannot connect to {self._host}: {error}") from error

    def wait_at_most(self, timeout_s: float) -> None:
        """Change how long a read of the open answer may wait."""
        if self._socket is not None:
            self._socket.settimeout(timeout_s)

    def cut(self) -> None:
        """End the connection, also for a thread that reads from it."""
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # without the goodbye of TLS, which waits

    def _unanswered(self, error: Exception) -> Disconnected:
        return Disconnected(f"no answer from {self._host}: {error or type(error).__name__}")
