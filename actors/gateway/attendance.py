"""Which overlays are here, and which have left, at this gateway and at the others."""

from __future__ import annotations

import time

from actors.core.delivery import conversation
from actors.core.delivery.presence import PAGE_CLOSED, Absent, Gone
from actors.gateway.neighbours import Neighbours
from actors.gateway.overlay import Overlay
from actors.interfaces import Bus


class Attendance:
    """Judges each end of a connection: has the overlay left, or has its page connected again?"""

    def __init__(self, bus: Bus, gateway: str, processes: int) -> None:
        self.absent = Absent()
        self.neighbours = Neighbours(bus, gateway, processes, self._came_elsewhere)
        self._latest: dict[tuple[str, str], Overlay] = {}  # by name and address, for as long as it is connected

    def refused(self, address: str, overlay_id: str, code: int, reason: str) -> None:
        """Keep why an overlay was refused: a close code of the protocol, or a status of HTTP."""
        self.absent.refuse(Gone(overlay_id, address, reason[:300], time.monotonic(), time.time() * 1000, code=code))

    def present(self, overlay: Overlay) -> None:
        """Take note that an overlay has its welcome."""
        if overlay.role == "overlay":
            self.absent.came(overlay.name, overlay.address)
            self._latest[overlay.name, overlay.address] = overlay
            self.neighbours.tell(overlay.name, overlay.address)

    def withdraw(self, overlay: Overlay) -> None:
        """Take note that an overlay no longer has its name: it leaves, or its new hello may have another."""
        if self._latest.get((overlay.name, overlay.address)) is overlay:
            del self._latest[overlay.name, overlay.address]

    def left(self, overlay: Overlay, closed: bool) -> None:
        """Take note that the connection of an overlay has ended; `closed`: by its page, in order."""
        if overlay.group is None or overlay.role != "overlay":
            return
        now_s = time.monotonic()
        heard_s = overlay.receipt_s  # the transport itself may not hear the overlay
        if silent_s := overlay.transport.silent_s(now_s):
            heard_s = now_s - silent_s
        here = self._latest.get((overlay.name, overlay.address), overlay)
        # Before the end of a connection is noticed, its page may connect again, here or at another gateway.
        again = here is not overlay and here.connected_s >= heard_s
        if not again and not self.absent.elsewhere(overlay.name, overlay.address, heard_s):
            self.absent.left(_gone(overlay, closed))
        self.withdraw(overlay)

    def _came_elsewhere(self, overlay_id: str, address: str) -> None:
        self.absent.came_elsewhere(overlay_id, address, time.monotonic())


def _gone(overlay: Overlay, closed: bool) -> Gone:
    """Return what is kept of an overlay whose connection has ended."""
    now_s = time.monotonic()
    ending = overlay.ending
    if ending is conversation.LEFT:
        closed, ending = True, None
    usual = PAGE_CLOSED if closed else "the connection broke"
    return Gone(
        overlay.name,
        overlay.address,
        ending.reason if ending else usual,
        now_s,
        time.time() * 1000,
        number=overlay.number,
        obs=overlay.obs,
        build=overlay.build,
        position=overlay.receipted,
        start_position=overlay.start_position,
        connected_s=round(now_s - overlay.connected_s, 1),
        code=int(ending.code) if ending else 0,
        closed=closed and ending is None,
    )
