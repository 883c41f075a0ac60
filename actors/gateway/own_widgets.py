"""`/widgets/`: the names of the user's own widgets, whose files are in overlays/widgets/ of the run directory."""

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
        names = [module.stem for module in modules if layout.is_widget_name(module.stem)][:MOST]
        self.answer({"widgets": [{"name": name, "css": (self._folder / f"{name}.css").is_file()} for name in names]})
