"""docs/operations.md: its tables are complete, and its backup and restore commands work."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client

from actors.commands import COMMANDS
from actors.core.supervision.health import ALERTS
from actors.core.supervision.kinds import KINDS
from actors.core.supervision.reload import FOLLOWED, REFUSED
from actors.errors import ConfigError
from actors.interfaces import Delivery
from actors.stores.log import LogReader
from actors.stores.outbox import Outbox
from tests.support import SLOWNESS, Pipeline, eventually

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
needs_sqlite3 = pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 program is not installed")


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table below a heading: its rows by the names in backticks of the first cell."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n#", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]
    return {name: row[1:] for row in cells for name in re.findall(r"`([^`]+)`", row[0])}


def scripts() -> list[str]:
    """Return the commands of the page that these tests run: the backup, the new epoch."""
    return re.findall(r"<!-- tests/faults/test_operations.py runs this -->\n```sh\n(.*?)```", PAGE, re.DOTALL)


# The tables


def test_every_alert_has_a_row_with_level_and_advice():
    table = rows("Alerts")
    assert {key: row[0] for key, row in table.items()} == {key: meaning.level for key, meaning in ALERTS.items()}
    assert all(len(row) == 3 and all(row) for row in table.values())


def test_every_reload_key_has_a_row_with_the_restarted_kinds_or_the_refusal():
    table = rows("Reload")
    restarts: dict[str, list[str]] = {}
    for kind in KINDS:
        for key in kind.reads:
            restarts.setdefault(key.replace("{name}", "NAME"), []).append(kind.name)
    assert set(table) == {*restarts, *FOLLOWED, *REFUSED}
    for key, kinds in restarts.items():
        assert all(f"`{kind}`" in table[key][0] for kind in kinds), key
        assert "is restarted" in table[key][0] or "are restarted" in table[key][0], key
    assert all(table[key][0].startswith("refused: ") for key in REFUSED)


def test_every_command_that_the_page_calls_exists():
    called = set(re.findall(r"\./supervisor\.py ([a-z]+)", PAGE))
    assert called <= {"start", *COMMANDS}
    assert {"start", "stop", "status", "reload", "doctor", "service", "logs", "top", "restart"} <= called


def test_every_file_of_a_running_pipeline_is_in_the_table(pipeline):
    pipeline.command("emit", "raid", "user=ada", "viewers=1")
    patterns = [name.replace("NAME", "*") for name in rows("Run directory")]
    stores = ("log.db", "outbox-*.db")
    patterns += ["console.log", *(f"{store}-{kind}" for store in stores for kind in ("wal", "shm"))]
    files = [path.relative_to(pipeline.run_dir).as_posix() for path in pipeline.run_dir.rglob("*") if not path.is_dir()]
    assert [file for file in files if not any(fnmatch(file, pattern) for pattern in patterns)] == []
    modes = {path: path.stat().st_mode & 0o077 for path in pipeline.run_dir.rglob("*") if path.is_file()}
    assert [path.name for path, open_to in modes.items() if open_to and path.name != "console.log"] == []


# Backup and restore


OWN_FILES = tuple(
    f"overlays/{name}" for name in ("themes/mine/theme.json", "widgets/clock.mjs", "alerts.toml", "media/party.gif")
)


class Copy(Pipeline):
    """A second pipeline, with ports of its own, from a backup of the first."""

    def __init__(self, backup: Path) -> None:
        super().__init__()
        shutil.copytree(backup, self.run_dir, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory) -> Iterator[tuple[Pipeline, Path]]:
    """A pipeline, and a backup that was made with the commands of the page while events arrived."""
    backup = tmp_path_factory.mktemp("framewire") / "backup"
    with Pipeline() as pipeline:
        for name in OWN_FILES:
            file = pipeline.run_dir / name
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.write_text("own")
            file.chmod(0o600)
        pipeline.start()
        assert pipeline.command("emit", "raid", "user=ada", "--id", "before", "--count", "50").returncode == 0
        emitting = pipeline.begin("emit", "raid", "user=ada", "--id", "while", "--count", "3000")
        eventually(lambda: LogReader(pipeline.run_dir).head().top > 100, 10)
        run(scripts()[0], RUN_DIR=pipeline.run_dir, COPY=backup)
        assert emitting.wait(60 * SLOWNESS) == 0
        emitting.communicate()
        yield pipeline, backup


def run(script: str, **variables: Path) -> None:
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60 * SLOWNESS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def ids(run_dir: Path) -> list[str]:
    """Return the id of every event in the log, which must have no gap."""
    reader = LogReader(run_dir)
    events = reader.page(0, 100_000)
    reader.close()
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    return [event.id for event in events]


def overlay(pipeline: Pipeline, resume: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Reconnect as an overlay; return its welcome, and the events up to the top."""
    hello = {"t": "hello", "version": 2, "token": pipeline.tokens.display, "overlay_id": "main", "resume": resume}
    address = f"ws://127.0.0.1:{pipeline.gateway_port}/ws"
    with websockets.sync.client.connect(address, max_size=None) as connection:
        connection.send(json.dumps(hello | {"format": "json"}))
        welcome = json.loads(connection.recv(timeout=20 * SLOWNESS))
        position, seen = welcome["position"], []
        while position < welcome["top"]:
            message = json.loads(connection.recv(timeout=20 * SLOWNESS))
            if message["t"] == "frame":
                events = [event for event in message["events"] if event.get("position")]
                seen += [event["id"] for event in events]
                position = events[-1]["position"] if events else position
    return welcome, seen


@needs_sqlite3
def test_a_backup_of_a_busy_pipeline_is_complete_and_can_be_started(backed_up):
    pipeline, backup = backed_up
    files = {path.relative_to(backup).as_posix() for path in backup.rglob("*") if path.is_file()}
    assert files == {"log.db", "outbox-ingest.db", *OWN_FILES}
    stores = [path for path in backup.iterdir() if path.is_file()]
    assert [path.name for path in [backup, *stores] if path.stat().st_mode & 0o077] == []
    logged = ids(backup)
    assert logged == ids(pipeline.run_dir)[: len(logged)]
    with Copy(backup) as second:
        second.start()
        accepted = [f"before-{number}" for number in range(1, 51)]
        assert second.command("emit", "raid", "user=ada", "--id", "after").returncode == 0
        eventually(lambda: ids(second.run_dir)[-1] == "after", 20)
        found = ids(second.run_dir)
        assert len(set(found)) == len(found)
        assert found[:50] == accepted
        # Rows that only the outbox had are in the log, too, in their order; no sent event is missing.
        sent = [f"while-{number}" for number in range(1, 3_001)]
        assert found[50:-1] == sent[: len(found) - 51]
        assert len(found) - 1 >= len(logged)
        head = LogReader(second.run_dir).head()
        welcome, seen = overlay(second, {"epoch": head.epoch, "position": 0})
        assert (welcome["mode"], welcome["recovered"]) == ("resume", True)
        assert seen == found
        assert ids(pipeline.run_dir)[-1] == "while-3000"  # the first one has noticed nothing


@needs_sqlite3
def test_an_older_backup_gets_a_new_epoch_and_overlays_miss_no_new_event(backed_up):
    pipeline, backup = backed_up
    old = LogReader(pipeline.run_dir).head()
    with Copy(backup) as second:
        run(scripts()[1], RUN_DIR=second.run_dir)
        second.start()
        ahead = {"epoch": old.epoch, "position": old.top}
        assert second.command("emit", "raid", "user=ada", "--id", "new", "--count", "3500").returncode == 0
        eventually(lambda: ids(second.run_dir)[-1] == "new-3500", 30)
        welcome, _ = overlay(second, ahead)
        assert welcome["epoch"] != old.epoch
        assert (welcome["mode"], welcome["recovered"]) == ("snapshot", False)
        found = ids(second.run_dir)
        assert len(set(found)) == len(found)


@needs_sqlite3
def test_what_is_readable_of_a_damaged_outbox_is_sent(tmp_path: Path) -> None:
    box = Outbox(tmp_path, "ingest", 300.0)
    box.commit([Delivery([("event", b"row %6d " % number * 20) for number in range(1, 401)], 1.0)])
    box.close()
    path = tmp_path / "outbox-ingest.db"
    content = bytearray(path.read_bytes())
    page = content.index(b"row %6d" % 200) // 4096 * 4096
    content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is damaged"):
        Outbox(tmp_path, "ingest", 300.0)
    run(scripts()[2], RUN_DIR=tmp_path)
    again = Outbox(tmp_path, "ingest", 300.0)
    assert (again.producer, again.newest, path.stat().st_mode & 0o077) == (box.producer, 400, 0)
    found = again.reader().rows(0, 1_000)
    again.close()
    assert [item.pseq for item in found] == list(range(1, 401))
    missing = [item.pseq for item in found if item.kind != "event"]
    assert 200 in missing
    assert len(missing) < 60


def test_a_copy_of_a_stopped_pipeline_continues_at_its_position(pipeline, tmp_path):
    assert pipeline.command("emit", "raid", "user=ada", "--id", "one", "--count", "20").returncode == 0
    assert pipeline.stop(signal.SIGINT) == 0
    head, found = LogReader(pipeline.run_dir).head(), ids(pipeline.run_dir)
    with Copy(pipeline.run_dir) as second:
        second.start()
        assert second.command("emit", "raid", "user=ada", "--id", "two").returncode == 0
        eventually(lambda: ids(second.run_dir) == [*found, "two"], 20)
        welcome, seen = overlay(second, {"epoch": head.epoch, "position": 18})
        assert (welcome["recovered"], seen) == (True, ["one-19", "one-20", "two"])
