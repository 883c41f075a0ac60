"""Fixtures of the fault tests: a pipeline, a tree of small children, and the figures at the end of a full run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import figures
from tests.faults.tree import Tree
from tests.support import Pipeline


@pytest.fixture
def idle() -> Iterator[Pipeline]:
    """A pipeline that is not started."""
    with Pipeline() as pipeline:
        yield pipeline


@pytest.fixture
def tree() -> Iterator[Tree]:
    tree = Tree()
    try:
        yield tree
    finally:
        tree.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in figures.LINES if config.option.markexpr == "faults" else []:
        terminalreporter.write_line(line)
