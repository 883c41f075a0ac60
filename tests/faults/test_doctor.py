"""The command doctor: on a machine with problems, and beside a running pipeline."""

from __future__ import annotations

import json
import os
import socket

import pytest

from actors import config, host
from bench.ports import free_ports
from tests.support import SLOWNESS, Pipeline, eventually


def test_a_run_dir_open_to_other_users_is_a_failure_with_advice(idle):
    idle.run_dir.chmod(0o755)
    done = idle.command("doctor")
    assert done.returncode == 1
    text = " ".join(done.stdout.split())
    assert "has mode 0755, expected 0700" in text
    assert f"chmod 700 {idle.run_dir}" in text


def test_a_run_dir_that_cannot_be_made_is_a_failure_without_a_traceback(idle):
    (idle.run_dir / "file").write_text("")
    idle.overrides.append(f"run_dir={idle.run_dir / 'file' / 'run'}")
    done = idle.command("doctor")
    assert (done.returncode, done.stderr) == (1, "")


def test_doctor_creates_no_run_dir(idle):
    idle.overrides.append(f"run_dir={idle.run_dir / 'never'}")
    assert idle.command("doctor").returncode == 0
    assert not (idle.run_dir / "never").exists()


def test_a_running_pipeline_is_recognised_and_everything_fits_into_80_columns(pipeline):
    pipeline.command("emit", "raid", "user=ada", "viewers=1")
    done = pipeline.command("doctor")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert f"a pipeline is running, state running, pid {pipeline.status()['pid']}" in text
    assert "the log reaches position 1" in text
    words = [word for word in done.stdout.split() if len(word) > 60]  # a path cannot be wrapped
    assert all(len(line) <= 80 or any(word in line for word in words) for line in done.stdout.splitlines())


def test_the_configuration_that_is_checked_is_the_one_of_the_pipeline(idle, tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("demo = false\n[queue]\nflush_hz = 50.0\n")
    idle.start("--no-guardian", "--config", str(file))

    def text(*options):
        return idle.command("doctor", "--json", *options).stdout

    assert f"checked: {file} with --set" in text()
    assert "other settings" not in text()
    assert "checked here: queue.flush_hz" in text("--config", str(config.DEFAULT_FILE), "--set", "demo=false")
    file.write_text("demo = false\n")
    assert "checked here: queue.flush_hz" in text()


def test_secrets_that_others_could_read_are_a_failure(idle):
    (idle.run_dir / "tokens.json").write_text("")
    (idle.run_dir / "tokens.json").chmod(0o644)
    done = idle.command("doctor", "--json")
    (found,) = [one for one in json.loads(done.stdout) if "tokens.json" in one["text"]]
    assert (found["level"], done.returncode) == ("fail", 1)
    assert "token rotate" in found["do"]


def test_json_has_every_finding_and_the_same_exit_code(idle):
    idle.overrides.append(f"gateway.port={free_ports(1)[0]}")
    findings = json.loads(idle.command("doctor", "--json").stdout)
    assert all(set(finding) == {"level", "text", "do"} for finding in findings)
    assert all(finding["do"] for finding in findings if finding["level"] != "ok")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_files_of_another_user_in_run_dir_are_a_failure(idle):
    (idle.run_dir / "log.db-wal").write_bytes(b"")
    os.chown(idle.run_dir / "log.db-wal", 12345, -1)
    done = idle.command("doctor")
    assert done.returncode == 1
    assert "log.db-wal in run_dir belongs to uid 12345" in " ".join(done.stdout.split())


# IPv6, and servers on several addresses


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="IPv6 is switched off")


@needs_ipv6
@pytest.mark.parametrize("name", ["::1", "::", ""])
def test_a_port_in_use_on_one_of_several_addresses_is_not_free(name):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        assert not host.port_is_free("gateway", name, taken.getsockname()[1])
    assert host.port_is_free("gateway", name, free_ports(1)[0])


@needs_ipv6
def test_a_pipeline_on_all_ipv6_addresses_prints_an_address_that_works():
    with Pipeline("gateway.host=::", "ingest.host=::") as pipeline:
        pipeline.start()
        assert f"http://[::1]:{pipeline.gateway_port}/overlay/" in pipeline.said()
        watcher = pipeline.begin("watch", "--types", "raid", "--count", "1", "--timeout", "100")
        eventually(lambda: pipeline.status()["actors"].get("gateway-1", {}).get("snapshots", 0) > 0, 20)
        assert pipeline.command("emit", "raid", "user=ada").returncode == 0
        assert watcher.wait(30 * SLOWNESS) == 0
        watcher.communicate()
