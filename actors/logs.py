"""Logs: one fact per line, one file per process, RUN_DIR/log/NAME.log.

    2026-07-07T12:00:00.123+0200 WARNING ingest outbox full rows=100000 reason='the log is away'
    when                         level   who    what        key=value

The supervisor renames a file that is too large; its writer detects this and creates a new one. A process's stderr is
the same file, so a traceback or a crash in C is in the order of the log; such lines belong to the fact above them.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from actors import host

FOLDER: Final = "log"
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LEVEL_OF: Final = {
    "root": logging.INFO,
    "asyncio": logging.WARNING,
    "tornado": logging.WARNING,  # at INFO, it logs header lines that it cannot read
    # Its warnings are of requests and of broken connections: a stranger could hide all other lines behind them.
    "tornado.general": logging.ERROR,
    "websockets": logging.WARNING,
}
MAX_BYTES: Final = 5 << 20  # of one file, and as much again for the one before
LINE_CHARACTERS: Final = 2_000
LINES: Final = 200  # of one fact: a traceback of a deep recursion has thousands
READ_BYTES: Final = 1 << 20  # per read, and per file in a search for the last lines

_LINE: Final = re.compile(rf"(\d{{4}}-\d\d-\d\dT\S+) ({'|'.join(LEVELS)}) (\S+) (.*)", re.DOTALL)
_FIELD: Final = re.compile(r"""(?:^|\s)(\w+)=('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S*)""")


class Format(logging.Formatter):
    """Local time with milliseconds and offset: sortable and unambiguous.

    Every line is escaped and cut, also in tracebacks, because messages of libraries repeat text from outside.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        if len(lines) > LINES:
            lines[LINES // 2 : -LINES // 2] = ["…"]
        return "\n".join(_cut(printable(line)) for line in lines)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # the name is logging's
        del datefmt
        local = time.localtime(record.created)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{record.msecs:03.0f}{time.strftime('%z', local)}"


class Terminal(logging.Handler):
    """Writes to the terminal without blocking, because it may be stopped (Ctrl-S) or be a pager."""

    def emit(self, record: logging.LogRecord) -> None:
        show(self.format(record))


def show(text: str, file: int = 2) -> bool:
    """Write a line to a terminal, a pipe or a file without blocking; return False when a part was not written.

    This is also the case for a closed terminal. Everything that is shown is in a log, too.
    """
    rest = f"{text}\n".encode(errors="backslashreplace")
    try:
        while rest and host.is_writable(file):
            rest = rest[os.write(file, rest[: host.PIPE_BUF_BYTES]) :]
    except OSError:
        return False
    return not rest


class OwnFile(WatchedFileHandler):
    """Writes to a file that another process may rename. If stderr is the same file, it is redirected, too.

    It also renames a full file itself: the supervisor checks every 2 s, and a flood of lines could fill the disk.
    """

    def __init__(self, file: Path, max_bytes: int) -> None:
        super().__init__(file, delay=True)
        self._max_bytes = max_bytes

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self.stream is not None and os.fstat(self.stream.fileno()).st_size > self._max_bytes:
                rotate(Path(self.baseFilename), self._max_bytes)
            super().emit(record)
        except OSError:  # the file cannot be opened again; a lost line must not end the process
            self.handleError(record)

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(mode=0o700, exist_ok=True)  # it may have been deleted
        host.touch_private(Path(self.baseFilename))
        return super()._open()

    def reopenIfNeeded(self) -> None:  # the name is logging's
        before = os.fstat(self.stream.fileno()).st_ino if self.stream is not None else None
        super().reopenIfNeeded()
        if before is None or self.stream is None:
            return
        if os.fstat(2).st_ino == before != os.fstat(self.stream.fileno()).st_ino:
            os.dup2(self.stream.fileno(), 2)


def path_of(run_dir: Path, name: str) -> Path:
    return run_dir / FOLDER / f"{name}.log"


def open_file(run_dir: Path, name: str) -> IO[bytes]:
    """Return the log of `name`, open for appending, for this user alone."""
    path = path_of(run_dir, name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    host.touch_private(path)
    return path.open("ab")


def start(file: Path | None, terminal: bool, max_bytes: int = MAX_BYTES) -> None:
    """Log to `file`, to the terminal (stderr), or to both."""
    handlers: list[logging.Handler] = [Terminal()] if terminal else []
    if file is not None:
        handlers.append(OwnFile(file, max_bytes))
    for handler in handlers:
        handler.setFormatter(Format())
    logging.basicConfig(handlers=handlers, force=True)
    _set_levels()


def _set_levels() -> None:
    for name, level in LEVEL_OF.items():
        if (logger := logging.getLogger(name)).level != level:  # setLevel writes to all loggers, which a fork shares
            logger.setLevel(level)


_prepared: list[OwnFile] = []


def prepare_actors() -> None:
    """Make what an actor that is forked from this process needs to log to its file.

    To make this in the forked process would unshare 0.2 MB.
    """
    _set_levels()
    handler = OwnFile(Path(os.devnull), MAX_BYTES)  # it is opened for the first line
    handler.setFormatter(Format())
    _prepared[:] = [handler]


def start_actor(file: Path) -> None:
    """Log to `file` if stderr is this file, as under a supervisor; otherwise to stderr."""
    # The file may have been renamed since the supervisor opened it for this process.
    mine = [one for one in (file, file.with_suffix(".log.1")) if one.exists()]
    own = any(os.path.samestat(one.stat(), os.fstat(2)) for one in mine)
    if own and _prepared:
        _prepared[0].baseFilename = str(file.absolute())
        logging.root.handlers[:] = _prepared
    else:
        start(file if own else None, terminal=not own)


def rotate(file: Path, max_bytes: int) -> None:
    """Put a file that has grown beyond `max_bytes` aside, in place of the one before."""
    with suppress(FileNotFoundError):  # its writer, or the supervisor, has just done it
        if file.stat().st_size > max_bytes:
            file.replace(file.with_suffix(".log.1"))


def _cut(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS else f"{line[:LINE_CHARACTERS]}…"


class Fact(NamedTuple):
    """One line, and the following lines without a time. `level` and `name` are "" in a line of another program."""

    when: str
    level: str
    name: str
    text: str

    def at_least(self, level: str) -> bool:
        return not self.level or LEVELS.index(self.level) >= LEVELS.index(level)

    def fields(self) -> dict[str, Any]:
        """Return the fact as an object: `event` is its message; its keys and values are text."""
        first, _, more = self.text.partition("\n")
        found = {key: unquoted(value) for key, value in _FIELD.findall(first)}
        words = _FIELD.sub("", first).strip()
        head = {"ts": self.when, "level": self.level.lower(), "logger": self.name, "event": words}
        return found | head | ({"more": more} if more else {})

    @property
    def moment_s(self) -> float:
        """Its time in seconds since the epoch; 0 when it has none."""
        try:
            return datetime.fromisoformat(self.when).timestamp()
        except ValueError:  # missing or malformed
            return 0.0

    def line(self) -> str:
        """Return the fact for display, safe for a terminal; it may have several lines."""
        text = " ".join(part for part in (self.when, self.level, self.name, self.text) if part)
        return "\n".join(printable(line) for line in text.split("\n"))


def printable(text: str) -> str:
    """Return a line without control sequences: logs, reasons and alerts may contain text from outside."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "·" for character in text.expandtabs(4))


def unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def parse(lines: Iterable[str]) -> list[Fact]:
    """Return the facts of lines; a line without a time is part of the fact before it."""
    facts: list[Fact] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is not None:
            facts.append(Fact(*found.groups()))
        elif facts:
            facts[-1] = facts[-1]._replace(text=f"{facts[-1].text}\n{line}")
        else:
            facts.append(Fact("", "", "", line))
    return facts


def opened(path: Path) -> IO[bytes] | None:
    """Return a log opened for reading; None when it cannot be opened."""
    try:
        return path.open("rb")
    except OSError:
        return None


class Follower:
    """Reads lines that are appended to a file, also after its replacement, beginning with the last `back` bytes.

    One reader returns old and new lines, so that no line between them is missed or read twice.
    """

    def __init__(self, path: Path, from_start: bool = False, back: int = 0) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._partial = b""
        self._inside = False  # reading began in the middle of a line
        if not from_start:
            self._file = opened(path)
        if self._file is not None:
            self._file.seek(max(0, self._file.seek(0, os.SEEK_END) - back))
            self._inside = back > 0 and self._file.tell() > 0

    def facts(self) -> list[Fact]:
        """Return the facts since the last call, from complete lines only."""
        found = self._read()
        if self._replaced():
            while more := self._read():  # to its end, because this file is not read again
                found += more
            self.close()
            found += self._read()
        return parse(found)

    def _read(self) -> list[str]:
        self._file = self._file or opened(self.path)
        if self._file is None:
            return []
        *lines, self._partial = (self._partial + self._file.read(READ_BYTES)).split(b"\n")
        if self._inside and lines:
            self._inside = False
            del lines[0]
        return [line.decode(errors="replace") for line in lines]

    def _replaced(self) -> bool:
        if self._file is None:
            return False
        try:
            return self.path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except OSError:
            return False

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._partial, self._inside = None, b"", False


def last(run_dir: Path, names: Iterable[str], level: str, count: int) -> list[Fact]:
    """Return the last `count` facts of these processes, in the order of time."""
    followers = [Follower(path_of(run_dir, name), back=READ_BYTES) for name in names]
    found = last_of(followers, level, count)
    for follower in followers:
        follower.close()
    return found


def last_of(followers: Iterable[Follower], level: str, count: int) -> list[Fact]:
    """Return the last facts of followers that were just created with `back`; they continue after these."""
    found: list[Fact] = []
    for follower in followers:
        facts = parse(tail(follower.path.with_suffix(".log.1"))) + follower.facts()
        found += [fact for fact in facts if fact.at_least(level)]
    in_order = sorted(found, key=lambda fact: fact.moment_s)
    return in_order[max(0, len(in_order) - count) :]


def newest(facts: Iterable[Fact], max_bytes: int) -> list[dict[str, str]]:
    """Return the level and the text of the last facts that together have at most `max_bytes`."""
    found: list[dict[str, str]] = []
    for fact in reversed(list(facts)):
        text = fact.line()
        max_bytes -= len(text.encode())
        if max_bytes < 0:
            break
        found.append({"level": fact.level, "text": text})
    return found[::-1]


def tail(file: Path) -> list[str]:
    """Return the last complete lines of a file, at most READ_BYTES."""
    source = opened(file)
    if source is None:
        return []
    with source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(0, size - READ_BYTES))
        lines = source.read().split(b"\n")
    return [line.decode(errors="replace") for line in (lines[1:] if size > READ_BYTES else lines) if line]


def names(run_dir: Path) -> list[str]:
    """Return the names of the processes that have a log."""
    return host.names_in(run_dir / FOLDER, "", ".log")
