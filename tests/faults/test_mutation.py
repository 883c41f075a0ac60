"""Every mutation matches its place. `make mutation`, which takes minutes, shows that a test fails for each."""

from __future__ import annotations

import shutil

import pytest

from tests.mutation.places import ROOT, Change, Misplaced, changed
from tests.mutation.table import MUTATIONS
from tests.web.conftest import missing

SOURCE = '''TABLE = ("first", "second")

class Store:
    def take(self, key, limit):
        """Return what is kept."""
        if key is None or key in self.kept:
            self.count(key)
        größe, self.last = "ä", self.read(
            key, limit=limit + 1)
        return self.last
'''


def test_the_names_of_mutations_are_unique():
    names = [one.name for one in MUTATIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_every_mutation_matches_its_places_once_and_changes_them(one):
    for change in one.changes:
        if change.file.endswith(".py"):
            compile(changed(ROOT, change), change.file, "exec")
        elif shutil.which("node") is None:
            missing("Node")
        elif not (ROOT / "node_modules" / "typescript").exists():
            missing("TypeScript")
        else:
            changed(ROOT, change)


@pytest.mark.parametrize("one", MUTATIONS, ids=lambda one: one.name)
def test_every_mutation_names_tests_that_exist(one):
    for test in one.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists()
        assert f"def {name.partition('[')[0]}" in (ROOT / path).read_text() or not name


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (("TABLE", "swap", "first second"), '("first", "second")', '("second", "first")'),
        (("TABLE", "text", "sec", "th"), '"second"', "'thond'"),
        (("Store.take", "statement", "count", "pass"), "self.count(key)", "pass"),
        (("Store.take", "call", "count", "{it}, None"), "self.count(key)", "(self.count(key), None)"),
        (("Store.take", "condition", "key kept", "False"), "key in self.kept", "(False)"),
        (("Store.take", "condition", "is", "True"), "key is None", "(True)"),
        (("Store.take", "value", "limit", "limit"), "limit + 1", "(limit)"),
        (("Store.take", "expression", "limit 1", "limit"), "limit + 1", "(limit)"),
        (("Store.take", "expression", "ä", '"b"'), '"ä"', '("b")'),
        (("Store.take", "result", "", "None"), "return self.last", "return (None)"),
    ],
)
def test_a_place_is_found_by_names(tmp_path, change, before, after):
    (tmp_path / "store.py").write_text(SOURCE, encoding="utf-8")
    assert SOURCE.count(before) == 1
    where, *rest = change
    assert changed(tmp_path, Change(f"store.py:{where}", *rest)) == SOURCE.replace(before, after)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("Store.put", "statement", "count", "pass"), "put is defined 0 times"),
        (("Store.take", "condition", "key", "False"), "found 2 places"),
        (("Store.take", "call", "counts", "None"), "found 0 places"),
        (("Store.take", "statement", "count", "{it}"), "changes nothing"),
        (("Store.take", "statement", "count", "self.cuont(key)"), r"does not know \['cuont'\]"),
        (("Store.take", "loop", "count", "pass"), "no kind 'loop'"),
        (("TABLE", "text", "s", "x"), "found 2 places"),
    ],
)
def test_a_change_without_exactly_one_place_is_refused(tmp_path, change, why):
    (tmp_path / "store.py").write_text(SOURCE, encoding="utf-8")
    where, *rest = change
    with pytest.raises(Misplaced, match=why):
        changed(tmp_path, Change(f"store.py:{where}", *rest))
