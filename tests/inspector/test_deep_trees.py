"""Twelve levels are readable at 80 columns, and paths stay apart however narrow."""

import asyncio

import pytest

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import open_rig
from tests.inspector.rows import make_row, supervisor
from trio_sup.inspect.text.columns import told_apart

LEVELS = 12


def deep_node() -> FakeNode:
    rows, path = [], "root"
    rows.append(supervisor(1, path=path, label="root"))
    for level in range(2, LEVELS + 1):
        path = f"{path}/level{level}"
        rows.append(supervisor(level, level - 1, path=path, label=f"level{level}"))
        side = f"side{level}"
        rows.append(make_row(100 + level, level, side, path=f"{path}/{side}"))
    return FakeNode(rows)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_twelve_levels_can_be_read(width: int) -> None:
    async def main() -> None:
        async with open_rig(deep_node(), size=(width, 40)) as rig:
            await rig.paint()
            lines = rig.text().splitlines()
            for level in range(2, LEVELS + 1):
                [line] = [each for each in lines if f" level{level} " in f"{each} "]
                [side] = [each for each in lines if f" side{level} " in f"{each} "]
                # What is deeper stands further to the right.
                assert line.index("level") > level - 2
                assert side.index("side") > line.index("level") - 2
            assert "STATE" in rig.text()
            assert "MAILBOX" in rig.text()

    asyncio.run(main())


def test_names_scroll_sideways_and_back() -> None:
    async def main() -> None:
        async with open_rig(deep_node(), size=(80, 40)) as rig:
            await rig.paint()
            before = rig.text()
            await rig.pilot.press("shift+right")
            await rig.paint()
            assert rig.text() != before
            await rig.pilot.press("shift+right")
            await rig.paint()
            assert rig.line(f"level{LEVELS} ").index("level") < 16
            for _ in range(3):
                await rig.pilot.press("shift+left")
            await rig.paint()
            assert rig.text() == before

    asyncio.run(main())


def test_help_quit_and_the_number_of_lints_stay_at_forty_columns() -> None:
    async def main() -> None:
        node = deep_node()
        node.change(make_row(102, 2, "side2", path="root/level2/side2", status="stuck"))
        for width in (40, 50, 60):
            async with open_rig(node, size=(width, 16)) as rig:
                await rig.paint()
                lines = rig.text().splitlines()
                assert "? help" in lines[-1]
                assert "q quit" in lines[-1]
                assert "5: 1" in lines[1]

    asyncio.run(main())


@pytest.mark.parametrize(
    "paths",
    [
        [f"shop/region-{n}/database/replicas/pool/worker" for n in range(5)],
        [f"shop/region/database/replicas/pool/worker-{n}" for n in range(5)],
        [f"shop/region/database-{n}/replicas/pool/worker" for n in range(5)],
        ["a", "b"],
    ],
)
@pytest.mark.parametrize("room", [20, 26, 34])
def test_a_path_that_is_cut_keeps_what_tells_rows_apart(
    paths: list[str], room: int
) -> None:
    cut = told_apart(paths, room)
    assert all(len(each) <= room for each in cut)
    assert len(set(cut)) == len(paths)
