"""Finds the overlay in OBS, installs it, and reloads it when it has stopped working."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors import config, host, tokens
from actors.core import origins
from actors.core.contract.event import UNREADABLE
from actors.core.sources import obs, obs_overlay
from actors.core.sources.obs_overlay import BROWSER, Canvas, Found, ObsStep, Place, Stall
from actors.errors import BadInput
from actors.producers.http_call import HttpApi
from actors.producers.obs_link import ObsConnection, RequestFailed
from actors.producers.spec import Disconnected

GATEWAY_S: Final = 3.0
PATIENCE_S: Final = 20.0  # the start of a page or of a gateway takes some seconds
PAUSE_S: Final = 60.0  # between two reloads; a page that fails at once must not flicker on the stream


class _ObsScene(Struct, rename="camel"):
    scene_name: str


class _Scenes(Struct, rename="camel"):
    scenes: list[_ObsScene]
    current_program_scene_name: str | None = None


class _Item(Struct, rename="camel"):
    source_name: str
    scene_item_id: int
    scene_item_enabled: bool
    is_group: bool | None = None


class _Items(Struct, rename="camel"):
    scene_items: list[_Item]


class _ObsInput(Struct, rename="camel"):
    input_name: str


class _Inputs(Struct):
    inputs: list[_ObsInput]


class _Settings(Struct, rename="camel"):
    input_kind: str
    input_settings: dict[str, Any]


class _Defaults(Struct, rename="camel"):
    default_input_settings: dict[str, Any]


class _ObsClient(Struct):
    overlay_id: str
    condition: str


class _Status(Struct):
    clients: list[_ObsClient]


async def look(link: ObsConnection, name: str, origin: str, token: str) -> Found:
    """Return what OBS has of the overlay: the source `name`, or else a browser source that shows one of ours."""
    canvas = await link.request("GetVideoSettings", Canvas)
    scenes = await link.request("GetSceneList", _Scenes)
    current = scenes.current_program_scene_name or ""
    names = tuple(scene.scene_name for scene in reversed(scenes.scenes))  # OBS counts from the bottom of its list
    settings = await _settings(link, name)
    if settings is None:
        for other in (await link.request("GetInputList", _Inputs, inputKind=BROWSER)).inputs:
            own = await _settings(link, other.input_name)
            if own is not None and obs_overlay.is_overlay(own.input_settings.get("url"), token, origin):
                name, settings = other.input_name, own
                break
    if settings is None:
        return Found(name, current, names, canvas)
    defaults: dict[str, Any] = {}
    if settings.input_kind == BROWSER:
        answer = await link.request("GetInputDefaultSettings", _Defaults, inputKind=BROWSER)
        defaults = answer.default_input_settings
    places = [place for scene in names for place in await _places(link, scene, name)]
    return Found(name, current, names, canvas, settings.input_kind, defaults | settings.input_settings, tuple(places))


async def _settings(link: ObsConnection, name: str) -> _Settings | None:
    try:
        return await link.request("GetInputSettings", _Settings, inputName=name)
    except RequestFailed as error:
        if error.status == obs.NOT_FOUND:
            return None
        raise


async def _places(link: ObsConnection, scene: str, name: str) -> list[Place]:
    """Return where a scene has the source, also in its groups."""
    found = []
    for item in (await link.request("GetSceneItemList", _Items, sceneName=scene)).scene_items:
        if item.source_name == name:
            found.append(Place(scene, scene, item.scene_item_id, item.scene_item_enabled))
        if item.is_group:
            group = await link.request("GetGroupSceneItemList", _Items, sceneName=item.source_name)
            own = [one for one in group.scene_items if one.source_name == name]
            found += [Place(scene, item.source_name, one.scene_item_id, one.scene_item_enabled) for one in own]
    return found


async def carry_out(link: ObsConnection, steps: list[ObsStep]) -> None:
    """Send the requests of an installation.

    Raises:
        BadInput: this OBS has no browser source.
    """
    for step in steps:
        try:
            await link.request(step.type, dict, **step.data)
        except RequestFailed as error:
            if error.status == obs.UNSUPPORTED_KIND:
                raise BadInput(
                    "This OBS has no browser source: some packages of Linux distributions leave it out; install OBS "
                    "from Flathub or from its own package archive"
                ) from error
            raise


async def refresh(link: ObsConnection, name: str) -> None:
    """Reload the page of a browser source, without its cache."""
    await link.request("PressInputPropertiesButton", dict, inputName=name, propertyName="refreshnocache")


async def is_shown(link: ObsConnection, name: str) -> bool:
    """Return whether the source is part of the program output."""
    return (await link.request("GetSourceActive", obs.ObsFacts, sourceName=name)).video_active


class Healer:
    """Sets a new token of the overlay in OBS, and reloads a stopped overlay at most once in PAUSE_S.

    not_before_s  the earliest time of the first reload, because another Healer may just have reloaded it
    """

    def __init__(self, run_dir: Path, name: str, patience_s: float = PATIENCE_S, not_before_s: float = 0.0) -> None:
        self._run_dir, self._name, self._patience_s = run_dir, name, patience_s
        self._stall = Stall("", patience_s)
        self._not_before_s = not_before_s
        self._paused_until_s = 0.0

    async def look(self, link: ObsConnection, now_s: Callable[[], float] = time.monotonic) -> str:
        """Look once, and do what is needed; return what was done, "" if nothing."""
        if now_s() < self._paused_until_s:
            return ""
        settings, token = config.of_run_dir(self._run_dir), tokens.load(self._run_dir).display
        found = await look(link, self._name, origin_of(settings), token)
        url = str(found.settings.get("url")) if found.kind == BROWSER else ""
        if obs_overlay.parts_of(url).path != obs_overlay.PATH:
            return ""
        if obs_overlay.token_of(url) != token:
            origin = own_origin_in(url, settings)
            if not origin:
                return ""
            fresh = obs_overlay.address(url, origin, token)
            data = {"inputName": found.name, "inputSettings": {"url": fresh}, "overlay": True}
            self._paused_until_s = now_s() + PAUSE_S
            await link.request("SetInputSettings", dict, **data)
            return f"{found.name!r} has the new token"
        why = await self._stalled(link, found.name, obs_overlay.overlay_id_of(url), now_s())
        if not why or now_s() < self._not_before_s:
            return ""
        self._stall.forget()
        self._paused_until_s = now_s() + PAUSE_S
        await refresh(link, found.name)
        return f"{found.name!r} was reloaded: {why}"

    async def _stalled(self, link: ObsConnection, name: str, overlay_id: str, now_s: float) -> str:
        if self._stall.overlay_id != overlay_id:
            self._stall = Stall(overlay_id, self._patience_s)
        # A hidden source does not render, which is correct. Without an overlay_id it cannot be identified.
        clients = await asyncio.to_thread(clients_of, self._run_dir)
        if not overlay_id or clients is None or not await is_shown(link, name):
            self._stall.forget()
            return ""
        return self._stall.see(clients, now_s)


def origin_of(settings: config.Settings) -> str:
    """Return the origin of the gateway for connections from this machine."""
    return f"http://{origins.authority(settings.gateway.host, settings.gateway.port)}"


def own_origin_in(url: str, settings: config.Settings) -> str:
    """Return the origin in an address of the gateway, "" in one of another machine, which must not get the token.

    Scenes of OBS that come from another person may have a source of our name with any address.
    """
    server = obs_overlay.server_of(url)
    if server is None:
        return ""
    name = server.hostname or ""
    named = {
        "localhost",
        settings.gateway.host.lower(),
        *(one.partition(":")[0].lower() for one in settings.gateway.allowed_hosts),
    }
    return f"{server.scheme}://{server.netloc}" if name in named or host.has_address(name) else ""


def clients_of(run_dir: Path) -> list[_ObsClient] | None:
    """Return the gateway's list of overlays; None when it does not answer."""
    headers = {"Authorization": f"Bearer {tokens.load(run_dir).view}"}
    with HttpApi(origin_of(config.of_run_dir(run_dir)), timeout_s=GATEWAY_S) as api:
        try:
            answer = api.call("GET", "/api/status", headers)
            return msgspec.json.decode(answer.body, type=_Status).clients if answer.status == 200 else None
        except (Disconnected, *UNREADABLE):
            return None
