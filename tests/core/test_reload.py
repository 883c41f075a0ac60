"""Effects of changed settings: every key restarts, applies at once, or is refused."""

import msgspec
import pytest

from actors import config
from actors.core.supervision import kinds
from actors.core.supervision.reload import FOLLOWED, REFUSED, SettingChange, longest, plan
from tests.core.test_config import names

BEFORE = config.load(None)


def planned(*overrides: str):
    """Return the plan of a reload from the defaults to the defaults with overrides."""
    after = config.load(None, overrides)
    return plan(config.tree_of(BEFORE), config.tree_of(after), BEFORE.children(), after.children())


@pytest.mark.parametrize(("override", "restarts"), [
    ("supervisor.hang_kill_s=9.0", []),
    ("budgets.cpu_pct=50.0", []),
    ("budgets.of.gateway.cpu_pct=50.0", []),
    ("demo=false", []),
    ("gateway.legacy_ws_payload=true", ["gateway-1"]),
    ("gateway.processes=2", ["gateway-1"]),
    ("normalizer.processes=2", ["queue-manager", "ingest", "demo"]),
    ("queue.flush_hz=50.0", ["queue-manager"]),
    ("producer.retry_s=0.5", ["ingest", "demo"]),
    ("ingest.max_body_bytes=2048", ["ingest"]),
])  # fmt: skip
def test_a_change_restarts_the_processes_that_read_it(override, restarts):
    found = planned(override)
    assert (found.restarts, found.refusals) == (restarts, [])
    assert found.changes[0].key.startswith(override.split("=")[0].rpartition(".")[0])


@pytest.mark.parametrize("key", ["gateway.port=7800", "gateway.host=::1", "ingest.port=7801", "run_dir=elsewhere"])
def test_a_setting_that_cannot_change_is_refused_with_the_reason(key):
    name = key.split("=")[0]
    found = planned(key, "demo=false")
    assert [refusal.startswith(f"{name} is ") for refusal in found.refusals] == [True]
    assert found.refusals[0].endswith("stop and start instead")


def test_an_unchanged_file_restarts_no_process():
    assert planned() == ([], [], [])


def test_each_kind_is_restarted_once():
    found = planned("queue.flush_hz=50.0", "queue.busy_hz=20.0", "gateway.hello_s=1.0")
    assert found.restarts == ["gateway-1", "queue-manager"]
    assert found.changes[0] == SettingChange("queue.flush_hz", 60.0, 50.0)


def test_every_setting_restarts_a_kind_or_applies_at_once_or_is_refused():
    children = BEFORE.children()
    for key in names(config.Settings):
        answers = [
            longest(REFUSED, key) is not None,
            any(f"{key}.".startswith(f"{followed}.") for followed in FOLLOWED),
            any(kinds.reads(child, key) for child in children),
        ]
        assert any(answers), f"nothing says what a change of {key} means"


FEED = 'sources.feed={kind="websocket",url="ws://127.0.0.1:1",map=[]}'
OTHER = 'sources.other={kind="websocket",url="ws://127.0.0.1:1",map=[]}'


def test_a_change_of_one_source_restarts_that_source_alone():
    before = config.load(None, [FEED, OTHER])
    after = config.load(None, [FEED.replace(":1", ":2"), OTHER])
    found = plan(config.tree_of(before), config.tree_of(after), before.children(), after.children())
    assert (found.restarts, [change.key for change in found.changes]) == (["feed"], ["sources.feed.url"])


def test_a_new_source_restarts_nothing():
    after = config.load(None, [FEED])
    found = plan(config.tree_of(BEFORE), config.tree_of(after), BEFORE.children(), after.children())
    assert (found.restarts, found.refusals) == ([], [])


def test_keys_of_a_table_are_compared():
    exceptional = msgspec.to_builtins(config.BudgetOverrides())
    found = planned("budgets.of.gateway.cpu_pct=50.0").changes
    assert found == [SettingChange("budgets.of.gateway", None, exceptional | {"cpu_pct": 50.0})]
