"""What the fault tests share: a tree of small children, and the figures of the full forms at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import figures
from tests.faults.tree import Tree


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
