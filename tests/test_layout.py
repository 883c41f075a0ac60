"""The doors of the house, stated from the imports themselves: who may know whom, and where a library lives.

A door that has to be opened is opened here, where it is seen, and nowhere else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What decides by itself alone: no clock, socket, process, file, thread, randomness, log.
PURE = {
    "__future__", "base64", "bisect", "collections", "dataclasses", "datetime", "difflib", "enum", "functools",
    "hashlib", "heapq", "itertools", "math", "operator", "re", "string", "struct", "types", "typing", "unicodedata",
    "msgspec",
}  # fmt: skip

# What every shell may use.
TOOLS = {"config", "core", "errors", "faults", "host", "runtime", "signals", "stores", "tokens", "wire"}

# What the supervisor is made of; it must live when the actors' code does not even import.
SUPERVISION = {"config", "control", "core", "errors", "host", "logs", "meters", "invocation", "processes", "signals"}

# room: (the rooms it may import, why not the others)
ROOMS = {
    "errors": (set(), "everybody raises them, so they can know nobody"),
    "core": ({"core", "errors"}, "a decision must be testable as a table, without anything around it"),
    "adapters": ({"adapters", "core", "errors"}, "a mapping must be testable as a table, without anything around it"),
    "config": ({"errors"}, "settings are read before anything else is"),
    "host": ({"errors"}, "what differs between systems must be usable everywhere"),
    "signals": ({"host"}, "the guardian carries nothing that it does not need"),
    "guardian": ({"core", "host", "logs", "signals"}, "it idles for weeks and must stay small"),
    "logs": ({"host"}, "whoever writes must be able to, whatever else is wrong"),
    "meters": (set(), "a reading knows nobody who reads it"),
    "invocation": ({"config"}, "it is passed from the command line to the supervisor"),
    "processes": ({"config", "core", "host", "logs", "meters"}, "a process is spawned and heard, the tree decides"),
    "process_tree": (SUPERVISION, "it starts actors as processes and must live when their code does not even import"),
    "interpreter": (set(), "it runs where no package is installed"),
    "faults": ({"errors"}, "they are passed in every shell"),
    "wire": ({"host"}, "sockets know neither messages nor settings"),
    "runtime": ({"errors", "host"}, "the loop knows no message"),
    "tokens": ({"errors", "host"}, "secrets know nobody who uses them"),
    "control": ({"errors", "host", "tokens"}, "the supervisor's socket serves every command and knows none"),
    "stores": ({"core", "errors", "faults", "host", "stores"}, "a store is opened by its actor, not the other way"),
    "normalizer": (TOOLS | {"adapters"}, "actors talk over sockets, never by import"),
    "queue_manager": (TOOLS, "actors talk over sockets, never by import"),
    "broadcaster": (TOOLS, "actors talk over sockets, never by import"),
    "producers": (TOOLS | {"adapters", "producers"}, "actors talk over sockets, never by import"),
    "gateway": (TOOLS | {"gateway"}, "actors talk over sockets, never by import"),
    "commands": (
        {"adapters", "commands", "config", "control", "core", "errors", "host", "logs", "producers", "tokens"},
        "a command talks to the running pipeline; `replay` alone is a producer itself",
    ),
    "supervisor": (
        SUPERVISION | {"commands", "guardian", "interpreter", "process_tree", "tokens"},
        "it starts actors as processes and must live when their code does not even import",
    ),
    "__main__": ({"config", "core", "errors", "faults", "host", "logs"}, "it loads the one actor that is asked for"),
    "__init__": (set(), "importing one actor must not import another"),
}  # fmt: skip

# library: (where it may be imported, why)
HOMES = {
    "psutil": ({"actors/meters.py"}, "one place measures processes"),
    "subprocess": (
        {
            "supervisor.py",
            "actors/processes.py",
            "actors/guardian.py",
            "actors/commands/service.py",
            "actors/commands/vendor.py",
        },
        "one place owns processes (the guardian owns the owner; service calls systemctl; vendor is a developer's tool)",
    ),
    "curses": ({"actors/commands/top.py"}, "one command draws on a terminal"),
    "multiprocessing": (set(), "every process is started as `python -m actors NAME`"),
    "zmq": ({"actors/wire.py", "actors/runtime.py", "actors/gateway/bus.py"}, "options and loops are written once"),
    "sqlite3": ({"actors/stores/", "actors/commands/doctor.py"}, "one place owns each file (doctor reads a time)"),
    "tornado": ({"actors/gateway/", "actors/producers/", "actors/commands/"}, "only who speaks HTTP carries it"),
    "click": ({"supervisor.py", "actors/commands/"}, "only the command line is one"),
    "pickle": (set(), "what comes from a socket must not be able to run"),
}


def sources() -> list[Path]:
    return [*sorted((ROOT / "actors").rglob("*.py")), ROOT / "supervisor.py"]


def imports(text: str) -> Iterator[str]:
    """Yield the dotted name of everything that is imported, wherever in the file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: str) -> str:
    """Return the room of a file: its package below actors/, or its own name."""
    parts = path.removesuffix(".py").split("/")
    return parts[1] if parts[0] == "actors" else parts[0]


def trespasses(path: str, text: str) -> list[str]:
    """Return a sentence for every import by which the file `path` leaves its room."""
    room = room_of(path)
    allowed, reason = ROOMS[room]
    found = []
    for name in imports(text):
        top, _, rest = name.partition(".")
        if top == "actors":
            target = rest.split(".")[0]
            if target not in allowed:
                found.append(f"{path} imports actors.{rest}; {room} may import {sorted(allowed)}, because {reason}")
        elif room in ("core", "adapters") and top not in PURE and (room, top) != ("adapters", "random"):
            # adapters may name random.Random, as the type of a seeded generator that is passed in
            found.append(f"{path} imports {name}; {room} is pure, because {reason}")
        homes, why = HOMES.get(top, ({path}, ""))
        if not any(path == home or (home.endswith("/") and path.startswith(home)) for home in homes):
            found.append(f"{path} imports {name}, which lives in {sorted(homes) or 'no file at all'}, because {why}")
    return found


@pytest.mark.parametrize("file", sources(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_file_stays_in_its_room(file):
    found = trespasses(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("actors/core/lanes.py", "import time"),
        ("actors/core/lanes.py", "from random import random"),
        ("actors/core/lanes.py", "def f():\n    import os"),
        ("actors/core/lanes.py", "from actors import config"),
        ("actors/core/lanes.py", "from actors.stores.log import Log"),
        ("actors/adapters/srcds.py", "import socket"),
        ("actors/normalizer.py", "from actors import queue_manager"),
        ("actors/normalizer.py", "import zmq"),
        ("actors/gateway/hub.py", "from actors.producers.ingest import Desk"),
        ("actors/gateway/hub.py", "import sqlite3"),
        ("actors/queue_manager.py", "from tornado.web import Application"),
        ("actors/gateway/hub.py", "import psutil"),
        ("actors/producers/demo.py", "import subprocess"),
        ("actors/stores/log.py", "import pickle"),
        ("supervisor.py", "from actors import runtime"),
        ("supervisor.py", "from actors.gateway import server"),
    ],
)
def test_the_doors_bite(path, text):
    assert len(trespasses(path, text)) == 1


def test_the_doors_know_every_room():
    rooms = {room_of(file.relative_to(ROOT).as_posix()) for file in sources()}
    assert rooms <= set(ROOMS), f"no door says what {sorted(rooms - set(ROOMS))} may import"


def test_no_handler_catches_whatever_comes():
    """The process is the handler of our own bugs: it dies, and the supervisor starts it again (actors/errors.py)."""
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "everything"
                ends = any(isinstance(child, ast.Call) and "_exit" in ast.unparse(child) for child in ast.walk(node))
                reraises = any(isinstance(child, ast.Raise) and child.exc is None for child in ast.walk(node))
                blanket = caught in ("everything", "Exception", "BaseException")
                assert not blanket or ends or reraises, f"{file.name}:{node.lineno} catches {caught} and goes on"
