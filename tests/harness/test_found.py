"""What the harness has found in the library itself; each stays as a test."""

import trio

from trio_sup import Backoff, ChildSpec, Supervisor, child, supervisor
from trio_sup._core.events import RestartDecided
from trio_sup._core.words import Strategy
from trio_sup.testing import Crash, Terminate, replay


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


def test_a_restart_is_told_of_the_child_that_ended() -> None:
    # `b` waits for its backoff when `c`, started in the same group, fails: that
    # restart has no delay of its own, and is not one more of `b`.
    script = [
        Crash("app/b", at=0.125),
        Crash("app/b", at=0.125),
        Crash("app/c", at=0.125),
    ]
    world = replay(lambda: app("rest_for_one"), script)
    told = [
        (event.path, event.delay)
        for event in world.events
        if isinstance(event, RestartDecided)
    ]
    assert told == [("app/b", 0.0), ("app/b", 0.1), ("app/c", 0.0)]
