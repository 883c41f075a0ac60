"""All ZeroMQ sockets: which side binds or connects, and each option with its reason.

    producer ─PUSH▶ normalizer ─PUSH▶ queue-manager ─PUSH▶ broadcaster ─PUB▶ gateway
       ▲  ├───────────PUSH inbox──────────▶ │  ▲ └─────────PUSH inbox────────────┤
       └──────────SUB marks─────────────────┘  └────────────REQ ask──────────────┘

The consumer of a PUSH binds, and so does a publisher. Every hop that carries events has two links, `critical` and
`best_effort`. On a single link a flood of cosmetic events would delay critical ones, and no later policy could undo
that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import zmq

from actors import host
from actors.interfaces import Closing, Inlet, Outlet, high_water

# A RawBatch or Frame holds at most 256 KiB of rows plus one maximal row (ingest.max_body_bytes bounds it).
MAX_MESSAGE_BYTES: Final = 4 << 20
LINGER_MS: Final = 500
# A killed peer is back after 20 to 40 ms, and events wait for the next attempt: after 2, 6, 14, 24, 34 … ms. An attempt
# costs 30 µs, so an hour without a peer costs 0.3 % of a core for each link.
RECONNECT_MS: Final = 2
RECONNECT_MAX_MS: Final = 10


class Socket(zmq.Socket[bytes]):
    """A socket as an end of a link."""

    def offer(self, message: bytes) -> bool:
        """Send without blocking; return False when no peer has room for the message."""
        try:
            self.send(message, zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def receive(self) -> bytes | None:
        """Return the next message, or None when there is none now."""
        try:
            return self.recv(zmq.DONTWAIT)
        except zmq.Again:
            return None

    def writable(self) -> bool:
        """Whether a message could be sent now."""
        return bool(int(self.getsockopt(zmq.EVENTS)) & zmq.POLLOUT)


class Changes(Socket):
    """Receives two messages whenever a peer of `watched` came or went."""

    watched: Socket | None = None

    def close(self, linger: int | None = None) -> None:
        # ZeroMQ's thread would wait forever when it reports to a socket that is closed.
        if self.watched is not None and not self.watched.closed:
            self.watched.monitor(None, 0)
        super().close(linger)


class Bus:
    """The addresses of one running pipeline, and the sockets that belong to them."""

    def __init__(self, run_dir: Path, context: zmq.Context[Any] | None = None, linger_ms: int = LINGER_MS) -> None:
        self.run_dir = run_dir
        self._linger_ms = linger_ms
        self.context: zmq.Context[Any] = context or zmq.Context()  # its own, so that two links can be in one process

    def push(self, *names: str) -> Socket:
        return self.connect(zmq.PUSH, *names)

    def changes(self, outlet: Outlet) -> Changes:
        assert isinstance(outlet, Socket)
        address = f"inproc://changes-{id(outlet)}"
        outlet.monitor(address, zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        socket: Changes = self.context.socket(zmq.PAIR, socket_class=Changes)
        socket.watched = outlet
        socket.connect(address)
        return socket

    def pull(self, name: str) -> Socket:
        return self.bind(zmq.PULL, name)

    def publish(self, name: str) -> Socket:
        return self.bind(zmq.PUB, name)

    def subscribe(self, name: str) -> Socket:
        return self.connect(zmq.SUB, name)

    def answer(self, name: str) -> Socket:
        return self.bind(zmq.REP, name)

    def ask(self, name: str, question: bytes, connect_s: float, answer_s: float) -> bytes:
        """Wait for the answer; for a thread of its own.

        Raises:
            TimeoutError: there is no answer in time.
        """
        # A REQ socket without an answer cannot send again, so each question has its own.
        socket = self.connect(zmq.REQ, name)
        socket.setsockopt(zmq.SNDTIMEO, int(connect_s * 1000))
        socket.setsockopt(zmq.RCVTIMEO, int(answer_s * 1000))
        socket.setsockopt(zmq.LINGER, 0)
        try:
            socket.send(question)
            return socket.recv()
        except zmq.Again as error:
            raise TimeoutError(f"{name} does not answer") from error
        finally:
            socket.close()

    def follow(self, inlets: Sequence[Inlet], on_messages: Callable[[list[bytes]], None]) -> Closing:
        """Call `on_messages` in the running asyncio loop; the first inlet is drained first. Closing closes them."""
        from actors.aio import SocketReader  # imported here, because only some processes have an asyncio loop

        return SocketReader(inlets, on_messages)

    def bind(self, kind: int, name: str) -> Socket:
        """Return a socket of `kind` (zmq.PULL, zmq.PUB, zmq.REP) bound to `name`."""
        socket = self._socket(kind, name)
        socket.bind(host.endpoint(self.run_dir, name))
        return socket

    def connect(self, kind: int, *names: str) -> Socket:
        """Return a `kind` socket (zmq.PUSH, zmq.SUB, zmq.REQ) connected to all `names`; a SUB receives all messages."""
        socket = self._socket(kind, names[0])
        if kind == zmq.SUB:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        for name in names:
            socket.connect(host.endpoint(self.run_dir, name))
        return socket

    def close(self) -> None:
        """Close all sockets of this bus after pending messages were sent, or after `linger_ms`.

        The exit of the process is not enough: pyzmq does not terminate its context then, and pending messages are lost
        without being counted (measured: 13,000 of 100,000 events of a replay).
        """
        self.context.destroy(linger=self._linger_ms)

    def _socket(self, kind: int, name: str) -> Socket:
        socket: Socket = self.context.socket(kind, socket_class=Socket)
        socket.setsockopt(zmq.LINGER, self._linger_ms)  # the default blocks the exit without a limit
        socket.setsockopt(zmq.SNDHWM, high_water(name))
        socket.setsockopt(zmq.RCVHWM, high_water(name))
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        if kind in (zmq.PUSH, zmq.REQ):
            # No message is queued for a peer that is not connected: the sender keeps it, and sends it again.
            socket.setsockopt(zmq.IMMEDIATE, 1)
        return socket
