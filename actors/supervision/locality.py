"""Places side by side what running processes write to, so that they unshare few pages.

CPython counts references inside the objects. A call writes to the code object of the function, an access to an
attribute to the string with its name. Each such write unshares a page with all other objects in it. Most functions of
the modules are never called, so without this nearly every called one is alone in its page.

USED lists the names and functions that processes use. Those that the same processes use are neighbours. An entry that
does not exist here has no effect, and a missing one costs memory only. `python -m tools.used` writes the file.
"""

from __future__ import annotations

import os
import sys
from types import CodeType, FunctionType
from typing import Any, Final

USED: Final = os.path.join(os.path.dirname(__file__), "used.txt")
FUNCTIONS: Final = "functions:"  # the line between both parts

_kept: list[str] = []


def intern_names() -> None:
    """Create the strings of the names. Modules that are imported later use these."""
    _kept.extend(map(sys.intern, _read()[0].split()))


def group_code() -> None:
    """Give the listed functions copies of their code objects, in the order of the list."""
    lines = [line.split() for line in _read()[1].splitlines()]
    inner = {name for _, *names in lines for name in names if "<locals>" in name}
    copies: dict[int, tuple[CodeType, CodeType]] = {}  # by the id of the original, which is kept until all are made
    found = [one for module, *names in lines for name in names if (one := _find(module, name)) is not None]
    for function in found:
        _ = function.__code__.co_code  # creates what a copy needs, so that it is not placed between the copies
    for function in found:
        function.__code__ = _copy(function.__code__, inner, copies)


def _find(module: str, name: str) -> FunctionType | None:
    """Return the function of a module or class; None: there is none, or it is made by another function."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    for attribute in ("__func__", "fget", "__wrapped__"):  # a static or class method, a property, a decorated function
        found = getattr(found, attribute, found)
    return found if isinstance(found, FunctionType) and found.__code__.co_qualname == name else None


def _copy(code: CodeType, inner: set[str], copies: dict[int, tuple[CodeType, CodeType]]) -> CodeType:
    """Return a copy of a code object, and of the listed ones that it contains; `copies` has those of earlier calls."""
    if id(code) not in copies:
        constants = tuple(
            _copy(one, inner, copies) if isinstance(one, CodeType) and one.co_qualname in inner else one
            for one in code.co_consts
        )
        copies[id(code)] = code, code.replace(co_consts=constants)
    return copies[id(code)][1]


def _read() -> tuple[str, str]:
    """Return both parts of the file, without its comment."""
    try:
        with open(USED, encoding="utf-8") as file:
            names, _, functions = file.read().partition(f"\n{FUNCTIONS}\n")
    except FileNotFoundError:  # before it is written for the first time
        return "", ""
    return names.partition("\n\n")[2], functions
