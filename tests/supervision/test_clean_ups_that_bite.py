"""What is said and raised while an end is under way stops nothing: see `biting`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import trio

from tests.supervision.biting import (
    GRACE,
    SHAPES,
    Rec,
    Server,
    bite,
    biting,
    end_of,
    once,
)
from tests.supervision.traps import (
    ATTRIBUTES,
    OF_GROUPS,
    Frozen,
    run,
    trapped,
)
from trio_sup import (
    Child,
    Exit,
    RestartLimitExceeded,
    ServerExit,
    StartFailed,
    child,
    open_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup._core.anatomy import members_of


class EndsBadly(Server):
    """Its `terminate` raises, too."""

    async def terminate(self, exit: Exit) -> None:
        self.rec.terminated.append(exit)
        raise Frozen(2)


def while_stopped(error: BaseException) -> Callable[[], Any]:
    """Return a function whose clean-up raises it, when it is stopped."""

    async def target() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise error

    return target


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_an_error_of_terminate_does_not_hide_what_is_fatal(attribute: str) -> None:
    rec = Rec()

    async def main() -> None:
        spec = child(EndsBadly, rec, id="a")
        async with open_supervisor([spec]) as root:
            ref = root.server(EndsBadly, "a")
            with pytest.raises(ServerExit):
                await ref.call(Server.boom, biting(attribute, bite))
            assert isinstance(await end_of(ref), Frozen)

    run(main, within=2 * GRACE)
    assert len(rec.terminated) == 2


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_a_reason_to_stop_may_bite(attribute: str) -> None:
    reason = biting(attribute, bite)

    async def main() -> None:
        async with open_supervisor([child(Server, Rec(), id="a")]) as root:
            ref = root.server(Server, "a")
            with pytest.raises(ServerExit):
                await ref.call(Server.leave, reason)
            ended = await ref.wait_exit(1)
            assert ended.kind == "shutdown"
            assert ended.reason is reason

    run(main, within=2 * GRACE)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_what_a_clean_up_raises_stops_nothing(attribute: str, shape: str) -> None:
    errors = [SHAPES[shape](biting(attribute, bite)) for _ in range(2)]
    handles: list[Child] = []

    async def main() -> None:
        specs = [child(while_stopped(e), id=str(n)) for n, e in enumerate(errors)]
        async with open_supervisor([supervisor(specs, id="s")]) as root:
            handles.extend(root.child("s", str(n)) for n in range(2))

    run(main, within=2 * GRACE)
    for handle, error in zip(handles, errors, strict=True):
        assert handle.last_exit is not None
        assert handle.last_exit.kind == "shutdown"
        assert handle.last_exit.error is error


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_a_cancelled_group_loses_its_cancellations_only(attribute: str) -> None:
    rest = ValueError("the real one")

    async def target() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            base: Any = trapped(BaseExceptionGroup, attribute, bite)
            group = base("m", [cancelled, BaseExceptionGroup("n", [cancelled, rest])])
            raise group from None

    async def main() -> None:
        async with open_supervisor([child(target, id="a")]) as root:
            handle = root.child("a")
        ended = handle.last_exit
        assert ended is not None
        assert ended.error is not None
        members = members_of(ended.error)
        assert members is not None
        assert members_of(members[0]) == (rest,)

    run(main, within=2 * GRACE)


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_starts_fail_and_supervisors_give_up_with_the_story(attribute: str) -> None:
    error = biting(attribute, bite)

    async def starts(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        raise error

    async def main() -> None:
        with pytest.raises(StartFailed) as failed:
            async with open_supervisor([child(starts, id="a")]):
                pass
        assert failed.value.exit.error is error

        async def crashes() -> NoReturn:
            raise error

        with pytest.raises(RestartLimitExceeded) as gave_up:
            async with open_supervisor([child(crashes, id="a")]):
                await trio.sleep_forever()
        assert gave_up.value.__cause__ is error

    run(main, within=2 * GRACE)


@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_the_error_of_a_block_may_bite(attribute: str) -> None:
    error = biting(attribute, bite)
    ended: list[Child] = []

    async def main() -> None:
        # Caught in here: Trio itself looks at what leaves it.
        caught: BaseException | None = None
        try:
            async with open_supervisor([child(trio.sleep_forever, id="a")]) as root:
                ended.append(root.child("a"))
                raise error
        except BaseException as raised:  # noqa: BLE001 - checked
            caught = raised
        assert caught is error
        assert not ended[0].record.alive

    run(main, within=2 * GRACE)


def test_tasks_and_those_who_wait_for_them_end_too() -> None:
    async def main() -> None:
        async with open_supervisor([task_supervisor(id="t")]) as root:
            tasks = root.task_supervisor("t")
            for attribute in (*ATTRIBUTES, *OF_GROUPS):
                error = biting(attribute, bite)
                task = tasks.async_nolink(once(error))
                outcome = await task.wait()
                assert isinstance(outcome, Exit)
                assert outcome.error is error

    run(main, within=2 * GRACE)
