"""What this program is called, and where its files and its data are.

    checkout     ./supervisor.py   files beside it                 data in run/ beside it
    installed    framewire         files in actors/share/          data in $XDG_STATE_HOME/framewire

A wheel has in actors/share/ what a checkout has beside supervisor.py: configs/, docs/, web_overlay/.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from actors.errors import ConfigError

PACKAGE: Final = Path(__file__).resolve().parent
ROOT: Final = PACKAGE.parent  # what PYTHONPATH needs for `python -m actors`
CHECKOUT: Final = (ROOT / "supervisor.py").is_file()
SHARE: Final = ROOT if CHECKOUT else PACKAGE / "share"

NAME: Final = "./supervisor.py" if CHECKOUT else "framewire"  # as texts tell a user to call it
# As a program calls it; -P: a directory `actors` below the current one belongs to another program.
COMMAND: Final = [sys.executable, *([str(ROOT / "supervisor.py")] if CHECKOUT else ["-P", "-m", "actors.entry"])]


def page(name: str) -> str:
    """Return where the user finds a page of the documentation, for a text that refers to it."""
    return f"docs/{name}.md" if CHECKOUT else str(SHARE / "docs" / f"{name}.md")


def run_dir_of(setting: str) -> Path:
    """Return the absolute run directory that the setting `run_dir` names; a relative one is below where this is called.

    Raises:
        ConfigError: there is no such place: an unknown user's home, a directory that was removed.
    """
    try:
        run_dir = Path(setting).expanduser().absolute() if setting else default_run_dir()
        str(run_dir).encode()
    except (OSError, RuntimeError, UnicodeEncodeError) as error:
        raise ConfigError(f"run_dir {setting!a} cannot be found: {error}") from error
    return run_dir


def default_run_dir() -> Path:
    """Return the run directory of a configuration that names none.

    Raises:
        RuntimeError: this user has no home directory.
    """
    if CHECKOUT:
        return ROOT / "run"
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    # A relative path there is to be ignored (XDG Base Directory Specification).
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "framewire"
