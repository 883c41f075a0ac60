"""The settings files of obs-websocket on this machine: their places and their content."""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Final

import msgspec
from msgspec import Struct

from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput

# Below the home directory: Linux, Flatpak, macOS.
HOMES: Final = (
    ".config/obs-studio",
    ".var/app/com.obsproject.Studio/config/obs-studio",
    "Library/Application Support/obs-studio",
)
WINDOWS: Final = "AppData/Roaming/obs-studio"  # below a user's directory
# The first is that of newer versions, the last that of OBS 28 and 29.
FILES: Final = ("plugin_config/obs-websocket/config.json", "user.ini", "global.ini")
MAX_BYTES: Final = 1 << 20


class ObsServer(Struct, frozen=True):
    """The WebSocket server of OBS on this machine. `password` "" means that it requires none."""

    enabled: bool = False
    port: int = 4455
    password: str = ""


class _File(Struct):
    server_enabled: bool = False
    server_port: int = 4455
    server_password: str = ""
    auth_required: bool = True


def places(folders: Iterable[PurePath]) -> Iterator[PurePath]:
    """Yield the paths of possible files, the most recent format of each installation first."""
    for folder in folders:
        for file in FILES:
            yield folder / file


def parse(file: PurePath, data: bytes) -> ObsServer | None:
    """Return the settings in a file; None if it has none of the server.

    Raises:
        BadInput: it cannot be read.
    """
    if file.suffix == ".json":
        try:
            found = msgspec.json.decode(data, type=_File)
        except UNREADABLE as error:
            raise BadInput(f"{file}: {error}") from error
        return ObsServer(found.server_enabled, found.server_port, found.server_password if found.auth_required else "")
    ini = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        ini.read_string(data.decode("utf-8-sig"))
        if not ini.has_section("OBSWebSocket"):
            return None
        part = ini["OBSWebSocket"]
        password = part.get("ServerPassword", "") if part.getboolean("AuthRequired", True) else ""
        return ObsServer(part.getboolean("ServerEnabled", False), part.getint("ServerPort", 4455), password)
    except (configparser.Error, ValueError) as error:
        raise BadInput(f"{file}: {error}".replace("\n", " ")) from error
