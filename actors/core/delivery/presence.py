"""The judgement of overlays by their receipts: live, hidden, stalled; and the record of those that are lost or refused.

    live ──hidden in OBS──▶ hidden ──shown──▶ live
    live ──nothing rendered for STALLED_S, although frames were sent──▶ stalled ──a receipt that covers them──▶ live
    any  ──the connection ends──▶ lost, until an overlay of that name comes from that address, or for KEEP_S

A receipt is the only proof that a page renders: a frozen page still answers pings, because its browser does. An overlay
that never sent a receipt, and does not report its visibility, is not judged: it may be a program without receipts.

Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from actors.core.delivery.conversation import OverlayState

PAGE_CLOSED: Final = "the page was closed"
HIDDEN: Final = "hidden"
STALLED: Final = "stalled"

STALLED_S: Final = 5.0  # a page sends a receipt at most 2 s after a frame, with 2,000 overlays after 4 s
KEEP_S: Final = 3_600.0
ALERT_S: Final = 600.0
MOST: Final = 64
ELSEWHERE: Final = 4_096  # overlays; each is a name of 64 characters and an address
NAMED: Final = 16  # overlays that a metric or an alert names


class Facts(Struct, frozen=True):
    """One overlay at one moment.

    sent          the last critical position that was handed to its socket, or where its conversation began
    rendered      the last position that its receipts cover, or where its conversation began
    frame_s       when the last frame was handed to it, 0 for none
    receipt_s     when its last receipt came; before the first one, when its conversation began
    reports       it has sent a receipt in this conversation
    visible       what the page reports; None for a program that does not
    """

    state: OverlayState
    sent: int = 0
    rendered: int = 0
    frame_s: float = 0.0
    receipt_s: float = 0.0
    reports: bool = True
    visible: bool | None = True


class Pace:
    """How one overlay keeps up, over time. `behind_s`: how long it has rendered nothing of what it was sent."""

    __slots__ = ("_mark", "_mark_s", "_waits_s", "behind_s", "condition")

    def __init__(self) -> None:
        self._mark = 0  # a position that was sent, and is not rendered
        self._mark_s = 0.0
        self._waits_s: float | None = None  # since when a frame has had no receipt
        self.behind_s = 0.0
        self.condition: str = OverlayState.HELLO

    def see(self, now_s: float, facts: Facts) -> str:
        """Judge the overlay now, and return its condition."""
        judged = facts.state is OverlayState.LIVE and facts.visible is not False
        if not judged or facts.rendered >= self._mark:
            # The oldest missing position counts: in a steady stream the newest one is always missing.
            self._mark, self._mark_s = facts.sent, now_s
        if not judged or facts.visible is None or facts.frame_s <= facts.receipt_s:
            self._waits_s = None
        elif self._waits_s is None or facts.receipt_s > self._waits_s:
            self._waits_s = now_s  # in a steady stream a frame is newer than the last receipt at every judgement
        self.behind_s = now_s - self._mark_s
        unanswered_s = 0.0 if self._waits_s is None else now_s - self._waits_s
        if facts.state is not OverlayState.LIVE:
            self.condition = facts.state.value
        elif facts.visible is False:
            self.condition = HIDDEN
        elif (facts.reports or facts.visible) and max(self.behind_s, unanswered_s) >= STALLED_S:
            self.condition = STALLED
        else:
            self.condition = facts.state.value
        return self.condition


class Gone(Struct, frozen=True):
    """An overlay whose connection has ended, or that was refused.

    closed  its page was closed in order, which needs no attention
    count   how often the same was refused
    """

    overlay_id: str
    address: str
    reason: str
    at_s: float
    at_ms: float
    number: int = 0
    obs: str = ""
    build: str = ""
    position: int = 0
    start_position: int = 0
    connected_s: float = 0.0
    code: int = 0
    closed: bool = False
    count: int = 1


class Absent:
    """The overlays that are lost, and those that were refused: the last MOST of each, for KEEP_S."""

    def __init__(self) -> None:
        self._lost: list[Gone] = []  # oldest first
        self._refused: list[Gone] = []
        self._elsewhere: dict[tuple[str, str], float] = {}  # the last connections at other gateways, oldest first

    def came(self, overlay_id: str, address: str) -> bool:
        """Record a connection: it replaces one lost overlay of the same name and address, if there is one."""
        for gone in self._lost:
            if (gone.overlay_id, gone.address) == (overlay_id, address):
                self._lost.remove(gone)
                return True
        return False

    def came_elsewhere(self, overlay_id: str, address: str, at_s: float) -> None:
        """Record a connection at another gateway; the end of its connection here may not be noticed yet."""
        if self.came(overlay_id, address):
            return
        self._elsewhere.pop((overlay_id, address), None)
        self._elsewhere[overlay_id, address] = at_s
        while len(self._elsewhere) > ELSEWHERE:
            del self._elsewhere[next(iter(self._elsewhere))]

    def elsewhere(self, overlay_id: str, address: str, since_s: float) -> bool:
        """Whether one overlay of this name and address has connected at another gateway since then; it counts once."""
        if self._elsewhere.get((overlay_id, address), float("-inf")) < since_s:
            return False
        del self._elsewhere[overlay_id, address]
        return True

    def left(self, gone: Gone) -> None:
        """Record the end of a connection."""
        self._lost = [*self._lost, gone][-MOST:]

    def page_closed(self, number: int) -> None:
        """Record that the page of a lost overlay was closed in order."""
        self._lost = [
            msgspec.structs.replace(gone, reason=PAGE_CLOSED, closed=True)
            if gone.number == number and not gone.code
            else gone
            for gone in self._lost
        ]

    def refuse(self, gone: Gone) -> None:
        """Record a refusal; repetitions are counted."""
        same = (gone.overlay_id, gone.address, gone.code)
        known = next((one for one in self._refused if (one.overlay_id, one.address, one.code) == same), None)
        if known is not None:
            self._refused.remove(known)
            gone = Gone(
                gone.overlay_id, gone.address, gone.reason, gone.at_s, gone.at_ms, code=gone.code, count=known.count + 1
            )
        self._refused = [*self._refused, gone][-MOST:]

    def lost(self, now_s: float) -> list[Gone]:
        """Return the lost overlays, the last one first."""
        self._lost = [gone for gone in self._lost if now_s - gone.at_s < KEEP_S]
        return self._lost[::-1]

    def refused(self, now_s: float) -> list[Gone]:
        """Return the refused overlays, the last one first."""
        self._refused = [gone for gone in self._refused if now_s - gone.at_s < KEEP_S]
        return self._refused[::-1]

    def missed(self, now_s: float) -> list[str]:
        """Return the names of lost overlays that need attention: their connection broke in the last ALERT_S."""
        return [gone.overlay_id for gone in self.lost(now_s) if not gone.closed and now_s - gone.at_s < ALERT_S]


def counted(names: list[str]) -> dict[str, int]:
    """Return how often each name occurs, for at most NAMED names."""
    return {name: names.count(name) for name in sorted(set(names))[:NAMED]}
