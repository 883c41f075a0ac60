"""Ends the messages of a connection when something else happens, although the connection itself is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from actors.producers.spec import Disconnected

T = TypeVar("T")


async def until(messages: AsyncGenerator[T], end: Coroutine[Any, Any, str]) -> AsyncGenerator[T]:
    """Yield what `messages` yields, until `end` returns the reason to connect again.

    Raises:
        Disconnected: `end` has returned.
    """
    ending = asyncio.ensure_future(end)
    try:
        while True:
            step = asyncio.ensure_future(anext(messages))
            try:
                await asyncio.wait((step, ending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.wait((step,))
            if step.cancelled():
                raise Disconnected(ending.result())
            try:
                message = step.result()
            except StopAsyncIteration:
                return
            yield message
    finally:
        ending.cancel()
        await messages.aclose()
