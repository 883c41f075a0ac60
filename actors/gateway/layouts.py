"""The layouts of the run directory: overlays/layouts/NAME.json, one per overlay id, and `default` for all others.

Every gateway reads the folder once per second, so a changed file takes effect on all gateways, whether the studio or a
text editor changed it. An invalid file changes nothing: the last valid layout stays, and overlays receive the reason.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from actors import host
from actors.core.contract import layout
from actors.core.contract.layout import Layout
from actors.core.metrics import GatewayMetrics
from actors.errors import BadInput, Refused, TooLarge

FOLDER: Final = Path("overlays", "layouts")
DEFAULT: Final = "default"
MOST: Final = 200


class LayoutChanged(Refused):
    """The layout was changed since the editor loaded it."""


class StoredLayout(NamedTuple):
    """A file as it was last read. `layout` is the last valid one; `error` is the reason if the file is not valid."""

    stamp: tuple[int, ...]
    layout: Layout | None
    error: str
    revision: str


class OverlayLayout(NamedTuple):
    """The layout that an overlay receives, and the error of its file, "" for none."""

    layout: Layout | None
    error: str


class Layouts:
    """All layouts of the run directory. `metrics.bad_layouts` counts the reads of invalid files."""

    def __init__(self, run_dir: Path, metrics: GatewayMetrics, log: logging.Logger) -> None:
        self.folder = run_dir / FOLDER
        self._metrics = metrics
        self._log = log
        self._stored: dict[str, StoredLayout] = {}

    def names(self) -> list[str]:
        return sorted(self._stored)

    def scenes(self) -> list[str]:
        """Return the names of the scenes of all layouts: at most MOST layouts of 16 scenes."""
        return sorted({name for one in self._stored.values() if one.layout for name in one.layout.scenes})

    def stored(self, name: str) -> StoredLayout | None:
        return self._stored.get(name)

    def source(self, overlay_id: str) -> str | None:
        """Return the name of the layout of an overlay, None if it has none."""
        return next((name for name in (overlay_id, DEFAULT) if name in self._stored), None)

    def arranged(self, overlay_id: str) -> OverlayLayout:
        stored = self._stored.get(self.source(overlay_id) or "")
        return OverlayLayout(stored.layout, stored.error) if stored else OverlayLayout(None, "")

    def refresh(self) -> bool:
        """Read the files that have changed in the folder; return whether any has."""
        found = self._stamps()
        changed = False
        for name in self._stored.keys() - found.keys():
            del self._stored[name]
            changed = True
        for name, stamp in found.items():
            known = self._stored.get(name)
            if known is None or known.stamp != stamp:
                self._stored[name] = self._read(name, stamp, known)
                changed = True
        return changed

    def write(self, name: str, data: bytes, revision: str | None) -> None:
        """Replace a layout. `revision` is the one that the editor has loaded, "" for none; None skips the check.

        Raises:
            BadInput: `data` is not a valid layout, or `name` not a valid name.
            Changed: the layout has another revision now.
            Refused: there are too many layouts, or the folder cannot be written.
        """
        if not layout.is_id(name):
            raise BadInput(f"overlay is {name[:80]!r}, expected 1 to 64 of A-Z a-z 0-9 . _ - that do not begin with .")
        text = layout.encode(layout.parse(data))
        self._check(name, revision)
        if name not in self._stamps() and len(self._stamps()) >= MOST:
            raise Refused(f"there are {MOST} layouts already; delete one in {self.folder}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            host.write_private(self._path(name), text)
        except OSError as error:
            raise Refused(f"{self._path(name)} cannot be written: {error.strerror}") from error

    def delete(self, name: str) -> None:
        """Remove a layout; a missing one is no error.

        Raises:
            Refused: the folder cannot be written.
        """
        if not layout.is_id(name):
            return
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise Refused(f"{self._path(name)} cannot be removed: {error.strerror}") from error

    def describe(self, overlay_id: str) -> dict[str, Any]:
        """Return the layout of an overlay as `GET /api/layout` answers it."""
        source = self.source(overlay_id)
        stored = self._stored[source] if source else None
        return {
            "overlay": overlay_id,
            "source": source,
            "layout": stored.layout if stored else None,
            "error": stored.error if stored else "",
            "revision": stored.revision if stored and source == overlay_id else "",
            "layouts": self.names(),
        }

    def _check(self, name: str, revision: str | None) -> None:
        if revision is None:
            return
        try:
            stands = revision_of(host.read_file(self._path(name), layout.MAX_BYTES + 1))
        except FileNotFoundError:
            stands = ""
        except OSError as error:
            raise Refused(f"{self._path(name)} cannot be read: {error.strerror}") from error
        if stands != revision:
            raise LayoutChanged(f"the layout {name} was changed meanwhile; reload it, or overwrite it")

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _stamps(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    name, ending = os.path.splitext(entry.name)
                    if ending == ".json" and layout.is_id(name) and len(found) < MOST:
                        found[name] = _stamp(entry)
        except FileNotFoundError:
            return {}  # no folder yet
        except OSError as error:
            self._log.warning("layouts cannot be listed folder=%s error=%s", self.folder, error.strerror)
        return {name: stamp for name, stamp in found.items() if stamp}

    def _read(self, name: str, stamp: tuple[int, ...], known: StoredLayout | None) -> StoredLayout:
        try:
            data = host.read_file(self._path(name), layout.MAX_BYTES + 1)
            return StoredLayout(stamp, layout.parse(data), "", revision_of(data))
        except OSError as error:
            reason = str(error.strerror)
        except (BadInput, TooLarge) as error:
            reason = str(error)
        self._metrics.bad_layouts += 1
        self._log.warning("bad layout file=%s reason=%s", self._path(name), reason)
        return StoredLayout(stamp, known.layout if known else None, f"overlays/layouts/{name}.json: {reason}", "")


def _stamp(entry: os.DirEntry[str]) -> tuple[int, ...]:
    """Return what changes when a file is written; () if it was just removed, or is a link to nothing."""
    try:
        status = entry.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (error.errno or 0,)  # reading it has the same error
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)


def revision_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
