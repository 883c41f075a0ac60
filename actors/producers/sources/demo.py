"""An invented match, so that an overlay shows something before a game is connected.

Five minutes (producers/demo_match.py), repeated with another seed each time.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from actors.core.contract.event import Submission
from actors.core.contract.types.match import Score
from actors.core.contract.types.stage import Crosshair
from actors.producers.spec import SourceMessage, SourceSettings, Spec

_encode = msgspec.msgpack.Encoder().encode


class DemoSettings(SourceSettings, frozen=True, kw_only=True):
    """The demo has no settings of its own."""


SPEC: Final = Spec(
    DemoSettings,
    "A match that never took place, for a first look without any game.",
    redelivers=False,
    loss="The demo starts again from the beginning of a match.",
)


def closing() -> list[SourceMessage]:
    """Return the messages that clear the states of the match."""
    ended = [Submission("score", Raw(_encode(Score({})))), Submission("crosshair", Raw(_encode(Crosshair(on=False))))]
    return [SourceMessage(_encode(submission), "event") for submission in ended]


async def connect(session: Any) -> AsyncIterator[SourceMessage]:
    """Play one match after the other."""
    import asyncio

    from actors.producers import demo_match

    session.live()
    session.log.info("playing match_s=%d (demo = false turns it off)", demo_match.DURATION_S)
    started_s, number = time.monotonic(), 0
    while True:
        for beat in demo_match.match(seed=number + 1):
            due_s = started_s + number * demo_match.DURATION_S + beat.offset_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            body = demo_match.stamp(beat.body, time.time()) if beat.kind == "srcds" else beat.body
            yield SourceMessage(body, beat.kind)
        number += 1
