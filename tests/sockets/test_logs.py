"""Log lines: writing, reading, rotation and following."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors import logs

ROOT = Path(__file__).resolve().parents[2]
NOON = "2026-07-07T12:00:00.123+0200"

WRITER = """
import logging, os, sys
from pathlib import Path
from actors import logs
file = Path(sys.argv[1])
logs.start(file, terminal=False)
log = logging.getLogger("ingest")
log.info("before")
file.replace(file.with_suffix(".log.1"))
log.info("after")
os.write(2, b"a crash in C\\n")
"""


def fact(text: str, level: str = "INFO", when: str = NOON) -> str:
    return f"{when} {level} ingest {text}"


@pytest.mark.parametrize(("text", "fields"), [
    ("ready", {"event": "ready"}),
    ("ready seconds=0.52", {"event": "ready", "seconds": "0.52"}),
    ("child died name=demo reason='killed by SIGKILL' restart_in_s=0.0",
     {"event": "child died", "name": "demo", "reason": "killed by SIGKILL", "restart_in_s": "0.0"}),
    ("said line=\"it's\"", {"event": "said", "line": "it's"}),
    (r"said line='a \'quoted\' word'", {"event": "said", "line": "a 'quoted' word"}),
    ("serving url=http://127.0.0.1:7700/?a=b", {"event": "serving", "url": "http://127.0.0.1:7700/?a=b"}),
    ("", {"event": ""}),
])  # fmt: skip
def test_a_log_line_is_a_message_followed_by_fields(text, fields):
    (found,) = logs.parse([fact(text)])
    assert found.fields() == {"ts": NOON, "level": "info", "logger": "ingest"} | fields


def test_a_line_without_a_time_belongs_to_the_line_above():
    first, second = logs.parse([fact("failed"), "Traceback", "  line", fact("ready")])
    assert first.fields()["more"] == "Traceback\n  line"
    assert first.line() == f"{fact('failed')}\nTraceback\n  line"
    assert second.text == "ready"
    (alone,) = logs.parse(["Fatal Python error", "Thread 1"])
    assert (alone.level, alone.at_least("ERROR"), alone.moment_s) == ("", True, 0.0)


def test_levels_are_a_threshold():
    found = logs.parse([fact(level, level) for level in logs.LEVELS])
    assert [one.text for one in found if one.at_least("WARNING")] == ["WARNING", "ERROR", "CRITICAL"]


def test_lines_of_several_processes_are_in_order_of_time(tmp_path):
    (tmp_path / "log").mkdir()
    logs.path_of(tmp_path, "ingest").write_text(
        f"{fact('one', when='2026-10-25T02:59:59.000+0200')}\n{fact('three', when='2026-10-25T02:00:01.000+0100')}\n"
    )
    logs.path_of(tmp_path, "demo").write_text(f"{fact('two', when='2026-10-25T01:00:00.000+0000')}\n")
    assert [one.text for one in logs.last(tmp_path, ["demo", "ingest"], "INFO", 9)] == ["one", "two", "three"]
    assert [one.text for one in logs.last(tmp_path, ["demo", "ingest"], "INFO", 1)] == ["three"]
    assert logs.last(tmp_path, ["demo", "ingest"], "INFO", 0) == []
    assert logs.names(tmp_path) == ["demo", "ingest"]


def test_the_last_lines_are_found_across_a_rotation(tmp_path):
    (tmp_path / "log").mkdir()
    path = logs.path_of(tmp_path, "ingest")
    path.write_text(f"{fact('old')}\n")
    logs.rotate(path, max_bytes=1000)
    assert path.exists()
    logs.rotate(path, max_bytes=10)
    assert not path.exists()
    path.write_text(f"{fact('new')}\n")
    assert [one.text for one in logs.last(tmp_path, ["ingest"], "INFO", 9)] == ["old", "new"]


def test_a_follower_misses_no_line_at_a_rotation(tmp_path):
    path = tmp_path / "ingest.log"
    path.write_text(f"{fact('before')}\n")
    follower = logs.Follower(path)
    assert follower.facts() == []
    with path.open("a") as old:
        old.write(f"{fact('one')}\n{fact('half')}"[:-2])
        old.flush()
        assert [one.text for one in follower.facts()] == ["one"]
        path.replace(path.with_suffix(".log.1"))
        old.write("lf\n")
    assert [one.text for one in follower.facts()] == ["half"]
    path.write_text(f"{fact('two')}\n")
    assert [one.text for one in follower.facts()] == ["two"]
    follower.close()


def test_one_reader_returns_old_and_new_lines(tmp_path):
    path = tmp_path / "ingest.log"
    path.write_text("".join(f"{fact(str(number))}\n" for number in range(100)))
    line = len(fact("99")) + 1
    follower = logs.Follower(path, back=2 * line + 5)  # begins within a line, which is left out
    assert [one.text for one in logs.last_of([follower], "INFO", 9)] == ["98", "99"]
    assert follower.facts() == []
    with path.open("a") as file:
        file.write(f"{fact('100')}\n")
    assert [one.text for one in follower.facts()] == ["100"]
    follower.close()
    whole = logs.Follower(path, back=1 << 20)
    assert len(whole.facts()) == 101
    whole.close()


def test_after_a_rotation_a_writer_and_its_stderr_use_the_new_file(tmp_path):
    path = tmp_path / "ingest.log"
    with path.open("ab") as stderr:
        subprocess.run([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stderr=stderr, check=True)
    assert [one.text for one in logs.parse(path.with_suffix(".log.1").read_text().splitlines())] == ["before"]
    (after,) = logs.parse(path.read_text().splitlines())
    assert after.text == "after\na crash in C"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_rotation_does_not_redirect_a_terminal(tmp_path):
    path = tmp_path / "ingest.log"
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "a crash in C\n"


def test_time_is_local_with_its_offset(monkeypatch):
    record = logging.LogRecord("ingest", logging.INFO, "", 0, "ready", (), None)
    line = logs.Format().format(record)
    (found,) = logs.parse([line])
    assert abs(found.moment_s - record.created) < 0.001


def test_fields_of_a_log_line_can_be_written_as_json():
    (found,) = logs.parse([fact("said line='\"'")])
    assert json.loads(json.dumps(found.fields()))["line"] == '"'
    assert os.linesep not in json.dumps(found.fields())


def test_a_field_cannot_replace_time_level_logger_or_event():
    (found,) = logs.parse([fact("said level=low ts=0 event=kill logger=x n=1")])
    assert found.fields() == {"ts": NOON, "level": "info", "logger": "ingest", "event": "said", "n": "1"}


def test_the_remaining_lines_of_a_rotated_log_are_read_first(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "READ_BYTES", 100)
    file = tmp_path / "x.log"
    file.touch()
    follower = logs.Follower(file)
    file.write_text("".join(f"{fact(f'n={number}')}\n" for number in range(50)))
    file.replace(tmp_path / "x.log.1")
    file.write_text(f"{fact('n=50')}\n")
    assert [one.text for one in follower.facts()] == [f"n={number}" for number in range(51)]
    follower.close()


@pytest.mark.parametrize("before", ["", "logs.prepare_actors()\nos.fork() and sys.exit(os.wait()[1])\n"])
def test_a_log_rotated_during_a_start_is_replaced_by_the_new_file(tmp_path, before):
    file = tmp_path / "log" / "ingest.log"
    file.parent.mkdir()
    begin = (
        f"import logging, os, sys\nfrom pathlib import Path\nfrom actors import logs\n{before}"
        "logs.start_actor(Path(sys.argv[1]))\nlogging.getLogger('ingest').info('here')\n"
    )
    with file.open("ab") as stderr:
        file.replace(file.with_suffix(".log.1"))
        subprocess.run([sys.executable, "-c", begin, str(file)], stderr=stderr, cwd=ROOT, check=True, timeout=60)
    assert file.read_text().endswith("INFO ingest here\n")
    assert file.with_suffix(".log.1").read_text() == ""


def logged(tmp_path, script: str) -> str:
    """Return the log, both files, of a process that runs `script`."""
    file = tmp_path / "log" / "ingest.log"
    begun = "import logging, sys\nfrom pathlib import Path\nfrom actors import logs\nfile = Path(sys.argv[1])\n"
    subprocess.run([sys.executable, "-c", begun + script, str(file)], cwd=ROOT, check=True)
    old = file.with_suffix(".log.1")
    return (old.read_text() if old.exists() else "") + file.read_text()


def test_text_from_outside_is_escaped_and_cut_in_the_log(tmp_path):
    text = logged(
        tmp_path,
        "logs.start(file, terminal=False)\n"
        "logging.getLogger('websockets').warning('bad header: %s', '\\x9b31m' + 'x' * 100_000)\n"
        "try:\n    raise ValueError('\\x1b]0;' + 'y' * 100_000 + '\\n' * 5_000)\n"
        "except ValueError:\n    logging.getLogger('tornado.general').error('failed', exc_info=True)\n",
    )
    assert "bad header: ·31m" in text
    assert "ValueError: ·]0;" in text
    assert len(text) < 10_000
    assert text.count("\n") < 300


def test_libraries_log_only_warnings(tmp_path):
    text = logged(
        tmp_path,
        "logs.start(file, terminal=False)\n"
        "logging.getLogger('tornado.general').info('Malformed HTTP message: Bearer TOKEN')\n"
        "logging.getLogger('ingest').info('here')\n",
    )
    assert "TOKEN" not in text
    assert "here" in text


def test_a_writer_rotates_its_full_file(tmp_path):
    text = logged(
        tmp_path,
        "logs.start(file, terminal=False, max_bytes=10_000)\n"
        "for number in range(2_000):\n    logging.getLogger('ingest').info('line %d', number)\n",
    )
    assert len(text) < 25_000
    assert "line 1999" in text
    assert len(list((tmp_path / "log").iterdir())) == 2
