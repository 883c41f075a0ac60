"""Findings of doctor: each check as a table of inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.commands import doctor
from actors.config import Faults, GatewaySection, IngestSection, Settings, SettingsSource

RUN = Path("/srv/run")
GB = 1 << 30


def levels(findings):
    return [finding.level for finding in findings]


@pytest.mark.parametrize(("finding", "level"), [
    (doctor.python((3, 11, 0), 2), "ok"),
    (doctor.python((3, 10, 9), None), "fail"),
    (doctor.sqlite((3, 51, 3)), "ok"),
    (doctor.sqlite((3, 40, 1)), "ok"),  # the bug needs a second writer, which does not exist
    (doctor.clock(True), "ok"),
    (doctor.clock(None), "ok"),
    (doctor.clock(False), "warn"),
    (doctor.open_files(4_000, None), "ok"),
    (doctor.open_files(4_000, 4_128), "ok"),
    (doctor.open_files(4_000, 4_127), "warn"),
    (doctor.volume("ext4"), "ok"),
    (doctor.volume(""), "ok"),
    (doctor.volume("tmpfs"), "warn"),
    (doctor.volume("nfs4"), "fail"),
    (doctor.space(3 * GB, GB), "ok"),
    (doctor.space(2 * GB, GB), "warn"),
    (doctor.newest(7, -3.0), "ok"),
    (doctor.newest(7, 60.0), "ok"),  # two clocks may differ a little
    (doctor.newest(7, 61.0), "warn"),
])  # fmt: skip
def test_every_finding_has_a_level_and_every_problem_has_advice(finding, level):
    assert finding.level == level
    assert finding.level == "ok" or finding.do


@pytest.mark.parametrize(("settings", "expected"), [
    (Settings(), ["ok"]),  # the demo, which one switches off before going live
    (Settings(demo=False), []),
    (Settings(demo=False, gateway=GatewaySection(host="::1"), ingest=IngestSection(host="localhost")), []),
    (Settings(demo=False, ingest=IngestSection(host="192.168.0.7")), ["warn"]),
    (Settings(demo=False, gateway=GatewaySection(host="0.0.0.0")), ["warn", "warn"]),  # open, no allowed name
    (Settings(demo=False, gateway=GatewaySection(host="::", allowed_hosts=["pc.lan"])), ["warn"]),
    (Settings(demo=False, gateway=GatewaySection(host="pc.lan")), []),
    (Settings(demo=False, faults=Faults(poison="x")), ["fail"]),
])  # fmt: skip
def test_risky_settings_are_reported(settings, expected):
    found = list(doctor.settings_findings(settings))
    assert levels(found) == expected
    assert all(finding.do for finding in found)


def test_other_settings_of_the_running_pipeline_are_named_without_their_values():
    running = Settings(run_dir="/srv/run", sources={"own": {"kind": "websocket", "url": "ws://u:password@h"}})
    source = SettingsSource("/srv/my.toml", ["sources.own.url=ws://u:password@h"])
    assert list(doctor.other_settings(running, running, source)) == []
    (found,) = doctor.other_settings(Settings(demo=False), running, source)
    assert found.level == "warn"
    assert "demo, sources.own" in found.text
    assert "--config /srv/my.toml" in found.do
    assert "password" not in str(found)


@pytest.mark.parametrize(("files", "expected"), [
    ([("log.db", 7, 0o600), ("tokens.json", 7, 0o600)], []),
    ([("log.db", 7, 0o644)], ["warn"]),
    ([("tokens.json", 7, 0o640)], ["fail"]),
    ([("log.db", 0, 0o600), ("log.db-wal", 0, 0o600), ("tokens.json", 7, 0o600)], ["fail"]),
])  # fmt: skip
def test_files_with_a_wrong_owner_or_mode_are_reported(files, expected):
    found = list(doctor.private([(RUN / name, owner, mode) for name, owner, mode in files], 7, RUN))
    assert levels(found) == expected
    assert all(finding.do for finding in found)


def test_files_of_root_are_counted_and_have_a_command_to_correct_them():
    files = [(RUN / name, 0, 0o600) for name in ("log.db", "tokens.json")]
    (finding,) = doctor.private(files, 7, RUN)
    assert finding.text == "log.db and 1 more in run_dir belongs to uid 0, not to you (7)"
    assert "sudo chown -R 7 /srv/run" in finding.do


@pytest.mark.parametrize(("mounts", "kind"), [
    ([], ""),
    ([("/", "ext4"), ("/srv", "nfs4"), ("/srv/other", "tmpfs")], "nfs4"),
    ([("/srv/run", "tmpfs"), ("/srv", "nfs4"), ("/", "ext4")], "tmpfs"),
    ([("/srv", "autofs"), ("/srv", "nfs4")], "nfs4"),  # one over the other
    ([("/", "ext4"), ("/sr", "tmpfs")], "ext4"),
])  # fmt: skip
def test_the_file_system_of_a_path_is_that_of_its_longest_mount_point(mounts, kind):
    assert doctor.filesystem(mounts, RUN) == kind


def answer(*alerts):
    keys = [{"key": key, "level": level, "name": "ingest"} for key, level in alerts]
    return {"state": "running", "pid": 7, "alerts": keys}


@pytest.mark.parametrize(("found", "expected"), [
    (doctor.running_pipeline(answer(), -5.0), ["ok"]),
    (doctor.running_pipeline(answer(("cpu.high", "warn")), -5.0), ["warn"]),
    (doctor.running_pipeline(answer(("cpu.high", "warn"), ("store.slow", "critical")), -5.0), ["fail"]),
    (doctor.running_pipeline(answer(), 5.0), ["ok", "warn"]),  # upgraded, and not restarted
    (doctor.orphans([]), []),
    (doctor.orphans(["ingest 7"]), ["warn"]),
])  # fmt: skip
def test_a_running_pipeline_and_leftovers_are_reported(found, expected):
    assert levels(list(found)) == expected


@pytest.mark.parametrize(("seconds", "said"), [
    (-1, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7_200, "2 hours"), (172_800, "2 days"),
])  # fmt: skip
def test_durations_are_printed_in_words(seconds, said):
    assert doctor.duration(seconds) == said


def test_a_damaged_log_is_reported_with_advice(run_dir):
    assert list(doctor.log(run_dir)) == []
    (run_dir / "log.db").write_bytes(b"not a database" * 100)
    (finding,) = doctor.log(run_dir)
    assert finding.level == "fail"
    assert "sources send again" in finding.do


def test_the_list_of_a_killed_supervisor_is_read_even_if_torn(run_dir):
    assert doctor.left_in(run_dir) == []
    (run_dir / "children.json").write_text('[{"name":"ingest","pid":7')
    assert doctor.left_in(run_dir) == []
    (run_dir / "children.json").write_text('[{"name":"ingest","pid":7,"created_s":1.5}]')
    assert doctor.left_in(run_dir) == ["ingest 7"]


def test_an_alert_is_reported_with_the_name_of_its_process_or_source():
    [finding] = doctor.running_pipeline(answer(("cpu.high", "warn")), -5.0)
    assert finding.text.endswith("alerts: cpu.high ingest")
