"""Runs the `connect` of a source without a pipeline, and keeps its messages and reports in lists."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from actors.errors import Refused
from actors.producers.spec import SourceMessage, settings_of
from actors.secrets import Secrets
from tests.support import SLOWNESS, run_async


class Session:
    """The interface of the kit for a source."""

    def __init__(self, run_dir: Path, name: str, tree: dict[str, Any]) -> None:
        self.name = name
        self.settings = settings_of(name, tree)
        self.run_dir, self.secrets, self.log = run_dir, Secrets(run_dir), logging.getLogger(name)
        self.cursor = b""
        self.lives = 0
        self.degradations: list[str] = []
        self.waits: list[str] = []
        self.counted: list[str] = []
        self.rejected: list[str] = []
        self.positions: list[bytes] = []
        self.yielded: list[SourceMessage] = []

    def secret(self) -> str:
        return self.secrets.get(self.settings.secret or self.name)

    def live(self) -> None:
        self.lives += 1

    def alive(self) -> None:
        pass

    def degraded(self, why: str) -> None:
        self.degradations.append(why)

    def waiting(self, why: str) -> None:
        self.waits.append(why)

    def count(self, name: str, number: int = 1) -> None:
        self.counted += [name] * number

    def send_positions(self, message: bytes, players: int) -> None:
        self.positions.append(message)

    def reject(self, reason: str, body: bytes) -> None:
        self.rejected.append(reason)


def run(
    module: ModuleType, session: Session, until: Callable[[list[str]], object]
) -> tuple[list[str], Exception | None]:
    """Run one connection until `until(identities)` holds or it ends; return the identities and the error."""

    async def read() -> tuple[list[str], Exception | None]:
        found: list[str] = []
        connection = module.connect(session)
        pending = asyncio.ensure_future(anext(connection))
        try:
            async with asyncio.timeout(20 * SLOWNESS):
                while not until(found):
                    done, _ = await asyncio.wait([pending], timeout=0.02)
                    if done:
                        message = pending.result()
                        session.yielded.append(message)
                        session.cursor = session.cursor if message.cursor is None else message.cursor
                        found.append(message.identity)
                        pending = asyncio.ensure_future(anext(connection))
        except TimeoutError:
            raise AssertionError(f"not within {20 * SLOWNESS:g} s; it yielded {found}") from None
        except (OSError, Refused) as error:
            return found, error
        finally:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
            await connection.aclose()
        return found, None

    return run_async(read())
