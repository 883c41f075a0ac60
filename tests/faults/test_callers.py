"""Unusual callers: a stopped terminal, an unread pipe, closed streams, blocked signals."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from actors import control, entry
from actors.errors import Refused
from tests.support import SLOWNESS, SUPERVISOR, Pipeline, eventually


def begin(pipeline: Pipeline, *options: str, prefix: tuple[str, ...] = (), **how: object) -> subprocess.Popen[bytes]:
    """Start the pipeline with the arguments `how`; the fixture ends it."""
    settings = [part for override in pipeline.overrides for part in ("--set", override)]
    command = [*prefix, sys.executable, str(SUPERVISOR), "start", *options, *settings]
    pipeline.process = process = subprocess.Popen(command, **how)  # type: ignore[call-overload]
    return process  # type: ignore[no-any-return]


def full_pipe() -> tuple[int, int]:
    """Return a pipe that takes nothing more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    return reader, writer


def stopped_terminal() -> tuple[int, int]:
    """Return a terminal that was stopped with Ctrl-S."""
    master, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    return master, terminal


@pytest.mark.parametrize("stuck", [full_pipe, stopped_terminal])
def test_unread_output_blocks_no_process(idle, stuck):
    reader, writer = stuck()
    try:
        begin(idle, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
        eventually(idle.running, 20)
        supervisor = idle.status()["pid"]
        idle.kill("ingest")
        assert idle.status()["pid"] == supervisor
        assert idle.command("stop").returncode == 0
        assert idle.process.wait(10 * SLOWNESS) == 0
    finally:
        termios.tcflow(writer, termios.TCOON) if os.isatty(writer) else None
        os.close(reader)
        os.close(writer)


def test_actors_continue_while_the_supervisor_reads_no_heartbeats(idle):
    """Heartbeats fill the pipe to a stopped supervisor; here the pipe holds one page."""
    reader, writer = os.pipe()
    begun = (
        "import os, sys, time\n"
        "from actors.core.metrics import IngestMetrics\n"
        "from actors.heartbeat import Heartbeat, Ticks\n"
        "heart = Heartbeat('x', lambda: [IngestMetrics(unknown_names={'y' * 1000: 1})], Ticks())\n"
        "heart.start()\n"
        "for number in range(500):\n"
        "    heart.beat()\n"
        "os.write(2, b'still here')\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", begun],
        stdin=subprocess.PIPE,
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=SUPERVISOR.parent,
    )
    os.close(writer)
    assert process.stderr is not None
    assert process.stderr.read(10) == b"still here"
    process.kill()
    process.communicate()
    with os.fdopen(reader, "rb") as said:
        lines = said.read().split(b"\n")
    assert 10 < len(lines) < 500
    assert all(
        line.startswith(b'{"stats"') and line.endswith(b"}") for line in lines[:-2]
    )  # whole, whatever was dropped


def test_an_interrupt_while_modules_are_imported_ends_a_command_without_a_traceback(tmp_path: Path):
    for name in entry.PACKAGES:  # the first one that is imported sends the interrupt
        (tmp_path / f"{name}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    command = [sys.executable, str(SUPERVISOR), "start"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_start_works_with_closed_standard_streams(idle, closed):
    begin(idle, "--no-guardian", prefix=("sh", "-c", f'exec "$@" {closed}', "sh"), stderr=subprocess.DEVNULL)
    eventually(idle.running, 20)
    assert idle.command("stop").returncode == 0
    assert idle.process.wait(10 * SLOWNESS) == 0


def test_a_stop_works_with_signals_blocked_by_the_caller(idle):
    hold = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    process = begin(idle, prefix=(sys.executable, "-c", hold), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    eventually(idle.running, 20)
    children = {row["name"]: row["pid"] for row in idle.status()["processes"]}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10 * SLOWNESS) == 0
    said = (idle.run_dir / "log" / "supervisor.log").read_text()
    assert "did not exit in time" not in said
    assert len(children) == said.count("child stopped")


def test_a_signal_between_two_programs_reaches_the_second():
    """As `start` becomes the guardian: without, Ctrl-C in that moment ends it with a traceback."""
    second = "from actors.supervision.signals import Signals; heard = Signals().wait(10.0); print(*heard)"
    first = (
        "import os, signal, sys; from actors import host; host.hold_signals(); os.kill(os.getpid(), signal.SIGINT); "
        "os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])"
    )
    command = [sys.executable, "-c", first, second]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=SUPERVISOR.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{signal.SIGINT.value}\n", "")


def test_the_guardian_accepts_a_supervisor_that_was_replaced_by_hand(idle):
    """Its guardian waits for its next try while another start succeeds; it must not take over when that is stopped."""
    first = begin(idle, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(idle.running, 20)
    supervisor = idle.status()["pid"]
    first.send_signal(signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not idle.running())
    second = begin(idle, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(idle.running, 20)
    first.send_signal(signal.SIGCONT)
    assert first.wait(20 * SLOWNESS) == 0
    assert idle.running()
    assert idle.command("stop").returncode == 0
    assert second.wait(10 * SLOWNESS) == 0


def test_a_stop_is_not_followed_by_a_restart_under_pythoninspect(idle):
    environment = os.environ | {"PYTHONINSPECT": "1"}
    guardian = begin(
        idle, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    eventually(idle.running, 20)
    assert idle.command("stop").returncode == 0
    guardian.wait(10 * SLOWNESS)
    assert not idle.running()


def stops(idle) -> bool:
    """Request a stop of the pipeline; False while no supervisor accepts the request."""
    try:
        control.request(idle.run_dir, "stop", 5 * SLOWNESS)
    except Refused:
        return False
    return True


def test_a_detached_start_that_is_stopped_reports_that_it_is_not_ready(idle):
    for _ in range(20):
        process = idle.begin("start", "--detach")
        eventually(lambda: stops(idle), 20)
        _, said = process.communicate(timeout=30 * SLOWNESS)
        if process.returncode:  # else it was ready before it was stopped
            break
        eventually(lambda: not idle.running(), 20)
    assert process.returncode == 1
    assert "stopped before it was ready" in said


@pytest.mark.parametrize("run_dir", ["~nobody-is-called-so/x", "/tmp/\udcff"])
def test_a_run_directory_that_cannot_be_found_is_named(run_dir):
    command = [sys.executable, str(SUPERVISOR), "status", "--set", f"run_dir={run_dir}"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"cannot be found" in done.stderr


def test_a_current_directory_that_was_removed_is_named(tmp_path: Path):
    gone = tmp_path / "gone"
    gone.mkdir()
    leave = 'rmdir "$PWD"; exec "$@"'
    command = ["sh", "-c", leave, "sh", sys.executable, str(SUPERVISOR), "status", "--set", "run_dir=here"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, cwd=gone)
    assert (done.returncode, done.stderr.count(b"Traceback")) == (2, 0)
