"""The pages of web_overlay/, each with its build and a link to every module that it imports.

With the links a browser requests all modules at once. Without them it finds each only after it has read the one that
imports it, which takes a round trip per level.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from pathlib import Path
from typing import Final

from actors.gateway.pages import MIME_TYPES, BaseHandler

PLACE: Final = "<!-- links to all modules -->"
_ENTRY: Final = re.compile(r'<script type="module" src="/static/([^"]+)">')
_IMPORT: Final = re.compile(r'\b(?:im|ex)port\s*[\w$*{},\s]+?\bfrom\s*"(\.[^"]+)"')


class PageHandler(BaseHandler):
    """The page `page` of the folder `root`."""

    LINKS = True

    def initialize(self, root: Path, page: str) -> None:
        self._root, self._page = root, page

    def get(self) -> None:
        self.set_header("Content-Type", MIME_TYPES[".html"])
        text = with_links(self._root, (self._root / self._page).read_text(encoding="utf-8"))
        self.finish(text.replace("<head>", f'<head>\n<meta name="build" content="{build_of(self._root)}">', 1))

    head = get


@functools.cache
def build_of(root: Path) -> str:
    """Return the name of the files in `root`, as they were at the first call: another one when a file has changed."""
    lines = []
    for folder, _, names in os.walk(root):  # Path.rglob takes five times as long, and each restart of a gateway waits
        for name in names:
            path = os.path.join(folder, name)
            facts = os.stat(path)
            lines.append(f"{path} {facts.st_size} {facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:8]


def with_links(root: Path, page: str) -> str:
    """Return the text of a page with the links to its modules."""
    entry = _ENTRY.search(page)
    modules = imported(root, entry[1]) if entry else []
    links = [f'<link rel="modulepreload" href="/static/{module}">' for module in modules]
    return page.replace(PLACE, "\n".join(links))


@functools.cache
def imported(root: Path, entry: str) -> list[str]:
    """Return the modules that `entry` imports, and those that they import, as paths below `root`."""
    found: set[str] = set()
    todo = [entry]
    while todo:
        module = (root / todo.pop()).resolve()
        for name in _IMPORT.findall(module.read_text(encoding="utf-8")):
            path = (module.parent / name).resolve().relative_to(root.resolve()).as_posix()
            if path not in found:
                found.add(path)
                todo.append(path)
    return sorted(found)
