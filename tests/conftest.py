"""Fixtures for all tests."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Pipeline

# A command that a shell starts with & ignores SIGINT, and so do its children. Tests send it to children.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A private directory with a short path: the name of an ipc socket has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="fw-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    """The whole product, running."""
    with Pipeline() as pipeline:
        pipeline.start()
        yield pipeline
