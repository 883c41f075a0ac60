"""Loops in steps, on a clock that only the simulation moves."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

from actors.committer import Committer, Job
from actors.errors import DiskFull
from actors.interfaces import Inlet, Store


class Clock:
    """Stands in for the module `time`."""

    START_MS = 1_700_000_000_000.0

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return self.START_MS / 1000 + self.now_s


class StepLoop:
    """What reactor.Reactor does in one turn, without the wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inputs: list[tuple[Inlet, Callable[[bytes], None], Callable[[], bool], int]] = []
        self._timers: list[list[Any]] = []
        self._turn: Callable[[float], float | None] = lambda _now_s: None

    def reads(
        self,
        inlet: Inlet,
        handler: Callable[[bytes], None],
        when: Callable[[], bool] = lambda: True,
        per_turn: int = 256,
    ) -> None:
        self._inputs.append((inlet, handler, when, per_turn))

    def every(self, period_s: float, action: Callable[[], None]) -> None:
        self._timers.append([self._clock.now_s + period_s, period_s, action])

    def each_turn(self, action: Callable[[float], float | None]) -> None:
        self._turn = action

    def turn(self) -> None:
        wanted = [one for one in self._inputs if one[2]()]
        for inlet, handler, _, per_turn in wanted:
            for _ in range(per_turn):
                message = inlet.receive()
                if message is None:
                    break
                handler(message)
        for timer in self._timers:
            if self._clock.now_s >= timer[0]:
                timer[2]()
                timer[0] = self._clock.now_s + timer[1]
        self._turn(self._clock.now_s)


class _NoWait(selectors.SelectSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        del timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that runs one iteration at a time and never waits. `failures` has what our own code raised."""

    def __init__(self, clock: Clock) -> None:
        self._virtual = clock
        super().__init__(_NoWait())
        self.failures: list[BaseException] = []
        self.set_exception_handler(self._on_failure)

    def time(self) -> float:
        return self._virtual.now_s

    def turn(self) -> None:
        self.call_soon(self.stop)
        self.run_forever()

    def _on_failure(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.failures.append(context.get("exception") or RuntimeError(context["message"]))


class StepCommitter(Committer):
    """A store thread that commits when the schedule requires it."""

    def __init__(self, open_store: Callable[[], Store], notify: Callable[[], None], max_jobs: int = 256) -> None:
        super().__init__(open_store, notify, max_jobs)
        self.store: Store | None = None

    def start(self) -> None:
        self.store = self._open_store()

    def submit(self, job: Any, then: Callable[[Any], None], refused: Callable[[DiskFull], None] | None = None) -> None:
        self._jobs.append(Job(job, then, refused))

    def step(self) -> None:
        """Commit all jobs that wait, in one transaction; on a full disk, refuse those that may be refused."""
        if self.store is None:
            return
        if not self._jobs:
            if self.full:
                self._probe(self.store)
            return
        taken = list(self._jobs)
        self._jobs.clear()
        try:
            results = self.store.commit([one.job for one in taken])
        except DiskFull as error:
            self.full = True
            self._done.extend((one.refused, error) for one in taken if one.refused is not None)
            self._jobs.extend(one for one in taken if one.refused is None)
        else:
            self.full = False
            self._done.extend(zip((one.then for one in taken), results, strict=True))
        self._notify()

    def stop(self) -> None:
        self.step()
        if self.store is not None:
            self.store.close()
