"""What a failure prints fits into 80 columns, in a certain order, and loses nothing."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import frozen
from hypothesis import given, settings, strategies as st

from trio_sup import GenServer, call, child, supervisor
from trio_sup.testing import (
    Crash,
    NotLinearizable,
    Operation,
    ProgramViolation,
    SupervisionViolation,
    World,
    check_history,
    check_program,
    eventually,
    every_checkpoint,
    likely_schedules,
    linearizable,
    replay,
)
from trio_sup.testing._run import pages
from trio_sup.testing._run.broken import Breach, broken
from trio_sup.testing._run.columns import WIDEST, cells, cut, fitted, folded, shown
from trio_sup.testing._run.layout import COLUMNS, imports, laid_out

ROOT = Path(__file__).parents[2]
LONG = "a_rather_long_name_of_a_child_that_somebody_had_to_think_of_" * 2
WIDE = "監督者" * 20
Tree = Callable[[], Any]


# Trees that fail, each in its way.


async def says_too_much() -> None:
    await trio.sleep(1)
    raise ValueError(" ".join(["it", "went", "wrong", WIDE, "x" * 300, "\x1b[31m\t"]))


class ErrorWithAVeryLongNameThatSaysAllThereIsToSayAboutWhatWentWrongInTheTree(
    Exception
): ...


async def fails_by_name() -> None:
    await trio.sleep(1)
    raise ErrorWithAVeryLongNameThatSaysAllThereIsToSayAboutWhatWentWrongInTheTree


def never(world: World) -> bool:
    return False


def never_and_its_name_is_so_long_that_it_does_not_fit_into_any_terminal_window_at_all(
    world: World,
) -> bool:
    assert not world.events, "\n".join(["and so", "on " * 100, "y" * 200])
    return False


class Shelf(GenServer):
    @call
    async def put(self, what: str) -> str:
        return "something else, and at length: " + what


class Kept:
    def put(self, what: str) -> str:
        return what


async def puts(world: World) -> None:
    ref = world.history.of(world.root.server(Shelf, "shelf").when_running())
    await ref.call(Shelf.put, "a text " * 20)
    await ref.call(Shelf.put, WIDE)


def tree(*ids: str) -> Tree:
    return lambda: supervisor([child(trio.sleep_forever, id=i) for i in ids], id="app")


def deep(count: int) -> Tree:
    def build() -> Any:
        spec: Any = child(trio.sleep_forever, id="leaf")
        for number in range(count):
            spec = supervisor([spec], id=f"level-{number}-of-a-tree")
        return spec

    return build


def deep_path(count: int) -> str:
    levels = [f"level-{number}-of-a-tree" for number in reversed(range(count))]
    return "/".join([*levels, "leaf"])


DEMANDS: Any = {
    "invariants": [
        never,
        never_and_its_name_is_so_long_that_it_does_not_fit_into_any_terminal_window_at_all,
        eventually(never, within=1),
    ]
}

FAILING: dict[str, Callable[[], object]] = {
    "long names": lambda: replay(
        tree(LONG, "b"), [Crash(f"app/{LONG}", at=n) for n in (1.0, 2.0)], **DEMANDS
    ),
    "wide letters": lambda: replay(
        tree(WIDE, "é\u0301" * 60, "b"), [Crash(f"app/{WIDE}", at=1.0)], **DEMANDS
    ),
    "quotes and escapes": lambda: replay(
        tree('it\'s "so"\n\t' * 9), [Crash("app/nobody", at=1.0)], **DEMANDS
    ),
    "a deep path": lambda: replay(
        deep(9), [Crash(deep_path(9), at=1.0), Crash(deep_path(9), at=2.0)], **DEMANDS
    ),
    "many children": lambda: replay(
        tree(*(f"{n}-{LONG}" for n in range(20))), [Crash("app/x", at=1.0)], **DEMANDS
    ),
    "more children": lambda: replay(
        tree(*(f"{n}-{LONG}" for n in range(30))), [Crash("app/x", at=1.0)], **DEMANDS
    ),
    "a long text": lambda: replay(lambda: [child(says_too_much, id="a")]),
    "a long type": lambda: replay(lambda: [child(fails_by_name, id="b" * 30)]),
    "picks": lambda: replay(
        tree("a", "b"), picks=[0] * 5 + [1] * 90, allow=[OSError] * 20, **DEMANDS
    ),
    "codes": lambda: replay(tree("a"), codes=[0] * 12 + [3] * 90, **DEMANDS),
    "a history": lambda: replay(
        lambda: supervisor([child(Shelf, id="shelf")], id="app"),
        client=puts,
        invariants=[linearizable(Kept, "app/shelf")],
    ),
    "an order": lambda: likely_schedules(
        tree(LONG, WIDE), runs=1, duration=1.0, **DEMANDS
    ),
    "every place": lambda: every_checkpoint(
        tree(LONG), modes=("crash", "vanish", "interrupt", "slow"), **DEMANDS
    ),
    "a program": lambda: check_program(says_too_much, ways=("cancel",), runs=1),
    "a program's demand": lambda: check_program(
        fails_by_name,
        allow=[
            ErrorWithAVeryLongNameThatSaysAllThereIsToSayAboutWhatWentWrongInTheTree
        ],
        afterwards=demanded_afterwards_and_in_so_many_words_that_they_fit_nowhere_at_all,
        runs=1,
    ),
}


def demanded_afterwards_and_in_so_many_words_that_they_fit_nowhere_at_all() -> bool:
    return False


@pytest.mark.parametrize("name", FAILING)
def test_no_line_of_a_failure_is_wider_than_80_columns(name: str) -> None:
    with pytest.raises((SupervisionViolation, ProgramViolation)) as failed:
        FAILING[name]()
    found: Any = failed.value
    notes: list[str] = getattr(found, "__notes__", [])
    lines = "\n".join([str(found), *notes]).split("\n")
    assert [line for line in lines if cells(line) > WIDEST] == []
    assert all(line.isprintable() for line in lines)
    parts = ["This repeats it:", "What happened:", "What broke:"]
    if isinstance(found, ProgramViolation):
        parts = ["This repeats it:", "What broke:"]
    assert [line for line in lines if line in parts] == parts
    ast.parse(found.program)
    # All of it is in the attributes, and of findings in the message, too.
    assert in_one_line(str(found)).count("\x1b") == 0
    if isinstance(found, SupervisionViolation):
        message = in_one_line(str(found))
        for problem in found.world.problems[:3]:
            assert in_one_line(shown(problem.invariant)) in message
            first = problem.what.splitlines()[0]
            assert in_one_line(shown(first)) in message
        assert eval(script_in(found.program), {"Crash": Crash}) == found.script


def in_one_line(text: str) -> str:
    return "".join(text.split())


def script_in(program: str) -> str:
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.keyword) and node.arg == "script":
            return ast.unparse(node.value)
    raise AssertionError(program)


def test_a_history_on_its_own_fits_and_tells_what_was_cut() -> None:
    history = [
        Operation(client=LONG, name="put", args=("x" * 90,), called=1, returned=2),
        Operation(
            client=WIDE, name="put", args=("y",), called=3, returned=4, result=WIDE
        ),
    ]
    with pytest.raises(NotLinearizable) as found:
        check_history(history, Kept)
    lines = str(found.value).splitlines()
    assert max(map(cells, lines)) <= WIDEST
    assert any(line.endswith(" <- this") for line in lines)
    text = in_one_line(str(found.value))
    culprit = LONG if f"{LONG}:put" in text else WIDE
    assert f"{culprit}:put" in text


# The parts that this is made of.

_TEXT = st.text(st.sampled_from("ab /é漢字🙂\u0301\t\x1b'\"\\"), max_size=200)


@settings(max_examples=60, deadline=None)
@given(_TEXT, st.integers(0, 30), st.integers(4, 90))
def test_what_is_folded_is_all_there(text: str, indent: int, width: int) -> None:
    lines = list(folded(text, " " * indent))
    assert all(cells(line) <= WIDEST for line in lines)
    assert in_one_line("".join(lines)) == in_one_line(shown(text))
    less = cut(shown(text), width)
    assert cells(less) <= width
    assert less == shown(text) or "…" in less


_VALUES: Any = st.recursive(
    st.text("ab'\"\\漢\n", max_size=120) | st.integers() | st.binary(max_size=60),
    lambda inner: st.lists(inner, max_size=9) | st.tuples(inner, inner),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_VALUES, max_size=3), st.integers(1, 4))
def test_a_program_that_is_laid_out_is_the_same_and_fits(
    args: Any, indent: int
) -> None:
    source = f"Crash({', '.join([*map(repr, args), 'at=1.0'])})"
    lines = laid_out(source, "    " * indent, "it=")
    assert ast.dump(ast.parse("\n".join(["f(", *lines, ")"]))) == ast.dump(
        ast.parse(f"f(it={source})")
    )
    assert all(cells(line) <= COLUMNS for line in lines)


def test_a_long_import_is_one_still() -> None:
    names = [f"Fault{number}" for number in range(30)]
    lines = imports("trio_sup.testing", names)
    [node] = ast.parse("\n".join(lines)).body
    assert isinstance(node, ast.ImportFrom)
    assert [each.name for each in node.names] == names
    assert max(map(len, lines)) <= COLUMNS


def test_the_path_of_a_file_is_cut_in_its_middle() -> None:
    line = '  File "/home/' + "somebody/" * 20 + 'tree.py", line 3, in build'
    [cut_off] = fitted([line], "    ")
    assert re.fullmatch(r' {6}File "/home/.*….*tree\.py", line 3, in build', cut_off)
    assert cells(cut_off) <= WIDEST


def test_very_much_is_not_told_but_where_it_is() -> None:
    found = [Breach(f"law {n}", "\n".join(map(str, range(99)))) for n in range(9)]
    lines = list(broken(found, lambda law: "a page", "it is there"))
    assert "    … and 59 more lines; it is there" in lines
    assert lines[-1] == "  … and 1 more; it is there"


# Pages.


def test_a_law_is_on_its_page() -> None:
    texts = {
        page: (ROOT / page).read_text(encoding="utf-8")
        for page in {*pages.PAGES.values(), pages.ROWS}
    }
    laws = {law: page for law, page in pages.PAGES.items() if isinstance(law, str)}
    assert len(laws) > 60
    assert [
        law for law, page in laws.items() if f"\n{law}\n:   " not in texts[page]
    ] == []
    assert pages.page_of("the limit ends restarts (SUP-070)", ()) == pages.ROWS
    assert "SUP-070" in texts[pages.ROWS]


@pytest.mark.parametrize(
    "page", [pages.OTHERS, pages.DEMANDS, pages.HISTORIES, pages.PROGRAMS]
)
def test_a_page_has_the_section_that_is_named(page: str) -> None:
    file, _, anchor = page.partition("#")
    heads = re.findall(r"(?m)^#+ (.*)$", (ROOT / file).read_text(encoding="utf-8"))
    slugs = [re.sub(r"[^\w]+", "-", head.lower()).strip("-") for head in heads]
    assert anchor in slugs


def test_the_page_goes_by_whose_law_it_is() -> None:
    assert pages.page_of("never", {"never"}) == pages.DEMANDS
    assert pages.page_of("calls are explained by A", {"calls are explained by A"}) == (
        pages.HISTORIES
    )
    assert pages.page_of("nobody waits for himself", ()) == (
        "docs/reference/laws-beside-servers.md"
    )
    assert pages.page_of("every caller is answered", ()) == pages.OTHERS


@frozen
class Ugly:
    def __repr__(self) -> str:
        return "<no source at all, and rather long: " + "z" * 90 + ">"


def test_what_is_no_source_is_cut_and_whole_in_the_program() -> None:
    from functools import partial

    def check(world: World, ugly: Ugly) -> bool:
        return False

    with pytest.raises(SupervisionViolation) as found:
        replay(tree("a"), invariants=[partial(check, ugly=Ugly())])
    assert max(map(cells, str(found.value).splitlines())) <= WIDEST
    ast.parse(found.value.program)
