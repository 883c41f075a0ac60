"""Damage to the files and pipes of a running pipeline, by an operator, a clean-up script or a full disk.

It neither ends the supervisor nor prevents the restart of a killed one. The children are tiny_actor.py.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from actors import config, control, host
from actors.config import Settings
from actors.errors import BadInput
from actors.supervision import meters
from actors.supervision.process_tree import Supervisor
from tests.faults.tree import Tree
from tests.support import SLOWNESS, STRANGER, Pipeline, eventually, in_a_child


def come_back(tree: Tree, name: str) -> None:
    """Kill a child, and wait until it is another one."""
    before = tree.row(name)["restarts"]
    tree.kill(name)
    eventually(lambda: tree.running() and tree.row(name)["restarts"] > before, 10)


def samples(tree: Tree) -> None:
    """Wait until the supervisor has measured again, twice."""
    begun = tree.status()["uptime_s"]
    eventually(lambda: tree.status()["uptime_s"] > begun + 0.5)


def test_deleted_logs_are_created_again(tree):
    tree.start()
    shutil.rmtree(tree.run_dir / "log")
    come_back(tree, "ingest")
    assert "child died name=ingest" in (tree.run_dir / "log" / "supervisor.log").read_text()


def test_foreign_files_in_the_log_directory_end_no_process(tree):
    tree.start()
    folder = tree.run_dir / "log"
    (folder / "x.log").symlink_to("/nonexistent")
    (folder / "ingest.log.1").mkdir()
    (folder / "ingest.log").write_bytes(b"2026-13-45T99:99:99 ERROR ingest x\n" + b"y" * (6 << 20))
    samples(tree)
    tree.behave("ingest", "refuses")
    tree.kill("ingest")
    eventually(lambda: tree.row("ingest")["state"] == "failed")


def test_an_unwritable_log_is_reported_without_a_restart_storm(tree):
    tree.start()
    (tree.run_dir / "log" / "ingest.log").unlink()
    (tree.run_dir / "log" / "ingest.log").mkdir()
    tree.kill("ingest")
    eventually(lambda: tree.row("ingest")["last_reason"].startswith("cannot start"))
    samples(tree)
    assert tree.said().count("child not started") < 50
    (tree.run_dir / "log" / "ingest.log").rmdir()
    eventually(tree.running, 10)


def test_changed_file_modes_prevent_no_restart(tree):
    guard = tree.start_guarded()
    pid = tree.status()["pid"]
    tree.run_dir.chmod(0o755)
    (tree.run_dir / "log").chmod(0o755)
    come_back(tree, "ingest")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: tree.replaced(pid), 20)
    assert "exit code" not in tree.said()
    assert stat.S_IMODE(tree.run_dir.stat().st_mode) == 0o700
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(10 * SLOWNESS) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_run_directory_with_another_owner_prevents_a_restart(tree):
    guard = tree.start_guarded()
    os.chown(tree.run_dir, STRANGER, STRANGER)
    try:
        os.kill(tree.status()["pid"], signal.SIGKILL)
        eventually(lambda: f"run_dir {tree.run_dir} belongs to" in tree.said(), 20)
        assert not tree.running()
    finally:
        os.chown(tree.run_dir, os.getuid(), os.getgid())
    eventually(tree.running, 20)
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(10 * SLOWNESS) == 0


def test_a_failed_supervisor_leaves_the_list_of_its_children_and_the_reason(tree):
    """A failure of ours while a child hangs: the next one must find and end it."""
    guard = tree.start_guarded()
    pid, hung = tree.status()["pid"], tree.pids()["gateway-1"]
    os.kill(hung, signal.SIGSTOP)
    control.request(tree.run_dir, "status", 5 * SLOWNESS)
    (tree.run_dir / "fail").touch()  # see tiny_supervisor.py
    eventually(lambda: tree.replaced(pid), 20)
    assert not psutil.pid_exists(hung) or psutil.Process(hung).status() == psutil.STATUS_ZOMBIE
    assert "on purpose" in (tree.run_dir / "log" / "supervisor.log").read_text()
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(10 * SLOWNESS) == 0


def test_a_failed_measurement_is_unknown_and_ends_no_process():
    meter = meters.Meter(os.getpid())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    meter.sample()
    assert meter.readings["rss_bytes"]
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))  # no file can be opened, not even in /proc
    try:
        meter.sample()
        meter.sample_expensive()
        other = meters.Meter(os.getpid())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert set(meter.readings.values()) == set(other.readings.values()) == {None}
    meter.sample()
    assert meter.readings["rss_bytes"]


def test_a_full_disk_raises_an_alert_that_clears(monkeypatch):
    with tempfile.TemporaryDirectory() as folder:
        supervisor = Supervisor([], Settings(), Path(folder), lambda _: None)
        seen = []
        for free_bytes in (1 << 40, 1_000, 1 << 40):
            monkeypatch.setattr(host, "free_bytes", lambda _, free_bytes=free_bytes: free_bytes)
            supervisor._sample(time.monotonic())
            seen.append([alert.key for alert in supervisor._board.active])
        supervisor.close()
    assert seen == [[], ["disk.full"], []]


@pytest.mark.parametrize("mode", [0o600, 0o000])
def test_a_run_directory_that_its_owner_cannot_enter_ends_no_process(mode):
    """As a user without root's rights over modes; what is tried is what a supervisor does each sample."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder)
        (run_dir / "log").mkdir()
        if os.getuid() == 0:
            os.chown(run_dir, STRANGER, STRANGER)
            os.chown(run_dir / "log", STRANGER, STRANGER)

        def sample() -> str:
            supervisor = Supervisor([], Settings(), run_dir, lambda _: None)
            run_dir.chmod(mode)
            supervisor._sample(time.monotonic())
            supervisor.close()
            return "fine"

        said = in_a_child(sample, become=STRANGER)
        run_dir.chmod(0o700)
        assert said == "fine"


@pytest.mark.parametrize("name", ["tokens.json", "settings.json", "children.json", "control.sock", "supervisor.lock"])
@pytest.mark.parametrize("wreck", ["emptied", "a directory"])
def test_a_killed_supervisor_restarts_when_its_files_are_repaired(tree, name, wreck):
    guard = tree.start_guarded()
    pid = tree.status()["pid"]
    file = tree.run_dir / name
    content = file.read_bytes() if file.is_file() else None
    os.kill(guard.pid, signal.SIGSTOP)  # so that the wreck is there before the next supervisor is
    os.kill(pid, signal.SIGKILL)
    file.unlink()
    if wreck == "emptied":
        file.touch(mode=0o600)
    else:
        file.mkdir()
    os.kill(guard.pid, signal.SIGCONT)
    eventually(lambda: tree.running() or "supervisor died reason='exited with code" in tree.said(), 20)
    assert guard.poll() is None
    if not tree.running() and file.exists():
        (file.rmdir if file.is_dir() else file.unlink)()
        if content is not None and name.endswith(".json"):
            file.write_bytes(content)
            file.chmod(0o600)
    eventually(lambda: tree.replaced(pid), 20)
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(10 * SLOWNESS) == 0


def test_deleted_settings_are_written_again(tree):
    tree.start()
    (tree.run_dir / "settings.json").unlink()
    eventually((tree.run_dir / "settings.json").exists)
    assert config.of_run_dir(tree.run_dir).run_dir == str(tree.run_dir)


@pytest.mark.parametrize("changed", [
    {"settings": {"gateway": {"allowed_hosts": ["\ud800"]}}},
    {"source": {"file": "\ud800"}},
    {"source": {"overrides": 5}},
    {"source": None},
])  # fmt: skip
def test_a_reload_that_cannot_be_stored_changes_nothing(tree, changed):
    tree.start()
    before = (tree.run_dir / "settings.json").read_bytes()
    settings = json.loads(before)
    settings["gateway"] |= changed.get("settings", {}).get("gateway", {})
    with pytest.raises(BadInput):
        control.request(tree.run_dir, "reload", 5 * SLOWNESS, settings=settings, source=changed.get("source", {}))
    assert (tree.run_dir / "settings.json").read_bytes() == before
    assert tree.running()


def test_malformed_metrics_of_a_child_are_ignored(tree):
    tree.behave("ingest", "bad_stats")
    tree.start()
    samples(tree)
    assert tree.status()["actors"]["ingest"] == {"events": 7}
    assert tree.said().count("child ready name=ingest") == 1


def test_a_client_that_waits_for_the_stop_is_not_evicted_by_many_connections(tree):
    (tree.run_dir / "tiny.toml").write_text((tree.run_dir / "tiny.toml").read_text().replace("1.0", "3.0"))
    tree.behave("ingest", "ignores_stop")
    process = tree.start()
    with control.connect(tree.run_dir) as talk:
        talk.request("stop")
        crowd = []
        for _ in range(40):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(tree.run_dir / "control.sock"))
            crowd.append(client)
        assert talk.wait_for_end(20.0)
        assert process.wait(10 * SLOWNESS) == 0
        for client in crowd:
            client.close()


def test_a_closed_terminal_ends_no_process():
    with Pipeline() as pipeline:
        command = [sys.executable, str(Path(__file__).resolve().parents[2] / "supervisor.py"), "start", "--no-guardian"]
        command += [part for override in pipeline.overrides for part in ("--set", override)]
        reader, writer = os.pipe()
        pipeline.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
        os.close(writer)
        os.close(reader)
        eventually(pipeline.running, 20)
        pipeline.kill("broadcaster")
        with (pipeline.run_dir / "log" / "ingest.log").open("a") as log:
            log.write("2026-07-07T12:00:00.000+0000 ERROR ingest for the terminal\n")
        begun = pipeline.status()["uptime_s"]
        eventually(lambda: pipeline.status()["uptime_s"] > begun + 2.5)
        assert pipeline.running()
