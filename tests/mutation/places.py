"""Places in source files, found by names, so that a reformatted or reworded source keeps its mutations.

A Change names a file, a function, class or table in it, and the names that the place mentions: identifiers, words of
strings, numbers, operators of comparisons. The place is the smallest node of its kind that mentions all of them:

    statement    a statement                           `into` is statements on one line
    expression   an expression
    call         a call; the first name is what is called
    condition    a test of if, while, a comprehension or a conditional expression; an operand of `and`, `or`
    value        what is assigned to the first name, or passed as the keyword argument of that name
    result       what is returned
    text         a part of a string: `names` is the part
    swap         the two smallest expressions that mention the first and the second name; `into` is empty

In `into`, `{it}` is the source of the place. Files of JavaScript have the kinds `condition` and `value` (places.mjs).
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
OPERATORS: Final = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Not: "not",
}  # fmt: skip
# What a change may name though its file does not: of Python, and of sqlite3.
KNOWN: Final = {*dir(builtins), "__file__", "in_transaction"}
DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Change(NamedTuple):
    """A change at one place. `where` is FILE:NAME, with dots between the names of classes and functions."""

    where: str
    kind: str
    names: str
    into: str = ""

    @property
    def file(self) -> str:
        return self.where.partition(":")[0]


class Misplaced(Exception):
    """A change has no place, or more than one."""


def changed(root: Path, change: Change) -> str:
    """Return the text of the file in `root` with the change made.

    Raises:
        Misplaced: its place is not found exactly once, or it changes nothing.
    """
    path = root / change.file
    text = path.read_text(encoding="utf-8")
    after = _in_javascript(path, change) if path.suffix == ".mjs" else _in_python(text, change)
    if after == text:
        raise Misplaced(f"{change}: changes nothing")
    return after


def _in_javascript(path: Path, change: Change) -> str:
    script = Path(__file__).with_name("places.mjs")
    command = ["node", str(script), str(path), json.dumps(change._asdict())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Misplaced(f"{change}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _in_python(text: str, change: Change) -> str:
    tree = ast.parse(text)
    scope = _scope(tree, change)
    if change.kind == "swap":
        first, second = (_only([*_smallest(_expressions(scope), {name})], change) for name in change.names.split())
        parts = {first: _source(text, second), second: _source(text, first)}
    elif change.kind == "text":
        node = _only([node for node in _strings(scope) if change.names in node.value], change)
        if node.value.count(change.names) != 1:
            raise Misplaced(f"{change}: the text stands there {node.value.count(change.names)} times")
        parts = {node: repr(node.value.replace(change.names, change.into))}
    else:
        place = _only(_places(scope, change), change)
        parts = {place: change.into.replace("{it}", _source(text, place))}
        if change.kind != "statement":
            parts[place] = f"({parts[place]})"
    after = _replaced(text, parts)
    _check_names(tree, ast.parse(after), change)
    return after


def _scope(tree: ast.Module, change: Change) -> ast.AST:
    scope: ast.AST = tree
    for name in change.where.partition(":")[2].split("."):
        found = [node for node in scope.body if name in _defined(node)]  # type: ignore[attr-defined]
        if len(found) != 1:
            raise Misplaced(f"{change}: {name} is defined {len(found)} times; was it renamed?")
        scope = found[0]
    return scope


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, DEFINITIONS):
        return [statement.name]
    return [target.id for target in _targets(statement) if isinstance(target, ast.Name)]


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _places(scope: ast.AST, change: Change) -> list[ast.AST]:
    first, *rest = change.names.split() or [""]
    inside = [node for node in ast.walk(scope) if node is not scope]
    match change.kind:
        case "statement":
            return _smallest([node for node in inside if isinstance(node, ast.stmt)], {first, *rest})
        case "expression":
            return _smallest(_expressions(scope), {first, *rest})
        case "condition":
            return _smallest(_conditions(inside), {first, *rest})
        case "call":
            calls = [node for node in inside if isinstance(node, ast.Call) and _last_name(node.func) == first]
            return [node for node in calls if set(rest) <= mentions(node)]
        case "value":
            return [value for name, value in _values(inside) if name == first and set(rest) <= mentions(value)]
        case "result":
            returned = [node.value for node in inside if isinstance(node, ast.Return) and node.value is not None]
            return [value for value in returned if {first, *rest} - {""} <= mentions(value)]
    raise Misplaced(f"{change}: there is no kind {change.kind!r}")


def _expressions(scope: ast.AST) -> list[ast.AST]:
    return [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), ast.Store)
    ]


def _strings(scope: ast.AST) -> list[ast.Constant]:
    """Return the strings, without the parts of f-strings: their columns are right only from Python 3.12 on."""
    parts = {part for node in ast.walk(scope) if isinstance(node, ast.JoinedStr) for part in node.values}
    strings = [node for node in ast.walk(scope) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node for node in strings if node not in parts]


def _conditions(nodes: list[ast.AST]) -> list[ast.AST]:
    found: list[ast.AST] = []
    for node in nodes:
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            found.append(node.test)
        elif isinstance(node, ast.BoolOp):
            found += node.values
        elif isinstance(node, ast.comprehension):
            found += node.ifs
    return list(dict.fromkeys(found))


def _values(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.keyword):
            yield node.arg or "", node.value
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in _targets(node):
                yield _last_name(target), node.value


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _smallest(nodes: list[ast.AST], names: set[str]) -> list[ast.AST]:
    found = [node for node in nodes if names <= mentions(node)]
    outer = {id(node) for node in found for inner in found if inner is not node and inner in ast.walk(node)}
    return [node for node in found if id(node) not in outer]


def mentions(node: ast.AST) -> set[str]:
    """Return the names in a node: identifiers, words of strings, other constants, operators of comparisons."""
    found: set[str] = set()
    for inner in ast.walk(node):
        found.update(value for value in vars(inner).values() if isinstance(value, str))
        if isinstance(inner, ast.Constant):
            found.update(re.findall(r"\w+", str(inner.value)))
        found.update(OPERATORS.get(type(inner), "").split())
    return found


def _only(found: list[ast.AST] | list[ast.Constant], change: Change):  # type: ignore[no-untyped-def]
    if len(found) != 1:
        lines = [getattr(node, "lineno", 0) for node in found]
        raise Misplaced(f"{change}: found {len(found)} places (lines {lines}), expected one")
    return found[0]


def _span(text: str, node: ast.AST) -> tuple[int, int]:
    """Return where a node begins and ends in the UTF-8 of the text; columns of `ast` count bytes."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]


def _source(text: str, node: ast.AST) -> str:
    start, end = _span(text, node)
    return text.encode()[start:end].decode()


def _replaced(text: str, parts: dict[ast.AST, str]) -> str:
    data = text.encode()
    for start, end, part in sorted(((*_span(text, node), part) for node, part in parts.items()), reverse=True):
        data = data[:start] + part.encode() + data[end:]
    return data.decode()


def _check_names(before: ast.Module, after: ast.Module, change: Change) -> None:
    """Refuse a change that brings in a name that the file does not know: a NameError would turn any test red."""
    strange = _identifiers(after) - _identifiers(before) - KNOWN
    if strange:
        raise Misplaced(f"{change}: the file does not know {sorted(strange)}")


def _identifiers(tree: ast.Module) -> set[str]:
    return {
        value
        for node in ast.walk(tree)
        if not isinstance(node, ast.Constant)
        for value in vars(node).values()
        if isinstance(value, str)
    }
