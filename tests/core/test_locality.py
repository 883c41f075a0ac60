"""What running processes use is side by side in memory, and works as before."""

from __future__ import annotations

import importlib
import subprocess
import sys
from contextlib import suppress
from types import CodeType, ModuleType
from typing import Any

import pytest

from actors import program
from actors.supervision import locality
from tools import used

SOURCE = """
import functools

def plain(): return 1

def decorated(function):
    @functools.wraps(function)
    def inner(*arguments): return function(*arguments)
    return inner

def closure(number):
    def inner(): return number
    return inner

class Some:
    def method(self): return 2
    @staticmethod
    def static(): return 3
    @classmethod
    def of_class(cls): return cls
    @property
    def value(self): return 4
    @decorated
    def wrapped(self): return 5
"""
LISTED = "some plain closure closure.<locals>.inner missing\nsome Some.method Some.static Some.of_class Some.value\n"


@pytest.fixture
def some(monkeypatch, tmp_path) -> ModuleType:
    """A module whose functions are listed, and other ones that are not."""
    module = ModuleType("some")
    exec(SOURCE, module.__dict__)
    monkeypatch.setitem(sys.modules, "some", module)
    list_functions(monkeypatch, tmp_path, LISTED + "some Some.wrapped Some.missing\nabsent plain\n")
    return module


def list_functions(monkeypatch, tmp_path, functions: str) -> None:
    file = tmp_path / "used.txt"
    file.write_text(f"# A comment.\n\nname other\n{locality.FUNCTIONS}\n{functions}")
    monkeypatch.setattr(locality, "USED", str(file))


def codes_of(some: Any) -> list[CodeType]:
    functions = [some.plain, some.closure, some.Some.method, some.Some.static, some.Some.of_class.__func__,
                 some.Some.value.fget, some.Some.wrapped.__wrapped__]  # fmt: skip
    return [function.__code__ for function in functions]


def test_functions_with_copied_code_work_as_before(some):
    before = codes_of(some)
    locality.group_code()
    assert all(one is not other and one == other for one, other in zip(before, codes_of(some), strict=True))
    one = some.Some()
    assert [some.plain(), some.closure(6)(), one.method(), one.static(), one.of_class(), one.value, one.wrapped()] == [
        1, 6, 2, 3, some.Some, 4, 5,
    ]  # fmt: skip


def test_a_listed_function_inside_of_another_is_copied_with_it(some):
    locality.group_code()
    inner = some.closure(6).__code__
    assert inner is some.closure(7).__code__
    assert inner in some.closure.__code__.co_consts


NEIGHBOURS = """
import sys
from types import ModuleType
from actors.supervision import locality

module = sys.modules["some"] = ModuleType("some")
exec("\\n".join(f"def f{number}(): return {number}" for number in range(4_000)), module.__dict__)
names = [f"f{number}" for number in range(0, 4_000, 40)]
pages = lambda: len({id(getattr(module, name).__code__) // 4096 for name in names})
locality.USED = sys.argv[1]
with open(sys.argv[1], "w") as file:
    file.write(f"# A comment.\\n\\nname\\n{locality.FUNCTIONS}\\nsome {' '.join(names)}\\n")
before = pages()
locality.group_code()
assert pages() < before / 2, (before, pages())
"""


def test_listed_functions_are_neighbours(tmp_path):
    # In a process of its own: in this one earlier tests have left free memory everywhere.
    subprocess.run([sys.executable, "-c", NEIGHBOURS, str(tmp_path / "used.txt")], cwd=program.ROOT, check=True)


def test_code_that_is_loaded_later_uses_the_strings_of_the_names(monkeypatch, tmp_path):
    monkeypatch.setattr(locality, "_kept", [])
    file = tmp_path / "used.txt"
    file.write_text(f"# A comment.\n\na_name_of_this_test\nanother_one\n{locality.FUNCTIONS}\n")
    monkeypatch.setattr(locality, "USED", str(file))
    locality.intern_names()
    code = compile("one.a_name_of_this_test = one.another_one", "", "exec")
    assert {id(name) for name in locality._kept} <= {id(name) for name in code.co_names}


def test_without_the_list_nothing_is_changed(monkeypatch, tmp_path):
    monkeypatch.setattr(locality, "USED", str(tmp_path / "missing"))
    locality.intern_names()
    locality.group_code()


def test_what_most_processes_use_is_listed_first():
    rare, common = ("b", "rare", "rare", ["x"]), ("a", "common.<locals>.inner", "inner", ["y", "z"])
    text = used.text([[rare, common], [common], [("", "no module", "", [])]])
    names, _, functions = text.partition(f"\n{locality.FUNCTIONS}\n")
    assert names.partition("\n\n")[2].split() == ["common.<locals>.inner", "inner", "y", "z", "x"]
    assert functions.splitlines() == ["a common.<locals>.inner", "b rare"]


def test_the_list_fits_the_present_code():
    lines = [line.split() for line in locality._read()[1].splitlines()]
    listed = [(module, name) for module, *names in lines for name in names if module.startswith("actors.core.")]
    assert len(listed) > 50
    for module in {module for module, _ in listed}:
        with suppress(ImportError):  # it was renamed
            importlib.import_module(module)
    found = [one for one in listed if "<" in one[1] or locality._find(*one) is not None]
    assert len(found) > len(listed) * 0.7, "run python -m tools.used"
