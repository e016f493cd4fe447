"""A node under attack; ``python -m tests.inspect.hostile`` does more of it."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from tests.inspect.hostile.run import run
from tests.inspect.looking import looking
from trio_sup import Exit, GenServer, call, cast, child, open_supervisor


@pytest.mark.parametrize("control", [False, True])
def test_hostile_frames_are_refused_as_documented_and_harm_nothing(
    control: bool,
) -> None:
    # How much memory a node takes at first says little; the long run judges that.
    report = run(1500, control=control, loris=False, growth=20_000_000)
    assert report.broken == []
    assert report.frames >= 1500


class Raises:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Hangs:
    def __repr__(self) -> str:
        time.sleep(3600)
        return "late"


class Enormous:
    def __repr__(self) -> str:
        return "x" * 100_000_000


class Hoard(GenServer):
    """Has in its state what no inspector should print."""

    def __init__(self) -> None:
        self.raises = Raises()
        self.hangs = {"deep": [Hangs()]}
        self.enormous = Enormous()
        self.text = "y" * 100_000_000
        self.numbers = [0] * 1_000_000
        self.nested: list[object] = []
        for _ in range(100_000):
            self.nested = [self.nested]
        self.answers = 0

    @call
    async def ask(self) -> int:
        self.answers += 1
        return self.answers

    @cast
    async def take(self, *things: object) -> None:
        raise AssertionError("it is suspended before it gets there")

    async def terminate(self, exit: Exit) -> None:
        while self.nested:  # let go of it level by level: Python's own limit
            self.nested = self.nested[0]  # type: ignore[assignment]


@pytest.mark.trio
async def test_a_state_whose_repr_raises_hangs_or_is_enormous_harms_nothing(
    tmp_path: Path,
) -> None:
    async with open_supervisor([child(Hoard, id="hoard")], id="top") as sup:
        hoard = sup.server(Hoard, "hoard")
        async with looking(tmp_path) as looker:
            tracemalloc.start()
            try:
                detail = await looker.watch("top/hoard", "state")
                assert detail.state is not None
                assert "raises" in detail.state.text
                assert await hoard.call(Hoard.ask) == 1

                await hoard.suspend()
                hoard.cast(Hoard.take, Raises(), Hangs(), Enormous())
                detail = await looker.watch("top/hoard", "state", "mailbox", "stack")
                assert detail.mailbox is not None
                [letter] = detail.mailbox.letters
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert "Hangs" in letter.text
            # Nothing of 100 MB was built on the way, nor kept.
            assert peak < 5_000_000
            assert hoard.life == 1
