"""Everybody who is told how a server ended is told the same."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    Child,
    Down,
    Exit,
    GenServer,
    LeakedCancelled,
    RestartLimitExceeded,
    ServerExit,
    Stop,
    attach,
    call,
    child,
    current_node,
    monitor,
    open_supervisor,
)
from trio_sup._core.exits import members_of
from trio_sup.events import ChildCrashed, ChildStopped, LifecycleEvent


async def cancellation() -> trio.Cancelled:
    """Return one that was meant for somebody else."""
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            return error
    raise AssertionError


class Ends(GenServer):
    """Ends with what it is told to raise; waits for `go` if asked to."""

    def __init__(self, stories: dict[str, Exit]) -> None:
        self.stories = stories

    @call
    async def end(self, error: BaseException, go: trio.Event | None = None) -> None:
        if go is not None:
            with trio.CancelScope(shield=True):
                await go.wait()
        raise error

    async def terminate(self, exit: Exit) -> None:
        self.stories["terminate"] = exit


async def stories_of(
    error: BaseException, *, asked: bool, grace: float = 100
) -> dict[str, Exit]:
    """End a server, and return what everybody was told."""
    stories: dict[str, Exit] = {}

    async def ask(who: str, ref: Any, *args: Any) -> None:
        with pytest.raises(ServerExit) as told:
            await ref.call(Ends.end, *args)
        stories[who] = told.value.exit
        assert told.value.__cause__ is told.value.exit.error

    def hook(event: LifecycleEvent) -> None:
        if isinstance(event, ChildCrashed | ChildStopped) and "Ends" in event.path:
            stories["event"] = event.exit

    spec = child(Ends, stories, restart="temporary", shutdown=grace)
    go = trio.Event()
    async with open_supervisor([spec]) as sup, trio.open_nursery() as nursery:
        current_node().add_hook(hook)
        ref = sup.server(Ends, "Ends")
        async with monitor(ref) as exits, attach() as me:
            me.monitor(ref)
            nursery.start_soon(ask, "caller in hand", ref, error, go)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(ask, "caller in line", ref, error)
            await trio.testing.wait_all_tasks_blocked()
            if asked:
                nursery.start_soon(sup.terminate_child, "Ends")
                await trio.sleep(grace + 1 if grace < 100 else 0)
                await trio.testing.wait_all_tasks_blocked()
            go.set()
            stories["wait_exit"] = await ref.wait_exit()
            down: Down = await me.receive()
            stories["Down"] = down.exit
            stories["monitor"] = (await anext(aiter(exits))).exit
            assert ref.last_exit is not None
            stories["last_exit"] = ref.last_exit
        current_node().remove_hook(hook)
    return stories


def check_one_story(stories: dict[str, Exit]) -> Exit:
    """All were told, and the same, down to the very exception."""
    everybody = {"caller in hand", "caller in line", "terminate", "event", "Down"}
    assert stories.keys() == everybody | {"monitor", "wait_exit", "last_exit"}
    one = stories["last_exit"]
    for who, exit in stories.items():
        assert (exit.kind, exit.reason) == (one.kind, one.reason), who
        assert exit.error is one.error, who
    return one


ERRORS = ["ValueError", "foreign Cancelled", "both in a group", "a group of Stops"]


async def error_of(what: str) -> BaseException:
    match what:
        case "ValueError":
            return ValueError("v")
        case "foreign Cancelled":
            return await cancellation()
        case "both in a group":
            cancelled = await cancellation()
            return BaseExceptionGroup("both", [cancelled, ValueError("v")])
        case _:
            cancelled = await cancellation()
            return BaseExceptionGroup("stops", [Stop("done"), cancelled])


@pytest.mark.trio
@pytest.mark.parametrize("what", ERRORS)
async def test_a_server_that_ends_by_itself_has_one_story(
    what: str, autojump_clock: MockClock
) -> None:
    """MON-011..013, GS-063."""
    error = await error_of(what)
    exit = check_one_story(await stories_of(error, asked=False))
    match what:
        case "ValueError":
            assert exit == Exit("crashed", None, error)
        case "foreign Cancelled":
            assert exit.kind == "crashed"
            assert isinstance(exit.error, LeakedCancelled)
            assert exit.error.__cause__ is error
        case "both in a group":
            assert exit.kind == "crashed"
            assert exit.error is not None
            assert str(members_of(exit.error)) == "(ValueError('v'),)"
        case _:
            assert exit == Exit("shutdown", "done")


@pytest.mark.trio
@pytest.mark.parametrize("grace", [100, 1])
@pytest.mark.parametrize("what", ERRORS)
async def test_a_server_that_was_asked_to_end_has_one_story(
    what: str, grace: float, autojump_clock: MockClock
) -> None:
    """SUP-115, MON-012: a shutdown, whatever comes before it is reached."""
    error = await error_of(what)
    exit = check_one_story(await stories_of(error, asked=True, grace=grace))
    assert exit.kind == ("shutdown" if grace == 100 else "killed")
    assert exit.reason == "supervisor root: terminate_child"
    match what:
        case "ValueError":
            assert exit.error is error
        case "foreign Cancelled" if grace == 100:
            assert isinstance(exit.error, LeakedCancelled)
        case "both in a group":
            assert isinstance(exit.error, ExceptionGroup)
        case _:
            assert exit.error is None


@pytest.mark.trio
async def test_a_foreign_cancellation_stays_a_crash_when_terminate_takes_too_long(
    autojump_clock: MockClock,
) -> None:
    """The end of the grace does not turn it into the server's own."""

    class Slow(Ends):
        async def terminate(self, exit: Exit) -> None:
            await super().terminate(exit)
            await trio.sleep_forever()

    stories: dict[str, Exit] = {}
    spec = child(Slow, stories, restart="temporary", shutdown=1)
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Slow, "Slow")
        with pytest.raises(ServerExit) as told:
            await ref.call(Slow.end, await cancellation())
        exit = await ref.wait_exit()
        assert trio.current_time() == 1
    assert isinstance(exit.error, LeakedCancelled)
    assert told.value.exit == stories["terminate"] == exit


@pytest.mark.trio
async def test_a_stop_among_cancellations_in_terminate_does_not_whitewash_a_crash(
    autojump_clock: MockClock,
) -> None:
    class Whitewash(Ends):
        async def terminate(self, exit: Exit) -> None:
            try:
                await trio.sleep_forever()
            except trio.Cancelled as error:
                raise BaseExceptionGroup("g", [error, Stop()]) from None

    stories: dict[str, Exit] = {}
    spec = child(Whitewash, stories, restart="temporary", shutdown=1)
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Whitewash, "Whitewash")
        error = ValueError("v")
        with pytest.raises(ServerExit):
            await ref.call(Whitewash.end, error)
        assert await ref.wait_exit() == Exit("crashed", None, error)


@pytest.mark.trio
async def test_an_attached_task_is_judged_as_others_are() -> None:
    """MON-013: cancellations beside an error say nothing."""
    for what in ERRORS:
        error = await error_of(what)
        handles: list[Child] = []
        with pytest.raises(type(error)):
            async with attach() as me:
                handles.append(me)
                raise error
        exit = handles[0].last_exit
        assert exit is not None
        match what:
            case "ValueError":
                assert exit == Exit("crashed", None, error)
            case "foreign Cancelled":
                assert exit == Exit("shutdown", "cancelled")
            case "both in a group":
                assert isinstance(exit.error, ExceptionGroup)
            case _:
                assert exit == Exit("shutdown", "done")


@pytest.mark.trio
async def test_a_function_that_gives_up_in_its_clean_up_has_an_error_to_tell() -> None:
    """Only a supervisor of the tree is in order when it gives up."""
    error = RestartLimitExceeded("its own tree", 3, 5.0, [])

    async def gives_up() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise error

    async with open_supervisor([child(gives_up)]) as sup:
        await sup.terminate_child("gives_up")
        exit = sup.child("gives_up").last_exit
    assert exit == Exit("shutdown", "supervisor root: terminate_child", error)
