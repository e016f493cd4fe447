"""Runs every Python block of README.md and docs/ as the program it is.

A block fenced as `python` (or `py`) is a complete program: it gets a fresh
`__main__` and has to end without an exception. What it must have printed can
be shown between it and the next program, `...` matching anything, in a block
opened by

    ```text title="Output"

A block that holds only a snippet include is that file: `--8<-- "examples/x.py"` runs
it, `--8<-- "examples/x.py:part"` shows a part of a program that is run where
it lives, and is left alone.
"""

import contextlib
import doctest
import io
import logging
import os
import re
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from types import ModuleType

import pytest
from attrs import frozen
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from tests.directories import short_directory
from tests.libpq import libpq_is_here

ROOT = Path(__file__).parent

PYTHON = RawFencedCodeBlockLexer(
    re.compile(r"(?:python|python3|py)(?:[ \t][^\n]*)?$\n", re.MULTILINE)
)
OUTPUT = RawFencedCodeBlockLexer(
    re.compile(r'text[ \t]+title="Output"[ \t]*$\n', re.MULTILINE)
)
INCLUDE = re.compile(r'\s*--8<--\s+"(?P<path>[^":]+)(?P<part>:[^"]+)?"\s*')


@frozen
class Program:
    """A block, or the file that it includes, and what it should print."""

    source: str
    path: str
    line: int
    output: str | None


def find_programs(document: Document) -> Iterable[Region]:
    """Pair each Python block with the output block that follows it, if any."""
    blocks = list(PYTHON(document))
    outputs = list(OUTPUT(document))
    starts = [block.start for block in blocks] + [len(document.text)]
    for block, end in zip(blocks, starts[1:], strict=True):
        shown = [out for out in outputs if block.end <= out.start < end]
        if len(shown) > 1:
            message = f"{document.path}: one program cannot have two outputs"
            raise ValueError(message)
        program = read_program(document, block)
        if program is not None:
            output = str(shown[0].lexemes["source"]) if shown else None
            source, path, line = program
            yield Region(
                block.start,
                block.end,
                parsed=Program(source, path, line, output),
                evaluator=run_program,
            )
    if outputs and outputs[0].start < starts[0]:
        message = f"{document.path}: an output without a program before it"
        raise ValueError(message)


def read_program(document: Document, block: Region) -> tuple[str, str, int] | None:
    """Return source, path and first line; `None` for a part of a file."""
    source = str(block.lexemes["source"])
    include = INCLUDE.fullmatch(source)
    if include is None:
        line = document.text.count("\n", 0, block.start) + 1
        return source, document.path, line
    if include["part"]:
        return None
    path = ROOT / include["path"]
    return path.read_text(encoding="utf-8"), str(path), 0


def run_program(example: Example) -> str | None:
    """Run the program as `__main__`; return what is wrong with its output."""
    program: Program = example.parsed
    try:
        printed = execute(program)
    except ImportError as missing:
        if "libpq" not in str(missing) or libpq_is_here():
            raise
        pytest.skip("psycopg finds no libpq (apt-get install libpq5)")
    if program.output is None:
        return None
    checker = doctest.OutputChecker()
    if checker.check_output(program.output, printed, doctest.ELLIPSIS):
        return None
    return f"The page says:\n{program.output}\nThe program printed:\n{printed}"


def execute(program: Program) -> str:
    """Execute in a module of its own, that pickling and typing can find."""
    # The empty lines make tracebacks point into the page.
    source = "\n" * program.line + program.source
    code = compile(source, program.path, "exec", dont_inherit=True)
    module = ModuleType("__main__")
    module.__file__ = program.path
    stdout = io.StringIO()
    runner = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        with contextlib.redirect_stdout(stdout):
            exec(code, vars(module))
    except SystemExit as stop:
        if stop.code not in {None, 0}:
            raise
    finally:
        sys.modules["__main__"] = runner
        sys.stdout.write(stdout.getvalue())
    return stdout.getvalue()


pytest_collect_file = Sybil(
    parsers=[find_programs],
    # `**` is read as `*`.
    patterns=["README.md", *(f"docs/{'*/' * depth}*.md" for depth in range(4))],
    path=str(ROOT),
).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow comes first: at the end one process would wait for another's."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


RUNTIME_DIR = "TRIO_SUP_RUNTIME_DIR"
stashed_dir = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep nodes started by tests out of the user's own runtime directory."""
    if RUNTIME_DIR not in os.environ:
        stack = config.stash[stashed_dir] = contextlib.ExitStack()
        directory = stack.enter_context(short_directory())
        os.environ[RUNTIME_DIR] = str(directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the directory that `pytest_configure` made."""
    stack = config.stash.get(stashed_dir, None)
    if stack is not None:
        del os.environ[RUNTIME_DIR]
        stack.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Let no test leave the log silent: pages and tests that come later read it.

    A level set past `Logger.setLevel` outlasts its restoration in the logger's cache.
    """
    yield
    log = logging.getLogger("trio_sup")
    assert log.isEnabledFor(logging.ERROR), f"{item.nodeid} leaves the log silent"
    left = (log.handlers, log.propagate)
    assert left == ([], True), f"{item.nodeid} leaves the log changed"
