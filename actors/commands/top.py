"""`top`: status, live, with the keyboard at hand. Everything it shows comes from the supervisor or the logs."""

from __future__ import annotations

import curses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, control, logs
from actors.commands import status
from actors.errors import FramewireError, Refused

REFRESH_S: Final = 1.0
LOG_LINES: Final = 200
KEYS: Final = "↑↓ choose   r restart   l logs   q quit"
LOG_KEYS: Final = "l or Esc back   q quit"
PAIRS: Final = {"red": 1, "yellow": 2, "green": 3}
ESCAPE: Final = 27


@click.command("top")
@commands.located
def command(config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Show the processes live; restart one or read its log with a key."""
    run_dir = commands.run_dir_of(commands.settings_of(config_file, overrides))
    control.ask(run_dir, "status")  # when nothing runs, say so on the screen that stays
    if not os.isatty(0) or not os.isatty(1):
        raise Refused("top needs a terminal; status --json is for scripts")
    os.environ.setdefault("ESCDELAY", "25")  # ncurses waits for a second before it believes that Esc is Esc
    curses.wrapper(lambda screen: Top(screen, run_dir).run())


class Top:
    """One terminal. `chosen` is the name of a process, not a row: rows come and go."""

    def __init__(self, screen: Any, run_dir: Path) -> None:
        self._screen = screen
        self._run_dir = run_dir
        self._answer: dict[str, Any] | None = None
        self._said = ""
        self._chosen = ""
        self._reading = False
        self._keys: dict[int, Callable[[], None]] = {
            curses.KEY_DOWN: lambda: self._choose(1),
            ord("j"): lambda: self._choose(1),
            curses.KEY_UP: lambda: self._choose(-1),
            ord("k"): lambda: self._choose(-1),
            ord("r"): self._restart,
            ord("l"): self._toggle_logs,
            ESCAPE: self._close_logs,
            curses.KEY_RESIZE: lambda: None,
        }
        curses.curs_set(0)
        curses.use_default_colors()
        for color, number in PAIRS.items():
            curses.init_pair(number, getattr(curses, f"COLOR_{color.upper()}"), -1)

    def run(self) -> None:
        due_s = 0.0
        while True:
            if time.monotonic() >= due_s:
                self._ask()
                due_s = time.monotonic() + REFRESH_S
            self._draw()
            self._screen.timeout(max(0, int((due_s - time.monotonic()) * 1000)))
            try:
                key = self._screen.getch()
            except KeyboardInterrupt:
                return
            if key == ord("q"):
                return
            if key in self._keys:
                self._said = ""
                self._keys[key]()

    def _ask(self) -> None:
        try:
            self._answer = control.ask(self._run_dir, "status")
        except Refused as error:
            self._answer, self._said = None, str(error)

    def _names(self) -> list[str]:
        return [row["name"] for row in self._answer["processes"]] if self._answer else []

    def _choose(self, step: int) -> None:
        names = self._names()
        if names:
            place = names.index(self._chosen) if self._chosen in names else -1 if step > 0 else 0
            self._chosen = names[(place + step) % len(names)]

    def _restart(self) -> None:
        if not self._chosen:
            self._said = "choose a process first: ↑ ↓"
            return
        try:
            control.ask(self._run_dir, "restart", name=self._chosen)
            self._said = f"restarting {self._chosen}"
        except FramewireError as error:
            self._said = str(error)
        self._ask()

    def _toggle_logs(self) -> None:
        self._reading = not self._reading

    def _close_logs(self) -> None:
        self._reading = False

    def _draw(self) -> None:
        self._screen.erase()
        height, width = self._screen.getmaxyx()
        lines = self._log(height - 2) if self._reading else self._table(width)
        for y, line in enumerate(lines[: height - 1]):
            self._put(y, line, width)
        keys = LOG_KEYS if self._reading else KEYS
        self._put(height - 1, status.Line(f"{keys}   {self._said}" if self._said else keys), width)
        self._screen.refresh()

    def _table(self, width: int) -> list[status.Line]:
        if self._answer is None:
            return [status.Line("not running", "failed"), status.Line("")]
        return [*status.headline(self._answer), status.Line(""), *status.table(self._answer, width)]

    def _log(self, height: int) -> list[status.Line]:
        names = [self._chosen] if self._chosen else logs.names(self._run_dir)
        facts = logs.last(self._run_dir, names, "INFO", LOG_LINES)
        colors = {"WARNING": "warn", "ERROR": "critical", "CRITICAL": "critical"}
        lines = [
            status.Line(text, colors.get(fact.level, "")) for fact in facts for text in fact.line().splitlines() or [""]
        ]
        return [status.Line(f"log of {self._chosen or 'all processes'}"), *lines[-(height - 1) :]]

    def _put(self, y: int, line: status.Line, width: int) -> None:
        color = status.COLORS.get(line.word)
        style = curses.color_pair(PAIRS[color]) if color else curses.A_NORMAL
        chosen = bool(self._chosen) and not self._reading and line.text.startswith(f"{self._chosen} ")
        last = y == self._screen.getmaxyx()[0] - 1  # its last cell cannot be written without scrolling
        text = printable(line.text)[: width - last]
        self._screen.addstr(y, 0, text, curses.A_REVERSE if chosen else curses.A_NORMAL)
        if line.word and not chosen:
            end = line.at + len(line.word) if text[line.at :].startswith(line.word) else len(text)
            self._screen.addstr(y, line.at, text[line.at : end], style)


def printable(text: str) -> str:
    """Return a text without what a terminal would obey: what others sent may be in a log."""
    return "".join(character if character.isprintable() else "·" for character in text)
