"""What is fatal comes out of the words of a crash only when a supervisor gives up."""

from __future__ import annotations

from typing import NoReturn

import pytest
import trio

from trio_sup import SupervisorStopping, child, open_supervisor, supervisor


class Last(Exception):
    def __str__(self) -> NoReturn:
        raise SystemExit(3)


# A log that prints would ask the last crash for its words before anything else does.
pytestmark = [pytest.mark.trio, pytest.mark.usefixtures("quiet_log")]


async def test_a_supervisor_that_gives_up_meanwhile_ends_all_the_same(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def crashes() -> None:
        await trio.sleep(1)
        raise Last

    with trio.fail_after(10), pytest.raises(SystemExit):
        async with open_supervisor([child(crashes)], max_restarts=0):
            await trio.sleep_forever()


async def test_a_start_that_fails_meanwhile_leaves_no_caller_without_an_answer(
    autojump_clock: trio.abc.Clock,
) -> None:
    told: list[Exception] = []

    async def fails(*, task_status: object = trio.TASK_STATUS_IGNORED) -> None:
        await trio.sleep(1)
        raise Last

    async def asks() -> None:
        await trio.sleep(0.5)
        try:
            await manager._host.record.handle.start_child(child(trio.sleep_forever))  # type: ignore[attr-defined]
        except SupervisorStopping as refused:
            told.append(refused)

    manager = open_supervisor(supervisor([child(fails)], id="root"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asks)
        nursery.cancel_scope.deadline = trio.current_time() + 10
        with pytest.raises(BaseExceptionGroup) as raised:
            async with manager:
                pytest.fail("it did start")
    assert raised.group_contains(SystemExit)
    assert len(told) == 1
