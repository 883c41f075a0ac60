"""Commands of an operator on the whole product: status, top, logs, reload, restart, budgets, completion."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from actors import config, control, logs
from actors.config import FlagName
from tests.faults.witness import Witness
from tests.support import SLOWNESS, SUPERVISOR, TEMPLATES, Pipeline, eventually
from tests.terminal import Terminal

ACTORS = ["broadcaster", "gateway-1", "queue-manager", "normalizer-1", "ingest"]
NAMES = [*TEMPLATES, *ACTORS]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m"
OBEYED = (b"\x1b]0;", b"\x07", "\x9b".encode(), b"\x1b[2Jhere")


@pytest.fixture(scope="module")
def shared() -> Iterator[Pipeline]:
    """One running pipeline for tests that do not change it."""
    with Pipeline("supervisor.sample_s=0.1") as pipeline:
        pipeline.start()
        yield pipeline


@pytest.fixture
def idle() -> Iterator[Pipeline]:
    """A pipeline that is not started."""
    with Pipeline("supervisor.sample_s=0.1") as pipeline:
        yield pipeline


def called(run_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command for the pipeline in `run_dir`, without other settings."""
    command = [sys.executable, str(SUPERVISOR), *arguments, "--set", f"run_dir={run_dir}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def rows(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in pipeline.status()["processes"]}


def settings(pipeline: Pipeline) -> list[str]:
    return [part for override in pipeline.overrides for part in ("--set", override)]


# status


def test_status_without_a_terminal_has_80_columns_and_no_colors(shared, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    eventually(lambda: all(row["cpu_pct"] is not None for row in rows(shared).values()))
    said = shared.command("status").stdout
    assert "\x1b" not in said
    assert all(len(line) <= 80 for line in said.splitlines())
    head, *others = said.split("\n\n")  # alerts of a busy machine, the processes, overlays once the gateway reported
    table = next(part for part in others if part.startswith("NAME"))
    assert re.fullmatch(r"\w+, up [\d.]+ s, (\d+ alerts?, )?CPU [\d.]+ %, memory [\d.]+ MB, pid \d+", head)
    assert [line.split()[0] for line in table.splitlines() if not line.startswith(" ")] == ["NAME", *NAMES]


def test_status_on_a_wide_terminal_has_more_columns_and_colors(shared):
    with Terminal("status", *settings(shared), columns=160) as terminal:
        assert terminal.ends() == 0
        terminal.shows("BUSY", "SWITCHES")
        assert terminal.colors("running") == {"green"}


# logs


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A run directory in which two processes have written."""
    (tmp_path / "log").mkdir()
    logs.path_of(tmp_path, "gateway-1").write_text(
        "2026-07-07T12:00:00.000+0000 INFO gateway-1 listening port=7700\n"
        f"2026-07-07T12:00:02.000+0000 WARNING gateway-1 slow overlay name='{EVIL}here'\n"
    )
    logs.path_of(tmp_path, "ingest").write_text(
        "2026-07-07T12:00:01.000+0000 ERROR ingest failed\nTraceback\n  here\n"
        "2026-07-07T12:00:03.000+0000 INFO ingest accepting\n"
    )
    return tmp_path


@pytest.mark.parametrize(("arguments", "seconds"), [
    ((), "0 1 2 3"),
    (("ingest",), "1 3"),
    (("gateway",), "0 2"),
    (("-n", "2"), "2 3"),
    (("-n", "0"), ""),
    (("--level", "warning"), "1 2"),
    (("--level", "ERROR", "gateway-1"), ""),
    (("--level", "warning", "-n", "1"), "2"),
])  # fmt: skip
def test_logs_are_selected_by_name_level_and_number_in_order_of_time(written, arguments, seconds):
    done = called(written, "logs", *arguments)
    assert done.returncode == 0, done.stderr
    assert " ".join(re.findall(r"12:00:0(\d)", done.stdout)) == seconds
    as_json = called(written, "logs", *arguments, "--json").stdout
    assert [json.loads(line)["ts"][18] for line in as_json.splitlines()] == seconds.split()


def test_a_traceback_stays_with_its_line_and_json_has_one_object_per_line(written):
    assert "ERROR ingest failed\nTraceback\n  here\n" in called(written, "logs").stdout
    facts = [json.loads(line) for line in called(written, "logs", "--json").stdout.splitlines()]
    assert (facts[1]["event"], facts[1]["more"]) == ("failed", "Traceback\n  here")
    assert facts[2]["name"] == f"{EVIL}here"


def test_a_log_cannot_control_a_terminal(written):
    for option in ((), ("--json",)):
        with Terminal("logs", *option, "--set", f"run_dir={written}") as terminal:
            assert terminal.ends() == 0
            terminal.shows("slow overlay", "here")
            assert not any(sequence in terminal.written for sequence in OBEYED)


def test_start_prints_warnings_of_the_log_without_control_characters(shared):
    with logs.path_of(shared.run_dir, "ingest").open("a") as file:
        file.write(f"2026-07-07T12:00:02.000+0000 WARNING ingest said line='{EVIL}here'\n")
    eventually(lambda: "WARNING ingest said" in shared.said())
    assert not any(sequence in shared.said().encode() for sequence in OBEYED)


def test_a_secret_that_is_not_utf_8_is_refused_without_repeating_it(tmp_path: Path) -> None:
    command = [sys.executable, str(SUPERVISOR), "secret", "set", "token", "--set", f"run_dir={tmp_path / 'run'}"]
    done = subprocess.run(command, input=b"hidden\xff\n", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, b"error: The secret is not UTF-8\n")
    assert not (tmp_path / "run" / "secrets").exists()


def test_a_missing_log_is_reported(written, tmp_path):
    done = called(written, "logs", "unknown")
    assert (done.returncode, done.stderr) == (2, "error: Unknown log 'unknown'. Logs: gateway-1, ingest\n")
    done = called(tmp_path / "nowhere", "logs")
    assert done.returncode == 3
    assert "no pipeline was ever started" in done.stderr


def test_following_logs_continues_over_rotation_and_restart_until_ctrl_c(written):
    command = [sys.executable, str(SUPERVISOR), "logs", "-f", "-n", "1", "--set", f"run_dir={written}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    stream = process.stdout
    assert stream is not None
    reader = threading.Thread(target=lambda: [lines.append(line.split()[-1]) for line in stream])
    reader.start()
    try:
        eventually(lambda: lines == ["accepting"], 10)
        path = logs.path_of(written, "ingest")
        for number in range(3):
            with path.open("a") as file:
                file.write(f"2026-07-07T12:00:04.000+0000 INFO ingest before-{number}\n")
            logs.rotate(path, max_bytes=0)
            path.write_text(f"2026-07-07T12:00:05.000+0000 INFO ingest after-{number}\n")
            expected = ["accepting"] + [f"{word}-{past}" for past in range(number + 1) for word in ("before", "after")]
            eventually(lambda expected=expected: lines == expected)
        logs.path_of(written, "demo").write_text("2026-07-07T12:00:06.000+0000 INFO demo new\n")
        eventually(lambda: lines[-1] == "new")
        process.send_signal(signal.SIGINT)
        assert process.wait(10 * SLOWNESS) == 0
    finally:
        process.kill()
        _, errors = process.communicate()
        reader.join()
    assert (errors, len(lines)) == ("", 8)


# reload and restart


def test_a_reload_of_all_settings_under_load_loses_repeats_and_reorders_no_event():
    with Witness() as witness:
        witness.post()
        before = witness.rows()
        for changes, outcome in (
            ([f"flags.{name}=off" for name in get_args(FlagName)], "applied at once"),
            (["flags.canary=['viewer']", *(f"flags.{name}=canary" for name in get_args(FlagName))], "applied at once"),
            ([f"flags.{name}=on" for name in get_args(FlagName)], "applied at once"),
            (["queue.flush_hz=50.0"], "restarted queue-manager"),
            (["gateway.heartbeat_s=1.5", "ingest.max_body_bytes=500000"], "restarted gateway-1, ingest"),
            (["normalizer.processes=2", "demo=true"], "restarted queue-manager, ingest; started demo, normalizer-2"),
            (["normalizer.processes=1", "demo=false"], "restarted queue-manager, ingest; stopped demo, normalizer-2"),
        ):
            witness.grows(30)
            done = called(witness.run_dir, "reload", *(part for change in changes for part in ("--set", change)))
            assert done.returncode == 0, done.stderr
            assert sorted(done.stdout.splitlines()[-1].split("; ")) == sorted(outcome.split("; "))
        witness.grows(30)
        eventually(lambda: set(witness.rows()) == set(NAMES), 20)
        restarts = {name: row["restarts"] for name, row in witness.rows().items() if name in ACTORS}
        assert restarts == {"broadcaster": 0, "gateway-1": 1, "queue-manager": 3, "normalizer-1": 0, "ingest": 3}
        assert witness.rows()["broadcaster"]["pid"] == before["broadcaster"]["pid"]
        assert witness.rows()["ingest"]["last_reason"] == "restarted by a reload"
        witness.check()


def test_a_restart_of_each_process_under_load_loses_repeats_and_reorders_no_event():
    with Witness() as witness:
        witness.post()
        for name in NAMES:
            witness.grows(20)
            done = called(witness.run_dir, "restart", name, "--json")
            assert json.loads(done.stdout)["restarted"] == [name], done.stderr
        assert {witness.rows()[name]["restarts"] for name in ACTORS} == {
            1
        }  # the template may answer one of them too late
        witness.check()


@pytest.mark.parametrize("key", ["gateway.host=127.0.0.2", "ingest.host=127.0.0.2", "faults.kill_at=x"])
def test_a_reload_of_a_fixed_setting_is_refused_and_changes_nothing(shared, key):
    file = shared.run_dir / config.SETTINGS_FILE
    before, pids = file.read_bytes(), {name: row["pid"] for name, row in rows(shared).items()}
    done = shared.command("reload", "--set", key, "--set", "queue.flush_hz=50.0")
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: nothing was changed: {key.partition('=')[0]} is ")
    assert "stop and start instead" in done.stderr
    assert file.read_bytes() == before
    assert {name: row["pid"] for name, row in rows(shared).items()} == pids


@pytest.mark.parametrize(("change", "words"), [
    ("queue.max_events=0", "at `$.queue.max_events`"),
    ("queue.max_event=1", "did you mean `max_events`?"),
    ("budgets.memory_warn_bytes=600000000", "expected at most memory_critical_bytes"),
])  # fmt: skip
def test_a_wrong_value_is_reported_before_any_change(shared, change, words):
    before = (shared.run_dir / config.SETTINGS_FILE).read_bytes()
    done = shared.command("reload", "--set", change)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("with --set") <= 1
    assert (shared.run_dir / config.SETTINGS_FILE).read_bytes() == before


@pytest.mark.parametrize("request_", [{}, {"settings": {"demo": 7}}, {"settings": {}}, {"settings": {}, "source": 7}])
def test_the_supervisor_checks_the_settings_of_a_reload_itself(shared, request_):
    source = (shared.run_dir / config.SOURCE_FILE).read_bytes()
    with pytest.raises(control.BadInput):
        control.request(shared.run_dir, "reload", 5 * SLOWNESS, **request_)
    assert (shared.run_dir / config.SOURCE_FILE).read_bytes() == source


def test_an_edited_file_is_applied_and_a_malformed_one_changes_nothing(idle, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[budgets]\ncpu_pct = 80.0\n")
    idle.start("--no-guardian", "--config", str(file))
    file.write_text("[budgets]\ncpu_pct = 70.0\n[queue]\nflush_hz = 50.0\n")
    done = called(idle.run_dir, "reload", "--preview")
    assert done.stdout.splitlines()[-1] == "would restart queue-manager", done.stderr
    assert config.of_run_dir(idle.run_dir).budgets.cpu_pct == 80.0
    file.write_text("[budgets]\ncpu_pct = 70.0\n")
    done = called(idle.run_dir, "reload")
    assert (done.stdout, done.returncode) == ("budgets.cpu_pct: 80.0 → 70.0\napplied at once\n", 0), done.stderr
    assert called(idle.run_dir, "reload").stdout == "nothing has changed\n"
    assert called(idle.run_dir, "reload", "--set", "budgets.cpu_pct=60.0").returncode == 0
    file.write_text("[budgets]\ncpu_pct = 90.0\n")
    said = called(idle.run_dir, "reload").stdout
    assert said == (
        "budgets.cpu_pct stays 60.0, as --set or the dashboard has set it; the file has 90.0: "
        "./supervisor.py reload --unset budgets.cpu_pct\nnothing has changed\n"
    )
    done = called(idle.run_dir, "reload", "--unset", "budgets.cpu_pct")
    assert (done.stdout, done.returncode) == ("budgets.cpu_pct: 60.0 → 90.0\napplied at once\n", 0), done.stderr
    done = called(idle.run_dir, "reload", "--unset", "budgets.cpu_pct")
    assert done.returncode == 2
    assert "budgets.cpu_pct is not set by --set or the dashboard; these are: " in done.stderr
    file.write_text("[budgets]\ncpu_pct = 70.0\n")
    assert called(idle.run_dir, "reload").returncode == 0
    file.write_text("[budgets\n")
    done = called(idle.run_dir, "reload")
    assert done.returncode == 2
    assert "is not TOML" in done.stderr
    assert config.of_run_dir(idle.run_dir).budgets.cpu_pct == 70.0
    assert {row["restarts"] for row in rows(idle).values()} == {0}
    file.write_text("")
    changed = json.loads(called(idle.run_dir, "reload", "--set", "demo=true", "--json").stdout)
    assert (changed["started"], changed["restarted"]) == (["demo"], [])
    assert [change["key"] for change in changed["changes"]] == ["demo", "budgets.cpu_pct"]


def test_a_process_with_a_refused_configuration_names_it_and_restarts_on_reload(idle):
    idle.start()
    file = idle.run_dir / config.SETTINGS_FILE
    before = file.read_bytes()
    file.write_bytes(before.replace(b'"run_dir"', b'"run_dri"'))
    os.kill(idle.pid("normalizer-1"), signal.SIGKILL)
    eventually(lambda: rows(idle)["normalizer-1"]["state"] == "failed")
    (alert,) = idle.status()["alerts"]
    assert (alert["key"], alert["name"], alert["level"]) == ("process.failed", "normalizer-1", "critical")
    assert "unknown field `run_dri`" in alert["text"]
    assert alert["command"] == f"./supervisor.py reload --set run_dir={idle.run_dir}"
    status = idle.command("status")
    said = status.stdout
    assert (status.returncode, idle.command("status", "--json").returncode) == (1, 1)
    assert "!! process.failed normalizer-1: wrong configuration: " in " ".join(said.split())
    assert all(len(line) <= 80 for line in said.splitlines() if not line.startswith("     ./supervisor.py "))
    done = idle.command("restart", "normalizer-1")  # still wrong
    assert done.returncode == 1
    assert "normalizer-1 does not start: wrong configuration" in done.stderr
    file.write_bytes(before)
    assert idle.command("reload").stdout == "restarted normalizer-1\n"
    assert idle.status()["alerts"] == []


# budgets


def answer(pipeline: Pipeline, path: str) -> str:
    url = f"http://127.0.0.1:{pipeline.gateway_port}{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {pipeline.tokens.control}"})
    with urllib.request.urlopen(request, timeout=10 * SLOWNESS) as response:
        text: str = response.read().decode()
        return text


def test_an_exceeded_budget_is_an_alert_until_a_reload_raises_the_budget(idle):
    idle.overrides += ["budgets.memory_warn_bytes=1000000", "budgets.on_memory_warn=alert"]
    idle.start()
    eventually(lambda: len(idle.status()["alerts"]) == len(ACTORS))
    assert {alert["key"] for alert in idle.status()["alerts"]} == {"memory.warn"}
    status = idle.command("status")
    assert status.returncode == 0  # a warning is active
    lines = status.stdout.splitlines()
    assert re.fullmatch(r"!  memory\.warn broadcaster: \d+\.\d MB of resident memory, budget 1\.0 MB, for .*", lines[1])
    # a command that can be pasted: for this pipeline, not for the one of the default settings
    assert lines[2] == f"   → check whether it grows: ./supervisor.py top --set run_dir={idle.run_dir}"
    assert json.loads(answer(idle, "/api/status"))["alerts"][0]["name"] == "broadcaster"
    assert 'framewire_alert{key="memory.warn",level="warn",name="ingest"} 1.0' in answer(idle, "/metrics")
    assert "alert raised key=memory.warn name=ingest" in idle.command("logs", "supervisor").stdout
    idle.overrides.append("supervisor.hang_warn_s=1.9")  # an unrelated setting has no effect
    assert idle.command("reload").returncode == 0
    assert len(idle.status()["alerts"]) == len(ACTORS)
    idle.overrides.append("budgets.memory_warn_bytes=500000000")
    assert idle.command("reload").returncode == 0
    assert idle.status()["alerts"] == []
    assert "framewire_alert{" not in answer(idle, "/metrics")
    assert {row["restarts"] for row in rows(idle).values()} == {0}


def test_a_budget_restarts_a_process_at_most_once_a_minute(idle):
    idle.overrides += [
        "supervisor.sample_s=0.02",  # many samples see it start; what they see must not use up its minute
        "budgets.of.normalizer.memory_warn_bytes=1000000",
        "budgets.of.normalizer.memory_critical_bytes=2000000",
        "budgets.of.normalizer.on_memory_critical=restart",
    ]
    idle.start()
    eventually(lambda: rows(idle)["normalizer-1"]["restarts"] == 1, 10)
    eventually(lambda: [alert["name"] for alert in idle.status()["alerts"]] == ["normalizer-1"], 10)  # no better
    assert re.fullmatch(
        r"over its budget: \d+\.\d MB of resident memory, budget 2\.0 MB", rows(idle)["normalizer-1"]["last_reason"]
    )
    eventually(lambda: (rows(idle)["normalizer-1"]["uptime_s"] or 0.0) > 2.0, 10)  # a hundred samples
    idle.overrides.append("supervisor.hang_warn_s=1.9")
    assert idle.command("reload").returncode == 0  # a reload gives it no further restart
    eventually(lambda: (rows(idle)["normalizer-1"]["uptime_s"] or 0.0) > 3.0, 10)
    # Without the template: on a loaded machine it may be replaced because it answers too late.
    assert {name: rows(idle)[name]["restarts"] for name in ACTORS} == dict.fromkeys(ACTORS, 0) | {"normalizer-1": 1}


# top


def test_top_shows_restarts_and_obeys_keys_and_the_window_size(shared):
    restarts = rows(shared)["gateway-1"]["restarts"]
    with Terminal("top", *settings(shared)) as top:
        top.shows(*NAMES, "q quit")
        assert "BUSY" not in top.text()
        top.press("r")
        top.shows("select a process first")
        top.press(*["down"] * (NAMES.index("gateway-1") + 1))
        eventually(lambda: top.reversed().startswith("gateway-1"))
        top.press("r")
        top.shows("restarting gateway-1", "last: restarted on request")
        eventually(lambda: rows(shared)["gateway-1"]["restarts"] == restarts + 1)
        eventually(shared.running)
        top.press("l")
        top.shows("log of gateway-1", "Esc back")
        top.press("escape")
        top.shows(*NAMES, "r restart")
        top.press("l")
        top.shows("log of gateway-1")
        top.press("l")
        top.shows("r restart")
        top.resize(160, 30)
        top.shows(*NAMES, "BUSY", "SWITCHES")
        for columns, lines in ((40, 6), (10, 3), (2, 2), (1, 1), (80, 24)):
            top.resize(columns, lines)
            top.press("up", "l", "l")
        top.shows(*NAMES, "RESTARTS")
        top.press("q")
        assert top.ends() == 0


def test_top_on_a_wide_terminal_has_more_columns_and_colors(shared):
    with Terminal("top", *settings(shared), columns=160) as top:
        top.shows(*NAMES, "BUSY", "SWITCHES")
        assert top.colors("running") == {"green"}
        top.press("\x03")
        assert top.ends() == 0


def test_top_shows_terminal_control_characters_of_a_log_as_text(shared):
    logs.path_of(shared.run_dir, "broadcaster").write_text("")
    with Terminal("top", *settings(shared)) as top:
        top.shows(*NAMES)
        top.press(*["down"] * (NAMES.index("broadcaster") + 1), "l")
        top.shows("log of broadcaster: no lines yet")
    with logs.path_of(shared.run_dir, "broadcaster").open("a") as file:
        file.write(f"2026-07-07T12:00:02.000+0000 WARNING ingest said line='{EVIL}here {'世' * 500}'\n")
    with Terminal("top", *settings(shared)) as top:
        top.shows(*NAMES)
        top.press(*["down"] * (NAMES.index("broadcaster") + 1), "l")
        top.shows("log of broadcaster", "here")
        assert not any(sequence in top.written for sequence in OBEYED)
        top.press("q")
        assert top.ends() == 0


def test_top_reports_an_unresponsive_supervisor_and_a_stopped_pipeline(idle):
    process = idle.start()
    with Terminal("top", *settings(idle)) as top:
        top.shows(*NAMES)
        process.send_signal(signal.SIGSTOP)
        top.shows("the supervisor does not answer")
        process.send_signal(signal.SIGCONT)
        top.shows(*NAMES)
        assert idle.stop(signal.SIGINT) == 0
        top.shows("not running")
        top.press("q")
        assert top.ends() == 0


def test_top_needs_a_capable_terminal_but_no_colors(shared):
    done = shared.command("top")
    assert (done.returncode, done.stderr) == (3, "error: top needs a terminal; use status --json in scripts\n")
    for term, words in (("dumb", "can move its cursor"), ("no-such-terminal", "TERM='no-such-terminal'")):
        with Terminal("top", *settings(shared), term=term) as top:
            assert top.ends() == 3
            assert words in top.text()
    with Terminal("top", *settings(shared), term="vt100") as top:
        top.shows(*NAMES)
        top.press("q")
        assert top.ends() == 0


# completion


def completed(line: str, tmp_path: Path) -> list[str]:
    """Return the completions of `line` by a real bash with `completion.bash`."""
    words = line.split(" ")
    ask = f"""
        source completion.bash
        [[ $(complete -p supervisor.py) =~ -F\\ ([^ ]+) ]]
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
        "${{BASH_REMATCH[1]}}" '{words[0]}' '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", ask], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_and_processes(tmp_path):
    program = str(SUPERVISOR)
    script = subprocess.run([sys.executable, program, "completion", "bash"], capture_output=True, check=True)
    (tmp_path / "completion.bash").write_bytes(script.stdout)
    assert completed(f"{program} re", tmp_path) == ["restart", "reload", "replay"]
    assert completed(f"{program} status --js", tmp_path) == ["--json"]
    assert completed(f"{program} restart q", tmp_path) == ["queue-manager"]
    assert completed(f"{program} restart x", tmp_path) == []
    assert completed(f"{program} logs su", tmp_path) == ["supervisor"]
    assert completed(f"{program} restart --set gateway.processes=2 gateway-", tmp_path) == ["gateway-1", "gateway-2"]
    assert completed(f"{program} restart --set gateway.processes=x g", tmp_path) == []  # and no traceback


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_completion_script(shell):
    done = subprocess.run([sys.executable, str(SUPERVISOR), "completion", shell], capture_output=True, text=True)
    assert f"_SUPERVISOR_PY_COMPLETE={shell}_complete" in done.stdout
    assert done.returncode == 0
