"""The house as a whole: nothing stands on what stands on it."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def test_no_imports_go_in_a_circle_those_for_types_and_late_ones_counted() -> None:
    graph = grimp.build_graph("trio_sup", "trio_sup_inspector")
    wanted = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }
    try:
        TopologicalSorter(wanted).prepare()
    except CycleError as found:
        pytest.fail(" is imported by ".join(found.args[1]))
