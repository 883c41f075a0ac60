"""The command line on the whole product: commands, their output and exit codes."""

from __future__ import annotations

import importlib
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from actors import cli, commands
from actors.commands import watch
from actors.supervision import meters
from tests.support import SLOWNESS, STRANGER, SUPERVISOR, Pipeline, eventually, in_a_child


@pytest.fixture(scope="module")
def shared() -> Iterator[Pipeline]:
    """One running pipeline for commands that do not change it."""
    with Pipeline() as pipeline:
        pipeline.start()
        yield pipeline


def watching(pipeline: Pipeline, *arguments: str) -> subprocess.Popen[str]:
    """Start `watch` and return when its overlay is connected."""

    def welcomed() -> float:
        stats = pipeline.status()["actors"].get("gateway-1", {})
        return float(stats.get("snapshots", 0) + stats.get("resumes", 0))

    before = welcomed()
    process = pipeline.begin("watch", "--json", *arguments)
    eventually(lambda: welcomed() > before, 10)
    return process


def called_by_a_stranger(arguments: list[str], closed: Path) -> tuple[int, str]:
    """Return exit code and words of a command whose caller may not look into `closed`."""
    for module, _ in commands.COMMANDS.values():
        importlib.import_module(f"actors.commands.{module}")  # the stranger may not read where they are

    def call() -> str:
        result = CliRunner().invoke(cli.main, arguments)
        return json.dumps([result.exit_code, result.output, repr(result.exception)])

    if os.getuid() != 0:  # then its owner is kept out, too
        closed.chmod(0)
    said = in_a_child(call, become=STRANGER)
    closed.chmod(0o700)
    code, output, exception = json.loads(said)
    return code, output if "SystemExit" in exception else exception


@pytest.mark.parametrize(
    "command",
    ["status", "top", "logs", "stop", "restart demo", "reload", "why x", "emit follow", "watch", "token show display"],
)
def test_a_command_for_a_pipeline_of_another_user_names_the_owner(command):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        run_dir = Path(folder) / "run"
        run_dir.mkdir(0o700)
        settings = Path(folder) / "my.toml"
        settings.touch()
        arguments = [*command.split(), "--config", str(settings), "--set", f"run_dir={run_dir}"]
        code, said = called_by_a_stranger(arguments, run_dir)
    owner = pwd.getpwuid(os.getuid()).pw_name
    expected = f"error: run_dir {run_dir} belongs to {owner}, and only {owner} has access: sudo -u {owner} …"
    assert (code, said.strip()) == (2, expected)


def test_a_reload_during_a_hang_of_one_gateway_keeps_the_other(idle):
    """The one that hangs has the port for as long as it takes to end it."""
    idle.overrides += ["gateway.processes=2", "supervisor.hang_kill_s=4.0", "supervisor.drain_s=4.0"]
    idle.start()
    os.kill(idle.pid("gateway-2"), signal.SIGSTOP)
    idle.overrides.remove("gateway.processes=2")
    idle.command("reload", "--set", "gateway.processes=1")
    eventually(lambda: idle.running() and not any(row["name"] == "gateway-2" for row in idle.status()["processes"]), 30)
    assert idle.status()["alerts"] == []
    urllib.request.urlopen(f"http://127.0.0.1:{idle.gateway_port}/healthz", timeout=10 * SLOWNESS).close()


def test_a_replay_of_more_rows_than_the_outbox_holds_completes(idle, tmp_path):
    idle.overrides.append("producer.max_rows=100")
    idle.start()
    file = tmp_path / "follows.ndjson"
    file.write_text("".join(f'{{"type":"follow","payload":{{"user":"u{n}"}},"ts_ingest_ms":1}}\n' for n in range(250)))
    done = idle.command("replay", str(file), "--speed", "max", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["critical"] == 250


def test_start_prints_the_addresses_and_how_to_stop(shared):
    said = shared.said()
    made = shared.tokens
    assert f"http://127.0.0.1:{shared.gateway_port}/overlay/?overlay_id=obs#k={made.display}" in said
    assert f"http://127.0.0.1:{shared.gateway_port}/#k={made.control}" in said
    assert f"http://127.0.0.1:{shared.ingest_port}/srcds/{made.ingest}" in said
    assert "Ctrl-C or ./supervisor.py stop" in said


def test_status_fits_into_80_columns_and_names_every_process(shared):
    table = shared.command("status").stdout
    for name in ("broadcaster", "gateway-1", "queue-manager", "normalizer-1", "ingest"):
        assert name in table
    assert max(len(line) for line in table.splitlines()) <= 80


def test_status_as_json_has_what_scripts_need(shared):
    answer = json.loads(shared.command("status", "--json").stdout)
    assert answer["state"] == "running"
    row = answer["processes"][0]
    assert {"name", "kind", "state", "pid", "uptime_s", "restarts", "last_reason", "cpu_pct", "rss_bytes"} <= set(row)


def why(pipeline, event_id):
    return json.loads(pipeline.command("why", event_id, "--json").stdout)["history"]


def test_an_emitted_event_is_seen_by_watch_and_why(shared):
    watcher = watching(shared, "--types", "follow", "--count", "1", "--timeout", "100")
    done = shared.command("emit", "follow", "user=ada", "--id", "history-1", "--json")
    assert json.loads(done.stdout)["ids"] == ["history-1"]
    out, _ = watcher.communicate(timeout=30 * SLOWNESS)
    event = json.loads(out)
    assert (event["id"], event["payload"], watcher.returncode) == ("history-1", {"user": "ada"}, 0)
    sources = (["--source", "emit"], ["--source", "bot"])
    again = [shared.command("emit", "follow", "user=ada", "--id", "history-1", *source) for source in sources]
    duplicate = f"a duplicate: position {event['position']} of the log has the same id and source"
    assert [duplicate in done.stdout for done in again] == [True, False]
    other = f"position {event['position']} of the log has the same id from the source emit"
    assert other in again[1].stdout
    eventually(lambda: "same_id" in why(shared, "history-1"), 20)
    history = why(shared, "history-1")
    assert (history["source"], history["same_id"]) == ("bot", [{"source": "emit", "position": event["position"]}])
    first = shared.command("emit", "follow", "user=ada", "--id", "history-1", "--source", "emit")
    assert duplicate in first.stdout


def test_many_events_arrive_once_and_in_order(shared):
    watcher = watching(shared, "--types", "raid", "--count", "1200", "--timeout", "100")
    assert shared.command("emit", "raid", "user=ada", "--id", "many", "--count", "1200").returncode == 0
    out, _ = watcher.communicate(timeout=40 * SLOWNESS)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [f"many-{number}" for number in range(1, 1201)]


def test_a_line_of_watch_has_the_id_and_is_safe_for_a_terminal():
    event = {"id": "mine\x1b[2J", "type": "raid", "ts_ingest_ms": 0, "position": 7, "payload": {"user": "ada"}}
    assert watch.line_of(event).split()[1:] == ["#7", "raid", '{"user":"ada"}', "mine·[2J"]


def test_watch_fails_when_too_few_events_arrive_in_time(shared):
    done = shared.command("watch", "--types", "raid", "--count", "3", "--timeout", "0.2")
    assert (done.returncode, done.stderr) == (1, "error: 0 of 3 events arrived within 0.2 s\n")


def test_why_fails_for_an_unknown_event(shared):
    for event_id in ("never", "\udcff"):  # also what is not UTF-8
        done = shared.command("why", event_id)
        assert done.returncode == 1
        assert "unknown; it never arrived" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("emit", "multikill", "kills=many"), "Expected `int`, got `str` - at `$.kills`"),
        (("emit", "kill", "attacker"), "expected KEY=VALUE"),
        (("emit", "raid", "from=Ada"), "unknown field `from`; expected user, [viewers] (docs/events.md)"),
        (("emit", "kill", "attacker=x", "attacker.name=y"), "'attacker' already has a value"),
        (("emit", "follow", "--payload", "{"), "--payload is not JSON"),
        (("emit", "follow", "--payload", "[" * 5_000), "--payload is not JSON"),
        (("emit", "follow", "user=x", "--payload", "{}"), "got both"),
        (("emit", "folow"), "did you mean follow?"),
        (("emit", "zzz"), "docs/events.md has all types"),
        (("restart", "unknown"), "Unknown process 'unknown'. Processes: "),
        (("replay", "nowhere.log"), "does not exist"),
        (("start", "--set", "queue.max_events=0"), "at `$.queue.max_events`"),
        (("start", "--config", "nowhere.toml"), "does not exist"),
    ],
)
def test_a_usage_error_has_a_message_and_exit_code_2(shared, arguments, words):
    done = shared.command(*arguments)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_second_start_in_the_same_run_dir_is_refused(shared):
    done = shared.command("start")
    assert done.returncode == 3
    assert f"a pipeline is already running with run_dir {shared.run_dir}" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("stop",), ("restart", "ingest"), ("reload",), ("top",), ("emit", "follow"), ("watch",)],
)
def test_commands_for_a_running_pipeline_report_that_none_is_running(idle, arguments):
    done = idle.command(*arguments)
    assert (done.returncode, done.stderr) == (3, f"error: no pipeline is running with run_dir {idle.run_dir}\n")


def test_restart_returns_when_the_new_process_is_running(shared):
    before = shared.pid("normalizer-1")
    done = shared.command("restart", "normalizer", "--json")
    assert json.loads(done.stdout)["restarted"] == ["normalizer-1"]
    assert shared.pid("normalizer-1") != before
    assert shared.status()["state"] == "running"


def test_a_rotated_token_is_new_and_the_old_one_is_refused(shared):
    before = shared.tokens.ingest
    shown = json.loads(shared.command("token", "rotate", "ingest", "--json").stdout)
    assert shown["token"] == shared.tokens.ingest != before
    assert shared.command("emit", "follow").returncode == 0


def test_a_detached_start_returns_when_ready_and_logs_no_secrets(idle):
    done = idle.command("start", "--detach")
    assert done.returncode == 0, done.stderr
    assert idle.running()
    assert idle.tokens.control in done.stdout
    logs = {file.name: file.read_text() for file in (idle.run_dir / "log").iterdir()}
    assert "ready" in logs["supervisor.log"]
    for token in (idle.tokens.display, idle.tokens.control, idle.tokens.ingest):
        assert not any(token in text for text in logs.values())
        assert not any(token in part for line in command_lines(idle.run_dir) for part in line)
    stopped = idle.command("stop")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    eventually(lambda: not command_lines(idle.run_dir))  # the guardian has to notice yet


def command_lines(run_dir: Path) -> list[list[str]]:
    """Return the command lines of all processes of a pipeline."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(run_dir) in part for part in line):
            found.append(line)
    return found


def test_a_detached_start_reports_why_it_failed(idle):
    idle.overrides.append(f"gateway.port={idle.ingest_port}")  # both on one port: the second to bind must fail
    done = idle.command("start", "--detach")
    assert done.returncode in (2, 3)
    assert str(idle.ingest_port) in done.stderr
    assert not command_lines(idle.run_dir)


def test_a_detached_start_beside_a_running_pipeline_reports_only_that(shared):
    before = (shared.run_dir / "log" / "supervisor.log").read_bytes()
    done = shared.command("start", "--detach")
    assert done.returncode == 3
    assert [line.split(" with ")[0] for line in done.stderr.splitlines()] == ["error: a pipeline is already running"]
    assert (shared.run_dir / "log" / "supervisor.log").read_bytes() == before


def test_the_guardian_restarts_the_supervisor_and_stop_ends_both(idle):
    idle.start("--detach", ready=False).wait(30 * SLOWNESS)
    pid = idle.status()["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: idle.pids().get("supervisor", pid) != pid, 20)
    assert idle.command("emit", "follow").returncode == 0
    assert idle.command("stop").returncode == 0
    assert idle.command("start", "--detach").returncode == 0  # at once: stop has waited for the end
    assert idle.command("stop").returncode == 0
    eventually(lambda: not command_lines(idle.run_dir))


def test_all_files_of_the_run_directory_are_private(shared):
    for path in [shared.run_dir, *shared.run_dir.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.name != "console.log":
            assert mode & 0o077 == 0 or path.is_socket(), f"{path} has mode {mode:04o}"


def test_a_run_directory_that_others_may_enter_is_refused(idle):
    idle.run_dir.chmod(0o755)
    done = idle.command("start")
    assert done.returncode == 2
    assert "has mode 0755, expected 0700" in done.stderr


def test_a_start_on_all_addresses_prints_a_warning_and_the_addresses(idle):
    idle.overrides.append("gateway.host=0.0.0.0")
    idle.start()
    eventually(lambda: "Framewire is ready" in idle.said())
    assert "WARNING supervisor exposed what='gateway.host 0.0.0.0 is reachable from other machines" in idle.said()
    assert "WARNING: other machines reach this, without encryption (docs/lan.md)" in idle.said()
    for address in meters.addresses():
        assert f"Other machines     {address}:{idle.gateway_port}" in idle.said()


def test_a_run_directory_with_too_long_a_path_is_refused(idle):
    idle.overrides.append(f"run_dir={idle.run_dir / ('x' * 100)}")
    done = idle.command("start")
    assert done.returncode == 2
    assert "run_dir is too long" in done.stderr


def test_a_trace_is_replayed_and_counted(shared, tmp_path):
    trace = tmp_path / "trace.ndjson"
    lines = [{"type": "cheer", "payload": {"user": "ada", "bits": number}} for number in range(20)]
    trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    watcher = watching(shared, "--types", "cheer", "--count", "20", "--timeout", "100")
    done = shared.command("replay", str(trace), "--speed", "max", "--json")
    assert json.loads(done.stdout)["critical"] == 20, done.stderr
    out, _ = watcher.communicate(timeout=30 * SLOWNESS)
    assert [json.loads(line)["payload"]["bits"] for line in out.splitlines() if line] == list(range(20))


def test_a_watcher_sees_every_event_once_over_a_kill_of_its_gateway_and_of_the_supervisor(idle):
    idle.start("--detach", ready=False).wait(30 * SLOWNESS)
    watcher = watching(idle, "--types", "raid", "--count", "300", "--timeout", "100")
    for number, victim in enumerate(("gateway-1", "supervisor", "broadcaster")):
        assert idle.command("emit", "raid", "user=ada", "--id", f"part{number}", "--count", "100").returncode == 0
        pid = idle.pids()[victim]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=victim, old=pid: idle.pids().get(name, old) != old, 20)
    out, errors = watcher.communicate(timeout=60)
    assert watcher.returncode == 0, errors
    expected = [f"part{part}-{number}" for part in range(3) for number in range(1, 101)]
    assert [json.loads(line)["id"] for line in out.splitlines()] == expected
    assert idle.command("stop").returncode == 0


def test_start_as_json_is_one_line_for_scripts(idle):
    done = idle.command("start", "--detach", "--no-guardian", "--json")
    facts = json.loads(done.stdout)
    assert facts["ready"] is True
    assert facts["overlay"].endswith(f"/overlay/?overlay_id=obs#k={idle.tokens.display}")
    assert idle.command("stop", "--json").returncode == 0


def test_doctor_reports_a_sound_machine_and_a_port_in_use(shared, idle):
    assert "a pipeline is running, state running" in shared.command("doctor").stdout
    assert idle.command("doctor").returncode == 0
    idle.overrides.append(f"gateway.port={shared.gateway_port}")
    done = idle.command("doctor")
    assert done.returncode == 1
    assert f"gateway.port {shared.gateway_port} is in use by another program" in done.stdout


def test_help_names_the_commands_and_the_exit_codes():
    done = subprocess.run([sys.executable, str(SUPERVISOR), "--help"], capture_output=True, text=True, check=True)
    for word in ("start", "stop", "restart", "status", "emit", "watch", "replay", "why", "token", "Exit codes"):
        assert word in done.stdout


def test_a_start_and_a_unit_without_the_file_of_the_last_start_say_so(tmp_path):
    file = tmp_path / "my show.toml"
    file.write_text("")
    note = f"note: the last start used --config '{file}'; {{}} uses the defaults"
    with Pipeline() as pipeline:
        pipeline.start("--config", str(file))
        assert "note:" not in pipeline.said()
        assert pipeline.command("service", "show").stderr.strip() == note.format("this unit")
        assert pipeline.command("service", "show", "--config", str(file)).stderr == ""
        pipeline.overrides.append("demo=true")
        demo = pipeline.command("service", "show").stderr.strip()
        pipeline.overrides.pop()
        assert demo == note.format("this unit") + ", with the demo match"
        assert pipeline.command("stop").returncode == 0
        assert pipeline.process.wait(20 * SLOWNESS) == 0
        pipeline.start()
        assert pipeline.said().count(note.format("this one")) == 1
        assert pipeline.command("service", "show").stderr == ""


def test_emit_warns_of_a_scene_that_no_layout_has(shared):
    layouts = shared.run_dir / "overlays" / "layouts"
    layouts.mkdir(parents=True, exist_ok=True)
    (layouts / "default.json").write_text('{"version":1,"scenes":{"break":{}}}')
    eventually(lambda: "scenes of the layouts: break" in shared.command("emit", "scene", "name=nosuch").stderr)
    done = shared.command("emit", "scene", "name=nosuch")
    assert done.returncode == 0
    assert done.stderr.strip() == "warning: no layout has the scene nosuch; scenes of the layouts: break"
    assert [shared.command("emit", "scene", f"name={name}").stderr for name in ("break", "")] == ["", ""]
    (layouts / "default.json").unlink()
