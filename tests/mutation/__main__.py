"""Remove each safety in turn, and check that a test fails.

    python -m tests.mutation [--list] [WORD …]      all mutations, or those whose name contains one of the words

Every mutation (table.py) is a small change in a temporary copy of the tree. A change whose place is not found exactly
once (places.py) stops the run. First the tests run on the unchanged copy, and must pass. The output has the test that
failed for each mutation; the exit code is 1 when a mutation survives.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from tests.mutation.places import ROOT, changed
from tests.mutation.table import MUTATIONS, Mutation

COPIED: Final = ("actors", "bench", "configs", "docs", "tests", "web_overlay")
FILES: Final = ("supervisor.py", "setup.cfg", "pyproject.toml", "package.json")
TEST_S: Final = 600.0  # per file or test
WORKERS: Final = 2  # each with a copy of its own; the tests wait more than they work

# A counterexample is enough; a search for the smallest takes minutes.
CONFTEST: Final = """
from hypothesis import Phase, settings

settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("mutation")
"""


def copy_tree(target: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules", "results", ".*")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=skipped)
    for name in FILES:
        shutil.copy(ROOT / name, target / name)
    (target / "conftest.py").write_text(CONFTEST, encoding="utf-8")


def run_tests(tree: Path, tests: tuple[str, ...], stop_at_first: bool = True) -> tuple[bool, str]:
    """Run tests in a tree; return whether all passed, and the first that failed."""
    modules = [test for test in tests if test.endswith(".mjs")]
    python = [test for test in tests if not test.endswith(".mjs")]
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "TEST_SLOWNESS": "1"}
    timeout_s = TEST_S * len(tests)
    for command in (
        [shutil.which("node") or "node", "--test", *modules] if modules else [],
        [sys.executable, "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *["-x"] * stop_at_first, *python]
        if python
        else [],
    ):
        if not command:
            continue
        try:
            done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return False, f"{tests[0]} did not end"
        if done.returncode != 0:
            red = re.search(r"^(?:FAILED|ERROR) (\S+)|^not ok \d+ - (.+)|^✖ (.+?)(?: \(|$)", done.stdout, re.MULTILINE)
            if red is None:
                raise SystemExit(f"the tests did not run (exit code {done.returncode}):\n{done.stdout}{done.stderr}")
            return False, next(filter(None, red.groups()))
    return True, ""


def try_one(trees: queue.SimpleQueue[Path], mutation: Mutation) -> tuple[bool, str]:
    """Return whether the mutation survives in one of the trees, and the test that failed; the tree is restored."""
    tree = trees.get()
    before = {change.file: (tree / change.file).read_text(encoding="utf-8") for change in mutation.changes}
    try:
        for change in mutation.changes:
            (tree / change.file).write_text(changed(tree, change), encoding="utf-8")
        return run_tests(tree, mutation.tests)
    finally:
        for file, text in before.items():
            (tree / file).write_text(text, encoding="utf-8")
        trees.put(tree)


def choose(words: list[str]) -> list[Mutation]:
    """Return the mutations whose name contains one of the words, all if there is none; each has its places."""
    has_node = shutil.which("node") is not None and (ROOT / "node_modules" / "typescript").exists()
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    if not has_node and not os.environ.get("CI"):
        chosen = [one for one in chosen if all(change.file.endswith(".py") for change in one.changes)]
    for change in (change for mutation in chosen for change in mutation.changes):
        changed(ROOT, change)
    return chosen


def try_all(chosen: list[Mutation], directory: Path) -> int:
    """Print the result of each mutation; return the number of those that survive.

    Raises:
        SystemExit: a test fails without any mutation.
    """
    begun_s = time.monotonic()
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(WORKERS):
        tree = directory / str(number)
        copy_tree(tree)
        trees.put(tree)
    tests = tuple(dict.fromkeys(test for mutation in chosen for test in mutation.tests))
    passes, failed = run_tests(tree, tests, stop_at_first=False)
    if not passes:
        raise SystemExit(f"this test fails without any mutation: {failed}")
    print(f"without any mutation: {len(tests)} files and tests pass ({time.monotonic() - begun_s:.0f} s)", flush=True)
    survivors = 0
    with ThreadPoolExecutor(WORKERS) as workers:
        for mutation, (survives, failed) in zip(chosen, workers.map(partial(try_one, trees), chosen), strict=True):
            survivors += survives
            word = "SURVIVED" if survives else "red"
            print(f"{word:<9} {mutation.name:<70} {failed.rpartition('/')[2]}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} found ({time.monotonic() - begun_s:.0f} s)")
    return survivors


def main(arguments: list[str]) -> int:
    chosen = choose([argument for argument in arguments if not argument.startswith("-")])
    if "--list" in arguments:
        print("\n".join(one.name for one in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        return 1 if try_all(chosen, Path(directory)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
