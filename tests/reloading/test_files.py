"""What editors, and people who tidy up, do to files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reloading.programs import Files, program, running, said

pytestmark = pytest.mark.trio

FEED = """
import trio
from .words import WORD

async def feed():
    await trio.sleep_forever()
"""
CLOCK = """
import trio

async def clock():
    await trio.sleep_forever()
"""
TREE = """
from trio_sup import child, supervisor
from .clock import clock
from .feed import feed

def spec():
    return supervisor([child(clock), child(feed)], id="shop")
"""


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Files]:
    name = f"files_{abs(hash(request.node.name))}"
    files = {"clock": CLOCK, "feed": FEED, "words": "WORD = 1", "tree": TREE}
    with program(tmp_path, name, **files) as made:
        yield made


def file_of(shop: Files, name: str) -> Path:
    return shop.folder / shop.package / f"{name}.py"


def word(shop: Files) -> object:
    return sys.modules[f"{shop.package}.feed"].WORD


async def test_a_file_that_is_replaced_by_another_is_an_edit(shop: Files) -> None:
    async with running(shop) as it:
        new = shop.folder / "words.py~"
        new.write_text("WORD = 2")
        os.replace(new, file_of(shop, "words"))
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2}
        assert word(shop) == 2


async def test_a_link_that_leads_elsewhere_is_an_edit(shop: Files) -> None:
    words = file_of(shop, "words")
    for number in 1, 2:
        (shop.folder / f"words-{number}").write_text(f"WORD = {number}")
    words.unlink()
    words.symlink_to(shop.folder / "words-1")
    async with running(shop) as it:
        link = shop.folder / "link"
        link.symlink_to(shop.folder / "words-2")
        os.replace(link, words)
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2}
        assert word(shop) == 2


async def test_a_module_that_nobody_needs_any_more_may_go(shop: Files) -> None:
    async with running(shop) as it:
        file_of(shop, "words").unlink()
        shop.edit("feed", "from .words import WORD", "WORD = 2")
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2}
        assert f"{shop.package}.words" not in sys.modules
        assert not await it.reload()


async def test_a_module_that_is_missing_is_said_once_and_may_come_back(
    shop: Files, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(shop) as it:
        words = file_of(shop, "words")
        text = words.read_text()
        words.unlink()
        assert not await it.reload()
        assert not await it.reload()
        (told,) = said(caplog.records)
        assert f"No module named '{shop.package}.words'" in told
        words.write_text(text)
        await it.reload()
        assert it.lives() == {"clock": 1, "feed": 1}
        words.write_text("WORD = 2")
        assert await it.reload()
        assert word(shop) == 2


async def test_a_module_that_becomes_a_package_or_has_another_name(shop: Files) -> None:
    async with running(shop) as it:
        words = file_of(shop, "words")
        words.unlink()
        words.with_suffix("").mkdir()
        (words.with_suffix("") / "__init__.py").write_text("WORD = 2")
        assert await it.reload()
        assert word(shop) == 2
        os.replace(file_of(shop, "clock"), file_of(shop, "watch"))
        shop.edit("tree", "from .clock", "from .watch")
        assert await it.reload()
        assert it.lives() == {"clock": 2, "feed": 2}


async def test_half_of_a_file_is_shown_as_any_mistake_and_the_rest_taken_over(
    shop: Files, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(shop) as it:
        whole = FEED.replace("    await", "    print('fed')\n    await")
        file_of(shop, "feed").write_text(whole[: whole.index("async") + 12])
        assert not await it.reload()
        assert "SyntaxError" in said(caplog.records)[-1]
        file_of(shop, "feed").write_bytes(b"\0" * len(whole))
        assert not await it.reload()
        assert "null bytes" in said(caplog.records)[-1]
        file_of(shop, "feed").write_text(whole)
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2}


async def test_a_factory_of_another_name_leaves_the_former_tree(
    shop: Files, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(shop) as it:
        shop.edit("tree", "def spec", "def make")
        assert not await it.reload()
        assert "spec" in said(caplog.records)[-1]
        assert it.lives() == {"clock": 1, "feed": 1}
        shop.edit("tree", "def make", "def spec")
        shop.edit("tree", "child(clock), ", "")
        assert await it.reload()
        assert it.lives() == {"feed": 1}


async def test_modules_that_import_each_other_begin_anew_together(shop: Files) -> None:
    # It does only as the program begins it: `words` first would not find `WORD`.
    shop.write(words="from . import feed\nWORD = 1")
    async with running(shop) as it:
        shop.edit("words", "WORD = 1", "WORD = 2")
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2}
        words, feed = (sys.modules[f"{shop.package}.{n}"] for n in ("words", "feed"))
        assert words.feed is feed
        assert word(shop) == 2


async def test_of_hundreds_of_modules_one_is_imported_again(shop: Files) -> None:
    names = [f"part_{number}" for number in range(400)]
    shop.write(**dict.fromkeys(names, "PART = []"))
    shop.write(clock=CLOCK + "".join(f"from . import {n}\n" for n in names))
    async with running(shop) as it:
        parts = [sys.modules[f"{shop.package}.{name}"] for name in names]
        shop.edit("words", "WORD = 1", "WORD = 2")
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2}
        assert parts == [sys.modules[f"{shop.package}.{name}"] for name in names]
