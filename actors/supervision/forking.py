"""The supervisor's end of the template (template.py): starts it, and requests actors from it.

Every failure leads to the same result, `fork` returns None, and the caller starts the actor by exec.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import IO, Final, NoReturn, Protocol

from actors import host
from actors.supervision.template import FAILED, READY

# A fork takes 10 ms, a start by exec 250 to 400 ms. A template that needs longer than this is killed.
ANSWER_S: Final = 0.4

log = logging.getLogger("supervisor")


class Process(Protocol):
    """The part of subprocess.Popen that the supervisor uses; tests replace it."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...


class Forked:
    """A process that was forked, here or by the template; the part of Popen that the supervisor uses."""

    def __init__(self, pid: int, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def send_signal(self, sig: int, /) -> None:
        if self.poll() is None:  # a pid that the system has reused is never signalled
            os.kill(self.pid, sig)


def fork(become: Callable[[], NoReturn]) -> int:
    """Run `become` in a fork of this process, which has one thread; return its pid.

    `become` starts with the stop signals blocked: one that arrives before it has replaced the handlers of this process
    would be handled as one for this process. It calls `host.take_signals` then.

    Raises:
        OSError: the system cannot start another process.
    """
    host.hold_signals()
    try:
        pid = os.fork()
        if pid == 0:
            become()
    finally:
        host.take_signals()
    return pid


class Template:
    """The running template, if there is one."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._channel: socket.socket | None = None
        self._ready = False

    @property
    def works(self) -> bool:
        """Whether it was ready, and answered all requests."""
        return self._channel is not None and self._is_ready(self._channel)

    def fork_here(self, become: Callable[[list[int]], NoReturn], stderr: int) -> Process:
        """Fork the next template from this process, which has one thread. It runs `become(stdin, stdout, stderr)`.

        Raises:
            OSError: this process cannot adopt actors, or the system cannot start another process.
        """
        own, its = self._channels()
        stdout, stdout_end = os.pipe()
        try:
            pid = fork(lambda: become([its.fileno(), stdout_end, stderr]))
        except OSError:
            own.close()
            os.close(stdout)
            raise
        finally:
            its.close()
            os.close(stdout_end)
        self._channel, self._process = own, Forked(pid, None, open(stdout, "rb", 0))  # noqa: SIM115
        return self._process

    def start(self, run: Callable[[int], Process]) -> Process:
        """Start the next template by `run(stdin)`.

        Raises:
            OSError: this process cannot adopt actors, or the system cannot start another process.
        """
        own, its = self._channels()
        with its:
            try:
                self._process = run(its.fileno())
            except OSError:
                own.close()
                raise
        self._channel = own
        return self._process

    def _channels(self) -> tuple[socket.socket, socket.socket]:
        """Close the channel to the template before; return both ends of the channel to the next one."""
        self.close()
        host.adopt_orphans()
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def close(self) -> None:
        """Send no further requests. A template that still runs reads the end of its stdin and exits."""
        if self._channel is not None:
            self._channel.close()
        self._channel, self._ready = None, False

    def fork(self, name: str, stderr: int) -> Forked | None:
        """Return a new process of the actor `name`; None: there is no template, or it does not answer.

        Raises:
            OSError: this process has no file left for the pipes.
        """
        if self._channel is None or not self._is_ready(self._channel):
            return None
        stdin_end, stdin = os.pipe()
        try:
            stdout, stdout_end = os.pipe()
        except OSError:
            os.close(stdin_end)
            os.close(stdin)
            raise
        answer = self._request(self._channel, name, [stdin_end, stdout_end, stderr])
        os.close(stdin_end)
        os.close(stdout_end)
        pid = _child_of(answer)
        if pid is None:
            os.close(stdin)  # an actor that was forked after all reads this end, and exits
            os.close(stdout)
            if answer != FAILED:
                self._give_up(name)
            return None
        with suppress(BrokenPipeError):  # it is already dead
            os.write(stdin, b"\n")
        return Forked(pid, open(stdin, "wb", 0), open(stdout, "rb", 0))

    def _is_ready(self, channel: socket.socket) -> bool:
        """Return whether it has loaded the actors. Its first message reports this."""
        if not self._ready:
            with suppress(OSError):
                self._ready = channel.recv(len(READY), socket.MSG_DONTWAIT) == READY
        return self._ready

    def _request(self, channel: socket.socket, name: str, files: list[int]) -> bytes:
        try:
            channel.settimeout(ANSWER_S)
            socket.send_fds(channel, [name.encode()], files)
            return channel.recv(32)
        except OSError:  # a timeout is one, too
            return b""

    def _give_up(self, name: str) -> None:
        """Kill it, if it has not exited: a late answer would be taken for that of the next request."""
        self.close()
        if self._process is not None and self._process.poll() is None:
            log.warning("template gave no answer name=%s (started by exec instead)", name)
            self._process.send_signal(signal.SIGKILL)


def _child_of(answer: bytes) -> int | None:
    """Return the pid in an answer if it is a child of this process."""
    pid = int(answer) if answer.isdigit() else 0
    if pid > 0:
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return pid
    return None


def reap_adopted(known: Collection[int]) -> None:
    """Reap exited processes that this process adopted, and that are none of its children `known`.

    They are what a template leaves that is killed during a fork.
    """
    with suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if found.si_pid in known:
                return  # it exited since it was polled; its own SIGCHLD follows
            os.waitpid(found.si_pid, 0)
