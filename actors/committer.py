"""The store thread: the only thread that uses a store. It commits in groups."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from actors.core.metrics import StoreMetrics
from actors.errors import Fenced, FramewireError
from actors.interfaces import Store

FENCED: Final = 3  # exit code: a newer process owns the store


class Committer:
    """The thread that owns a store. Jobs that wait together are committed together (group commit).

    A failed commit is fatal, because the kernel drops the dirty pages and the next fsync(2) would report success. So
    the process is killed from here. The supervisor restarts it, and the senders send again.
    """

    def __init__(self, open_store: Callable[[], Store], notify: Callable[[], None], max_jobs: int = 256) -> None:
        self._open_store = open_store
        self._notify = notify
        self._max_jobs = max_jobs
        self._jobs: deque[tuple[Any, Callable[[Any], None]]] = deque()
        self._done: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._available = threading.Semaphore(0)
        self._opened = threading.Event()
        self._refusal: FramewireError | None = None
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self.commits = 0
        self.commit_s = 0.0
        self._began_s: float | None = None  # the start of the running commit

    def start(self) -> None:
        """Open the store on its thread and return when it is open.

        Raises:
            FramewireError: it cannot be opened: another process holds it, or its directory is not ours.
        """
        self._thread.start()
        self._opened.wait()
        if self._refusal is not None:
            raise self._refusal

    def submit(self, job: Any, then: Callable[[Any], None]) -> None:
        """Queue `job`; `then(result)` runs in `collect()` after its transaction is on disk."""
        self._jobs.append((job, then))
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
        """Return the metrics of now."""
        began_s = self._began_s
        stuck_s = 0.0 if began_s is None else round(time.monotonic() - began_s, 3)
        return StoreMetrics(self.commits, self.commit_s, self.waiting, stuck_s)

    def stop(self) -> None:
        """Commit the waiting jobs, close the store, end the thread."""
        self._jobs.append((None, lambda _: None))
        self._available.release()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        except Fenced as error:  # not a failure, but this process must exit at once
            logging.getLogger("store").error("stopped error=%r", str(error))
            logging.shutdown()
            os._exit(FENCED)
        except BaseException:
            logging.getLogger("store").exception("store failed")
            logging.shutdown()
            os._exit(1)

    def _work(self) -> None:
        try:
            store = self._open_store()
        except FramewireError as error:
            self._refusal = error
            return
        finally:
            self._opened.set()
        running = True
        while running:
            self._available.acquire()
            taken = [self._jobs.popleft()]
            while len(taken) < self._max_jobs and self._available.acquire(blocking=False):
                taken.append(self._jobs.popleft())
            if taken[-1][0] is None or any(job is None for job, _ in taken):
                running = False
                taken = [pair for pair in taken if pair[0] is not None]
            if taken:
                self._began_s = started_s = time.monotonic()
                results = store.commit([job for job, _ in taken])
                self._began_s = None
                self.commits += 1
                self.commit_s += time.monotonic() - started_s
                self._done.extend(zip((then for _, then in taken), results, strict=True))
                self._notify()
        store.close()
