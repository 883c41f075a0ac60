"""The logins that a dashboard has begun: one command `login --json` per source, and the last line that it printed.

The command (actors/commands/login.py) runs as a process of its own, because it waits for a platform and stores the
login. It ends when it is canceled, and when the supervisor ends, because its standard input ends then.
"""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from actors import host, program
from actors.core.contract.event import UNREADABLE
from actors.errors import BadInput, Refused

KEPT_S: Final = 300.0  # how long the outcome is shown
SAID_BYTES: Final = 4 << 10
LINE_BYTES: Final = 64 << 10  # the pipe of a command that prints anything else is not kept in memory

Process = subprocess.Popen[bytes]


class LoginRequest(Struct, frozen=True):
    """A request to the supervisor. `client_secret` is for platforms that need one; it is passed on, and not kept."""

    source: Annotated[str, Meta(max_length=64)]
    action: Literal["begin", "cancel"]
    client_secret: Annotated[str, Meta(max_length=256, pattern=r"^[^\r\n]*\Z")] = ""


class _Said(Struct, frozen=True):
    """A line of the command."""

    state: Literal["waiting", "asks", "done", "expired", "refused"]
    text: Annotated[str, Meta(max_length=1_000)] = ""
    page: Annotated[str, Meta(max_length=500)] = ""
    code: Annotated[str, Meta(max_length=64)] = ""
    expires_s: Annotated[float, Meta(ge=0.0, le=86_400.0)] = 0.0


_said = msgspec.json.Decoder(_Said)


class _Login:
    def __init__(self, process: Process) -> None:
        self.process: Process | None = process  # None when it has ended
        self.said: _Said | None = None
        self.canceled = False
        self.pending = bytearray()
        self.until_s = self.ended_s = 0.0


def start(run_dir: Path, kind: str, source: str) -> Process:
    """Start the command; raises OSError."""
    return subprocess.Popen(
        [*program.COMMAND, "login", kind, "--source", source, "--json", "--set", f"run_dir={run_dir}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=host.environment(program.ROOT),
        start_new_session=True,  # the terminal sends Ctrl-C to the guardian alone
    )


class Logins:
    """At most one login per source. `begin` and `cancel` return at once; `row` has the state."""

    def __init__(
        self,
        run_dir: Path,
        selector: selectors.BaseSelector,
        clock: Callable[[], float],
        start: Callable[[Path, str, str], Process] = start,
    ) -> None:
        self._run_dir, self._selector, self._clock, self._start = run_dir, selector, clock, start
        self._logins: dict[str, _Login] = {}

    def carry_out(self, request: dict[str, Any], kinds: dict[str, str]) -> None:
        """Begin or cancel a login; `kinds` has the kind of every source.

        Raises:
            BadInput: the request is malformed, or there is no such source.
            Refused: a login of the source is in progress, or cannot be started.
        """
        try:
            wanted = msgspec.convert(request, LoginRequest)
        except msgspec.ValidationError as error:
            raise BadInput(f"login: {error}") from error
        if wanted.source not in kinds:
            raise BadInput(f"Unknown source {wanted.source!r}. Sources: {', '.join(kinds) or 'none'}")
        if wanted.action == "begin":
            self._begin(wanted, kinds[wanted.source])
        else:
            self._cancel(wanted.source)

    def row(self, source: str, command: str) -> dict[str, Any] | None:
        """Return the login of a source for display; `command` is the one that the source waits for.

        None: the source needs no login now. The state "" offers one.
        """
        login = self._logins.get(source)
        if login is None or (login.process is None and self._clock() - login.ended_s > KEPT_S):
            return {"state": ""} if command.startswith(f"{program.NAME} login ") else None
        said = login.said
        if said is None:
            return {"state": "starting"}
        left_s = max(0.0, login.until_s - self._clock()) if said.state == "waiting" else None
        return {"state": said.state, "text": said.text, "page": said.page, "code": said.code, "expires_s": left_s}

    def pids(self) -> set[int]:
        """Return the running processes."""
        return {one.process.pid for one in self._logins.values() if one.process is not None}

    def reap(self) -> None:
        """Look which processes have exited."""
        for source, login in list(self._logins.items()):
            if login.process is not None and (code := login.process.poll()) is not None:
                self._ended(source, login, code)

    def close(self) -> None:
        """End all of them."""
        for login in self._logins.values():
            if login.process is not None:
                login.process.kill()
                login.process.wait()
                self._release(login.process)
                login.process = None

    def _begin(self, wanted: LoginRequest, kind: str) -> None:
        before = self._logins.get(wanted.source)
        if before is not None and before.process is not None:
            raise Refused(f"a login of {wanted.source} is in progress; cancel it first")
        try:
            process = self._start(self._run_dir, kind, wanted.source)
        except OSError as error:
            raise Refused(f"the login cannot be started: {error.strerror}") from error
        login = self._logins[wanted.source] = _Login(process)
        if process.stdin is None or process.stdout is None:
            raise AssertionError("the process has no pipes")
        with suppress(BrokenPipeError):  # it has exited already, and its exit tells why
            process.stdin.write(f"{wanted.client_secret}\n".encode())
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, lambda _: self._read(login))

    def _cancel(self, source: str) -> None:
        login = self._logins.get(source)
        if login is None:
            return
        if login.process is None:
            del self._logins[source]
            return
        login.canceled = True
        login.process.terminate()

    def _read(self, login: _Login) -> bool:
        """Take what was printed; return whether there may be more."""
        if login.process is None or login.process.stdout is None:
            return False
        try:
            data = os.read(login.process.stdout.fileno(), LINE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            with suppress(KeyError):
                self._selector.unregister(login.process.stdout)
            return False
        *lines, rest = bytes(login.pending + data).split(b"\n")
        login.pending = bytearray(rest[:SAID_BYTES])
        for line in lines:
            with suppress(*UNREADABLE):
                login.said = _said.decode(line)
                login.until_s = self._clock() + login.said.expires_s
        return True

    def _ended(self, source: str, login: _Login, code: int) -> None:
        if login.process is None:
            return
        while self._read(login):
            pass
        self._release(login.process)
        login.process, login.ended_s = None, self._clock()
        if login.canceled:
            del self._logins[source]
        elif login.said is None or login.said.state == "waiting":
            login.said = _Said("refused", f"The login has ended unexpectedly, with exit code {code}; see the log")

    def _release(self, process: Process) -> None:
        if process.stdout is not None:
            with suppress(KeyError):  # its end was read already
                self._selector.unregister(process.stdout)
            process.stdout.close()
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
