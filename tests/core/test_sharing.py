"""Objects that are made after `settle` are on other pages than the objects before it, so a fork does not copy those."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from actors.supervision import sharing

size, settled = int(sys.argv[1]), sys.argv[2] == "settled"
made = [bytes(size) for _ in range(200_000 // (size + 33))]
kept = made[::2]
del made
if settled:
    sharing.settle()
pages = {id(one) // 4096 for one in kept}
print(sum(id(one) // 4096 in pages for one in [bytes(size) for _ in range(30)]))
"""


def on_old_pages(size: int, how: str) -> int:
    """Return how many of 30 new objects are on a page of the old ones, every second of which was freed."""
    return int(subprocess.check_output([sys.executable, "-c", PROGRAM, str(size), how], text=True))


@pytest.mark.skipif(sys.platform != "linux", reason="on other systems processes are started by exec")
@pytest.mark.parametrize("size", [2, 40, 450, 700])
def test_new_objects_are_not_between_old_ones(size):
    assert on_old_pages(size, "settled") < 5  # at the end of the last page
    assert on_old_pages(size, "not settled") > 15
