"""The service: the files for systemd and launchd, and that their command lines start, notify, wait and restart.

systemd only checks the unit here; docs/operations.md lists the tests under systemd.
"""

from __future__ import annotations

import os
import plistlib
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import program
from actors.commands import service
from actors.config import Settings
from actors.core.supervision.restarts import BAD_CONFIG
from actors.errors import ConfigError, Refused
from actors.supervision import preparation
from actors.supervision.process_tree import Supervisor
from tests.support import SLOWNESS, SUPERVISOR, eventually

SPACED = "we ird 100% $HOME;"
ODD = "we ird 100% $HOME 'q' \"d\" b\\s;"  # everything that means something to systemd
ANALYZE = shutil.which("systemd-analyze")
needs_analyze = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


class Home:
    """A user's configuration directory, and a PATH on which systemctl is what a test makes of it."""

    def __init__(self, path: Path) -> None:
        self.path, self.bin = path, path / "bin"
        self.bin.mkdir()
        self.calls = path / "calls"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DBUS_"))},
            "HOME": str(path),
            "XDG_CONFIG_HOME": str(path / "con fig"),
            "PATH": str(self.bin),
        }
        self.unit = path / "con fig" / "systemd" / "user" / "framewire.service"

    def systemctl(self, code: int, says: str = "") -> None:
        program = self.bin / "systemctl"
        program.write_text(f"#!/bin/sh\necho \"$*\" >> '{self.calls}'\necho '{says}' >&2\nexit {code}\n")
        program.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SUPERVISOR), "service", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, timeout=60 * SLOWNESS, check=False
        )

    def install(self) -> subprocess.CompletedProcess[str]:
        return self.run("install", "--user", "--set", f"run_dir={self.path / ODD}")


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


class Manager:
    """systemd's end of sd_notify(3)."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(20 * SLOWNESS)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(run_dir, monkeypatch) -> Iterator[Manager]:
    manager = Manager(run_dir / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(run_dir / "notify"))
    yield manager
    manager.close()


def words_of(unit: str, key: str) -> list[str]:
    """Return a command line as systemd would call it."""
    (line,) = [line for line in unit.splitlines() if line.startswith(f"{key}=")]
    return [word.replace("%%", "%") for word in shlex.split(line.removeprefix(f"{key}=").replace(":", "", 1))]


# The files


@needs_analyze
@pytest.mark.parametrize("system", [False, True])
def test_systemd_accepts_the_unit_without_warnings_for_any_path(tmp_path, monkeypatch, system):
    root = tmp_path / SPACED
    (root / "docs").mkdir(parents=True)
    (root / "python").symlink_to(sys.executable)
    (root / "my.toml").write_text("demo = false\n")
    monkeypatch.setattr(program, "COMMAND", [str(root / "python"), str(root / "supervisor.py")])
    monkeypatch.setattr(program, "SHARE", root)
    monkeypatch.setattr(service, "TEMPORARY", ())  # the tests' own paths are temporary
    overrides = (f"run_dir={root / ODD}", 'gateway.allowed_hosts=["a b.lan:7700"]')
    unit = tmp_path / "framewire.service"
    unit.write_text(service.text(root / "my.toml", overrides, system))
    command = [str(ANALYZE), "verify", *([] if system else ["--user"]), "--man=no", str(unit)]
    environment = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_analyze
def test_the_system_unit_has_a_low_exposure_score(tmp_path):
    unit = tmp_path / "framewire.service"
    unit.write_text(service.text(None, ("run_dir=/srv/framewire",), system=True).replace("User=root", "User=streamer"))
    command = [str(ANALYZE), "security", "--offline=true", "--threshold=20", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-200:]  # the threshold is in tenths


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1)))
def test_systemd_reads_the_command_line_unchanged(words):
    assert words_of(f"ExecStart={service.line(['/bin/true', *words])}", "ExecStart") == ["/bin/true", *words]


@pytest.mark.parametrize("sign", ["'", '"', "\\"])
def test_a_program_path_that_systemd_cannot_run_is_refused(sign):
    with pytest.raises(ConfigError, match="cannot run a program"):
        service.line([f"/home/o{sign}tto/python", "start"])


@pytest.mark.parametrize("word", ["a\nUser=root", "a\0b", "\x7f", "\udcff"])
def test_a_control_character_in_a_unit_is_refused(word):
    with pytest.raises(ConfigError, match="control character"):
        service.word(word)


def test_the_unit_has_the_settings_that_the_supervisor_needs():
    unit = service.text(None, ("run_dir=/srv/framewire", "supervisor.drain_s=20.5"), system=True).splitlines()
    assert {"KillMode=mixed", "Type=notify", "WatchdogSec=10", "OOMPolicy=continue", "Restart=on-failure"} <= set(unit)
    assert "RestartPreventExitStatus=2" in unit
    assert "TimeoutStopSec=31" in unit  # the drain, and a margin: systemd must not kill what is still draining
    assert "ReadWritePaths=/srv/framewire" in unit


def test_the_environment_cannot_add_a_line_to_the_unit(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "streamer\nExecStartPre=/tmp/evil")
    unit = service.text(None, ("run_dir=/srv/framewire",), system=True)
    assert "evil" not in unit
    assert f"User={pwd.getpwuid(os.getuid()).pw_name}\n" in unit


@pytest.mark.parametrize("system", [True, False])
def test_the_memory_of_a_unit_is_bounded(system):
    assert "MemoryMax=50%" in service.text(None, ("run_dir=/srv/framewire",), system=system).splitlines()


def test_a_user_unit_uses_no_namespaces():
    unit = service.text(None, ("run_dir=/srv/framewire",), system=False)
    for word in ("Private", "Protect", "ReadWritePaths", "User=", "Capabilit", "RemoveIPC"):
        assert word not in unit


def test_a_run_dir_that_is_hidden_from_the_service_is_refused():
    with pytest.raises(ConfigError, match="PrivateTmp"):
        service.text(None, ("run_dir=/tmp/framewire",), system=True)


def test_the_commands_for_root_are_printed(run_dir):
    assert service.notes("streamer", run_dir) == []
    assert service.notes("streamer", Path("/srv/not there")) == [
        "create its run directory first: sudo install -d -m 700 -o streamer '/srv/not there'"
    ]
    assert "as root" in service.notes("root", run_dir)[0]


def test_show_prints_the_unit_and_refuses_a_wrong_setting(home):
    shown = home.run("show", "--set", "run_dir=/srv/framewire")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.endswith("[Install]\nWantedBy=default.target\n")
    wrong = home.run("show", "--set", "gateway.prot=1")
    assert wrong.returncode == 2
    assert "did you mean `port`?" in wrong.stderr


def test_the_launchd_description_is_complete():
    settings = Settings(run_dir=f"/srv/{ODD}")
    facts = plistlib.loads(service.plist(settings, ["/usr/bin/python3", "start", "--service"]).encode())
    assert facts["Label"] == "dev.framewire"
    assert facts["ProgramArguments"] == ["/usr/bin/python3", "start", "--service"]
    assert facts["RunAtLoad"] is True
    assert facts["KeepAlive"] == {"SuccessfulExit": False}  # what was asked to end stays ended
    assert facts["StandardErrorPath"] == f"/srv/{ODD}/log/launchd.log"
    assert facts["ExitTimeOut"] > settings.supervisor.drain_s
    assert facts["Umask"] == 0o077


# Install and uninstall


def test_install_writes_and_enables_the_unit_and_prints_how_to_start_it(home):
    home.systemctl(0)
    done = home.install()
    assert (done.returncode, done.stderr) == (0, "")
    assert home.calls.read_text() == "--user daemon-reload\n--user enable framewire\n"
    assert f"written: {home.unit}" in done.stdout
    assert "systemctl --user restart framewire" in done.stdout
    start = words_of(home.unit.read_text(), "ExecStart")
    assert start == [sys.executable, str(SUPERVISOR), "start", "--set", f"run_dir={home.path / ODD}", "--service"]
    assert (home.path / ODD).stat().st_mode & 0o777 == 0o700


def test_install_without_systemctl_prints_the_commands_to_run(home):
    done = home.install()
    assert done.returncode == 1
    assert home.unit.exists()
    assert "failed: systemctl --user daemon-reload (systemctl is not installed); run it yourself" in done.stderr
    assert "failed: systemctl --user enable framewire (systemctl is not installed); run it yourself" in done.stderr


def test_when_systemctl_fails_install_prints_the_error_and_the_commands(home):
    home.systemctl(1, "Failed to connect to bus")
    done = home.install()
    assert done.returncode == 1
    assert "failed: systemctl --user enable framewire (Failed to connect to bus); run it yourself" in done.stderr


def test_uninstall_stops_the_service_and_keeps_the_data(home):
    home.systemctl(0)
    home.install()
    home.calls.unlink()
    done = home.run("uninstall")
    assert (done.returncode, done.stderr) == (0, "")
    assert not home.unit.exists()
    assert (home.path / ODD).exists()
    assert home.calls.read_text() == "--user disable --now framewire\n--user daemon-reload\n"
    again = home.run("uninstall")
    assert (again.returncode, "not installed" in again.stderr) == (2, True)


def test_uninstall_without_systemctl_removes_the_file_and_prints_the_commands(home):
    home.systemctl(0)
    home.install()
    (home.bin / "systemctl").unlink()
    done = home.run("uninstall")
    assert done.returncode == 1
    assert not home.unit.exists()
    assert "failed: systemctl --user disable --now framewire" in done.stderr


# The command lines


def test_the_command_lines_of_the_unit_start_notify_reload_and_stop(idle, manager):
    unit = idle.command("service", "show").stdout
    with idle.console.open("ab") as console:
        idle.process = subprocess.Popen(words_of(unit, "ExecStart"), cwd="/", stdout=console, stderr=console)
    said = {manager.next(), manager.next()}
    while "READY=1" not in said:  # a start that takes longer than a second reports that it is alive
        said.add(manager.next())
    assert idle.running()
    assert said <= {"READY=1", "WATCHDOG=1"}
    reloaded = subprocess.run(words_of(unit, "ExecReload"), cwd="/", capture_output=True, timeout=60, check=False)
    assert (reloaded.returncode, reloaded.stdout) == (0, b"nothing has changed\n")
    idle.process.send_signal(signal.SIGTERM)
    while (said := manager.next()) == "WATCHDOG=1":
        pass
    assert said == "STOPPING=1"
    assert idle.process.wait(20 * SLOWNESS) == 0
    assert idle.said() == ""  # the journal has no line of the log, and no URL with a secret


def test_the_watchdog_is_notified_between_rare_samples_without_children(run_dir, manager):
    settings = Settings(run_dir=str(run_dir), supervisor=Settings().supervisor.__class__(sample_s=5.0))
    supervisor = Supervisor([], settings, run_dir, lambda child: pytest.fail(f"no {child}"))
    try:
        supervisor.turn()  # to the first sample, after half a second
        supervisor.turn()  # not to the second
        assert manager.next() == "WATCHDOG=1"
        assert supervisor._samples == 1
    finally:
        supervisor.close()


def test_a_service_waits_for_a_port_that_is_in_use_for_a_moment(idle):
    with socket.create_server(("127.0.0.1", idle.gateway_port)):
        process = idle.start("--service", ready=False)
        eventually((idle.run_dir / "settings.json").exists, 10)
    eventually(idle.running, 20)
    assert process.poll() is None


def test_a_service_waits_for_another_pipeline_in_its_run_directory(idle):
    first = idle.start()
    second = idle.start("--service", ready=False)
    assert idle.pid("ingest")
    first.send_signal(signal.SIGTERM)
    assert first.wait(20 * SLOWNESS) == 0
    eventually(lambda: idle.pids().get("supervisor") == second.pid, 20)


def test_a_service_treats_a_missing_address_as_refused_not_as_misconfigured():
    settings = Settings(gateway=Settings().gateway.__class__(host="192.0.2.7"))  # reserved for documentation
    with pytest.raises(ConfigError, match=r"192\.0\.2\.7"):
        preparation.check_ports(settings, 0.0)
    with pytest.raises(Refused, match=r"192\.0\.2\.7"):
        preparation.check_ports(settings, 0.0, as_service=True)


def test_an_invalid_file_stops_a_start_but_no_restart_of_a_killed_service(idle):
    file = idle.run_dir / "my.toml"
    file.write_text("normalizer.processes = 2\n")
    idle.start("--service", "--config", str(file)).kill()
    assert idle.process is not None
    idle.process.wait()
    file.write_text("normalizer.processes = \n")
    idle.start("--service", "--config", str(file))
    assert idle.pid("normalizer-2")
    assert "is not TOML" in idle.said()
    assert "continuing with the previous settings" in idle.said()
    assert idle.stop(signal.SIGINT) == 0
    assert idle.start("--service", "--config", str(file), ready=False).wait(20 * SLOWNESS) == BAD_CONFIG


def test_unchanged_settings_are_not_written_so_that_a_full_disk_allows_a_restart(run_dir):
    file = run_dir / "settings.json"
    preparation.write_if_changed(file, b"{}")
    before = file.stat().st_ino
    preparation.write_if_changed(file, b"{}")
    assert file.stat().st_ino == before
    with pytest.raises(Refused, match="cannot be written"):
        preparation.write_if_changed(run_dir / "nowhere" / "settings.json", b"{}")
