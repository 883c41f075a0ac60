"""`/media/`: pictures, videos and sounds of the user, the rules of alerts, and the emotes of chats.

    overlays/alerts.toml   the rules: text and media of each alert   ──▶ /media/alerts.json
    overlays/media/        the files, without subfolders             ──▶ /media/alerts/NAME
    emotes/                the cache of emotes (emotes.py)           ──▶ /media/emote/PROVIDER/ID

All are in the run directory. No token is required, because a browser sends none with the request of a picture; the Host
and Origin checks (pages.py) apply.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import tornado.web

from actors.alert_rules import FILE_BYTES, read_rules
from actors.config import GatewaySection
from actors.core import alerts
from actors.core.contract.payload import LOGO
from actors.core.metrics import GatewayMetrics
from actors.gateway.emotes import EmoteCache, EmoteHandler
from actors.gateway.pages import BaseHandler, FileHandler

MOST_FILES: Final = 500  # files of overlays/media/ that are checked for changes


class AlertRulesHandler(BaseHandler):
    """The rules as JSON. `version` is part of the addresses of media, which pages cache."""

    def initialize(self, known: AlertRules) -> None:
        self._known = known

    def get(self) -> None:
        self.answer(self._known.current())


class AlertFiles:
    """Detects changes of overlays/alerts.toml and overlays/media/. `version` identifies their current content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.version = self._read()

    def refresh(self) -> bool:
        """Check the files; return whether any has changed."""
        before, self.version = self.version, self._read()
        return before != self.version

    def _read(self) -> str:
        found = [stamp_of(self._folder / "alerts.toml")]
        with suppress(OSError), os.scandir(self._folder / "media") as files:
            found += sorted(stamp_of(Path(file.path)) for file in itertools.islice(files, MOST_FILES))
        return hashlib.blake2b("\n".join(found).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()


class AlertRules:
    """The rules as they were last read. They are read again only after a change: a long file stops the loop for 0.1 s,
    and a request for them needs no token."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, AlertFiles(folder)
        self._answer: dict[str, Any] = {}
        self._shown: list[dict[str, Any]] = []  # the rules of the last file that could be read

    def current(self) -> dict[str, Any]:
        """Return the rules, their problems, and the version."""
        if self._files.refresh() or not self._answer:
            rules, problems = read_rules(self._folder)
            if rules is not None:
                self._shown = msgspec.to_builtins(rules)
            self._answer = {"rules": self._shown, "problems": problems, "version": self._files.version}
        return self._answer


def pictures(folder: Path) -> list[str]:
    """Return the files of `folder` that can be a logo, sorted. A folder that cannot be read has none."""
    with suppress(OSError), os.scandir(folder) as files:
        names = [file.name for file in itertools.islice(files, MOST_FILES) if file.is_file()]
        return sorted(name for name in names if name.isprintable() and re.search(LOGO, name))
    return []


def shown(folder: Path) -> str:
    """Return the absolute path of `folder` with `~` for the home directory: a dashboard may be seen on the stream."""
    whole, home = folder.absolute(), Path(os.path.expanduser("~"))  # a user without a home has "~"
    return str("~" / whole.relative_to(home)) if whole.is_relative_to(home) else str(whole)


def stamp_of(path: Path) -> str:
    """Return a text that changes when the file is written again."""
    try:
        found = path.stat()
    except OSError as error:
        return f"{path.name} {error.errno}"
    return f"{path.name} {found.st_mtime_ns} {found.st_size} {found.st_ino}"


class AlertMediaHandler(FileHandler):
    """The files of overlays/media/. Range requests are supported, because videos need them."""

    TYPES = alerts.MEDIA_TYPES

    def parse_url_path(self, url_path: str) -> str:
        if "/" in url_path:
            raise tornado.web.HTTPError(404)
        return super().parse_url_path(url_path)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        path = super().validate_absolute_path(root, absolute_path)
        if path is not None and Path(path).stat().st_size > FILE_BYTES:
            raise tornado.web.HTTPError(413)
        return path


def routes(
    run_dir: Path, settings: GatewaySection, metrics: GatewayMetrics, rules: AlertRules
) -> list[tuple[Any, ...]]:
    """Return the routes of /media/."""
    folder = (run_dir / "overlays").resolve()
    cache = EmoteCache(run_dir / "emotes", settings.emote_bytes, settings.emote_origin, metrics)
    return [
        ("/media/emote/([a-z0-9-]{1,16})/([A-Za-z0-9_-]{1,80})", EmoteHandler, {"cache": cache}),
        ("/media/alerts.json", AlertRulesHandler, {"known": rules}),
        ("/media/alerts/(.*)", AlertMediaHandler, {"path": str(folder / "media")}),
    ]
