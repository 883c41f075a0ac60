"""`/widgets/`: the user's own widgets, whose files are in overlays/widgets/ of the run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actors.core.contract import layout
from actors.gateway.pages import BaseHandler

FOLDER: Final = Path("overlays", "widgets")
MOST: Final = 32


class OwnWidgetsHandler(BaseHandler):
    def initialize(self, folder: Path) -> None:
        self._folder = folder

    def get(self) -> None:
        modules = sorted(self._folder.glob("*.mjs"))  # empty if the folder is missing
        named = [module for module in modules if layout.is_widget_name(module.stem)][:MOST]
        self.answer({"widgets": [widget for module in named if (widget := _widget(module)) is not None]})


def _widget(module: Path) -> dict[str, str | bool] | None:
    """Return {name, css: has it a style sheet?, version: of its files}, or None if it was just removed."""
    version = _version(module)
    if version is None:
        return None
    style = _version(module.with_suffix(".css"))
    return {"name": module.stem, "css": style is not None, "version": f"{version}-{style or 0}"}


def _version(file: Path) -> str | None:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
