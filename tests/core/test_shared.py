"""An answer that is shared by those who ask at the same time."""

from __future__ import annotations

import asyncio

import pytest

from actors.gateway.shared import Shared
from tests.support import run_async


def test_those_who_ask_at_the_same_time_share_an_answer_and_the_next_one_is_new() -> None:
    made = 0

    async def make() -> int:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        if made == 3:
            raise ZeroDivisionError
        return made

    async def scenario() -> None:
        shared = Shared(make)
        first = asyncio.ensure_future(shared.get())
        others = [asyncio.ensure_future(shared.get()) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()  # the connection of the first one was closed
        assert await asyncio.gather(*others) == [1, 1, 1]
        assert await shared.get() == 2
        with pytest.raises(ZeroDivisionError):
            await shared.get()
        assert await shared.get() == 4

    run_async(scenario())
