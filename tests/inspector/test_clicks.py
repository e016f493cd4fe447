"""What the mouse does: titles, arrows, and the keys in the last line."""

import asyncio

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import shop_rows
from trio_sup_inspector.detail.parts import TABS
from trio_sup_inspector.detail.side import Side
from trio_sup_inspector.keys import HINTED, IDS, real_key, shown_key
from trio_sup_inspector.lines.frame import HINTS

CUT = "UPTIME"[:5]
"""What of the title is left beside its mark."""


async def click(rig: Rig, word: str, line: int | None = None) -> None:
    """Click on the beginning of a word, wherever it stands."""
    lines = rig.text().splitlines()
    at = (
        next(n for n, text in enumerate(lines) if word in text)
        if line is None
        else line
    )
    await rig.pilot.click(offset=(lines[at].index(word), at))
    await rig.paint()


def test_titles_arrows_and_keys_can_be_clicked() -> None:
    async def story() -> None:
        keymap = {"filter": "ctrl+f"}
        async with open_rig(FakeNode(rows=shop_rows()), keymap=keymap) as rig:
            await click(rig, "▾ ● payments")
            assert "▸ ● payments" in rig.text()
            await click(rig, "▸ ● payments")
            assert "▾ ● payments" in rig.text()
            # A title sorts the list; the same again the other way round.
            await click(rig, "UPTIME")
            assert CUT + "▾" in rig.line("PATH")
            await click(rig, CUT + "▾")
            assert CUT + "▴" in rig.line("PATH")
            await click(rig, "STATE")
            assert rig.state.order.id == "uptime"
            # A key does what it says, wherever the user has put it.
            assert "ctrl+f" in rig.line("next problem")
            await click(rig, "filter")
            assert rig.main.filter_bar.typing
            await click(rig, "clear")
            assert not rig.main.filter_bar.typing
            await click(rig, "? ", 23)
            assert "When something is wrong" in rig.text()

    asyncio.run(story())


def test_every_key_that_is_named_below_can_be_pressed() -> None:
    for key, _ in HINTS:
        assert real_key(key, {}), key
    assert set(HINTED.values()) <= IDS
    mine = {"help": "f1,h", "quit": ""}
    assert (real_key("?", mine), shown_key("?", mine)) == ("f1", "f1")
    assert real_key("j k", mine) == ""


def test_a_click_where_one_tab_has_room_goes_to_the_next() -> None:
    side = Side.__new__(Side)
    side.tab = TABS[0]
    assert side.tab_at(0, 2) == TABS[1]
    assert side.tab_at(3, len(TABS)) == TABS[3]
