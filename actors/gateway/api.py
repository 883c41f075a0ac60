"""The API for operators and their tools: health, metrics, status, quarantine, why.

`/healthz` needs no token. `/readyz` and `/metrics` hold nothing personal and need none on this machine. Everything else
needs a token in the Authorization header, which a page of another origin cannot make a browser send.
"""

from __future__ import annotations

import asyncio
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors import http_server, logs, tokens
from actors.core import origins
from actors.core.contract.event import WIRE_VERSION
from actors.core.contract.messages import RenderReceipt
from actors.core.delivery import conversation
from actors.core.delivery.conversation import OverlayState
from actors.core.delivery.presence import Gone
from actors.errors import ConfigError, Refused
from actors.gateway import media, settings_view
from actors.gateway.overlay import Overlay
from actors.gateway.pages import BaseHandler
from actors.gateway.shared import Shared

if TYPE_CHECKING:
    from actors.gateway.hub import Gateway

LOG_LINES: Final = 200
LOG_BYTES: Final = 128 << 10
FRESH_S: Final = 2.0  # eight heartbeats of the queue-manager
MEASURED_S: Final = 60.0  # the time over which a page takes its latency


class ApiHandler(BaseHandler):
    gateway: Gateway

    def initialize(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def compute_etag(self) -> None:
        return None  # answers change all the time


class GuardedHandler(ApiHandler):
    """Requires a token of one of SCOPES; `scope` is that of the request."""

    SCOPES: tuple[tokens.Scope, ...] = ("control",)

    def prepare(self) -> None:
        super().prepare()
        if self._finished:
            return
        kind, _, text = self.request.headers.get("Authorization", "").partition(" ")
        token = text.strip() if kind.lower() == "bearer" else ""
        holder = self.gateway.access.holder_of(token) if token else None
        self.scope = holder.scope if holder is not None else ""
        if holder is not None and holder.expired(time.time() * 1000):
            self.set_header("WWW-Authenticate", "Bearer")
            self.set_status(401)
            self.answer({"error": conversation.expired(holder.name).reason, "expired": True})
        elif self.scope not in self.SCOPES:
            if token:  # over a network a page of another site can make requests without one
                self.gateway.access.wrong_token(str(self.request.remote_ip))
            self.set_header("WWW-Authenticate", "Bearer")
            self.set_status(401)
            error = f"expected a {' or '.join(self.SCOPES)} token: Authorization: Bearer TOKEN"
            self.answer({"error": error, "scope": self.scope})  # "" for an unknown token
        else:
            http_server.trust(self.request)


class ReadableHandler(GuardedHandler):
    """Also accepts the token of a read-only dashboard."""

    SCOPES = ("control", "view")


class LocalHandler(ReadableHandler):
    """Requires no token for requests from this machine."""

    def prepare(self) -> None:
        if origins.is_loopback(str(self.request.remote_ip)):
            ApiHandler.prepare(self)
        else:
            super().prepare()


class HealthzHandler(ApiHandler):
    def get(self) -> None:
        self.answer({"ok": True})


class ReadyzHandler(LocalHandler):
    """Whether the log is read and frames of the broadcaster arrive (200, or 503 with the reasons)."""

    def get(self) -> None:
        reasons = unready(self.gateway)
        self.set_status(503 if reasons else 200)
        self.answer({"ready": not reasons, "reasons": reasons})


class StatusHandler(ReadableHandler):
    async def get(self) -> None:
        gateway = self.gateway
        supervisor, ledger = await asyncio.gather(
            gateway.ask_supervisor(), gateway.ask_queue_manager({"ask": "ledger"})
        )
        cursor, now_s = gateway.feed.cursor, time.monotonic()
        self.answer(
            {
                "version": WIRE_VERSION,
                "scope": self.scope,
                "gateway": gateway.name,
                "build": gateway.build,
                "epoch": cursor.epoch,
                "gen": cursor.gen,
                "top": cursor.top,
                "position": cursor.last,
                "ready": not unready(gateway),
                "reasons": unready(gateway) + [part["error"] for part in (supervisor, ledger) if "error" in part],
                "supervisor": {
                    name: supervisor.get(name)
                    for name in ("state", "uptime_s", "cpu_pct", "memory_bytes", "memory_kind")
                },
                "alerts": supervisor.get("alerts"),
                "sources": sources_of(supervisor, self.scope),
                "processes": supervisor.get("processes"),
                "actors": supervisor.get("actors"),
                "ledger": ledger.get("ledger"),
                "clients": [describe(overlay, cursor.last) for overlay in gateway.listed()],
                "lost": [departed(gone, now_s) for gone in gateway.attendance.absent.lost(now_s)],
                "refused": [departed(gone, now_s) for gone in gateway.attendance.absent.refused(now_s)],
                "dashboards": len(gateway.overlays) - len(gateway.listed()),
                "scenes": gateway.layouts.scenes(),
                "tokens": gateway.access.added_tokens(),
                "flags": msgspec.to_builtins(gateway.flags.current),
            }
        )


class AddressHandler(GuardedHandler):
    """The display token, for the address to paste into OBS. Not in the status, which users paste into reports."""

    def get(self) -> None:
        self.answer({"display_token": self.gateway.access.display_token()})


class SettingsHandler(GuardedHandler):
    """Every setting of the pipeline, without secrets."""

    async def get(self) -> None:
        work = partial(settings_view.rows, self.gateway.run_dir)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self.gateway.asking, work)
        except ConfigError as error:
            self.refuse(503, str(error))
            return
        self.answer({"settings": found})


class MediaHandler(GuardedHandler):
    """The files of overlays/media that a score can have as logos, and where that folder is."""

    async def get(self) -> None:
        folder = self.gateway.run_dir / "overlays" / "media"
        found = await asyncio.get_running_loop().run_in_executor(self.gateway.asking, media.pictures, folder)
        self.answer({"folder": media.shown(folder), "pictures": found})


class LogHandler(GuardedHandler):
    """The last lines of the log of one process."""

    async def get(self) -> None:
        name, run_dir = self.get_query_argument("name", ""), self.gateway.run_dir
        known = logs.names(run_dir)
        if name not in known:
            self.refuse(400, f"name is {name[:64]!r}, expected one of: {', '.join(known)}")
            return
        work = partial(logs.last, run_dir, [name], "DEBUG", LOG_LINES)
        facts = await asyncio.get_running_loop().run_in_executor(self.gateway.asking, work)
        self.answer({"name": name, "lines": logs.newest(facts, LOG_BYTES)})


class QuarantineHandler(GuardedHandler):
    async def get(self) -> None:
        text = self.get_query_argument("limit", "100")
        if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1_000:
            self.refuse(400, f"limit is {text[:20]!r}, expected 1 to 1000")
            return
        try:
            rows = await self.gateway.feed.log.read(lambda reader: reader.quarantine(int(text)))
        except Refused as error:
            self.refuse(503, str(error))
            return
        self.answer({"quarantine": rows})


class WhyHandler(ReadableHandler):
    """The history of one event: from the log, or for an event that was not logged, from the queue-manager's memory.

    `earlier`: the event was logged before this gateway started, so its list of overlays may be incomplete.
    """

    async def get(self) -> None:
        event_id = self.get_query_argument("id", "")
        if not 1 <= len(event_id) <= 256:
            self.refuse(400, "expected ?id=ID, with an id of 1 to 256 characters")
            return
        answer = await self.gateway.ask_queue_manager({"ask": "why", "id": event_id})
        reasons = [answer["error"]] if "error" in answer else []
        try:
            logged = await self.gateway.feed.log.read(lambda reader: reader.history(event_id))
        except Refused as error:
            logged = None
            reasons.append(str(error))
        told = answer.get("history")
        history = (told or {}) | (logged or {}) if told or logged else None
        self.set_status(200 if history or reasons else 404)
        # The receipts of an earlier gateway may have been lost with it: a missing one then says nothing.
        feed, position = self.gateway.feed, (logged or {}).get("position")
        earlier = position is not None and (not feed.ready or position <= feed.adopted)
        self.answer({"id": event_id, "history": history, "reasons": reasons, "earlier": earlier})


class MetricsHandler(LocalHandler):
    def initialize(self, gateway: Gateway, exposed: Shared[tuple[str, bytes]]) -> None:  # type: ignore[override]
        super().initialize(gateway)
        self._exposed = exposed

    async def get(self) -> None:
        kind, text = await self._exposed.get()
        self.set_header("Content-Type", kind)
        self.finish(text)


async def exposed(gateway: Gateway) -> tuple[str, bytes]:
    """Return the type and the text of the metrics of all processes, which takes some milliseconds."""
    # Imported here because only this function needs it.
    from actors.gateway import exposition

    status, answer = await asyncio.gather(gateway.ask_supervisor(), gateway.ask_queue_manager({"ask": "ledger"}))
    own = {gateway.name: msgspec.to_builtins(gateway.measure())}
    if "error" in status:  # only the metrics of this gateway
        status = {"processes": [{"name": gateway.name, "kind": "gateway"}], "actors": own}
    else:
        status["actors"] = status["actors"] | own
    return exposition.CONTENT_TYPE, exposition.text_of(status, answer.get("ledger"))


def unready(gateway: Gateway) -> list[str]:
    """Return the reasons why this gateway is not ready."""
    reasons = []
    if not gateway.feed.ready:
        reasons.append("the log has not been read yet")
    age_s = time.monotonic() - gateway.feed.received_s
    if age_s > FRESH_S:
        reasons.append("no message of the broadcaster was received" + ("" if age_s > 1e9 else f" for {age_s:.1f} s"))
    return reasons


def measured(receipt: RenderReceipt | None, age_s: float) -> RenderReceipt | None:
    """Return the receipt if its measurements are not too old: a page that draws nothing sends no further receipt."""
    return receipt if age_s <= MEASURED_S else None


def describe(overlay: Overlay, last: int) -> dict[str, Any]:
    """Return one overlay as the dashboard shows it."""
    receipt, key = overlay.receipt, overlay.group.key if overlay.group else None
    fresh = measured(receipt, time.monotonic() - overlay.receipt_s)
    return {
        "overlay_id": overlay.name,
        "number": overlay.number,
        "state": overlay.state.value,
        "condition": overlay.pace.condition if overlay.state is OverlayState.LIVE else overlay.state.value,
        "behind_s": round(overlay.pace.behind_s, 1),
        "visible": overlay.visible,
        "active": overlay.active,
        "receipt_age_s": receipt and round(time.monotonic() - overlay.receipt_s, 1),
        "obs": overlay.obs,
        "scope": overlay.scope,
        "token": overlay.holder.name if overlay.holder is not None else "",
        "position": overlay.receipted,
        "sent_position": overlay.position,
        "start_position": overlay.start_position,
        "lag": max(0, last - max(overlay.receipted, overlay.start_position)),
        "fps": fresh and fresh.fps,
        "latency_p50_ms": fresh and fresh.latency_p50_ms,
        "latency_p95_ms": fresh and fresh.latency_p95_ms,
        "queue": receipt and receipt.queue,
        "dropped": receipt and receipt.dropped,
        "warnings": receipt.warnings if receipt else [],
        "quality": receipt.quality if receipt else 0,
        "slowest": receipt.slowest if receipt else "",
        "skipped_frames": overlay.dropped_frames,
        "build": overlay.build,
        "format": "legacy" if key and key.legacy else key and key.format,
        "types": sorted(key.types) if key and key.types is not None else None,
        "transport": overlay.transport.name,
        "address": overlay.address,
        "connected_s": round(time.monotonic() - overlay.connected_s, 1),
        "pending_bytes": overlay.pending,
        "times_slow": overlay.times_slow,
    }


def sources_of(supervisor: dict[str, Any], scope: str) -> list[dict[str, Any]] | None:
    """Return the sources. Only an operator may see the code of a login: it connects the account of its reader."""
    rows: list[dict[str, Any]] | None = supervisor.get("sources")
    if rows is None or scope == "control":
        return rows
    return [row | {"login": None} for row in rows]


def departed(gone: Gone, now_s: float) -> dict[str, Any]:
    """Return a lost or refused overlay as the dashboard shows it."""
    fields: dict[str, Any] = msgspec.to_builtins(gone)
    del fields["at_s"]
    return fields | {"ago_s": round(now_s - gone.at_s, 1)}
