"""The process tree with real processes that are killed, hang, fail or are orphaned. The children are tiny_actor.py.

No process may be lost: a process that dies is restarted, and orphans are ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from typing import Any

import psutil
import pytest

from actors import control, host
from actors.supervision import meters
from bench.ports import free_ports
from tests.faults.tree import HANG_KILL_S, fast
from tests.support import SLOWNESS, eventually


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_child_is_restarted_and_others_are_unaffected(tree):
    tree.start()
    before = tree.pids()
    os.kill(before["queue-manager"], signal.SIGKILL)
    eventually(lambda: tree.running() and tree.row("queue-manager")["restarts"] == 1)
    after = tree.pids()
    assert tree.row("queue-manager")["last_reason"] == "killed by SIGKILL"
    assert after.pop("queue-manager") != before.pop("queue-manager")
    assert after == before


def test_all_children_are_restarted_after_a_kill_of_all(tree):
    tree.start()
    for pid in tree.pids().values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: tree.running() and all(row["restarts"] == 1 for row in tree.status()["processes"]))


def test_a_child_without_heartbeats_is_killed_and_restarted(tree):
    tree.start()
    os.kill(tree.pids()["gateway-1"], signal.SIGSTOP)
    eventually(lambda: tree.running() and tree.row("gateway-1")["restarts"] == 1, 10)
    assert tree.row("gateway-1")["last_reason"].startswith("hung: no heartbeat for")
    assert "child silent name=gateway-1" in tree.said()


def test_a_child_that_dies_repeatedly_is_degraded_and_still_restarted(tree):
    tree.start()
    tree.behave("ingest", "dies")
    tree.kill("ingest")
    eventually(lambda: tree.row("ingest")["degraded"], 10)
    assert tree.status()["state"] == "degraded"
    tree.behave("ingest", "")
    eventually(lambda: tree.row("ingest")["state"] == "running")


def test_a_child_that_refuses_its_configuration_fails_the_start_with_its_message(tree):
    tree.behave("gateway-1", "refuses")
    process = tree.start(ready=False)
    assert process.wait(10 * SLOWNESS) == 2
    assert "gateway-1: gateway.port is wrong" in tree.said()
    assert not list(tree.run_dir.glob("*.sock"))


def test_a_child_that_refuses_its_configuration_later_fails_alone(tree):
    tree.start()
    tree.behave("ingest", "refuses")
    tree.kill("ingest")
    eventually(lambda: tree.row("ingest")["state"] == "failed")
    assert tree.row("gateway-1")["state"] == "running"
    tree.behave("ingest", "")
    control.request(tree.run_dir, "restart", 5 * SLOWNESS, name="ingest")
    eventually(tree.running)


def test_a_malformed_heartbeat_is_reported_and_has_no_other_effect(tree):
    tree.behave("gateway-1", "prints_garbage")
    tree.start()
    assert "malformed heartbeat name=gateway-1" in tree.said()
    eventually(lambda: tree.row("gateway-1")["state"] == "running")
    assert tree.row("gateway-1")["restarts"] == 0
    assert tree.said().count("malformed heartbeat") == 1


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(tree):
    first = tree.start()
    second = tree.start(ready=False)
    assert second.wait(10 * SLOWNESS) == 3
    assert f"a pipeline is already running with run_dir {tree.run_dir} (supervisor pid={first.pid})" in tree.said()
    assert tree.running()


def test_a_second_supervisor_is_refused_even_if_the_lock_file_was_removed(tree):
    first = tree.start()
    (tree.run_dir / "supervisor.lock").unlink()
    second = tree.start(ready=False)
    assert second.wait(10 * SLOWNESS) == 3
    assert "although its supervisor.lock was deleted" in tree.said()
    assert tree.running()
    assert first.poll() is None


def test_a_stop_goes_from_sources_to_gateways_and_leaves_no_run_files(tree):
    process = tree.start()
    pids = tree.pids()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10 * SLOWNESS) == 0
    left = tree.left()
    assert set(left[:2]) == {"demo", "ingest"}
    assert left[2:] == ["normalizer-1", "queue-manager", "broadcaster", "gateway-1"]
    assert not any(is_alive(pid) for pid in pids.values())
    assert not [file.name for file in tree.run_dir.iterdir() if file.name.endswith(".sock")]
    assert not (tree.run_dir / "children.json").exists()


def test_a_child_that_ignores_stop_is_killed_after_drain_s(tree):
    tree.behave("ingest", "ignores_stop")
    process = tree.start()
    process.send_signal(signal.SIGINT)
    assert process.wait(10 * SLOWNESS) == 0
    assert tree.left()[-1] == "gateway-1"


def test_a_second_interrupt_kills_at_once(tree):
    (tree.run_dir / "tiny.toml").write_text((tree.run_dir / "tiny.toml").read_text().replace("1.0", "600.0"))
    tree.behave("ingest", "ignores_stop")
    process = tree.start()
    process.send_signal(signal.SIGINT)
    eventually(lambda: tree.status()["state"] == "stopping" and tree.row("ingest")["state"] == "stopping")
    process.send_signal(signal.SIGINT)
    assert process.wait(10 * SLOWNESS) == 0


def test_children_exit_when_their_supervisor_is_killed(tree):
    process = tree.start()
    pids = tree.pids()
    process.kill()
    eventually(lambda: not any(is_alive(pid) for pid in pids.values()))


def test_orphans_that_do_not_exit_are_killed_by_the_next_supervisor(tree):
    tree.behave("queue-manager", "ignores_stop")
    process = tree.start()
    pid = tree.pids()["queue-manager"]
    process.kill()
    process.wait()
    assert is_alive(pid)
    tree.start()
    assert not is_alive(pid)
    assert f"leftover killed name=queue-manager pid={pid}" in tree.said()


@pytest.mark.parametrize("told", [{}, {"created_s": 1.0}, {"boot": "another"}, {"boot": None}])
def test_an_unrelated_process_with_the_pid_of_an_orphan_is_not_killed(tree, told):
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        created_s = meters.created_s(stranger.pid)
        row = {"name": "ingest", "pid": stranger.pid, "created_s": created_s, "boot": host.boot_id()} | told
        (tree.run_dir / "children.json").write_text(json.dumps([row]))
        tree.start()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("spawn", ["template", "exec"])
def test_the_guardian_restarts_a_supervisor_that_is_killed_repeatedly(tree, spawn):
    guard = tree.start_guarded(spawn=spawn)
    for _ in range(3):
        pid, children = tree.status()["pid"], tree.pids()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda old=pid: tree.replaced(old), 10)
        assert not any(is_alive(child) for child in children.values())
    assert tree.status()["guardian_pid"] == guard.pid
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(10 * SLOWNESS) == 0
    assert tree.left()[-1] == "gateway-1"


def test_the_guardian_replaces_a_supervisor_that_hangs(tree):
    guard = tree.start_guarded(hang_s=3.0)
    pid, children = tree.status()["pid"], tree.pids()
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: not is_alive(pid), 20)
    eventually(lambda: tree.replaced(pid), 10)
    assert not any(is_alive(child) for child in children.values())
    assert "supervisor killed (no heartbeat" in tree.said()
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(10 * SLOWNESS) == 0


def test_the_guardian_does_not_restart_after_a_stop_command(tree):
    guard = tree.start_guarded()
    control.request(tree.run_dir, "stop", 5 * SLOWNESS)
    assert guard.wait(10 * SLOWNESS) == 0


def test_the_guardian_returns_the_exit_code_of_a_failed_start(tree):
    tree.behave("ingest", "refuses")
    assert tree.start_guarded(ready=False).wait(10 * SLOWNESS) == 2


def test_the_pipeline_continues_when_its_guardian_is_killed(tree):
    guard = tree.start_guarded()
    pid = tree.status()["pid"]
    guard.kill()
    eventually(lambda: tree.status()["guardian_pid"] is None)
    assert tree.status()["pid"] == pid
    assert tree.running()


def test_a_port_in_use_is_named_before_any_process_starts(tree):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (tree.run_dir / "tiny.toml").write_text(fast(port, free_ports(1)[0]))
        assert tree.start(ready=False).wait(10 * SLOWNESS) == 3
    assert f"gateway.port {port} on 127.0.0.1 is in use by another program" in tree.said()


def test_a_suspended_machine_kills_no_child(tree):
    process = tree.start()
    pids = tree.pids()
    all_pids = [process.pid, *pids.values()]
    for pid in all_pids:
        os.kill(pid, signal.SIGSTOP)
    until_s = time.monotonic() + HANG_KILL_S + 1.0  # STALLED_S is 1 s
    eventually(lambda: time.monotonic() > until_s)
    for pid in all_pids:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: tree.running() and max(row["heartbeat_age_s"] for row in tree.status()["processes"]) < 0.5)
    assert tree.pids() == pids
    assert "stalled" in tree.said()


def test_cpu_and_memory_are_numbers_in_base_units(tree):
    tree.start()
    eventually(lambda: all(row["rss_bytes"] and row["cpu_pct"] is not None for row in tree.status()["processes"]))
    status = tree.status()
    assert 1 << 20 < status["processes"][0]["rss_bytes"] < 1 << 30
    assert status["actors"]["ingest"] == {"turns": 1}


def test_every_metric_of_every_process_is_measured_in_turn(tree):
    tree.start()
    names = ("cpu_pct", "rss_bytes", "memory_bytes", "uss_bytes", "open_files", "threads", "ctx_switches")

    def rows() -> list[dict[str, Any]]:
        status = tree.status()
        return [status, *status["processes"]]

    # A process that was measured right after its fork has not been switched yet; it is measured again.
    eventually(lambda: all(row[name] is not None and row["ctx_switches"] for row in rows() for name in names), 10)
    for row in rows():
        assert row["rss_bytes"] > 1 << 20
        assert 1 << 16 < row["uss_bytes"] <= row["memory_bytes"]  # a forked process may own less than 1 MiB
        assert row["open_files"] >= 3
        assert row["threads"] >= 1
