"""The store thread: the only thread that uses a store. It commits in groups."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from actors.core.metrics import StoreMetrics
from actors.errors import ConfigError, DiskFull, Fenced, FramewireError
from actors.interfaces import Store

REFUSED: Final = 3  # exit code: a newer process owns the store, or its file is damaged
RETRY_S: Final = 0.25  # while the disk is full
# For how long after a refused transaction the disk is reported as full. SQLite may take small transactions into space
# that it already has, between two that it refuses.
FULL_HOLD_S: Final = 5.0


class Job(NamedTuple):
    """What waits for a transaction; `refused` is called instead of `then` when the disk is full, if it is given."""

    job: Any
    then: Callable[[Any], None]
    refused: Callable[[DiskFull], None] | None


class Committer:
    """The thread that owns a store. Jobs that wait together are committed together (group commit).

    A failed fsync is fatal, because the kernel drops the dirty pages and the next fsync(2) would report success. So
    the process is killed from here. The supervisor restarts it, and the senders send again. A full disk is not fatal:
    the transaction is rolled back, and is repeated every RETRY_S until there is room.
    """

    def __init__(self, open_store: Callable[[], Store], notify: Callable[[], None], max_jobs: int = 256) -> None:
        self._open_store = open_store
        self._notify = notify
        self._max_jobs = max_jobs
        self._jobs: deque[Job] = deque()
        self._done: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._available = threading.Semaphore(0)
        self._opened = threading.Event()
        self._refusal: FramewireError | None = None
        self._store: Store | None = None
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self.commits = 0
        self.commit_s = 0.0
        self._began_s: float | None = None  # the start of the running commit
        self.full = False  # the disk had no room for the last transaction
        self._refused_s = float("-inf")
        self._stopping = threading.Event()

    def start(self) -> None:
        """Open the store on its thread and return when it is open.

        Raises:
            FramewireError: it cannot be opened: another process holds it, or its directory is not ours.
        """
        self._thread.start()
        self._opened.wait()
        if self._refusal is not None:
            raise self._refusal

    def submit(self, job: Any, then: Callable[[Any], None], refused: Callable[[DiskFull], None] | None = None) -> None:
        """Queue `job`; `then(result)` runs in `collect()` after its transaction is on disk.

        When the disk is full, `refused(error)` runs instead; a job without it waits until there is room.
        """
        self._jobs.append(Job(job, then, refused))
        self._available.release()

    def collect(self) -> None:
        """Run the continuations of committed jobs; the loop calls this after `notify`."""
        while self._done:
            then, result = self._done.popleft()
            then(result)

    @property
    def waiting(self) -> int:
        """The approximate number of jobs that are not yet on disk."""
        return len(self._jobs)

    def measure(self) -> StoreMetrics:
        """Return the current metrics."""
        began_s = self._began_s
        stuck_s = 0.0 if began_s is None else round(time.monotonic() - began_s, 3)
        full = self.full or self._held(time.monotonic())
        damaged = self._store is not None and self._store.damaged
        return StoreMetrics(self.commits, self.commit_s, self.waiting, stuck_s, float(full), float(damaged))

    def stop(self) -> None:
        """Commit the waiting jobs, close the store, end the thread. What a full disk cannot take is dropped."""
        self._stopping.set()
        self.submit(None, lambda _: None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        except (Fenced, ConfigError) as error:  # not a failure of ours, but this process must exit at once
            logging.getLogger("store").error("stopped error=%r", str(error))
            logging.shutdown()
            os._exit(REFUSED)
        except BaseException:
            logging.getLogger("store").exception("store failed")
            logging.shutdown()
            os._exit(1)

    def _work(self) -> None:
        try:
            store = self._store = self._open_store()
        except FramewireError as error:
            self._refusal = error
            return
        finally:
            self._opened.set()
        running = True
        while running:
            if not self._available.acquire(timeout=RETRY_S if self.full else None):
                self._probe(store)
                continue
            taken = [self._jobs.popleft()]
            while len(taken) < self._max_jobs and self._available.acquire(blocking=False):
                taken.append(self._jobs.popleft())
            goes_on = self._commit(store, [one for one in taken if one.job is not None])
            running = goes_on and all(one.job is not None for one in taken)
        store.close()

    def _commit(self, store: Store, jobs: list[Job]) -> bool:
        """Commit the jobs together; while the disk is full, refuse those that may be refused and repeat the others.

        Returns False when a stop made it drop jobs. Later ones are dropped, too: they may have the cursor of a source
        that is behind the messages of the dropped ones.
        """
        while jobs:
            self._began_s = started_s = time.monotonic()
            try:
                results = store.commit([one.job for one in jobs])
            except DiskFull as error:
                self._began_s = None
                self._refuse(str(error))
                self._done.extend((one.refused, error) for one in jobs if one.refused is not None)
                self._notify()
                jobs = [one for one in jobs if one.refused is None]
                if jobs and self._stopping.wait(RETRY_S):
                    return False  # nothing of them was acknowledged
                continue
            self._began_s = None
            self.full = False
            self.commits += 1
            self.commit_s += time.monotonic() - started_s
            self._done.extend(zip((one.then for one in jobs), results, strict=True))
            self._notify()
            return True
        return True

    def _probe(self, store: Store) -> None:
        try:
            store.probe()
        except DiskFull:
            return
        self.full = False

    def _refuse(self, reason: str) -> None:
        now_s = time.monotonic()
        if not self.full and not self._held(now_s):
            logging.getLogger("store").error("disk full reason=%r", reason)
        self.full, self._refused_s = True, now_s

    def _held(self, now_s: float) -> bool:
        return now_s - self._refused_s < FULL_HOLD_S
