"""The asyncio loop: how it is run, how it measures itself, and how ZeroMQ sockets are read in it."""

from __future__ import annotations

import asyncio
import logging
import selectors
import time
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any, TypeVar

import zmq
from zmq.eventloop.zmqstream import ZMQStream

from actors.heartbeat import Ticks

T = TypeVar("T")


def run_asyncio(main: Callable[[Ticks], Coroutine[Any, Any, T]]) -> T:
    """Run `main(ticks)` in an asyncio loop that measures itself: what is between two waits is a tick."""
    ticks = Ticks()

    class MeteredSelector(selectors.DefaultSelector):
        woken_s: float | None = None

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if self.woken_s is not None:
                ticks.add(time.monotonic() - self.woken_s)
            ready = super().select(timeout)
            self.woken_s = time.monotonic()
            return ready

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(MeteredSelector())) as runner:
        return runner.run(main(ticks))


def end_with_own_failures(
    loop: asyncio.AbstractEventLoop, counts: MutableMapping[str, Any], fail: Callable[[BaseException], None]
) -> None:
    """Call `fail` with what our own code raises in a callback of `loop`, which asyncio would only log.

    What a library raises costs one connection. Both are logged, and counted as `loop_failures`.
    """

    def on_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        counts["loop_failures"] += 1
        logging.getLogger("loop").error("loop failure message=%s", context["message"], exc_info=failure)
        step = failure.__traceback__ if failure is not None else None
        while failure is not None and step is not None:
            if step.tb_frame.f_globals.get("__name__", "").startswith("actors."):
                fail(failure)
                return
            step = step.tb_next

    loop.set_exception_handler(on_failure)


def listen(socket: zmq.Socket[bytes], handler: Callable[[bytes], None]) -> ZMQStream:
    """Call `handler` with every message of `socket` from the running asyncio loop; close the result to end it.

    pyzmq's stream knows that a ZeroMQ file descriptor is edge-triggered; asyncio alone would hang now and then.
    """
    stream = ZMQStream(socket)
    stream.on_recv(lambda parts: handler(parts[0]))
    return stream
