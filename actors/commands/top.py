"""`top`: the status live, with keys. All its data comes from the supervisor or the logs."""

from __future__ import annotations

import curses
import os
import textwrap
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from actors import commands, control, logs, program
from actors.commands import status
from actors.errors import FramewireError, Refused

REFRESH_S: Final = 1.0
ANSWER_S: Final = 2.0  # while a supervisor does not answer, keys are blocked for this long
LOG_LINES: Final = 200
KEYS: Final = "↑↓ select   r restart   l logs   q quit"
LOG_KEYS: Final = "l or Esc back   q quit"
PAIRS: Final = {"red": 1, "yellow": 2, "green": 3}
TONES: Final = {"WARNING": "warn", "ERROR": "critical", "CRITICAL": "critical"}
ESCAPE: Final = 27

Line = status.StatusLine


@click.command("top")
@commands.located
def command(config_file: Path | None, overrides: tuple[str, ...]) -> None:
    """Show the status live; restart a process or show its log with a key."""
    run_dir = commands.place_of(config_file, overrides)
    control.request(run_dir, "status")  # fail before curses clears the screen
    if not os.isatty(0) or not os.isatty(1):
        raise Refused("top needs a terminal; use status --json in scripts")
    os.environ.setdefault("ESCDELAY", "25")  # by default ncurses waits a second for the rest of an escape sequence
    try:
        curses.setupterm()
    except curses.error as error:
        raise Refused(f"unknown terminal TERM={os.environ.get('TERM', '')!r}; use status instead of top") from error
    if not curses.tigetstr("cup"):
        raise Refused("top needs a terminal that can move its cursor; use status instead")
    curses.wrapper(lambda screen: Top(screen, run_dir).run())


class Top:
    """One terminal. `chosen` is the name of a process, not a row, because rows change."""

    def __init__(self, screen: Any, run_dir: Path) -> None:
        self._screen = screen
        self._run_dir = run_dir
        self._answer: dict[str, Any] | None = None
        self._unanswered = ""  # why there is no answer
        self._notice = ""
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
        with suppress(curses.error):  # not every terminal can hide its cursor
            curses.curs_set(0)
        self._colored = curses.has_colors()
        if self._colored:
            curses.use_default_colors()
            for color, number in PAIRS.items():
                curses.init_pair(number, getattr(curses, f"COLOR_{color.upper()}"), -1)

    def run(self) -> None:
        due_s = 0.0
        while True:
            if time.monotonic() >= due_s:
                self._refresh()
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
                self._notice = ""
                self._keys[key]()

    def _refresh(self) -> None:
        try:
            self._answer = control.request(self._run_dir, "status", ANSWER_S)
        except control.NotRunning:
            self._answer, self._unanswered = None, f"not running; start it with {program.NAME} start"
        except Refused as error:
            self._answer, self._unanswered = None, str(error)

    def _names(self) -> list[str]:
        return [row["name"] for row in self._answer["processes"]] if self._answer else []

    def _choose(self, step: int) -> None:
        names = self._names()
        if names:
            place = names.index(self._chosen) if self._chosen in names else -1 if step > 0 else 0
            self._chosen = names[(place + step) % len(names)]

    def _restart(self) -> None:
        if not self._chosen:
            self._notice = "select a process first: ↑ ↓"
            return
        try:
            control.request(self._run_dir, "restart", ANSWER_S, name=self._chosen)
            self._notice = f"restarting {self._chosen}"
        except FramewireError as error:
            self._notice = str(error)
        self._refresh()

    def _toggle_logs(self) -> None:
        self._reading = not self._reading

    def _close_logs(self) -> None:
        self._reading = False

    def _draw(self) -> None:
        self._screen.erase()
        height, width = self._screen.getmaxyx()
        if self._reading:
            lines = self._log(height - 1, width)
        elif self._answer is None:
            lines = [Line(self._unanswered, "failed", len(self._unanswered))]
        else:
            lines = arranged(self._answer, self._chosen, height - 1, width)
        for y, line in enumerate(lines[: height - 1]):
            self._put(y, line, width)
        keys = LOG_KEYS if self._reading else KEYS
        self._put(height - 1, Line(f"{keys}   {self._notice}" if self._notice else keys), width)
        self._screen.refresh()

    def _log(self, height: int, width: int) -> list[Line]:
        names = [self._chosen] if self._chosen else logs.names(self._run_dir)
        lines = [
            Line(part, TONES.get(fact.level, ""), len(part))
            for fact in logs.last(self._run_dir, names, "INFO", LOG_LINES)
            for text in fact.line().split("\n")
            for part in textwrap.wrap(text, max(20, width - 1), subsequent_indent="  ") or [""]
        ]
        title = f"log of {self._chosen or 'all processes'}{'' if lines else ': no lines yet'}"
        return [Line(title), *lines[max(0, len(lines) - height + 1) :]]

    def _put(self, y: int, line: Line, width: int) -> None:
        last = y == self._screen.getmaxyx()[0] - 1  # its last cell cannot be written without scrolling
        text = cut(line.text, width - last)
        chosen = line.name != "" and line.name == self._chosen
        self._screen.addstr(y, 0, text, curses.A_REVERSE if chosen else curses.A_NORMAL)
        color = status.COLORS.get(line.tone)
        if color and self._colored and not chosen and line.at < len(text):
            toned = text[line.at : line.at + line.length]
            self._screen.addstr(y, line.at, toned, curses.color_pair(PAIRS[color]))


def arranged(answer: dict[str, Any], chosen: str, height: int, width: int) -> list[Line]:
    """Return the lines that fit: the summary, at least one alert, the processes around the chosen one, more alerts."""
    table = status.table(answer, width)
    alerts = [status.advice(alert, width) for alert in answer["alerts"]]
    room = max(height - len(table) - 2, len(alerts[0]) + (len(alerts) > 1) if alerts else 0)
    shown: list[Line] = []
    for number, lines in enumerate(alerts):
        if len(shown) + len(lines) + (number < len(alerts) - 1) > room:
            many = len(alerts) - number
            shown.append(Line(f"   and {many} more alert{'s' if many > 1 else ''}: {program.NAME} status"))
            break
        shown += lines
    head = [status.headline(answer), *shown, Line(""), table[0]]
    rows, room = table[1:], max(1, height - len(head))
    place = next((number for number, line in enumerate(rows) if chosen and line.name == chosen), 0)
    first = max(0, min(place - room // 2, len(rows) - room))
    return [*head, *rows[first : first + room]]


def cut(text: str, cells: int) -> str:
    """Return a text cut to `cells`; a Chinese character or an emoji needs two cells."""
    used = 0
    for place, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > cells:
            return text[:place]
    return text
