"""An end always ends: whatever bites, wherever, the tree goes on and goes down.

The law, for every exception, key, hook and handler that raises when it is looked at:
a life that ends is over at once and told of by what ended *it*; its callers have their
answers, its names are free, `terminate` was run, its siblings know nothing; and the
tree ends within its graces.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
from hypothesis import given, settings, strategies as st

from tests.supervision.biting import (
    ASKS,
    FAULTS,
    GRACE,
    PLACES,
    SHAPES,
    TARGETS,
    TELLS,
    Rec,
    Server,
    answer,
    bite,
    biting,
    biting_log,
    end_of,
)
from tests.supervision.traps import (
    ATTRIBUTES,
    OF_GROUPS,
    Frozen,
    LyingGroup,
    run,
)
from trio_sup import (
    ChildSpec,
    Registry,
    ServerExit,
    child,
    open_supervisor,
    supervisor,
)
from trio_sup.testing._run.quiet import quiet_log


def is_doubled(error: BaseException) -> bool:
    return type(error) is ExceptionGroup and error.message == "twice"


def crash(place: str, error: Exception, kind: type[Server] = Server) -> None:
    """Raise an exception in a place, once; check the law for a crash."""
    if place == "a nursery" and is_doubled(error):
        return  # Trio's own nursery is busy for ever with that, inside of the child
    names, rec = Registry(), Rec()
    spec: ChildSpec[Any]
    if place in TARGETS:
        spec = child(TARGETS[place](error), id="a", name=names.via("k"))
    else:
        spec = child(kind, rec, id="a", name=names.via("k"))

    async def main() -> None:
        quiet: ChildSpec[Any] = child(trio.sleep_forever, id="b")
        tree = supervisor([spec, quiet], id="s")
        async with open_supervisor([tree]) as root:
            handle = root.child("s", "a")
            if place in ASKS or place in TELLS:
                await _crash_server(root.server(kind, "s", "a"), place, error, rec)
            ended = await end_of(handle)
            if place == "a nursery":  # Trio's look at it is bitten inside of the child
                assert ended is not None
            else:
                assert ended is error
            assert names.lookup("k") == handle
            assert root.child("s", "b").life == root.child("s").life == 1
        assert names.count() == 0
        async with open_supervisor([spec]):
            assert names.count() == 1  # the name was free

    run(main, within=2 * GRACE)


async def _crash_server(ref: Any, place: str, error: Exception, rec: Rec) -> None:
    answers: list[object] = []
    await ref.suspend()  # until all is in line
    async with trio.open_nursery() as nursery:
        if place in ASKS:
            ask = partial(ASKS[place], ref, error)
        else:
            TELLS[place](ref, error)
            ask = partial(ref.call, Server.ping)
        await nursery.start(answer, ask, answers)
        await nursery.start(answer, partial(ref.call, Server.ping), answers)
        await ref.resume()
    assert len(answers) == 2
    first = answers[0]
    assert isinstance(first, ServerExit)
    assert first.__cause__ is error
    [told] = rec.terminated
    assert told.kind == "crashed"
    assert told.error is error


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attribute", [*ATTRIBUTES, *OF_GROUPS])
def test_a_crash_is_told_by_itself_whatever_of_it_bites(
    attribute: str, place: str
) -> None:
    crash(place, biting(attribute, bite))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_crash_may_be_deeper_and_larger_than_anything(shape: str, place: str) -> None:
    crash(place, SHAPES[shape](ValueError("v")))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [Frozen(1), LyingGroup("m", [ValueError()])])
def test_frozen_exceptions_and_lying_groups_are_the_story(
    error: Exception, place: str
) -> None:
    crash(place, error)


@given(
    attribute=st.sampled_from([*ATTRIBUTES, *OF_GROUPS]),
    shape=st.sampled_from(sorted(SHAPES)),
    fault=st.sampled_from(FAULTS),
    place=st.sampled_from(PLACES),
    loud=st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_any_trap_in_any_shape_at_any_place(
    attribute: str,
    shape: str,
    fault: Callable[[], Exception],
    place: str,
    loud: bool,
) -> None:
    with biting_log(bite) if loud else quiet_log():
        crash(place, SHAPES[shape](biting(attribute, fault)))
