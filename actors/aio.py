"""The asyncio loop: its run function, its metrics, and a reader for ZeroMQ sockets."""

from __future__ import annotations

import asyncio
import logging
import selectors
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

import zmq

from actors.heartbeat import HEARTBEAT_S, Heartbeat, Ticks
from actors.interfaces import Inlet

DRAIN_MESSAGES: Final = 256  # per wake-up, so that other sockets are not delayed

T = TypeVar("T")


def run_asyncio(main: Callable[[Ticks], Coroutine[Any, Any, T]]) -> T:
    """Run `main(ticks)` in an asyncio loop that measures its ticks: a tick is the work between two waits."""
    ticks = Ticks()

    class MeteredSelector(selectors.DefaultSelector):
        woken_s: float | None = None

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if self.woken_s is not None:
                ticks.add(time.monotonic() - self.woken_s)
            ready = super().select(timeout)
            self.woken_s = time.monotonic()
            return ready

    # Otherwise asyncio handles Ctrl-C until the heartbeat does, which makes Python describe the task in a message.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(MeteredSelector())) as runner:
        return runner.run(main(ticks))


class LoopFailures(Protocol):
    """Metrics that count failures of the loop."""

    loop_failures: int


def end_with_own_failures(
    loop: asyncio.AbstractEventLoop, metrics: LoopFailures, fail: Callable[[BaseException], None]
) -> None:
    """Call `fail` with exceptions that our own code raises in a callback of `loop`; asyncio would only log them.

    An exception of a library closes only one connection. Both are logged, and counted as `loop_failures`.
    """

    def on_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        metrics.loop_failures += 1
        logging.getLogger("loop").error("loop failure message=%s", context["message"], exc_info=failure)
        step = failure.__traceback__ if failure is not None else None
        while failure is not None and step is not None:
            if step.tb_frame.f_globals.get("__name__", "").startswith("actors."):
                fail(failure)
                return
            step = step.tb_next

    loop.set_exception_handler(on_failure)


async def run_until_stopped(heart: Heartbeat, metrics: LoopFailures, work: asyncio.Task[None] | None = None) -> None:
    """Send heartbeats until the stop request.

    A failure of our own code in a callback is raised, because the process must not continue with it, and so is the end
    of `work`, which must not end.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    failures: list[BaseException] = []

    def fail(failure: BaseException) -> None:
        failures.append(failure)
        stopped.set()

    end_with_own_failures(loop, metrics, fail)
    heart.start(lambda: loop.call_soon_threadsafe(stopped.set))
    if work is not None:
        work.add_done_callback(lambda task: None if task.cancelled() else fail(task.exception() or SystemExit(1)))
    heart.ready()
    while not heart.stopping and not failures:
        try:
            await asyncio.wait_for(stopped.wait(), HEARTBEAT_S)
        except TimeoutError:
            heart.beat()
    if failures:
        raise failures[0]


class SocketReader:
    """Reads ZeroMQ sockets in the running asyncio loop; the first socket is drained first.

    ZeroMQ's file descriptor is edge-triggered and signals only that the state may have changed. So every wake-up reads
    until no message is left, or DRAIN_MESSAGES and then schedules itself again. The sockets are used only for
    receiving: a send could consume the edge.
    """

    def __init__(self, inlets: Sequence[Inlet], on_messages: Callable[[list[bytes]], None]) -> None:
        self._sockets = [inlet for inlet in inlets if isinstance(inlet, zmq.Socket)]
        assert len(self._sockets) == len(inlets)  # nothing else has the descriptor that is waited for
        self._on_messages = on_messages
        self._loop = asyncio.get_running_loop()
        self._open = True
        for socket in self._sockets:
            self._loop.add_reader(int(socket.getsockopt(zmq.FD)), self._drain)
        self._drain()  # earlier messages have already triggered their edge

    def close(self) -> None:
        """Stop reading and close the sockets."""
        self._open = False
        for socket in self._sockets:
            self._loop.remove_reader(int(socket.getsockopt(zmq.FD)))
            socket.close()

    def _drain(self) -> None:
        if not self._open:
            return
        messages: list[bytes] = []
        for socket in self._sockets:
            while len(messages) < DRAIN_MESSAGES:
                try:
                    messages.append(socket.recv(zmq.DONTWAIT))
                except zmq.Again:
                    break
        if len(messages) >= DRAIN_MESSAGES:
            self._loop.call_soon(self._drain)
        if messages:
            self._on_messages(messages)
