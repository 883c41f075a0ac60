"""game server, platform, script ──HTTP──▶ [ingest] ══PUSH══▶ normalizer

    POST /events         one JSON object or a list (docs/events.md); Authorization: Bearer TOKEN
                         202 {"accepted", "ids"} when the critical ones are on disk
    POST /srcds/TOKEN    lines of a game server's log; 200 once the critical ones are on disk
    POST /PATH/NAME      a source of the configuration (gsi, webhook …): sources/ has its module
    WebSocket /app       a program (docs/applications.md); app_socket.py
    POST /app/NAME/command   a command to a program; answered with its answer
    GET  /healthz        the process answers

A refused request is not stored: 400 malformed (with the path), 401 wrong token, 403 made by a page of another site,
413 too large, 503 the outbox is full. Accepted critical events are not lost.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec
from tornado import web

from actors import aio, faults, heartbeat, host, http_server, program, tokens
from actors.adapters import generic, srcds
from actors.config import Settings
from actors.core import origins
from actors.core.contract import applications
from actors.core.contract.event import Category, Submission
from actors.core.contract.legacy import NameCounts
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.intruders import AuthFailures
from actors.core.metrics import IngestMetrics, Metrics
from actors.core.sources.state import SourceReport, SourceState
from actors.errors import BadInput, ConfigError, Refused, TooLarge
from actors.producers import leftovers, spec
from actors.producers.app_socket import AppCloseCode, AppSocket
from actors.producers.applications import Applications, NotConnected, NotInTime, TooOften
from actors.producers.intake import Intake
from actors.producers.lanes import RawRows, Row, lanes_of
from actors.producers.link import Link, open_link
from actors.producers.recording import Recorder
from actors.producers.spec import Forbidden, Private, SourceRequest, Taken
from actors.secrets import MissingSecret, Secrets

IDLE_S: Final = 75.0  # between two requests of a connection; nginx has the same for keep-alive
CONNECTIONS: Final = 1_000
BACKLOG: Final = 1_024
BODY_S: Final = 30.0
OTHER_BODY_BYTES: Final = 64 << 10  # of paths that need no body, such as /healthz; tornado keeps it whole
DISCARDED_BYTES: Final = 1 << 30  # of a body above its limit, which is read to its end, but not kept
MAX_LINES: Final = 10_000  # of one body, which take 40 ms; a game server sends some at once
CHUNK_BYTES: Final = 16 << 10  # that are read at once; what a connection that sends ahead can keep in memory
DRAIN_S: Final = 4.0  # within supervisor.drain_s
ORPHAN_DRAIN_S: Final = 0.5  # within heartbeat.ORPHAN_GRACE_S; the rest waits in the outbox

_encode = msgspec.msgpack.Encoder().encode


class HttpSource:
    """One source of the configuration that is served here."""

    def __init__(self, settings: Settings, name: str, link: Link, run_dir: Path) -> None:
        own = settings.source(name)
        self.spec = spec.spec_of(own.kind)
        self.intake = Intake(link, name, own, self.spec, run_dir)
        self._receive = spec.module_of(own.kind).receive
        self._secrets, self._secret = Secrets(run_dir), own.secret or name
        self._link = link
        # One request at a time. While the messages of one are not on disk, its repetition must not be answered as a
        # duplicate, and the next one must not continue from a state that a full disk may refuse.
        self._turn = asyncio.Lock()

    async def take(self, request: SourceRequest) -> Taken:
        """Take one request; return when its critical messages are on disk.

        Raises:
            BadInput: it is malformed (quarantined), or the sender is not authenticated.
            Refused: the outbox is full, or a secret is missing; nothing was stored.
        """
        async with self._turn:
            self._link.require_room(1)
            try:
                taken: Taken = self._receive(request, self.intake.settings, self._read_secret, self.intake.cursor)
            except Forbidden as error:
                self.intake.counts["rejected"] += 1
                self.intake.health.denied(str(error))
                raise
            except BadInput as error:
                self.intake.reject(str(error), b"" if isinstance(error, Private) else request.body)
                raise
            except Refused as error:
                self.intake.health.refused(str(error))
                raise
            self._link.require_room(len(taken.messages))
            self.intake.health.live(time.monotonic())
            stored = self.intake.take(taken.messages, taken.state)
            if stored is not None:
                await stored
            return taken

    def report(self) -> SourceReport:
        """Return the report. Without its secret the source is refused before the first request comes."""
        health = self.intake.health
        if health.state in (SourceState.WAITING, SourceState.REFUSED):
            try:
                self._read_secret()
            except Refused as error:
                health.refused(str(error))
            else:
                if health.state is SourceState.REFUSED:
                    health.waiting("")
        return self.intake.report()

    def _read_secret(self) -> str:
        try:
            return self._secrets.get(self._secret)
        except MissingSecret as error:
            command = self.intake.settings.needs(self.intake.name)
            if command.startswith("secret set"):
                raise
            command = f"{program.NAME} {command}"
            raise MissingSecret(f"There is no token of {self.intake.name!r} yet; make it: {command}") from error


class Ingest:
    """The shared state of all requests."""

    def __init__(self, settings: Settings, run_dir: Path, link: Link) -> None:
        self.settings = settings.ingest
        self._allowed_hosts = settings.gateway.allowed_hosts
        self.allowed_origins = settings.gateway.allowed_origins
        self.link = link
        names = [name for name, tree in settings.sources.items() if not spec.is_process(tree["kind"])]
        self.sources = {name: HttpSource(settings, name, link, run_dir) for name in names}
        self._recorder = Recorder(run_dir, "ingest", logging.getLogger("ingest")) if self.settings.record else None
        self.tokens = tokens.Reader(run_dir)
        self.metrics = IngestMetrics()
        self.unknown = NameCounts()
        self.log = logging.getLogger("ingest")
        self._auth_failures = AuthFailures(time.monotonic())
        self.applications = Applications(link, self.log)
        self.sockets: set[AppSocket] = set()

    def knows_host(self, header: str | None) -> bool:
        """Return whether events with this Host are accepted. Sources are exempt: they authenticate the sender."""
        return origins.may_send(header, self.settings.host, self._allowed_hosts)

    def objection(self, token: str) -> str:
        """Return why events with `token` are refused, "" if they are accepted.

        Raises:
            Refused: the tokens cannot be read now.
        """
        try:
            current = self.tokens.current()
        except (OSError, ConfigError) as error:
            raise Refused(
                "the tokens cannot be read now (tokens.json in the run directory); try again later"
            ) from error
        holder = tokens.holder_of(current, token)
        if holder is None or holder.scope not in ("ingest", "control"):
            return f"the token is wrong: expected the ingest token ({program.NAME} token show ingest)"
        if holder.expired(time.time() * 1000):
            return f"the token {holder.name} has expired"
        self.tokens.used(holder.name, time.monotonic())
        return ""

    async def take_events(self, body: bytes) -> list[str]:
        """Take a body of `POST /events` and return the ids of its events, in order.

        Raises:
            BadInput: an event is invalid; nothing was stored.
            Refused: the outbox is full; nothing was stored.
        """
        try:
            submissions = generic.parse(body, self.unknown.count)
        except BadInput as error:
            self.link.quarantine(str(error), body)
            raise
        rows: list[Row] = [("event", _encode(submission)) for submission in submissions]
        critical = [TAXONOMY[submission.type].category is Category.CRITICAL for submission in submissions]
        numbers = await self._send(RawRows(rows, critical))
        return [self._event_id(*facts) for facts in zip(submissions, critical, numbers, strict=True)]

    def wrong_token(self, address: str) -> None:
        """Count a wrong token or signature."""
        if self._auth_failures.add(time.monotonic()):
            self.log.warning("wrong token address=%s failures=%d", address, self._auth_failures.total)

    def measure(self) -> list[Metrics]:
        """Return the current metrics."""
        self.metrics.auth_failures = self._auth_failures.total
        self.metrics.auth_failures_recent = self._auth_failures.last_minute(time.monotonic())
        self.metrics.unknown_names = self.unknown.counts
        if self._recorder is not None:
            self._recorder.flush()
        return [self.metrics, self.applications.measure(), *self.link.measure()]

    def reports(self) -> list[SourceReport]:
        """Return the sources that are served here."""
        return [source.report() for source in self.sources.values()]

    async def take_lines(self, body: bytes, place: tuple[str, str]) -> int:
        """Take a body of log lines and return how many of them may be events.

        `place` is the position of the body in the log according to the server; empty texts if unknown. The same body
        with the same position is accepted once within `producer.keep_s`, because a server repeats a body when it
        received no answer.

        Raises:
            TooLarge: it has more than MAX_LINES.
            Refused: the outbox is full; nothing was stored.
        """
        lines = srcds.split(body, MAX_LINES)
        lanes = lanes_of(("srcds", line) for line in lines)
        self.metrics.srcds_lines += len(lines)
        self.metrics.ignored_lines += lanes.ignored
        await self._send(lanes, hashlib.blake2b(_encode([place, body]), digest_size=16).digest())
        return len(lanes.rows)

    async def _send(self, lanes: RawRows, digest: bytes = b"") -> list[int]:
        """Send the best-effort rows immediately and store the critical ones; return the number of each row."""
        now_ms = time.time() * 1000
        if self._recorder is not None:
            for kind, body in lanes.rows:
                self._recorder.add(kind, body)
        durable = lanes.critical()
        self.link.require_room(len(durable))
        best_effort_numbers = iter(self.link.send_best_effort(lanes.best_effort(), now_ms))
        stored = iter((await self.link.deliver(durable, now_ms, digest)).items if durable else ())
        return [
            getattr(next(stored, None), "pseq", 0) if is_critical else next(best_effort_numbers)
            for is_critical in lanes.is_critical
        ]

    def _event_id(self, submission: Submission, critical: bool, number: int) -> str:
        if submission.id is not None:
            return submission.id
        link = self.link
        return f"{link.producer}/{number}.0" if critical else f"{link.producer}/g{link.pgen}/{number}.0"


@web.stream_request_body
class IngestHandler(web.RequestHandler):
    """Base of the handlers: limits, the token, and one form of answer for all errors."""

    ingest: Ingest

    def initialize(self, ingest: Ingest) -> None:
        self.ingest = ingest
        self._chunks: list[bytes] = []
        self._received_bytes = 0
        self._with_error: dict[str, str] = {}  # headers of an error; tornado drops those that were set before it

    def prepare(self) -> None:
        self.ingest.metrics.requests += 1
        if not self.ingest.knows_host(self.request.headers.get("Host")):
            self.ingest.metrics.foreign_hosts += 1
            raise web.HTTPError(421, origins.foreign_host(self.request.headers.get("Host")))
        try:
            objection = self.ingest.objection(self.offered_token())
        except Refused as error:
            self.refuse(error)
        if objection:
            self.refuse_foreign_page()
            self.require_post()
            raise web.HTTPError(401, objection)
        http_server.trust(self.request)
        self._check_length()

    def refuse_foreign_page(self) -> None:
        """Refuse what a page of any site requests without a token; it is no attempt of a program to log in."""
        if not origins.may_post(self.request.headers, self.ingest.allowed_origins):
            self.ingest.metrics.foreign_origins += 1
            raise web.HTTPError(403, "this origin may not use the ingest; gateway.allowed_origins lists those that may")

    def require_post(self) -> None:
        """Refuse other methods: over a network browsers do not say which page makes a GET.

        A page whose name was rebound to this machine can also read the answer.
        """
        if self.request.method != "POST":
            self._with_error["Allow"] = "POST"
            raise web.HTTPError(405, "expected POST")

    def _check_length(self) -> None:
        self.request.connection.set_max_body_size(DISCARDED_BYTES)  # type: ignore[union-attr]
        length = self.request.headers.get("Content-Length", "0")
        if length.isascii() and length.isdigit() and len(length) < 20:
            self._limit(int(length))

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._chunks.clear()  # now: the collector of cycles runs rarely, and does not know the size of what it frees

    def offered_token(self) -> str:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def data_received(self, chunk: bytes) -> None:
        self._received_bytes += len(chunk)
        if self._received_bytes <= self.ingest.settings.max_body_bytes:  # the rest is read and discarded, then refused
            self._chunks.append(chunk)

    @property
    def body(self) -> bytes:
        self._limit(self._received_bytes)
        return b"".join(self._chunks)

    def _limit(self, size_bytes: int) -> None:
        limit = self.ingest.settings.max_body_bytes
        if size_bytes > limit:
            self._with_error["Connection"] = "close"
            raise web.HTTPError(413, f"the body has {size_bytes} bytes or more, expected at most {limit}")

    def answer(self, status: int, **facts: Any) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(facts))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        metrics = self.ingest.metrics
        metrics.status_4xx += status_code < 500
        if status_code == 401:
            self.ingest.wrong_token(str(self.request.remote_ip))
        metrics.status_5xx += status_code >= 500
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        text = error.log_message if isinstance(error, web.HTTPError) and error.log_message else self._reason
        text = text.replace("%%", "%")  # tornado has doubled it, for a log
        for name, value in self._with_error.items():
            self.set_header(name, value)
        self.answer(status_code, error=text)

    def log_exception(self, *exc_info: Any) -> None:
        """Log failures of ours with their traceback, without the path, which may contain a token.

        Errors of a client are only counted.
        """
        if not isinstance(exc_info[1], web.HTTPError):
            logging.getLogger("ingest").error("request failed", exc_info=exc_info)

    def refuse(self, error: BadInput | Refused) -> NoReturn:
        if isinstance(error, Refused):
            self._with_error["Retry-After"] = "1"
            raise web.HTTPError(503, str(error)) from error
        status = 413 if isinstance(error, TooLarge) else 401 if isinstance(error, Forbidden) else 400
        raise web.HTTPError(status, str(error)) from error


class EventsHandler(IngestHandler):
    """POST /events"""

    async def post(self) -> None:
        faults.point("ingest.received")
        self.ingest.metrics.events_bodies += 1
        try:
            ids = await self.ingest.take_events(self.body)
        except (BadInput, Refused) as error:
            self.refuse(error)
        else:
            self.answer(202, accepted=len(ids), ids=ids)


class SrcdsHandler(IngestHandler):
    """POST /srcds/TOKEN, as `logaddress_add_http` sends it"""

    def offered_token(self) -> str:
        return str(self.path_args[0])

    async def post(self, _token: str) -> None:
        faults.point("ingest.received")
        self.ingest.metrics.srcds_bodies += 1
        headers = self.request.headers
        place = headers.get("X-Server-Instance-Token", ""), headers.get("X-Logbytes-Beginoffset", "")
        try:
            lines = await self.ingest.take_lines(self.body, place)
        except (BadInput, Refused) as error:
            self.refuse(error)
        else:
            self.answer(200, accepted=lines)


class AppCommandHandler(IngestHandler):
    """POST /app/NAME/command"""

    STATUS: Final = {NotConnected: 404, TooOften: 429, NotInTime: 504}

    async def post(self, name: str) -> None:
        try:
            request = applications.parse_request(self.body)
            answer = await self.ingest.applications.order(name, request)
        except (NotConnected, TooOften, NotInTime) as error:
            raise web.HTTPError(self.STATUS[type(error)], str(error)) from error
        except BadInput as error:
            self.refuse(error)
        else:
            self.answer(200, **answer)


class SourceHandler(IngestHandler):
    """POST /PATH/NAME[/...]; the source authenticates the sender."""

    def prepare(self) -> None:
        self.ingest.metrics.requests += 1
        self.refuse_foreign_page()
        self.require_post()
        path, name = self.path_args[:2]
        source = self.ingest.sources.get(name)
        if source is None or source.spec.path != path:
            raise web.HTTPError(404, "no source of the configuration has this path (sources.NAME)")
        self._source = source
        self._check_length()

    async def post(self, _path: str, _name: str, rest: str | None = None) -> None:
        faults.point("ingest.received")
        self.ingest.metrics.source_bodies += 1
        query = {name: values[-1] for name, values in self.request.query_arguments.items()}
        headers: dict[str, str] = {}
        for key, value in self.request.headers.get_all():  # repeated headers form a list (RFC 9110, 5.2)
            headers[key.lower()] = f"{headers[key.lower()]}, {value}" if key.lower() in headers else value
        try:
            texts = {name: value.decode() for name, value in query.items()}
            taken = await self._source.take(
                SourceRequest(rest or "", texts, headers, self.body, time.time() * 1000, self._source.intake.name)
            )
        except UnicodeDecodeError as error:
            raise web.HTTPError(400, "the query is not UTF-8") from error
        except (BadInput, Refused) as error:
            self.refuse(error)
        http_server.trust(self.request)
        self.set_status(taken.status)
        self.set_header("Content-Type", taken.content_type)
        self.finish(taken.body)


class HealthHandler(web.RequestHandler):
    """GET /healthz"""

    def get(self) -> None:
        self.finish("ok\n")


class UnknownPathHandler(web.RequestHandler):
    """Every other path."""

    def prepare(self) -> None:
        self.set_status(404)
        self.finish(
            {
                "error": "unknown path; paths: POST /events, POST /srcds/TOKEN, POST /PATH/NAME of a source, "
                "WebSocket /app, POST /app/NAME/command, GET /healthz"
            }
        )


def application(ingest: Ingest) -> web.Application:
    return web.Application(
        [
            (r"/events", EventsHandler, {"ingest": ingest}),
            (r"/srcds/([^/]+)/?", SrcdsHandler, {"ingest": ingest}),
            (r"/healthz", HealthHandler),
            (r"/app/?", AppSocket, {"ingest": ingest}),
            (r"/app/([a-z][a-z0-9-]{0,31})/command", AppCommandHandler, {"ingest": ingest}),
            (r"/([a-z][a-z0-9-]*)/([a-z][a-z0-9-]*)(?:/(.*))?", SourceHandler, {"ingest": ingest}),
        ],
        default_handler_class=UnknownPathHandler,
        log_function=lambda _handler: None,  # requests are counted; a token must not reach a log
    )


def listen(settings: Settings, ingest: Ingest) -> http_server.BoundedHTTPServer:
    """Return the server, listening.

    Raises:
        Refused: the port is in use, or the machine does not have the address now: its network may be down.
        ConfigError: any other reason; a restart would not help.
    """
    address = settings.ingest
    try:
        sockets = http_server.bind(address.host, address.port, BACKLOG)
    except OSError as error:
        raise host.not_listening(error, "ingest", address.host, address.port) from error
    room = http_server.allow_open_files(CONNECTIONS)
    server = http_server.BoundedHTTPServer(
        application(ingest),
        room=lambda: room - len(ingest.sockets),
        metrics=ingest.metrics,
        max_body_size=OTHER_BODY_BYTES,
        idle_connection_timeout=IDLE_S,
        body_timeout=BODY_S,
        max_header_size=16 << 10,
        chunk_size=CHUNK_BYTES,
    )
    server.add_sockets(sockets)
    return server


async def serve(settings: Settings, run_dir: Path, name: str, ticks: heartbeat.Ticks) -> int:
    """Serve until the stop request; then wait until the log has all accepted messages."""
    link = open_link(settings, run_dir, name, logging.getLogger(name))
    ingest = Ingest(settings, run_dir, link)
    server = listen(settings, ingest)
    heart = heartbeat.Heartbeat(name, ingest.measure, ticks, ingest.reports)
    sending = asyncio.create_task(leftovers.send(settings, run_dir))
    await aio.run_until_stopped(heart, ingest.metrics, sending)
    sending.cancel()
    server.stop()
    ingest.applications.close()
    for socket in list(ingest.sockets):
        socket.end(AppCloseCode.STOPPING, "the ingest is stopping")
    await link.drain(ORPHAN_DRAIN_S if heart.orphaned else DRAIN_S)
    await server.close_all_connections()
    link.close()
    return 0


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until the stop request; return the exit code."""
    del index
    return aio.run_asyncio(lambda ticks: serve(settings, run_dir, name, ticks))
