"""broadcaster ══PUB/SUB══▶ [gateway] ──WebSocket, SSE, poll──▶ overlays; pages and API beside it

Opens the port, lays out the routes and their limits, runs the timers. Several gateways may share one port.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import tornado.web

from actors import aio, heartbeat, host, http_server
from actors.config import GatewaySection, Settings
from actors.core import origins
from actors.core.contract.messages import MESSAGE_BYTES
from actors.core.metrics import GatewayMetrics
from actors.gateway import api, layout_api, media, own_widgets, pages, preload
from actors.gateway.hub import Gateway
from actors.gateway.shared import Shared
from actors.gateway.transports.poll import PollHandler
from actors.gateway.transports.sessions import SayHandler, Sessions
from actors.gateway.transports.sse import SseHandler
from actors.gateway.transports.websocket import OverlaySocket
from actors.gateway.waiting import WaitingSocket

SWEEP_S: Final = 1.0
BIND_WITHIN_S: Final = 2.0
BIND_AGAIN_S: Final = 0.005
HEADER_TIMEOUT_S: Final = 5.0
BODY_BYTES: Final = 64 << 10
HEADER_BYTES: Final = 16 << 10
CHUNK_BYTES: Final = 4 << 10  # that are read at once; what a connection that sends ahead can keep in memory
# Connections beside those of overlays: pages, the API, and silent ones, which are closed after HEADER_TIMEOUT_S.
SPARE_CONNECTIONS: Final = 256
BACKLOG: Final = 1_024


def application(gateway: Gateway) -> tornado.web.Application:
    """Return all routes."""
    shared = {"gateway": gateway}
    held = shared | {"sessions": Sessions()}
    return tornado.web.Application(
        [
            ("/ws", OverlaySocket, shared),
            ("/waiting", WaitingSocket),
            ("/sse", SseHandler, held),
            ("/poll", PollHandler, held),
            ("/say", SayHandler, held),
            *files(gateway.run_dir, gateway.settings, gateway.metrics, gateway.alert_rules),
            ("/healthz", api.HealthzHandler, shared),
            ("/readyz", api.ReadyzHandler, shared),
            ("/metrics", api.MetricsHandler, shared | {"exposed": Shared(lambda: api.exposed(gateway))}),
            ("/api/status", api.StatusHandler, shared),
            ("/api/address", api.AddressHandler, shared),
            ("/api/log", api.LogHandler, shared),
            ("/api/media", api.MediaHandler, shared),
            ("/api/quarantine", api.QuarantineHandler, shared),
            ("/api/settings", api.SettingsHandler, shared),
            ("/api/why", api.WhyHandler, shared),
            ("/api/layout", layout_api.LayoutHandler, shared),
        ],
        **options(gateway.settings, gateway.metrics, gateway.log),
    )


def files(
    run_dir: Path, settings: GatewaySection, metrics: GatewayMetrics, rules: media.AlertRules
) -> list[tuple[Any, ...]]:
    """Return the routes of pages and files."""
    root, own = str(pages.WEB_ROOT), run_dir / own_widgets.FOLDER
    return [
        ("/", preload.PageHandler, {"root": pages.WEB_ROOT, "page": "dashboard.html"}),
        ("/studio", preload.PageHandler, {"root": pages.WEB_ROOT, "page": "studio.html"}),
        ("/overlay", pages.RedirectHandler, {"to": "/overlay/"}),
        ("/overlay/", preload.PageHandler, {"root": pages.WEB_ROOT, "page": "overlay.html"}),
        ("/static/(.*)", pages.FileHandler, {"path": root}),
        ("/widgets/", own_widgets.OwnWidgetsHandler, {"folder": own}),
        ("/widgets/(.*)", pages.FileHandler, {"path": str(own)}),
        *media.routes(run_dir, settings, metrics, rules),
        ("/themes/", pages.ThemesHandler, {"folders": [pages.WEB_ROOT / "themes", run_dir / pages.THEMES]}),
        ("/themes/(.*)", pages.ThemeHandler, {"path": f"{root}/themes", "own": str(run_dir / pages.THEMES)}),
    ]


def options(settings: GatewaySection, metrics: GatewayMetrics, log: logging.Logger) -> dict[str, Any]:
    """Return what every handler finds in the settings of its application."""
    return {
        "default_handler_class": pages.NotFoundHandler,
        "log_function": lambda _: None,  # requests are counted, not logged
        "websocket_max_message_size": MESSAGE_BYTES,
        "metrics": metrics,
        "hosts": origins.hosts(settings.host, settings.port, settings.allowed_hosts),
        "open_port": settings.port if settings.host in origins.WILDCARD else None,
        "origins": settings.allowed_origins,
        "log": log,
        "static_hash_cache": False,  # a page that is edited while the gateway runs has a new ETag
    }


async def listen(settings: Settings) -> list[socket.socket]:
    """Return the listening sockets.

    Raises:
        Refused: the address is in use, or the machine does not have it now: its network may be down.
        ConfigError: any other reason; a restart would not help.
    """
    gateway = settings.gateway
    deadline_s = time.monotonic() + BIND_WITHIN_S
    while True:
        try:
            # Only several gateways share a port: two pipelines on one port would each get half of the overlays.
            return http_server.bind(gateway.host, gateway.port, BACKLOG, shared=gateway.processes > 1)
        except OSError as error:
            # A gateway that was just killed may still hold the port.
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline_s:
                await asyncio.sleep(BIND_AGAIN_S)
                continue
            raise host.not_listening(error, "gateway", gateway.host, gateway.port) from error


async def serve(settings: Settings, run_dir: Path, name: str, ticks: heartbeat.Ticks) -> None:
    """Serve until the stop request."""
    loop = asyncio.get_running_loop()
    sockets = await listen(settings)
    gateway = Gateway(settings, run_dir, name)
    aio.end_with_own_failures(loop, gateway.metrics, gateway.fail)
    room = http_server.allow_open_files(settings.gateway.max_clients + SPARE_CONNECTIONS)
    server = http_server.BoundedHTTPServer(
        application(gateway),
        room=lambda: room - gateway.connections.total,
        metrics=gateway.metrics,
        idle_connection_timeout=HEADER_TIMEOUT_S,
        body_timeout=HEADER_TIMEOUT_S,
        max_body_size=BODY_BYTES,
        max_header_size=HEADER_BYTES,
        chunk_size=CHUNK_BYTES,
    )
    heart = heartbeat.Heartbeat(name, lambda: [gateway.measure()], ticks)
    heart.start(lambda: loop.call_soon_threadsafe(gateway.stopping.set))
    server.add_sockets(sockets)
    gateway.spawn(gateway.follow())
    timers = [
        (heartbeat.HEARTBEAT_S, heart.beat),
        (SWEEP_S, gateway.sweep),
        (settings.gateway.heartbeat_s / 2, gateway.heartbeat),
    ]
    for period_s, action in timers:
        gateway.spawn(_every(period_s, action))
    gc.collect()
    gc.freeze()  # the present objects stay until the end; each collection of them would delay frames
    heart.ready()
    gateway.log.info("serving url=http://%s:%d/", settings.gateway.host, settings.gateway.port)
    await gateway.stopping.wait()
    server.stop()
    await gateway.close()
    if gateway.failure is not None:
        raise gateway.failure


async def _every(period_s: float, action: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(period_s)
        action()


def main(settings: Settings, run_dir: Path, name: str, index: int) -> int:
    """Run until the stop request; return the exit code."""
    del index
    aio.run_asyncio(lambda ticks: serve(settings, run_dir, name, ticks))
    return 0
