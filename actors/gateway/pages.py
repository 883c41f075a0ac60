"""The base of all HTTP handlers (Host and Origin checks, response headers), and the files of web_overlay/.

The Host is checked before anything else (core/origins.py has the reason). Files are served by an allowlist of endings,
so that no listing, stray file or Windows stream name is served. tornado refuses paths outside of the directory.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Final

import tornado.web
from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError

from actors import program
from actors.alert_rules import is_huge
from actors.core import origins, theme
from actors.core.metrics import GatewayMetrics

WEB_ROOT: Final = program.SHARE / "web_overlay"
THEMES: Final = Path("overlays", "themes")  # the user's own themes, in the run directory
PREVIEW: Final = "preview.webp"  # of a theme
MOST_THEMES: Final = 100  # that are listed
MOST_FOLDERS: Final = 16  # in the path of a file; 8,000 fit into a header, and take 25 ms

HEADERS: Final = {
    # Inline style only: OBS injects the user's custom CSS as a <style> element.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; media-src 'self'; "
    "frame-src 'self'; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'",
    # These two headers isolate the page. performance.now() then has steps of 5 µs instead of 100 µs (measured).
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "credentialless",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # origins.origin_is_proved needs it; it never has the fragment with the token
    # OBS keeps its cache over restarts. With an ETag, a repeated request is cheap.
    "Cache-Control": "no-cache",
}

# Not the types of the system: some Windows registries have text/plain for .js, and browsers then refuse modules.
MIME_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}


class BaseHandler(tornado.web.RequestHandler):
    """Base of all handlers. The application's settings hold `hosts`, `open_port` and `origins`."""

    LINKS = False  # whether a page of another site may link here, which includes a frame of it

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self) -> None:
        metrics: GatewayMetrics = self.settings["metrics"]
        metrics.http_requests += 1
        if not origins.host_is_ours(
            self.request.headers.get("Host"), self.settings["hosts"], self.settings["open_port"]
        ):
            metrics.foreign_hosts += 1
            self.refuse(421, origins.foreign_host(self.request.headers.get("Host")))
        elif not self.is_welcome():
            metrics.foreign_origins += 1
            self.refuse(403, "this origin may not use the gateway")

    def is_welcome(self) -> bool:
        """Return whether the page that makes the request may do so."""
        return origins.origin_is_welcome(self.request.headers, self.settings["origins"], self.LINKS)

    def refuse(self, status: int, error: str) -> None:
        """End the request with a status and `{"error": error}`."""
        self.set_status(status)
        self.answer({"error": error})

    def answer(self, body: dict[str, Any]) -> None:
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(body, separators=(",", ":")))

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer with one sentence about the error; the stack trace is only logged."""
        self.answer({"error": self._reason if status_code < 500 else "the gateway failed; its log has the reason"})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log failures of ours without the query, because a legacy overlay has its token in it."""
        if isinstance(value, tornado.web.HTTPError):
            return
        self.settings["log"].error(
            "request failed method=%s path=%s", self.request.method, self.request.path, exc_info=(typ, value, tb)
        )


class NotFoundHandler(BaseHandler):
    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            self.refuse(404, "there is no such page")


class FileHandler(BaseHandler, tornado.web.StaticFileHandler):
    """The files of web_overlay/."""

    TYPES = MIME_TYPES  # by ending; other files are not served

    def prepare(self) -> None:
        super().prepare()
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_connection_close(self) -> None:
        """End the download. Errors that tornado keeps refer to its frames, and so to the open file and a part of it."""
        super().on_connection_close()
        assert isinstance(self.request.connection, HTTP1Connection)
        if (error := self.request.connection.stream.error) is not None:
            error.__traceback__ = None
        if not self._gone.done():
            self._gone.set_result(None)

    def flush(self, include_footers: bool = False) -> Any:
        sent = super().flush(include_footers)
        return sent if include_footers else self._until(sent)

    async def _until(self, sent: asyncio.Future[None]) -> None:
        """Wait until a part was sent. If it cannot be, raise an error of our own: tornado keeps the one of `sent`."""
        await asyncio.wait((sent, self._gone), return_when=asyncio.FIRST_COMPLETED)
        if self._gone.done() or sent.exception() is not None:
            raise StreamClosedError

    def parse_url_path(self, url_path: str) -> str:
        if url_path.count("/") > MOST_FOLDERS:
            raise tornado.web.HTTPError(404)
        parts = url_path.split("/")
        if Path(parts[-1]).suffix not in self.TYPES or any(part.startswith(".") or not part for part in parts):
            raise tornado.web.HTTPError(404)
        if "\\" in url_path or ":" in url_path or "\0" in url_path:
            raise tornado.web.HTTPError(404)
        return super().parse_url_path(url_path)

    @classmethod
    def get_content_version(cls, abspath: str) -> str:
        """Return what the ETag is made of; tornado would read the whole file, which for a video stops all overlays."""
        found = os.stat(abspath)
        return f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        path = super().validate_absolute_path(root, absolute_path)
        if path is not None and is_huge(Path(path)):
            raise tornado.web.HTTPError(413)
        return path

    def get_content_type(self) -> str:
        return self.TYPES[Path(str(self.absolute_path)).suffix]


class ThemeHandler(FileHandler):
    """Themes from the user's own folder, otherwise from web_overlay/themes.

    A theme is data, and may come from another person: a page or script in its folder would have the rights of ours.
    """

    TYPES = {ending: MIME_TYPES[ending] for ending in (".json", ".webp")}

    def initialize(self, path: str, own: str) -> None:  # type: ignore[override]
        super().initialize(path)
        self._own = own

    async def get(self, path: str = "", include_body: bool = True) -> None:
        if os.path.isfile(Path(self._own, self.parse_url_path(path))):  # also False for a name that is too long
            self.root = self._own
        await super().get(path, include_body)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        path = super().validate_absolute_path(root, absolute_path)
        if path is not None and path.endswith(".json") and os.stat(path).st_size > theme.MAX_BYTES:
            raise tornado.web.HTTPError(413)
        return path


class ThemesHandler(BaseHandler):
    """`/themes/`: the names of all themes, and of those with a picture."""

    def initialize(self, folders: list[Path]) -> None:
        self._folders = folders

    def get(self) -> None:
        found = {file.parent.name: file.parent for folder in self._folders for file in folder.glob("*/theme.json")}
        names = sorted(filter(theme.NAME.fullmatch, found))[:MOST_THEMES]
        self.answer({"themes": names, "previews": [name for name in names if (found[name] / PREVIEW).is_file()]})


class RedirectHandler(BaseHandler):
    LINKS = True

    def initialize(self, to: str) -> None:
        self._to = to

    def get(self) -> None:
        self.redirect(self._to, permanent=True)
