"""Children as tables of histories: observations with times, and the expected actions."""

import random

import msgspec
import pytest

from actors.core.supervision import kinds
from actors.core.supervision.children import GRACE_S, START_S, TRANSITIONS, Act, Children, ChildState, Lifecycle, Limits
from actors.core.supervision.kinds import KINDS, Child
from actors.core.supervision.restarts import Policy

STAGES = {kind.name: kind.stage for kind in KINDS}


def children(gateways, normalizers, demo):
    """Return the plan of a pipeline with one source, which is waited for here."""
    counts = {"gateway.processes": gateways, "normalizer.processes": normalizers, "templates": []}
    counts["sources"] = ["demo"] if demo else []
    return [msgspec.structs.replace(child, optional=False) for child in kinds.children(counts)]


LIMITS = Limits(Policy(0.2, 5.0, 60.0), hang_warn_s=2.0, hang_kill_s=6.0, drain_s=5.0)


def lifecycle(kind: str = "ingest") -> Lifecycle:
    return Lifecycle(Child(kind, kind, 1), LIMITS)


def running(now_s: float = 0.0) -> Lifecycle:
    born = lifecycle()
    born.spawned(100, now_s)
    born.ready(now_s)
    return born


def test_a_child_that_dies_after_it_was_ready_is_restarted_at_once():
    child = running(0.0)
    assert child.state is ChildState.RUNNING
    child.died(3.0, -9, "killed by SIGKILL")
    assert (child.state, child.pid, child.last_reason) == (ChildState.BACKOFF, None, "killed by SIGKILL")
    assert child.tick(3.0) is Act.SPAWN
    child.spawned(101, 3.0)
    assert (child.state, child.restarts) == (ChildState.STARTING, 1)


def test_the_second_restart_waits():
    child = running(0.0)
    child.died(1.0, 1, "exit")
    child.spawned(101, 1.0)
    child.died(1.5, 1, "exit")
    assert child.tick(1.69) is None
    assert child.next_due_s() == pytest.approx(1.7)
    assert child.tick(1.7) is Act.SPAWN


def test_a_child_that_exited_with_0_is_also_restarted():
    child = running()
    child.died(5.0, 0, "left")
    assert child.tick(5.0) is Act.SPAWN


def test_a_configuration_error_is_never_restarted():
    child = lifecycle()
    child.spawned(100, 0.0)
    child.died(0.1, 2, "exited with code 2")
    assert (child.state, child.next_due_s(), child.tick(1e9)) == (ChildState.FAILED, None, None)


def test_a_child_without_heartbeats_causes_one_warning_and_is_killed_later():
    child = running(0.0)
    assert [(second, act) for second in range(8) if (act := child.tick(float(second)))] == [
        (2, Act.WARN),
        (5, Act.DUMP),
        (6, Act.KILL),
    ]
    child.died(6.1, -9, "killed by SIGKILL")
    assert child.last_reason == "hung: no heartbeat for 6.0 s while running"


def test_a_heartbeat_in_time_restarts_the_limits():
    child = running(0.0)
    assert child.tick(2.5) is Act.WARN
    child.heartbeat(3.0)
    assert child.tick(4.9) is None
    assert child.tick(5.0) is Act.WARN
    assert child.tick(8.0) is Act.DUMP
    assert child.tick(9.0) is Act.KILL


def test_a_starting_child_has_a_longer_limit():
    child = lifecycle()
    child.spawned(100, 0.0)
    assert child.tick(START_S - 1.1) is None
    child.heartbeat(5.0)  # it recovers a large log, and sends heartbeats
    assert child.tick(START_S + 1) is None
    assert child.tick(START_S + 4) is Act.DUMP
    assert child.tick(START_S + 5) is Act.KILL


def test_a_child_is_shown_as_silent_until_its_next_heartbeat():
    child = running(0.0)
    assert not child.silent
    child.tick(2.0)
    assert child.silent
    child.heartbeat(2.5)
    assert not child.silent


@pytest.mark.parametrize(("warn_s", "kill_s", "acts"), [
    (2.0, 6.0, [(2.0, Act.WARN), (5.0, Act.DUMP), (6.0, Act.KILL)]),
    (0.5, 1.0, [(0.5, Act.WARN), (0.5, Act.DUMP), (1.0, Act.KILL)]),  # no second is left to write stacks in
    (3.0, 3.0, [(3.0, Act.WARN), (3.0, Act.DUMP), (3.0, Act.KILL)]),
])  # fmt: skip
def test_the_steps_of_a_silence_have_the_same_order_for_all_limits(warn_s, kill_s, acts):
    child = Lifecycle(Child("ingest", "ingest", 1), LIMITS._replace(hang_warn_s=warn_s, hang_kill_s=kill_s))
    child.spawned(100, 0.0)
    child.ready(0.0)
    found = []
    while (due_s := child.next_due_s()) is not None:
        assert child.tick(due_s - 0.01) is None
        found.append((due_s, child.tick(due_s)))
    assert found == acts


def test_the_time_in_which_the_supervisor_was_stopped_is_not_counted_as_silence():
    child = running(0.0)
    child.forgive(100.0, 100.0)
    assert child.tick(101.9) is None
    assert child.tick(102.0) is Act.WARN


def test_a_heartbeat_and_a_pause_of_the_supervisor_are_not_added_up():
    child = running(0.0)
    child.heartbeat(100.0)
    child.forgive(100.0, 100.0)
    assert child.tick(102.0) is Act.WARN


def test_repeated_requests_do_not_extend_a_deadline():
    child = running()
    assert child.restart(10.0) is Act.TERMINATE
    assert child.restart(14.0) is Act.TERMINATE
    assert child.tick(15.0) is Act.KILL


def test_a_child_that_ignores_the_request_to_stop_is_killed():
    child = running()
    assert child.stop(10.0, 5.0, "stopped by SIGTERM") is Act.TERMINATE
    assert child.tick(14.9) is None
    assert child.tick(15.0) is Act.KILL
    assert child.next_due_s() is None  # once is enough
    child.died(15.1, -9, "killed by SIGKILL")
    assert child.state is ChildState.STOPPED
    assert child.last_reason == "stopped by SIGTERM, killed because it did not exit in time"


@pytest.mark.parametrize("code", [0, 1, 2, -15])
def test_a_stopped_child_is_not_restarted_with_any_exit_code(code):
    child = running()
    child.stop(1.0, 5.0, "")
    child.died(1.1, code, "")
    assert (child.state, child.tick(1e9)) == (ChildState.STOPPED, None)


def test_a_requested_restart_is_immediate_and_not_counted_as_a_death():
    child = running()
    for number in range(20):
        now_s = float(number)
        assert child.restart(now_s) is Act.TERMINATE
        child.died(now_s, 0, "left")
        assert child.tick(now_s) is Act.SPAWN
        child.spawned(number, now_s)
        child.ready(now_s)
    assert (child.restarts, child.last_reason) == (20, "restarted on request")
    assert not child.degraded(20.0)


def test_a_requested_restart_ends_a_backoff_and_restarts_a_failed_child():
    waiting = running()
    waiting.died(0.0, 1, "")
    waiting.spawned(1, 0.0)
    waiting.died(0.0, 1, "")
    assert waiting.restart(0.0) is None
    assert waiting.tick(0.0) is Act.SPAWN
    failed = lifecycle()
    failed.spawned(1, 0.0)
    failed.died(0.0, 2, "")
    assert failed.restart(1.0) is None
    assert failed.tick(1.0) is Act.SPAWN


def test_a_stop_of_all_overrides_a_requested_restart():
    child = running()
    child.restart(0.0)
    child.stop(0.0, 5.0, "")
    child.died(0.1, 0, "")
    assert child.state is ChildState.STOPPED


def test_a_process_that_cannot_be_spawned_counts_as_a_death():
    child = lifecycle()
    child.not_spawned(0.0, "cannot start: no memory")
    assert child.tick(0.0) is Act.SPAWN
    child.not_spawned(0.0, "cannot start: no memory")
    assert child.next_due_s() == pytest.approx(0.2)


def test_every_state_has_a_row_and_every_transition_leads_to_one():
    assert set(TRANSITIONS) == set(ChildState)
    assert {state for row in TRANSITIONS.values() for state in row.values()} <= set(ChildState)


class World:
    """Children with simulated processes: orders are recorded, and carried out when the test requests it."""

    def __init__(self, *, gateways: int = 1, normalizers: int = 1) -> None:
        self.children = Children(children(gateways, normalizers, demo=True), LIMITS)
        self.pids = iter(range(1, 100_000))
        self.noted: list[tuple[Act, str]] = []
        self.carry_out(self.children.start(), 0.0)

    def carry_out(self, orders, now_s):
        for act, member in orders:
            self.noted.append((act, member.child.name))
            if act is Act.SPAWN:
                member.spawned(next(self.pids), now_s)

    def tick(self, now_s):
        self.noted = []
        self.carry_out(self.children.tick(now_s), now_s)
        return self.noted

    def find(self, name):
        return self.children.find(name)[0]

    def all_ready(self, now_s=0.0):
        found = []
        for member in self.children.lifecycles:
            member.ready(now_s)
            found.append(self.children.became_ready())
        return found


def test_consumers_start_before_producers():
    world = World()
    assert [name for _, name in world.noted] == [
        "broadcaster",
        "gateway-1",
        "queue-manager",
        "normalizer-1",
        "ingest",
        "demo",
    ]


def test_the_start_ends_once_when_the_last_child_is_ready():
    world = World()
    assert world.all_ready() == [False] * 5 + [True]
    assert world.children.state(0.0) == "running"
    member = world.find("ingest")
    member.died(1.0, 1, "")
    assert world.children.state(1.0) == "degraded"
    world.tick(1.0)
    member.ready(1.5)
    assert world.children.became_ready() is False
    assert world.children.state(1.5) == "running"


def test_children_stop_stage_by_stage_from_sources_to_gateways():
    world = World(gateways=2, normalizers=2)
    world.all_ready()
    world.children.stop(10.0, "stopped by SIGTERM")
    stages = []
    now_s = 10.0
    while not world.children.stopped:
        stages.append({name for act, name in world.tick(now_s) if act is Act.TERMINATE})
        for name in stages[-1]:
            world.find(name).died(now_s, 0, "left")
        now_s += 0.1
        assert len(stages) < 10
    assert [stage for stage in stages if stage] == [
        {"ingest", "demo"},
        {"normalizer-1", "normalizer-2"},
        {"queue-manager"},
        {"broadcaster"},
        {"gateway-1", "gateway-2"},
    ]


def test_a_stage_that_hangs_is_killed_and_the_next_stages_keep_their_time():
    world = World()
    world.all_ready()
    world.children.stop(0.0, "")
    world.tick(0.0)
    world.find("demo").died(0.1, 0, "")
    for member in world.children.lifecycles:
        member.heartbeat(4.9)  # busy, not hung
    assert world.tick(5.0) == [(Act.KILL, "ingest")]
    world.find("ingest").died(5.0, -9, "")
    assert world.tick(5.0) == [(Act.TERMINATE, "normalizer-1")]
    assert world.tick(5.0 + GRACE_S) == [(Act.KILL, "normalizer-1")]


def test_a_child_that_is_needed_for_draining_is_restarted_during_a_stop():
    world = World()
    world.all_ready()
    world.children.stop(0.0, "")
    world.tick(0.0)
    world.find("queue-manager").died(0.2, -9, "killed by SIGKILL")
    assert world.tick(0.2) == [(Act.SPAWN, "queue-manager")]


def test_a_child_in_backoff_is_not_started_once_its_stage_stops():
    world = World()
    world.all_ready()
    normalizer = world.find("normalizer-1")
    normalizer.died(0.0, 1, "")
    world.tick(0.0)
    normalizer.died(0.0, 1, "")
    world.children.stop(0.1, "")
    world.tick(0.1)
    for name in ("ingest", "demo"):
        world.find(name).died(0.1, 0, "")
    assert world.tick(0.5) == [(Act.TERMINATE, "queue-manager")]
    assert normalizer.state is ChildState.STOPPED


def test_abandoning_kills_all_children_at_once():
    world = World()
    world.all_ready()
    world.children.stop(0.0, "")
    world.tick(0.0)
    assert {act for act, _ in world.children.kill_all()} == {Act.KILL}
    for member in world.children.lifecycles:
        member.died(0.1, -9, "")
    assert world.children.stopped


def test_find_takes_a_name_or_a_kind():
    tree = Children(children(2, 1, demo=False), LIMITS)
    assert [member.child.name for member in tree.find("gateway")] == ["gateway-1", "gateway-2"]
    assert [member.child.name for member in tree.find("gateway-2")] == ["gateway-2"]
    assert tree.find("unknown") == []


@pytest.mark.parametrize("seed", range(30))
def test_after_random_failures_all_children_run_again_and_stop_on_request(seed):
    """A seeded random walk: deaths, silence and requests in any order never wedge the children."""
    chance = random.Random(seed)
    world = World(gateways=2)
    now_s = 0.0
    for _ in range(300):
        now_s += chance.expovariate(2.0)
        member = chance.choice(world.children.lifecycles)
        what = chance.choice(["die", "beat", "beat", "ready", "restart", "refuse"])
        if what == "die" and member.alive:
            member.died(now_s, chance.choice([0, 1, -9, -11]), what)
        elif what == "beat" and member.alive:
            member.heartbeat(now_s)
        elif what == "ready" and member.state is ChildState.STARTING:
            member.ready(now_s)
        elif what == "restart" or (what == "refuse" and member.state is ChildState.FAILED):
            member.restart(now_s)
        world.tick(now_s)
        for act, name in world.noted:
            if act is Act.KILL:
                world.find(name).died(now_s, -9, "killed by SIGKILL")
    for _ in range(20):
        now_s += 6.0
        for member in world.children.lifecycles:
            if member.state is ChildState.STOPPING:
                member.died(now_s, 0, "")
        world.tick(now_s)
        for member in world.children.lifecycles:
            if member.state is ChildState.STARTING:
                member.ready(now_s)
            if member.alive:
                member.heartbeat(now_s)
    assert {member.state for member in world.children.lifecycles} == {ChildState.RUNNING}
    world.children.stop(now_s, "")
    for _ in range(10):
        world.tick(now_s)
        for member in world.children.lifecycles:
            if member.state is ChildState.STOPPING:
                member.died(now_s, 0, "")
    assert world.children.stopped


def started(plan: list[Child]) -> Children:
    tree = Children(plan, LIMITS)
    for number, (_, lifecycle) in enumerate(tree.start()):
        lifecycle.spawned(100 + number, 10.0)
        lifecycle.ready(10.0)
    assert tree.became_ready()
    return tree


def test_a_changed_plan_starts_new_children_stops_removed_ones_and_keeps_the_others():
    tree = started(children(1, 1, demo=True))
    orders = tree.change(children(1, 2, demo=False), LIMITS, 10.0)
    assert [(order.act, order.lifecycle.child.name) for order in orders] == [
        (Act.TERMINATE, "demo"),
        (Act.SPAWN, "normalizer-2"),
    ]
    names = [lifecycle.child.name for lifecycle in tree.lifecycles]
    assert names == ["broadcaster", "gateway-1", "queue-manager", "normalizer-1", "normalizer-2", "ingest", "demo"]
    assert [lifecycle.pid for lifecycle in tree.lifecycles if lifecycle.pid] == [100, 101, 102, 103, 104, 105]
    demo = tree.find("demo")[0]
    demo.died(10.2, 0, "left")
    assert tree.tick(10.2) == []
    assert tree.find("demo") == []


def test_a_child_that_is_planned_again_before_it_has_exited_is_restarted():
    tree = started(children(1, 1, demo=True))
    tree.change(children(1, 1, demo=False), LIMITS, 10.0)
    assert tree.change(children(1, 1, demo=True), LIMITS, 10.1) == []
    demo = tree.find("demo")[0]
    demo.died(10.2, 0, "left")
    assert tree.tick(10.2) == [(Act.SPAWN, demo)]


def test_a_removed_child_that_does_not_exit_is_killed():
    tree = started(children(1, 1, demo=True))
    tree.change(children(1, 1, demo=False), LIMITS, 10.0)
    assert [act for act, lifecycle in tree.tick(15.0) if lifecycle.child.name == "demo"] == [Act.KILL]


def test_a_stop_also_ends_children_that_are_being_removed():
    tree = started(children(1, 1, demo=True))
    tree.change(children(1, 1, demo=False), LIMITS, 10.0)
    tree.stop(10.1, "stopped")
    now_s = 10.1
    while not tree.stopped:
        now_s += 0.1
        for act, lifecycle in tree.tick(now_s):
            if act is not Act.WARN:
                lifecycle.died(now_s, 0, "left")
        for lifecycle in tree.lifecycles:
            if lifecycle.state is ChildState.STOPPING and lifecycle.child.name == "demo":
                lifecycle.died(now_s, 0, "left")
    assert now_s < 11.0


def test_changed_limits_apply_at_once():
    tree = started(children(1, 1, demo=False))
    tree.change(children(1, 1, demo=False), LIMITS._replace(hang_warn_s=1.0), 10.0)
    for lifecycle in tree.lifecycles:
        lifecycle.heartbeat(10.0)
    assert {order.act for order in tree.tick(11.0)} == {Act.WARN}


def test_a_start_ends_when_the_only_unready_child_is_removed():
    tree = Children(children(1, 1, demo=True), LIMITS)
    for number, (_, lifecycle) in enumerate(tree.start()):
        lifecycle.spawned(100 + number, 10.0)
        if lifecycle.child.name != "demo":
            lifecycle.ready(10.0)
    assert not tree.became_ready()
    tree.change(children(1, 1, demo=False), LIMITS, 10.0)
    assert tree.became_ready()
    assert not tree.became_ready()


def test_the_backoff_grows_while_a_child_cannot_be_spawned_after_any_lifetime():
    child = running(0.0)
    child.died(100.0, -9, "killed by SIGKILL")
    waits, now_s = [], 100.0
    for _ in range(5):
        child.not_spawned(now_s, "cannot start: Too many open files")
        assert child.last_reason == "cannot start: Too many open files"
        waits.append(child.due_s - now_s)
        now_s = child.due_s
    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2])


def test_a_requested_exit_before_a_restart_is_not_counted_as_a_death():
    child = running()
    child.restart(1.0)
    child.died(1.1, 0, "left")
    assert child.stopped_on_request
    child.spawned(101, 1.1)
    child.died(1.2, -9, "killed by SIGKILL")
    assert not child.stopped_on_request
