"""What the harness has found, in the library and in itself; each stays as a test."""

import pytest
import trio

from trio_sup import (
    Backoff,
    ChildSpec,
    Stop,
    Supervisor,
    child,
    supervisor,
)
from trio_sup._core.events import RestartDecided
from trio_sup._core.words import Strategy
from trio_sup.testing import (
    Crash,
    Deaf,
    FailStart,
    Onlooker,
    Slow,
    StartAgain,
    Terminate,
    Vanish,
    World,
    replay,
)

from .mutants.ground import lingers, significant


async def gets_ready(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.125)
    task_status.started()
    await trio.sleep_forever()


def app(strategy: Strategy) -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(trio.sleep_forever, id="a"),
            child(trio.sleep_forever, id="b", backoff=Backoff(jitter=0)),
            child(gets_ready, id="c"),
        ],
        strategy=strategy,
        id="app",
    )


def test_a_crash_gets_its_decision_though_a_sibling_is_terminated() -> None:
    # While a group starts, two of it crash and a third, which is to be terminated,
    # fails to start: its plan is void, but not the crashes of the others.
    script = [
        Crash("app/a", at=0.0),
        Crash("app/a", at=0.125),
        Crash("app/b", at=0.125),
        Crash("app/c", at=0.125),
        Terminate("app/c", at=0.0),
    ]
    world = replay(lambda: app("one_for_all"), script)
    assert world.lives("app/a") == 3


def decided(world: World) -> list[tuple[float, str, float]]:
    """The restarts that were decided: when, of whom, with which delay."""
    return [
        (event.at, event.path, event.delay)
        for event in world.events
        if isinstance(event, RestartDecided)
    ]


def test_a_restart_is_told_of_the_child_that_ended() -> None:
    # `b` waits for its backoff when `d`, started by hand, crashes: that restart has no
    # delay of its own, and is not one more of `b`.
    def build() -> ChildSpec[Supervisor]:
        return supervisor(
            [
                child(trio.sleep_forever, id="b", backoff=Backoff(jitter=0)),
                child(trio.sleep_forever, id="d"),
            ],
            strategy="rest_for_one",
            id="app",
        )

    script = [
        Crash("app/b", at=1.0),
        Crash("app/b", at=2.0),
        StartAgain("app/d", at=2.0),
        Crash("app/d", at=2.0625),
    ]
    assert decided(replay(build, script)) == [
        (1.0, "app/b", 0.0),
        (2.0, "app/b", 0.1),
        (2.0625, "app/d", 0.0),
    ]


def test_a_group_that_waits_for_its_backoff_voids_the_retry_of_a_member() -> None:
    # SUP-082, 084: the members of a group are down until it starts, whatever they
    # waited for. The retry of `c` counted, beside the restart of the group.
    script = [
        Crash("app/b", at=0.125),
        Crash("app/b", at=0.125),
        Crash("app/c", at=0.125),
    ]
    world = replay(lambda: app("rest_for_one"), script)
    assert decided(world) == [(0.125, "app/b", 0.0), (0.125, "app/b", 0.1)]


def test_a_cancelled_plan_leaves_those_that_are_down_without_a_row_of_delays() -> None:
    # `last` crashes, `mid` fails to start in the same group and is terminated: `last`
    # lies down. When it is up again, its next crash is the first of a new row.
    def build() -> ChildSpec[Supervisor]:
        return supervisor(
            [
                child(trio.sleep_forever, id="first"),
                child(trio.sleep_forever, id="mid"),
                child(trio.sleep_forever, id="last", backoff=Backoff(jitter=0)),
            ],
            strategy="one_for_all",
            id="app",
        )

    script = [
        Terminate("app/mid", at=1.0),
        Crash("app/last", at=1.0),
        FailStart("app/mid", life=2),
        Crash("app/first", at=2.0),
        Crash("app/last", at=7.0),
    ]
    world = replay(build, script)
    assert [delay for _, _, delay in decided(world)] == [0.0, 0.0, 0.0]
    assert world.lives("app/last") == 3


def test_a_child_that_is_being_terminated_keeps_no_supervisor_alive() -> None:
    # All significant children are down or about to be: the last end of its own is
    # what decides (SUP-134), though a terminated one takes its time (SUP-137).
    async def ends(seconds: float) -> None:
        await trio.sleep(seconds)
        raise Stop("done")

    def build() -> ChildSpec[Supervisor]:
        inner = supervisor(
            [
                child(ends, 99.0, id="deaf", restart="transient", significant=True),
                child(ends, 3.0, id="last", restart="transient", significant=True),
            ],
            auto_shutdown="all_significant",
            id="inner",
            restart="temporary",
        )
        return supervisor([inner], id="outer")

    script = [
        Deaf("outer/inner/deaf", at=1.0, seconds=4.0),
        Terminate("outer/inner/deaf", at=1.0),
    ]
    world = replay(build, script)
    assert world.child("outer/inner").status == "gone"
    assert [e.at for e in world.events if e.kind == "supervisor_auto_shutdown"] == [3.0]


def test_an_end_is_judged_by_what_was_active_when_it_happened() -> None:
    # `z` is starting when `y` ends, so that is not the last; it is terminated then.
    script = [
        Slow("outer/inner/z", life=2, checkpoint=-1, seconds=7.0),
        Crash("outer/inner/z", at=0.0),
        Terminate("outer/inner/x", at=0.0),
        Terminate("outer/inner/z", at=3.0),
    ]
    world = replay(lambda: significant("all_significant"), script)
    assert world.child("outer/inner").life == 1


def test_an_end_is_not_the_last_while_another_waits_for_its_decision() -> None:
    # The monitor took `y` for the last significant one: `x` was down, but about to be
    # restarted, and `z` was still to be started.
    script = [
        Vanish("outer/inner/y", checkpoint=0),
        Vanish("outer/inner/x", checkpoint=0),
    ]
    world = replay(lambda: significant("all_significant"), script, [0, 0, 0, 0, 1])
    assert world.child("outer/inner").life == 1
    assert world.lives("outer/inner/x") == 2


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_an_end_without_return_is_told_when_a_supervisor_that_gave_up_has_ended(
    strategy: Strategy,
) -> None:
    # `c` was put off when `b` failed to start, and its supervisor gives up over that.
    # Until `a` is down it may come back with its supervisor, and then it does not.
    def build() -> ChildSpec[Supervisor]:
        return supervisor(
            [
                child(lingers, id="a"),
                child(trio.sleep_forever, id="b"),
                child(trio.sleep_forever, id="c"),
            ],
            strategy=strategy,
            max_restarts=1,
            id="app",
        )

    script = [
        Onlooker("app/c", at=0.5, until="stopped"),
        FailStart("app/b", life=2),
        Crash("app/a", at=1.0),
    ]
    assert replay(build, script).lives("app/b") == 2
