"""Faults for living children: what each does to a real tree."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_sup import Child, child, open_supervisor
from trio_sup._inspected.faults import ChaosCrash, crash

pytestmark = [pytest.mark.trio, pytest.mark.usefixtures("quiet_log")]


class Waiter:
    """Notes what ends its wait."""

    def __init__(self) -> None:
        self.ends: list[BaseException] = []

    async def wait(self) -> None:
        try:
            await trio.sleep_forever()
        except BaseException as error:
            self.ends.append(error)
            raise


async def first_error(handle: Child) -> BaseException | None:
    exit = await handle.wait_exit(1)
    await handle.wait_running()
    assert handle.life == 2
    return exit.error


async def test_this_version_of_trio_lets_a_crash_be_thrown_into_a_wait(
    autojump_clock: MockClock,
) -> None:
    # If this fails, Trio has moved `Task._attempt_abort` or `Task._abort_func`: adapt
    # `_faults.py`, and `_state_of` in `inspect/task_table.py`. Until then children
    # vanish instead of crashing, and the inspector does not say which tasks wait.
    assert hasattr(trio.lowlevel.Task, "_attempt_abort")
    assert hasattr(trio.lowlevel.Task, "_abort_func")
    waiter = Waiter()
    async with open_supervisor([child(waiter.wait, id="a")]) as root:
        handle = root.child("a")
        await wait_all_tasks_blocked()
        assert crash(handle.record, "") == "root/a crashes in life 1"
        error = await first_error(handle)
        assert isinstance(error, ChaosCrash)
        assert waiter.ends == [error]
        assert str(error) == "chaos in root/a"


async def test_where_trio_has_other_names_a_crash_is_a_cancellation(
    autojump_clock: MockClock,
) -> None:
    waiter = Waiter()
    async with open_supervisor([child(waiter.wait, id="a")]) as root:
        handle = root.child("a")
        await wait_all_tasks_blocked()
        task, handle.record.task = handle.record.task, object()  # type: ignore[assignment]
        assert crash(handle.record, "") == (
            "root/a is cancelled in life 1; not where it waits: this version of Trio "
            "has other names for what that takes"
        )
        handle.record.task = task
        error = await first_error(handle)
        assert isinstance(error, ChaosCrash)
        assert [type(end) for end in waiter.ends] == [trio.Cancelled]
