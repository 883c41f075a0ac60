"""`watch`: connects and resumes like an overlay, and prints one event per line.

It follows the rules of docs/wire.md, so it prints exactly the events that a correct overlay renders.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection, websocket_connect

from actors import commands, tokens
from actors.commands import loopback
from actors.config import Settings
from actors.core.contract.event import WIRE_VERSION
from actors.core.contract.taxonomy import TAXONOMY
from actors.core.nearest import nearest
from actors.core.origins import authority
from actors.errors import FramewireError, Refused

RECONNECT_S: Final = 0.25
NO_RECONNECT: Final = 4500  # from this close code on a client must not reconnect


@click.command("watch")
@click.option("--types", help="Only these event types, separated by commas.")
@click.option("--count", type=click.IntRange(min=1), help="Exit after this number of events.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), help="Exit after this number of seconds."
)
@commands.located
@commands.as_json
def command(
    types: str | None,
    count: int | None,
    timeout_s: float | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    json_output: bool,
) -> None:
    """Print events as an overlay receives them. Exit code 1 when --timeout expires before --count events."""
    settings, run_dir = commands.running(config_file, overrides)
    wanted = [name.strip() for name in types.split(",")] if types else None
    for name in wanted or ():
        if name not in TAXONOMY:
            near = nearest(name, TAXONOMY)
            hint = f"Did you mean {near[0]!r}?" if near else f"Types: {', '.join(TAXONOMY)}"
            raise click.BadParameter(f"unknown event type {name!r}. {hint}", param_hint="--types")
    watcher = Watcher(settings, run_dir, wanted, count, json_output)
    try:
        asyncio.run(asyncio.wait_for(watcher.run(), timeout_s))
    except TimeoutError:
        if count is not None:
            click.echo(f"error: {watcher.printed} of {count} events arrived within {timeout_s:g} s", err=True)
            sys.exit(commands.FAILED)
    except (KeyboardInterrupt, BrokenPipeError):  # Ctrl-C, or `| head`
        sys.exit(commands.DONE)


class Watcher:
    """One overlay: its position, over all its connections."""

    def __init__(
        self, settings: Settings, run_dir: Path, types: list[str] | None, count: int | None, json_output: bool
    ) -> None:
        self.printed = 0
        self._url = f"ws://{authority(settings.gateway.host, settings.gateway.port)}/ws"
        self._run_dir = run_dir
        self._token = tokens.load(run_dir).view
        self._types = types
        self._count = count
        self._json = json_output
        self._epoch: str | None = None
        self._position = 0
        self._silence_s = 2.5 * settings.gateway.heartbeat_s

    async def run(self) -> None:
        """Watch until `count` events were printed."""
        first = True
        while not self._done:
            try:
                connection = await websocket_connect(self._url, max_message_size=16 << 20)
            except HTTPClientError as error:
                raise Refused(f"the gateway refused: {error.message}") from error
            except OSError as error:
                if first:
                    raise Refused(f"no answer from {self._url}; is the pipeline running?") from error
            else:
                first = False
                await self._serve(connection)
            if not self._done:
                await asyncio.sleep(RECONNECT_S)

    @property
    def _done(self) -> bool:
        return self._count is not None and self.printed >= self._count

    async def _serve(self, connection: WebSocketClientConnection) -> None:
        """Process messages until the connection closes or `count` is reached."""
        try:
            if self._has_ended(connection):
                return
            await self._send(connection, self._hello())
            while not self._done:
                message = await asyncio.wait_for(connection.read_message(), self._silence_s)
                if message is None:
                    break
                await self._take(connection, json.loads(message))
        except TimeoutError:
            click.echo("watch: no message from the gateway; reconnecting", err=True)
        finally:
            connection.close()
        if (connection.close_code or 0) >= NO_RECONNECT:
            raise FramewireError(f"the gateway closed with {connection.close_code}: {connection.close_reason}")

    def _has_ended(self, connection: WebSocketClientConnection) -> bool:
        """Whether the connection has ended already; raises Refused when a program of another user has answered."""
        stream = getattr(connection.protocol, "stream", None)
        if stream is None or stream.socket is None:
            return True
        try:
            loopback.require_own(stream.socket, self._run_dir)
        except OSError:
            return True
        return False

    def _hello(self) -> dict[str, Any]:
        resume = None if self._epoch is None else {"epoch": self._epoch, "position": self._position}
        return {
            "t": "hello",
            "version": WIRE_VERSION,
            "token": self._token,
            "overlay_id": f"watch-{os.getpid()}",
            "resume": resume,
            "format": "json",
            "types": self._types,
            "build": "watch",
            "role": "dashboard",  # it renders nothing, so that no event counts as rendered by it
        }

    async def _take(self, connection: WebSocketClientConnection, message: dict[str, Any]) -> None:
        kind = message.get("t")
        if kind == "welcome":
            self._epoch, self._position = message["epoch"], message["position"]
            if not message["recovered"] and message["missed"]:
                click.echo(f"watch: positions {message['missed']} are no longer in the log", err=True)
        elif kind == "frame":
            await self._apply(connection, message)
        elif kind == "heartbeat":
            if message["top"] > self._position:
                await self._send(connection, self._hello())
        elif "event" in message:
            self._print(message)  # the legacy payload has no frames and no positions

    async def _apply(self, connection: WebSocketClientConnection, frame: dict[str, Any]) -> None:
        if frame.get("first", 0) > self._position + 1:
            await self._send(connection, self._hello())
            return
        for event in frame["events"]:
            if not event.get("position") or event["position"] > self._position:
                self._print(event)
                if self._done:
                    return
        self._position = max(self._position, frame.get("last", 0))

    async def _send(self, connection: WebSocketClientConnection, message: dict[str, Any]) -> None:
        if connection.protocol is not None:
            await connection.write_message(json.dumps(message))

    def _print(self, event: dict[str, Any]) -> None:
        self.printed += 1
        print(commands.json_of(event) if self._json or "payload" not in event else line_of(event), flush=True)


def line_of(event: dict[str, Any]) -> str:
    """Return an event as one line: time, position or category, type, payload, count, id."""
    clock = datetime.fromtimestamp(event["ts_ingest_ms"] / 1000).strftime("%H:%M:%S.%f")[:-3]
    place = f"#{event['position']}" if event.get("position") else event["category"]
    payload, id_ = commands.text_of(event["payload"]), commands.text_of(event["id"])
    many = f" ×{event['count']}" if event.get("count", 1) > 1 else ""
    return f"{clock}  {place:<9} {event['type']:<13} {payload}{many}  {id_}"
