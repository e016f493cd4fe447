"""The house as a whole: nothing stands on what stands on it."""

import ast
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
