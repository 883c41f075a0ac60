"""Write actors/supervision/used.txt: the names and functions that running processes use (supervision/locality.py).

    python -m tools.used

A pipeline runs with the demo, lines of a game server and an overlay. Its processes are started by exec, so that Python
loads a `sitecustomize` in each of them, which notes every function that is called after the imports.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from actors import program
from bench.memory import Run
from bench.pipeline import pipeline

FILE: Final = program.PACKAGE / "supervision" / "used.txt"
IDLE_S: Final = 5.0
MINUTES: Final = 0.25
LINES_HZ: Final = 300
KILLS_HZ: Final = 30
MIN_FUNCTIONS: Final = 500  # fewer: nothing was recorded

HEAD: Final = """# What processes of a pipeline use: names, and functions by module. What the same ones use is adjacent.
# Written by `python -m tools.used`, read by actors/supervision/locality.py.

"""

RECORDER: Final = """
import atexit, json, os, sys, threading

ENTRIES = {"actors.__main__": "main", "actors.commands.start": "supervise", "actors.supervision.guardian": "guard"}
used, begun = {}, []


def name_of(frame):
    spec = frame.f_globals.get("__spec__")
    return spec.name if spec is not None else frame.f_globals.get("__name__", "")


def note(frame, event, argument):
    if event != "call" or frame.f_code in used:
        return
    begun[:] = begun or [ENTRIES.get(name_of(frame)) == frame.f_code.co_name]
    if not begun[0]:
        begun.clear()
        return
    outer = frame
    while outer is not None:
        if outer.f_code.co_filename.startswith("<frozen importlib._bootstrap"):
            return
        outer = outer.f_back
    used[frame.f_code] = name_of(frame)


def write():
    sys.setprofile(None)
    if not used:
        return
    rows = [(module, code.co_qualname, code.co_name, code.co_names) for code, module in list(used.items())]
    name = sys.argv[1] if sys.argv[1:] and sys.argv[1].replace("-", "").isalnum() else "guardian"
    with open(os.path.join(os.path.dirname(__file__), f"{name}.json"), "w") as file:
        json.dump(rows, file)


threading.setprofile(note)
sys.setprofile(note)
atexit.register(write)
"""


def record() -> list[list[tuple[str, str, str, list[str]]]]:
    """Return (module, qualified name, name, names of attributes) of the functions that each process called."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
        os.environ["PYTHONPATH"] = folder
        with pipeline(["demo=true", "supervisor.spawn=exec"], guarded=True) as running:
            asyncio.run(Run(running, MINUTES, LINES_HZ, KILLS_HZ).run(IDLE_S))
        return [json.loads(file.read_text()) for file in sorted(Path(folder).glob("*.json"))]


def text(processes: Iterable[Iterable[tuple[str, str, str, list[str]]]]) -> str:
    """Return the file: first what most processes use."""
    functions: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    names: defaultdict[str, set[int]] = defaultdict(set)
    for number, process in enumerate(processes):
        for module, qualified, name, attributes in process:
            if not module or qualified == "<module>":
                continue
            functions[module, qualified].add(number)
            closure = [qualified, name] if "<locals>" in qualified else []  # its names are read when it is made
            for one in (*attributes, *closure):
                names[one].add(number)
    rows: list[str] = []
    for module, qualified in sorted(functions, key=lambda key: (-len(functions[key]), sorted(functions[key]), key)):
        if rows and rows[-1].startswith(f"{module} ") and len(rows[-1]) + len(qualified) < 120:
            rows[-1] += f" {qualified}"
        else:
            rows.append(f"{module} {qualified}")
    words = sorted(names, key=lambda one: (-len(names[one]), sorted(names[one]), one))
    return HEAD + "\n".join([*textwrap.wrap(" ".join(words), 120, break_long_words=False, break_on_hyphens=False),
                             "functions:", *rows]) + "\n"  # fmt: skip


def main() -> None:
    """Record a pipeline, and write the file."""
    recorded = record()
    if sum(map(len, recorded)) < MIN_FUNCTIONS:
        raise SystemExit("no function was recorded")
    FILE.write_text(text(recorded), encoding="utf-8")


if __name__ == "__main__":
    main()
