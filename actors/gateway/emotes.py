"""The emotes of a chat: fetched once from their provider, kept on disk, served to pages, which use no other host.

    GET /media/emote/PROVIDER/ID ──▶ run_dir/emotes/PROVIDER-ID ──(missing)──▶ provider ──▶ disk ──▶ page

Several gateways share the folder. A file appears whole or not at all. Its modification time is that of its last use.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.httputil import HTTPInputError
from tornado.iostream import UnsatisfiableReadError

from actors import host
from actors.core import emotes, origins, pictures
from actors.core.metrics import GatewayMetrics
from actors.gateway.pages import BaseHandler

AT_A_TIME: Final = 8
WAITING: Final = 256  # concurrent downloads; beyond it the page shows the text of the emote
CONNECT_S: Final = 4.0
WITHIN_S: Final = 10.0
RETRY_S: Final = 300.0  # after a failed download, until the next attempt
FAILURES: Final = 4_096
TOUCH_S: Final = 3_600.0  # the resolution of the time of the last use


class EmoteCache:
    """All pictures of one gateway."""

    def __init__(self, folder: Path, max_bytes: int, origin: str, metrics: GatewayMetrics) -> None:
        self._folder, self._max_bytes, self._origin = folder, max_bytes, origin
        self._metrics = metrics
        self._flights: dict[str, asyncio.Task[bytes | None]] = {}
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._slots = asyncio.Semaphore(AT_A_TIME)
        self._client: AsyncHTTPClient | None = None

    async def get(self, provider: str, id_: str, fetch: bool = True) -> bytes | None:
        """Return a picture, None if it is not available now. `fetch`: from its provider if it is not cached."""
        url = emotes.address(provider, id_, self._origin)
        if url is None:
            return None
        name = f"{provider}-{id_}"
        picture = await asyncio.to_thread(self._read, name)
        if picture is not None and pictures.is_small(picture):
            self._metrics.emote_hits += 1
            return picture
        if not fetch or self._failed.get(name, 0.0) > time.monotonic():
            return None
        flight = self._flights.get(name)
        if flight is None:
            if len(self._flights) >= WAITING:
                return None
            flight = self._flights[name] = asyncio.create_task(self._fetch(name, url))
            flight.add_done_callback(lambda _: self._flights.pop(name))
        # Shielded, because other requests wait for the same download when this one is cancelled.
        return await asyncio.shield(flight)

    async def _fetch(self, name: str, url: str) -> bytes | None:
        async with self._slots:
            self._metrics.emote_fetches += 1
            picture = await self._download(url)
        if picture is None or not pictures.is_small(picture):
            self._metrics.emote_failures += 1
            self._failed[name] = time.monotonic() + RETRY_S
            self._failed.move_to_end(name)
            if len(self._failed) > FAILURES:
                self._failed.popitem(last=False)
            return None
        await asyncio.to_thread(self._write, name, picture)
        return picture

    async def _download(self, url: str) -> bytes | None:
        if self._client is None:
            self._client = AsyncHTTPClient(
                force_instance=True, max_clients=AT_A_TIME, max_body_size=emotes.MAX_BYTES, max_header_size=16 << 10
            )
        try:
            answer = await self._client.fetch(
                url,
                follow_redirects=False,
                connect_timeout=CONNECT_S,
                request_timeout=WITHIN_S,
                decompress_response=False,
                headers={"Accept": "image/webp,image/*", "User-Agent": "Framewire"},
            )
        except (HTTPClientError, HTTPInputError, UnsatisfiableReadError, OSError, ValueError):
            return None  # a fault of the provider: counted; the page shows the text of the emote
        return bytes(answer.body)

    # Files, in a thread

    def _read(self, name: str) -> bytes | None:
        path = self._folder / name
        try:
            picture = path.read_bytes()
            if time.time() - path.stat().st_mtime > TOUCH_S:
                os.utime(path)
        except OSError:
            return None
        return picture

    def _write(self, name: str, picture: bytes) -> None:
        """Store a picture; on a full or read-only disk it is served without being cached."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            host.write_private(self._folder / name, picture, durable=False)
            self._tidy()
        except OSError:
            self._metrics.emote_disk_failures += 1

    def _tidy(self) -> None:
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # another gateway may have removed it
                    stat = entry.stat()
                    found.append((stat.st_mtime, stat.st_size, entry.name))
        for name in emotes.surplus(found, self._max_bytes):
            (self._folder / name).unlink(missing_ok=True)


class EmoteHandler(BaseHandler):
    """One picture. It has an ETag (tornado's, of the content), and a browser keeps it for a day."""

    def initialize(self, cache: EmoteCache) -> None:
        self._cache = cache

    async def get(self, provider: str, id_: str) -> None:
        # A page of another site must not fill the cache, or have the provider asked.
        picture = await self._cache.get(provider, id_, origins.origin_is_proved(self.request.headers))
        if picture is None:
            self.refuse(404, "this picture is not available; show the text of the emote")
            return
        self.set_header("Content-Type", pictures.type_of(picture) or "application/octet-stream")
        self.set_header("Cache-Control", "max-age=86400")
        self.write(picture)
