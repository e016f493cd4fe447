"""Frames of dead lives: emptied, and nothing that still runs or waits is touched."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Generator
from types import TracebackType
from typing import Any

import pytest

from trio_sup._core.remains import CLEARED, clear_frames, clear_frames_of


@types.coroutine
def pause() -> Generator[None, None, None]:
    yield


def test_a_coroutine_that_caught_the_exception_and_waits_is_not_closed() -> None:
    caught: list[ValueError] = []

    async def inner() -> None:
        pinned = "inner"
        raise ValueError(pinned)

    async def outer() -> str:
        mine = "outer"
        try:
            await inner()
        except ValueError as error:
            caught.append(error)
        await pause()
        return mine

    waiting = outer()
    waiting.send(None)
    clear_frames(caught[0])
    place = caught[0].__traceback__
    assert place is not None
    assert place.tb_next is not None
    assert place.tb_next.tb_frame.f_locals == {}
    with pytest.raises(StopIteration) as done:
        waiting.send(None)
    assert done.value.value == "outer"


def test_a_traceback_that_begins_in_a_frame_that_is_over_is_cleared_from_there() -> (
    None
):
    def crash() -> None:
        pinned = bytearray(10)
        raise ValueError(len(pinned))

    with pytest.raises(ValueError, match="10") as caught:
        crash()
    error = caught.value
    place = error.__traceback__
    assert place is not None
    error.__traceback__ = place.tb_next  # without this test's own frame, which runs
    assert place.tb_next is not None
    frame = place.tb_next.tb_frame
    assert frame.f_locals
    clear_frames(error)
    assert frame.f_locals == {}


def test_who_called_the_frame_that_caught_it_is_cleared_too() -> None:
    def catches() -> ValueError:
        try:
            raise ValueError
        except ValueError as error:
            return error
        raise AssertionError

    def calls() -> ValueError:
        pinned = bytearray(10)
        error = catches()
        del pinned[0]
        return error

    error = calls()
    place = error.__traceback__
    assert place is not None
    caller = place.tb_frame.f_back
    assert caller is not None
    assert caller.f_code is calls.__code__
    assert "pinned" in caller.f_locals
    clear_frames(error)
    assert caller.f_locals == {}


def test_frames_that_an_exception_was_thrown_through_are_cleared() -> None:
    async def outer() -> None:
        pinned = bytearray(10)
        await pause()
        del pinned

    waiting = outer()
    waiting.send(None)
    with pytest.raises(KeyError) as caught:
        waiting.throw(KeyError("thrown"))
    clear_frames(caught.value)
    place = caught.value.__traceback__
    cleared = []
    while place is not None:
        if place.tb_frame.f_code.co_name == "outer":
            cleared.append(place.tb_frame.f_locals)
        place = place.tb_next
    assert cleared == [{}]


def test_callers_of_who_caught_an_exception_and_passed_it_on_are_cleared() -> None:
    caught: list[BaseException] = []

    def inner() -> None:
        raise ValueError("passed on")

    def catcher() -> None:
        try:
            inner()
        except ValueError as error:
            caught.append(error)

    def caller() -> None:
        pinned = bytearray(10)
        catcher()
        del pinned

    def outer() -> object:
        witness = Witness()
        caller()
        return weakref.ref(witness)

    reference: Any = outer()
    with pytest.raises(ValueError, match="passed on") as again:
        raise caught[0]
    clear_frames(again.value)
    gc.collect()
    assert reference() is None


class Witness:
    """Tells, by a weak reference, whether anybody still holds it."""


def test_a_chain_of_many_exceptions_is_cleared_without_recursion() -> None:
    error: Exception = ValueError("innermost")
    try:
        raise error
    except ValueError:
        pinned = error
    for _ in range(2 * sys.getrecursionlimit()):
        error = ExceptionGroup("around", [error])
    clear_frames(error)
    assert pinned.__traceback__ is not None


def locals_of(error: BaseException) -> dict[str, Any]:
    """The locals of the frames that an exception passed, by the names of functions."""
    found: dict[str, Any] = {}
    place: TracebackType | None = error.__traceback__
    while place is not None:
        found[place.tb_frame.f_code.co_name] = dict(place.tb_frame.f_locals)
        place = place.tb_next
    return found


def failed(said: str) -> ValueError:
    """An exception that pins what its function knew."""

    def fail(pinned: str) -> None:
        raise ValueError(pinned)

    with pytest.raises(ValueError, match=said) as caught:
        fail(said)
    return caught.value


def test_causes_contexts_and_members_are_cleared_too() -> None:
    outer, cause, context, member = map(failed, ("outer", "cause", "context", "member"))
    group = ExceptionGroup("both", [outer, member])
    outer.__cause__, member.__context__ = cause, context
    for each in (outer, cause, context, member):
        assert locals_of(each)["fail"]
    clear_frames(group)
    for each in (outer, cause, context, member):
        assert locals_of(each)["fail"] == {}


def test_so_many_exceptions_are_cleared_and_no_more() -> None:
    last, beyond = failed("last"), failed("beyond")
    chain: BaseException = last
    last.__cause__ = beyond
    for _ in range(CLEARED - 1):
        error = ValueError()
        error.__cause__ = chain
        chain = error
    clear_frames(chain)
    assert locals_of(last)["fail"] == {}
    assert locals_of(beyond)["fail"] == {"pinned": "beyond"}


def test_a_ring_of_exceptions_is_cleared_once() -> None:
    one, other = failed("one"), failed("other")
    one.__cause__, other.__cause__ = other, one
    clear_frames(one)
    assert locals_of(one)["fail"] == locals_of(other)["fail"] == {}


def test_the_frame_that_caught_it_is_known_and_not_tried() -> None:
    def caught() -> None:
        mine = "mine"
        try:
            inner(mine)
        except ValueError as error:
            clear_frames_of(error.__traceback__, caught.__code__)
            found.update(locals_of(error))

    def inner(pinned: str) -> None:
        raise ValueError(pinned)

    found: dict[str, Any] = {}
    caught()
    assert found["caught"]["mine"] == "mine"
    assert found["inner"] == {}
    clear_frames_of(None, None)  # an exception that was never raised
