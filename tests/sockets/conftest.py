"""Fixtures for the tests of the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sockets.gateway_rig import Rig


@pytest.fixture
def own() -> Iterator[list[Rig]]:
    """The gateways of one test; they are closed after it."""
    rigs: list[Rig] = []
    yield rigs
    for rig in rigs:
        rig.close()
