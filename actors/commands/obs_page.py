"""The local page of `obs install --page`: it loads the overlay in OBS as soon as the gateway answers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from actors import host, program
from actors.commands.obs_target import Target
from actors.core.sources import obs_overlay
from actors.errors import ConfigError

FILE: Final = Path("overlays", "obs.html")
TEMPLATE: Final = program.SHARE / "web_overlay" / "own" / "obs.html"
MAX_BYTES: Final = 64 << 10


def write_page(target: Target) -> list[str]:
    """Write the page for this user alone, because it contains a token; return what to set in OBS, as lines.

    Raises:
        ConfigError: it cannot be written.
    """
    path = target.run_dir / FILE
    old = b""
    with suppress(OSError):  # it is the first one
        old = host.read_file(path, MAX_BYTES)
    template = TEMPLATE.read_text(encoding="utf-8")
    text = obs_overlay.page(template, old.decode(errors="replace"), target.origin, target.token)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        host.write_private(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return [
        "In OBS: Sources → + → Browser",
        f"  Local file: on; {path.resolve()}",
        "  Width, height: those of the canvas, for example 1920 and 1080",
        "  Use custom frame rate: off",
        "  Custom CSS: empty",
        "  Shutdown source when not visible: off",
        "  Refresh browser when scene becomes active: off",
        "Then right-click the source → Blending Method → SRGB Off, so that panels keep their colours.",
        "The file contains a secret. After `token rotate display`, write it again, and refresh the source.",
    ]
