"""The one loop, and what every child process owes its supervisor.

stdin    a pipe whose end means that the supervisor is gone: go on for 1 s, then finish the transaction and leave,
         2 s after the end at the latest; SIGUSR2 says the same, sent by Linux itself
stdout   the heart: one JSON line per second, `{"stats": {...}}`, and `{"ready": true}` once. A line proves
         that the main loop turns (ZeroMQ's own heartbeats are answered by its I/O thread and prove nothing)
stderr   the log: one fact per line, `time level actor event key=value`
SIGTERM  drain, then leave with 0
SIGUSR1  write down where every thread stands (to stderr), and go on; works while the loop hangs

Stats that every actor has: `events` (what it has passed on since it started), what Ticks says of its loop, and `queue`
(messages that wait in it) if it keeps any.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import zmq

from actors import host
from actors.errors import Fenced, FramewireError

if TYPE_CHECKING:
    import asyncio

    from zmq.eventloop.zmqstream import ZMQStream

HEARTBEAT_S: Final = 1.0
ORPHAN_GRACE_S: Final = 2.0
# So long an orphan goes on working: whoever starts the supervisor again needs it, and its first act is to end orphans.
ORPHAN_WORK_S: Final = 1.0
FENCED: Final = 3  # exit code: somebody else does this work now
DRAIN_MESSAGES: Final = 256  # per socket and turn at most, so that no link starves another

Stats = dict[str, float]
T = TypeVar("T")


class Ticks:
    """How busy a loop was since its last beat: a tick is what it does between two waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._since_s = self._clock()
        self._count = 0
        self._busy_s = self._max_s = 0.0
        self._min_s = float("inf")

    def add(self, took_s: float) -> None:
        self._count += 1
        self._busy_s += took_s
        self._min_s = min(self._min_s, took_s)
        self._max_s = max(self._max_s, took_s)

    def take(self) -> Stats:
        """Return the share of the time in which the loop was busy, and its ticks; then begin anew."""
        elapsed_s = self._clock() - self._since_s
        stats = {
            "busy_share": round(min(1.0, self._busy_s / elapsed_s), 4) if elapsed_s > 0 else 0.0,
            "ticks": self._count,
            "tick_min_ms": round(self._min_s * 1000, 3) if self._count else 0.0,
            "tick_avg_ms": round(self._busy_s / self._count * 1000, 3) if self._count else 0.0,
            "tick_max_ms": round(self._max_s * 1000, 3),
        }
        self._begin()
        return stats


class Heart:
    """The child's end of the three pipes.

    `stopping` turns true on SIGTERM and when the supervisor is gone (then `orphaned`, too).
    """

    def __init__(self, name: str, stats: Callable[[], Stats], ticks: Ticks) -> None:
        self.name = name
        self.stopping = False
        self.orphaned = False
        self._stats = stats
        self._ticks = ticks
        self._lost_supervisor = threading.Event()
        self._on_stop: Callable[[], object] = lambda: None
        self._begun = b""

    def start(self, on_stop: Callable[[], object] = lambda: None) -> None:
        """Watch stdin and SIGTERM.

        `on_stop` is called from a signal handler or another thread and must only wake a loop.
        """
        self._on_stop = on_stop
        if not os.isatty(1):  # a terminal is shared with the shell
            host.do_not_wait(1)
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGINT, lambda *_: self._stop())
        if host.ORPHANED is not None:
            signal.signal(host.ORPHANED, lambda *_: self._lost_supervisor.set())
            host.tell_when_parent_dies(host.ORPHANED)
        host.take_signals()
        threading.Thread(target=self._watch_stdin, name="stdin", daemon=True).start()
        threading.Thread(target=self._leave_as_orphan, name="orphan", daemon=True).start()

    def beat(self) -> None:
        """Tell the supervisor that the main loop turns."""
        self._line({"stats": self._stats() | self._ticks.take(), "ts_ms": time.time() * 1000})

    def ready(self) -> None:
        """Tell the supervisor that this actor does its work from now on."""
        self._line({"ready": True})
        self.beat()

    def _line(self, fact: dict[str, Any]) -> None:
        """Say a line, or nothing: a supervisor that does not read must not stop whoever works."""
        try:
            if self._begun and not self._write(self._begun):
                return
            self._write(json.dumps(fact, separators=(",", ":")).encode() + b"\n")
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody listens any more; stdin will say the same

    def _write(self, line: bytes) -> bool:
        """Write what the pipe takes; a line that was begun is ended first the next time. True: it is all said."""
        try:
            written = os.write(1, line)
        except BlockingIOError:
            return False
        self._begun = line[written:]
        return not self._begun

    def _stop(self) -> None:
        self.stopping = True
        with suppress(RuntimeError):  # an asyncio loop that is closed already needs no waking
            self._on_stop()

    def _watch_stdin(self) -> None:
        while os.read(0, 4096):
            pass
        self._lost_supervisor.set()

    def _leave_as_orphan(self) -> None:
        self._lost_supervisor.wait()
        self.orphaned = True
        time.sleep(ORPHAN_WORK_S)
        self._stop()
        time.sleep(ORPHAN_GRACE_S - ORPHAN_WORK_S)
        os._exit(1)  # the main loop is stuck, or the drain takes longer than an orphan may live


class Reactor:
    """Polls sockets, runs what is due, and nothing else. One per process that is no tornado server.

    Handlers get whole messages. Deadlines are asked for anew each turn (`due`), so that a core may say at any time when
    it wants to be ticked. Nothing polls a socket for output: an idle PUSH is always writable and would spin (measured:
    99 % of a core, against 0.5 %).
    """

    def __init__(self, context: zmq.Context[Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._poller = zmq.Poller()
        self._inputs: list[_Input] = []
        self._timers: list[list[Any]] = []
        self._turn: Callable[[float], float | None] = lambda _now_s: None
        address = f"inproc://wake-{id(self)}"
        self._woken: zmq.Socket[bytes] = context.socket(zmq.PULL)
        self._woken.bind(address)
        self._waker: zmq.Socket[bytes] = context.socket(zmq.PUSH)
        self._waker.connect(address)
        self._waker_lock = threading.RLock()  # a signal handler may wake while the loop's own thread does
        self._poller.register(self._woken, zmq.POLLIN)
        self.ticks = Ticks(clock)

    def reads(
        self,
        socket: zmq.Socket[bytes],
        handler: Callable[[bytes], None],
        when: Callable[[], bool] = lambda: True,
        per_turn: int = DRAIN_MESSAGES,
    ) -> None:
        """Call `handler` with messages of `socket` while `when()` holds, at most `per_turn` in a turn.

        Sockets added first are drained first. A small `per_turn` keeps bulk from standing before what is urgent.
        """
        self._inputs.append(_Input(socket, handler, when, per_turn))

    def every(self, period_s: float, action: Callable[[], None]) -> None:
        """Call `action` each `period_s`; after a stall the missed calls are skipped."""
        self._timers.append([self._clock() + period_s, period_s, action])

    def each_turn(self, action: Callable[[float], float | None]) -> None:
        """Call `action(now_s)` after every turn; it returns when it wants to be called at the latest, or None."""
        self._turn = action

    def wake(self) -> None:
        """Make the loop turn once; may be called from any thread and from a signal handler's thread."""
        with self._waker_lock:
            offered_wakeup(self._waker)

    def run(self, stopped: Callable[[], bool]) -> None:
        """Turn until `stopped()`."""
        due_s = self._turn(self._clock())
        while not stopped():
            self._choose_inputs()
            deadline_s = min([timer[0] for timer in self._timers] + ([] if due_s is None else [due_s]), default=None)
            timeout_ms = None if deadline_s is None else max(0.0, (deadline_s - self._clock()) * 1000)
            # Rounded up: a poll that returns before the deadline would turn once more for nothing.
            ready = dict(self._poller.poll(None if timeout_ms is None else int(timeout_ms + 0.999)))
            started_s = self._clock()
            if self._woken in ready:
                _drain(self._woken, lambda _: None, DRAIN_MESSAGES)
            for source in self._inputs:
                if source.socket in ready:
                    _drain(source.socket, source.handler, source.per_turn)
            now_s = self._clock()
            for timer in self._timers:
                if now_s >= timer[0]:
                    timer[2]()
                    timer[0] = now_s + timer[1]
            due_s = self._turn(self._clock())
            self.ticks.add(self._clock() - started_s)

    def _choose_inputs(self) -> None:
        for source in self._inputs:
            wanted = source.when()
            if wanted != source.polled:
                source.polled = wanted
                if wanted:
                    self._poller.register(source.socket, zmq.POLLIN)
                else:
                    self._poller.unregister(source.socket)

    def close(self) -> None:
        """Close the wake-up pair; the sockets that were added belong to whoever made them."""
        self._waker.close(0)
        self._woken.close(0)


def offered_wakeup(socket: zmq.Socket[bytes]) -> None:
    """Put one wake-up into an inproc pair; a full pair is awake already."""
    try:
        socket.send(b"", zmq.DONTWAIT)
    except zmq.Again:
        return


@dataclass
class _Input:
    socket: zmq.Socket[bytes]
    handler: Callable[[bytes], None]
    when: Callable[[], bool]
    per_turn: int
    polled: bool = False


def _drain(socket: zmq.Socket[bytes], handler: Callable[[bytes], None], messages: int) -> None:
    for _ in range(messages):
        try:
            message = socket.recv(zmq.DONTWAIT)
        except zmq.Again:
            return
        handler(message)


def run_asyncio(main: Callable[[Ticks], Coroutine[Any, Any, T]]) -> T:
    """Run `main(ticks)` in an asyncio loop that measures itself: what is between two waits is a tick."""
    # Here, because it brings asyncio with it, which the actors without HTTP need not carry.
    import asyncio

    ticks = Ticks()

    class MeteredSelector(selectors.DefaultSelector):
        woken_s: float | None = None

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if self.woken_s is not None:
                ticks.add(time.monotonic() - self.woken_s)
            ready = super().select(timeout)
            self.woken_s = time.monotonic()
            return ready

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(MeteredSelector())) as runner:
        return runner.run(main(ticks))


def end_with_own_failures(
    loop: asyncio.AbstractEventLoop, counts: MutableMapping[str, Any], fail: Callable[[BaseException], None]
) -> None:
    """Call `fail` with what our own code raises in a callback of `loop`, which asyncio would only log.

    What a library raises costs one connection. Both are logged, and counted as `loop_failures`.
    """

    def on_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        counts["loop_failures"] += 1
        logging.getLogger("loop").error("loop failure message=%s", context["message"], exc_info=failure)
        step = failure.__traceback__ if failure is not None else None
        while failure is not None and step is not None:
            if step.tb_frame.f_globals.get("__name__", "").startswith("actors."):
                fail(failure)
                return
            step = step.tb_next

    loop.set_exception_handler(on_failure)


def listen(socket: zmq.Socket[bytes], handler: Callable[[bytes], None]) -> ZMQStream:
    """Call `handler` with every message of `socket` from the running asyncio loop; close the result to end it.

    pyzmq's stream knows that a ZeroMQ file descriptor is edge-triggered; asyncio alone would hang now and then.
    """
    # Here, because it brings tornado and asyncio with it: 8 MB that the actors without HTTP need not carry.
    from zmq.eventloop.zmqstream import ZMQStream

    stream = ZMQStream(socket)
    stream.on_recv(lambda parts: handler(parts[0]))
    return stream


class Store(Protocol):
    """What a store thread needs of a store: apply several jobs in one transaction, durably."""

    def commit(self, jobs: list[Any]) -> list[Any]: ...


class Committer:
    """The thread that owns a store. Jobs that wait together are committed together (group commit).

    A commit that fails is fatal (fsync(2): the kernel drops the dirty pages and the next call would "succeed"), so the
    process is killed from here: the supervisor starts it again and the senders send again.
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
        self._began_s: float | None = None  # when the commit that is under way began

    def start(self) -> None:
        """Open the store on its thread and return when it is open.

        Raises:
            FramewireError: it cannot be opened: somebody else holds it, or its directory is not ours.
        """
        self._thread.start()
        self._opened.wait()
        if self._refusal is not None:
            raise self._refusal

    def submit(self, job: Any, then: Callable[[Any], None]) -> None:
        """Queue `job`; `then(result)` runs in `collect()`, after its transaction is on disk."""
        self._jobs.append((job, then))
        self._available.release()

    def collect(self) -> None:
        """Run the continuations of what was committed; called by the loop after `notify`."""
        while self._done:
            then, result = self._done.popleft()
            then(result)

    @property
    def waiting(self) -> int:
        """Jobs that are not yet on disk, roughly."""
        return len(self._jobs)

    def stats(self) -> Stats:
        began_s = self._began_s
        return {
            "store_commits": self.commits,
            "store_commit_s": self.commit_s,
            "store_waiting": self.waiting,
            "store_stuck_s": 0.0 if began_s is None else round(time.monotonic() - began_s, 3),
        }

    def stop(self) -> None:
        """Commit what waits, close the store, end the thread."""
        self._jobs.append((None, lambda _: None))
        self._available.release()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        except Fenced as error:  # no failure, but this process must not go on for another moment
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
        close = getattr(store, "close", None)
        if close is not None:
            close()
