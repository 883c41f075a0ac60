"""The open connections, by address, and the limits of those that have not sent a hello."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from actors.config import GatewaySection
from actors.core.delivery import conversation
from actors.core.delivery.conversation import Ending, OverlayState
from actors.core.metrics import GatewayMetrics
from actors.gateway.overlay import Overlay

# Limits of connections that have not sent a hello yet, in all and from one address. Beyond it the oldest is closed, and
# may reconnect. An overlay sends its hello at once; when hundreds connect to a busy machine, some hundred are waiting.
UNMET: Final = 1_024
UNMET_PER_ADDRESS: Final = 512
UNMET_STATES: Final = (OverlayState.HELLO, OverlayState.CLOSED)


class Connections:
    """Counts connections until they are closed. `end` closes the conversation of one."""

    def __init__(
        self, settings: GatewaySection, metrics: GatewayMetrics, end: Callable[[Overlay, Ending], None]
    ) -> None:
        self._settings, self._metrics, self._end = settings, metrics, end
        self._addresses: Counter[str] = Counter()
        self._connecting: dict[int, Overlay] = {}  # includes all that `_unmet` returns

    @property
    def total(self) -> int:
        """Return the number of open connections on all transports."""
        return self._addresses.total()

    def refusal_for(self, address: str) -> str:
        """Return why another connection from `address` is refused, "" if it is accepted."""
        settings = self._settings
        if self.total >= settings.max_clients and not self._shed(""):
            self._metrics.refused_connections += 1
            return f"{settings.max_clients} overlays are connected, which is gateway.max_clients"
        if self._addresses[address] >= settings.max_clients_per_address and not self._shed(address):
            self._metrics.refused_connections += 1
            return (
                f"{settings.max_clients_per_address} overlays are connected from this address, "
                "which is gateway.max_clients_per_address"
            )
        return ""

    def add(self, overlay: Overlay) -> None:
        """Add a connection that has sent nothing yet; an older one without a hello may be closed for it."""
        unmet = self._unmet()
        if len(unmet) >= UNMET:
            self._shed("")
        elif sum(other.address == overlay.address for other in unmet) >= UNMET_PER_ADDRESS:
            self._shed(overlay.address)
        self._connecting[overlay.number] = overlay
        self._addresses[overlay.address] += 1

    def remove(self, overlay: Overlay) -> None:
        """Remove a connection that is closed."""
        self._connecting.pop(overlay.number, None)
        self._addresses[overlay.address] -= 1
        if not self._addresses[overlay.address]:
            del self._addresses[overlay.address]

    def _unmet(self) -> list[Overlay]:
        """Return the connections without a hello, and those whose peer does not answer their end, the oldest first."""
        self._connecting = {number: one for number, one in self._connecting.items() if one.state in UNMET_STATES}
        return list(self._connecting.values())

    def _shed(self, address: str) -> bool:
        """Close the oldest connection without a hello from `address` ("" is any); return whether there was one."""
        for overlay in self._unmet():
            if address in ("", overlay.address):
                del self._connecting[overlay.number]
                self._end(overlay, conversation.UNMET)
                overlay.transport.abort()
                return True
        return False
