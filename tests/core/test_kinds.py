"""Which processes a configuration asks for, and what they are called."""

import importlib.util

import pytest

from actors.core.supervision.kinds import MODULES, children, parse_name


def test_every_child_of_a_plan_has_a_name_that_leads_back_to_it():
    for child in children(3, 4, demo=True):
        assert parse_name(child.name) == (child.kind, child.index)


def test_names_are_unique_and_counted_from_one():
    names = [child.name for child in children(2, 2, demo=True)]
    assert len(names) == len(set(names))
    assert {"gateway-1", "gateway-2", "normalizer-1", "normalizer-2"} < set(names)


def test_consumers_come_before_the_producers_that_need_them():
    kinds = [child.kind for child in children(1, 1, demo=True)]
    assert kinds.index("queue-manager") < kinds.index("normalizer") < kinds.index("ingest") < kinds.index("demo")


def test_the_demo_can_be_left_out():
    assert "demo" not in [child.name for child in children(1, 1, demo=False)]


@pytest.mark.parametrize("name", ["", "gateway", "gateway-", "gateway-x", "ingest-1", "queue", "normalizer", "-1"])
def test_what_is_no_name_is_refused_with_the_kinds(name):
    with pytest.raises(ValueError, match="kinds are"):
        parse_name(name)


@pytest.mark.parametrize("module", MODULES.values())
def test_every_kind_has_a_module(module):
    assert importlib.util.find_spec(module)
