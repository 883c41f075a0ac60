"""For which overlays a flag is on, and frames of single events."""

from __future__ import annotations

from typing import get_args

import pytest

from actors import flags
from actors.config import FlagName, FlagsSection
from actors.core.contract.frame import Frame, singles
from tests.core.make import event


@pytest.mark.parametrize(
    ("mode", "main", "other"), [("on", True, True), ("canary", True, False), ("off", False, False)]
)
@pytest.mark.parametrize("name", get_args(FlagName))
def test_a_flag_is_on_for_all_for_the_named_or_for_none(name: str, mode: str, main: bool, other: bool) -> None:
    now = FlagsSection(**{name: mode}, canary=["main"])  # type: ignore[arg-type]
    assert (flags.is_on(now, name, "main"), flags.is_on(now, name, "other")) == (main, other)
    assert [flags.is_on(now, each, "other") for each in get_args(FlagName) if each != name] == [True, True]


# (positions of the frame's events, 0 for best-effort; its range) → the ranges and positions of the single frames
SINGLES = {
    "each critical event has its position": ([1, 2, 0], (1, 2), [(1, 1, [1]), (2, 2, [2]), (0, 0, [0])]),
    "a filtered position belongs to the event after it": ([3, 5], (2, 5), [(2, 3, [3]), (4, 5, [5])]),
    "filtered positions at the end have a frame": ([1, 0], (1, 4), [(1, 1, [1]), (2, 4, []), (0, 0, [0])]),
    "only filtered positions": ([0], (1, 2), [(1, 2, []), (0, 0, [0])]),
}


@pytest.mark.parametrize(("positions", "span", "wanted"), SINGLES.values(), ids=list(SINGLES))
def test_single_frames_have_contiguous_ranges(
    positions: list[int], span: tuple[int, int], wanted: list[tuple[int, int, list[int]]]
) -> None:
    events = [event("death" if at else "hit", f"e{number}", position=at) for number, at in enumerate(positions)]
    whole = Frame(gen=1, epoch="e", seq=1, tick_ts_ms=0.0, top=9, first=span[0], last=span[1], events=events)
    parts = singles(whole)
    assert [(part.first, part.last, [one.position for one in part.events]) for part in parts] == wanted
