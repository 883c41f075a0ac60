"""The state machine of each child process, and the actions that are due.

    STOPPED ─spawn▶ STARTING ─ready▶ RUNNING        any of them ─stop▶ STOPPING ─exit▶ STOPPED
       ▲               │ exit           │ exit      exit with 2 is FAILED: the configuration is wrong, and a restart
       │               ▼                ▼           would fail in the same way
    restart NAME     BACKOFF ◀──────────┘           BACKOFF ─spawn▶ STARTING

This module has no access to processes. The supervisor reports events (`spawned`, `heartbeat`, `ready`, `died`) and
carries out the actions that `Children.tick(now_s)` returns. Times are monotonic seconds, passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from actors.core.supervision.kinds import Child
from actors.core.supervision.restarts import BAD_CONFIG, Policy, Restarts

START_S: Final = 10.0  # the limit for the first heartbeat: imports on a cold disk, a log to recover
DUMP_BEFORE_KILL_S: Final = 1.0  # the time for writing the stacks of all threads
GRACE_S: Final = 0.5  # the minimum for a stage when the stages before it have used up the time
STALLED_S: Final = 1.0  # a supervisor whose loop was this late was stopped itself; missed heartbeats do not count


class ChildState(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    BACKOFF = "backoff"
    FAILED = "failed"


class Act(StrEnum):
    """An action of the supervisor on a child."""

    SPAWN = "spawn"
    WARN = "warn"  # heartbeats are missing: log a warning
    DUMP = "dump"  # heartbeats are still missing: make it write its stacks, which are lost after a kill
    TERMINATE = "terminate"  # SIGTERM: drain and exit
    KILL = "kill"  # SIGKILL


# A missing key is a bug of the supervisor: the KeyError ends it.
TRANSITIONS: Final[dict[ChildState, dict[str, ChildState]]] = {
    ChildState.STOPPED: {"spawn": ChildState.STARTING, "stop": ChildState.STOPPED, "restart": ChildState.BACKOFF},
    ChildState.STARTING: {
        "ready": ChildState.RUNNING,
        "exit": ChildState.BACKOFF,
        "refuse": ChildState.FAILED,
        "stop": ChildState.STOPPING,
    },
    ChildState.RUNNING: {
        "ready": ChildState.RUNNING,
        "exit": ChildState.BACKOFF,
        "refuse": ChildState.FAILED,
        "stop": ChildState.STOPPING,
    },
    ChildState.STOPPING: {
        "ready": ChildState.STOPPING,
        "exit": ChildState.STOPPED,
        "refuse": ChildState.STOPPED,
        "stop": ChildState.STOPPING,
    },
    ChildState.BACKOFF: {"spawn": ChildState.STARTING, "stop": ChildState.STOPPED, "restart": ChildState.BACKOFF},
    ChildState.FAILED: {"stop": ChildState.STOPPED, "restart": ChildState.BACKOFF},
}


class Limits(NamedTuple):
    """Seconds; see config.SupervisorSection."""

    restarts: Policy = Policy()
    hang_warn_s: float = 2.0
    hang_kill_s: float = 6.0
    drain_s: float = 5.0


class Lifecycle:
    """The state of one child over all its incarnations."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self.child = child
        self.state = ChildState.STOPPED
        self.pid: int | None = None
        self.restarts = 0  # incarnations beyond the first
        self.last_reason = ""
        self.stopped_on_request = False  # of the last exit
        self.since_s = 0.0  # when this incarnation was spawned
        self.heartbeat_s = 0.0
        self.due_s = 0.0  # BACKOFF: when to spawn. STOPPING: when to kill
        self._limits = limits
        self._deaths = Restarts(limits.restarts)
        self._ready_s: float | None = None
        self._spawned_before = False
        self._restart_after_exit = False
        self._cause = ""  # why the supervisor stops or kills it; the exit code does not contain that
        self._steps: list[tuple[float, Act]] = []  # the next actions: (seconds without a heartbeat, action)
        self._killed = False

    @property
    def alive(self) -> bool:
        return self.state in (ChildState.STARTING, ChildState.RUNNING, ChildState.STOPPING)

    def spawned(self, pid: int, now_s: float) -> None:
        self._go("spawn")
        self.restarts += self._spawned_before
        self._spawned_before = True
        self.pid, self.since_s, self.heartbeat_s = pid, now_s, now_s
        self._ready_s, self._cause, self._killed = None, "", False
        self._steps = self._steps_of_state()

    def not_spawned(self, now_s: float, reason: str) -> None:
        """Record that the system could not start a process; this counts as a death."""
        self._go("spawn")
        self._ready_s, self._cause = None, ""  # the values of the previous incarnation
        self.died(now_s, 1, reason)

    def heartbeat(self, now_s: float) -> None:
        self.heartbeat_s, self._steps = now_s, self._steps_of_state()

    def ready(self, now_s: float) -> None:
        self._go("ready")
        self._ready_s = now_s
        self._steps = self._steps_of_state()

    @property
    def silent(self) -> bool:
        """Whether a warning was logged, and no heartbeat has arrived since."""
        return self.state is ChildState.RUNNING and len(self._steps) < len(self._steps_of_state())

    def died(self, now_s: float, code: int, reason: str) -> None:
        """Record the exit of this incarnation: `code` decides what follows, `reason` is shown to operators."""
        self.pid, self.last_reason = None, self._cause or reason
        asked = self.stopped_on_request = self.state is ChildState.STOPPING
        self._go("refuse" if code == BAD_CONFIG else "exit")
        if self.state is ChildState.BACKOFF:
            healthy_s = 0.0 if self._ready_s is None else now_s - self._ready_s
            self.due_s = now_s + self._deaths.died(now_s, healthy_s)
        elif asked and self._restart_after_exit:
            self._restart_after_exit = False
            self._go("restart")
            self.due_s = now_s

    def stop(self, now_s: float, within_s: float, reason: str) -> Act | None:
        """Request its exit within `within_s`. Return the signal to send, or None when there is no process."""
        self._restart_after_exit = False
        already_stopping = self.state is ChildState.STOPPING
        self._go("stop")
        if self.state is not ChildState.STOPPING:
            return None
        # A repeated request does not extend the deadline.
        self.due_s = min(self.due_s, now_s + within_s) if already_stopping else now_s + within_s
        self._cause = reason
        return Act.TERMINATE

    def restart(self, now_s: float, reason: str = "restarted on request") -> Act | None:
        """Request its exit and a restart. Return the signal to send, or None when there is no process."""
        if not self.alive:
            self._go("restart")
            self.due_s = now_s
            return None
        act = self.stop(now_s, self._limits.drain_s, reason)
        self._restart_after_exit = True
        return act

    def kill(self) -> Act | None:
        """Kill it now, without a restart. Return the signal to send, or None when there is no process."""
        self._restart_after_exit = False
        self._go("stop")
        self._killed = True
        return Act.KILL if self.state is ChildState.STOPPING else None

    def forgive(self, seconds: float, now_s: float) -> None:
        """Ignore heartbeats that were missed in `seconds`, in which the supervisor itself was not running."""
        self.heartbeat_s = min(now_s, self.heartbeat_s + seconds)

    def limit(self, limits: Limits) -> None:
        """Apply other limits from now on."""
        self._limits = limits
        self._deaths.policy = limits.restarts

    def degraded(self, now_s: float) -> bool:
        return self._deaths.degraded(now_s)

    def tick(self, now_s: float) -> Act | None:
        """Return the action that is due, if any."""
        due_s = self.next_due_s()
        if due_s is None or now_s < due_s:
            return None
        if self.state is ChildState.BACKOFF:
            return Act.SPAWN
        act = Act.KILL if self.state is ChildState.STOPPING else self._steps.pop(0)[1]
        if act is Act.KILL:
            self._killed = True
            self._cause = self._cause_of_kill(now_s)
        return act

    def next_due_s(self) -> float | None:
        """Return when `tick` will return an action if nothing else happens, None: never."""
        if self.state is ChildState.BACKOFF:
            return self.due_s
        if self._killed or not self.alive:
            return None
        if self.state is ChildState.STOPPING:
            return self.due_s
        return self.heartbeat_s + self._steps[0][0]

    def _steps_of_state(self) -> list[tuple[float, Act]]:
        """Return the actions that follow missed heartbeats in this state, in order."""
        limits = self._limits
        if self.state is ChildState.STARTING:
            return [(START_S - DUMP_BEFORE_KILL_S, Act.DUMP), (START_S, Act.KILL)]
        dump_s = max(limits.hang_warn_s, limits.hang_kill_s - DUMP_BEFORE_KILL_S)
        return [(limits.hang_warn_s, Act.WARN), (dump_s, Act.DUMP), (limits.hang_kill_s, Act.KILL)]

    def _cause_of_kill(self, now_s: float) -> str:
        if self.state is ChildState.STOPPING:
            return f"{self._cause}, killed because it did not exit in time"
        return f"hung: no heartbeat for {now_s - self.heartbeat_s:.1f} s while {self.state}"

    def _go(self, what: str) -> None:
        self.state = TRANSITIONS[self.state][what]


class ChildAction(NamedTuple):
    act: Act
    lifecycle: Lifecycle


class Children:
    """All children: they start together, stop stage by stage, and can be changed while they run."""

    def __init__(self, plan: Iterable[Child], limits: Limits) -> None:
        self.lifecycles = [Lifecycle(child, limits) for child in plan]
        self.was_ready = False
        self.stopping = False
        self._limits = limits
        self._removed: list[Lifecycle] = []  # no longer in the plan, and not stopped yet
        self._stages: list[list[Lifecycle]] = []
        self._stop_by_s = 0.0
        self._reason = ""

    def start(self) -> list[ChildAction]:
        """Return the actions of the first start, in the order of the plan."""
        return [ChildAction(Act.SPAWN, lifecycle) for lifecycle in self.lifecycles]

    def find(self, name: str) -> list[Lifecycle]:
        """Return the child of that name, or all children of that kind."""
        return [lifecycle for lifecycle in self.lifecycles if name in (lifecycle.child.name, lifecycle.child.kind)]

    def became_ready(self) -> bool:
        """Return True once: when all children that are not optional are running."""
        wanted = [
            lifecycle
            for lifecycle in self.lifecycles
            if lifecycle not in self._removed and not lifecycle.child.optional
        ]
        if self.was_ready or any(lifecycle.state is not ChildState.RUNNING for lifecycle in wanted):
            return False
        self.was_ready = True
        return True

    def stop(self, now_s: float, reason: str) -> None:
        """Begin to stop all children; `tick` returns the actions."""
        if self.stopping:
            return
        self.stopping, self._reason, self._stop_by_s = True, reason, now_s + self._limits.drain_s
        stages: dict[int, list[Lifecycle]] = {}
        for lifecycle in self.lifecycles:
            stages.setdefault(lifecycle.child.stage, []).append(lifecycle)
        self._stages = [[], *(stages[number] for number in sorted(stages))]

    def change(self, plan: Iterable[Child], limits: Limits, now_s: float) -> list[ChildAction]:
        """Change to another plan and other limits. A child that is in both plans keeps running."""
        self._limits = limits
        known = {lifecycle.child.name: lifecycle for lifecycle in self.lifecycles}
        plan = list(plan)
        names = {child.name for child in plan}
        orders = []
        for lifecycle in known.values():
            lifecycle.limit(limits)
            if lifecycle.child.name not in names and lifecycle not in self._removed:
                self._removed.append(lifecycle)
                act = lifecycle.stop(now_s, limits.drain_s, "removed from the configuration")
                orders += [ChildAction(act, lifecycle)] if act else []
        for child in plan:
            if child.name not in known:
                known[child.name] = lifecycle = Lifecycle(child, limits)
                orders.append(ChildAction(Act.SPAWN, lifecycle))
            elif known[child.name] in self._removed:  # added again before it has stopped
                self._removed.remove(known[child.name])
                known[child.name].restart(now_s)
        removed = [lifecycle for lifecycle in known.values() if lifecycle.child.name not in names]
        self.lifecycles = [known[child.name] for child in plan] + removed
        return orders

    def kill_all(self) -> list[ChildAction]:
        """Return the actions that kill all children now."""
        self.stopping, self._stages = True, [self.lifecycles]
        acts = [(lifecycle.kill(), lifecycle) for lifecycle in self.lifecycles]
        return [ChildAction(act, lifecycle) for act, lifecycle in acts if act]

    def tick(self, now_s: float) -> list[ChildAction]:
        """Return the actions that are due at `now_s`."""
        orders = []
        for lifecycle in [lifecycle for lifecycle in self._removed if not lifecycle.alive]:
            self._removed.remove(lifecycle)
            self.lifecycles.remove(lifecycle)
        while len(self._stages) > 1 and not any(lifecycle.alive for lifecycle in self._stages[0]):
            self._stages.pop(0)
            within_s = max(GRACE_S, self._stop_by_s - now_s)
            acts = [(lifecycle.stop(now_s, within_s, self._reason), lifecycle) for lifecycle in self._stages[0]]
            orders += [ChildAction(act, lifecycle) for act, lifecycle in acts if act]
        return orders + [ChildAction(act, lifecycle) for lifecycle in self.lifecycles if (act := lifecycle.tick(now_s))]

    def next_due_s(self) -> float | None:
        """Return the latest time for the next call of `tick`."""
        return min(
            (due_s for lifecycle in self.lifecycles if (due_s := lifecycle.next_due_s()) is not None), default=None
        )

    @property
    def stopped(self) -> bool:
        """Whether a stop was requested and all children have exited."""
        return self.stopping and len(self._stages) == 1 and not any(lifecycle.alive for lifecycle in self.lifecycles)

    def state(self, now_s: float) -> str:
        """Return the state of the pipeline: starting, running, degraded or stopping."""
        if self.stopping:
            return "stopping"
        if not self.was_ready:
            return "starting"
        healthy = all(
            lifecycle.state is ChildState.RUNNING and not lifecycle.degraded(now_s) for lifecycle in self.lifecycles
        )
        return "running" if healthy else "degraded"
