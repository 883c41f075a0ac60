"""The figures of the full forms stand at the end of the run."""

from __future__ import annotations

import pytest

from tests.faults import figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in figures.LINES if config.option.markexpr == "faults" else []:
        terminalreporter.write_line(line)
