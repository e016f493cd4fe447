"""What an engine sends is handed over at once, in its order, and in turns."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup.cluster._backends.pushes import AT_ONCE, Pushes
from trio_sup.cluster._rules.words import Frame, Push

ALL: list[Push] = [Frame(b"%d" % number) for number in range(3 * AT_ONCE)]


@pytest.mark.trio
async def test_what_comes_is_served_in_the_step_in_which_it_is_read() -> None:
    pushes, came = Pushes(), list[Push]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pushes.deliver, came.append)
        await wait_all_tasks_blocked()
        pushes.put(ALL[0])
        assert came == ALL[:1]
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_no_more_than_a_turn_is_served_at_once_and_nothing_overtakes() -> None:
    pushes, came = Pushes(), list[Push]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pushes.deliver, came.append)
        await wait_all_tasks_blocked()
        for push in ALL[:-1]:
            pushes.put(push)
        assert came == ALL[:AT_ONCE]
        await trio.lowlevel.checkpoint()
        pushes.put(ALL[-1])  # while others wait
        assert len(came) <= 2 * AT_ONCE
        await wait_all_tasks_blocked()
        assert came == ALL
        assert len(pushes) == 0
        # It has its turn again.
        pushes.put(ALL[0])
        assert came == [*ALL, ALL[0]]
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_what_comes_while_nobody_takes_it_waits() -> None:
    pushes, came = Pushes(), list[Push]()
    for push in ALL[:10]:
        pushes.put(push)
    with trio.move_on_after(0):
        await pushes.deliver(came.append)
    assert came == []
    pushes.put(ALL[10])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pushes.deliver, came.append)
        await wait_all_tasks_blocked()
        assert came == ALL[:11]
        nursery.cancel_scope.cancel()
