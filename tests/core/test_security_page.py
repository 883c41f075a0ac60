"""docs/security.md: every test that it names exists, and every point of the checklist has its row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+::[^`]+)`", PAGE))))
def test_a_test_that_the_page_names_exists(named):
    path, _, name = named.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_point_of_the_checklist_has_a_row_and_a_verdict():
    rows = re.findall(r"^\| (S\d+) \| [^|]+\| (holds|in part|does not apply)\b", PAGE, flags=re.MULTILINE)
    assert [number for number, _ in rows] == [f"S{number}" for number in range(1, 31)]
