"""`shutdown`, `yield_or_shutdown` and `ignore`: rows TASK-009 to TASK-014."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.tasks.work import after, fail_after, open_tasks
from trio_sup import (
    Exit,
    Ok,
    TaskExit,
    graceful_stop,
)
from trio_sup._core.outcomes import shutdown_outcome
from trio_sup._core.words import Shutdown


@pytest.mark.trio
async def test_task_009_a_result_beats_the_request_to_stop(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def stubborn() -> str:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            pass
        return "all the same"

    async with open_tasks() as tasks:
        for timeout in (5.0, 0.0, "brutal_kill"):
            task = tasks.async_nolink(stubborn)
            await wait_all_tasks_blocked()
            assert await task.shutdown(timeout) == Ok("all the same")
            assert await task.result() == "all the same"


OK = Ok(1)


ASKED, KILLED = Exit("shutdown", "r"), Exit("killed", "r")


CRASHED, MESSY = Exit("crashed", None, KeyError()), Exit("shutdown", "r", KeyError())


@pytest.mark.parametrize(
    ("outcome", "asked", "timeout_answer", "brutal_answer"),
    [
        (OK, True, OK, OK),
        (OK, False, OK, OK),
        (ASKED, True, None, ASKED),
        (KILLED, True, KILLED, None),
        (ASKED, False, ASKED, ASKED),
        (CRASHED, False, CRASHED, CRASHED),
        (MESSY, True, MESSY, MESSY),
        (Exit("normal"), False, Exit("normal"), Exit("normal")),
    ],
)
def test_task_010_011_the_table_of_shutdown(
    outcome: Ok[int] | Exit,
    asked: bool,
    timeout_answer: object,
    brutal_answer: object,
) -> None:
    assert shutdown_outcome(outcome, asked=asked, brutal=False) == timeout_answer
    assert shutdown_outcome(outcome, asked=asked, brutal=True) == brutal_answer


async def graceful(seconds: float) -> str:
    with graceful_stop() as stopping:
        await stopping.wait()
        await trio.sleep(seconds)
        return "finished"


@pytest.mark.trio
@pytest.mark.parametrize(
    ("seconds", "timeout", "kind"),
    [(1, 5.0, "value"), (9, 5.0, "killed"), (0, "brutal_kill", None)],
)
async def test_task_010_shutdown_grants_the_time_it_is_given(
    seconds: float,
    timeout: Shutdown,
    kind: str | None,
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        task = tasks.async_nolink(graceful, seconds)
        await wait_all_tasks_blocked()
        began = trio.current_time()
        outcome = await task.shutdown(timeout)
        if kind == "value":
            assert outcome == Ok("finished")
        elif kind is None:
            assert outcome is None
        else:
            assert isinstance(outcome, Exit)
            assert outcome.kind == kind
        expected = 0 if kind is None else min(seconds, 5)
        assert trio.current_time() - began == expected


@pytest.mark.trio
async def test_task_010_an_ordinary_task_is_cancelled_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        task = tasks.async_nolink(trio.sleep_forever)
        began = trio.current_time()
        assert await task.shutdown() is None
        assert trio.current_time() == began
        with pytest.raises(TaskExit):
            await task.result()


@pytest.mark.trio
async def test_task_012_shutdown_of_a_task_that_is_over_tells_how_it_ended(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Elixir says noproc if the result was taken before; here it is never lost."""
    async with open_tasks() as tasks:
        good, bad = tasks.async_nolink(after, 0, 1), tasks.async_nolink(fail_after, 0)
        await wait_all_tasks_blocked()
        for _ in range(2):
            assert await good.shutdown() == Ok(1)
            outcome = await bad.shutdown()
            assert isinstance(outcome, Exit)
            assert outcome.kind == "crashed"


@pytest.mark.trio
async def test_task_013_yield_or_shutdown_loses_no_result(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        for seconds, expected in ((0.5, Ok("x")), (1.0, Ok("x")), (2.0, None)):
            task = tasks.async_nolink(after, seconds, "x")
            outcome = await task.yield_(1.0) or await task.shutdown("brutal_kill")
            if seconds != 1.0:
                assert outcome == expected
            else:  # both come at the same moment: whatever the task made of it
                assert outcome == task.outcome or outcome is None


@pytest.mark.trio
async def test_task_014_ignore_lets_a_linked_task_go_on(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        async with tasks.linked() as links:
            task = links.start(after, 5, "later")
            doomed = links.start(fail_after, 1)
            assert task.linked
            assert task.ignore() is None
            assert doomed.ignore() is None
            assert not task.linked
            await trio.sleep(2)
        assert doomed.ignore() == doomed.outcome
        assert await task.result() == "later"
        assert task.ignore() == Ok("later")
