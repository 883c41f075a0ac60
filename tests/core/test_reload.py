"""What a changed setting asks for: every key of the settings has an answer."""

import msgspec
import pytest

from actors import config
from actors.core.supervision.reload import REFUSED, RESTARTS, Change, longest, plan
from tests.core.test_config import names

BEFORE = config.tree_of(config.load(None))


def changed(*overrides: str) -> dict[str, object]:
    return config.tree_of(config.load(None, overrides))


@pytest.mark.parametrize(("override", "restarts"), [
    ("supervisor.hang_kill_s=9.0", []),
    ("budgets.cpu_pct=50.0", []),
    ("budgets.of.gateway.cpu_pct=50.0", []),
    ("demo=false", []),
    ("gateway.legacy_ws_payload=true", ["gateway"]),
    ("gateway.processes=2", ["gateway"]),
    ("normalizer.processes=2", ["ingest"]),
    ("queue.flush_hz=50.0", ["queue-manager"]),
    ("producer.retry_s=0.5", ["ingest"]),
    ("ingest.max_body_bytes=2048", ["ingest"]),
])  # fmt: skip
def test_a_change_restarts_who_reads_it(override, restarts):
    found = plan(BEFORE, changed(override))
    assert (found.restarts, found.refusals) == (restarts, [])
    assert found.changes[0].key.startswith(override.split("=")[0].rpartition(".")[0])


@pytest.mark.parametrize("key", ["gateway.port=7800", "gateway.host=::1", "ingest.port=7801", "run_dir=elsewhere"])
def test_what_others_hold_on_to_is_refused_with_the_reason(key):
    name = key.split("=")[0]
    found = plan(BEFORE, changed(key, "demo=false"))
    assert [refusal.startswith(f"{name} is ") for refusal in found.refusals] == [True]
    assert found.refusals[0].endswith("stop and start instead")


def test_nothing_changed_asks_for_nothing():
    assert plan(BEFORE, changed()) == ([], [], [])


def test_each_kind_is_restarted_once():
    found = plan(BEFORE, changed("queue.flush_hz=50.0", "queue.busy_hz=20.0", "gateway.hello_s=1.0"))
    assert found.restarts == ["queue-manager", "gateway"]
    assert found.changes[0] == Change("queue.flush_hz", 60.0, 50.0)


def test_every_setting_has_an_answer():
    for key in names(config.Settings):
        answers = [table for table in (RESTARTS, REFUSED) if longest(table, key) is not None]
        assert answers, f"nothing says what a change of {key} means"


def test_a_key_of_a_table_is_compared_too():
    exceptional = msgspec.to_builtins(config.Exceptional())
    found = plan(BEFORE, changed("budgets.of.gateway.cpu_pct=50.0")).changes
    assert found == [Change("budgets.of.gateway", None, exceptional | {"cpu_pct": 50.0})]
