"""A source while nothing can be stored: it waits, says so, and then has its earlier state. And a link that closes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from actors import config
from actors.core.sources.state import SourceState
from actors.interfaces import Delivery, StoredMessage
from actors.producers.kit import SourceLoop
from actors.producers.link import open_link
from actors.producers.spec import SourceMessage
from actors.stores.outbox import Outbox
from tests.support import run_async

SETTINGS = config.of_tree({"sources": {"chat": {"kind": "twitch_chat", "channels": ["ottoline"]}}})


class FullLink:
    """A link that has room when it is asked for the fourth time; `states` has the source's state at each time."""

    def __init__(self) -> None:
        self.cursors: dict[str, bytes] = {}
        self.states: list[tuple[SourceState, str]] = []
        self.source: Any = None

    def has_room(self, _rows: int) -> bool:
        health = self.source.intake.health
        self.states.append((health.state, health.detail))
        return len(self.states) == 4

    def best_effort_has_room(self) -> bool:
        return True

    def send_best_effort(self, *_: object) -> None:
        """The message is of no interest."""

    def store(self, _delivery: object) -> asyncio.Future[StoredMessage]:
        done: asyncio.Future[StoredMessage] = asyncio.get_running_loop().create_future()
        done.set_result(StoredMessage([]))
        return done


@pytest.mark.parametrize(("why", "state"), [("", SourceState.LIVE), ("no follows", SourceState.DEGRADED)])
def test_a_source_is_degraded_only_while_nothing_can_be_stored(tmp_path: Path, why: str, state: SourceState) -> None:
    async def put() -> FullLink:
        link: Any = FullLink()
        link.source = source = SourceLoop(SETTINGS, tmp_path, "chat", link)
        source.intake.health.live(0.0)
        source.intake.health.degraded(why)
        await source._put(SourceMessage(b"", "twitch_irc", cursor=b"1"))
        link.states.append((source.intake.health.state, source.intake.health.detail))
        return link  # type: ignore[no-any-return]

    states = run_async(put()).states
    assert states[0] == states[-1] == (state, why)
    assert all(during is SourceState.DEGRADED and "full" in detail for during, detail in states[1:4])


def test_a_link_that_is_closed_sends_no_message_that_is_stored_meanwhile(tmp_path: Path) -> None:
    async def close() -> list[dict[str, Any]]:
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        link = open_link(SETTINGS, tmp_path, "chat", logging.getLogger("chat"), holds=True)
        stored = link.store(Delivery([("event", b"x")], 0.0))
        link.close()
        await stored
        return failures

    assert run_async(close()) == []
    outbox = Outbox(tmp_path, "chat", 300.0)
    assert len(outbox.reader().rows(0, 10)) == 1
    outbox.close()
