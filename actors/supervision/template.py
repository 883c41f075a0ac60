"""The template: a process that has imported all actors, and forks one for each request of the supervisor.

    supervisor ─NAME, three descriptors▶ template ─fork▶ intermediate ─fork▶ actor
               ◀─────────PID──────────── (waits for the intermediate's exit)

The intermediate exits at once, so that the supervisor, a subreaper, adopts the actor as a child of its own before it
reads the PID. The actor starts when the supervisor has written a byte to its stdin. If the supervisor gave up before,
the actor reads the end of its stdin and exits.

A template is forked from the supervisor, which has all actors imported (warm.py) and so shares these pages. The first
one is forked before the processes of a killed supervisor are ended. A template is started by exec if the code has
changed, or if the template before it did not work.

A fork is safe because this process has one thread and neither a loop, a ZeroMQ context nor a database. Its socket and
its pipe are closed in the actor. Python and OpenSSL seed their random generators again after a fork.
"""

from __future__ import annotations

import functools
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from typing import Any, Final, NoReturn

from actors import host, logs, program
from actors.core.supervision.restarts import BAD_CONFIG
from actors.supervision import sharing, signals

BEAT_S: Final = 1.0
READY: Final = b"ready"
FAILED: Final = b"0"  # instead of a PID: no process could be forked
NAME_CHARACTERS: Final = 32  # of a source at most (producers/spec.py)

log = logging.getLogger("template")


def main(arguments: list[str]) -> int:
    """Serve requests until the supervisor ends; in an actor, run the actor. Arguments: ENTRY NAME RUN_DIR."""
    entry, name, run_dir = arguments
    try:
        _make_room_for_names(entry, name, run_dir)
    except OSError:
        logs.start(None, terminal=True)
        log.error("stopped error='processes cannot be renamed here; set supervisor.spawn = \"exec\"'")
        return BAD_CONFIG
    return _run(entry, run_dir)


def run_forked(entry: str, name: str, run_dir: str, files: list[int]) -> NoReturn:
    """Become the template in a process that the supervisor has just forked. `files` become its first descriptors."""
    code = 1
    try:
        logs.start(None, terminal=False)
        signals.forget()
        _take(files)
        host.take_signals()
        try:
            _make_room_for_names(entry, name, run_dir)
        except OSError:
            # The command line of the supervisor is too short for that of an actor; that of an exec is long enough.
            own = [*_command(__name__), entry, name, run_dir]
            os.execve(sys.executable, own, host.environment(program.ROOT))
        code = _run(entry, run_dir)
    finally:  # the callers of this function are the supervisor's, and must not see an exception
        failure = sys.exception()
        if failure is not None and not isinstance(failure, SystemExit):
            traceback.print_exception(failure)
        os._exit(code)


def _run(entry: str, run_dir: str) -> int:
    host.signal_on_parent_death(signal.SIGKILL)
    host.dump_stacks_on_signal()
    logs.start(None, terminal=True)  # stderr is its own log; a file opened here would be open in every actor
    actor = load(entry)
    if not host.has_one_thread():
        log.error("stopped error='a module starts a thread when it is imported, so a fork is not safe'")
        return BAD_CONFIG
    host.limit_malloc_arenas()
    name = _serve(socket.socket(fileno=0))
    if name is None:
        return 0
    host.rename([*_command(entry), name, run_dir], name)
    sys.argv = [entry, name, run_dir]
    if not os.read(0, 1):
        os._exit(0)  # the supervisor gave up, or has ended
    code: int = actor.main([name, run_dir])
    return code


@functools.cache
def load(entry: str) -> Any:
    """Import all actors, and return the module that runs them; a fork of a process that has done so does nothing."""
    with sharing.importing():
        actor = _entry_of(entry)
        actor.load_all()
    logs.prepare_actors()
    sharing.settle()
    return actor


def _make_room_for_names(entry: str, name: str, run_dir: str) -> None:
    """Rename this process, so that a process with the longest name of an actor can be renamed, too."""
    for shown in ("x" * NAME_CHARACTERS, name):
        host.rename([*_command(entry), shown, run_dir], name)


def _command(entry: str) -> list[str]:
    return [sys.executable, "-P", "-m", entry]


def _entry_of(entry: str) -> Any:
    """Return the module that `python -m ENTRY` runs."""
    module = importlib.import_module(entry)
    return importlib.import_module(f"{entry}.__main__") if hasattr(module, "__path__") else module


def _serve(requests: socket.socket) -> str | None:
    """Fork an actor for each request. Return its name in the actor, and None here when the requests have ended."""
    os.set_blocking(1, False)
    forks, due_s, start_pages = 0, 0.0, host.StartPages()
    requests.send(READY)  # before the heartbeat, on which the supervisor sends its first request
    _say({"ready": True})
    while True:
        now_s = time.monotonic()
        if now_s >= due_s:
            due_s = now_s + BEAT_S
            _say({"stats": {"forks": forks}, "ts_ms": time.time() * 1000})
            start_pages.beat()
        if not select.select([requests], [], [], due_s - now_s)[0]:
            continue
        message, files, _, _ = socket.recv_fds(requests, NAME_CHARACTERS, 3)
        if not message:
            return None
        pid = _fork_twice()
        if pid == 0:
            requests.detach()  # its number is stdin from here on
            host.stop_dumping_stacks()
            _take(files)
            return message.decode()
        for file in files:
            os.close(file)
        forks += pid is not None
        requests.send(FAILED if pid is None else b"%d" % pid)


def _fork_twice() -> int | None:
    """Return the pid of a process whose parent has exited; 0 in that process; None when the system refused."""
    reader, writer = os.pipe()
    try:
        between = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        log.error("fork failed error=%r", error.strerror)
        return None
    if between == 0:
        with suppress(OSError):
            pid = os.fork()
            if pid == 0:
                return 0
            os.write(writer, b"%d" % pid)
        os._exit(0)
    os.close(writer)
    answer = os.read(reader, 32)
    os.close(reader)
    os.waitpid(between, 0)  # the actor has its new parent when this returns
    return int(answer) if answer else None


def _take(files: list[int]) -> None:
    """Make the received descriptors stdin, stdout and stderr, close all others, and leave the template's session."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(len(files), 1 + max(int(name) for name in os.listdir("/proc/self/fd")))
    os.setsid()


def _say(fact: dict[str, Any]) -> None:
    """Write a line for the supervisor, or drop it: a supervisor that does not read must not block this process."""
    with suppress(BlockingIOError, BrokenPipeError):
        os.write(1, json.dumps(fact, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
