"""An edit restarts the children whose code changed, and nobody else."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.reloading.programs import Files, program, running, said
from trio_sup import child

pytestmark = pytest.mark.trio

CLOCK = """
from trio_sup import GenServer, call

class Clock(GenServer):
    @call
    async def now(self):
        return "one"
"""
FEED = """
import trio
from .words import WORD

async def feed():
    await trio.sleep_forever()
"""
TREE = """
from trio_sup import child, dynamic_supervisor, supervisor
from .clock import Clock
from .feed import feed

def spec():
    children = [child(Clock, id="clock"), child(feed), dynamic_supervisor(id="many")]
    return supervisor(children, id="shop")
"""


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Files]:
    # Another name in each test: a module's name is known to the interpreter for good.
    name = f"shop_{abs(hash(request.node.name))}"
    files = {"clock": CLOCK, "feed": FEED, "words": "WORD = 'first'", "tree": TREE}
    with program(tmp_path, name, **files) as made:
        yield made


async def test_only_who_is_of_the_edited_module_begins_anew(shop: Files) -> None:
    async with running(shop) as it:
        clock = it.root.child("clock")
        shop.edit("clock", "one", "two")
        assert await it.reload()
        assert it.lives() == {"clock": 2, "feed": 1, "many": 1}
        assert it.root.child("clock") == clock  # handles stay
        kind = sys.modules[f"{shop.package}.clock"].Clock
        assert await it.root.server(kind, "clock").call(kind.now) == "two"


async def test_who_imports_the_edited_module_begins_anew_too(shop: Files) -> None:
    async with running(shop) as it:
        shop.edit("words", "first", "second")
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 2, "many": 1}


async def test_a_file_that_is_written_as_it_was_is_no_edit(shop: Files) -> None:
    async with running(shop) as it:
        shop.write(clock=CLOCK)
        assert not await it.reload()
        assert it.lives() == {"clock": 1, "feed": 1, "many": 1}


async def test_an_edit_of_the_tree_changes_what_it_says(shop: Files) -> None:
    async with running(shop) as it:
        shop.edit("tree", "child(feed)", "child(feed), child(feed, id='more')")
        assert await it.reload()
        assert it.lives() == {"clock": 1, "feed": 1, "more": 1, "many": 1}


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("one", 'one" + (', "SyntaxError"),
        ("from trio_sup", "raise KeyError('no')\nfrom trio_sup", "KeyError: 'no'"),
        ("class Clock", "class Cloak", "cannot import name 'Clock'"),
        ("from trio_sup import", "import sys; sys.exit(3)\nimport", "SystemExit: 3"),
    ],
)
async def test_what_cannot_be_imported_is_said_once_and_all_goes_on(
    shop: Files,
    caplog: pytest.LogCaptureFixture,
    before: str,
    after: str,
    place: str,
) -> None:
    async with running(shop) as it:
        former = sys.modules[f"{shop.package}.clock"]
        shop.edit("clock", before, after)
        assert not await it.reload()
        assert not await it.reload()
        (text,) = said(caplog.records)
        assert place in text
        assert "line " in text
        assert sys.modules[f"{shop.package}.clock"] is former
        assert sys.modules[shop.package].clock is former
        shop.edit("clock", after, before)
        await it.reload()  # as it was
        assert it.lives() == {"clock": 1, "feed": 1, "many": 1}
        shop.edit("clock", "one", "two")
        assert await it.reload()
        assert it.lives()["clock"] == 2


async def test_a_child_that_does_not_start_leaves_the_former_code(
    shop: Files, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(shop) as it:
        kind = sys.modules[f"{shop.package}.clock"].Clock
        begin = "    async def init(self):\n        raise OSError('dark')\n    @call"
        shop.edit("clock", "    @call", begin)
        assert not await it.reload()
        assert "did not start" in said(caplog.records)[-1]
        assert await it.root.server(kind, "clock").call(kind.now) == "one"
        assert sys.modules[f"{shop.package}.clock"].Clock is kind
        shop.edit("clock", begin, "    @call")
        assert not await it.reload()  # the file is what runs


async def test_children_that_no_list_names_follow_their_class(shop: Files) -> None:
    async with running(shop) as it:
        many = it.root.dynamic("many")
        kind = sys.modules[f"{shop.package}.clock"].Clock
        one = await many.start_child(child(kind, id="one"))
        brief = await many.start_child(child(kind, id="brief", restart="temporary"))
        await many.start_child(child(trio.sleep_forever, id="other"))
        shop.edit("clock", "one", "two")
        assert await it.reload()
        assert it.lives()["one"] == it.lives()["brief"] == 2
        assert it.lives()["other"] == it.lives()["many"] == 1
        now = sys.modules[f"{shop.package}.clock"].Clock
        assert one.record.spec.target is brief.record.spec.target is now
        assert await one.call(now.now) == "two"


async def test_an_edit_in_the_middle_of_a_reload_is_not_lost(shop: Files) -> None:
    slow = "    async def terminate(self, reason):\n        await later()\n    @call"
    shop.edit("clock", "    @call", slow)
    shop.edit("clock", "class", "later = print\nclass")
    async with running(shop) as it:

        async def later() -> None:
            shop.edit("clock", "two", "three")

        vars(sys.modules[f"{shop.package}.clock"])["later"] = later
        shop.edit("clock", "one", "two")
        shop.edit("clock", "await later()", "pass")
        assert await it.reload()
        assert await it.reload()
        kind = sys.modules[f"{shop.package}.clock"].Clock
        assert await it.root.server(kind, "clock").call(kind.now) == "three"
        assert not await it.reload()


async def test_edits_leave_no_former_module(shop: Files) -> None:
    async with running(shop) as it:
        many = it.root.dynamic("many")
        former = []
        for number in range(20):
            module = sys.modules[f"{shop.package}.clock"]
            if not number:
                await many.start_child(child(module.Clock, id="one"))
            former.append(weakref.ref(module.Clock))
            del module
            shop.edit("clock", "one" if not number else f"#{number - 1}", f"#{number}")
            assert await it.reload()
        gc.collect()
        assert it.lives()["clock"] == it.lives()["one"] == 21
        assert sum(ref() is not None for ref in former) <= 2
