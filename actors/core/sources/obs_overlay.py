"""The overlay as a browser source of OBS: its settings, their faults, and the requests that correct them.

answers of OBS ──▶ Found ──findings──▶ sentences (`obs status`)
                         ╰─steps─────▶ requests  (`obs install`), none if everything is right

template ──page──▶ a local file that waits for the gateway (`obs install --page`)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import Struct

from actors.core.contract.event import UNREADABLE
from actors.core.delivery.presence import STALLED
from actors.errors import BadInput

BROWSER: Final = "browser_source"
PATH: Final = "/overlay/"
OVERLAY_ID: Final = "obs"
MAX_FPS: Final = 60  # of a browser source
_SERVER: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_IN_PAGE: Final = re.compile(r'^const address = (".*");$', re.MULTILINE)

# A source that is shut down or reloaded when it is shown again loses its position and the content of its screen.
_FIXED: Final[Mapping[str, Any]] = {
    "is_local_file": False,
    "fps_custom": False,
    "shutdown": False,
    "restart_when_active": False,
}
_MEANING: Final[Mapping[str, str]] = {
    "is_local_file": '"Local file" is on',
    "fps_custom": '"Use custom frame rate" is on',
    "shutdown": '"Shutdown source when not visible" is on',
    "restart_when_active": '"Refresh browser when scene becomes active" is on',
}


class Canvas(Struct, frozen=True, rename="camel"):
    """The answer to GetVideoSettings."""

    base_width: int
    base_height: int
    fps_numerator: int
    fps_denominator: int

    @property
    def fps(self) -> int:
        return max(1, min(MAX_FPS, round(self.fps_numerator / max(1, self.fps_denominator))))


class Place(Struct, frozen=True):
    """A scene that has the source; `holder` is the scene, or the group in it."""

    scene: str
    holder: str
    item: int
    shown: bool


class Found(Struct, frozen=True):
    """The source in OBS. `kind` is None if there is no source of this name; `settings` include the kind's defaults."""

    name: str
    scene: str
    scenes: tuple[str, ...]
    canvas: Canvas
    kind: str | None = None
    settings: dict[str, Any] = {}
    places: tuple[Place, ...] = ()


class ObsStep(Struct, frozen=True):
    """A request, and the sentence that reports its effect."""

    type: str
    data: dict[str, Any]
    text: str


def is_overlay(url: object, token: str, origin: str) -> bool:
    """Return whether a browser source shows an overlay of this pipeline."""
    parts = parts_of(url)
    return parts.path == PATH and (f"{parts.scheme}://{parts.netloc}" == origin or token_of(url) == token)


def parts_of(url: object) -> SplitResult:
    """Return the parts of an address; empty ones if it is invalid."""
    try:
        return urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return urlsplit("")


def server_of(url: object) -> SplitResult | None:
    """Return the server of an address, None if a browser could read another one in it, as in `http://a\\@b/`."""
    parts = parts_of(url)
    return parts if parts.scheme in ("http", "https") and _SERVER.fullmatch(parts.netloc) else None


def token_of(url: object) -> str:
    return dict(parse_qsl(parts_of(url).fragment)).get("k", "")


def overlay_id_of(url: object) -> str:
    return dict(parse_qsl(parts_of(url).query)).get("overlay_id", "")


def address(old: object, origin: str, token: str) -> str:
    """Return the address of the overlay; the parameters of the old one are kept."""
    parts = parts_of(old)
    given = parse_qsl(parts.query, keep_blank_values=True) if parts.path == PATH else []
    if "overlay_id" not in dict(given):
        given.append(("overlay_id", OVERLAY_ID))
    return f"{origin}{PATH}?{urlencode(given, safe=',:')}#k={token}"


def page(template: str, old: str, origin: str, token: str) -> str:
    """Return the local page that waits for the gateway; the parameters of the address in the old page are kept."""
    text = msgspec.json.encode(address(address_in(old), origin, token)).decode().replace("<", "\\u003c")
    return template.replace('"ADDRESS"', text)


def address_in(text: str) -> str:
    """Return the address that a local page loads; "" if it has none."""
    found = _IN_PAGE.search(text)
    try:
        return msgspec.json.decode(found[1], type=str) if found is not None else ""
    except UNREADABLE:
        return ""


def wanted(found: Found, origin: str, token: str) -> dict[str, Any]:
    """Return the settings that the browser source should have."""
    own, canvas = found.settings if found.kind == BROWSER else {}, found.canvas
    return {
        "url": address(own.get("url"), origin, token),
        "width": canvas.base_width,
        "height": canvas.base_height,
        "fps": canvas.fps,  # effective where OBS has no shared textures
        **_FIXED,
    }


def differing(found: Found, origin: str, token: str) -> dict[str, Any]:
    """Return the wanted settings that differ from those of the source."""
    return {key: value for key, value in wanted(found, origin, token).items() if found.settings.get(key) != value}


def findings(found: Found, origin: str, token: str) -> list[str]:
    """Return the faults, one sentence each; [] if there are none."""
    if found.kind is None:
        return [f"There is no source {found.name!r} in OBS"]
    if found.kind != BROWSER:
        return [f"The source {found.name!r} is of kind {found.kind}, expected {BROWSER}"]
    wrong = list(_settings(found, differing(found, origin, token)))
    if not found.places:
        wrong.append(f"No scene has the source {found.name!r}")
    return wrong + [f"It is hidden in the scene {place.scene!r}" for place in found.places if not place.shown]


def _settings(found: Found, differing: Mapping[str, Any]) -> Iterable[str]:
    own = found.settings
    if "url" in differing:
        yield _address(own.get("url"), differing["url"])
    if "width" in differing or "height" in differing:
        size, canvas = f"{own.get('width')} × {own.get('height')}", found.canvas
        yield f"Its size is {size}, the canvas is {canvas.base_width} × {canvas.base_height}"
    if "fps" in differing:
        yield f"Its frame rate is {own.get('fps')}, that of OBS is {found.canvas.fps}"
    for key in _FIXED:
        if key in differing:
            yield _MEANING[key]


def _address(old: object, new: str) -> str:
    """Return the fault of an address. The text never has the address itself, because it contains a token."""
    if parts_of(old).path != PATH:
        return "Its address is not that of an overlay"
    if token_of(old) != token_of(new):
        return "Its address has a token that is not valid any more"
    if parts_of(old).netloc != parts_of(new).netloc:
        return f"Its address has the server {parts_of(old).netloc[:80]!r}, expected {parts_of(new).netloc!r}"
    return "Its address is another one" if overlay_id_of(old) else "Its address has no overlay_id"


def steps(found: Found, origin: str, token: str, scene: str = "") -> list[ObsStep]:
    """Return the requests of an installation.

    Args:
        scene: where the source must be shown; "" is the current scene if that has it, or if no scene has it.

    Raises:
        BadInput: it cannot be installed with this name or in this scene.
    """
    if found.kind not in (None, BROWSER):
        raise BadInput(f"{findings(found, origin, token)[0]}; choose another name for the overlay: --name")
    if scene and scene not in found.scenes:
        raise BadInput(f"OBS has no scene {scene!r}. Scenes: {', '.join(found.scenes)}")
    data: dict[str, Any]
    if found.kind is None:
        data = {"inputName": found.name, "inputKind": BROWSER, "inputSettings": wanted(found, origin, token)}
        where = scene or found.scene
        return [ObsStep("CreateInput", data | {"sceneName": where}, f"Created {found.name!r} in the scene {where!r}")]
    planned = []
    changed = differing(found, origin, token)
    if changed:
        data = {"inputName": found.name, "inputSettings": changed, "overlay": True}
        names = ", ".join(sorted(changed)).replace("url", "address")
        planned.append(ObsStep("SetInputSettings", data, f"Changed {found.name!r}: {names}"))
    return planned + _placing(found, scene)


def _placing(found: Found, scene: str) -> list[ObsStep]:
    there = {place.scene: place for place in found.places}
    target = scene or (found.scene if found.scene in there or not there else "")
    if not target:
        return []
    data: dict[str, Any] = {"sceneName": target, "sourceName": found.name}
    if target not in there:
        return [ObsStep("CreateSceneItem", data, f"Added {found.name!r} to the scene {target!r}")]
    place = there[target]
    if place.shown:
        return []
    data = {"sceneName": place.holder, "sceneItemId": place.item, "sceneItemEnabled": True}
    return [ObsStep("SetSceneItemEnabled", data, f"Made {found.name!r} visible in the scene {target!r}")]


class Client(Protocol):
    """A row of the gateway's list of overlays; `condition` as core/delivery/presence.py judges it."""

    overlay_id: str
    condition: str


class Stall:
    """Whether the overlay in OBS works: the gateway lists it, and has not judged it as stalled."""

    def __init__(self, overlay_id: str, patience_s: float) -> None:
        self.overlay_id, self._patience_s = overlay_id, patience_s
        self._since_s: float | None = None

    def see(self, clients: Iterable[Client], now_s: float) -> str:
        """Return why it must be reloaded; "" while it works or may still recover."""
        own = [one.condition for one in clients if one.overlay_id == self.overlay_id]
        if any(condition != STALLED for condition in own):
            self._since_s = None
            return ""
        self._since_s = now_s if self._since_s is None else self._since_s
        if now_s - self._since_s < self._patience_s:
            return ""
        return "it does not render what it is sent" if own else "it is not connected to the gateway"

    def forget(self) -> None:
        """Reset: it was reloaded, or it is not shown."""
        self._since_s = None
