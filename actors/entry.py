"""The entry point of the program: `./supervisor.py`, the console script `framewire`, `python -m actors.entry`.

In a checkout any `python3` runs it, so before `ensure` nothing here may need a package or a new Python.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import sys
from pathlib import Path

PACKAGES = ("click", "msgspec", "psutil", "tornado", "zmq")


def open_streams() -> None:
    """Open /dev/null where the caller has closed stdin, stdout or stderr; the next file would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115


def ensure() -> None:
    """Return when this Python has the required packages; otherwise switch to .venv, or exit with advice."""
    if sys.version_info >= (3, 11) and all(importlib.util.find_spec(name) for name in PACKAGES):
        return
    root = Path(__file__).resolve().parent.parent
    venv = root / ".venv"
    python = venv / "bin" / "python"
    if not os.access(python, os.X_OK) or Path(sys.prefix) == venv:
        sys.exit(f"error: Framewire's packages are missing or not readable; run: make -C {root} install")
    os.execv(str(python), [str(python), *sys.argv])


def run() -> None:
    """Run the command of the command line."""
    # During imports Ctrl-C ends the process without a traceback; afterwards click handles it.
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    open_streams()
    gc.disable()  # hardly any object of the modules is garbage
    from actors import cli, program

    gc.freeze()  # else the first collection would examine all of them
    gc.enable()
    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main(prog_name=program.NAME.removeprefix("./"))


if __name__ == "__main__":
    run()
