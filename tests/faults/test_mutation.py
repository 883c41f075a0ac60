"""The mutations still find what they change; what they prove is shown by `make mutation`, which takes minutes."""

from __future__ import annotations

import pytest

from tests import mutation
from tests.mutation import Edit


def test_every_mutation_finds_its_place_and_compiles():
    mutation.check_all()
    names = [one.name for one in mutation.MUTATIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("one", mutation.MUTATIONS, ids=lambda one: one.name)
def test_every_mutation_names_tests_that_are_there(one):
    for test in one.tests:
        path, _, name = test.partition("::")
        assert (mutation.ROOT / path).exists()
        assert f"def {name.partition('[')[0]}" in (mutation.ROOT / path).read_text() or not name


@pytest.mark.parametrize("text", ["nothing", "old and old"])
def test_a_text_that_is_not_found_exactly_once_stops_the_run(text):
    with pytest.raises(SystemExit, match="expected once"):
        mutation.changed(text, Edit("file", "old", "new"))
