"""The kinds of processes: plan, names, order, and that a new kind needs only one row."""

import importlib.util

import pytest

from actors import config
from actors.core.supervision.kinds import KINDS, Child, Kind, children, parse_name, reads

COUNTS = {"gateway.processes": 2, "normalizer.processes": 3, "sources": ["demo", "twitch"], "templates": []}


def plan(**changes: object) -> list[Child]:
    return children(COUNTS | changes)


def test_the_plan_has_every_process_once_consumers_first():
    assert [child.name for child in plan()] == [
        "broadcaster", "gateway-1", "gateway-2", "queue-manager", "normalizer-1", "normalizer-2", "normalizer-3",
        "ingest", "demo", "twitch",
    ]  # fmt: skip


def test_the_pipeline_is_ready_without_the_template():
    first = plan(templates=["template"])[0]
    assert (first.name, first.kind, first.optional) == ("template", "template", True)


def test_processes_of_one_kind_are_counted_from_one():
    assert [child.index for child in plan() if child.kind == "normalizer"] == [1, 2, 3]


def test_producers_stop_first_and_gateways_last():
    stages = {child.name: child.stage for child in plan()}
    order = ["twitch", "normalizer-1", "queue-manager", "broadcaster", "gateway-1"]
    assert stages["ingest"] == stages["twitch"]
    assert sorted(order, key=stages.__getitem__) == order
    assert len({stages[name] for name in order}) == len(order)


@pytest.mark.parametrize("name", ["", "gateway", "gateway-", "gateway-x", "ingest-1", "queue", "normalizer", "source"])
def test_an_unknown_process_name_is_refused_with_the_list_of_kinds(name):
    with pytest.raises(ValueError, match="Kinds: template, broadcaster, gateway"):
        parse_name(name, ["twitch"])


def test_kind_and_index_are_read_from_a_name():
    for child in plan():
        kind, index = parse_name(child.name, COUNTS["sources"])
        assert (kind.name, kind.module) == (child.kind, child.module)
        assert index == child.index or child.kind == "source"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_a_module(kind):
    assert importlib.util.find_spec(kind.module)


@pytest.mark.parametrize(
    ("name", "key", "restarted"),
    [
        ("twitch", "sources.twitch.channel", True),
        ("twitch", "sources.twitch", True),
        ("twitch", "sources.demo", False),
        ("twitch", "sources.twitchy", False),
        ("twitch", "producer.retry_s", True),
        ("twitch", "normalizer.processes", True),
        ("gateway-1", "gateway.hello_s", True),
        ("gateway-1", "ingest.max_body_bytes", False),
    ],
)
def test_a_child_is_restarted_by_the_settings_that_it_reads(name, key, restarted):
    assert reads(next(child for child in plan() if child.name == name), key) is restarted


def test_a_kind_needs_only_one_row():
    row = Kind("lamp", "tests.lamp", "lamps", reads=("lamp.{name}",), stage=1, optional=True)
    assert children({"lamps": ["left", "right"]}, [row]) == [
        Child("left", "lamp", 1, "tests.lamp", ("lamp.left",), 1, True),
        Child("right", "lamp", 2, "tests.lamp", ("lamp.right",), 1, True),
    ]


def test_the_demo_can_be_turned_off():
    assert [child.name for child in config.load(None, ["demo=false"]).children()][-1] == "ingest"
