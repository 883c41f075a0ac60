"""The name of this program, and the locations of its files and data.

    checkout     ./supervisor.py   files beside it                 data in run/ beside it
    installed    framewire         files in actors/share/          data in $XDG_STATE_HOME/framewire

A wheel has configs/, docs/ and web_overlay/ in actors/share/; a checkout has them beside supervisor.py.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from actors.errors import ConfigError

PACKAGE: Final = Path(__file__).resolve().parent
ROOT: Final = PACKAGE.parent  # what PYTHONPATH needs for `python -m actors`
CHECKOUT: Final = (ROOT / "supervisor.py").is_file()
SHARE: Final = ROOT if CHECKOUT else PACKAGE / "share"

NAME: Final = "./supervisor.py" if CHECKOUT else "framewire"  # the command in texts for users
# The command for subprocesses; -P: a directory `actors` in the current one belongs to another program.
COMMAND: Final = [sys.executable, *([str(ROOT / "supervisor.py")] if CHECKOUT else ["-P", "-m", "actors.entry"])]


def page(name: str) -> str:
    """Return the path of a page of the documentation, for texts that refer to it."""
    return f"docs/{name}.md" if CHECKOUT else str(SHARE / "docs" / f"{name}.md")


def run_dir_of(setting: str) -> Path:
    """Return the absolute path of the setting `run_dir`; a relative one is below the current directory.

    Raises:
        ConfigError: it cannot be resolved: an unknown user's home, a current directory that was removed.
    """
    try:
        run_dir = Path(setting).expanduser().absolute() if setting else default_run_dir()
        str(run_dir).encode()
    except (OSError, RuntimeError, UnicodeEncodeError) as error:
        raise ConfigError(f"run_dir {setting!a} cannot be found: {error}") from error
    return run_dir


def default_run_dir() -> Path:
    """Return the run directory of a configuration without `run_dir`.

    Raises:
        RuntimeError: this user has no home directory.
    """
    if CHECKOUT:
        return ROOT / "run"
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    # A relative path there is to be ignored (XDG Base Directory Specification).
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "framewire"


def code_stamp(folder: Path = PACKAGE) -> int:
    """Return a number that is another one when a module in `folder` was changed, added or removed."""
    stamp = 0  # a sum, because the supervisor and its guardian call this, and a list would cost them memory
    with suppress(FileNotFoundError):  # the code is being replaced at this moment
        for parent, _, names in os.walk(folder):
            for path in (os.path.join(parent, name) for name in names if name.endswith(".py")):
                file = os.stat(path)
                stamp += hash((path, file.st_mtime_ns, file.st_size))
        return stamp
    return 0
