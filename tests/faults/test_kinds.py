"""A new kind of process needs only one row in the table of kinds."""

from __future__ import annotations

from actors import config, control
from tests.support import SLOWNESS, eventually


def test_a_new_kind_is_started_shown_measured_reloaded_drained_and_stopped(tree):
    (tree.run_dir / "lamp.row").touch()
    with (tree.run_dir / "tiny.toml").open("a") as file:
        file.write('[budgets]\non_memory_warn = "alert"\n[budgets.of.lamp]\nmemory_warn_bytes = 1024\n')
    process = tree.start()
    assert tree.row("lamp")["state"] == "running"  # started and shown

    def alerts() -> list[str]:
        return [alert["name"] for alert in tree.status()["alerts"] if alert["key"] == "memory.warn"]

    eventually(lambda: alerts() == ["lamp"], 10)  # budgeted: the other kinds keep their limits
    before = tree.pids()
    answer = reload_with_row(tree)
    assert [one["name"] for one in answer["restarted"]] == ["queue-manager", "lamp"]
    eventually(lambda: tree.row("lamp")["state"] == "running" and tree.pids()["lamp"] != before["lamp"], 10)
    assert tree.pids()["gateway-1"] == before["gateway-1"]
    control.request(tree.run_dir, "stop", 5 * SLOWNESS)
    assert process.wait(20 * SLOWNESS) == 0
    left = [name for name in tree.left() if name in ("ingest", "lamp", "gateway-1")]
    assert left[-3:] == ["ingest", "lamp", "gateway-1"]  # drained: stage by stage, after the producers


def reload_with_row(tree):
    """Send the settings as the supervisor has them, with one key of `queue` changed."""
    tree_of_settings = config.tree_of(config.of_run_dir(tree.run_dir))
    tree_of_settings["queue"]["flush_hz"] = 50.0
    return control.request(
        tree.run_dir, "reload", 5 * SLOWNESS, settings=tree_of_settings, source={"file": None, "overrides": []}
    )
