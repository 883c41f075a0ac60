"""All ZeroMQ sockets: which side binds or connects, and each option with its reason.

    producer ─PUSH▶ normalizer ─PUSH▶ queue-manager ─PUSH▶ broadcaster ─PUB▶ gateway
       ▲  ├───────────PUSH inbox──────────▶ │  ▲ └─────────PUSH inbox────────────┤
       └──────────SUB marks─────────────────┘  └────────────REQ ask──────────────┘

The consumer of a PUSH binds, and so does a publisher. Every hop that carries events has two links, `critical` and
`best_effort`. On a single link a flood of cosmetic events would delay critical ones, and no later policy could undo
that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import zmq

from actors import host

PULL: Final = zmq.PULL
PUSH: Final = zmq.PUSH
PUB: Final = zmq.PUB
SUB: Final = zmq.SUB
REP: Final = zmq.REP
REQ: Final = zmq.REQ

LANES: Final = ("critical", "best_effort")

# Critical: more than the producers' windows (1,024 rows each), so a PUSH is full only when its consumer does not run.
# Best effort: 64 batches of up to 256 rows; a longer queue would only deliver older events.
HIGH_WATER_MESSAGES: Final = 1_000
HIGH_WATER_BEST_EFFORT_MESSAGES: Final = 64
# A RawBatch or Frame holds at most 256 KiB of rows plus one maximal row (ingest.max_body_bytes bounds it).
MAX_MESSAGE_BYTES: Final = 4 << 20
LINGER_MS: Final = 500
RECONNECT_MS: Final = 10
RECONNECT_MAX_MS: Final = 100


Socket = zmq.Socket[bytes]


class Bus:
    """The addresses of one running pipeline, and the sockets that belong to them."""

    def __init__(self, run_dir: Path, context: zmq.Context[Any] | None = None) -> None:
        self.run_dir = run_dir
        self.context = context or zmq.Context()  # its own, so that two links can be in one process

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
        """Close all sockets of this bus after pending messages were sent, or after LINGER_MS.

        The exit of the process is not enough: pyzmq does not terminate its context then, and pending messages are lost
        without being counted (measured: 13,000 of 100,000 events of a replay).
        """
        self.context.destroy(linger=LINGER_MS)

    def _socket(self, kind: int, name: str) -> Socket:
        socket: Socket = self.context.socket(kind)
        socket.setsockopt(zmq.LINGER, LINGER_MS)  # the default blocks the exit without a limit
        high_water = HIGH_WATER_BEST_EFFORT_MESSAGES if name.endswith(".best_effort") else HIGH_WATER_MESSAGES
        socket.setsockopt(zmq.SNDHWM, high_water)
        socket.setsockopt(zmq.RCVHWM, high_water)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        if kind in (zmq.PUSH, zmq.REQ):
            # No message is queued for a peer that is not connected: the sender keeps it, and sends it again.
            socket.setsockopt(zmq.IMMEDIATE, 1)
        return socket


def offered(socket: Socket, message: bytes) -> bool:
    """Send without blocking; return False when no peer has room for the message."""
    try:
        socket.send(message, zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True


def normalizer_link(lane: str, index: int) -> str:
    return f"normalizer-{index}.{lane}"


def queue_link(lane: str) -> str:
    return f"queue.{lane}"


def broadcaster_link(lane: str) -> str:
    return f"broadcaster.{lane}"


def frames_link(lane: str) -> str:
    return f"frames.{lane}"


MARKS: Final = "marks"  # PUB of the queue-manager: Marks
INBOX: Final = "inbox"  # PULL of the queue-manager: Greeting, Receipt
ASK: Final = "ask"  # REP of the queue-manager: questions of the commands and pages


def writable(socket: Socket) -> bool:
    """Whether a message could be sent now."""
    return bool(int(socket.getsockopt(zmq.EVENTS)) & zmq.POLLOUT)
