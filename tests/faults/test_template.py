"""T13: the template is killed, stopped or cannot start, and no process is missing or runs twice."""

from __future__ import annotations

import errno
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors import config, control, host, program
from actors.supervision.forking import Template
from actors.supervision.template import READY
from actors.supervision.warm import Warm
from tests.faults import figures
from tests.faults.tree import HERE, Tree
from tests.support import SLOWNESS, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="on other systems processes are started by exec")

ACTORS = ("broadcaster", "gateway-1", "queue-manager", "normalizer-1", "ingest", "demo")


@pytest.fixture
def forking() -> Iterator[Tree]:
    """A tree with a template, whose restarts do not wait."""
    own = Tree("healthy_s = 0.01\n", spawn="template")
    try:
        yield own
    finally:
        own.close()


def forks(own: Tree) -> int:
    """Return how many processes the template of this moment has forked."""
    count: int = own.status()["actors"].get("template", {}).get("forks", 0)
    return count


def processes(own: Tree) -> Counter[str]:
    """Return how many processes there are of each name, as the system shows them."""
    names = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = [part for part in process.info["cmdline"] or [] if part]
        if line[-1:] == [str(own.run_dir)] and "-m" in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            names.append(line[-2])
    return Counter(names)


def printed_by(code: str, *arguments: str) -> str:
    """Return what a new Python process prints that runs `code` with the modules of Framewire; it must end with 0."""
    environment = os.environ | {"PYTHONPATH": str(program.ROOT)}
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout


def states(own: Tree) -> dict[str, str]:
    """Return the states of all processes by name; none while no supervisor answers."""
    try:
        return {row["name"]: row["state"] for row in own.status()["processes"]}
    except control.NotRunning:
        return {}


def whole(own: Tree) -> bool:
    """Whether everything runs, each process once, and the supervisor has no zombie."""
    try:
        children = psutil.Process(own.status()["pid"]).children()
        zombies = [child for child in children if child.status() == psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return False  # one has just ended
    running = all(row["state"] == "running" for row in own.status()["processes"])
    return running and processes(own) == Counter(["template", *ACTORS]) and not zombies


def restarted(row: dict[str, Any]) -> bool:
    return row["state"] == "running" and row["restarts"] == 1


def masks(pid: int) -> dict[str, str]:
    """Return the blocked, ignored and handled signals of a process."""
    return dict(re.findall(r"^(Sig(?:Blk|Ign|Cgt)):\s+(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))


def test_a_forked_child_is_like_one_that_was_started_by_exec(forking):
    forking.start()
    eventually(lambda: forks(forking) == len(ACTORS))
    forked = {name: psutil.Process(pid) for name, pid in forking.pids().items() if name != "template"}
    seen = {name: masks(process.pid) for name, process in forked.items()}
    for name, process in forked.items():
        line = [sys.executable, "-P", "-m", "tests.faults.tiny_actor", name, str(forking.run_dir)]
        assert [part for part in process.cmdline() if part] == line
        assert Path(f"/proc/{process.pid}/comm").read_text().strip() == name[:15]
        assert process.ppid() == forking.status()["pid"]
        assert os.getsid(process.pid) == process.pid
        links = {file.name: os.readlink(file) for file in Path(f"/proc/{process.pid}/fd").iterdir()}
        assert links["2"] == str(forking.run_dir / "log" / f"{name}.log")
        assert [link.partition(":")[0] for number, link in sorted(links.items()) if int(number) > 2] == ["pipe"] * 2
    tree_of = config.tree_of(config.of_run_dir(forking.run_dir))
    tree_of["supervisor"]["spawn"] = "exec"
    answer = control.request(
        forking.run_dir, "reload", 5 * SLOWNESS, settings=tree_of, source={"file": None, "overrides": []}
    )
    assert answer["stopped"] == ["template"]
    eventually(lambda: processes(forking)["template"] == 0)
    for name, process in forked.items():
        process.kill()
        eventually(lambda name=name: restarted(forking.row(name)))
        assert masks(forking.pids()[name]) == seen[name]


def test_a_fork_without_a_file_for_the_second_pipe_closes_the_first(monkeypatch):
    opened: list[int] = []
    make = os.pipe

    def pipe() -> tuple[int, int]:
        if opened:
            raise OSError(errno.EMFILE, "no file is left")
        opened.extend(make())
        return opened[0], opened[1]

    own, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own, its:
        its.send(READY)
        template = Template()
        template._channel = own
        monkeypatch.setattr(os, "pipe", pipe)
        with pytest.raises(OSError, match="no file is left"):
            template.fork("ingest", 2)
    for file in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


def test_forked_children_draw_different_random_numbers(forking):
    for name in ACTORS:
        forking.behave(name, "draws")
    forking.start()
    drawn = (forking.run_dir / "drawn").read_text().split()
    assert len(set(drawn)) == 2 * len(ACTORS)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda number: number.name)
def test_a_child_is_restarted_without_a_template_and_so_is_the_template(forking, number):
    forking.start()
    before = forking.pids()
    os.kill(before["template"], number)
    os.kill(before["queue-manager"], signal.SIGKILL)
    eventually(lambda: forking.pids()["template"] not in (None, before["template"]) and whole(forking), 20)
    after = forking.pids()
    assert after["queue-manager"] != before["queue-manager"]
    assert {name: pid for name, pid in after.items() if name not in ("template", "queue-manager")} == {
        name: pid for name, pid in before.items() if name not in ("template", "queue-manager")
    }
    os.kill(after["queue-manager"], signal.SIGKILL)
    eventually(lambda: forks(forking) > 0 and whole(forking), 10)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
def test_no_child_is_missing_or_doubled_whenever_the_template_ends(forking, number):
    """The delays fall into all steps of a fork: before the request, between the forks, before the answer, after it."""
    (forking.run_dir / "answer_s").unlink()
    forking.start()
    dice = random.Random(7)
    killed: set[int] = set()
    for _ in range(20):
        # The status has a process that was killed until the supervisor notices.
        eventually(lambda gone=killed: not gone & set(forking.pids().values()) and whole(forking), 20)
        pids = forking.pids()
        killed = {pids["ingest"]} | ({pids["template"]} if number == signal.SIGKILL else set())
        os.kill(pids["ingest"], signal.SIGKILL)
        until_s = time.monotonic() + dice.random() * 0.012
        while time.monotonic() < until_s:
            pass
        os.kill(pids["template"], number)
    eventually(lambda: whole(forking), 20)


def test_a_template_that_cannot_start_is_not_waited_for(forking):
    (forking.run_dir / "template.missing").touch()
    forking.start(ready=False)
    eventually(lambda: all(states(forking).get(name) == "running" for name in ACTORS), 30)


def test_a_template_that_is_too_large_is_replaced(forking):
    with (forking.run_dir / "tiny.toml").open("a") as file:
        file.write("[budgets.of.template]\nmemory_warn_bytes = 1024\n")
    forking.start()
    eventually(lambda: forking.row("template")["last_reason"].startswith("over its budget"), 10)


def test_a_start_in_a_fork_repeats_no_work_that_writes_to_much_of_the_shared_memory(tmp_path):
    code = """
import asyncio, logging, sys
from pathlib import Path
from actors import __main__ as entry, aio, config, flags, heartbeat, host, logs, tokens
from actors.core.sources.state import SourceReport
from actors.stores import outbox
from actors.supervision import child, template

async def serve(ticks):
    heart = heartbeat.Heartbeat("ingest", lambda: [], ticks)
    heart.start()

def start():
    logs.start(None, terminal=True)
    tokens.load_or_create(run_dir)
    settings = config.of_run_dir(run_dir)
    flags.FlagReader(run_dir, settings.flags).refresh()
    logs.names(run_dir), outbox.names(run_dir), host.boot_id()
    child.msgspec.convert([], list[SourceReport])
    aio.run_asyncio(serve)

run_dir = Path(sys.argv[1])
config.load(None, []), template.load("actors")
called, known = set(), set(sys.modules)
sys.setprofile(lambda frame, event, _: called.add((frame.f_globals["__name__"], frame.f_code.co_name)))
start()
sys.setprofile(None)
costly = [("re._compiler", "compile"), ("msgspec._utils", "get_class_annotations"),
    ("logging", "_clear_cache"), ("asyncio.base_tasks", "_task_repr")]
assert not called & set(costly), called & set(costly)
assert set(sys.modules) == known, set(sys.modules) - known
"""
    (tmp_path / "settings.json").write_bytes(config.encode(config.load(None, [])))
    (tmp_path / "log").mkdir()
    printed_by(code, str(tmp_path))


def test_the_modules_of_all_actors_start_no_thread_and_open_no_file():
    code = (
        "import os, actors.__main__ as entry; before = os.listdir('/proc/self/fd'); entry.load_all(); "
        "assert os.listdir('/proc/self/fd') == before, os.listdir('/proc/self/fd'); "
        "assert len(os.listdir('/proc/self/task')) == 1"
    )
    printed_by(code)


@pytest.mark.parametrize("size", [16, 64, 512])
def test_new_objects_are_placed_apart_from_those_that_are_shared(size):
    code = f"""
import logging
from actors.supervision import sharing
make, pool_of = sharing._maker({size}), lambda one: id(one) // sharing.POOL_BYTES
old = [make() for _ in range(4 * sharing.POOL_BYTES // {size})]
del old[::3]
sharing.settle()
new, shared = [make() for _ in range(2_000)], {{pool_of(one) for one in old}}
assert sum(pool_of(one) in shared for one in new) < len(old) / 30  # a few blocks are freed at the end
"""
    printed_by(code)


def test_a_process_unmaps_what_it_read_of_libraries_and_reads_it_again():
    code = """
import ctypes, ssl
from pathlib import Path
from actors import heartbeat, host

def beats():
    heart = heartbeat.Heartbeat("tiny", lambda: [], heartbeat.Ticks())
    for _ in range(host.StartPages.BEATS):
        heart.beat()

def clean_kb():  # what is read of files, and not written
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Shared_Clean", "Private_Clean")))

host.find_files()
for unmap, at_most in ((host.forget_files, 0.5), (beats, 0.8)):  # a heartbeat reads some again
    ssl.create_default_context()
    before_kb = clean_kb()
    unmap()
    assert clean_kb() < at_most * before_kb, (before_kb, clean_kb())
ssl.create_default_context()
"""
    printed_by(code)


def test_a_process_that_is_forked_from_the_template_has_no_module_of_a_source_that_is_not_configured():
    code = (
        "import sys, actors.__main__ as entry; entry.load_all(); "
        "assert not [name for name in sys.modules if name.startswith('actors.producers.sources.')]; "
        "assert 'jmespath' not in sys.modules"
    )
    printed_by(code)


@pytest.mark.parametrize("many", [1, 3_000], ids=["as long", "longer than all arguments of the process"])
def test_a_process_is_shown_with_other_arguments(many):
    code = (
        "import sys; from actors import host; host.rename(['an actor', 'x' * int(sys.argv[1]), 'last'], 'short'); "
        "print(repr(open('/proc/self/cmdline').read().rstrip(chr(0)).split(chr(0))), open('/proc/self/comm').read())"
    )
    assert printed_by(code, str(many)).split() == ["['an", "actor',", f"'{'x' * many}',", "'last']", "short"]


@pytest.mark.parametrize("fails", [False, True], ids=["", "the process cannot be renamed"])
def test_the_first_template_is_forked_and_otherwise_started_by_exec(forking, monkeypatch, fails):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # an exec sets it
    if fails:
        (forking.run_dir / "rename.fails").touch()
    forking.start()
    eventually(lambda: whole(forking), 20)
    assert ("PYTHONUNBUFFERED" in psutil.Process(forking.pids()["template"]).environ()) == fails


def opened(pid: int) -> Counter[str]:
    """Return how many sockets, pipes … a process has open; files are open for moments only."""
    found: Counter[str] = Counter()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            found[os.readlink(file).partition(":")[0]] += 1
    return Counter({name: count for name, count in found.items() if not name.startswith("/")})


def by_exec(pid: int) -> bool:
    """Return whether a supervisor was started by exec: then its guardian has added this to its environment."""
    return host.NOTIFY_FD in psutil.Process(pid).environ()


def test_a_supervisor_is_forked_from_its_guardian_unless_the_code_has_changed(forking):
    """Both are alike: signals, open files, session, and what `ps` shows."""
    guardian = forking.start_guarded(spawn="template")
    seen = []
    for code, next_code in (("", ""), ("", "2"), ("2", "2")):  # the second is forked by a guardian that logged a death
        pid = forking.status()["pid"]
        assert by_exec(pid) == bool(code)
        assert forking.row("template")["restarts"] == 0
        line = [part for part in psutil.Process(pid).cmdline() if part]
        # Two of its signals, two ports, one each of the guardian, the template and the control; connections that close.
        eventually(lambda pid=pid: opened(pid)["socket"] == 7)
        seen.append((masks(pid), opened(pid), os.getsid(pid) == pid, psutil.Process(pid).ppid(), line[:4]))
        (forking.run_dir / "code").write_text(next_code)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda old=pid: forking.replaced(old) and whole(forking), 20)
    assert seen[0] == seen[1] == seen[2]
    shown = [sys.executable, str(HERE / "tiny_supervisor.py"), str(forking.run_dir), "guarded"]
    assert seen[0][3:] == (guardian.pid, shown)


def test_without_the_modules_of_the_actors_a_supervisor_is_not_forked():
    assert Warm(lambda _: sys.exit(), "tests.faults.missing").fork([], 0, lambda: None) is None


def test_the_next_template_is_forked_unless_the_code_has_changed(forking, monkeypatch):
    """All templates are alike, and so are their processes: signals and open files."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # an exec sets it
    forking.start()
    seen = []
    for code in ("1", "1", "2"):
        (forking.run_dir / "code").write_text(code)
        pids = forking.pids()
        for name in ("template", "ingest"):
            os.kill(pids[name], signal.SIGKILL)
            eventually(lambda old=pids, name=name: forking.pids()[name] not in (None, old[name]) and whole(forking), 20)
        pids = forking.pids()
        assert ("PYTHONUNBUFFERED" in psutil.Process(pids["template"]).environ()) == (code == "2")
        eventually(lambda: forks(forking) == 1)
        seen.append([(masks(pids[name]), opened(pids[name])) for name in ("template", "ingest")])
    assert seen[0] == seen[1] == seen[2]


def test_a_changed_module_has_another_stamp(tmp_path):
    (tmp_path / "one.py").write_text("")
    before = program.code_stamp(tmp_path)
    assert program.code_stamp(tmp_path) == before
    (tmp_path / "one.py").write_text("pass")
    assert program.code_stamp(tmp_path) != before


@pytest.mark.faults
@pytest.mark.timeout(1_200)
def test_a_thousand_restarts_leave_the_template_and_the_supervisor_as_they_were(forking):
    """Files, threads and memory of both, after the first hundred and after a thousand."""
    forking.start()
    measured = []
    for number in range(1_000):
        name = ACTORS[number % len(ACTORS)]
        pid = forking.pids()[name]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda old=pid, name=name: forking.row(name)["pid"] not in (None, old), 20)
        if number in (99, 999):
            eventually(lambda: whole(forking), 20)
            both = [psutil.Process(forking.status()["pid"]), psutil.Process(forking.pids()["template"])]
            measured.append([(one.num_fds(), one.num_threads(), one.memory_info().rss >> 20) for one in both])
    figures.note("warm", f"files, threads, MiB of supervisor and template, 100 and 1,000 restarts: {measured}")
    for before, after in zip(*measured, strict=True):
        assert after[0] <= before[0] + 2  # connections of this test
        assert after[1] == before[1]
        assert after[2] <= before[2] + 2
