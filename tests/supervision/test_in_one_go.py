"""Ends that nobody is told of are dealt with in one go, and come to the same end.

With a hook, or a log that takes the events, an end goes step by step; without, most
crashes and stops are one step. Whoever looks afterwards cannot tell which it was.
"""

from __future__ import annotations

import gc
import weakref
from random import Random
from typing import Any

import pytest
import trio

from tests.supervision.scenes import (
    SCENES,
    Scene,
    crashes_again,
    dynamic_children,
    no_log,
    story_of,
)
from tests.supervision.stage import Boom
from trio_sup import RestartLimitExceeded, child, dynamic_supervisor, open_supervisor
from trio_sup._children.current import present_record
from trio_sup._children.functions import FunctionBody
from trio_sup._children.life import PlainBody
from trio_sup._children.record import Record
from trio_sup._supervisors.lives import Lives

__all__ = ["no_log"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scene", SCENES)
def test_nobody_can_tell_afterwards_whether_an_end_was_told_of(
    scene: Scene, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trio._core._run._r", Random(seed))
    quiet = story_of(scene, told=False)
    monkeypatch.setattr("trio._core._run._r", Random(seed))
    told = story_of(scene, told=True)
    assert quiet["seen"]
    assert quiet == told


def test_most_ends_of_which_nobody_is_told_are_one_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[str] = []
    step_by_step: Any = getattr(Lives, "life_over")  # noqa: B009 - of any plan

    def noting(self: Lives[Any], record: Record, *args: Any) -> None:
        steps.append(record.path_text)
        step_by_step(self, record, *args)

    monkeypatch.setattr(Lives, "life_over", noting)
    assert "RestartLimitExceeded" in story_of(crashes_again, told=False)["error"][0]
    # The temporary one is forgotten, and the last crash is one too many.
    assert len(steps) == 2
    steps.clear()
    story_of(dynamic_children, told=False)
    # Only who has an id of his own, and the supervisor itself.
    assert set(steps) == {"root/d/crash", "root/d"}
    steps.clear()
    story_of(crashes_again, told=True)
    assert len(steps) > 5


def test_what_a_crash_pinned_is_let_go_before_the_next_life_runs() -> None:
    class Pinned:
        living = 0

        def __init__(self) -> None:
            Pinned.living += 1

        def __del__(self) -> None:
            Pinned.living -= 1

    found: list[int] = []

    async def worker() -> None:
        found.append(Pinned.living)
        pinned = Pinned()
        await trio.lowlevel.checkpoint()
        raise Boom(repr(type(pinned)))

    async def main() -> None:
        async with open_supervisor([child(worker)], max_restarts=5):
            await trio.sleep_forever()

    with pytest.raises(RestartLimitExceeded):
        trio.run(main)
    assert found == [0] * 6


def test_nothing_but_its_task_begins_and_ends_with_the_lives_of_a_function() -> None:
    """Ends in one go do not ask the bodies of functions, as these have no answer."""
    todo: list[type[PlainBody]] = [FunctionBody]
    for kind in todo:
        todo += kind.__subclasses__()
        for asked in ("begin_life", "over", "at_rest"):
            assert getattr(kind, asked) is getattr(PlainBody, asked), kind


@pytest.mark.trio
async def test_no_end_of_a_grace_is_kept_when_all_are_down(
    autojump_clock: None,
) -> None:
    endings: list[Any] = []

    async def worker() -> None:
        try:
            await trio.sleep_forever()
        finally:
            endings.append(weakref.ref(present_record().ending))  # type: ignore[union-attr]

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        handles = [
            await sup.dynamic("d").start_child(child(worker, shutdown=10**6))
            for _ in range(20)
        ]
        await sup.terminate_child("d")
        kept = {id(handle.record.ending) for handle in handles}
        del handles
        gc.collect()
        assert len(kept) == 20
        assert [ref() for ref in endings] == [None] * 20


def bodies(kind: type[PlainBody] = PlainBody) -> set[type[PlainBody]]:
    """All bodies that there are, in the library and its harness."""
    import trio_sup._listening.connections
    import trio_sup._processes.body
    import trio_sup.testing._run.injector  # noqa: F401

    return {kind}.union(*map(bodies, kind.__subclasses__()))


def test_whoever_is_asked_in_its_own_way_is_not_cancelled_in_one_go() -> None:
    own = {body for body in bodies() if body.ask is not FunctionBody.ask}
    assert len(own) > 4
    assert not any(body.only_cancelled for body in own)
    other = {body for body in bodies() if body.cancel is not FunctionBody.cancel}
    assert not any(body.only_cancelled for body in other)
