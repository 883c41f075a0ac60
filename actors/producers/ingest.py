"""game server, platform, script ──HTTP──▶ [ingest] ══PUSH══▶ normalizer

    POST /events         one JSON object or a list (docs/wire.md); Authorization: Bearer TOKEN
                         202 {"accepted", "ids"} once the critical ones are on disk
    POST /srcds/TOKEN    lines of a game server's log; 200 once the critical ones are on disk
    GET  /healthz        the process answers

What is refused was not taken: 400 what is wrong and where, 401 the token, 413 the size, 503 the outbox is full. What is
accepted is not lost.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec
from tornado import netutil, web
from tornado.httpserver import HTTPServer

from actors import aio, faults, heartbeat, tokens
from actors.adapters import generic, srcds
from actors.config import Settings
from actors.core.contract.event import REFUSED, Category, Submission
from actors.core.contract.taxonomy import TAXONOMY
from actors.errors import BadInput, ConfigError, Refused, TooLarge
from actors.producers.link import Link

IDLE_S: Final = 75.0  # a connection that says nothing, or dribbles its header; nginx has the same for keep-alive
BODY_S: Final = 30.0
EXCERPT_BYTES: Final = 500
DRAIN_S: Final = 4.0  # within supervisor.drain_s
ORPHAN_DRAIN_S: Final = 0.5  # within heartbeat.ORPHAN_GRACE_S; the rest waits in the outbox

COUNTS: Final = (
    "requests", "events_bodies", "srcds_bodies", "srcds_lines", "ignored_lines", "status_4xx", "status_5xx",
    "loop_failures",
)  # fmt: skip

_encode = msgspec.msgpack.Encoder().encode

Row = tuple[str, bytes]


class Desk:
    """What all requests share."""

    def __init__(self, settings: Settings, run_dir: Path, link: Link) -> None:
        self.settings = settings.ingest
        self.link = link
        self.tokens = tokens.Reader(run_dir)
        self.counts: dict[str, float] = dict.fromkeys(COUNTS, 0)

    def allows(self, token: str) -> bool:
        """Tell whether `token` entitles to send events.

        Raises:
            Refused: the tokens cannot be read now.
        """
        try:
            current = self.tokens.current()
        except (OSError, ConfigError) as error:
            raise Refused(
                "the tokens cannot be read now (tokens.json in the run directory); try again later"
            ) from error
        return tokens.scope_of(current, token) in ("ingest", "control")

    async def take_events(self, body: bytes) -> list[str]:
        """Take a body of `POST /events` and return the ids of its events, in order.

        Raises:
            BadInput: it does not fit the contract; nothing of it was taken.
            Refused: the outbox is full; nothing of it was taken.
        """
        try:
            submissions = generic.parse(body)
        except BadInput as error:
            self.quarantine(str(error), body)
            raise
        rows: list[Row] = [("event", _encode(submission)) for submission in submissions]
        critical = [TAXONOMY[submission.type].category is Category.CRITICAL for submission in submissions]
        numbers = await self._send(rows, critical)
        return [self._event_id(*facts) for facts in zip(submissions, critical, numbers, strict=True)]

    async def take_lines(self, body: bytes, place: tuple[str, str]) -> int:
        """Take a body of log lines and return how many of them may be events.

        `place` is what the server says of where the body stands in its log; empty texts if it says nothing. The same
        body at the same place is taken once within `producer.keep_s`, because a server repeats it when it did not hear
        our answer.
        """
        rows: list[Row] = []
        critical: list[bool] = []
        lines = srcds.split(body)
        for line in lines:
            category = srcds.category(line)
            if category is not None:
                rows.append(("srcds", line))
                critical.append(category is Category.CRITICAL)
        self.counts["srcds_lines"] += len(lines)
        self.counts["ignored_lines"] += len(lines) - len(rows)
        await self._send(rows, critical, hashlib.blake2b(_encode([place, body]), digest_size=16).digest())
        return len(rows)

    async def _send(self, rows: list[Row], critical: list[bool], digest: bytes = b"") -> list[int]:
        """Send the non-critical rows at once and store the critical ones; return each row's number."""
        now_ms = time.time() * 1000
        durable = [row for row, is_critical in zip(rows, critical, strict=True) if is_critical]
        self.link.require_room(len(durable))
        rest = [row for row, is_critical in zip(rows, critical, strict=True) if not is_critical]
        best_effort_numbers = iter(self.link.send_best_effort(rest, now_ms))
        stored = iter((await self.link.deliver(durable, now_ms, digest)).items if durable else ())
        return [
            getattr(next(stored, None), "pseq", 0) if is_critical else next(best_effort_numbers)
            for is_critical in critical
        ]

    def _event_id(self, submission: Submission, critical: bool, number: int) -> str:
        if submission.id is not None:
            return submission.id
        link = self.link
        return f"{link.producer}/{number}.0" if critical else f"{link.producer}/g{link.pgen}/{number}.0"

    def quarantine(self, reason: str, body: bytes) -> None:
        """Let a refused body be readable in the quarantine."""
        line = reason.replace("\n", " ").encode()
        self.link.send_best_effort([(REFUSED, line + b"\n" + body[:EXCERPT_BYTES])], time.time() * 1000)


@web.stream_request_body
class Handler(web.RequestHandler):
    """Limits, the token, and one shape of answer for everything that goes wrong."""

    desk: Desk

    def initialize(self, desk: Desk) -> None:
        self.desk = desk
        self._chunks: list[bytes] = []
        self._received_bytes = 0

    def prepare(self) -> None:
        self.desk.counts["requests"] += 1
        try:
            allowed = self.desk.allows(self.offered_token())
        except Refused as error:
            self.refuse(error)
        if not allowed:
            raise web.HTTPError(
                401, "the token is wrong: expected the ingest token (./supervisor.py token show ingest)"
            )
        length = self.request.headers.get("Content-Length", "0")
        if length.isdigit():
            self._limit(int(length))

    def offered_token(self) -> str:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def data_received(self, chunk: bytes) -> None:
        self._received_bytes += len(chunk)
        if self._received_bytes <= self.desk.settings.max_body_bytes:  # the rest is read and forgotten, then refused
            self._chunks.append(chunk)

    @property
    def body(self) -> bytes:
        self._limit(self._received_bytes)
        return b"".join(self._chunks)

    def _limit(self, size_bytes: int) -> None:
        limit = self.desk.settings.max_body_bytes
        if size_bytes > limit:
            self.set_header("Connection", "close")
            raise web.HTTPError(413, f"the body has {size_bytes} bytes or more, expected at most {limit}")

    def answer(self, status: int, **facts: Any) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(facts))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.desk.counts["status_5xx" if status_code >= 500 else "status_4xx"] += 1
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        text = error.log_message if isinstance(error, web.HTTPError) and error.log_message else self._reason
        self.answer(status_code, error=text)

    def log_exception(self, *exc_info: Any) -> None:
        """Errors of a client are counted, not logged.

        Ours with their traceback, never with the path: it holds a token.
        """
        if not isinstance(exc_info[1], web.HTTPError):
            logging.getLogger("ingest").error("request failed", exc_info=exc_info)

    def refuse(self, error: BadInput | Refused) -> NoReturn:
        if isinstance(error, Refused):
            self.set_header("Retry-After", "1")
            raise web.HTTPError(503, _escaped(error)) from error
        raise web.HTTPError(413 if isinstance(error, TooLarge) else 400, _escaped(error)) from error


class Events(Handler):
    """POST /events"""

    async def post(self) -> None:
        faults.point("ingest.received")
        self.desk.counts["events_bodies"] += 1
        try:
            ids = await self.desk.take_events(self.body)
        except (BadInput, Refused) as error:
            self.refuse(error)
        else:
            self.answer(202, accepted=len(ids), ids=ids)


class Srcds(Handler):
    """POST /srcds/TOKEN, as `logaddress_add_http` sends it"""

    def offered_token(self) -> str:
        return str(self.path_args[0])

    async def post(self, _token: str) -> None:
        faults.point("ingest.received")
        self.desk.counts["srcds_bodies"] += 1
        headers = self.request.headers
        place = headers.get("X-Server-Instance-Token", ""), headers.get("X-Logbytes-Beginoffset", "")
        try:
            lines = await self.desk.take_lines(self.body, place)
        except (BadInput, Refused) as error:
            self.refuse(error)
        else:
            self.answer(200, accepted=lines)


class Health(web.RequestHandler):
    """GET /healthz"""

    def get(self) -> None:
        self.finish("ok\n")


class Nothing(web.RequestHandler):
    """Every other path."""

    def prepare(self) -> None:
        self.set_status(404)
        self.finish({"error": "nothing is here; POST /events, POST /srcds/TOKEN, GET /healthz"})


def _escaped(error: Exception) -> str:
    return str(error).replace("%", "%%")  # tornado formats the text of an HTTPError


def application(desk: Desk) -> web.Application:
    return web.Application(
        [
            (r"/events", Events, {"desk": desk}),
            (r"/srcds/([^/]+)/?", Srcds, {"desk": desk}),
            (r"/healthz", Health),
        ],
        default_handler_class=Nothing,
        log_function=lambda _handler: None,  # requests are counted; a token must not reach a log
    )


def listen(settings: Settings, app: web.Application) -> HTTPServer:
    """Return the server, listening.

    Raises:
        Refused: the port is taken.
        ConfigError: it is not ours; starting again would not help.
    """
    ingest = settings.ingest
    try:
        sockets: Sequence[Any] = netutil.bind_sockets(ingest.port, ingest.host, reuse_port=False)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise ConfigError(f"cannot listen on {ingest.host}:{ingest.port}: {error.strerror}") from error
        raise Refused(
            f"{ingest.host}:{ingest.port} is taken by another program (ingest.port); choose another: "
            f"--set ingest.port={ingest.port + 10}"
        ) from error
    server = HTTPServer(
        app, max_body_size=1 << 30, idle_connection_timeout=IDLE_S, body_timeout=BODY_S, max_header_size=16 << 10
    )
    server.add_sockets(sockets)
    return server


async def serve(settings: Settings, run_dir: Path, name: str, ticks: heartbeat.Ticks) -> int:
    """Take requests until told to stop; then wait until the log has everything."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    link = Link(settings, run_dir, name, logging.getLogger(name))
    desk = Desk(settings, run_dir, link)
    server = listen(settings, application(desk))
    failures: list[BaseException] = []

    def fail(failure: BaseException) -> None:
        failures.append(failure)
        stopped.set()

    aio.end_with_own_failures(loop, desk.counts, fail)
    heart = heartbeat.Heartbeat(name, lambda: link.stats() | desk.counts, ticks)
    heart.start(lambda: loop.call_soon_threadsafe(stopped.set))
    heart.ready()
    while not heart.stopping and not failures:
        try:
            await asyncio.wait_for(stopped.wait(), heartbeat.HEARTBEAT_S)
        except TimeoutError:
            heart.beat()
    if failures:  # what was accepted is in the outbox; whatever this process would still do, it may do wrongly
        raise failures[0]
    server.stop()
    await link.drain(ORPHAN_DRAIN_S if heart.orphaned else DRAIN_S)
    await server.close_all_connections()
    link.close()
    return 0


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until told to stop."""
    del index
    return aio.run_asyncio(lambda ticks: serve(settings, run_dir, name, ticks))
