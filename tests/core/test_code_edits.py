"""Which modules an edit concerns: read from sources, decided without importing any."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from trio_sup._core.code.edits import Loaded, concerned
from trio_sup._core.code.imports import imported_by

KNOWN = ("shop", "shop.db", "shop.web", "shop.web.pages", "tools", "tools.text")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import tools", {"tools"}),
        ("import tools.text as t", {"tools", "tools.text"}),
        ("from tools import text", {"tools.text"}),
        ("from tools import text, VERSION", {"tools", "tools.text"}),
        ("from tools import *", {"tools"}),
        ("from . import web", {"shop.web"}),
        ("from . import NAME", {"shop"}),
        ("from .web.pages import index", {"shop.web.pages"}),
        ("import os, json\nfrom trio import sleep", set()),
        ("def late():\n    from .web import pages", {"shop.web.pages"}),
        ("try:\n    import tools\nexcept ImportError:\n    tools = None", {"tools"}),
        ("from shop.db import connect", set()),  # itself
        (
            "import typing\nif typing.TYPE_CHECKING:\n    import tools\n"
            "else:\n    import shop.web",
            {"shop", "shop.web"},
        ),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import tools", set()),
    ],
)
def test_what_a_module_imports_is_read_from_its_source(
    source: str, wanted: set[str]
) -> None:
    found = imported_by(source, "shop.db", package=False, known=KNOWN)
    assert found == wanted


def test_a_package_is_its_own_home() -> None:
    source = "from . import pages\nfrom ..db import connect"
    found = imported_by(source, "shop.web", package=True, known=KNOWN)
    assert found == {"shop.web.pages", "shop.db"}


def loaded(**imports: str) -> dict[str, Loaded]:
    return {name: Loaded(name, frozenset(of.split())) for name, of in imports.items()}


def test_importers_are_imported_again_after_what_they_need() -> None:
    program = loaded(db="", web="db", clock="", tree="web db")
    assert concerned({"db"}, program).again == ("db", "web", "tree")
    assert concerned({"web"}, program).again == ("web", "tree")
    assert concerned({"tree"}, program).again == ("tree",)


def test_of_modules_that_import_each_other_the_one_that_was_done_last_begins() -> None:
    program = loaded(a="b", b="a", c="")
    assert concerned({"b"}, program).again == ("b", "a")
    program = loaded(x="", b="a x", a="b", c="a", d="c b", e="x")
    assert concerned({"b"}, program).again == ("a", "b", "c", "d")
    assert concerned({"x"}, program).again == ("x", "a", "b", "c", "d", "e")


def test_what_is_not_of_the_program_concerns_nothing() -> None:
    edit = concerned({"elsewhere"}, loaded(a=""))
    assert (edit.changed, edit.again, edit.whole) == ((), (), "")


def test_a_c_extension_and_the_program_itself_cannot_be_imported_again() -> None:
    fast = {"fast": Loaded("fast", compiled=True), "tree": Loaded("tree")}
    assert concerned({"fast"}, fast).whole.startswith("fast is a C extension")
    assert not concerned({"tree"}, fast).whole
    main = loaded(__main__="db", db="")
    assert concerned({"db"}, main).whole.startswith("__main__ is the program itself")


names = st.sampled_from("abcdefgh")
programs = st.dictionaries(names, st.sets(names)).map(
    lambda found: {
        name: Loaded(name, frozenset(needs & found.keys() - {name}))
        for name, needs in found.items()
    }
)


@given(programs, st.sets(names))
def test_nothing_that_is_left_alone_imports_what_is_imported_again(
    program: dict[str, Loaded], changed: set[str]
) -> None:
    again = concerned(changed, program).again
    assert len(set(again)) == len(again)
    assert changed & program.keys() <= set(again)
    for name, module in program.items():
        if name not in again:
            assert not module.imports & set(again)


@given(st.lists(st.sets(st.integers(0, 7)), min_size=8, max_size=8), st.integers(0, 7))
def test_without_circles_what_is_needed_comes_first(
    needs: list[set[int]], changed: int
) -> None:
    program = {
        f"m{n}": Loaded(f"m{n}", frozenset(f"m{k}" for k in of if k < n))
        for n, of in enumerate(needs)
    }
    again = concerned({f"m{changed}"}, program).again
    for place, name in enumerate(again):
        assert not program[name].imports & set(again[place:])
