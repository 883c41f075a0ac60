"""Log lines: as they are written, read back, put aside and followed."""

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
def test_a_fact_is_words_then_keys_and_values(text, fields):
    (found,) = logs.parse([fact(text)])
    assert found.fields() == {"ts": NOON, "level": "info", "logger": "ingest"} | fields


def test_what_has_no_time_belongs_to_the_fact_above():
    first, second = logs.parse([fact("failed"), "Traceback", "  line", fact("ready")])
    assert first.fields()["more"] == "Traceback\n  line"
    assert first.line() == f"{fact('failed')}\nTraceback\n  line"
    assert second.text == "ready"
    (alone,) = logs.parse(["Fatal Python error", "Thread 1"])
    assert (alone.level, alone.at_least("ERROR"), alone.moment_s) == ("", True, 0.0)


def test_levels_are_a_threshold():
    found = logs.parse([fact(level, level) for level in logs.LEVELS])
    assert [one.text for one in found if one.at_least("WARNING")] == ["WARNING", "ERROR", "CRITICAL"]


def test_facts_of_several_processes_come_in_the_order_of_time(tmp_path):
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


def test_a_follower_misses_nothing_when_the_file_is_put_aside(tmp_path):
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


def test_old_lines_and_new_ones_come_from_one_reader(tmp_path):
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


def test_a_writer_goes_on_in_a_new_file_when_its_own_was_put_aside_and_stderr_goes_with_it(tmp_path):
    path = tmp_path / "ingest.log"
    with path.open("ab") as stderr:
        subprocess.run([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stderr=stderr, check=True)
    assert [one.text for one in logs.parse(path.with_suffix(".log.1").read_text().splitlines())] == ["before"]
    (after,) = logs.parse(path.read_text().splitlines())
    assert after.text == "after\na crash in C"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_terminal_is_left_alone_when_the_file_is_put_aside(tmp_path):
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


def test_json_of_a_fact_is_json():
    (found,) = logs.parse([fact("said line='\"'")])
    assert json.loads(json.dumps(found.fields()))["line"] == '"'
    assert os.linesep not in json.dumps(found.fields())


def test_a_field_does_not_pass_for_what_every_fact_has():
    (found,) = logs.parse([fact("said level=low ts=0 event=kill logger=x n=1")])
    assert found.fields() == {"ts": NOON, "level": "info", "logger": "ingest", "event": "said", "n": "1"}


def test_the_rest_of_a_log_that_was_put_aside_is_read_first(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "READ_BYTES", 100)
    file = tmp_path / "x.log"
    file.touch()
    follower = logs.Follower(file)
    file.write_text("".join(f"{fact(f'n={number}')}\n" for number in range(50)))
    file.replace(tmp_path / "x.log.1")
    file.write_text(f"{fact('n=50')}\n")
    assert [one.text for one in follower.facts()] == [f"n={number}" for number in range(51)]
    follower.close()


def test_a_log_that_was_put_aside_while_its_writer_started_is_left_for_the_new_one(tmp_path):
    file = tmp_path / "log" / "ingest.log"
    file.parent.mkdir()
    begin = (
        "import logging, sys\nfrom pathlib import Path\nfrom actors import logs\n"
        "logs.start_actor(Path(sys.argv[1]))\nlogging.getLogger('ingest').info('here')\n"
    )
    with file.open("ab") as stderr:
        file.replace(file.with_suffix(".log.1"))
        subprocess.run([sys.executable, "-c", begin, str(file)], stderr=stderr, cwd=ROOT, check=True, timeout=60)
    assert "here" in file.read_text()


def logged(tmp_path, script: str) -> str:
    """Return the log, both files, of a process that runs `script`."""
    file = tmp_path / "log" / "ingest.log"
    begun = "import logging, sys\nfrom pathlib import Path\nfrom actors import logs\nfile = Path(sys.argv[1])\n"
    subprocess.run([sys.executable, "-c", begun + script, str(file)], cwd=ROOT, check=True)
    old = file.with_suffix(".log.1")
    return (old.read_text() if old.exists() else "") + file.read_text()


def test_what_comes_from_outside_is_escaped_and_cut_in_the_log(tmp_path):
    text = logged(
        tmp_path,
        "logs.start(file, terminal=False)\n"
        "logging.getLogger('tornado.general').warning('bad header: %s', '\\x9b31m' + 'x' * 100_000)\n"
        "try:\n    raise ValueError('\\x1b]0;' + 'y' * 100_000 + '\\n' * 5_000)\n"
        "except ValueError:\n    logging.getLogger('tornado.general').error('failed', exc_info=True)\n",
    )
    assert "bad header: ·31m" in text
    assert "ValueError: ·]0;" in text
    assert len(text) < 10_000
    assert text.count("\n") < 300


def test_a_library_logs_warnings_alone(tmp_path):
    text = logged(
        tmp_path,
        "logs.start(file, terminal=False)\n"
        "logging.getLogger('tornado.general').info('Malformed HTTP message: Bearer TOKEN')\n"
        "logging.getLogger('ingest').info('here')\n",
    )
    assert "TOKEN" not in text
    assert "here" in text


def test_a_writer_puts_its_own_full_file_aside(tmp_path):
    text = logged(
        tmp_path,
        "logs.start(file, terminal=False, max_bytes=10_000)\n"
        "for number in range(2_000):\n    logging.getLogger('ingest').info('line %d', number)\n",
    )
    assert len(text) < 25_000
    assert "line 1999" in text
    assert len(list((tmp_path / "log").iterdir())) == 2
