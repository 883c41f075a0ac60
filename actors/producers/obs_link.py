"""One connection to obs-websocket 5: identified, then requests one at a time, and the events in their order.

No library is used (docs/dependencies.md): Framewire needs only one request at a time, with bounds on all data.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from actors.core.sources import obs
from actors.core.sources.obs import Answer, ObsEvent, ObsFrame, ObsHello, Op
from actors.errors import BadInput
from actors.producers.spec import Disconnected, SourceNotRunning, SourceRefused
from actors.producers.web import WebSocket, program_socket

ANSWER_S: Final = 10.0
MAX_EVENTS: Final = 1_000  # that arrive before an answer

T = TypeVar("T")


class RequestFailed(Disconnected):
    """OBS answered a request with an error; `status` is the code of the protocol."""

    def __init__(self, type_: str, code: int, comment: str) -> None:
        super().__init__(f"OBS answers {code} to {type_}: {comment[:200] or 'no reason'}")
        self.status = code


class ObsConnection:
    """An identified connection. Every method raises Disconnected when it has ended."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._events: deque[ObsEvent] = deque()
        self._numbers = itertools.count(1)

    async def event(self, within_s: float | None = None) -> ObsEvent | None:
        """Return the next event; None if none arrived in time.

        Raises:
            BadInput: the message is not one of obs-websocket.
        """
        if self._events:
            return self._events.popleft()
        try:
            async with asyncio.timeout(within_s):
                while True:
                    frame = obs.read(ObsFrame, await self._socket.receive())
                    if frame.op == Op.EVENT:
                        return obs.read(ObsEvent, frame.d)
        except TimeoutError:
            return None

    def kept(self, types: Container[str]) -> bool:
        """Return whether an event of these types came before the last answer, and is still to be returned."""
        return any(event.event_type in types for event in self._events)

    def discard(self, types: Container[str]) -> None:
        """Forget the events of these types that came before the last answer."""
        self._events = deque(event for event in self._events if event.event_type not in types)

    async def request(self, type_: str, kind: type[T], /, **data: Any) -> T:
        """Return the answer to a request.

        Raises:
            RequestFailed: OBS answered with an error.
        """
        number = str(next(self._numbers))
        await self._socket.send(obs.request(number, type_, data))
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._answer(number)
            if not answer.request_status.result:
                status = answer.request_status
                raise RequestFailed(type_, status.code, status.comment or "")
            return obs.read(kind, answer.response_data)
        except TimeoutError as error:
            raise Disconnected(f"OBS did not answer {type_} within {ANSWER_S:g} s") from error
        except BadInput as error:
            raise Disconnected(f"the answer of OBS to {type_} cannot be read: {error}") from error

    async def _answer(self, number: str) -> Answer:
        while True:
            frame = obs.read(ObsFrame, await self._socket.receive())
            if frame.op == Op.EVENT:
                self._keep(obs.read(ObsEvent, frame.d))
            elif frame.op == Op.ANSWER:
                answer = obs.read(Answer, frame.d)
                if answer.request_id == number:
                    return answer

    def _keep(self, event: ObsEvent) -> None:
        if len(self._events) >= MAX_EVENTS:
            raise Disconnected(f"OBS sent {MAX_EVENTS} events before its answer")
        self._events.append(event)


@asynccontextmanager
async def link(
    url: str, password: Callable[[], str], name: str, subscriptions: int = 0
) -> AsyncIterator[ObsConnection]:
    """Connect and identify. `name` is that of the secret, for the sentence about a wrong password.

    Raises:
        SourceNotRunning: OBS is closed, or its WebSocket server is off.
        Disconnected: the server does not use obs-websocket 5, or ended the connection.
        SourceRefused: the password is wrong, or OBS is too old.
    """
    async with program_socket(url, "OBS") as socket:
        try:
            await _greet(socket, url, password, subscriptions)
            yield ObsConnection(socket)
        except Disconnected as error:
            raise _meaning(error, name) from error


async def _greet(socket: WebSocket, url: str, password: Callable[[], str], subscriptions: int) -> None:
    try:
        async with asyncio.timeout(ANSWER_S):
            hello = await _expect(socket, Op.HELLO, ObsHello)
        if hello.rpc_version < obs.RPC_VERSION:
            raise SourceRefused(_too_old(f"rpcVersion {hello.rpc_version}"))
        said = obs.identify(hello, password, subscriptions)  # may ask for the password at the terminal
        async with asyncio.timeout(ANSWER_S):
            await socket.send(said)
            await _expect(socket, Op.IDENTIFIED, dict)
    except TimeoutError as error:
        raise Disconnected(f"{url} does not greet like obs-websocket 5 (OBS 28 or later)") from error
    except BadInput as error:
        raise Disconnected(f"{url} does not use obs-websocket 5: {error}") from error


async def _expect(socket: WebSocket, op: Op, kind: type[T]) -> T:
    frame = obs.read(ObsFrame, await socket.receive())
    if frame.op != op:
        raise BadInput(f"op {frame.op} came, expected {int(op)} ({op.name})")
    return obs.read(kind, frame.d)


def _meaning(error: Disconnected, name: str) -> Exception:
    """Return the text of a close code."""
    from actors import program

    if error.code == obs.AUTHENTICATION_FAILED:
        return SourceRefused(
            f"OBS refuses the password; it is in OBS under Tools → WebSocket Server Settings → Show Connect Info; "
            f"set it: {program.NAME} secret set {name}"
        )
    if error.code == obs.UNSUPPORTED_RPC_VERSION:
        return SourceRefused(_too_old(str(error)))
    if error.code == obs.GOING_AWAY:
        return SourceNotRunning("OBS was closed, or its WebSocket server was turned off")
    return error


def _too_old(found: str) -> str:
    return (
        f"This OBS does not offer rpcVersion {obs.RPC_VERSION} of obs-websocket 5 ({found}); update OBS to 28 or newer"
    )
