"""A tree that is over in the moment in which it has started (SUP-037).

In OTP the start was good; what follows is the end of a running supervisor. So the
block is entered, under every schedule, and its end tells of what happened.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
import trio

from trio_sup import (
    Child,
    ChildSpec,
    GenServer,
    RestartLimitExceeded,
    Stop,
    Supervisor,
    child,
    open_supervisor,
    serve,
    supervisor,
)

from .schedules import under_all


async def nothing_to_do() -> None:
    pass


async def one_step() -> None:
    await trio.lowlevel.checkpoint()


async def ready_and_done(*, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()


class Done(GenServer):
    async def init(self) -> None:
        self.continue_with()

    async def handle_continue(self, *args: object) -> None:
        raise Stop


TARGETS: list[Any] = [nothing_to_do, one_step, ready_and_done, Done]


def batch(target: Any) -> ChildSpec[Supervisor]:
    """A tree that ends with its only child."""
    only: ChildSpec[Child] = child(
        target, id="only", restart="transient", significant=True
    )
    return supervisor([only], auto_shutdown="any_significant", id="root")


def nested(target: Any) -> ChildSpec[Supervisor]:
    """The same, two levels up."""
    inner = batch(target).replace(id="inner", restart="temporary", significant=True)
    return supervisor([inner], auto_shutdown="all_significant", id="root")


async def walk_through(spec: ChildSpec[Supervisor]) -> tuple[object, ...]:
    """Enter the block and wait; tell how far it came."""
    entered = "not entered"
    async with open_supervisor(spec) as root:
        entered = "entered"
        await root.wait_stopped()
        await trio.sleep_forever()
    return entered, root.status, str(root.last_exit)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("tree", [batch, nested])
def test_entering_succeeds_and_the_tree_is_over_sup_037(
    tree: Callable[[Any], ChildSpec[Supervisor]], target: Any
) -> None:
    async def program() -> tuple[object, ...]:
        return await walk_through(tree(target))

    assert set(under_all(program)) == {
        ("entered", "gone", "shutdown (auto_shutdown)"),
    }


@pytest.mark.parametrize("target", TARGETS)
def test_a_batch_program_with_nothing_to_do_returns(target: Any) -> None:
    async def program() -> str:
        await serve(batch(target), inspect=False)
        return "returned"

    assert set(under_all(program)) == {"returned"}


def test_a_tree_that_gives_up_right_after_its_start_says_so_at_the_blocks_end() -> None:
    async def crash() -> None:
        raise ValueError

    async def program() -> str:
        entered: list[Supervisor] = []
        with pytest.raises(RestartLimitExceeded) as caught:
            async with open_supervisor([child(crash)], max_restarts=2) as root:
                entered.append(root)
                await trio.sleep_forever()
        return f"{[root.status for root in entered]}, {len(caught.value.crashes)}"

    assert set(under_all(program)) == {"['gone'], 3"}


def test_a_tree_that_was_asked_to_stop_during_its_start_is_not_entered() -> None:
    async def program() -> str:
        with trio.CancelScope() as scope:
            scope.cancel()
            async with open_supervisor(batch(nothing_to_do)):
                return "entered"
        return "cancelled"

    assert set(under_all(program)) == {"cancelled"}


def test_a_signal_during_the_start_is_no_error() -> None:
    async def stops_us() -> None:
        signal.raise_signal(signal.SIGTERM)
        await trio.sleep_forever()

    async def program() -> str:
        await serve([child(stops_us)], inspect=False, handle_signals=True)
        return "returned"

    assert set(under_all(program)) == {"returned"}
