"""Where an edit cannot be taken over soundly, the whole begins anew, and it says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reloading.programs import program, running, said

pytestmark = pytest.mark.trio

TREE = """
from trio_sup import child, supervisor
from .parts import *
from .work import work

def spec():
    return supervisor([child(work, GIVEN, id="work"), *MORE], id="shop")
"""
WORK = """
import trio

HOOKS = {}

async def work(given):
    await trio.sleep_forever()
"""


async def reason(folder: Path, package: str, edited: str, **files: str) -> str:
    files = {"tree": TREE, "work": WORK, **files}
    with program(folder, package, **files) as made:
        async with running(made) as it:
            made.edit(edited, "VERSION = 1", "VERSION = 2")
            assert not await it.reload()
            await it.root.wait_stopped()
            return it.reloader.whole


async def test_a_table_that_a_survivor_was_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = "VERSION = 1\nGIVEN = {}\nMORE = []"
    why = await reason(tmp_path, "whole_table", "parts", parts=parts)
    assert why == "shop/work goes on, and uses whole_table.parts.GIVEN"
    assert said(caplog.records)[-1] == f"reload: the whole begins anew: {why}"


async def test_a_function_that_registered_itself_elsewhere(tmp_path: Path) -> None:
    parts = """
    from .work import HOOKS
    VERSION = 1
    GIVEN, MORE = 1, []
    def hook(): ...
    HOOKS["parts"] = [hook]
    """
    why = await reason(tmp_path, "whole_hooks", "parts", parts=parts)
    assert why == "whole_hooks.work goes on, and keeps whole_hooks.parts.hook"


async def test_an_object_in_the_state_of_a_server_that_goes_on(tmp_path: Path) -> None:
    keeper = """
    from trio_sup import GenServer
    class Keeper(GenServer):
        def __init__(self, name, of):
            self.kept = [getattr(__import__(name, fromlist=["x"]), of)()]
    """
    parts = """
    from trio_sup import child
    from .keeper import Keeper
    VERSION = 1
    class Thing: ...
    GIVEN, MORE = 1, [child(Keeper, __name__, "Thing", id="keeper")]
    """
    why = await reason(tmp_path, "whole_state", "parts", parts=parts, keeper=keeper)
    assert why == "shop/keeper goes on, and uses a Thing of whole_state.parts"


async def test_what_is_the_same_for_good_is_no_reason(tmp_path: Path) -> None:
    parts = """
    import enum, pathlib
    VERSION = 1
    GIVEN, MORE = (1, "two", pathlib.Path("three"), frozenset("4")), []
    """
    files = {"tree": TREE, "work": WORK, "parts": parts}
    with program(tmp_path, "whole_not", **files) as made:
        async with running(made) as it:
            made.edit("parts", "VERSION = 1", "VERSION = 2")
            assert await it.reload()
            assert it.lives() == {"work": 1}


async def test_a_tree_that_has_not_started_yet(tmp_path: Path) -> None:
    parts = "VERSION = 1\nGIVEN, MORE = 1, []"
    with program(tmp_path, "whole_start", tree=TREE, work=WORK, parts=parts) as made:
        async with running(made) as it:
            await it.root.stop()
            made.edit("parts", "VERSION = 1", "VERSION = 2")
            assert not await it.reload()
            assert it.reloader.whole == "the tree has not started yet"
