"""What state a child process is in, and what has to be done about it now.

    STOPPED ─spawn▶ STARTING ─ready▶ RUNNING        any of them ─stop▶ STOPPING ─exit▶ STOPPED
       ▲               │ exit           │ exit      exit with 2 is FAILED: the configuration is wrong, and starting
       │               ▼                ▼           it again would only say so again
    restart NAME     BACKOFF ◀──────────┘           BACKOFF ─spawn▶ STARTING

Nothing here knows a process: the supervisor reports what it saw (`spawned`, `beat`, `ready`, `died`) and carries out
the orders that `Family.tick(now_s)` returns. Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from actors.core.supervision.kinds import Child
from actors.core.supervision.restarts import BAD_CONFIG, Policy, Restarts

START_S: Final = 10.0  # how long a starting child may be silent: imports on a cold disk, a log to recover
DUMP_BEFORE_KILL_S: Final = 1.0  # what writing down the stacks of all threads may take
GRACE_S: Final = 0.5  # what a stage gets at least when the stages before it have used up the time
OVERSLEPT_S: Final = 1.0  # a loop that turned this much too late was stopped itself, and judges nobody for it


class State(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    BACKOFF = "backoff"
    FAILED = "failed"


class Act(StrEnum):
    """What the supervisor is to do with a child."""

    SPAWN = "spawn"
    WARN = "warn"  # it is silent: say so
    DUMP = "dump"  # it is still silent: let it write down where it stands, which after its end nobody can know
    TERMINATE = "terminate"  # SIGTERM: drain and leave
    KILL = "kill"  # SIGKILL


# A missing key is a contradiction: a bug of the supervisor, which must not go on as if nothing were.
TRANSITIONS: Final[dict[State, dict[str, State]]] = {
    State.STOPPED: {"spawn": State.STARTING, "stop": State.STOPPED, "again": State.BACKOFF},
    State.STARTING: {"ready": State.RUNNING, "exit": State.BACKOFF, "refuse": State.FAILED, "stop": State.STOPPING},
    State.RUNNING: {"ready": State.RUNNING, "exit": State.BACKOFF, "refuse": State.FAILED, "stop": State.STOPPING},
    State.STOPPING: {
        "ready": State.STOPPING,
        "exit": State.STOPPED,
        "refuse": State.STOPPED,
        "stop": State.STOPPING,
    },
    State.BACKOFF: {"spawn": State.STARTING, "stop": State.STOPPED, "again": State.BACKOFF},
    State.FAILED: {"stop": State.STOPPED, "again": State.BACKOFF},
}


class Limits(NamedTuple):
    """Seconds; see config.Supervisor."""

    restarts: Policy = Policy()
    hang_warn_s: float = 2.0
    hang_kill_s: float = 6.0
    drain_s: float = 5.0


class Life:
    """One child over all its incarnations."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self.child = child
        self.state = State.STOPPED
        self.pid: int | None = None
        self.restarts = 0  # incarnations beyond the first
        self.last_reason = ""
        self.left_on_request = False  # the last time it ended, it had been asked to
        self.since_s = 0.0  # when this incarnation was spawned
        self.heard_s = 0.0
        self.due_s = 0.0  # BACKOFF: when to spawn. STOPPING: when to kill
        self._limits = limits
        self._deaths = Restarts(limits.restarts)
        self._ready_s: float | None = None
        self._spawned_before = False
        self._again = False
        self._cause = ""  # why we kill it, which its exit code could not tell
        self._steps: list[tuple[float, Act]] = []  # what silence leads to next: (seconds of silence, what to do)
        self._killed = False

    @property
    def alive(self) -> bool:
        return self.state in (State.STARTING, State.RUNNING, State.STOPPING)

    def spawned(self, pid: int, now_s: float) -> None:
        self._go("spawn")
        self.restarts += self._spawned_before
        self._spawned_before = True
        self.pid, self.since_s, self.heard_s = pid, now_s, now_s
        self._ready_s, self._cause, self._killed = None, "", False
        self._steps = self._silence()

    def not_spawned(self, now_s: float, reason: str) -> None:
        """The system could not start a process at all; that counts like a death at birth."""
        self._go("spawn")
        self._ready_s, self._cause = None, ""  # those are of the incarnation before
        self.died(now_s, 1, reason)

    def beat(self, now_s: float) -> None:
        self.heard_s, self._steps = now_s, self._silence()

    def ready(self, now_s: float) -> None:
        self._go("ready")
        self._ready_s = now_s
        self._steps = self._silence()

    @property
    def silent(self) -> bool:
        """Whether it was warned of, and has said nothing since."""
        return self.state is State.RUNNING and len(self._steps) < len(self._silence())

    def died(self, now_s: float, code: int, reason: str) -> None:
        """Take the end of this incarnation: `code` decides, `reason` is what people read."""
        self.pid, self.last_reason = None, self._cause or reason
        asked = self.left_on_request = self.state is State.STOPPING
        self._go("refuse" if code == BAD_CONFIG else "exit")
        if self.state is State.BACKOFF:
            healthy_s = 0.0 if self._ready_s is None else now_s - self._ready_s
            self.due_s = now_s + self._deaths.died(now_s, healthy_s)
        elif asked and self._again:
            self._again = False
            self._go("again")
            self.due_s = now_s

    def stop(self, now_s: float, within_s: float, reason: str) -> Act | None:
        """Ask it to leave within `within_s`; returns what has to be sent to it, None when there is no process."""
        self._again = False
        asked_before = self.state is State.STOPPING
        self._go("stop")
        if self.state is not State.STOPPING:
            return None
        # Asking again makes nobody's time to leave longer.
        self.due_s = min(self.due_s, now_s + within_s) if asked_before else now_s + within_s
        self._cause = reason
        return Act.TERMINATE

    def restart(self, now_s: float, reason: str = "restarted on request") -> Act | None:
        """Ask it to leave and come back; returns what has to be sent to it."""
        if not self.alive:
            self._go("again")
            self.due_s = now_s
            return None
        act = self.stop(now_s, self._limits.drain_s, reason)
        self._again = True
        return act

    def abandon(self) -> Act | None:
        """Kill it now and for good; returns what has to be sent to it."""
        self._again = False
        self._go("stop")
        self._killed = True
        return Act.KILL if self.state is State.STOPPING else None

    def forgive(self, seconds: float, now_s: float) -> None:
        """The supervisor itself was not running for so long, so its silence proves nothing."""
        self.heard_s = min(now_s, self.heard_s + seconds)

    def limit(self, limits: Limits) -> None:
        """Live by other limits from now on."""
        self._limits = limits
        self._deaths.policy = limits.restarts

    def degraded(self, now_s: float) -> bool:
        return self._deaths.degraded(now_s)

    def tick(self, now_s: float) -> Act | None:
        """Return what time alone has made necessary."""
        due_s = self.next_due_s()
        if due_s is None or now_s < due_s:
            return None
        if self.state is State.BACKOFF:
            return Act.SPAWN
        act = Act.KILL if self.state is State.STOPPING else self._steps.pop(0)[1]
        if act is Act.KILL:
            self._killed = True
            self._cause = self._cause_of_kill(now_s)
        return act

    def next_due_s(self) -> float | None:
        """Return when `tick` will want something if nothing else happens, None: never."""
        if self.state is State.BACKOFF:
            return self.due_s
        if self._killed or not self.alive:
            return None
        if self.state is State.STOPPING:
            return self.due_s
        return self.heard_s + self._steps[0][0]

    def _silence(self) -> list[tuple[float, Act]]:
        """Return what silence leads to in this state, in its order."""
        limits = self._limits
        if self.state is State.STARTING:
            return [(START_S - DUMP_BEFORE_KILL_S, Act.DUMP), (START_S, Act.KILL)]
        dump_s = max(limits.hang_warn_s, limits.hang_kill_s - DUMP_BEFORE_KILL_S)
        return [(limits.hang_warn_s, Act.WARN), (dump_s, Act.DUMP), (limits.hang_kill_s, Act.KILL)]

    def _cause_of_kill(self, now_s: float) -> str:
        if self.state is State.STOPPING:
            return f"{self._cause}, killed because it did not leave in time"
        return f"hung: no sign of life for {now_s - self.heard_s:.1f} s while {self.state}"

    def _go(self, what: str) -> None:
        self.state = TRANSITIONS[self.state][what]


class Order(NamedTuple):
    act: Act
    life: Life


class Family:
    """All children: started together, stopped stage by stage, and changed while they run."""

    def __init__(self, plan: Iterable[Child], limits: Limits) -> None:
        self.lives = [Life(child, limits) for child in plan]
        self.was_ready = False
        self.stopping = False
        self._limits = limits
        self._leaving: list[Life] = []  # no longer in the plan
        self._stages: list[list[Life]] = []
        self._stop_by_s = 0.0
        self._reason = ""

    def start(self) -> list[Order]:
        """Return the orders of the first start, in the order of the plan."""
        return [Order(Act.SPAWN, life) for life in self.lives]

    def find(self, name: str) -> list[Life]:
        """Return the child of that name, or all children of that kind."""
        return [life for life in self.lives if name in (life.child.name, life.child.kind)]

    def became_ready(self) -> bool:
        """Tell, once, that everybody works whom the start waited for."""
        wanted = [life for life in self.lives if life not in self._leaving and not life.child.optional]
        if self.was_ready or any(life.state is not State.RUNNING for life in wanted):
            return False
        self.was_ready = True
        return True

    def stop(self, now_s: float, reason: str) -> None:
        """Begin to stop everything; `tick` gives the orders."""
        if self.stopping:
            return
        self.stopping, self._reason, self._stop_by_s = True, reason, now_s + self._limits.drain_s
        stages: dict[int, list[Life]] = {}
        for life in self.lives:
            stages.setdefault(life.child.stage, []).append(life)
        self._stages = [[], *(stages[number] for number in sorted(stages))]

    def change(self, plan: Iterable[Child], limits: Limits, now_s: float) -> list[Order]:
        """Follow another plan and other limits; whoever is in both plans is left alone."""
        self._limits = limits
        known = {life.child.name: life for life in self.lives}
        plan = list(plan)
        names = {child.name for child in plan}
        orders = []
        for life in known.values():
            life.limit(limits)
            if life.child.name not in names and life not in self._leaving:
                self._leaving.append(life)
                act = life.stop(now_s, limits.drain_s, "no longer asked for")
                orders += [Order(act, life)] if act else []
        for child in plan:
            if child.name not in known:
                known[child.name] = life = Life(child, limits)
                orders.append(Order(Act.SPAWN, life))
            elif known[child.name] in self._leaving:  # asked for again before it has left
                self._leaving.remove(known[child.name])
                known[child.name].restart(now_s)
        gone = [life for life in known.values() if life.child.name not in names]
        self.lives = [known[child.name] for child in plan] + gone
        return orders

    def abandon(self) -> list[Order]:
        """Return the orders that end everything now."""
        self.stopping, self._stages = True, [self.lives]
        acts = [(life.abandon(), life) for life in self.lives]
        return [Order(act, life) for act, life in acts if act]

    def tick(self, now_s: float) -> list[Order]:
        """Return what has to be done at `now_s`."""
        orders = []
        for life in [life for life in self._leaving if not life.alive]:
            self._leaving.remove(life)
            self.lives.remove(life)
        while len(self._stages) > 1 and not any(life.alive for life in self._stages[0]):
            self._stages.pop(0)
            within_s = max(GRACE_S, self._stop_by_s - now_s)
            acts = [(life.stop(now_s, within_s, self._reason), life) for life in self._stages[0]]
            orders += [Order(act, life) for act, life in acts if act]
        return orders + [Order(act, life) for life in self.lives if (act := life.tick(now_s))]

    def next_due_s(self) -> float | None:
        """Return when `tick` has to be called at the latest."""
        return min((due_s for life in self.lives if (due_s := life.next_due_s()) is not None), default=None)

    @property
    def stopped(self) -> bool:
        """Everything was asked to stop, and has."""
        return self.stopping and len(self._stages) == 1 and not any(life.alive for life in self.lives)

    def state(self, now_s: float) -> str:
        """Return one word for the whole: starting, running, degraded or stopping."""
        if self.stopping:
            return "stopping"
        if not self.was_ready:
            return "starting"
        healthy = all(life.state is State.RUNNING and not life.degraded(now_s) for life in self.lives)
        return "running" if healthy else "degraded"
