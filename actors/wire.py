"""Every ZeroMQ socket of the house: who binds, who connects, and each option with its reason.

    producer ─PUSH▶ normalizer ─PUSH▶ queue-manager ─PUSH▶ broadcaster ─PUB▶ gateway
       ▲  ├───────────PUSH inbox──────────▶ │  ▲ └─────────PUSH inbox────────────┤
       └──────────SUB marks─────────────────┘  └────────────REQ ask──────────────┘

The consumer of a PUSH binds, and so does who publishes. Every hop that carries events has two links, `critical` and
`rest`: one pipe for both would let a cosmetic flood stand before a critical event, and no policy behind it could undo that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import zmq

from actors import host

LANES: Final = ("critical", "rest")

# At most the producers' windows (512 rows each), so that a critical PUSH blocks only when its consumer is away.
HIGH_WATER_MESSAGES: Final = 1_000
# A RawBatch or Frame holds at most 256 KiB of rows plus one maximal row (ingest.max_body_bytes bounds it).
MAX_MESSAGE_BYTES: Final = 4 << 20
LINGER_MS: Final = 500
RECONNECT_MS: Final = 10
RECONNECT_MAX_MS: Final = 100


class Bus:
    """The addresses of one running pipeline, and the sockets that belong to them."""

    def __init__(self, run_dir: Path, context: zmq.Context[Any] | None = None) -> None:
        self.run_dir = run_dir
        self.context = context or zmq.Context.instance()

    def bind(self, kind: int, name: str) -> zmq.Socket[bytes]:
        """Return a socket of `kind` (zmq.PULL, zmq.PUB, zmq.REP) bound to `name`."""
        socket = self._socket(kind)
        socket.bind(host.endpoint(self.run_dir, name))
        return socket

    def connect(self, kind: int, *names: str) -> zmq.Socket[bytes]:
        """Return a socket of `kind` (zmq.PUSH, zmq.SUB, zmq.REQ) connected to all `names`; a SUB hears everything."""
        socket = self._socket(kind)
        if kind == zmq.SUB:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        for name in names:
            socket.connect(host.endpoint(self.run_dir, name))
        return socket

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        socket: zmq.Socket[bytes] = self.context.socket(kind)
        socket.setsockopt(zmq.LINGER, LINGER_MS)  # the default waits for ever at exit
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER_MESSAGES)
        socket.setsockopt(zmq.RCVHWM, HIGH_WATER_MESSAGES)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        if kind in (zmq.PUSH, zmq.REQ):
            # Nothing is queued for a peer that is away: whoever sends keeps it, and sends it again.
            socket.setsockopt(zmq.IMMEDIATE, 1)
        return socket


def offered(socket: zmq.Socket[bytes], message: bytes) -> bool:
    """Send without waiting; False when nobody has room for it."""
    try:
        socket.send(message, zmq.DONTWAIT)
    except zmq.Again:
        return False
    return True


def normalizer_links(lane: str, processes: int) -> list[str]:
    """Return the names of the links into all normalizers for one lane."""
    return [f"normalizer-{number}.{lane}" for number in range(1, processes + 1)]


def queue_link(lane: str) -> str:
    return f"queue.{lane}"


def broadcaster_link(lane: str) -> str:
    return f"broadcaster.{lane}"


def frames_link(lane: str) -> str:
    return f"frames.{lane}"


MARKS: Final = "marks"  # PUB of the queue-manager: Marks
INBOX: Final = "inbox"  # PULL of the queue-manager: Greeting, Receipt
ASK: Final = "ask"  # REP of the queue-manager: questions of the commands and pages
