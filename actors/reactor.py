"""The ZeroMQ loop: polls sockets and runs timers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import zmq

from actors.heartbeat import Ticks
from actors.interfaces import Inlet

DRAIN_MESSAGES: Final = 256  # per socket and turn, so that no link starves another


class Reactor:
    """Polls sockets and runs timers. One per process, except in tornado servers.

    Handlers receive whole messages. The deadline of `each_turn` is queried in every turn, so it can change at any time.
    No socket is polled for output: an idle PUSH is always writable, and the loop would spin (measured: 99 % of a core
    instead of 0.5 %).
    """

    def __init__(self, context: zmq.Context[Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._poller = zmq.Poller()
        self._inputs: list[_Input] = []
        self._timers: list[list[Any]] = []
        self._turn: Callable[[float], float | None] = lambda _now_s: None
        address = f"inproc://wake-{id(self)}"
        self._woken: zmq.Socket[bytes] = context.socket(zmq.PULL)
        self._woken.bind(address)
        self._waker: zmq.Socket[bytes] = context.socket(zmq.PUSH)
        self._waker.connect(address)
        self._waker_lock = threading.RLock()  # a signal handler may call `wake` during a call of the loop's thread
        self._poller.register(self._woken, zmq.POLLIN)
        self.ticks = Ticks(clock)

    def reads(
        self,
        inlet: Inlet,
        handler: Callable[[bytes], None],
        when: Callable[[], bool] = lambda: True,
        per_turn: int = DRAIN_MESSAGES,
    ) -> None:
        """Call `handler` with messages of `inlet` while `when()` holds, at most `per_turn` in a turn.

        Sockets are drained in the order in which they were added. A small `per_turn` limits how long a socket with much
        data delays urgent ones.
        """
        assert isinstance(inlet, zmq.Socket)  # the poller waits for nothing else
        self._inputs.append(_Input(inlet, handler, when, per_turn))

    def every(self, period_s: float, action: Callable[[], None]) -> None:
        """Call `action` each `period_s`; after a stall the missed calls are skipped."""
        self._timers.append([self._clock() + period_s, period_s, action])

    def each_turn(self, action: Callable[[float], float | None]) -> None:
        """Call `action(now_s)` after every turn; it returns the deadline of its next call, or None."""
        self._turn = action

    def wake(self) -> None:
        """Make the loop run one turn; callable from any thread and from a signal handler."""
        with self._waker_lock:
            offered_wakeup(self._waker)

    def run(self, stopped: Callable[[], bool]) -> None:
        """Run turns until `stopped()`."""
        due_s = self._turn(self._clock())
        while not stopped():
            self._choose_inputs()
            deadline_s = min([timer[0] for timer in self._timers] + ([] if due_s is None else [due_s]), default=None)
            timeout_ms = None if deadline_s is None else max(0.0, (deadline_s - self._clock()) * 1000)
            # Rounded up: a poll that returns before the deadline would cause an empty turn.
            ready = dict(self._poller.poll(None if timeout_ms is None else int(timeout_ms + 0.999)))
            started_s = self._clock()
            if self._woken in ready:
                _drain(self._woken, lambda _: None, DRAIN_MESSAGES)
            for source in self._inputs:
                if source.socket in ready:
                    _drain(source.socket, source.handler, source.per_turn)
            now_s = self._clock()
            for timer in self._timers:
                if now_s >= timer[0]:
                    timer[2]()
                    timer[0] = now_s + timer[1]
            due_s = self._turn(self._clock())
            self.ticks.add(self._clock() - started_s)

    def _choose_inputs(self) -> None:
        for source in self._inputs:
            wanted = source.when()
            if wanted != source.polled:
                source.polled = wanted
                if wanted:
                    self._poller.register(source.socket, zmq.POLLIN)
                else:
                    self._poller.unregister(source.socket)

    def close(self) -> None:
        """Close the wake-up pair; the owners close the other sockets."""
        self._waker.close(0)
        self._woken.close(0)


def offered_wakeup(socket: zmq.Socket[bytes]) -> None:
    """Send one wake-up to an inproc pair; if the pair is full, a wake-up is already pending."""
    try:
        socket.send(b"", zmq.DONTWAIT)
    except zmq.Again:
        return


@dataclass
class _Input:
    socket: zmq.Socket[bytes]
    handler: Callable[[bytes], None]
    when: Callable[[], bool]
    per_turn: int
    polled: bool = False


def _drain(socket: zmq.Socket[bytes], handler: Callable[[bytes], None], messages: int) -> None:
    for _ in range(messages):
        try:
            message = socket.recv(zmq.DONTWAIT)
        except zmq.Again:
            return
        handler(message)
