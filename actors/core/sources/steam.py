"""The folders of Steam's games, and the file that makes CS2 or CS:GO post its state."""

from __future__ import annotations

import re
from typing import Final

MAX_BYTES: Final = 1 << 20  # of the list of libraries, which has a few KiB

# Below a home directory: Linux, Flatpak, Snap, macOS. In WSL the game is on a Windows drive, below its root.
HOMES: Final = (
    ".steam/steam",
    ".local/share/Steam",
    ".var/app/com.valvesoftware.Steam/.local/share/Steam",
    "snap/steam/common/.local/share/Steam",
    "Library/Application Support/Steam",
)
DRIVES: Final = ("Program Files (x86)/Steam", "Program Files/Steam", "Steam", "SteamLibrary")
LIBRARIES: Final = ("steamapps/libraryfolders.vdf", "config/libraryfolders.vdf")
GAME: Final = "steamapps/common/Counter-Strike Global Offensive"
CFG_FOLDERS: Final = ("game/csgo/cfg", "csgo/cfg")  # CS2, CS:GO
FILE_NAME: Final = "gamestate_integration_framewire.cfg"

# The value must have a slash, because the ids of games are also numbers with a number as value.
_PATH: Final = re.compile(r'"(?:path|\d+)"\s+"([^"\\/]*(?:\\.|/)(?:[^"\\]|\\.)*)"')
_DRIVE: Final = re.compile(r"([A-Za-z]):[\\/]+")
_ESCAPED: Final = re.compile(r"\\(.)")


def libraries(text: str) -> list[str]:
    r"""Return the folders of a libraryfolders.vdf as paths of this system: in WSL `D:\Games` is `/mnt/d/Games`.

    The file is Valve's key-values text. In older ones the key of a folder is a number instead of `path`.
    """
    paths = [_ESCAPED.sub(r"\1", found) for found in _PATH.findall(text)]
    return list(dict.fromkeys(map(_reachable, paths)))


def _reachable(path: str) -> str:
    drive = _DRIVE.match(path)
    if drive is None:
        return path
    return f"/mnt/{drive[1].lower()}/" + path[drive.end() :].replace("\\", "/")


def gsi_file(uri: str, token: str) -> str:
    """Return the text of the game's file.

    By default the game waits a second after each answer, which would delay kills. `allplayers` and
    `phase_countdowns` are filled only for observers.
    """
    blocks = {
        "auth": {"token": token},
        "data": dict.fromkeys(
            ("provider", "map", "round", "player_id", "player_state", "player_match_stats", "player_weapons",
             "allplayers_id", "allplayers_state", "allplayers_match_stats", "allplayers_weapons",
             "phase_countdowns"), "1"
        ),
    }  # fmt: skip
    settings = {"uri": uri, "timeout": "5.0", "buffer": "0.05", "throttle": "0.1", "heartbeat": "15.0"}
    lines = ['"Framewire"', "{", *(f'    "{key}" "{value}"' for key, value in settings.items())]
    for name, values in blocks.items():
        lines += [f'    "{name}"', "    {", *(f'        "{key}" "{value}"' for key, value in values.items()), "    }"]
    return "\n".join([*lines, "}", ""])
