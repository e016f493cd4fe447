"""The house as a whole: nothing stands on what stands on it."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

import trio_sup

FACE = Path(trio_sup.__file__).with_suffix(".pyi")


def test_no_imports_go_in_a_circle_those_for_types_and_late_ones_counted() -> None:
    graph = grimp.build_graph("trio_sup", "trio_sup_inspector")
    wanted = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }
    # The linter reads no stubs, and the names of the library are imported by one.
    wanted["trio_sup"] |= {
        node.module
        for node in ast.parse(FACE.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    try:
        TopologicalSorter(wanted).prepare()
    except CycleError as found:
        pytest.fail(" is imported by ".join(found.args[1]))


ROOT = Path(__file__).parent.parent
SHIPPED = ("trio_sup", "inspector")
MOST_LINES = 400
MOST_STATEMENT_LINES = 40
MOST_METHODS = 15

LONG_FILES: dict[str, str] = {}
"""Files of more than `MOST_LINES` lines, and why."""

LONG_FUNCTIONS = {
    "trio_sup/_servers/loop.py:serve": "the loop: each call in it is paid by each message",
}
"""Functions of more than `MOST_STATEMENT_LINES` lines below their docstring, and why."""

WIDE_CLASSES = {
    "trio_sup/_core/plan/supervision.py:Plan": "what happens to a supervisor: one each",
    "trio_sup/_supervisors/lives.py:Lives": "what comes about in lives: one each",
    "trio_sup/_supervisors/shell.py:Shell": "a body for its record, a home for children",
    "trio_sup/_supervisors/static.py:StaticShell": "what it is asked for: one each",
    "trio_sup/_children/surroundings.py:Supervising": "what a shell is to what is below",
    "trio_sup/_node/node.py:Node": "what users ask a node for; each is a line or two",
    "trio_sup/_registry/registry.py:Registry": "the words of Elixir's Registry",
    "trio_sup/_servers/mailbox.py:MailQueue": "what an end does to each lane of the queue",
    "trio_sup/_servers/queue.py:Queue": "lanes, capacity and waiting in one order",
    "trio_sup/_servers/ref.py:ServerRef": "all that a client can do with a server",
    "trio_sup/_tasks/task.py:Task": "the words of Elixir's Task, and a handle's own",
    "trio_sup/cluster/_backends/local.py:LocalLink": "what a link does; and the faults",
    "trio_sup/cluster/_backends/postgres.py:PostgresLink": "what a link does: one each",
    "trio_sup/cluster/_nodes/cluster.py:Cluster": "what users ask the cluster for",
    "trio_sup/cluster/_nodes/membership.py:Membership": "what parts ask and engines tell",
    "trio_sup/inspect/node/source.py:ObservedChild": "what is read of a child: a list",
    "trio_sup/testing/_servers/model.py:ServerModel": "what is seen of a server, one each",
    "trio_sup/testing/_servers/watched.py:WatchedServer": "each way in and out, watched",
    "inspector/trio_sup_inspector/widgets/lines.py:LineView": "Textual's hooks and keys",
}
"""Classes with more than `MOST_METHODS` public methods of their own, and why."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(*folders: str) -> Iterator[tuple[str, str]]:
    """Name and text of every module below."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def definitions(node: ast.AST, within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Each function and class below, with the classes and functions it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            name = f"{within}.{child.name}" if within else child.name
            yield name, child
            yield from definitions(child, name)
        else:
            yield from definitions(child, within)


def length(function: Function) -> int:
    """Its lines from the first statement on, the docstring not counted."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def methods(made: ast.ClassDef) -> int:
    """How many public methods and properties it defines itself."""
    names = {m.name for m in made.body if isinstance(m, Function)}
    return sum(not name.startswith("_") for name in names)


def shipped() -> Iterator[tuple[str, ast.AST]]:
    """Every function and class that users install, as ``file:name``."""
    for file, text in files(*SHIPPED):
        for name, node in definitions(ast.parse(text)):
            yield f"{file}:{name}", node


def test_files_are_short_and_each_that_is_not_says_why() -> None:
    long = {
        file for file, text in files(*SHIPPED, "tests") if text.count("\n") > MOST_LINES
    }
    assert long == set(LONG_FILES)


def test_functions_are_short_and_each_that_is_not_says_why() -> None:
    long = {
        name
        for name, node in shipped()
        if isinstance(node, Function) and length(node) > MOST_STATEMENT_LINES
    }
    assert long == set(LONG_FUNCTIONS)


def test_classes_are_narrow_and_each_that_is_not_says_why() -> None:
    wide = {
        name
        for name, node in shipped()
        if isinstance(node, ast.ClassDef) and methods(node) > MOST_METHODS
    }
    assert wide == set(WIDE_CLASSES)


def test_nothing_that_is_installed_needs_what_is_not() -> None:
    for file, text in files(*SHIPPED):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                wanted = [node.module or ""]
            else:
                continue
            outside = {"tests", "bench", "examples"}
            assert not outside & {name.partition(".")[0] for name in wanted}, file


def test_the_readme_of_the_tests_names_every_folder_and_no_other() -> None:
    tests = ROOT / "tests"
    readme = (tests / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`tests/(\w+)/", readme))
    there = {path.parent.name for path in tests.glob("*/*.py")}
    assert named == there


def test_only_the_command_and_the_harness_may_know_of_several_nodes() -> None:
    graph = grimp.build_graph("trio_sup", "trio_sup_inspector")
    room = {"trio_sup.cluster", *graph.find_descendants("trio_sup.cluster")}
    may_know = ("trio_sup._commands", "trio_sup.testing", "trio_sup.demo")
    for module in graph.modules - room:
        wanted = graph.find_modules_directly_imported_by(module)
        assert module.startswith(may_know) or not wanted & room, module
