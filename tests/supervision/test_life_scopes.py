"""The scope of a life does as Trio's own, in order and out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.lowlevel import current_task
from trio.testing import wait_all_tasks_blocked

from trio_sup import child, dynamic_supervisor, open_supervisor
from trio_sup._supervisors import lives
from trio_sup._tree import open as open_module
from trio_sup._trio import life_scope
from trio_sup._trio.life_scope import LifeScope, TrioScope, new_scope

Make = Callable[[], Any]
Work = Callable[[Any], Awaitable[object]]


class Trios:
    """A scope of Trio's, with what `LifeScope` has besides."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope(shield=True)
        self.cancel = self.scope.cancel

    @property
    def cancel_called(self) -> bool:
        return self.scope.cancel_called

    def enter(self) -> object:
        self.scope.__enter__()
        return current_task()

    def leave(self, error: BaseException | None = None) -> BaseException | None:
        try:
            self.scope.__exit__(None, None, None)
        except RuntimeError as fault:
            return fault if error is None else error
        return error


KINDS: list[Make] = [LifeScope, TrioScope, Trios]


def said(error: BaseException | None) -> object:
    """What there is to see of an exception, without numbers that differ."""
    if error is None:
        return None
    if isinstance(error, BaseExceptionGroup):
        return type(error).__name__, [said(each) for each in error.exceptions]
    if isinstance(error, trio.Cancelled):
        return "Cancelled", error.source, error.reason
    return type(error).__name__, str(error).split(" at 0x")[0].split("<")[0]


async def told_of(make: Make, work: Work, *, outside: bool = False) -> list[object]:
    """Do some work in a scope that another task cancels; return what there was to see."""
    seen: list[object] = []
    scope = make()

    async def live() -> None:
        task = current_task()
        caught: BaseException | None = None
        seen.append(("entered by", scope.enter() is task))
        seen.append(trio.current_effective_deadline())
        try:
            await work(scope)
        except BaseException as error:  # noqa: BLE001 - looked at
            caught = error
            seen.append(said(error))
        caught = scope.leave(caught)
        seen.extend([("left with", said(caught)), scope.cancel_called])
        seen.append(trio.current_effective_deadline())

    with trio.CancelScope() as around:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live)
            await wait_all_tasks_blocked()
            if outside:
                around.cancel("from outside")
                await trio.lowlevel.cancel_shielded_checkpoint()
                seen.append("outside")
            scope.cancel("a reason")
            scope.cancel("another one")
    seen.append(around.cancelled_caught)
    return seen


async def waits(_: Any) -> None:
    await trio.sleep_forever()


async def waits_in_a_nursery(_: Any) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        nursery.start_soon(trio.sleep_forever)


async def waits_with_a_timeout(_: Any) -> None:
    with trio.move_on_after(50):
        await trio.sleep_forever()


async def waits_after_many_scopes(_: Any) -> None:
    for _ in range(3):
        with trio.CancelScope(), trio.CancelScope() as inner:
            inner.cancel()
            await trio.sleep_forever()
    await trio.sleep_forever()


async def waits_beside_a_nursery_that_was_moved(_: Any) -> None:
    async def begin(task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            task_status.started()

    async with trio.open_nursery() as nursery:
        await nursery.start(begin)
        with trio.CancelScope():
            await trio.sleep_forever()


async def returns(_: Any) -> None:
    await trio.lowlevel.checkpoint()


async def fails(_: Any) -> None:
    raise ValueError("a fault")


async def fails_as_it_is_cancelled(_: Any) -> None:
    try:
        await trio.sleep_forever()
    finally:
        raise ValueError("a fault")


async def ends_itself(scope: Any) -> None:
    scope.cancel("by itself")
    await trio.lowlevel.checkpoint()


async def leaves_a_scope_open(_: Any) -> None:
    trio.CancelScope().__enter__()
    await trio.lowlevel.checkpoint()


async def leaves_a_scope_open_and_fails(_: Any) -> None:
    trio.CancelScope().__enter__()
    raise ValueError("a fault")


async def is_started_inside(_: Any) -> None:
    async def begin(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        await nursery.start(begin)


@pytest.mark.parametrize("outside", [False, True], ids=["alone", "cancelled-outside"])
@pytest.mark.parametrize(
    "work",
    [
        waits,
        waits_in_a_nursery,
        waits_with_a_timeout,
        waits_after_many_scopes,
        waits_beside_a_nursery_that_was_moved,
        returns,
        fails,
        fails_as_it_is_cancelled,
        ends_itself,
        leaves_a_scope_open,
        leaves_a_scope_open_and_fails,
        is_started_inside,
    ],
)
@pytest.mark.trio
async def test_a_life_s_scope_does_as_trio_s(work: Work, outside: bool) -> None:
    first, *others = [await told_of(make, work, outside=outside) for make in KINDS]
    for other in others:
        assert other == first


@pytest.mark.trio
async def test_who_is_cancelled_before_it_enters_is_cancelled_at_its_first_wait() -> (
    None
):
    for make in KINDS:
        scope = make()
        scope.cancel("too early")
        caught: BaseException | None = None
        scope.enter()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            caught = error
        assert scope.leave(caught) is caught
        assert said(caught) == ("Cancelled", "explicit", "too early")


@pytest.mark.trio
async def test_many_are_cancelled_for_one_reason() -> None:
    makes: list[Make] = [LifeScope, TrioScope]
    for make in makes:
        first, second = make(), make()
        first.cancel("one reason")
        second.cancel_as(first)
        second.enter()
        with pytest.raises(trio.Cancelled) as caught:
            await trio.lowlevel.checkpoint()
        assert second.leave() is None
        assert said(caught.value) == ("Cancelled", "explicit", "one reason")


@pytest.mark.trio
async def test_a_scope_is_left_twice_as_one_of_trio_s() -> None:
    for make in KINDS:
        scope = make()
        scope.enter()
        assert scope.leave() is None
        assert "already been exited" in str(scope.leave())


class Status:
    """What stands for Trio's, in a Trio that was changed."""


def test_a_trio_whose_parts_are_others_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert life_scope._fits()
    monkeypatch.setattr(life_scope, "_Status", Status)
    assert not life_scope._fits()


@pytest.mark.trio
@pytest.mark.parametrize("make", [LifeScope, TrioScope])
async def test_trees_live_and_stop_with_either(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lives, open_module):
        monkeypatch.setattr(module, "new_scope", make)
    seen: list[object] = []

    async def worker() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            seen.append(cancelled.reason)
            raise

    async def crash_once() -> None:
        if not seen:
            seen.append("crash")
            raise ValueError
        await worker()

    specs = [child(crash_once), dynamic_supervisor(id="d")]
    async with open_supervisor(specs) as sup:
        await sup.child("crash_once").wait_exit(1)
        handles = [await sup.dynamic("d").start_child(child(worker)) for _ in range(5)]
        await wait_all_tasks_blocked()
        with trio.CancelScope() as around:
            around.cancel()
            await trio.lowlevel.checkpoint()
        assert all(handle.status == "running" for handle in handles)
    ends = [handle.last_exit for handle in [*handles, sup.child("crash_once")]]
    assert [end and end.kind for end in ends] == ["shutdown"] * 6
    assert len(seen) == 7
    assert seen[0] == "crash"
    assert all(str(reason).startswith("supervisor ") for reason in seen[1:])


def test_with_the_trio_of_these_tests_lives_have_the_quick_scope() -> None:
    assert new_scope is LifeScope
