"""What a source accepted before it was removed from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors import config
from actors.adapters import generic
from actors.core.contract.types.community import Follow
from actors.interfaces import Delivery
from actors.producers import leftovers
from actors.stores.outbox import Outbox, has_waiting
from tests.support import Pipeline, eventually


def leave(run_dir: Path, name: str) -> None:
    """Store a follow that no process has sent."""
    run_dir.mkdir(mode=0o700, exist_ok=True)
    body = generic.packed("follow", Follow("ottoline"), "feed", "follow-1")
    store = Outbox(run_dir, name, 300.0)
    store.commit([Delivery([("event", body)], 0.0)])
    store.close()


def why(pipeline: Pipeline) -> str:
    return pipeline.command("why", "follow-1", "--json").stdout


@pytest.mark.parametrize("now", [[], ['sources.feed={kind="webhook",preset="github"}']], ids=["removed", "webhook"])
def test_what_a_source_without_a_process_has_accepted_is_logged(idle: Pipeline, now: list[str]) -> None:
    idle.overrides += now
    leave(idle.run_dir, "feed")
    idle.start()
    eventually(lambda: '"logged"' in why(idle), 20)
    eventually(lambda: not has_waiting(idle.run_dir, "feed"), 10)
    log = idle.run_dir / "log" / "ingest.log"
    eventually(lambda: "leftover outbox closed name=feed waiting=0" in log.read_text(), 10)


def test_outboxes_of_configured_sources_and_damaged_ones_are_left_alone(tmp_path: Path) -> None:
    chat, hook = {"kind": "twitch_chat", "channels": ["ottoline"]}, {"kind": "webhook", "preset": "github"}
    settings = config.of_tree({"demo": False, "sources": {"chat": chat, "hook": hook}})
    for name in ("chat", "hook", "ingest", "trace", "feed"):
        leave(tmp_path, name)
    (tmp_path / "outbox-broken.db").write_bytes(b"no database")
    assert leftovers.waiting(tmp_path) == []  # the settings are missing
    (tmp_path / config.SETTINGS_FILE).write_bytes(config.encode(settings))
    assert leftovers.waiting(tmp_path) == ["feed", "hook"]  # the ingest stores what `hook` accepts in its own
