"""The import rules, checked against the imports themselves: what a package may import, and where a library is used.

The rules are defined only here.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Pure modules: no clock, socket, process, file, thread, randomness, log.
PURE = {
    "__future__", "base64", "binascii", "bisect", "collections", "dataclasses", "datetime", "difflib", "enum",
    "functools", "hashlib", "heapq", "hmac", "itertools", "math", "operator", "re", "string", "struct", "types",
    "typing", "unicodedata", "msgspec",
}  # fmt: skip

# Further imports of single pure modules: adapters are found by name, and JMESPath is an expression language.
ALLOWED = {
    "actors/adapters/__init__.py": {"importlib", "pkgutil"},
    "actors/adapters/mapping.py": {"jmespath", "decimal"},
    "actors/core/sources/obs_overlay.py": {"urllib"},
}

# Imports of every process.
TOOLS = {
    "aio", "committer", "config", "core", "errors", "faults", "flags", "heartbeat", "host", "http_server", "interfaces",
    "program", "reactor", "secrets", "stores", "tokens", "websocket_server", "wire",
}  # fmt: skip

# Modules of the supervisor. It must work when the code of the actors cannot be imported.
SUPERVISION = {"config", "control", "core", "errors", "host", "logs", "program", "supervision", "tokens"}

# package or module: (allowed imports, reason)
PACKAGES = {
    "errors": (set(), "every module raises them"),
    "interfaces": ({"core"}, "an implementation of an interface knows no other one"),
    "core": ({"core", "errors"}, "a decision must be testable as a table, without anything around it"),
    "adapters": ({"adapters", "core", "errors"}, "a mapping must be testable as a table, without anything around it"),
    "config": ({"core", "errors", "producers", "program", "section"}, "settings are read before anything else is"),
    "reasons": ({"config"}, "they are read from the file of defaults, and from the settings themselves"),
    "section": (set(), "every section is based on it"),
    "alert_rules": ({"core", "errors", "host"}, "gateways and doctor use it"),
    "flags": ({"config"}, "every actor that a flag concerns reads it"),
    "host": ({"errors"}, "what differs between operating systems must be usable everywhere"),
    "logs": ({"host"}, "a log must be writable, whatever else is wrong"),
    "supervision": (SUPERVISION, "the supervisor starts actors as processes and must work when their code fails"),
    "entry": ({"cli", "program"}, "until it knows its Python it runs where no package is installed"),
    "faults": ({"errors"}, "they are passed in every process"),
    "wire": ({"aio", "host", "interfaces"}, "sockets know neither messages nor settings"),
    "heartbeat": ({"core", "host"}, "a loop knows no message"),
    "reactor": ({"heartbeat", "interfaces"}, "a loop knows no message"),
    "aio": ({"heartbeat", "interfaces"}, "a loop knows no message"),
    "http_server": (set(), "a server knows no page"),
    "websocket_server": ({"core", "http_server"}, "a server knows no page"),
    "committer": ({"core", "errors", "interfaces"}, "the thread knows a store by its protocol alone"),
    "control": ({"errors", "host"}, "commands and gateways use it, and both know the supervisor only by its socket"),
    "tokens": ({"errors", "host"}, "tokens do not depend on their users"),
    "secrets": ({"errors", "host", "program"}, "secrets do not depend on their users"),
    "stores": ({"core", "errors", "faults", "host", "interfaces", "program", "stores"}, "a store knows no actor"),
    "normalizer": (TOOLS | {"adapters"}, "actors communicate over sockets, never by import"),
    "queue_manager": (TOOLS, "actors communicate over sockets, never by import"),
    "broadcaster": (TOOLS, "actors communicate over sockets, never by import"),
    "producers": (TOOLS | {"adapters", "producers", "section"}, "actors communicate over sockets, never by import"),
    "gateway": (
        TOOLS | {"alert_rules", "control", "gateway", "logs", "reasons"},
        "actors communicate over sockets, never by import",
    ),
    "commands": (
        {"adapters", "alert_rules", "commands", "config", "control", "core", "errors", "host", "logs", "producers",
         "program", "secrets", "stores", "supervision", "tokens"},
        "a command talks to the running pipeline; `replay` is a producer itself, `purge` works on a stopped one",
    ),
    "cli": ({"__version__", "commands"}, "every command is loaded when it is called"),
    "supervisor": ({"entry"}, "it finds the Python in which the rest works"),
    "program": ({"errors"}, "what it is called must be known everywhere"),
    "tools": (
        {"__version__", "config", "core", "errors", "producers", "program", "reasons"},
        "developers' tools generate pages from the code",
    ),
    "__main__": ({"config", "core", "errors", "faults", "host", "logs"}, "it loads the one actor that is asked for"),
    "__init__": (set(), "importing one actor must not import another"),
}  # fmt: skip

# library: (where it may be imported, why)
HOMES = {
    "psutil": ({"actors/supervision/meters.py"}, "one place measures processes"),
    "subprocess": (
        {
            "actors/commands/start.py",
            "actors/supervision/child.py",
            "actors/supervision/guardian.py",
            "actors/supervision/logins.py",
            "actors/commands/service.py",
            "tools/vendor.py",
        },
        "one place owns processes (the guardian owns the owner; logins and service run commands; vendor is a tool)",
    ),
    "curses": ({"actors/commands/top.py"}, "one command draws on a terminal"),
    "multiprocessing": (set(), "only the supervisor starts the processes of a pipeline"),
    "zmq": (
        {"actors/wire.py", "actors/reactor.py", "actors/aio.py"},
        "options and loops are written once",
    ),
    "sqlite3": ({"actors/stores/", "actors/commands/doctor.py"}, "one place owns each file (doctor reads a time)"),
    "tornado": (
        {
            "actors/gateway/",
            "actors/http_server.py",
            "actors/websocket_server.py",
            "actors/producers/",
            "actors/commands/",
        },
        "only modules with HTTP load it",
    ),
    "click": ({"actors/cli.py", "actors/commands/", "tools/"}, "only the command line is one"),
    "prometheus_client": ({"actors/gateway/exposition.py"}, "one place writes /metrics"),
    "websockets": ({"actors/producers/web.py"}, "one place connects to sources"),
    "hpack": ({"actors/producers/grpc_link.py"}, "one place connects to gRPC servers"),
    "jmespath": ({"actors/adapters/mapping.py"}, "one place evaluates expressions"),
    "pickle": (set(), "what comes from a socket must not be able to run"),
}


def sources() -> list[Path]:
    return [*sorted((ROOT / "actors").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py")), ROOT / "supervisor.py"]


def imports(text: str) -> Iterator[str]:
    """Yield the dotted name of everything that is imported, wherever in the file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(path: str) -> str:
    """Return the package of a file: its package below actors/, or its own name."""
    parts = path.removesuffix(".py").split("/")
    return parts[1] if parts[0] == "actors" else parts[0]


def violations(path: str, text: str) -> list[str]:
    """Return a sentence for every import of the file `path` that breaks a rule."""
    package = package_of(path)
    allowed, reason = PACKAGES[package]
    found = []
    for name in imports(text):
        top, _, rest = name.partition(".")
        if top == "actors":
            target = rest.split(".")[0]
            if target not in allowed:
                found.append(f"{path} imports actors.{rest}; {package} may import {sorted(allowed)}, because {reason}")
        elif package in ("core", "adapters") and top not in PURE | ALLOWED.get(path, set()):
            found.append(f"{path} imports {name}; {package} is pure, because {reason}")
        homes, why = HOMES.get(top, ({path}, ""))
        if not any(path == home or (home.endswith("/") and path.startswith(home)) for home in homes):
            found.append(f"{path} imports {name}, which lives in {sorted(homes) or 'no file at all'}, because {why}")
    return found


@pytest.mark.parametrize("file", sources(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_file_obeys_the_import_rules(file):
    found = violations(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("actors/core/queue/lanes.py", "import time"),
        ("actors/core/queue/lanes.py", "from random import random"),
        ("actors/core/queue/lanes.py", "def f():\n    import os"),
        ("actors/core/queue/lanes.py", "from actors import config"),
        ("actors/core/queue/lanes.py", "from actors.stores.log import Log"),
        ("actors/adapters/srcds.py", "import socket"),
        ("actors/normalizer.py", "from actors import queue_manager"),
        ("actors/normalizer.py", "import zmq"),
        ("actors/gateway/hub.py", "from actors.producers.ingest import main"),
        ("actors/gateway/hub.py", "import sqlite3"),
        ("actors/queue_manager.py", "from tornado.web import Application"),
        ("actors/gateway/hub.py", "import psutil"),
        ("actors/producers/demo.py", "import subprocess"),
        ("actors/stores/log.py", "import pickle"),
        ("actors/cli.py", "from actors import reactor"),
        ("actors/commands/start.py", "from actors.gateway import server"),
    ],
)
def test_the_import_rules_detect_a_violation(path, text):
    assert len(violations(path, text)) == 1


def test_every_package_has_an_import_rule():
    packages = {package_of(file.relative_to(ROOT).as_posix()) for file in sources()}
    assert packages <= set(PACKAGES), f"no rule says what {sorted(packages - set(PACKAGES))} may import"


def module_of(path: str) -> str:
    """Return the dotted name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def cycle(texts: dict[str, str]) -> list[str]:
    """Return the modules of a cycle of imports, [] without one; it may pass through functions and TYPE_CHECKING."""
    modules = {module_of(path) for path in texts}
    graph: dict[str, set[str]] = {}
    for path, text in texts.items():
        wanted = graph[module_of(path)] = set()
        for name in imports(text):
            while name and name not in modules:
                name = name.rpartition(".")[0]
            wanted.add(name)
        wanted -= {"", module_of(path)}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_cycle():
    texts = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in sources()}
    assert not cycle(texts), " ← ".join(cycle(texts))


def test_a_cycle_is_found_under_type_checking_and_in_a_function():
    hidden = "if TYPE_CHECKING:\n    from actors.gateway.hub import Gateway"
    late = "def f():\n    from actors.gateway import overlay"
    assert cycle({"actors/gateway/overlay.py": hidden, "actors/gateway/hub.py": late})
    assert not cycle({"actors/gateway/overlay.py": hidden, "actors/gateway/hub.py": ""})


def test_a_class_name_has_one_meaning():
    """A search for a name, or a name in a comment, must lead to one class: a second one needs another word.

    The protocols of interfaces.py are left out, because each has the name of the class that implements it.
    """
    found: dict[str, list[str]] = {}
    for file in (ROOT / "actors").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                if file.name == "interfaces.py" and "Protocol" in map(ast.unparse, node.bases):
                    continue
                found.setdefault(node.name, []).append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert len(found) > 100, "the search found the classes"
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_the_name_of_the_program_has_one_definition():
    """It is ./supervisor.py in a checkout and framewire where a wheel is installed (actors/program.py)."""
    homes = {ROOT / "actors" / "program.py", ROOT / "actors" / "entry.py"}
    files = [file for file in (ROOT / "actors").rglob("*.py") if file not in homes]
    assert [file.name for file in files if "./supervisor.py" in file.read_text(encoding="utf-8")] == []


def test_no_handler_catches_all_exceptions():
    """The process is the handler of our own bugs: it dies, and the supervisor starts it again (actors/errors.py)."""
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "everything"
                ends = any(isinstance(child, ast.Call) and "_exit" in ast.unparse(child) for child in ast.walk(node))
                reraises = any(isinstance(child, ast.Raise) and child.exc is None for child in ast.walk(node))
                blanket = caught in ("everything", "Exception", "BaseException")
                assert not blanket or ends or reraises, f"{file.name}:{node.lineno} catches {caught} and goes on"


def test_tests_run_coroutines_beside_the_loop_of_the_browser():
    """`asyncio.run` fails in a thread in which Playwright has a loop; which tests share a worker is chance."""
    files = (file for file in (ROOT / "tests").rglob("test_*.py") if file.name != Path(__file__).name)
    assert [str(file.relative_to(ROOT)) for file in files if " asyncio.run(" in file.read_text()] == []
