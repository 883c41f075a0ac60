"""Free ports of the loopback, for benchmarks and tests that run beside others."""

from __future__ import annotations

import random
import socket
from collections import deque
from typing import Final

# Below the ports that the kernel gives to outgoing connections (Linux: from 32768, macOS: from 49152). One of those
# could take a port before it is used, or while the process that listens on it is restarted.
FIRST: Final = 10_000
LAST: Final = 32_767

KEPT: Final = 100

_claims: deque[socket.socket] = deque()


def free_ports(count: int) -> list[int]:
    """Return different ports on which nothing listens, and which no other caller gets soon, in whatever process.

    A UDP socket of the same number is the claim: one process has it, and the kernel closes it when the process ends.
    The product uses no UDP. The oldest claims are given back, because open files are few.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = random.SystemRandom().randint(FIRST, LAST)
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            claim.close()
            continue
        ports.append(port)
        _claims.append(claim)
        if len(_claims) > KEPT:
            _claims.popleft().close()
    return ports
