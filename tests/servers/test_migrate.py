"""State that goes from a life of one class to the next, of another."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from trio_sup import (
    ChildSpec,
    Exit,
    GenServer,
    Ignore,
    ReconfigureFailed,
    Stop,
    call,
    cast,
    child,
    open_supervisor,
    whereis,
)

pytestmark = pytest.mark.trio


class Hits(GenServer):
    __version__ = 1

    def __init__(self, step: int = 1, told: list[str] | None = None) -> None:
        self.step = step
        self.hits = 0
        self.told = told

    @cast
    async def hit(self) -> None:
        self.hits += self.step

    @call
    async def total(self) -> int:
        return self.hits

    async def terminate(self, exit: Exit) -> None:
        if self.told is not None:
            self.told.append(str(exit.reason))


class Counts(Hits):
    """What `Hits` has become: it counts by name."""

    __version__ = 2

    async def init(self) -> None:
        self.counts = {"a": 0}

    async def migrate(self, old_state: dict[str, object], old_version: object) -> None:
        if old_version == 1:
            hits = old_state["hits"]
            assert isinstance(hits, int)
            self.counts = {"a": hits}
        else:
            self.__dict__.update(old_state)

    @call
    async def total(self) -> int:
        return sum(self.counts.values())


class Broken(Hits):
    async def migrate(self, old_state: dict[str, object], old_version: object) -> None:
        raise ValueError(f"cannot read version {old_version}")


async def test_the_next_class_is_given_the_state_and_its_version_gs_091() -> None:
    told: list[str] = []
    async with open_supervisor([child(Hits, 1, told, id="hits")]) as sup:
        hits = sup.server(Hits, "hits")
        for _ in range(3):
            hits.cast(Hits.hit)
        plan = sup.plan([child(Counts, id="hits")])
        assert plan.loses_state == ()
        assert plan.ends_lives == ("root/hits",)
        assert "carries its state over" in str(plan)
        await sup.reconfigure(plan)
        assert told == ["supervisor root: reconfigure: its state is carried over"]
        assert hits.life == 2
        assert await hits.call(Hits.total) == 3


class Odd(Hits):
    """Takes the state over in a way that nobody expects."""

    async def migrate(self, old_state: dict[str, object], old_version: object) -> None:
        match self.step:
            case 1:
                await trio.sleep_forever()
            case 2:
                raise ExceptionGroup("several", [ValueError("no")])
            case 3:
                raise Stop
            case 4:
                old_state.clear()
            case 5:
                with trio.move_on_after(1):
                    await trio.sleep_forever()
            case _:
                raise Ignore


class Plain(Hits):
    def migrate(self, *old: object) -> None:  # type: ignore[override]
        """It forgot to be async."""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (child(Odd, 1, id="hits", start_timeout=9), "not ready after 9 s"),
        (child(Odd, 2, id="hits"), "ValueError: no"),
        (child(Odd, 3, id="hits"), "normal"),
        (child(Plain, id="hits"), "TypeError"),
    ],
)
async def test_whatever_keeps_migrate_from_ending_well_is_a_failed_start(
    how: ChildSpec[Any], said: str, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Hits, id="hits", name="n")]) as sup:
        hits = sup.server(Hits, "hits")
        with pytest.raises(ReconfigureFailed, match=said):
            await sup.reconfigure([how])
        assert hits.life == 3
        assert await hits.call(Hits.total) == 0
        assert whereis("n") == hits


@pytest.mark.parametrize("step", [4, 5])
async def test_what_migrate_does_to_the_state_or_gives_up_is_its_own_affair(
    step: int, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Hits, id="hits")]) as sup:
        await sup.reconfigure([child(Odd, step, id="hits")])
        assert await sup.server(Odd, "hits").call(Odd.total) == 0


async def test_a_migrate_that_ignores_leaves_the_child_down() -> None:
    async with open_supervisor([child(Hits, id="hits")]) as sup:
        await sup.reconfigure([child(Odd, 6, id="hits")])
        assert sup.child("hits").status == "stopped"


async def test_without_migrate_a_changed_class_starts_fresh() -> None:
    async with open_supervisor([child(Hits, id="hits")]) as sup:
        hits = sup.server(Hits, "hits")
        hits.cast(Hits.hit)
        await sup.reconfigure([child(Hits, 5, id="hits")])
        assert await hits.call(Hits.total) == 0


async def test_a_crash_later_starts_fresh() -> None:
    async with open_supervisor([child(Counts, id="hits")]) as sup:
        hits = sup.server(Counts, "hits")
        await hits.replace_state(lambda state: {**state, "counts": {"a": 7}})
        await sup.reconfigure([child(Counts, 2, id="hits")])
        assert await hits.call(Counts.total) == 7
        await hits.stop()
        await hits.wait_running()
        assert await hits.call(Counts.total) == 0


async def test_a_failing_migrate_brings_the_old_class_back_gs_091() -> None:
    async with open_supervisor([child(Counts, id="hits")]) as sup:
        hits = sup.server(Counts, "hits")
        await hits.replace_state(lambda state: {**state, "counts": {"a": 7}})
        with pytest.raises(ReconfigureFailed, match="cannot read version 2"):
            await sup.reconfigure([child(Broken, id="hits")])
        assert await hits.call(Counts.total) == 7  # it has a `migrate` itself
