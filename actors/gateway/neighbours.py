"""gateway ──PUB/SUB──▶ gateway: the overlays that have connected, with several gateways (gateway.processes).

An overlay that reconnects may reach another gateway; without this, the first one would list it as lost. A message that
a full link drops makes an alert too many, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from actors.core.contract.event import UNREADABLE
from actors.interfaces import Bus, Closing


class Came(Struct, frozen=True):
    """An overlay that has its welcome."""

    overlay_id: str
    address: str


_encode = msgspec.msgpack.Encoder().encode
_came = msgspec.msgpack.Decoder(Came)


class Neighbours:
    """The other gateways of this pipeline; with a single gateway it does nothing."""

    def __init__(self, bus: Bus, name: str, processes: int, on_came: Callable[[str, str], None]) -> None:
        others = [other for number in range(1, processes + 1) if (other := f"gateway-{number}") != name]
        self._bus, self._on_came = bus, on_came
        self._outlet = bus.publish(_link(name)) if others else None
        self._inlets = [bus.subscribe(_link(other)) for other in others]
        self._reader: Closing | None = None

    def start(self) -> None:
        """Begin to read, in the running loop."""
        if self._inlets:
            self._reader = self._bus.follow(self._inlets, self._take)

    def tell(self, overlay_id: str, address: str) -> None:
        if self._outlet is not None:
            self._outlet.offer(_encode(Came(overlay_id, address)))

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._outlet is not None:
            self._outlet.close()

    def _take(self, messages: list[bytes]) -> None:
        for message in messages:
            try:
                came = _came.decode(message)
            except UNREADABLE:
                continue  # of another version
            self._on_came(came.overlay_id, came.address)


def _link(gateway: str) -> str:
    return f"presence.{gateway}"
