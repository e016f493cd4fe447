"""A node of which many children crash again and again, one of them most."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import make_row, supervisor
from trio_sup.inspect.protocol.wire import Row

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def storm_rows() -> list[Row]:
    return [
        supervisor(1, label="root", path="root"),
        supervisor(2, 1, "feeds", path="root/feeds"),
        *(make_row(n, 2, f"feed-{n}", path=f"root/feeds/feed-{n}") for n in (10, 11)),
        make_row(20, 2, "quiet", path="root/feeds/quiet"),
        supervisor(3, 1, "money", path="root/money"),
        make_row(30, 3, "rates", path="root/money/rates"),
        make_row(31, 3, "audit", path="root/money/audit"),
    ]


LOOPS = {10: 40, 11: 40, 30: 400}
"""Restarts within a minute, by child."""


def play(story: Story, *, size: tuple[int, int] = (80, 24), **settings: Any) -> None:
    async def main() -> None:
        node = FakeNode(rows=storm_rows())
        async with open_rig(node, size=size, **settings) as rig:
            node.at += 1.0
            node.change(
                *(
                    evolve(row, restarts=LOOPS[row.id], last_exit="crashed: Boom()")
                    for row in node.rows
                    if row.id in LOOPS
                )
            )
            await rig.until(lambda: rig.state.model.rows[30].restarts)
            await rig.pass_time(1.0)  # what is wrong is looked for once a second
            await story(rig, node)

    asyncio.run(main())


def pointed(rig: Rig) -> str:
    row = rig.state.row(rig.main.lists.pointed())
    assert row is not None
    return row.label


def test_e_goes_to_the_worst_first_and_from_there_as_the_lints_are_listed() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        seen: list[str] = []
        for _ in range(4):
            await rig.press("e")
            seen.append(pointed(rig))
        await rig.press("5")
        listed = [
            line.split()[0]
            for line in rig.text().splitlines()
            if "times in a minute" in line and line.startswith("   root/")
        ]
        assert listed == [
            "root/money/rates",
            "root/feeds/feed-10",
            "root/feeds/feed-11",
        ]
        assert seen == ["rates", "feed-10", "feed-11", "rates"]

    play(story)


def test_e_from_a_child_that_is_well_goes_to_the_worst() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        rig.main.lists.view.select(31)
        await rig.press("e")
        assert pointed(rig) == "rates"

    play(story)


def test_a_child_that_crashes_again_and_again_has_a_sign_of_its_own() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        for screen in ("1", "2"):
            await rig.press(screen)
            lines = {"rates": "", "feed-10": "", "audit": "", "quiet": ""}
            for line in rig.text().splitlines():
                lines |= {name: line for name in lines if name in line}
            assert "↯" in lines["rates"]
            assert "looping" in lines["rates"]
            assert "↯" in lines["feed-10"]
            assert "●" in lines["audit"]
            assert "running" in lines["audit"]
            assert "●" in lines["quiet"]

    play(story)


def test_the_sign_of_a_crash_loop_goes_when_it_ends_though_only_time_passes() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        assert "↯ rates" in rig.text()
        node.at += 70.0
        node.beat()
        await rig.until(lambda: rig.state.now() == node.at)
        await rig.pass_time(70.0)
        assert "● rates" in rig.text()

    play(story)


def test_the_sign_of_a_crash_loop_is_there_in_ascii() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        assert "@ rates" in rig.text()

    play(story, plain=True)
