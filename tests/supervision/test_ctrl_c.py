"""Ctrl-C: always an orderly stop, always KeyboardInterrupt at the end.

Trio delivers it to the main task, so these run `trio.run` themselves.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from types import FrameType

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    RestartLimitExceeded,
    child,
    current_node,
    graceful_stop,
    open_supervisor,
    supervisor,
)
from trio_sup._core.events import ChildStopped, ChildStopping, LifecycleEvent


def run(main: Callable[[], Awaitable[None]]) -> float:
    """Run under virtual time; return the time at the end."""
    clock = MockClock(autojump_threshold=0)
    began = clock.current_time()
    try:
        trio.run(main, clock=clock)
    finally:
        run.took = clock.current_time() - began  # type: ignore[attr-defined]
    return clock.current_time() - began


def ctrl_c_at(*times: float) -> None:
    """Press Ctrl-C at these times, in protected code: it comes to the main task."""

    async def press() -> None:
        for time in times:
            await trio.sleep_until(time)
            signal.raise_signal(signal.SIGINT)

    trio.lowlevel.spawn_system_task(press)


async def polite(stage: Stage, id: str) -> None:
    """Uses all its grace."""
    try:
        with graceful_stop():
            await trio.sleep_forever()
    finally:
        stage.story.append(f"{id} down")


def test_ctrl_c_in_the_body_stops_in_reverse_order() -> None:
    stage = Stage(stop_seconds=dict.fromkeys("abc", 1.0))

    async def main() -> None:
        ctrl_c_at(5)
        async with open_supervisor(stage.specs("a b c"), max_restarts=100):
            stage.take()
            await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["c down", "b down", "a down"]


def test_ctrl_c_during_the_start_rolls_back() -> None:
    stage = Stage(start_seconds={"b": 10.0}, stop_seconds={"a": 1.0})

    async def main() -> None:
        ctrl_c_at(5)
        async with open_supervisor(stage.specs("a b")):
            raise AssertionError("the block was entered")

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["a up", "a down"]


def test_ctrl_c_during_the_stop_lets_it_finish() -> None:
    stage = Stage()

    async def main() -> None:
        ctrl_c_at(5)
        specs = [child(polite, stage, id, id=id, shutdown=10) for id in "abc"]
        async with open_supervisor(specs):
            await quiet()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["c down", "b down", "a down"]
    assert run.took == 30  # type: ignore[attr-defined]


@pytest.mark.parametrize("times", [(5, 7), (5, 6)])
def test_a_second_ctrl_c_collapses_the_graces(times: tuple[float, float]) -> None:
    stage = Stage()

    async def main() -> None:
        ctrl_c_at(*times)
        inner = supervisor([child(polite, stage, "c", id="c", shutdown=50)], id="in")
        specs = [child(polite, stage, id, id=id, shutdown=50) for id in "ab"]
        async with open_supervisor([*specs, inner]):
            await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["c down", "b down", "a down"]
    assert run.took == times[1]  # type: ignore[attr-defined]


def test_the_first_ctrl_c_after_the_block_does_not_hurry_the_second_does() -> None:
    stage = Stage()

    async def main() -> None:
        ctrl_c_at(1, 2)
        async with open_supervisor([child(polite, stage, "a", shutdown=50)]):
            await quiet()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert run.took == 2  # type: ignore[attr-defined]


def test_ctrl_c_beside_an_error_of_the_body_loses_neither() -> None:
    stage = Stage()

    async def main() -> None:
        ctrl_c_at(5)
        async with open_supervisor([child(polite, stage, "a", shutdown=10)]):
            await quiet()
            raise Boom("body")

    with pytest.raises(BaseExceptionGroup) as info:
        run(main)
    assert [type(e) for e in info.value.exceptions] == [Boom, KeyboardInterrupt]


def test_ctrl_c_beside_giving_up_loses_neither() -> None:
    stage = Stage(stop_seconds={"a": 10.0})

    async def main() -> None:
        ctrl_c_at(5)
        async with open_supervisor(stage.specs("a b"), max_restarts=0):
            await trio.sleep(1)
            stage.crash("b")
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as info:
        run(main)
    assert [type(e) for e in info.value.exceptions] == [
        KeyboardInterrupt,
        RestartLimitExceeded,
    ]


def test_ctrl_c_beside_a_cancellation_wins() -> None:
    stage = Stage()

    async def main() -> None:
        ctrl_c_at(5)
        with trio.move_on_after(1):
            async with open_supervisor([child(polite, stage, "a", shutdown=10)]):
                await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["a down"]


def test_a_fatal_end_of_a_half_started_child_beside_a_cancellation_wins() -> None:
    async def bad(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise SystemExit(3)

    async def main() -> None:
        with trio.move_on_after(1):
            async with open_supervisor([child(bad)]):
                pass

    with pytest.raises(SystemExit):
        run(main)


def test_trap_01_ctrl_c_inside_a_busy_permanent_child_ends_the_program() -> None:
    stage = Stage()

    async def busy() -> None:
        await trio.sleep(1)
        signal.raise_signal(signal.SIGINT)  # as if it came while this computes

    async def main() -> None:
        specs = [stage.spec("a"), child(busy), stage.spec("z")]
        async with open_supervisor(specs, max_restarts=1000):
            await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["a up", "z up", "z down", "a down"]


def test_trap_01_system_exit_inside_a_permanent_child_keeps_its_code() -> None:
    async def leaves() -> None:
        raise SystemExit(7)

    async def main() -> None:
        inner = supervisor([child(leaves)], id="in", max_restarts=1000)
        async with open_supervisor([inner], max_restarts=1000):
            await trio.sleep_forever()

    with pytest.raises(SystemExit) as info:
        run(main)
    assert info.value.code == 7


def test_a_group_with_something_fatal_passes_whole() -> None:
    async def both() -> None:
        raise BaseExceptionGroup("both", [Boom("one"), KeyboardInterrupt()])

    async def main() -> None:
        async with open_supervisor([child(both)], max_restarts=1000):
            await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as info:
        run(main)
    assert [type(e) for e in info.value.exceptions] == [Boom, KeyboardInterrupt]


@pytest.mark.parametrize("kind", [ChildStopping, ChildStopped])
def test_ctrl_c_inside_a_hook_does_not_cut_the_teardown_short(
    kind: type[LifecycleEvent],
) -> None:
    stage = Stage()

    def hook(event: LifecycleEvent) -> None:
        if isinstance(event, kind) and event.path == "root/b":
            signal.raise_signal(signal.SIGINT)

    async def main() -> None:
        current_node().add_hook(hook)
        async with open_supervisor(stage.specs("a b c")):
            stage.take()

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert stage.story == ["c down", "b down", "a down"]


@pytest.mark.parametrize(
    "event_kind",
    ["child_starting", "child_started", "restart_decided", "child_crashed"],
)
def test_a_fatal_hook_ends_the_tree_in_order(event_kind: str) -> None:
    stage = Stage()

    def hook(event: LifecycleEvent) -> None:
        if event.kind == event_kind and event.path == "root/b":
            raise SystemExit(5)

    async def main() -> None:
        current_node().add_hook(hook)
        async with open_supervisor(stage.specs("a b c")):
            stage.crash("b")
            await trio.sleep_forever()

    with pytest.raises(SystemExit):
        run(main)
    assert stage.up == []


def test_a_fatal_hook_in_an_alarm_ends_the_tree_in_order() -> None:
    async def stubborn() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(20)

    def hook(event: LifecycleEvent) -> None:
        if event.kind == "child_stuck" and event.at < 7:
            raise SystemExit(5)

    async def main() -> None:
        current_node().add_hook(hook)
        async with open_supervisor([child(stubborn, shutdown=5)]):
            await quiet()

    with pytest.raises(SystemExit):
        run(main)
    assert run.took == 20  # type: ignore[attr-defined]


class StopsAtLine:
    """Presses Ctrl-C before a certain line of a function: a tracer."""

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.left = line

    def __call__(self, frame: FrameType, event: str, arg: object) -> object:
        if frame.f_code.co_name != self.name or "trio_sup" not in str(
            frame.f_code.co_filename
        ):
            return None
        return self._step

    def _step(self, frame: FrameType, event: str, arg: object) -> object:
        if event == "line":
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)
        return self._step


@pytest.mark.parametrize("line", [1, 3, 4, 5])
@pytest.mark.parametrize("name", ["stop", "perform"])
def test_ctrl_c_in_the_middle_of_a_request_to_stop_loses_nothing(
    name: str, line: int
) -> None:
    async def main() -> None:
        tree = open_supervisor([child(trio.sleep_forever, id="a")])
        former = sys.gettrace()
        with trio.fail_after(10):
            async with tree:
                sys.settrace(StopsAtLine(name, line))  # type: ignore[arg-type]
                try:
                    tree.request_stop("enough")
                finally:
                    sys.settrace(former)
                await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        run(main)
